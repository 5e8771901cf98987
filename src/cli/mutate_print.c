/*
 * mutate_print.c - what became of the mutants, for people and as JSON lines
 *
 *	src/core/page.h:120 acquire load -> relaxed   caught by races/x in 12 executions (0.01 s)
 */
#include "mutate.h"

#include "json.h"
#include "term.h"

#include <string.h>

const char *site_becomes(const struct explore_site *site)
{
	return strrchr(site->name, ':') + 1;
}

/* ---- for people --------------------------------------------------------------------------- */

struct label { char text[400]; };

static struct label label_of(const struct mutant *mutant)
{
	struct label label;

	const char *becomes = site_becomes(mutant->site);

	/* The place as the name has it: more than file and line where two share a line. */
	snprintf(label.text, sizeof(label.text), "%.*s %s -> %s", (int)(becomes - mutant->site->name - 1),
		 mutant->site->name, mutant->site->what, becomes);
	return label;
}

static int widest_label(const struct mutation *m)
{
	int widest = 0;

	for (size_t i = 0; i < m->nmutants; i++) {
		int width = (int)strlen(label_of(&m->mutants[i]).text);

		widest = width > widest ? width : widest;
	}
	return widest;
}

static void say_caught(const struct mutant *mutant)
{
	const struct explore_result *result = &mutant->result;

	printf("caught by %s", mutant->caught_by->scenario->name);
	if (mutant->died) {
		printf(": %s\n", result->reason);
		return;
	}
	printf(" in %s execution%s (%s)", words_of_count(result->executions).text,
	       result->executions == 1 ? "" : "s", words_of_seconds(result->seconds).text);
	if (result->verdict == EXPLORE_EMPTY)
		printf(": %s", result->reason);
	putchar('\n');
}

static void say_survives(const struct mutant *mutant, struct term term)
{
	if (mutant->explained) {
		printf("survives: ");
		print_styled(stdout, term, FAINT, mutant->explained->reason);
	} else {
		print_styled(stdout, term, BAD, "SURVIVES");
		printf(" in %s%s", mutant->site->function, mutant->reached ? "" : ", where no scenario comes");
	}
	if (mutant->unfinished)
		printf(" (not finished: %s)", mutant->hindered);
	putchar('\n');
}

static void print_text(const struct mutation *m, const struct mutant *mutant)
{
	static int width;

	if (!width)
		width = widest_label(m);
	if (m->settings.quiet && (mutant->caught_by || mutant->explained))
		return;
	printf("%-*s   ", width, label_of(mutant).text);
	if (mutant->caught_by)
		say_caught(mutant);
	else
		say_survives(mutant, term_of_stdout());
}

/* ---- for scripts -------------------------------------------------------------------------- */

static void print_json(const struct mutant *mutant)
{
	const struct explore_site *site = mutant->site;
	struct json json;

	json_begin(&json, stdout);
	json_text(&json, "mutant", site->name);
	json_text(&json, "file", site->file);
	json_number(&json, "line", site->line);
	json_text(&json, "function", site->function);
	json_text(&json, "what", site->what);
	json_text(&json, "verdict", mutant->caught_by ? "caught" : mutant->explained ? "explained" : "survives");
	json_text(&json, "scenario", mutant->caught_by ? mutant->caught_by->scenario->name : "");
	json_number(&json, "executions", mutant->result.executions);
	json_decimal(&json, "seconds", mutant->result.seconds);
	json_text(&json, "reason", mutant->explained ? mutant->explained->reason : mutant->result.reason);
	json_bool(&json, "reached", mutant->reached);
	json_text(&json, "unfinished", mutant->hindered);
	json_end(&json);
}

void mutate_print_mutant(const struct mutation *m, const struct mutant *mutant)
{
	if (m->json)
		print_json(mutant);
	else
		print_text(m, mutant);
}

/* ---- around them -------------------------------------------------------------------------- */

void mutate_print_plain(const struct mutation *m)
{
	for (size_t i = 0; i < m->nwitnesses; i++) {
		const struct witness *witness = &m->witnesses[i];
		const struct explore_result *result = &witness->plain.result;

		if (!witness->usable)
			complain("%s is of no use here: without a mutant it is %s%s%s", witness->scenario->name,
				 check_word(&witness->plain), result->reason[0] ? ": " : "", result->reason);
		else if (result->verdict == EXPLORE_UNFINISHED)
			complain("%s is not finished within %g seconds, also without a mutant",
				 witness->scenario->name, witness->plain.options.seconds_most);
	}
}

static void print_outdated(const struct mutation *m)
{
	for (size_t i = 0; i < m->survivors.count; i++) {
		const struct survivor *survivor = &m->survivors.list[i];

		if (survivor->survive || (!survivor->known && !m->whole))
			continue;
		complain("%s:%d: %s: %s; take the line out", m->survivors.path, survivor->line, survivor->name,
			 survivor->known ? "it is caught now" : "there is no such mutant");
	}
}

void mutate_print_sum(const struct mutation *m)
{
	size_t caught = 0, explained = 0;
	char text[300];

	for (size_t i = 0; i < m->nmutants; i++) {
		caught += m->mutants[i].caught_by != NULL;
		explained += m->mutants[i].explained != NULL;
	}
	fflush(stdout);
	print_outdated(m);
	if (m->json)
		return;
	snprintf(text, sizeof(text), "%zu mutants, %zu scenarios: %zu caught, %zu survive as explained, %zu survive; %s",
		 m->nmutants, m->nwitnesses, caught, explained, m->nmutants - caught - explained,
		 words_of_seconds(m->seconds).text);
	putchar('\n');
	print_wrapped(stdout, term_of_stdout(), 0, 0, text);
}

/*
 * run_text.c - verdicts for people: a paragraph a scenario
 *
 * The judges of which there is the same to say share a line, those under which
 * it simply holds come first.  A single judge needs no name in every line: then
 * it is a line a scenario.
 */
#include "reasons.h"
#include "run_print.h"
#include "same.h"
#include "term.h"

#include <string.h>

enum { INDENT = 11 };

static void print_word(struct term term, enum verdict_kind kind)
{
	static const enum style styles[VERDICTS] = {GOOD, BAD, FAINT, ODD};

	fputs("  ", stdout);
	print_styled(stdout, term, styles[kind], verdict_names[kind]);
}

static bool simply_holds(const struct judge_ops *judge, const struct verdict *verdict)
{
	(void)judge;
	return verdict->verdict == VERDICT_HOLDS && !verdict->left_out && verdict->as_expected;
}

static bool is_more(const struct judge_ops *judge, const struct verdict *verdict)
{
	return !simply_holds(judge, verdict);
}

/* Of what is not as the file says: the judges are the kernel alone, or others. */
static const char *not_as_said(const char *judges)
{
	return strcmp(judges, judge_kernel.name) ? "not as the file says" : "the kernel differs from the file";
}

static void say_line(const struct scenario *scenario, const char *begin, const char *judges,
		     const struct verdict *verdict, FILE *out, struct term term)
{
	char text[1600], *end = text + sizeof(text), *at = text;

	at += snprintf(at, (size_t)(end - at), "%s", begin);
	if (verdict->broken)
		at += snprintf(at, (size_t)(end - at), ": %s", promise_list(verdict->broken).text);
	if (!verdict->as_expected)
		at += snprintf(at, (size_t)(end - at), " (%s)", not_as_said(judges));
	if (verdict->reason[0])
		snprintf(at, (size_t)(end - at), "%s %s", verdict->broken ? ";" : ":",
			 short_reason(scenario, verdict).text);
	else if (verdict->left_out)
		snprintf(at, (size_t)(end - at), ": %u left out: %s", verdict->left_out, verdict->left_out_reason);
	print_word(term, verdict->verdict);
	print_wrapped(out, term, 2 + (int)strlen(verdict_names[verdict->verdict]), INDENT, text);
}

static void say(const struct scenario *scenario, const char *judges, const struct verdict *verdict, FILE *out,
		struct term term)
{
	say_line(scenario, judges, judges, verdict, out, term);
}

static void say_alone(const struct scenario *scenario, const char *judges, const struct verdict *verdict, FILE *out,
		      struct term term)
{
	say_line(scenario, scenario->name, judges, verdict, out, term);
}

static void print_scenario(const struct scenario *scenario, const struct judges *judges, const struct verdict *verdicts)
{
	struct term term = term_of_stdout();
	said *one = judges->count == 1 ? say_alone : say;

	if (judges->count > 1) {
		print_styled(stdout, term, STRONG, scenario->name);
		fputc('\n', stdout);
	}
	say_row(scenario, judges, verdicts, simply_holds, one, stdout, term);
	say_row(scenario, judges, verdicts, is_more, one, stdout, term);
}

/* "2 scenarios, 11 judges: 15 hold, 7 broken, all as the files say" */
static void print_sum(const struct corpus *corpus, const struct judges *judges, const struct tally *tally)
{
	static const char *const one[VERDICTS] = {"holds", "broken", "not possible here", "error"};
	static const char *const many[VERDICTS] = {"hold", "broken", "not possible here", "errors"};
	char text[256], *end = text + sizeof(text), *at = text;

	at += snprintf(at, (size_t)(end - at), "%zu scenario%s, %d judge%s:", corpus->count,
		       corpus->count == 1 ? "" : "s", judges->count, judges->count == 1 ? "" : "s");
	for (int kind = 0; kind < VERDICTS; kind++)
		if (tally->kinds[kind])
			at += snprintf(at, (size_t)(end - at), " %u %s,", tally->kinds[kind],
				       (tally->kinds[kind] == 1 ? one : many)[kind]);
	if (tally->kernel_differs)
		at += snprintf(at, (size_t)(end - at), " the kernel differs from the file in %u,",
			       tally->kernel_differs);
	if (tally->failures)
		snprintf(at, (size_t)(end - at), " %u not as the files say", tally->failures);
	else
		snprintf(at, (size_t)(end - at), " all%s as the files say", tally->kernel_differs ? " else" : "");
	fputc('\n', stdout);
	print_wrapped(stdout, term_of_stdout(), 0, 0, text);
}

static void print_end(const struct corpus *corpus, const struct judges *judges, const struct tally *tally)
{
	if (corpus->count)
		print_sum(corpus, judges, tally);
	left_out_print(corpus, stdout, term_of_stdout());
}

const struct run_printer run_print_text = {.scenario = print_scenario, .end = print_end};

/*
 * check_text.c - verdicts of the explorer for people: a line a run, and the story
 * of what failed
 *
 *	races/pin-fork  holdfast  c11  PROVED  1,234 executions  0.21 s  5 outcomes
 */
#include "check.h"

#include "must.h"
#include "reasons.h"
#include "term.h"

#include <inttypes.h>
#include <string.h>

static int name_width, design_width;

/* ---- numbers ------------------------------------------------------------------------------ */

struct words words_of_count(uint64_t count)
{
	struct words words = {""};
	char digits[32];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	char *to = words.text;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return words;
}

struct words words_of_seconds(double seconds)
{
	struct words words;
	unsigned long whole = (unsigned long)(seconds + 0.5);

	if (seconds < 59.5)
		snprintf(words.text, sizeof(words.text), seconds < 10 ? "%.2f s" : "%.1f s", seconds);
	else if (whole < 3600)
		snprintf(words.text, sizeof(words.text), "%lu min %lu s", whole / 60, whole % 60);
	else
		snprintf(words.text, sizeof(words.text), "%lu h %lu min", whole / 3600, whole / 60 % 60);
	return words;
}

/* ---- one run ------------------------------------------------------------------------------ */

struct verdict_word {
	const char *text;
	enum style style;
};

static struct verdict_word verdict_word(const struct check_run *run)
{
	static const struct verdict_word words[EXPLORE_VERDICTS] = {
		[EXPLORE_PROVED] = {"PROVED", GOOD}, [EXPLORE_VIOLATED] = {"VIOLATED", BAD},
		[EXPLORE_UNFINISHED] = {"NOT FINISHED", FAIR}, [EXPLORE_EMPTY] = {"EMPTY", ODD},
		[EXPLORE_SKIPPED] = {"SKIPPED", FAINT},
	};

	if (run->trouble)
		return (struct verdict_word){"ERROR", ODD};
	/* Neither proved nor empty: what the others saw is not known here. */
	if (run->options.shards &&
	    (run->result.verdict == EXPLORE_PROVED || run->result.verdict == EXPLORE_EMPTY))
		return (struct verdict_word){"PART DONE", GOOD};
	return words[run->result.verdict];
}

/* Name, design and model; on a narrow terminal the name has a line of its own. */
static void print_what(const struct check_run *run, struct term term)
{
	bool narrow = term.width && term.width < name_width + design_width + 68;

	if (narrow)
		printf("%s\n    ", run->scenario->name);
	else
		printf("%-*s  ", name_width, run->scenario->name);
	printf("%-*s  %s  ", design_width, design_names[run->options.design],
	       explore_model_names[run->options.model]);
}

static void print_counts(const struct check_run *run)
{
	const struct explore_result *result = &run->result;

	printf("%11s execution%s  %8s", words_of_count(result->executions).text, result->executions == 1 ? " " : "s",
	       words_of_seconds(result->seconds).text);
	if (result->outcomes)
		printf("  %s%s outcome%s", run->nparts ? "at least " : "", words_of_count(result->outcomes).text,
		       result->outcomes == 1 ? "" : "s");
	if (run->options.go_on && result->violating)
		printf("  %s violate", words_of_count(result->violating).text);
	putchar('\n');
}

static void print_line(const struct check_run *run, struct term term)
{
	struct verdict_word word = verdict_word(run);

	print_what(run, term);
	print_styled(stdout, term, word.style, word.text);
	if (run->result.verdict == EXPLORE_SKIPPED || run->trouble) {
		putchar('\n');
		return;
	}
	printf("%*s", 12 - (int)strlen(word.text), "");
	print_counts(run);
}

/* Without the path of the file, whose name stands above. */
static const char *short_of(const struct check_run *run, char *line, size_t room)
{
	const struct explore_result *result = &run->result;
	char prefix[800];
	int length = snprintf(prefix, sizeof(prefix), "%s:%d:%d: ", run->scenario->path, result->at.line,
			      result->at.column);

	*line = '\0';
	if (result->at.line)
		snprintf(line, room, "line %d: ", result->at.line);
	return strncmp(result->reason, prefix, (size_t)length) ? result->reason : result->reason + length;
}

/* What there is to say beside the verdict. */
static void print_reason(const struct check_run *run, struct term term)
{
	const struct explore_result *result = &run->result;
	char text[900] = "", line[32], *at = text, *end = text + sizeof(text);
	const char *reason = short_of(run, line, sizeof(line));

	if (result->broken)
		at += snprintf(at, (size_t)(end - at), "%s: ", promise_list(result->broken).text);
	else if (result->verdict == EXPLORE_VIOLATED && result->kind[0])
		at += snprintf(at, (size_t)(end - at), "%s: ", result->kind);
	if (*reason)
		at += snprintf(at, (size_t)(end - at), "%s%s", line, reason);
	if (result->verdict == EXPLORE_VIOLATED && check_as_expected(run))
		snprintf(at, (size_t)(end - at), "%sas the file says", at > text ? "; " : "");
	else if (result->verdict == EXPLORE_PROVED && !run->trouble && !check_as_expected(run))
		snprintf(at, (size_t)(end - at), "%sthe file says that it is broken under %s", at > text ? "; " : "",
			 design_names[run->options.design]);
	if (!text[0])
		return;
	print_wrapped(stdout, term, 0, 4, text);
}

static void print_part(const struct check_run *run, struct term term)
{
	char text[160];

	if (!run->options.shards)
		return;
	snprintf(text, sizeof(text), "part %u of %u, cut at depth %u: the executions of all parts add up, and what is "
		 "proved they prove together", run->options.shard + 1, run->options.shards, run->options.shard_depth);
	print_wrapped(stdout, term, 0, 4, text);
}

static void print_story(const struct check_list *list, const struct check_run *run)
{
	char *command;

	if (run->trouble || (run->result.verdict != EXPLORE_VIOLATED && !run->options.only))
		return;
	if (check_as_expected(run) && !list->settings->verbose && list->corpus->count != 1)
		return;
	if (run->story) {
		printf("\n%s\n", run->story);
		return;
	}
	if (run->result.verdict != EXPLORE_VIOLATED)
		return;
	command = check_command(run);
	printf("    again: %s\n", command);
	free(command);
}

static void print_run(const struct check_list *list, const struct check_run *run)
{
	struct term term = term_of_stdout();

	if (list->settings->quiet && check_as_expected(run))
		return;
	print_line(run, term);
	print_reason(run, term);
	print_part(run, term);
	print_story(list, run);
}

/* ---- around them -------------------------------------------------------------------------- */

static int longer(int width, const char *text)
{
	int length = (int)strlen(text);

	return length > width ? length : width;
}

static void begin(const struct check_list *list)
{
	const struct explore_options *options = &list->settings->options;

	for (size_t i = 0; i < list->count; i++) {
		name_width = longer(name_width, list->runs[i].scenario->name);
		design_width = longer(design_width, design_names[list->runs[i].options.design]);
	}
	if (options->random)
		printf("%s executions of each at random, which prove nothing; --seed %" PRIu64 " repeats them\n\n",
		       words_of_count(options->random).text, options->seed);
}

/* Something of which there may be none. */
static char *add_some(char *at, char *end, unsigned count, const char *what)
{
	return count ? at + snprintf(at, (size_t)(end - at), "%u %s, ", count, what) : at;
}

struct sum {
	unsigned verdicts[EXPLORE_VERDICTS], unexpected, errors, parts;
	uint64_t executions;
};

static struct sum sum_of(const struct check_list *list)
{
	struct sum sum = {.unexpected = 0};

	for (size_t i = 0; i < list->count; i++) {
		const struct check_run *run = &list->runs[i];
		bool expected = check_as_expected(run);

		sum.executions += run->result.executions;
		sum.unexpected += !expected;
		sum.errors += run->trouble;
		if (expected && run->options.shards && run->result.verdict != EXPLORE_VIOLATED)
			sum.parts++;
		else if (expected || run->result.verdict == EXPLORE_UNFINISHED || run->result.verdict == EXPLORE_EMPTY)
			sum.verdicts[run->result.verdict] += !run->trouble;
	}
	return sum;
}

/* "71 proved, 1 violated as expected, 0 not as expected; 12,345,678 executions in 4 min 10 s" */
static void end(const struct check_list *list)
{
	struct sum sum = sum_of(list);
	char text[400], *last = text + sizeof(text), *at = text;

	if (!list->count)
		return;
	at += snprintf(at, sizeof(text), "%u proved, ", sum.verdicts[EXPLORE_PROVED]);
	at = add_some(at, last, sum.parts, "parts done");
	at += snprintf(at, (size_t)(last - at), "%u violated as expected, ", sum.verdicts[EXPLORE_VIOLATED]);
	at = add_some(at, last, sum.verdicts[EXPLORE_UNFINISHED], "not finished");
	at = add_some(at, last, sum.verdicts[EXPLORE_EMPTY], "empty");
	at = add_some(at, last, sum.verdicts[EXPLORE_SKIPPED], "skipped");
	at = add_some(at, last, sum.errors, sum.errors == 1 ? "error" : "errors");
	snprintf(at, (size_t)(last - at), "%u not as expected; %s executions in %s", sum.unexpected,
		 words_of_count(sum.executions).text, words_of_seconds(list->seconds).text);
	putchar('\n');
	if (term_of_stdout().width)
		print_wrapped(stdout, term_of_stdout(), 0, 0, text);
	else
		puts(text);	/* one line, whatever its length: scripts look for it */
}

const struct check_printer check_print_text = {begin, print_run, end};

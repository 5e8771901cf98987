/*
 * run_tap.c - verdicts as the Test Anything Protocol
 *
 * A test is one scenario by one judge, and passes when the verdict does not make
 * the run fail: a promise that breaks where the file says so is a test passed.
 */
#include "reasons.h"
#include "run_print.h"
#include "tap.h"

static unsigned number;

static void begin(const struct corpus *corpus, const struct judges *judges)
{
	printf("TAP version 13\n1..%zu\n", corpus->count * (size_t)judges->count);
	number = 0;
}

static void print_verdict(const struct scenario *scenario, const struct judge_ops *judge, const struct verdict *verdict)
{
	bool fails = verdict_fails(judge, verdict);

	printf("%s %u - ", fails ? "not ok" : "ok", ++number);
	tap_text(scenario->name);
	printf(", %s: %s", judge->name, verdict_names[verdict->verdict]);
	if (verdict->broken)
		printf(" %s", promise_list(verdict->broken).text);
	if (verdict->verdict == VERDICT_SKIPPED)
		printf(" # SKIP %s", short_reason(scenario, verdict).text);
	putchar('\n');
	if (fails)
		printf("# %s\n", verdict->reason[0] ? verdict->reason : "the scenario's file says that it breaks");
}

static void print_scenario(const struct scenario *scenario, const struct judges *judges, const struct verdict *verdicts)
{
	for (int j = 0; j < judges->count; j++)
		print_verdict(scenario, judges->list[j], &verdicts[j]);
}

const struct run_printer run_print_tap = {.begin = begin, .scenario = print_scenario};

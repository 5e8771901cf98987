/*
 * check_tap.c - verdicts of the explorer as the Test Anything Protocol
 *
 * A test is one scenario under one design, and passes when the verdict is as the
 * scenario's file says.
 */
#include "check.h"
#include "reasons.h"
#include "tap.h"

static unsigned number;

static void begin(const struct check_list *list)
{
	printf("TAP version 13\n1..%zu\n", list->count);
	number = 0;
}

static void print_run(const struct check_list *list, const struct check_run *run)
{
	bool expected = check_as_expected(run);
	const struct explore_result *result = &run->result;

	(void)list;
	printf("%s %u - ", expected ? "ok" : "not ok", ++number);
	tap_text(run->scenario->name);
	printf(", %s, %s: %s", design_names[run->options.design], explore_model_names[run->options.model],
	       check_word(run));
	if (result->broken)
		printf(" %s", promise_list(result->broken).text);
	if (result->verdict == EXPLORE_SKIPPED && !run->trouble) {
		printf(" # SKIP ");
		tap_text(result->reason);
	}
	putchar('\n');
	if (!expected) {
		printf("# ");
		tap_text(result->reason[0] ? result->reason : "the scenario's file says that it breaks");
		putchar('\n');
	}
}

const struct check_printer check_print_tap = {.begin = begin, .run = print_run};

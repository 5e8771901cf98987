/*
 * run.h - one scenario, one judge, one verdict
 */
#ifndef HOLDFAST_RUN_H
#define HOLDFAST_RUN_H

#include "judge.h"

enum verdict_kind {
	VERDICT_HOLDS,		/* every expectation that could be tried held */
	VERDICT_BROKEN,		/* one did not */
	VERDICT_SKIPPED,	/* the judge can't do it, or can see nothing of what it is about */
	VERDICT_ERROR,		/* an operation failed that must not, or the judge is in trouble */
	VERDICTS
};
extern const char *const verdict_names[VERDICTS];	/* "holds", "broken", "skipped", "error" */

struct verdict {
	enum verdict_kind verdict;
	unsigned broken;	/* bit set of enum promise */
	char reason[768];	/* the first failed expectation (path:line:column: ...), why it was skipped, what went
				   wrong; "" if it holds.  One line, printable */
	struct position at;	/* of the line that the reason is about; line 0: none */
	unsigned tried, failed;	/* expectations, and operations with `fails` */
	unsigned left_out;	/* expectations that this judge can't see */
	char left_out_reason[256]; /* of the first of those */
	bool as_expected;	/* broken where the head says so, not broken where it does not.  A skipped run
				   disappoints nobody, an error always does */
};

/* Run it.  Expectations go on being tried after one has failed. */
void run_scenario(const struct scenario *, const struct judge_ops *, struct verdict *);

/* The same, and print each step with what it changed to trace. */
void run_scenario_traced(const struct scenario *, const struct judge_ops *, struct verdict *, FILE *trace);

/* Does the head say that this judge breaks the scenario? */
bool broken_is_expected(const struct scenario *, const struct judge_ops *);

#endif

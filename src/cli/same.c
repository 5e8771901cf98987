/*
 * same.c - judges of which there is the same to say about a scenario
 *
 * Most of history's designs fail in the same way at the same line.
 */
#include "same.h"

#include "matrix.h"

#include <string.h>

static bool is_same(const struct verdict *a, const struct verdict *b)
{
	return a->verdict == b->verdict && a->broken == b->broken && a->as_expected == b->as_expected &&
	       a->left_out == b->left_out && !strcmp(a->reason, b->reason) &&
	       !strcmp(a->left_out_reason, b->left_out_reason);
}

/* Room for every judge's name. */
struct names { char text[16 * JUDGES]; };

/* The judges from the first one on that are the same as it, and not done before. */
static struct names collect(const struct judges *judges, const struct verdict *verdicts, int first, chosen *choose,
			    bool *done)
{
	struct names names = {""};

	for (int j = first; j < judges->count; j++) {
		if (!choose(judges->list[j], &verdicts[j]) || !is_same(&verdicts[first], &verdicts[j]) ||
		    verdict_differs(judges->list[j], &verdicts[j]) !=
		    verdict_differs(judges->list[first], &verdicts[first]))
			continue;
		done[j] = true;
		strcat(names.text, names.text[0] ? ", " : "");
		strcat(names.text, judges->list[j]->name);
	}
	return names;
}

void say_row(const struct scenario *scenario, const struct judges *judges, const struct verdict *verdicts,
	     chosen *choose, said *say, FILE *out, struct term term)
{
	bool done[JUDGES] = {false};

	for (int j = 0; j < judges->count; j++)
		if (!done[j] && choose(judges->list[j], &verdicts[j]))
			say(scenario, collect(judges, verdicts, j, choose, done).text, &verdicts[j], out, term);
}

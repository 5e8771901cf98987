/*
 * present.h - what was made as the steps go by, where some of them may fail
 *
 * A step about what was never made, since its making failed or was itself passed
 * over, is passed over.  What has ended is not followed here: a step about that is
 * for the judge, and fails.
 */
#ifndef HOLDFAST_PRESENT_H
#define HOLDFAST_PRESENT_H

#include "scenario.h"

struct present {
	uint64_t spaces, objects, pins;		/* bit sets of indices */
	uint64_t mappings[SCENARIO_NAMES];	/* of each space: made there, or got by a fork */
};

/* Was everything made that the step is about?  One that `fails` asks for nothing. */
bool step_is_possible(const struct present *, const struct step *);

/* The step has succeeded. */
void step_has_succeeded(struct present *, const struct step *);

#endif

/*
 * present.h - what is here as the steps go by, where some of them may fail
 *
 * A step about what was never made, since its making failed or was itself passed
 * over, is passed over in silence; and so is one about what has ended where it
 * might not have.  No memory but its own: it can be copied and put back.
 */
#ifndef HOLDFAST_PRESENT_H
#define HOLDFAST_PRESENT_H

#include "scenario.h"

struct present {
	uint64_t spaces, objects, pins, exited;		/* bit sets of indices */
	uint64_t mappings[SCENARIO_NAMES];		/* of each space: mapped there once, or got by a fork */
};

/* Is everything here that the step needs?  One that `fails` needs nothing. */
bool step_is_possible(const struct present *, const struct step *);

/* The step has succeeded. */
void step_has_succeeded(struct present *, const struct step *);

#endif

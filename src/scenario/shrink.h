/*
 * shrink.h - a shorter scenario that still fails
 */
#ifndef HOLDFAST_SHRINK_H
#define HOLDFAST_SHRINK_H

#include "scenario.h"

/*
 * The caller frees the result, which is a copy even where nothing could be left out;
 * it is one that still_fails() said yes to, or equal to the scenario given.  Steps and
 * conditions keep the positions of the file they come from.
 *
 * still_fails() has to see to it that it is still the same failure: the same kind,
 * said by the same line, and one that depends on the order of the threads.  Without
 * the store that a later line expects, that line fails in every order, and would make
 * a short story of something else.
 */
struct scenario *shrink_scenario(const struct scenario *, bool (*still_fails)(const struct scenario *, void *context),
				 void *context);

#endif

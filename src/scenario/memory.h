/*
 * memory.h - memory for scenarios: these do not fail, see build.c
 */
#ifndef HOLDFAST_SCENARIO_MEMORY_H
#define HOLDFAST_SCENARIO_MEMORY_H

#include "scenario.h"

#define SCENARIO_POOL 256u	/* pages of a library judge's pool, if the head says nothing */
#define SCENARIO_POOL_HUGE (12 * SCENARIO_HUGE / SCENARIO_PAGE)	/* ... where a line is about huge pages */

void *must_alloc(void *old, size_t bytes);
char *must_copy(const char *text, size_t length);

void condition_free(struct condition *);	/* what it has, not itself: fact.c */

#endif

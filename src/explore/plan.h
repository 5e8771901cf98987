/*
 * plan.h - a scenario as the explorer runs it: small pages, places fixed before
 *
 * A scenario's pages have 4096 bytes, the explored core's have 64; its huge pages are of
 * 512 pages, the core's of 4: a place keeps its huge page, its page in that, and its offset
 * within, and what does not fit is refused with a reason before anything is run.
 *
 * A mapping's address is decided here and not when it is made, since it must not
 * depend on which of two threads maps first: mappings stand in the order of the
 * file with one free page between them, so that small ones share page tables.
 */
#ifndef HOLDFAST_EXPLORE_PLAN_H
#define HOLDFAST_EXPLORE_PLAN_H

#include "scenario.h"

#define EXPLORED_PAGE 64u
#define EXPLORED_HUGE (4 * EXPLORED_PAGE)
#define EXPLORED_WORD 8u		/* what threads load and store at once */
#define LOAD_MOST (8 * EXPLORED_PAGE)	/* bytes: they go to a fiber's stack */
#define EXPLORED_POOL 48u		/* pages, if the head says nothing */
#define EXPLORED_POOL_MOST 64u

/* What one execution keeps track of: few enough to be put back each time for nothing. */
enum { SPACES = 8, MAPPINGS = 4, OBJECTS = 4, PINS = 12, VALUES = 16, STEPS = 64, CONDITIONS = 32 };

/* Who uses something, or makes it: a bit for each thread from 1 on, bit 0 for before and after them. */
struct users {
	unsigned space[SPACES], pin[PINS], object[OBJECTS];
};

struct plan {
	const struct scenario *scenario;
	enum design_id design;
	uint64_t pool_pages;
	struct step steps[STEPS];	/* in small pages; bytes that threads move in whole words */
	uint64_t address[STEPS];	/* OP_MAP, and OP_REMAP that moves: where to */
	char *lines[STEPS];		/* as text */
	struct users makes, uses;
	/* What a thread makes and another uses goes through a word that both see; -1: no need. */
	int space_word[SPACES], pin_word[PINS];
	unsigned words;
};

/* An offset or a size of the scenario, in small pages: whole ones, and bytes of one. */
static inline uint64_t plan_bytes(uint64_t bytes)
{
	return bytes / SCENARIO_HUGE * EXPLORED_HUGE + bytes % SCENARIO_HUGE / SCENARIO_PAGE * EXPLORED_PAGE +
	       bytes % SCENARIO_PAGE;
}

struct refusal {
	struct position at;	/* line 0: nowhere */
	char why[256];
};

/* False: the explorer can't do it, and the refusal says why in one line. */
bool plan_make(struct plan *plan, const struct scenario *scenario, enum design_id design, struct refusal *refusal);
void plan_free(struct plan *plan);

#endif

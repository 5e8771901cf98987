/*
 * random_make.h - what random_pick.c does for random_make.c
 */
#ifndef HOLDFAST_RANDOM_MAKE_H
#define HOLDFAST_RANDOM_MAKE_H

#include "random_inside.h"

bool chance(struct maker *maker, unsigned percent);

static inline bool is_small(const struct maker *maker)
{
	return maker->stage != STAGE_RUN;
}

/* What there is: -1 or false when there is none. */
int live_spaces(const struct maker *maker);
int mappings_of(const struct maker *maker, int space);
int pins_held(const struct maker *maker);
int pick_space(struct maker *maker);
int pick_pin(struct maker *maker, bool held);
bool pick_mapping(struct maker *maker, struct step *step);	/* the space too */
bool pick_range(struct maker *maker, struct step *step);	/* ... and all of it or some pages */
bool pick_bytes(struct maker *maker, struct step *step, unsigned prot); /* ... or some bytes */
uint64_t bytes_of(const struct maker *maker, const struct step *step);

/* Names for something new: -1 and maker->out_of_names when they have run out. */
int name_for_space(struct maker *maker);
int name_for_mapping(struct maker *maker, int space);
int name_for_pin(struct maker *maker);

uint64_t offset_in_page(struct maker *maker);
uint64_t some_length(struct maker *maker, uint64_t most);
void give_bytes(struct maker *maker, struct step *step);	/* step->length of them */

#endif

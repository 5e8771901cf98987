/*
 * ending.c - everything ends, and everything is back
 *
 * First the spaces and the objects, while the pins are held: pinned pages must not
 * be given to anybody else, so a stranger fills every page that is free, and the
 * pins must show what they showed (safe).  Then the pins.  Then no page, no pin
 * and no byte of the library's own memory may be missing (leak).
 */
#include "world.h"

#include <errno.h>
#include <string.h>

#include "lab.h"

#define NOWHERE ((struct position){ 0, 0 })

static bool is_held(const struct held *held)
{
	return held->taken && (page_bits(0, held_pages(held)) & ~held_ended(held));
}

/* ---- safe ---------------------------------------------------------------------- */

static uint64_t pinned_hash(const struct held *held)
{
	uint64_t hash = 0, ended = held_ended(held), skip = held->offset % EXPLORED_PAGE;

	for (uint64_t i = 0; i < held->pin.length; i++)
		if (!(ended & page_bits((skip + i) / EXPLORED_PAGE, 1)))
			hash = (hash ^ *held_byte(held, i)) * UINT64_C(0x100000001b3);
	return hash;
}

/* A space that takes every page there is. */
static struct hf_mm *fill_all(struct world *w)
{
	uint64_t address = 0, length = (EXPLORED_POOL_MOST + 1) * EXPLORED_PAGE;
	struct hf_mm *stranger;

	if (hf_mm_create(w->pool, &stranger))
		return NULL;
	if (!hf_lab_set_design(stranger, design_names[play.plan.design]) &&
	    !hf_map(stranger, &address, length, HF_PROT_READ | HF_PROT_WRITE, HF_MAP_PRIVATE, NULL, 0) &&
	    hf_fill(stranger, address, 0xa5, length) == (ssize_t)length)
		wrong_at(WRONG_LIMIT, NOWHERE, 0, "the pool has more pages than it was given");
	return stranger;
}

static bool pins_are_safe(struct world *w)
{
	uint64_t before[PINS];
	struct hf_mm *stranger;
	bool any = false, ok = true;

	for (int i = 0; i < PINS; i++) {
		before[i] = is_held(&w->held[i]) ? pinned_hash(&w->held[i]) : 0;
		any |= is_held(&w->held[i]);
	}
	stranger = any ? fill_all(w) : NULL;
	for (int i = 0; stranger && i < PINS; i++)
		if (is_held(&w->held[i]) && pinned_hash(&w->held[i]) != before[i])
			ok = contract_broken(1u << PROMISE_SAFE, "a page of %s was given to somebody else",
					     play.plan.scenario->pins[i]);
	hf_mm_destroy(stranger);
	return ok;
}

/* ---- leaks ------------------------------------------------------------------------- */

static bool end_pins(struct world *w)
{
	bool ok = true;

	for (int i = 0; i < PINS; i++)
		if (is_held(&w->held[i]) && hf_unpin(&w->held[i].pin, 0))
			ok = wrong_at(WRONG_LEAK, NOWHERE, 0, "the pin %s can't be ended", play.plan.scenario->pins[i]);
	return ok;
}

static bool all_is_back(struct world *w)
{
	struct hf_stats stats;
	unsigned unfreed;

	hf_pool_stats(w->pool, &stats);
	if (stats.pages_free != w->free_at_start)
		return wrong_at(WRONG_LEAK, NOWHERE, 0, "%llu pages were free at the start, and %llu are at the end",
				(unsigned long long)w->free_at_start, (unsigned long long)stats.pages_free);
	if (stats.pages_pinned_longterm)
		return wrong_at(WRONG_LEAK, NOWHERE, 0, "%llu pages count against the long-term limit at the end",
				(unsigned long long)stats.pages_pinned_longterm);
	if (hf_pool_destroy(w->pool))
		return wrong_at(WRONG_LEAK, NOWHERE, 0, "the pool is busy at the end: %llu pins, %llu spaces, %llu objects",
				(unsigned long long)stats.pins_held, (unsigned long long)stats.spaces,
				(unsigned long long)stats.objects);
	if (w->words)
		engine_free(w->words, HERE);
	if (w->statics)
		engine_free(w->statics, HERE);
	unfreed = engine_unfreed();
	return !unfreed || wrong_at(WRONG_LEAK, NOWHERE, 0, "%u pieces of the library's memory were not freed", unfreed);
}

bool ends_well(struct world *w)
{
	for (int i = 0; i < SPACES; i++)
		hf_mm_destroy(w->mm[i]);
	for (int i = 0; i < OBJECTS; i++)
		hf_object_destroy(w->object[i]);
	return pins_are_safe(w) && end_pins(w) && all_is_back(w);
}

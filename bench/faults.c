/*
 * faults.c - the first write to a page: after a fork, and to anonymous memory
 *
 * The same bytes through hf_write() and by a plain store that the kernel's page
 * fault serves.  Only the writes are timed, all together and, by a stamp after each,
 * one by one: the stamps are in both sides' figures.  Afterwards each side says how many
 * copies or faults there were, so that nothing else was timed.
 *
 *	figures   0 mean   1 99.9 %   2 Holdfast's: a bare copy or clear
 */
#include "world.h"

#include <stdlib.h>

/* ---- one by one --------------------------------------------------------------------------- */

struct stamps {
	uint32_t *ticks;
	uint64_t count, begin_ns, begin_ticks;
};

static void stamps_begin(struct stamps *stamps)
{
	stamps->begin_ticks = clock_ticks();
	stamps->begin_ns = clock_ns();
}

static void stamps_end(struct stamps *stamps, struct lap *lap)
{
	double ns = (double)(clock_ns() - stamps->begin_ns);
	double ns_a_tick = ns / (double)(clock_ticks() - stamps->begin_ticks);

	lap->figures[0] = ns / (double)stamps->count;
	lap->figures[1] = quantile_of(stamps->ticks, stamps->count, 0.999) * ns_a_tick;
	lap->units = (double)stamps->count;
}

static void stamps_new(struct stamps *stamps, uint64_t count)
{
	stamps->count = count;
	/* Touched: no fault of its own is to be timed. */
	stamps->ticks = must_have(calloc(count, sizeof(*stamps->ticks)));
	for (uint64_t i = 0; i < count; i++)
		((volatile uint32_t *)stamps->ticks)[i] = 0;
}

/* Both versions of each page, and what the page tables of two mms take. */
static uint64_t room_of(uint64_t pages)
{
	return pages * 2 + pages / 32;
}

/* ---- Holdfast ------------------------------------------------------------------------------- */

struct writing {
	struct world world;
	struct bare bare;
	struct stamps stamps;
};

static void *zero_begin(const struct trial *trial)
{
	struct writing *writing = must_have(malloc(sizeof(*writing)));
	uint64_t pages = trial->mib * MIB / PAGE;

	world_begin(&writing->world, pages, room_of(pages) + BARE_ROOM, trial->scattered);
	bare_begin(&writing->bare, writing->world.pool, trial->scattered);
	stamps_new(&writing->stamps, pages);
	return writing;
}

static void *cow_begin(const struct trial *trial)
{
	struct writing *writing = zero_begin(trial);

	world_write(&writing->world);
	return writing;
}

static void write_stamped(struct writing *writing, struct lap *lap)
{
	world_expect(&writing->world);
	stamps_begin(&writing->stamps);
	world_write_stamped(&writing->world, writing->stamps.ticks);
	stamps_end(&writing->stamps, lap);
}

static void cow_round(void *state, struct lap *lap)
{
	struct writing *writing = state;
	struct hf_mm *child = world_fork(&writing->world);

	write_stamped(writing, lap);
	EXPECTED(&writing->world, copies, writing->world.pages);
	lap->figures[2] = bare_copy(&writing->bare);
	hf_mm_destroy(child);
}

static void zero_round(void *state, struct lap *lap)
{
	struct writing *writing = state;

	write_stamped(writing, lap);
	EXPECTED(&writing->world, fault_write, writing->world.pages);
	lap->figures[2] = bare_clear(&writing->bare);
	world_unmap(&writing->world);
	world_map(&writing->world);
}

const struct side cow_holdfast = { "Holdfast", cow_begin, cow_round, "hf_write" };
const struct side zero_holdfast = { "Holdfast", zero_begin, zero_round, "hf_write" };

/* ---- the kernel ------------------------------------------------------------------------------- */

struct storing {
	struct plain plain;
	struct stamps stamps;
};

static void *zero_begin_kernel(const struct trial *trial)
{
	struct storing *storing = must_have(malloc(sizeof(*storing)));
	uint64_t pages = trial->mib * MIB / PAGE;

	plain_begin(&storing->plain, pages, room_of(pages), trial->scattered);
	stamps_new(&storing->stamps, pages);
	return storing;
}

static void *cow_begin_kernel(const struct trial *trial)
{
	struct storing *storing = zero_begin_kernel(trial);

	plain_write(&storing->plain);
	return storing;
}

static void store_stamped(struct storing *storing, struct lap *lap)
{
	plain_expect(&storing->plain);
	stamps_begin(&storing->stamps);
	plain_write_stamped(&storing->plain, storing->stamps.ticks);
	stamps_end(&storing->stamps, lap);
	plain_expected(&storing->plain, storing->plain.pages);
}

static void cow_round_kernel(void *state, struct lap *lap)
{
	struct held child;
	uint64_t fork_ns;

	held_fork(&child, &fork_ns);
	store_stamped(state, lap);
	held_end(&child);
}

static void zero_round_kernel(void *state, struct lap *lap)
{
	struct storing *storing = state;

	store_stamped(storing, lap);
	plain_unmap(&storing->plain);
	plain_map(&storing->plain);
}

const struct side cow_kernel = { "kernel", cow_begin_kernel, cow_round_kernel, NULL };
const struct side zero_kernel = { "kernel", zero_begin_kernel, zero_round_kernel, NULL };

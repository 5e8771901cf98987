/*
 * faults.c - the first write to a page: after a fork, and to anonymous memory
 *
 * The same bytes through hf_write() and by a plain store that the kernel's page
 * fault serves.  Only the writes are timed.  Afterwards each side says how many
 * copies or faults there were, so that nothing else was timed.
 */
#include "world.h"

#include <stdlib.h>

#define PAGES (256 * MIB / PAGE)
/* Both versions of each page, and what the page tables of two mms take. */
#define ROOM (PAGES * 2 + PAGES / 32)

static void *begin_holdfast(const struct measure *measure)
{
	struct world *world = malloc(sizeof(*world));

	if (!world)
		impossible("out of memory");
	world_begin(world, PAGES, ROOM, measure->scattered);
	return world;
}

static void *begin_kernel(const struct measure *measure)
{
	struct plain *plain = malloc(sizeof(*plain));

	if (!plain)
		impossible("out of memory");
	plain_begin(plain, PAGES, ROOM, measure->scattered);
	return plain;
}

static struct lap lap_since(uint64_t begin)
{
	return (struct lap){ (double)(clock_ns() - begin), PAGES };
}

/* ---- copy-on-write -------------------------------------------------------------------- */

static void *cow_begin(const struct measure *measure)
{
	struct world *world = begin_holdfast(measure);

	world_write(world);
	return world;
}

static void cow_round(void *state, struct lap *lap)
{
	struct world *world = state;
	struct hf_mm *child = world_fork(world);
	uint64_t begin;

	world_expect(world);
	begin = clock_ns();
	world_write(world);
	*lap = lap_since(begin);
	EXPECTED(world, copies, PAGES);
	hf_mm_destroy(child);
}

const struct side cow_holdfast = { "Holdfast", cow_begin, cow_round };

static void *cow_begin_kernel(const struct measure *measure)
{
	struct plain *plain = begin_kernel(measure);

	plain_write(plain);
	return plain;
}

static void cow_round_kernel(void *state, struct lap *lap)
{
	struct plain *plain = state;
	struct held child;
	uint64_t begin, fork_ns;

	held_fork(&child, &fork_ns);
	plain_expect(plain);
	begin = clock_ns();
	plain_write(plain);
	*lap = lap_since(begin);
	plain_expected(plain, PAGES);
	held_end(&child);
}

const struct side cow_kernel = { "kernel", cow_begin_kernel, cow_round_kernel };

/* ---- demand zero ------------------------------------------------------------------------- */

static void zero_round(void *state, struct lap *lap)
{
	struct world *world = state;
	uint64_t begin;

	world_expect(world);
	begin = clock_ns();
	world_write(world);
	*lap = lap_since(begin);
	EXPECTED(world, fault_write, PAGES);
	world_unmap(world);
	world_map(world);
}

const struct side zero_holdfast = { "Holdfast", begin_holdfast, zero_round };

static void zero_round_kernel(void *state, struct lap *lap)
{
	struct plain *plain = state;
	uint64_t begin;

	plain_expect(plain);
	begin = clock_ns();
	plain_write(plain);
	*lap = lap_since(begin);
	plain_expected(plain, PAGES);
	plain_unmap(plain);
	plain_map(plain);
}

const struct side zero_kernel = { "kernel", begin_kernel, zero_round_kernel };

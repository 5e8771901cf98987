/*
 * forks.c - a fork, with and without pins, and the end of its child
 *
 * A cold fork is one before which every page was written, as a program does between two
 * forks: so entries are writable, and caches are full of something else.  A warm one
 * follows at once.  The child is alive and idle while the fork is timed, and writes
 * nothing.
 *
 * What is pinned stays pinned throughout, a page here and there.
 *
 *	figures   0 cold   1 warm   2 the end of the cold fork's child
 *	with pins   0 cold   1 Holdfast's: the bound   2 Holdfast's: without pins
 */
#include "ring.h"
#include "world.h"

#include <stdlib.h>

#define PAGES_A_TABLE 512u

/* The kernel takes no more buffers than this at once; each may be of 1 GiB. */
#define BUFFERS_MOST 16384u

/* Pinned pages, no more than there are. */
static uint64_t pins_of(const struct trial *trial)
{
	uint64_t pages = trial->mib * MIB / PAGE;

	return trial->count < pages ? trial->count : pages;
}

/* ---- Holdfast: nothing pinned ---------------------------------------------------------------- */

static void *fork_begin(const struct trial *trial)
{
	struct world *world = must_have(malloc(sizeof(*world)));
	uint64_t pages = trial->mib * MIB / PAGE;

	/* The pages, and two mms' page tables. */
	world_begin(world, pages, pages + pages / 32 + 64, false);
	world_write(world);
	return world;
}

/* Every pin costs a copy, and nothing else does. */
static void time_fork(struct world *world, uint64_t pins, double *fork_ns, double *exit_ns)
{
	struct hf_mm *child;
	uint64_t begin;

	world_expect(world);
	begin = clock_ns();
	child = world_fork(world);
	*fork_ns = (double)(clock_ns() - begin);
	EXPECTED(world, fork_copies, pins);
	begin = clock_ns();
	hf_mm_destroy(child);
	*exit_ns = (double)(clock_ns() - begin);
}

static void fork_round(void *state, struct lap *lap)
{
	struct world *world = state;
	double exit_ns;

	world_write(world);
	time_fork(world, 0, &lap->figures[0], &lap->figures[2]);
	time_fork(world, 0, &lap->figures[1], &exit_ns);
	lap->units = 2;
}

const struct side fork_holdfast = { "Holdfast", fork_begin, fork_round, "hf_mm_fork" };

/* ---- Holdfast: pins --------------------------------------------------------------------------- */

struct forking {
	struct world world;
	struct world unpinned;		/* another space of the same pool, alike but for the pins */
	struct bare bare;
	uint64_t pins;
};

static void *pinned_begin(const struct trial *trial)
{
	struct forking *forking = must_have(malloc(sizeof(*forking)));
	uint64_t pages = trial->mib * MIB / PAGE;
	struct world *unpinned = &forking->unpinned;

	forking->pins = pins_of(trial);
	/* Two spaces' pages, copies of those that are pinned, and the page tables. */
	world_begin(&forking->world, pages, pages * 2 + forking->pins + pages / 16 + BARE_ROOM, false);
	world_write(&forking->world);
	for (uint64_t i = 0; i < forking->pins; i++) {
		uint64_t page = i * (pages / forking->pins);

		world_pin(forking->world.mm, forking->world.base + page * PAGE, PAGE, trial->how);
	}
	*unpinned = forking->world;
	unpinned->base = 0;
	must_be_0(hf_mm_create(unpinned->pool, &unpinned->mm), "hf_mm_create");
	world_map(unpinned);
	world_write(unpinned);
	bare_begin(&forking->bare, forking->world.pool, false);
	return forking;
}

static void pinned_round(void *state, struct lap *lap)
{
	struct forking *forking = state;
	uint64_t tables = forking->world.pages / PAGES_A_TABLE;
	double exit_ns;

	if (tables > forking->pins)
		tables = forking->pins;
	world_write(&forking->unpinned);
	time_fork(&forking->unpinned, 0, &lap->figures[2], &exit_ns);
	world_write(&forking->world);
	time_fork(&forking->world, forking->pins, &lap->figures[0], &exit_ns);
	lap->figures[1] = 30e3 + 8e3 * (double)tables + (double)forking->pins * bare_copy(&forking->bare);
	lap->units = 2;
}

const struct side pinned_holdfast = { "Holdfast", pinned_begin, pinned_round, "hf_mm_fork" };

/* ---- the kernel ------------------------------------------------------------------------------ */

static void pin_plain(const struct plain *plain, uint64_t pins)
{
	struct iovec *buffers = must_have(calloc(BUFFERS_MOST, sizeof(*buffers)));
	bool all = pins == plain->pages;
	uint64_t count = all ? (plain->pages * PAGE + (MIB << 10) - 1) / (MIB << 10) : pins;

	if (count > BUFFERS_MOST)
		impossible("no more than %u buffers are registered at once", BUFFERS_MOST);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t page = all ? i * ((MIB << 10) / PAGE) : i * (plain->pages / pins);
		uint64_t rest = (plain->pages - page) * PAGE, most = all ? MIB << 10 : PAGE;

		buffers[i] = (struct iovec){ plain->base + page * PAGE, rest < most ? rest : most };
	}
	ring_pin(ring_open(), buffers, (unsigned)count);
	free(buffers);
}

static void *fork_begin_kernel(const struct trial *trial)
{
	struct plain *plain = must_have(malloc(sizeof(*plain)));
	uint64_t pages = trial->mib * MIB / PAGE;

	plain_begin(plain, pages, pages, false);
	plain_write(plain);
	return plain;
}

static void *pinned_begin_kernel(const struct trial *trial)
{
	struct plain *plain = fork_begin_kernel(trial);

	pin_plain(plain, pins_of(trial));
	return plain;
}

/* The end includes two switches between processes, which are little beside it. */
static void time_kernel(double *fork_ns, double *exit_ns)
{
	struct held child;
	uint64_t begin, ns;

	held_fork(&child, &ns);
	*fork_ns = (double)ns;
	begin = clock_ns();
	held_end(&child);
	*exit_ns = (double)(clock_ns() - begin);
}

static void fork_round_kernel(void *state, struct lap *lap)
{
	double exit_ns;

	plain_write(state);
	time_kernel(&lap->figures[0], &lap->figures[2]);
	time_kernel(&lap->figures[1], &exit_ns);
}

static void pinned_round_kernel(void *state, struct lap *lap)
{
	double exit_ns;

	plain_write(state);
	time_kernel(&lap->figures[0], &exit_ns);
}

const struct side fork_kernel = { "kernel", fork_begin_kernel, fork_round_kernel, NULL };
const struct side pinned_kernel = { "kernel", pinned_begin_kernel, pinned_round_kernel, NULL };

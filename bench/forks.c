/*
 * forks.c - a fork of 256 MiB, with and without pins, and the end of its child
 *
 * A round of `fork` writes to every page first, as a program does between two
 * forks: so entries are writable, and caches are full of something else.  The
 * child is alive and idle while the fork is timed, and writes nothing.
 *
 * What is pinned stays pinned throughout, a page here and there.
 */
#include "ring.h"
#include "world.h"

#include <stdlib.h>

#define PAGES (256 * MIB / PAGE)

/* The kernel takes no more buffers than this at once. */
#define PINS_MOST 16384u

static uint64_t spread_out(uint64_t pin, uint64_t pins)
{
	return pin * (PAGES / pins);
}

/* ---- Holdfast ---------------------------------------------------------------------------- */

struct forking {
	struct world world;
	uint64_t pins;
};

static void *begin_holdfast(const struct measure *measure)
{
	struct forking *forking = malloc(sizeof(*forking));
	struct hf_pin pin;

	if (!forking)
		impossible("out of memory");
	forking->pins = measure->count;
	/* The pages, copies of those that are pinned, and two mms' page tables. */
	world_begin(&forking->world, PAGES, PAGES + forking->pins * 2 + PAGES / 32, false);
	world_write(&forking->world);
	for (uint64_t i = 0; i < forking->pins; i++)
		if (hf_pin(forking->world.mm, forking->world.base + spread_out(i, forking->pins) * PAGE, PAGE,
			   measure->how, "bench", &pin) != (ssize_t)PAGE)
			wrong("hf_pin failed");
	return forking;
}

static void time_holdfast(struct forking *forking, uint64_t *fork_ns, uint64_t *exit_ns)
{
	struct hf_mm *child;
	uint64_t begin;

	world_expect(&forking->world);
	begin = clock_ns();
	child = world_fork(&forking->world);
	*fork_ns = clock_ns() - begin;
	EXPECTED(&forking->world, fork_copies, forking->pins);
	begin = clock_ns();
	hf_mm_destroy(child);
	*exit_ns = clock_ns() - begin;
}

static void refork_round(void *state, struct lap *lap)
{
	uint64_t fork_ns, exit_ns;

	time_holdfast(state, &fork_ns, &exit_ns);
	*lap = (struct lap){ (double)fork_ns, 1 };
}

static void fork_round(void *state, struct lap *lap)
{
	struct forking *forking = state;

	world_write(&forking->world);
	refork_round(state, lap);
}

static void exit_round(void *state, struct lap *lap)
{
	uint64_t fork_ns, exit_ns;
	struct forking *forking = state;

	world_write(&forking->world);
	time_holdfast(forking, &fork_ns, &exit_ns);
	*lap = (struct lap){ (double)exit_ns, 1 };
}

const struct side fork_holdfast = { "Holdfast", begin_holdfast, fork_round };
const struct side refork_holdfast = { "Holdfast", begin_holdfast, refork_round };
const struct side exit_holdfast = { "Holdfast", begin_holdfast, exit_round };

/* ---- the kernel ------------------------------------------------------------------------------ */

static void pin_plain(const struct plain *plain, uint64_t pins)
{
	struct iovec *buffers = calloc(PINS_MOST, sizeof(*buffers));

	if (!buffers)
		impossible("out of memory");
	for (uint64_t i = 0; i < pins; i++)
		buffers[i] = (struct iovec){ plain->base + spread_out(i, pins) * PAGE, PAGE };
	ring_pin(ring_open(), buffers, (unsigned)pins);
	free(buffers);
}

static void *begin_kernel(const struct measure *measure)
{
	struct plain *plain = malloc(sizeof(*plain));

	if (!plain)
		impossible("out of memory");
	plain_begin(plain, PAGES, PAGES + measure->count * 2, false);
	plain_write(plain);
	if (measure->count)
		pin_plain(plain, measure->count);
	return plain;
}

/* The end includes two switches between processes, which are little beside it. */
static void time_kernel(uint64_t *fork_ns, uint64_t *exit_ns)
{
	struct held child;
	uint64_t begin;

	held_fork(&child, fork_ns);
	begin = clock_ns();
	held_end(&child);
	*exit_ns = clock_ns() - begin;
}

static void refork_round_kernel(void *state, struct lap *lap)
{
	uint64_t fork_ns, exit_ns;

	(void)state;
	time_kernel(&fork_ns, &exit_ns);
	*lap = (struct lap){ (double)fork_ns, 1 };
}

static void fork_round_kernel(void *state, struct lap *lap)
{
	plain_write(state);
	refork_round_kernel(state, lap);
}

static void exit_round_kernel(void *state, struct lap *lap)
{
	uint64_t fork_ns, exit_ns;

	plain_write(state);
	time_kernel(&fork_ns, &exit_ns);
	*lap = (struct lap){ (double)exit_ns, 1 };
}

const struct side fork_kernel = { "kernel", begin_kernel, fork_round_kernel };
const struct side refork_kernel = { "kernel", begin_kernel, refork_round_kernel };
const struct side exit_kernel = { "kernel", begin_kernel, exit_round_kernel };

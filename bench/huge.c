/*
 * huge.c - the first write to a huge page of anonymous memory
 *
 * A line in every 2 MiB, through hf_write() and by a plain store that the kernel's page
 * fault serves, where each brings a huge page; both say afterwards that it did.
 *
 *	figures   0 mean   1 Holdfast's: as many bare clears
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

static void lap_of(uint64_t count, uint64_t begin, struct lap *lap)
{
	lap->figures[0] = (double)(clock_ns() - begin) / (double)count;
	lap->units = (double)count;
}

/* ---- Holdfast ------------------------------------------------------------------------------- */

struct writing {
	struct world world;
	struct bare bare;
};

static void *zero_begin(const struct trial *trial)
{
	struct writing *writing = must_have(malloc(sizeof(*writing)));
	uint64_t pages = trial->mib * MIB / PAGE;

	world_begin_of(&writing->world, pages, pages * 2 + BARE_ROOM, false, trial->memory, HF_MAP_HUGE);
	bare_begin(&writing->bare, writing->world.pool, false);
	return writing;
}

static void zero_round(void *state, struct lap *lap)
{
	struct writing *writing = state;
	struct world *world = &writing->world;
	uint64_t count = world->pages * PAGE / HUGE, begin;

	world_expect(world);
	begin = clock_ns();
	for (uint64_t i = 0; i < count; i++)
		if (hf_write(world->mm, world->base + i * HUGE, line, LINE) != LINE)
			wrong("hf_write did not write");
	lap_of(count, begin, lap);
	EXPECTED(world, huge_faults, count);
	lap->figures[1] = bare_clear(&writing->bare) * (double)(HUGE / PAGE);
	world_unmap(world);
	world_map(world);
}

const struct side zero_huge_holdfast = { "Holdfast", zero_begin, zero_round, "hf_write" };

/* ---- the kernel ------------------------------------------------------------------------------- */

static void *zero_begin_kernel(const struct trial *trial)
{
	struct plain *plain = must_have(malloc(sizeof(*plain)));

	plain_begin_huge(plain, trial->mib * MIB / PAGE);
	plain_unmap(plain);
	plain_map(plain);
	return plain;
}

static void zero_round_kernel(void *state, struct lap *lap)
{
	struct plain *plain = state;
	uint64_t count = plain->pages * PAGE / HUGE, begin;

	plain_expect(plain);
	begin = clock_ns();
	for (uint64_t i = 0; i < count; i++) {
		memcpy(plain->base + i * HUGE, line, LINE);
		__asm__ volatile("" : : : "memory");
	}
	lap_of(count, begin, lap);
	plain_expected(plain, count);
	plain_unmap(plain);
	plain_map(plain);
}

const struct side zero_huge_kernel = { "kernel", zero_begin_kernel, zero_round_kernel, NULL };

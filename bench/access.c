/*
 * access.c - loads and stores of a line each, over much memory
 *
 * Holdfast's are calls of hf_read() and hf_write(), the plain ones copies of 64 bytes
 * that the compiler puts where they stand.  Neither depends on the one before, so both
 * may overlap as far as the processor can.
 *
 *	figures   0 loads   1 stores
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

/* At random, that many a round; in order, each line once. */
#define RANDOM_A_ROUND (UINT64_C(1) << 21)

struct lines {
	uint64_t count;			/* a round */
	uint64_t mask;			/* of line numbers; a power of two less 1 */
	bool scattered;
};

struct walk {
	uint64_t at, random;
};

static struct lines lines_of(const struct trial *trial)
{
	uint64_t lines = trial->mib * MIB / LINE;

	return (struct lines){ trial->scattered ? RANDOM_A_ROUND : lines, lines - 1, trial->scattered };
}

/* Where the next access goes: a multiplication and an addition either way. */
static inline uint64_t next(const struct lines *lines, struct walk *walk)
{
	walk->random = walk->random * 6364136223846793005u + 1442695040888963407u;
	walk->at = lines->scattered ? walk->random >> 33 : walk->at + 1;
	return (walk->at & lines->mask) * LINE;
}

static void lap_of(const struct lines *lines, unsigned figure, uint64_t begin, struct lap *lap)
{
	lap->figures[figure] = (double)(clock_ns() - begin) / (double)lines->count;
	lap->units = (double)lines->count;
}

/* The bytes are used, each access for itself. */
#define USED(bytes) __asm__ volatile("" : : "r"(bytes) : "memory")

/* ---- Holdfast ------------------------------------------------------------------------------ */

struct through {
	struct world world;
	struct lines lines;
};

static void *access_begin(const struct trial *trial)
{
	struct through *through = must_have(malloc(sizeof(*through)));
	uint64_t pages = trial->mib * MIB / PAGE;

	through->lines = lines_of(trial);
	world_begin_of(&through->world, pages, pages + pages / 64 + 2048, false, trial->memory,
		       trial->huge ? HF_MAP_HUGE : 0);
	world_expect(&through->world);
	world_write(&through->world);
	EXPECTED(&through->world, huge_faults, trial->huge ? pages * PAGE / HUGE : 0);
	return through;
}

static void access_round(void *state, struct lap *lap)
{
	struct through *through = state;
	struct lines lines = through->lines;
	struct world *world = &through->world;
	struct walk walk = { 0 };
	unsigned char bytes[LINE];
	uint64_t begin = clock_ns();

	for (uint64_t i = 0; i < lines.count; i++) {
		if (hf_read(world->mm, world->base + next(&lines, &walk), bytes, LINE) != LINE)
			wrong("hf_read did not read");
		USED(bytes);
	}
	lap_of(&lines, 0, begin, lap);
	begin = clock_ns();
	for (uint64_t i = 0; i < lines.count; i++)
		if (hf_write(world->mm, world->base + next(&lines, &walk), line, LINE) != LINE)
			wrong("hf_write did not write");
	lap_of(&lines, 1, begin, lap);
}

const struct side access_holdfast = { "Holdfast", access_begin, access_round, "hf_read" };

/* ---- plain memory ---------------------------------------------------------------------------- */

struct directly {
	struct plain plain;
	struct lines lines;
};

static void *access_begin_kernel(const struct trial *trial)
{
	struct directly *directly = must_have(malloc(sizeof(*directly)));
	uint64_t pages = trial->mib * MIB / PAGE;

	directly->lines = lines_of(trial);
	if (trial->huge)
		plain_begin_huge(&directly->plain, pages);
	else
		plain_begin(&directly->plain, pages, pages, false);
	plain_write(&directly->plain);
	return directly;
}

static void access_round_kernel(void *state, struct lap *lap)
{
	struct directly *directly = state;
	struct lines lines = directly->lines;
	unsigned char *base = directly->plain.base, bytes[LINE];
	struct walk walk = { 0 };
	uint64_t begin = clock_ns();

	for (uint64_t i = 0; i < lines.count; i++) {
		memcpy(bytes, base + next(&lines, &walk), LINE);
		USED(bytes);
	}
	lap_of(&lines, 0, begin, lap);
	begin = clock_ns();
	for (uint64_t i = 0; i < lines.count; i++) {
		memcpy(base + next(&lines, &walk), line, LINE);
		USED(base);
	}
	lap_of(&lines, 1, begin, lap);
}

const struct side access_kernel = { "plain memory", access_begin_kernel, access_round_kernel, NULL };

/*
 * grow.c - what the curves need: many mappings, a chain of forks, a tree of children
 *
 * Mappings are of one page each, untouched, every other one read-only, so that none
 * merge.  In a chain each child is forked from the one before, writes one page at random,
 * and then its parent ends.  In a tree all children have one parent, all stay, and each
 * writes one page.
 */
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- mappings: Holdfast ------------------------------------------------------------------- */

#define FIRST_ADDRESS (UINT64_C(1) << 32)

struct mapped {
	struct world world;
	uint64_t mappings;
};

static void *mappings_begin(const struct trial *trial)
{
	struct mapped *mapped = must_have(calloc(1, sizeof(*mapped)));

	mapped->mappings = trial->count;
	world_begin(&mapped->world, 1, 4096, false);
	return mapped;
}

static double map_all(struct hf_mm *mm, uint64_t mappings)
{
	uint64_t begin = clock_ns();

	for (uint64_t i = 0; i < mappings; i++) {
		uint64_t address = FIRST_ADDRESS + i * PAGE;

		must_be_0(hf_map(mm, &address, PAGE, HF_PROT_READ | (i & 1 ? HF_PROT_WRITE : 0),
				 HF_MAP_PRIVATE | HF_MAP_FIXED, NULL, 0), "hf_map");
	}
	return (double)(clock_ns() - begin);
}

/* Figures: 0 all hf_map() together   1 a fork   2 the end of the child. */
static void mappings_round(void *state, struct lap *lap)
{
	struct mapped *mapped = state;
	struct hf_mm *mm, *child;
	uint64_t begin;

	must_be_0(hf_mm_create(mapped->world.pool, &mm), "hf_mm_create");
	lap->figures[0] = map_all(mm, mapped->mappings);
	begin = clock_ns();
	must_be_0(hf_mm_fork(mm, HF_FORK_COPY, NULL, &child), "hf_mm_fork");
	lap->figures[1] = (double)(clock_ns() - begin);
	begin = clock_ns();
	hf_mm_destroy(child);
	lap->figures[2] = (double)(clock_ns() - begin);
	lap->units = (double)mapped->mappings;
	hf_mm_destroy(mm);
}

const struct side mappings_holdfast = { "Holdfast", mappings_begin, mappings_round, "hf_map" };

/* ---- mappings: the kernel -------------------------------------------------------------------- */

static void *mappings_begin_kernel(const struct trial *trial)
{
	uint64_t *mappings = must_have(malloc(sizeof(*mappings)));

	*mappings = trial->count;
	return mappings;
}

static double map_all_kernel(unsigned char *base, uint64_t mappings)
{
	uint64_t begin = clock_ns();

	for (uint64_t i = 0; i < mappings; i++)
		if (mmap(base + i * PAGE, PAGE, PROT_READ | (i & 1 ? PROT_WRITE : 0),
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			impossible("mmap: %s (sysctl vm.max_map_count says how many)", strerror(errno));
	return (double)(clock_ns() - begin);
}

static void mappings_round_kernel(void *state, struct lap *lap)
{
	uint64_t mappings = *(uint64_t *)state, begin, fork_ns;
	struct held child;
	void *base = mmap(NULL, mappings * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		impossible("mmap: %s", strerror(errno));
	lap->figures[0] = map_all_kernel(base, mappings);
	held_fork(&child, &fork_ns);
	lap->figures[1] = (double)fork_ns;
	begin = clock_ns();
	held_end(&child);
	lap->figures[2] = (double)(clock_ns() - begin);
	munmap(base, mappings * PAGE);
}

const struct side mappings_kernel = { "kernel", mappings_begin_kernel, mappings_round_kernel, NULL };

/* ---- chain and tree ---------------------------------------------------------------------------- */

struct family {
	struct world world;
	uint64_t forks, random;
	struct hf_mm **children;
};

static void *family_begin(const struct trial *trial)
{
	struct family *family = must_have(calloc(1, sizeof(*family)));
	uint64_t pages = trial->mib * MIB / PAGE;

	family->forks = trial->count;
	family->children = must_have(calloc(trial->count, sizeof(*family->children)));
	/* Every page twice; and each child with a page of its own and as many tables as it may want. */
	world_begin(&family->world, pages, pages * 2 + trial->count * (pages / 512 + 8) + 64, false);
	world_write(&family->world);
	return family;
}

static struct hf_mm *fork_and_write(struct family *family, struct hf_mm *parent)
{
	struct hf_mm *child;
	uint64_t page;

	family->random = family->random * 6364136223846793005u + 1442695040888963407u;
	page = (family->random >> 33) % family->world.pages;
	must_be_0(hf_mm_fork(parent, HF_FORK_COPY, NULL, &child), "hf_mm_fork");
	if (hf_write(child, family->world.base + page * PAGE, line, LINE) != LINE)
		wrong("hf_write did not write");
	return child;
}

static void chain_round(void *state, struct lap *lap)
{
	struct family *family = state;
	struct hf_mm *last = world_fork(&family->world);
	uint64_t begin = clock_ns();

	for (uint64_t i = 0; i < family->forks; i++) {
		struct hf_mm *child = fork_and_write(family, last);

		hf_mm_destroy(last);
		last = child;
	}
	lap->figures[0] = (double)(clock_ns() - begin);
	lap->units = (double)family->forks;
	hf_mm_destroy(last);
}

static void tree_round(void *state, struct lap *lap)
{
	struct family *family = state;
	uint64_t begin = clock_ns();

	for (uint64_t i = 0; i < family->forks; i++)
		family->children[i] = fork_and_write(family, family->world.mm);
	lap->figures[0] = (double)(clock_ns() - begin);
	begin = clock_ns();
	for (uint64_t i = 0; i < family->forks; i++)
		hf_mm_destroy(family->children[i]);
	lap->figures[1] = (double)(clock_ns() - begin);
	lap->units = (double)family->forks;
}

const struct side chain_holdfast = { "Holdfast", family_begin, chain_round, "hf_mm_fork" };
const struct side tree_holdfast = { "Holdfast", family_begin, tree_round, "hf_mm_fork" };

/*
 * metadata.c - bytes that a page in use costs beside itself
 *
 * Measured, not computed: by how much the process's own memory grows when a pool's pages
 * are all in use.  The pool itself is another kind of memory to the system (a file's), and
 * page tables lie in it, so neither counts.  The growth by a small pool is taken off,
 * so that what a pool needs whatever its size does not count for pages.
 *
 * The kernel's figure is its memory map by the pages there are.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define SMALL_MIB UINT64_C(64)

/* A number behind that word at a line's beginning, or after blanks, summed over the file. */
static uint64_t sum_of(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	char text[512];
	uint64_t sum = 0;

	while (file && fgets(text, sizeof(text), file)) {
		const char *at = text + strspn(text, " ");

		if (!strncmp(at, word, strlen(word)) && strchr(" \t:", at[strlen(word)]))
			sum += strtoull(at + strlen(word) + strspn(at + strlen(word), " \t:"), NULL, 10);
	}
	if (file)
		fclose(file);
	return sum;
}

static uint64_t own_bytes(void)
{
	uint64_t kib = sum_of("/proc/self/smaps_rollup", "Anonymous");

	if (!kib)
		impossible("/proc/self/smaps_rollup says nothing");
	return kib * 1024;
}

/* What a pool of that size costs once its pages are in use; how many that are, those of page tables among them, at *pages. */
static uint64_t cost_of(uint64_t mib, uint64_t *pages)
{
	uint64_t room = mib * MIB / PAGE, data = room - room / 256 - 32, before = own_bytes();
	struct hf_pool_config config = { .size = sizeof(config), .bytes = room * PAGE, .memory = HF_MEMORY_FILE };
	uint64_t address = 0, grown;
	struct hf_pool *pool;
	struct hf_stats stats;
	struct hf_mm *mm;

	must_be_0(hf_pool_create(&config, &pool), "hf_pool_create");
	must_be_0(hf_mm_create(pool, &mm), "hf_mm_create");
	must_be_0(hf_map(mm, &address, data * PAGE, HF_PROT_READ | HF_PROT_WRITE, HF_MAP_PRIVATE, NULL, 0), "hf_map");
	if (hf_fill(mm, address, 1, data * PAGE) != (ssize_t)(data * PAGE))
		wrong("hf_fill did not fill");
	grown = own_bytes() - before;
	hf_pool_stats(pool, &stats);
	*pages = stats.pages_data + stats.pages_table;
	hf_mm_destroy(mm);
	must_be_0(hf_pool_destroy(pool), "hf_pool_destroy");
	return grown;
}

static void *metadata_begin(const struct trial *trial)
{
	static uint64_t mib;

	mib = trial->mib;
	return &mib;
}

static void metadata_round(void *state, struct lap *lap)
{
	uint64_t few, many, small = cost_of(SMALL_MIB, &few), big = cost_of(*(uint64_t *)state, &many);

	if (big < small)
		wrong("a bigger pool cost less");
	lap->figures[0] = (double)(big - small) / (double)(many - few);
	lap->units = (double)many;
}

const struct side metadata_holdfast = { "Holdfast", metadata_begin, metadata_round, NULL };

static void metadata_round_kernel(void *state, struct lap *lap)
{
	uint64_t map = sum_of("/proc/vmstat", "nr_memmap_boot_pages") + sum_of("/proc/vmstat", "nr_memmap_pages");
	uint64_t present = sum_of("/proc/zoneinfo", "present");

	(void)state;
	if (!map || !present)
		impossible("/proc/vmstat does not say how big the memory map is");
	lap->figures[0] = (double)(map * PAGE) / (double)present;
}

const struct side metadata_kernel = { "kernel", metadata_begin, metadata_round_kernel, NULL };

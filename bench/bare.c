/*
 * bare.c - what a copy and a clear of a page cost by themselves
 *
 * They are the floor under a COW break and a demand-zero fault.  The pages are the
 * pool's own, so that they lie in the same kind of memory, on pages of the same size;
 * each pass goes over all of them, so that each is cold when its turn comes.  The
 * copying is the C library's.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

/* The pages of a new space in the pool, by their plain addresses. */
static unsigned char **bare_pages(struct hf_pool *pool, const uint32_t *order)
{
	unsigned char **in_order = must_have(malloc(BARE_PAGES * sizeof(*in_order)));
	unsigned char **pages = must_have(malloc(BARE_PAGES * sizeof(*pages)));
	uint64_t address = 0, page = 0;
	struct hf_pin pin;
	struct hf_mm *mm;

	must_be_0(hf_mm_create(pool, &mm), "hf_mm_create");
	must_be_0(hf_map(mm, &address, BARE_PAGES * PAGE, HF_PROT_READ | HF_PROT_WRITE, HF_MAP_PRIVATE, NULL, 0),
		  "hf_map");
	pin = world_pin(mm, address, BARE_PAGES * PAGE, HF_PIN_WRITE | HF_PIN_LONGTERM);
	for (int run = 0; run < pin.iovcnt; run++)
		for (size_t at = 0; at < pin.iov[run].iov_len; at += PAGE)
			in_order[page++] = (unsigned char *)pin.iov[run].iov_base + at;
	for (uint64_t i = 0; i < BARE_PAGES; i++)
		pages[i] = in_order[order[i]];
	free(in_order);
	return pages;
}

void bare_begin(struct bare *bare, struct hf_pool *pool, bool scattered)
{
	uint32_t *order = order_of(BARE_PAGES, scattered);

	bare->from = bare_pages(pool, order);
	bare->to = bare_pages(pool, order);
	free(order);
}

double bare_copy(struct bare *bare)
{
	uint64_t begin = clock_ns();

	for (uint64_t i = 0; i < BARE_PAGES; i++)
		memcpy(bare->to[i], bare->from[i], PAGE);
	return (double)(clock_ns() - begin) / (double)BARE_PAGES;
}

double bare_clear(struct bare *bare)
{
	uint64_t begin = clock_ns();

	for (uint64_t i = 0; i < BARE_PAGES; i++)
		memset(bare->to[i], 0, PAGE);
	return (double)(clock_ns() - begin) / (double)BARE_PAGES;
}

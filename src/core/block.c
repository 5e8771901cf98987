/*
 * block.c - giving blocks out and taking them back
 *
 * A block waits in the limbo as a page does, and as one: who found a huge entry before
 * may still be about to pin the whole, or a part.
 */
#include "block.h"

#include "free.h"

static struct page *part_of(const struct hf_pool *pool, const struct page *whole, unsigned part)
{
	return page_of(pool, block_pfn(pool, whole) + part);
}

unsigned block_parts_pinned(const struct hf_pool *pool, const struct page *whole)
{
	unsigned pinned = 0;

	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		pinned += page_pins(part_of(pool, whole, i)) != 0;
	return pinned;
}

/* ---- out ---------------------------------------------------------------------------- */

static pfn_t take_or_gather(struct hf_pool *pool)
{
	pfn_t number = free_take_block(pool);

	/* Once: there are pages for who finds no block.  For fewer than a block it is not worth the wait. */
	if (number == PFN_NONE && pool_free_pages(pool) >= TABLE_ENTRIES && pool_gather(pool))
		number = free_take_block(pool);
	return number;
}

struct page *block_alloc(struct hf_pool *pool, uint32_t flags, enum page_fill fill)
{
	pfn_t number = pool_told_to_fail(pool) ? PFN_NONE : take_or_gather(pool);
	pfn_t first;

	if (number == PFN_NONE)
		return NULL;
	first = block_pfn(pool, page_of(pool, number));
	plat_page_wake(page_bytes(pool, first), TABLE_BYTES);
	if (fill == PAGE_ZEROED)
		plat_fill(page_bytes(pool, first), 0, TABLE_BYTES);
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		page_born(pool, first + i, flags);
	return page_born(pool, number, flags);
}

/* ---- split and join --------------------------------------------------------------------- */

/* What is dirty about the whole is dirty about each part. */
static void flags_to_parts(struct hf_pool *pool, const struct page *whole)
{
	if (page_is(whole, PAGE_DIRTY))
		for (unsigned i = 0; i < TABLE_ENTRIES; i++)
			atomic_fetch_or_explicit(&part_of(pool, whole, i)->flags, PAGE_DIRTY, memory_order_relaxed);
}

bool block_split(struct hf_pool *pool, struct page *whole)
{
	flags_to_parts(pool, whole);
	return page_dies_from(whole, COUNT_REFERENCE);
}

void block_get_parts(struct hf_pool *pool, struct page *whole)
{
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		page_get(part_of(pool, whole, i));
}

bool block_join(struct page *whole, uint32_t flags)
{
	/* 0 if no huge page ever lay here. */
	uint64_t none = atomic_load_explicit(&whole->count, memory_order_relaxed) & COUNT_DEAD;

	atomic_store_explicit(&whole->flags, flags, memory_order_relaxed);
	/*
	 * Not over the pin of somebody who found an older huge entry here and is about to take it
	 * back.  Published to others by the release store of the entry that will map it.
	 */
	return atomic_compare_exchange_strong_explicit(&whole->count, &none, COUNT_REFERENCE, memory_order_relaxed,
						       memory_order_relaxed);
}

bool block_rejoin(struct hf_pool *pool, struct page *whole)
{
	uint64_t count = atomic_load_explicit(&whole->count, memory_order_relaxed);

	/* Its last unpin may come first: then the parts are about to lose a reference each. */
	do {
		if ((count & COUNT_DEAD) || !COUNT_PINS(count) || COUNT_REFERENCES(count))
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&whole->count, &count, count + COUNT_REFERENCE,
							memory_order_relaxed, memory_order_relaxed));
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		page_drop(pool, part_of(pool, whole, i), COUNT_REFERENCE);
	return true;
}

/* ---- back ---------------------------------------------------------------------------------- */

void block_free(struct hf_pool *pool, struct page *whole)
{
	struct page_stock dead = STOCK_EMPTY;

	for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
		struct page *part = part_of(pool, whole, i);

		/* At once where nothing else is there; who is pinned is dropped by his last unpin. */
		if (page_dies_from(part, COUNT_REFERENCE) || page_drop_only(part, COUNT_REFERENCE))
			stock_push(pool, &dead, pfn_of(pool, part));
	}
	if (dead.count == TABLE_ENTRIES) {
		dead = (struct page_stock)STOCK_EMPTY;
		stock_push(pool, &dead, pfn_of(pool, whole));
	}
	if (dead.count)
		pool_limbo(pool, &dead);
}

/*
 * zero.c - zeroing pages ahead, and giving them out: see zero.h
 */
#include "zero.h"

#define ZERO_AT_ONCE 16u	/* pages that are on their way at a time, for which others may have to wait */

/* Some from the pool into the slot, under the slot's lock. */
static void refill(struct hf_pool *pool, struct slot *slot)
{
	uint64_t most;

	plat_lock(&pool->lock);
	/* Where pages are few nobody hoards what another would miss. */
	most = pool->zeroed.count / SLOTS + 1;
	while (pool->zeroed.count && slot->zeroes < ZERO_PAGES && slot->zeroes < most)
		slot->zero_cache[slot->zeroes++] = stock_pop(pool, &pool->zeroed);
	plat_unlock(&pool->lock);
	slot->came += slot->zeroes > 1;		/* one goes out at once */
}

pfn_t zero_take(struct hf_pool *pool)
{
	struct slot *slot = slot_mine(pool);
	pfn_t pfn = PFN_NONE;

	plat_lock(&slot->lock);
	if (!slot->zeroes)
		refill(pool, slot);
	if (slot->zeroes)
		pfn = slot->zero_cache[--slot->zeroes];
	plat_unlock(&slot->lock);
	if (pfn == PFN_NONE)
		return pfn;
	plat_page_wake(page_bytes(pool, pfn), PAGE_BYTES);
	stat_add(pool, STAT_zeroed_ahead, 1);
	return pfn;
}

/* Up to so many pages; returns how many there were. */
static unsigned zero_some(struct hf_pool *pool, unsigned most)
{
	struct page_stock zeroed = STOCK_EMPTY;
	pfn_t pfn;

	plat_lock(&pool->lock);
	while (zeroed.count < most && (pfn = free_take_unzeroed_locked(pool)) != PFN_NONE)
		stock_push(pool, &zeroed, pfn);
	if (zeroed.count)
		carry_locked(pool);
	plat_unlock(&pool->lock);
	if (!zeroed.count)
		return 0;
	for (pfn = zeroed.first; pfn != PFN_NONE; pfn = page_of(pool, pfn)->index) {
		plat_page_wake(page_bytes(pool, pfn), PAGE_BYTES);
		plat_fill(page_bytes(pool, pfn), 0, PAGE_BYTES);
		plat_page_rest(page_bytes(pool, pfn), PAGE_BYTES);
	}
	plat_lock(&pool->lock);
	stock_join(pool, &pool->zeroed, &zeroed);
	pool->came++;
	plat_unlock(&pool->lock);
	carried(pool);
	return (unsigned)zeroed.count;
}

int64_t hf_pool_zero_ahead(struct hf_pool *pool, uint64_t bytes)
{
	uint64_t pages = bytes >> HF_PAGE_SHIFT, done = 0;
	unsigned n;

	if (!pool)
		return -HF_EINVAL;
	atomic_store_explicit(&pool->zeroing, 1, memory_order_relaxed);
	do {
		uint64_t left = pages - done;

		n = left ? zero_some(pool, left < ZERO_AT_ONCE ? (unsigned)left : ZERO_AT_ONCE) : 0;
		done += n;
	} while (n);
	return (int64_t)(done << HF_PAGE_SHIFT);
}

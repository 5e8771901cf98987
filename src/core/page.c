/*
 * page.c - giving pages out and taking them back
 *
 * Pages go out from a cache of the calling thread's, which is filled from the
 * pool in batches.  They come back through the thread's limbo: a page that was
 * freed may still be in the hands of a fast pin or a load that read its entry
 * just before, so it is given out again only after a grace period; the limbo
 * waits for one when it is full, not for each page.
 *
 * The limit is hard, and exact: before an allocation fails, every free page in
 * every cache and limbo has been gathered, and nobody carries any (pool->moving).
 */
#include "pool.h"

#ifdef HF_LAB
/* Counts down to the allocation that is to fail. */
static bool told_to_fail(struct hf_pool *pool)
{
	uint64_t left = atomic_load_explicit(&pool->fail_in, memory_order_relaxed);

	while (left)
		if (atomic_compare_exchange_weak_explicit(&pool->fail_in, &left, left - 1, memory_order_relaxed,
							  memory_order_relaxed))
			return left == 1;
	return false;
}
#else
static bool told_to_fail(struct hf_pool *pool)
{
	(void)pool;
	return false;
}
#endif

void *pool_alloc(struct hf_pool *pool, size_t bytes)
{
	return told_to_fail(pool) ? NULL : plat_alloc(bytes);
}

void pool_grace(struct hf_pool *pool)
{
	plat_grace();
	stat_add(pool, STAT_graces, 1);
}

/* ---- free pages ---------------------------------------------------------------- */

/*
 * Put a linked list of free pages on the pool's.  From here on, and not while it is
 * in a limbo, a page is at rest: nobody has a way to it any more.
 */
static void give_to_pool(struct hf_pool *pool, pfn_t first)
{
	pfn_t next;

	for (pfn_t pfn = first; pfn != PFN_NONE; pfn = (pfn_t)page_of(pool, pfn)->index)
		plat_page_rest(page_bytes(pool, pfn), PAGE_BYTES);
	plat_lock(&pool->lock);
	for (pfn_t pfn = first; pfn != PFN_NONE; pfn = next) {
		next = (pfn_t)page_of(pool, pfn)->index;
		page_of(pool, pfn)->index = pool->free;
		pool->free = pfn;
		pool->free_count++;
	}
	plat_unlock(&pool->lock);
}

/* Half a cache full from the pool; frames in a row where there are any left. */
static void fill_cache(struct hf_pool *pool, struct slot *slot)
{
	pfn_t taken[CACHE_PAGES / 2];
	uint64_t most;
	uint32_t n = 0;

	plat_lock(&pool->lock);
	/* Where pages are few nobody hoards what another would miss. */
	most = (pool->free_count + (uint64_t)(pool->count - pool->frontier)) / SLOTS + 1;
	if (most > CACHE_PAGES / 2)
		most = CACHE_PAGES / 2;
	while (n < most && pool->free != PFN_NONE) {
		taken[n++] = pool->free;
		pool->free = (pfn_t)page_of(pool, pool->free)->index;
		pool->free_count--;
	}
	while (n < most && pool->frontier < pool->count) {
		/* A descriptor is touched here for the first time; free pages are DEAD. */
		atomic_store_explicit(&page_of(pool, pool->frontier)->count, COUNT_DEAD, memory_order_relaxed);
		taken[n++] = pool->frontier++;
	}
	plat_unlock(&pool->lock);
	while (n)
		slot->cache[slot->cached++] = taken[--n];
}

static pfn_t take_frame(struct hf_pool *pool)
{
	struct slot *slot = slot_mine(pool);
	pfn_t pfn = PFN_NONE;

	plat_lock(&slot->lock);
	if (!slot->cached)
		fill_cache(pool, slot);
	if (slot->cached)
		pfn = slot->cache[--slot->cached];
	plat_unlock(&slot->lock);
	return pfn;
}

/*
 * Before free pages leave a slot, under its lock: whoever comes to the slot next knows
 * that they are on their way.  Ends with hand_over().
 */
static void carry_locked(struct hf_pool *pool)
{
	atomic_fetch_add_explicit(&pool->moving, 1, memory_order_relaxed);
}

static pfn_t take_limbo_locked(struct slot *slot)
{
	pfn_t first = slot->limbo;

	slot->limbo = PFN_NONE;
	slot->limbo_count = 0;
	return first;
}

static void hand_over(struct hf_pool *pool, pfn_t limbo)
{
	if (limbo != PFN_NONE)
		pool_grace(pool);
	give_to_pool(pool, limbo);
	/* Relaxed: who sees it comes to the pool's lock after us, and finds the pages on the list. */
	atomic_fetch_sub_explicit(&pool->moving, 1, memory_order_relaxed);
}

static pfn_t take_cache_locked(struct hf_pool *pool, struct slot *slot, pfn_t first)
{
	while (slot->cached) {
		pfn_t pfn = slot->cache[--slot->cached];

		page_of(pool, pfn)->index = first;
		first = pfn;
	}
	return first;
}

/* Put the list that begins at first before another. */
static pfn_t list_before(struct hf_pool *pool, pfn_t first, pfn_t rest)
{
	pfn_t last = first;

	if (first == PFN_NONE)
		return rest;
	while ((pfn_t)page_of(pool, last)->index != PFN_NONE)
		last = (pfn_t)page_of(pool, last)->index;
	page_of(pool, last)->index = rest;
	return first;
}

bool pool_gather(struct hf_pool *pool)
{
	pfn_t limbo = PFN_NONE, cache = PFN_NONE;
	bool carries = false;

	for (unsigned number = 0; number < SLOTS; number++) {
		struct slot *slot = &pool->slots[number];

		plat_lock(&slot->lock);
		/* Not for nothing: two who find nothing would each take the other for somebody who brings pages. */
		if (!carries && (slot->cached || slot->limbo_count)) {
			carry_locked(pool);
			carries = true;
		}
		limbo = list_before(pool, take_limbo_locked(slot), limbo);
		cache = take_cache_locked(pool, slot, cache);
		plat_unlock(&slot->lock);
	}
	/* What others carry is on its way: races/stores-of-the-last-pages. */
	if (!carries)
		return atomic_load_explicit(&pool->moving, memory_order_relaxed) != 0;
	give_to_pool(pool, cache);
	hand_over(pool, limbo);
	return true;
}

uint64_t pool_free_pages(struct hf_pool *pool)
{
	uint64_t pages = 0;

	for (unsigned number = 0; number < SLOTS; number++) {
		struct slot *slot = &pool->slots[number];

		plat_lock(&slot->lock);
		pages += slot->cached + slot->limbo_count;
		plat_unlock(&slot->lock);
	}
	plat_lock(&pool->lock);
	pages += pool->free_count + (pool->count - pool->frontier);
	plat_unlock(&pool->lock);
	return pages;
}

/* ---- out ---------------------------------------------------------------------------- */

static struct page *page_born(struct hf_pool *pool, pfn_t pfn, uint32_t flags)
{
	struct page *page = page_of(pool, pfn);

	page->object = NULL;
	page->index = 0;
	atomic_store_explicit(&page->flags, flags, memory_order_relaxed);
	atomic_store_explicit(&page->entries, 0, memory_order_relaxed);
	/* Published to others by the release store of the entry that will map it. */
	atomic_fetch_add_explicit(&page->count, COUNT_REFERENCE - COUNT_DEAD, memory_order_relaxed);
	return page;
}

static pfn_t take_frame_or_gather(struct hf_pool *pool)
{
	pfn_t pfn = take_frame(pool);
	bool any = true;

	/* Others may be quicker to take what we gathered: until there is nothing to gather. */
	for (unsigned attempt = 0; pfn == PFN_NONE && any; attempt++) {
		any = pool_gather(pool);
		pfn = take_frame(pool);
		if (pfn == PFN_NONE && any)
			plat_pause(attempt);
	}
	if (pfn != PFN_NONE)
		plat_page_wake(page_bytes(pool, pfn), PAGE_BYTES);
	return pfn;
}

struct page *page_alloc(struct hf_pool *pool, uint32_t flags, enum page_fill fill)
{
	pfn_t pfn = told_to_fail(pool) ? PFN_NONE : take_frame_or_gather(pool);

	if (pfn == PFN_NONE)
		return NULL;
	if (fill == PAGE_ZEROED)
		plat_fill(page_bytes(pool, pfn), 0, PAGE_BYTES);
	return page_born(pool, pfn, flags);
}

int stock_fill(struct hf_pool *pool, struct page_stock *stock, uint64_t pages)
{
	stock->first = PFN_NONE;
	stock->count = 0;
	while (stock->count < pages) {
		pfn_t pfn = told_to_fail(pool) ? PFN_NONE : take_frame_or_gather(pool);

		if (pfn == PFN_NONE) {
			stock_empty(pool, stock);
			return -HF_ENOMEM;
		}
		page_of(pool, pfn)->index = stock->first;
		stock->first = pfn;
		stock->count++;
	}
	return 0;
}

struct page *stock_take(struct hf_pool *pool, struct page_stock *stock, uint32_t flags)
{
	pfn_t pfn = stock->first;

	stock->first = (pfn_t)page_of(pool, pfn)->index;
	stock->count--;
	return page_born(pool, pfn, flags);
}

void stock_empty(struct hf_pool *pool, struct page_stock *stock)
{
	if (stock->first == PFN_NONE)
		return;
	give_to_pool(pool, stock->first);
	stock->first = PFN_NONE;
	stock->count = 0;
}

/* ---- back ----------------------------------------------------------------------------- */

void page_free(struct hf_pool *pool, struct page *page)
{
	struct slot *slot = slot_mine(pool);
	pfn_t full = PFN_NONE;

	if (page_is(page, PAGE_TABLE))
		atomic_fetch_sub_explicit(&pool->tables, 1, memory_order_relaxed);
	plat_lock(&slot->lock);
	page->index = slot->limbo;
	slot->limbo = pfn_of(pool, page);
	if (++slot->limbo_count >= pool->limbo_most) {
		carry_locked(pool);
		full = take_limbo_locked(slot);
	}
	plat_unlock(&slot->lock);
	if (full != PFN_NONE)
		hand_over(pool, full);
}

bool page_dies(struct page *page)
{
	uint64_t zero = 0;

	/* Zero can be seen by two: a late pinner may come and go.  One of them frees.  Acquire pairs
	   with page_drop(): all use of the page is over (history/unmap-races-fast-pin). */
	return atomic_compare_exchange_strong_explicit(&page->count, &zero, COUNT_DEAD, memory_order_acquire,
						       memory_order_relaxed);
}

void page_dirty(struct hf_pool *pool, struct page *page)
{
	if (page_is(page, PAGE_DIRTY))
		return;
	if (!(atomic_fetch_or_explicit(&page->flags, PAGE_DIRTY, memory_order_relaxed) & PAGE_DIRTY))
		stat_add(pool, STAT_dirtied, 1);
}

/*
 * page.c - giving pages out and taking them back
 *
 * Pages go out from a cache of the calling thread's, which is filled from the
 * pool in batches.  They come back through the thread's limbo: a page that was
 * freed may still be in the hands of a fast pin or a load that read its entry
 * just before, so it is given out again only after a grace period.  A limbo that
 * is full becomes a batch, for which one begins; whoever frees or wants pages in that
 * slot later asks whether it is over.  Nobody waits for one but who finds the pool
 * empty, and who frees so much that a slot's batches pile up.
 *
 * The limit is hard, and exact: an allocation fails only if at one moment of the call no
 * page was free.  Before it does, every free page in every cache and limbo has been
 * gathered; nobody carries any (pool->moving); and since each of the places was seen to be
 * empty nothing has come to it (came), or else pages could wander from places not yet seen
 * to places seen already (races/stores-while-a-page-is-always-free).
 */
#include "block.h"
#include "free.h"
#include "zero.h"

#ifdef HF_LAB
/* Counts down to the allocation that is to fail. */
bool pool_told_to_fail(struct hf_pool *pool)
{
	uint64_t left = atomic_load_explicit(&pool->fail_in, memory_order_relaxed);

	while (left)
		if (atomic_compare_exchange_weak_explicit(&pool->fail_in, &left, left - 1, memory_order_relaxed,
							  memory_order_relaxed))
			return left == 1;
	return false;
}
#endif

void *pool_alloc(struct hf_pool *pool, size_t bytes)
{
	return pool_told_to_fail(pool) ? NULL : plat_alloc(bytes);
}

void pool_grace(struct hf_pool *pool)
{
	plat_grace();
	stat_add(pool, STAT_graces, 1);
}

static uint64_t pool_grace_begin(struct hf_pool *pool)
{
	stat_add(pool, STAT_graces, 1);
	return plat_grace_begin();
}

void pool_cut(struct hf_pool *pool)
{
	plat_cut();
	stat_add(pool, STAT_graces, 1);
}

/* ---- caches ---------------------------------------------------------------------- */

/* Half a cache full from the pool; frames in a row where there are any left. */
static void fill_cache(struct hf_pool *pool, struct slot *slot)
{
	pfn_t taken[CACHE_PAGES / 2];
	uint64_t most;
	uint32_t n = 0;

	plat_lock(&pool->lock);
	/* Where pages are few nobody hoards what another would miss. */
	most = free_count_locked(pool) / SLOTS + 1;
	if (most > CACHE_PAGES / 2)
		most = CACHE_PAGES / 2;
	while (n < most && (taken[n] = free_take_locked(pool)) != PFN_NONE)
		n++;
	plat_unlock(&pool->lock);
	slot->came += n > 1;	/* one goes out at once */
	while (n)
		slot->cache[slot->cached++] = taken[--n];
}

/* ---- grace periods ---------------------------------------------------------------- */

/* The batches whose grace period is over: from the slot to the pool. */
static void look_at_batches(struct hf_pool *pool, struct slot *slot)
{
	struct page_stock pages = STOCK_EMPTY;
	uint32_t n = 0;

	plat_lock(&slot->lock);
	while (n < slot->waiting && plat_grace_over(slot->batches[n].begun))
		stock_join(pool, &pages, &slot->batches[n++].pages);
	slot->waiting -= n;
	for (uint32_t i = 0; n && i < slot->waiting; i++)
		slot->batches[i] = slot->batches[i + n];
	if (n)
		carry_locked(pool);
	plat_unlock(&slot->lock);
	if (!n)
		return;
	free_give(pool, &pages);
	carried(pool);
}

/* Into the slot, as far as there is room, the newest above all; returns how many of the oldest had none. */
static uint32_t put_back(struct slot *slot, const struct batch *batches, uint32_t n)
{
	uint32_t room, rest;

	plat_lock(&slot->lock);
	room = BATCHES - slot->waiting;
	rest = n > room ? n - room : 0;
	for (uint32_t i = rest; i < n; i++)
		slot->batches[slot->waiting++] = batches[i];
	slot->came++;
	plat_unlock(&slot->lock);
	return rest;
}

/*
 * What was in a slot's limbo begins to wait, the last of these; what waited longer in the slot
 * is looked at again.  All of it is carried.  Who has more than the slot has room for waits.
 */
static void limbo_is_full(struct hf_pool *pool, struct slot *slot, struct batch *batches, uint32_t n)
{
	struct page_stock over = STOCK_EMPTY;
	uint32_t left = 0, rest;

	batches[n - 1].begun = pool_grace_begin(pool);
	for (uint32_t i = 0; i < n; i++) {
		if (plat_grace_over(batches[i].begun))
			stock_join(pool, &over, &batches[i].pages);
		else
			batches[left++] = batches[i];
	}
	rest = left ? put_back(slot, batches, left) : 0;
	if (over.count)
		free_give(pool, &over);
	for (uint32_t i = 0; i < rest; i++) {
		for (unsigned attempt = 0; !plat_grace_over(batches[i].begun); attempt++)
			plat_pause(attempt);
		free_give(pool, &batches[i].pages);
	}
	carried(pool);
}

static pfn_t take_frame(struct hf_pool *pool)
{
	struct slot *slot = slot_mine(pool);
	pfn_t pfn = PFN_NONE;
	bool waiting;

	plat_lock(&slot->lock);
	waiting = !slot->cached && slot->waiting;
	if (waiting) {
		plat_unlock(&slot->lock);
		look_at_batches(pool, slot);
		plat_lock(&slot->lock);
	}
	if (!slot->cached)
		fill_cache(pool, slot);
	if (slot->cached)
		pfn = slot->cache[--slot->cached];
	plat_unlock(&slot->lock);
	return pfn;
}

/* ---- everything there is ------------------------------------------------------------ */

static uint64_t slot_pages_locked(const struct slot *slot)
{
	uint64_t pages = slot->cached + slot->zeroes + slot->limbo.count;

	for (uint32_t i = 0; i < slot->waiting; i++)
		pages += slot->batches[i].pages.count;
	return pages;
}

static void gather_locked(struct hf_pool *pool, struct slot *slot, struct page_stock *free, struct page_stock *limbo)
{
	struct page_stock pages = stock_take_all(&slot->limbo);

	while (slot->cached)
		stock_push(pool, free, slot->cache[--slot->cached]);
	while (slot->zeroes)
		stock_push(pool, free, slot->zero_cache[--slot->zeroes]);
	stock_join(pool, limbo, &pages);
	while (slot->waiting)
		stock_join(pool, limbo, &slot->batches[--slot->waiting].pages);
}

/* Has anything come to the pool's lists, or to a slot, since these were what they had counted? */
static bool came_since(struct hf_pool *pool, const uint32_t *came, uint32_t pool_came)
{
	bool any;

	plat_lock(&pool->lock);
	any = pool->came != pool_came;
	plat_unlock(&pool->lock);
	for (unsigned number = 0; number < SLOTS && !any; number++) {
		struct slot *slot = &pool->slots[number];

		plat_lock(&slot->lock);
		any = slot->came != came[number];
		plat_unlock(&slot->lock);
	}
	return any;
}

/* No page was found in any slot, when each had counted so many that came: is there one elsewhere, or was none at one moment? */
static enum gathered look_elsewhere(struct hf_pool *pool, const uint32_t *came)
{
	uint32_t pool_came;
	bool any;

	plat_lock(&pool->lock);
	pool_came = pool->came;
	any = free_count_locked(pool) != 0;
	plat_unlock(&pool->lock);
	if (any)
		return GATHERED;
	/* The moment: what others carry is on its way (races/stores-of-the-last-pages). */
	if (atomic_load_explicit(&pool->moving, memory_order_relaxed))
		return GATHERED_BY_OTHERS;
	return came_since(pool, came, pool_came) ? GATHERED : GATHERED_NOTHING;
}

enum gathered pool_gather(struct hf_pool *pool)
{
	struct page_stock free = STOCK_EMPTY, limbo = STOCK_EMPTY;
	uint32_t came[SLOTS];
	bool carries = false;

	for (unsigned number = 0; number < SLOTS; number++) {
		struct slot *slot = &pool->slots[number];

		plat_lock(&slot->lock);
		/* Not for nothing: two who find nothing would each take the other for somebody who brings pages. */
		if (!carries && slot_pages_locked(slot)) {
			carry_locked(pool);
			carries = true;
		}
		gather_locked(pool, slot, &free, &limbo);
		came[number] = slot->came;
		plat_unlock(&slot->lock);
	}
	if (!carries)
		return look_elsewhere(pool, came);
	free_give(pool, &free);
	if (limbo.count) {
		pool_grace(pool);
		free_give(pool, &limbo);
	}
	carried(pool);
	return GATHERED;
}

uint64_t pool_free_pages(struct hf_pool *pool)
{
	uint64_t pages = 0;

	for (unsigned number = 0; number < SLOTS; number++) {
		struct slot *slot = &pool->slots[number];

		plat_lock(&slot->lock);
		pages += slot_pages_locked(slot);
		plat_unlock(&slot->lock);
	}
	plat_lock(&pool->lock);
	pages += free_count_locked(pool);
	plat_unlock(&pool->lock);
	return pages;
}

/* ---- out ---------------------------------------------------------------------------- */

struct page *page_born(struct hf_pool *pool, pfn_t pfn, uint32_t flags)
{
	struct page *page = page_of(pool, pfn);

	page->index = 0;
	atomic_store_explicit(&page->flags, flags, memory_order_relaxed);
#ifdef HF_LAB
	atomic_store_explicit(&page->entries, 0, memory_order_relaxed);
#endif
	/*
	 * No addition: who found the page by an old entry added to DEAD and took it back in one
	 * section, and that was over before the page could be had again.  Published to others by
	 * the release store of the entry that will map it.
	 */
	atomic_store_explicit(&page->count, COUNT_REFERENCE, memory_order_relaxed);
	return page;
}

static pfn_t take_frame_or_gather(struct hf_pool *pool)
{
	pfn_t pfn = take_frame(pool);
	enum gathered gathered = GATHERED;

	/* Others may be quicker to take what we gathered: until there is nothing to gather. */
	for (unsigned attempt = 0; pfn == PFN_NONE && gathered; attempt++) {
		gathered = pool_gather(pool);
		pfn = take_frame(pool);
		if (pfn == PFN_NONE && gathered == GATHERED_BY_OTHERS)
			plat_pause(attempt);
	}
	if (pfn != PFN_NONE)
		plat_page_wake(page_bytes(pool, pfn), PAGE_BYTES);
	return pfn;
}

struct page *page_alloc(struct hf_pool *pool, uint32_t flags, enum page_fill fill)
{
	pfn_t pfn = PFN_NONE;

	if (pool_told_to_fail(pool))
		return NULL;
	if (fill == PAGE_ZEROED && zero_is_used(pool))
		pfn = zero_take(pool);
	if (pfn != PFN_NONE)
		return page_born(pool, pfn, flags);
	pfn = take_frame_or_gather(pool);
	if (pfn == PFN_NONE)
		return NULL;
	if (fill == PAGE_ZEROED)
		plat_fill(page_bytes(pool, pfn), 0, PAGE_BYTES);
	return page_born(pool, pfn, flags);
}

int stock_fill(struct hf_pool *pool, struct page_stock *stock, uint64_t pages)
{
	*stock = (struct page_stock)STOCK_EMPTY;
	while (stock->count < pages) {
		pfn_t pfn = pool_told_to_fail(pool) ? PFN_NONE : take_frame_or_gather(pool);

		if (pfn == PFN_NONE) {
			stock_empty(pool, stock);
			return -HF_ENOMEM;
		}
		stock_push(pool, stock, pfn);
	}
	return 0;
}

struct page *stock_take(struct hf_pool *pool, struct page_stock *stock, uint32_t flags, enum page_fill fill)
{
	pfn_t pfn = stock_pop(pool, stock);

	if (fill == PAGE_ZEROED)
		plat_fill(page_bytes(pool, pfn), 0, PAGE_BYTES);
	return page_born(pool, pfn, flags);
}

void stock_empty(struct hf_pool *pool, struct page_stock *stock)
{
	struct page_stock pages = stock_take_all(stock);
	struct slot *slot = slot_mine(pool);

	if (!pages.count)
		return;
	/* Nobody has had them: back to where they are looked for first. */
	plat_lock(&slot->lock);
	while (pages.count && slot->cached < CACHE_PAGES) {
		pfn_t pfn = stock_pop(pool, &pages);

		if (PLAT_HEARS_OF_REST)
			plat_page_rest(page_bytes(pool, pfn), PAGE_BYTES);
		slot->cache[slot->cached++] = pfn;
	}
	slot->came++;
	plat_unlock(&slot->lock);
	if (pages.count)
		free_give(pool, &pages);
}

/* ---- back ----------------------------------------------------------------------------- */

void pool_limbo(struct hf_pool *pool, const struct page_stock *pages)
{
	struct slot *slot = slot_mine(pool);
	struct batch batches[BATCHES + 1];
	uint32_t n = 0;

	plat_lock(&slot->lock);
	stock_join(pool, &slot->limbo, pages);
	slot->came++;
	if (slot->limbo.count >= pool->limbo_most) {
		carry_locked(pool);
		for (; n < slot->waiting; n++)
			batches[n] = slot->batches[n];
		slot->waiting = 0;
		batches[n++].pages = stock_take_all(&slot->limbo);
	}
	plat_unlock(&slot->lock);
	if (n)
		limbo_is_full(pool, slot, batches, n);
}

void page_free(struct hf_pool *pool, struct page *page)
{
	pfn_t pfn = pfn_of(pool, page);
	struct page_stock one = { pfn, pfn, 1 };

	if (page_is_whole(pool, page)) {
		block_free(pool, page);
		return;
	}
	if (page_is(page, PAGE_TABLE))
		atomic_fetch_sub_explicit(&pool->tables, 1, memory_order_relaxed);
	pool_limbo(pool, &one);
}

bool page_dies_from(struct page *page, uint64_t count)
{
	/* Zero can be seen by two: a late pinner may come and go.  One of them frees.  Acquire pairs
	   with page_drop(): all use of the page is over (history/unmap-races-fast-pin). */
	return atomic_compare_exchange_strong_explicit(&page->count, &count, COUNT_DEAD, memory_order_acquire,
						       memory_order_relaxed);
}

void page_dirty(struct hf_pool *pool, struct page *page)
{
	if (page_is(page, PAGE_DIRTY))
		return;
	if (!(atomic_fetch_or_explicit(&page->flags, PAGE_DIRTY, memory_order_relaxed) & PAGE_DIRTY))
		stat_add(pool, STAT_dirtied, 1);
}

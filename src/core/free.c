/*
 * free.c - the pool's free pages: single ones, and blocks
 *
 * See free.h for the four places.  What is sorted is sorted once: a page that came
 * back is put on its block's pile when somebody wants a block, and stays there until
 * it is given out, so all who want one pay together for each page that came.
 *
 * A pile that was used up, or became a block, stays in the list of piles until it
 * comes to the front: so the list needs one link.
 */
#include "free.h"

/* Free pages of one block. */
struct pile {
	pfn_t first;		/* linked through page->index */
	uint32_t pages;
	pfn_t next;		/* the next pile's block */
	uint32_t listed;
};

/* Pages sorted with the pool's lock held: others want it, too. */
#define SORT_AT_ONCE 256u

/* ---- memory for all that ------------------------------------------------------------- */

static uint64_t descriptor_bytes(const struct hf_pool *pool)
{
	return (pool->count + blocks_of(pool->count)) * sizeof(struct page);
}

static uint64_t pile_bytes(const struct hf_pool *pool)
{
	return blocks_of(pool->count) * sizeof(struct pile);
}

bool free_reserve(struct hf_pool *pool)
{
	pool->pages = plat_reserve(descriptor_bytes(pool));
	pool->piles = plat_reserve(pile_bytes(pool));
	return pool->pages && pool->piles;
}

void free_unreserve(struct hf_pool *pool)
{
	if (pool->pages)
		plat_unreserve(pool->pages, descriptor_bytes(pool));
	if (pool->piles)
		plat_unreserve(pool->piles, pile_bytes(pool));
}

void free_begin(struct hf_pool *pool)
{
	pool->blocks = pool->pages + pool->count;
	pool->free = (struct page_stock)STOCK_EMPTY;
	pool->whole = (struct page_stock)STOCK_EMPTY;
	pool->zeroed = (struct page_stock)STOCK_EMPTY;
	pool->first_pile = PFN_NONE;
}

/* ---- in ---------------------------------------------------------------------------------- */

static void rest(struct hf_pool *pool, pfn_t number)
{
	if (number_is_whole(pool, number))
		plat_page_rest(page_bytes(pool, (number - pool->count) * TABLE_ENTRIES), TABLE_BYTES);
	else
		plat_page_rest(page_bytes(pool, number), PAGE_BYTES);
}

void free_give(struct hf_pool *pool, const struct page_stock *pages)
{
	if (PLAT_HEARS_OF_REST)
		for (pfn_t number = pages->first; number != PFN_NONE; number = page_of(pool, number)->index)
			rest(pool, number);
	plat_lock(&pool->lock);
	stock_join(pool, &pool->free, pages);
	pool->came++;
	plat_unlock(&pool->lock);
}

/* ---- piles ------------------------------------------------------------------------------- */

static void pile_push(struct hf_pool *pool, pfn_t pfn)
{
	pfn_t block = pfn / TABLE_ENTRIES;
	struct pile *pile = &pool->piles[block];

	page_of(pool, pfn)->index = pile->pages ? pile->first : PFN_NONE;
	pile->first = pfn;
	pile->pages++;
	pool->piled++;
	if (pile->pages == TABLE_ENTRIES) {
		pile->pages = 0;
		pool->piled -= TABLE_ENTRIES;
		stock_push(pool, &pool->whole, pool->count + block);
	} else if (!pile->listed) {
		pile->listed = 1;
		pile->next = pool->first_pile;
		pool->first_pile = block;
	}
}

static pfn_t pile_pop(struct hf_pool *pool)
{
	struct pile *pile;
	pfn_t pfn;

	if (!pool->piled)
		return PFN_NONE;
	while (pile = &pool->piles[pool->first_pile], !pile->pages) {
		pile->listed = 0;
		pool->first_pile = pile->next;
	}
	pfn = pile->first;
	pile->first = page_of(pool, pfn)->index;
	pile->pages--;
	pool->piled--;
	return pfn;
}

/* ---- the frontier ---------------------------------------------------------------------------- */

/* A descriptor is touched here for the first time; free pages are DEAD. */
static pfn_t frontier_take(struct hf_pool *pool)
{
	pfn_t pfn = pool->frontier++;

	atomic_store_explicit(&page_of(pool, pfn)->count, COUNT_DEAD, memory_order_relaxed);
	return pfn;
}

static pfn_t frontier_take_block(struct hf_pool *pool)
{
	uint64_t begin = blocks_of(pool->frontier) * TABLE_ENTRIES;

	if (begin + TABLE_ENTRIES > pool->count)
		return PFN_NONE;
	while (pool->frontier < begin)
		stock_push(pool, &pool->free, frontier_take(pool));
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		frontier_take(pool);
	return pool->count + (pfn_t)(begin / TABLE_ENTRIES);
}

/* ---- out --------------------------------------------------------------------------------------- */

/* The page that came last; blocks that came before it go where they belong. */
static pfn_t pop_single(struct hf_pool *pool)
{
	while (pool->free.first != PFN_NONE) {
		pfn_t number = stock_pop(pool, &pool->free);

		if (!number_is_whole(pool, number))
			return number;
		stock_push(pool, &pool->whole, number);
	}
	return PFN_NONE;
}

/* One block becomes its pages, the first of which is given out first. */
static void break_block(struct hf_pool *pool)
{
	pfn_t begin = (stock_pop(pool, &pool->whole) - pool->count) * TABLE_ENTRIES;

	for (pfn_t i = TABLE_ENTRIES; i--;)
		stock_push(pool, &pool->free, begin + i);
}

pfn_t free_take_unzeroed_locked(struct hf_pool *pool)
{
	pfn_t pfn = pop_single(pool);

	if (pfn == PFN_NONE)
		pfn = pile_pop(pool);
	if (pfn == PFN_NONE && pool->frontier < pool->count)
		return frontier_take(pool);
	return pfn;
}

pfn_t free_take_locked(struct hf_pool *pool)
{
	pfn_t pfn = pop_single(pool);

	if (pfn == PFN_NONE)
		pfn = pile_pop(pool);
	if (pfn == PFN_NONE && pool->whole.count) {
		break_block(pool);
		return stock_pop(pool, &pool->free);
	}
	if (pfn == PFN_NONE && pool->frontier < pool->count)
		return frontier_take(pool);
	if (pfn == PFN_NONE && pool->zeroed.count)
		return stock_pop(pool, &pool->zeroed);
	return pfn;
}

/* Some of what came; false: there is nothing left that could become a block. */
static bool sort_locked(struct hf_pool *pool)
{
	unsigned n = 0;
	pfn_t pfn;

	/* The last: zeroes are worth less than a block. */
	if (!pool->free.count)
		pool->free = stock_take_all(&pool->zeroed);
	while (!pool->whole.count && n++ < SORT_AT_ONCE && (pfn = pop_single(pool)) != PFN_NONE)
		pile_push(pool, pfn);
	return pool->whole.count || n > SORT_AT_ONCE;
}

pfn_t free_take_block(struct hf_pool *pool)
{
	pfn_t number = PFN_NONE;
	bool any = true;

	while (number == PFN_NONE && any) {
		plat_lock(&pool->lock);
		if (!pool->whole.count)
			number = frontier_take_block(pool);
		if (number == PFN_NONE)
			any = sort_locked(pool);
		if (pool->whole.count && number == PFN_NONE)
			number = stock_pop(pool, &pool->whole);
		plat_unlock(&pool->lock);
	}
	return number;
}

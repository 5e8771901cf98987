/*
 * free.h - stocks of free pages, and the pool's own
 *
 * A stock is a list of descriptors, linked through page->index.  A block that is free
 * as a whole is in it as one, by the descriptor of its whole, which is numbered behind
 * the frames (block.h).
 *
 * The pool has its free pages in these places, and gives out single pages from the first
 * of them that has any:
 *
 *	free       as they came back, the last first: pages, and blocks among them
 *	piles      a pile for each block of which some pages are free, sorted out of
 *	           those that came when somebody wanted a block and there was none
 *	whole      free blocks; one is broken into pages only when there is no single page
 *	frontier   frames never used, in a row
 *	zeroed     pages that are known to be zero, for who wants those (zero.h)
 *
 * A pile that has all pages of its block is a block again.  So a block costs the single
 * pages nothing: they are neither sorted nor joined until a block is wanted.
 */
#ifndef HOLDFAST_FREE_H
#define HOLDFAST_FREE_H

#include "pool.h"

/* Is it the number of a block's whole? */
static inline bool number_is_whole(const struct hf_pool *pool, pfn_t number)
{
	return number >= pool->count;
}

static inline void stock_push(struct hf_pool *pool, struct page_stock *stock, pfn_t number)
{
	page_of(pool, number)->index = stock->first;
	if (stock->first == PFN_NONE)
		stock->last = number;
	stock->first = number;
	stock->count += number_is_whole(pool, number) ? TABLE_ENTRIES : 1;
}

static inline pfn_t stock_pop(struct hf_pool *pool, struct page_stock *stock)
{
	pfn_t number = stock->first;

	stock->first = page_of(pool, number)->index;
	stock->count -= number_is_whole(pool, number) ? TABLE_ENTRIES : 1;
	return number;
}

/* All of the other stock, before what is there. */
static inline void stock_join(struct hf_pool *pool, struct page_stock *stock, const struct page_stock *other)
{
	if (other->first == PFN_NONE)
		return;
	page_of(pool, other->last)->index = stock->first;
	if (stock->first == PFN_NONE)
		stock->last = other->last;
	stock->first = other->first;
	stock->count += other->count;
}

static inline struct page_stock stock_take_all(struct page_stock *stock)
{
	struct page_stock all = *stock;

	*stock = (struct page_stock)STOCK_EMPTY;
	return all;
}

/* ---- the pool's ------------------------------------------------------------------------ */

/* Address space for the descriptors and the piles; false: there is none. */
bool free_reserve(struct hf_pool *pool);
void free_unreserve(struct hf_pool *pool);
void free_begin(struct hf_pool *pool);

/* All free pages that are not in a slot or on their way. */
static inline uint64_t free_count_locked(const struct hf_pool *pool)
{
	return pool->free.count + pool->piled + pool->whole.count + pool->zeroed.count +
	       (uint64_t)(pool->count - pool->frontier);
}

/*
 * Put free pages on the pool's list.  From here on, and not while it is in a limbo, a page
 * is at rest: nobody has a way to it any more.
 */
void free_give(struct hf_pool *pool, const struct page_stock *pages);

/* One page, or PFN_NONE. */
pfn_t free_take_locked(struct hf_pool *pool);

/* The same for who is going to zero it: no zero page, and no block is broken for it. */
pfn_t free_take_unzeroed_locked(struct hf_pool *pool);

/* A block's number as a whole, or PFN_NONE: none is free of what is here. */
pfn_t free_take_block(struct hf_pool *pool);

#endif

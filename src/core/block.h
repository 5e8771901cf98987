/*
 * block.h - blocks: the frames of a huge page, and the descriptor of its whole
 *
 *	frames      | 512 .. 1023 |         a block: TABLE_ENTRIES frames, aligned
 *	parts       |d|d|d| .. |d|          a descriptor each, as ever
 *	the whole   |      D      |         and one for all of them, in pool->blocks
 *
 * Where a huge page lies the whole's word counts the huge entries that map it, plain
 * references, and the pins that were taken on the whole; each part's word has one
 * reference, which the whole holds, and the pins of that part.  Elsewhere the whole's word
 * is DEAD: so who pins a whole finds out as who pins a page does (page.h).  Where no huge page
 * ever lay it is 0, and its memory untouched; nobody has found a huge entry to it, either.
 *
 *	birth   block_alloc()   the whole: 1 reference; each part: 1
 *	end     page_drop()     the whole: DEAD; each part loses its 1.  Those that are pinned
 *	                        live on as pages; all others go back, together if they are all
 *	split   block_split()   the whole: from 1 reference and no pin to DEAD; the parts' are the caller's
 *	join    block_join()    the way back; block_rejoin() while the whole is pinned
 *
 * A late pin may stand on a DEAD whole for a moment, as on a dead page, until it has taken
 * itself back.  It is nobody's pin, and page_pinned() does not count it.
 *
 * Whose entries lead here, and with which marks, is not known here.
 */
#ifndef HOLDFAST_BLOCK_H
#define HOLDFAST_BLOCK_H

#include "pool.h"

/* The whole of the block in which a frame lies. */
static inline struct page *block_of(const struct hf_pool *pool, pfn_t pfn)
{
	return &pool->blocks[pfn / TABLE_ENTRIES];
}

/* Is this a whole's descriptor, and no frame's?  (They lie behind the frames'.) */
static inline bool page_is_whole(const struct hf_pool *pool, const struct page *page)
{
	return page >= pool->blocks;
}

/* The first frame of a whole. */
static inline pfn_t block_pfn(const struct hf_pool *pool, const struct page *whole)
{
	return (pfn_t)(whole - pool->blocks) * TABLE_ENTRIES;
}

/*
 * Is a page pinned, itself or with the whole of its block?  Sees what was done through pins
 * that are over.  The whole first: who parts a pin of it pins each part before he unpins the
 * whole (races/huge-fork-against-unpin-of-a-part).
 */
static inline bool page_pinned(const struct hf_pool *pool, const struct page *page)
{
	uint64_t whole = page_counts(block_of(pool, pfn_of(pool, page)));

	return (!(whole & COUNT_DEAD) && COUNT_PINS(whole)) || page_pins(page);
}

/* How many of the parts are pinned themselves, the pins of the whole aside. */
unsigned block_parts_pinned(const struct hf_pool *pool, const struct page *whole);

/*
 * A huge page: the whole's descriptor, with one reference; its parts have the same flags.
 * NULL: no block is free as a whole, though pages may be.
 */
struct page *block_alloc(struct hf_pool *pool, uint32_t flags, enum page_fill fill);

/*
 * The parts for the whole, by who has a reference to it.  True: that was all there was, no
 * other reference and no pin, and now the caller has one reference to each part and no
 * whole is there.  False: nothing was done; the caller takes a reference to each part with
 * block_get_parts(), and drops his own to the whole when nobody finds it by his entry.
 */
bool block_split(struct hf_pool *pool, struct page *whole);
void block_get_parts(struct hf_pool *pool, struct page *whole);

/*
 * A whole for its parts, to each of which the caller has the only reference: afterwards he
 * has one to the whole.  He has cut the sections that may have found an older huge entry here.
 * False: nothing was done; such a one has not yet taken its pin back.
 */
bool block_join(struct page *whole, uint32_t flags);

/*
 * The way back where a whole is there that has nothing but pins: the caller, who has a reference to
 * each part beside the whole's, has one to the whole instead.  False: nothing was done.
 */
bool block_rejoin(struct hf_pool *pool, struct page *whole);

/* A whole that has just died (page_free()). */
void block_free(struct hf_pool *pool, struct page *whole);

#endif

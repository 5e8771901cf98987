/*
 * table.h - radix trees of entries: page tables, and the page caches of objects
 *
 *	root (level 3)      level 2          level 1          level 0
 *	+------------+     +---------+      +---------+      +-----------------+
 *	| entry      |---->| entry   |----->| entry   |----->| entry -> page   |
 *	+------------+     +---------+      +---------+      +-----------------+
 *	 index bits: 9        9                9                9             offset 12
 *
 * A tree of height h has levels h-1 to 0.  Address spaces have all four;
 * objects have as many as their largest index needs.  Tables are pages of the
 * pool, so an entry leads to its table by the direct map.
 *
 * A page table's descriptor counts its entries in use (page->entries).  The tree's
 * owner (the mm's lock, the object's lock) changes it; walkers of an mm's tree
 * are lock-free and inside read sections, so a table that is cut out is empty
 * first and goes through the limbo.
 */
#ifndef HOLDFAST_TABLE_H
#define HOLDFAST_TABLE_H

#include "pool.h"
#include "pte.h"

struct tree {
	pfn_t root;		/* 0: no table yet */
	unsigned height;
	uint64_t tables;	/* how many there are */
};

static inline pte_slot *table_of(const struct hf_pool *pool, pfn_t pfn)
{
	return (pte_slot *)(void *)page_bytes(pool, pfn);
}

static inline unsigned table_index(vpn_t vpn, unsigned level)
{
	return (unsigned)(vpn >> (level * HF_TABLE_SHIFT)) & (TABLE_ENTRIES - 1);
}

/* Pages that a tree of that height can name. */
static inline uint64_t tree_reach(unsigned height)
{
	return UINT64_C(1) << (height * HF_TABLE_SHIFT);
}

/* Where the last-level entry of vpn stands; NULL when there is no table for it. */
pte_slot *tree_find(const struct hf_pool *pool, const struct tree *tree, vpn_t vpn);

/* The same, making tables; NULL when there is no page for one. */
pte_slot *tree_build(struct hf_pool *pool, struct tree *tree, vpn_t vpn);

/* The same from a stock, which has a page for each table that can be missing. */
pte_slot *tree_build_from(struct hf_pool *pool, struct tree *tree, vpn_t vpn, struct page_stock *stock);

/* Set and empty a last-level entry, keeping the table's count of entries in use. */
void tree_fill(struct hf_pool *pool, pte_slot *slot, pte_t pte);
pte_t tree_empty(struct hf_pool *pool, pte_slot *slot);

/* Drop the tables over [from, to) that hold nothing. */
void tree_prune(struct hf_pool *pool, struct tree *tree, vpn_t from, vpn_t to);

/* Drop roots that lead to less than they could; a tree of nothing has none.  Not for lock-free walkers. */
void tree_lower(struct hf_pool *pool, struct tree *tree);

/*
 * The first vpn >= from, below to, whose entry is not zero, and where it
 * stands; to when there is none.  Skips what has no table in one step.
 */
vpn_t tree_next(const struct hf_pool *pool, const struct tree *tree, vpn_t from, vpn_t to, pte_slot **slot);

/* A part of one last-level table. */
struct leaf {
	pte_slot *slots;
	vpn_t vpn;		/* of the first slot */
	unsigned count;
};

/* The first leaf at or after from, below to, that has a table; false: there is none. */
bool tree_leaf(const struct hf_pool *pool, const struct tree *tree, vpn_t from, vpn_t to, struct leaf *leaf);

/* Set HAS_PINNED in every entry on the way down to vpn (the owner's lock held). */
void tree_mark_pinned(const struct hf_pool *pool, const struct tree *tree, vpn_t vpn);

#endif

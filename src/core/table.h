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
 * A page table's descriptor counts its entries in use (page->used), and its
 * references: the entries, in tables above it, that lead to it, or one for a root.
 * The tree's owner (the mm's lock, the object's lock) changes what is in its
 * tables; walkers of an mm's tree are lock-free and inside read sections, so a
 * table that is cut out goes through the limbo.
 *
 * A fork shares whole tables (share.c): then several trees lead to one, the entries
 * that do so have lost W and PINNABLE, and nobody changes what is in it until it is
 * his alone again (table_own), but for the bits that everybody may take away or set.
 */
#ifndef HOLDFAST_TABLE_H
#define HOLDFAST_TABLE_H

#include "block.h"
#include "pte.h"

struct tree {
	pfn_t root;		/* 0: no table yet */
	unsigned height;
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

/* Where the entry of vpn stands, at the last level or huge; NULL when there is no table for it. */
pte_slot *tree_find(const struct hf_pool *pool, const struct tree *tree, vpn_t vpn);

/*
 * The same in an mm's tree: where no table is, in the zero page.  *others: so many tables
 * there are on the way, from the first that is not known to be the tree's own.
 */
pte_slot *tree_look(const struct hf_pool *pool, const struct tree *tree, vpn_t vpn, unsigned *others);

/* The frame of the table in which an entry stands; 0: tree_look() found no table. */
static inline pfn_t table_frame(const struct hf_pool *pool, const pte_slot *slot)
{
	return (pfn_t)(((const unsigned char *)slot - pool->base) >> HF_PAGE_SHIFT);
}

/*
 * The last-level entry for who is going to change it: missing tables are made, shared ones
 * made the tree's own, all the way down, and a huge entry is parted.  NULL when there is no
 * page for a table.
 */
pte_slot *tree_build(struct hf_pool *pool, struct tree *tree, vpn_t vpn);

/* The same for a level 1 entry, huge or not, of a tree that has that level. */
pte_slot *tree_build_upper(struct hf_pool *pool, struct tree *tree, vpn_t vpn);

/* A page for a table, with whatever bytes are in it, or NULL; a page that is to become one. */
struct page *table_alloc(struct hf_pool *pool, enum page_fill fill);
void table_born(struct hf_pool *pool);

/* The same from a stock, which can't fail; NULL: allocated. */
struct page *table_take(struct hf_pool *pool, struct page_stock *stock, enum page_fill fill);

/* A table of that level behind slot, the tree's own: made, kept or copied.  0: there is no page. */
pfn_t table_build(struct hf_pool *pool, pte_slot *slot, unsigned level, struct page_stock *stock);

/* Entries of a table that are in use: who has seen so many need not look at the rest. */
static inline uint32_t table_used(const struct hf_pool *pool, pfn_t pfn)
{
	return atomic_load_explicit(&page_of(pool, pfn)->used, memory_order_relaxed);
}

/* Set and empty a last-level entry, keeping the table's count of entries in use. */
void tree_fill(struct hf_pool *pool, pte_slot *slot, pte_t pte);
pte_t tree_empty(struct hf_pool *pool, pte_slot *slot);

/*
 * Set a huge entry.  A table of the tree's own that stands there is given back, and nothing is done
 * to what it holds: it is empty, or the huge entry takes its pages over.
 */
void tree_fill_huge(struct hf_pool *pool, pte_slot *slot, pte_t huge);

/* Drop the tables over [from, to) that hold nothing. */
void tree_prune(struct hf_pool *pool, struct tree *tree, vpn_t from, vpn_t to);

/* What to clear of a range: see tree_clear(). */
enum clear {
	CLEAR_ALL,		/* entries, and the tables that then hold nothing */
	CLEAR_ENTRIES,		/* the tree's own tables stay, also if they hold nothing */
	CLEAR_SHARED,		/* shared tables that lie in the range as a whole, and nothing else */
};

/* Around a range, and at least that: beside the range no entry is in it. */
struct room {
	vpn_t low, high;
};

/*
 * Empty the entries of [from, to) and drop their pages.  A table that lies in the
 * room as a whole is dropped as a whole; where one sticks out it must be the
 * tree's own (build_end).
 */
void tree_clear(struct hf_pool *pool, struct tree *tree, vpn_t from, vpn_t to, struct room room, enum clear clear);

/* Drop roots that lead to less than they could; a tree of nothing has none.  Not for lock-free walkers. */
void tree_lower(struct hf_pool *pool, struct tree *tree);

/*
 * The first vpn >= from, below to, whose entry is not zero, and where it
 * stands; to when there is none.  Skips what has no table in one step.  A huge entry
 * comes once, with the first vpn of it that is not below from; behind it, pte_after().
 */
vpn_t tree_next(const struct hf_pool *pool, const struct tree *tree, vpn_t from, vpn_t to, pte_slot **slot);

/* A part of one last-level table, or of a huge entry. */
struct leaf {
	pte_slot *slots;
	vpn_t vpn;		/* of the first slot; in the midst of a huge entry perhaps */
	unsigned count;		/* of pages, each with a slot, or all with one */
	bool huge;
};

/* The first leaf at or after from, below to, that has a table; false: there is none. */
bool tree_leaf(const struct hf_pool *pool, const struct tree *tree, vpn_t from, vpn_t to, struct leaf *leaf);

/* ---- huge entries: huge.c ------------------------------------------------------------- */

/* What counts an entry among its references: the page, or of a huge entry the whole. */
static inline struct page *pte_page(const struct hf_pool *pool, pte_t pte)
{
	return unlikely(pte & PTE_PS) ? block_of(pool, pte_pfn(pte)) : page_of(pool, pte_pfn(pte));
}

/* Pages under an entry that shows some. */
static inline uint64_t pte_pages(pte_t pte)
{
	return pte & PTE_PS ? TABLE_ENTRIES : 1;
}

/* The first vpn behind an entry that stands at vpn, or before it. */
static inline vpn_t pte_after(vpn_t vpn, pte_t pte)
{
	return (vpn | (pte_pages(pte) - 1)) + 1;
}

/* The last-level entry of one page of a huge entry. */
static inline pte_t pte_part(pte_t pte, unsigned part)
{
	return (pte & ~(PTE_PS | PTE_HAS_PINNED)) + part * PTE_FRAME_STEP;
}

bool huge_pinned(const struct hf_pool *pool, pte_t pte);

/* Is the page that an entry shows pinned, or with the whole that it is a part of; of a huge entry, any part? */
static inline bool pte_pinned(const struct hf_pool *pool, pte_t pte)
{
	return unlikely(pte & PTE_PS) ? huge_pinned(pool, pte) : page_pinned(pool, page_of(pool, pte_pfn(pte)));
}

/* Does nobody else have it: no entry, no plain reference, no page cache?  See page_is_alone(). */
bool pte_is_alone(const struct hf_pool *pool, pte_t pte);

/* A table in place of a huge entry that stands in a table of the tree's own, of a page of the stock
   (NULL: allocated).  False: there is no page. */
bool huge_split(struct hf_pool *pool, pte_slot *slot, struct page_stock *stock);

/* ---- tables that a fork shares: share.c --------------------------------------------- */

/* What an entry loses when its table is shared. */
#define PTE_ALONE (PTE_W | PTE_PINNABLE)

/* Does this entry, which leads to a table, lead to one of the tree's own?  Not shared, or known to be alone again. */
static inline bool table_is_own(pte_t pte)
{
	return pte & PTE_W;
}

/*
 * Share what an entry shows, a table or a private page: it loses both marks, and what it
 * shows has one reference more.  Returns what the other side's entry is to be.
 */
pte_t pte_share(struct hf_pool *pool, pte_slot *slot, pte_t pte);

/*
 * Make the table behind slot, of that level, the owner's alone: kept if nobody else
 * has it any more, else copied, to a page of the stock (NULL: allocated).  False: there is no page.
 */
bool table_own(struct hf_pool *pool, pte_slot *slot, unsigned level, struct page_stock *stock);

/* Drop a reference to a table of that level, and with the last one what is under it. */
void table_drop(struct hf_pool *pool, pfn_t pfn, unsigned level);

/* Drop what a taken last-level entry referred to. */
void pte_drop(struct hf_pool *pool, pte_t pte);

/* Set HAS_PINNED in every upper entry on the way down to vpn, as far as there is one (the owner's lock held). */
void tree_mark_pinned(const struct hf_pool *pool, const struct tree *tree, vpn_t vpn);

/* ---- all that a call needs, or nothing: build.c ---------------------------------------- */

#define BUILD_NONE UINT64_MAX

struct build {
	struct hf_pool *pool;
	struct tree *tree;
	struct page_stock stock;
	uint64_t pages;		/* counted: for tables, and what else the caller adds */
	uint64_t missed;	/* so many there were not; BUILD_NONE */
	vpn_t last;		/* the way counted last, */
	unsigned depth;		/* and down to the table behind which level's entry */
	bool asks, builds;	/* the second count; what comes after it */
	int error;		/* 0 or -ENOMEM */
};

static inline struct build build_of(struct hf_pool *pool, struct tree *tree)
{
	/* Nothing has been counted, not even the root's entry. */
	return (struct build){ .pool = pool, .tree = tree, .stock = STOCK_EMPTY, .missed = BUILD_NONE, .depth = tree->height };
}

/* The whole way to vpn: missing tables are made, and shared ones made the tree's own. */
void build_way(struct build *build, vpn_t vpn);

/* The same as far as the level 1 entry, huge or not. */
void build_upper(struct build *build, vpn_t vpn);

/* Of the way to vpn, an end of [from, to), the tables that are there and stick out: made the tree's own. */
void build_end(struct build *build, vpn_t vpn, vpn_t from, vpn_t to);

/* A border at vpn, that of a mapping: a huge entry which it goes through is parted. */
void build_cut(struct build *build, vpn_t vpn);

/* Have what was counted, and build from here on.  True: it is to be counted once more; else see build->error. */
bool build_fill(struct build *build);

/* False: it is built, or there are not enough pages. */
bool build_goes_on(struct build *build);

/* Both ends of [from, to) by themselves: 0 or -ENOMEM. */
int tree_own_ends(struct hf_pool *pool, struct tree *tree, vpn_t from, vpn_t to, struct room room);

#endif

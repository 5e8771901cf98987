/*
 * table.c - building, searching, clearing and pruning the radix trees of table.h
 */
#include "table.h"

/*
 * Take the table behind an entry out of sight.  Whoever remembers the way to it forgets
 * that before a page of it can be given out again: an entry that is not emptied itself
 * still looks right (races/pins-again-against-exit-and-reuse-of-the-tables).  Not when the
 * table itself is freed: its pages are given back before.
 */
static void hide_table(struct hf_pool *pool, pte_slot *slot)
{
	tree_empty(pool, slot);
	pool_reshape(pool);
}

static struct page *table_page(const struct hf_pool *pool, const pte_slot *slot)
{
	return page_of(pool, table_frame(pool, slot));
}

static void table_count(const struct hf_pool *pool, const pte_slot *slot, uint32_t change)
{
	struct page *page = table_page(pool, slot);
	uint32_t used = atomic_load_explicit(&page->used, memory_order_relaxed);

	/* Only the tree's owner changes it; others never look. */
	atomic_store_explicit(&page->used, used + change, memory_order_relaxed);
}

pte_slot *tree_find(const struct hf_pool *pool, const struct tree *tree, vpn_t vpn)
{
	pfn_t pfn = tree->root;

	if (vpn >= tree_reach(tree->height))
		return NULL;
	for (unsigned level = tree->height - 1; pfn && level; level--) {
		pte_slot *slot = &table_of(pool, pfn)[table_index(vpn, level)];
		pte_t pte = pte_load(slot);

		if (pte & PTE_PS)
			return slot;
		pfn = pte_pfn(pte);
	}
	return pfn ? &table_of(pool, pfn)[table_index(vpn, 0)] : NULL;
}

pte_slot *tree_look(const struct hf_pool *pool, const struct tree *tree, vpn_t vpn, unsigned *others)
{
	pfn_t pfn = tree->root;

	*others = 0;
	for (unsigned level = tree->height - 1; level; level--) {
		pte_t pte = pte_load(&table_of(pool, pfn)[table_index(vpn, level)]);

		if (pte & PTE_PS) {
			*others -= *others != 0;
			return &table_of(pool, pfn)[table_index(vpn, level)];
		}
		if (!*others && !table_is_own(pte))
			*others = level;
		pfn = pte_pfn(pte);
	}
	return &table_of(pool, pfn)[table_index(vpn, 0)];
}

void table_born(struct hf_pool *pool)
{
	atomic_fetch_add_explicit(&pool->tables, 1, memory_order_relaxed);
}

struct page *table_alloc(struct hf_pool *pool, enum page_fill fill)
{
	struct page *page = page_alloc(pool, PAGE_TABLE, fill);

	if (page)
		table_born(pool);
	return page;
}

struct page *table_take(struct hf_pool *pool, struct page_stock *stock, enum page_fill fill)
{
	struct page *page;

	if (!stock)
		return table_alloc(pool, fill);
	page = stock_take(pool, stock, PAGE_TABLE, fill);
	table_born(pool);
	return page;
}

/* A root, as high as vpn needs: what was the root becomes its first entry. */
static bool tree_raise(struct hf_pool *pool, struct tree *tree, vpn_t vpn)
{
	while (!tree->root || vpn >= tree_reach(tree->height)) {
		struct page *page = table_alloc(pool, PAGE_ZEROED);
		pfn_t root;

		if (!page)
			return false;
		root = pfn_of(pool, page);
		if (tree->root) {
			tree_fill(pool, &table_of(pool, root)[0], pte_make(tree->root, PTE_TABLE));
			tree->height++;
		}
		tree->root = root;
		if (!tree->height)
			tree->height = 1;
	}
	return true;
}

pfn_t table_build(struct hf_pool *pool, pte_slot *slot, unsigned level, struct page_stock *stock)
{
	pte_t pte = pte_load(slot);

	if (unlikely(pte & PTE_PS)) {
		if (!huge_split(pool, slot, stock))
			return 0;
		pte = pte_load(slot);
	} else if (!pte) {
		struct page *page = table_take(pool, stock, PAGE_ZEROED);

		if (!page)
			return 0;
		pte = pte_make(pfn_of(pool, page), PTE_TABLE);
		tree_fill(pool, slot, pte);
	} else if (unlikely(!table_is_own(pte))) {
		if (!table_own(pool, slot, level, stock))
			return 0;
		pte = pte_load(slot);
	}
	return pte_pfn(pte);
}

/* Down to the table of that level. */
static pte_slot *build_down(struct hf_pool *pool, struct tree *tree, vpn_t vpn, unsigned lowest)
{
	pfn_t pfn;

	if (!tree_raise(pool, tree, vpn))
		return NULL;
	pfn = tree->root;
	for (unsigned level = tree->height - 1; pfn && level > lowest; level--)
		pfn = table_build(pool, &table_of(pool, pfn)[table_index(vpn, level)], level - 1, NULL);
	return pfn ? &table_of(pool, pfn)[table_index(vpn, lowest)] : NULL;
}

pte_slot *tree_build(struct hf_pool *pool, struct tree *tree, vpn_t vpn)
{
	return build_down(pool, tree, vpn, 0);
}

pte_slot *tree_build_upper(struct hf_pool *pool, struct tree *tree, vpn_t vpn)
{
	return build_down(pool, tree, vpn, 1);
}

void tree_fill(struct hf_pool *pool, pte_slot *slot, pte_t pte)
{
	if (!atomic_load_explicit(slot, memory_order_relaxed))
		table_count(pool, slot, 1);
	pte_publish(slot, pte);
}

void tree_fill_huge(struct hf_pool *pool, pte_slot *slot, pte_t huge)
{
	pte_t table = pte_load(slot);

	tree_fill(pool, slot, huge);
	pool_reshape(pool);
	if (table)
		page_drop(pool, page_of(pool, pte_pfn(table)), COUNT_REFERENCE);
}

pte_t tree_empty(struct hf_pool *pool, pte_slot *slot)
{
	pte_t pte = pte_take(slot);

	if (pte)
		table_count(pool, slot, (uint32_t)-1);
	return pte;
}

/* Drop what is empty under one table; true if the table itself is empty now. */
static bool prune_under(struct hf_pool *pool, pfn_t pfn, unsigned level, vpn_t from, vpn_t to)
{
	uint64_t span = tree_reach(level);
	pte_slot *table = table_of(pool, pfn);

	for (vpn_t vpn = from; level && vpn < to; vpn = (vpn | (span - 1)) + 1) {
		pte_slot *slot = &table[table_index(vpn, level)];
		pte_t pte = pte_load(slot);
		vpn_t end = (vpn | (span - 1)) + 1;

		/* Under what is shared nothing is changed, empty or not (races/tables-empty-one-against-store). */
		if (!pte || (pte & PTE_PS) || !table_is_own(pte) ||
		    !prune_under(pool, pte_pfn(pte), level - 1, vpn, end < to ? end : to))
			continue;
		hide_table(pool, slot);
		page_drop(pool, page_of(pool, pte_pfn(pte)), COUNT_REFERENCE);
	}
	return !atomic_load_explicit(&table_page(pool, table)->used, memory_order_relaxed);
}

void tree_prune(struct hf_pool *pool, struct tree *tree, vpn_t from, vpn_t to)
{
	uint64_t reach = tree->root ? tree_reach(tree->height) : 0;

	if (from < reach)
		prune_under(pool, tree->root, tree->height - 1, from, to < reach ? to : reach);
}

/* ---- clearing a range -------------------------------------------------------------------- */

struct clearing {
	struct hf_pool *pool;
	vpn_t low, high;	/* the room: beside the range there is nothing in it */
	enum clear clear;
};

static void clear_entry(const struct clearing *clearing, pte_slot *slot, unsigned level, vpn_t from, vpn_t to);

/* [from, to) of one table of the tree's own; true: nothing is left in it. */
static bool clear_under(const struct clearing *clearing, pfn_t pfn, unsigned level, vpn_t from, vpn_t to)
{
	uint64_t span = tree_reach(level);
	pte_slot *table = table_of(clearing->pool, pfn);

	for (vpn_t vpn = from, end; vpn < to; vpn = end) {
		pte_slot *slot = &table[table_index(vpn, level)];

		end = (vpn | (span - 1)) + 1;
		if (!atomic_load_explicit(slot, memory_order_relaxed))
			continue;
		clear_entry(clearing, slot, level, vpn, end < to ? end : to);
		if (!table_used(clearing->pool, pfn))
			break;
	}
	return !table_used(clearing->pool, pfn);
}

/* One entry of a table of that level, of which [from, to) is in the range. */
static void clear_entry(const struct clearing *clearing, pte_slot *slot, unsigned level, vpn_t from, vpn_t to)
{
	struct hf_pool *pool = clearing->pool;
	vpn_t first = from & ~(tree_reach(level) - 1);
	bool whole = first >= clearing->low && first + tree_reach(level) <= clearing->high;
	pte_t pte = pte_load(slot);

	/* A huge entry lies in the range as a whole: where one sticks out it was parted (build_end). */
	if (!level || (pte & PTE_PS)) {
		if (clearing->clear != CLEAR_SHARED)
			pte_drop(pool, tree_empty(pool, slot));
		return;
	}
	if (!whole || (clearing->clear != CLEAR_ALL && table_is_own(pte))) {
		if (!table_is_own(pte))	/* it sticks out, and nothing was to be cleared in it */
			return;
		if (!clear_under(clearing, pte_pfn(pte), level - 1, from, to) || clearing->clear != CLEAR_ALL)
			return;
	}
	/* First of all: whoever has found it before is in a section that its pages and itself wait for. */
	hide_table(pool, slot);
	table_drop(pool, pte_pfn(pte), level - 1);
}

void tree_clear(struct hf_pool *pool, struct tree *tree, vpn_t from, vpn_t to, struct room room, enum clear clear)
{
	struct clearing clearing = { .pool = pool, .low = room.low, .high = room.high, .clear = clear };
	uint64_t reach = tree->root ? tree_reach(tree->height) : 0;

	if (from < reach)
		clear_under(&clearing, tree->root, tree->height - 1, from, to < reach ? to : reach);
}

void tree_lower(struct hf_pool *pool, struct tree *tree)
{
	while (tree->root) {
		struct page *root = page_of(pool, tree->root);
		uint32_t used = atomic_load_explicit(&root->used, memory_order_relaxed);
		pte_t first = pte_load(&table_of(pool, tree->root)[0]);

		if (used > 1 || (used && (!first || tree->height == 1)))
			return;
		tree->root = used ? pte_pfn(first) : 0;
		tree->height = used ? tree->height - 1 : 0;
		page_drop(pool, root, COUNT_REFERENCE);
	}
}

/* The table in which the way to vpn ends, of level *level: the last, or one whose entry is huge.  0: an entry is empty. */
static pfn_t leaf_table(const struct hf_pool *pool, const struct tree *tree, vpn_t vpn, unsigned *level)
{
	pfn_t pfn = tree->root;

	for (*level = tree->height - 1; *level; --*level) {
		pte_t pte = pte_load(&table_of(pool, pfn)[table_index(vpn, *level)]);

		if (!pte)
			return 0;
		if (pte & PTE_PS)
			break;
		pfn = pte_pfn(pte);
	}
	return pfn;
}

bool tree_leaf(const struct hf_pool *pool, const struct tree *tree, vpn_t from, vpn_t to, struct leaf *leaf)
{
	uint64_t reach = tree->root ? tree_reach(tree->height) : 0;

	if (to > reach)
		to = reach;
	while (from < to) {
		unsigned level, index = table_index(from, 0);
		pfn_t pfn = leaf_table(pool, tree, from, &level);

		if (pfn) {
			uint64_t left = to - from;

			leaf->slots = &table_of(pool, pfn)[table_index(from, level)];
			leaf->vpn = from;
			leaf->count = left < TABLE_ENTRIES - index ? (unsigned)left : TABLE_ENTRIES - index;
			leaf->huge = level;
			return true;
		}
		from = (from | (tree_reach(level) - 1)) + 1;
	}
	return false;
}

vpn_t tree_next(const struct hf_pool *pool, const struct tree *tree, vpn_t from, vpn_t to, pte_slot **slot)
{
	struct leaf leaf;

	for (vpn_t vpn = from; tree_leaf(pool, tree, vpn, to, &leaf); vpn = leaf.vpn + leaf.count)
		for (unsigned i = 0; i < leaf.count; i++)
			if (leaf.huge || atomic_load_explicit(&leaf.slots[i], memory_order_relaxed)) {
				*slot = &leaf.slots[i];
				return leaf.vpn + i;
			}
	return to;
}

void tree_mark_pinned(const struct hf_pool *pool, const struct tree *tree, vpn_t vpn)
{
	pfn_t pfn = tree->root;

	for (unsigned level = tree->height - 1; level; level--) {
		pte_slot *slot = &table_of(pool, pfn)[table_index(vpn, level)];
		pte_t pte = pte_load(slot);

		if (!pte)
			return;
		if (!(pte & PTE_HAS_PINNED))
			pte_set(slot, PTE_HAS_PINNED);
		if (pte & PTE_PS)
			return;
		pfn = pte_pfn(pte);
	}
}

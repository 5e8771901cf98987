/*
 * table.c - building, searching and pruning the radix trees of table.h
 */
#include "table.h"

static struct page *table_page(const struct hf_pool *pool, const pte_slot *slot)
{
	return page_of(pool, (pfn_t)(((const unsigned char *)slot - pool->base) >> HF_PAGE_SHIFT));
}

static void table_count(const struct hf_pool *pool, const pte_slot *slot, uint32_t change)
{
	struct page *page = table_page(pool, slot);
	uint32_t used = atomic_load_explicit(&page->entries, memory_order_relaxed);

	/* Only the tree's owner changes it; others never look. */
	atomic_store_explicit(&page->entries, used + change, memory_order_relaxed);
}

pte_slot *tree_find(const struct hf_pool *pool, const struct tree *tree, vpn_t vpn)
{
	pfn_t pfn = tree->root;

	if (vpn >= tree_reach(tree->height))
		return NULL;
	for (unsigned level = tree->height - 1; pfn && level; level--)
		pfn = pte_pfn(pte_load(&table_of(pool, pfn)[table_index(vpn, level)]));
	return pfn ? &table_of(pool, pfn)[table_index(vpn, 0)] : NULL;
}

static struct page *table_alloc(struct hf_pool *pool, struct tree *tree, struct page_stock *stock)
{
	struct page *page;

	if (stock) {
		page = stock_take(pool, stock, PAGE_TABLE);
		plat_fill(page_bytes(pool, pfn_of(pool, page)), 0, PAGE_BYTES);
	} else {
		page = page_alloc(pool, PAGE_TABLE, PAGE_ZEROED);
	}
	if (page) {
		tree->tables++;
		atomic_fetch_add_explicit(&pool->tables, 1, memory_order_relaxed);
	}
	return page;
}

/* A root, as high as vpn needs: what was the root becomes its first entry. */
static bool tree_raise(struct hf_pool *pool, struct tree *tree, vpn_t vpn, struct page_stock *stock)
{
	while (!tree->root || vpn >= tree_reach(tree->height)) {
		struct page *page = table_alloc(pool, tree, stock);
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

pte_slot *tree_build_from(struct hf_pool *pool, struct tree *tree, vpn_t vpn, struct page_stock *stock)
{
	pfn_t pfn;

	if (!tree_raise(pool, tree, vpn, stock))
		return NULL;
	pfn = tree->root;
	for (unsigned level = tree->height - 1; level; level--) {
		pte_slot *slot = &table_of(pool, pfn)[table_index(vpn, level)];
		pte_t pte = pte_load(slot);

		if (!pte) {
			struct page *page = table_alloc(pool, tree, stock);

			if (!page)
				return NULL;
			pte = pte_make(pfn_of(pool, page), PTE_TABLE);
			tree_fill(pool, slot, pte);
		}
		pfn = pte_pfn(pte);
	}
	return &table_of(pool, pfn)[table_index(vpn, 0)];
}

pte_slot *tree_build(struct hf_pool *pool, struct tree *tree, vpn_t vpn)
{
	return tree_build_from(pool, tree, vpn, NULL);
}

void tree_fill(struct hf_pool *pool, pte_slot *slot, pte_t pte)
{
	if (!atomic_load_explicit(slot, memory_order_relaxed))
		table_count(pool, slot, 1);
	pte_publish(slot, pte);
}

pte_t tree_empty(struct hf_pool *pool, pte_slot *slot)
{
	pte_t pte = pte_take(slot);

	if (pte)
		table_count(pool, slot, (uint32_t)-1);
	return pte;
}

/* Drop what is empty under one table; true if the table itself is empty now. */
static bool prune_under(struct hf_pool *pool, struct tree *tree, pfn_t pfn, unsigned level, vpn_t from, vpn_t to)
{
	uint64_t span = tree_reach(level);
	pte_slot *table = table_of(pool, pfn);

	for (vpn_t vpn = from; level && vpn < to; vpn = (vpn | (span - 1)) + 1) {
		pte_slot *slot = &table[table_index(vpn, level)];
		pte_t pte = pte_load(slot);
		vpn_t end = (vpn | (span - 1)) + 1;

		if (!pte || !prune_under(pool, tree, pte_pfn(pte), level - 1, vpn, end < to ? end : to))
			continue;
		tree_empty(pool, slot);
		tree->tables--;
		page_drop(pool, page_of(pool, pte_pfn(pte)), COUNT_REFERENCE);
	}
	return !atomic_load_explicit(&table_page(pool, table)->entries, memory_order_relaxed);
}

void tree_prune(struct hf_pool *pool, struct tree *tree, vpn_t from, vpn_t to)
{
	uint64_t reach = tree->root ? tree_reach(tree->height) : 0;

	if (from < reach)
		prune_under(pool, tree, tree->root, tree->height - 1, from, to < reach ? to : reach);
}

void tree_lower(struct hf_pool *pool, struct tree *tree)
{
	while (tree->root) {
		struct page *root = page_of(pool, tree->root);
		uint32_t used = atomic_load_explicit(&root->entries, memory_order_relaxed);
		pte_t first = pte_load(&table_of(pool, tree->root)[0]);

		if (used > 1 || (used && (!first || tree->height == 1)))
			return;
		tree->root = used ? pte_pfn(first) : 0;
		tree->height = used ? tree->height - 1 : 0;
		tree->tables--;
		page_drop(pool, root, COUNT_REFERENCE);
	}
}

/* The last-level table of vpn; 0, and *level where the way ends, when there is none. */
static pfn_t leaf_table(const struct hf_pool *pool, const struct tree *tree, vpn_t vpn, unsigned *level)
{
	pfn_t pfn = tree->root;

	for (*level = tree->height - 1; *level; --*level) {
		pte_t pte = pte_load(&table_of(pool, pfn)[table_index(vpn, *level)]);

		if (!pte)
			return 0;
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

			leaf->slots = &table_of(pool, pfn)[index];
			leaf->vpn = from;
			leaf->count = left < TABLE_ENTRIES - index ? (unsigned)left : TABLE_ENTRIES - index;
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
			if (atomic_load_explicit(&leaf.slots[i], memory_order_relaxed)) {
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

		if (!(pte & PTE_HAS_PINNED))
			pte_set(slot, PTE_HAS_PINNED);
		pfn = pte_pfn(pte);
	}
}

/*
 * huge.c - huge entries: what is pinned under one, and how one is parted
 *
 *	before                           after
 *	------                           -----
 *	level 1 --PS--> whole            level 1 --> table --> part 0, 1, 2 ...
 *
 * A huge entry holds a reference to the whole (page.h), and the whole one to each part of
 * it.  Parted, the entries of the table hold one to each part.  Where nobody else has the
 * whole its references become the entries'; else it lives on beside them, with the parts that
 * it holds, until its last pin, or entry in another table, is gone.  So who
 * parts a huge page changes nothing for those who have pinned or mapped it.
 *
 * Bytes, frames and rights stay as they are, and a pin or a store that found the huge entry
 * needs no handshake: it is over the same pages, and HAS_PINNED comes along.
 */
#include "table.h"

bool huge_pinned(const struct hf_pool *pool, pte_t pte)
{
	if (page_pins(pte_page(pool, pte)))
		return true;
	/* Whoever pins a part sets the mark first, and a fork that finds none takes it away. */
	return (pte & PTE_HAS_PINNED) && block_parts_pinned(pool, pte_page(pool, pte));
}

bool pte_is_alone(const struct hf_pool *pool, pte_t pte)
{
	/*
	 * The whole first: who parts it gives the parts references of their own before he drops
	 * his to the whole (races/huge-split-of-one-side-against-store-of-the-other).
	 */
	bool alone = page_is_alone(pte_page(pool, pte));

	for (unsigned part = 0; alone && part < TABLE_ENTRIES && (pte & PTE_PS); part++)
		alone = page_is_alone(page_of(pool, pte_pfn(pte) + part));
	return alone;
}

/* The table, which holds nothing yet, takes the entry's place. */
static void huge_part(struct hf_pool *pool, pte_slot *slot, struct page *table)
{
	pte_t pte = pte_load(slot), parted;
	struct page *whole = pte_page(pool, pte);
	pte_slot *entries = table_of(pool, pfn_of(pool, table));

	atomic_store_explicit(&table->used, TABLE_ENTRIES, memory_order_relaxed);
	/* Loads and stores set A and D meanwhile, and pins HAS_PINNED. */
	do {
		for (unsigned part = 0; part < TABLE_ENTRIES; part++)
			atomic_store_explicit(&entries[part], pte_part(pte, part), memory_order_relaxed);
		parted = pte_make(pfn_of(pool, table), PTE_TABLE | (pte & PTE_HAS_PINNED));
		/* Release pairs with pte_load(): who finds the table finds its entries (races/huge-split-against-load). */
	} while (!atomic_compare_exchange_weak_explicit(slot, &pte, parted, memory_order_release, memory_order_relaxed));
	for (unsigned part = 0; part < TABLE_ENTRIES; part++)
		page_entry_added(page_of(pool, pte_pfn(pte) + part));
	page_entry_removed(whole);
	stat_add(pool, STAT_huge_splits, 1);
	if (block_split(pool, whole))
		return;
	block_get_parts(pool, whole);
	page_drop(pool, whole, COUNT_REFERENCE);
}

bool huge_split(struct hf_pool *pool, pte_slot *slot, struct page_stock *stock)
{
	struct page *table = table_take(pool, stock, PAGE_ANY);

	if (table)
		huge_part(pool, slot, table);
	return table != NULL;
}

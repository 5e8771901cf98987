/*
 * share.c - page tables that a fork shares
 *
 *	before the fork          after it                  after A changed something under it
 *	---------------          --------                  ----------------------------------
 *	A --W,PINNABLE--> T      A ------> T <------ B     A --W,PINNABLE--> T'     T <------ B
 *	                         (two references)          (copy: each page is mapped by two tables)
 *
 * The entries that lead to a shared table lose W and PINNABLE, and nothing under it is
 * touched: W and PINNABLE compose along the walk, so nobody stores or pins through it.
 * Who wants to change something under it makes it his own first, level by level:
 *
 *	the only reference left: W and PINNABLE come back, and with them whatever the
 *	entries under it still have
 *	else: a copy.  In *both* tables the private pages lose W and PINNABLE, for the
 *	other side may be the last one day, and gets its own back by one bit; each page
 *	has one reference more.  Then the copy is published, and then the old table dropped.
 *
 * So a page counts the tables that map it, and not the address spaces: it is one
 * space's alone when one table maps it, the way to that table is not shared, and
 * nobody holds a plain reference (page_is_alone).  A plain reference is taken through a
 * table of one's own, like all else that changes anything: its page loses W in the other
 * side's table with the copy, and CVE-2020-29374 stays away.
 *
 * "Am I the last?" is asked under one's own mm's lock, and only a fork of one's own could
 * make the answer wrong again.  Two who share a table come one after the other, by the
 * table's lock: the second then is the last, and copies nothing.  It is not needed for
 * anybody's safety; without it both would copy, and the last drop free the table.
 *
 * A shared table never holds HAS_PINNED: a fork descends where it is set (fork.c).
 */
#include "table.h"

void pte_drop(struct hf_pool *pool, pte_t pte)
{
	struct page *page = pte_page(pool, pte);

	if (!pte_has_page(pte) || pte_is_zero_page(pte))
		return;
	page_entry_removed(page);
	page_drop(pool, page, COUNT_REFERENCE);
}

/* ---- share ------------------------------------------------------------------------ */

pte_t pte_share(struct hf_pool *pool, pte_slot *slot, pte_t pte)
{
	/* Shared by an earlier fork, and nobody has written since: nothing to take away. */
	if (pte & PTE_ALONE)
		pte_clear(slot, PTE_ALONE);
	page_get(pte_page(pool, pte));
	return pte & ~(PTE_ALONE | PTE_HAS_PINNED);
}

/* ---- own ----------------------------------------------------------------------------- */

/* A last-level entry for the copy of its table. */
static pte_t copy_page_entry(struct hf_pool *pool, pte_slot *slot, pte_t pte)
{
	struct page *page = page_of(pool, pte_pfn(pte));

	if (!pte_has_page(pte) || pte_is_zero_page(pte))
		return pte;
	page_entry_added(page);
	if (page_is(page, PAGE_ANONYMOUS))
		return pte_share(pool, slot, pte);
	/* An object's page is the same for everybody who maps it, marks and all. */
	page_get(page);
	return pte;
}

static void copy_entries(struct hf_pool *pool, struct page *to, struct page *from, unsigned level)
{
	pte_slot *new = table_of(pool, pfn_of(pool, to)), *old = table_of(pool, pfn_of(pool, from));

	for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
		/* What is here was before the fork; who has the space from it has seen that. */
		pte_t pte = atomic_load_explicit(&old[i], memory_order_relaxed);

		if (pte & PTE_PS)
			page_entry_added(pte_page(pool, pte));
		if (pte)
			pte = level ? pte_share(pool, &old[i], pte) : copy_page_entry(pool, &old[i], pte);
		/* Nobody else has a way to it yet. */
		atomic_store_explicit(&new[i], pte, memory_order_relaxed);
	}
	atomic_store_explicit(&to->used, atomic_load_explicit(&from->used, memory_order_relaxed),
			      memory_order_relaxed);
}

static struct plat_lock *lock_of(struct hf_pool *pool, pfn_t pfn)
{
	return &pool->table_locks[pfn % TABLE_LOCKS];
}

static bool own_locked(struct hf_pool *pool, pte_slot *slot, pfn_t pfn, unsigned level, struct page_stock *stock)
{
	struct page *old = page_of(pool, pfn), *page;

	if (page_is_alone(old)) {
		pte_set(slot, PTE_ALONE);
		return true;
	}
	page = table_take(pool, stock, PAGE_ANY);
	if (!page)
		return false;
	/* ---- point of no return ---- */
	copy_entries(pool, page, old, level);
	pte_publish(slot, pte_make(pfn_of(pool, page), PTE_TABLE));
	table_drop(pool, pfn, level);
	stat_add(pool, STAT_table_copies, 1);
	return true;
}

bool table_own(struct hf_pool *pool, pte_slot *slot, unsigned level, struct page_stock *stock)
{
	pfn_t pfn = pte_pfn(pte_load(slot));
	bool done;

	plat_lock(lock_of(pool, pfn));
	done = own_locked(pool, slot, pfn, level, stock);
	plat_unlock(lock_of(pool, pfn));
	return done;
}

/* ---- drop ------------------------------------------------------------------------------- */

void table_drop(struct hf_pool *pool, pfn_t pfn, unsigned level)
{
	struct page *page = page_of(pool, pfn);

	if (!page_drop_only(page, COUNT_REFERENCE))
		return;
	for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
		pte_t pte = pte_load(&table_of(pool, pfn)[i]);

		if (pte && level && !(pte & PTE_PS))
			table_drop(pool, pte_pfn(pte), level - 1);
		else if (pte)
			pte_drop(pool, pte);
	}
	/* Not emptied: it is out of sight, and rests until nobody can be on the way through it. */
	page_free(pool, page);
}

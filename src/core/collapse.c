/*
 * collapse.c - the pages of a block made one huge page
 *
 *	1  close the handshake: no pin begins, no store is under way (handshake.h)
 *	2  look: are the pages a block already, in order and this mm's alone?  Then they become
 *	   one where they are, also the pinned among them, whose pins stay where they are.
 *	   Else each must be free to move: not pinned, no plain reference
 *	3  the huge entry takes the table's place in one store; then the table is dropped
 *
 * A load that found the table before looks again when it has its bytes, at every level
 * (access.c).  It may go on in the dropped table until then: what it finds there are the pages
 * that were there, and neither the table nor they are used anew while its section is open.
 *
 * It works block by block, and is no promise for later: what parts a huge page again
 * (a fork with pinned parts, a store after a fork, an unmap of a part) does.
 */
#include "handshake.h"
#include "map.h"

/* 0: one huge page could stand here, as far as the mappings go. */
static int may_collapse(struct hf_mm *mm, uint64_t block)
{
	const struct vma *vma = vma_find(mm, block);

	if (!vma_covers(mm, block, block + TABLE_BYTES))
		return -HF_ENOMEM;
	return vma->object || vma->end - block < TABLE_BYTES ? -HF_EINVAL : 0;
}

/*
 * May a page be given up for a copy?  0, or the reason why not.  What a fork shares, by itself or
 * with its table, has no pins, and others hold it for reasons of their own.
 */
static int may_move(const struct hf_pool *pool, pte_t table, pte_t pte)
{
	if (pte & PTE_HOLE)
		return -HF_ENODATA;
	if (!pte_has_page(pte) || !(table & pte & PTE_PINNABLE))
		return 0;
	return pte_pinned(pool, pte) || !page_is_alone(pte_page(pool, pte)) ? -HF_EBUSY : 0;
}

/* Does the table show a block as it stands, page by page, each with so many references? */
static bool shows_block(const struct hf_pool *pool, pte_t table, pfn_t first, uint32_t references)
{
	for (unsigned part = 0; part < TABLE_ENTRIES; part++) {
		pte_t pte = pte_load(&table_of(pool, pte_pfn(table))[part]);

		if (!pte_has_page(pte) || !(pte & PTE_PINNABLE) || pte_pfn(pte) != first + part ||
		    COUNT_REFERENCES(page_counts(page_of(pool, first + part))) != references)
			return false;
	}
	return true;
}

/*
 * The pages of the table made a huge page where they are, if they are a block and nobody's but
 * this mm's; NULL: they are not.  One that was parted while the whole was pinned may still be
 * there, with a reference to each part.
 */
static struct page *join_in_place(struct hf_pool *pool, pte_t table)
{
	pfn_t first = pte_pfn(pte_load(&table_of(pool, pte_pfn(table))[0]));
	struct page *whole = block_of(pool, first);

	if (!table_is_own(table) || first % TABLE_ENTRIES || !first)
		return NULL;
	if (shows_block(pool, table, first, 1))
		return block_join(whole, PAGE_ANONYMOUS) ? whole : NULL;
	return shows_block(pool, table, first, 2) && block_rejoin(pool, whole) ? whole : NULL;
}

/* All that the entries of a table say together. */
static pte_t traces_of(const struct hf_pool *pool, pte_t table)
{
	pte_t traces = 0;

	for (unsigned part = 0; pte_pfn(table) && part < TABLE_ENTRIES; part++)
		traces |= pte_load(&table_of(pool, pte_pfn(table))[part]);
	return traces;
}

/* A new block with the bytes of the pages; table: 0 where there is none. */
static int block_by_copy(struct hf_pool *pool, pte_t table, struct page **whole)
{
	const pte_slot *entries = table_of(pool, pte_pfn(table));
	pfn_t first;

	for (unsigned part = 0; part < TABLE_ENTRIES; part++) {
		int error = may_move(pool, table, pte_load(&entries[part]));

		if (error)
			return error;
	}
	*whole = block_alloc(pool, PAGE_ANONYMOUS, PAGE_ANY);
	if (!*whole)
		return -HF_ENOMEM;
	first = block_pfn(pool, *whole);
	for (unsigned part = 0; part < TABLE_ENTRIES; part++) {
		pte_t pte = pte_load(&entries[part]);
		unsigned char *to = page_bytes(pool, first + part);

		if (pte_has_page(pte) && !pte_is_zero_page(pte))
			plat_copy(to, page_bytes(pool, pte_pfn(pte)), PAGE_BYTES);
		else
			plat_fill(to, 0, PAGE_BYTES);
	}
	return 0;
}

/* The huge entry for a block, by the mapping's rights. */
static pte_t huge_entry(struct hf_pool *pool, const struct vma *vma, struct page *whole, pte_t table)
{
	pte_t bits = PTE_PS | PTE_PINNABLE | PTE_U | PTE_NX | PTE_A | (table & PTE_HAS_PINNED);

	bits |= vma->prot & HF_PROT_READ ? PTE_P : PTE_KEPT;
	if (vma->prot & HF_PROT_WRITE)
		bits |= PTE_W;
	if (traces_of(pool, table) & PTE_D) {
		page_dirty(pool, whole);
		bits |= PTE_D;
	}
	return pte_make(block_pfn(pool, whole), bits);
}

/* The handshake is closed. */
static int collapse_closed(struct hf_mm *mm, const struct vma *vma, pte_slot *slot)
{
	struct hf_pool *pool = mm->pool;
	pte_t table = pte_load(slot), huge;
	struct page *whole = join_in_place(pool, table);
	bool in_place = whole;
	int error = in_place ? 0 : block_by_copy(pool, table, &whole);

	if (error)
		return error;
	/* ---- point of no return ---- */
	page_entry_added(whole);
	huge = huge_entry(pool, vma, whole, table);
	if (in_place) {
		tree_fill_huge(pool, slot, huge);
	} else {
		/* No pin is under it. */
		tree_fill(pool, slot, huge & ~PTE_HAS_PINNED);
		pool_reshape(pool);
		if (table)
			table_drop(pool, pte_pfn(table), 0);
	}
	stat_add(pool, STAT_huge_collapses, 1);
	return 0;
}

static int collapse_block(struct hf_mm *mm, uint64_t block)
{
	struct hf_pool *pool = mm->pool;
	int error = may_collapse(mm, block);
	pte_slot *slot;

	if (error)
		return error;
	slot = tree_build_upper(pool, &mm->tables, vpn_of(block));
	if (!slot)
		error = -HF_ENOMEM;
	if (!error && !(pte_load(slot) & PTE_PS)) {
		handshake_begin(mm);
		error = collapse_closed(mm, vma_find(mm, block), slot);
		handshake_end(mm);
	}
	if (error)
		tree_prune(pool, &mm->tables, vpn_of(block), vpn_of(block + TABLE_BYTES));
	return error;
}

ssize_t hf_collapse(struct hf_mm *mm, uint64_t address, uint64_t length)
{
	ssize_t blocks = 0;
	int error;

	if (address % TABLE_BYTES || length % TABLE_BYTES)
		return -HF_EINVAL;
	error = range_lock(mm, address, &length);
	if (error)
		return error;
	for (uint64_t block = address; !error && block < address + length; block += TABLE_BYTES) {
		error = DESIGN_MAPS_HUGE(mm) ? collapse_block(mm, block) : -HF_ENOMEM;
		blocks += !error;
	}
	mm_unlock(mm);
	return blocks ? blocks : error;
}

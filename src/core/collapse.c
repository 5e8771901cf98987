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

/* May all pages that a table shows, if there is one, be given up for copies? */
static int may_move_all(const struct hf_pool *pool, pte_t table)
{
	int error = 0;

	for (unsigned part = 0; !error && part < TABLE_ENTRIES; part++)
		error = may_move(pool, table, pte_load(&table_of(pool, pte_pfn(table))[part]));
	return error;
}

/* The bytes of those pages into a block; zeroes where there is none. */
static void copy_to_block(struct hf_pool *pool, pte_t table, const struct page *whole)
{
	for (unsigned part = 0; part < TABLE_ENTRIES; part++) {
		pte_t pte = pte_load(&table_of(pool, pte_pfn(table))[part]);
		unsigned char *to = page_bytes(pool, block_pfn(pool, whole) + part);

		if (pte_has_page(pte) && !pte_is_zero_page(pte))
			plat_copy(to, page_bytes(pool, pte_pfn(pte)), PAGE_BYTES);
		else
			plat_fill(to, 0, PAGE_BYTES);
	}
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

/* The handshake is closed.  *spare: a new block, or NULL where none seemed to be needed; NULL when it was taken. */
static int collapse_closed(struct hf_mm *mm, const struct vma *vma, pte_slot *slot, struct page **spare)
{
	struct hf_pool *pool = mm->pool;
	pte_t table = pte_load(slot);
	struct page *whole = join_in_place(pool, table);
	int error = whole ? 0 : *spare ? may_move_all(pool, table) : -HF_EBUSY;

	if (error)
		return error;
	/* ---- point of no return ---- */
	if (whole) {
		tree_fill_huge(pool, slot, huge_entry(pool, vma, whole, table));
	} else {
		copy_to_block(pool, table, *spare);
		/* No pin is under it. */
		tree_fill(pool, slot, huge_entry(pool, vma, *spare, table & ~PTE_HAS_PINNED));
		*spare = NULL;
		pool_reshape(pool);
		if (table)
			table_drop(pool, pte_pfn(table), 0);
	}
	page_entry_added(pte_page(pool, pte_load(slot)));
	stat_add(pool, STAT_huge_collapses, 1);
	return 0;
}

/*
 * What can be said before anything is made: 0, and a new block unless the pages seem to be one;
 * or why it can't be.  table: as join_in_place() and may_move() want it.
 */
static int collapse_prepare(struct hf_pool *pool, pte_t table, struct page **spare)
{
	pfn_t first = pte_pfn(pte_load(&table_of(pool, pte_pfn(table))[0]));
	int error;

	*spare = NULL;
	if (table_is_own(table) && first && first % TABLE_ENTRIES == 0 &&
	    (shows_block(pool, table, first, 1) || shows_block(pool, table, first, 2)))
		return 0;
	error = may_move_all(pool, table);
	if (!error)
		*spare = block_alloc(pool, PAGE_ANONYMOUS, PAGE_ANY);
	return error || *spare ? error : -HF_ENOMEM;
}

/*
 * Will all tables on the way to vpn be this mm's own without a copy?  Others who had them may be
 * gone; and nobody can come to share one that is alone (share.c).
 */
static bool way_is_alone(const struct hf_pool *pool, const struct tree *tree, vpn_t vpn)
{
	pfn_t pfn = tree->root;

	for (unsigned level = tree->height - 1; level; level--) {
		pte_t pte = pte_load(&table_of(pool, pfn)[table_index(vpn, level)]);

		pfn = pte_pfn(pte);
		if (!pfn || (!table_is_own(pte) && !page_is_alone(page_of(pool, pfn))))
			return false;
	}
	return true;
}

static int collapse_block(struct hf_mm *mm, uint64_t block)
{
	struct hf_pool *pool = mm->pool;
	struct build build = build_of(pool, &mm->tables);
	int error = may_collapse(mm, block);
	struct page *spare;
	unsigned others;
	pte_slot *slot;
	bool own;

	if (error)
		return error;
	slot = tree_look(pool, &mm->tables, vpn_of(block), &others);
	if (pte_load(slot) & PTE_PS)
		return 0;
	own = !others || way_is_alone(pool, &mm->tables, vpn_of(block));
	error = collapse_prepare(pool, pte_make(table_frame(pool, slot), own ? PTE_TABLE : 0), &spare);
	if (error)
		return error;
	/* What becomes one where it is must be the mm's own as far as its pages. */
	do
		(spare ? build_upper : build_way)(&build, vpn_of(block));
	while (build_goes_on(&build));
	error = build.error;
	if (!error) {
		handshake_begin(mm);
		error = collapse_closed(mm, vma_find(mm, block),
					tree_build_upper(pool, &mm->tables, vpn_of(block)), &spare);
		handshake_end(mm);
	}
	if (spare)
		page_drop(pool, spare, COUNT_REFERENCE);
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

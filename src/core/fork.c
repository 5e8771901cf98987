/*
 * fork.c - a child that sees the parent's memory as it is now
 *
 *	parent's private page          parent's entry      child's entry
 *	---------------------          --------------      -------------
 *	zero page                      as it is            the same
 *	object's page, no copy         as it is            none: a fault finds it
 *	own, not pinned                loses W, PINNABLE   the same page
 *	own, pinned         COPY       as it is            its own copy, at once
 *	                    HOLE       as it is            a hole
 *	                    REFUSE     (no fork)
 *
 * That is said of each page, and done to whole tables: one that holds no pins is
 * shared as it is, at the highest level there is, by taking W and PINNABLE away one
 * level up (share.c).  The fork descends only where there are pins, or mappings that
 * the child is not to have; there it makes the child a table of its own, entry by
 * entry.  Shared mappings have their pages in the object, so in such a table it leaves
 * their entries, and those of objects' pages, to the child's faults.
 *
 * It looks for pins (survey.c) while the handshake is closed (handshake.h): from then on
 * pins can end, but none can begin.  So it can count first what it will need, and
 * allocate it, and refuse, before it changes anything.
 *
 * A huge page is shared as one, unless parts of it are pinned: then each part goes its own
 * way.  What the child gets copied comes in single pages.
 *
 * Designs other than Holdfast's share no tables: their forks go entry by entry.
 */
#include "fork.h"

/* ---- what it will need --------------------------------------------------------------------- */

static void vmas_discard(struct list *vmas)
{
	while (!list_is_empty(vmas)) {
		struct vma *vma = list_item(vmas->next, struct vma, in_object);

		list_remove(&vma->in_object);
		vma_discard(vma);
	}
}

static int vmas_copy(struct forking *forking)
{
	struct hf_mm *parent = forking->parent;

	for (struct vma *vma = vma_first(parent, 0, ADDRESS_END); vma; vma = vma_next(vma, ADDRESS_END)) {
		struct vma *copy;

		forking->special |= is_special(vma);
		if (vma->flags & VMA_DONTFORK)
			continue;
		copy = vma_alloc(parent->pool);
		if (!copy)
			return -HF_ENOMEM;
		vma_copy(copy, vma);
		list_add(&forking->vmas, &copy->in_object);
	}
	return 0;
}

/* May the child share the table behind this entry, which stands at vpn in a table of that level? */
static bool may_share(const struct forking *forking, pte_t pte, unsigned level, vpn_t vpn)
{
	uint64_t start = (uint64_t)vpn << HF_PAGE_SHIFT, end = start + (tree_reach(level) << HF_PAGE_SHIFT);

	if (!DESIGN_SHARES_TABLES(forking->parent) || (pte & PTE_HAS_PINNED))
		return false;
	if (likely(!forking->special))
		return true;
	for (struct vma *vma = vma_first(forking->parent, start, end); vma; vma = vma_next(vma, end))
		if (is_special(vma))
			return false;
	return true;
}

/* Will there be something in the child where the parent has this last-level entry? */
static bool child_has(struct forking *forking, pte_t pte, vpn_t vpn)
{
	return survey_forks_at(forking, vpn) &&
	       ((pte & PTE_HOLE) || pte_is_zero_page(pte) || is_own(forking->parent->pool, pte));
}

/*
 * Count the tables for a huge page: none where it can be shared as it is; else one for the
 * child, and one for the parent, who has it in parts from then on.
 */
static bool plan_huge(struct forking *forking, pte_t pte, vpn_t vpn)
{
	if (!survey_forks_at(forking, vpn))
		return false;
	if (pte_pinned(forking->parent->pool, pte))
		forking->new_tables += 2;
	return true;
}

/* Count the tables that the child needs under one of the parent's; false: none, for it has nothing there. */
static bool plan_under(struct forking *forking, pfn_t pfn, unsigned level, vpn_t vpn)
{
	uint32_t left = table_used(forking->parent->pool, pfn);
	bool any = false;

	for (unsigned index = 0; left && index < TABLE_ENTRIES; index++) {
		pte_t pte = atomic_load_explicit(&table_of(forking->parent->pool, pfn)[index], memory_order_relaxed);
		vpn_t here = vpn + index * tree_reach(level);

		if (!pte)
			continue;
		left--;
		if (!level && child_has(forking, pte, here))
			return true;
		if (!level)
			continue;
		if (pte & PTE_PS) {
			any |= plan_huge(forking, pte, here);
		} else if (may_share(forking, pte, level, here)) {
			any = true;
		} else if (plan_under(forking, pte_pfn(pte), level - 1, here)) {
			any = true;
			forking->new_tables++;
		}
	}
	return any;
}

static int fork_prepare(struct forking *forking)
{
	struct hf_mm *parent = forking->parent;
	int error = vmas_copy(forking);

	if (error)
		return error;
	survey_pins(forking);
	if (forking->pinned && forking->pins == HF_FORK_REFUSE)
		return -HF_EBUSY;
	if (forking->report)
		forking->own = survey_own_pages(forking);
	plan_under(forking, parent->tables.root, TABLE_LEVELS - 1, 0);
	error = stock_fill(parent->pool, &forking->tables, forking->new_tables);
	if (!error && forking->pins == HF_FORK_COPY)
		error = stock_fill(parent->pool, &forking->copies, forking->pinned);
	return error;
}

/* ---- the child's entries ----------------------------------------------------------------------- */

static void count_page(struct forking *forking, enum stat stat, uint64_t *reported)
{
	stat_add(forking->parent->pool, stat, 1);
	if (reported)
		(*reported)++;
}

static pte_t copy_page(struct forking *forking, pte_t pte, const struct vma *vma)
{
	struct hf_pool *pool = forking->parent->pool;
	struct page *page = stock_take(pool, &forking->copies, PAGE_ANONYMOUS, PAGE_ANY);
	pfn_t pfn = pfn_of(pool, page);

	plat_copy(page_bytes(pool, pfn), page_bytes(pool, pte_pfn(pte)), PAGE_BYTES);
	page_entry_added(page);
	count_page(forking, STAT_fork_copies, forking->report ? &forking->report->copied : NULL);
	return pte_make(pfn, (pte & ~(PTE_FRAME_MASK | PTE_FOUND | PTE_D)) | PTE_PINNABLE | (vma->prot & HF_PROT_WRITE ? PTE_W : 0));
}

/* What the child has of a pinned page; survey_forks_at() has been asked about its mapping. */
static pte_t leave_out_or_copy(struct forking *forking, pte_t pte)
{
	if (forking->pins != HF_FORK_HOLE)
		return copy_page(forking, pte, forking->vma);
	count_page(forking, STAT_fork_holes, forking->report ? &forking->report->holes : NULL);
	return PTE_HOLE;
}

static pte_t share_page(struct forking *forking, pte_slot *slot, pte_t pte)
{
	page_entry_added(page_of(forking->parent->pool, pte_pfn(pte)));
	return pte_share(forking->parent->pool, slot, pte);
}

/* Did the survey find it?  Under grace pins can't have come since. */
static bool was_found(const struct forking *forking, pte_t pte)
{
	return DESIGN_HAS_GRACE(forking->parent) ? survey_pin_matters(forking, pte) : (pte & PTE_FOUND) != 0;
}

/* What the child has where the parent has this page, or hole; 0: nothing. */
static pte_t child_entry(struct forking *forking, pte_slot *slot, vpn_t vpn, bool look)
{
	struct hf_mm *parent = forking->parent;
	pte_t pte = pte_load(slot);

	if (!pte || !survey_forks_at(forking, vpn))
		return 0;
	if ((pte & PTE_HOLE) || pte_is_zero_page(pte))
		return pte;
	if (!is_own(parent->pool, pte))
		return 0;
	if (look && was_found(forking, pte))
		return leave_out_or_copy(forking, pte);
	return share_page(forking, slot, pte);
}

static pte_t fork_slot(struct forking *forking, pte_slot *slot, unsigned level, vpn_t vpn);

static pfn_t child_table(struct forking *forking)
{
	struct hf_pool *pool = forking->parent->pool;

	return pfn_of(pool, table_take(pool, &forking->tables, PAGE_ZEROED));
}

/*
 * Fill in the child's table for one of the parent's that it can't share; look: there may be
 * pins.  If it has none yet (0) it gets one with its first entry.  Returns it.
 */
static pfn_t fork_table(struct forking *forking, pfn_t pfn, unsigned level, vpn_t vpn, bool look, pfn_t table)
{
	struct hf_pool *pool = forking->parent->pool;
	uint32_t left = table_used(pool, pfn);

	for (unsigned index = 0; left && index < TABLE_ENTRIES; index++) {
		pte_slot *slot = &table_of(pool, pfn)[index];
		vpn_t here = vpn + index * tree_reach(level);
		pte_t pte = pte_load(slot);

		if (!pte)
			continue;
		left--;
		pte = level ? fork_slot(forking, slot, level, here) : child_entry(forking, slot, here, look);
		if (!pte)
			continue;
		if (!table)
			table = child_table(forking);
		tree_fill(pool, &table_of(pool, table)[index], pte);
	}
	return table;
}

/*
 * What the child has where the parent has a huge page.  Pinned as a whole it stays the
 * parent's as it is.  Pinned in parts it is parted, and each part goes its own way.
 */
static pte_t fork_huge(struct forking *forking, pte_slot *slot, vpn_t vpn)
{
	struct hf_pool *pool = forking->parent->pool;
	pte_t pte = pte_load(slot);
	pfn_t table;

	if (!survey_forks_at(forking, vpn))
		return 0;
	if (!pte_pinned(pool, pte))
		return pte_share(pool, slot, pte);
	if (page_pins(pte_page(pool, pte))) {
		table = child_table(forking);
		for (unsigned part = 0; part < TABLE_ENTRIES; part++)
			tree_fill(pool, &table_of(pool, table)[part], leave_out_or_copy(forking, pte_part(pte, part)));
	} else {
		huge_split(pool, slot, &forking->tables);
		table = fork_table(forking, pte_pfn(pte_load(slot)), 0, vpn, true, 0);
	}
	return pte_make(table, PTE_TABLE);
}

/* What the child has where the parent has this entry, which may lead to a table. */
static pte_t fork_slot(struct forking *forking, pte_slot *slot, unsigned level, vpn_t vpn)
{
	pte_t pte = pte_load(slot);
	pfn_t table;

	if (!pte)
		return 0;
	if (pte & PTE_PS)
		return fork_huge(forking, slot, vpn);
	if (may_share(forking, pte, level, vpn))
		return pte_share(forking->parent->pool, slot, pte);
	table = fork_table(forking, pte_pfn(pte), level - 1, vpn,
			   !DESIGN_LOOKS_AT_TABLES(forking->parent) || (pte & PTE_HAS_PINNED), 0);
	return table ? pte_make(table, PTE_TABLE) : 0;
}

/*
 * Under the child's lock too: from its first mapping of an object on, a truncate of
 * that object may come to the child.  (As objects list their mappings it comes to the
 * parent first, and waits there; nothing here relies on that.)
 */
static void fork_commit(struct forking *forking)
{
	plat_lock(&forking->child->lock);
	while (!list_is_empty(&forking->vmas)) {
		struct vma *vma = list_item(forking->vmas.next, struct vma, in_object);

		list_remove(&vma->in_object);
		vma_insert(forking->child, vma);
	}
	/* The child has a root.  Whether there may be pins is asked of what stands in it. */
	fork_table(forking, forking->parent->tables.root, TABLE_LEVELS - 1, 0, false, forking->child->tables.root);
	forking->child->gap_hint = forking->parent->gap_hint;
	mm_unlock(forking->child);
	if (forking->report)
		forking->report->shared = forking->own - forking->report->copied - forking->report->holes;
	stat_add(forking->parent->pool, STAT_forks, 1);
}

/* The marks of the survey off again. */
static void forget_found(struct forking *forking)
{
	struct hf_mm *mm = forking->parent;
	vpn_t end = vpn_of(ADDRESS_END);
	pte_slot *slot;

	/* Of a design that maps no huge pages. */
	for (vpn_t vpn = 0; (vpn = tree_next(mm->pool, &mm->tables, vpn, end, &slot)) < end; vpn++)
		if (pte_load(slot) & PTE_FOUND)
			pte_clear(slot, PTE_FOUND);
}

/* ---- public ----------------------------------------------------------------------------------------- */

static int fork_locked(struct forking *forking)
{
	struct hf_mm *parent = forking->parent;
	int error;

	fork_begin(parent);
	forking->closed = true;
	error = fork_prepare(forking);
	/* ---- point of no return ---- */
	if (!error)
		fork_commit(forking);
	if (!DESIGN_HAS_GRACE(parent) && forking->pinned)
		forget_found(forking);
	fork_end(parent);
	vmas_discard(&forking->vmas);
	stock_empty(parent->pool, &forking->tables);
	stock_empty(parent->pool, &forking->copies);
	return error;
}

/* Nothing found yet; false: room for pins, and no place. */
static bool report_begin(struct hf_fork_report *report)
{
	if (!report)
		return true;
	report->pins_found = 0;
	report->copied = report->holes = report->shared = 0;
	return report->pins || !report->room;
}

int hf_mm_fork(struct hf_mm *parent, enum hf_fork_pins pins, struct hf_fork_report *report, struct hf_mm **child)
{
	struct forking forking = {
		.parent = parent, .pins = pins, .report = report, .tables = STOCK_EMPTY, .copies = STOCK_EMPTY,
	};
	int error;

	if (!parent || !child || (unsigned)pins > HF_FORK_HOLE || !report_begin(report))
		return -HF_EINVAL;
	list_init(&forking.vmas);
	forking.child = mm_new(parent->pool);
	if (!forking.child)
		return -HF_ENOMEM;
#ifdef HF_LAB
	forking.child->design = parent->design;
#endif
	error = mm_lock(parent);
	if (!error) {
		error = fork_locked(&forking);
		mm_unlock(parent);
	}
	if (error)
		hf_mm_destroy(forking.child);
	else
		*child = forking.child;
	return error;
}

int hf_mm_fork_preview(struct hf_mm *mm, struct hf_fork_report *report)
{
	struct forking forking = { .parent = mm, .report = report };
	int error;

	if (!mm || !report || !report_begin(report))
		return -HF_EINVAL;
	error = mm_lock(mm);
	if (error)
		return error;
	/* Without the handshake: what it says may have changed when it returns anyway. */
	survey_pins(&forking);
	report->copied = forking.pinned;
	report->shared = survey_own_pages(&forking) - forking.pinned;
	mm_unlock(mm);
	return 0;
}

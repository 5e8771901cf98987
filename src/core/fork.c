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
 * The fork looks for pins only under tables whose HAS_PINNED is set, once, and
 * clears it where it finds none.  It looks while the handshake is closed
 * (handshake.h): from then on pins can end, but none can begin.  So it can count
 * first what it will need, and allocate it, and refuse, before it changes anything.
 *
 * Designs other than Holdfast's share no tables: their forks go entry by entry.
 */
#include "handshake.h"
#include "record.h"

struct forking {
	struct hf_mm *parent, *child;
	enum hf_fork_pins pins;
	struct hf_fork_report *report;
	struct list vmas;		/* for the child, linked through in_object */
	struct page_stock tables, copies;
	const struct vma *vma;		/* where forks_at() looked last */
	uint64_t new_tables;		/* that the child needs, beside its root */
	uint64_t pinned;		/* pages to copy, or to leave out */
	uint64_t own;			/* for the report: the parent's own pages that the child would have */
	bool special;			/* there are mappings whose pages the child is not to have */
	bool closed;			/* the handshake is: HAS_PINNED may be cleared */
	bool unmark;			/* survey() takes its marks off again */
};

/* ---- what is pinned ------------------------------------------------------------------- */

static bool is_special(const struct vma *vma)
{
	return vma->flags & (VMA_DONTFORK | VMA_WIPEONFORK);
}

static bool forks_pages(const struct vma *vma)
{
	return vma && vma_is_private(vma) && !is_special(vma);
}

/* The same of the mapping at an address; those who ask go through them in order. */
static bool forks_at(struct forking *forking, vpn_t vpn)
{
	uint64_t address = (uint64_t)vpn << HF_PAGE_SHIFT;

	if (!forking->vma || address < forking->vma->start || address >= forking->vma->end)
		forking->vma = vma_find(forking->parent, address);
	return forks_pages(forking->vma);
}

static bool is_own(const struct hf_pool *pool, pte_t pte)
{
	return pte_has_page(pte) && !pte_is_zero_page(pte) && page_is(page_of(pool, pte_pfn(pte)), PAGE_ANONYMOUS);
}

/*
 * Does a pin on this page matter to this fork?  Whether the child gets a copy is
 * the design's answer.  To refuse, or to leave a hole, is the caller's choice with
 * every design, also with those that would share a pinned page.
 */
static bool pin_matters(const struct forking *forking, struct view view)
{
	if (forking->pins == HF_FORK_COPY)
		return DESIGN_COPIES(forking->parent, view);
	return page_pins(view.page);
}

/*
 * One page of this mm's own: count it if it is pinned and the child would have it.  True:
 * its table can't be shared as it is.  A page on which somebody has a plain reference
 * must lose W and PINNABLE itself, or whoever is alone on the table one day would store
 * under the eyes of the other side (CVE-2020-29374).
 */
static bool survey_page(struct forking *forking, pte_slot *slot, pte_t pte, vpn_t vpn)
{
	struct hf_mm *mm = forking->parent;
	struct page *page = page_of(mm->pool, pte_pfn(pte));
	struct view view = { pte, page, true };

	if (forking->unmark)
		atomic_fetch_and_explicit(&page->flags, ~(uint32_t)PAGE_LISTED, memory_order_relaxed);
	if (!pin_matters(forking, view))
		return (pte & PTE_PINNABLE) && !page_is_alone(page);
	if (!forking->unmark && forks_at(forking, vpn)) {
		forking->pinned++;
		if (!DESIGN_HAS_GRACE(mm) && forking->closed)
			pte_set(slot, PTE_FOUND);
		if (forking->report)
			atomic_fetch_or_explicit(&page->flags, PAGE_LISTED, memory_order_relaxed);
	}
	return true;
}

/* Look under one table; true if there are pins, or plain references on what is PINNABLE. */
static bool survey(struct forking *forking, pfn_t pfn, unsigned level, vpn_t vpn)
{
	struct hf_pool *pool = forking->parent->pool;
	bool everywhere = !DESIGN_LOOKS_AT_TABLES(forking->parent), any = false;

	if (!level && !forking->unmark && DESIGN_LOOKS_FOR_PINS(forking->parent))
		stat_add(pool, STAT_fork_tables, 1);
	for (unsigned index = 0; index < TABLE_ENTRIES; index++) {
		pte_slot *slot = &table_of(pool, pfn)[index];
		pte_t pte = pte_load(slot);

		if (!level) {
			any |= is_own(pool, pte) && survey_page(forking, slot, pte, vpn + index);
		} else if (pte & (everywhere ? PTE_P : PTE_HAS_PINNED)) {
			if (survey(forking, pte_pfn(pte), level - 1, vpn + index * tree_reach(level)))
				any = true;
			else if (forking->closed && !forking->unmark && (pte & PTE_HAS_PINNED))
				pte_clear(slot, PTE_HAS_PINNED);
		}
	}
	return any;
}

/* ---- whose pins they are ------------------------------------------------------------------ */

/* Is one of the pages that it still holds among them? */
static bool has_listed_page(const struct record *record)
{
	uint64_t number = 0, count;

	for (uint32_t run = 0; run < record->runs; run++) {
		const struct page *page = record_run(record, run, &count);

		for (uint64_t i = 0; i < count; i++, number++)
			if (!record_page_is_gone(record, number) && page_is(page + i, PAGE_LISTED))
				return true;
	}
	return false;
}

static bool is_pin_of(const struct record *record, const struct hf_mm *mm)
{
	return atomic_load_explicit(&record->mm, memory_order_relaxed) == mm;
}

static void list_pin(struct record *record, void *context)
{
	const struct forking *forking = context;
	struct hf_fork_report *report = forking->report;
	uint64_t word = atomic_load_explicit(&record->word, memory_order_relaxed), found;

	/* So that others are seldom held up; it may be of a pin that has ended since. */
	if ((word & RECORD_WHAT) == RECORD_FREE || !is_pin_of(record, forking->parent))
		return;
	/* Claimed, the pin can't end and take its runs with it while we look. */
	word = (word & ~(uint64_t)RECORD_WHAT) | RECORD_LIVE;
	if (!record_claim(record, word, &found))
		return;
	/* Pins of others are on pages of others, which another fork may have marked: races/reports-of-two-forks. */
	if (is_pin_of(record, forking->parent) && !record_is_get(record) && has_listed_page(record)) {
		if (report->pins && report->pins_found < report->room)
			record_describe(record, &report->pins[report->pins_found]);
		report->pins_found++;
	}
	record_release(record, word);
}

/* Fill in the report from what the handshake, closed or not, lets us see now. */
static void look_for_pins(struct forking *forking)
{
	struct hf_mm *parent = forking->parent;
	struct hf_fork_report *report = forking->report;
	pfn_t root = parent->tables.root;

	survey(forking, root, TABLE_LEVELS - 1, 0);
	if (!report || !forking->pinned)
		return;
	records_each(parent->pool, list_pin, forking);
	forking->unmark = true;
	survey(forking, root, TABLE_LEVELS - 1, 0);
	forking->unmark = false;
}

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
	return forks_at(forking, vpn) &&
	       ((pte & PTE_HOLE) || pte_is_zero_page(pte) || is_own(forking->parent->pool, pte));
}

/* Count the tables that the child needs under one of the parent's; false: none, for it has nothing there. */
static bool plan_under(struct forking *forking, pfn_t pfn, unsigned level, vpn_t vpn)
{
	bool any = false;

	for (unsigned index = 0; index < TABLE_ENTRIES; index++) {
		pte_t pte = atomic_load_explicit(&table_of(forking->parent->pool, pfn)[index], memory_order_relaxed);
		vpn_t here = vpn + index * tree_reach(level);

		if (!pte)
			continue;
		if (!level && child_has(forking, pte, here))
			return true;
		if (!level)
			continue;
		if (may_share(forking, pte, level, here)) {
			any = true;
		} else if (plan_under(forking, pte_pfn(pte), level - 1, here)) {
			any = true;
			forking->new_tables++;
		}
	}
	return any;
}

/* The parent's own pages that the child will have, as they are or otherwise.  For reports: it looks at every entry. */
static uint64_t count_own(const struct forking *forking)
{
	struct hf_mm *mm = forking->parent;
	uint64_t own = 0;
	pte_slot *slot;

	for (struct vma *vma = vma_first(mm, 0, ADDRESS_END); vma; vma = vma_next(vma, ADDRESS_END)) {
		vpn_t end = vpn_of(vma->end);

		if (!forks_pages(vma))
			continue;
		for (vpn_t vpn = vpn_of(vma->start); (vpn = tree_next(mm->pool, &mm->tables, vpn, end, &slot)) < end; vpn++)
			own += is_own(mm->pool, pte_load(slot));
	}
	return own;
}

static int fork_prepare(struct forking *forking)
{
	struct hf_mm *parent = forking->parent;
	int error = vmas_copy(forking);

	if (error)
		return error;
	look_for_pins(forking);
	if (forking->pinned && forking->pins == HF_FORK_REFUSE)
		return -HF_EBUSY;
	if (forking->report)
		forking->own = count_own(forking);
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
	struct page *page = stock_take(pool, &forking->copies, PAGE_ANONYMOUS);
	pfn_t pfn = pfn_of(pool, page);

	plat_copy(page_bytes(pool, pfn), page_bytes(pool, pte_pfn(pte)), PAGE_BYTES);
	page_entry_added(page);
	count_page(forking, STAT_fork_copies, forking->report ? &forking->report->copied : NULL);
	return pte_make(pfn, (pte & ~(PTE_FRAME_MASK | PTE_FOUND | PTE_D)) | PTE_PINNABLE | (vma->prot & HF_PROT_WRITE ? PTE_W : 0));
}

static pte_t share_page(struct forking *forking, pte_slot *slot, pte_t pte)
{
	struct page *page = page_of(forking->parent->pool, pte_pfn(pte));

	/* Shared by an earlier fork, and nobody has written since: nothing to take away. */
	if (pte & (PTE_W | PTE_PINNABLE))
		pte_clear(slot, PTE_W | PTE_PINNABLE);
	page_get(page);
	page_entry_added(page);
	return pte & ~(PTE_W | PTE_PINNABLE);
}

/* Did the survey find it?  Under grace pins can't have come since. */
static bool was_found(const struct forking *forking, struct view view)
{
	return DESIGN_HAS_GRACE(forking->parent) ? pin_matters(forking, view) : (view.pte & PTE_FOUND) != 0;
}

/* What the child has where the parent has this page, or hole; 0: nothing. */
static pte_t child_entry(struct forking *forking, pte_slot *slot, vpn_t vpn, bool look)
{
	struct hf_mm *parent = forking->parent;
	pte_t pte = pte_load(slot);
	struct view view = { pte, page_of(parent->pool, pte_pfn(pte)), true };

	if (!pte || !forks_at(forking, vpn))
		return 0;
	if ((pte & PTE_HOLE) || pte_is_zero_page(pte))
		return pte;
	if (!is_own(parent->pool, pte))
		return 0;
	if (look && was_found(forking, view)) {
		if (forking->pins == HF_FORK_HOLE) {
			count_page(forking, STAT_fork_holes, forking->report ? &forking->report->holes : NULL);
			return PTE_HOLE;
		}
		return copy_page(forking, pte, forking->vma);
	}
	return share_page(forking, slot, pte);
}

static pte_t fork_slot(struct forking *forking, pte_slot *slot, unsigned level, vpn_t vpn);

/*
 * Fill in the child's table for one of the parent's that it can't share; look: there may be
 * pins.  If it has none yet (0) it gets one with its first entry.  Returns it.
 */
static pfn_t fork_table(struct forking *forking, pfn_t pfn, unsigned level, vpn_t vpn, bool look, pfn_t table)
{
	struct hf_pool *pool = forking->parent->pool;

	for (unsigned index = 0; index < TABLE_ENTRIES; index++) {
		pte_slot *slot = &table_of(pool, pfn)[index];
		vpn_t here = vpn + index * tree_reach(level);
		pte_t pte = level ? fork_slot(forking, slot, level, here) : child_entry(forking, slot, here, look);

		if (!pte)
			continue;
		if (!table) {
			table = pfn_of(pool, stock_take(pool, &forking->tables, PAGE_TABLE));
			plat_fill(page_bytes(pool, table), 0, PAGE_BYTES);
			table_born(pool);
		}
		tree_fill(pool, &table_of(pool, table)[index], pte);
	}
	return table;
}

/* What the child has where the parent has this entry, which may lead to a table. */
static pte_t fork_slot(struct forking *forking, pte_slot *slot, unsigned level, vpn_t vpn)
{
	pte_t pte = pte_load(slot);
	pfn_t table;

	if (!pte)
		return 0;
	if (may_share(forking, pte, level, vpn))
		return table_share(forking->parent->pool, slot);
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
	look_for_pins(&forking);
	report->copied = forking.pinned;
	report->shared = count_own(&forking) - forking.pinned;
	mm_unlock(mm);
	return 0;
}

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
 * Shared mappings have their pages in the object, so a fork copies no entry of
 * theirs.
 *
 * The fork looks for pins only under tables whose HAS_PINNED is set, once, and
 * clears it where it finds none.  It looks while the handshake is closed
 * (handshake.h): from then on pins can end, but none can begin.  So it can count
 * first what it will need, and allocate it, and refuse, before it changes anything.
 */
#include "handshake.h"
#include "record.h"

struct forking {
	struct hf_mm *parent, *child;
	enum hf_fork_pins pins;
	struct hf_fork_report *report;
	struct list vmas;		/* for the child, linked through in_object */
	struct page_stock tables, copies;
	uint64_t pinned;		/* pages to copy, or to leave out */
	bool closed;			/* the handshake is: HAS_PINNED may be cleared */
	bool unmark;			/* survey() takes its marks off again */
};

/* ---- what is pinned ------------------------------------------------------------------- */

static bool forks_pages(const struct vma *vma)
{
	return vma && vma_is_private(vma) && !(vma->flags & (VMA_DONTFORK | VMA_WIPEONFORK));
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

/* One page of this mm's own: count it if it is pinned and the child would have it. */
static bool survey_page(struct forking *forking, pte_slot *slot, pte_t pte, vpn_t vpn)
{
	struct hf_mm *mm = forking->parent;
	struct page *page = page_of(mm->pool, pte_pfn(pte));
	struct view view = { pte, page, true };

	if (forking->unmark)
		atomic_fetch_and_explicit(&page->flags, ~(uint32_t)PAGE_LISTED, memory_order_relaxed);
	if (!pin_matters(forking, view))
		return false;
	if (!forking->unmark && forks_pages(vma_find(mm, (uint64_t)vpn << HF_PAGE_SHIFT))) {
		forking->pinned++;
		if (!DESIGN_HAS_GRACE(mm) && forking->closed)
			pte_set(slot, PTE_FOUND);
		if (forking->report)
			atomic_fetch_or_explicit(&page->flags, PAGE_LISTED, memory_order_relaxed);
	}
	return true;
}

/* Look under one table; true if there are pins. */
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

/* The tables that fork_entries() can build, but for the root, which the child has. */
static uint64_t count_tables(const struct forking *forking)
{
	struct hf_mm *mm = forking->parent;
	vpn_t last = ~(vpn_t)0;
	uint64_t tables = 0;
	struct leaf leaf;

	for (struct vma *vma = vma_first(mm, 0, ADDRESS_END); vma; vma = vma_next(vma, ADDRESS_END)) {
		vpn_t end = vpn_of(vma->end);

		if (!forks_pages(vma))
			continue;
		for (vpn_t vpn = vpn_of(vma->start); tree_leaf(mm->pool, &mm->tables, vpn, end, &leaf);
		     vpn = leaf.vpn + leaf.count) {
			/* On each level, a table that the leaf before was not under. */
			for (unsigned level = 1; level < TABLE_LEVELS; level++)
				tables += leaf.vpn >> level * HF_TABLE_SHIFT != last >> level * HF_TABLE_SHIFT;
			last = leaf.vpn;
		}
	}
	return tables;
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
	error = stock_fill(parent->pool, &forking->tables, count_tables(forking));
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
	return pte_make(pfn, (pte & ~(PTE_FRAME_MASK | PTE_FOUND)) | PTE_PINNABLE | (vma->prot & HF_PROT_WRITE ? PTE_W : 0));
}

static pte_t share_page(struct forking *forking, pte_slot *slot, pte_t pte)
{
	struct page *page = page_of(forking->parent->pool, pte_pfn(pte));

	/* Shared by an earlier fork, and nobody has written since: nothing to take away. */
	if (pte & (PTE_W | PTE_PINNABLE))
		pte_clear(slot, PTE_W | PTE_PINNABLE);
	page_get(page);
	page_entry_added(page);
	if (forking->report)
		forking->report->shared++;
	return pte & ~(PTE_W | PTE_PINNABLE);
}

/* Did the survey find it?  Under grace pins can't have come since. */
static bool was_found(const struct forking *forking, struct view view)
{
	return DESIGN_HAS_GRACE(forking->parent) ? pin_matters(forking, view) : (view.pte & PTE_FOUND) != 0;
}

/* What the child has where the parent has this; 0: nothing. */
static pte_t child_entry(struct forking *forking, const struct vma *vma, pte_slot *slot, bool look)
{
	struct hf_mm *parent = forking->parent;
	pte_t pte = pte_load(slot);
	struct view view = { pte, page_of(parent->pool, pte_pfn(pte)), true };

	if ((pte & PTE_HOLE) || pte_is_zero_page(pte))
		return pte;
	if (!is_own(parent->pool, pte))
		return 0;
	if (look && was_found(forking, view)) {
		if (forking->pins == HF_FORK_HOLE) {
			count_page(forking, STAT_fork_holes, forking->report ? &forking->report->holes : NULL);
			return PTE_HOLE;
		}
		return copy_page(forking, pte, vma);
	}
	return share_page(forking, slot, pte);
}

/* Are there pins, by the tables' word, in the last-level table of vpn? */
static bool must_look(const struct hf_mm *mm, vpn_t vpn)
{
	return !DESIGN_LOOKS_AT_TABLES(mm) || (walk_down(mm, vpn).all & PTE_HAS_PINNED);
}

/* One last-level table's part: the child's table is found once for all of it. */
static void fork_leaf(struct forking *forking, const struct vma *vma, const struct leaf *leaf)
{
	struct hf_mm *child = forking->child;
	bool look = must_look(forking->parent, leaf->vpn);
	pte_slot *slots = NULL;

	for (unsigned i = 0; i < leaf->count; i++) {
		pte_t pte = pte_load(&leaf->slots[i]);

		if (!pte)
			continue;
		pte = child_entry(forking, vma, &leaf->slots[i], look);
		if (!pte)
			continue;
		if (!slots)
			slots = tree_build_from(child->pool, &child->tables, leaf->vpn, &forking->tables);
		tree_fill(child->pool, &slots[i], pte);
	}
}

static void fork_entries(struct forking *forking, const struct vma *vma)
{
	struct hf_mm *parent = forking->parent;
	vpn_t end = vpn_of(vma->end);
	struct leaf leaf;

	for (vpn_t vpn = vpn_of(vma->start); tree_leaf(parent->pool, &parent->tables, vpn, end, &leaf);
	     vpn = leaf.vpn + leaf.count)
		fork_leaf(forking, vma, &leaf);
}

/*
 * Under the child's lock too: from its first mapping of an object on, a truncate
 * of that object finds the child, and empties its entries.
 */
static void fork_commit(struct forking *forking)
{
	plat_lock(&forking->child->lock);
	while (!list_is_empty(&forking->vmas)) {
		struct vma *vma = list_item(forking->vmas.next, struct vma, in_object);

		list_remove(&vma->in_object);
		vma_insert(forking->child, vma);
		if (forks_pages(vma))
			fork_entries(forking, vma);
	}
	forking->child->gap_hint = forking->parent->gap_hint;
	mm_unlock(forking->child);
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

/* The pages that fork_entries() would give to share_page(). */
static uint64_t count_shared(const struct forking *forking)
{
	struct hf_mm *mm = forking->parent;
	uint64_t shared = 0;
	pte_slot *slot;

	for (struct vma *vma = vma_first(mm, 0, ADDRESS_END); vma; vma = vma_next(vma, ADDRESS_END)) {
		vpn_t end = vpn_of(vma->end);

		if (!forks_pages(vma))
			continue;
		for (vpn_t vpn = vpn_of(vma->start); (vpn = tree_next(mm->pool, &mm->tables, vpn, end, &slot)) < end; vpn++) {
			pte_t pte = pte_load(slot);
			struct view view = { pte, page_of(mm->pool, pte_pfn(pte)), true };

			shared += is_own(mm->pool, pte) && !pin_matters(forking, view);
		}
	}
	return shared;
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
	report->shared = count_shared(&forking);
	mm_unlock(mm);
	return 0;
}

/*
 * pin_fast.c - the fast path: no lock, no fault, one locked instruction a page
 *
 * The handshake with fork and its proof obligations stand in handshake.h.  The
 * numbers P1 to P4 are the steps there.  One section per last-level table: a
 * fork waits for no more than that.
 *
 * Within a table the pages go run by run: entries with all the marks whose frames
 * lie in a row are found together, counted together, and are one entry of the
 * record's runs.  What their words are is only looked at as a whole; if
 * there was a dying page among them, or one with too many pins, it is found
 * afterwards (settle()).
 *
 * GETs never come here.  One taken without the lock could land between another
 * mm's "am I alone?" and its store (CVE-2020-29374 once more).
 */
#include "handshake.h"
#include "pin.h"

/* How often a call begins a section again, because it was cut or had to set marks, before it goes the slow way. */
#ifndef HF_AGAIN
#define HF_AGAIN 8
#endif
#define AGAIN_MOST ((unsigned)(HF_AGAIN))

/* What became of a table's pages. */
enum went {
	WENT_ON,	/* all taken */
	WENT_CUT,	/* not all: begin again */
	WENT_UNMARKED,	/* none: begin again, but set HAS_PINNED first */
	WENT_OFF,	/* not all: the slow path is to go on, or somebody is to make room */
};

static enum went leave(struct hf_pool *pool, enum stat why)
{
	stat_add(pool, why, 1);
	return WENT_OFF;
}

/* Which mark was missing; the designs other than Holdfast's may have looked at more. */
static enum stat why_not(pte_t view, unsigned how)
{
	if (!(view & PTE_P) || pte_is_zero_page(view))
		return STAT_left_absent;
	if ((how & HF_PIN_WRITE) && !(view & PTE_W))
		return STAT_left_writable;
	return STAT_left_pinnable;
}

/* In the section: as if the page had not been raised.  That may be the last drop, and freeing may wait. */
void pin_take_back(struct taking *taking, struct page *page)
{
	if (page_drop_only(page, COUNT_PIN)) {
		page->index = taking->over;
		taking->over = pfn_of(taking->mm->pool, page);
	}
}

static void free_over(struct taking *taking)
{
	struct hf_pool *pool = taking->mm->pool;

	while (taking->over) {
		struct page *page = page_of(pool, taking->over);

		taking->over = page->index;
		page_free(pool, page);
	}
}

/*
 * Of a run just raised one was dying, or has too many pins now: keep those before it.
 *
 * It is still what it was: a dying page is given out again only after a grace
 * period, which waits for this section.  If a page's pins have become fewer
 * meanwhile, then they are not too many.
 */
static __attribute__((noinline, cold)) size_t settle(struct taking *taking, struct page *page, size_t raised)
{
	size_t kept = 0;

	while (kept < raised && page_can_hold(&page[kept]))
		kept++;
	for (size_t i = kept; i < raised; i++)
		pin_take_back(taking, &page[i]);
	return kept;
}

/* P4, for pages in a row: returns how many of them have a pin now. */
static inline size_t raise_row(struct taking *taking, struct page *page, size_t pages, enum went *went)
{
	uint64_t seen = 0;
	size_t raised = page_raise_row(page, pages, &seen), kept = raised;

	*went = likely(raised == pages) ? WENT_ON : WENT_CUT;
	if (unlikely(!count_was_good(seen)))
		kept = settle(taking, page, raised);
	if (unlikely(kept < raised))
		*went = leave(taking->mm->pool, STAT_left_dying);
	return kept;
}

/* Is there room for another run, or is it the last that grows? */
static inline bool run_fits(const struct taking *taking, pfn_t pfn)
{
	const struct record *record = taking->record;

	return record->runs < record->room || page_bytes(taking->mm->pool, pfn) == record->end;
}

/*
 * How many entries, from the first on, show frames in a row.  The first was looked at: it
 * is the one that counts, whatever it has become since.  Where frames are scattered that is
 * seen at the second, without a call.
 */
static inline size_t count_row(const pte_slot *slots, unsigned count, pte_t first, pte_t mask, pte_t step)
{
	pte_t second = first + step;

	if (count < 2 || (pte_load(&slots[1]) & mask) != second)
		return 1;
	return 2 + plat_entries_in_row(&slots[2], count - 2, mask, second + step, step);
}

/* The pages of one last-level table, as far as they can be had. */
static enum went take_entries(struct taking *taking, pte_t all, const pte_slot *slots, unsigned count)
{
	const pte_t need = holdfast_need(taking->how), mask = need | PTE_FRAME_MASK;
	struct hf_pool *pool = taking->mm->pool;
	enum went went = WENT_ON;
	size_t run;

	if (unlikely((all & need) != need))
		return leave(taking->mm->pool, why_not(walk_view(all, pte_load(slots)), taking->how));
	for (unsigned i = 0; i < count && went == WENT_ON; i += (unsigned)run) {
		pte_t first = pte_load(&slots[i]);
		pfn_t pfn = pte_pfn(first);

		if (unlikely((first & need) != need))
			return leave(taking->mm->pool, why_not(walk_view(all, first), taking->how));
		if (unlikely(!run_fits(taking, pfn)))
			return WENT_OFF;
		run = count_row(&slots[i], count - i, first & mask, mask, PTE_FRAME_STEP);
		run = raise_row(taking, page_of(pool, pfn), run, &went);
		if (likely(run))
			runs_add(taking->record, page_bytes(pool, pfn), run);
	}
	return went;
}

#ifdef HF_LAB
/* The same for a design that may ask for more, page by page. */
static enum went take_entries_of_design(struct taking *taking, pte_t all, const pte_slot *slots, unsigned count)
{
	struct hf_pool *pool = taking->mm->pool;
	enum went went = WENT_ON;

	for (unsigned i = 0; i < count && went == WENT_ON; i++) {
		pte_t pte = pte_load(&slots[i]), view = walk_view(all, pte);
		struct page *page = page_of(pool, pte_pfn(view));
		struct view seen = { view, page, false };

		if (!DESIGN_FAST(taking->mm, seen, taking->how))
			return leave(pool, why_not(view, taking->how));
		if (!run_fits(taking, pte_pfn(view)))
			return WENT_OFF;
		if (!raise_row(taking, page, 1, &went))
			return went;
		if (!pin_holds(taking, page, &slots[i], pte))
			return WENT_OFF;
		runs_add(taking->record, page_bytes(pool, pte_pfn(view)), 1);
	}
	return went;
}
#define TAKE_ENTRIES(taking, all, slots, count)                                                              \
	(DESIGN_IS_HOLDFAST((taking)->mm) ? take_entries(taking, all, slots, count)                          \
					  : take_entries_of_design(taking, all, slots, count))
#else
#define TAKE_ENTRIES(taking, all, slots, count) take_entries(taking, all, slots, count)
#endif

/*
 * Huge pages of which all is wanted: each counts once.  Where their blocks lie in a row so do
 * the descriptors of the wholes, and so they are counted.  The way down has its marks.
 */
static enum went take_wholes(struct taking *taking, const pte_slot *slots, pte_t first, unsigned count)
{
	const pte_t need = holdfast_need(taking->how) | PTE_PS | PTE_HAS_PINNED, mask = need | PTE_FRAME_MASK;
	struct hf_pool *pool = taking->mm->pool;
	enum went went = WENT_ON;
	size_t run;

	for (unsigned i = 0; i < count && went == WENT_ON; i += (unsigned)run) {
		pfn_t pfn = pte_pfn(first);

		if (unlikely(!whole_fits(taking->record, page_bytes(pool, pfn))))
			return WENT_OFF;
		run = count_row(&slots[i], count - i, first & mask, mask, PTE_FRAME_STEP * TABLE_ENTRIES);
		run = raise_row(taking, block_of(pool, pfn), run, &went);
		if (likely(run))
			runs_add_whole(taking->record, page_bytes(pool, pfn), run * TABLE_ENTRIES);
		if (i + run == count)
			break;
		/* Anything else comes with the next section. */
		first = pte_load(&slots[i + run]);
		if ((first & need) != need)
			break;
	}
	return went;
}

/* What is wanted of a huge page, and of those behind it. */
static enum went take_huge(struct taking *taking, const struct walk *walk, unsigned index, uint64_t left)
{
	const pte_t need = holdfast_need(taking->how), pte = walk->seen[0];
	unsigned count = TABLE_ENTRIES - index < left ? TABLE_ENTRIES - index : (unsigned)left;
	unsigned here = table_index(taking->vpn + taking->record->pages, 1);
	struct hf_pool *pool = taking->mm->pool;
	pfn_t pfn = pte_pfn(pte) + index;
	enum went went;
	size_t kept;

	if (unlikely((walk->all & need) != need))
		return leave(pool, why_not(walk_view(walk->all, pte), taking->how));
	if (count == TABLE_ENTRIES) {
		left /= TABLE_ENTRIES;
		return take_wholes(taking, walk->upper[0], pte,
				   TABLE_ENTRIES - here < left ? TABLE_ENTRIES - here : (unsigned)left);
	}
	if (unlikely(!run_fits(taking, pfn)))
		return WENT_OFF;
	kept = raise_row(taking, page_of(pool, pfn), count, &went);
	if (kept)
		runs_add(taking->record, page_bytes(pool, pfn), kept);
	return went;
}

/* The pages that stand in one last-level table, or under one huge entry. */
static enum went take_table(struct taking *taking)
{
	uint64_t left = taking->pages - taking->record->pages;
	vpn_t vpn = taking->vpn + taking->record->pages;
	unsigned index = table_index(vpn, 0);
	unsigned count = TABLE_ENTRIES - index < left ? TABLE_ENTRIES - index : (unsigned)left;
	struct walk walk;

	if (!handshake_open(taking->mm))			/* P1 */
		return leave(taking->mm->pool, STAT_left_forking);
	walk = walk_down(taking->mm, vpn);			/* P2 */
	/* Nothing there: no need to mark a path that a pin can't come from. */
	if (!(walk_view(walk.all, walk.seen[0]) & PTE_P))
		return leave(taking->mm->pool, STAT_left_absent);
	if (DESIGN_LOOKS_AT_TABLES(taking->mm)) {
		if (unlikely(!(walk.all & PTE_PINNABLE)))
			return leave(taking->mm->pool, STAT_left_pinnable);
		if (unlikely(!(walk.all & PTE_HAS_PINNED)))
			return WENT_UNMARKED;
	}
	if (unlikely(walk.seen[0] & PTE_PS))
		return take_huge(taking, &walk, index, left);
	return TAKE_ENTRIES(taking, walk.all, walk.upper[0], count);
}

/*
 * P3, in a section of its own, whose commits it is: a mark that came after the cut would
 * not be in what the fork has counted (races/pin-write-against-fork).
 */
static __attribute__((noinline, cold)) void mark_table(struct taking *taking)
{
	struct walk walk;

	plat_section_enter(PLAT_SWAP);
	if (handshake_open(taking->mm)) {
		walk = walk_down(taking->mm, taking->vpn + taking->record->pages);
		if (walk.all & PTE_PINNABLE)
			walk_mark_pinned(&walk);
	}
	plat_section_leave();
}

void pin_fast(struct taking *taking)
{
	uint64_t before = taking->record->pages;
	enum went went = pin_begin(taking) ? WENT_ON : WENT_OFF;

	for (unsigned again = 0; went != WENT_OFF && taking->record->pages < taking->pages; again += went != WENT_ON) {
		if (unlikely(again == AGAIN_MOST)) {
			leave(taking->mm->pool, STAT_left_forking);
			break;
		}
		if (unlikely(went == WENT_UNMARKED))
			mark_table(taking);
		plat_section_enter(PLAT_RAISE_ROW);
		went = take_table(taking);
		plat_section_leave();
	}
	if (unlikely(taking->over))
		free_over(taking);
	pin_end(taking, before);
	if (taking->record->pages > before)
		stat_add(taking->mm->pool, STAT_pin_fast, taking->record->pages - before);
}

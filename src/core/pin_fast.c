/*
 * pin_fast.c - the fast path: no lock, no fault, one locked instruction a page
 *
 * The handshake with fork and its proof obligations stand in handshake.h.  The
 * numbers P1 to P4 are the steps there.  One section per last-level table: a
 * fork waits for no more than that.
 *
 * GETs never come here.  One taken without the lock could land between another
 * mm's "am I alone?" and its store (CVE-2020-29374 once more).
 */
#include "handshake.h"
#include "pin.h"

static bool leave(struct hf_pool *pool, enum stat why)
{
	stat_add(pool, why, 1);
	return false;
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

/* A page that was read from the entry. */
static bool raise_page(struct taking *taking, struct page *page, const pte_slot *slot, pte_t pte)
{
	enum raise raise = page_raise(page);

	if (likely(raise == RAISED))
		return pin_holds(taking, page, slot, pte);
	if (raise == RAISE_TOO_MANY)
		taking->excess = page;
	return leave(taking->mm->pool, STAT_left_dying);
}

/*
 * The pages of one last-level table, as far as they can be had: true if all.
 * The last run's end is kept in a register; the run's length is written once.
 */
static bool take_entries(struct taking *taking, pte_t all, const pte_slot *slots, unsigned count)
{
	struct record *record = taking->record;
	struct hf_pool *pool = taking->mm->pool;
	struct page *const pages = pool->pages;
	struct iovec *run = record->runs ? &record->iov[record->runs - 1] : NULL;
	unsigned char *const base = pool->base, *end = record->end;
	const unsigned how = taking->how;
	bool on = true;
	unsigned i;

	for (i = 0; i < count; i++) {
		pte_t pte = pte_load(&slots[i]), view = walk_view(all, pte);
		unsigned char *bytes = base + ((uint64_t)pte_pfn(view) << HF_PAGE_SHIFT);
		struct page *page = &pages[pte_pfn(view)];
		struct view seen = { view, page, false };

		on = DESIGN_FAST(taking->mm, seen, how) || leave(pool, why_not(view, how));
		if (unlikely(!on))
			break;
		on = bytes == end || record->runs < record->room;
		if (unlikely(!on))
			break;
		on = raise_page(taking, page, &slots[i], pte);	/* P4 */
		if (unlikely(!on))
			break;
		if (bytes != end) {
			if (run)
				run->iov_len = (size_t)(end - (unsigned char *)run->iov_base);
			run = &record->iov[record->runs++];
			run->iov_base = bytes;
		}
		end = bytes + PAGE_BYTES;
	}
	if (run)
		run->iov_len = (size_t)(end - (unsigned char *)run->iov_base);
	record->end = end;
	record->pages += i;
	return on;
}

/* The pages that stand in one last-level table; false when the slow path is to go on. */
static bool take_table(struct taking *taking)
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
	if (!(walk_view(walk.all, pte_load(walk.upper[0])) & PTE_P))
		return leave(taking->mm->pool, STAT_left_absent);
	if (DESIGN_LOOKS_AT_TABLES(taking->mm) && (!(walk.all & PTE_PINNABLE) || !walk_mark_pinned(&walk)))	/* P3 */
		return leave(taking->mm->pool, STAT_left_pinnable);
	return take_entries(taking, walk.all, walk.upper[0], count);
}

void pin_fast(struct taking *taking)
{
	uint64_t before = taking->record->pages;
	bool on = pin_begin(taking);

	while (on && taking->record->pages < taking->pages) {
		plat_section_enter(PLAT_LOOK);
		on = take_table(taking);
		plat_section_leave();
	}
	/* Dropped only here: it may be the last by now, and freeing may wait. */
	if (unlikely(taking->excess)) {
		page_drop(taking->mm->pool, taking->excess, COUNT_PIN);
		taking->excess = NULL;
	}
	pin_end(taking, before);
	if (taking->record->pages > before)
		stat_add(taking->mm->pool, STAT_pin_fast, taking->record->pages - before);
}

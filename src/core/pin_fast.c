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

static bool take_page(struct taking *taking, const struct walk *walk, const pte_slot *slot)
{
	struct hf_pool *pool = taking->mm->pool;
	pte_t view = walk_view(walk->all, pte_load(slot));
	pfn_t pfn = pte_pfn(view);
	struct page *page = page_of(pool, pfn);
	struct view seen = { view, page, false };

	if (unlikely(!DESIGN_FAST(taking->mm, seen, taking->how)))
		return leave(pool, why_not(view, taking->how));
	if (unlikely(!runs_take(taking->record, page_bytes(pool, pfn))))
		return false;
	if (unlikely(!page_raise(page)))			/* P4 */
		return leave(pool, STAT_left_dying);
	runs_add(taking->record, page_bytes(pool, pfn));
	return true;
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
	if (!walk_mark_pinned(&walk))				/* P3 */
		return leave(taking->mm->pool, STAT_left_absent);
	for (unsigned i = 0; i < count; i++)
		if (!take_page(taking, &walk, walk.upper[0] + i))
			return false;
	return true;
}

void pin_fast(struct taking *taking)
{
	uint64_t before = taking->record->pages;
	bool on = true;

	while (on && taking->record->pages < taking->pages) {
		plat_section_enter();
		on = take_table(taking);
		plat_section_leave();
	}
	if (taking->record->pages > before)
		stat_add(taking->mm->pool, STAT_pin_fast, taking->record->pages - before);
}

/*
 * survey.c - what a fork finds pinned, and whose pins they are
 *
 * It looks only under tables whose HAS_PINNED is set, once, and clears it where it finds
 * none.  What matters is the design's to say; the counts are exact, so that no stranger's
 * reference looks like a pin.
 */
#include "fork.h"
#include "record.h"

/* ---- what is pinned ------------------------------------------------------------------- */

static bool forks_pages(const struct vma *vma)
{
	return vma && vma_is_private(vma) && !is_special(vma);
}

bool survey_forks_at(struct forking *forking, vpn_t vpn)
{
	uint64_t address = (uint64_t)vpn << HF_PAGE_SHIFT;

	if (!forking->vma || address < forking->vma->start || address >= forking->vma->end)
		forking->vma = vma_find(forking->parent, address);
	return forks_pages(forking->vma);
}

/* A pinned page of this mm's own: count it if the child would have it.  True: it would. */
static bool count_pinned(struct forking *forking, struct page *page, vpn_t vpn)
{
	if (forking->unmark || !survey_forks_at(forking, vpn))
		return false;
	forking->pinned++;
	if (forking->report)
		atomic_fetch_or_explicit(&page->flags, PAGE_LISTED, memory_order_relaxed);
	return true;
}

static void unlist(const struct forking *forking, struct page *page)
{
	if (forking->unmark)
		atomic_fetch_and_explicit(&page->flags, ~(uint32_t)PAGE_LISTED, memory_order_relaxed);
}

/*
 * One page of this mm's own.  True: its table can't be shared as it is.  A page on which
 * somebody has a plain reference must lose W and PINNABLE itself, or whoever is alone on
 * the table one day would store under the eyes of the other side (CVE-2020-29374).
 */
static bool survey_page(struct forking *forking, pte_slot *slot, pte_t pte, vpn_t vpn)
{
	struct page *page = page_of(forking->parent->pool, pte_pfn(pte));

	unlist(forking, page);
	if (!survey_pin_matters(forking, pte))
		return (pte & PTE_PINNABLE) && !page_is_alone(page);
	if (count_pinned(forking, page, vpn) && !DESIGN_HAS_GRACE(forking->parent) && forking->closed)
		pte_set(slot, PTE_FOUND);
	return true;
}

/* The same of a huge page: a fork copies the parts that are pinned, or all if the whole is. */
static bool survey_huge(struct forking *forking, pte_t pte, vpn_t vpn)
{
	struct hf_pool *pool = forking->parent->pool;
	bool any = false;

	for (unsigned part = 0; part < TABLE_ENTRIES; part++) {
		struct page *page = page_of(pool, pte_pfn(pte) + part);

		unlist(forking, page);
		if (!survey_pin_matters(forking, pte_part(pte, part)))
			continue;
		any = true;
		count_pinned(forking, page, vpn);
	}
	return any || ((pte & PTE_PINNABLE) && !pte_is_alone(pool, pte));
}

static bool survey(struct forking *forking, pfn_t pfn, unsigned level, vpn_t vpn);

/* Look under an entry of an upper table. */
static bool survey_under(struct forking *forking, pte_t pte, unsigned level, vpn_t vpn)
{
	return pte & PTE_PS ? survey_huge(forking, pte, vpn) : survey(forking, pte_pfn(pte), level - 1, vpn);
}

/* Look under one table; true if there are pins, or plain references on what is PINNABLE. */
static bool survey(struct forking *forking, pfn_t pfn, unsigned level, vpn_t vpn)
{
	struct hf_pool *pool = forking->parent->pool;
	bool everywhere = !DESIGN_LOOKS_AT_TABLES(forking->parent), any = false;
	uint32_t left = table_used(pool, pfn);

	if (!level && !forking->unmark && DESIGN_LOOKS_FOR_PINS(forking->parent))
		stat_add(pool, STAT_fork_tables, 1);
	for (unsigned index = 0; left && index < TABLE_ENTRIES; index++) {
		pte_slot *slot = &table_of(pool, pfn)[index];
		pte_t pte = pte_load(slot);

		left -= pte != 0;
		if (!level) {
			any |= is_own(pool, pte) && survey_page(forking, slot, pte, vpn + index);
		} else if (pte & (everywhere ? PTE_P : PTE_HAS_PINNED)) {
			if (survey_under(forking, pte, level, vpn + index * tree_reach(level)))
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
	/*
	 * Claimed, the pin can't end and take its runs with it while we look.  By the handle's word:
	 * it says nothing of parts, which others may unpin just now.
	 */
	word = (word & ~(uint64_t)(RECORD_WHAT | RECORD_PARTS)) | RECORD_LIVE;
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

/* With the handshake closed, or not: then it is what can be seen now. */
void survey_pins(struct forking *forking)
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

/* ---- for reports ------------------------------------------------------------------------- */

uint64_t survey_own_pages(const struct forking *forking)
{
	struct hf_mm *mm = forking->parent;
	uint64_t own = 0;
	pte_slot *slot;

	for (struct vma *vma = vma_first(mm, 0, ADDRESS_END); vma; vma = vma_next(vma, ADDRESS_END)) {
		vpn_t end = vpn_of(vma->end);

		if (!forks_pages(vma))
			continue;
		for (vpn_t vpn = vpn_of(vma->start); (vpn = tree_next(mm->pool, &mm->tables, vpn, end, &slot)) < end;) {
			pte_t pte = pte_load(slot);

			own += is_own(mm->pool, pte) ? pte_pages(pte) : 0;
			vpn = pte_after(vpn, pte);
		}
	}
	return own;
}

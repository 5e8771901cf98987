/*
 * designs.c - the designs of the laboratory: ten answers to the same questions
 *
 * From Linux before 5.8 to Holdfast, with the two proposals of the argument of
 * September 2020.  An answer sees what the design's code would see at that place:
 * the fast path the entry and the page, never the mapping.
 *
 * Linux adds 1024 to a reference count for a pin and calls a page with as many
 * "maybe pinned"; here the count is exact, and the maybe is said in its terms.
 */
#include "lab.h"

#include <string.h>

#include "mm.h"

#define LINUX_PIN_BIAS 1024u

static bool present(struct view view)
{
	/* The zero page is never fast: its entry is special. */
	return (view.pte & PTE_P) && !pte_is_zero_page(view.pte);
}

static bool writable(struct view view)
{
	return present(view) && (view.pte & PTE_W);
}

static bool is_anonymous(struct view view)
{
	return pte_has_page(view.pte) && !pte_is_zero_page(view.pte) && page_is(view.page, PAGE_ANONYMOUS);
}

static bool is_exclusive(struct view view)
{
	return is_anonymous(view) && (view.pte & PTE_PINNABLE);
}

static uint64_t count_of(struct view view)
{
	return atomic_load_explicit(&view.page->count, memory_order_acquire);
}

static uint32_t entries_of(struct view view)
{
	return atomic_load_explicit(&view.page->entries, memory_order_relaxed);
}

/* ---- May the fast path take this page? ------------------------------------------------ */

static bool fast_present(struct view view, unsigned how)
{
	return how & HF_PIN_WRITE ? writable(view) : present(view);
}

static bool fast_writable(struct view view, unsigned how)
{
	(void)how;
	return writable(view);
}

static bool fast_symmetric(struct view view, unsigned how)
{
	if (how & HF_PIN_GET)
		return present(view);
	return writable(view) && ((how & HF_PIN_WRITE) || (view.pte & PTE_D));
}

static bool fast_a_or_b(struct view view, unsigned how)
{
	return how & HF_PIN_GET ? present(view) : writable(view);
}

static bool fast_5_19(struct view view, unsigned how)
{
	if (how & HF_PIN_GET)
		return present(view);
	if (writable(view))
		return true;
	return !(how & HF_PIN_WRITE) && present(view) && (!is_anonymous(view) || is_exclusive(view));
}

static bool fast_6_2(struct view view, unsigned how)
{
	if (!(how & HF_PIN_LONGTERM))
		return fast_5_19(view, how);
	return writable(view) || (!(how & HF_PIN_WRITE) && present(view) && is_exclusive(view));
}

/* ---- Must it first be made this mm's own? ----------------------------------------------- */

static enum own own_not(const struct vma *vma, struct view view, unsigned how)
{
	(void)vma;
	(void)view;
	(void)how;
	return OWN_NOT;
}

static enum own own_5_8(const struct vma *vma, struct view view, unsigned how)
{
	(void)how;
	return !vma_is_private(vma) || writable(view) ? OWN_NOT : OWN_BREAK;
}

static enum own own_symmetric(const struct vma *vma, struct view view, unsigned how)
{
	return (how & HF_PIN_GET) || !vma_is_private(vma) || writable(view) ? OWN_NOT : OWN_LIKE_WRITE;
}

static enum own own_a_or_b(const struct vma *vma, struct view view, unsigned how)
{
	bool once = is_anonymous(view) && entries_of(view) == 1;

	if ((how & HF_PIN_GET) || !vma_is_private(vma) || writable(view))
		return OWN_NOT;
	return once && !(vma->prot & HF_PROT_WRITE) ? OWN_NOT : OWN_LIKE_WRITE;
}

static enum own own_5_19(const struct vma *vma, struct view view, unsigned how)
{
	(void)vma;
	return !(how & HF_PIN_GET) && is_anonymous(view) && !is_exclusive(view) ? OWN_UNSHARE : OWN_NOT;
}

static enum own own_6_2(const struct vma *vma, struct view view, unsigned how)
{
	if ((how & HF_PIN_LONGTERM) && vma_is_private(vma) && !is_exclusive(view))
		return OWN_UNSHARE;
	return own_5_19(vma, view, how);
}

static enum own own_holdfast(const struct vma *vma, struct view view, unsigned how)
{
	(void)vma;
	return holdfast_own(view, how);
}

/* ---- Does the child get its own copy now? -------------------------------------------------- */

static bool copies_never(const struct hf_mm *mm, struct view view)
{
	(void)mm;
	(void)view;
	return false;
}

static bool maybe_pinned(const struct hf_mm *mm, struct view view)
{
	uint64_t count = count_of(view);

	return atomic_load_explicit(&mm->has_pinned, memory_order_relaxed) &&
	       (uint64_t)COUNT_REFERENCES(count) + (uint64_t)COUNT_PINS(count) * LINUX_PIN_BIAS >= LINUX_PIN_BIAS;
}

static bool copies_5_19(const struct hf_mm *mm, struct view view)
{
	return is_exclusive(view) && maybe_pinned(mm, view);
}

static bool copies_pinned(const struct hf_mm *mm, struct view view)
{
	(void)mm;
	return COUNT_PINS(count_of(view)) != 0;
}

static bool copies_holdfast(const struct hf_mm *mm, struct view view)
{
	return holdfast_copies(mm->pool, view);
}

/* ---- May a write fault keep the page? ---------------------------------------------------------- */

static bool keep_mapped_once(const struct hf_mm *mm, struct view view)
{
	(void)mm;
	return entries_of(view) == 1;
}

static bool keep_sole_reference(const struct hf_mm *mm, struct view view)
{
	(void)mm;
	uint64_t count = count_of(view);

	return (uint64_t)COUNT_REFERENCES(count) + COUNT_PINS(count) == 1;
}

static bool keep_5_19(const struct hf_mm *mm, struct view view)
{
	return is_exclusive(view) || keep_sole_reference(mm, view);
}

static bool keep_holdfast(const struct hf_mm *mm, struct view view)
{
	return holdfast_keep(mm->pool, view);
}

/* ---- the designs --------------------------------------------------------------------------------- */

const struct design design_holdfast = {
	"holdfast", holdfast_fast, own_holdfast, copies_holdfast, keep_holdfast,
	.discard_keeps = true, .unshare_may_write = true, .look = LOOK_TABLES,
	.handshake = HANDSHAKE_GRACE,
};

#define BLIND .look = LOOK_NOWHERE, .handshake = HANDSHAKE_NONE
#define STICKY .look = LOOK_STICKY, .handshake = HANDSHAKE_SEQUENCE

static const struct design others[] = {
	{ .name = "linux-5.7", fast_present, own_not, copies_never, keep_mapped_once, BLIND },
	{ .name = "linux-5.8", fast_writable, own_5_8, copies_never, keep_mapped_once, BLIND },
	{ .name = "linux-5.9-rc", fast_present, own_not, copies_never, keep_sole_reference, BLIND },
	/* It looks for pins, and has no handshake yet: history/fork-races-fast-pin. */
	{ .name = "linux-5.9", fast_present, own_not, maybe_pinned, keep_sole_reference, .look = LOOK_STICKY },
	{ .name = "linux-5.10", fast_present, own_not, maybe_pinned, keep_sole_reference, STICKY },
	{ .name = "symmetric", fast_symmetric, own_symmetric, copies_pinned, keep_sole_reference, STICKY },
	{ .name = "a-or-b", fast_a_or_b, own_a_or_b, copies_pinned, keep_sole_reference, STICKY },
	{ .name = "linux-5.19", fast_5_19, own_5_19, copies_5_19, keep_5_19, STICKY },
	{ .name = "linux-6.2", fast_6_2, own_6_2, copies_5_19, keep_5_19, STICKY },
};

const struct design *design_of(const struct hf_mm *mm)
{
	return mm->design;
}

/* The sticky bit of an mm that has never pinned spares the search. */
bool design_looks_for_pins(const struct hf_mm *mm)
{
	enum look look = mm->design->look;

	return look == LOOK_TABLES ||
	       (look == LOOK_STICKY && atomic_load_explicit(&mm->has_pinned, memory_order_relaxed));
}

int hf_lab_set_design(struct hf_mm *mm, const char *design)
{
	const struct design *found = NULL;

	if (!mm || !design)
		return -HF_EINVAL;
	if (!strcmp(design, design_holdfast.name))
		found = &design_holdfast;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(design, others[i].name))
			found = &others[i];
	if (!found || !RB_EMPTY(&mm->vmas))
		return -HF_EINVAL;
	mm->design = found;
	return 0;
}

uint64_t hf_lab_fail_allocation(struct hf_pool *pool, uint64_t nth)
{
	return atomic_exchange_explicit(&pool->fail_in, nth, memory_order_relaxed);
}

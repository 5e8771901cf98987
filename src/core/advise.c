/*
 * advise.c - discard under pins, what a mapping does at a fork, and the hint for huge pages
 *
 * A discard of a private page that is pinned changes its contents in place: to
 * zeroes, or to what the object holds.  Which pages are pinned only the handshake
 * tells (handshake.h):
 *
 *	1  take W and PINNABLE away from every private page of the range
 *	2  cut: a fast pin that had read such an entry has raised the count, or begins again
 *	3  look: pinned, or nobody's business any more
 *
 * Shared and sealed pages of an object only lose their entries: the object keeps
 * the page, and the next fault brings the same one back.  Under a table that a fork
 * shares nothing is pinned through this mm: it is dropped as a whole, without a look.
 */
#include "handshake.h"
#include "map.h"

/* A page of this mm's own, in a mapping where a discard has to ask for pins. */
static bool is_own_page(const struct hf_mm *mm, const struct vma *vma, pte_t pte)
{
	return vma_is_private(vma) && pte_has_page(pte) && !pte_is_zero_page(pte) &&
	       page_is(page_of(mm->pool, pte_pfn(pte)), PAGE_ANONYMOUS);
}

/* Step 1, for one VMA's part of the range; true if there was any. */
static bool take_marks(struct hf_mm *mm, struct vma *vma)
{
	vpn_t end = vpn_of(vma->end);
	bool any = false;
	pte_slot *slot;
	pte_t pte;

	for (vpn_t vpn = vpn_of(vma->start); (vpn = tree_next(mm->pool, &mm->tables, vpn, end, &slot)) < end;
	     vpn = pte_after(vpn, pte)) {
		pte = pte_load(slot);
		if (!is_own_page(mm, vma, pte) || !(pte & PTE_PINNABLE))
			continue;
		pte_clear(slot, PTE_W | PTE_PINNABLE);
		any = true;
	}
	return any;
}

/* The object's bytes at this address into a page, zeroes where it has none. */
static void refill(const struct vma *vma, uint64_t address, unsigned char *bytes)
{
	size_t read = 0;

	if (vma->object)
		read = (size_t)hf_object_read(vma->object, (uint64_t)vma_index(vma, address) << HF_PAGE_SHIFT, bytes,
					      PAGE_BYTES);
	plat_fill_once(bytes + read, 0, PAGE_BYTES - read);
}

/*
 * Step 3, for one entry.  A huge page of which a part is pinned stays as one: to part it
 * would take a table, and a discard has none to ask for.
 */
static void discard_entry(struct hf_mm *mm, const struct vma *vma, vpn_t vpn, pte_slot *slot, pte_t pte)
{
	struct hf_pool *pool = mm->pool;

	if (!is_own_page(mm, vma, pte) || !DESIGN_DISCARD_KEEPS(mm) || !pte_pinned(pool, pte)) {
		pte_drop(pool, tree_empty(pool, slot));
		return;
	}
	for (unsigned part = 0; part < pte_pages(pte); part++)
		refill(vma, (uint64_t)(vpn + part) << HF_PAGE_SHIFT, page_bytes(pool, pte_pfn(pte) + part));
	pte_set(slot, PTE_PINNABLE | (vma->prot & HF_PROT_WRITE ? PTE_W : 0));
	stat_add(pool, STAT_discard_kept, pte_pages(pte));
}

static void discard_entries(struct hf_mm *mm, struct vma *vma)
{
	vpn_t end = vpn_of(vma->end);
	pte_slot *slot;
	pte_t pte;

	for (vpn_t vpn = vpn_of(vma->start); (vpn = tree_next(mm->pool, &mm->tables, vpn, end, &slot)) < end;
	     vpn = pte_after(vpn, pte)) {
		pte = pte_load(slot);
		discard_entry(mm, vma, vpn, slot, pte);
	}
	tree_prune(mm->pool, &mm->tables, vpn_of(vma->start), end);
}

static void discard_range(struct hf_mm *mm, uint64_t start, uint64_t end)
{
	bool any = false;

	mm_zap(mm, start, end, CLEAR_SHARED);
	for (struct vma *vma = vma_first(mm, start, end); vma; vma = vma_next(vma, end))
		any |= take_marks(mm, vma);
	if (any)
		pool_cut(mm->pool);
	for (struct vma *vma = vma_first(mm, start, end); vma; vma = vma_next(vma, end))
		discard_entries(mm, vma);
}

/* ---- at a fork, and at a fault --------------------------------------------------------- */

static void set_flags(struct hf_mm *mm, uint64_t start, uint64_t end, enum hf_advice advice)
{
	static const struct { unsigned set, clear; } changes[] = {
		[HF_ADVISE_DONTFORK] = { VMA_DONTFORK, 0 },	[HF_ADVISE_DOFORK] = { 0, VMA_DONTFORK },
		[HF_ADVISE_WIPEONFORK] = { VMA_WIPEONFORK, 0 }, [HF_ADVISE_KEEPONFORK] = { 0, VMA_WIPEONFORK },
		[HF_ADVISE_HUGE] = { VMA_HUGE, 0 },		[HF_ADVISE_NOHUGE] = { 0, VMA_HUGE },
	};

	for (struct vma *vma = vma_first(mm, start, end); vma; vma = vma_next(vma, end))
		vma->flags = (vma->flags | changes[advice].set) & ~changes[advice].clear;
}

static bool is_for_private_anonymous(enum hf_advice advice)
{
	return advice == HF_ADVISE_WIPEONFORK || advice == HF_ADVISE_HUGE;
}

static int may_advise(struct hf_mm *mm, uint64_t start, uint64_t end, enum hf_advice advice)
{
	if (!vma_covers(mm, start, end))
		return -HF_ENOMEM;
	for (struct vma *vma = vma_first(mm, start, end); vma && is_for_private_anonymous(advice);
	     vma = vma_next(vma, end))
		if (vma->object)
			return -HF_EINVAL;
	return 0;
}

static int advise_locked(struct hf_mm *mm, uint64_t start, uint64_t end, enum hf_advice advice)
{
	struct vma *spares[2];
	int error = may_advise(mm, start, end, advice);

	if (!error)
		error = advice == HF_ADVISE_DISCARD ? unmap_prepare(mm, start, end, spares) :
							cut_prepare_alone(mm, start, end, spares);
	if (error)
		return error;
	/* ---- point of no return ---- */
	cut_ends(mm, start, end, spares);
	cut_done(spares);
	if (advice == HF_ADVISE_DISCARD)
		discard_range(mm, start, end);
	else
		set_flags(mm, start, end, advice);
	vma_merge(mm, start, end);
	return 0;
}

int hf_advise(struct hf_mm *mm, uint64_t address, uint64_t length, enum hf_advice advice)
{
	int error;

	if (advice < HF_ADVISE_DISCARD || advice > HF_ADVISE_NOHUGE)
		return -HF_EINVAL;
	error = range_lock(mm, address, &length);
	if (error)
		return error;
	error = advise_locked(mm, address, address + length, advice);
	mm_unlock(mm);
	return error;
}

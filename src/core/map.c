/*
 * map.c - map, unmap, protect and seal
 *
 * Each validates and allocates, cuts the VMAs at the range's ends, and then
 * changes whole VMAs and their entries, which can't fail.
 */
#include "map.h"

#define PROT_ALL (HF_PROT_READ | HF_PROT_WRITE | HF_PROT_SEAL)
#define MAP_ALL (HF_MAP_SHARED | HF_MAP_FIXED | HF_MAP_FIXED_NOREPLACE | HF_MAP_HUGE)

int range_lock(struct hf_mm *mm, uint64_t address, uint64_t *length)
{
	if (!mm || *length > ADDRESS_END)
		return -HF_EINVAL;
	*length = pages_of(*length) << HF_PAGE_SHIFT;
	return range_is_good(address, *length) ? mm_lock(mm) : -HF_EINVAL;
}

/* ---- cutting ------------------------------------------------------------------------ */

int cut_prepare(struct hf_pool *pool, struct vma *spares[2])
{
	spares[0] = vma_alloc(pool);
	spares[1] = spares[0] ? vma_alloc(pool) : NULL;
	if (spares[1])
		return 0;
	vma_discard(spares[0]);
	spares[0] = NULL;
	return -HF_ENOMEM;
}

void cut_done(struct vma *spares[2])
{
	vma_discard(spares[0]);
	vma_discard(spares[1]);
}

void cut_ends(struct hf_mm *mm, uint64_t start, uint64_t end, struct vma *spares[2])
{
	vma_cut(mm, start, &spares[0]);
	vma_cut(mm, end, &spares[1]);
}

int cut_prepare_alone(struct hf_mm *mm, uint64_t start, uint64_t end, struct vma *spares[2])
{
	struct build build = build_of(mm->pool, &mm->tables);
	int error = cut_prepare(mm->pool, spares);

	if (error)
		return error;
	do {
		build_cut(&build, vpn_of(start));
		build_cut(&build, vpn_of(end));
	} while (build_goes_on(&build));
	if (build.error)
		cut_done(spares);
	return build.error;
}

/* ---- unmapping ---------------------------------------------------------------------- */

int unmap_prepare(struct hf_mm *mm, uint64_t start, uint64_t end, struct vma *spares[2])
{
	int error = cut_prepare(mm->pool, spares);

	/* Where nothing is mapped there is no entry, and what a table that sticks out holds is its neighbours'. */
	if (!error && vma_first(mm, start, end))
		error = tree_own_ends(mm->pool, &mm->tables, vpn_of(start), vpn_of(end), vma_room(mm, start, end));
	if (error)
		cut_done(spares);
	return error;
}

void unmap_range(struct hf_mm *mm, uint64_t start, uint64_t end, struct vma *spares[2], enum clear clear)
{
	struct vma *vma;

	cut_ends(mm, start, end, spares);
	mm_zap(mm, start, end, clear);
	while ((vma = vma_first(mm, start, end)))
		vma_remove(vma);
}

/* ---- map ------------------------------------------------------------------------------- */

/* HF_PROT_WRITE implies reading, as in the page tables; sealing is not a right. */
static unsigned rights_of(unsigned prot)
{
	return (prot & HF_PROT_WRITE ? HF_PROT_READ : 0) | (prot & (HF_PROT_READ | HF_PROT_WRITE));
}

static bool request_is_good(const struct hf_mm *mm, const uint64_t *address, uint64_t length, unsigned prot,
			    unsigned flags, const struct hf_object *object, uint64_t offset)
{
	bool fixed = flags & (HF_MAP_FIXED | HF_MAP_FIXED_NOREPLACE);

	if (!mm || !address || (prot & ~PROT_ALL) || (flags & ~MAP_ALL) || !length || length > ADDRESS_END)
		return false;
	if ((prot & HF_PROT_SEAL) && ((flags & HF_MAP_SHARED) || (prot & HF_PROT_WRITE)))
		return false;
	if ((flags & HF_MAP_FIXED) && (flags & HF_MAP_FIXED_NOREPLACE))
		return false;
	if ((flags & HF_MAP_HUGE) && ((flags & HF_MAP_SHARED) || object))
		return false;
	if (fixed && !range_is_good(*address, (uint64_t)pages_of(length) << HF_PAGE_SHIFT))
		return false;
	if ((object || (flags & HF_MAP_SHARED)) && length > OBJECT_END)
		return false;
	if (object)
		return object->pool == mm->pool && !page_offset(offset) && offset <= OBJECT_END - length;
	return !offset;
}

static int place(struct hf_mm *mm, uint64_t *address, uint64_t length, unsigned flags)
{
	if (flags & HF_MAP_FIXED)
		return 0;
	if (flags & HF_MAP_FIXED_NOREPLACE)
		return vma_first(mm, *address, *address + length) ? -HF_EEXIST : 0;
	*address = vma_gap(mm, *address < ADDRESS_END ? page_floor(*address) : 0, length,
			   flags & HF_MAP_HUGE ? VMA_HUGE : 0);
	return *address ? 0 : -HF_ENOMEM;
}

static int map_locked(struct hf_mm *mm, uint64_t *address, struct vma *vma, unsigned flags)
{
	uint64_t length = vma->end - vma->start, at = *address;
	struct vma *spares[2];
	int error = place(mm, &at, length, flags);

	if (!error)
		error = unmap_prepare(mm, at, at + length, spares);
	if (error)
		return error;
	/* ---- point of no return ---- */
	unmap_range(mm, at, at + length, spares, CLEAR_ALL);
	cut_done(spares);
	vma->start = at;
	vma->end = at + length;
	vma_insert(mm, vma);
	vma_merge(mm, at, at + length);
	*address = at;
	return 0;
}

int hf_map(struct hf_mm *mm, uint64_t *address, uint64_t length, unsigned prot, unsigned flags,
	   struct hf_object *object, uint64_t offset)
{
	struct vma *vma;
	int error;

	if (!request_is_good(mm, address, length, prot, flags, object, offset))
		return -HF_EINVAL;
	vma = vma_alloc(mm->pool);
	if (!vma)
		return -HF_ENOMEM;
	vma->end = pages_of(length) << HF_PAGE_SHIFT;
	vma->prot = rights_of(prot);
	vma->flags = (flags & HF_MAP_SHARED ? VMA_SHARED : 0) | (prot & HF_PROT_SEAL ? VMA_SEALED : 0) |
		     (flags & HF_MAP_HUGE ? VMA_HUGE : 0);
	vma->offset = vpn_of(offset);
	if (object)
		object_get(object);
	else if (flags & HF_MAP_SHARED)
		object = object_new(mm->pool, OBJECT_END);
	vma->object = object;
	error = (flags & HF_MAP_SHARED) && !object ? -HF_ENOMEM : mm_lock(mm);
	if (!error) {
		error = map_locked(mm, address, vma, flags);
		mm_unlock(mm);
	}
	if (error)
		vma_discard(vma);
	return error;
}

/* ---- unmap --------------------------------------------------------------------------------- */

int hf_unmap(struct hf_mm *mm, uint64_t address, uint64_t length)
{
	struct vma *spares[2];
	int error = range_lock(mm, address, &length);

	if (error)
		return error;
	error = unmap_prepare(mm, address, address + length, spares);
	if (!error) {
		/* ---- point of no return ---- */
		unmap_range(mm, address, address + length, spares, CLEAR_ALL);
		cut_done(spares);
	}
	mm_unlock(mm);
	return error;
}

/* ---- protect ----------------------------------------------------------------------------------- */

static int may_protect(struct hf_mm *mm, uint64_t start, uint64_t end, unsigned prot)
{
	if (!vma_covers(mm, start, end))
		return -HF_ENOMEM;
	for (struct vma *vma = vma_first(mm, start, end); vma; vma = vma_next(vma, end)) {
		if ((prot & HF_PROT_SEAL) && (vma->flags & VMA_SHARED))
			return -HF_EINVAL;
		if ((prot & HF_PROT_WRITE) && (vma->flags & VMA_SEALED))
			return -HF_EACCES;
	}
	return 0;
}

/*
 * The entry under a mapping's new rights.  Upwards nothing becomes writable here:
 * the next write fault decides that.  PINNABLE stays as it is, for the page stays;
 * sealing gives it to the object's pages, which no write can replace any more.
 */
static pte_t entry_under(const struct hf_mm *mm, const struct vma *vma, unsigned prot, pte_t pte)
{
	const struct page *page = page_of(mm->pool, pte_pfn(pte));

	if (!pte_has_page(pte))
		return pte;
	if (!(prot & HF_PROT_WRITE))
		pte &= ~PTE_W;
	if (((vma->flags & VMA_SEALED) || (prot & HF_PROT_SEAL)) && page_is(page, PAGE_OBJECT))
		pte |= PTE_PINNABLE;
	if (rights_of(prot) & HF_PROT_READ)
		return (pte | PTE_P) & ~PTE_KEPT;
	return (pte | PTE_KEPT) & ~PTE_P;
}

/* The ways to the entries of [from, to) that will change, as far as their tables. */
static void build_what_changes(struct build *build, struct hf_mm *mm, const struct vma *vma, vpn_t from, vpn_t to,
			      unsigned prot)
{
	pte_slot *slot;

	for (vpn_t vpn = from; (vpn = tree_next(mm->pool, &mm->tables, vpn, to, &slot)) < to;) {
		pte_t pte = pte_load(slot);
		bool parts = (pte & PTE_PS) && (vpn % TABLE_ENTRIES || vpn + TABLE_ENTRIES > to);

		if (entry_under(mm, vma, prot, pte) == pte) {
			vpn = pte_after(vpn, pte);
			continue;
		}
		if ((pte & PTE_PS) && !parts)
			build_upper(build, vpn);
		else
			build_way(build, vpn);
		vpn = (vpn | (TABLE_ENTRIES - 1)) + 1;	/* this table is done */
	}
}

static int protect_prepare(struct hf_mm *mm, uint64_t start, uint64_t end, unsigned prot, struct vma *spares[2])
{
	struct build build = build_of(mm->pool, &mm->tables);
	int error = cut_prepare(mm->pool, spares);

	if (error)
		return error;
	do {
		build_cut(&build, vpn_of(start));
		for (struct vma *vma = vma_first(mm, start, end); vma; vma = vma_next(vma, end))
			build_what_changes(&build, mm, vma, vpn_of(vma->start > start ? vma->start : start),
					  vpn_of(vma->end < end ? vma->end : end), prot);
		build_cut(&build, vpn_of(end));
	} while (build_goes_on(&build));
	if (build.error)
		cut_done(spares);
	return build.error;
}

/* Change the entries to what the mapping says; true if somebody lost a right. */
static bool protect_entries(struct hf_mm *mm, struct vma *vma, unsigned prot)
{
	vpn_t end = vpn_of(vma->end);
	bool lost = false;
	pte_slot *slot;

	for (vpn_t vpn = vpn_of(vma->start), next; (vpn = tree_next(mm->pool, &mm->tables, vpn, end, &slot)) < end;
	     vpn = next) {
		pte_t pte = pte_load(slot), now;

		next = pte_after(vpn, pte);
		if (entry_under(mm, vma, prot, pte) == pte)
			continue;
		/*
		 * Loads and stores set A and D meanwhile, pins HAS_PINNED, and nobody anything else.  Release
		 * pairs with pte_load(): who may load now finds what was stored before
		 * (races/load-against-protect-and-store).
		 */
		do {
			now = entry_under(mm, vma, prot, pte);
		} while (!atomic_compare_exchange_weak_explicit(slot, &pte, now, memory_order_release,
								memory_order_relaxed));
		lost |= (pte & ~now & (PTE_P | PTE_W)) != 0;
	}
	return lost;
}

static int protect_locked(struct hf_mm *mm, uint64_t start, uint64_t end, unsigned prot)
{
	struct vma *spares[2];
	bool lost = false;
	int error = may_protect(mm, start, end, prot);

	if (!error)
		error = protect_prepare(mm, start, end, prot, spares);
	if (error)
		return error;
	/* ---- point of no return ---- */
	cut_ends(mm, start, end, spares);
	cut_done(spares);
	for (struct vma *vma = vma_first(mm, start, end); vma; vma = vma_next(vma, end)) {
		vma->prot = rights_of(prot);
		if (prot & HF_PROT_SEAL)
			vma->flags |= VMA_SEALED;
		lost |= protect_entries(mm, vma, prot);
	}
	vma_merge(mm, start, end);
	/* A store that found the entry writable is over when this returns. */
	if (lost)
		pool_cut(mm->pool);
	return 0;
}

int hf_protect(struct hf_mm *mm, uint64_t address, uint64_t length, unsigned prot)
{
	int error;

	if ((prot & ~PROT_ALL) || ((prot & HF_PROT_SEAL) && (prot & HF_PROT_WRITE)))
		return -HF_EINVAL;
	error = range_lock(mm, address, &length);
	if (error)
		return error;
	error = protect_locked(mm, address, address + length, prot);
	mm_unlock(mm);
	return error;
}

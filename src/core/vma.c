/*
 * vma.c - finding, cutting and merging mappings
 *
 *	vma_cut at c:      a                b           a        c       b
 *	                   |----------------|    -->    |--------|-------|
 *
 *	vma_merge:         |--------|-------|    -->    |----------------|
 *	                   same prot, flags, object, and offsets in a row
 */
#include "mm.h"

static int vma_order(const struct vma *left, const struct vma *right)
{
	return (left->start > right->start) - (left->start < right->start);
}

/* Not RB_GENERATE_STATIC: it relies on a BSD libc's __unused. */
RB_GENERATE_INTERNAL(vma_tree, vma, node, vma_order, static __attribute__((unused)))

struct vma *vma_first(struct hf_mm *mm, uint64_t start, uint64_t end)
{
	struct vma *vma = RB_ROOT(&mm->vmas), *found = NULL;

	while (vma) {
		if (vma->end > start) {
			found = vma;
			vma = RB_LEFT(vma, node);
		} else {
			vma = RB_RIGHT(vma, node);
		}
	}
	return found && found->start < end ? found : NULL;
}

struct vma *vma_find(struct hf_mm *mm, uint64_t address)
{
	return vma_first(mm, address, address + 1);
}

struct vma *vma_next(struct vma *vma, uint64_t end)
{
	struct vma *next = RB_NEXT(vma_tree, &vma->mm->vmas, vma);

	return next && next->start < end ? next : NULL;
}

struct room vma_room(struct hf_mm *mm, uint64_t start, uint64_t end)
{
	struct vma key = { .start = start }, *after = vma_first(mm, end, ADDRESS_END);
	struct vma *from = RB_NFIND(vma_tree, &mm->vmas, &key);	/* the first that begins at start or behind it */
	struct vma *before = from ? RB_PREV(vma_tree, &mm->vmas, from) : RB_MAX(vma_tree, &mm->vmas);
	uint64_t low = before ? before->end : 0, high = after ? after->start : ADDRESS_END;

	return (struct room){ vpn_of(low < start ? low : start), vpn_of(high > end ? high : end) };
}

bool vma_covers(struct hf_mm *mm, uint64_t start, uint64_t end)
{
	for (struct vma *vma = vma_first(mm, start, end); vma; vma = vma_next(vma, end)) {
		if (vma->start > start)
			return false;
		start = vma->end;
		if (start >= end)
			return true;
	}
	return false;
}

/* The first gap of that length at or after from; 0 when there is none. */
static uint64_t aligned(uint64_t address, uint64_t alignment)
{
	return (address + alignment - 1) & ~(alignment - 1);
}

static uint64_t gap_after(struct hf_mm *mm, uint64_t from, uint64_t length, uint64_t alignment)
{
	struct vma *vma;

	from = aligned(from, alignment);
	for (vma = vma_first(mm, from, ADDRESS_END); vma; vma = vma_next(vma, ADDRESS_END)) {
		if (vma->start >= from && vma->start - from >= length)
			break;
		from = aligned(vma->end, alignment);
	}
	return from <= ADDRESS_END && ADDRESS_END - from >= length ? from : 0;
}

uint64_t vma_gap(struct hf_mm *mm, uint64_t wish, uint64_t length, unsigned flags)
{
	uint64_t alignment = (flags & VMA_HUGE) && length >= TABLE_BYTES ? TABLE_BYTES : PAGE_BYTES;
	/* The lowest table's worth of addresses is never given out: 0 means "no wish". */
	uint64_t lowest = TABLE_BYTES;
	uint64_t found = 0;

	if (wish)
		found = gap_after(mm, wish, length, alignment);
	if (!found)
		found = gap_after(mm, mm->gap_hint > lowest ? mm->gap_hint : lowest, length, alignment);
	if (!found)
		found = gap_after(mm, lowest, length, alignment);
	if (found)
		mm->gap_hint = found + length;
	return found;
}

void vma_insert(struct hf_mm *mm, struct vma *vma)
{
	vma->mm = mm;
	RB_INSERT(vma_tree, &mm->vmas, vma);
	if (vma->object)
		object_add_vma(vma->object, vma);
}

void vma_remove(struct vma *vma)
{
	RB_REMOVE(vma_tree, &vma->mm->vmas, vma);
	if (vma->object)
		object_remove_vma(vma->object, vma);
	vma_discard(vma);
}

struct vma *vma_alloc(struct hf_pool *pool)
{
	return pool_alloc(pool, sizeof(struct vma));
}

void vma_discard(struct vma *vma)
{
	if (vma && vma->object)
		object_put(vma->object);
	plat_free(vma);
}

void vma_copy(struct vma *to, const struct vma *from)
{
	to->start = from->start;
	to->end = from->end;
	to->prot = from->prot;
	to->flags = from->flags;
	to->object = from->object;
	to->offset = from->offset;
	if (to->object)
		object_get(to->object);
}

void vma_cut(struct hf_mm *mm, uint64_t address, struct vma **spare)
{
	struct vma *vma = vma_find(mm, address), *upper = *spare;

	if (!vma || vma->start == address)
		return;
	*spare = NULL;
	vma_copy(upper, vma);
	upper->start = address;
	upper->offset = vma_index(vma, address);
	vma->end = address;
	vma_insert(mm, upper);
}

static bool may_merge(const struct vma *low, const struct vma *high)
{
	return low->end == high->start && low->prot == high->prot && low->flags == high->flags &&
	       low->object == high->object && (!low->object || vma_index(low, low->end) == high->offset);
}

void vma_merge(struct hf_mm *mm, uint64_t start, uint64_t end)
{
	/* One byte more on both sides: the neighbours that touch. */
	uint64_t upto = end + 1;
	struct vma *vma = vma_first(mm, start ? start - 1 : 0, upto), *next;

	for (; vma && (next = vma_next(vma, upto)); vma = next) {
		if (!may_merge(vma, next))
			continue;
		vma->end = next->end;
		vma_remove(next);
		next = vma;
	}
}

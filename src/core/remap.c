/*
 * remap.c - resize or move a mapping, with its pages and its pins
 *
 *	before:   |--- old ---|            (free)
 *	after:                             |--- old ---|--- new pages ---|
 *
 * A moved entry is emptied at its old place before it shows at the new one, so
 * that one page never stands at two private addresses.  A fast pin that read it at
 * the old place is over the same page; HAS_PINNED is set on the way to the new
 * place first, because that pin may have noted it only on the way to the old one.
 */
#include "map.h"

struct remap {
	struct hf_mm *mm;
	struct vma *vma;	/* holds the whole of the old range */
	uint64_t start, old_length, new_length, to;
	unsigned flags;
	struct vma *spares[2], *more[2], *moved;
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

struct moving {
	vpn_t from, end, to;	/* what stands in [from, end) goes to to and after */
};

static struct moving moving_of(const struct remap *remap)
{
	vpn_t from = vpn_of(remap->start);

	return (struct moving){ from, from + vpn_of(least(remap->old_length, remap->new_length)), vpn_of(remap->to) };
}

/* Can the entry at vpn move as it is?  A huge one must be in the range as a whole, and land where one can stand. */
static bool moves_whole(const struct moving *moving, vpn_t vpn, pte_t pte)
{
	return !(pte & PTE_PS) || ((moving->to - moving->from) % TABLE_ENTRIES == 0 && vpn % TABLE_ENTRIES == 0 &&
				   vpn + TABLE_ENTRIES <= moving->end);
}

static bool moves(const struct remap *remap)
{
	return remap->to != remap->start;
}

/* At the old place: for every entry that moves, and at the ends of what is unmapped. */
static void build_source(struct build *build, const struct remap *remap)
{
	struct moving moving = moving_of(remap);
	vpn_t from = moves(remap) ? moving.from : moving.end, end = moving.from + vpn_of(remap->old_length);
	struct leaf leaf;

	if (from == end)
		return;
	build_end(build, from, from, end);
	for (vpn_t vpn = from; tree_leaf(build->pool, build->tree, vpn, moving.end, &leaf); vpn = leaf.vpn + leaf.count)
		if (leaf.huge && moves_whole(&moving, leaf.vpn, PTE_PS))
			build_upper(build, leaf.vpn);
		else
			build_way(build, leaf.vpn);
	build_end(build, end - 1, from, end);
}

/* At the new place, the same, for every entry that there will be. */
static void build_target(struct build *build, const struct remap *remap)
{
	struct hf_mm *mm = remap->mm;
	struct moving moving = moving_of(remap);
	vpn_t to_end = moving.to + vpn_of(remap->new_length), vpn, next;
	bool unmaps = vma_first(mm, remap->to, remap->to + remap->new_length);
	pte_slot *slot;

	if (unmaps)
		build_end(build, moving.to, moving.to, to_end);
	for (vpn = moving.from; (vpn = tree_next(mm->pool, &mm->tables, vpn, moving.end, &slot)) < moving.end; vpn = next) {
		pte_t pte = pte_load(slot);

		/* What a huge entry shows that does not move as it is moves page by page. */
		next = moves_whole(&moving, vpn, pte) ? pte_after(vpn, pte) : vpn + 1;
		if ((pte & PTE_PS) && next != vpn + 1)
			build_upper(build, vpn - moving.from + moving.to);
		else
			build_way(build, vpn - moving.from + moving.to);
	}
	if (unmaps)
		build_end(build, to_end - 1, moving.to, to_end);
}

/* Tables of its own at both places, the lower first: 0 or -ENOMEM. */
static int build_tables(const struct remap *remap)
{
	struct build build = build_of(remap->mm->pool, &remap->mm->tables);

	do {
		if (remap->to < remap->start)
			build_target(&build, remap);
		build_source(&build, remap);
		if (remap->to > remap->start)
			build_target(&build, remap);
	} while (build_goes_on(&build));
	return build.error;
}

/* It is there: its tables are built. */
static pte_slot *place_for(struct hf_mm *mm, vpn_t vpn, pte_t pte)
{
	return pte & PTE_PS ? tree_build_upper(mm->pool, &mm->tables, vpn) : tree_build(mm->pool, &mm->tables, vpn);
}

static void move_entries(const struct remap *remap)
{
	struct hf_mm *mm = remap->mm;
	struct moving moving = moving_of(remap);
	pte_slot *slot;
	pte_t pte;

	/* Where HAS_PINNED stands a pin of one page asks no more whether the inventory may know the mm (pin_one.c). */
	atomic_store_explicit(&mm->recorded, 1, memory_order_relaxed);
	for (vpn_t vpn = moving.from; (vpn = tree_next(mm->pool, &mm->tables, vpn, moving.end, &slot)) < moving.end;
	     vpn = pte_after(vpn, pte)) {
		vpn_t there = vpn - moving.from + moving.to;

		tree_mark_pinned(mm->pool, &mm->tables, there);
		pte = tree_empty(mm->pool, slot);
		/* Built before: it finds what is there. */
		if (pte & PTE_PS)
			tree_fill_huge(mm->pool, place_for(mm, there, pte), pte | PTE_HAS_PINNED);
		else
			tree_fill(mm->pool, place_for(mm, there, pte), pte);
	}
}

/* ---- where to ----------------------------------------------------------------------------- */

static bool is_free(struct hf_mm *mm, uint64_t start, uint64_t end)
{
	return end <= ADDRESS_END && start < end && !vma_first(mm, start, end);
}

/* Decide where the mapping will be: remap->to. */
static int choose_place(struct remap *remap, const uint64_t *wish)
{
	uint64_t end = remap->start + remap->old_length;

	remap->to = remap->start;
	if (remap->flags & HF_REMAP_FIXED) {
		remap->to = *wish;
		return 0;
	}
	if (remap->new_length <= remap->old_length)
		return 0;
	/* In place, if the old range is the mapping's end and what follows is free. */
	if (remap->vma->end == end && is_free(remap->mm, end, remap->start + remap->new_length))
		return 0;
	if (!(remap->flags & HF_REMAP_MAYMOVE))
		return -HF_ENOMEM;
	remap->to = vma_gap(remap->mm, 0, remap->new_length, remap->vma->flags);
	return remap->to ? 0 : -HF_ENOMEM;
}

/* ---- the steps that can't fail ------------------------------------------------------------- */

static void resize_in_place(struct remap *remap)
{
	struct hf_mm *mm = remap->mm;
	uint64_t old_end = remap->start + remap->old_length, new_end = remap->start + remap->new_length;

	if (new_end < old_end) {
		unmap_range(mm, new_end, old_end, remap->spares, CLEAR_ALL);
	} else if (new_end > old_end) {
		remap->vma->end = new_end;
		vma_merge(mm, remap->start, new_end);
	}
}

static void move_mapping(struct remap *remap)
{
	struct hf_mm *mm = remap->mm;
	struct vma *moved = remap->moved;

	remap->moved = NULL;
	vma_copy(moved, remap->vma);
	moved->offset = vma_index(remap->vma, remap->start);
	moved->start = remap->to;
	moved->end = remap->to + remap->new_length;
	move_entries(remap);
	vma_insert(mm, moved);
	unmap_range(mm, remap->start, remap->start + remap->old_length, remap->spares, CLEAR_ALL);
	mm_prune(mm, remap->to, remap->to + remap->new_length);
	vma_merge(mm, remap->to, remap->to + remap->new_length);
}

static int remap_prepare(struct remap *remap, const uint64_t *wish)
{
	int error = choose_place(remap, wish);

	if (!error && (moves(remap) || remap->new_length < remap->old_length))
		error = cut_prepare(remap->mm->pool, remap->spares);
	if (!error && (remap->flags & HF_REMAP_FIXED))
		error = cut_prepare(remap->mm->pool, remap->more);
	if (!error && moves(remap)) {
		remap->moved = vma_alloc(remap->mm->pool);
		error = remap->moved ? 0 : -HF_ENOMEM;
	}
	return error ? error : build_tables(remap);
}

static int remap_locked(struct remap *remap, const uint64_t *wish)
{
	struct hf_mm *mm = remap->mm;
	uint64_t end = remap->start + remap->old_length;
	int error;

	remap->vma = vma_find(mm, remap->start);
	if (!remap->vma || remap->vma->end < end)
		return -HF_EFAULT;
	/* No further into an object than hf_map() goes. */
	if (remap->vma->object &&
	    vma_index(remap->vma, remap->start) + vpn_of(remap->new_length) > vpn_of(OBJECT_END))
		return -HF_EINVAL;
	error = remap_prepare(remap, wish);
	if (error)
		return error;
	/* ---- point of no return ---- */
	if (!moves(remap)) {
		resize_in_place(remap);
		return 0;
	}
	if (remap->flags & HF_REMAP_FIXED) {
		/* Its tables stay: they were built, or made the mm's own, for what comes. */
		unmap_range(mm, remap->to, remap->to + remap->new_length, remap->more, CLEAR_ENTRIES);
		/* A cut may have given the old range another VMA. */
		remap->vma = vma_find(mm, remap->start);
	}
	move_mapping(remap);
	return 0;
}

static bool request_is_good(const struct remap *remap, const uint64_t *wish)
{
	uint64_t end = remap->start + remap->old_length;

	if (remap->flags & ~(HF_REMAP_MAYMOVE | HF_REMAP_FIXED))
		return false;
	if (!range_is_good(remap->start, remap->old_length) || !range_is_good(0, remap->new_length))
		return false;
	if (!(remap->flags & HF_REMAP_FIXED))
		return true;
	/* The two ranges must not touch. */
	return wish && range_is_good(*wish, remap->new_length) &&
	       (*wish >= end || *wish + remap->new_length <= remap->start);
}

int hf_remap(struct hf_mm *mm, uint64_t address, uint64_t old_length, uint64_t new_length, unsigned flags,
	     uint64_t *new_address)
{
	struct remap remap = { .mm = mm, .start = address, .flags = flags };
	int error;

	if (!mm || old_length > ADDRESS_END || new_length > ADDRESS_END)
		return -HF_EINVAL;
	remap.old_length = pages_of(old_length) << HF_PAGE_SHIFT;
	remap.new_length = pages_of(new_length) << HF_PAGE_SHIFT;
	if (!request_is_good(&remap, new_address))
		return -HF_EINVAL;
	error = mm_lock(mm);
	if (error)
		return error;
	error = remap_locked(&remap, new_address);
	mm_unlock(mm);
	cut_done(remap.spares);
	cut_done(remap.more);
	vma_discard(remap.moved);
	if (!error && new_address)
		*new_address = remap.to;
	return error;
}

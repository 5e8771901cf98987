/*
 * build.c - the tables that a call will change: all of them its own, or none
 *
 * A call that fails leaves the state as it was, and free memory is part of it.  So
 * whoever is going to change entries goes their ways twice: first to count the pages
 * that tables will take which are missing, or which a fork shares; then, with that many
 * pages in hand, to make and to copy them, which can't fail:
 *
 *	do
 *		build_way(&build, vpn), and more of them, in order of their addresses
 *	while (build_goes_on(&build));
 *	return build.error;
 *
 * All of it under the mm's lock, so that what was counted can only be too much by then:
 * who shares a table may drop it meanwhile, and then it is kept; nobody can come to
 * share one that was alone (share.c).  What is left over goes back.
 *
 * The order lets a way be counted by a look at the one before it alone.
 *
 * Every table that may be shared is counted first, without asking who else has it, which
 * others change all the time.  Only where there are not so many pages they are counted
 * once more, by asking.
 */
#include "table.h"

/* Was the table behind this entry of the way to vpn counted with the way before? */
static bool is_counted(const struct build *build, vpn_t vpn, unsigned level)
{
	return level >= build->depth && !((vpn ^ build->last) >> (level * HF_TABLE_SHIFT));
}

/* Will the table behind it take a page? */
static bool takes_page(const struct build *build, pte_t pte)
{
	return !pte || (pte & PTE_PS) || (!table_is_own(pte) && !(build->asks && page_is_alone(page_of(build->pool, pte_pfn(pte)))));
}

/* Does the table behind an entry of that level, on the way to vpn, lie in [from, to) as a whole? */
static bool lies_in(vpn_t vpn, unsigned level, vpn_t from, vpn_t to)
{
	uint64_t span = tree_reach(level);
	vpn_t first = vpn & ~(span - 1);

	return first >= from && first + span <= to;
}

/*
 * One way, to the table of that level; without make down to the first table that is missing, or lies in
 * [from, to).  A huge entry is parted, for which its table takes a page.
 */
static void go(struct build *build, vpn_t vpn, unsigned lowest, bool make, vpn_t from, vpn_t to)
{
	unsigned depth = build->tree->height;
	pfn_t pfn = build->tree->root;
	bool takes = false;

	for (unsigned level = depth - 1; level > lowest; level--) {
		/* Nothing leads to frame 0, which is a table of nothing. */
		pte_slot *slot = &table_of(build->pool, pfn)[table_index(vpn, level)];
		/* Behind what is missing or copied everything is; or will be taken to be, at first. */
		bool known = takes && !build->builds && (make || !build->asks);
		pte_t pte = known ? 0 : pte_load(slot);
		bool counted = !build->builds && is_counted(build, vpn, level);

		if (!counted && ((!pte && !make && !known) || lies_in(vpn, level, from, to)))
			break;
		if (build->builds) {
			pfn = table_build(build->pool, slot, level - 1, &build->stock);
			continue;
		}
		takes = takes || takes_page(build, pte);
		build->pages += takes && !counted;
		pfn = pte_pfn(pte);
		depth = level;
	}
	build->last = vpn;
	build->depth = depth;
}

void build_way(struct build *build, vpn_t vpn)
{
	go(build, vpn, 0, true, 0, 0);
}

void build_upper(struct build *build, vpn_t vpn)
{
	go(build, vpn, 1, true, 0, 0);
}

void build_end(struct build *build, vpn_t vpn, vpn_t from, vpn_t to)
{
	go(build, vpn, 0, false, from, to);
}

void build_cut(struct build *build, vpn_t vpn)
{
	const pte_slot *slot = vpn % TABLE_ENTRIES ? tree_find(build->pool, build->tree, vpn) : NULL;

	if (slot && (pte_load(slot) & PTE_PS))
		build_way(build, vpn);
}

bool build_fill(struct build *build)
{
	build->error = build->pages == build->missed ? -HF_ENOMEM : stock_fill(build->pool, &build->stock, build->pages);
	if (!build->error)
		build->builds = true;
	if (!build->error || build->asks)
		return false;
	build->asks = true;
	build->missed = build->pages;
	build->pages = 0;
	build->depth = build->tree->height;
	return true;
}

bool build_goes_on(struct build *build)
{
	if (!build->builds)
		return build_fill(build) || !build->error;
	stock_empty(build->pool, &build->stock);
	return false;
}

int tree_own_ends(struct hf_pool *pool, struct tree *tree, vpn_t from, vpn_t to, struct room room)
{
	struct build build = build_of(pool, tree);

	do {
		build_end(&build, from, room.low, room.high);
		build_end(&build, to - 1, room.low, room.high);
	} while (build_goes_on(&build));
	return build.error;
}

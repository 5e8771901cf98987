/*
 * handshake.h - the fast pin and those who take marks away must not miss each other
 *
 * A fast pin reads entries without a lock and raises the page's count.  A fork
 * (or a discard, or a truncate) takes PINNABLE and W away and looks at the count.
 * Pins, and the owner's own stores, are commits of read sections; who takes marks away
 * says so, cuts the sections that are open, then looks.
 *
 *	fast pin, in a section                 fork, under the mm's lock
 *	----------------------                 -------------------------
 *	P1  forking clear?  else slow          F1  forking := 1
 *	P2  walk: P, PINNABLE (W)  else slow   F2  cut: every section open now is left, or
 *	P3  HAS_PINNED on the way down?            will commit nothing any more
 *	    else set it, by commits in a section
 *	    of its own, and from P1 again
 *	P4  commit: raise the count;           F3  HAS_PINNED under the table? look at pins;
 *	    cut?  leave, from P1 again             pinned: copy for the child, else take
 *	                                           W and PINNABLE away
 *	                                       F4  HAS_PINNED := what was found
 *	                                       F5  publish the child, forking := 0
 *
 * Either P4 was before F2: then P3 and P4 are seen at F3.  Or the section was cut, and
 * nothing was counted.  Or it began after F1: then P1 sees forking and the pin goes the
 * slow way, behind the lock.  No fence, no second look at the entry, hardly ever an undo:
 * on the fast path the only locked instruction is the one that counts.  And a fork waits
 * for nobody, least of all for a thread that lost its core inside a section.
 *
 * Discard and truncate are the same with the marks taken away first in place of
 * forking: they clear the entries' W and PINNABLE (or the entries), cut, look.
 * Unmap and exit need no handshake: the page lives until its unpin.
 *
 * Obligations, each with what goes wrong without it, and where `holdfast check`
 * finds it:
 *
 *	P1, F1, F2 between F1 and F3     a pin is missed: a pinned page becomes shared, and a
 *	                                 store lands in a page of the child:
 *	                                 history/fork-races-fast-pin, history/fork-races-store
 *	P1 acquire, with F5's release    a pin finds entries from before the fork, and pins a
 *	                                 shared page: the same two
 *	P2 acquire, with pte_publish()   the count is raised before the page's birth set
 *	                                 it; HAS_PINNED lands before the table's first zeroes:
 *	                                 races/get-against-fork
 *	P3 before the section ends       the next fork does not look where the pin is:
 *	                                 races/pin-write-against-fork
 *	F3 acquire, with page_drop()     the device's last bytes turn up in the child later:
 *	                                 races/unpin-against-fork
 *	no lock inside a section         deadlock with whoever waits for a grace period:
 *	                                 races/store-against-unmap
 *	pages and tables freed after a   the pin raises a stranger's page, or walks a
 *	grace period (page.c)            stranger's bytes as a table: history/unmap-races-fast-pin
 *
 * Rejected: a grace period in place of the cut, which costs the pinner the same: with
 * more threads than cores a fork waits for one that lost its core.  And protocol F (a
 * sequence and full fences, or membarrier in their place), whose pinner pays for a second
 * look and takes a pin back now and then, and which does nothing for the owner's stores.
 */
#ifndef HOLDFAST_HANDSHAKE_H
#define HOLDFAST_HANDSHAKE_H

#include "mm.h"

/* P1, in a section: false sends the pin or the store the slow way. */
static inline bool handshake_open(const struct hf_mm *mm)
{
	return likely(!atomic_load_explicit(&mm->forking, memory_order_acquire));
}

/* F1 and F2, under the lock. */
static inline void handshake_begin(struct hf_mm *mm)
{
	atomic_store_explicit(&mm->forking, 1, memory_order_relaxed);
	pool_reshape(mm->pool);
	pool_cut(mm->pool);
}

/* F5, under the lock. */
static inline void handshake_end(struct hf_mm *mm)
{
	atomic_store_explicit(&mm->forking, 0, memory_order_release);
}

/* ---- P2: the walk, in a section ---------------------------------------------------- */

struct walk {
	pte_slot *upper[TABLE_LEVELS];	/* by level; [0] is the last-level entry, or the huge one again, which is [1] */
	pte_t seen[TABLE_LEVELS];	/* what stood there */
	pte_t all;			/* AND of the upper entries */
	unsigned char *base;		/* of the pool; read once, for each acquire makes the compiler read it again */
};

/*
 * The way down to the last-level entry of vpn, or to a huge one.  Where there is no table
 * the walk goes on in the zero page, and ends at an entry that is zero.
 */
static inline struct walk walk_down(const struct hf_mm *mm, vpn_t vpn)
{
	struct walk walk = { .all = ~UINT64_C(0), .base = mm->pool->base };
	uint64_t table = (uint64_t)mm->tables.root << HF_PAGE_SHIFT;

#pragma GCC unroll 4	/* gcc would make a loop of it, and shifts by a count */
	for (unsigned level = TABLE_LEVELS - 1; level; level--) {
		walk.upper[level] = &((pte_slot *)(void *)(walk.base + table))[table_index(vpn, level)];
		walk.seen[level] = pte_load(walk.upper[level]);
		walk.all &= walk.seen[level];
		table = (uint64_t)pte_pfn(walk.seen[level]) << HF_PAGE_SHIFT;
	}
	if (unlikely(walk.seen[1] & PTE_PS)) {
		/* Not loaded again: it may lead to a table by now. */
		walk.upper[0] = walk.upper[1];
		walk.seen[0] = walk.seen[1];
		return walk;
	}
	walk.upper[0] = &((pte_slot *)(void *)(walk.base + table))[table_index(vpn, 0)];
	walk.seen[0] = pte_load(walk.upper[0]);
	return walk;
}

/* Bytes of a page or of a huge page, of which an address is in the midst. */
static inline uint64_t walk_offset(pte_t pte, uint64_t address)
{
	return address & ((pte & PTE_PS ? TABLE_BYTES : PAGE_BYTES) - 1);
}

/* An entry with the permissions of the way down to it. */
static inline pte_t walk_view(pte_t all, pte_t pte)
{
	return pte & (all | ~(PTE_P | PTE_W | PTE_U | PTE_PINNABLE));
}

/*
 * P2 for one page, and P3 where somebody has done it before: the entry, if it and the
 * way down to it have every mark, and where its table's entries stand; else 0.
 */
static inline pte_t walk_to_pin(const struct hf_mm *mm, vpn_t vpn, pte_t need, const pte_slot **entries)
{
	struct walk walk = walk_down(mm, vpn);
	pte_t pte = walk.seen[0];

	*entries = walk.upper[0] - table_index(vpn, 0);
	need |= PTE_HAS_PINNED;
	return likely(((pte | PTE_HAS_PINNED) & walk.all & need) == need) && likely(!(pte & PTE_PS)) ? pte : 0;
}

/*
 * P3, by commits, in a section of its own for swaps, on a way that is PINNABLE.  As far as
 * it goes: it ends where a table on the way has gone meanwhile, or the section is cut.
 * So nobody marks a table that is shared: it has no pins, and two owners.
 */
static inline void walk_mark_pinned(const struct walk *walk)
{
	for (unsigned level = TABLE_LEVELS - 1; level; level--) {
		pte_t pte = atomic_load_explicit(walk->upper[level], memory_order_relaxed);
		bool swapped = false;

		/* A plain load where it is set already: one store a call cost Linux a factor of five. */
		while (!(pte & PTE_HAS_PINNED) && !swapped) {
			/* Never into an entry that was emptied. */
			if (!(pte & PTE_P))
				return;
			if (!plat_commit_swap(walk->upper[level], sizeof(pte), &pte, pte | PTE_HAS_PINNED, &swapped))
				return;
		}
	}
}

/* ---- the other designs' handshakes ------------------------------------------------------ */

/*
 * Laboratory, in a last-level entry: the fork under way found the page pinned.
 * With a handshake other than grace pins can come while a fork looks, if only to
 * go again, so it must not ask twice: the second answer may differ from the one
 * for which it has allocated.
 */
#define PTE_FOUND (UINT64_C(1) << 58)

struct taking;

#ifdef HF_LAB
/* src/lab/handshakes.c; with HANDSHAKE_GRACE they are what stands in this file, and nothing more. */
bool pin_begin(struct taking *taking);
bool pin_holds(struct taking *taking, struct page *page, const pte_slot *slot, pte_t pte);
void pin_end(struct taking *taking, uint64_t before);
void fork_begin(struct hf_mm *mm);
void fork_end(struct hf_mm *mm);
#else
static inline bool pin_begin(struct taking *taking)
{
	(void)taking;
	return true;
}

static inline bool pin_holds(struct taking *taking, struct page *page, const pte_slot *slot, pte_t pte)
{
	(void)taking;
	(void)page;
	(void)slot;
	(void)pte;
	return true;
}

static inline void pin_end(struct taking *taking, uint64_t before)
{
	(void)taking;
	(void)before;
}

static inline void fork_begin(struct hf_mm *mm)
{
	handshake_begin(mm);
}

static inline void fork_end(struct hf_mm *mm)
{
	handshake_end(mm);
}
#endif

#endif

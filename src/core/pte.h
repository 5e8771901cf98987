/*
 * pte.h - one entry of a page table
 *
 *	 63  62..59   58..53   52    51           12  11    10     9    8 7  6 5 4 3 2 1 0
 *	+---+------+---------+-----+----------------+-----+------+-----+---+--+-+-+---+-+-+-+
 *	|NX |   0  |    0    |HOLE |  frame number  |KEPT | HAS_ | PIN |   |PS|D|A|   |U|W|P|
 *	|   |      |         |     |                |     |PINNED|NABLE|   |  | | |   | | | |
 *	+---+------+---------+-----+----------------+-----+------+-----+---+--+-+-+---+-+-+-+
 *
 * The hardware's bits stand where x86-64 has them, so that a real MMU can walk
 * these tables; the rest are the bits that it leaves to software.
 *
 * PINNABLE    the page at this entry is the one that this address will have for as
 *             long as it may be pinned.  Composes along the walk as W does: by AND.
 * PS          (level 1) no table behind it, but TABLE_ENTRIES frames in a row: a huge entry.
 * HAS_PINNED  (upper levels) a pin may have been taken under this entry since the
 *             last fork that looked.
 * KEPT        not present, and yet a page stands here: the mapping's protection is
 *             none.  PINNABLE and the frame number stay as they are.
 * HOLE        a fork left the pinned page out of this child.
 *
 * Frame 0 is the zero page.  Its bytes are all zero, so as a table it is one with
 * nothing in it: a walk through nothing ends in nothing, without a branch.
 */
#ifndef HOLDFAST_PTE_H
#define HOLDFAST_PTE_H

#include "types.h"

#define PTE_P HF_ENTRY_PRESENT
#define PTE_W HF_ENTRY_WRITABLE
#define PTE_U HF_ENTRY_USER
#define PTE_A HF_ENTRY_ACCESSED
#define PTE_D HF_ENTRY_DIRTY
#define PTE_PS HF_ENTRY_HUGE
#define PTE_PINNABLE HF_ENTRY_PINNABLE
#define PTE_HAS_PINNED HF_ENTRY_HAS_PINNED
#define PTE_KEPT (UINT64_C(1) << 11)
#define PTE_HOLE (UINT64_C(1) << 52)
#define PTE_NX HF_ENTRY_NX

#define PTE_FRAME_SHIFT 12
#define PTE_FRAME_MASK (UINT64_C(0xffffffff) << PTE_FRAME_SHIFT)
#define PTE_FRAME_STEP (UINT64_C(1) << PTE_FRAME_SHIFT)	/* from one frame to the next */

/* What an entry permits whose table is this tree's alone.  A fork that shares the table takes W and PINNABLE away. */
#define PTE_TABLE (PTE_P | PTE_W | PTE_U | PTE_A | PTE_PINNABLE)

static inline pfn_t pte_pfn(pte_t pte)
{
	return (pfn_t)((pte & PTE_FRAME_MASK) >> PTE_FRAME_SHIFT);
}

static inline pte_t pte_make(pfn_t pfn, pte_t bits)
{
	return ((pte_t)pfn << PTE_FRAME_SHIFT) | bits;
}

/* Does a page stand here, the zero page among them? */
static inline bool pte_has_page(pte_t pte)
{
	return pte & (PTE_P | PTE_KEPT);
}

static inline bool pte_is_zero_page(pte_t pte)
{
	return pte_has_page(pte) && pte_pfn(pte) == 0;
}

static inline pte_t pte_load(const pte_slot *slot)
{
	/* Pairs with pte_publish(): the page's first bytes and its descriptor (races/adds-of-a-shared-page). */
	return atomic_load_explicit(slot, memory_order_acquire);
}

static inline void pte_publish(pte_slot *slot, pte_t pte)
{
	/*
	 * Pairs with pte_load().  Without it a load finds a page that is not filled
	 * yet, and a pin raises a count that its birth has not set
	 * (races/adds-of-a-shared-page, races/get-against-fork).
	 */
	atomic_store_explicit(slot, pte, memory_order_release);
}

/* Add or take away bits, keeping what loads and stores set meanwhile (A and D). */
static inline void pte_set(pte_slot *slot, pte_t bits)
{
	/*
	 * Release pairs with pte_load(): who stores through a page that was kept sees that
	 * the other side has left it (races/load-against-reuse-and-a-second-store).
	 */
	atomic_fetch_or_explicit(slot, bits, memory_order_release);
}

static inline void pte_clear(pte_slot *slot, pte_t bits)
{
	/* The old value is not asked for: that would make a loop of the one instruction. */
	atomic_fetch_and_explicit(slot, ~bits, memory_order_relaxed);
}

/* Empty an entry, and say what was there. */
static inline pte_t pte_take(pte_slot *slot)
{
	return atomic_exchange_explicit(slot, 0, memory_order_relaxed);
}

#endif

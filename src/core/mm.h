/*
 * mm.h - an address space
 *
 * mm->lock guards the VMAs, and every change of an entry but three, which lock-free
 * code makes by compare-and-swap or atomic or: A, D (access.c), HAS_PINNED
 * (pin_fast.c), and nothing else.
 *
 * mm->forking and the read sections are the handshake: see handshake.h.
 */
#ifndef HOLDFAST_MM_H
#define HOLDFAST_MM_H

#include "design.h"
#include "vma.h"

struct hf_mm {
	struct tree tables;		/* the root never changes while the handle lives */
	_Atomic uint32_t forking;	/* handshake.h */
	_Atomic uint32_t exited;	/* written under lock */
	_Atomic uint32_t recorded;	/* the inventory may know it: hf_pin() was called */
	struct hf_pool *pool;
	struct plat_lock lock;
	struct vma_tree vmas;		/* (lock) */
	uint64_t gap_hint;		/* (lock) where to look for room next */
	_Atomic uint64_t references;	/* the handle, and truncates on their way here */
	struct list in_pool;		/* (pool->lock) */
#ifdef HF_LAB
	const struct design *design;
	_Atomic uint32_t has_pinned;	/* Linux's one sticky bit, for its designs */
	_Atomic uint32_t sequence;	/* odd while a fork looks, with HANDSHAKE_SEQUENCE (lock) */
#endif
};

/* Under the lock, and alive: 0 or -ESRCH (and then unlocked). */
static inline int mm_lock(struct hf_mm *mm)
{
	plat_lock(&mm->lock);
	if (likely(!atomic_load_explicit(&mm->exited, memory_order_relaxed)))
		return 0;
	plat_unlock(&mm->lock);
	return -HF_ESRCH;
}

static inline void mm_unlock(struct hf_mm *mm)
{
	plat_unlock(&mm->lock);
}

struct hf_mm *mm_new(struct hf_pool *pool);	/* NULL: no memory */
void mm_get(struct hf_mm *mm);
void mm_put(struct hf_mm *mm);

/* A range as calls give it: aligned, not empty, inside the address space. */
static inline bool range_is_good(uint64_t address, uint64_t length)
{
	return !page_offset(address) && length && length <= ADDRESS_END && address <= ADDRESS_END - length;
}

/*
 * Clear the entries of [start, end) and drop their pages, as tree_clear() does.  No
 * handshake: a pin that was under way is over the page, which lives until its unpin.
 */
void mm_zap(struct hf_mm *mm, uint64_t start, uint64_t end, enum clear clear);

/* Drop the tables over [start, end) that are empty. */
void mm_prune(struct hf_mm *mm, uint64_t start, uint64_t end);

#endif

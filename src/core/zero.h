/*
 * zero.h - pages that were zeroed before anybody wanted them
 *
 * The library has no thread of its own: a program that has time calls
 * hf_pool_zero_ahead(), and a fault that wants a page of zeroes takes one that has them.
 * Such pages are free pages like all others, kept apart in the pool and in the slots, and
 * given to whoever wants any page when there is no other.  Only pages at rest are zeroed:
 * nobody has a way to them that could store in them later (free_give).
 *
 * A pool for which nobody calls it pays one load a page of zeroes.
 */
#ifndef HOLDFAST_ZERO_H
#define HOLDFAST_ZERO_H

#include "free.h"

static inline bool zero_is_used(const struct hf_pool *pool)
{
	return unlikely(atomic_load_explicit(&pool->zeroing, memory_order_relaxed));
}

/* A page of zeroes, awake, or PFN_NONE. */
pfn_t zero_take(struct hf_pool *pool);

#endif

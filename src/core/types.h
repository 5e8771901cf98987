/*
 * types.h - sizes and units
 *
 * Bytes per page, entries per table and levels of tables are build parameters: the
 * library has 4096, 512 and 4, the explorer takes 64, 4 and 3.  Everything else follows.
 */
#ifndef HOLDFAST_TYPES_H
#define HOLDFAST_TYPES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "holdfast.h"
#include "platform.h"

#ifndef HF_PAGE_SHIFT
#define HF_PAGE_SHIFT 12
#endif
#ifndef HF_TABLE_SHIFT
#define HF_TABLE_SHIFT 9
#endif
#ifndef HF_TABLE_LEVELS
#define HF_TABLE_LEVELS 4
#endif

#define PAGE_BYTES ((size_t)1 << HF_PAGE_SHIFT)
#define TABLE_ENTRIES (1u << HF_TABLE_SHIFT)
#define TABLE_LEVELS ((unsigned)(HF_TABLE_LEVELS))
#define TABLE_BYTES (PAGE_BYTES * TABLE_ENTRIES)	/* of addresses, under a last-level table */

_Static_assert(TABLE_ENTRIES * sizeof(uint64_t) <= PAGE_BYTES, "a table fits in a page");

/* With four levels the user half of the address space, as x86-64 has it; with fewer, all there is. */
#define ADDRESS_BITS (HF_PAGE_SHIFT + TABLE_LEVELS * HF_TABLE_SHIFT - (HF_TABLE_LEVELS == 4))
#define ADDRESS_END (UINT64_C(1) << ADDRESS_BITS)

/* An object's pages have numbers of 32 bits: 16 TiB, as much as a pool may have. */
#define OBJECT_BITS (HF_PAGE_SHIFT + 32)
#define OBJECT_END (UINT64_C(1) << (OBJECT_BITS < ADDRESS_BITS ? OBJECT_BITS : ADDRESS_BITS))

typedef uint64_t vpn_t;		/* page number within an mm or an object */
typedef uint32_t pfn_t;		/* frame number within the pool; 0 is the zero page */
typedef uint64_t pte_t;		/* one entry, as loaded */
typedef _Atomic uint64_t pte_slot;	/* where one stands */

#define PFN_MAX UINT32_C(0xfffffffe)
#define PFN_NONE UINT32_C(0xffffffff)

static inline uint64_t page_floor(uint64_t address)
{
	return address & ~(uint64_t)(PAGE_BYTES - 1);
}

static inline size_t page_offset(uint64_t address)
{
	return (size_t)(address & (PAGE_BYTES - 1));
}

static inline vpn_t vpn_of(uint64_t address)
{
	return address >> HF_PAGE_SHIFT;
}

/* Bytes to pages, rounded up; exact up to the end of the address space. */
static inline uint64_t pages_of(uint64_t bytes)
{
	return (bytes >> HF_PAGE_SHIFT) + (page_offset(bytes) != 0);
}

/* How many blocks so many pages reach into: a block is as many frames as a last-level table has entries, aligned. */
static inline uint64_t blocks_of(uint64_t pages)
{
	return (pages + TABLE_ENTRIES - 1) / TABLE_ENTRIES;
}

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#endif

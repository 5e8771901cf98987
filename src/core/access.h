/*
 * access.h - between access.c and access_one.c
 */
#ifndef HOLDFAST_ACCESS_H
#define HOLDFAST_ACCESS_H

#include "mm.h"

/* hf_read() and hf_write() of anything; the first `done` bytes have been stored already. */
ssize_t access_read(struct hf_mm *mm, uint64_t address, void *buffer, size_t length);
ssize_t access_write(struct hf_mm *mm, uint64_t address, const void *bytes, size_t length, size_t done);

/* ---- what a thread remembers: access_one.c ------------------------------------------------ */

#define WAYS TABLE_ENTRIES
#define NO_TABLE (UINT64_C(1) << 63)	/* so far from every address that none is in it */

struct ways {
	struct way way[WAYS];
};

static inline struct way *way_of(struct ways *ways, uint64_t address)
{
	return &ways->way[address / TABLE_BYTES % WAYS];
}

/*
 * What stands for the mm where the entry is huge.  Not the address tells: whatever were added
 * to it, there is one, beyond all mappings, which comes out as that of a table.
 */
static inline struct hf_mm *mark_huge(struct hf_mm *mm)
{
	return (struct hf_mm *)((uintptr_t)mm + 1);
}

static inline struct hf_mm *mm_of(const struct way *way)
{
	return (struct hf_mm *)((uintptr_t)way->mm & ~(uintptr_t)1);
}

/*
 * In a section, which began before the pool's shape was loaded, with acquire, and that before
 * the handshake was asked for, and the way to this last-level or huge entry of address taken:
 * every mark was there on all levels above.
 */
static inline void way_remember(struct hf_mm *mm, uint64_t address, const pte_slot *slot, bool huge, uint64_t shape)
{
	struct ways *ways = plat_own_quick();
	struct way way = { .shape = shape, .start = address & ~(uint64_t)(TABLE_BYTES - 1) };

	/* Not before its first call that was in no section. */
	if (unlikely(!ways))
		return;
	way.mm = huge ? mark_huge(mm) : mm;
	way.entries = huge ? slot : slot - table_index(vpn_of(address), 0);
	*way_of(ways, address) = way;
}

#endif

/*
 * access.h - between access.c and access_one.c
 */
#ifndef HOLDFAST_ACCESS_H
#define HOLDFAST_ACCESS_H

#include "mm.h"

/* hf_read() and hf_write() of anything; the first `done` bytes have been stored already. */
ssize_t access_read(struct hf_mm *mm, uint64_t address, void *buffer, size_t length);
ssize_t access_write(struct hf_mm *mm, uint64_t address, const void *bytes, size_t length, size_t done);

/* The thread is to remember tables; in no section. */
void ways_begin(void);

/*
 * In a section, which began before the pool's shape was loaded, with acquire, and that before
 * the handshake was asked for, and the way to this last-level or huge entry of address taken:
 * every mark was there on all levels above.
 */
void way_remember(struct hf_mm *mm, uint64_t address, const pte_slot *slot, bool huge, uint64_t shape);

#endif

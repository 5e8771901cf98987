/*
 * world.h - memory for the sides: a mapping of Holdfast's, plain memory, a child
 * process that holds still, and bare pages
 *
 * Fair conditions: what both sides take their pages from has been touched before
 * (the host of a virtual machine answers a first touch in its own time), and plain
 * memory stays on 4 KiB pages.
 */
#ifndef HOLDFAST_BENCH_WORLD_H
#define HOLDFAST_BENCH_WORLD_H

#include "bench.h"

#include "holdfast.h"

/* What is written through either: a cache line. */
#define LINE 64
extern const unsigned char line[LINE];

/* Numbers 0 to count - 1, at random if so wished: always the same way. */
uint32_t *order_of(uint64_t count, bool scattered);

/* ---- Holdfast ------------------------------------------------------------------------ */

struct world {
	struct hf_pool *pool;
	struct hf_mm *mm;
	uint64_t base;			/* of the one mapping: private, anonymous, read-write */
	uint64_t pages, room;		/* of the mapping; of the pool */
	unsigned flags;			/* of the mapping, beside HF_MAP_PRIVATE */
	uint32_t *order;		/* page numbers, in order or at random */
	struct hf_stats before;
};

/* A call failed: for want of memory, or altogether. */
void must_be_0(int error, const char *call);

/* A pool, all touched, of `room` pages; in it a mapping of `pages`, of which none is touched. */
void world_begin(struct world *, uint64_t pages, uint64_t room, bool scattered);

/* The same of that enum hf_memory; the mapping with those flags, too. */
void world_begin_of(struct world *, uint64_t pages, uint64_t room, bool scattered, unsigned memory, unsigned flags);

void world_map(struct world *);		/* where it was, once it has been somewhere */
void world_unmap(struct world *);

/* Write a line to each page, in the world's order. */
void world_write(struct world *);

/* The same, and how long each took; a stamp takes a few nanoseconds. */
void world_write_stamped(struct world *, uint32_t *ticks);

/* A pin that is whole. */
struct hf_pin world_pin(struct hf_mm *, uint64_t address, uint64_t length, unsigned how);

struct hf_mm *world_fork(struct world *);

/* What was timed is what it says: the statistic has grown by that much since expect(). */
void world_expect(struct world *);
void world_expected(struct world *, const char *what, size_t offset, uint64_t by);
#define EXPECTED(world, stat, by) world_expected(world, #stat, offsetof(struct hf_stats, stat), by)

/* ---- the kernel ------------------------------------------------------------------------- */

struct plain {
	unsigned char *base;
	uint64_t pages;
	uint32_t *order;
	bool huge;			/* on pages of 2 MiB */
	long faults;			/* before what is timed */
};

/* Plain memory that is not touched yet; and as much of the system's has been, as `room` pages. */
void plain_begin(struct plain *, uint64_t pages, uint64_t room, bool scattered);
void plain_begin_huge(struct plain *, uint64_t pages);		/* on pages of 2 MiB, or impossible() */
void plain_write(struct plain *);
void plain_write_stamped(struct plain *, uint32_t *ticks);
void plain_map(struct plain *);
void plain_unmap(struct plain *);

/* The page faults that the kernel served: at least that many since expect(). */
void plain_expect(struct plain *);
void plain_expected(const struct plain *, uint64_t faults);

/* A child that waits for its end, and does nothing. */
struct held {
	int pid;
	int go;
};

void held_fork(struct held *, uint64_t *fork_ns);
void held_end(struct held *);

/* ---- bare pages: bare.c ---------------------------------------------------------------------- */

/* What a pool needs for them beside everything else. */
#define BARE_PAGES (64 * MIB / PAGE)
#define BARE_ROOM (BARE_PAGES * 2 + BARE_PAGES / 64 + 64)

/* Pages of a pool as plain memory, more than the caches hold. */
struct bare {
	unsigned char **from, **to;
};

void bare_begin(struct bare *, struct hf_pool *, bool scattered);

/* Nanoseconds that a page takes, cold. */
double bare_copy(struct bare *);
double bare_clear(struct bare *);

#endif

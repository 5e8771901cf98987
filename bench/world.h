/*
 * world.h - memory for the sides: a mapping of Holdfast's, plain memory, and a
 * child process that holds still
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

/* ---- Holdfast ------------------------------------------------------------------------ */

struct world {
	struct hf_pool *pool;
	struct hf_mm *mm;
	uint64_t base;			/* of the one mapping: private, anonymous, read-write */
	uint64_t pages;
	uint32_t *order;		/* page numbers, in order or at random */
	struct hf_stats before;
};

/* A pool, all touched, of `room` pages; in it a mapping of `pages`, of which none is touched. */
void world_begin(struct world *, uint64_t pages, uint64_t room, bool scattered);

void world_map(struct world *);		/* where it was, once it has been somewhere */
void world_unmap(struct world *);

/* Write a line to each page, in the world's order. */
void world_write(struct world *);

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
	long faults;			/* before what is timed */
};

/* Plain memory that is not touched yet; and as much of the system's has been, as `room` pages. */
void plain_begin(struct plain *, uint64_t pages, uint64_t room, bool scattered);
void plain_write(struct plain *);
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

#endif

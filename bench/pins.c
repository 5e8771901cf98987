/*
 * pins.c - taking a pin and giving it back
 *
 * Beside Holdfast's stands io_uring's registration of the same memory: the one
 * way for a program to take a long-term pin of the kernel's and hold it.  It
 * includes a system call and the bookkeeping of the ring's buffers; Holdfast's
 * includes the record for its inventory.
 */
#include "ring.h"
#include "world.h"

#include <stdlib.h>

/* Pages that a round pins, in calls of trial->count. */
#define PAGES_A_ROUND 32768u
#define MOST_A_CALL 512u

/* ---- Holdfast ------------------------------------------------------------------------ */

struct pinning {
	struct world world;
	uint64_t pages;			/* a call */
	unsigned how;
};

static void pin_and_unpin(struct pinning *pinning)
{
	struct hf_pin pin;
	size_t length = pinning->pages * PAGE;

	if (hf_pin(pinning->world.mm, pinning->world.base, length, pinning->how, "bench", &pin) != (ssize_t)length ||
	    hf_unpin(&pin, 0))
		wrong("hf_pin or hf_unpin of %zu bytes failed", length);
}

static void *pin_begin(const struct trial *trial)
{
	struct pinning *pinning = must_have(calloc(1, sizeof(*pinning)));

	/* A pool with more pages than the call's, so that random order has where to scatter. */
	world_begin_of(&pinning->world, MOST_A_CALL, trial->mib * MIB / PAGE, trial->scattered, HF_MEMORY_ANY,
		       trial->huge ? HF_MAP_HUGE : 0);
	world_write(&pinning->world);
	pinning->pages = trial->count;
	pinning->how = trial->how;
	return pinning;
}

static void pin_round(void *state, struct lap *lap)
{
	struct pinning *pinning = state;
	unsigned calls = PAGES_A_ROUND / (unsigned)pinning->pages;
	uint64_t begin;

	world_expect(&pinning->world);
	begin = clock_ns();
	for (unsigned call = 0; call < calls; call++)
		pin_and_unpin(pinning);
	lap->figures[0] = (double)(clock_ns() - begin) / PAGES_A_ROUND;
	lap->units = PAGES_A_ROUND;
	EXPECTED(&pinning->world, pin_fast, PAGES_A_ROUND);
}

const struct side pin_holdfast = { "Holdfast", pin_begin, pin_round, "hf_pin hf_unpin" };

/* ---- the kernel ------------------------------------------------------------------------- */

struct ringed {
	struct plain plain;
	struct iovec buffer;
	int ring;
};

static void *ring_begin(const struct trial *trial)
{
	struct ringed *ringed = must_have(calloc(1, sizeof(*ringed)));

	if (trial->huge) {
		plain_begin_huge(&ringed->plain, MOST_A_CALL);
	} else {
		plain_begin(&ringed->plain, MOST_A_CALL, trial->mib * MIB / PAGE, trial->scattered);
		plain_write(&ringed->plain);
	}
	ringed->ring = ring_open();
	ringed->buffer = (struct iovec){ ringed->plain.base, trial->count * PAGE };
	return ringed;
}

static void ring_round(void *state, struct lap *lap)
{
	struct ringed *ringed = state;
	unsigned calls = PAGES_A_ROUND / (unsigned)(ringed->buffer.iov_len / PAGE);
	uint64_t begin = clock_ns();

	for (unsigned call = 0; call < calls; call++) {
		ring_pin(ringed->ring, &ringed->buffer, 1);
		ring_unpin(ringed->ring);
	}
	lap->figures[0] = (double)(clock_ns() - begin) / PAGES_A_ROUND;
}

const struct side pin_kernel = { "io_uring", ring_begin, ring_round, NULL };

/*
 * ring.h - an io_uring: fixed buffers, and reads into them one at a time
 *
 * Registered buffers are long-term write pins, so this is how a program makes the
 * kernel pin its memory.
 */
#ifndef HOLDFAST_BENCH_RING_H
#define HOLDFAST_BENCH_RING_H

#include <stdint.h>
#include <sys/uio.h>

int ring_open(void);			/* gives the side up, with the reason, where it is refused */
void ring_pin(int ring, const struct iovec *buffers, unsigned count);
void ring_unpin(int ring);

/* A ring whose queues are mapped, with one request under way at most. */
struct queue {
	int ring;
	uint32_t *tail, *mask, *order;		/* of what is submitted */
	uint32_t *head, *done_mask;		/* of what is done */
	void *requests, *results;
};

void queue_open(struct queue *);

/* READ_FIXED, submitted and waited for in one system call. */
int queue_read(struct queue *, int file, void *to, uint32_t bytes, uint64_t offset);

#endif

/*
 * ring.h - an io_uring of which nothing but the fixed buffers is used
 *
 * Registered buffers are long-term write pins, so this is how a program makes the
 * kernel pin its memory.  No request is ever submitted.
 */
#ifndef HOLDFAST_BENCH_RING_H
#define HOLDFAST_BENCH_RING_H

#include <sys/uio.h>

int ring_open(void);			/* gives the side up, with the reason, where it is refused */
void ring_pin(int ring, const struct iovec *buffers, unsigned count);
void ring_unpin(int ring);

#endif

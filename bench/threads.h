/*
 * threads.h - threads on cores of their own, that begin together
 */
#ifndef HOLDFAST_BENCH_THREADS_H
#define HOLDFAST_BENCH_THREADS_H

#include "bench.h"

#include <pthread.h>

#define THREADS_MOST 16u

/* The cores that this process may run on: the first `room` of them.  Returns how many. */
unsigned threads_cores(int *cores, unsigned room);

/* Stay on one core; -1: on any. */
void threads_stay(int core);

void threads_start(pthread_t *, void *(*run)(void *), void *argument);
void threads_join(pthread_t);

/* Until so many threads have come here, which each counts once. */
void threads_meet(_Atomic unsigned *here, unsigned wanted);

#endif

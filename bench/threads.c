/*
 * threads.c - threads on cores of their own, that begin together (threads.h)
 */
#include "threads.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#define SPINS 1000u

/* As they were at the first question: threads_stay() changes what the system says. */
static cpu_set_t all;
static bool known;

static void look(void)
{
	if (!known && sched_getaffinity(0, sizeof(all), &all))
		impossible("sched_getaffinity: %s", strerror(errno));
	known = true;
}

unsigned threads_cores(int *cores, unsigned room)
{
	unsigned found = 0;

	look();
	for (int core = 0; core < CPU_SETSIZE && found < room; core++)
		if (CPU_ISSET(core, &all))
			cores[found++] = core;
	return found;
}

void threads_stay(int core)
{
	cpu_set_t one;

	look();
	CPU_ZERO(&one);
	if (core >= 0)
		CPU_SET(core, &one);
	if (sched_setaffinity(0, sizeof(one), core >= 0 ? &one : &all))
		impossible("sched_setaffinity: %s", strerror(errno));
}

void threads_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
	int error = pthread_create(thread, NULL, run, argument);

	if (error)
		impossible("pthread_create: %s", strerror(error));
}

void threads_join(pthread_t thread)
{
	int error = pthread_join(thread, NULL);

	if (error)
		wrong("pthread_join: %s", strerror(error));
}

void threads_meet(_Atomic unsigned *here, unsigned wanted)
{
	atomic_fetch_add_explicit(here, 1, memory_order_acq_rel);
	/* There may be more threads than cores. */
	for (unsigned spins = 0; atomic_load_explicit(here, memory_order_acquire) < wanted; spins++)
		if (spins > SPINS)
			sched_yield();
}

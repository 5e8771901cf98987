/*
 * sections_kit.h - for tests of the platform's sections: threads, clocks, a thread stopped inside
 */
#ifndef HOLDFAST_SECTIONS_KIT_H
#define HOLDFAST_SECTIONS_KIT_H

#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "platform.h"
#if PLAT_CUTS
#include <sys/rseq.h>
#endif

static _Atomic uint64_t word;

static inline bool can_cut(void)
{
#if PLAT_CUTS
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	return __rseq_size && commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ);
#else
	return false;
#endif
}

static inline double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline void sleep_for(double seconds)
{
	struct timespec time = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };

	nanosleep(&time, NULL);
}

static inline void start(pthread_t *thread, void *(*run)(void *), void *argument)
{
	if (pthread_create(thread, NULL, run, argument)) {
		puts("no thread to be had");
		exit(2);
	}
}

/* A section is cut by any preemption: until one is not. */
#define UNTIL_DONE(kind, commit)                  \
	for (bool done = false; !done;) {         \
		plat_section_enter(kind);         \
		done = (commit);                  \
		plat_section_leave();             \
	}

/* ---- a thread that is stopped in its section ------------------------------------------------ */

enum stage { IDLE, INSIDE, GO_ON, DONE };

static struct {
	_Atomic enum stage stage;
	enum plat_commit kind;
	bool done;
} stopped;

/* What was done, so that nothing was if it was cut. */
static inline bool commit_of_kind(enum plat_commit kind)
{
	uint64_t value = 0;
	bool swapped;

	switch (kind) {
	case PLAT_LOOK: return true;
	case PLAT_RAISE: return plat_commit_raise(&word, &value);
	case PLAT_RAISE_ROW: return plat_commit_raise_row(&word, 8, 1, &value) == 1;
	case PLAT_COPY: return plat_commit_copy(&word, &(uint64_t){ 1 }, 8) == 8;
	case PLAT_COPY_WORDS: return plat_commit_copy_words(&word, &(uint64_t){ 1 }, 8) == 8;
	case PLAT_FILL: return plat_commit_fill(&word, 1, 8) == 8;
	case PLAT_SWAP: return plat_commit_swap(&word, 8, &value, 1, &swapped);
	}
	return false;
}

static inline void wait_for(enum stage stage)
{
	while (atomic_load(&stopped.stage) != stage)
		sched_yield();
}

/* As the compiler must know the kind where a section begins. */
static inline void enter_kind(enum plat_commit kind)
{
	switch (kind) {
	case PLAT_LOOK: plat_section_enter(PLAT_LOOK); break;
	case PLAT_RAISE: plat_section_enter(PLAT_RAISE); break;
	case PLAT_RAISE_ROW: plat_section_enter(PLAT_RAISE_ROW); break;
	case PLAT_COPY: plat_section_enter(PLAT_COPY); break;
	case PLAT_COPY_WORDS: plat_section_enter(PLAT_COPY_WORDS); break;
	case PLAT_FILL: plat_section_enter(PLAT_FILL); break;
	case PLAT_SWAP: plat_section_enter(PLAT_SWAP); break;
	}
}

/* Goes on when it is told to, or after a moment: a cut may have to wait for it. */
static inline void *stop_inside(void *unused)
{
	double until;

	enter_kind(stopped.kind);
	atomic_store(&stopped.stage, INSIDE);
	for (until = seconds_now() + 0.3; atomic_load(&stopped.stage) == INSIDE && seconds_now() < until;)
		;
	stopped.done = commit_of_kind(stopped.kind);
	plat_section_leave();
	atomic_store(&stopped.stage, DONE);
	return unused;
}

#endif

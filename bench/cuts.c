/*
 * cuts.c - how long a cut takes: the wait of a fork for pins under way, by itself
 *
 * As in section.c these are the platform's own objects, linked in once more.  The other
 * threads do what is left of a pin without the core: they enter a section, raise a count
 * as its commit, leave it, and take the 1 off again.
 *
 *	figures   0 median   1 99.9 %
 */
#include "threads.h"

#include "platform.h"

#include <stdlib.h>

#define CUTS_A_ROUND 5000u
#define CUTS_LEAST 50u
#define ROUND_NS UINT64_C(1000000000)

struct cutting {
	unsigned threads;
	int cores[2];
	_Atomic unsigned here;
	_Atomic bool stop;
	uint32_t ns[CUTS_A_ROUND];
};

struct raiser {
	_Alignas(64) _Atomic uint64_t count;
	struct cutting *cutting;
	int core;
	pthread_t thread;
};

static void *raise_all_the_while(void *argument)
{
	struct raiser *raiser = argument;
	struct cutting *cutting = raiser->cutting;

	threads_stay(raiser->core);
	atomic_fetch_add_explicit(&cutting->here, 1, memory_order_release);
	while (!atomic_load_explicit(&cutting->stop, memory_order_relaxed)) {
		uint64_t before;
		bool raised;

		plat_section_enter(PLAT_RAISE);
		raised = plat_commit_raise(&raiser->count, &before);
		plat_section_leave();
		if (raised)
			atomic_fetch_sub_explicit(&raiser->count, 1, memory_order_relaxed);
	}
	return NULL;
}

static void *cut_begin(const struct trial *trial)
{
	struct cutting *cutting = must_have(calloc(1, sizeof(*cutting)));

	cutting->threads = (unsigned)trial->count;
	if (threads_cores(cutting->cores, 2) < 2 && cutting->threads == 1)
		impossible("there is no other core");
	return cutting;
}

static void start(struct cutting *cutting, struct raiser *raisers)
{
	bool alone = cutting->threads == 1;

	cutting->here = 0;
	cutting->stop = false;
	if (alone)
		threads_stay(cutting->cores[0]);
	for (unsigned i = 0; i < cutting->threads; i++) {
		raisers[i] = (struct raiser){ .cutting = cutting, .core = alone ? cutting->cores[1] : -1 };
		threads_start(&raisers[i].thread, raise_all_the_while, &raisers[i]);
	}
	while (atomic_load_explicit(&cutting->here, memory_order_acquire) < cutting->threads)
		;
}

static void cut_round(void *state, struct lap *lap)
{
	struct cutting *cutting = state;
	struct raiser raisers[THREADS_MOST];
	uint64_t end;
	unsigned done = 0;

	start(cutting, raisers);
	end = clock_ns() + ROUND_NS;
	while (done < CUTS_A_ROUND && (done < CUTS_LEAST || clock_ns() < end)) {
		uint64_t begin = clock_ns(), ns;

		plat_cut();
		ns = clock_ns() - begin;
		cutting->ns[done++] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
	}
	cutting->stop = true;
	for (unsigned i = 0; i < cutting->threads; i++)
		threads_join(raisers[i].thread);
	lap->figures[0] = quantile_of(cutting->ns, done, 0.5);
	lap->figures[1] = quantile_of(cutting->ns, done, 0.999);
	lap->units = done;
}

const struct side cut_holdfast = { "Holdfast", cut_begin, cut_round, NULL };

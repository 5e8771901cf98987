/*
 * random_threads.h - made-up scenarios with threads, for the explorer
 *
 * A short setup, then threads of one to three operations each, at the same few pages.
 * A library that shares nothing with ours, the reference model, carries the calls of
 * the threads out in every order, each as a whole; what a call comes to in one of them
 * it may come to, and nothing else:
 *
 *	may fail, fails		the errors that it gives in some order, in all
 *	never			a load finds what it finds in none
 *	seen			... and in some, for otherwise the explorer misses an order
 *
 * Each load is taken by itself: under a weak memory model two of them may together show
 * what no order of the calls does.  The explorer's contracts, verify, races, leaks and
 * the rest come on top.
 */
#ifndef HOLDFAST_RANDOM_THREADS_H
#define HOLDFAST_RANDOM_THREADS_H

#include "scenario.h"

struct random_threads {
	uint64_t seed;
	unsigned threads;	/* 2 to SCENARIO_THREADS */
	/*
	 * Nothing is expected, anything may fail, and no promise is asked for, as of a design of
	 * history.  What is left are races, leaks, deadlocks, what was freed.
	 */
	bool no_promises;
};

/* The numberth of its seed; as the parser takes it from its own text. */
struct scenario *random_scenario(const struct random_threads *, uint64_t number);

/*
 * The scenario with less in it, and simpler, for as long as it fails; the caller frees
 * it.  fails() is asked about such as random_scenario() makes, that is what may come of
 * the calls that are left.
 */
struct scenario *random_scenario_shrink(const struct random_threads *, const struct scenario *,
					bool (*fails)(const struct scenario *, void *context), void *context);

#endif

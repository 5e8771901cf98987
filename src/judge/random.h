/*
 * random.h - a random run: two judges, the same steps, no difference
 *
 * A run is cut in rounds.  Each round has a fresh pair of judges and makes up
 * steps until it has enough, or has run out of names.  Every answer is compared;
 * every so often all the bytes that can be reached are.  A round that fails is
 * shrunk to a short scenario that `holdfast run` accepts.
 *
 * Everything follows from the seed; or, of a single round, from an input: bytes that
 * a fuzzer has made up, so that it learns which choices lead where.
 */
#ifndef HOLDFAST_RANDOM_H
#define HOLDFAST_RANDOM_H

#include "judge.h"

struct random_config {
	const struct judge_ops *first;	/* carries out a step first; when it has no memory for it, the step is off */
	const struct judge_ops *second;
	uint64_t seed;
	uint64_t operations;
	uint64_t round;			/* most operations a round; 0: 2000 */
	uint64_t pool_pages;		/* 0: small pools, and in each fourth round one that must suffice */
	/*
	 * Now and then, where the pool need not suffice, a step `count` with a value n: the
	 * first judge is to let the nth allocation from there on fail.  The language has no
	 * words for that, and to the second judge it means nothing.
	 */
	bool fail_allocations;
};

struct random_counts {
	uint64_t operations, rounds, compared;	/* compared: of all bytes */
	uint64_t done[OPS], failed[OPS];	/* by operation: as both judges say */
	uint64_t no_memory[OPS];		/* the first judge had none, the second did not try */
	uint64_t not_fast[OPS];			/* a fast-only pin that the first judge would not do */
};

/* A difference, shrunk. */
struct random_failure {
	struct scenario *scenario;	/* the caller's to free */
	char what[512];			/* one sentence: step, and the two answers */
	uint64_t round_seed;
	size_t steps_before;		/* until shrinking */
	uint64_t tries;			/* replays that shrinking took */
};

/* 0: no difference; 1: there was one, in failure. */
int random_run(const struct random_config *, struct random_counts *, struct random_failure *failure);

/*
 * One round, its choices made by an input: RANDOM_HEAD bytes for the round, then
 * RANDOM_RECORD bytes a step, whatever the step needs of them, so that to take a
 * record away is to take a step away.  The seed counts for nothing.
 */
#define RANDOM_HEAD 4u
#define RANDOM_RECORD 24u
int random_input(const struct random_config *, const unsigned char *input, size_t length, struct random_counts *,
		 struct random_failure *failure);

/* Word for a step's operation, for tables: "map", "protect", ... */
const char *random_op_name(enum op);

#endif

/*
 * compare.c - one measure: both sides in turn, round by round
 *
 * Who goes first changes with every round, so that what drifts (the clock speed,
 * the neighbours) hits both alike.  The ratio is taken pair by pair, for the two
 * laps of a round are the ones that lie closest together.
 *
 * A side that can't run here leaves the other to be measured alone.
 */
#include "bench.h"

#include <string.h>

#define ROUNDS_MAX 64

struct pair {
	double holdfast[ROUNDS_MAX], peer[ROUNDS_MAX], ratio[ROUNDS_MAX];
};

static bool good(struct result *result, const struct side *side, const struct answer *answer)
{
	if (answer->outcome == DONE)
		return true;
	if (answer->outcome > result->outcome)
		result->outcome = answer->outcome;
	snprintf(result->why, sizeof(result->why), "%.40s: %.110s", side->name, answer->why);
	return false;
}

static double per_unit(const struct answer *answer)
{
	return answer->lap.ns / answer->lap.units;
}

/* Both sides once, the peer if it is there; false: a side broke off. */
static bool both(struct result *result, struct worker workers[2], unsigned round, struct pair *pair)
{
	const struct side *sides[2] = { result->measure->holdfast, result->measure->peer };
	double *values[2] = { &pair->holdfast[round], &pair->peer[round] };
	unsigned first = result->has_peer ? round & 1 : 0;

	for (unsigned turn = 0; turn < (result->has_peer ? 2u : 1u); turn++) {
		unsigned which = first ^ turn;
		struct answer answer;

		worker_round(&workers[which], &answer);
		if (!good(result, sides[which], &answer))
			return false;
		*values[which] = per_unit(&answer);
	}
	if (result->has_peer)
		pair->ratio[round] = pair->peer[round] / pair->holdfast[round];
	return true;
}

static void rounds(struct result *result, struct worker workers[2], const struct plan *plan, unsigned done,
		   unsigned total)
{
	uint64_t end = clock_ns() + (uint64_t)(plan->seconds * 1e9);
	struct pair pair;
	unsigned round = 0;

	while (round < plan->rounds && round < ROUNDS_MAX && (round < plan->least || clock_ns() < end)) {
		progress_show("%s: round %u of up to %u (measure %u of %u)", result->measure->name, round + 1,
			      plan->rounds, done + 1, total);
		if (!both(result, workers, round, &pair))
			return;
		round++;
	}
	result->rounds = round;
	result->holdfast = spread_of(pair.holdfast, round);
	if (!result->has_peer)
		return;
	result->peer = spread_of(pair.peer, round);
	result->ratio = spread_of(pair.ratio, round);
}

void compare(const struct measure *measure, const struct plan *plan, unsigned done, unsigned total,
	     struct result *result)
{
	struct worker workers[2];
	struct answer answer;

	*result = (struct result){ .measure = measure };
	progress_show("%s: warming up (measure %u of %u)", measure->name, done + 1, total);
	worker_start(&workers[0], measure->holdfast, measure, &answer);
	if (!good(result, measure->holdfast, &answer))
		return;
	worker_start(&workers[1], measure->peer, measure, &answer);
	result->has_peer = good(result, measure->peer, &answer);
	rounds(result, workers, plan, done, total);
	worker_stop(&workers[0]);
	worker_stop(&workers[1]);
}

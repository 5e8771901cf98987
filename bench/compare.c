/*
 * compare.c - one trial: both sides in turn, round by round
 *
 * Who goes first changes with every round, so that what drifts (the clock speed,
 * the neighbours) hits both alike.  The ratio is taken pair by pair, for the two
 * laps of a round are the ones that lie closest together.
 *
 * A side that can't run here leaves the other to be measured alone.
 */
#include "bench.h"

#include <stdarg.h>
#include <string.h>

static bool good(struct rounds *rounds, const struct side *side, const struct answer *answer)
{
	if (answer->outcome == DONE)
		return true;
	if (answer->outcome > rounds->outcome)
		rounds->outcome = answer->outcome;
	snprintf(rounds->why, sizeof(rounds->why), "%.40s: %.110s", side->name, answer->why);
	return false;
}

static void keep(double figures[FIGURES][ROUNDS_MAX], unsigned round, const struct answer *answer)
{
	for (unsigned figure = 0; figure < FIGURES; figure++)
		figures[figure][round] = answer->lap.figures[figure];
}

/* Both sides once, the peer if it is there; false: a side broke off. */
static bool both(const struct trial *trial, struct rounds *rounds, struct worker workers[2], unsigned round)
{
	const struct side *sides[2] = { trial->holdfast, trial->peer };
	unsigned first = rounds->has_peer ? round & 1 : 0;

	for (unsigned turn = 0; turn < (rounds->has_peer ? 2u : 1u); turn++) {
		unsigned which = first ^ turn;
		struct answer answer;

		worker_round(&workers[which], &answer);
		if (!good(rounds, sides[which], &answer))
			return false;
		keep(which ? rounds->peer : rounds->holdfast, round, &answer);
	}
	return true;
}

/* All rounds of one side; how many there were. */
static unsigned alone(const struct trial *trial, const struct side *side, const struct plan *plan,
		      double figures[FIGURES][ROUNDS_MAX], struct rounds *rounds)
{
	struct worker worker;
	struct answer answer;
	unsigned round = 0;

	worker_start(&worker, side, trial, &answer);
	while (good(rounds, side, &answer)) {
		if (round == plan->least) {
			worker_stop(&worker);
			return round;
		}
		worker_round(&worker, &answer);
		if (answer.outcome == DONE)
			keep(figures, round++, &answer);
	}
	return 0;
}

/* What there is not enough memory for twice. */
static void apart(const struct trial *trial, const struct plan *plan, struct rounds *rounds)
{
	rounds->count = alone(trial, trial->holdfast, plan, rounds->holdfast, rounds);
	rounds->has_peer = rounds->count && trial->peer && alone(trial, trial->peer, plan, rounds->peer, rounds);
}

static void in_turn(const struct trial *trial, const char *name, const struct plan *plan, const char *where,
		    struct rounds *rounds)
{
	struct worker workers[2] = { { .channel = -1 }, { .channel = -1 } };
	struct answer answer;
	uint64_t end;

	worker_start(&workers[0], trial->holdfast, trial, &answer);
	if (!good(rounds, trial->holdfast, &answer))
		return;
	if (trial->peer)
		worker_start(&workers[1], trial->peer, trial, &answer);
	rounds->has_peer = trial->peer && good(rounds, trial->peer, &answer);
	end = clock_ns() + (uint64_t)(plan->seconds * 1e9);
	while (rounds->count < plan->rounds && rounds->count < ROUNDS_MAX &&
	       (rounds->count < plan->least || clock_ns() < end)) {
		progress_show("%s: round %u of up to %u (%s)", name, rounds->count + 1, plan->rounds, where);
		if (!both(trial, rounds, workers, rounds->count)) {
			rounds->count = 0;
			break;
		}
		rounds->count++;
	}
	worker_stop(&workers[0]);
	worker_stop(&workers[1]);
}

void compare(const struct trial *trial, const char *name, const struct plan *plan, const char *where,
	     struct rounds *rounds)
{
	*rounds = (struct rounds){ 0 };
	progress_show("%s: warming up (%s)", name, where);
	if (trial->apart)
		apart(trial, plan, rounds);
	else
		in_turn(trial, name, plan, where, rounds);
}

static void leave_out(struct rounds *rounds, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void leave_out(struct rounds *rounds, const char *format, ...)
{
	va_list list;

	*rounds = (struct rounds){ .outcome = IMPOSSIBLE };
	va_start(list, format);
	vsnprintf(rounds->why, sizeof(rounds->why), format, list);
	va_end(list);
}

void trial_run(const struct trial *trial, const char *name, const struct plan *plan, uint64_t free_mib,
	       const char *where, struct rounds *rounds)
{
	uint64_t needed = trial->mib * trial->percent / 100;

	if (plan->quick && trial->slow)
		leave_out(rounds, "it takes too long for --quick");
	else if (free_mib && free_mib < needed)
		leave_out(rounds, "it needs %llu MiB of free memory, and there are %llu", (unsigned long long)needed,
			  (unsigned long long)free_mib);
	else
		compare(trial, name, plan, where, rounds);
}

void result_of(const struct measure *measure, const struct rounds *rounds, struct result *result)
{
	unsigned count = rounds->count, figure = measure->figure;
	double holdfast[ROUNDS_MAX], peer[ROUNDS_MAX], ratio[ROUNDS_MAX];
	const double *beside = measure->own_peer ? rounds->holdfast[measure->own_peer] : rounds->peer[figure];

	result->measure = measure;
	result->rounds = count;
	result->has_peer = count && (measure->own_peer || (measure->beside && rounds->has_peer));
	result->outcome = rounds->outcome;
	memcpy(result->why, rounds->why, sizeof(result->why));
	for (unsigned round = 0; round < count; round++) {
		holdfast[round] = rounds->holdfast[figure][round];
		peer[round] = beside[round];
		ratio[round] = beside[round] / holdfast[round];
	}
	result->holdfast = spread_of(holdfast, count);
	if (!result->has_peer)
		return;
	result->peer = spread_of(peer, count);
	result->ratio = spread_of(ratio, count);
}

/*
 * random_shrink.c - the random run: makes a failing round short
 *
 * Delta debugging: take steps away, in halves, quarters, ... and one by one, while
 * the two judges still differ; then forks; then make each remaining step simpler;
 * then once more.  Steps that name what is no longer there fall out of a replay by
 * themselves.  Any difference will do: a round may hold two mistakes, and the
 * shorter one is welcome.
 */
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "random_inside.h"

#define MOST_TRIES 4000u
#define COMPARE_EVERY 64u

struct shrinker {
	const struct random_config *config;
	struct scenario *best;		/* the shortest that differs */
	char what[512];
	bool often;			/* comparing all bytes now and then is part of it */
	uint64_t tries;
};

/*
 * Carry out s, in which the steps from skip to skip_end are left out.  What was
 * done, up to the difference, goes to *done (may be NULL: the caller's to free).
 */
static enum difference replay(struct shrinker *shrinker, const struct scenario *s, size_t skip, size_t skip_end,
			      struct pair *pair, struct scenario **done)
{
	enum difference result = pair_open(pair, shrinker->config, s);

	shrinker->tries++;
	*done = scenario_like(s);
	for (size_t i = 0; i < s->nsteps && result == SAME; i++) {
		struct step step = s->steps[i];

		if ((i >= skip && i < skip_end) || !shadow_allows(&pair->shadow, &step))
			continue;
		step.fails = 0;	/* a guess of another replay: no judge is told */
		result = pair_step(pair, &step);
		step.fails = pair->error;
		scenario_add(*done, &step);
		if (result == SAME && shrinker->often && i % COMPARE_EVERY == COMPARE_EVERY - 1)
			result = pair_compare_all(pair);
	}
	if (result == SAME)
		result = pair_compare_all(pair);
	return pair_close(pair) == DIFFERENT ? DIFFERENT : result;
}

/* Is it still different?  Then it is the best so far. */
static bool try(struct shrinker *shrinker, const struct scenario *s, size_t skip, size_t skip_end)
{
	static struct pair pair;
	struct scenario *done;
	enum difference result = replay(shrinker, s, skip, skip_end, &pair, &done);

	if (result == DIFFERENT) {
		scenario_free(shrinker->best);
		shrinker->best = done;
		memcpy(shrinker->what, pair.what, sizeof(shrinker->what));
	} else {
		scenario_free(done);
	}
	return result == DIFFERENT;
}

static bool drop_steps(struct shrinker *shrinker)
{
	bool any = false;

	for (size_t chunk = (shrinker->best->nsteps + 1) / 2; chunk; chunk /= 2)
		for (size_t i = 0; i < shrinker->best->nsteps && shrinker->tries < MOST_TRIES;) {
			if (try(shrinker, shrinker->best, i, i + chunk))
				any = true;
			else
				i += chunk;
		}
	return any;
}

/* ---- simpler steps ------------------------------------------------------------ */

static bool has_bytes(const struct step *step)
{
	return step->op == OP_STORE || step->op == OP_DEVICE_WRITE || step->op == OP_OBJECT_WRITE ||
	       step->op == OP_FILL || step->op == OP_LOAD;
}

static bool has_size(const struct step *step)
{
	return step->op == OP_MAP || step->op == OP_OBJECT || step->op == OP_OBJECT_RESIZE ||
	       (step->op == OP_REMAP && step->flags == REMAP_RESIZE);
}

static bool has_range(const struct step *step)
{
	return step->op == OP_UNMAP || step->op == OP_PROTECT || step->op == OP_ADVISE || step->op == OP_COLLAPSE ||
	       step->op == OP_PIN || step->op == OP_UNPIN;
}

static bool set(uint64_t *member, uint64_t value)
{
	bool changed = *member != value;

	*member = value;
	return changed;
}

/* Which bytes are stored hardly ever matters, so they may stay the first ones. */
static bool later_half(struct step *step)
{
	step->offset += step->length / 2;
	step->length -= step->length / 2;
	return true;
}

bool random_simplify(struct step *step, unsigned way)
{
	uint64_t flags = step->flags;
	bool changed = false;

	switch (way) {
	case 0: return has_bytes(step) && set(&step->length, 1);
	case 1: return has_bytes(step) && step->length > 1 && set(&step->length, (step->length + 1) / 2);
	case 2: return has_size(step) && step->length > SCENARIO_PAGE && set(&step->length, SCENARIO_PAGE);
	case 3: return has_size(step) && step->length > SCENARIO_PAGE && set(&step->length, step->length - SCENARIO_PAGE);
	case 4: return has_range(step) && set(&step->length, 0);
	case 5: return step->op != OP_REMAP && set(&step->offset, 0);
	case 6: return step->op != OP_UNPIN && set(&step->offset, step->offset / SCENARIO_PAGE * SCENARIO_PAGE);
	case 7: return set(&step->offset, step->offset % SCENARIO_PAGE);
	case 8: return step->op == OP_MAP && set(&step->object_offset, 0);
	case 9: changed = step->op == OP_PIN && set(&flags, flags & (PIN_WRITE | PIN_GET)); break;
	case 10: changed = (step->op == OP_UNPIN || step->op == OP_FORK) && set(&flags, 0); break;
	case 11: return step->op == OP_PIN && step->length > SCENARIO_PAGE && set(&step->length, SCENARIO_PAGE);
	case 12: return step->op == OP_ATOMIC && set(&step->value, 1);
	case 13: return (step->op == OP_PIN || has_bytes(step)) && step->length > 1 && step->length < 20 &&
			set(&step->length, step->length - 1);
	case 14: return has_bytes(step) && step->length > 1 && later_half(step);
	}
	step->flags = (unsigned)flags;
	return changed;
}

static bool simplify_steps(struct shrinker *shrinker)
{
	bool any = false;

	for (size_t i = 0; i < shrinker->best->nsteps; i++)
		for (unsigned way = 0; way < RANDOM_WAYS && i < shrinker->best->nsteps && shrinker->tries < MOST_TRIES; way++) {
			struct step *step = &shrinker->best->steps[i], before = *step;

			if (!random_simplify(step, way))
				continue;
			/* When it works, the best is another scenario; else this one gets its step back. */
			if (try(shrinker, shrinker->best, 0, 0))
				any = true;
			else
				shrinker->best->steps[i] = before;
		}
	return any;
}

/* A fork less: the child's steps become the parent's. */
static bool without_fork(struct shrinker *shrinker, size_t at)
{
	struct scenario *s = scenario_like(shrinker->best);
	int parent = shrinker->best->steps[at].space, child = shrinker->best->steps[at].child;
	bool shorter;

	for (size_t i = 0; i < shrinker->best->nsteps; i++) {
		struct step step = shrinker->best->steps[i];

		if (i > at && step.space == child)
			step.space = parent;
		if (i != at)
			scenario_add(s, &step);
	}
	shorter = try(shrinker, s, 0, 0);
	scenario_free(s);
	return shorter;
}

static bool drop_forks(struct shrinker *shrinker)
{
	bool any = false;

	for (size_t i = 0; i < shrinker->best->nsteps && shrinker->tries < MOST_TRIES; i++)
		if (shrinker->best->steps[i].op == OP_FORK && without_fork(shrinker, i))
			any = true;
	return any;
}

/* ---- the result as a file -------------------------------------------------------- */

static bool is_look(const struct step *step)
{
	return step->op >= OP_EXPECT_BYTES && !step->bytes;
}

/*
 * Where an operation fails that must not, or verify finds a break, there is
 * nothing to expect but to get to the end; a scenario has to expect something,
 * and this is true of every judge that gets there.
 */
static void expect_to_get_there(struct scenario *s)
{
	struct step count = { .op = OP_COUNT, .space = -1, .child = -1, .mapping = -1, .object = -1, .pin = -1, .stat = -1 };
	struct step expected = count;

	for (size_t i = 0; i < s->nsteps; i++)
		if (s->steps[i].fails || s->steps[i].op >= OP_EXPECT_BYTES)
			return;
	expected.op = OP_EXPECT_STAT;
	expected.stat = word_index(stat_names, stat_count, "forks", strlen("forks"));
	scenario_add(s, &count);
	scenario_add(s, &expected);
}

/*
 * The scenario as `holdfast run` takes it: what failed in the second judge must
 * fail, and what it saw where the two differ is expected.
 */
static void finish(struct shrinker *shrinker, struct random_failure *failure)
{
	static struct pair pair;
	struct scenario *done, *result = scenario_like(shrinker->best);
	char why[700];

	replay(shrinker, shrinker->best, 0, 0, &pair, &done);
	for (size_t i = 0; i < done->nsteps; i++) {
		bool last = i == done->nsteps - 1;

		if (last && pair.has_expected && pair.expected_before)
			scenario_add(result, &pair.expected);
		if (!is_look(&done->steps[i]) && !(last && pair.has_expected && done->steps[i].op == OP_LOAD))
			scenario_add(result, &done->steps[i]);
	}
	if (pair.has_expected && !pair.expected_before)
		scenario_add(result, &pair.expected);
	expect_to_get_there(result);
	snprintf(why, sizeof(why), "Random run, round %#llx: %s", (unsigned long long)failure->round_seed, pair.what);
	free(result->why);
	result->why = strdup(why);
	scenario_free(done);
	failure->scenario = result;
	memcpy(failure->what, pair.what, sizeof(failure->what));
}

void random_shrink(const struct random_config *config, struct random_failure *failure)
{
	struct shrinker shrinker = { .config = config, .best = failure->scenario };

	failure->steps_before = failure->scenario->nsteps;
	if (!try(&shrinker, shrinker.best, 0, 0)) {
		shrinker.often = true;
		if (!try(&shrinker, shrinker.best, 0, 0)) {
			fprintf(stderr, "random: round %#llx does not repeat itself\n",
				(unsigned long long)failure->round_seed);
			return;
		}
	}
	while (shrinker.tries < MOST_TRIES && drop_steps(&shrinker) + drop_forks(&shrinker) + simplify_steps(&shrinker))
		;
	finish(&shrinker, failure);
	scenario_free(shrinker.best);
	failure->tries = shrinker.tries;
}

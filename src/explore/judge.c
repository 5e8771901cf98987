/*
 * judge.c - the quiet end of an execution
 *
 * The steps that come after, the conditions and the outcome are looked at each
 * time.  What is known of a state alone (verify, the contracts, the ending) is
 * asked once for each state: many executions end in the same.
 *
 * Judged at the end only: what holds "now" in the middle is not stable under
 * another order of independent steps, and the search would miss it.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* ---- states that were judged, and found good ---------------------------------- */

static struct {
	uint64_t *hashes;	/* 0: nothing here */
	size_t room, count;	/* room: a power of two */
} judged;

static bool judged_has(uint64_t hash, size_t *slot)
{
	if (!judged.room)
		return false;
	for (*slot = hash & (judged.room - 1); judged.hashes[*slot]; *slot = (*slot + 1) & (judged.room - 1))
		if (judged.hashes[*slot] == hash)
			return true;
	return false;
}

static void judged_grow(void)
{
	uint64_t *old = judged.hashes;
	size_t old_room = judged.room, slot;

	judged.room = old_room ? 2 * old_room : 1024;
	judged.hashes = must_alloc(NULL, judged.room * sizeof(*judged.hashes));
	memset(judged.hashes, 0, judged.room * sizeof(*judged.hashes));
	for (size_t i = 0; i < old_room; i++)
		if (old[i] && !judged_has(old[i], &slot))
			judged.hashes[slot] = old[i];
	free(old);
}

static void judged_add(uint64_t hash)
{
	size_t slot;

	if (2 * judged.count >= judged.room)
		judged_grow();
	if (judged_has(hash, &slot))
		return;
	judged.hashes[slot] = hash;
	judged.count++;
}

void judge_begin(void)
{
	free(judged.hashes);
	memset(&judged, 0, sizeof(judged));
	memset(play.seen, 0, sizeof(play.seen));
	memset(&play.said, 0, sizeof(play.said));
}

/* ---- what was seen ---------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, const void *bytes, size_t length)
{
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* What each step came to, what was loaded, and which conditions are true. */
static void say_outcome(const struct world *w, uint64_t conditions)
{
	const struct scenario *s = play.plan.scenario;
	uint64_t hash = mix(UINT64_C(0xcbf29ce484222325), &conditions, sizeof(conditions));

	for (size_t i = 0; i < s->nsteps; i++)
		hash = mix(hash, &w->result[i], sizeof(w->result[i]));
	hash = mix(hash, w->value, (size_t)s->nvalues * sizeof(w->value[0]));
	engine_outcome(hash);
	if (play.outcome)
		play.outcome(hash, play.outcome_context);
}

static bool judge_conditions(struct world *w, uint64_t *outcome)
{
	const struct scenario *s = play.plan.scenario;
	bool ok = true;

	*outcome = 0;
	for (size_t i = 0; i < s->nconditions; i++) {
		const struct condition *condition = &s->conditions[i];

		if (!condition_holds(w, condition))
			continue;
		*outcome |= UINT64_C(1) << i;
		if (condition->seen)
			play.seen[i] = true;
		else
			ok = wrong_at(WRONG_PROMISE, condition->at, condition->promises ? condition->promises : s->promises,
				      "never %s: it was seen", condition->text);
	}
	return ok;
}

/* ---- the quiet end -------------------------------------------------------------------- */

static bool steps_after(struct world *w)
{
	const struct scenario *s = play.plan.scenario;
	bool ok = true;

	for (size_t i = 0; i < s->nsteps; i++)
		if (s->steps[i].thread == STEP_AFTER)
			ok &= program_step(w, i);
	w->now[OUTSIDE] = STEPS;
	return ok;
}

static bool is_clean(struct world *w)
{
	char why[200] = "";

	if (play.plan.design != DESIGN_HOLDFAST || !hf_verify(w->pool, why, sizeof(why)))
		return true;
	return wrong_at(WRONG_INVARIANT, (struct position){ 0, 0 }, 0, "%s", why);
}

static void judge_state(struct world *w)
{
	uint64_t hash = engine_state_hash() | 1;
	size_t slot;

	if (judged_has(hash, &slot))
		return;
	/* What the engine finds on the way by itself (a misuse, a page that is free) makes none of them false. */
	if (is_clean(w) && contracts_hold(w) && ends_well(w) && engine_is_good())
		judged_add(hash);
}

void judge_execution(void *context)
{
	struct world *w = context;
	uint64_t conditions;
	bool ok;

	world_settle(w);
	ok = steps_after(w);
	ok &= judge_conditions(w, &conditions);
	say_outcome(w, conditions);
	names_learn(w);
	if (ok)
		judge_state(w);
	play.said.open = false;
}

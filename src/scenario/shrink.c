/*
 * shrink.c - a failing scenario with less in it
 *
 * Threads are left out, then conditions, then steps: halves, quarters, ... and one
 * by one, and all of it again while something goes.  What is about something that
 * is not made any more goes with it; a thread with no steps left is none.
 *
 * Only ever leaves out: steps stay as they are (the random run, whose steps are made
 * up, makes them simpler too: random_shrink.c).
 */
#include "shrink.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "present.h"

#define MOST_TRIES 1000u

struct shrinker {
	struct scenario *best;
	bool (*still_fails)(const struct scenario *, void *);
	void *context;
	unsigned tries;
};

/* What is made by the steps that are left. */
struct made {
	struct present present;
	uint64_t values, marks;
};

static bool has(uint64_t set, int index)
{
	return index < 0 || (set >> index & 1);
}

static void follow(struct made *made, const struct step *step)
{
	if (step->fails)
		return;
	step_has_succeeded(&made->present, step);
	if (step->result >= 0)
		made->values |= UINT64_C(1) << step->result;
	if (step->mark >= 0)
		made->marks |= UINT64_C(1) << step->mark;
}

/* One that is to fail has to name what there was, too. */
static bool is_possible(const struct made *made, const struct step *step)
{
	struct step plain = *step;

	plain.fails = 0;
	return step_is_possible(&made->present, &plain);
}

static bool is_there(const struct made *made, const struct thing *thing)
{
	switch (thing->kind) {
	case THING_PLACE:
		return has(made->present.spaces, thing->space) &&
		       has(made->present.mappings[thing->space], thing->mapping);
	case THING_PIN:
		return has(made->present.pins, thing->pin);
	case THING_OBJECT:
		return has(made->present.objects, thing->object);
	case THING_SPACE:
		return has(made->present.spaces, thing->space);
	case THING_VALUE:
		return has(made->values, thing->value);
	case THING_MARK:
		return has(made->marks, thing->mark);
	default:
		return true;
	}
}

static bool can_be_asked(const struct made *made, const struct condition *condition)
{
	for (size_t i = 0; i < condition->nfacts; i++)
		if (!is_there(made, &condition->facts[i].left) || !is_there(made, &condition->facts[i].right))
			return false;
	return true;
}

/* What is left out: one thread, some steps, one condition; and then what is about those. */
struct without {
	bool nothing;
	int thread;		/* 0: none */
	size_t step, step_end;
	size_t condition;	/* beyond the last: none */
};

static void copy_text(char **to, const char *text)
{
	free(*to);
	*to = must_copy(text, strlen(text));
}

static struct scenario *same_head(const struct scenario *s)
{
	struct scenario *head = scenario_like(s);

	copy_text(&head->path, s->path);
	copy_text(&head->name, s->name);
	copy_text(&head->why, s->why);
	head->promises = s->promises;
	head->broken_under = s->broken_under;
	head->check_under = s->check_under;
	return head;
}

static struct scenario *leave_out(const struct scenario *s, struct without without)
{
	struct scenario *rest = same_head(s);
	struct made made = { .values = 0 };
	int thread = 0;		/* the last one, by its number in s */

	for (size_t i = 0; i < s->nsteps; i++) {
		struct step step = s->steps[i];

		if ((i >= without.step && i < without.step_end) || (without.thread && step.thread == without.thread) ||
		    !(without.nothing || is_possible(&made, &step)))
			continue;
		follow(&made, &step);
		if (step.thread > 0) {
			rest->nthreads += step.thread != thread;
			thread = step.thread;
			step.thread = rest->nthreads;
		}
		scenario_add(rest, &step);
	}
	for (size_t i = 0; i < s->nconditions; i++)
		if (without.nothing || (i != without.condition && can_be_asked(&made, &s->conditions[i])))
			scenario_add_condition(rest, &s->conditions[i]);
	return rest;
}

static bool try(struct shrinker *shrinker, struct without without)
{
	struct scenario *rest = leave_out(shrinker->best, without);
	bool smaller = rest->nsteps < shrinker->best->nsteps || rest->nconditions < shrinker->best->nconditions;

	if (smaller && rest->nthreads && shrinker->tries++ < MOST_TRIES &&
	    shrinker->still_fails(rest, shrinker->context)) {
		scenario_free(shrinker->best);
		shrinker->best = rest;
		return true;
	}
	scenario_free(rest);
	return false;
}

static bool drop_threads(struct shrinker *shrinker)
{
	bool any = false;

	for (int thread = shrinker->best->nthreads; thread; thread--)
		any |= try(shrinker, (struct without){ .thread = thread, .condition = SIZE_MAX });
	return any;
}

static bool drop_conditions(struct shrinker *shrinker)
{
	bool any = false;

	for (size_t i = shrinker->best->nconditions; i--;)
		if (i < shrinker->best->nconditions)
			any |= try(shrinker, (struct without){ .condition = i });
	return any;
}

static bool drop_steps(struct shrinker *shrinker)
{
	bool any = false;

	for (size_t chunk = (shrinker->best->nsteps + 1) / 2; chunk; chunk /= 2)
		for (size_t i = 0; i < shrinker->best->nsteps;) {
			struct without without = { .step = i, .step_end = i + chunk, .condition = SIZE_MAX };

			if (try(shrinker, without))
				any = true;
			else
				i += chunk;
		}
	return any;
}

struct scenario *shrink_scenario(const struct scenario *s, bool (*still_fails)(const struct scenario *, void *),
				 void *context)
{
	struct shrinker shrinker = {
		.best = leave_out(s, (struct without){ .nothing = true }), .still_fails = still_fails, .context = context,
	};

	while (drop_threads(&shrinker) + drop_conditions(&shrinker) + drop_steps(&shrinker))
		;
	return shrinker.best;
}

/*
 * random_orders.c - what the calls of threads come to, in every order of them
 *
 * Each order is carried out from the beginning, on a model of its own: there are a
 * few thousand at most, of a dozen short steps.
 *
 * A thread knows where a mapping is as the explorer's threads do: as it was when the
 * thread first looked, and from then on as the thread itself moved it.  What another
 * thread has moved meanwhile is not where it looks for it.
 */
#include "random_orders.h"

#include <errno.h>
#include <string.h>

#include "model.h"
#include "present.h"

enum { MOST_STEPS = 64, THREADS = SCENARIO_THREADS + 1, VIEW_SPACES = 8, VIEW_MAPPINGS = 4 };

typedef struct model_name view[VIEW_SPACES][VIEW_MAPPINGS];

struct orders {
	const struct scenario *scenario;
	struct came_to *came_to;
	size_t begin[THREADS], end[THREADS];	/* the steps of each thread, from 1 */
	unsigned char order[MOST_STEPS];	/* threads, as they take their turns */
	size_t length;
	unsigned refusable;			/* steps in threads, by number from the first of them: is_refusable() */
};

/* One order under way. */
struct carried {
	const struct orders *orders;
	struct judge *judge;
	struct present present;
	bool as_model_has_it;	/* nothing was refused that the model would have done */
	view own[THREADS];
	bool has_own[THREADS][VIEW_SPACES];
	bool changed[THREADS][VIEW_SPACES][VIEW_MAPPINGS];	/* mapped or remapped by the thread */
};

/* ---- views ------------------------------------------------------------------ */

static void swap_view(struct model_name *a, struct model_name *b)
{
	struct model_name names[VIEW_MAPPINGS];

	memcpy(names, a, sizeof(names));
	memcpy(a, b, sizeof(names));
	memcpy(b, names, sizeof(names));
}

/* Behind this the model has the thread's view, until it is called again. */
static void change_view(struct carried *c, int thread, int space)
{
	struct model_name *names = c->judge->spaces[space].names;

	if (thread <= 0)
		return;
	if (!c->has_own[thread][space]) {
		memcpy(c->own[thread][space], names, sizeof(c->own[thread][space]));
		c->has_own[thread][space] = true;
	}
	swap_view(names, c->own[thread][space]);
}

/* All threads have ended: what they changed, in one view. */
static void settle(struct carried *c)
{
	for (int t = 1; t < THREADS; t++)
		for (int s = 0; s < VIEW_SPACES; s++)
			for (int m = 0; c->has_own[t][s] && m < VIEW_MAPPINGS; m++)
				if (c->changed[t][s][m])
					c->judge->spaces[s].names[m] = c->own[t][s][m];
}

/* ---- steps ------------------------------------------------------------------ */

/* Where a thread's mapping will be is known before it is made, by all that know the text. */
static uint64_t planned_place(size_t i)
{
	return (UINT64_C(1) << 40) + i * 2 * MODEL_MAX_PAGES;
}

/* The mapping that the step is about is not in the thread's view: does another thread make it?  False: pass the step over. */
static bool find_mapping(struct carried *c, const struct step *step)
{
	const struct scenario *s = c->orders->scenario;
	struct model_name *name;

	if (step->space < 0 || step->mapping < 0 || step->op == OP_MAP || c->judge->spaces[step->space].exited)
		return true;
	name = &c->judge->spaces[step->space].names[step->mapping];
	for (size_t i = 0; i < s->nsteps && !name->known && step->thread > 0; i++)
		if (s->steps[i].op == OP_MAP && s->steps[i].thread > 0 && s->steps[i].thread != step->thread &&
		    s->steps[i].space == step->space && s->steps[i].mapping == step->mapping)
			*name = (struct model_name){ true, planned_place(i), model_pages(s->steps[i].length) };
	return name->known;
}

static void keep_value(const struct carried *c, size_t i, const unsigned char *bytes)
{
	struct came_to *to = &c->orders->came_to[i];
	unsigned v = 0;

	while (v < to->count && memcmp(to->values[v].bytes, bytes, SCENARIO_VALUE))
		v++;
	if (v == ORDER_VALUES) {
		to->too_many = true;
		return;
	}
	memcpy(to->values[v].bytes, bytes, SCENARIO_VALUE);
	to->values[v].sure |= c->as_model_has_it;
	if (v == to->count)
		to->count++;
}

static void keep(struct carried *c, size_t i, int error, const unsigned char *bytes)
{
	const struct step *step = &c->orders->scenario->steps[i];
	struct came_to *to = &c->orders->came_to[i];

	if (error) {
		to->errors |= may_fail_bit(error);
		return;
	}
	to->done = true;
	step_has_succeeded(&c->present, step);
	if (step->thread > 0 && (step->op == OP_MAP || step->op == OP_REMAP))
		c->changed[step->thread][step->space][step->mapping] = true;
	if (step->result >= 0)
		keep_value(c, i, bytes);
}

static void on_judge(struct carried *c, size_t i)
{
	struct step step = c->orders->scenario->steps[i];
	unsigned char bytes[SCENARIO_VALUE_MOST] = { 0 };
	struct reply reply = { .bytes = step.length <= sizeof(bytes) ? bytes : NULL };
	uint64_t next_place = c->judge->next_place;

	step.fails = 0;
	if (!find_mapping(c, &step)) {
		c->orders->came_to[i].passed_over = true;
		return;
	}
	if (step.op == OP_MAP && step.thread > 0)
		c->judge->next_place = planned_place(i);
	c->judge->ops->step(c->judge, &step, &reply);
	if (step.op == OP_MAP && step.thread > 0)
		c->judge->next_place = next_place;
	if (step.op == OP_ATOMIC)
		memcpy(bytes, &reply.value, sizeof(reply.value));
	keep(c, i, reply.answer == ANSWER_FAILED ? reply.error : 0, bytes);
}

/* A map makes its space, but not one that a fork is to make. */
static bool is_forked_later(const struct carried *c, const struct step *step)
{
	const struct scenario *s = c->orders->scenario;

	if (step->op != OP_MAP || (c->present.spaces >> step->space & 1))
		return false;
	for (size_t i = 0; i < s->nsteps; i++)
		if (s->steps[i].op == OP_FORK && s->steps[i].child == step->space)
			return true;
	return false;
}

static void carry_out_step(struct carried *c, size_t i, bool refused)
{
	const struct step *step = &c->orders->scenario->steps[i];
	struct step nowhere = *step;

	nowhere.mapping = -1;	/* that is find_mapping()'s */
	nowhere.fails = 0;
	if (!step_is_possible(&c->present, &nowhere) || is_forked_later(c, step)) {
		c->orders->came_to[i].passed_over = true;
		return;
	}
	if (refused) {
		c->as_model_has_it = false;
		c->orders->came_to[i].passed_over = true;
		return;
	}
	if (step->space >= 0)
		change_view(c, step->thread, step->space);
	on_judge(c, i);
	if (step->space >= 0)
		change_view(c, step->thread, step->space);
}

static void carry_out_all(struct carried *c, int thread)
{
	for (size_t i = 0; i < c->orders->scenario->nsteps; i++)
		if (c->orders->scenario->steps[i].thread == thread)
			carry_out_step(c, i, false);
}

/* ---- orders ------------------------------------------------------------------ */

static void carry_out(const struct orders *orders, unsigned refused)
{
	struct carried c = { .orders = orders, .as_model_has_it = true };
	struct reply reply = { 0 };
	size_t next[THREADS];

	memcpy(next, orders->begin, sizeof(next));
	c.judge = judge_model.open(&judge_model, orders->scenario, &reply);
	carry_out_all(&c, 0);
	for (size_t turn = 0; turn < orders->length; turn++) {
		size_t i = next[orders->order[turn]]++;

		carry_out_step(&c, i, refused >> (i - orders->begin[1]) & 1);
	}
	settle(&c);
	carry_out_all(&c, STEP_AFTER);
	judge_model.close(c.judge, &reply);
}

/* All subsets of what may be refused. */
static void with_refusals(const struct orders *orders)
{
	unsigned refused = 0;

	do {
		carry_out(orders, refused);
		refused = (refused - orders->refusable) & orders->refusable;
	} while (refused);
}

static void each_order(struct orders *orders, size_t left[THREADS])
{
	bool over = true;

	for (int t = 1; t < THREADS; t++) {
		if (!left[t])
			continue;
		over = false;
		left[t]--;
		orders->order[orders->length++] = (unsigned char)t;
		each_order(orders, left);
		orders->length--;
		left[t]++;
	}
	if (over)
		with_refusals(orders);
}

/* Another thread makes it. */
static bool is_from_another(const struct scenario *s, const struct step *step)
{
	for (size_t i = 0; i < s->nsteps; i++) {
		const struct step *makes = &s->steps[i];

		if (makes->thread > 0 && makes->thread != step->thread &&
		    ((makes->op == OP_FORK && makes->child == step->space) ||
		     (makes->op == OP_PIN && makes->pin == step->pin)))
			return true;
	}
	return false;
}

/*
 * Need not be done although it could be: the library may refuse a fast-only pin; and of
 * what another thread makes a thread may not know yet, for it is told when the call has
 * returned.
 */
static bool is_refusable(const struct scenario *s, const struct step *step)
{
	return (step->op == OP_PIN && (step->flags & PIN_FAST)) || is_from_another(s, step);
}

void orders_try(const struct scenario *s, struct came_to *came_to)
{
	struct orders orders = { .scenario = s, .came_to = came_to };
	size_t left[THREADS] = { 0 }, first = s->nsteps;

	memset(came_to, 0, s->nsteps * sizeof(*came_to));
	for (size_t i = s->nsteps; i--;) {
		const struct step *step = &s->steps[i];

		if (step->thread <= 0)
			continue;
		left[step->thread]++;
		orders.begin[step->thread] = first = i;
	}
	for (size_t i = first; i < s->nsteps && s->steps[i].thread > 0; i++)
		if (is_refusable(s, &s->steps[i]))
			orders.refusable |= 1u << (i - first);
	each_order(&orders, left);
}

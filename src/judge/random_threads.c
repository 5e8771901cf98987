/*
 * random_threads.c - made-up scenarios with threads
 *
 * First the steps, by the maker of the random run: those before the threads as the
 * model carries them out, so that they succeed; those of a thread knowing what the
 * threads before it in the text make, and not what they end, since it may come first.
 * Then what they may come to (random_orders.c).
 *
 * Not made is what the parser or the explorer would refuse (a device that goes on while
 * another thread ends its pin), and what the explorer loses sight of: a mapping that two
 * threads remap, a space that a thread's mapping begins.
 */
#include "random_threads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "model.h"
#include "names.h"
#include "random_make.h"
#include "random_orders.h"
#include "shrink.h"

#define DESTROYED (1u << 31)

struct weaver {
	struct maker maker;
	struct scenario *scenario;
	struct judge *model;		/* what was done before the threads */
	struct shadow made;		/* what there is, if nobody has ended anything since the threads began */
	struct shadow known;		/* ... as the thread that is being made knows it */
	/* Pins: bit sets of the threads that end them and that write through them. */
	unsigned ends[SCENARIO_NAMES], writes[SCENARIO_NAMES];
	unsigned remaps[SMALL_SPACES][SMALL_MAPPINGS];	/* bit sets of the threads that do */
	/* Bit sets of the threads that name it; DESTROYED: none may any more. */
	unsigned names_space[SCENARIO_NAMES], names_object[SCENARIO_NAMES];
};

/* ---- steps ------------------------------------------------------------------ */

/* False: names have run out, or nothing is left to do. */
static bool next_step(struct weaver *w, struct step *step)
{
	maker_step(&w->maker, step);
	if (w->maker.out_of_names)
		return false;
	step->result = step->mark = -1;
	return true;
}

/* Of a word, which may have a name. */
static bool has_value(const struct step *step)
{
	return step->op == OP_LOAD ||
	       (step->op == OP_ATOMIC && step->length == SCENARIO_VALUE && step->flags != ATOMIC_STORE);
}

/* False: names have run out. */
static bool name_value(struct weaver *w, struct step *step)
{
	char name[16];

	if (w->scenario->nvalues >= 12)
		return false;
	snprintf(name, sizeof(name), "r%d", w->scenario->nvalues + 1);
	step->length = SCENARIO_VALUE;
	step->result = scenario_name(w->scenario->values, &w->scenario->nvalues, name);
	return true;
}

static bool has_mapping(const struct shadow *shadow)
{
	for (int s = 0; s < SMALL_SPACES; s++)
		for (int m = 0; shadow->space[s].live && m < SMALL_MAPPINGS; m++)
			if (shadow->space[s].map[m].known && shadow->space[s].map[m].gone != SHADOW_ALL_GONE)
				return true;
	return false;
}

/* Steps that succeed, until there is something to race about.  False: there is not. */
static bool make_setup(struct weaver *w)
{
	uint64_t count = 3 + maker_below(&w->maker, 7);
	struct step step;

	w->maker.stage = STAGE_SETUP;
	w->maker.shadow = &w->made;
	for (unsigned tries = 0; w->scenario->nsteps < count || !has_mapping(&w->made); tries++) {
		struct reply reply = { 0 };

		if (tries == 40 || !next_step(w, &step))
			return has_mapping(&w->made);
		if (step.op == OP_PIN)
			step.flags &= ~(unsigned)PIN_FAST;
		w->model->ops->step(w->model, &step, &reply);
		if (reply.answer != ANSWER_DONE)
			continue;
		shadow_follow(&w->made, &step);
		scenario_add(w->scenario, &step);
	}
	return true;
}

/* Nobody but the thread that destroys something may name it. */
static bool may_name(const struct weaver *w, const struct step *step)
{
	unsigned names = (step->space >= 0 ? w->names_space[step->space] : 0) |
			 (step->object >= 0 ? w->names_object[step->object] : 0);

	return step->op == OP_DESTROY ? !(names & ~(1u << step->thread)) : !(names & DESTROYED);
}

/* May this thread do that, beside those before it? */
static bool fits(const struct weaver *w, const struct step *step)
{
	unsigned others = ~(1u << step->thread);

	if (!may_name(w, step))
		return false;
	switch (step->op) {
	case OP_UNPIN: return !(w->writes[step->pin] & others);
	case OP_DEVICE_WRITE: return !(w->ends[step->pin] & others);
	case OP_REMAP: return !(w->remaps[step->space][step->mapping] & others);
	case OP_MAP: return w->made.space[step->space].live || w->made.space[step->space].exited;
	default: return true;
	}
}

static void note_names(struct weaver *w, const struct step *step)
{
	unsigned who = 1u << step->thread | (step->op == OP_DESTROY ? DESTROYED : 0);

	if (step->space >= 0)
		w->names_space[step->space] |= who;
	if (step->child >= 0)
		w->names_space[step->child] |= who;
	if (step->object >= 0)
		w->names_object[step->object] |= who;
}

static void note(struct weaver *w, const struct step *step)
{
	note_names(w, step);
	if (step->op == OP_UNPIN)
		w->ends[step->pin] |= 1u << step->thread;
	if (step->op == OP_DEVICE_WRITE)
		w->writes[step->pin] |= 1u << step->thread;
	if (step->op == OP_REMAP)
		w->remaps[step->space][step->mapping] |= 1u << step->thread;
	shadow_follow(&w->known, step);
	if (step->op == OP_MAP || step->op == OP_FORK || step->op == OP_PIN || step->op == OP_DESTROY)
		shadow_follow(&w->made, step);
}

static void make_thread(struct weaver *w, int thread, uint64_t count)
{
	size_t end = w->scenario->nsteps + count;
	struct step step;

	w->known = w->made;
	w->maker.stage = STAGE_THREAD;
	w->maker.shadow = &w->known;
	for (unsigned tries = 0; w->scenario->nsteps < end && tries < 100 && next_step(w, &step); tries++) {
		step.thread = thread;
		if (!fits(w, &step))
			continue;
		if (has_value(&step) && chance(&w->maker, 75))
			name_value(w, &step);
		note(w, &step);
		scenario_add(w->scenario, &step);
	}
}

/* What is there in the end. */
static void make_loads(struct weaver *w)
{
	for (int s = 0; s < w->scenario->nspaces; s++)
		for (int m = 0; w->made.space[s].live && m < w->scenario->nmappings; m++)
			for (unsigned page = 0; page < w->made.space[s].map[m].pages && page < 2; page++) {
				struct step step = { .op = OP_LOAD, .space = s, .mapping = m, .child = -1, .object = -1,
						     .pin = -1, .stat = -1, .mark = -1, .offset = page * SCENARIO_PAGE,
						     .thread = STEP_AFTER };

				if (w->made.space[s].map[m].known && name_value(w, &step))
					scenario_add(w->scenario, &step);
			}
}

/* So many that the orders can be counted, and explored. */
static uint64_t some_steps(struct maker *maker, unsigned threads)
{
	if (threads == 2)
		return 1 + maker_below(maker, 3);
	return chance(maker, threads == 3 ? 50 : 20) ? 2 : 1;
}

/* Small pools now and then: then much fails half way. */
static uint64_t some_pool(struct maker *maker)
{
	return chance(maker, 8) ? 16 + maker_below(maker, 16) : 63;
}

static struct scenario *make_steps(const struct random_threads *config, uint64_t number)
{
	struct weaver *w = model_alloc(1, sizeof(*w));
	struct scenario *s = w->scenario = w->maker.scenario = scenario_new("random");
	struct reply reply = { 0 };

	w->maker.random = maker_seed(config->seed ^ (uint64_t)config->threads << 56, number);
	s->pool_pages = some_pool(&w->maker);
	w->maker.huge = number % 4 == 3;
	w->maker.rare = maker_random(&w->maker) & ~(UINT64_C(1) << OP_MAP);
	w->maker.hot_page = (unsigned)maker_below(&w->maker, 2);
	w->model = judge_model.open(&judge_model, s, &reply);
	w->maker.hot_mapping = (int)maker_below(&w->maker, SMALL_MAPPINGS);
	for (unsigned thread = make_setup(w) ? 1 : SCENARIO_THREADS + 1; thread <= config->threads; thread++)
		make_thread(w, (int)thread, some_steps(&w->maker, config->threads));
	make_loads(w);
	judge_model.close(w->model, &reply);
	free(w);
	s->nthreads = (int)config->threads;
	return s;
}

/* ---- what they may come to ---------------------------------------------------- */

#define SMALL_POOL 32u	/* pages: of such a pool anything may fail */

enum { MOST_CONDITIONS = 32 };	/* as the explorer takes them */

static const int all_errors[] = { EACCES, EAGAIN, EBUSY, EEXIST, EFAULT, EINVAL, ENODATA, ENOLCK, ENOMEM, ESRCH };

static unsigned anything(void)
{
	unsigned bits = 0;

	for (size_t i = 0; i < sizeof(all_errors) / sizeof(all_errors[0]); i++)
		bits |= may_fail_bit(all_errors[i]);
	return bits;
}

static bool makes_something(enum op op)
{
	return op == OP_MAP || op == OP_FORK || op == OP_PIN || op == OP_OBJECT || op == OP_SPACE;
}

/* It always fails, with that error; 0: not so. */
static int fails_always(const struct step *step, const struct came_to *came)
{
	if (came->done || came->passed_over || makes_something(step->op) || step->op == OP_UNPIN)
		return 0;
	for (size_t i = 0; i < sizeof(all_errors) / sizeof(all_errors[0]); i++)
		if (came->errors == may_fail_bit(all_errors[i]))
			return all_errors[i];
	return 0;
}

static bool exits_twice(const struct scenario *s, int space)
{
	unsigned exits = 0;

	for (size_t i = 0; i < s->nsteps; i++)
		exits += s->steps[i].op == OP_EXIT && s->steps[i].space == space;
	return exits > 1;
}

/* An exit may end nothing, since another comes first, or before there is something: the text has to say so. */
static bool exits_for_nothing(const struct scenario *s, const struct step *step, const struct came_to *came)
{
	return step->op == OP_EXIT && step->thread > 0 && (came->passed_over || exits_twice(s, step->space));
}

/*
 * Two threads end a pin: the one that is told that it has ended may go on before the other
 * has given it back, so that what pins are in the way of may still be refused.
 */
static unsigned while_it_ends(const struct scenario *s, const struct step *step)
{
	unsigned ends[SCENARIO_NAMES] = { 0 };

	if (step->op == OP_UNPIN || step->op == OP_DESTROY)
		return 0;
	for (size_t i = 0; i < s->nsteps; i++) {
		const struct step *unpin = &s->steps[i];

		if (unpin->op != OP_UNPIN || unpin->thread <= 0)
			continue;
		ends[unpin->pin] |= 1u << unpin->thread;
		if (ends[unpin->pin] & (ends[unpin->pin] - 1))
			return may_fail_bit(EBUSY) | may_fail_bit(ENODATA);
	}
	return 0;
}

static void expect_step(const struct scenario *s, struct step *step, const struct came_to *came)
{
	step->may_fail = came->errors | while_it_ends(s, step);
	step->fails = step->thread > 0 && step->may_fail == came->errors ? fails_always(step, came) : 0;
	if (step->op == OP_PIN && (step->flags & PIN_FAST))
		step->may_fail |= may_fail_bit(EAGAIN);
	if (exits_for_nothing(s, step, came))
		step->may_fail |= may_fail_bit(ESRCH);
	if (step->fails) {
		step->may_fail = 0;
		step->result = -1;	/* it has no value to have a name */
	}
}

/* Nothing is said of an operation that fails half way. */
static void expect_anything(struct step *step)
{
	if ((step->thread || step->op != OP_MAP) && step->op != OP_DESTROY)
		step->may_fail = anything();
}

static struct fact fact_about(int value, const struct order_value *found)
{
	struct fact fact = { .kind = found ? FACT_BYTES : FACT_DONE, .negated = found };
	const struct thing nothing = { THING_NONE, -1, -1, -1, -1, -1, -1, 0 };

	fact.left = fact.right = nothing;
	fact.left.kind = THING_VALUE;
	fact.left.value = value;
	if (found) {
		fact.bytes = (unsigned char *)found->bytes;
		fact.length = sizeof(found->bytes);
	}
	return fact;
}

static bool has_fast_pins(const struct scenario *s)
{
	for (size_t i = 0; i < s->nsteps; i++)
		if (s->steps[i].op == OP_PIN && (s->steps[i].flags & PIN_FAST))
			return true;
	return false;
}

static bool has_shared_mappings(const struct scenario *s)
{
	for (size_t i = 0; i < s->nsteps; i++)
		if (s->steps[i].op == OP_MAP && (s->steps[i].flags & MAP_SHARED_FLAG))
			return true;
	return false;
}

static bool moves_bytes(enum op op)
{
	return op == OP_STORE || op == OP_FILL || op == OP_ATOMIC || op == OP_LOAD;
}

/* Does it take a place away while bytes may be on their way there, and are then still somebody's? */
static bool takes_place(const struct scenario *s, enum op op)
{
	return op == OP_REMAP || ((op == OP_UNMAP || op == OP_EXIT || op == OP_DESTROY) && has_shared_mappings(s));
}

/*
 * A remap and an unmap don't wait for loads and stores that are under way (docs/locking.md):
 * one of those may land when the call has long returned, and no order of calls as a whole
 * shows the same.
 */
static bool may_land_late(const struct scenario *s)
{
	for (size_t i = 0; i < s->nsteps; i++)
		for (size_t j = 0; moves_bytes(s->steps[i].op) && s->steps[i].thread > 0 && j < s->nsteps; j++)
			if (s->steps[j].thread > 0 && s->steps[j].thread != s->steps[i].thread &&
			    s->steps[j].space == s->steps[i].space && takes_place(s, s->steps[j].op))
				return true;
	return false;
}

/* never r and not r "old" and not r "new"; seen r "old"; seen r "new" */
static void expect_value(struct scenario *s, int value, const struct came_to *came, bool late)
{
	struct fact facts[ORDER_VALUES + 1] = { fact_about(value, NULL) };
	struct condition never = { .facts = facts, .nfacts = came->count + 1, .promises = 1u << PROMISE_ISOLATED };

	for (unsigned v = 0; v < came->count; v++)
		facts[v + 1] = fact_about(value, &came->values[v]);
	if (s->nconditions + came->count + 1 > MOST_CONDITIONS || came->too_many)
		return;
	if (!late)
		scenario_add_condition(s, &never);
	for (unsigned v = 0; v < came->count; v++) {
		struct condition seen = { .seen = true, .facts = &facts[v + 1], .nfacts = 1 };

		facts[v + 1].negated = false;
		if (came->values[v].sure && !has_fast_pins(s))
			scenario_add_condition(s, &seen);
	}
}

/* A scenario has to expect something: that its first mapping is there.  False: there is none. */
static bool expect_nothing(struct scenario *s)
{
	struct fact fact = fact_about(-1, NULL);
	struct condition seen = { .seen = true, .facts = &fact, .nfacts = 1 };

	for (size_t i = 0; i < s->nsteps; i++)
		if (s->steps[i].fails)
			return true;
	for (size_t i = 0; i < s->nsteps && !s->nconditions; i++) {
		struct step *step = &s->steps[i];

		if (step->op != OP_MAP || step->thread)
			continue;
		step->mark = scenario_name(s->marks, &s->nmarks, "mapped");
		fact.left.kind = THING_MARK;
		fact.left.mark = step->mark;
		scenario_add_condition(s, &seen);
	}
	return s->nconditions;
}

/* The same steps, and what they may come to. */
static struct scenario *with_expectations(const struct random_threads *config, const struct scenario *bare)
{
	struct came_to *came = model_alloc(bare->nsteps, sizeof(*came));
	struct scenario *s = scenario_like(bare);
	bool nothing = config->no_promises || bare->pool_pages <= SMALL_POOL, late = may_land_late(bare);

	s->promises = 1u << (config->no_promises ? PROMISE_FAST : PROMISE_COHERENT) |
		      (config->no_promises ? 0u : 1u << PROMISE_ISOLATED | 1u << PROMISE_SAFE);
	s->nthreads = bare->nthreads;
	free(s->why);
	s->why = must_copy(bare->why, strlen(bare->why));
	if (!nothing)
		orders_try(bare, came);
	for (size_t i = 0; i < bare->nsteps; i++) {
		struct step step = bare->steps[i];

		step.fails = 0;
		step.may_fail = 0;
		step.mark = -1;
		/* Whether pages have to move, and are pinned, the model does not know; and no byte hangs on it. */
		if (nothing || step.op == OP_COLLAPSE)
			expect_anything(&step);
		else if (step.thread)
			expect_step(bare, &step, &came[i]);
		/* What is never there can't be asked for when all is over. */
		if (nothing ? step.thread != STEP_AFTER : step.thread >= 0 || came[i].done)
			scenario_add(s, &step);
		if (!nothing && came[i].done && step.result >= 0)
			expect_value(s, step.result, &came[i], late);
	}
	free(came);
	return s;
}

/* As the parser takes it, with the positions of its text; NULL and a message: it does not. */
static struct scenario *as_parsed(const struct scenario *s, char **message)
{
	struct scenario *parsed = NULL;
	char *text = NULL;
	size_t length = 0, said;
	FILE *f = open_memstream(&text, &length), *err = open_memstream(message, &said);

	if (f && err) {
		scenario_print(s, f);
		fflush(f);
		parsed = scenario_parse_text(text, length, s->title, err);
		if (!parsed)
			fwrite(text, 1, length, err);
	}
	if (f)
		fclose(f);
	if (err)
		fclose(err);
	free(text);
	return parsed;
}

static bool is_begun_before(const struct scenario *s, int space)
{
	for (size_t i = 0; i < s->nsteps; i++)
		if ((s->steps[i].op == OP_MAP && !s->steps[i].thread && s->steps[i].space == space) ||
		    (s->steps[i].op == OP_FORK && s->steps[i].child == space))
			return true;
	return false;
}

/* A thread's mapping begins a space (what is left out may have done that before). */
static bool begins_in_thread(const struct scenario *s)
{
	for (size_t i = 0; i < s->nsteps; i++)
		if (s->steps[i].op == OP_MAP && s->steps[i].thread > 0 && !is_begun_before(s, s->steps[i].space))
			return true;
	return false;
}

/* NULL: there is nothing to expect, or, what the maker never makes, the parser does not take it. */
static struct scenario *finish(const struct random_threads *config, const struct scenario *bare, bool made)
{
	struct scenario *s, *parsed = NULL;
	char *message = NULL;

	if (begins_in_thread(bare))
		return NULL;
	s = with_expectations(config, bare);
	if (expect_nothing(s))
		parsed = as_parsed(s, &message);
	if (!parsed && made && message)
		fputs(message, stderr);
	free(message);
	scenario_free(s);
	return parsed;
}

static bool has_all_threads(const struct scenario *s)
{
	bool has[SCENARIO_THREADS + 1] = { false };

	for (size_t i = 0; i < s->nsteps; i++)
		if (s->steps[i].thread > 0)
			has[s->steps[i].thread] = true;
	for (int t = 1; t <= s->nthreads; t++)
		if (!has[t])
			return false;
	return true;
}

struct scenario *random_scenario(const struct random_threads *config, uint64_t number)
{
	struct scenario *bare, *s = NULL;
	char why[120];

	for (uint64_t again = 0; !s; again++) {
		bare = make_steps(config, number + (again << 32));
		snprintf(why, sizeof(why), "Made up: seed %llu, number %llu, %u threads.",
			 (unsigned long long)config->seed, (unsigned long long)number, config->threads);
		free(bare->why);
		bare->why = must_copy(why, strlen(why));
		if (has_all_threads(bare))
			s = finish(config, bare, true);
		scenario_free(bare);
	}
	return s;
}

/* ---- shorter --------------------------------------------------------------------- */

struct shrinking {
	const struct random_threads *config;
	bool (*fails)(const struct scenario *, void *context);
	void *context;
};

static bool still_fails(const struct scenario *less, void *context)
{
	const struct shrinking *shrinking = context;
	struct scenario *s = finish(shrinking->config, less, false);
	bool fails = s && shrinking->fails(s, shrinking->context);

	scenario_free(s);
	return fails;
}

static bool simplify_steps(struct scenario *s, const struct shrinking *shrinking)
{
	bool any = false;

	for (size_t i = 0; i < s->nsteps; i++)
		for (unsigned way = 0; way < RANDOM_WAYS; way++) {
			struct step before = s->steps[i];

			if (!random_simplify(&s->steps[i], way))
				continue;
			if (s->steps[i].length % SCENARIO_VALUE == before.length % SCENARIO_VALUE &&
			    still_fails(s, (void *)shrinking))
				any = true;
			else
				s->steps[i] = before;
		}
	return any;
}

struct scenario *random_scenario_shrink(const struct random_threads *config, const struct scenario *s,
					bool (*fails)(const struct scenario *, void *context), void *context)
{
	struct shrinking shrinking = { config, fails, context };
	struct scenario *less = shrink_scenario(s, still_fails, &shrinking), *finished;

	while (simplify_steps(less, &shrinking)) {
		finished = shrink_scenario(less, still_fails, &shrinking);
		scenario_free(less);
		less = finished;
	}
	finished = finish(config, less, false);
	scenario_free(less);
	return finished;
}

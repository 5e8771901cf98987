/*
 * litmus.h - a shape: a few lines of C11 a thread, and what each memory model allows of it
 *
 *	SHAPE2(store_buffering, "aaf", R(0) == 0 && R(1) == 0,
 *	       STORE(x, 1, relaxed); R(0) = LOAD(y, relaxed),
 *	       STORE(y, 1, relaxed); R(1) = LOAD(x, relaxed))
 *
 * The letters are the verdicts of C11, TSO and SC on the interesting outcome:
 *	a	allowed: there is an execution with it
 *	f	forbidden: no execution has it
 *	-	not judged: our reading of the model leaves it open; it may be wrong as the shape says
 *	w	an execution is wrong in one of the ways that the shape names (WRONG_SHAPE)
 * In each model every search must find the same set of outcomes: registers, and
 * what is in memory at the end.
 *
 * The threads are real code, compiled with -fsanitize=thread, on explored memory;
 * the engine's calls that no hook stands for (locks, sections, pauses) are made
 * as the platform makes them.
 */
#ifndef HOLDFAST_TEST_LITMUS_H
#define HOLDFAST_TEST_LITMUS_H

#include <stdatomic.h>

#include "engine.h"
#include "outcomes.h"

/* ---- what the threads share, and what they keep ------------------------------------------ */

struct cells {
	atomic_uint x, y, z;
	atomic_ulong wide;
	atomic_uint narrow, beside;
	unsigned data, more;		/* plain */
	unsigned char bytes[4];
	struct cells *_Atomic pointer;
	uint64_t lock, other;		/* known by their addresses alone */
};

#define REGISTERS 8

static struct {
	struct cells *m;
	struct cells *spare;		/* a second allocation */
	unsigned r[REGISTERS];
} state;

#define R(i)				(state.r[i])
#define LOAD(at, order)			atomic_load_explicit(&state.m->at, memory_order_##order)
#define STORE(at, value, order)		atomic_store_explicit(&state.m->at, value, memory_order_##order)
#define ADD(at, value, order)		atomic_fetch_add_explicit(&state.m->at, value, memory_order_##order)
#define SWAP(at, value, order)		atomic_exchange_explicit(&state.m->at, value, memory_order_##order)
#define FENCE(order)			atomic_thread_fence(memory_order_##order)
#define DATA				(state.m->data)
#define END(at)				LOAD(at, relaxed)	/* in the judge: the last value */

/* True when it wins; the value found stays in *found. */
#define CAS_FOUND(at, found, desired, success, failure) \
	atomic_compare_exchange_strong_explicit(&state.m->at, found, desired, memory_order_##success, \
						memory_order_##failure)
#define CAS(at, expected, desired, success, failure) \
	CAS_FOUND(at, &(unsigned){ expected }, desired, success, failure)

#define HERE				__builtin_return_address(0)
#define LOCK(at)			engine_lock(&state.m->at, HERE)
#define UNLOCK(at)			engine_unlock(&state.m->at, HERE)
#define ENTER				engine_enter(0, HERE)
#define LEAVE				engine_leave(HERE)
#define GRACE				engine_grace(HERE)
#define CUT				engine_cut(HERE)
#define BEGIN				engine_poll_begin(HERE)
#define OVER(begun)			engine_poll(begun, HERE)

/* A section that can be cut, and what may be done in it: false once it is cut. */
#define ENTER_CUT			engine_enter(1, HERE)
#define RAISE(at)			engine_commit_rmw(1, &state.m->at, sizeof(state.m->at), RMW_ADD, 1, ORDER_RELAXED, \
							  &(uint64_t){ 0 }, HERE)
#define PUT(at, value)			engine_commit_store(1, &state.m->at, sizeof(state.m->at), value, ORDER_RELAXED, HERE)
#define TRY(at, expected, desired)	engine_commit_cas(1, &state.m->at, sizeof(state.m->at), &(uint64_t){ expected }, \
							  desired, ORDER_ACQUIRE, &(bool){ false }, HERE)
#define PAUSE				engine_pause(HERE)

/* ---- shapes -------------------------------------------------------------------------------- */

struct shape {
	const char *name;
	const char *verdicts;		/* a letter for each model */
	unsigned wrong;			/* bit set of enum wrong: of letter w */
	unsigned threads;
	void (*thread[ENGINE_THREADS])(void);
	bool (*interesting)(void);
};

#define SHAPE_THREAD(name, number, ...) static void name##_##number(void) { __VA_ARGS__; }
#define SHAPE_REST(tag, letters, kinds, condition, count, ...) \
	static bool tag##_interesting(void) { return condition; } \
	static const struct shape tag = { .name = #tag, .verdicts = letters, .wrong = kinds, .threads = count, \
					  .thread = { __VA_ARGS__ }, .interesting = tag##_interesting };

#define SHAPE1(name, letters, condition, a) SHAPE_THREAD(name, 0, a) \
	SHAPE_REST(name, letters, 0, condition, 1, name##_0)
#define SHAPE2(name, letters, condition, a, b) SHAPE_THREAD(name, 0, a) SHAPE_THREAD(name, 1, b) \
	SHAPE_REST(name, letters, 0, condition, 2, name##_0, name##_1)
#define SHAPE3(name, letters, condition, a, b, c) SHAPE_THREAD(name, 0, a) SHAPE_THREAD(name, 1, b) \
	SHAPE_THREAD(name, 2, c) SHAPE_REST(name, letters, 0, condition, 3, name##_0, name##_1, name##_2)
#define SHAPE4(name, letters, condition, a, b, c, d) SHAPE_THREAD(name, 0, a) SHAPE_THREAD(name, 1, b) \
	SHAPE_THREAD(name, 2, c) SHAPE_THREAD(name, 3, d) \
	SHAPE_REST(name, letters, 0, condition, 4, name##_0, name##_1, name##_2, name##_3)

#define IS(kind) (1u << WRONG_##kind)
#define WRONG_SHAPE1(name, letters, kinds, a) SHAPE_THREAD(name, 0, a) \
	SHAPE_REST(name, letters, kinds, false, 1, name##_0)
#define WRONG_SHAPE2(name, letters, kinds, a, b) SHAPE_THREAD(name, 0, a) SHAPE_THREAD(name, 1, b) \
	SHAPE_REST(name, letters, kinds, false, 2, name##_0, name##_1)
#define WRONG_SHAPE3(name, letters, kinds, a, b, c) SHAPE_THREAD(name, 0, a) SHAPE_THREAD(name, 1, b) \
	SHAPE_THREAD(name, 2, c) SHAPE_REST(name, letters, kinds, false, 3, name##_0, name##_1, name##_2)

/* ---- running one ------------------------------------------------------------------------------ */

static const char *const model_name[MODELS] = { [MODEL_C11] = "c11", [MODEL_TSO] = "tso", [MODEL_SC] = "sc" };
static const char *const search_name[SEARCHES] = { "reduced", "sleep", "naive", "random" };

/* Naive counts beyond this say nothing that the others don't. */
#define NAIVE_MOST 300000

static struct {
	const struct shape *shape;
	struct rows outcomes;
	bool seen;		/* the interesting one */
	int passed, failed;
} litmus;

static void litmus_setup(void *context)
{
	(void)context;
	memset(&state, 0, sizeof(state));
	state.m = engine_alloc(sizeof(*state.m));
	state.spare = engine_alloc(sizeof(*state.spare));
}

static void litmus_thread(void *context, unsigned thread)
{
	(void)context;
	litmus.shape->thread[thread]();
}

static void litmus_judge(void *context)
{
	uint32_t row[REGISTERS + 7];

	(void)context;
	memcpy(row, state.r, sizeof(state.r));
	row[REGISTERS + 0] = END(x);
	row[REGISTERS + 1] = END(y);
	row[REGISTERS + 2] = END(z);
	row[REGISTERS + 3] = (uint32_t)END(wide);
	row[REGISTERS + 4] = END(narrow);
	row[REGISTERS + 5] = END(beside);
	row[REGISTERS + 6] = DATA;
	rows_add(&litmus.outcomes, row);
	litmus.seen |= litmus.shape->interesting();
	engine_outcome(rows_hash(row, sizeof(row)));
}

static struct program litmus_program(const struct shape *shape)
{
	litmus.shape = shape;
	litmus.seen = false;
	litmus.outcomes = (struct rows){ .bytes = (REGISTERS + 7) * sizeof(uint32_t) };
	return (struct program){
		.threads = shape->threads,
		.setup = litmus_setup,
		.thread = litmus_thread,
		.judge = litmus_judge,
		.context = &state,
		.context_bytes = sizeof(state),
	};
}

/* All executions of a shape; the outcomes are in litmus.outcomes, and are the caller's to free. */
static void litmus_explore(const struct shape *shape, enum model model, enum search search, struct explored *explored)
{
	struct program program = litmus_program(shape);
	struct exploration exploration = {
		.program = &program,
		.model = model,
		.search = search,
		.executions_most = NAIVE_MOST,
		.seconds_most = 60,
		.go_on = shape->verdicts[model] != 'w',
	};

	memset(explored, 0, sizeof(*explored));
	engine_explore(&exploration, explored);
	if (explored->run)
		run_free(explored->run);
	explored->run = NULL;
}

static void litmus_report(bool good, const char *name, const char *detail)
{
	printf("%s %s%s%s\n", good ? "ok  " : "FAIL", name, *detail ? ": " : "", detail);
	litmus.passed += good;
	litmus.failed += !good;
	fflush(stdout);
}

/* ---- judging it --------------------------------------------------------------------------------- */

/* What one search said that is not as the letter has it; "" when all is. */
static void litmus_judge_letter(const struct shape *shape, char letter, const struct explored *explored, char *why,
				size_t room)
{
	bool as_named = explored->violating && shape->wrong & 1u << explored->wrong;

	if (as_named && (letter == 'w' || letter == '-'))
		return;
	if (letter == 'w' && !explored->violating)
		snprintf(why, room, "nothing was wrong");
	else if (explored->violating)
		snprintf(why, room, "wrong: %s: %s", wrong_names[explored->wrong], explored->what);
	else if (!explored->complete)
		snprintf(why, room, "not complete: %s", explored->limit ? explored->limit : "no reason said");
	else if (letter == 'a' && !litmus.seen)
		snprintf(why, room, "allowed, and not found");
	else if (letter == 'f' && litmus.seen)
		snprintf(why, room, "forbidden, and found");
	else if (explored->outcomes != litmus.outcomes.count)
		snprintf(why, room, "%zu outcomes, and %llu counted", litmus.outcomes.count,
			 (unsigned long long)explored->outcomes);
}

/* One shape under one model, by each search: the letter holds, and the sets are equal. */
static void litmus_test(const struct shape *shape, enum model model)
{
	struct rows reduced = { 0 };
	struct explored explored;
	char letter = shape->verdicts[model], name[96], why[700] = "", counts[128] = "";
	size_t used = 0;

	snprintf(name, sizeof(name), "%s %s", shape->name, model_name[model]);
	for (enum search search = SEARCH_REDUCED; search <= SEARCH_NAIVE && !*why; search++) {
		char detail[640] = "";

		litmus_explore(shape, model, search, &explored);
		used += (size_t)snprintf(counts + used, sizeof(counts) - used, " %s %llu+%llu", search_name[search],
					 (unsigned long long)explored.executions,
					 (unsigned long long)explored.blocked);
		if (search == SEARCH_NAIVE && !explored.complete && explored.executions >= NAIVE_MOST) {
			rows_free(&litmus.outcomes);
			break;
		}
		litmus_judge_letter(shape, letter, &explored, detail, sizeof(detail));
		if (search == SEARCH_REDUCED)
			reduced = litmus.outcomes;
		else if (!*detail && !explored.violating && !rows_equal(&reduced, &litmus.outcomes))
			snprintf(detail, sizeof(detail), "%zu outcomes, reduced had %zu", litmus.outcomes.count,
				 reduced.count);
		if (search != SEARCH_REDUCED)
			rows_free(&litmus.outcomes);
		if (*detail)
			snprintf(why, sizeof(why), "%s: %s", search_name[search], detail);
	}
	if (!*why)
		snprintf(why, sizeof(why), "%s, %zu outcomes,%s", letter == 'a' ? "allowed" : letter == 'f' ?
			 "forbidden" : letter == 'w' ? wrong_names[explored.wrong] : "open", reduced.count, counts);
	else
		letter = 0;
	litmus_report(letter, name, why);
	rows_free(&reduced);
}

static void litmus_shapes(const struct shape *const *shapes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (enum model model = 0; model < MODELS; model++)
			litmus_test(shapes[i], model);
}

static int litmus_closing_line(void)
{
	printf("%d passed, %d failed\n", litmus.passed, litmus.failed);
	return litmus.failed != 0;
}

#endif

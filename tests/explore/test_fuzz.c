/*
 * test_fuzz.c - random small programs: every search against every other, and against oracles
 *
 *	test_fuzz [SECONDS [SEED [COUNT]]]	10 seconds, a seed of its own, as many as there is time for
 *
 * Each program is explored under each model by the reduced search, with sleep sets
 * alone, and naively where that ends; their sets of outcomes must be equal, and
 * equal to what an oracle says that knows nothing of the engine: the axioms of RC11
 * for C11, all states for TSO and SC.  Programs with plain accesses must be found
 * racy by all or by none.  A program on which two differ is made as small as it gets
 * and printed, with an outcome that one has and the other has not.
 */
#include <time.h>

#include "code.h"
#include "oracle_axioms.h"
#include "oracle_steps.h"

/* ---- a program, run by the engine -------------------------------------------------------------- */

struct cells {
	uint64_t cell[CODE_CELLS], plain[CODE_PLAINS];
	uint64_t lock[CODE_LOCKS];
};

static struct {
	const struct code *code;
	struct cells *cells;
	struct outcome outcome;
	uint64_t begun[CODE_THREADS];	/* the last grace period that each thread began */
} run;

static struct rows *found;	/* where the judge puts outcomes */

/* The interpreter's own accesses are no part of the program: no hook is to hear of them. */
#define QUIET __attribute__((no_sanitize("thread")))

QUIET static uint16_t run_plain(const struct op *op)
{
	volatile uint64_t *cell = op_is_mixed(op) ? &run.cells->cell[op->cell - CODE_PLAINS] :
						   &run.cells->plain[op->cell];

	engine_plain((const void *)cell, sizeof(*cell), op->kind == OP_WRITE, op);
	if (op->kind == OP_WRITE)
		*cell = op->value;
	return op->kind == OP_READ ? (uint16_t)*cell : 0;
}

QUIET static uint16_t run_cas(const struct op *op)
{
	uint64_t seen = op->expected;

	engine_cas(&run.cells->cell[op->cell], 8, &seen, op->value, op->order, op->failure, op);
	return (uint16_t)seen;
}

QUIET static uint16_t run_await(const struct op *op)
{
	uint64_t seen;

	while (!(seen = engine_load(&run.cells->cell[op->cell], 8, op->order, op)))
		engine_pause(op);
	return (uint16_t)seen;
}

QUIET static uint16_t run_access(const struct op *op)
{
	uint64_t *cell = &run.cells->cell[op->cell];

	switch (op->kind) {
	case OP_LOAD:
		return (uint16_t)engine_load(cell, 8, op->order, op);
	case OP_AWAIT:
		return run_await(op);
	case OP_STORE:
		engine_store(cell, 8, op->value, op->order, op);
		return 0;
	case OP_ADD:
		return (uint16_t)engine_rmw(cell, 8, RMW_ADD, op->value, op->order, op);
	case OP_SWAP:
		return (uint16_t)engine_rmw(cell, 8, RMW_SWAP, op->value, op->order, op);
	case OP_CAS:
		return run_cas(op);
	default:
		return run_plain(op);
	}
}

QUIET static uint16_t run_commit(const struct op *op)
{
	uint64_t *cell = &run.cells->cell[op->cell], seen = op->kind == OP_TRY ? op->expected : 0;
	unsigned kind = commit_kind(op->kind);
	bool done, swapped;

	if (op->kind == OP_RAISE)
		done = engine_commit_rmw(kind, cell, 8, RMW_ADD, op->value, op->order, &seen, op);
	else if (op->kind == OP_PUT)
		done = engine_commit_store(kind, cell, 8, op->value, op->order, op);
	else
		done = engine_commit_cas(kind, cell, 8, &seen, op->value, op->order, &swapped, op);
	return done ? (uint16_t)seen : READ_CUT;
}

QUIET static uint16_t run_wait(const struct op *op)
{
	uint64_t *begun = &run.begun[engine_self()];

	if (op->kind == OP_GRACE)
		engine_grace(op);
	else if (op->kind == OP_CUT)
		engine_cut(op);
	else if (op->kind == OP_BEGIN)
		*begun = engine_poll_begin(op);
	else
		return engine_poll(*begun, op) ? READ_OVER : READ_NOT_OVER;
	return 0;
}

QUIET static uint16_t run_op(const struct op *op)
{
	if (op_is_commit(op))
		return run_commit(op);
	switch (op->kind) {
	case OP_FENCE:
		engine_fence(op->order, op);
		return 0;
	case OP_LOCK:
		engine_lock(&run.cells->lock[op->cell], op);
		return 0;
	case OP_UNLOCK:
		engine_unlock(&run.cells->lock[op->cell], op);
		return 0;
	case OP_ENTER:
		engine_enter(op->value, op);
		return 0;
	case OP_LEAVE:
		engine_leave(op);
		return 0;
	case OP_GRACE:
	case OP_CUT:
	case OP_BEGIN:
	case OP_ASK:
		return run_wait(op);
	default:
		return run_access(op);
	}
}

QUIET static void run_setup(void *context)
{
	(void)context;
	memset(&run.outcome, 0, sizeof(run.outcome));
	memset(run.begun, 0, sizeof(run.begun));
	run.cells = engine_alloc(sizeof(*run.cells));
}

QUIET static void run_thread(void *context, unsigned thread)
{
	(void)context;
	for (unsigned i = 0; i < run.code->length[thread]; i++)
		run.outcome.read[thread][i] = run_op(&run.code->op[thread][i]);
}

QUIET static void run_judge(void *context)
{
	(void)context;
	for (unsigned cell = 0; cell < CODE_CELLS; cell++)
		run.outcome.end[cell] = (uint16_t)engine_load(&run.cells->cell[cell], 8, ORDER_RELAXED, NULL);
	for (unsigned cell = 0; cell < CODE_PLAINS; cell++)
		run.outcome.end_plain[cell] = (uint16_t)run.cells->plain[cell];
	rows_add(found, &run.outcome);
	engine_outcome(rows_hash(&run.outcome, sizeof(run.outcome)));
}

/* ---- one way to learn a program's outcomes ------------------------------------------------------- */

static const char *const model_name[MODELS] = { [MODEL_C11] = "c11", [MODEL_TSO] = "tso", [MODEL_SC] = "sc" };

enum way { WAY_REDUCED, WAY_SLEEP, WAY_NAIVE, WAY_ORACLE, WAYS };
static const char *const way_name[WAYS] = { "reduced", "sleep", "naive", "oracle" };

struct answer {
	bool known;		/* it came to an end */
	bool racy;
	enum wrong wrong;	/* anything that is no race */
	char what[512];
	struct rows outcomes;	/* nothing, where it is racy */
	uint64_t executions, blocked, counted;
};

static const uint64_t most[WAYS] = { [WAY_REDUCED] = 60000, [WAY_SLEEP] = 60000, [WAY_NAIVE] = 6000 };

static void ask_engine(const struct code *code, enum model model, enum way way, struct answer *answer)
{
	static const enum search searches[] = { SEARCH_REDUCED, SEARCH_SLEEP, SEARCH_NAIVE };
	struct program program = { .threads = code->threads, .setup = run_setup, .thread = run_thread,
				   .judge = run_judge, .context = &run, .context_bytes = sizeof(run) };
	struct exploration exploration = { .program = &program, .model = model, .search = searches[way],
					   .executions_most = most[way], .go_on = true };
	struct explored explored;

	memset(&explored, 0, sizeof(explored));
	run.code = code;
	found = &answer->outcomes;
	engine_explore(&exploration, &explored);
	answer->known = explored.complete;
	answer->racy = explored.violating && explored.wrong == WRONG_RACE;
	if (explored.violating && !answer->racy) {
		answer->wrong = explored.wrong;
		memcpy(answer->what, explored.what, sizeof(answer->what));
	}
	answer->executions = explored.executions;
	answer->blocked = explored.blocked;
	answer->counted = explored.outcomes;
	if (explored.run)
		run_free(explored.run);
}

static void ask_oracle(const struct code *code, enum model model, struct answer *answer)
{
	if (model == MODEL_C11)
		answer->known = axioms_outcomes(code, &answer->outcomes, &answer->racy);
	else
		answer->known = steps_outcomes(code, model == MODEL_TSO, &answer->outcomes);
}

static void ask(const struct code *code, enum model model, enum way way, struct answer *answer)
{
	*answer = (struct answer){ .outcomes = { .bytes = sizeof(struct outcome) } };
	if (way == WAY_ORACLE)
		ask_oracle(code, model, answer);
	else
		ask_engine(code, model, way, answer);
}

/* ---- comparing -------------------------------------------------------------------------------------- */

/* The other must say what the reduced search says.  SC and TSO oracles know nothing of races. */
static bool agree(const struct answer *reduced, const struct answer *other, enum model model, enum way way)
{
	if (reduced->wrong || other->wrong)
		return false;
	if (!(way == WAY_ORACLE && model != MODEL_C11) && reduced->racy != other->racy)
		return false;
	return reduced->racy || rows_equal(&reduced->outcomes, &other->outcomes);
}

static void print_missing(const struct code *code, const char *has, const struct answer *one, const char *has_not,
			  const struct answer *other)
{
	const struct outcome *outcome = rows_beyond(&one->outcomes, &other->outcomes);

	if (!outcome)
		return;
	printf("     %s has an outcome that %s has not:\n", has, has_not);
	code_print(code, outcome);
}

struct difference {
	enum model model;
	enum way way;
};

static bool differs(const struct code *code, void *context)
{
	const struct difference *difference = context;
	struct answer reduced, other;
	bool known, same;

	ask(code, difference->model, WAY_REDUCED, &reduced);
	ask(code, difference->model, difference->way, &other);
	known = (reduced.known || reduced.wrong) && (other.known || other.wrong);
	same = agree(&reduced, &other, difference->model, difference->way);
	rows_free(&reduced.outcomes);
	rows_free(&other.outcomes);
	return known && !same;
}

static void print_answer(const char *name, const struct answer *answer)
{
	printf("     %s: %zu outcomes%s%s%s\n", name, answer->outcomes.count, answer->racy ? ", a race" : "",
	       answer->wrong ? ", wrong: " : "", answer->wrong ? answer->what : "");
}

static void print_difference(const struct code *code, struct difference difference, uint64_t seed)
{
	struct code small = code_shrink(*code, differs, &difference);
	struct answer reduced, other;

	ask(&small, difference.model, WAY_REDUCED, &reduced);
	ask(&small, difference.model, difference.way, &other);
	printf("     %s: reduced and %s differ (program %llu), on what this is the least of:\n",
	       model_name[difference.model], way_name[difference.way], (unsigned long long)seed);
	code_print(&small, NULL);
	print_answer("reduced", &reduced);
	print_answer(way_name[difference.way], &other);
	if (!reduced.racy && !other.racy) {
		print_missing(&small, way_name[difference.way], &other, "reduced", &reduced);
		print_missing(&small, "reduced", &reduced, way_name[difference.way], &other);
	}
	rows_free(&reduced.outcomes);
	rows_free(&other.outcomes);
	fflush(stdout);
}

/* ---- many --------------------------------------------------------------------------------------------- */

/* Of more than this nobody learns anything. */
enum { SHOWN = 3 };

static struct {
	uint64_t programs, racy, too_big, miscounted;
	uint64_t compared[MODELS][WAYS], differ[MODELS][WAYS];
	uint64_t executions[MODELS][WAYS], blocked[MODELS][WAYS];	/* where all three came to an end */
	uint64_t whole[MODELS], outcomes[MODELS], longer[MODELS];
} total;

static void count_executions(enum model model, const struct answer answers[WAYS])
{
	const struct answer *reduced = &answers[WAY_REDUCED], *sleep = &answers[WAY_SLEEP];

	if (reduced->racy || reduced->wrong || !sleep->known || sleep->wrong)
		return;
	total.longer[model] += reduced->executions + reduced->blocked > sleep->executions + sleep->blocked;
	if (!answers[WAY_NAIVE].known)
		return;
	total.whole[model]++;
	total.outcomes[model] += reduced->outcomes.count;
	for (enum way way = WAY_REDUCED; way <= WAY_NAIVE; way++) {
		total.executions[model][way] += answers[way].executions;
		total.blocked[model][way] += answers[way].blocked;
	}
}

static void compare(const struct code *code, enum model model, uint64_t seed)
{
	struct answer answers[WAYS];

	for (enum way way = 0; way < WAYS; way++)
		ask(code, model, way, &answers[way]);
	if (answers[WAY_REDUCED].known || answers[WAY_REDUCED].wrong) {
		const struct answer *reduced = &answers[WAY_REDUCED];

		total.racy += reduced->racy;
		total.miscounted += !reduced->racy && !reduced->wrong && reduced->counted != reduced->outcomes.count;
		for (enum way way = WAY_SLEEP; way < WAYS; way++) {
			if (!answers[way].known && !answers[way].wrong)
				continue;
			total.compared[model][way]++;
			if (!agree(reduced, &answers[way], model, way) && total.differ[model][way]++ < SHOWN)
				print_difference(code, (struct difference){ model, way }, seed);
		}
		count_executions(model, answers);
	} else {
		total.too_big++;
	}
	for (enum way way = 0; way < WAYS; way++)
		rows_free(&answers[way].outcomes);
}

/* Under TSO a plain load does not look into the store buffer: the engine does not claim to do that right. */
static bool code_is_mixed(const struct code *code)
{
	for (unsigned t = 0; t < code->threads; t++)
		for (unsigned i = 0; i < code->length[t]; i++)
			if (op_is_mixed(&code->op[t][i]))
				return true;
	return false;
}

static void one_program(uint64_t seed)
{
	static const unsigned with[] = { 0, WITH_LOCKS, WITH_GRACE, WITH_CUTS, WITH_PLAIN, WITH_AWAIT, WITH_CUTS,
					 0, WITH_LOCKS | WITH_GRACE, WITH_GRACE | WITH_PLAIN, WITH_CUTS, WITH_POLLS,
					 WITH_CUTS | WITH_PLAIN, WITH_CUTS | WITH_GRACE, WITH_CUTS | WITH_POLLS,
					 0, WITH_LOCKS | WITH_PLAIN | WITH_AWAIT, WITH_GRACE | WITH_AWAIT,
					 WITH_AWAIT | WITH_PLAIN | WITH_MIXED, WITH_CUTS | WITH_LOCKS,
					 WITH_POLLS | WITH_PLAIN, WITH_CUTS | WITH_AWAIT, WITH_SECTIONS | WITH_PLAIN };
	uint64_t random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	struct code code = code_make(&random, with[seed % (sizeof(with) / sizeof(with[0]))]);

	for (enum model model = 0; model < MODELS; model++)
		if (model != MODEL_TSO || !code_is_mixed(&code))
			compare(&code, model, seed);
	total.programs++;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int summary(void)
{
	int passed = 0, failed = 0;

	for (enum model model = 0; model < MODELS; model++)
		for (enum way way = WAY_SLEEP; way < WAYS; way++) {
			bool good = total.compared[model][way] && !total.differ[model][way];

			printf("%s %s: reduced and %s: %llu programs, %llu differ\n", good ? "ok  " : "FAIL",
			       model_name[model], way_name[way], (unsigned long long)total.compared[model][way],
			       (unsigned long long)total.differ[model][way]);
			passed += good;
			failed += !good;
		}
	printf("%s outcomes counted by the engine and by the judge: %llu differ\n", total.miscounted ? "FAIL" : "ok  ",
	       (unsigned long long)total.miscounted);
	passed += !total.miscounted;
	failed += total.miscounted != 0;
	for (enum model model = 0; model < MODELS; model++) {
		printf("%s, %llu programs with %llu outcomes: executions (and given up)", model_name[model],
		       (unsigned long long)total.whole[model], (unsigned long long)total.outcomes[model]);
		for (enum way way = WAY_REDUCED; way <= WAY_NAIVE; way++)
			printf(" %s %llu (%llu)", way_name[way], (unsigned long long)total.executions[model][way],
			       (unsigned long long)total.blocked[model][way]);
		printf("; reduced ran more than sleep on %llu\n", (unsigned long long)total.longer[model]);
	}
	printf("%llu programs; too big under a model %llu times, racy %llu times\n", (unsigned long long)total.programs,
	       (unsigned long long)total.too_big, (unsigned long long)total.racy);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 10, end = now() + seconds;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	uint64_t count = argc > 3 ? strtoull(argv[3], NULL, 0) : UINT64_MAX;

	for (uint64_t i = 0; i < count && now() < end; i++)
		one_program(seed + i);
	return summary();
}

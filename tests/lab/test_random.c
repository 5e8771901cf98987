/*
 * test_random.c - the library never differs from the reference model
 *
 *	test_random [OPERATIONS [SEED]]
 *
 * First the test tests itself: the model is compared with broken copies of
 * itself, and each must be found and shrunk to under ten operations, in a file
 * that the parser takes.  Then the library under holdfast against the model.
 */
#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "harness.h"
#include "random.h"

#define OPERATIONS 1000000u
#define SEED 20200921u		/* no meaning: the week of the argument */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- broken judges: the model, but ------------------------------------------------ */

static struct {
	struct judge *judge;	/* one at a time */
	unsigned stores;
	int parent, child;	/* of the last fork; -1: none */
} broken;

static void inner(const struct step *step, struct reply *reply)
{
	judge_model.step(broken.judge, step, reply);
}

static struct judge *broken_open(const struct judge_ops *ops, const struct scenario *scenario, struct reply *reply)
{
	(void)ops;
	broken.stores = 0;
	broken.parent = broken.child = -1;
	broken.judge = judge_model.open(&judge_model, scenario, reply);
	return broken.judge;
}

static void broken_close(struct judge *judge, struct reply *reply)
{
	judge_model.close(judge, reply);
}

static void drops_stores(struct judge *judge, const struct step *step, struct reply *reply)
{
	(void)judge;
	if (step->op == OP_STORE && ++broken.stores % 4 == 0)
		return;
	inner(step, reply);
}

/* A COW that was forgotten: after a fork, what the parent stores lands in the child too. */
static void forgets_cow(struct judge *judge, const struct step *step, struct reply *reply)
{
	struct step again = *step;
	struct reply ignored = { 0 };

	(void)judge;
	inner(step, reply);
	if (reply->answer != ANSWER_DONE)
		return;
	if (step->op == OP_FORK) {
		broken.parent = step->space;
		broken.child = step->child;
	}
	if (step->op != OP_STORE || step->space != broken.parent)
		return;
	again.space = broken.child;
	inner(&again, &ignored);
}

/* A pin like a plain reference: nobody knows of it. */
static void pins_like_gets(struct judge *judge, const struct step *step, struct reply *reply)
{
	struct step changed = *step;

	(void)judge;
	if (step->op == OP_PIN && !(step->flags & PIN_WRITE))
		changed.flags |= PIN_GET;
	inner(&changed, reply);
}

static void forks_without_asking(struct judge *judge, const struct step *step, struct reply *reply)
{
	struct step changed = *step;

	(void)judge;
	if (step->op == OP_FORK && step->flags == FORK_REFUSE)
		changed.flags = FORK_COPY;
	inner(&changed, reply);
}

static void copies_for_holes(struct judge *judge, const struct step *step, struct reply *reply)
{
	struct step changed = *step;

	(void)judge;
	if (step->op == OP_FORK && step->flags == FORK_HOLE)
		changed.flags = FORK_COPY;
	inner(&changed, reply);
}

static void wrong_error(struct judge *judge, const struct step *step, struct reply *reply)
{
	(void)judge;
	inner(step, reply);
	if (step->op == OP_REMAP && reply->answer == ANSWER_FAILED && reply->error == EFAULT)
		reply->error = EINVAL;
}

static void forgets_discard(struct judge *judge, const struct step *step, struct reply *reply)
{
	(void)judge;
	if (step->op == OP_ADVISE && step->flags == ADVICE_DISCARD)
		return;
	inner(step, reply);
}

/* An atomic that gives back the new value. */
static void atomic_gives_new(struct judge *judge, const struct step *step, struct reply *reply)
{
	(void)judge;
	inner(step, reply);
	if (step->op == OP_ATOMIC)
		reply->value += step->value;
}

static bool parses_again(const struct scenario *scenario)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	struct scenario *again;
	bool same;

	if (!out)
		return false;
	scenario_print(scenario, out);
	fclose(out);
	again = scenario_parse_text(text, length, "shrunk", stdout);
	same = again && again->nsteps == scenario->nsteps;
	if (!same)
		fputs(text, stdout);
	scenario_free(again);
	free(text);
	return same;
}

static void find_broken(const char *name, void (*step)(struct judge *, const struct step *, struct reply *),
			uint64_t seed)
{
	struct judge_ops ops = { .open = broken_open, .step = step, .close = broken_close, .name = "broken",
				 .design = -1 };
	struct random_config config = { .first = &ops, .second = &judge_model, .seed = seed, .operations = 100000 };
	struct random_counts counts;
	struct random_failure failure;
	bool good = random_run(&config, &counts, &failure) && failure.scenario->nsteps < 10 &&
		    parses_again(failure.scenario);

	if (failure.scenario && !good)
		scenario_print(failure.scenario, stdout);
	printf("%s a broken judge that %s is found: %" PRIu64 " operations, shrunk from %zu to %zu in %" PRIu64 " tries\n",
	       good ? "ok  " : "FAIL", name, counts.operations, failure.steps_before,
	       failure.scenario ? failure.scenario->nsteps : 0, failure.tries);
	harness.passed += good;
	harness.failures += !good;
	scenario_free(failure.scenario);
}

static void same_model(uint64_t seed)
{
	struct random_config config = { .first = &judge_model, .second = &judge_model, .seed = seed, .operations = 20000 };
	struct random_counts counts;
	struct random_failure failure;

	report(!random_run(&config, &counts, &failure), "the model does not differ from itself");
	scenario_free(failure.scenario);
}

/* Inputs without any sense: a round of 200 operations each, until one differs; how many it took, or 0. */
static unsigned inputs_until_found(const struct random_config *config, uint64_t seed, unsigned most)
{
	static unsigned char input[RANDOM_HEAD + 200 * RANDOM_RECORD];
	struct random_counts counts;
	struct random_failure failure;

	for (unsigned i = 1; i <= most; i++) {
		for (size_t at = 0; at < sizeof(input); at++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			input[at] = (unsigned char)(seed >> 56);
		}
		if (random_input(config, input, sizeof(input), &counts, &failure)) {
			scenario_free(failure.scenario);
			return i;
		}
	}
	return 0;
}

/* What a fuzz target rests on. */
static void choices_of_an_input(uint64_t seed)
{
	struct judge_ops ops = { .open = broken_open, .step = forgets_cow, .close = broken_close, .name = "broken",
				 .design = -1 };
	struct random_config config = { .first = &ops, .second = &judge_model };

	report(inputs_until_found(&config, seed, 100) != 0, "an input can make the choices, and finds a forgotten COW");
	config.first = &judge_model;
	report(inputs_until_found(&config, seed, 20) == 0, "the model does not differ from itself then either");
}

static void test_the_test(uint64_t seed)
{
	same_model(seed);
	find_broken("drops each fourth store", drops_stores, seed);
	find_broken("forgets a COW", forgets_cow, seed);
	find_broken("pins like a plain reference", pins_like_gets, seed);
	find_broken("forks without asking", forks_without_asking, seed);
	find_broken("copies where a hole belongs", copies_for_holes, seed);
	find_broken("forgets discards", forgets_discard, seed);
	find_broken("gives back the new value of an atomic", atomic_gives_new, seed);
	find_broken("takes one error for another", wrong_error, seed);
	choices_of_an_input(seed);
}

/* ---- the library against the model --------------------------------------------------- */

static void print_counts(const struct random_counts *counts)
{
	printf("     %-12s %10s %10s %10s %10s\n", "operation", "done", "failed", "no memory", "not fast");
	for (int op = 0; op < OPS; op++)
		if (counts->done[op] + counts->failed[op] + counts->no_memory[op] + counts->not_fast[op])
			printf("     %-12s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n",
			       random_op_name((enum op)op), counts->done[op], counts->failed[op], counts->no_memory[op],
			       counts->not_fast[op]);
}

/* Every kind that the run makes up was done, or the run proves less than it says. */
static bool nothing_vacuous(const struct random_counts *counts)
{
	static const enum op ops[] = { OP_OBJECT, OP_OBJECT_WRITE, OP_OBJECT_RESIZE, OP_MAP, OP_UNMAP, OP_PROTECT,
				       OP_REMAP, OP_ADVISE, OP_COLLAPSE, OP_STORE, OP_FILL, OP_LOAD, OP_ATOMIC, OP_PIN, OP_UNPIN,
				       OP_DEVICE_WRITE, OP_EXPECT_DEVICE, OP_EXPECT_OBJECT, OP_SPACE, OP_FORK, OP_EXIT };

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (!counts->done[ops[i]])
			return false;
	return true;
}

static void against_the_model(uint64_t operations, uint64_t seed)
{
	struct random_config config = { .first = judge_of_design(DESIGN_HOLDFAST), .second = &judge_model, .seed = seed,
					.operations = operations };
	struct random_counts counts;
	struct random_failure failure;
	double begin = now();
	int differs;

	printf("     holdfast against the model: %" PRIu64 " operations, seed %" PRIu64 "\n", operations, seed);
	fflush(stdout);
	differs = random_run(&config, &counts, &failure);
	printf("     %" PRIu64 " operations in %" PRIu64 " rounds, verify after each, all bytes compared %" PRIu64
	       " times, %.1f s\n", counts.operations, counts.rounds, counts.compared, now() - begin);
	print_counts(&counts);
	if (differs)
		printf("     %s\n     shrunk from %zu operations, in %" PRIu64 " tries, to:\n\n", failure.what,
		       failure.steps_before, failure.tries);
	if (failure.scenario)
		scenario_print(failure.scenario, stdout);
	scenario_free(failure.scenario);
	report(!differs, "the library never differs from the model, and verify is always clean");
	report(differs || operations < 10000 || nothing_vacuous(&counts), "each kind of operation was done");
}

static bool number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return !errno && *text >= '0' && *text <= '9' && !*end;
}

int main(int argc, char **argv)
{
	uint64_t operations = OPERATIONS, seed = SEED;

	if (argc > 3 || (argc > 1 && !number(argv[1], &operations)) || (argc > 2 && !number(argv[2], &seed))) {
		fprintf(stderr, "usage: test_random [OPERATIONS [SEED]]\n");
		return 2;
	}
	test_the_test(seed);
	against_the_model(operations, seed);
	return closing_line();
}

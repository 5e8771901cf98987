/*
 * test_random_threads.c - made-up scenarios with threads, explored
 *
 *	test_random_threads [SCENARIOS [SEED]]		of 2 threads; half as many of 3, a tenth of 4
 *
 * Each under holdfast, where it must come to what the reference model has and no
 * contract may break; and where that is small enough, the reduced search is held
 * against sleep sets alone (no more executions, the same outcomes), and outcomes
 * under SC must be among those under TSO, and these among those under C11.  Then the test tests itself: with an order
 * of the core weakened, or a fence gone, random scenarios must find it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "explore.h"
#include "random_threads.h"

#define SCENARIOS 100u
#define SEED 20200921u		/* no meaning: the week of the argument */
#define EXECUTIONS 1000u	/* more than that is not compared */
#define MORE_EXECUTIONS 4000u	/* to compare with */
#define MUTANT_SCENARIOS 1000u	/* so many must find it */

static int passed, failed;

static void result(bool ok, const char *name)
{
	printf("%s %s\n", ok ? "ok  " : "FAIL", name);
	ok ? passed++ : failed++;
}

/* ---- outcomes: a set of numbers --------------------------------------------------- */

#define OUTCOMES 65536u		/* a power of two */

struct outcomes {
	uint64_t number[OUTCOMES];	/* 0: nothing here */
	unsigned count;
};

static size_t slot_of(const struct outcomes *set, uint64_t outcome)
{
	size_t slot = outcome * UINT64_C(0x9e3779b97f4a7c15) >> 48;

	while (set->number[slot] && set->number[slot] != outcome)
		slot = (slot + 1) % OUTCOMES;
	return slot;
}

static void hear(uint64_t outcome, void *context)
{
	struct outcomes *set = context;
	size_t slot = slot_of(set, outcome | 1);

	if (set->number[slot] || set->count > OUTCOMES / 2)
		return;
	set->number[slot] = outcome | 1;
	set->count++;
}

static bool is_part(const struct outcomes *part, const struct outcomes *whole)
{
	for (size_t i = 0; i < OUTCOMES; i++)
		if (part->number[i] && !whole->number[slot_of(whole, part->number[i])])
			return false;
	return true;
}

/* ---- one scenario --------------------------------------------------------------------- */

static struct outcomes *explore(const struct scenario *s, struct explore_options options, struct explore_result *r)
{
	static struct outcomes sets[4];
	static unsigned next;
	struct outcomes *set = &sets[next++ % 4];

	memset(set, 0, sizeof(*set));
	options.outcome = hear;
	options.context = set;
	explore_scenario(s, &options, r);
	explore_result_free(r);
	return set;
}

static void show(const struct scenario *s, const char *what)
{
	printf("     %s\n\n", what);
	scenario_print(s, stdout);
	putchar('\n');
}

static struct {
	uint64_t scenarios, executions, unfinished, compared, slept;
	double seconds;
} sum;

/* Under a stronger model there is nothing that the weaker one does not have.  *all: of that, then of this. */
static bool is_within(const struct scenario *s, enum explore_model model, const struct outcomes **all)
{
	struct explore_options options = { .design = DESIGN_HOLDFAST, .executions_most = MORE_EXECUTIONS, .model = model };
	struct explore_result r;
	const struct outcomes *outcomes = explore(s, options, &r), *weaker = *all;

	if (r.verdict == EXPLORE_UNFINISHED)
		return true;
	*all = outcomes;
	if (r.verdict == EXPLORE_PROVED && is_part(outcomes, weaker))
		return true;
	printf("     model %s\n", explore_model_names[model]);
	show(s, r.verdict == EXPLORE_PROVED ? "outcomes that a weaker model does not have" : r.reason);
	return false;
}

static bool compare(const struct scenario *s, const struct explore_result *reduced, const struct outcomes *all)
{
	struct explore_options options = { .design = DESIGN_HOLDFAST, .executions_most = MORE_EXECUTIONS, .sleep = true };
	struct explore_result sleep;
	const struct outcomes *fewer = all, *other;

	sum.compared++;
	if (!is_within(s, EXPLORE_TSO, &fewer) || !is_within(s, EXPLORE_SC, &fewer))
		return false;
	other = explore(s, options, &sleep);
	if (sleep.verdict == EXPLORE_UNFINISHED)
		return true;
	sum.slept++;
	/* A commit that fails depends on less than one that does not: sleep sets alone may have it in orders that are the same. */
	if (sleep.executions >= reduced->executions && other->count == all->count && is_part(other, all))
		return true;
	printf("     %" PRIu64 " executions, %u outcomes; sleep sets alone: %" PRIu64 ", %u\n", reduced->executions, all->count,
	       sleep.executions, other->count);
	show(s, "the reduced search is not the same as sleep sets alone");
	return false;
}

static bool is_well(const struct random_threads *config, uint64_t number)
{
	struct explore_options options = { .design = DESIGN_HOLDFAST, .executions_most = EXECUTIONS };
	struct scenario *s = random_scenario(config, number);
	struct explore_result r;
	const struct outcomes *outcomes = explore(s, options, &r);
	bool ok = r.verdict == EXPLORE_PROVED || r.verdict == EXPLORE_UNFINISHED;

	sum.scenarios++;
	sum.executions += r.executions;
	sum.unfinished += r.verdict == EXPLORE_UNFINISHED;
	if (!ok)
		show(s, r.reason);
	else if (r.verdict == EXPLORE_PROVED)
		ok = compare(s, &r, outcomes);
	scenario_free(s);
	return ok;
}

static void test_many(uint64_t seed, uint64_t scenarios, unsigned threads)
{
	struct random_threads config = { .seed = seed, .threads = threads };
	char name[200];
	bool ok = true;

	memset(&sum, 0, sizeof(sum));
	for (uint64_t number = 0; number < scenarios && ok; number++)
		ok = is_well(&config, number);
	snprintf(name, sizeof(name), "%" PRIu64 " scenarios of %u threads (seed %" PRIu64 "): %" PRIu64 " executions; %" PRIu64
		 " unfinished, %" PRIu64 " under TSO and SC too, %" PRIu64 " by sleep sets too", sum.scenarios, threads, seed,
		 sum.executions, sum.unfinished, sum.compared, sum.slept);
	result(ok, name);
}

/* ---- the test tests itself ----------------------------------------------------------------- */

/* The mutant of a kind and a function; lines move, these hardly do. */
static const char *mutant_in(const char *function, const char *what)
{
	const struct explore_site *sites;
	size_t count = explore_sites(&sites);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(sites[i].function, function) && !strcmp(sites[i].what, what))
			return sites[i].name;
	return NULL;
}

/* How many scenarios until one is not as it should be; 0: none was. */
static uint64_t scenarios_until_found(const char *mutant, uint64_t seed, uint64_t most, char *how, size_t room)
{
	struct random_threads config = { .seed = seed, .threads = 2 };

	for (uint64_t number = 0; number < most; number++) {
		struct explore_options options = { .design = DESIGN_HOLDFAST, .executions_most = EXECUTIONS, .mutant = mutant };
		struct scenario *s = random_scenario(&config, number);
		struct explore_result r;

		explore_scenario(s, &options, &r);
		explore_result_free(&r);
		scenario_free(s);
		if (r.verdict != EXPLORE_VIOLATED)
			continue;
		snprintf(how, room, "%s: %.100s", r.kind, r.reason);
		return number + 1;
	}
	return 0;
}

static void test_finds(const char *function, const char *what, uint64_t seed)
{
	const char *mutant = mutant_in(function, what);
	char name[300], how[150] = "not found";
	uint64_t until = mutant ? scenarios_until_found(mutant, seed, MUTANT_SCENARIOS, how, sizeof(how)) : 0;

	snprintf(name, sizeof(name), "the %s of %s, weakened: after %" PRIu64 " scenarios, %s", what, function, until,
		 mutant ? how : "no such mutant");
	result(until, name);
}

/* ---- scenarios -------------------------------------------------------------------------------- */

static bool same_text(const struct scenario *a, const struct scenario *b)
{
	const struct scenario *both[] = { a, b };
	char *text[2] = { NULL };
	bool same;

	for (int i = 0; i < 2; i++) {
		size_t length;
		FILE *f = open_memstream(&text[i], &length);

		if (f) {
			scenario_print(both[i], f);
			fclose(f);
		}
	}
	same = text[0] && text[1] && !strcmp(text[0], text[1]);
	free(text[0]);
	free(text[1]);
	return same;
}

static void test_follows_from_seed(uint64_t seed)
{
	bool ok = true, differ = false;

	for (unsigned threads = 2; threads <= SCENARIO_THREADS; threads++) {
		struct random_threads config = { .seed = seed, .threads = threads };

		for (uint64_t number = 0; number < 20; number++) {
			struct scenario *a = random_scenario(&config, number), *b = random_scenario(&config, number);
			struct scenario *other = random_scenario(&config, number + 1);

			ok &= same_text(a, b);
			differ |= !same_text(a, other);
			scenario_free(a);
			scenario_free(b);
			scenario_free(other);
		}
	}
	result(ok && differ, "a scenario follows from its seed and number");
}

int main(int argc, char **argv)
{
	uint64_t scenarios = argc > 1 ? strtoull(argv[1], NULL, 0) : SCENARIOS;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : SEED;

	test_follows_from_seed(seed);
	test_many(seed, scenarios, 2);
	test_many(seed, scenarios / 2, 3);
	test_many(seed, scenarios / 10, 4);
	test_finds("pte_load", "acquire load", seed);
	test_finds("handshake_open", "acquire load", seed);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}

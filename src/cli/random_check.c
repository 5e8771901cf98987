/*
 * random_check.c - made-up scenarios with threads, each explored
 *
 * One after the other, each in a process of its own (check_work.c), until there were
 * enough operations or one is not as the reference model has it.  That one is made
 * short by exploring it again and again with less in it, printed as a file that
 * `holdfast check` takes, and its story is told.
 */
#include "random_check.h"

#include "check.h"
#include "must.h"
#include "random.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct counts {
	uint64_t scenarios, executions, found, steps[OPS];
	uint64_t verdicts[EXPLORE_VERDICTS];
};

struct checking {
	const struct random_check *config;
	struct counts counts;
	uint64_t made, operations;	/* scenarios made up, and what their threads do */
	bool stop;
	double began;
};

/* ---- one run, waited for --------------------------------------------------------------------- */

static struct check_run *next_of_one(void *context)
{
	struct check_run **run = context, *first = *run;

	*run = NULL;
	return first;
}

static void ended_of_one(struct check_run *run, void *context)
{
	(void)context;
	run->ended = true;
}

static void say_nothing(struct check_run *const *running, unsigned count, void *context)
{
	(void)running;
	(void)count;
	(void)context;
}

static void explore_one(struct check_run *run)
{
	struct check_run *next = run;
	struct check_source source = {next_of_one, ended_of_one, say_nothing, &next};

	check_work(&source, 1);
}

/* ---- what is found ------------------------------------------------------------------------------ */

/* Violated, or the process died, or something is never seen that an order of the calls shows. */
static bool is_found(const struct check_run *run)
{
	return run->trouble || run->result.verdict == EXPLORE_VIOLATED || run->result.verdict == EXPLORE_EMPTY;
}

struct found {
	const struct check_run *first;
	uint64_t tries;
};

/* Found again: the same kind of thing. */
static bool fails_so(const struct scenario *s, void *context)
{
	struct found *found = context;
	struct check_run run = {.scenario = s, .options = found->first->options};

	found->tries++;
	run.options.story = false;
	explore_one(&run);
	return is_found(&run) && run.trouble == found->first->trouble &&
	       run.result.verdict == found->first->result.verdict &&
	       !strcmp(run.result.kind, found->first->result.kind);
}

/* The file's name, the caller's to free; NULL after a message, or where nothing is to be saved. */
static char *save(const struct random_check *config, const struct scenario *s, uint64_t number)
{
	char *path = NULL;
	FILE *file;

	if (!config->save)
		return NULL;
	if (asprintf(&path, "%s/random-%u-%" PRIu64 "-%" PRIu64 ".scn", config->save, config->threads.threads,
		     config->threads.seed, number) < 0)
		path = NULL;
	file = fopen(must(path), "w");
	if (file)
		scenario_print(s, file);
	if (file && !fclose(file)) {
		printf("Saved as %s\n\n", path);
		return path;
	}
	complain("%s: %s", path, strerror(errno));
	free(path);
	return NULL;
}

static const char *what_it_is(const struct check_run *run)
{
	return run->trouble ? "error" : run->result.verdict == EXPLORE_EMPTY ? "missed" : run->result.kind;
}

static void tell(struct checking *checking, const struct check_run *run, uint64_t number)
{
	const struct random_check *config = checking->config;
	struct found found = {.first = run};
	struct check_run last = {.options = run->options};
	struct scenario *less;
	char *path;

	progress_clear();
	printf("Number %" PRIu64 ": %s: %s\n", number, what_it_is(run), run->result.reason);
	fflush(stdout);
	less = random_scenario_shrink(&config->threads, run->scenario, fails_so, &found);
	printf("Shrunk from %zu operations to %zu in %" PRIu64 " tries:\n\n", run->scenario->nsteps, less->nsteps,
	       found.tries);
	scenario_print(less, stdout);
	puts("");
	path = save(config, less, number);
	last.scenario = less;
	explore_one(&last);
	last.options.called = path;
	last.options.story = true;
	/* With less in it a line of it would expect something else. */
	last.options.only = last.result.at.line ? last.result.number : 0;
	if (last.result.verdict == EXPLORE_VIOLATED)
		explore_one(&last);
	fputs(last.story ? last.story : last.result.reason, stdout);
	puts("");
	fflush(stdout);
	free(last.story);
	free(last.data);
	free(path);
	scenario_free(less);
}

/* ---- many ------------------------------------------------------------------------------------------ */

/* A run, and which one it is. */
struct numbered {
	struct check_run run;
	uint64_t number;
};

static struct check_run *next(void *context)
{
	struct checking *checking = context;
	const struct random_check *config = checking->config;
	struct numbered *numbered;
	struct scenario *s;

	if (checking->stop || checking->operations >= config->operations)
		return NULL;
	numbered = must(calloc(1, sizeof(*numbered)));
	numbered->number = checking->made++;
	s = random_scenario(&config->threads, numbered->number);
	for (size_t i = 0; i < s->nsteps; i++)
		if (s->steps[i].thread > 0) {
			checking->operations++;
			checking->counts.steps[s->steps[i].op]++;
		}
	numbered->run.scenario = s;
	numbered->run.options = config->options;
	return &numbered->run;
}

static void ended(struct check_run *run, void *context)
{
	struct numbered *numbered = (struct numbered *)run;
	struct checking *checking = context;
	struct counts *counts = &checking->counts;

	counts->scenarios++;
	counts->executions += run->result.executions;
	if (!run->trouble)
		counts->verdicts[run->result.verdict]++;
	if (!run->trouble && run->result.verdict == EXPLORE_SKIPPED)
		complain("number %" PRIu64 " can't be explored: %s", numbered->number, run->result.reason);
	if (is_found(run) && !checking->stop) {
		counts->found++;
		tell(checking, run, numbered->number);
		checking->stop = !checking->config->all;
	}
	scenario_free((struct scenario *)run->scenario);
	free(run->story);
	free(run->data);
	free(numbered);
}

static void tick(struct check_run *const *running, unsigned count, void *context)
{
	const struct checking *checking = context;

	progress_show(running, count, (size_t)checking->operations, (size_t)checking->config->operations, false);
}

static void print_counts(const struct checking *checking)
{
	const struct counts *counts = &checking->counts;

	printf("  %-12s %10s\n", "operation", "in threads");
	for (int op = 0; op < OPS; op++)
		if (counts->steps[op])
			printf("  %-12s %10" PRIu64 "\n", random_op_name(op), counts->steps[op]);
	printf("\n%" PRIu64 " operations in the threads of %" PRIu64 " scenarios; %" PRIu64 " executions in %.0f s\n"
	       "%" PRIu64 " proved, %" PRIu64 " not finished within their limit, %" PRIu64 " skipped\n",
	       checking->operations, counts->scenarios, counts->executions, check_now() - checking->began,
	       counts->verdicts[EXPLORE_PROVED], counts->verdicts[EXPLORE_UNFINISHED], counts->verdicts[EXPLORE_SKIPPED]);
}

enum exit_code random_check(const struct random_check *config)
{
	struct checking checking = {.config = config, .began = check_now()};
	struct check_source source = {next, ended, tick, &checking};

	check_work(&source, config->jobs);
	progress_clear();
	print_counts(&checking);
	if (checking.counts.found)
		printf("%" PRIu64 " found\n", checking.counts.found);
	else
		puts("nothing found");
	return checking.counts.found ? EXIT_UNEXPECTED : EXIT_EXPECTED;
}

/*
 * cmd_random.c - `holdfast random`: made-up operations, the library against the
 * reference model; with --threads at the same time, in every order
 *
 * The seed is printed before the run, so that a run that dies can be repeated.
 */
#include "cli.h"
#include "judges.h"
#include "random.h"
#include "random_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#define OPERATIONS_ANY UINT64_MAX

static uint64_t operations = OPERATIONS_ANY, seed, threads, executions = 20000, seconds = 2, jobs = 1;
static const char *judge_name = "holdfast", *save;
static bool go_on, no_promises;

static uint64_t any_seed(void)
{
	uint32_t value;

	if (getrandom(&value, sizeof(value), 0) != sizeof(value))
		value = (uint32_t)time(NULL);
	return value ? value : 1;
}

static void print_counts(const struct random_counts *counts)
{
	printf("  %-12s %10s %10s %10s %10s\n", "operation", "done", "refused", "no memory", "not fast");
	for (int op = 0; op < OPS; op++) {
		uint64_t all = counts->done[op] + counts->failed[op] + counts->no_memory[op] + counts->not_fast[op];

		if (all)
			printf("  %-12s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n", random_op_name(op),
			       counts->done[op], counts->failed[op], counts->no_memory[op], counts->not_fast[op]);
	}
	printf("\n%" PRIu64 " operations in %" PRIu64 " rounds; all bytes compared %" PRIu64 " times\n",
	       counts->operations, counts->rounds, counts->compared);
}

static void print_failure(struct random_failure *failure)
{
	printf("\n%s and model differ: %s\n"
	       "Shrunk from %zu operations in %" PRIu64 " tries.  To see it step by step, put this in a FILE:\n"
	       "holdfast run --trace --judge %s,model FILE\n\n",
	       judge_name, failure->what, failure->steps_before, failure->tries, judge_name);
	scenario_print(failure->scenario, stdout);
	scenario_free(failure->scenario);
}

static enum exit_code run_alone(const struct judge_ops *judge)
{
	struct random_config config = {.first = judge, .second = &judge_model, .operations = operations, .seed = seed};
	struct random_counts counts = {.operations = 0};
	struct random_failure failure = {.scenario = NULL};
	int differs;

	printf("%s against model: --seed %" PRIu64 " --ops %" PRIu64 "\n\n", judge_name, seed, operations);
	fflush(stdout);
	differs = random_run(&config, &counts, &failure);
	print_counts(&counts);
	if (differs)
		print_failure(&failure);
	else
		printf("no difference, and verify was clean\n");
	return differs ? EXIT_UNEXPECTED : EXIT_EXPECTED;
}

static enum exit_code run_threads(const struct judge_ops *judge)
{
	struct random_check config = {
		.threads = {.seed = seed, .threads = (unsigned)threads, .no_promises = no_promises},
		.options = {.design = (enum design_id)judge->design, .executions_most = executions,
			    .seconds_most = (double)seconds},
		.operations = operations, .jobs = (unsigned)jobs, .all = go_on, .save = save,
	};

	printf("%s with %" PRIu64 " threads, explored: --seed %" PRIu64 " --ops %" PRIu64 "\n\n", judge_name, threads, seed,
	       operations);
	fflush(stdout);
	return random_check(&config);
}

/* What does not go together. */
static const char *contradiction(bool no_operations)
{
	if (no_operations)
		return "--ops wants at least 1: no operations compare nothing";
	if (threads == 1 || threads > SCENARIO_THREADS)
		return "--threads is 2, 3 or 4";
	if (!threads && (save || go_on || no_promises || jobs != 1))
		return "--save, --all, --no-promises and --jobs go with --threads";
	if (!jobs || jobs > 4096)
		return "--jobs is 1 to 4096";
	return NULL;
}

static enum exit_code run_random(int left, char **arguments)
{
	const char *wrong;
	struct judges judges;

	if (left)
		return complain_arguments(&cmd_random, arguments);
	wrong = contradiction(!operations);
	if (wrong)
		return complain("%s", wrong);
	if (!judges_parse(&judges, judge_name))
		return EXIT_BAD_INPUT;
	if (judges.count > 1 || judges.list[0]->design < 0)
		return complain("--judge is one design here, not \"%s\"; `holdfast designs` lists them", judge_name);
	if (operations == OPERATIONS_ANY)
		operations = threads ? 2000 : 100000;
	seed = seed ? seed : any_seed();
	return threads ? run_threads(judges.list[0]) : run_alone(judges.list[0]);
}

static const struct option options[] = {
	{.name = "ops", .argument = "N", .help = "how many operations; 100000, and with --threads 2000",
	 .number = &operations},
	{.name = "seed", .argument = "S", .help = "what everything follows from; any, and printed", .number = &seed},
	{.name = "judge", .argument = "DESIGN", .help = "another design than holdfast", .text = &judge_name},
	{.name = "threads", .argument = "N", .help = "scenarios of 2, 3 or 4 threads, each explored", .number = &threads},
	{.name = "executions", .argument = "N", .help = "... a limit for each; 20000", .number = &executions},
	{.name = "seconds", .argument = "S", .help = "... and another; 2", .number = &seconds},
	{.name = "jobs", .argument = "N", .help = "... so many at a time; 1", .number = &jobs},
	{.name = "all", .help = "... and go on after the first that is found", .given = &go_on},
	{.name = "no-promises", .help = "... and expect nothing but no race, no leak, no deadlock, nothing freed in use",
	 .given = &no_promises},
	{.name = "save", .argument = "DIR", .help = "... keep what is found there, as scenarios", .text = &save},
	{.name = NULL},
};

const struct command cmd_random = {
	.name = "random",
	.summary = "Made-up operations: the library against a model that shares nothing",
	.details = "A difference is shrunk to a short scenario, and printed.\n\n"
		   "With --threads short scenarios are made up and explored as `holdfast check` does it: what\n"
		   "a call may come to the model says, which carries them out one after the other in each\n"
		   "order; the rest are the explorer's contracts.",
	.options = options,
	.run = run_random,
};

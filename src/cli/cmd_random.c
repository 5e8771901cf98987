/*
 * cmd_random.c - `holdfast random`: made-up operations, the library against the
 * reference model
 *
 * The seed is printed before the run, so that a run that dies can be repeated.
 */
#include "cli.h"
#include "judges.h"
#include "random.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

static uint64_t operations = 100000, seed;
static const char *judge_name = "holdfast";

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

static enum exit_code run_random(int left, char **arguments)
{
	struct random_config config = {.second = &judge_model};
	struct random_counts counts = {.operations = 0};
	struct random_failure failure = {.scenario = NULL};
	struct judges judges;
	int differs;

	if (left)
		return complain_arguments(&cmd_random, arguments);
	if (!operations)
		return complain("--ops wants at least 1: no operations compare nothing");
	if (!judges_parse(&judges, judge_name))
		return EXIT_BAD_INPUT;
	if (judges.count > 1 || judges.list[0]->design < 0)
		return complain("--judge is one design here, not \"%s\"; `holdfast designs` lists them", judge_name);
	config.first = judges.list[0];
	config.operations = operations;
	config.seed = seed ? seed : any_seed();
	printf("%s against model: --seed %" PRIu64 " --ops %" PRIu64 "\n\n", judge_name, config.seed, operations);
	fflush(stdout);
	differs = random_run(&config, &counts, &failure);
	print_counts(&counts);
	if (differs)
		print_failure(&failure);
	else
		printf("no difference, and verify was clean\n");
	return differs ? EXIT_UNEXPECTED : EXIT_EXPECTED;
}

static const struct option options[] = {
	{.name = "ops", .argument = "N", .help = "how many operations; 100000", .number = &operations},
	{.name = "seed", .argument = "S", .help = "what everything follows from; any, and printed", .number = &seed},
	{.name = "judge", .argument = "DESIGN", .help = "another design than holdfast", .text = &judge_name},
	{.name = NULL},
};

const struct command cmd_random = {
	.name = "random",
	.summary = "Made-up operations: the library against a model that shares nothing",
	.details = "A difference is shrunk to a short scenario, and printed.",
	.options = options,
	.run = run_random,
};

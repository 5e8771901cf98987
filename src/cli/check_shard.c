/*
 * check_shard.c - parts of a run: from the command line, from MPI, and their sum
 *
 * The explorer cuts by prefixes of a fixed depth and takes every count-th, so the
 * executions of all parts together are the same however many parts there are.  A
 * part is cut further by the same rule.  Counts of executions add; outcomes do not,
 * for two parts may come to the same one: their sum says "at least".
 */
#include "check.h"

#include "must.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* ---- which part --------------------------------------------------------------------------- */

static bool in_environment(const char *name, unsigned long *value)
{
	const char *text = getenv(name);
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoul(text, &end, 10);
	return !errno && !*end && *value <= UINT_MAX;
}

/* Rank and size as the launchers say them: Open MPI, MPICH and its like, Slurm. */
static bool from_mpi(unsigned long *rank, unsigned long *size)
{
	static const char *const names[][2] = {
		{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
		{"PMI_RANK", "PMI_SIZE"},
		{"SLURM_PROCID", "SLURM_NTASKS"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (in_environment(names[i][0], rank) && in_environment(names[i][1], size) && *rank < *size)
			return true;
	return false;
}

static bool parse_numbers(const char *text, unsigned long *part, unsigned long *parts)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*part = strtoul(text, &end, 10);
	if (*end != '/' || end[1] < '0' || end[1] > '9')
		return false;
	*parts = strtoul(end + 1, &end, 10);
	return !errno && !*end && *part >= 1 && *part <= *parts && *parts <= UINT_MAX;
}

bool shard_parse(struct shard *shard, const char *text)
{
	unsigned long part, parts;

	if (!strcmp(text, "mpi")) {
		if (!from_mpi(&part, &parts)) {
			complain("--shard mpi: no rank and size of MPI in the environment (OMPI_COMM_WORLD_RANK, "
				 "PMI_RANK or SLURM_PROCID); start it by mpirun or srun");
			return false;
		}
		part++;
	} else if (!parse_numbers(text, &part, &parts)) {
		complain("--shard is K/N, the Kth of N parts, as 2/8, or mpi; not \"%.100s\"", text);
		return false;
	}
	shard->index = (unsigned)part - 1;
	shard->count = (unsigned)parts;
	return true;
}

/* ---- cutting ------------------------------------------------------------------------------ */

void shard_split(struct check_run *run, unsigned parts, unsigned depth)
{
	unsigned count = run->options.shards ? run->options.shards : 1;

	run->parts = must(calloc(parts, sizeof(*run->parts)));
	run->nparts = run->open = parts;
	for (unsigned i = 0; i < parts; i++) {
		struct check_run *part = &run->parts[i];

		part->scenario = run->scenario;
		part->options = run->options;
		part->options.shard = run->options.shard + count * i;
		part->options.shards = count * parts;
		part->options.shard_depth = depth;
		part->all_steps = run->all_steps;
		part->whole = run;
	}
}

/* ---- adding up ---------------------------------------------------------------------------- */

static double later(double a, double b)
{
	return a > b ? a : b;
}

static void add_counts(struct explore_result *sum, const struct explore_result *part)
{
	sum->executions += part->executions;
	sum->blocked += part->blocked;
	sum->violating += part->violating;
	sum->replayed += part->replayed;
	sum->seen |= part->seen;
	sum->seconds = later(sum->seconds, part->seconds);
	if (sum->outcomes < part->outcomes)
		sum->outcomes = part->outcomes;
	if (sum->steps_most < part->steps_most)
		sum->steps_most = part->steps_most;
}

/* How much a part's verdict says of the whole.  What one part never saw another may have seen. */
static int weight(const struct check_run *part)
{
	static const int weights[EXPLORE_VERDICTS] = {
		[EXPLORE_EMPTY] = 1, [EXPLORE_PROVED] = 1, [EXPLORE_SKIPPED] = 2, [EXPLORE_UNFINISHED] = 3,
		[EXPLORE_VIOLATED] = 5,
	};

	return part->trouble ? 4 : weights[part->result.verdict];
}

static const struct check_run *weightiest(const struct check_run *run)
{
	const struct check_run *found = NULL;

	for (unsigned i = 0; i < run->nparts; i++)
		if (run->parts[i].ended && (!found || weight(&run->parts[i]) > weight(found)))
			found = &run->parts[i];
	return found;
}

/* Each is complete: was everything seen that must be? */
static void judge_seen(struct check_run *run)
{
	const struct scenario *scenario = run->scenario;
	struct explore_result *result = &run->result;

	result->verdict = EXPLORE_PROVED;
	result->reason[0] = '\0';
	for (size_t i = 0; i < scenario->nconditions && i < 64; i++) {
		if (!scenario->conditions[i].seen || result->seen >> i & 1)
			continue;
		result->verdict = EXPLORE_EMPTY;
		result->at = scenario->conditions[i].at;
		snprintf(result->reason, sizeof(result->reason), "seen %.400s: no execution shows it",
			 scenario->conditions[i].text);
		return;
	}
}

void shard_sum(struct check_run *run)
{
	const struct check_run *part = weightiest(run);
	struct explore_result sum = part->result;

	sum.executions = sum.blocked = sum.violating = sum.replayed = sum.outcomes = 0;
	for (unsigned i = 0; i < run->nparts; i++)
		if (run->parts[i].ended)
			add_counts(&sum, &run->parts[i].result);
	run->result = sum;
	run->trouble = part->trouble;
	if (weight(part) == 1)
		judge_seen(run);
	if (part->story) {
		run->story = must(strdup(part->story));
		run->data = part->data ? must(strdup(part->data)) : NULL;
	}
	run->told_by = part;
}

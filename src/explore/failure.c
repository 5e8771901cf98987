/*
 * failure.c - a failing scenario made short, and the story of it
 *
 * What is left out is looked for by exploring again, in limited time.  Steps keep
 * their positions, so a failure is the same when the same line says the same, or where
 * no line does, when it is of the same kind.  It must depend on the order of the threads
 * where it did before: a store that is missing in every order makes a short story of
 * something else.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory.h"
#include "shrink.h"
#include "story.h"
#include "world.h"

#define MOST_SECONDS 20.0	/* to make it short: somebody waits */
#define MOST_EACH 5.0		/* of one that is tried */
#define ENOUGH 200u		/* executions, to see one that is not wrong */

struct failure {
	const struct exploration *exploration;
	const char *kind;
	char what[512];		/* "": no line says it */
	bool depends;		/* on the order of the threads */
	double until;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Explored from the beginning, for as long as there is time. */
static bool try(const struct failure *failure, const struct scenario *scenario, struct exploration exploration,
		struct explored *explored)
{
	struct refusal refusal;

	exploration.only = 0;
	exploration.shards = 0;
	exploration.progress = NULL;
	exploration.seconds_most = MOST_EACH;
	return now() < failure->until && play_scenario(scenario, &exploration, explored, &refusal);
}

static struct position said_at(void)
{
	return play.said.set ? play.said.at : (struct position){ 0, 0 };
}

static const char *said(const struct explored *explored)
{
	return said_at().line ? explored->what : "";
}

/* Is there an execution that is not wrong?  Those before the first wrong one are not. */
static bool depends_on_order(const struct failure *failure, const struct scenario *scenario, const struct explored *found)
{
	struct exploration exploration = *failure->exploration;
	struct explored explored;

	if (found->executions > found->violating)
		return true;
	exploration.go_on = true;
	exploration.executions_most = ENOUGH;
	if (!try(failure, scenario, exploration, &explored))
		return false;
	run_free(explored.run);
	return explored.violating < explored.executions;
}

static bool still_fails(const struct scenario *scenario, void *context)
{
	const struct failure *failure = context;
	struct exploration exploration = *failure->exploration;
	struct explored explored;
	bool same;

	exploration.go_on = false;
	if (!try(failure, scenario, exploration, &explored))
		return false;
	run_free(explored.run);
	same = explored.violating && !strcmp(play_kind(&explored), failure->kind) && !strcmp(said(&explored), failure->what);
	return same && (!failure->depends || depends_on_order(failure, scenario, &explored));
}

/* ---- words ---------------------------------------------------------------------- */

static char *replay_command(const struct scenario *scenario, const struct explore_options *options, uint64_t number)
{
	char *text = NULL;
	size_t length;
	FILE *f = open_memstream(&text, &length);

	if (!f)
		return NULL;
	fprintf(f, "holdfast check %s", options->called ? options->called : scenario->name);
	if (options->design != DESIGN_HOLDFAST)
		fprintf(f, " --design %s", design_names[options->design]);
	if (options->model != EXPLORE_C11)
		fprintf(f, " --model %s", explore_model_names[options->model]);
	if (options->naive)
		fputs(" --naive", f);
	if (options->random)
		fprintf(f, " --random %llu --seed %llu", (unsigned long long)options->random,
			(unsigned long long)options->seed);
	if (options->shards)
		fprintf(f, " --shard %u/%u --depth %u", options->shard + 1, options->shards, options->shard_depth);
	if (options->mutant)
		fprintf(f, " --mutant %s", options->mutant);
	fprintf(f, " --execution %llu", (unsigned long long)number);
	fclose(f);
	return text;
}

/* While the memory of the failing execution still stands. */
static struct explore_run *tell(const struct scenario *scenario, const struct explore_options *options,
				const struct exploration *exploration, struct explored *explored, char *replay)
{
	struct story_words words = {
		.name = scenario->name,
		.kind = play_kind(explored),
		.design = design_names[options->design],
		.model = explore_model_names[options->model],
		.replay = replay,
		.scenario = scenario,
		.at = said_at(),
		.program = exploration->program,
		.key = name_is_key,
		.site = site_of,
	};
	struct explore_run *story = story_make(explored->run, &words);

	explored->run = NULL;	/* the story's from now on */
	return story;
}

static void find_repair(struct explore_run *story, const struct exploration *exploration)
{
	char *text = repair_find(exploration, story->run);

	if (text && *text)
		story_repair(story, text);
	free(text);
}

/* ---- the whole --------------------------------------------------------------------- */

static struct scenario *make_short(const struct scenario *scenario, const struct exploration *exploration,
				   const struct explored *explored)
{
	struct failure failure = { .exploration = exploration, .kind = play_kind(explored), .until = now() + MOST_SECONDS };

	snprintf(failure.what, sizeof(failure.what), "%s", said(explored));
	failure.depends = depends_on_order(&failure, scenario, explored);
	return shrink_scenario(scenario, still_fails, &failure);
}

/* One execution of the scenario as it is, once more, so that its memory stands. */
static struct explore_run *tell_again(const struct scenario *scenario, const struct explore_options *options,
				      const struct exploration *exploration, uint64_t number, char *replay)
{
	struct exploration again = *exploration;
	struct explore_run *story = NULL;
	struct explored explored;
	struct refusal refusal;

	again.only = number;
	again.progress = NULL;
	if (play_scenario(scenario, &again, &explored, &refusal) && explored.run)
		story = tell(scenario, options, &again, &explored, replay);
	return story;
}

struct explore_run *failure_story(const struct scenario *scenario, const struct explore_options *options,
				  const struct exploration *exploration, const struct explored *explored)
{
	uint64_t number = explored->number ? explored->number : options->only;
	char *replay = replay_command(scenario, options, number);
	bool as_it_is = options->only || options->random;
	struct scenario *small = as_it_is ? NULL : make_short(scenario, exploration, explored);
	struct exploration again = *exploration;
	struct explore_run *story = NULL;
	struct explored shorter;
	struct refusal refusal;

	again.progress = NULL;
	again.shards = 0;
	again.go_on = false;
	if (small && play_scenario(small, &again, &shorter, &refusal) && shorter.run) {
		story = tell(small, options, &again, &shorter, replay);
		find_repair(story, &again);
	}
	if (!story)
		story = tell_again(scenario, options, exploration, number, replay);
	scenario_free(small);
	free(replay);
	return story;
}

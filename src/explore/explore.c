/*
 * explore.c - the door: from a scenario and options to a verdict
 *
 *	proved		every execution was run, none is wrong, all that must be seen was seen
 *	violated	one is wrong: a promise, a race, a leak, ...
 *	unfinished	a limit ended it, ours or the caller's; or it was at random
 *	empty		complete, and something that must be seen never was
 *	skipped		the explorer can't do it
 *
 * A limit of the explorer's own is no violation, and never a proof.
 */
#include "explore.h"

#include <stdarg.h>
#include <string.h>

#include "story.h"
#include "world.h"

const char *const explore_verdict_names[EXPLORE_VERDICTS] = { "proved", "violated", "unfinished", "empty", "skipped" };
const char *const explore_model_names[EXPLORE_MODELS] = { "c11", "tso", "sc" };

/* ---- one exploration ----------------------------------------------------------- */

static struct program program = {
	.setup = program_setup,
	.thread = program_thread,
	.judge = judge_execution,
	.context = &play.world,
	.context_bytes = sizeof(play.world),
	.name = name_address,
	.value = name_value,
};

bool play_scenario(const struct scenario *scenario, const struct exploration *exploration, struct explored *explored,
		   struct refusal *refusal)
{
	enum design_id design = play.plan.design;
	struct exploration mine = *exploration;

	plan_free(&play.plan);
	if (!plan_make(&play.plan, scenario, design, refusal))
		return false;
	judge_begin();
	program.threads = (unsigned)scenario->nthreads;
	mine.program = &program;
	mine.waits = !scenario->polled;
	engine_explore(&mine, explored);
	return true;
}

/* Is what the engine has as the first violation ours? */
static bool is_said(const struct explored *explored)
{
	return play.said.set && play.said.wrong == explored->wrong && !strcmp(play.said.what, explored->what);
}

const char *play_kind(const struct explored *explored)
{
	if (explored->wrong == WRONG_PROMISE && is_said(explored) && !play.said.broken)
		return "error";
	return wrong_names[explored->wrong];
}

/* ---- options ---------------------------------------------------------------------- */

struct watching {
	const struct explore_options *options;
};

static bool watch(const struct progress *progress, void *context)
{
	const struct watching *watching = context;

	return watching->options->progress(progress->executions, progress->seconds, progress->done,
					   watching->options->context);
}

static void reach(const void *site, enum order order, bool fence, void *context)
{
	(void)order;
	(void)fence;
	mutants_reached(site, context);
}

static struct exploration exploration_of(const struct explore_options *options, struct watching *watching,
					 const struct mutant *mutant)
{
	static const enum model models[EXPLORE_MODELS] = {
		[EXPLORE_C11] = MODEL_C11, [EXPLORE_TSO] = MODEL_TSO, [EXPLORE_SC] = MODEL_SC,
	};
	struct exploration e = {
		.program = &program,
		.model = models[options->model],
		.search = options->random ? SEARCH_RANDOM : options->naive ? SEARCH_NAIVE :
			  options->sleep ? SEARCH_SLEEP : SEARCH_REDUCED,
		.seed = options->seed,
		.executions_most = options->executions_most,
		.seconds_most = options->seconds_most,
		.shard = options->shard,
		.shards = options->shards,
		.shard_depth = options->shard_depth,
		.only = options->only,
		.go_on = options->go_on,
		.weaken = mutant_weaken(mutant),
	};

	if (options->random && (!e.executions_most || options->random < e.executions_most))
		e.executions_most = options->random;
	watching->options = options;
	if (options->progress) {
		e.progress = watch;
		e.progress_context = watching;
	}
	return e;
}

/* ---- verdicts ------------------------------------------------------------------------ */

static void __attribute__((format(printf, 2, 3))) give_reason(struct explore_result *result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(result->reason, sizeof(result->reason), format, args);
	va_end(args);
	for (char *c = result->reason; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
}

static void skipped(struct explore_result *result, const struct scenario *scenario, const struct refusal *refusal)
{
	result->verdict = EXPLORE_SKIPPED;
	result->as_expected = true;
	result->at = refusal->at;
	if (refusal->at.line)
		give_reason(result, "%s:%d:%d: %s", scenario->path, refusal->at.line, refusal->at.column, refusal->why);
	else
		give_reason(result, "%s", refusal->why);
}

static void violated(struct explore_result *result, const struct explored *explored)
{
	result->verdict = EXPLORE_VIOLATED;
	result->number = explored->number;
	snprintf(result->kind, sizeof(result->kind), "%s", play_kind(explored));
	give_reason(result, "%s", explored->what);
	if (is_said(explored)) {
		result->broken = play.said.broken;
		result->at = play.said.at;
	}
}

static void unfinished(struct explore_result *result, const char *why)
{
	result->verdict = EXPLORE_UNFINISHED;
	give_reason(result, "%s", why);
}

/* What must be seen and never was; NULL: all was. */
static const struct condition *unseen(const struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->nconditions; i++)
		if (scenario->conditions[i].seen && !play.seen[i])
			return &scenario->conditions[i];
	return NULL;
}

/* A part of the executions need not show all that must be seen. */
static void complete(struct explore_result *result, const struct scenario *scenario, const struct explore_options *options)
{
	const struct condition *missing = options->shards > 1 ? NULL : unseen(scenario);

	result->verdict = missing ? EXPLORE_EMPTY : EXPLORE_PROVED;
	if (!missing)
		return;
	result->at = missing->at;
	give_reason(result, "%s:%d:%d: seen %s: no execution shows it", scenario->path, missing->at.line,
		    missing->at.column, missing->text);
}

static void conclude(struct explore_result *result, const struct scenario *scenario,
		     const struct explore_options *options, const struct explored *explored)
{
	bool expected = scenario->broken_under & 1u << options->design;

	if (explored->wrong == WRONG_LIMIT)
		unfinished(result, explored->what);
	else if (explored->violating)
		violated(result, explored);
	else if (explored->complete)
		complete(result, scenario, options);
	else if (options->only)
		unfinished(result, "one execution was run");
	else
		unfinished(result, explored->limit ? explored->limit : "it was ended");
	/* What breaks by an error or a deadlock does not break as history has it. */
	if (expected)
		result->as_expected = result->verdict == EXPLORE_VIOLATED && result->broken;
	else
		result->as_expected = result->verdict == EXPLORE_PROVED ||
				      (result->verdict == EXPLORE_UNFINISHED && options->random && !explored->violating);
}

static void count(struct explore_result *result, const struct scenario *scenario, const struct explored *explored)
{
	for (size_t i = 0; i < scenario->nconditions; i++)
		result->seen |= (uint64_t)play.seen[i] << i;
	result->executions = explored->executions;
	result->blocked = explored->blocked;
	result->violating = explored->violating;
	result->outcomes = explored->outcomes;
	result->replayed = explored->replayed;
	result->steps_most = explored->steps_most;
	result->seconds = explored->seconds;
}

void explore_scenario(const struct scenario *scenario, const struct explore_options *options, struct explore_result *result)
{
	const struct mutant *mutant = options->mutant ? mutant_find(options->mutant) : NULL;
	struct exploration exploration;
	struct explored explored;
	struct watching watching;
	struct refusal refusal = { .at.line = 0 };
	bool possible;

	memset(result, 0, sizeof(*result));
	if (options->mutant && !mutant) {
		snprintf(refusal.why, sizeof(refusal.why), "no mutant has the name %s", options->mutant);
		skipped(result, scenario, &refusal);
		return;
	}
	play.plan.design = options->design;
	exploration = exploration_of(options, &watching, mutant);
	exploration.site = reach;
	exploration.site_context = result->reached;
	play.outcome = options->outcome;
	play.outcome_context = options->context;
	possible = play_scenario(scenario, &exploration, &explored, &refusal);
	play.outcome = NULL;
	if (!possible) {
		skipped(result, scenario, &refusal);
		return;
	}
	count(result, scenario, &explored);
	conclude(result, scenario, options, &explored);
	if (explored.run && options->story && (result->verdict == EXPLORE_VIOLATED || options->only))
		result->run = failure_story(scenario, options, &exploration, &explored);
	run_free(explored.run);
	plan_free(&play.plan);
	judge_begin();
}

void explore_print_all(const struct explore_run *story, FILE *out, unsigned width, bool colour)
{
	story_print_all(story, out, width, colour);
}

void explore_result_free(struct explore_result *result)
{
	story_free(result->run);
	result->run = NULL;
}

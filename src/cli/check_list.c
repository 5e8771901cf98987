/*
 * check_list.c - scenarios and designs become runs, carried out and printed
 *
 * Runs end in any order, and are printed in that of the scenarios, so that what is
 * printed is the same each time.
 */
#include "check.h"

#include "must.h"
#include "run.h"

#include <inttypes.h>
#include <string.h>

/* ---- one run ------------------------------------------------------------------------------ */

const char *check_word(const struct check_run *run)
{
	return run->trouble ? "error" : explore_verdict_names[run->result.verdict];
}

bool check_breaks_by_file(const struct check_run *run)
{
	return run->scenario->broken_under & 1u << run->options.design;
}

/* A search that was never to be complete disappoints nobody by not being it. */
bool check_as_expected(const struct check_run *run)
{
	if (run->trouble)
		return false;
	switch (run->result.verdict) {
	case EXPLORE_SKIPPED:
		return true;
	case EXPLORE_UNFINISHED:
		return run->options.random || (run->options.only && !run->beyond);
	case EXPLORE_EMPTY:	/* of a part: what it has not, another part may have */
		return run->options.shards;
	case EXPLORE_PROVED:
		return run->options.shards || !check_breaks_by_file(run);
	default:
		return run->result.as_expected;
	}
}

unsigned check_designs(const struct scenario *scenario, unsigned asked)
{
	if (asked)
		return asked;
	return scenario->check_under ? scenario->check_under : 1u << DESIGN_HOLDFAST;
}

/* ---- a list of them ----------------------------------------------------------------------- */

/* The story of a failing run takes a while to make: only where it is going to be read. */
static bool wants_story(const struct check_list *list, const struct check_run *run)
{
	const struct check_settings *settings = list->settings;

	return settings->verbose || settings->save || list->corpus->count == 1 ||
	       !check_breaks_by_file(run);
}

static void add_runs(struct check_list *list, const struct scenario *scenario)
{
	unsigned designs = check_designs(scenario, list->settings->designs);

	for (unsigned design = 0; design < DESIGNS; design++) {
		struct check_run *run = &list->runs[list->count];

		if (!(designs & 1u << design))
			continue;
		list->count++;
		run->scenario = scenario;
		run->options = list->settings->options;
		run->options.design = design;
		run->options.story = wants_story(list, run);
		run->all_steps = list->settings->verbose;
	}
}

/* Parts for each, so many that all jobs have something to do. */
static void split_all(struct check_list *list)
{
	const struct check_settings *settings = list->settings;
	unsigned parts;

	if (!settings->split || !list->count || list->count >= settings->jobs)
		return;
	parts = (settings->jobs + (unsigned)list->count - 1) / (unsigned)list->count;
	for (size_t i = 0; i < list->count; i++)
		shard_split(&list->runs[i], parts, settings->options.shard_depth);
}

void check_list_make(struct check_list *list, const struct corpus *corpus, const struct check_settings *settings)
{
	*list = (struct check_list){.settings = settings, .corpus = corpus};
	list->runs = must(calloc(corpus->count * DESIGNS + 1, sizeof(*list->runs)));
	for (size_t i = 0; i < corpus->count; i++)
		add_runs(list, corpus->scenarios[i]);
	split_all(list);
}

static void forget(struct check_run *run)
{
	free(run->story);
	free(run->data);
}

void check_list_free(struct check_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		for (unsigned p = 0; p < list->runs[i].nparts; p++)
			forget(&list->runs[i].parts[p]);
		free(list->runs[i].parts);
		forget(&list->runs[i]);
	}
	free(list->runs);
}

/* ---- carrying them out -------------------------------------------------------------------- */

struct carried {
	struct check_list *list;
	const struct check_printer *printer;
};

static struct check_run *next(void *context)
{
	struct check_list *list = ((struct carried *)context)->list;

	while (list->started < list->count) {
		struct check_run *run = &list->runs[list->started];

		if (!run->nparts) {
			list->started++;
			return run;
		}
		if (list->part < run->nparts && !run->ended)
			return &run->parts[list->part++];
		list->part = 0;
		list->started++;
	}
	return NULL;
}

/* A violation of a part is one of the whole: the other parts need not go on. */
static void part_ended(struct check_run *part)
{
	struct check_run *whole = part->whole;
	bool enough = part->result.verdict == EXPLORE_VIOLATED && !part->trouble && !part->options.go_on;

	whole->open--;
	if (whole->open && !enough)
		return;
	for (unsigned i = 0; i < whole->nparts; i++)
		whole->parts[i].unwanted = !whole->parts[i].ended;
	whole->ended = true;
	shard_sum(whole);
}

static void print_ended(const struct carried *carried)
{
	struct check_list *list = carried->list;

	while (list->printed < list->count && list->runs[list->printed].ended) {
		const struct check_run *run = &list->runs[list->printed++];

		progress_clear();
		carried->printer->run(list, run);
		fflush(stdout);
		if (list->save && run->data) {
			fputs(run->data, list->save);
			fflush(list->save);
		}
	}
}

/* All executions were run, and the one that was asked for is none of them. */
static void look_for_it(struct check_run *run)
{
	struct explore_result *result = &run->result;

	if (run->trouble || !run->options.only ||
	    (result->verdict != EXPLORE_PROVED && result->verdict != EXPLORE_EMPTY))
		return;
	run->beyond = true;
	result->verdict = EXPLORE_UNFINISHED;
	snprintf(result->reason, sizeof(result->reason), "there is no execution %" PRIu64, run->options.only);
}

static void ended(struct check_run *run, void *context)
{
	struct carried *carried = context;

	run->ended = true;
	look_for_it(run);
	if (run->whole)
		part_ended(run);
	carried->list->ended += !run->whole || run->whole->ended;
	print_ended(carried);
}

static void tick(struct check_run *const *running, unsigned count, void *context)
{
	const struct check_list *list = ((struct carried *)context)->list;

	progress_show(running, count, list->ended, list->count, list->settings->progress);
}

static enum exit_code status_of(const struct check_list *list)
{
	bool done = false;

	if (list->corpus->bad)
		return EXIT_BAD_INPUT;
	for (size_t i = 0; i < list->count; i++) {
		if (!check_as_expected(&list->runs[i]))
			return EXIT_UNEXPECTED;
		done = done || list->runs[i].result.verdict != EXPLORE_SKIPPED;
	}
	return done ? EXIT_EXPECTED : EXIT_IMPOSSIBLE;
}

enum exit_code check_list_run(struct check_list *list, const struct check_printer *printer)
{
	struct carried carried = {list, printer};
	struct check_source source = {next, ended, tick, &carried};
	double began = check_now();

	if (printer->begin)
		printer->begin(list);
	check_work(&source, list->settings->jobs);
	progress_clear();
	list->seconds = check_now() - began;
	if (printer->end)
		printer->end(list);
	return status_of(list);
}

/* ---- what to type for it ------------------------------------------------------------------ */

char *check_command(const struct check_run *run)
{
	const struct explore_options *options = run->told_by ? &run->told_by->options : &run->options;
	char *text = NULL;
	size_t length;
	FILE *out = must(open_memstream(&text, &length));

	fprintf(out, "holdfast check %s --design %s --model %s", corpus_handle(run->scenario),
		design_names[options->design], explore_model_names[options->model]);
	if (options->naive)
		fputs(" --naive", out);
	if (options->random)
		fprintf(out, " --random %" PRIu64 " --seed %" PRIu64, options->random, options->seed);
	if (options->shards)
		fprintf(out, " --shard %u/%u --depth %u", options->shard + 1, options->shards, options->shard_depth);
	if (options->mutant)
		fprintf(out, " --mutant %s", options->mutant);
	if (run->result.number)
		fprintf(out, " --execution %" PRIu64, run->result.number);
	fclose(out);
	return must(text);
}

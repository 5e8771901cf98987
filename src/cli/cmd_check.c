/*
 * cmd_check.c - `holdfast check`: scenarios with threads, in every order, on the
 * real code
 */
#include "check.h"
#include "mutate.h"
#include "names.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/random.h>

static const char *format = "text", *model = "c11", *design_list, *shard, *save, *mutant, *survivors;
static uint64_t random_count, seed, executions, seconds, execution, jobs, depth = 40;
static bool all, naive, quiet, verbose, progress, mutate;

/* ---- from options to settings ------------------------------------------------------------- */

static bool parse_model(struct explore_options *options)
{
	for (unsigned i = 0; i < EXPLORE_MODELS; i++)
		if (!strcmp(explore_model_names[i], model)) {
			options->model = (enum explore_model)i;
			return true;
		}
	return false;
}

static bool parse_design(unsigned *designs, const char *word, size_t length)
{
	const char *words[DESIGNS + 1];
	char copy[64];
	int index;

	for (int i = 0; i < DESIGNS; i++)
		words[i] = design_names[i];
	words[DESIGNS] = "designs";
	index = word_index(words, DESIGNS + 1, word, length);
	if (index >= 0) {
		*designs |= index < DESIGNS ? 1u << index : (1u << DESIGNS) - 1;
		return true;
	}
	snprintf(copy, sizeof(copy), "%.*s", (int)length, word);
	complain_unknown("design", "", copy, words, DESIGNS + 1, "designs");
	return false;
}

static bool parse_designs(unsigned *designs)
{
	const char *at = design_list;

	while (at) {
		size_t length = strcspn(at, ",");

		if (!parse_design(designs, at, length))
			return false;
		at = at[length] ? at + length + 1 : NULL;
	}
	return true;
}

static unsigned cores(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return count > 0 ? (unsigned)count : 1;
}

static uint64_t any_seed(void)
{
	uint32_t value = 0;

	while (!value)
		if (getrandom(&value, sizeof(value), 0) != sizeof(value))
			value = 1;
	return value;
}

static bool parse_part(struct explore_options *options)
{
	struct shard part = {0};

	if (shard && !shard_parse(&part, shard))
		return false;
	options->shard = part.index;
	options->shards = part.count;
	options->shard_depth = (unsigned)depth;
	return true;
}

static bool parse_settings(struct check_settings *settings)
{
	struct explore_options *options = &settings->options;

	*options = (struct explore_options){
		.naive = naive, .random = random_count, .seed = seed, .executions_most = executions,
		.seconds_most = (double)seconds, .only = execution, .go_on = all, .mutant = mutant,
	};
	if (random_count && !seed)
		options->seed = any_seed();
	settings->jobs = jobs ? (unsigned)jobs : cores();
	settings->split = jobs && !random_count && !execution;
	settings->quiet = quiet;
	settings->verbose = verbose;
	settings->progress = progress;
	settings->save = save;
	return parse_model(options) && parse_designs(&settings->designs) && parse_part(options);
}

/* What does not go together. */
static const char *contradiction(void)
{
	if (jobs > 4096)
		return "--jobs is at most 4096";
	if (!depth || depth > 200)
		return "--depth is 1 to 200";
	if (quiet && verbose)
		return "--quiet and --verbose are two answers to one question; give one of them";
	if (random_count && (naive || shard || execution))
		return "--random is a search of its own: it does not go with --naive, --shard or --execution";
	if (mutate && (random_count || shard || execution || all || design_list || save))
		return "--mutate does not go with --random, --shard, --execution, --all, --design or --save";
	if (mutate && !strcmp(format, "tap"))
		return "--mutate prints text or JSON: it does not go with --format tap";
	if (survivors && !mutate)
		return "--survivors goes with --mutate";
	return NULL;
}

/* ---- running ------------------------------------------------------------------------------ */

static const struct check_printer *choose_printer(void)
{
	return !strcmp(format, "json") ? &check_print_json : !strcmp(format, "tap") ? &check_print_tap
	       : &check_print_text;
}

static enum exit_code run_list(struct check_list *list)
{
	enum exit_code status;

	if (execution && list->count != 1)
		return complain("--execution is a number of one run: name one scenario, and with --design one design");
	if (save && !(list->save = fopen(save, "w")))
		return complain("%s: %s", save, strerror(errno));
	status = check_list_run(list, choose_printer());
	if (list->save && fclose(list->save)) {
		complain("%s: %s", save, strerror(errno));
		return EXIT_UNEXPECTED;
	}
	return status;
}

static enum exit_code check_corpus(const struct corpus *corpus, const struct check_settings *settings)
{
	struct check_list list;
	enum exit_code status;

	if (!corpus->count) {
		if (corpus->bad)
			return EXIT_BAD_INPUT;
		complain("no scenario with threads; `holdfast run` runs the others");
		return EXIT_IMPOSSIBLE;
	}
	if (mutate)
		return mutate_run(corpus, settings, !strcmp(format, "json"), survivors);
	check_list_make(&list, corpus, settings);
	status = run_list(&list);
	check_list_free(&list);
	return status;
}

static bool mutant_is_known(void)
{
	const struct explore_site *sites;
	size_t count;

	if (!mutant || mutate)
		return true;
	count = explore_sites(&sites);
	for (size_t i = 0; i < count; i++)
		if (!strcmp(sites[i].name, mutant))
			return true;
	complain("unknown mutant %s; `holdfast check --mutate` names them as it tries them", mutant);
	return false;
}

static enum exit_code check(int left, char **arguments)
{
	struct check_settings settings = {.designs = 0};
	const char *wrong = contradiction();
	struct corpus corpus;
	enum exit_code status;

	if (wrong)
		return complain("%s", wrong);
	if (!parse_settings(&settings) || !mutant_is_known())
		return EXIT_BAD_INPUT;
	corpus_read(&corpus, CORPUS_WITH_THREADS, left, arguments);
	status = check_corpus(&corpus, &settings);
	corpus_free(&corpus);
	return status;
}

static const struct option options[] = {
	{.name = "design", .argument = "NAME,...", .help = "in place of those that the file names, or else holdfast",
	 .text = &design_list},
	{.name = "model", .argument = "c11|tso|sc", .help = "the memory model; verdicts are for c11", .text = &model},
	{.name = "jobs", .argument = "N", .help = "so many processes at a time; without it, one a core",
	 .number = &jobs},
	{.name = "seconds", .argument = "S", .help = "a limit for each run", .number = &seconds},
	{.name = "executions", .argument = "N", .help = "a limit for each run", .number = &executions},
	{.name = "random", .argument = "N", .help = "N executions at random, for what is too big: no proof",
	 .number = &random_count},
	{.name = "seed", .argument = "S", .help = "of --random; any, and printed, if not said", .number = &seed},
	{.name = "shard", .argument = "K/N", .help = "the Kth of N parts of each run; or mpi, by the environment",
	 .text = &shard},
	{.name = "depth", .argument = "D", .help = "where runs are cut into parts: after so many steps; 40",
	 .number = &depth},
	{.name = "all", .help = "go on after the first violation, and count them", .given = &all},
	{.name = "execution", .argument = "N", .help = "this execution alone, as a failing run says its number",
	 .number = &execution},
	{.name = "naive", .help = "every order, also of what does not matter: to compare", .given = &naive},
	{.name = "format", .argument = "text|json|tap", .help = "for people, JSON lines, or Test Anything Protocol",
	 .text = &format},
	{.name = "save", .argument = "FILE", .help = "failing runs, as JSON", .text = &save},
	{.name = "quiet", .help = "print only what is not as expected, and the sum", .given = &quiet},
	{.name = "verbose", .help = "tell of expected violations too, and all steps", .given = &verbose},
	{.name = "progress", .help = "say how far it is, also where there is no terminal", .given = &progress},
	{.name = "mutate", .help = "weaken each order and fence of the core in turn: who notices?", .given = &mutate},
	{.name = "mutant", .argument = "NAME", .help = "with this one weakened; with --mutate, all that begin so",
	 .text = &mutant},
	{.name = "survivors", .argument = "FILE", .help = "mutants that nobody can notice, with the reasons",
	 .text = &survivors},
	{.name = NULL},
};

const struct command cmd_check = {
	.name = "check",
	.arguments = "[PATH...]",
	.summary = "Scenarios with threads: every order of what they do, under a weak memory model",
	.details = "A PATH is a file, a directory, or the name of a scenario; without one it is all scenarios\n"
		   "with threads.  Each runs on the library's own code, over every execution that the model\n"
		   "allows: PROVED says that none breaks a promise, VIOLATED is followed by the shortest\n"
		   "story of one that does.\n\n"
		   "Exit status: 0 when all is as the scenarios' files say, 1 when something is not, or could\n"
		   "not be finished (but for --random), 2 when a file is wrong (the others still run), 77\n"
		   "when nothing was possible here.",
	.options = options,
	.run = check,
};

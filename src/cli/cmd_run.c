/*
 * cmd_run.c - `holdfast run`: scenarios by judges, verdicts one by one
 */
#include "cli.h"
#include "run_print.h"

#include <string.h>

static const char *format = "text", *judge_names;
static bool trace, all;

static bool choose_judges(struct judges *judges)
{
	if (all && judge_names) {
		complain("--all and --judge are two answers to one question; give one of them");
		return false;
	}
	if (!all)
		return judges_parse(judges, trace && !judge_names ? "holdfast,kernel" : judge_names);
	judges_all(judges);
	return true;
}

static const struct run_printer *choose_printer(void)
{
	return !strcmp(format, "json") ? &run_print_json : !strcmp(format, "tap") ? &run_print_tap : &run_print_text;
}

static enum exit_code run(int left, char **arguments)
{
	struct judges judges;
	struct corpus corpus;
	struct tally tally = {.all = 0};
	enum exit_code status;

	if (trace && strcmp(format, "text") != 0)
		return complain("--trace is text: it does not go with --format %s", format);
	if (!left)
		return complain("run what? Name scenarios, files or directories; `holdfast report` runs all there are");
	if (!choose_judges(&judges))
		return EXIT_BAD_INPUT;
	corpus_read(&corpus, CORPUS_WITHOUT_THREADS, left, arguments);
	if (trace)
		run_traced(&corpus, &judges, &tally);
	else
		run_corpus(&corpus, &judges, choose_printer(), &tally);
	status = tally_status(&tally, &corpus);
	corpus_free(&corpus);
	return status;
}

static const struct option options[] = {
	{.name = "format", .argument = "text|json|tap", .help = "for people, JSON lines, or Test Anything Protocol",
	 .text = &format},
	{.name = "trace", .help = "every step, and the entries, pages and pins it changed", .given = &trace},
	{.name = "judge", .argument = "NAME,...", .help = "designs, kernel, model, or a design's name",
	 .text = &judge_names},
	{.name = "all", .help = "every judge there is, the model too", .given = &all},
	{.name = NULL},
};

const struct command cmd_run = {
	.name = "run",
	.arguments = "PATH...",
	.summary = "Run scenarios: by every design and the kernel, or by the judges named",
	.details = "A PATH is a file, a directory (all *.scn below it), or the name of a scenario, as\n"
		   "history/vmsplice-leak.  With --trace the judges are holdfast and kernel, if not named.\n\n"
		   "Exit status: 0 when every design is as the scenario's file says, whatever the kernel\n"
		   "does; 1 when one is not, or a judge had an error; 2 when a file is wrong (the others\n"
		   "still run); 77 when nothing was possible here.",
	.options = options,
	.run = run,
};

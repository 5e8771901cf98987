/*
 * cmd_kernel.c - `holdfast kernel`: what this kernel can do, and the scenarios
 * on it alone
 */
#include "cli.h"
#include "kernel.h"
#include "run_print.h"

#include <stdio.h>

static enum exit_code kernel(int left, char **arguments)
{
	struct judges judges;
	struct corpus corpus;
	struct tally tally = {.all = 0};

	if (!judges_parse(&judges, "kernel"))
		return EXIT_BAD_INPUT;
	corpus_read(&corpus, CORPUS_WITHOUT_THREADS, left, arguments);
	kernel_probe_print(stdout);
	fputc('\n', stdout);
	run_corpus(&corpus, &judges, &run_print_text, &tally);
	corpus_free(&corpus);
	return tally_status(&tally, &corpus);
}

const struct command cmd_kernel = {
	.name = "kernel",
	.arguments = "[PATH...]",
	.summary = "What the kernel that runs here can do, and the scenarios on it, with reasons",
	.run = kernel,
};

/*
 * cmd_report.c - `holdfast report`, the main job: which promises hold, where the
 * fast path works, and where the kernel that runs here does otherwise
 */
#include "cli.h"
#include "fastpath_print.h"
#include "heading.h"
#include "promise_table.h"
#include "reasons.h"

static bool reasons;
static const char *judge_names;

static enum exit_code print_report(const struct matrix *matrix, struct term term)
{
	static struct fastpath table;

	heading_print(matrix->judges, stdout, term);
	promise_table_print(matrix, stdout, term);
	fputc('\n', stdout);
	failures_print(matrix, stdout, term);
	left_out_print(matrix->corpus, stdout, term);
	if (matrix->corpus->left_out)
		fputc('\n', stdout);
	if (reasons)
		reasons_print(matrix, stdout, term);
	if (fastpath_measure(&table))
		return EXIT_UNEXPECTED;
	fastpath_print(&table, stdout, term);
	fputc('\n', stdout);
	surprises_print(matrix, stdout, term);
	return EXIT_EXPECTED;
}

static enum exit_code report(int left, char **arguments)
{
	struct judges judges;
	struct corpus corpus;
	struct matrix matrix;
	struct tally tally = {.all = 0};
	enum exit_code status = EXIT_BAD_INPUT;

	if (!judges_parse(&judges, judge_names))
		return EXIT_BAD_INPUT;
	corpus_read(&corpus, CORPUS_WITHOUT_THREADS, left, arguments);
	if (!corpus.count) {
		left_out_print(&corpus, stdout, term_of_stdout());
		status = tally_status(&tally, &corpus);
	} else {
		corpus_sort(&corpus);
		matrix_run(&matrix, &corpus, &judges);
		for (size_t i = 0; i < corpus.count * (size_t)judges.count; i++)
			tally_add(&tally, judges.list[i % (size_t)judges.count], &matrix.verdicts[i]);
		status = print_report(&matrix, term_of_stdout());
		if (status == EXIT_EXPECTED)
			status = tally_status(&tally, &corpus);
		matrix_free(&matrix);
	}
	corpus_free(&corpus);
	return status;
}

static const struct option options[] = {
	{.name = "reasons", .help = "say of every cell \"-\" why it is not possible here", .given = &reasons},
	{.name = "judge", .argument = "NAME,...", .help = "the columns: designs, kernel, model, or a design's name",
	 .text = &judge_names},
	{.name = NULL},
};

const struct command cmd_report = {
	.name = "report",
	.arguments = "[PATH...]",
	.summary = "Which promises hold, where the fast path works, what surprises: the main job",
	.details = "Each scenario is run by each design and on the kernel that runs here.  A PATH is a file, a\n"
		   "directory, or the name of a scenario; without one it is all scenarios there are.",
	.options = options,
	.run = report,
};

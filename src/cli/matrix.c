/*
 * matrix.c - running scenarios by judges, and what it comes to
 */
#include "matrix.h"

#include "must.h"

#include <stdio.h>
#include <unistd.h>

/* On standard error, and gone before the table comes. */
static void say_how_far(size_t row, size_t rows)
{
	if (!isatty(STDERR_FILENO) || !isatty(STDOUT_FILENO))
		return;
	if (row < rows)
		fprintf(stderr, "\rscenario %zu of %zu ", row + 1, rows);
	else
		fprintf(stderr, "\r%*s\r", 40, "");
	fflush(stderr);
}

void matrix_run(struct matrix *matrix, const struct corpus *corpus, const struct judges *judges)
{
	struct verdict *verdict;

	matrix->corpus = corpus;
	matrix->judges = judges;
	matrix->verdicts = must(calloc(corpus->count * (size_t)judges->count + 1, sizeof(*verdict)));
	verdict = matrix->verdicts;
	for (size_t row = 0; row < corpus->count; row++) {
		say_how_far(row, corpus->count);
		for (int column = 0; column < judges->count; column++)
			run_scenario(corpus->scenarios[row], judges->list[column], verdict++);
	}
	say_how_far(corpus->count, corpus->count);
}

void matrix_free(struct matrix *matrix)
{
	free(matrix->verdicts);
}

bool verdict_fails(const struct judge_ops *judge, const struct verdict *verdict)
{
	return !verdict->as_expected && (verdict->verdict == VERDICT_ERROR || !judge_is_kernel(judge));
}

bool verdict_differs(const struct judge_ops *judge, const struct verdict *verdict)
{
	return !verdict->as_expected && !verdict_fails(judge, verdict);
}

void tally_add(struct tally *tally, const struct judge_ops *judge, const struct verdict *verdict)
{
	tally->all++;
	tally->kinds[verdict->verdict]++;
	tally->failures += verdict_fails(judge, verdict);
	tally->kernel_differs += verdict_differs(judge, verdict);
}

enum exit_code tally_status(const struct tally *tally, const struct corpus *corpus)
{
	if (corpus->bad)
		return EXIT_BAD_INPUT;
	if (tally->failures)
		return EXIT_UNEXPECTED;
	if (!tally->all)
		return corpus->left_out ? EXIT_IMPOSSIBLE : EXIT_EXPECTED;
	return tally->kinds[VERDICT_SKIPPED] == tally->all ? EXIT_IMPOSSIBLE : EXIT_EXPECTED;
}

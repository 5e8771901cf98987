/*
 * reasons.c - what lies behind the cells of the table, a line each
 *
 * Nothing is printed of which there is nothing to say, but for the kernel: that
 * it breaks no promise is news too.
 */
#include "reasons.h"

#include "must.h"
#include "same.h"

#include <errno.h>
#include <string.h>

struct promise_list promise_list(unsigned promises)
{
	struct promise_list list = {""};

	for (int p = 0; p < PROMISES; p++)
		if (promises & 1u << p) {
			strcat(list.text, list.text[0] ? ", " : "");
			strcat(list.text, promise_names[p]);
		}
	return list;
}

struct short_reason short_reason(const struct scenario *scenario, const struct verdict *verdict)
{
	struct short_reason reason;
	char prefix[800];
	int length;

	length = snprintf(prefix, sizeof(prefix), "%s:%d:%d: ", scenario->path, verdict->at.line, verdict->at.column);
	if (verdict->at.line && length > 0 && !strncmp(verdict->reason, prefix, (size_t)length))
		snprintf(reason.text, sizeof(reason.text), "line %d: %s", verdict->at.line, verdict->reason + length);
	else
		snprintf(reason.text, sizeof(reason.text), "%s", verdict->reason);
	return reason;
}

/* ---- lines -------------------------------------------------------------- */

static void print_cell(const struct scenario *scenario, const char *judges, const struct verdict *verdict, FILE *out,
		       struct term term)
{
	struct short_reason reason = short_reason(scenario, verdict);
	bool differs = !strcmp(judges, judge_kernel.name) && verdict_differs(&judge_kernel, verdict);
	char text[1400];

	if (!differs && verdict->verdict == VERDICT_HOLDS && verdict->left_out)
		snprintf(text, sizeof(text), "%s: %u left out: %s", judges, verdict->left_out,
			 verdict->left_out_reason);
	else
		snprintf(text, sizeof(text), "%s%s: %s%s%s", judges, differs ? ", differs from the file" : "",
			 verdict_names[verdict->verdict],
			 reason.text[0] ? ": " : "", reason.text);
	print_wrapped(out, term, fprintf(out, "  %s,", scenario->name), 6, text);
}

static bool any_chosen(const struct matrix *matrix, chosen *choose)
{
	for (size_t i = 0; i < matrix->corpus->count * (size_t)matrix->judges->count; i++)
		if (choose(matrix->judges->list[i % (size_t)matrix->judges->count], &matrix->verdicts[i]))
			return true;
	return false;
}

static void print_chosen(const struct matrix *matrix, const char *title, chosen *choose, FILE *out, struct term term)
{
	if (!any_chosen(matrix, choose))
		return;
	print_title(out, term, title);
	fputc('\n', out);
	for (size_t row = 0; row < matrix->corpus->count; row++)
		say_row(matrix->corpus->scenarios[row], matrix->judges, matrix_at(matrix, row, 0), choose, print_cell,
			out, term);
	fputc('\n', out);
}

/* ---- surprises ---------------------------------------------------------- */

static bool kernel_breaks(const struct judge_ops *judge, const struct verdict *verdict)
{
	return judge_is_kernel(judge) && verdict->verdict == VERDICT_BROKEN;
}

static bool kernel_breaks_news(const struct verdict *verdict)
{
	return kernel_breaks(&judge_kernel, verdict) && !verdict->as_expected;
}

static int widest_broken(const struct matrix *matrix, int kernel)
{
	int widest = 0;

	for (size_t row = 0; row < matrix->corpus->count; row++) {
		const struct verdict *verdict = matrix_at(matrix, row, kernel);
		int length = (int)strlen(promise_list(verdict->broken).text);

		if (kernel_breaks(&judge_kernel, verdict) && length > widest)
			widest = length;
	}
	return widest;
}

/* The promises, then what the scenario is called; below each other where that is too wide. */
static void print_surprise(const struct scenario *scenario, const struct verdict *verdict, int widest, FILE *out,
			   struct term term)
{
	struct promise_list broken = promise_list(verdict->broken);
	const char *name = corpus_handle(scenario);
	int before = 2 + widest + 2, padding = widest + 2 - (int)strlen(broken.text);

	if (verdict->as_expected)
		fputs("  ", out);
	else
		print_styled(out, term, ODD, "! ");
	print_styled(out, term, BAD, broken.text);
	if (term.width && before + (int)strlen(name) >= term.width)
		fprintf(out, "\n      %s\n", name);
	else
		fprintf(out, "%*s%s\n", padding, "", name);
}

void surprises_print(const struct matrix *matrix, FILE *out, struct term term)
{
	bool differs = false;
	int kernel = 0, widest;

	while (kernel < matrix->judges->count && !judge_is_kernel(matrix->judges->list[kernel]))
		kernel++;
	if (kernel == matrix->judges->count)
		return;
	print_title(out, term, "Where this kernel does otherwise than Holdfast promises; step by step:");
	fputc('\n', out);
	if (any_chosen(matrix, kernel_breaks))
		/* To be typed as it is: called as the program was called, and never broken. */
		fprintf(out, "  %s run --trace NAME\n\n", program_invocation_name);
	else
		fputs("  nowhere, of what could be judged here\n", out);
	widest = widest_broken(matrix, kernel);
	for (size_t row = 0; row < matrix->corpus->count; row++) {
		differs = differs || kernel_breaks_news(matrix_at(matrix, row, kernel));
		if (kernel_breaks(&judge_kernel, matrix_at(matrix, row, kernel)))
			print_surprise(matrix->corpus->scenarios[row], matrix_at(matrix, row, kernel), widest, out,
				       term);
	}
	if (differs)
		fputs("\n  !  the file does not say so of a kernel\n", out);
}

/* ---- failures and reasons ----------------------------------------------- */

static bool surprising(const struct judge_ops *judge, const struct verdict *verdict)
{
	(void)judge;
	return !verdict->as_expected;
}

void failures_print(const struct matrix *matrix, FILE *out, struct term term)
{
	print_chosen(matrix, "Not as the scenario's file says", surprising, out, term);
	if (!any_chosen(matrix, surprising))
		fputs("Everything is as the scenarios' files say.\n\n", out);
}

static bool has_reason(const struct judge_ops *judge, const struct verdict *verdict)
{
	(void)judge;
	return verdict->verdict == VERDICT_SKIPPED || (verdict->verdict == VERDICT_HOLDS && verdict->left_out);
}

/* What the cell says, without the line where it says it: the same for many scenarios. */
static struct short_reason bare_reason(const struct matrix *matrix, size_t cell)
{
	const struct scenario *scenario = matrix->corpus->scenarios[cell / (size_t)matrix->judges->count];
	const struct judge_ops *judge = matrix->judges->list[cell % (size_t)matrix->judges->count];
	const struct verdict *verdict = &matrix->verdicts[cell];
	const char *reason = verdict->reason;
	struct short_reason text;

	if (verdict->verdict == VERDICT_HOLDS) {
		snprintf(text.text, sizeof(text.text), "%s, expectations left out: %s", judge->name,
			 verdict->left_out_reason);
		return text;
	}
	if (verdict->at.line) {
		text = short_reason(scenario, verdict);
		reason = strncmp(text.text, "line ", 5) ? text.text : text.text + strcspn(text.text, ":") + 2;
	}
	snprintf(text.text, sizeof(text.text), "%s: %.700s", judge->name, reason);
	return text;
}

/* The reason of one cell, and all scenarios of which it is the reason. */
static void print_reason(const struct matrix *matrix, size_t first, bool *done, FILE *out, struct term term)
{
	size_t columns = (size_t)matrix->judges->count, cells = matrix->corpus->count * columns;
	struct short_reason reason = bare_reason(matrix, first);

	print_wrapped(out, term, 0, 2, reason.text);
	for (size_t i = first; i < cells; i++) {
		if (!has_reason(matrix->judges->list[i % columns], &matrix->verdicts[i]) ||
		    strcmp(bare_reason(matrix, i).text, reason.text) != 0)
			continue;
		done[i] = true;
		fprintf(out, "      %s\n", matrix->corpus->scenarios[i / columns]->name);
	}
}

void reasons_print(const struct matrix *matrix, FILE *out, struct term term)
{
	size_t columns = (size_t)matrix->judges->count, cells = matrix->corpus->count * columns;
	bool *done;

	if (!any_chosen(matrix, has_reason))
		return;
	print_title(out, term, "Not possible here, or left out");
	fputc('\n', out);
	done = must(calloc(cells, sizeof(*done)));
	for (size_t i = 0; i < cells; i++)
		if (!done[i] && has_reason(matrix->judges->list[i % columns], &matrix->verdicts[i]))
			print_reason(matrix, i, done, out, term);
	free(done);
	fputc('\n', out);
}

void left_out_print(const struct corpus *corpus, FILE *out, struct term term)
{
	char text[160];

	if (!corpus->left_out)
		return;
	snprintf(text, sizeof(text), "%zu scenario%s with threads %s for `holdfast check`, which tries every order",
		 corpus->left_out, corpus->left_out == 1 ? "" : "s", corpus->left_out == 1 ? "is" : "are");
	print_wrapped(out, term, 0, 0, text);
}

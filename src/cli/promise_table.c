/*
 * promise_table.c - which promises hold, as a table
 *
 * A cell has room for a few letters: a broken promise is its first two, and
 * several stand side by side, CoSy.  Rows are grouped by the directory of the
 * scenario.
 */
#include "promise_table.h"

#include "heads.h"
#include "must.h"

#include <ctype.h>
#include <string.h>

/* Its first two letters, the first one big. */
static void add_letters(char *text, int promise)
{
	size_t end = strlen(text);

	text[end] = (char)toupper((unsigned char)promise_names[promise][0]);
	text[end + 1] = promise_names[promise][1];
	text[end + 2] = '\0';
}

static struct cell cell_of(const struct verdict *verdict)
{
	static const struct { enum style style; const char *text; } plain[VERDICTS] = {
		[VERDICT_HOLDS] = {GOOD, "ok"}, [VERDICT_BROKEN] = {BAD, ""},
		[VERDICT_SKIPPED] = {FAINT, "-"}, [VERDICT_ERROR] = {ODD, "err"},
	};
	struct cell cell = cell_make(plain[verdict->verdict].style, plain[verdict->verdict].text);

	for (int p = 0; p < PROMISES; p++)
		if (verdict->broken & 1u << p)
			add_letters(cell.text, p);
	if (verdict->verdict == VERDICT_HOLDS && verdict->left_out)
		strcat(cell.text, "~");
	if (!verdict->as_expected) {
		strcat(cell.text, "!");
		cell.style = ODD;
	}
	return cell;
}

/* ---- rows --------------------------------------------------------------- */

static void add_row(struct grid *grid, const struct matrix *matrix, size_t row)
{
	const char *name = matrix->corpus->scenarios[row]->name;
	struct cell cells[JUDGES];
	size_t directory = corpus_directory(name);

	for (int c = 0; c < matrix->judges->count; c++)
		cells[c] = cell_of(matrix_at(matrix, row, c));
	grid_row(grid, name + directory + (directory > 0), cells);
}

/* A title when the directory is another than that of the last row. */
static void add_title(struct grid *grid, const char *name, const char **last)
{
	size_t length = corpus_directory(name);
	char *title;

	if (*last && corpus_directory(*last) == length && !memcmp(*last, name, length))
		return;
	*last = name;
	title = must(length ? strndup(name, length) : strdup("scenarios"));
	grid_group(grid, title);
	free(title);
}

static void add_scenarios(struct grid *grid, const struct matrix *matrix)
{
	const char *last = NULL;

	for (size_t row = 0; row < matrix->corpus->count; row++) {
		add_title(grid, matrix->corpus->scenarios[row]->name, &last);
		add_row(grid, matrix, row);
	}
}

/* ---- totals ------------------------------------------------------------- */

static struct tally column_tally(const struct matrix *matrix, int column)
{
	struct tally tally = {.all = 0};

	for (size_t row = 0; row < matrix->corpus->count; row++)
		tally_add(&tally, matrix->judges->list[column], matrix_at(matrix, row, column));
	return tally;
}

static void add_totals(struct grid *grid, const struct matrix *matrix)
{
	static const char *const labels[VERDICTS] = {"hold", "broken", "not possible here", "error"};
	char title[64];

	snprintf(title, sizeof(title), "of %zu scenario%s", matrix->corpus->count,
		 matrix->corpus->count == 1 ? "" : "s");
	grid_group(grid, title);
	for (int kind = 0; kind < VERDICTS; kind++) {
		struct cell cells[JUDGES];
		unsigned sum = 0;

		for (int c = 0; c < matrix->judges->count; c++) {
			unsigned count = column_tally(matrix, c).kinds[kind];

			snprintf(cells[c].text, sizeof(cells[c].text), "%u", count);
			cells[c].style = count ? PLAIN : FAINT;
			sum += count;
		}
		if (sum || kind < VERDICT_SKIPPED)
			grid_row(grid, labels[kind], cells);
	}
}

/* ---- around it ---------------------------------------------------------- */

static void explain_broken(FILE *out, struct term term)
{
	char text[200] = "broken promises, by the first letters of:";

	for (int p = 0; p < PROMISES; p++) {
		strcat(text, " ");
		add_letters(text, p);
		strcat(text, promise_names[p] + 2);
	}
	print_explained(out, term, BAD, "CoSy", text);
}

/* Only what the table has: a mark that explains nothing is noise. */
static void print_legend(const struct matrix *matrix, FILE *out, struct term term)
{
	struct tally tally = {.all = 0};
	unsigned partly = 0;

	for (int c = 0; c < matrix->judges->count; c++)
		for (size_t row = 0; row < matrix->corpus->count; row++) {
			const struct verdict *verdict = matrix_at(matrix, row, c);

			tally_add(&tally, matrix->judges->list[c], verdict);
			partly += verdict->verdict == VERDICT_HOLDS && verdict->left_out;
		}
	print_explained(out, term, GOOD, "ok", "holds");
	if (partly)
		print_explained(out, term, GOOD, "ok~",
				"holds as far as can be seen here: some expectations were left out");
	if (tally.kinds[VERDICT_BROKEN])
		explain_broken(out, term);
	if (tally.kinds[VERDICT_SKIPPED])
		print_explained(out, term, FAINT, "-", "not possible here; --reasons says why");
	if (tally.kinds[VERDICT_ERROR])
		print_explained(out, term, ODD, "err", "could not be judged");
	if (tally.failures || tally.kernel_differs)
		print_explained(out, term, ODD, "!", !tally.kernel_differs ? "not as the scenario's file says"
				: !tally.failures ? "the kernel differs from the scenario's file"
				: "not as the scenario's file says, or the kernel differs from it");
}

void promise_table_print(const struct matrix *matrix, FILE *out, struct term term)
{
	struct head heads[JUDGES];
	struct grid *grid;

	for (int c = 0; c < matrix->judges->count; c++)
		heads[c] = judge_head(matrix->judges->list[c]);
	grid = grid_new(heads, matrix->judges->count);
	add_scenarios(grid, matrix);
	add_totals(grid, matrix);
	print_legend(matrix, out, term);
	fputc('\n', out);
	grid_print(grid, out, term);
	grid_free(grid);
}

/*
 * grid.c - filling a table, and printing it as its layout says
 *
 * Nothing here knows what the cells mean.  No line ends in blanks: a copy of
 * the plain text survives editors that strip them.
 */
#include "grid.h"

#include "must.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct grid *grid_new(const struct head *heads, int columns)
{
	struct grid *grid = must(calloc(1, sizeof(*grid)));

	assert(columns <= GRID_COLUMNS);
	grid->heads = heads;
	grid->columns = columns;
	return grid;
}

static struct row *add_row(struct grid *grid, const char *label)
{
	if (grid->nrows == grid->room) {
		grid->room = grid->room ? 2 * grid->room : 64;
		grid->rows = must(realloc(grid->rows, grid->room * sizeof(*grid->rows)));
	}
	grid->rows[grid->nrows] = (struct row){.label = must(strdup(label))};
	return &grid->rows[grid->nrows++];
}

void grid_group(struct grid *grid, const char *title)
{
	add_row(grid, title);
}

void grid_row(struct grid *grid, const char *label, const struct cell *cells)
{
	struct row *row = add_row(grid, label);
	size_t bytes = (size_t)grid->columns * sizeof(*cells);

	row->cells = must(malloc(bytes));
	memcpy(row->cells, cells, bytes);
}

void grid_free(struct grid *grid)
{
	for (size_t i = 0; i < grid->nrows; i++) {
		free(grid->rows[i].label);
		free(grid->rows[i].cells);
	}
	free(grid->rows);
	free(grid);
}

/* Blanks are owed, and paid only when something comes after them. */
struct line {
	FILE *out;
	struct term term;
	int owed;
};

static void line_put(struct line *line, enum style style, const char *text, int length, int width)
{
	if (length > 0) {
		fprintf(line->out, "%*s%s%.*s%s", line->owed, "", style_begin(line->term, style), length, text,
			style_end(line->term, style));
		line->owed = 0;
	}
	line->owed += width - length;
}

static void line_end(struct line *line)
{
	fputc('\n', line->out);
	line->owed = 0;
}

/* How much of a label goes on a line that is that wide: up to a dash or blank. */
static int label_piece(const char *label, int width)
{
	int length = (int)strlen(label), cut = width;

	if (length <= width)
		return length;
	while (cut > 1 && !strchr("-/ ", label[cut - 1]))
		cut--;
	return cut > 1 ? cut : width;
}

/* The name over neighbours that share it, as "--- linux ---". */
static void put_span(struct line *line, const char *name, int width, bool several)
{
	char text[128];
	int length = (int)strlen(name), dashes = (width - length - 2) / 2;

	if (!several || dashes < 1 || width >= (int)sizeof(text)) {
		line_put(line, FAINT, name, length, width);
		return;
	}
	memset(text, '-', sizeof(text));
	text[dashes] = text[dashes + 1 + length] = ' ';
	memcpy(text + dashes + 1, name, (size_t)length);
	line_put(line, FAINT, text, width, width);
}

static void print_spans(struct line *line, const struct grid *grid, const struct layout *layout, int from, int to)
{
	line->owed = layout->label;
	for (int c = from; c < to;) {
		const char *span = grid->heads[c].span;
		int width = layout->widths[c], first = c++;

		while (span && c < to && grid->heads[c].span && !strcmp(span, grid->heads[c].span))
			width += layout->gap + layout->widths[c++];
		line->owed += layout->gap;
		put_span(line, span ? span : "", width, c - first > 1);
	}
	line_end(line);
}

static void print_heads(struct line *line, const struct grid *grid, const struct layout *layout, int from, int to)
{
	if (layout->form != HEAD_WIDE)
		print_spans(line, grid, layout, from, to);
	line->owed = layout->label;
	for (int c = from; c < to; c++) {
		const char *text = head_text(&grid->heads[c], layout->form);

		line->owed += layout->gap;
		line_put(line, STRONG, text, (int)strlen(text), layout->widths[c]);
	}
	line_end(line);
}

static void print_row(struct line *line, const struct row *row, const struct layout *layout, int from, int to)
{
	const char *label = row->label;
	int room = layout->label - GRID_INDENT, piece = label_piece(label, room);

	line->owed = GRID_INDENT;
	line_put(line, PLAIN, label, piece, room);
	for (int c = from; c < to; c++) {
		const struct cell *cell = &row->cells[c];

		line->owed += layout->gap;
		line_put(line, cell->style, cell->text, (int)strlen(cell->text), layout->widths[c]);
	}
	line_end(line);
	while (*(label += piece)) {
		piece = label_piece(label, room - GRID_INDENT);
		line->owed = 2 * GRID_INDENT;
		line_put(line, PLAIN, label, piece, piece);
		line_end(line);
	}
}

static void print_block(struct line *line, const struct grid *grid, const struct layout *layout, int from, int to)
{
	print_heads(line, grid, layout, from, to);
	for (size_t i = 0; i < grid->nrows; i++) {
		const struct row *row = &grid->rows[i];

		if (row->cells) {
			print_row(line, row, layout, from, to);
		} else {
			if (i)
				line_end(line);
			line_put(line, STRONG, row->label, (int)strlen(row->label), 0);
			line_end(line);
		}
	}
}

void grid_print(const struct grid *grid, FILE *out, struct term term)
{
	struct layout layout = grid_layout(grid, term.width);
	struct line line = {.out = out, .term = term};

	for (int from = 0; from < grid->columns; from += layout.per_block) {
		int to = from + layout.per_block;

		if (from)
			fputc('\n', out);
		print_block(&line, grid, &layout, from, to < grid->columns ? to : grid->columns);
	}
}

/*
 * grid_layout.c - how a table is laid out in the width there is
 *
 * The most readable layout that fits: long heads on one line, then stacked,
 * then abbreviated with the columns moved together, then with long labels
 * broken at their dashes; and when all that is too wide, the columns in several
 * blocks below each other.  Without a width (a pipe) it is always the stacked
 * one, so that the text does not depend on the terminal of the day.
 */
#include "grid.h"

#include <string.h>

/* Few labels are longer than the good width; those narrower than the least are
   in too many pieces to be read. */
enum { LABEL_GOOD = 48, LABEL_LEAST = 24 };

const char *head_text(const struct head *head, enum head_form form)
{
	return form == HEAD_WIDE ? head->wide : form == HEAD_STACKED ? head->stacked : head->tight;
}

static int longer(int width, const char *text)
{
	int length = (int)strlen(text);

	return length > width ? length : width;
}

/* As wide as the widest label. */
static int natural_label(const struct grid *grid)
{
	int width = LABEL_LEAST;

	for (size_t i = 0; i < grid->nrows; i++) {
		const struct row *row = &grid->rows[i];
		int length = longer(0, row->label) + (row->cells ? GRID_INDENT : 0);

		width = length > width ? length : width;
	}
	return width;
}

static void measure_columns(const struct grid *grid, struct layout *layout)
{
	for (int c = 0; c < grid->columns; c++) {
		int width = longer(0, head_text(&grid->heads[c], layout->form));

		for (size_t i = 0; i < grid->nrows; i++)
			if (grid->rows[i].cells)
				width = longer(width, grid->rows[i].cells[c].text);
		layout->widths[c] = width;
	}
}

static int columns_width(const struct grid *grid, const struct layout *layout)
{
	int sum = 0;

	for (int c = 0; c < grid->columns; c++)
		sum += layout->gap + layout->widths[c];
	return sum;
}

/* As many blocks as it takes, and about the same number of columns in each. */
static void choose_blocks(const struct grid *grid, struct layout *layout, int width)
{
	int widest = 1, fit, blocks;

	for (int c = 0; c < grid->columns; c++)
		widest = layout->widths[c] > widest ? layout->widths[c] : widest;
	fit = (width - layout->label) / (widest + layout->gap);
	fit = fit < 1 ? 1 : fit;
	blocks = (grid->columns + fit - 1) / fit;
	layout->per_block = (grid->columns + blocks - 1) / blocks;
}

struct layout grid_layout(const struct grid *grid, int width)
{
	static const struct { enum head_form form; int gap, least; } tries[] = {
		{HEAD_WIDE, 2, 0}, {HEAD_STACKED, 2, 0}, {HEAD_STACKED, 1, 0}, {HEAD_STACKED, 1, LABEL_GOOD},
		{HEAD_TIGHT, 1, 0}, {HEAD_TIGHT, 1, LABEL_LEAST},
	};
	int label = natural_label(grid), left = 0;
	struct layout layout = {.per_block = grid->columns};

	for (size_t i = width ? 0 : 1; i < sizeof(tries) / sizeof(tries[0]); i++) {
		layout.form = tries[i].form;
		layout.gap = tries[i].gap;
		layout.label = label;
		measure_columns(grid, &layout);
		left = width - columns_width(grid, &layout);
		if (!width || left >= label)
			return layout;
		layout.label = left;
		if (tries[i].least && left >= tries[i].least)
			return layout;
	}
	layout.label = label < width / 2 ? label : LABEL_LEAST > width / 3 ? LABEL_LEAST : width / 3;
	choose_blocks(grid, &layout, width);
	return layout;
}

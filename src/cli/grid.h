/*
 * grid.h - a table with row labels, groups of rows, and heads that give way
 *
 *	                  ---- linux ----
 *	                  5.7   5.8  5.10  holdfast      <- heads, spans above
 *	history                                          <- group
 *	  fork-break      Co    Co   ok    ok            <- row: label, cells
 *
 * Fill it row by row, print it once.  The layout is chosen when it is printed:
 * see grid_layout.c.
 */
#ifndef HOLDFAST_GRID_H
#define HOLDFAST_GRID_H

#include "term.h"

#include <stddef.h>

/* The head of a column in three lengths. */
struct head {
	const char *wide;	/* alone on one line */
	const char *span;	/* above stacked and tight; neighbours with the same one share it; NULL: none */
	const char *stacked;
	const char *tight;
};

struct cell {
	char text[24];
	enum style style;
};

struct grid;

/* The heads stay the caller's, and must live as long as the table. */
struct grid *grid_new(const struct head *heads, int columns);
void grid_group(struct grid *, const char *title);
void grid_row(struct grid *, const char *label, const struct cell *cells); /* one cell a column */
void grid_print(const struct grid *, FILE *, struct term);
void grid_free(struct grid *);

/* ---- for grid.c and grid_layout.c ---- */

enum { GRID_COLUMNS = 24, GRID_INDENT = 2 };
enum head_form { HEAD_WIDE, HEAD_STACKED, HEAD_TIGHT };

struct row {
	char *label;
	struct cell *cells;	/* NULL: a group's title */
};

struct grid {
	const struct head *heads;
	int columns;
	struct row *rows;
	size_t nrows, room;
};

struct layout {
	enum head_form form;
	int gap;		/* blanks before each column */
	int label;		/* width of the labels, the indent included */
	int widths[GRID_COLUMNS];
	int per_block;		/* columns side by side; the rest follows below */
};

struct layout grid_layout(const struct grid *, int width);
const char *head_text(const struct head *, enum head_form);

#endif

/*
 * story_layout.h - the lines of a story as rows that fit a width
 */
#ifndef HOLDFAST_EXPLORE_STORY_LAYOUT_H
#define HOLDFAST_EXPLORE_STORY_LAYOUT_H

#include "story.h"

enum { ROWS = 64 };	/* most of one step */

enum tint { TINT_NONE, TINT_STRONG, TINT_FAINT, TINT_BAD, TINT_FAIR, TINT_GOOD };

struct row {
	const char *text;
	unsigned bytes, indent;
	enum tint tint;
};

struct rows {
	struct row row[ROWS];
	unsigned count;
};

struct layout {
	const struct explore_run *story;
	const struct story_line *lines;
	size_t count;
	unsigned width;			/* 0: no limit */
	unsigned columns;		/* 1: a list of all threads' lines */
	unsigned column[ENGINE_THREADS];
	unsigned margin;
	unsigned indent, hang;		/* of a step below its call, of a step's further rows */
	unsigned label;			/* "P1  "; 0: there are none */
	unsigned where;			/* width of the column; 0: below the step */
	bool brief;			/* the place in the source without its function */
	bool colour;
	FILE *out;
};

/* How wide each column is.  What is known before: story, lines, count, width, columns, margin, label, indent, hang. */
void layout_choose(struct layout *layout);

/* One line: the rows of its column, and those of its place in the source, if that has a column. */
void layout_rows(const struct layout *layout, const struct story_line *line, struct rows *cell, struct rows *where);
unsigned layout_column(const struct layout *layout, const struct story_line *line);

/* Further rows of the text, the first at indent, the others so much further in. */
void layout_wrap(struct rows *rows, const char *text, unsigned width, unsigned indent, unsigned hang, enum tint tint);
unsigned columns_of(const char *text, unsigned bytes);

static inline unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static inline unsigned most(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

#endif

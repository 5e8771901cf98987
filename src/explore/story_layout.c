/*
 * story_layout.c - the lines of a story as rows that fit a width
 *
 * Columns are as wide as they need, and share what there is.  Where a step stands in
 * the source goes beside it, or below: whichever takes fewer rows.  Where that would
 * make columns too narrow for the function's name, the file and the line have to do;
 * and where the threads are too many for the width, there is one column for all.
 *
 * It prints nothing.
 */
#include "story_layout.h"

#include <limits.h>
#include <string.h>

enum {
	COLUMN_LEAST = 24,	/* narrower ones are no columns */
	COLUMN_MOST = 64, WHERE_MOST = 44,	/* where there is no limit: wider is hard to read */
	WHERE_LEAST = 16,
	TAG = 3,		/* "1: ", where there is one column */
	NARROW = 36,		/* a column that is saves blanks, and the function's name */
};

/* ---- text that fits ---------------------------------------------------------------------- */

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

unsigned columns_of(const char *text, unsigned bytes)
{
	unsigned columns = 0;

	for (unsigned i = 0; i < bytes; i++)
		columns += !continues(text[i]);
	return columns;
}

/* The bytes of text that fit, up to a blank if there is one; an arrow begins a row rather than end it. */
static unsigned fitting(const char *text, unsigned width)
{
	unsigned columns = 0, bytes = 0, blank = 0, arrow = 0;

	while (text[bytes] && columns + !continues(text[bytes]) <= width) {
		columns += !continues(text[bytes]);
		if (text[bytes] == ' ' && bytes)
			blank = bytes;
		if (blank == bytes && bytes && !strncmp(text + bytes, " -> ", 4) && 2 * columns > width)
			arrow = bytes;
		bytes++;
	}
	if (!text[bytes])
		return bytes;
	if (arrow)
		return arrow;
	return text[bytes] == ' ' || !blank ? most(bytes, 1) : blank;
}

static void add_row(struct rows *rows, const char *text, unsigned bytes, unsigned indent, enum tint tint)
{
	if (rows->count < ROWS)
		rows->row[rows->count++] = (struct row){ text, bytes, indent, tint };
}

void layout_wrap(struct rows *rows, const char *text, unsigned width, unsigned indent, unsigned hang, enum tint tint)
{
	bool first = true;

	while (*text && rows->count < ROWS) {
		unsigned in = indent + (first ? 0 : hang);
		unsigned bytes = fitting(text, width > in + 1 ? width - in : 1);

		add_row(rows, text, bytes, in, tint);
		text += bytes;
		text += strspn(text, " ");
		first = false;
	}
}

/* ---- one line of the story as rows ------------------------------------------------------------ */

static enum tint tint_of(const struct story_line *line)
{
	return line->marked ? TINT_BAD : line->stale ? TINT_FAIR : line->kind == LINE_CALL ? TINT_STRONG :
	       line->kind == LINE_HIDDEN ? TINT_FAINT : TINT_NONE;
}

static unsigned indent_of(const struct layout *layout, const struct story_line *line)
{
	unsigned tag = layout->columns == 1 ? TAG : 0;

	return line->kind == LINE_CALL ? tag : tag + layout->indent + (line->kind == LINE_STEP ? layout->label : 0);
}

unsigned layout_column(const struct layout *layout, const struct story_line *line)
{
	return layout->columns == 1 ? 0 : line->thread;
}

void layout_rows(const struct layout *layout, const struct story_line *line, struct rows *cell, struct rows *where)
{
	unsigned width = layout->column[layout_column(layout, line)], indent = indent_of(layout, line);

	cell->count = where->count = 0;
	layout_wrap(cell, line->text, width, indent, layout->hang, tint_of(line));
	if (!line->where)
		return;
	if (layout->brief)
		add_row(layout->where ? where : cell, line->where, (unsigned)strcspn(line->where, " "),
			layout->where ? 0 : indent + layout->hang, TINT_FAINT);
	else if (layout->where)
		layout_wrap(where, line->where, layout->where, 0, layout->hang, TINT_FAINT);
	else
		layout_wrap(cell, line->where, width, indent + layout->hang, 0, TINT_FAINT);
}

static unsigned count_rows(const struct layout *layout)
{
	static struct rows cell, where;
	unsigned count = 0;

	for (size_t i = 0; i < layout->count; i++) {
		layout_rows(layout, &layout->lines[i], &cell, &where);
		count += cell.count > where.count ? cell.count : where.count;
	}
	return count;
}

/* ---- how wide ------------------------------------------------------------------------------------- */

/* As wide as each column would like to be, within reason. */
static void natural_widths(struct layout *layout, unsigned *column, unsigned *where)
{
	*where = 0;
	for (unsigned i = 0; i < layout->columns; i++)
		column[i] = layout->columns == 1 ? COLUMN_LEAST : (unsigned)strlen("thread 1");
	for (size_t i = 0; i < layout->count; i++) {
		const struct story_line *line = &layout->lines[i];
		unsigned text = columns_of(line->text, (unsigned)strlen(line->text));
		unsigned *mine = &column[layout_column(layout, line)];

		*mine = most(*mine, least(indent_of(layout, line) + text, COLUMN_MOST));
		if (line->where)
			*where = most(*where, least(layout->brief ? (unsigned)strcspn(line->where, " ") :
								    (unsigned)strlen(line->where), WHERE_MOST));
	}
}

/* Each gets what it would like, or of what is left an equal share. */
static void share(unsigned *width, unsigned count, unsigned room)
{
	bool done[ENGINE_THREADS + 1] = { false };

	for (unsigned left = count; left;) {
		unsigned fair = room / left, before = left;

		for (unsigned i = 0; i < count; i++)
			if (!done[i] && width[i] <= fair) {
				done[i] = true;
				room -= width[i];
				left--;
			}
		if (left < before)
			continue;
		for (unsigned i = 0; i < count; i++)
			if (!done[i]) {
				width[i] = room / left--;
				room -= width[i];
			}
	}
}

/*
 * Share the width, with so much for the place in the source (0: it goes below).  The
 * separators take 3 columns, that place 2 more.  Narrow columns save blanks.
 */
static bool fit(struct layout *layout, unsigned where)
{
	unsigned natural, count = layout->columns, taken = layout->margin + 3 * (count - 1) + (where ? where + 2 : 0);
	unsigned narrowest = COLUMN_MOST;

	natural_widths(layout, layout->column, &natural);
	layout->where = where;
	if (layout->width && layout->width < taken + COLUMN_LEAST)
		return false;
	if (layout->width)
		share(layout->column, count, layout->width - taken);
	for (unsigned i = 0; i < count; i++)
		narrowest = least(narrowest, layout->column[i]);
	if (narrowest < NARROW && layout->width) {
		layout->brief |= !where;
		layout->indent = layout->hang = 1;
		layout->label = layout->label ? 3 : 0;
	}
	return narrowest >= COLUMN_LEAST || !layout->width;
}

/* Is it so that it takes fewer rows than the best so far? */
static void try_where(const struct layout *layout, unsigned where, struct layout *best, unsigned *rows)
{
	struct layout next = *layout;

	if (!fit(&next, where) || count_rows(&next) >= *rows)
		return;
	*rows = count_rows(&next);
	*best = next;
}

/* The way that takes the fewest rows; among those, the one with the most room for the place in the source. */
static bool choose(struct layout *layout)
{
	struct layout best = *layout, brief = *layout;
	unsigned column[ENGINE_THREADS], natural, rows = UINT_MAX;

	natural_widths(layout, column, &natural);
	for (unsigned where = natural; where >= WHERE_LEAST; where -= 4)
		try_where(layout, where, &best, &rows);
	try_where(layout, 0, &best, &rows);
	/* Only where there is no room for the function in any case. */
	brief.brief = true;
	natural_widths(&brief, column, &natural);
	if (best.brief && natural)
		try_where(&brief, natural, &best, &rows);
	*layout = best;
	return rows != UINT_MAX;
}

void layout_choose(struct layout *layout)
{
	if (choose(layout))
		return;
	layout->columns = 1;
	choose(layout);
}

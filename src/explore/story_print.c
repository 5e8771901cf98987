/*
 * story_print.c - a story in columns, one for each thread
 *
 *	      thread 1                          | thread 2
 *	      ----------------------------------+------------------------------
 *	      A: pin A buf read as dma          |
 *	   1                                    | F1  A forking: 0 -> 1             handshake.h:61 in handshake_begin
 *	 ! 2  P4  frame 7: no pin -> 1 pin      |                                   page.h:80 in page_raise
 *
 * Where each step stands in the source goes beside it, or below where that takes
 * fewer rows.  Columns are as wide as they need, and share what there is.  Where
 * the threads are too many for the width there is one column, and each line says
 * whose it is.  A mark (!) is for what the violation is about.
 *
 * Plain ASCII but for names that are not; every row is cut to what fits, none ends in blanks.
 */
#include "story.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
	WIDTH_USUAL = 100, WIDTH_LEAST = 60,
	COLUMN_LEAST = 24,	/* narrower ones are no columns */
	COLUMN_MOST = 64, WHERE_MOST = 44, PROSE_MOST = 110,	/* where there is no limit: wider is hard to read */
	KEYWORD = 10,		/* "violated  ", "repair    " */
	TAG = 3,		/* "1: ", where there is one column */
	WHERE_LEAST = 16,
	NARROW = 36,		/* a column that is saves blanks, and the function's name */
	ROWS = 64,		/* most of one step */
};

enum tint { TINT_NONE, TINT_STRONG, TINT_FAINT, TINT_BAD, TINT_FAIR, TINT_GOOD };

static const char *const tints[] = {
	[TINT_NONE] = "", [TINT_STRONG] = "\033[1m", [TINT_FAINT] = "\033[2m",
	[TINT_BAD] = "\033[1;31m", [TINT_FAIR] = "\033[33m", [TINT_GOOD] = "\033[32m",
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

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned most(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

/* ---- text that fits ---------------------------------------------------------------------- */

struct row {
	const char *text;
	unsigned bytes, indent;
	enum tint tint;
};

struct rows {
	struct row row[ROWS];
	unsigned count;
};

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static unsigned columns_of(const char *text, unsigned bytes)
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

/* Further rows of the text, the first at indent, the others so much further in. */
static void wrap(struct rows *rows, const char *text, unsigned width, unsigned indent, unsigned hang, enum tint tint)
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

static unsigned column_of(const struct layout *layout, const struct story_line *line)
{
	return layout->columns == 1 ? 0 : line->thread;
}

static void rows_of(const struct layout *layout, const struct story_line *line, struct rows *cell, struct rows *where)
{
	unsigned width = layout->column[column_of(layout, line)], indent = indent_of(layout, line);

	cell->count = where->count = 0;
	wrap(cell, line->text, width, indent, layout->hang, tint_of(line));
	if (!line->where)
		return;
	if (layout->brief)
		add_row(layout->where ? where : cell, line->where, (unsigned)strcspn(line->where, " "),
			layout->where ? 0 : indent + layout->hang, TINT_FAINT);
	else if (layout->where)
		wrap(where, line->where, layout->where, 0, layout->hang, TINT_FAINT);
	else
		wrap(cell, line->where, width, indent + layout->hang, 0, TINT_FAINT);
}

static unsigned count_rows(const struct layout *layout)
{
	static struct rows cell, where;
	unsigned count = 0;

	for (size_t i = 0; i < layout->count; i++) {
		rows_of(layout, &layout->lines[i], &cell, &where);
		count += cell.count > where.count ? cell.count : where.count;
	}
	return count;
}

/* ---- how wide ------------------------------------------------------------------------------------- */

static unsigned digits(unsigned number)
{
	return number < 10 ? 1 : 1 + digits(number / 10);
}

/* As wide as each column would like to be, within reason. */
static void natural_widths(struct layout *layout, unsigned *column, unsigned *where)
{
	*where = 0;
	for (unsigned i = 0; i < layout->columns; i++)
		column[i] = layout->columns == 1 ? COLUMN_LEAST : (unsigned)strlen("thread 1");
	for (size_t i = 0; i < layout->count; i++) {
		const struct story_line *line = &layout->lines[i];
		unsigned text = columns_of(line->text, (unsigned)strlen(line->text));
		unsigned *mine = &column[column_of(layout, line)];

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
static bool choose_widths(struct layout *layout)
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

/* ---- printing ------------------------------------------------------------------------------------------ */

static void tinted(const struct layout *layout, enum tint tint, const char *text, unsigned bytes)
{
	bool on = layout->colour && tint != TINT_NONE;

	fprintf(layout->out, "%s%.*s%s", on ? tints[tint] : "", (int)bytes, text, on ? "\033[0m" : "");
}

static void blanks(const struct layout *layout, unsigned count)
{
	fprintf(layout->out, "%*s", (int)count, "");
}

/* A row's text, and how many columns that took. */
static unsigned print_row(const struct layout *layout, const struct row *row, const char *label, const char *thread)
{
	unsigned indent = row->indent, tag = (unsigned)strlen(thread), at = tag;

	tinted(layout, TINT_FAINT, thread, tag);
	if (label) {
		blanks(layout, layout->indent);
		tinted(layout, TINT_GOOD, label, (unsigned)strlen(label));
		at += layout->indent + (unsigned)strlen(label);
	}
	blanks(layout, indent - at);
	tinted(layout, row->tint, row->text, row->bytes);
	return indent + columns_of(row->text, row->bytes);
}

static void print_margin(const struct layout *layout, const struct story_line *line)
{
	char text[32] = "";

	if (line->number)
		snprintf(text, sizeof(text), "%c%*u", line->marked ? '!' : ' ', (int)layout->margin - 3, line->number);
	tinted(layout, line->marked ? TINT_BAD : TINT_FAINT, text, (unsigned)strlen(text));
	blanks(layout, layout->margin - (unsigned)strlen(text));
}

/* The columns of one row, of which `mine` has text (row, or NULL).  Returns the blanks that are due before more. */
static unsigned print_columns(const struct layout *layout, unsigned mine, const struct row *row, const char *label,
			      const char *tag)
{
	unsigned due = 0;

	for (unsigned column = 0; column < layout->columns; column++) {
		unsigned used = 0;

		if (column) {
			blanks(layout, due);
			fputs(" |", layout->out);
			due = 1;
		}
		if (column == mine && row) {
			blanks(layout, due);
			used = print_row(layout, row, label, tag);
			due = 0;
		}
		due += layout->column[column] - least(used, layout->column[column]);
	}
	return due;
}

static void print_line(const struct layout *layout, const struct story_line *line)
{
	static const struct story_line nothing;
	static struct rows cell, where;
	char tag[8] = "";

	rows_of(layout, line, &cell, &where);
	if (layout->columns == 1)
		snprintf(tag, sizeof(tag), "%u: ", line->thread + 1);
	for (unsigned r = 0; r < cell.count || r < where.count; r++) {
		const struct row *row = r < cell.count ? &cell.row[r] : NULL;
		unsigned due;

		print_margin(layout, r ? &nothing : line);
		due = print_columns(layout, column_of(layout, line), row, r ? NULL : line->label, r ? "" : tag);
		if (r < where.count) {
			blanks(layout, due + 2 + where.row[r].indent);
			tinted(layout, TINT_FAINT, where.row[r].text, where.row[r].bytes);
		}
		fputc('\n', layout->out);
	}
}

static void print_titles(const struct layout *layout)
{
	if (layout->columns == 1)
		return;
	blanks(layout, layout->margin);
	for (unsigned column = 0; column < layout->columns; column++) {
		char title[16];
		int length = snprintf(title, sizeof(title), "thread %u", column + 1);

		fputs(column ? " | " : "", layout->out);
		tinted(layout, TINT_STRONG, title, (unsigned)length);
		if (column + 1 < layout->columns)
			blanks(layout, layout->column[column] - least(layout->column[column], (unsigned)length));
	}
	fputc('\n', layout->out);
	blanks(layout, layout->margin);
	for (unsigned column = 0; column < layout->columns; column++) {
		fputs(column ? "-+-" : "", layout->out);
		for (unsigned i = 0; i < layout->column[column]; i++)
			fputc('-', layout->out);
	}
	fputc('\n', layout->out);
}

/* ---- round the columns: sentences behind a keyword ------------------------------------------------------- */

static void print_keyword(const struct layout *layout, const char *keyword, enum tint tint, const char *text)
{
	static struct rows rows;
	unsigned width = layout->width ? least(layout->width, PROSE_MOST) : PROSE_MOST, length = (unsigned)strlen(keyword);

	rows.count = 0;
	wrap(&rows, text, width, KEYWORD, 0, TINT_NONE);
	for (unsigned i = 0; i < rows.count; i++) {
		tinted(layout, tint, keyword, i ? 0 : length);
		blanks(layout, i ? KEYWORD : length < KEYWORD ? KEYWORD - length : 1);
		tinted(layout, TINT_NONE, rows.row[i].text, rows.row[i].bytes);
		fputc('\n', layout->out);
	}
}

static void print_block(const struct layout *layout, const char *keyword, const struct story_block *block)
{
	for (size_t i = 0; i < block->count; i++)
		print_keyword(layout, i ? "" : keyword, block->rows[i].marked ? TINT_BAD : TINT_STRONG, block->rows[i].text);
}

static void print_head(const struct layout *layout)
{
	const struct explore_run *story = layout->story;
	char *head = story_format("%s%s%s%s%s", story->name ? story->name : "?",
				  story->design ? " under " : "", story->design ? story->design : "",
				  story->model ? ", memory model " : "", story->model ? story->model : "");

	print_keyword(layout, "violated", TINT_BAD, head);
	free(head);
	if (story->verdict && *story->verdict)
		print_keyword(layout, story->kind ? story->kind : "what", TINT_STRONG, story->verdict);
	fputc('\n', layout->out);
	print_block(layout, "first", &story->setup);
	if (story->setup.count)
		fputc('\n', layout->out);
}

static void print_whys(const struct layout *layout)
{
	const struct explore_run *story = layout->story;

	for (size_t i = 0; i < story->run->count; i++) {
		struct story_why why;
		char *text;

		if (!event_is_stale(&story->run->events[i]))
			continue;
		why = story_why(story->run, (int)i);
		if (!story_why_is_new(story->run, &why))
			continue;
		text = story_why_text(story, &why);
		print_keyword(layout, "", TINT_NONE, text);
		free(text);
	}
}

static void print_foot(const struct layout *layout)
{
	const struct explore_run *story = layout->story;
	char *summary = story_summary(story);
	char *counts = story_format("%u shown, and %u that concern%s one thread alone; %u switch%s of thread", story->shown,
				    story->hidden, story->hidden == 1 ? "s" : "", story->switches,
				    story->switches == 1 ? "" : "es");

	fputc('\n', layout->out);
	print_block(layout, "then", &story->after);
	print_block(layout, "never", &story->never);
	if (story->after.count + story->never.count)
		fputc('\n', layout->out);
	print_keyword(layout, "shows", TINT_STRONG, summary);
	print_whys(layout);
	if (story->repair)
		print_keyword(layout, "repair", TINT_GOOD, story->repair);
	print_keyword(layout, "steps", TINT_STRONG, counts);
	if (story->replay)
		print_keyword(layout, "replay", TINT_STRONG, story->replay);
	free(summary);
	free(counts);
}

static void print_story(const struct explore_run *story, FILE *out, unsigned width, bool colour, bool all)
{
	struct layout layout = { .story = story, .colour = colour, .out = out,
				 .columns = story->run->threads, .indent = 2, .hang = 2 };
	struct story_line *lines = story_lines(story, all, &layout.count);

	layout.lines = lines;
	layout.width = width && width < WIDTH_LEAST ? WIDTH_LEAST : width;
	layout.margin = 3 + most(2, digits(story->shown));
	for (size_t i = 0; i < layout.count; i++)
		if (lines[i].label)
			layout.label = 4;
	if (!choose_widths(&layout)) {
		layout.columns = 1;
		choose_widths(&layout);
	}
	print_head(&layout);
	print_titles(&layout);
	for (size_t i = 0; i < layout.count; i++)
		print_line(&layout, &lines[i]);
	print_foot(&layout);
	story_lines_free(lines, layout.count);
}

void explore_print(const struct explore_run *story, FILE *out, unsigned width, bool colour)
{
	if (story)
		print_story(story, out, width, colour, false);
}

void story_print_all(const struct explore_run *story, FILE *out, unsigned width, bool colour)
{
	if (story)
		print_story(story, out, width, colour, true);
}

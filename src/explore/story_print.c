/*
 * story_print.c - a story in columns, one for each thread
 *
 *	      thread 1                          | thread 2
 *	      ----------------------------------+------------------------------
 *	      A: pin A buf read as dma          |
 *	   1                                    | F1  A forking: 0 -> 1             handshake.h:61 in handshake_begin
 *	 ! 2  P4  frame 7: no pin -> 1 pin      |                                   page.h:80 in page_raise
 *
 * Beside or below each step, where it stands in the source.  Where there is but one
 * column (story_layout.c), each line says whose it is.  A mark (!) is for what the
 * violation is about.
 *
 * Plain ASCII but for names that are not; every row is cut to what fits, none ends in blanks.
 */
#include "story_layout.h"

#include <stdlib.h>
#include <string.h>

enum {
	WIDTH_LEAST = 60,
	PROSE_MOST = 110,	/* where there is no limit: wider is hard to read */
	KEYWORD = 10,		/* "violated  ", "repair    " */
};

static const char *const tints[] = {
	[TINT_NONE] = "", [TINT_STRONG] = "\033[1m", [TINT_FAINT] = "\033[2m",
	[TINT_BAD] = "\033[1;31m", [TINT_FAIR] = "\033[33m", [TINT_GOOD] = "\033[32m",
};

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

	layout_rows(layout, line, &cell, &where);
	if (layout->columns == 1)
		snprintf(tag, sizeof(tag), "%u: ", line->thread + 1);
	for (unsigned r = 0; r < cell.count || r < where.count; r++) {
		const struct row *row = r < cell.count ? &cell.row[r] : NULL;
		unsigned due;

		print_margin(layout, r ? &nothing : line);
		due = print_columns(layout, layout_column(layout, line), row, r ? NULL : line->label, r ? "" : tag);
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
	layout_wrap(&rows, text, width, KEYWORD, 0, TINT_NONE);
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

	/* One that was asked for by its number may well be right. */
	if (story->kind && !strcmp(story->kind, wrong_names[WRONG_NOTHING]))
		print_keyword(layout, "execution", TINT_STRONG, head);
	else
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
	char *counts = story_format("%u shown, and %u that mean%s nothing to another thread; %u switch%s of thread", story->shown,
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

static unsigned digits(unsigned number)
{
	return number < 10 ? 1 : 1 + digits(number / 10);
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
	layout_choose(&layout);
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

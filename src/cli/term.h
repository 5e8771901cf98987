/*
 * term.h - what standard output can show: its width and colours
 *
 * A pipe gets plain text that does not depend on any setting, so that a copy of
 * it can be compared.  A terminal gets colours, unless NO_COLOR is set or it is
 * a dumb one, and tables that fit.
 */
#ifndef HOLDFAST_TERM_H
#define HOLDFAST_TERM_H

#include <stdbool.h>
#include <stdio.h>

struct term {
	int width;		/* columns; 0: no limit, this is no terminal */
	bool colour;
};

struct term term_of_stdout(void);

enum style { PLAIN, STRONG, FAINT, GOOD, BAD, FAIR, ODD };

/* The sequences round a piece of text; empty without colours. */
const char *style_begin(struct term, enum style);
const char *style_end(struct term, enum style);

/* One piece of text in a style. */
void print_styled(FILE *, struct term, enum style, const char *text);

/* Words of text, broken into lines that fit, each after the indent.  Of the
   first line `used` columns are already printed: the text begins at the indent
   there too, or a blank further on. */
void print_wrapped(FILE *, struct term, int used, int indent, const char *text);

/* A heading: a line of its own, or two. */
void print_title(FILE *, struct term, const char *text);

/* A line of a legend: the word as the table has it, and what it says. */
void print_explained(FILE *, struct term, enum style, const char *word, const char *text);

#endif

/*
 * term.c - the width and the colours of standard output
 *
 * Colours are the eight that every terminal has, so that they follow the user's
 * own scheme.  The order of the answers about the width is the usual one: what
 * the user says, what the terminal says, 80.
 */
#include "term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Less than this is no width to lay out a table in. */
enum { WIDTH_LEAST = 40, WIDTH_USUAL = 80, WIDTH_MOST = 1000, WIDTH_OF_TEXT = 100 };

static int width_of_terminal(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	int width = columns ? atoi(columns) : 0;

	if (width <= 0 && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		width = size.ws_col;
	if (width <= 0)
		width = WIDTH_USUAL;
	return width < WIDTH_LEAST ? WIDTH_LEAST : width > WIDTH_MOST ? WIDTH_MOST : width;
}

struct term term_of_stdout(void)
{
	const char *no_color = getenv("NO_COLOR"), *type = getenv("TERM");
	struct term term = {.width = 0, .colour = false};

	if (!isatty(STDOUT_FILENO))
		return term;
	term.width = width_of_terminal();
	term.colour = !(no_color && *no_color) && type && *type && strcmp(type, "dumb");
	return term;
}

const char *style_begin(struct term term, enum style style)
{
	static const char *const begin[] = {
		[PLAIN] = "", [STRONG] = "\033[1m", [FAINT] = "\033[2m", [GOOD] = "\033[32m",
		[BAD] = "\033[1;31m", [FAIR] = "\033[33m", [ODD] = "\033[1;35m",
	};

	return term.colour ? begin[style] : "";
}

const char *style_end(struct term term, enum style style)
{
	return term.colour && style != PLAIN ? "\033[0m" : "";
}

void print_styled(FILE *out, struct term term, enum style style, const char *text)
{
	fprintf(out, "%s%s%s", style_begin(term, style), text, style_end(term, style));
}

void print_wrapped(FILE *out, struct term term, int used, int indent, const char *text)
{
	/* Text for a pipe has to read well in a file. */
	int width = (term.width ? term.width : WIDTH_OF_TEXT) - 1, at = used;
	bool begun = false;

	while (*(text += strspn(text, " "))) {
		int length = (int)strcspn(text, " "), blanks = begun || at >= indent ? at > 0 : indent - at;

		if (at > indent && at + blanks + length > width) {
			fputc('\n', out);
			at = 0;
			blanks = indent;
		}
		at += fprintf(out, "%*s%.*s", blanks, "", length, text);
		text += length;
		begun = true;
	}
	fputc('\n', out);
}

void print_title(FILE *out, struct term term, const char *text)
{
	fputs(style_begin(term, STRONG), out);
	print_wrapped(out, term, 0, 0, text);
	fputs(style_end(term, STRONG), out);
}

void print_explained(FILE *out, struct term term, enum style style, const char *word, const char *text)
{
	fputs("  ", out);
	print_styled(out, term, style, word);
	print_wrapped(out, term, 2 + (int)strlen(word), 8, text);
}

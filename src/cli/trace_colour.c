/*
 * trace_colour.c - a traced run, in colours where there are any
 *
 * The trace is text that others make; here only whole lines get a style, by how
 * they begin.  A pipe gets the trace as it is, line by line as it comes.
 */
#include "trace_colour.h"

#include "term.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool begins(const char *line, const char *word)
{
	return !strncmp(line, word, strlen(word));
}

/* A step has its line number in the first columns; what it changed is further in. */
static enum style style_of(const char *line)
{
	const char *text = line + strspn(line, " ");
	long indent = text - line;

	if (begins(text, "error"))
		return ODD;
	if (isdigit((unsigned char)*text) && indent < 6)
		return STRONG;
	if (indent > 0 ? begins(text, "expected ") : begins(text, "broken"))
		return BAD;
	if (indent == 0 && begins(text, "holds"))
		return GOOD;
	return begins(text, "left out") || begins(text, "skipped") ? FAINT : PLAIN;
}

static void print_coloured(char *text, struct term term)
{
	for (char *line = text, *end; *line; line = end + 1) {
		end = line + strcspn(line, "\n");
		if (!*end)
			return;
		*end = '\0';
		print_styled(stdout, term, line == text ? STRONG : style_of(line), line);
		putchar('\n');
	}
}

void trace_run(const struct scenario *scenario, const struct judge_ops *judge, struct verdict *verdict)
{
	struct term term = term_of_stdout();
	char *text = NULL;
	size_t length;
	FILE *trace = term.colour ? open_memstream(&text, &length) : NULL;

	run_scenario_traced(scenario, judge, verdict, trace ? trace : stdout);
	if (trace && !fclose(trace))
		print_coloured(text, term);
	free(text);
}

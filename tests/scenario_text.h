/*
 * scenario_text.h - scenarios to text and back, and whether anything was lost
 */
#ifndef HOLDFAST_SCENARIO_TEXT_H
#define HOLDFAST_SCENARIO_TEXT_H

#include <stdlib.h>

#include "same_scenario.h"

/* Parse a text; the message, if any, without its newline, goes to *message. */
static inline struct scenario *parse(const char *text, size_t length, char **message)
{
	size_t n;
	FILE *err = open_memstream(message, &n);
	struct scenario *s = scenario_parse_text(text, length, "t.scn", err);

	fclose(err);
	if (n && (*message)[n - 1] == '\n')
		(*message)[n - 1] = '\0';
	return s;
}

static inline char *print(const struct scenario *s)
{
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	scenario_print(s, f);
	fclose(f);
	return text;
}

/* NULL when its canonical text, parsed, gives an equal scenario and the same text; or else what is wrong, to be freed. */
static inline char *loss(const struct scenario *s)
{
	char *text = print(s), *message, *again;
	struct scenario *t = parse(text, strlen(text), &message);
	bool same;

	if (!t) {
		free(text);
		return message;
	}
	again = print(t);
	same = same_scenario(s, t) && !strcmp(text, again);
	scenario_free(t);
	free(again);
	free(message);
	if (!same)
		return text;
	free(text);
	return NULL;
}

#endif

/*
 * trace.c - each step of a run with the entries, pages and pins that it changed
 *
 * A judge describes itself as lines "thing: state".  The same thing with another
 * state is a change, a thing that is new has come, one that is missing has gone;
 * what did not change is not printed.  Knows nothing of what the things are.
 */
#include "trace.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define INDENT 12	/* of what a step changed */
#define WIDTH 110	/* of a line before a change takes two */
#define CHANGES 24	/* of one step that are printed */

void trace_open(struct trace *t, FILE *out, const struct scenario *s, const struct judge_ops *ops)
{
	*t = (struct trace){ .out = out, .ops = ops };
	if (out)
		fprintf(out, "%s, judged by %s\n%s\n\n", s->name, ops->name, s->why);
}

void trace_step(struct trace *t, const struct scenario *s, const struct step *step)
{
	if (!t->out)
		return;
	if (step->at.line)
		fprintf(t->out, "%5d  ", step->at.line);
	else
		fprintf(t->out, "%7s", "");
	step_print(s, step, t->out);
	fputc('\n', t->out);
}

void trace_note(struct trace *t, const char *format, ...)
{
	va_list args;

	if (!t->out)
		return;
	fprintf(t->out, "%*s", INDENT, "");
	va_start(args, format);
	vfprintf(t->out, format, args);
	va_end(args);
	fputc('\n', t->out);
}

/* ---- lines -------------------------------------------------------------- */

struct piece {
	const char *key, *state;
	size_t key_length, state_length;
};

/* The line at text, and where the next one begins; NULL at the end. */
static const char *cut_line(const char *text, struct piece *piece)
{
	size_t length = strcspn(text, "\n");
	const char *colon = memchr(text, ':', length);

	if (!*text)
		return NULL;
	piece->key = text;
	piece->key_length = colon ? (size_t)(colon - text) : length;
	piece->state = colon ? colon + 1 : text + length;
	while (piece->state < text + length && *piece->state == ' ')
		piece->state++;
	piece->state_length = (size_t)(text + length - piece->state);
	return text + length + (text[length] == '\n');
}

static bool find_line(const char *text, const struct piece *wanted, struct piece *found)
{
	while ((text = cut_line(text, found)))
		if (found->key_length == wanted->key_length && !memcmp(found->key, wanted->key, wanted->key_length))
			return true;
	return false;
}

static void print_change(struct trace *t, const struct piece *old, const struct piece *new)
{
	size_t width = INDENT + old->key_length + 2 + old->state_length + 4 + new->state_length;

	fprintf(t->out, "%*s%.*s: %.*s", INDENT, "", (int)old->key_length, old->key, (int)old->state_length, old->state);
	if (width > WIDTH)
		fprintf(t->out, "\n%*s", INDENT + (int)old->key_length - 2, "");
	fprintf(t->out, " -> %.*s\n", (int)new->state_length, new->state);
}

/* Print one and count it, or where there are too many only count it. */
static void print_gone(struct trace *t, const struct piece *old, unsigned *count)
{
	if ((*count)++ < CHANGES)
		trace_note(t, "%.*s: gone", (int)old->key_length, old->key);
}

static void print_new(struct trace *t, const char *before, const struct piece *new, unsigned *count)
{
	struct piece old;
	bool known = find_line(before, new, &old);

	if (known && old.state_length == new->state_length && !memcmp(old.state, new->state, new->state_length))
		return;
	if ((*count)++ >= CHANGES)
		return;
	if (known)
		print_change(t, &old, new);
	else
		trace_note(t, "%.*s: %.*s", (int)new->key_length, new->key, (int)new->state_length, new->state);
}

static void compare(struct trace *t, const char *before, const char *after)
{
	struct piece piece, found;
	unsigned count = 0;
	const char *text;

	for (text = before; (text = cut_line(text, &piece));)
		if (!find_line(after, &piece, &found))
			print_gone(t, &piece, &count);
	for (text = after; (text = cut_line(text, &piece));)
		print_new(t, before, &piece, &count);
	if (count > CHANGES)
		trace_note(t, "... and %u more", count - CHANGES);
}

void trace_changes(struct trace *t, struct judge *judge)
{
	char *after = NULL;
	size_t length = 0;
	FILE *f;

	if (!t->out || !t->ops->describe || !judge)
		return;
	f = open_memstream(&after, &length);
	if (!f)
		return;
	t->ops->describe(judge, f);
	if (fclose(f)) {
		free(after);
		return;
	}
	compare(t, t->before ? t->before : "", after);
	free(t->before);
	t->before = after;
}

void trace_close(struct trace *t)
{
	free(t->before);
	t->before = NULL;
}

/*
 * trace.h - what a step changed, as lines of text
 */
#ifndef HOLDFAST_TRACE_H
#define HOLDFAST_TRACE_H

#include "judge.h"

struct trace {
	FILE *out;		/* NULL: no trace, and every call here does nothing */
	const struct judge_ops *ops;
	char *before;		/* what describe() said last */
};

void trace_open(struct trace *, FILE *out, const struct scenario *, const struct judge_ops *);
void trace_step(struct trace *, const struct scenario *, const struct step *);	/* before it: its line */
void trace_changes(struct trace *, struct judge *);			/* after it */
void trace_note(struct trace *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void trace_close(struct trace *);

#endif

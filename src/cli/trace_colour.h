/*
 * trace_colour.h - a traced run, in colours where there are any
 */
#ifndef HOLDFAST_TRACE_COLOUR_H
#define HOLDFAST_TRACE_COLOUR_H

#include "run.h"

/* Run it and print the trace to standard output. */
void trace_run(const struct scenario *, const struct judge_ops *, struct verdict *);

#endif

/*
 * reasons.h - what lies behind the cells of the table, a line each
 */
#ifndef HOLDFAST_REASONS_H
#define HOLDFAST_REASONS_H

#include "matrix.h"
#include "term.h"

/* "coherent, symmetric" */
struct promise_list { char text[96]; };
struct promise_list promise_list(unsigned promises);

/* The reason without the path of the file, which stands beside it: "line 12: ...". */
struct short_reason { char text[800]; };
struct short_reason short_reason(const struct scenario *, const struct verdict *);

/* Where the kernel breaks a promise, and how to see it step by step. */
void surprises_print(const struct matrix *, FILE *, struct term);

/* What could not be judged, or is not as the scenario's file says. */
void failures_print(const struct matrix *, FILE *, struct term);

/* Why cells are not possible here, and what was left out. */
void reasons_print(const struct matrix *, FILE *, struct term);

/* How many scenarios no judge of a table can run, and what can; nothing if there are none. */
void left_out_print(const struct corpus *, FILE *, struct term);

#endif

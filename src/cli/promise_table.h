/*
 * promise_table.h - which promises hold: scenarios down, judges across
 */
#ifndef HOLDFAST_PROMISE_TABLE_H
#define HOLDFAST_PROMISE_TABLE_H

#include "matrix.h"
#include "term.h"

/* Heading, legend, table, totals. */
void promise_table_print(const struct matrix *, FILE *, struct term);

#endif

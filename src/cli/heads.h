/*
 * heads.h - the heads of the columns: the designs in the order of history, and
 * this kernel after them
 */
#ifndef HOLDFAST_HEADS_H
#define HOLDFAST_HEADS_H

#include "grid.h"
#include "scenario.h"

enum { KERNEL_COLUMN = DESIGNS, COLUMNS };
extern const struct head column_heads[COLUMNS];

/* A cell of a grid. */
struct cell cell_make(enum style, const char *text);

#endif

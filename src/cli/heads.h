/*
 * heads.h - the heads of the columns: the designs in the order of history, this
 * kernel, and the model
 */
#ifndef HOLDFAST_HEADS_H
#define HOLDFAST_HEADS_H

#include "grid.h"
#include "scenario.h"

extern const struct head column_heads[DESIGNS], kernel_head, model_head;

/* A cell of a grid. */
struct cell cell_make(enum style, const char *text);

#endif

/*
 * fastpath_print.h - the measured table of the fast path, for people
 */
#ifndef HOLDFAST_FASTPATH_PRINT_H
#define HOLDFAST_FASTPATH_PRINT_H

#include "fastpath.h"
#include "term.h"

/* The legend, the table and what it says about the argument. */
void fastpath_print(const struct fastpath *, FILE *, struct term);

/* The last of these alone. */
void claims_print(const struct fastpath *, FILE *, struct term);

#endif

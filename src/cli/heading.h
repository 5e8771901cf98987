/*
 * heading.h - what stands above the table of promises
 */
#ifndef HOLDFAST_HEADING_H
#define HOLDFAST_HEADING_H

#include "judges.h"
#include "term.h"

/* The title, and what the columns of these judges are. */
void heading_print(const struct judges *, FILE *, struct term);

#endif

/*
 * same.h - judges of which there is the same to say about a scenario
 */
#ifndef HOLDFAST_SAME_H
#define HOLDFAST_SAME_H

#include "judges.h"
#include "run.h"
#include "term.h"

/* Is this cell one of those to be printed? */
typedef bool chosen(const struct judge_ops *, const struct verdict *);

/* Print it; names are the judges of which it is true, "linux-5.7, linux-5.8". */
typedef void said(const struct scenario *, const char *names, const struct verdict *, FILE *, struct term);

/* One verdict a judge, as a row of a matrix has them: print each that is chosen, and equal ones once. */
void say_row(const struct scenario *, const struct judges *, const struct verdict *, chosen *, said *, FILE *,
	     struct term);

#endif

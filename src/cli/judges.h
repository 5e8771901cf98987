/*
 * judges.h - which judges the user means, and the heads of their columns
 */
#ifndef HOLDFAST_JUDGES_H
#define HOLDFAST_JUDGES_H

#include "grid.h"
#include "judge.h"

enum { JUDGES = DESIGNS + 2 };

struct judges {
	const struct judge_ops *list[JUDGES];
	int count;
};

/*
 * The judges of a list of names, "holdfast,kernel", in that order and each once;
 * `designs` stands for the ten.  NULL is the designs and the kernel.  False after
 * a message on stderr.
 */
bool judges_parse(struct judges *, const char *names);

/* Every judge there is. */
void judges_all(struct judges *);

struct head judge_head(const struct judge_ops *);

/* What the kernel does is measured, not expected: its verdict never makes a run fail. */
bool judge_is_kernel(const struct judge_ops *);

#endif

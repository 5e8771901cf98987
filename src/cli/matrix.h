/*
 * matrix.h - the verdicts of some scenarios by some judges
 *
 * Rows are scenarios, columns are judges.  And what they come to: how many of
 * each kind, and the exit status.
 */
#ifndef HOLDFAST_MATRIX_H
#define HOLDFAST_MATRIX_H

#include "cli.h"
#include "corpus.h"
#include "judges.h"
#include "run.h"

struct matrix {
	const struct corpus *corpus;
	const struct judges *judges;
	struct verdict *verdicts; /* a row a scenario */
};

/* Run every scenario by every judge.  On a terminal it says how far it is. */
void matrix_run(struct matrix *, const struct corpus *, const struct judges *);
void matrix_free(struct matrix *);

static inline const struct verdict *matrix_at(const struct matrix *matrix, size_t row, int column)
{
	return &matrix->verdicts[row * (size_t)matrix->judges->count + (size_t)column];
}

struct tally {
	unsigned kinds[VERDICTS], all;
	unsigned failures;	/* not as the scenario's file says, and errors */
	unsigned kernel_differs; /* none of these: what a kernel does is news of that kernel, no failure */
};

void tally_add(struct tally *, const struct judge_ops *, const struct verdict *);

/*
 * Does this verdict make the run fail?  What the kernel does is measured: only
 * an error of its judge does.
 */
bool verdict_fails(const struct judge_ops *, const struct verdict *);

/* The kernel's verdict, and not what the scenario's file says of kernels. */
bool verdict_differs(const struct judge_ops *, const struct verdict *);

/* Bad input comes first, then failures; 77 when nothing could be done at all. */
enum exit_code tally_status(const struct tally *, const struct corpus *);

#endif

/*
 * sample.c - the middle of a few values, and how far they lie apart
 *
 * Median and quartiles, not mean and deviation: on a machine that others use, too,
 * the worst values say something about them.
 */
#include "bench.h"

#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value below which that part of the sorted values lies, in between where need be. */
static double quantile(const double *sorted, unsigned count, double part)
{
	double at = part * (count - 1);
	unsigned below = (unsigned)at;
	double rest = at - below;

	return below + 1 < count ? sorted[below] * (1 - rest) + sorted[below + 1] * rest : sorted[below];
}

struct spread spread_of(double *values, unsigned count)
{
	if (!count)
		return (struct spread){ 0 };
	qsort(values, count, sizeof(*values), by_size);
	return (struct spread){
		quantile(values, count, 0.25), quantile(values, count, 0.5), quantile(values, count, 0.75),
	};
}

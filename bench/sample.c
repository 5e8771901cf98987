/*
 * sample.c - the middle of a few values, how far they lie apart, and how they grow
 *
 * Median and quartiles, not mean and deviation: on a machine that others use, too,
 * the worst values say something about them.
 */
#include "bench.h"

#include <math.h>
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

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

double quantile_of(uint32_t *values, size_t count, double part)
{
	if (!count)
		return 0;
	qsort(values, count, sizeof(*values), by_number);
	return values[(size_t)(part * (double)(count - 1))];
}

/* The slope of the straight line through the logarithms: least squares. */
double exponent_of(const double *x, const double *y, unsigned count)
{
	double n = count, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;

	for (unsigned i = 0; i < count; i++) {
		double a = log(x[i]), b = log(y[i]);

		sum_x += a;
		sum_y += b;
		sum_xx += a * a;
		sum_xy += a * b;
	}
	return (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);
}

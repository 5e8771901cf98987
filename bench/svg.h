/*
 * svg.h - what the parts of a picture share: text, and a logarithmic axis
 *
 * Colours are classes, of which the head of the file has a set for light and one for
 * dark surroundings.
 */
#ifndef HOLDFAST_BENCH_SVG_H
#define HOLDFAST_BENCH_SVG_H

#include "bench.h"

#define SVG_WIDTH 960.0

/* From the value `least` at the place `from` to `most` at `to`. */
struct axis {
	double least, most, from, to;
};

/* Whole decades round everything that was shown to it; begin with an empty one. */
void axis_show(struct axis *, double value);
void axis_round(struct axis *, double from, double to);
double axis_at(const struct axis *, double value);

/* anchor: start, middle or end. */
void svg_text(FILE *, double x, double y, const char *class_name, const char *anchor, const char *text);
void svg_line(FILE *, const char *class_name, double x1, double y1, double x2, double y2);

/* "1", "100", "10k", "1M", and what follows */
void svg_power(char *text, size_t room, double value, const char *unit);

double chart_rows(FILE *, const struct chart *, double y);	/* each returns where it ended */
double chart_curves(FILE *, const struct chart *, double y);

#endif

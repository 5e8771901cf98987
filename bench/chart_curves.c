/*
 * chart_curves.c - the curves, a field each: both axes logarithmic, so that a power is a
 * straight line and its exponent the slope
 */
#include "svg.h"

#include <string.h>

#define FIELD_WIDTH 440.0
#define FIELD_HEIGHT 290.0
#define PLOT_LEFT 70.0
#define PLOT_RIGHT 20.0
#define PLOT_TOP 52.0
#define PLOT_BOTTOM 40.0

struct field {
	struct axis x, y;
	double left, top;
};

static void field_begin(struct field *field, const struct line *line, double left, double top)
{
	*field = (struct field){ .left = left, .top = top };
	for (unsigned i = 0; i < line->count; i++) {
		const struct result *point = &line->points[i];

		axis_show(&field->x, (double)point->at);
		if (point->rounds)
			axis_show(&field->y, point->holdfast.median);
		if (point->has_peer)
			axis_show(&field->y, point->peer.median);
	}
	axis_round(&field->x, left + PLOT_LEFT, left + FIELD_WIDTH - PLOT_RIGHT);
	axis_round(&field->y, top + FIELD_HEIGHT - PLOT_BOTTOM, top + PLOT_TOP);
}

static void draw_frame(FILE *out, const struct field *field, const struct curve *curve)
{
	double right = field->left + FIELD_WIDTH - PLOT_RIGHT, bottom = field->top + FIELD_HEIGHT - PLOT_BOTTOM;
	char text[48];

	for (double x = field->x.least; x < field->x.most * 1.5; x *= 10) {
		svg_line(out, "grid", axis_at(&field->x, x), field->top + PLOT_TOP, axis_at(&field->x, x), bottom);
		svg_power(text, sizeof(text), x, "");
		svg_text(out, axis_at(&field->x, x), bottom + 16, "small", "middle", text);
	}
	for (double y = field->y.least; y < field->y.most * 1.5; y *= 10) {
		svg_line(out, "grid", field->left + PLOT_LEFT, axis_at(&field->y, y), right, axis_at(&field->y, y));
		figure_text(text, sizeof(text), y, "ns");
		svg_text(out, field->left + PLOT_LEFT - 6, axis_at(&field->y, y) + 4, "small", "end", text);
	}
	svg_text(out, right, bottom + 32, "small", "end", curve->axis);
}

/* Where that point is; false: there is none. */
static bool place(const struct field *field, const struct result *point, bool peer, double *x, double *y)
{
	if (!point->rounds || (peer && !point->has_peer))
		return false;
	*x = axis_at(&field->x, (double)point->at);
	*y = axis_at(&field->y, peer ? point->peer.median : point->holdfast.median);
	return true;
}

static void draw_line(FILE *out, const struct field *field, const struct line *line, bool peer)
{
	const char *class_name = peer ? "peer" : "ours";
	double x, y;

	fprintf(out, "<polyline class=\"%s\" points=\"", class_name);
	for (unsigned i = 0; i < line->count; i++)
		if (place(field, &line->points[i], peer, &x, &y))
			fprintf(out, "%.1f,%.1f ", x, y);
	fputs("\"/>\n", out);
	for (unsigned i = 0; i < line->count; i++)
		if (place(field, &line->points[i], peer, &x, &y))
			fprintf(out, "<circle class=\"%s-dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/>\n", class_name, x, y);
}

static void draw_words(FILE *out, const struct field *field, const struct line *line)
{
	char text[160], verdict[80];

	svg_text(out, field->left + 20, field->top + 20, "part", "start", line->measure.name);
	if (!line->fit.rounds)
		return;
	verdict_text(&line->fit, verdict, sizeof(verdict));
	snprintf(text, sizeof(text), "Holdfast: power of %.2f, %s", line->fit.holdfast.median, verdict);
	if (line->fit.has_peer)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "; dashed, beside it: %.2f",
			 line->fit.peer.median);
	svg_text(out, field->left + 20, field->top + 38, "small", "start", text);
}

double chart_curves(FILE *out, const struct chart *chart, double y)
{
	if (!chart->lines)
		return y;
	svg_text(out, 20, y += 26, "part", "start", "What grows with what");
	for (unsigned i = 0; i < chart->lines; i++) {
		struct field field;

		field_begin(&field, chart->line[i], 20 + (i & 1) * (FIELD_WIDTH + 30), y + i / 2 * FIELD_HEIGHT);
		draw_frame(out, &field, chart->curve[i]);
		draw_line(out, &field, chart->line[i], true);
		draw_line(out, &field, chart->line[i], false);
		draw_words(out, &field, chart->line[i]);
	}
	return y + (chart->lines + 1) / 2 * FIELD_HEIGHT;
}

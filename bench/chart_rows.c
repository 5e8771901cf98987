/*
 * chart_rows.c - the measures as rows: how far from the target, how far from the peer
 *
 *	name   |---- axis, in decades -----------------|   figures
 *	                 target 10     |
 *	           1 |=========o=|                          (median, quartiles)
 *
 * On both axes further to the right is better.
 */
#include "svg.h"

#define LEFT 230.0
#define RIGHT 640.0
#define ROW 20.0

/* What one row shows. */
struct row {
	const char *name;
	struct spread value;
	double mark;			/* what is wanted; 0: nothing */
	bool missed;
	char text[160];
};

struct rows {
	unsigned count;
	struct row row[CHOSEN_MAX];
	struct axis axis;
};

/* ---- what to show ---------------------------------------------------------------------------- */

static struct spread times(const struct spread *spread, double by)
{
	return (struct spread){ spread->low * by, spread->median * by, spread->high * by };
}

static struct spread over(double value, const struct spread *spread)
{
	return (struct spread){ value / spread->high, value / spread->median, value / spread->low };
}

/* How many times as good as the target. */
static bool against_target(const struct result *result, struct row *row)
{
	const struct target *target = &result->measure->target;
	char value[64], verdict[80], wanted[80];

	if (verdict_of(result) == NOTHING_TO_SAY)
		return false;
	if (target->kind == AT_MOST)
		row->value = over(target->bound, &result->holdfast);
	else
		row->value = times(&result->ratio, target->kind == TIMES_FASTER ? 1 / target->bound : target->bound);
	figure_text(value, sizeof(value), result->holdfast.median, result->measure->unit);
	verdict_text(result, verdict, sizeof(verdict));
	target_text(result->measure, wanted, sizeof(wanted));
	row->missed = verdict_of(result) == MISSED;
	snprintf(row->text, sizeof(row->text), "%s; %s", value, row->missed ? verdict : wanted);
	return true;
}

static bool against_peer(const struct result *result, struct row *row)
{
	const struct target *target = &result->measure->target;
	char ours[64], peers[64];

	if (!result->has_peer)
		return false;
	row->value = result->ratio;
	if (target->kind == TIMES_FASTER)
		row->mark = target->bound;
	if (target->kind == TIMES_PEER)
		row->mark = 1 / target->bound;
	row->missed = verdict_of(result) == MISSED;
	figure_text(ours, sizeof(ours), result->holdfast.median, result->measure->unit);
	figure_text(peers, sizeof(peers), result->peer.median, result->measure->unit);
	snprintf(row->text, sizeof(row->text), "%s; beside it %s", ours, peers);
	return true;
}

static void collect(struct rows *rows, const struct chart *chart, bool (*look)(const struct result *, struct row *))
{
	*rows = (struct rows){ 0 };
	axis_show(&rows->axis, 1);
	for (unsigned i = 0; i < chart->results; i++) {
		struct row *row = &rows->row[rows->count];

		*row = (struct row){ .name = chart->result[i]->measure->name };
		if (!chart->result[i]->rounds || !look(chart->result[i], row))
			continue;
		axis_show(&rows->axis, row->value.low);
		axis_show(&rows->axis, row->value.high);
		axis_show(&rows->axis, row->mark);
		rows->count++;
	}
	axis_round(&rows->axis, LEFT, RIGHT);
}

/* ---- drawing ------------------------------------------------------------------------------------- */

static void draw_grid(FILE *out, const struct axis *axis, double top, double bottom)
{
	/* One decade more than enough would come from rounding. */
	for (double value = axis->least; value < axis->most * 1.5; value *= 10) {
		double x = axis_at(axis, value);
		char text[32];

		svg_power(text, sizeof(text), value, "x");
		svg_line(out, value > 0.9 && value < 1.1 ? "one" : "grid", x, top, x, bottom);
		svg_text(out, x, top - 4, "small", "middle", text);
	}
}

static void draw_row(FILE *out, const struct axis *axis, const struct row *row, double y)
{
	double low = axis_at(axis, row->value.low), high = axis_at(axis, row->value.high);

	svg_text(out, LEFT - 12, y + 4, "", "end", row->name);
	svg_line(out, "grid", axis_at(axis, 1), y, axis_at(axis, row->value.median), y);
	svg_line(out, row->missed ? "missed" : "ours", low, y, high, y);
	fprintf(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n",
		row->missed ? "missed-dot" : "ours-dot", axis_at(axis, row->value.median), y);
	if (row->mark > 0)
		svg_line(out, "wanted", axis_at(axis, row->mark), y - 6, axis_at(axis, row->mark), y + 6);
	svg_text(out, RIGHT + 12, y + 4, "small", "start", row->text);
}

static double draw_rows(FILE *out, const struct rows *rows, const char *title, const char *words, double y)
{
	if (!rows->count)
		return y;
	svg_text(out, 20, y += 26, "part", "start", title);
	svg_text(out, 20, y += 16, "small", "start", words);
	y += 26;
	draw_grid(out, &rows->axis, y - 4, y + rows->count * ROW);
	for (unsigned i = 0; i < rows->count; i++)
		draw_row(out, &rows->axis, &rows->row[i], y + (i + 0.5) * ROW);
	return y + rows->count * ROW + 10;
}

double chart_rows(FILE *out, const struct chart *chart, double y)
{
	static struct rows rows;

	collect(&rows, chart, against_target);
	y = draw_rows(out, &rows, "What was to be reached",
		      "How many times as good as the target: right of 1 it is met. Median and quartiles.", y);
	collect(&rows, chart, against_peer);
	return draw_rows(out, &rows, "Beside it, in the same run",
			 "How many times as fast as what stands beside it. Median and quartiles; an upright mark is the "
			 "target.", y);
}

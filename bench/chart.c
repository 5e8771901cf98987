/*
 * chart.c - a picture of what was measured: one SVG file that needs nothing else
 *
 * Rows (chart_rows.c) for the measures, and a field each (chart_curves.c) for the
 * curves.  How high the picture is, is known when all is drawn: so it is drawn into memory
 * first.
 */
#include "svg.h"

#include "holdfast.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char style[] =
	"<style>\n"
	"text { font: 12px system-ui, sans-serif; fill: #222 } .head { font-size: 18px; font-weight: 600 }\n"
	".part { font-size: 14px; font-weight: 600 } .small { font-size: 11px; fill: #666 }\n"
	".back { fill: #fff } .grid { stroke: #ddd } .one { stroke: #888 } .frame { stroke: #bbb; fill: none }\n"
	".ours { stroke: #0072b2; stroke-width: 2; fill: none } .ours-dot { fill: #0072b2 }\n"
	".peer { stroke: #d55e00; stroke-width: 2; fill: none; stroke-dasharray: 5 3 } .peer-dot { fill: #d55e00 }\n"
	".missed { stroke: #b3261e; stroke-width: 2 } .missed-dot { fill: #b3261e }\n"
	".wanted { stroke: #222; stroke-width: 2 }\n"
	"@media (prefers-color-scheme: dark) { text { fill: #ddd } .small { fill: #999 } .back { fill: #161616 }\n"
	".grid { stroke: #333 } .one { stroke: #777 } .frame { stroke: #555 } .wanted { stroke: #ddd }\n"
	".ours { stroke: #56b4e9 } .ours-dot { fill: #56b4e9 } .peer { stroke: #e69f00 } .peer-dot { fill: #e69f00 }\n"
	".missed { stroke: #ff8a80 } .missed-dot { fill: #ff8a80 } }\n"
	"</style>\n";

void axis_show(struct axis *axis, double value)
{
	if (!(value > 0))
		return;
	if (!(axis->least > 0) || value < axis->least)
		axis->least = value;
	if (value > axis->most)
		axis->most = value;
}

void axis_round(struct axis *axis, double from, double to)
{
	axis_show(axis, axis->most > 0 ? axis->most : 1);
	axis->least = pow(10, floor(log10(axis->least)));
	axis->most = pow(10, ceil(log10(axis->most)));
	if (axis->most <= axis->least)
		axis->most = axis->least * 10;
	axis->from = from;
	axis->to = to;
}

double axis_at(const struct axis *axis, double value)
{
	if (!(value > axis->least))
		return axis->from;
	return axis->from + (axis->to - axis->from) * log(value / axis->least) / log(axis->most / axis->least);
}

static void escaped(FILE *out, const char *text)
{
	for (; *text; text++)
		if (*text == '&' || *text == '<' || *text == '>')
			fprintf(out, "&#%d;", *text);
		else
			putc(*text, out);
}

void svg_text(FILE *out, double x, double y, const char *class_name, const char *anchor, const char *text)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" text-anchor=\"%s\">", x, y, class_name, anchor);
	escaped(out, text);
	fputs("</text>\n", out);
}

void svg_line(FILE *out, const char *class_name, double x1, double y1, double x2, double y2)
{
	fprintf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class_name, x1, y1, x2,
		y2);
}

void svg_power(char *text, size_t room, double value, const char *unit)
{
	static const char *const names[] = { "", "k", "M", "G", "T" };
	unsigned name = 0;

	while (value >= 9999.5 && name < 4) {
		value /= 1000;
		name++;
	}
	snprintf(text, room, "%.6g%s%s", value, names[name], unit);
}

/* What the machine is, in lines that the picture has room for: broken behind a `; `. */
static double draw_machine(FILE *out, double y, const char *text)
{
	enum { ROOM = 130 };
	char line[ROOM + 1];

	while (*text) {
		size_t length = strlen(text), taken = length < ROOM ? length : ROOM;

		if (length > ROOM)
			for (size_t i = 0; i + 1 < ROOM; i++)
				if (text[i] == ';' && text[i + 1] == ' ')
					taken = i + 2;
		snprintf(line, sizeof(line), "%.*s", (int)taken, text);
		svg_text(out, 20, y += 20, "small", "start", line);
		text += taken;
	}
	return y;
}

static double draw(FILE *out, const struct chart *chart, const struct machine *machine)
{
	char title[64];
	double y = 34;

	snprintf(title, sizeof(title), "holdfast bench, %s", hf_version());
	svg_text(out, 20, y, "head", "start", title);
	y = draw_machine(out, y, machine->text);
	y = chart_rows(out, chart, y + 10);
	return chart_curves(out, chart, y);
}

int chart_write(const struct chart *chart, const struct machine *machine, const char *path)
{
	char *drawn = NULL;
	size_t length = 0;
	FILE *memory = open_memstream(&drawn, &length), *file;
	double height;
	int error = 0;

	if (!memory)
		return errno;
	height = draw(memory, chart, machine) + 20;
	if (fclose(memory))
		return errno;
	file = fopen(path, "we");
	if (!file) {
		free(drawn);
		return errno;
	}
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" role=\"img\">\n"
		"<title>holdfast bench</title>\n%s<rect class=\"back\" width=\"100%%\" height=\"100%%\"/>\n%s</svg>\n",
		SVG_WIDTH, height, SVG_WIDTH, style, drawn);
	if (ferror(file))
		error = EIO;
	if (fclose(file))
		error = errno;
	free(drawn);
	return error;
}

/*
 * report.c - results as text for people, and the progress line
 */
#include "bench.h"

#include "holdfast.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define NAME_WIDTH 30

/* ---- progress ------------------------------------------------------------------------- */

static bool shown;

void progress_show(const char *format, ...)
{
	va_list list;

	if (!isatty(STDERR_FILENO))
		return;
	va_start(list, format);
	fputs("\r\033[K", stderr);
	vfprintf(stderr, format, list);
	fflush(stderr);
	va_end(list);
	shown = true;
}

void progress_clear(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}

/* ---- figures ----------------------------------------------------------------------------- */

static const struct scale {
	const char *unit;
	double by;
} scales[] = { { " ns", 1 }, { " us", 1e3 }, { " ms", 1e6 }, { " s", 1e9 } };

/* The unit in which that many nanoseconds are shown; anything else stays as it is. */
static struct scale scale_of(double value, const char *unit)
{
	unsigned scale = 0;

	if (strncmp(unit, "ns", 2))
		return (struct scale){ "", 1 };
	while (scale < 3 && value / scales[scale].by >= 9999.5)
		scale++;
	return scales[scale];
}

static void number_text(char *text, size_t room, double value)
{
	if (value < 0.0995)
		snprintf(text, room, "%.2g", value);
	else
		snprintf(text, room, "%.*f", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value);
}

void figure_text(char *text, size_t room, double value, const char *unit)
{
	struct scale scale = scale_of(value, unit);
	char number[40];

	number_text(number, sizeof(number), value / scale.by);
	snprintf(text, room, "%s%s", number, scale.unit);
}

void spread_text(char *text, size_t room, const struct spread *spread, const char *unit)
{
	const double values[] = { spread->median, spread->low, spread->high };
	struct scale scale = scale_of(spread->median, unit);
	char words[3][40];

	for (unsigned i = 0; i < 3; i++)
		number_text(words[i], sizeof(words[i]), values[i] / scale.by);
	snprintf(text, room, "%s [%s..%s]%s", words[0], words[1], words[2], scale.unit);
}

/* ---- the table ----------------------------------------------------------------------------- */

void report_head(const struct machine *machine)
{
	char load[32];

	machine_load(load, sizeof(load));
	printf("holdfast-bench %s on %s; %s\n", hf_version(), machine->text, load);
	printf("Plain memory on 4 KiB pages; all memory touched, and one round done, before any is timed.\n");
	printf("Median [quartiles]; the ratio, the peer's by Holdfast's, is taken round by round.\n\n");
	printf("%-*s %-27s %-27s %s\n", NAME_WIDTH, "measure", "Holdfast", "beside it", "ratio");
}

static void report_row(const char *name, const struct result *result)
{
	char holdfast[128] = "-", peer[128] = "-", ratio[128] = "-";

	if (result->rounds)
		spread_text(holdfast, sizeof(holdfast), &result->holdfast, result->measure->unit);
	if (result->has_peer) {
		spread_text(peer, sizeof(peer), &result->peer, result->measure->unit);
		spread_text(ratio, sizeof(ratio), &result->ratio, "");
	}
	printf("%-*s %-27s %-27s %s\n", NAME_WIDTH, name, holdfast, peer, ratio);
}

static void report_why(const struct result *result)
{
	printf("%*s %s: %s\n", NAME_WIDTH, "", result->outcome == WENT_WRONG ? "went wrong" : "left out", result->why);
}

static void report_words(const struct result *result)
{
	const struct measure *measure = result->measure;
	char words[400], verdict[80];

	measure_words(measure, result->mib, words, sizeof(words));
	verdict_text(result, verdict, sizeof(verdict));
	if (verdict[0])
		printf("%*s %s\n", NAME_WIDTH, "", verdict);
	printf("%*s a %s: %s\n", NAME_WIDTH, "", strchr(measure->unit, '/') ? strchr(measure->unit, '/') + 1 : "figure",
	       words);
	if (measure->beside)
		printf("%*s beside it: %s\n", NAME_WIDTH, "", measure->beside);
	if (result->why[0])
		report_why(result);
}

void report_text(const struct result *result)
{
	report_row(result->measure->name, result);
	report_words(result);
	fflush(stdout);
}

static void report_fit(const struct line *line)
{
	char verdict[80];

	if (!line->fit.rounds)
		return;
	verdict_text(&line->fit, verdict, sizeof(verdict));
	printf("%*s grows with the power of %.2f", NAME_WIDTH, "", line->fit.holdfast.median);
	if (line->fit.has_peer)
		printf(", beside it %.2f", line->fit.peer.median);
	printf(": %s\n", verdict);
}

void report_line(const struct curve *curve, const struct line *line)
{
	printf("%s: %s\n", line->measure.name, line->measure.what);
	for (unsigned i = 0; i < line->count; i++) {
		const struct result *point = &line->points[i];
		char name[64];

		snprintf(name, sizeof(name), "%10llu %s", (unsigned long long)point->at, curve->axis);
		report_row(name, point);
		if (point->why[0])
			report_why(point);
	}
	report_fit(line);
	printf("\n");
	fflush(stdout);
}

void report_tail(unsigned met, unsigned missed)
{
	char load[32];

	machine_load(load, sizeof(load));
	printf("\n%u targets met, %u missed; %s at the end\n", met, missed, load);
}

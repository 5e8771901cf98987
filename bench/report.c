/*
 * report.c - results as text for people and as JSON lines for machines, and the
 * progress line
 *
 * A JSON line carries all that is needed to judge it, the machine too, so that
 * lines of different runs can stand in one file.  A figure that was not had is null.
 */
#include "bench.h"

#include "holdfast.h"
#include "json.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

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

/* ---- text -------------------------------------------------------------------------------- */

/* Three digits that mean something, in the unit that fits them. */
static void number_text(char *text, size_t room, double value)
{
	if (value > 999999)
		value = 999999;
	snprintf(text, room, "%.*f", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value);
}

static void spread_text(char *text, size_t room, const struct spread *spread, bool is_time)
{
	static const char *const units[] = { " ns", " us", " ms", " s" };
	double values[] = { spread->median, spread->low, spread->high };
	char words[3][12];
	unsigned unit = 0;

	for (double median = spread->median; is_time && unit < 3 && median >= 9999.5; median /= 1000, unit++)
		for (unsigned i = 0; i < 3; i++)
			values[i] /= 1000;
	for (unsigned i = 0; i < 3; i++)
		number_text(words[i], sizeof(words[i]), values[i]);
	snprintf(text, room, "%s [%s..%s]%s", words[0], words[1], words[2], is_time ? units[unit] : "");
}

void report_head(const struct machine *machine)
{
	char load[32];

	machine_load(load, sizeof(load));
	printf("holdfast-bench %s on %s; %s\n", hf_version(), machine->text, load);
	printf("Plain memory on 4 KiB pages; all memory touched, and one round done, before any is timed.\n");
	printf("Median [quartiles] a page, fork or exit; the ratio is taken pair by pair.\n\n");
	printf("%-18s %-27s %-27s %s\n", "measure", "Holdfast", "kernel", "kernel / Holdfast");
}

void report_text(const struct result *result)
{
	char holdfast[64] = "-", peer[64] = "-", ratio[64] = "-";

	if (result->rounds)
		spread_text(holdfast, sizeof(holdfast), &result->holdfast, true);
	if (result->rounds && result->has_peer) {
		spread_text(peer, sizeof(peer), &result->peer, true);
		spread_text(ratio, sizeof(ratio), &result->ratio, false);
	}
	printf("%-18s %-27s %-27s %s\n", result->measure->name, holdfast, peer, ratio);
	printf("%18s %s\n", "", result->measure->what);
	if (result->why[0])
		printf("%18s %s: %s\n", "", result->outcome == WENT_WRONG ? "went wrong" : "left out", result->why);
	fflush(stdout);
}

void report_tail(void)
{
	char load[32];

	machine_load(load, sizeof(load));
	printf("\n%s at the end\n", load);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void json_figure(const char *key, bool known, double value)
{
	if (known)
		printf(", \"%s\": %.6g", key, value);
	else
		printf(", \"%s\": null", key);
}

static void json_quartiles(const char *key, bool known, const struct spread *spread)
{
	if (known)
		printf("\"%s\": [%.6g, %.6g]", key, spread->low, spread->high);
	else
		printf("\"%s\": null", key);
}

static void json_words(const char *key, const char *text)
{
	printf(", \"%s\": ", key);
	json_string(stdout, text);
}

void report_json(const struct machine *machine, const struct result *result)
{
	bool holdfast = result->rounds, both = result->rounds && result->has_peer;
	char unit[32];

	snprintf(unit, sizeof(unit), "ns/%s", result->measure->unit);
	printf("{\"measure\": ");
	json_string(stdout, result->measure->name);
	json_figure("holdfast", holdfast, result->holdfast.median);
	json_figure("peer", both, result->peer.median);
	json_words("unit", unit);
	json_figure("ratio", both, result->ratio.median);
	printf(", \"spread\": {");
	json_quartiles("holdfast", holdfast, &result->holdfast);
	printf(", ");
	json_quartiles("peer", both, &result->peer);
	printf(", ");
	json_quartiles("ratio", both, &result->ratio);
	printf("}, \"rounds\": %u", result->rounds);
	json_words("conditions", result->measure->what);
	if (result->why[0])
		json_words("reason", result->why);
	json_words("version", hf_version());
	json_words("machine", machine->text);
	printf("}\n");
	fflush(stdout);
}

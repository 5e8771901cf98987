/*
 * main.c - the program holdfast-bench: Holdfast and the kernel it runs on, side by side
 *
 * It is linked against the library as people get it.  `holdfast bench` runs it.
 */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Everything that came out: the picture is drawn when all is done. */
struct run {
	const struct wish *wish;
	struct machine machine;
	unsigned done, total;			/* for the progress line */
	bool any, failed;
	unsigned met, missed;
	struct result results[CHOSEN_MAX];
	struct line lines[CURVES_MAX][LINES_MAX];
	struct chart chart;
};

static void judge(struct run *run, const struct result *result)
{
	enum verdict verdict = verdict_of(result);

	run->any |= result->rounds > 0;
	run->failed |= result->outcome == WENT_WRONG;
	run->met += verdict == MET;
	run->missed += verdict == MISSED;
}

static void where(const struct run *run, char *text, size_t room)
{
	snprintf(text, room, "%u of %u", run->done + 1, run->total);
}

/* ---- measures ------------------------------------------------------------------------------ */

/* Measures of one trial that were chosen one after the other are figures of the same rounds. */
static void take_measures(struct run *run)
{
	const struct wish *wish = run->wish;
	const struct trial *last = NULL;
	struct rounds rounds = { 0 };

	for (unsigned i = 0; i < wish->measure_count; i++, run->done++) {
		const struct measure *measure = wish->measures[i];
		struct result *result = &run->results[i];
		struct trial trial = *measure->trial;
		char place[32];

		if (wish->plan->quick && trial.quick_mib)
			trial.mib = trial.quick_mib;
		where(run, place, sizeof(place));
		if (measure->trial != last)
			trial_run(&trial, measure->name, wish->plan, run->machine.free_mib, place, &rounds);
		last = measure->trial;
		*result = (struct result){ .mib = trial.mib };
		result_of(measure, &rounds, result);
		progress_clear();
		judge(run, result);
		run->chart.result[run->chart.results++] = result;
		if (wish->json)
			report_json(&run->machine, result, NULL);
		else
			report_text(result);
	}
}

/* ---- curves ---------------------------------------------------------------------------------- */

static void tell_line(struct run *run, const struct curve *curve, const struct line *line)
{
	for (unsigned i = 0; i < line->count; i++) {
		judge(run, &line->points[i]);
		if (run->wish->json)
			report_json(&run->machine, &line->points[i], curve->axis);
	}
	judge(run, &line->fit);
	if (run->wish->json)
		report_json(&run->machine, &line->fit, NULL);
	else
		report_line(curve, line);
	run->chart.curve[run->chart.lines] = curve;
	run->chart.line[run->chart.lines++] = line;
}

static void take_curves(struct run *run)
{
	const struct wish *wish = run->wish;

	for (unsigned i = 0; i < wish->curve_count; i++, run->done++) {
		const struct curve *curve = wish->chosen_curves[i];
		char place[32];

		where(run, place, sizeof(place));
		curve_run(curve, wish->plan, run->machine.free_mib, place, run->lines[i]);
		progress_clear();
		for (unsigned line = 0; line < curve->count; line++)
			tell_line(run, curve, &run->lines[i][line]);
	}
}

/* ---- all of it --------------------------------------------------------------------------------- */

static int measure_all(const struct wish *wish)
{
	struct run *run = calloc(1, sizeof(*run));
	int error = 0, status;

	if (!run) {
		fprintf(stderr, "holdfast bench: out of memory\n");
		return EXIT_FAILED;
	}
	run->wish = wish;
	run->total = wish->measure_count + wish->curve_count;
	machine_look(&run->machine);
	if (!wish->json)
		report_head(&run->machine);
	take_measures(run);
	take_curves(run);
	if (!wish->json)
		report_tail(run->met, run->missed);
	if (wish->chart)
		error = chart_write(&run->chart, &run->machine, wish->chart);
	if (error)
		fprintf(stderr, "holdfast bench: can't write %s: %s\n", wish->chart, strerror(error));
	status = run->failed || error ? EXIT_FAILED : run->any ? EXIT_MEASURED : EXIT_NOTHING;
	free(run);
	return status;
}

/* What an instruction counter runs: little memory, for each instruction takes long there. */
static int count_only(const struct wish *wish)
{
	struct trial trial = *wish->measures[0]->trial;

	if (trial.mib > COUNT_MIB)
		trial.mib = COUNT_MIB;
	printf("%.0f\n", side_run_here(trial.holdfast, &trial, wish->count));
	return EXIT_MEASURED;
}

/* What was written has to have got somewhere. */
static int finish(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "holdfast bench: can't write the results: %s\n", strerror(errno));
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct wish wish = { 0 };
	int status;

	if (argc < 1)
		return EXIT_USAGE;
	status = options_parse(&wish, argv);
	/* What a side has ends with its process, here as elsewhere. */
	if (status < 0 && wish.count)
		_exit(finish(count_only(&wish)));
	if (status < 0)
		status = measure_all(&wish);
	return finish(status);
}

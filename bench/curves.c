/*
 * curves.c - what grows with what, and how fast
 *
 * A curve is a trial at several places: sizes, or counts.  Its exponent is that of the
 * last points, where what grows outweighs what is constant: 0 is flat, 1 is a straight
 * line.  What is plotted is all of the work together (all forks of a chain, all pins of
 * all threads), so a straight line means that each costs the same however many there are.
 */
#include "bench.h"

#include "holdfast.h"

#include <string.h>

/* A straight line, but for what caches and neighbours do to it. */
#define STRAIGHT .target = { AT_MOST, 1.1, NULL }

static const struct trial by_size = { .holdfast = &fork_holdfast, .peer = &fork_kernel, .percent = 212 };
static const struct trial by_mappings = { .holdfast = &mappings_holdfast, .peer = &mappings_kernel, .mib = 512,
					  .percent = 200 };
static const struct trial chain = { .holdfast = &chain_holdfast, .mib = 64, .percent = 600 };
static const struct trial tree = { .holdfast = &tree_holdfast, .mib = 64, .percent = 600 };
static const struct trial by_pins = { .holdfast = &pinned_holdfast, .peer = &pinned_kernel, .mib = 1024,
				      .quick_mib = 256, .percent = 500, .how = HF_PIN_WRITE | HF_PIN_LONGTERM };
static const struct trial by_threads = { .holdfast = &threads_holdfast, .mib = 16, .percent = 200 };

static const struct measure sizes[] = {
	{ .name = "fork-by-size", .unit = "ns/fork", .trial = &by_size, STRAIGHT, .beside = "fork()",
	  .what = "a fork; all pages of 4 KiB written since the one before, nothing pinned" },
	{ .name = "fork-warm-by-size", .unit = "ns/fork", .trial = &by_size, .figure = 1, STRAIGHT, .beside = "fork()",
	  .what = "a fork; nothing written since the one before" },
	{ .name = "exit-by-size", .unit = "ns/exit", .trial = &by_size, .figure = 2, STRAIGHT,
	  .what = "the end of a child that wrote nothing", .beside = "until waitpid() returns" },
};
static const struct measure mappings[] = {
	{ .name = "map-by-mappings", .unit = "ns/all", .trial = &by_mappings, STRAIGHT, .beside = "mmap()",
	  .what = "all of the mappings made, a page each, untouched" },
	{ .name = "fork-by-mappings", .unit = "ns/fork", .trial = &by_mappings, .figure = 1, STRAIGHT,
	  .what = "a fork of them", .beside = "fork()" },
	{ .name = "exit-by-mappings", .unit = "ns/exit", .trial = &by_mappings, .figure = 2, STRAIGHT,
	  .what = "the end of that child", .beside = "until waitpid() returns" },
};
static const struct measure pins[] = {
	{ .name = "fork-by-pins", .unit = "ns/fork", .trial = &by_pins, STRAIGHT,
	  .what = "a fork of 1 GiB (--quick: 256 MiB), pinned pages spread",
	  .beside = "fork() with as many in io_uring" },
};
static const struct measure links[] = {
	{ .name = "fork-chain", .unit = "ns/all", .trial = &chain, STRAIGHT,
	  .what = "all of a chain: 64 MiB; the child writes a page at random, and its parent ends" },
};
static const struct measure children[] = {
	{ .name = "fork-tree", .unit = "ns/all", .trial = &tree, STRAIGHT,
	  .what = "all children of one space of 64 MiB, all alive, each writes a page at random" },
	{ .name = "exit-tree", .unit = "ns/all", .trial = &tree, .figure = 1, STRAIGHT, .what = "the end of them all" },
};
static const struct measure threads[] = {
	{ .name = "pin-by-threads", .unit = "ns/all", .trial = &by_threads, STRAIGHT,
	  .what = "400,000 pins + unpins by each thread, one page a call, of a page of its own, until all are done" },
};

#define OF(list) .measures = (list), .count = sizeof(list) / sizeof((list)[0])

const struct curve curves[] = {
	{ .name = "by-size", OF(sizes), .axis = "MiB", .by_size = true, .quick = 5,
	  .at = { 1, 4, 16, 64, 256, 1024, 4096, 8192 } },
	{ .name = "by-mappings", OF(mappings), .axis = "mappings", .quick = 5,
	  .at = { 1, 10, 100, 1000, 10000, 100000, 1000000 } },
	{ .name = "by-pins", OF(pins), .axis = "pinned pages", .quick = 4, .at = { 1, 10, 100, 1000, 10000 } },
	{ .name = "chain", OF(links), .axis = "forks", .quick = 4, .at = { 10, 100, 1000, 10000 } },
	{ .name = "tree", OF(children), .axis = "children", .quick = 4, .at = { 1, 10, 100, 1000 } },
	{ .name = "by-threads", OF(threads), .axis = "threads", .quick = 4, .at = { 1, 2, 4, 8 } },
	{ .name = NULL },
};

const struct curve *curve_find(const char *name)
{
	for (const struct curve *curve = curves; curve->name; curve++)
		if (!strcmp(curve->name, name))
			return curve;
	return NULL;
}

/* ---- points ------------------------------------------------------------------------------ */

/* One place of the curve: a point of each of its lines. */
static void take_point(const struct curve *curve, uint64_t at, const struct plan *plan, uint64_t free_mib,
		       const char *where, struct line *lines)
{
	struct trial trial = *curve->measures[0].trial;
	struct rounds rounds = { 0 };
	char place[96];

	if (curve->by_size)
		trial.mib = at;
	else
		trial.count = at;
	if (plan->quick && trial.quick_mib)
		trial.mib = trial.quick_mib;
	snprintf(place, sizeof(place), "%llu %s; %s", (unsigned long long)at, curve->axis, where);
	trial_run(&trial, curve->name, plan, free_mib, place, &rounds);
	for (unsigned i = 0; i < curve->count; i++) {
		struct result *point = &lines[i].points[lines[i].count++];

		*point = (struct result){ .mib = trial.mib, .at = at };
		result_of(&lines[i].measure, &rounds, point);
	}
}

/* ---- exponents ------------------------------------------------------------------------------- */

static struct spread fit_side(const struct line *line, bool peer)
{
	double x[POINTS_MAX], y[POINTS_MAX], exponent;
	unsigned count = 0;

	for (unsigned i = line->count > FITTED ? line->count - FITTED : 0; i < line->count; i++) {
		const struct result *point = &line->points[i];

		if (!point->rounds || (peer && !point->has_peer))
			continue;
		x[count] = (double)point->at;
		y[count++] = peer ? point->peer.median : point->holdfast.median;
	}
	exponent = count > 1 ? exponent_of(x, y, count) : 0;
	return (struct spread){ exponent, exponent, exponent };
}

static void fit(struct line *line, const struct measure *measure)
{
	unsigned points = 0, pairs = 0;

	snprintf(line->fit_name, sizeof(line->fit_name), "%s-exponent", measure->name);
	line->fit_measure = *measure;
	line->fit_measure.name = line->fit_name;
	line->fit_measure.unit = "exponent";
	line->fit = (struct result){ .measure = &line->fit_measure };
	for (unsigned i = line->count > FITTED ? line->count - FITTED : 0; i < line->count; i++) {
		points += line->points[i].rounds > 0;
		pairs += line->points[i].has_peer;
	}
	if (points < 2)
		return;
	line->fit.rounds = points;
	line->fit.has_peer = pairs > 1;
	line->fit.holdfast = fit_side(line, false);
	if (pairs > 1)
		line->fit.peer = fit_side(line, true);
	line->fit.ratio = (struct spread){ 1, 1, 1 };
}

void curve_run(const struct curve *curve, const struct plan *plan, uint64_t free_mib, const char *where,
	       struct line *lines)
{
	for (unsigned i = 0; i < curve->count; i++) {
		lines[i] = (struct line){ .measure = curve->measures[i] };
		lines[i].measure.target.kind = NO_TARGET;
	}
	for (unsigned i = 0; i < POINTS_MAX && curve->at[i] && !(plan->quick && i >= curve->quick); i++)
		take_point(curve, curve->at[i], plan, free_mib, where, lines);
	for (unsigned i = 0; i < curve->count; i++)
		fit(&lines[i], &curve->measures[i]);
}

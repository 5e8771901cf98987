/*
 * repair.c - where one seq_cst fence would repair a failing scenario
 *
 * Tried before each place that the failing execution went through, in its order:
 * explored again as a whole, with the fence there.  All of it in limited time; a
 * place that was not decided in it is not named.
 */
#include <stdlib.h>
#include <string.h>

#include "sites.h"
#include "world.h"

#define MOST_PLACES 64u
#define MOST_NAMED 3u
#define MOST_SECONDS 10.0	/* in all: somebody waits for the story */
#define MOST_EACH 2.0

/* A fence orders accesses; it is no cure for a deadlock, or for steps in the wrong order in one thread. */
static bool may_help(const struct exploration *failed, enum wrong wrong)
{
	return failed->model != MODEL_SC && (wrong == WRONG_PROMISE || wrong == WRONG_INVARIANT || wrong == WRONG_FREED ||
					     wrong == WRONG_LEAK || wrong == WRONG_RACE || wrong == WRONG_MISUSE);
}

static unsigned places_of(const struct run *run, const void *places[MOST_PLACES])
{
	unsigned count = 0;

	for (size_t i = 0; i < run->count && count < MOST_PLACES; i++) {
		const struct event *event = &run->events[i];
		bool known = event->kind == EVENT_NOTE || event->kind == EVENT_PLAIN || !site_of(event->site);

		for (unsigned k = 0; k < count; k++)
			known |= places[k] == event->site;
		if (!known)
			places[count++] = event->site;
	}
	return count;
}

enum answer { REPAIRS, DOES_NOT, NOT_DECIDED };

static enum answer repairs(const struct exploration *failed, const void *place, double *seconds)
{
	struct exploration exploration = *failed;
	struct explored explored;

	exploration.strengthen.before = place;
	exploration.only = 0;
	exploration.go_on = false;
	exploration.progress = NULL;
	exploration.seconds_most = MOST_EACH;
	judge_begin();
	engine_explore(&exploration, &explored);
	run_free(explored.run);
	*seconds += explored.seconds;
	if (explored.violating)
		return DOES_NOT;
	return explored.complete ? REPAIRS : NOT_DECIDED;
}

static void print_place(FILE *f, const struct site *site)
{
	fprintf(f, "%s:%u", site->file, site->line);
	if (site->function)
		fprintf(f, " in %s()", site->function);
	if (site->outermost && site->function && strcmp(site->outermost, site->function))
		fprintf(f, ", called by %s()", site->outermost);
}

/* Try them in turn, and print those that do. */
static void try_places(FILE *f, const struct exploration *failed, const struct run *run)
{
	const void *places[MOST_PLACES];
	unsigned count = places_of(run, places), found = 0, undecided = count;
	double seconds = 0;

	for (unsigned i = 0; i < count && seconds < MOST_SECONDS; i++) {
		enum answer answer = repairs(failed, places[i], &seconds);

		undecided -= answer != NOT_DECIDED;
		if (answer != REPAIRS || found++ >= MOST_NAMED)
			continue;
		fputs(found == 1 ? "one seq_cst fence, before " : "; or before ", f);
		print_place(f, site_of(places[i]));
	}
	if (found > MOST_NAMED)
		fprintf(f, "; or %u more", found - MOST_NAMED);
	fprintf(f, "%s (%u places were tried", found ? "" : "no single fence", count);
	if (undecided)
		fprintf(f, ", %u of them not to the end", undecided);
	fputc(')', f);
}

char *repair_find(const struct exploration *failed, const struct run *run)
{
	char *text = NULL;
	size_t length;
	FILE *f;

	if (!may_help(failed, run->wrong))
		return NULL;
	f = open_memstream(&text, &length);
	if (!f)
		return NULL;
	try_places(f, failed, run);
	fclose(f);
	return text;
}

/*
 * repair.c - where one seq_cst fence would repair a failing scenario
 *
 * Tried before each place that the failing execution went through, in its order:
 * explored again as a whole, with the fence there.  All of it in limited time; a
 * place that was not decided in it is not named.
 */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "sites.h"
#include "world.h"

#define MOST_PLACES 64u
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

static bool repairs(const struct exploration *failed, const void *place, double *seconds, bool *decided)
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
	*decided &= explored.complete || explored.violating;
	return explored.complete && !explored.violating;
}

static void print_place(FILE *f, const struct site *site, bool first)
{
	fprintf(f, "%s%s:%u", first ? "" : ", ", site->file, site->line);
	if (site->function)
		fprintf(f, " in %s()", site->function);
	if (site->outermost && strcmp(site->outermost, site->function ? site->function : ""))
		fprintf(f, ", called by %s()", site->outermost);
}

char *repair_find(const struct exploration *failed, const struct run *run)
{
	const void *places[MOST_PLACES];
	unsigned count, found = 0, tried = 0;
	bool decided = true;
	double seconds = 0;
	char *text = NULL;
	size_t length;
	FILE *f;

	if (!may_help(failed, run->wrong))
		return NULL;
	count = places_of(run, places);
	f = open_memstream(&text, &length);
	if (!f)
		return NULL;
	for (; tried < count && seconds < MOST_SECONDS; tried++) {
		if (!repairs(failed, places[tried], &seconds, &decided))
			continue;
		fputs(found ? "" : "a seq_cst fence before ", f);
		print_place(f, site_of(places[tried]), !found++);
	}
	if (!found && decided && tried == count)
		fprintf(f, "no single fence: %u places were tried", count);
	else if (found)
		fprintf(f, " (%u of %u places; any of them does%s)", found, count,
			tried < count || !decided ? ", and not all were tried to the end" : "");
	fclose(f);
	return text;
}

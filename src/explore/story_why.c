/*
 * story_why.c - why a read could miss a store, and what would have ordered them
 *
 * A read that found an old value is allowed only where nothing orders the newer
 * store before it.  Two shapes explain nearly all:
 *
 *	circle		thread 1	thread 2		handed		thread 1	thread 2
 *			write x		other: write y				write x		other: read f
 *			look: read y	read x					look: write f	read x
 *
 * In a circle each thread stores and then does not see the other's store: a full
 * fence in between is missing on at least one side.  Handed: the reader has seen
 * a later store of the writer's, but there is no release on one side, or no
 * acquire on the other, that would have brought the earlier one along.
 *
 * This looks at the execution alone.  Whether a fence put there repairs the scenario,
 * in every execution, is for the explorer to try.
 */
#include "story.h"

#include <stdlib.h>

static bool full_fence_between(const struct run *run, int a, int b)
{
	for (int i = a + 1; i < b; i++)
		if (run->events[i].thread == run->events[a].thread && run->events[i].kind == EVENT_FENCE &&
		    run->events[i].order == ORDER_SEQ_CST)
			return true;
	return false;
}

static bool releases(enum order order)
{
	return order == ORDER_RELEASE || order == ORDER_ACQ_REL || order == ORDER_SEQ_CST;
}

static bool acquires(enum order order)
{
	return order == ORDER_CONSUME || order == ORDER_ACQUIRE || order == ORDER_ACQ_REL || order == ORDER_SEQ_CST;
}

static bool fence_between(const struct run *run, int a, int b, bool (*strong)(enum order))
{
	for (int i = a + 1; i < b; i++)
		if (run->events[i].thread == run->events[a].thread && run->events[i].kind == EVENT_FENCE &&
		    strong(run->events[i].order))
			return true;
	return false;
}

/* The reader took, in front of its read, what the writer stored behind its write. */
static bool is_handed(const struct run *run, struct story_why *why)
{
	const struct event *events = run->events;

	for (int q = why->read - 1; q >= 0; q--) {
		int f = events[q].from;

		if (events[q].thread != events[why->read].thread || !event_reads(&events[q]) || f < 0)
			continue;
		if (events[f].thread != events[why->write].thread || run->number[f] <= run->number[why->write])
			continue;
		why->kind = WHY_HANDED;
		why->look = f;
		why->other = q;
		why->lacks_writer = !releases(events[f].order) && !fence_between(run, why->write, f, releases);
		why->lacks_reader = !acquires(events[q].order) && !fence_between(run, q, why->read, acquires);
		return true;
	}
	return false;
}

/* Does event a find what was at its location before event b changed it? */
static bool misses(const struct run *run, int a, int b)
{
	const struct event *events = run->events;

	if (!event_reads(&events[a]) || !event_writes(&events[b]) || !event_same_place(&events[a], &events[b]))
		return false;
	return events[a].from < b && !run_is_before(run, (size_t)b, (size_t)a);
}

static bool is_circle(const struct run *run, struct story_why *why)
{
	const struct event *events = run->events;

	for (int other = why->read - 1; other >= 0; other--) {
		if (events[other].thread != events[why->read].thread || !event_writes(&events[other]))
			continue;
		for (int look = 0; look < (int)run->count; look++) {
			if (events[look].thread != events[why->write].thread || look == why->write ||
			    run->number[look] <= run->number[why->write] || !misses(run, look, other))
				continue;
			why->kind = WHY_CIRCLE;
			why->look = look;
			why->other = other;
			why->lacks_writer = !full_fence_between(run, why->write, look);
			why->lacks_reader = !full_fence_between(run, other, why->read);
			return true;
		}
	}
	return false;
}

struct story_why story_why(const struct run *run, int read)
{
	struct story_why why = { .write = run->events[read].missed, .read = read, .kind = WHY_UNKNOWN };

	if (why.write >= 0 && run->events[why.write].thread != run->events[read].thread && !is_handed(run, &why))
		is_circle(run, &why);
	return why;
}

bool story_why_is_new(const struct run *run, const struct story_why *why)
{
	for (int i = 0; i < why->read; i++) {
		struct story_why earlier;

		if (!event_is_stale(&run->events[i]) || run->events[i].thread != run->events[why->read].thread)
			continue;
		earlier = story_why(run, i);
		if (earlier.write == why->write && earlier.kind == why->kind &&
		    (why->kind == WHY_UNKNOWN || (earlier.look == why->look && earlier.other == why->other)))
			return false;
	}
	return true;
}

/* ---- in words ---------------------------------------------------------------------------- */

static unsigned number(const struct explore_run *story, int event)
{
	return story->steps[event].number;
}

static char *circle_text(const struct explore_run *story, const struct story_why *why)
{
	const struct event *events = story->run->events;
	unsigned w = number(story, why->write), look = number(story, why->look), other = number(story, why->other),
		 r = number(story, why->read);
	unsigned writer = events[why->write].thread + 1, reader = events[why->read].thread + 1;
	char *first = story_format("Step %u reads what was there before step %u, and step %u what was there before step %u: "
				   "each thread misses the other.", look, other, r, w), *text;

	if (why->lacks_writer && why->lacks_reader)
		text = story_format("%s A full fence is missing between steps %u and %u in thread %u, and between steps %u "
				    "and %u in thread %u.", first, w, look, writer, other, r, reader);
	else if (why->lacks_writer)
		text = story_format("%s Thread %u has a full fence in between; between steps %u and %u in thread %u one is "
				    "missing.", first, reader, w, look, writer);
	else if (why->lacks_reader)
		text = story_format("%s Thread %u has a full fence in between; between steps %u and %u in thread %u one is "
				    "missing.", first, writer, other, r, reader);
	else
		text = story_format("%s", first);
	free(first);
	return text;
}

static char *handed_text(const struct explore_run *story, const struct story_why *why)
{
	const struct event *events = story->run->events;
	unsigned w = number(story, why->write), look = number(story, why->look), other = number(story, why->other),
		 r = number(story, why->read);
	char *first = story_format("Step %u comes after step %u, and step %u reads what it stored.", look, w, other), *text;

	if (why->lacks_writer && why->lacks_reader)
		text = story_format("%s But step %u releases nothing and step %u acquires nothing, so step %u need not see "
				    "step %u.", first, look, other, r, w);
	else if (why->lacks_writer)
		text = story_format("%s But step %u is %s: no release, so step %u need not see step %u.", first, look,
				    event_order_names[events[why->look].order], r, w);
	else if (why->lacks_reader)
		text = story_format("%s But step %u is %s: no acquire, so step %u need not see step %u.", first, other,
				    event_order_names[events[why->other].order], r, w);
	else
		text = story_format("%s", first);
	free(first);
	return text;
}

char *story_why_text(const struct explore_run *story, const struct story_why *why)
{
	if (why->kind == WHY_CIRCLE)
		return circle_text(story, why);
	if (why->kind == WHY_HANDED)
		return handed_text(story, why);
	return story_format("Nothing orders step %u before step %u.", number(story, why->write), number(story, why->read));
}

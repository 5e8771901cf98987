/*
 * straighten.c - a recorded execution in the order that is easiest to read
 *
 * The order in which an execution was run is one of many that are the same to
 * everybody in it: what nothing orders can be told in either order.  Here is
 * looked for the order with the fewest switches from one thread to another, and
 * among the stale reads those are put in front of the store they missed for which
 * no order forbids it: what is left stale is stale for a reason.
 *
 * What stays before what: a thread's own steps, what the clocks order, a value's
 * writer and its reader; the stores to one location, and a read before the next
 * one, so that no read becomes stale here; sections that began behind the
 * beginning of a grace period, or behind a cut; a cut and the commit that failed
 * by it; the two sides of a violation.  Where a store went
 * in between older ones, or accesses of different widths overlap, all accesses
 * keep their order.  What was the newest value at each step is worked out anew.
 *
 * It knows nothing of pages, and asks no engine.
 */
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "memory.h"

#define TRIES_MOST 100000u	/* of letting a thread run; then the greedy order has to do */

struct plan {
	const struct run *run;
	uint16_t (*need)[ENGINE_THREADS];	/* of each event: so many of each thread stand before it */
	uint16_t *place;			/* of each event: its place in its thread, from 0 */
	uint32_t *list[ENGINE_THREADS];		/* the events of each thread */
	uint32_t length[ENGINE_THREADS];
	bool *settled;				/* its location's accesses keep their order */
	uint8_t *way, *best;			/* which thread runs, as far as it can, one after the other */
	size_t best_length;
	unsigned tries;
};

/* How far each thread has come. */
struct reach {
	uint32_t at[ENGINE_THREADS];
};

void run_free(struct run *run)
{
	if (!run)
		return;
	free(run->events);
	free(run->clock);
	free(run->number);
	free(run);
}

bool run_is_before(const struct run *run, size_t a, size_t b)
{
	return a != b && run->clock[b][run->events[a].thread] >= run->number[a];
}

/* ---- what events are ----------------------------------------------------------------- */

static bool reads(const struct event *event)
{
	return event->kind == EVENT_LOAD || event->kind == EVENT_RMW || event->kind == EVENT_CAS ||
	       event->kind == EVENT_CAS_FAILED;
}

static bool writes(const struct event *event)
{
	return event->kind == EVENT_STORE || event->kind == EVENT_RMW || event->kind == EVENT_CAS ||
	       event->kind == EVENT_FLUSH;
}

static bool accesses(const struct event *event)
{
	return event->address && (reads(event) || writes(event) || event->kind == EVENT_PLAIN);
}

static bool locks(const struct event *event)
{
	return event->kind == EVENT_LOCK || event->kind == EVENT_UNLOCK;
}

static bool same_place(const struct event *a, const struct event *b)
{
	return a->address == b->address && a->bytes == b->bytes;
}

static bool overlap(const struct event *a, const struct event *b)
{
	uintptr_t x = (uintptr_t)a->address, y = (uintptr_t)b->address;

	return x < y + b->bytes && y < x + a->bytes;
}

/* ---- locations whose accesses keep their order ------------------------------------------ */

/* Is the story of the location up to event b just this: each store the newest, each read as it says? */
static bool plain_story(const struct run *run, size_t b, long newest)
{
	const struct event *event = &run->events[b];

	if (event->kind == EVENT_FLUSH || event->kind == EVENT_PLAIN)
		return false;
	if (reads(event) && (event->missed < 0 ? event->from != newest : event->missed != newest))
		return false;
	return !writes(event) || event->after == event->written;
}

static void settle_place(struct plan *plan, size_t first)
{
	const struct run *run = plan->run;
	const struct event *event = &run->events[first];
	bool plain = true;
	long newest = -1;

	for (size_t b = first; b < run->count; b++) {
		const struct event *other = &run->events[b];

		if (!accesses(other) || !overlap(event, other))
			continue;
		plain &= same_place(event, other) && plain_story(run, b, newest);
		if (writes(other))
			newest = (long)b;
	}
	for (size_t b = first; b < run->count && !plain; b++)
		if (accesses(&run->events[b]) && overlap(event, &run->events[b]))
			plan->settled[b] = true;
}

static bool first_at_its_place(const struct run *run, size_t b)
{
	for (size_t a = 0; a < b; a++)
		if (accesses(&run->events[a]) && same_place(&run->events[a], &run->events[b]))
			return false;
	return true;
}

static void settle(struct plan *plan)
{
	for (size_t b = 0; b < plan->run->count; b++)
		if (accesses(&plan->run->events[b]) && first_at_its_place(plan->run, b))
			settle_place(plan, b);
}

/* ---- what stays before what ----------------------------------------------------------------- */

/* a was recorded before b, and is of another thread. */
static bool stays_before(const struct plan *plan, size_t a, size_t b)
{
	const struct run *run = plan->run;
	const struct event *x = &run->events[a], *y = &run->events[b];

	if (run_is_before(run, a, b) || y->from == (int)a)
		return true;
	if (run->culprit[0] >= 0 && run->culprit[1] >= 0 && (run->culprit[0] == (int)a || run->culprit[1] == (int)a) &&
	    (run->culprit[0] == (int)b || run->culprit[1] == (int)b))
		return true;
	if (x->kind == EVENT_GRACE_BEGIN || x->kind == EVENT_POLL_BEGIN)
		return y->kind == EVENT_ENTER;
	if (x->kind == EVENT_CUT)
		return y->kind == EVENT_ENTER && x->written == y->thread;
	if (locks(x) && locks(y))
		return x->address == y->address;
	if (!accesses(x) || !accesses(y) || !overlap(x, y))
		return false;
	if (plan->settled[a] || plan->settled[b])
		return x->kind == EVENT_PLAIN || y->kind == EVENT_PLAIN || writes(x) || writes(y);
	/* A store before a read: the reader stands behind the store whose value it has, and that is enough. */
	return writes(y);
}

static void need_before(struct plan *plan, size_t a, size_t b)
{
	uint16_t *need = &plan->need[b][plan->run->events[a].thread];
	uint16_t count = (uint16_t)(plan->place[a] + 1);

	if (*need < count)
		*need = count;
}

static void find_needs(struct plan *plan)
{
	const struct run *run = plan->run;

	for (size_t b = 0; b < run->count; b++)
		for (size_t a = 0; a < b; a++)
			if (run->events[a].thread != run->events[b].thread && stays_before(plan, a, b))
				need_before(plan, a, b);
}

/* ---- running -------------------------------------------------------------------------------- */

static bool ready(const struct plan *plan, const struct reach *reach, unsigned thread)
{
	const uint16_t *need;

	if (reach->at[thread] == plan->length[thread])
		return false;
	need = plan->need[plan->list[thread][reach->at[thread]]];
	for (unsigned other = 0; other < ENGINE_THREADS; other++)
		if (other != thread && reach->at[other] < need[other])
			return false;
	return true;
}

/* As far as it goes: to go further can only help the others. */
static uint32_t let_run(struct plan *plan, struct reach *reach, unsigned thread)
{
	uint32_t steps = 0;

	plan->tries++;
	while (ready(plan, reach, thread)) {
		reach->at[thread]++;
		steps++;
	}
	return steps;
}

static unsigned unfinished(const struct plan *plan, const struct reach *reach)
{
	unsigned count = 0;

	for (unsigned thread = 0; thread < ENGINE_THREADS; thread++)
		count += reach->at[thread] < plan->length[thread];
	return count;
}

/* Always the thread that can run longest.  false: the needs contradict each other. */
static bool run_greedily(struct plan *plan)
{
	struct reach reach = { { 0 } };
	size_t length = 0;

	while (unfinished(plan, &reach)) {
		struct reach next = reach;
		uint32_t longest = 0;

		for (unsigned thread = 0; thread < ENGINE_THREADS; thread++) {
			struct reach there = reach;
			uint32_t steps = let_run(plan, &there, thread);

			if (steps <= longest)
				continue;
			longest = steps;
			next = there;
			plan->way[length] = (uint8_t)thread;
		}
		if (!longest)
			return false;
		reach = next;
		length++;
	}
	memcpy(plan->best, plan->way, length);
	plan->best_length = length;
	return true;
}

/* Can it be done in so many more runs? */
static bool run_within(struct plan *plan, struct reach reach, size_t length, size_t most)
{
	unsigned left = unfinished(plan, &reach);

	if (!left) {
		memcpy(plan->best, plan->way, length);
		plan->best_length = length;
		return true;
	}
	if (length + left > most || plan->tries >= TRIES_MOST)
		return false;
	for (unsigned thread = 0; thread < ENGINE_THREADS; thread++) {
		struct reach there = reach;

		if (!let_run(plan, &there, thread))
			continue;
		plan->way[length] = (uint8_t)thread;
		if (run_within(plan, there, length + 1, most))
			return true;
	}
	return false;
}

static void find_way(struct plan *plan)
{
	struct reach start = { { 0 } };

	plan->tries = 0;
	for (size_t most = 1; most < plan->best_length; most++)
		if (run_within(plan, start, 0, most))
			return;
}

/* ---- stale reads that need not be ---------------------------------------------------------------- */

/* The store that came behind the value that a stale read found. */
static size_t overwritten_by(const struct run *run, size_t r)
{
	const struct event *event = &run->events[r];
	size_t b = event->from < 0 ? 0 : (size_t)event->from + 1;

	while (!(writes(&run->events[b]) && same_place(&run->events[b], event)))
		b++;
	return b;
}

static void freshen(struct plan *plan)
{
	const struct run *run = plan->run;

	for (size_t r = 0; r < run->count; r++) {
		const struct event *event = &run->events[r];
		uint16_t before;
		size_t store;

		if (!reads(event) || event->missed < 0 || plan->settled[r])
			continue;
		store = overwritten_by(run, r);
		if (run->events[store].thread == event->thread)
			continue;
		before = plan->need[store][event->thread];
		need_before(plan, r, store);
		if (!run_greedily(plan))
			plan->need[store][event->thread] = before;
	}
}

/* ---- the run in its new order --------------------------------------------------------------------- */

/* order[i]: the event that is the i-th now. */
static void find_order(struct plan *plan, uint32_t *order)
{
	struct reach reach = { { 0 } };
	size_t count = 0;

	for (size_t i = 0; i < plan->best_length; i++) {
		unsigned thread = plan->best[i];

		while (ready(plan, &reach, thread))
			order[count++] = plan->list[thread][reach.at[thread]++];
	}
}

/* What stood at the location before anybody here touched it. */
static uint64_t at_the_beginning(const struct run *old, const struct event *event)
{
	for (size_t i = 0; i < old->count; i++)
		if (accesses(&old->events[i]) && same_place(&old->events[i], event))
			return old->events[i].before;
	return 0;
}

static void look_again(struct run *run, size_t b, const struct run *old)
{
	struct event *event = &run->events[b];
	int newest = (int)b - 1;

	while (newest >= 0 && !(writes(&run->events[newest]) && same_place(&run->events[newest], event)))
		newest--;
	event->before = newest >= 0 ? run->events[newest].written : at_the_beginning(old, event);
	event->after = writes(event) ? event->written : event->before;
	event->missed = reads(event) && event->from != newest ? newest : -1;
}

static void reorder(struct plan *plan, struct run *run, const uint32_t *order)
{
	struct run old = *run;
	uint32_t *now = must_alloc(NULL, run->count * sizeof(*now));

	run->room = run->count;
	run->events = must_alloc(NULL, run->count * sizeof(*run->events));
	run->clock = must_alloc(NULL, run->count * sizeof(*run->clock));
	run->number = must_alloc(NULL, run->count * sizeof(*run->number));
	for (size_t i = 0; i < run->count; i++)
		now[order[i]] = (uint32_t)i;
	for (size_t i = 0; i < run->count; i++) {
		struct event *event = &run->events[i];

		*event = old.events[order[i]];
		memcpy(run->clock[i], old.clock[order[i]], sizeof(*run->clock));
		run->number[i] = old.number[order[i]];
		event->from = event->from < 0 ? -1 : (int)now[event->from];
		event->missed = event->missed < 0 ? -1 : (int)now[event->missed];
	}
	for (size_t i = 0; i < run->count; i++)
		if (accesses(&run->events[i]) && !plan->settled[order[i]])
			look_again(run, i, &old);
	for (unsigned i = 0; i < 2; i++)
		run->culprit[i] = run->culprit[i] < 0 ? -1 : (int)now[run->culprit[i]];
	free(now);
	free(old.events);
	free(old.clock);
	free(old.number);
}

static void plan_open(struct plan *plan, const struct run *run)
{
	size_t count = run->count;

	*plan = (struct plan){ .run = run };
	plan->need = must_alloc(NULL, count * sizeof(*plan->need));
	plan->place = must_alloc(NULL, count * sizeof(*plan->place));
	plan->settled = must_alloc(NULL, count * sizeof(*plan->settled));
	plan->way = must_alloc(NULL, count + 1);
	plan->best = must_alloc(NULL, count + 1);
	memset(plan->need, 0, count * sizeof(*plan->need));
	memset(plan->settled, 0, count * sizeof(*plan->settled));
	for (unsigned thread = 0; thread < ENGINE_THREADS; thread++)
		plan->list[thread] = must_alloc(NULL, count * sizeof(**plan->list));
	for (size_t i = 0; i < count; i++) {
		unsigned thread = run->events[i].thread;

		plan->place[i] = (uint16_t)plan->length[thread];
		plan->list[thread][plan->length[thread]++] = (uint32_t)i;
	}
}

static void plan_close(struct plan *plan)
{
	for (unsigned thread = 0; thread < ENGINE_THREADS; thread++)
		free(plan->list[thread]);
	free(plan->need);
	free(plan->place);
	free(plan->settled);
	free(plan->way);
	free(plan->best);
}

void run_straighten(struct run *run)
{
	struct plan plan;
	uint32_t *order;

	/* Places are counted in 16 bits, as the clocks are. */
	if (!run->count || run->count >= UINT16_MAX)
		return;
	plan_open(&plan, run);
	order = must_alloc(NULL, run->count * sizeof(*order));
	settle(&plan);
	find_needs(&plan);
	freshen(&plan);
	if (run_greedily(&plan)) {
		find_way(&plan);
		find_order(&plan, order);
		reorder(&plan, run, order);
	}
	free(order);
	plan_close(&plan);
}

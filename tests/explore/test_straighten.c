/*
 * test_straighten.c - executions made by hand, put in another order
 */
#include "checks.h"
#include "story_runs.h"

/* ---- straightening ------------------------------------------------------------------------- */

static void takes_the_fewest_switches(void)
{
	struct run *run = new_run(2);

	for (unsigned i = 0; i < 10; i++)
		store(run, i % 2, i % 2 ? DATA : COUNT, ORDER_RELAXED, i, -1);
	CHECK(switches(run) == 9);
	run_straighten(run);
	CHECK(switches(run) == 1);
	for (size_t i = 1; i < run->count; i++)
		CHECK(run->events[i].thread != run->events[i - 1].thread || run->number[i] == run->number[i - 1] + 1);
	run_free(run);
}

static void needs_two_for_there_and_back(void)
{
	struct run *run = new_run(3);

	store(run, 2, DATA, ORDER_RELAXED, 1, -1);
	store(run, 0, COUNT, ORDER_RELAXED, 1, -1);
	store(run, 1, ENTRY, ORDER_RELAXED, 1, -1);
	load(run, 1, COUNT, ORDER_RELAXED, -2, -1);
	store(run, 1, CHILD, ORDER_RELAXED, 1, -1);
	load(run, 0, CHILD, ORDER_RELAXED, -2, -1);
	load(run, 2, COUNT, ORDER_RELAXED, -2, -1);
	run_straighten(run);
	CHECK(switches(run) == 3);
	CHECK(run->events[find(run, 0, EVENT_LOAD, CHILD)].from == (int)find(run, 1, EVENT_STORE, CHILD));
	run_free(run);
}

/* The load ran after the store that it did not see, and needn't have. */
static void makes_a_read_fresh(void)
{
	struct run *run = new_run(2);
	size_t i;

	store(run, 0, DATA, ORDER_RELAXED, 5, -1);
	load(run, 1, DATA, ORDER_RELAXED, -1, -1);
	CHECK(run->events[1].missed == 0 && run->events[1].before == 5);
	run_straighten(run);
	i = find(run, 1, EVENT_LOAD, DATA);
	CHECK(i == 0);
	CHECK(run->events[i].missed == -1 && run->events[i].before == 0 && run->events[i].after == 0);
	CHECK(run->events[1].before == 0 && run->events[1].after == 5);
	run_free(run);
}

/* Of a circle one read stays stale in every order. */
static void keeps_what_must_be_stale(void)
{
	struct run *run = circle();
	unsigned stale = 0;

	run_straighten(run);
	for (size_t i = 0; i < run->count; i++)
		stale += event_is_stale(&run->events[i]);
	CHECK(stale == 1);
	CHECK(switches(run) == 1);
	run_free(run);
}

static void keeps_locks_in_order(void)
{
	struct run *run = new_run(2);

	for (unsigned i = 0; i < 6; i++) {
		other(run, i % 2, EVENT_LOCK, LOCK, -1);
		other(run, i % 2, EVENT_UNLOCK, LOCK, -1);
	}
	run_straighten(run);
	CHECK(switches(run) == 5);
	run_free(run);
}

/* A section that a grace period need not wait for does not come to stand in front of it. */
static void keeps_sections_behind_a_grace_period(void)
{
	struct run *run = new_run(2);

	store(run, 1, DATA, ORDER_RELAXED, 1, -1);
	other(run, 1, EVENT_GRACE_BEGIN, -1, -1);
	other(run, 0, EVENT_ENTER, -1, -1);
	other(run, 1, EVENT_GRACE_END, -1, -1);
	other(run, 0, EVENT_LEAVE, -1, -1);
	run_straighten(run);
	CHECK(switches(run) == 1);
	CHECK(run->events[0].kind == EVENT_STORE && run->events[3].kind == EVENT_ENTER);
	run_free(run);
}

/* Nor do a commit that failed, and a section that its thread began behind the cut. */
static void keeps_behind_a_cut(void)
{
	struct run *run = new_run(2);

	other(run, 0, EVENT_ENTER, -1, -1);
	store(run, 1, DATA, ORDER_RELAXED, 1, -1);
	other(run, 1, EVENT_CUT, -1, -1);
	run->events[2].read = 1;
	other(run, 1, EVENT_CUT_END, -1, -1);
	other(run, 0, EVENT_COMMIT_FAILED, -1, -1);
	run->events[4].from = 2;
	other(run, 0, EVENT_LEAVE, -1, -1);
	other(run, 0, EVENT_ENTER, -1, -1);
	other(run, 1, EVENT_FENCE, -1, -1);
	run_straighten(run);
	CHECK(switches(run) == 1);
	for (size_t i = 0, cut = 0; i < run->count; i++) {
		if (run->events[i].kind == EVENT_CUT)
			cut = i + 1;
		if (run->events[i].kind == EVENT_COMMIT_FAILED)
			CHECK(cut && run->events[i].from == (int)cut - 1);
	}
	run_free(run);
}

/* A store that came to stand behind a newer one: its location is left as it was. */
static void leaves_what_it_does_not_understand(void)
{
	struct run *run = new_run(2);

	store(run, 0, DATA, ORDER_RELAXED, 5, -1);
	store(run, 1, DATA, ORDER_RELAXED, 6, -1);
	run->events[1].after = newest[DATA] = 5;
	store(run, 0, COUNT, ORDER_RELAXED, 1, -1);
	load(run, 1, DATA, ORDER_RELAXED, 1, -1);
	run->events[3].missed = 0;
	run_straighten(run);
	CHECK(run->events[find(run, 1, EVENT_LOAD, DATA)].before == 5);
	CHECK(run->events[find(run, 1, EVENT_STORE, DATA)].after == 5);
	run_free(run);
}

/* ---- straightening, at random -------------------------------------------------------------- */

static uint32_t random_state;

static unsigned below(unsigned n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 16) % n;
}

/* Any store not older than what the thread has seen there. */
static int some_store(const struct run *run, unsigned thread, int index)
{
	int from = -1;

	for (int i = 0; i < (int)run->count; i++) {
		const struct event *event = &run->events[i];
		bool mine = event->thread == thread;

		if (event->address != &cell[index])
			continue;
		if (event_writes(event) && (mine || below(2)))
			from = i;
		else if (mine && event_reads(event) && event->from > from)
			from = event->from;
	}
	return from;
}

static struct run *random_run(unsigned threads, unsigned length)
{
	struct run *run = new_run(threads);

	for (unsigned i = 0; i < length; i++) {
		unsigned thread = below(threads);
		int index = (int)below(3);

		switch (below(6)) {
		case 0: store(run, thread, index, ORDER_RELAXED, i + 10, -1); break;
		case 1: add(run, thread, index, ORDER_RELAXED, 1, -1); break;
		case 2: other(run, thread, EVENT_FENCE, -1, -1); break;
		default: load(run, thread, index, ORDER_RELAXED, some_store(run, thread, index), -1); break;
		}
		if (run->events[run->count - 1].kind == EVENT_LOAD && run->events[run->count - 1].from < 0)
			run->events[run->count - 1].read = 0;
	}
	return run;
}

static unsigned stale_reads(const struct run *run)
{
	unsigned count = 0;

	for (size_t i = 0; i < run->count; i++)
		count += event_is_stale(&run->events[i]);
	return count;
}

/* Nobody stands before what he has to stand behind, and what is said of newest values is so. */
static bool is_sound(const struct run *run)
{
	uint64_t now[CELLS] = { 0 };
	int writer[CELLS];

	memset(writer, -1, sizeof(writer));
	for (size_t b = 0; b < run->count; b++) {
		const struct event *event = &run->events[b];
		long index = event->address ? (const uint64_t *)event->address - cell : 0;

		for (size_t a = b + 1; a < run->count; a++)
			if (run_is_before(run, a, b) || (run->events[a].thread == event->thread && run->number[a] < run->number[b]))
				return false;
		if (!event->address)
			continue;
		if (event->before != now[index] || event->from >= (int)b)
			return false;
		if (event_reads(event) && event->read != (event->from < 0 ? 0 : run->events[event->from].written))
			return false;
		if (event_reads(event) && event->missed != (event->from == writer[index] ? -1 : writer[index]))
			return false;
		if (event_writes(event)) {
			now[index] = event->written;
			writer[index] = (int)b;
		}
		if (event->after != now[index])
			return false;
	}
	return true;
}

static void at_random(void)
{
	for (unsigned round = 0; round < 300; round++) {
		struct run *run;
		unsigned stale, before;

		random_state = round;
		run = random_run(2 + round % 3, 6 + round % 30);
		stale = stale_reads(run);
		before = switches(run);
		CHECK(is_sound(run));
		run_straighten(run);
		CHECK(is_sound(run));
		CHECK(stale_reads(run) <= stale);
		/* With a stale read made fresh it may take more. */
		CHECK(stale || switches(run) <= before);
		run_free(run);
		if (!good) {
			printf("     round %u\n", round);
			return;
		}
	}
}

int main(void)
{
	TEST(takes_the_fewest_switches);
	TEST(needs_two_for_there_and_back);
	TEST(makes_a_read_fresh);
	TEST(keeps_what_must_be_stale);
	TEST(keeps_locks_in_order);
	TEST(keeps_sections_behind_a_grace_period);
	TEST(keeps_behind_a_cut);
	TEST(leaves_what_it_does_not_understand);
	TEST(at_random);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}

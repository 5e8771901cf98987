/*
 * story_kit.h - executions made by hand, for the tests of straightening and telling
 *
 * What the engine would record is worked out here in the plainest way: a step is
 * ordered after its thread's own, after the one whose value it read, after earlier
 * full fences if it is one, and after the step it is told.
 */
#ifndef HOLDFAST_STORY_KIT_H
#define HOLDFAST_STORY_KIT_H

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "story.h"

enum { FORKING, ENTRY, COUNT, CHILD, LOCK, DATA, FLAG, CELLS };

static uint64_t cell[CELLS];	/* addresses of them are all that counts */
static int newest_writer[CELLS];
static uint64_t newest[CELLS];
static const char places[32];	/* sites: addresses into it */

static const struct site sites[] = {
	{ .file = "src/core/handshake.h", .line = 61, .function = "handshake_begin", .outermost = "hf_mm_fork" },
	{ .file = "src/core/handshake.h", .line = 55, .function = "handshake_open", .caller = "take_table" },
	{ .file = "src/core/pte.h", .line = 72, .function = "pte_load", .caller = "take_entries" },
	{ .file = "src/core/page.h", .line = 80, .function = "page_raise", .caller = "raise_page" },
	{ .file = "src/core/page.h", .line = 115, .function = "page_pins", .caller = "pin_matters" },
	{ .file = "src/core/pte.h", .line = 91, .function = "pte_clear", .caller = "share_page" },
	{ .file = "src/core/pte.h", .line = 80, .function = "pte_publish", .caller = "fork_entries" },
	{ .file = "src/core/handshake.h", .line = 68, .function = "handshake_end", .outermost = "hf_mm_fork" },
	{ .file = "src/core/page.c", .line = 42, .function = "pool_grace" },
	{ .file = "src/core/mm.c", .line = 50, .function = "mm_lock" },
};
enum { S_BEGIN, S_OPEN, S_ENTRY, S_RAISE, S_PINS, S_CLEAR, S_PUBLISH, S_END, S_GRACE, S_LOCK };

static inline const struct site *site_by_place(const void *address)
{
	return &sites[(const char *)address - places - 1];
}

static inline void name_of_cell(void *context, const void *address, char *text, size_t room)
{
	static const char *const names[CELLS] = { "A forking", "A buf entry", "frame 7", "B buf entry", "A lock", "data", "" };

	(void)context;
	snprintf(text, room, "%s", names[(const uint64_t *)address - cell]);
}

static inline void value_of_cell(void *context, const void *address, uint64_t value, char *text, size_t room)
{
	static const char *const entries[] = { "absent", "frame 7 W PINNABLE", "frame 7" };
	long index = (const uint64_t *)address - cell;

	(void)context;
	if (index == ENTRY || index == CHILD)
		snprintf(text, room, "%s", entries[value]);
	else if (index == COUNT)
		snprintf(text, room, "%llu pin%s", (unsigned long long)value, value == 1 ? "" : "s");
}

static inline bool key_of_cell(void *context, const void *address)
{
	(void)context;
	return address == &cell[CHILD];
}

static const struct program told = { .threads = 2, .name = name_of_cell, .value = value_of_cell };

static inline struct run *new_run(unsigned threads)
{
	struct run *run = must_alloc(NULL, sizeof(*run));

	*run = (struct run){ .threads = threads, .culprit = { -1, -1 }, .execution = 17 };
	memset(newest, 0, sizeof(newest));
	memset(newest_writer, -1, sizeof(newest_writer));
	return run;
}

static inline void order_after(struct run *run, int b, int a)
{
	if (a < 0)
		return;
	for (unsigned t = 0; t < ENGINE_THREADS; t++)
		if (run->clock[b][t] < run->clock[a][t])
			run->clock[b][t] = run->clock[a][t];
}

static inline struct event *add_event(struct run *run, unsigned thread, enum event_kind kind, enum order order)
{
	int last = -1, b = (int)run->count, fence = -1;

	if (run->count == run->room) {
		run->room = run->room ? 2 * run->room : 16;
		run->events = must_alloc(run->events, run->room * sizeof(*run->events));
		run->clock = must_alloc(run->clock, run->room * sizeof(*run->clock));
		run->number = must_alloc(run->number, run->room * sizeof(*run->number));
	}
	for (int i = 0; i < b; i++) {
		last = run->events[i].thread == thread ? i : last;
		fence = run->events[i].kind == EVENT_FENCE && run->events[i].order == ORDER_SEQ_CST ? i : fence;
	}
	run->events[run->count++] = (struct event){ .kind = kind, .thread = thread, .order = order, .from = -1, .missed = -1 };
	memset(run->clock[b], 0, sizeof(*run->clock));
	order_after(run, b, last);
	if (kind == EVENT_FENCE && order == ORDER_SEQ_CST)
		order_after(run, b, fence);
	run->number[b] = (uint16_t)(1 + (last < 0 ? 0 : run->number[last]));
	run->clock[b][thread] = run->number[b];
	return &run->events[b];
}

static inline struct event *at_cell(struct run *run, struct event *event, int index, int site)
{
	(void)run;
	event->address = &cell[index];
	event->bytes = 8;
	event->site = site < 0 ? NULL : &places[site + 1];
	event->before = event->after = newest[index];
	return event;
}

/* from: the event whose value is read; -1 the beginning's; -2 the newest. */
static inline int load(struct run *run, unsigned thread, int index, enum order order, int from, int site)
{
	struct event *event = at_cell(run, add_event(run, thread, EVENT_LOAD, order), index, site);

	event->from = from == -2 ? newest_writer[index] : from;
	event->missed = event->from == newest_writer[index] ? -1 : newest_writer[index];
	event->read = event->from < 0 ? 0 : run->events[event->from].written;
	if (event->from < 0 && index == ENTRY)
		event->read = 1;
	order_after(run, (int)run->count - 1, event->from);
	return (int)run->count - 1;
}

static inline int store(struct run *run, unsigned thread, int index, enum order order, uint64_t value, int site)
{
	struct event *event = at_cell(run, add_event(run, thread, EVENT_STORE, order), index, site);

	event->written = event->after = newest[index] = value;
	return newest_writer[index] = (int)run->count - 1;
}

static inline int add(struct run *run, unsigned thread, int index, enum order order, uint64_t value, int site)
{
	struct event *event = at_cell(run, add_event(run, thread, EVENT_RMW, order), index, site);

	event->from = newest_writer[index];
	event->read = newest[index];
	event->written = event->after = newest[index] += value;
	order_after(run, (int)run->count - 1, event->from);
	return newest_writer[index] = (int)run->count - 1;
}

static inline int other(struct run *run, unsigned thread, enum event_kind kind, int index, int site)
{
	struct event *event = add_event(run, thread, kind, kind == EVENT_FENCE ? ORDER_SEQ_CST : ORDER_RELAXED);

	if (index >= 0)
		at_cell(run, event, index, site);
	event->site = site < 0 ? NULL : &places[site + 1];
	return (int)run->count - 1;
}

static inline void note(struct run *run, unsigned thread, const char *text)
{
	struct event *event = add_event(run, thread, EVENT_NOTE, ORDER_RELAXED);

	snprintf(event->text, sizeof(event->text), "%s", text);
}

static inline unsigned switches(const struct run *run)
{
	unsigned count = 0;

	for (size_t i = 1; i < run->count; i++)
		count += run->events[i].thread != run->events[i - 1].thread;
	return count;
}

static inline size_t find(const struct run *run, unsigned thread, enum event_kind kind, int index)
{
	for (size_t i = 0; i < run->count; i++)
		if (run->events[i].thread == thread && run->events[i].kind == kind && run->events[i].address == &cell[index])
			return i;
	printf("no such event\n");
	exit(2);
}

#endif

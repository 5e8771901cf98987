/*
 * story_runs.h - the executions that test_story.c tells, and test_straighten.c, and the scenario round them
 */
#ifndef HOLDFAST_STORY_RUNS_H
#define HOLDFAST_STORY_RUNS_H

#include "story_kit.h"

/* Protocol F without the pinner's fence: each side stores and does not see the other's store. */
static inline struct run *circle(void)
{
	struct run *run = new_run(2);
	int count;

	newest[ENTRY] = 1;
	note(run, 1, "A: fork A B");
	note(run, 0, "A: pin A buf read as dma");
	load(run, 0, ENTRY, ORDER_ACQUIRE, -2, S_ENTRY);
	add(run, 1, ENTRY, ORDER_RELAXED, 1, S_CLEAR);
	count = add(run, 0, COUNT, ORDER_RELAXED, 1, S_RAISE);
	other(run, 1, EVENT_FENCE, -1, S_GRACE);
	load(run, 0, ENTRY, ORDER_ACQUIRE, -1, S_ENTRY);
	load(run, 1, COUNT, ORDER_ACQUIRE, -1, S_PINS);
	load(run, 0, DATA, ORDER_RELAXED, -2, -1);
	note(run, 0, "= pinned, fast");
	store(run, 1, CHILD, ORDER_RELEASE, 2, S_PUBLISH);
	note(run, 1, "= done");
	(void)count;
	return run;
}

/* A release that is none: the reader has the flag, and not the data. */
static inline struct run *handed(void)
{
	struct run *run = new_run(2);

	note(run, 0, "writer");
	store(run, 0, DATA, ORDER_RELAXED, 7, S_PUBLISH);
	store(run, 0, FLAG, ORDER_RELAXED, 1, S_PUBLISH);
	note(run, 1, "reader");
	load(run, 1, FLAG, ORDER_ACQUIRE, -2, S_ENTRY);
	load(run, 1, DATA, ORDER_RELAXED, -1, S_ENTRY);
	return run;
}

/* A fork by grace, a pin, and an unpin that comes late. */
static inline struct run *three(void)
{
	struct run *run = new_run(3);

	newest[ENTRY] = 1;
	note(run, 1, "A: fork A B");
	other(run, 1, EVENT_LOCK, LOCK, S_LOCK);
	store(run, 1, FORKING, ORDER_RELAXED, 1, S_BEGIN);
	note(run, 0, "A: pin A buf read as dma");
	other(run, 0, EVENT_ENTER, -1, -1);
	other(run, 1, EVENT_GRACE_BEGIN, -1, S_GRACE);
	load(run, 0, FORKING, ORDER_ACQUIRE, -1, S_OPEN);
	load(run, 0, ENTRY, ORDER_ACQUIRE, -2, S_ENTRY);
	load(run, 0, DATA, ORDER_RELAXED, -2, -1);
	load(run, 1, COUNT, ORDER_ACQUIRE, -2, S_PINS);
	add(run, 1, ENTRY, ORDER_RELAXED, 1, S_CLEAR);
	store(run, 1, CHILD, ORDER_RELEASE, 2, S_PUBLISH);
	add(run, 0, COUNT, ORDER_RELAXED, 1, S_RAISE);
	other(run, 0, EVENT_LEAVE, -1, -1);
	note(run, 0, "= pinned, fast");
	store(run, 1, FORKING, ORDER_RELEASE, 0, S_END);
	other(run, 1, EVENT_UNLOCK, LOCK, S_LOCK);
	note(run, 1, "= done");
	note(run, 2, "A: unmap A buf");
	other(run, 2, EVENT_LOCK, LOCK, S_LOCK);
	run->culprit[0] = store(run, 2, ENTRY, ORDER_RELAXED, 0, S_CLEAR);
	other(run, 2, EVENT_UNLOCK, LOCK, S_LOCK);
	note(run, 2, "= done");
	return run;
}

static const char scenario_text[] =
	"scenario pin-fork\nwhy \"A test.\"\npromise isolated\n"
	"map A buf anon private rw 1\nstore A buf \"old\"\nspace D\n"
	"thread\n\tpin A buf read as dma\n\tload A buf\nthread\n\tfork A B\nthread\n\tload A buf\n\tload A buf\nend\n"
	"expect A buf \"old\"\n"
	"never dma and page A buf = page B buf\nseen dma\n";

static inline struct scenario *told_scenario(void)
{
	return scenario_parse_text(scenario_text, strlen(scenario_text), "pin-fork.scn", stderr);
}

#endif

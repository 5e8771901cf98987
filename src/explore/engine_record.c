/*
 * engine_record.c - an execution, written down as it is run again
 *
 * Steps and notes of a thread are numbered together.  What is ordered before a step
 * the engine knows in steps; here it becomes numbers of events.  Under TSO, where a
 * store is two steps of two actors, all events are ordered as they were run.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_inside.h"

static struct {
	struct event now;			/* the step that is being made */
	int event_of[NODES];			/* of each step */
	uint16_t number_of[ACTORS][NODES + 1];	/* of each of an actor's steps, its event's number in its thread */
	uint16_t steps[ACTORS], numbers[THREADS];
	uint16_t clock[THREADS][THREADS];	/* of each thread's last event */
	size_t clock_room;
} record;

static bool grow(struct run *run)
{
	size_t room = run->room ? run->room * 2 : 256;
	struct event *events = realloc(run->events, room * sizeof(*events));
	uint16_t (*clock)[THREADS];
	uint16_t *number;

	if (events)
		run->events = events;
	clock = realloc(run->clock, room * sizeof(*clock));
	if (clock)
		run->clock = clock;
	number = realloc(run->number, room * sizeof(*number));
	if (number)
		run->number = number;
	if (!events || !clock || !number)
		return false;
	run->room = room;
	return true;
}

static struct event *add(unsigned thread)
{
	struct run *run = machine.recording;

	if (run->count == run->room && !grow(run))
		return NULL;
	record.clock[thread][thread] = run->number[run->count] = ++record.numbers[thread];
	memcpy(run->clock[run->count], record.clock[thread], sizeof(run->clock[0]));
	return &run->events[run->count++];
}

void recording_begin(struct run *run)
{
	memset(&record, 0, sizeof(record));
	run->threads = machine.threads;
	run->culprit[0] = run->culprit[1] = NONE;
}

void engine_note(const char *format, ...)
{
	struct event *event;
	va_list arguments;

	if (!machine.recording || machine.self == MAIN)
		return;
	event = add(machine.self);
	if (!event)
		return;
	*event = (struct event){ .kind = EVENT_NOTE, .thread = machine.self, .from = NONE, .missed = NONE };
	va_start(arguments, format);
	vsnprintf(event->text, sizeof(event->text), format, arguments);
	va_end(arguments);
}

static uint64_t newest_value(const struct location *location)
{
	return machine.messages[location->order[location->count - 1]].value;
}

static bool has_value(enum event_kind kind)
{
	return kind == EVENT_LOAD || kind == EVENT_STORE || kind == EVENT_RMW || kind == EVENT_CAS;
}

void record_before(unsigned actor, const struct done *done)
{
	const struct thread *thread = &machine.thread[actor_thread(actor)];
	bool flush = actor >= BUFFERS && actor < CUTS;
	const struct step *step = flush ? &thread->buffer[0].step : &thread->step;
	struct event *now = &record.now;

	*now = (struct event){ .kind = flush ? EVENT_FLUSH : done->kind, .thread = actor_thread(actor), .order = step->order,
			       .site = step->site, .address = step->address, .from = NONE, .missed = NONE };
	if (done->kind == EVENT_ENTER)
		now->written = step->operand;
	if (actor_is_cut(actor))
		now->written = cut_target(actor);
	if (!step->location)
		return;
	now->address = step->location->address;
	now->bytes = step->location->bytes;
	if (has_value(step->kind))
		now->before = newest_value(step->location);
}

/* The newest store to the location before this step, unless it was the one that was read. */
static int missed_by(const struct done *done)
{
	const struct location *location = done->location;

	for (unsigned p = location->count; p--;) {
		const struct message *message = &machine.messages[location->order[p]];

		if (message->writer == machine.depth)
			continue;
		return message->writer == done->from || message->writer == NONE ? NONE : record.event_of[message->writer];
	}
	return NONE;
}

static uint64_t written(const struct step *step, const struct done *done)
{
	return done->kind == EVENT_RMW ? rmw_result(step->rmw, step->read, step->operand) : step->operand;
}

static void translate(unsigned thread, const struct done *done)
{
	for (unsigned actor = 0; actor < machine.actors; actor++) {
		unsigned t = actor_thread(actor);
		uint16_t steps = done->clock[actor], number = machine.model == MODEL_TSO ? record.numbers[t] :
							      t == thread ? 0 : record.number_of[actor][steps];

		if (record.clock[thread][t] < number)
			record.clock[thread][t] = number;
	}
}

void record_after(unsigned actor, const struct done *done)
{
	unsigned thread = actor_thread(actor);
	const struct step *step = actor >= THREADS ? NULL : &machine.thread[thread].step;
	struct event *now = &record.now, *event;

	now->kind = done->kind;
	if (step && (done->reads || now->kind == EVENT_LOAD || now->kind == EVENT_POLL))
		now->read = step->read;
	if (done->cuts)
		now->read = 1;
	if (done->writes)
		now->written = step ? written(step, done) :
				      machine.messages[machine.message_count - 1].value;
	if (now->kind == EVENT_STORE)
		now->written = step->operand;
	if (done->location && (done->reads || done->writes)) {
		now->after = newest_value(done->location);
		now->missed = done->reads ? missed_by(done) : NONE;
	} else {
		now->after = now->before;
	}
	now->from = done->from == NONE ? NONE : record.event_of[done->from];
	translate(thread, done);
	record.event_of[machine.depth] = (int)machine.recording->count;
	event = add(thread);
	if (!event)
		return;
	*event = *now;
	record.number_of[actor][++record.steps[actor]] = record.numbers[thread];
}

/* The last step that touched the address, by another thread than the culprit's last. */
static int last_touch(const struct run *run, const void *address, int but)
{
	for (size_t e = run->count; e--;)
		if (run->events[e].address == address && (int)e != but &&
		    (but == NONE || run->events[e].thread != run->events[but].thread))
			return (int)e;
	return NONE;
}

void recording_end(void)
{
	struct run *run = machine.recording;

	run->wrong = machine.wrong;
	memcpy(run->what, machine.what, sizeof(run->what));
	if (machine.wrong != WRONG_RACE && machine.wrong != WRONG_FREED)
		return;
	run->culprit[0] = last_touch(run, machine.culprit_address, NONE);
	if (run->culprit[0] != NONE)
		run->culprit[1] = last_touch(run, machine.culprit_address, run->culprit[0]);
}

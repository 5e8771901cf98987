/*
 * engine_common.c - what every memory model does in the same way: locks, sections
 * and grace periods, pauses; and the clocks that say which step is ordered after which
 *
 * A grace period is its specification and no more.  It waits for every section that
 * was entered before it began, and sees what was done in sections that were left.
 * A section that is entered after it began sees what was before it.  No fence: who is
 * in no section owes it nothing.  So only the order of entering and beginning
 * matters, and both are tried.
 */
#include <string.h>

#include "engine_inside.h"

/* ---- clocks ------------------------------------------------------------------------ */

void clock_join(uint16_t *clock, const uint16_t *other)
{
	for (unsigned a = 0; a < ACTORS; a++)
		clock[a] = clock[a] > other[a] ? clock[a] : other[a];
}

void clock_begin(unsigned actor, struct done *done)
{
	memcpy(done->before, machine.clock[actor], sizeof(done->before));
	memcpy(done->clock, machine.clock[actor], sizeof(done->clock));
	done->number = ++done->clock[actor];
}

void clock_after(struct done *done, int step)
{
	if (step != NONE)
		clock_join(done->clock, machine.done[step].clock);
}

void clock_end(struct done *done)
{
	memcpy(machine.clock[done->actor], done->clock, sizeof(done->clock));
}

void race_unless_before(int earlier, const struct done *done, void (*race)(int, const struct done *))
{
	if (earlier != NONE && machine.done[earlier].actor != done->actor &&
	    !clock_has(done->before, &machine.done[earlier]))
		race(earlier, done);
}

/* ---- waiting --------------------------------------------------------------------------- */

static void forget_reads(struct thread *thread)
{
	thread->reads = 0;
	memset(thread->read_at, 0xff, sizeof(thread->read_at));
}

void common_begin(void)
{
	memset(machine.clock, 0, sizeof(machine.clock));
	memset(machine.begun_clock, 0, sizeof(machine.begun_clock));
	memset(machine.entered_clock, 0, sizeof(machine.entered_clock));
	memset(machine.left_clock, 0, sizeof(machine.left_clock));
	machine.pause_count = 0;
	machine.last_fence = NONE;
	for (unsigned t = 0; t < THREADS; t++) {
		machine.entered[t] = machine.begins[t] = NONE;
		machine.thread[t].inside = false;
		machine.thread[t].grace.waits_for = 0;
		machine.thread[t].buffered = 0;
		forget_reads(&machine.thread[t]);
	}
}

/* Where in its location's order is that value?  0 where a plain store has ended what was before. */
static unsigned position_of(const struct location *location, uint16_t message)
{
	unsigned position = location->count;

	while (position && location->order[--position] != message)
		;
	return position;
}

/* A change that the thread has seen by now, as by a store of its own: it is enough, and needs no other. */
static bool seen_change(const struct thread *thread, struct location **location, unsigned *position)
{
	for (unsigned i = 0; i < thread->reads; i++) {
		*location = thread->read[i].location;
		*position = thread->now.at[(*location)->index];
		if (*position > position_of(*location, thread->read[i].message))
			return true;
	}
	return false;
}

/*
 * A pause is a load of something new: of any value behind the one that the thread read
 * last, in any location that it read since its last pause.  Which one ended it is a
 * choice, as that of a load is: whoever has seen one change need not have seen the others.
 * Returns how many there are, and finds one of them.
 */
static unsigned changes(const struct thread *thread, int asleep, unsigned choice, struct location **location,
			unsigned *position)
{
	unsigned count = 0;

	if (seen_change(thread, location, position))
		return machine.messages[(*location)->order[*position]].stamp > asleep;
	for (unsigned i = 0; i < thread->reads; i++) {
		struct location *read = thread->read[i].location;

		for (unsigned p = read->count; p-- && read->order[p] != thread->read[i].message;) {
			if (machine.messages[read->order[p]].stamp <= asleep)
				continue;
			if (count++ == choice) {
				*location = read;
				*position = p;
			}
		}
	}
	return count;
}

unsigned pause_choices(const struct thread *thread, int asleep)
{
	struct location *location;
	unsigned position;

	return changes(thread, asleep, 0, &location, &position);
}

bool common_enabled(unsigned actor)
{
	const struct thread *thread = &machine.thread[actor];

	switch (thread->step.kind) {
	case EVENT_LOCK:
		return thread->step.location->holder == NONE;
	case EVENT_GRACE_END:
		return !thread->grace.waits_for;
	case EVENT_PAUSE:
		return pause_choices(thread, NONE);
	default:
		return true;
	}
}

/* ---- being made -------------------------------------------------------------------------- */

static void make_lock(unsigned actor, struct location *lock, struct done *done)
{
	done->previous = lock->locked;
	clock_after(done, lock->unlocked);
	lock->holder = (int)actor;
	lock->locked = machine.depth;
}

static void make_unlock(unsigned actor, struct location *lock)
{
	if (lock->holder != (int)actor)
		engine_wrong(WRONG_MISUSE, "a thread gives back a lock that it does not hold");
	lock->holder = NONE;
	lock->unlocked = machine.depth;
}

static void make_enter(unsigned actor, struct done *done)
{
	clock_join(done->clock, machine.begun_clock);
	clock_join(machine.entered_clock, done->clock);
	machine.entered[actor] = machine.depth;
	machine.thread[actor].inside = true;
}

static void make_leave(unsigned actor, const struct done *done)
{
	clock_join(machine.left_clock, done->clock);
	machine.thread[actor].inside = false;
	for (unsigned t = 0; t < machine.threads; t++) {
		struct grace *grace = &machine.thread[t].grace;

		if (grace->waits_for & 1u << actor)
			clock_join(grace->clock, done->clock);
		grace->waits_for &= ~(1u << actor);
	}
}

static void make_grace_begin(unsigned actor, struct done *done)
{
	struct grace *grace = &machine.thread[actor].grace;

	clock_join(done->clock, machine.entered_clock);
	clock_join(machine.begun_clock, done->clock);
	machine.begins[actor] = machine.depth;
	memcpy(grace->clock, machine.left_clock, sizeof(grace->clock));
	grace->waits_for = 0;
	for (unsigned t = 0; t < machine.threads; t++)
		grace->waits_for |= machine.thread[t].inside ? 1u << t : 0;
}

static void note_pause(const struct thread *thread)
{
	if (machine.pause_count == PAUSES) {
		engine_wrong(WRONG_LIMIT, "more than %d pauses in one execution", PAUSES);
		return;
	}
	machine.pauses[machine.pause_count].step = machine.depth;
	machine.pauses[machine.pause_count].count = thread->reads;
	for (unsigned i = 0; i < thread->reads; i++)
		machine.pauses[machine.pause_count].locations[i] = thread->read[i].location;
	machine.pause_count++;
}

void pause_make(unsigned actor, int asleep, unsigned choice, struct done *done)
{
	struct thread *thread = &machine.thread[actor];
	const struct message *message;
	struct location *location = &machine.locations[0];
	unsigned position = 0;

	changes(thread, asleep, choice, &location, &position);
	message = &machine.messages[location->order[position]];
	done->reads = true;
	done->stamp = message->stamp;
	if (thread->now.at[location->index] < position) {
		thread->now.at[location->index] = (uint8_t)position;
		clock_after(done, message->writer);
		note_pause(thread);
	}
	forget_reads(thread);
}

void common_make(unsigned actor, struct done *done)
{
	struct thread *thread = &machine.thread[actor];

	switch (done->kind) {
	case EVENT_LOCK:
		make_lock(actor, done->location, done);
		break;
	case EVENT_UNLOCK:
		make_unlock(actor, done->location);
		break;
	case EVENT_ENTER:
		make_enter(actor, done);
		break;
	case EVENT_LEAVE:
		make_leave(actor, done);
		break;
	case EVENT_GRACE_BEGIN:
		make_grace_begin(actor, done);
		break;
	case EVENT_GRACE_END:
		clock_join(done->clock, thread->grace.clock);
		break;
	default:
		break;
	}
}

/* ---- what depends on what -------------------------------------------------------------------- */

bool common_wakes(unsigned actor, const struct done *done)
{
	const struct step *step = &machine.thread[actor].step;

	switch (step->kind) {
	case EVENT_LOCK:
		return done->kind == EVENT_LOCK && done->location == step->location;
	case EVENT_ENTER:
		return done->kind == EVENT_GRACE_BEGIN;
	case EVENT_GRACE_BEGIN:
		return done->kind == EVENT_ENTER;
	default:
		return false;
	}
}

/* What is stored later could have ended it, too. */
static void pause_races(const struct done *done, void (*race)(int, const struct done *))
{
	for (unsigned p = 0; p < machine.pause_count; p++)
		for (unsigned i = 0; i < machine.pauses[p].count; i++)
			if (machine.pauses[p].locations[i] == done->location) {
				race_unless_before(machine.pauses[p].step, done, race);
				break;
			}
}

void common_races(const struct done *done, void (*race)(int, const struct done *))
{
	if (done->kind == EVENT_LOCK)
		race_unless_before(done->previous, done, race);
	for (unsigned t = 0; t < machine.threads; t++)
		if (done->kind == EVENT_ENTER)
			race_unless_before(machine.begins[t], done, race);
		else if (done->kind == EVENT_GRACE_BEGIN)
			race_unless_before(machine.entered[t], done, race);
	if (done->writes && machine.pause_count)
		pause_races(done, race);
}

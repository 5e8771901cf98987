/*
 * engine_common.c - what every memory model does in the same way: locks and pauses;
 * and the clocks that say which step is ordered after which
 *
 * Sections are in engine_grace.c.
 */
#include <string.h>

#include "engine_inside.h"

/* ---- clocks ------------------------------------------------------------------------ */

void clock_join(uint16_t *clock, const uint16_t *other)
{
	for (unsigned a = 0; a < machine.actors; a++)
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
	thread->asked = NULL;
	memset(thread->read_at, 0xff, sizeof(thread->read_at));
}

void common_begin(void)
{
	memset(machine.clock, 0, sizeof(machine.clock));
	machine.pause_count = 0;
	machine.last_fence = NONE;
	for (unsigned t = 0; t < THREADS; t++) {
		machine.thread[t].buffered = 0;
		forget_reads(&machine.thread[t]);
	}
	sections_begin();
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

/* One more of it: that grace period is over now for which it has asked. */
static bool asked_is_over(const struct thread *thread)
{
	return thread->asked && !thread->asked->waits_for;
}

unsigned pause_choices(const struct thread *thread, int asleep)
{
	struct location *location;
	unsigned position;

	return changes(thread, asleep, 0, &location, &position) + (asleep == NONE && asked_is_over(thread));
}

bool common_enabled(unsigned actor)
{
	const struct thread *thread = &machine.thread[actor_thread(actor)];

	if (actor_is_cut(actor))
		return sections_enabled(actor);
	switch (thread->step.kind) {
	case EVENT_LOCK:
		return thread->step.location->holder == NONE;
	case EVENT_PAUSE:
		return pause_choices(thread, NONE);
	default:
		return sections_enabled(actor);
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

static void note_pause(const struct thread *thread)
{
	if (machine.pause_count == PAUSES) {
		engine_wrong(WRONG_LIMIT, "more than %d pauses in one execution", PAUSES);
		return;
	}
	machine.pauses[machine.pause_count].step = machine.depth;
	machine.pauses[machine.pause_count].count = thread->reads;
	machine.pauses[machine.pause_count].poll = thread->asked;
	for (unsigned i = 0; i < thread->reads; i++)
		machine.pauses[machine.pause_count].locations[i] = thread->read[i].location;
	machine.pause_count++;
}

/* It ends with a grace period: after who left the sections. */
static void pause_until_over(struct thread *thread, struct done *done)
{
	done->reads = true;
	for (unsigned t = 0; t < machine.threads; t++) {
		clock_after(done, thread->asked->left[t]);
		if (done->stamp <= thread->asked->left[t])
			done->stamp = thread->asked->left[t] + 1;
	}
	note_pause(thread);
	forget_reads(thread);
}

void pause_make(unsigned actor, int asleep, unsigned choice, struct done *done)
{
	struct thread *thread = &machine.thread[actor];
	const struct message *message;
	struct location *location = &machine.locations[0];
	unsigned position = 0;

	if (choice >= changes(thread, asleep, choice, &location, &position)) {
		pause_until_over(thread, done);
		return;
	}
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
	if (done->kind == EVENT_LOCK)
		make_lock(actor, done->location, done);
	else if (done->kind == EVENT_UNLOCK)
		make_unlock(actor, done->location);
	sections_make(actor, done);
}

/* ---- what depends on what -------------------------------------------------------------------- */

bool common_wakes(unsigned actor, const struct done *done)
{
	const struct step *step = &machine.thread[actor].step;

	return step->kind == EVENT_LOCK && done->kind == EVENT_LOCK && done->location == step->location;
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
	sections_races(done, race);
	if (done->writes && machine.pause_count)
		pause_races(done, race);
}

/*
 * engine_flat.c - SC and TSO: one memory, which always holds the newest value
 *
 * Under TSO a store goes to its thread's buffer, and from there to memory in a step
 * of the buffer's own; the thread's loads look into its buffer first.  Atomic
 * read-modify-writes, seq_cst fences, locks, the beginning of a section that can be cut,
 * the end of any, cuts and grace periods wait until the buffer is empty, as the
 * instructions behind them do on x86, or would.
 *
 * For triage: cheaper than C11, and blind to much that other processors do.
 */
#include "engine_inside.h"

static bool is_buffer(unsigned actor)
{
	return actor >= BUFFERS && actor < CUTS;
}

static unsigned newest(const struct location *location)
{
	return location->count - 1;
}

/* ---- what it waits for ---------------------------------------------------------------- */

static bool waits_for_buffer(const struct step *step)
{
	switch (step->kind) {
	case EVENT_ENTER:
		return step->operand;	/* so that a cut waits for nothing but what was stored inside of it */
	case EVENT_LOAD:
	case EVENT_STORE:
	case EVENT_PAUSE:
	case EVENT_COMMIT:
	case EVENT_POLL:
		return false;
	case EVENT_FENCE:
		return step->order == ORDER_SEQ_CST;
	default:
		return true;
	}
}

static bool flat_enabled(unsigned actor)
{
	const struct thread *thread = &machine.thread[actor_thread(actor)];

	if (is_buffer(actor))
		return thread->buffered;
	if (thread->buffered && waits_for_buffer(&thread->step) && !sections_fail(actor))
		return false;
	return common_enabled(actor);
}

static unsigned flat_choices(unsigned actor, int asleep)
{
	if (actor < THREADS && machine.thread[actor].step.kind == EVENT_PAUSE)
		return pause_choices(&machine.thread[actor], asleep);
	return asleep == NONE;
}

/* ---- making a step ------------------------------------------------------------------------ */

/* What reads or writes memory is ordered after what wrote there, and a write after the reads in between. */
static void order_access(struct done *done)
{
	struct location *location = done->location;

	done->previous = location->writer;
	clock_after(done, location->writer);
	if (!done->writes)
		return;
	for (int i = done->reader; i != NONE; i = machine.done[i].reader)
		clock_after(done, i);
	location->writer = machine.depth;
	location->readers = NONE;
}

static const struct buffered *own_store(const struct thread *thread, const struct location *location)
{
	for (unsigned i = thread->buffered; i--;)
		if (thread->buffer[i].step.location == location)
			return &thread->buffer[i];
	return NULL;
}

static void put_in_buffer(unsigned actor, struct done *done)
{
	struct thread *thread = &machine.thread[actor];
	struct buffered *store = &thread->buffer[thread->buffered];

	if (thread->buffered == BUFFERED) {
		engine_wrong(WRONG_LIMIT, "more than %d stores in a buffer", BUFFERED);
		return;
	}
	thread->now.clock[actor]++;
	thread->buffered++;
	store->step = thread->step;
	store->made = machine.depth;
	store->released = order_releases(thread->step.order) ? thread->now : thread->released;
	done->location = NULL;
}

static void leave_buffer(unsigned actor, struct done *done)
{
	struct thread *thread = &machine.thread[actor_thread(actor)];
	struct buffered oldest = thread->buffer[0];

	for (unsigned i = 1; i < thread->buffered; i++)
		thread->buffer[i - 1] = thread->buffer[i];
	thread->buffered--;
	done->kind = EVENT_FLUSH;
	done->writes = true;
	done->location = oldest.step.location;
	done->reader = done->location->readers;
	clock_after(done, oldest.made);
	clock_join(done->before, machine.done[oldest.made].clock);
	views_write(thread, &oldest.step, newest(done->location) + 1, &oldest.released);
	order_access(done);
}

static void make_access(unsigned actor, struct done *done)
{
	struct thread *thread = &machine.thread[actor];
	const struct buffered *own = own_store(thread, done->location);

	if (own && done->kind == EVENT_LOAD) {
		/* It counts as a read of memory: after the store has left the buffer it would be one. */
		thread->now.clock[actor]++;
		thread->step.read = own->step.operand;
		done->reads = true;
		done->reader = done->location->readers;
		done->location->readers = machine.depth;
	} else {
		done->reader = done->location->readers;
		views_make(actor, newest(done->location), done);
	}
	order_access(done);
}

static void flat_make(unsigned actor, int asleep, unsigned choice, struct done *done)
{
	if (sections_make_alone(actor, done))
		return;
	if (is_buffer(actor)) {
		leave_buffer(actor, done);
	} else if (done->kind == EVENT_STORE && machine.model == MODEL_TSO) {
		put_in_buffer(actor, done);
	} else {
		/* What waited for the buffer is ordered after its last store. */
		if (machine.model == MODEL_TSO && waits_for_buffer(&machine.thread[actor].step)) {
			clock_join(done->clock, machine.clock[actor + BUFFERS]);
			clock_join(done->before, machine.clock[actor + BUFFERS]);
		}
		if (step_is_access(&machine.thread[actor].step))
			make_access(actor, done);
		else
			views_make(actor, 0, done);
		if (done->kind == EVENT_PAUSE)
			pause_make(actor, asleep, choice, done);
	}
	common_make(actor, done);
}

/* ---- what depends on what -------------------------------------------------------------------- */

static bool flat_wakes(unsigned actor, const struct done *done)
{
	const struct thread *thread = &machine.thread[actor_thread(actor)];
	const struct step *step = is_buffer(actor) ? &thread->buffer[0].step : &thread->step;

	if (is_buffer(actor) && !thread->buffered)
		return true;
	if (sections_wakes(actor, done))
		return true;
	if (actor_is_cut(actor))
		return false;
	if (!step_is_access(step))
		return common_wakes(actor, done);
	if (!is_buffer(actor) && step->kind == EVENT_STORE && machine.model == MODEL_TSO)
		return false;
	return done->location == step->location && (done->writes || (done->reads && step->kind != EVENT_LOAD));
}

static void flat_races(const struct done *done, void (*race)(int, const struct done *))
{
	if (!done->reads && !done->writes) {
		common_races(done, race);
		return;
	}
	if (!done->writes || done->reader == NONE) {
		if (done->previous == NONE || actor_thread(machine.done[done->previous].actor) != actor_thread(done->actor))
			race_unless_before(done->previous, done, race);
	} else {
		for (int i = done->reader; i != NONE; i = machine.done[i].reader)
			race_unless_before(i, done, race);
	}
	common_races(done, race);
}

const struct model_ops model_flat = {
	.begin = views_begin,
	.enabled = flat_enabled,
	.choices = flat_choices,
	.make = flat_make,
	.wakes = flat_wakes,
	.races = flat_races,
};

/*
 * engine_c11.c - the memory model of C11 and C17, as views
 *
 * Each location has its values in coherence order.  A view says, of every location,
 * which is the oldest value that may still be read.  A load may read any value from
 * there on, a store may go to any place behind it: so a load can be stale, and two
 * stores can end up in the other order than they were made.  Values carry the view
 * that whoever acquires them gets.  A thread has three views: what it has seen
 * (now), what an acquire fence would add (acquired), what a relaxed store passes on
 * (released: as of the last release fence).  Seq_cst fences share one view.
 *
 * An RMW reads the value right before its own: nothing ever comes between.
 *
 * Not here: seq_cst accesses (refused: use a fence), and load buffering, a load that
 * reads what is stored, by way of another thread, because of itself.
 *
 * Two executions are the same here when every load reads from the same store, the
 * stores to each location, the sections of each lock, the seq_cst fences, and
 * sections against grace periods and cuts are in the same order.  So of two steps at one
 * location the order matters only if the first reads and the second, a store, could
 * have been read; or if both are RMWs.
 */
#include <string.h>

#include "engine_inside.h"

/* The flat models know no weak order. */
bool order_acquires(enum order order)
{
	return machine.model != MODEL_C11 || order == ORDER_ACQUIRE || order == ORDER_CONSUME || order == ORDER_ACQ_REL || order == ORDER_SEQ_CST;
}

bool order_releases(enum order order)
{
	return machine.model != MODEL_C11 || order == ORDER_RELEASE || order == ORDER_ACQ_REL || order == ORDER_SEQ_CST;
}

static struct message *message_at(const struct location *location, unsigned position)
{
	return &machine.messages[location->order[position]];
}

void view_join(struct view *view, const struct view *other)
{
	unsigned count = (machine.location_count + 31u) & ~31u;

	for (unsigned i = 0; i < count; i++)
		view->at[i] = view->at[i] > other->at[i] ? view->at[i] : other->at[i];
	for (unsigned t = 0; t < THREADS; t++)
		view->clock[t] = view->clock[t] > other->clock[t] ? view->clock[t] : other->clock[t];
}

void views_begin(void)
{
	for (unsigned t = 0; t < machine.threads; t++) {
		struct thread *thread = &machine.thread[t];

		memset(&thread->now, 0, sizeof(thread->now));
		memset(&thread->acquired, 0, sizeof(thread->acquired));
		memset(&thread->released, 0, sizeof(thread->released));
	}
	memset(&machine.fences, 0, sizeof(machine.fences));
}

/* ---- in how many ways ------------------------------------------------------------------ */

/* May the step read the value at this position? */
static bool may_read(const struct step *step, unsigned position, int asleep)
{
	const struct message *message = message_at(step->location, position);

	if (message->stamp <= asleep)
		return false;
	if (step->kind == EVENT_RMW || (step->kind == EVENT_CAS && message->value == step->expected))
		return !message->taken;
	return true;
}

static bool may_choose(const struct step *step, unsigned position, int asleep)
{
	if (step->kind == EVENT_STORE)
		return asleep == NONE && !message_at(step->location, position)->taken;
	return may_read(step, position, asleep);
}

bool step_is_access(const struct step *step)
{
	return step->kind == EVENT_LOAD || step->kind == EVENT_STORE || step->kind == EVENT_RMW || step->kind == EVENT_CAS;
}

static unsigned c11_choices(unsigned actor, int asleep)
{
	const struct thread *thread = &machine.thread[actor_thread(actor)];
	const struct step *step = &thread->step;
	unsigned count = 0;

	if (actor_is_cut(actor) || sections_fail(actor))
		return asleep == NONE;
	if (step->kind == EVENT_PAUSE)
		return pause_choices(thread, asleep);
	if (!step_is_access(step))
		return asleep == NONE;
	for (unsigned position = step->location->count; position-- > thread->now.at[step->location->index];)
		count += may_choose(step, position, asleep);
	return count;
}

/* The position of a choice: the newest first. */
static unsigned position_of(const struct thread *thread, int asleep, unsigned choice)
{
	const struct step *step = &thread->step;
	unsigned position = step->location->count;

	while (position-- > thread->now.at[step->location->index])
		if (may_choose(step, position, asleep) && !choice--)
			return position;
	return thread->now.at[step->location->index];
}

/* ---- stores ----------------------------------------------------------------------------------- */

/* All views that there are. */
static inline void each_view(void (*act)(struct view *, unsigned, unsigned), unsigned index, unsigned position)
{
	for (unsigned t = 0; t < machine.threads; t++) {
		struct thread *thread = &machine.thread[t];

		act(&thread->now, index, position);
		act(&thread->acquired, index, position);
		act(&thread->released, index, position);
		act(&thread->grace.view, index, position);
		act(&thread->begun, index, position);
		act(&thread->handed, index, position);
		act(&machine.left[t], index, position);
		for (unsigned p = 0; p < thread->poll_count; p++)
			act(&thread->polls[p].view, index, position);
	}
	for (unsigned m = 0; m < machine.message_count; m++)
		act(&machine.messages[m].view, index, position);
	for (unsigned l = 0; l < machine.location_count; l++)
		act(&machine.locations[l].view, index, position);
	act(&machine.fences, index, position);
	act(&machine.begun, index, position);
}

static inline void shift(struct view *view, unsigned index, unsigned position)
{
	if (view->at[index] >= position)
		view->at[index]++;
}

static inline void forget(struct view *view, unsigned index, unsigned nothing)
{
	(void)nothing;
	view->at[index] = 0;
}

void views_forget(unsigned index)
{
	each_view(forget, index, 0);
}

static struct message *insert(struct location *location, unsigned position, uint64_t value)
{
	struct message *message = &machine.messages[machine.message_count];

	if (machine.message_count == MESSAGES || location->count == MESSAGES_EACH) {
		engine_wrong(WRONG_LIMIT, "more than %d stores to one location, or %d to all", MESSAGES_EACH, MESSAGES);
		return message_at(location, location->count - 1);
	}
	if (position < location->count) {
		/* Everybody who knows a later value knows it one place further on. */
		each_view(shift, location->index, position);
		memmove(&location->order[position + 1], &location->order[position],
			(location->count - position) * sizeof(location->order[0]));
	}
	location->order[position] = (uint16_t)machine.message_count++;
	if (position == location->count++)
		memory_write((void *)(uintptr_t)location->address, location->bytes, value);
	message->value = value;
	message->stamp = machine.depth + 1;
	message->writer = machine.depth;
	message->taken = false;
	return message;
}

void views_write(struct thread *thread, const struct step *step, unsigned position, const struct view *released)
{
	struct location *location = step->location;
	struct message *message = insert(location, position, step->operand);

	if (thread->now.at[location->index] < position)
		thread->now.at[location->index] = (uint8_t)position;
	message->view = *released;
	if (message->view.at[location->index] < position)
		message->view.at[location->index] = (uint8_t)position;
}

/* A pause waits for another value than this. */
static void note_read(struct thread *thread, struct location *location, uint16_t message)
{
	int16_t *at = &thread->read_at[location->index];

	if (*at == NONE) {
		*at = (int16_t)thread->reads++;
		thread->read[*at].location = location;
	}
	thread->read[*at].message = message;
}

static void read_at(struct thread *thread, unsigned position, enum order order, struct done *done)
{
	struct location *location = thread->step.location;
	const struct message *message = message_at(location, position);

	thread->step.read = message->value;
	if (thread->now.at[location->index] < position)
		thread->now.at[location->index] = (uint8_t)position;
	view_join(&thread->acquired, &message->view);
	if (order_acquires(order))
		view_join(&thread->now, &message->view);
	done->from = message->writer;
	done->stamp = message->stamp;
	done->reads = true;
	done->reader = location->readers;
	location->readers = machine.depth;
	note_read(thread, location, location->order[position]);
}

/* ---- making a step -------------------------------------------------------------------------------- */

uint64_t rmw_result(enum rmw rmw, uint64_t old, uint64_t operand)
{
	switch (rmw) {
	case RMW_ADD: return old + operand;
	case RMW_SUB: return old - operand;
	case RMW_AND: return old & operand;
	case RMW_OR: return old | operand;
	case RMW_XOR: return old ^ operand;
	case RMW_NAND: return ~(old & operand);
	default: return operand;
	}
}

static uint64_t written_by(const struct step *step)
{
	uint64_t mask = step->location->bytes == 8 ? ~UINT64_C(0) : (UINT64_C(1) << step->location->bytes * 8) - 1;

	return step->kind == EVENT_CAS ? step->operand : rmw_result(step->rmw, step->read, step->operand) & mask;
}

static const struct view *released_by(const struct thread *thread, enum order order)
{
	return order_releases(order) ? &thread->now : &thread->released;
}

static void make_store(struct thread *thread, unsigned position, struct done *done)
{
	done->writes = true;
	done->reader = thread->step.location->readers;
	views_write(thread, &thread->step, position + 1, released_by(thread, thread->step.order));
}

/* A load, and if it is one that writes, its store right behind what it read. */
static void make_load(struct thread *thread, unsigned position, struct done *done)
{
	struct step *step = &thread->step, written;
	struct message *source = message_at(step->location, position);
	struct view released;

	step->done = step->kind == EVENT_RMW || (step->kind == EVENT_CAS && source->value == step->expected);
	read_at(thread, position, step->kind == EVENT_CAS && !step->done ? step->failure : step->order, done);
	if (step->kind == EVENT_CAS && !step->done)
		done->kind = EVENT_CAS_FAILED;
	if (!step->done)
		return;
	done->writes = true;
	source->taken = true;
	written = *step;
	written.operand = written_by(step);
	released = *released_by(thread, step->order);
	view_join(&released, &source->view);	/* an RMW goes on with the release sequence that it reads */
	views_write(thread, &written, position + 1, &released);
}

static void make_fence(struct thread *thread, struct done *done)
{
	enum order order = thread->step.order;

	if (order_acquires(order))
		view_join(&thread->now, &thread->acquired);
	if (order == ORDER_SEQ_CST) {
		view_join(&thread->now, &machine.fences);
		machine.fences = thread->now;
		/* Their order is no happening before: it keeps old values away, and forgives no race. */
		memset(machine.fences.clock, 0, sizeof(machine.fences.clock));
		done->seq_cst = true;
	}
	if (order_releases(order))
		thread->released = thread->now;
	view_join(&thread->acquired, &thread->now);
}

void views_acquire(struct thread *thread, const struct view *view)
{
	view_join(&thread->now, view);
	view_join(&thread->acquired, view);
}

void views_make(unsigned actor, unsigned position, struct done *done)
{
	struct thread *thread = &machine.thread[actor];

	thread->now.clock[actor]++;
	switch (thread->step.kind) {
	case EVENT_STORE:
		make_store(thread, position, done);
		break;
	case EVENT_LOAD:
	case EVENT_RMW:
	case EVENT_CAS:
		make_load(thread, position, done);
		break;
	case EVENT_FENCE:
		make_fence(thread, done);
		break;
	case EVENT_LOCK:
		views_acquire(thread, &thread->step.location->view);
		break;
	case EVENT_UNLOCK:
		thread->step.location->view = thread->now;
		break;
	default:
		break;
	}
}

static void c11_make(unsigned actor, int asleep, unsigned choice, struct done *done)
{
	struct thread *thread = &machine.thread[actor];

	if (sections_make_alone(actor, done))
		return;
	views_make(actor, step_is_access(&thread->step) ? position_of(thread, asleep, choice) : 0, done);
	clock_after(done, done->from);
	if (done->kind == EVENT_PAUSE)
		pause_make(actor, asleep, choice, done);
	if (done->seq_cst) {
		done->previous = machine.last_fence;
		clock_after(done, machine.last_fence);
		machine.last_fence = machine.depth;
	}
	common_make(actor, done);
}

/* ---- order ----------------------------------------------------------------------------------------------- */

static bool c11_wakes(unsigned actor, const struct done *done)
{
	const struct step *step = &machine.thread[actor_thread(actor)].step;

	if (sections_wakes(actor, done))
		return true;
	if (actor_is_cut(actor))
		return false;
	/* A load or a pause that sleeps wakes for the new value alone: by its stamp. */
	if (step->kind == EVENT_FENCE)
		return step->order == ORDER_SEQ_CST && done->kind == EVENT_FENCE && done->seq_cst;
	return common_wakes(actor, done);
}

static bool is_rmw(const struct done *done)
{
	return done->kind == EVENT_RMW || done->kind == EVENT_CAS;
}

/*
 * A store could have been read by each earlier load that is not ordered before it.
 * Of two RMWs the first took what the second might have: also if the second reads
 * the first's, and also if it is a compare-and-swap that failed for that reason.
 */
static void c11_races(const struct done *done, void (*race)(int, const struct done *))
{
	bool both = is_rmw(done) || done->kind == EVENT_CAS_FAILED;

	if (done->seq_cst)
		race_unless_before(done->previous, done, race);
	for (int i = done->reader; i != NONE; i = machine.done[i].reader) {
		const struct done *earlier = &machine.done[i];

		if (earlier->actor == done->actor || clock_has(done->before, earlier))
			continue;
		if (both && is_rmw(earlier) && (done->from == i || !clock_has(done->clock, earlier)))
			race(i, done);
		else if (done->writes && !clock_has(done->clock, earlier))
			race(i, done);
	}
	common_races(done, race);
}

const struct model_ops model_c11 = {
	.begin = views_begin,
	.enabled = common_enabled,
	.choices = c11_choices,
	.make = c11_make,
	.wakes = c11_wakes,
	.races = c11_races,
};

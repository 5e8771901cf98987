/*
 * engine_grace.c - sections, cuts and grace periods, as every memory model has them
 *
 * They are their specification (platform.h) and no more, in its weakest reading.  No
 * fence: who is in no section owes nobody anything.
 *
 * A grace period waits for every section that was entered before it began, and sees
 * what was done in sections that were left.  A section that is entered after it began
 * sees what was before it.  So only the order of entering and beginning matters, and
 * both are tried.  One that is asked for waits for nobody: it is over when the last of
 * those sections has been left, and then as much is seen; both answers are tried.
 *
 * A cut reaches each other thread in a step of its own, at any moment of the call, in
 * any order: a thread does not learn of a cut when another does.  It marks the section
 * that the thread is in, unless that has no commits; the thread goes on as before, but
 * its commits fail.  What the thread had done by then in such sections is seen when
 * the call returns; what was done before the call is seen by those sections, of any
 * kind, that the thread enters later, and by nothing else.
 *
 * What of a section a cut is handed counts as of the thread's last step that others
 * can see: nobody can tell on which side of the cut a load was that came after it.
 */
#include <string.h>

#include "engine_inside.h"

void sections_begin(void)
{
	memset(machine.begun_clock, 0, sizeof(machine.begun_clock));
	memset(machine.entered_clock, 0, sizeof(machine.entered_clock));
	memset(machine.left_clock, 0, sizeof(machine.left_clock));
	memset(&machine.begun, 0, sizeof(machine.begun));
	memset(machine.left, 0, sizeof(machine.left));
	for (unsigned t = 0; t < THREADS; t++) {
		struct thread *thread = &machine.thread[t];

		machine.entered[t] = machine.begins[t] = machine.leaves[t] = NONE;
		thread->open = thread->inside = thread->cuttable = thread->cut = false;
		memset(&thread->grace, 0, sizeof(thread->grace));
		thread->reached = thread->poll_count = 0;
		memset(&thread->begun, 0, sizeof(thread->begun));
		memset(&thread->handed, 0, sizeof(thread->handed));
		memset(thread->cut_clock, 0, sizeof(thread->cut_clock));
		memset(thread->cuts, 0xff, sizeof(thread->cuts));
		thread->handing = NONE;
	}
}

/* ---- what can be done ------------------------------------------------------------------ */

/* Threads that a cut by that one is to reach: those that ever enter a section. */
static unsigned targets(unsigned cutter)
{
	return machine.entering & ~(1u << cutter);
}

/* What is on its way to memory from a section that is cut gets there first. */
static bool can_reach(unsigned actor)
{
	const struct thread *cutter = &machine.thread[actor_thread(actor)], *thread = &machine.thread[cut_target(actor)];
	unsigned left = targets(actor_thread(actor)) & ~cutter->reached;

	return cutter->step.kind == EVENT_CUT_END && left & 1u << cut_target(actor) &&
	       !(thread->inside && thread->cuttable && thread->buffered);
}

bool sections_enabled(unsigned actor)
{
	const struct thread *thread = &machine.thread[actor_thread(actor)];

	if (actor_is_cut(actor))
		return can_reach(actor);
	switch (thread->step.kind) {
	case EVENT_GRACE_END:
		return !thread->grace.waits_for;
	case EVENT_CUT_END:
		return !(targets(actor) & ~thread->reached);
	default:
		return true;
	}
}

bool sections_fail(unsigned actor)
{
	return actor < THREADS && machine.thread[actor].step.commit && machine.thread[actor].cut;
}

/* ---- being made: what is handed to cuts, and cuts ------------------------------------------ */

/* Can anybody see on which side of a cut the step was: another thread, or in a commit its own? */
static bool is_seen(const struct thread *thread, const struct done *done)
{
	if (thread->step.commit)
		return true;
	switch (done->kind) {
	case EVENT_STORE:
	case EVENT_RMW:
	case EVENT_CAS:
	case EVENT_CAS_FAILED:	/* it might have been done */
	case EVENT_UNLOCK:
	case EVENT_LEAVE:
		return true;
	case EVENT_FENCE:
		return thread->step.order == ORDER_SEQ_CST;
	default:
		return false;
	}
}

/* The order of this step with a cut that reaches its thread matters. */
static void order_with_cuts(struct thread *thread, struct done *done)
{
	clock_join(done->clock, thread->cut_clock);
	thread->handing = machine.depth;
	done->hands = true;
}

static void make_cut(unsigned actor, struct done *done)
{
	unsigned by = actor_thread(actor), target = cut_target(actor);
	struct thread *cutter = &machine.thread[by], *thread = &machine.thread[target];
	uint16_t *seen = &thread->begun.clock[by];

	done->kind = EVENT_CUT;
	clock_join(done->clock, machine.clock[by]);
	clock_join(done->before, machine.clock[by]);
	clock_after(done, thread->handing);
	if (thread->inside && thread->cuttable) {
		clock_join(done->clock, machine.clock[BUFFERS + target]);
		done->cuts = true;
		thread->cut_by = thread->cut ? thread->cut_by : machine.depth;
		if (thread->cuts_here[by] == NONE)
			thread->cuts_here[by] = machine.depth;
		thread->cut = true;
	}
	clock_join(thread->cut_clock, done->clock);
	thread->cuts[by] = machine.depth;
	cutter->reached |= 1u << target;
	clock_join(cutter->grace.clock, done->clock);
	view_join(&cutter->grace.view, &thread->handed);
	view_join(&thread->begun, &cutter->now);
	/* What is plain and was done behind the cutter's last step is before the call, too. */
	if (*seen <= cutter->now.clock[by])
		*seen = (uint16_t)(cutter->now.clock[by] + 1);
}

static void make_cut_end(struct thread *thread, struct done *done)
{
	clock_join(done->clock, thread->grace.clock);
	views_acquire(thread, &thread->grace.view);
	memset(&thread->grace, 0, sizeof(thread->grace));
	thread->reached = 0;
}

/*
 * A commit that failed has touched nothing.  But on the other side of the cuts it would
 * have, and would have come before or after what others do to its location: so its order
 * with that counts as if it had, unless they do it behind one of the cuts.  For the same
 * reason its order counts with every cut, not only with the first that its section met.
 */
static bool is_behind(const uint16_t *clock, const int *cuts)
{
	for (unsigned t = 0; t < machine.threads; t++)
		if (cuts[t] != NONE && clock_has(clock, &machine.done[cuts[t]]))
			return true;
	return false;
}

static bool might_meet(const struct done *access, const struct location *location, const int *cuts)
{
	return access->location == location && (access->writes || (access->reads && machine.model != MODEL_C11)) &&
	       !is_behind(access->before, cuts);
}

static void make_failed(unsigned actor, struct done *done)
{
	struct thread *thread = &machine.thread[actor];

	done->kind = EVENT_COMMIT_FAILED;
	done->from = thread->cut_by;
	memcpy(done->failed_by, thread->cuts_here, sizeof(done->failed_by));
	order_with_cuts(thread, done);
	for (int i = 0; done->location && i < machine.depth; i++)
		if (might_meet(&machine.done[i], done->location, done->failed_by))
			clock_after(done, i);
	if (done->location) {
		done->failed = done->location->failed;
		done->location->failed = machine.depth;
	}
	thread->now.clock[actor]++;
	thread->step.cut = true;
}

static void order_with_failed(struct done *done)
{
	for (int f = done->location ? done->location->failed : NONE; f != NONE; f = machine.done[f].failed)
		if (might_meet(done, done->location, machine.done[f].failed_by))
			clock_after(done, f);
}

bool sections_make_alone(unsigned actor, struct done *done)
{
	if (actor_is_cut(actor))
		make_cut(actor, done);
	else if (sections_fail(actor))
		make_failed(actor, done);
	else
		return false;
	return true;
}

/* ---- being made: sections and grace periods ---------------------------------------------------- */

static void make_enter(unsigned actor, struct done *done)
{
	struct thread *thread = &machine.thread[actor];

	views_acquire(thread, &machine.begun);
	views_acquire(thread, &thread->begun);
	clock_join(done->clock, machine.begun_clock);
	order_with_cuts(thread, done);
	clock_join(machine.entered_clock, done->clock);
	machine.entered[actor] = machine.depth;
	thread->inside = true;
	thread->cut = false;
	memset(thread->cuts_here, 0xff, sizeof(thread->cuts_here));
	thread->cuttable = thread->step.operand;
	if (thread->cuttable)
		thread->handed = thread->now;
}

/* Those that ask for a grace period, and those that have asked too early. */
static void leave_poll(struct poll *poll, unsigned actor, struct done *done)
{
	if (!(poll->waits_for & 1u << actor))
		return;
	clock_join(done->clock, poll->asked_clock);
	clock_join(poll->clock, done->clock);
	view_join(&poll->view, &machine.thread[actor].now);
	poll->left[actor] = machine.depth;
	poll->waits_for &= ~(1u << actor);
}

static void leave_grace(struct grace *grace, unsigned actor, const struct done *done)
{
	if (!(grace->waits_for & 1u << actor))
		return;
	clock_join(grace->clock, done->clock);
	view_join(&grace->view, &machine.thread[actor].now);
	grace->waits_for &= ~(1u << actor);
}

static void make_leave(unsigned actor, struct done *done)
{
	for (unsigned t = 0; t < machine.threads; t++) {
		struct thread *other = &machine.thread[t];

		for (unsigned p = 0; p < other->poll_count; p++)
			leave_poll(&other->polls[p], actor, done);
		leave_grace(&other->grace, actor, done);
	}
	machine.left[actor] = machine.thread[actor].now;
	machine.leaves[actor] = machine.depth;
	clock_join(machine.left_clock, done->clock);
	machine.thread[actor].inside = machine.thread[actor].cut = false;
}

/* Returns the threads that are inside; *view becomes what was done in sections before. */
static unsigned begin(unsigned actor, struct view *view, struct done *done)
{
	unsigned inside = 0;

	clock_join(done->clock, machine.entered_clock);
	clock_join(machine.begun_clock, done->clock);
	machine.begins[actor] = machine.depth;
	view_join(&machine.begun, &machine.thread[actor].now);
	for (unsigned t = 0; t < machine.threads; t++) {
		view_join(view, &machine.left[t]);
		inside |= machine.thread[t].inside ? 1u << t : 0;
	}
	return inside;
}

static void make_grace_begin(unsigned actor, struct done *done)
{
	struct grace *grace = &machine.thread[actor].grace;

	grace->waits_for = begin(actor, &grace->view, done);
	clock_join(grace->clock, machine.left_clock);
}

static void make_grace_end(struct thread *thread, struct done *done)
{
	clock_join(done->clock, thread->grace.clock);
	views_acquire(thread, &thread->grace.view);
	memset(&thread->grace, 0, sizeof(thread->grace));
}

static void make_poll_begin(unsigned actor, struct done *done)
{
	struct poll *poll = done->poll;

	memset(poll, 0, sizeof(*poll));
	poll->begun = machine.depth;
	poll->waits_for = begin(actor, &poll->view, done);
	memcpy(poll->clock, machine.left_clock, sizeof(poll->clock));
	for (unsigned t = 0; t < machine.threads; t++) {
		poll->left[t] = poll->waits_for & 1u << t ? NONE : machine.leaves[t];
		poll->asked[t] = NONE;
	}
}

/* Who asks is ordered after those that have left, also where it is too early for others' sake. */
static void make_poll(unsigned actor, struct done *done)
{
	struct thread *thread = &machine.thread[actor];
	struct poll *poll = done->poll;

	done->from = poll->begun;
	clock_after(done, poll->begun);
	for (unsigned t = 0; t < machine.threads; t++)
		clock_after(done, poll->left[t]);
	thread->step.read = !poll->waits_for;
	if (poll->waits_for) {
		poll->asked[actor] = machine.depth;
		clock_join(poll->asked_clock, done->clock);
		thread->asked = poll;
	} else {
		clock_join(done->clock, poll->clock);
		views_acquire(thread, &poll->view);
	}
}

void sections_make(unsigned actor, struct done *done)
{
	struct thread *thread = &machine.thread[actor_thread(actor)];

	order_with_failed(done);
	if (actor < THREADS && thread->inside && thread->cuttable && is_seen(thread, done)) {
		order_with_cuts(thread, done);
		thread->handed = thread->now;
	}
	switch (done->kind) {
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
		make_grace_end(thread, done);
		break;
	case EVENT_CUT_END:
		make_cut_end(thread, done);
		break;
	case EVENT_POLL_BEGIN:
		make_poll_begin(actor, done);
		break;
	case EVENT_POLL:
		make_poll(actor, done);
		break;
	default:
		break;
	}
}

/* ---- what depends on what --------------------------------------------------------------------------- */

/* Has that step left the last section for which the poll waited of that thread? */
static bool has_left(const struct poll *poll, const struct done *done)
{
	return done->kind == EVENT_LEAVE && poll->left[done->actor] == (int)(done - machine.done);
}

static bool asked_too_early(const struct done *done, unsigned thread)
{
	return done->kind == EVENT_POLL && done->poll->waits_for & 1u << thread;
}

/* Would the thread's next step, or the cut, come out differently on the other side of the cut? */
static bool wakes_for_cut(unsigned actor, const struct done *done)
{
	const struct thread *thread = &machine.thread[actor];

	if (actor_is_cut(actor))
		return done->hands && done->actor == cut_target(actor);
	if (done->kind != EVENT_CUT || cut_target(done->actor) != actor)
		return false;
	return thread->step.kind == EVENT_ENTER ||
	       (thread->inside && thread->cuttable && (thread->step.kind == EVENT_LEAVE ||
						       thread->step.kind == EVENT_COMMIT ||
						       thread->step.kind == EVENT_UNLOCK ||
						       thread->step.kind == EVENT_FENCE ||
						       (step_is_access(&thread->step) && thread->step.kind != EVENT_LOAD)));
}

/* The same of a commit that is about to fail, or has, and an access. */
static bool wakes_for_failed(unsigned actor, const struct step *step, const struct done *done)
{
	if (!step->location || step->location != done->location)
		return false;
	if (sections_fail(actor))
		return might_meet(done, step->location, machine.thread[actor].cuts_here);
	return done->kind == EVENT_COMMIT_FAILED && (step->kind != EVENT_LOAD || machine.model != MODEL_C11) &&
	       !is_behind(machine.clock[actor], done->failed_by);
}

bool sections_wakes(unsigned actor, const struct done *done)
{
	const struct step *step = &machine.thread[actor_thread(actor)].step;

	if (actor >= BUFFERS && actor < CUTS)
		return wakes_for_failed(actor, &machine.thread[actor_thread(actor)].buffer[0].step, done);
	if (actor_is_cut(actor) || done->kind == EVENT_CUT)
		return wakes_for_cut(actor, done);
	if (wakes_for_failed(actor, step, done))
		return true;
	switch (step->kind) {
	case EVENT_ENTER:
		return done->kind == EVENT_GRACE_BEGIN || done->kind == EVENT_POLL_BEGIN;
	case EVENT_GRACE_BEGIN:
	case EVENT_POLL_BEGIN:
		return done->kind == EVENT_ENTER;
	case EVENT_LEAVE:
		return asked_too_early(done, actor);
	case EVENT_POLL:
		return has_left(step->poll, done);
	case EVENT_PAUSE:
		return machine.thread[actor].asked && has_left(machine.thread[actor].asked, done);
	default:
		return false;
	}
}

static void leave_races(const struct done *done, void (*race)(int, const struct done *))
{
	for (unsigned t = 0; t < machine.threads; t++)
		for (unsigned p = 0; p < machine.thread[t].poll_count; p++) {
			const struct poll *poll = &machine.thread[t].polls[p];

			for (unsigned q = 0; q < machine.threads && has_left(poll, done); q++)
				race_unless_before(poll->asked[q], done, race);
		}
	for (unsigned p = 0; p < machine.pause_count; p++)
		if (machine.pauses[p].poll && has_left(machine.pauses[p].poll, done))
			race_unless_before(machine.pauses[p].step, done, race);
}

static void failed_races(const struct done *done, void (*race)(int, const struct done *))
{
	for (int i = 0; done->location && i < done - machine.done; i++)
		if (might_meet(&machine.done[i], done->location, done->failed_by))
			race_unless_before(i, done, race);
}

void sections_races(const struct done *done, void (*race)(int, const struct done *))
{
	if (done->kind == EVENT_CUT)
		race_unless_before(machine.thread[cut_target(done->actor)].handing, done, race);
	if (done->kind == EVENT_COMMIT_FAILED)
		failed_races(done, race);
	for (int f = done->location ? done->location->failed : NONE; f != NONE; f = machine.done[f].failed)
		if (might_meet(done, done->location, machine.done[f].failed_by))
			race_unless_before(f, done, race);
	if (done->kind == EVENT_LEAVE)
		leave_races(done, race);
	for (unsigned t = 0; t < machine.threads; t++) {
		if (done->hands)
			race_unless_before(machine.thread[done->actor].cuts[t], done, race);
		if (done->kind == EVENT_ENTER)
			race_unless_before(machine.begins[t], done, race);
		else if (done->kind == EVENT_GRACE_BEGIN || done->kind == EVENT_POLL_BEGIN)
			race_unless_before(machine.entered[t], done, race);
		else if (done->kind == EVENT_POLL)
			race_unless_before(done->poll->left[t], done, race);
	}
}

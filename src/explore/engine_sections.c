/*
 * engine_sections.c - what threads call that is about sections
 *
 * A section is no step where nobody ever waits for it, nor is a commit where nobody
 * ever cuts: as with memory, who learns that somebody does begins the exploration anew.
 *
 * A commit and its test are one step.  Where nobody else could see what it changes, the
 * test alone is one: nobody could tell when the change follows.
 */
#include "engine_inside.h"

/* Over all executions: masks of threads; those that enter are in machine.entering. */
static struct {
	unsigned waiting, cutting;	/* for a grace period or a cut; by a cut */
	bool sections, cuts;		/* so these are steps */
} shared;

void sections_forget(void)
{
	shared.waiting = shared.cutting = 0;
	shared.sections = shared.cuts = false;
	machine.entering = 0;
}

static bool between(unsigned waiting)
{
	unsigned all = machine.entering | waiting;

	return machine.entering && waiting && all & (all - 1);
}

static void note(unsigned *mask)
{
	bool sections, cuts, is_new = !(*mask & 1u << machine.self);

	*mask |= 1u << machine.self;
	sections = between(shared.waiting);
	cuts = between(shared.cutting);
	/* A cut must reach all that enter. */
	if (sections != shared.sections || cuts != shared.cuts || (cuts && is_new && mask == &machine.entering))
		machine.sharing = true;
	shared.sections = sections;
	shared.cuts = cuts;
	if (cuts)
		machine.actors = ACTORS;
}

static uint64_t section_step(enum event_kind kind, struct poll *poll, unsigned operand, const void *site)
{
	struct step step = { .kind = kind, .poll = poll, .operand = operand, .site = site };

	engine_fence_before(site);
	engine_step(&step);
	return step.read;
}

/* ---- sections ------------------------------------------------------------------------------ */

void engine_enter(unsigned commits, const void *site)
{
	struct thread *thread = &machine.thread[machine.self];

	if (machine.self == MAIN)
		return;
	if (thread->open)
		engine_wrong(WRONG_MISUSE, "a section inside of a section");
	thread->open = true;
	thread->commits = commits;
	note(&machine.entering);
	if (shared.sections)
		section_step(EVENT_ENTER, NULL, commits, site);
}

void engine_leave(const void *site)
{
	if (machine.self == MAIN)
		return;
	if (!machine.thread[machine.self].open)
		engine_wrong(WRONG_MISUSE, "a thread leaves a section, and is in none");
	machine.thread[machine.self].open = false;
	if (shared.sections)
		section_step(EVENT_LEAVE, NULL, 0, site);
}

/* Whatever may have to wait for sections is no call for who is in one. */
static void must_be_outside(const char *what)
{
	if (machine.thread[machine.self].open)
		engine_wrong(WRONG_DEADLOCK, "a thread %s inside of a section of its own", what);
}

void engine_grace(const void *site)
{
	if (machine.self == MAIN)
		return;
	must_be_outside("waits for a grace period");
	note(&shared.waiting);
	if (!shared.sections)
		return;
	section_step(EVENT_GRACE_BEGIN, NULL, 0, site);
	section_step(EVENT_GRACE_END, NULL, 0, site);
}

void engine_cut(const void *site)
{
	if (machine.self == MAIN)
		return;
	must_be_outside("cuts");
	note(&shared.waiting);
	note(&shared.cutting);
	if (shared.cuts)
		section_step(EVENT_CUT_END, NULL, 0, site);
}

/* ---- grace periods that are asked for ---------------------------------------------------------- */

/* 0 is one that was over when it began.  What it is does not depend on other threads. */
uint64_t engine_poll_begin(const void *site)
{
	struct thread *thread = &machine.thread[machine.self];
	struct poll *poll;

	if (machine.self == MAIN)
		return 0;
	must_be_outside("begins a grace period");
	if (machine.exploration->waits) {
		engine_grace(site);
		return 0;
	}
	note(&shared.waiting);
	if (!shared.sections)
		return 0;
	if (thread->poll_count == POLLS)
		engine_wrong(WRONG_LIMIT, "more than %d grace periods that a thread asks for in one execution", POLLS);
	poll = &thread->polls[thread->poll_count++];
	section_step(EVENT_POLL_BEGIN, poll, 0, site);
	return (uint64_t)(poll - thread->polls) * THREADS + machine.self + 1;
}

bool engine_poll(uint64_t begun, const void *site)
{
	struct thread *thread = &machine.thread[(begun - 1) % THREADS];
	uint64_t number = (begun - 1) / THREADS;

	if (machine.self == MAIN || !begun)
		return true;
	must_be_outside("asks for a grace period");
	if (number >= thread->poll_count)
		engine_wrong(WRONG_MISUSE, "a thread asks for a grace period that was never begun");
	return section_step(EVENT_POLL, &thread->polls[number], 0, site);
}

/* ---- commits ----------------------------------------------------------------------------------------- */

static bool is_tested(unsigned kind)
{
	const struct thread *thread = &machine.thread[machine.self];

	if (machine.self == MAIN)
		return false;
	if (!thread->open)
		engine_wrong(WRONG_MISUSE, "a commit outside of a section");
	if (thread->commits != kind)
		engine_wrong(WRONG_MISUSE, "a commit of kind %u in a section for those of kind %u", kind, thread->commits);
	return shared.cuts;
}

/* In a section that is cut already nothing is touched: it may be free. */
static bool is_one_step(const void *address, unsigned bytes)
{
	return engine_owns(address) && (machine.thread[machine.self].cut || memory_check_free(address, bytes)) &&
	       cells_shared(address, bytes, true);
}

enum result { CUT, COMMITTED, TO_DO };

/* TO_DO: it is not cut, and the access itself no step. */
static enum result commit(struct step *step, void *address, unsigned bytes)
{
	bool whole = is_one_step(address, bytes);
	const char *names[EVENT_KINDS] = { [EVENT_RMW] = "read-modify-write", [EVENT_CAS] = "compare-and-swap" };

	step->commit = true;
	if (whole) {
		step->order = step->failure = engine_order_at(step->site, step->order, false);
		if (!engine_order_is_known(step->order, names[step->kind] ? names[step->kind] : "store"))
			return CUT;
		step->location = cells_location(address, bytes);
	} else {
		step->kind = EVENT_COMMIT;
		step->address = address;
	}
	engine_fence_before(step->site);
	engine_step(step);
	if (step->cut)
		return CUT;
	if (!whole)
		return TO_DO;
	cells_check_atomic(address, bytes, step->kind != EVENT_CAS || step->done, step->location);
	return COMMITTED;
}

bool engine_commit_rmw(unsigned kind, void *address, unsigned bytes, enum rmw rmw, uint64_t operand, enum order order,
		       uint64_t *before, const void *site)
{
	struct step step = { .kind = EVENT_RMW, .rmw = rmw, .operand = operand, .order = order, .site = site };
	enum result result = is_tested(kind) ? commit(&step, address, bytes) : TO_DO;

	if (result == CUT)
		return false;
	*before = result == COMMITTED ? step.read : engine_rmw(address, bytes, rmw, operand, order, site);
	return true;
}

bool engine_commit_cas(unsigned kind, void *address, unsigned bytes, uint64_t *expected, uint64_t desired,
		       enum order order, bool *swapped, const void *site)
{
	struct step step = { .kind = EVENT_CAS, .operand = desired, .expected = *expected, .order = order, .site = site };
	enum result result = is_tested(kind) ? commit(&step, address, bytes) : TO_DO;

	if (result == CUT)
		return false;
	if (result == TO_DO) {
		*swapped = engine_cas(address, bytes, expected, desired, order, order, site);
		return true;
	}
	*expected = step.read;
	*swapped = step.done;
	return true;
}

bool engine_commit_store(unsigned kind, void *address, unsigned bytes, uint64_t value, enum order order, const void *site)
{
	struct step step = { .kind = EVENT_STORE, .operand = value, .order = order, .site = site };
	enum result result = is_tested(kind) ? commit(&step, address, bytes) : TO_DO;

	if (result == TO_DO)
		engine_store(address, bytes, value, order, site);
	return result != CUT;
}

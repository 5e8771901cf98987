/*
 * engine.c - what threads call
 *
 * A call acts at once outside of threads, and on what no two threads share: nobody
 * could tell when.  All else becomes a step: the thread stops before it, and goes on
 * when the search has chosen it.
 */
#include "engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine_inside.h"

struct machine machine = { .self = MAIN };

const char *const wrong_names[WRONGS] = {
	"nothing", "promise", "invariant", "misuse", "freed", "leak", "race", "deadlock", "lost wake-up", "limit",
	"nondeterminism",
};

unsigned engine_self(void)
{
	return machine.self;
}

/* ---- what is wrong -------------------------------------------------------------------- */

void engine_stop(void)
{
	for (;;)
		fiber_switch(&machine.thread[machine.self].fiber, &machine.main);
}

/* The first is the one that counts. */
void engine_wrong(enum wrong wrong, const char *format, ...)
{
	va_list arguments;

	if (machine.wrong == WRONG_NOTHING) {
		machine.wrong = wrong;
		va_start(arguments, format);
		vsnprintf(machine.what, sizeof(machine.what), format, arguments);
		va_end(arguments);
	}
	if (machine.self != MAIN)
		engine_stop();
}

bool engine_is_good(void)
{
	return machine.wrong == WRONG_NOTHING;
}

void engine_outcome(uint64_t hash)
{
	machine.outcome = hash;
}

uint64_t engine_state_hash(void)
{
	const struct program *program = machine.exploration->program;

	return memory_hash(program->context, program->context_bytes);
}

/* ---- mutants of orders, and fences to try -------------------------------------------------- */

enum { SITES = 4096 };

/* What was decided about a site, so that it is asked about once. */
static struct site_cache {
	const void *site;
	bool applies, told;
} sites[SITES];

void calls_forget(void)
{
	memset(sites, 0, sizeof(sites));
	sections_forget();
}

static struct site_cache *site_of(const void *site)
{
	size_t slot = ((uintptr_t)site * UINT64_C(0x9e3779b97f4a7c15)) >> 52;

	for (unsigned tries = 0; tries < SITES; tries++, slot = (slot + 1) % SITES) {
		if (sites[slot].site == site)
			return &sites[slot];
		if (!sites[slot].site) {
			const struct weaken *weaken = &machine.exploration->weaken;

			sites[slot].site = site;
			sites[slot].applies = weaken->applies && weaken->applies(site, weaken->context);
			return &sites[slot];
		}
	}
	engine_wrong(WRONG_LIMIT, "more than %d places in the code", SITES);
	return &sites[0];
}

/* The order to use at a site; also tells who wants to know of the site. */
enum order engine_order_at(const void *site, enum order order, bool fence)
{
	const struct exploration *exploration = machine.exploration;
	struct site_cache *cached = site_of(site);

	if (!cached->told && exploration->site)
		exploration->site(site, order, fence, exploration->site_context);
	cached->told = true;
	return cached->applies ? exploration->weaken.to : order;
}

void engine_fence_before(const void *site)
{
	if (machine.exploration->strengthen.before == site && site) {
		struct step fence = { .kind = EVENT_FENCE, .order = ORDER_SEQ_CST, .site = site };

		engine_step(&fence);
	}
}

/* ---- steps ------------------------------------------------------------------------------------ */

void engine_step(struct step *step)
{
	struct thread *thread = &machine.thread[machine.self];

	thread->idle = 0;
	thread->step = *step;
	fiber_switch(&thread->fiber, &machine.main);
	*step = thread->step;
}

/* Outside of threads, and on what is no explored memory. */
static bool acts_at_once(const void *address, unsigned bytes)
{
	if (!engine_owns(address))
		return true;
	if (machine.self != MAIN)
		return false;
	memory_check_free(address, bytes);
	return true;
}

/* What is locked on x86 empties the store buffer, also where nobody else looks. */
static void empty_buffer(const struct step *step)
{
	struct step fence = { .kind = EVENT_FENCE, .order = ORDER_SEQ_CST, .site = step->site };

	if (machine.model == MODEL_TSO && step->kind != EVENT_LOAD && step->kind != EVENT_STORE)
		engine_step(&fence);
}

/* A loop that nobody else can end makes no step, and so comes to no other limit. */
static void count_idle(void)
{
	if (++machine.thread[machine.self].idle > IDLE)
		engine_wrong(WRONG_LIMIT, "a thread goes on for %d accesses that no other thread can see", IDLE);
}

/* A plain access to what is on its way to memory waits until it is there. */
void engine_settle(const void *address, size_t bytes, const void *site)
{
	const struct thread *thread = &machine.thread[machine.self];
	struct step fence = { .kind = EVENT_FENCE, .order = ORDER_SEQ_CST, .site = site };
	const unsigned char *from = address;

	for (unsigned i = 0; i < thread->buffered; i++) {
		const struct location *location = thread->buffer[i].step.location;
		const unsigned char *stored = location->address;

		if (from < stored + location->bytes && stored < from + bytes) {
			engine_step(&fence);
			return;
		}
	}
}

/* Make an access of the current thread: as a step if others could see it. */
static bool as_step(struct step *step, const void *address, unsigned bytes, bool write)
{
	if (!memory_check_free(address, bytes))
		return false;
	engine_fence_before(step->site);
	if (!cells_shared(address, bytes, write)) {
		count_idle();
		empty_buffer(step);
		return false;
	}
	step->location = cells_location(address, bytes);
	engine_step(step);
	return true;
}

bool engine_order_is_known(enum order order, const char *what)
{
	if (order != ORDER_SEQ_CST)
		return true;
	engine_wrong(WRONG_LIMIT, "a seq_cst %s: not explored; use acquire, release and a seq_cst fence", what);
	return false;
}

uint64_t engine_load(const void *address, unsigned bytes, enum order order, const void *site)
{
	struct step step = { .kind = EVENT_LOAD, .site = site };

	if (acts_at_once(address, bytes))
		return memory_read(address, bytes);
	step.order = engine_order_at(site, order, false);
	if (!engine_order_is_known(step.order, "load"))
		return 0;
	if (!as_step(&step, address, bytes, false))
		step.read = memory_read(address, bytes);
	cells_check_atomic(address, bytes, false, step.location);
	return step.read;
}

void engine_store(void *address, unsigned bytes, uint64_t value, enum order order, const void *site)
{
	struct step step = { .kind = EVENT_STORE, .operand = value, .site = site };

	if (acts_at_once(address, bytes)) {
		memory_write(address, bytes, value);
		return;
	}
	step.order = engine_order_at(site, order, false);
	if (!engine_order_is_known(step.order, "store"))
		return;
	if (!as_step(&step, address, bytes, true))
		memory_write(address, bytes, value);
	cells_check_atomic(address, bytes, true, step.location);
}

static uint64_t rmw_now(void *address, unsigned bytes, enum rmw rmw, uint64_t operand)
{
	uint64_t old = memory_read(address, bytes);

	memory_write(address, bytes, rmw_result(rmw, old, operand));
	return old;
}

uint64_t engine_rmw(void *address, unsigned bytes, enum rmw rmw, uint64_t operand, enum order order, const void *site)
{
	struct step step = { .kind = EVENT_RMW, .rmw = rmw, .operand = operand, .site = site };

	if (acts_at_once(address, bytes))
		return rmw_now(address, bytes, rmw, operand);
	step.order = engine_order_at(site, order, false);
	if (!engine_order_is_known(step.order, "read-modify-write"))
		return 0;
	if (!as_step(&step, address, bytes, true))
		step.read = rmw_now(address, bytes, rmw, operand);
	cells_check_atomic(address, bytes, true, step.location);
	return step.read;
}

static bool cas_now(void *address, unsigned bytes, uint64_t *expected, uint64_t desired)
{
	uint64_t old = memory_read(address, bytes);
	bool done = old == *expected;

	if (done)
		memory_write(address, bytes, desired);
	*expected = old;
	return done;
}

/* What a failed one may be when both orders were changed: never release. */
static enum order failure_of(enum order order)
{
	return order == ORDER_ACQ_REL ? ORDER_ACQUIRE : order == ORDER_RELEASE ? ORDER_RELAXED : order;
}

bool engine_cas(void *address, unsigned bytes, uint64_t *expected, uint64_t desired, enum order success,
		enum order failure, const void *site)
{
	struct step step = { .kind = EVENT_CAS, .operand = desired, .expected = *expected, .site = site };

	if (acts_at_once(address, bytes))
		return cas_now(address, bytes, expected, desired);
	step.order = engine_order_at(site, success, false);
	step.failure = step.order == success ? failure : failure_of(step.order);
	if (!engine_order_is_known(step.order, "compare-and-swap") || !engine_order_is_known(step.failure, "compare-and-swap"))
		return false;
	if (as_step(&step, address, bytes, true))
		*expected = step.read;
	else
		step.done = cas_now(address, bytes, expected, desired);
	cells_check_atomic(address, bytes, step.done, step.location);
	return step.done;
}

void engine_fence(enum order order, const void *site)
{
	struct step step = { .kind = EVENT_FENCE, .site = site };

	if (machine.self == MAIN)
		return;
	step.order = engine_order_at(site, order, true);
	if (step.order != ORDER_RELAXED)
		engine_step(&step);
}

/* ---- locks ------------------------------------------------------------------------------------------ */

enum { LOCK_BYTES = 8 };

/* A lock's first word stands for it: the model keeps who holds it, memory is not asked. */
static void lock_step(enum event_kind kind, void *lock, const void *site)
{
	struct step step = { .kind = kind, .site = site };
	bool take = kind == EVENT_LOCK;

	if (machine.self == MAIN)
		return;
	machine.thread[machine.self].locks += take ? 1u : -1u;
	if (!as_step(&step, lock, LOCK_BYTES, true) && !cells_hold_lock(lock, take)) {
		if (take)
			engine_wrong(WRONG_DEADLOCK, "a thread takes a lock that it holds");
		else
			engine_wrong(WRONG_MISUSE, "a thread gives back a lock that it does not hold");
	}
	/* Whoever frees it must be ordered after it. */
	cells_check_atomic(lock, LOCK_BYTES, true, step.location);
}

void engine_lock(void *lock, const void *site)
{
	lock_step(EVENT_LOCK, lock, site);
}

void engine_unlock(void *lock, const void *site)
{
	lock_step(EVENT_UNLOCK, lock, site);
}

/* ---- pauses ----------------------------------------------------------------------------------------------- */

void engine_pause(const void *site)
{
	struct step step = { .kind = EVENT_PAUSE, .site = site };

	if (machine.self == MAIN)
		return;
	engine_fence_before(site);
	engine_step(&step);
}

/*
 * test_engine.c - what the engine adds to plain weak memory, shape by shape
 *
 * Locks, read sections and grace periods in their weakest reading (a hand-over of
 * what was done, and no fence), pauses, data races, memory that is freed or rests,
 * and each kind of wrong; at the end the ways of exploring: random, in shards, one
 * execution alone.  The shapes of the memory models themselves are in test_litmus.c,
 * those of cuts in test_cuts.c.
 */
#include "litmus.h"

/* ---- locks ---------------------------------------------------------------------------------- */

SHAPE2(lock_counts, "fff", DATA != 2,
       LOCK(lock); DATA++; UNLOCK(lock),
       LOCK(lock); DATA++; UNLOCK(lock))
SHAPE3(lock_counts_three, "fff", DATA != 3,
       LOCK(lock); DATA++; UNLOCK(lock),
       LOCK(lock); DATA++; UNLOCK(lock),
       LOCK(lock); DATA++; UNLOCK(lock))
SHAPE2(lock_hides_the_middle, "fff", R(0) != R(1),
       LOCK(lock); STORE(x, 1, relaxed); STORE(y, 1, relaxed); UNLOCK(lock),
       LOCK(lock); R(0) = LOAD(y, relaxed); R(1) = LOAD(x, relaxed); UNLOCK(lock))
SHAPE2(lock_in_either_order, "aaa", R(0) == 0 && R(1) == 1,
       LOCK(lock); R(0) = LOAD(x, relaxed); STORE(x, 1, relaxed); UNLOCK(lock),
       LOCK(lock); R(1) = LOAD(x, relaxed); STORE(x, 2, relaxed); UNLOCK(lock))
/* What was done before the section of the lock is handed over, too. */
SHAPE2(lock_hands_over, "fff", R(0) == 1 && R(1) == 0,
       STORE(x, 1, relaxed); LOCK(lock); STORE(y, 1, relaxed); UNLOCK(lock),
       LOCK(lock); R(0) = LOAD(y, relaxed); UNLOCK(lock); R(1) = LOAD(x, relaxed))
SHAPE3(lock_hands_on, "fff", R(0) == 1 && R(1) == 1 && R(2) == 0,
       STORE(x, 1, relaxed); LOCK(lock); STORE(y, 1, relaxed); UNLOCK(lock),
       LOCK(lock); R(0) = LOAD(y, relaxed); STORE(z, R(0), relaxed); UNLOCK(lock),
       LOCK(lock); R(1) = LOAD(z, relaxed); UNLOCK(lock); R(2) = LOAD(x, relaxed))
/* What was handed over stays the newest when another store finds its place before it: of locks, fences and graces. */
SHAPE3(lock_hands_over_the_newest, "fff", R(0) == 1 && R(1) == 2 && END(x) == 1,
       STORE(x, 1, relaxed); LOCK(lock); STORE(y, 1, relaxed); UNLOCK(lock),
       STORE(x, 2, relaxed),
       LOCK(lock); R(0) = LOAD(y, relaxed); UNLOCK(lock); R(1) = LOAD(x, relaxed))
SHAPE3(fence_hands_over_the_newest, "fff", R(0) == 0 && R(1) == 2 && END(x) == 1,
       STORE(x, 1, relaxed); FENCE(seq_cst); R(0) = LOAD(y, relaxed),
       STORE(x, 2, relaxed),
       STORE(y, 1, relaxed); FENCE(seq_cst); R(1) = LOAD(x, relaxed))
SHAPE3(acquire_fence_sees_the_newest, "fff", R(0) == 1 && R(1) == 2 && END(x) == 1,
       STORE(x, 1, relaxed); STORE(y, 1, release),
       STORE(x, 2, relaxed),
       R(0) = LOAD(y, relaxed); FENCE(acquire); R(1) = LOAD(x, relaxed))
SHAPE3(release_fence_keeps_the_newest, "fff", R(0) == 1 && R(1) == 2 && END(x) == 1,
       STORE(x, 1, relaxed); FENCE(release); STORE(y, 1, relaxed),
       STORE(x, 2, relaxed),
       R(0) = LOAD(y, acquire); R(1) = LOAD(x, relaxed))
SHAPE3(grace_hands_over_the_newest, "fff", R(0) == 0 && R(1) == 2 && END(x) == 1,
       ENTER; R(0) = LOAD(y, relaxed); STORE(x, 1, relaxed); LEAVE,
       STORE(x, 2, relaxed),
       STORE(y, 1, relaxed); GRACE; R(1) = LOAD(x, relaxed))
SHAPE3(section_is_handed_the_newest, "fff", R(0) == 1 && R(1) == 2 && END(x) == 1,
       STORE(x, 1, relaxed); GRACE; STORE(y, 1, relaxed),
       STORE(x, 2, relaxed),
       ENTER; R(0) = LOAD(y, relaxed); R(1) = LOAD(x, relaxed); LEAVE)
SHAPE2(lock_means_nothing_outside, "aff", R(0) == 1 && R(1) == 0,
       LOCK(lock); STORE(x, 1, relaxed); STORE(y, 1, relaxed); UNLOCK(lock),
       R(0) = LOAD(y, relaxed); R(1) = LOAD(x, relaxed))
SHAPE2(lock_is_no_fence, "a-f", R(0) == 0 && R(1) == 0,
       STORE(x, 1, relaxed); LOCK(lock); UNLOCK(lock); R(0) = LOAD(y, relaxed),
       STORE(y, 1, relaxed); LOCK(other); UNLOCK(other); R(1) = LOAD(x, relaxed))
SHAPE2(lock_orders_by_itself, "fff", R(0) == 0 && R(1) == 0,
       STORE(x, 1, relaxed); LOCK(lock); UNLOCK(lock); R(0) = LOAD(y, relaxed),
       STORE(y, 1, relaxed); LOCK(lock); UNLOCK(lock); R(1) = LOAD(x, relaxed))
SHAPE2(locks_nest, "fff", DATA != 2,
       LOCK(lock); LOCK(other); DATA++; UNLOCK(other); UNLOCK(lock),
       LOCK(lock); LOCK(other); DATA++; UNLOCK(other); UNLOCK(lock))
WRONG_SHAPE2(lock_AB_BA, "www", IS(DEADLOCK),
	     LOCK(lock); LOCK(other); UNLOCK(other); UNLOCK(lock),
	     LOCK(other); LOCK(lock); UNLOCK(lock); UNLOCK(other))
WRONG_SHAPE1(lock_twice, "www", IS(DEADLOCK) | IS(MISUSE),
	     LOCK(lock); LOCK(lock); UNLOCK(lock))
WRONG_SHAPE2(lock_kept, "www", IS(DEADLOCK) | IS(MISUSE),
	     LOCK(lock),
	     LOCK(lock); UNLOCK(lock))
WRONG_SHAPE2(lock_one_side, "www", IS(RACE),
	     LOCK(lock); DATA++; UNLOCK(lock),
	     DATA++)
WRONG_SHAPE2(lock_another, "www", IS(RACE),
	     LOCK(lock); DATA++; UNLOCK(lock),
	     LOCK(other); DATA++; UNLOCK(other))

/* ---- sections and grace periods ---------------------------------------------------------------- */

/* Either the section was open at the grace, then it is waited for; or it began after it, then it sees all before. */
SHAPE2(grace_publishes, "fff", R(0) == 0 && R(1) == 1,
       ENTER; R(0) = LOAD(x, relaxed); R(1) = LOAD(y, relaxed); LEAVE,
       STORE(x, 1, relaxed); GRACE; STORE(y, 1, relaxed))
SHAPE2(grace_publishes_the_other_way, "fff", R(0) == 1 && R(1) == 0,
       ENTER; R(0) = LOAD(y, relaxed); R(1) = LOAD(x, relaxed); LEAVE,
       STORE(x, 1, relaxed); GRACE; STORE(y, 1, relaxed))
SHAPE2(grace_waits, "fff", R(0) == 1 && R(1) == 0,
       ENTER; STORE(x, 1, relaxed); STORE(y, 1, relaxed); LEAVE,
       R(0) = LOAD(x, relaxed); GRACE; R(1) = LOAD(y, relaxed))
/* ... also when another store finds its place before what was done there. */
SHAPE2(grace_waits_for_the_newest, "fff", R(0) == 0 && R(1) == 2 && END(x) == 1,
       ENTER; STORE(x, 1, relaxed); R(0) = LOAD(y, relaxed); LEAVE,
       STORE(x, 2, relaxed); STORE(y, 1, relaxed); GRACE; R(1) = LOAD(x, relaxed))
/* Protocol G: the mark is taken away, grace, then the count is looked at. */
SHAPE2(grace_handshake, "fff", R(0) == 0 && R(1) == 0,
       ENTER; STORE(x, 1, relaxed); R(0) = LOAD(y, relaxed); LEAVE,
       STORE(y, 1, relaxed); GRACE; R(1) = LOAD(x, relaxed))
SHAPE2(grace_handshake_mark_first, "fff", R(0) == 0 && R(1) == 0,
       ENTER; R(0) = LOAD(y, relaxed); ADD(x, 1, relaxed); LEAVE,
       STORE(y, 1, relaxed); GRACE; R(1) = LOAD(x, relaxed))
SHAPE2(grace_missing, "aaa", R(0) == 0 && R(1) == 0,
       ENTER; R(0) = LOAD(y, relaxed); ADD(x, 1, relaxed); LEAVE,
       STORE(y, 1, relaxed); R(1) = LOAD(x, relaxed))
SHAPE2(grace_before_the_mark, "aaa", R(0) == 0 && R(1) == 0,
       ENTER; R(0) = LOAD(y, relaxed); ADD(x, 1, relaxed); LEAVE,
       GRACE; R(1) = LOAD(x, relaxed); STORE(y, 1, relaxed))
SHAPE2(grace_both_ways_happen, "aaa", R(0) == 1 && R(1) == 0,
       ENTER; R(0) = LOAD(y, relaxed); ADD(x, 1, relaxed); LEAVE,
       STORE(y, 1, relaxed); GRACE; R(1) = LOAD(x, relaxed))
SHAPE2(section_alone_orders_nothing, "aff", R(0) == 1 && R(1) == 0,
       ENTER; STORE(x, 1, relaxed); STORE(y, 1, relaxed); LEAVE,
       ENTER; R(0) = LOAD(y, relaxed); R(1) = LOAD(x, relaxed); LEAVE)
SHAPE2(section_is_no_fence, "aaf", R(0) == 0 && R(1) == 0,
       STORE(x, 1, relaxed); ENTER; LEAVE; R(0) = LOAD(y, relaxed),
       STORE(y, 1, relaxed); ENTER; LEAVE; R(1) = LOAD(x, relaxed))
/* Who is in no section gets nothing from a grace: no fence, and no release. */
SHAPE2(grace_is_no_fence, "a-f", R(0) == 0 && R(1) == 0,
       STORE(x, 1, relaxed); GRACE; R(0) = LOAD(y, relaxed),
       STORE(y, 1, relaxed); GRACE; R(1) = LOAD(x, relaxed))
SHAPE2(grace_against_a_fence, "a-f", R(0) == 0 && R(1) == 0,
       STORE(x, 1, relaxed); GRACE; R(0) = LOAD(y, relaxed),
       STORE(y, 1, relaxed); FENCE(seq_cst); R(1) = LOAD(x, relaxed))
SHAPE2(grace_is_no_release, "aff", R(0) == 1 && R(1) == 0,
       STORE(x, 1, relaxed); GRACE; STORE(y, 1, relaxed),
       R(0) = LOAD(y, relaxed); R(1) = LOAD(x, relaxed))
SHAPE2(grace_is_no_acquire, "aff", R(0) == 1 && R(1) == 0,
       STORE(x, 1, relaxed); STORE(y, 1, release),
       R(0) = LOAD(y, relaxed); GRACE; R(1) = LOAD(x, relaxed))
/* Two sections can cross one grace between them, but not two. */
SHAPE3(two_sections_one_grace, "a-f", R(0) == 0 && R(1) == 0 && R(2) == 0,
       ENTER; STORE(x, 1, relaxed); R(0) = LOAD(y, relaxed); LEAVE,
       ENTER; STORE(y, 1, relaxed); R(1) = LOAD(z, relaxed); LEAVE,
       STORE(z, 1, relaxed); GRACE; R(2) = LOAD(x, relaxed))
SHAPE3(two_sections_two_graces, "fff", R(0) == 0 && R(1) == 0 && R(2) == 0,
       ENTER; STORE(x, 1, relaxed); R(0) = LOAD(y, relaxed); LEAVE,
       ENTER; STORE(y, 1, relaxed); R(1) = LOAD(z, relaxed); LEAVE,
       STORE(z, 1, relaxed); GRACE; GRACE; R(2) = LOAD(x, relaxed))
SHAPE3(grace_waits_for_all, "fff", (R(0) == 0 || R(1) == 0) && R(2) == 0,
       ENTER; R(0) = LOAD(x, relaxed); ADD(y, R(0) == 0, relaxed); LEAVE,
       ENTER; R(1) = LOAD(x, relaxed); ADD(y, R(1) == 0, relaxed); LEAVE,
       STORE(x, 1, relaxed); GRACE; R(2) = LOAD(y, relaxed))
SHAPE2(grace_orders_plain, "fff", R(0) == 1 && R(1) != 5,
       ENTER; if (LOAD(x, relaxed) == 0) R(1) = DATA; LEAVE,
       STORE(x, 1, relaxed); GRACE; DATA = 5)
SHAPE2(sections_do_not_wait, "aaa", R(0) == 1 && R(1) == 1,
       ENTER; STORE(x, 1, relaxed); R(0) = LOAD(y, relaxed); LEAVE,
       ENTER; STORE(y, 1, relaxed); R(1) = LOAD(x, relaxed); LEAVE)
WRONG_SHAPE1(grace_in_a_section, "www", IS(DEADLOCK) | IS(MISUSE),
	     ENTER; GRACE; LEAVE)
WRONG_SHAPE2(lock_in_a_section, "www", IS(DEADLOCK),
	     ENTER; LOCK(lock); UNLOCK(lock); LEAVE,
	     LOCK(lock); GRACE; UNLOCK(lock))

/* ---- pauses ------------------------------------------------------------------------------------- */

SHAPE2(pause_until_set, "fff", R(0) != 1,
       while (!LOAD(y, acquire)) PAUSE; R(0) = LOAD(x, relaxed),
       STORE(x, 1, relaxed); STORE(y, 1, release))
SHAPE2(pause_orders_nothing_itself, "aff", R(0) == 0,
       while (!LOAD(y, relaxed)) PAUSE; R(0) = LOAD(x, relaxed),
       STORE(x, 1, relaxed); STORE(y, 1, relaxed))
SHAPE2(pause_steps, "fff", R(0) != 2,
       while ((R(0) = LOAD(y, acquire)) != 2) PAUSE,
       STORE(y, 1, release); STORE(y, 2, release))
SHAPE2(pause_back_and_forth, "fff", R(0) != 1 || R(1) != 2,
       STORE(x, 1, release); while (!LOAD(y, acquire)) PAUSE; R(0) = DATA,
       while (!LOAD(x, acquire)) PAUSE; DATA = 1; STORE(y, 1, release); R(1) = 2)
SHAPE2(pause_for_either, "fff", R(0) == 0 && R(1) == 0,
       while (!(R(0) = LOAD(x, relaxed)) && !(R(1) = LOAD(y, relaxed))) PAUSE,
       STORE(y, 1, relaxed))
SHAPE2(spin_lock, "fff", DATA != 2,
       while (!CAS(x, 0, 1, acquire, relaxed)) PAUSE; DATA++; STORE(x, 0, release),
       while (!CAS(x, 0, 1, acquire, relaxed)) PAUSE; DATA++; STORE(x, 0, release))
/* Any change ends it, not only the last of several; and what else has changed need not be seen with it. */
SHAPE2(pause_ends_between, "aaa", R(0) == 0 && R(1) == 1,
       R(0) = LOAD(x, relaxed); if (!R(0)) PAUSE; R(1) = ADD(x, 16, relaxed),
       ADD(x, 1, relaxed); ADD(x, 1, relaxed))
SHAPE2(pause_ends_before_a_lock, "aaa", R(0) == 0 && R(1) == 1,
       STORE(x, 1, relaxed); LOCK(lock); STORE(y, 1, relaxed); UNLOCK(lock); STORE(x, 2, relaxed),
       R(0) = LOAD(x, relaxed); if (!R(0)) PAUSE; LOCK(lock); R(1) = !LOAD(y, relaxed); UNLOCK(lock))
SHAPE2(pause_sees_one_change, "aff", R(0) == 0 && R(1) == 1 && R(2) == 1 && R(3) == 0,
       R(0) = LOAD(y, relaxed); if (!LOAD(x, relaxed)) { PAUSE; R(1) = 1; } R(2) = LOAD(x, relaxed); R(3) = LOAD(y, relaxed),
       STORE(y, 1, relaxed); STORE(x, 1, relaxed))
/* Also what is only stored because of the thread that waits. */
SHAPE3(pause_ends_by_an_answer, "aaa", R(0) == 0 && R(1) == 0 && R(2) == 0 && R(3) == 1,
       R(0) = LOAD(x, relaxed); R(1) = LOAD(y, relaxed); STORE(z, 1, relaxed); if (!R(0) && !R(1)) PAUSE;
       R(2) = LOAD(x, relaxed); R(3) = LOAD(y, relaxed),
       STORE(x, 1, relaxed),
       if (LOAD(z, relaxed)) STORE(y, 1, relaxed))
WRONG_SHAPE1(pause_for_nobody, "www", IS(WAKEUP),
	     while (!LOAD(x, acquire)) PAUSE)
WRONG_SHAPE2(wakeup_lost, "www", IS(WAKEUP),
	     STORE(x, 1, release); while (!LOAD(y, acquire)) PAUSE,
	     if (LOAD(x, acquire)) STORE(y, 1, release))
/* Each looks for the other, then waits: right with fences, and lost in a store buffer without. */
SHAPE2(wakeup_fences, "fff", R(0) && R(1),
       STORE(x, 1, relaxed); FENCE(seq_cst); R(0) = !LOAD(y, relaxed); while (R(0) && !LOAD(z, relaxed)) PAUSE,
       STORE(y, 1, relaxed); FENCE(seq_cst); R(1) = !LOAD(x, relaxed); STORE(z, 1, relaxed))
WRONG_SHAPE2(wakeup_of_both, "www", IS(WAKEUP) | IS(DEADLOCK),
	     while (!LOAD(y, acquire)) PAUSE; STORE(x, 1, release),
	     while (!LOAD(x, acquire)) PAUSE; STORE(y, 1, release))

/* ---- data races ----------------------------------------------------------------------------------- */

WRONG_SHAPE2(race_of_stores, "www", IS(RACE),
	     DATA = 1,
	     DATA = 2)
WRONG_SHAPE2(race_of_load_and_store, "www", IS(RACE),
	     DATA = 1,
	     R(0) = DATA)
SHAPE2(no_race_of_loads, "aaa", R(0) == 0 && R(1) == 0,
       R(0) = DATA,
       R(1) = DATA)
SHAPE2(no_race_of_neighbours, "fff", state.m->bytes[1] != 1 || state.m->bytes[2] != 2,
       state.m->bytes[1] = 1,
       state.m->bytes[2] = 2)
SHAPE2(no_race_of_neighbours_later, "fff", R(0) == 1 && state.m->bytes[1] != 1,
       R(1) = state.m->bytes[1]; STORE(y, 1, release); R(2) = state.m->bytes[2],
       R(0) = LOAD(y, acquire); if (R(0)) state.m->bytes[1] = 1)
SHAPE2(no_race_released, "fff", R(0) == 1 && R(1) != 5,
       DATA = 5; STORE(y, 1, release),
       if ((R(0) = LOAD(y, acquire))) R(1) = DATA)
WRONG_SHAPE2(race_relaxed, "w--", IS(RACE),
	     DATA = 5; STORE(y, 1, relaxed),
	     if ((R(0) = LOAD(y, acquire))) R(1) = DATA)
WRONG_SHAPE2(race_read_too_early, "www", IS(RACE),
	     DATA = 5; STORE(y, 1, release),
	     R(1) = DATA; R(0) = LOAD(y, acquire))
SHAPE2(no_race_fences, "fff", R(0) == 1 && R(1) != 5,
       DATA = 5; FENCE(release); STORE(y, 1, relaxed),
       R(0) = LOAD(y, relaxed); FENCE(acquire); if (R(0)) R(1) = DATA)
/* The last to drop a count is alone with what it counted. */
SHAPE2(no_race_dropped, "fff", R(0) == R(1),
       R(2) = DATA; R(0) = ADD(x, 1, acq_rel); if (R(0)) DATA = 0,
       R(3) = DATA; R(1) = ADD(x, 1, acq_rel); if (R(1)) DATA = 0)
WRONG_SHAPE2(race_dropped_relaxed, "w--", IS(RACE),
	     R(2) = DATA; R(0) = ADD(x, 1, relaxed); if (R(0)) DATA = 0,
	     R(1) = ADD(x, 1, relaxed); if (R(1)) DATA = 0)
/* Seq_cst fences have an order, but it is none of happening before: what was read says which came first. */
WRONG_SHAPE2(race_between_fences, "w--", IS(RACE),
	     DATA = 1; FENCE(seq_cst); if (!LOAD(x, relaxed)) STORE(y, 1, relaxed),
	     STORE(x, 1, relaxed); FENCE(seq_cst); if (LOAD(y, relaxed)) R(0) = DATA)
WRONG_SHAPE2(race_outside_a_section, "www", IS(RACE),
	     if (LOAD(x, relaxed) == 0) R(1) = DATA,
	     STORE(x, 1, relaxed); GRACE; DATA = 5)
/* Set up plainly, then shared: a plain store and atomic accesses to the same place, in order. */
SHAPE2(no_race_mixed, "fff", R(0) == 1 && R(1) != 7,
       atomic_init(&state.m->x, 7); STORE(y, 1, release),
       R(0) = LOAD(y, acquire); if (R(0)) R(1) = LOAD(x, relaxed))
/* A plain store is the newest value also where atomic ones were before. */
SHAPE2(no_race_mixed_again, "fff", R(0) == 1 && R(1) != 7,
       STORE(x, 1, relaxed); *(volatile unsigned *)&state.m->x = 7; STORE(y, 1, release),
       R(0) = LOAD(y, acquire); if (R(0)) R(1) = LOAD(x, relaxed))
WRONG_SHAPE2(race_mixed, "www", IS(RACE),
	     *(volatile unsigned *)&state.m->x = 7,
	     R(1) = LOAD(x, acquire))
WRONG_SHAPE2(race_mixed_later, "www", IS(RACE),
	     R(1) = LOAD(x, acquire),
	     *(volatile unsigned *)&state.m->x = 7)
WRONG_SHAPE2(race_mixed_store, "www", IS(RACE),
	     R(1) = *(volatile unsigned *)&state.m->x,
	     STORE(x, 1, release))

/* ---- memory that comes and goes --------------------------------------------------------------------- */

static struct cells *made(unsigned value)
{
	struct cells *cells = engine_alloc(sizeof(*cells));

	cells->data = value;
	return cells;
}

SHAPE2(made_and_published, "fff", R(0) == 1 && R(1) != 5,
       STORE(pointer, made(5), release),
       struct cells *cells = LOAD(pointer, acquire); R(0) = cells != NULL; if (cells) R(1) = cells->data)
WRONG_SHAPE2(made_and_leaked_out, "w--", IS(RACE),
	     STORE(pointer, made(5), relaxed),
	     struct cells *cells = LOAD(pointer, acquire); if (cells) R(1) = cells->data)
SHAPE2(made_apart, "fff", R(0) == 0,
       R(0) = engine_owns(made(1)) && engine_owns(&state.m->x) && !engine_owns(&state),
       R(1) = made(2)->data)
WRONG_SHAPE1(freed_and_read, "www", IS(FREED),
	     engine_free(state.spare, HERE); R(0) = state.spare->data)
WRONG_SHAPE1(freed_and_read_atomically, "www", IS(FREED),
	     engine_free(state.spare, HERE); R(0) = atomic_load_explicit(&state.spare->x, memory_order_relaxed))
WRONG_SHAPE1(freed_and_counted, "www", IS(FREED),
	     engine_free(state.spare, HERE); atomic_fetch_add_explicit(&state.spare->x, 1, memory_order_relaxed))
/* Whatever address a thread comes to in memory that is not its own any more. */
WRONG_SHAPE2(wild, "www", IS(FREED),
	     R(0) = LOAD(x, relaxed); if (!R(0)) R(1) = *(volatile unsigned *)(uintptr_t)(R(0) + 64),
	     STORE(x, 1, relaxed))
WRONG_SHAPE1(freed_twice, "www", IS(FREED) | IS(MISUSE),
	     engine_free(state.spare, HERE); engine_free(state.spare, HERE))
WRONG_SHAPE2(freed_by_another, "www", IS(FREED) | IS(RACE),
	     engine_free(state.spare, HERE),
	     R(0) = state.spare->data)
WRONG_SHAPE2(freed_by_another_atomic, "www", IS(FREED) | IS(RACE),
	     engine_free(state.spare, HERE),
	     R(0) = atomic_load_explicit(&state.spare->x, memory_order_relaxed))
SHAPE2(freed_after_use, "fff", R(0) == 1 && R(1) != 0,
       R(1) = state.spare->data; STORE(y, 1, release),
       R(0) = LOAD(y, acquire); if (R(0)) engine_free(state.spare, HERE))
/* A count in what it counts: the last to drop it is after the others' drops, and frees it. */
#define DROP(order) atomic_fetch_add_explicit(&state.spare->x, 1, memory_order_##order)
SHAPE2(freed_by_the_last, "fff", R(0) == R(1),
       R(0) = DROP(acq_rel); if (R(0)) engine_free(state.spare, HERE),
       R(1) = DROP(acq_rel); if (R(1)) engine_free(state.spare, HERE))
WRONG_SHAPE2(freed_by_the_last_relaxed, "w--", IS(FREED) | IS(RACE),
	     R(0) = DROP(relaxed); if (R(0)) engine_free(state.spare, HERE),
	     R(1) = DROP(relaxed); if (R(1)) engine_free(state.spare, HERE))
WRONG_SHAPE2(freed_after_use_relaxed, "w--", IS(FREED) | IS(RACE),
	     R(1) = state.spare->data; STORE(y, 1, relaxed),
	     R(0) = LOAD(y, relaxed); if (R(0)) engine_free(state.spare, HERE))
/* A lock is memory, too, even if nobody else ever takes it. */
WRONG_SHAPE2(freed_with_its_lock, "www", IS(FREED) | IS(RACE),
	     engine_lock(&state.spare->lock, HERE); engine_unlock(&state.spare->lock, HERE),
	     engine_free(state.spare, HERE))
SHAPE2(freed_under_another_lock, "fff", R(0) + R(1) != 1,
       LOCK(lock); R(0) = DATA++; if (R(0)) engine_free(state.spare, HERE); UNLOCK(lock),
       LOCK(lock); engine_lock(&state.spare->lock, HERE); engine_unlock(&state.spare->lock, HERE);
       R(1) = DATA++; if (R(1)) engine_free(state.spare, HERE); UNLOCK(lock))
/* Deferred free, as RCU is used most. */
SHAPE2(freed_after_grace, "fff", R(0) != 0,
       ENTER; if (LOAD(x, acquire) == 0) R(0) = state.spare->data; LEAVE,
       STORE(x, 1, relaxed); GRACE; engine_free(state.spare, HERE))
WRONG_SHAPE2(freed_without_grace, "www", IS(FREED) | IS(RACE),
	     ENTER; if (LOAD(x, acquire) == 0) R(0) = state.spare->data; LEAVE,
	     STORE(x, 1, release); engine_free(state.spare, HERE))
WRONG_SHAPE2(freed_under_no_section, "www", IS(FREED) | IS(RACE),
	     if (LOAD(x, acquire) == 0) R(0) = state.spare->data,
	     STORE(x, 1, relaxed); GRACE; engine_free(state.spare, HERE))
WRONG_SHAPE2(freed_and_address_kept, "www", IS(FREED) | IS(RACE),
	     struct cells *kept; ENTER; kept = LOAD(x, acquire) ? state.m : state.spare; LEAVE; R(0) = kept->data,
	     STORE(x, 1, relaxed); GRACE; engine_free(state.spare, HERE))
WRONG_SHAPE1(resting_and_read, "www", IS(FREED),
	     engine_rest(&DATA, sizeof(DATA), HERE); R(0) = DATA)
SHAPE1(resting_and_woken, "fff", DATA != 3,
       engine_rest(&DATA, sizeof(DATA), HERE); engine_wake(&DATA, sizeof(DATA), HERE); DATA = 3)
SHAPE2(woken_and_published, "fff", R(0) == 1 && R(1) != 5,
       engine_rest(&DATA, sizeof(DATA), HERE); engine_wake(&DATA, sizeof(DATA), HERE); DATA = 5;
       STORE(y, 1, release),
       R(0) = LOAD(y, acquire); if (R(0)) R(1) = DATA)
WRONG_SHAPE2(resting_too_early, "www", IS(FREED) | IS(RACE),
	     R(0) = atomic_load_explicit(&state.spare->x, memory_order_relaxed),
	     engine_rest(&state.spare->x, 4, HERE))
WRONG_SHAPE2(resting_for_another, "www", IS(FREED) | IS(RACE),
	     engine_rest(&DATA, sizeof(DATA), HERE); engine_wake(&DATA, sizeof(DATA), HERE),
	     R(0) = DATA)
WRONG_SHAPE2(woken_without_a_rest, "w--", IS(FREED) | IS(RACE),
	     engine_wake(&state.m->x, 4, HERE); STORE(y, 1, relaxed),
	     R(0) = LOAD(y, acquire); if (R(0)) R(1) = LOAD(x, relaxed))
WRONG_SHAPE2(woken_and_leaked_out, "w--", IS(FREED) | IS(RACE),
	     engine_rest(&state.m->x, 4, HERE); engine_wake(&state.m->x, 4, HERE); STORE(y, 1, relaxed),
	     R(0) = LOAD(y, acquire); if (R(0)) R(1) = LOAD(x, relaxed))

/* A part of what another thread uses as a whole, at any place in it: not explored, and it says so. */
#define SECOND_HALF ((atomic_uint *)&state.m->wide + 1)
WRONG_SHAPE2(half_of_a_store, "www", IS(LIMIT),
	     STORE(wide, 5ul << 32, relaxed),
	     R(0) = atomic_load_explicit(SECOND_HALF, memory_order_relaxed))
WRONG_SHAPE2(half_of_a_load, "www", IS(LIMIT),
	     R(0) = (unsigned)(LOAD(wide, relaxed) >> 32),
	     atomic_fetch_add_explicit(SECOND_HALF, 1, memory_order_relaxed))

/* ---- what else can be wrong ---------------------------------------------------------------------------- */

WRONG_SHAPE2(said_by_a_thread, "www", IS(INVARIANT),
	     STORE(x, 1, relaxed),
	     if (LOAD(x, relaxed)) engine_wrong(WRONG_INVARIANT, "x is %u", 1u); STORE(y, 1, relaxed))
WRONG_SHAPE2(loop_without_end, "www", IS(LIMIT),
	     STORE(y, 1, relaxed); R(0) = LOAD(x, relaxed),
	     while (!LOAD(x, relaxed)) ADD(y, 1, relaxed))

/* A thread that keeps something from one execution to the next is no program. */
static unsigned kept;
WRONG_SHAPE2(kept_between_executions, "www", IS(NONDETERMINISM),
	     if (kept++ & 1) STORE(x, 1, relaxed); else R(0) = LOAD(y, relaxed),
	     STORE(y, 1, relaxed); R(1) = LOAD(x, relaxed))

static const struct shape *const shapes[] = {
	&lock_counts, &lock_counts_three, &lock_hides_the_middle, &lock_in_either_order, &lock_hands_over,
	&lock_hands_on, &lock_hands_over_the_newest, &fence_hands_over_the_newest,
	&acquire_fence_sees_the_newest, &release_fence_keeps_the_newest, &grace_hands_over_the_newest, &section_is_handed_the_newest, &lock_means_nothing_outside, &lock_is_no_fence, &lock_orders_by_itself, &locks_nest,
	&lock_AB_BA, &lock_twice, &lock_kept, &lock_one_side, &lock_another,
	&grace_publishes, &grace_publishes_the_other_way, &grace_waits,
	&grace_waits_for_the_newest, &grace_handshake, &grace_handshake_mark_first, &grace_missing,
	&grace_before_the_mark, &grace_both_ways_happen,
	&section_alone_orders_nothing, &section_is_no_fence, &grace_is_no_fence, &grace_against_a_fence,
	&grace_is_no_release, &grace_is_no_acquire, &two_sections_one_grace, &two_sections_two_graces,
	&grace_waits_for_all, &grace_orders_plain, &sections_do_not_wait, &grace_in_a_section, &lock_in_a_section,
	&pause_until_set, &pause_orders_nothing_itself, &pause_steps, &pause_back_and_forth, &pause_for_either,
	&pause_ends_between, &pause_ends_by_an_answer, &pause_ends_before_a_lock, &pause_sees_one_change,
	&spin_lock, &pause_for_nobody, &wakeup_lost, &wakeup_fences, &wakeup_of_both,
	&race_of_stores, &race_of_load_and_store, &no_race_of_loads, &no_race_of_neighbours,
	&no_race_of_neighbours_later, &no_race_released,
	&race_relaxed, &race_read_too_early, &no_race_fences, &no_race_dropped, &race_dropped_relaxed,
	&race_between_fences, &race_outside_a_section, &no_race_mixed, &no_race_mixed_again, &race_mixed, &race_mixed_later, &race_mixed_store,
	&made_and_published, &made_and_leaked_out, &made_apart, &freed_and_read, &freed_and_read_atomically,
	&freed_and_counted, &wild, &freed_twice, &freed_by_another, &freed_by_another_atomic, &freed_after_use,
	&freed_by_the_last, &freed_by_the_last_relaxed, &freed_after_use_relaxed,
	&freed_with_its_lock, &freed_under_another_lock, &freed_after_grace, &freed_without_grace, &freed_under_no_section,
	&freed_and_address_kept, &resting_and_read, &resting_and_woken, &woken_and_published,
	&resting_too_early, &resting_for_another, &woken_without_a_rest, &woken_and_leaked_out, &half_of_a_store, &half_of_a_load,
	&said_by_a_thread, &loop_without_end, &kept_between_executions,
};

/* ---- ways of exploring ----------------------------------------------------------------------------------- */

/* Enough executions to be cut into parts. */
SHAPE3(busy, "---", false,
       STORE(x, 1, relaxed); R(0) = LOAD(y, relaxed); ADD(z, 1, relaxed); FENCE(seq_cst); R(1) = LOAD(x, relaxed),
       STORE(y, 1, relaxed); R(2) = LOAD(z, relaxed); ADD(x, 1, relaxed); R(3) = LOAD(y, relaxed),
       LOCK(lock); STORE(x, 5, release); UNLOCK(lock); R(4) = ADD(z, 4, acquire); R(5) = LOAD(y, relaxed))

static struct explored explore_busy(const struct exploration *wanted)
{
	struct program program = litmus_program(&busy);
	struct exploration exploration = *wanted;
	struct explored explored = { 0 };

	exploration.program = &program;
	engine_explore(&exploration, &explored);
	if (explored.run)
		run_free(explored.run);
	explored.run = NULL;
	return explored;
}

/* The executions and the outcomes of all shards are those of the whole, however many and however deep. */
static void test_shards(enum model model, unsigned shards, unsigned depth)
{
	struct explored whole = explore_busy(&(struct exploration){ .model = model });
	struct rows all = litmus.outcomes, parts = { .bytes = all.bytes };
	uint64_t executions = 0;
	bool complete = whole.complete;
	char name[64], detail[160];

	for (unsigned shard = 0; shard < shards; shard++) {
		struct explored part = explore_busy(&(struct exploration){
			.model = model, .shard = shard, .shards = shards, .shard_depth = depth });

		executions += part.executions;
		complete &= part.complete;
		for (size_t i = 0; i < litmus.outcomes.room; i++)
			if (rows_at(&litmus.outcomes, i))
				rows_add(&parts, rows_at(&litmus.outcomes, i));
		rows_free(&litmus.outcomes);
	}
	snprintf(name, sizeof(name), "shards %s: %u of depth %u", model_name[model], shards, depth);
	snprintf(detail, sizeof(detail), "%llu executions, whole %llu; %zu outcomes, whole %zu%s",
		 (unsigned long long)executions, (unsigned long long)whole.executions, parts.count, all.count,
		 complete ? "" : "; not complete");
	litmus_report(complete && rows_equal(&all, &parts), name, detail);
	rows_free(&all);
	rows_free(&parts);
}

/* What is run in all shards is the same for every number of shards. */
static void test_shard_sums(enum model model)
{
	uint64_t sum[6] = { 0 };
	char detail[160] = "";
	bool same = true;

	for (unsigned shards = 1; shards <= 5; shards++) {
		for (unsigned shard = 0; shard < shards; shard++) {
			sum[shards] += explore_busy(&(struct exploration){ .model = model, .shard = shard,
						    .shards = shards, .shard_depth = 6 }).executions;
			rows_free(&litmus.outcomes);
		}
		same &= sum[shards] == sum[1];
		snprintf(detail + strlen(detail), sizeof(detail) - strlen(detail), " %llu",
			 (unsigned long long)sum[shards]);
	}
	litmus_report(same && sum[1], model == MODEL_C11 ? "shard sums c11" : model == MODEL_TSO ? "shard sums tso" :
		      "shard sums sc", detail);
}

/* Executions of so many steps as the depth is are each one shard's, too. */
SHAPE2(short_one, "---", false, ADD(x, 1, relaxed); ADD(x, 1, relaxed), ADD(x, 2, relaxed); ADD(x, 2, relaxed))

static void test_short_shards(void)
{
	uint64_t sum[3] = { 0 };

	for (unsigned shards = 1; shards <= 2; shards++)
		for (unsigned shard = 0; shard < shards; shard++) {
			struct program program = litmus_program(&short_one);
			struct exploration exploration = { .program = &program, .shard = shard, .shards = shards,
							   .shard_depth = 4 };
			struct explored explored;

			engine_explore(&exploration, &explored);
			sum[shards] += explored.executions;
			rows_free(&litmus.outcomes);
		}
	litmus_report(sum[1] && sum[1] == sum[2], "shard sums: as short as the depth", "");
}

/* ---- the state at the end ---------------------------------------------------------------------------- */

/* States that differ in what is free alone, or in which of two words a value is in, are not the same. */
SHAPE2(states_by_what_is_free, "---", false,
       STORE(x, 1, relaxed),
       if (LOAD(x, relaxed)) engine_free(state.spare, HERE))
SHAPE2(states_by_place, "---", false,
       STORE(x, 1, relaxed),
       uint64_t *words = (uint64_t *)state.spare; if (LOAD(x, relaxed)) words[0] = 16; else words[1] = 8)

static struct {
	uint64_t hash[2];
	unsigned count;
	bool good, bad;
} states;

static void judge_states(void *context)
{
	uint64_t hash = engine_state_hash();

	(void)context;
	if (!states.count || (states.count == 1 && states.hash[0] != hash))
		states.hash[states.count++] = hash;
	states.good |= engine_is_good();
	engine_wrong(WRONG_PROMISE, "said");
	states.bad |= engine_is_good();
}

static void test_states(const struct shape *shape)
{
	struct program program = litmus_program(shape);
	struct exploration exploration = { .program = &program, .go_on = true };
	struct explored explored;

	memset(&states, 0, sizeof(states));
	program.judge = judge_states;
	engine_explore(&exploration, &explored);
	run_free(explored.run);
	litmus_report(states.count == 2 && states.good && !states.bad, shape->name, "");
	rows_free(&litmus.outcomes);
}

/* A random search of the same seed is the same, finds nothing that isn't there, and never says it is complete. */
static void test_random(enum model model)
{
	struct exploration random = { .model = model, .search = SEARCH_RANDOM, .seed = 7, .executions_most = 500 };
	struct explored whole = explore_busy(&(struct exploration){ .model = model });
	struct rows all = litmus.outcomes, once;
	struct explored first = explore_busy(&random), second;

	once = litmus.outcomes;
	second = explore_busy(&random);
	litmus_report(whole.complete && !first.complete && first.executions == 500 && !rows_beyond(&once, &all) &&
		      once.count > all.count / 10, "random: within the whole", "");
	litmus_report(second.executions == 500 && rows_equal(&once, &litmus.outcomes), "random: the same again", "");
	rows_free(&litmus.outcomes);
	rows_free(&once);
	rows_free(&all);
}

/* A limit ends a search, and is said. */
static void test_limit(void)
{
	struct explored explored = explore_busy(&(struct exploration){ .executions_most = 10 });

	litmus_report(!explored.complete && explored.executions <= 11 && explored.limit, "limit of executions",
		      explored.limit ? explored.limit : "not said");
	rows_free(&litmus.outcomes);
}

/* The violating execution alone, by its number: the same violation, in a run that can be read. */
static void test_only(enum model model)
{
	struct program program = litmus_program(&said_by_a_thread);
	struct exploration exploration = { .program = &program, .model = model };
	struct explored first = { 0 }, again = { 0 };

	engine_explore(&exploration, &first);
	exploration.only = first.number;
	engine_explore(&exploration, &again);
	litmus_report(first.violating && !first.complete && first.run && first.run->wrong == WRONG_INVARIANT &&
		      strcmp(first.what, "x is 1") == 0, "the first violation ends the search, and is recorded",
		      first.what);
	litmus_report(again.violating && again.run && again.run->count == first.run->count &&
		      strcmp(first.what, again.what) == 0, "the same execution alone", again.what);
	if (first.run)
		run_free(first.run);
	if (again.run)
		run_free(again.run);
	rows_free(&litmus.outcomes);
}

/* With the order of every site weakened, the verdict changes. */
SHAPE2(SB_of_fences, "fff", R(0) == 0 && R(1) == 0,
       STORE(x, 1, relaxed); FENCE(seq_cst); R(0) = LOAD(y, relaxed),
       STORE(y, 1, relaxed); FENCE(seq_cst); R(1) = LOAD(x, relaxed))

static bool every_site(const void *site, void *context)
{
	(void)site;
	(void)context;
	return true;
}

static void test_weaken(void)
{
	struct program program = litmus_program(&SB_of_fences);
	struct exploration exploration = { .program = &program };
	struct explored explored = { 0 };
	bool before;

	engine_explore(&exploration, &explored);
	before = litmus.seen;
	exploration.weaken = (struct weaken){ .applies = every_site, .to = ORDER_RELAXED };
	engine_explore(&exploration, &explored);
	litmus_report(!before && litmus.seen, "without its fences store buffering is seen", "");
	rows_free(&litmus.outcomes);
}

int main(void)
{
	litmus_shapes(shapes, sizeof(shapes) / sizeof(shapes[0]));
	for (enum model model = 0; model < MODELS; model++) {
		test_shards(model, 1, 4);
		test_shards(model, 3, 5);
		test_shards(model, 7, 9);
		test_shard_sums(model);
		test_random(model);
		test_only(model);
	}
	test_short_shards();
	test_states(&states_by_what_is_free);
	test_states(&states_by_place);
	test_limit();
	test_weaken();
	return litmus_closing_line();
}

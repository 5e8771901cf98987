/*
 * test_cuts.c - sections that are cut, commits, and grace periods that are asked for
 *
 * Shape by shape, as in test_engine.c: what each promises, and that it promises no
 * more (a bare hand-over, to those alone that platform.h names); what is missed
 * without it; and what is a wrong execution.
 */
#include "litmus.h"

/* ---- cuts ----------------------------------------------------------------------------------------- */

/* Protocol G with commits: the flag is set, cut, then the count is looked at.  No raise is ever missed. */
SHAPE2(cut_handshake, "fff", R(0) == 1 && R(1) == 0,
       ENTER_CUT; if (!LOAD(y, relaxed)) R(0) = RAISE(x); LEAVE,
       STORE(y, 1, relaxed); CUT; R(1) = LOAD(x, relaxed))
SHAPE2(cut_sees_the_raise, "aaa", R(0) == 1 && R(1) == 1,
       ENTER_CUT; if (!LOAD(y, relaxed)) R(0) = RAISE(x); LEAVE,
       STORE(y, 1, relaxed); CUT; R(1) = LOAD(x, relaxed))
SHAPE2(cut_fails_the_raise, "aaa", R(0) == 1 && R(2) == 1 && END(x) == 0,
       ENTER_CUT; if (!LOAD(y, relaxed)) { R(0) = 1; R(2) = !RAISE(x); } LEAVE,
       STORE(y, 1, relaxed); CUT; R(1) = LOAD(x, relaxed))
/* Each of three things without which it is missed. */
SHAPE2(cut_missing, "aaa", R(0) == 1 && R(1) == 0,
       ENTER_CUT; if (!LOAD(y, relaxed)) R(0) = RAISE(x); LEAVE,
       STORE(y, 1, relaxed); R(1) = LOAD(x, relaxed))
SHAPE2(cut_before_the_flag, "aaa", R(0) == 1 && R(1) == 0,
       ENTER_CUT; if (!LOAD(y, relaxed)) R(0) = RAISE(x); LEAVE,
       CUT; R(1) = LOAD(x, relaxed); STORE(y, 1, relaxed))
SHAPE2(cut_of_a_section_with_no_commits, "aaa", R(0) == 1 && R(1) == 0,
       ENTER; if (!LOAD(y, relaxed)) R(0) = 1 + ADD(x, 1, relaxed); LEAVE,
       STORE(y, 1, relaxed); CUT; R(1) = LOAD(x, relaxed))
/* What is no commit does happen behind the cut. */
SHAPE2(cut_stops_commits_alone, "aaa", R(0) == 1 && R(1) == 0,
       ENTER_CUT; if (!LOAD(y, relaxed)) R(0) = 1 + ADD(x, 1, relaxed); LEAVE,
       STORE(y, 1, relaxed); CUT; R(1) = LOAD(x, relaxed))
SHAPE2(commit_after_the_cut, "fff", R(0) == 1 && R(1) == 1,
       ENTER_CUT; STORE(z, 1, relaxed); R(0) = LOAD(y, relaxed); R(1) = RAISE(x); LEAVE,
       if (LOAD(z, relaxed)) { CUT; STORE(y, 1, relaxed); })
SHAPE2(commit_in_the_next_section, "fff", R(0) == 0 && R(1) == 0,
       ENTER_CUT; R(0) = RAISE(x); LEAVE; ENTER_CUT; R(1) = RAISE(x); LEAVE,
       CUT)
SHAPE2(commit_cut_off_and_again, "aaa", R(0) == 0 && R(1) == 1,
       ENTER_CUT; R(0) = RAISE(x); LEAVE; ENTER_CUT; R(1) = RAISE(x); LEAVE,
       CUT)
SHAPE2(commit_that_fails_does_nothing, "fff", R(0) + R(1) + R(2) != END(x) + END(y) + END(z),
       ENTER_CUT; R(0) = RAISE(x); R(1) = PUT(y, 1); R(2) = TRY(z, 0, 1); LEAVE,
       CUT; R(3) = LOAD(x, relaxed) + LOAD(y, relaxed) + LOAD(z, relaxed))
SHAPE2(commits_fail_from_the_cut_on, "fff", (!R(0) && R(1)) || (!R(1) && R(2)),
       ENTER_CUT; R(0) = RAISE(x); R(1) = RAISE(y); R(2) = RAISE(z); LEAVE,
       CUT)
/* A copy: half of the words before the cut, the rest never; the cutter sees them all, and no more comes. */
SHAPE2(cut_in_the_middle_of_a_copy, "aaa", R(0) == 1 && R(1) == 0 && END(x) == 1 && END(y) == 0,
       ENTER_CUT; if (!LOAD(z, relaxed) && PUT(x, 1)) PUT(y, 1); LEAVE,
       STORE(z, 1, relaxed); CUT; R(0) = LOAD(x, relaxed); R(1) = LOAD(y, relaxed))
SHAPE2(cut_ends_a_copy, "fff", R(0) != END(x) || R(1) != END(y),
       ENTER_CUT; if (!LOAD(z, relaxed) && PUT(x, 1)) PUT(y, 1); LEAVE,
       STORE(z, 1, relaxed); CUT; R(0) = LOAD(x, relaxed); R(1) = LOAD(y, relaxed))
/* What the cut is handed: all that was done in the section by then, and before it. */
SHAPE2(cut_sees_what_the_section_did, "fff", R(0) == 1 && R(1) == 0,
       ENTER_CUT; STORE(x, 1, relaxed); STORE(y, 1, relaxed); RAISE(z); LEAVE,
       R(0) = LOAD(y, relaxed); CUT; R(1) = LOAD(x, relaxed))
SHAPE2(cut_sees_what_a_section_did_that_was_left, "fff", R(0) == 1 && R(1) == 0,
       ENTER_CUT; STORE(x, 1, relaxed); LEAVE; STORE(y, 1, relaxed),
       R(0) = LOAD(y, relaxed); CUT; R(1) = LOAD(x, relaxed))
SHAPE2(cut_is_handed_nothing_by_others, "aff", R(0) == 1 && R(1) == 0,
       ENTER; STORE(x, 1, relaxed); LEAVE; STORE(y, 1, relaxed),
       R(0) = LOAD(y, relaxed); CUT; R(1) = LOAD(x, relaxed))
SHAPE2(cut_is_handed_nothing_from_outside, "aff", R(0) == 1 && R(1) == 0,
       ENTER_CUT; RAISE(z); LEAVE; STORE(x, 1, relaxed); STORE(y, 1, relaxed),
       R(0) = LOAD(y, relaxed); CUT; R(1) = LOAD(x, relaxed))
SHAPE3(cut_is_handed_the_newest, "fff", R(0) == 1 && R(1) == 2 && END(x) == 1,
       ENTER_CUT; STORE(x, 1, relaxed); STORE(y, 1, relaxed); LEAVE,
       STORE(x, 2, relaxed),
       R(0) = LOAD(y, relaxed); CUT; R(1) = LOAD(x, relaxed))
/* Sections that begin later, of any kind, see what was before the cut; one that goes on inside sees nothing by it. */
SHAPE2(section_after_a_cut, "fff", R(0) == 1 && R(1) == 0,
       R(0) = LOAD(y, acquire); ENTER; R(1) = LOAD(x, relaxed); LEAVE,
       STORE(x, 1, relaxed); CUT; STORE(y, 1, release))
SHAPE2(section_after_a_cut_by_the_cut_alone, "fff", R(0) == 0 && R(1) == 0,
       ENTER_CUT; R(0) = RAISE(y); LEAVE; ENTER; R(1) = LOAD(x, relaxed); LEAVE,
       STORE(x, 1, relaxed); CUT)
SHAPE2(section_that_goes_on, "aff", R(0) == 0 && R(1) == 0,
       ENTER_CUT; R(0) = RAISE(y); R(1) = LOAD(x, relaxed); LEAVE,
       STORE(x, 1, relaxed); CUT)
SHAPE2(section_that_goes_on_is_told_nothing, "aff", R(0) == 1 && R(1) == 0,
       ENTER_CUT; RAISE(z); R(0) = LOAD(y, relaxed); R(1) = LOAD(x, relaxed); LEAVE,
       STORE(x, 1, relaxed); CUT; STORE(y, 1, relaxed))
SHAPE2(cut_is_no_fence, "a-f", R(0) == 0 && R(1) == 0,
       STORE(x, 1, relaxed); CUT; R(0) = LOAD(y, relaxed); ENTER_CUT; LEAVE,
       STORE(y, 1, relaxed); CUT; R(1) = LOAD(x, relaxed))
/* It reaches one thread after the other: who began behind it in one may tell another before it gets there. */
SHAPE3(cut_reaches_one_before_another, "aaa", R(0) == 1 && R(1) == 1 && R(2) == 1 && R(3) == 1,
       ENTER_CUT; R(0) = LOAD(y, relaxed); R(1) = RAISE(x); LEAVE,
       ENTER_CUT; STORE(y, 1, relaxed); R(2) = LOAD(z, relaxed); R(3) = RAISE(wide); LEAVE,
       CUT; STORE(z, 1 + !LOAD(x, relaxed), relaxed))
SHAPE3(cut_hands_nothing_on, "aff", R(0) == 1 && R(1) == 1 && R(2) == 0,
       ENTER_CUT; RAISE(x); LEAVE,
       CUT; R(0) = LOAD(x, relaxed); STORE(y, 1, relaxed),
       R(1) = LOAD(y, relaxed); ENTER; R(2) = LOAD(x, relaxed); LEAVE)
/* A grace period waits for a section that is cut, as for any. */
SHAPE2(grace_after_a_cut, "fff", R(0) == 1 && R(1) == 0,
       ENTER_CUT; R(0) = 1; if (!RAISE(y)) STORE(x, 1, relaxed); else STORE(x, 2, relaxed); LEAVE,
       R(2) = LOAD(x, relaxed); CUT; GRACE; R(1) = R(2) ? LOAD(x, relaxed) : 1)
SHAPE2(freed_after_cut_and_grace, "fff", R(0) != 0,
       ENTER_CUT; if (LOAD(x, acquire) == 0) { RAISE(y); R(0) = state.spare->data; } LEAVE,
       STORE(x, 1, relaxed); CUT; GRACE; engine_free(state.spare, HERE))
WRONG_SHAPE2(freed_after_a_cut, "www", IS(FREED) | IS(RACE),
	     ENTER_CUT; if (LOAD(x, acquire) == 0) { RAISE(y); R(0) = state.spare->data; } LEAVE,
	     STORE(x, 1, relaxed); CUT; engine_free(state.spare, HERE))
SHAPE2(commit_to_what_is_gone, "fff", state.r[1] && !state.r[0],
       ENTER_CUT; if (LOAD(x, acquire) == 0) R(0) = engine_commit_rmw(1, &state.spare->x, 4, RMW_ADD, 1, ORDER_RELAXED,
								     &(uint64_t){ 0 }, HERE); LEAVE,
       STORE(x, 1, relaxed); CUT; R(1) = atomic_load_explicit(&state.spare->x, memory_order_relaxed))
WRONG_SHAPE2(race_behind_a_cut, "www", IS(RACE),
	     ENTER_CUT; if (!LOAD(x, relaxed)) { R(0) = RAISE(y); R(1) = DATA; } LEAVE,
	     STORE(x, 1, relaxed); CUT; DATA = 5)
SHAPE2(no_race_behind_a_cut, "fff", R(0) && R(1) == 5,
       ENTER_CUT; if (!LOAD(x, relaxed)) { R(1) = LOAD(z, relaxed); R(0) = RAISE(y); } LEAVE,
       DATA = 5; STORE(x, 1, relaxed); CUT; STORE(z, 5, relaxed))
/* What nobody else sees is committed or not all the same. */
SHAPE2(commit_of_what_is_private, "fff", R(0) != R(1),
       ENTER_CUT; R(0) = RAISE(x); R(1) = LOAD(x, relaxed); LEAVE,
       CUT)
SHAPE2(commit_of_what_is_private_fails, "aaa", R(0) == 0,
       ENTER_CUT; R(0) = RAISE(x); R(1) = LOAD(x, relaxed); LEAVE,
       CUT)
WRONG_SHAPE1(cut_in_a_section, "www", IS(DEADLOCK),
	     ENTER; CUT; LEAVE)
WRONG_SHAPE1(commit_in_no_section, "www", IS(MISUSE),
	     RAISE(x))
WRONG_SHAPE1(commit_of_another_kind, "www", IS(MISUSE),
	     engine_enter(2, HERE); RAISE(x); LEAVE)
WRONG_SHAPE1(commit_in_a_section_without, "www", IS(MISUSE),
	     ENTER; RAISE(x); LEAVE)
WRONG_SHAPE1(section_in_a_section, "www", IS(MISUSE),
	     ENTER; ENTER; LEAVE; LEAVE)
WRONG_SHAPE1(section_left_twice, "www", IS(MISUSE),
	     ENTER; LEAVE; LEAVE)
WRONG_SHAPE1(section_without_end, "www", IS(DEADLOCK),
	     ENTER)

/* ---- grace periods that are asked for -------------------------------------------------------------- */

SHAPE2(poll_is_over, "aaa", R(0) == 1,
       ENTER; STORE(x, 1, relaxed); LEAVE,
       uint64_t begun = BEGIN; R(0) = OVER(begun))
SHAPE2(poll_is_not_over, "aaa", R(0) == 0,
       ENTER; STORE(x, 1, relaxed); LEAVE,
       uint64_t begun = BEGIN; R(0) = OVER(begun))
SHAPE2(poll_becomes_over, "aaa", R(0) == 0 && R(1) == 1,
       ENTER; STORE(x, 1, relaxed); LEAVE,
       uint64_t begun = BEGIN; R(0) = OVER(begun); R(1) = OVER(begun))
SHAPE2(poll_stays_over, "fff", R(0) == 1 && R(1) == 0,
       ENTER; LEAVE; ENTER; LEAVE,
       uint64_t begun = BEGIN; R(0) = OVER(begun); R(1) = OVER(begun))
SHAPE2(poll_waits_for_no_later_section, "fff", R(0) == 1 && R(1) == 0,
       R(0) = LOAD(x, acquire); ENTER; STORE(y, 1, relaxed); LEAVE,
       uint64_t begun = BEGIN; STORE(x, 1, release); R(1) = OVER(begun) || !LOAD(x, relaxed))
SHAPE2(poll_handshake, "fff", R(0) == 0 && R(1) == 1 && R(2) == 0,
       ENTER; R(0) = LOAD(y, relaxed); ADD(x, 1, relaxed); LEAVE,
       STORE(y, 1, relaxed); uint64_t begun = BEGIN; R(1) = OVER(begun); R(2) = LOAD(x, relaxed))
SHAPE2(poll_too_early, "aaa", R(0) == 0 && R(1) == 0 && R(2) == 0,
       ENTER; R(0) = LOAD(y, relaxed); ADD(x, 1, relaxed); LEAVE,
       STORE(y, 1, relaxed); uint64_t begun = BEGIN; R(1) = OVER(begun); R(2) = LOAD(x, relaxed))
SHAPE3(poll_waits_for_all, "fff", (R(0) == 0 || R(1) == 0) && R(2) == 1 && R(3) < 1u + (R(0) == R(1)),
       ENTER; R(0) = LOAD(x, relaxed); ADD(y, R(0) == 0, relaxed); LEAVE,
       ENTER; R(1) = LOAD(x, relaxed); ADD(y, R(1) == 0, relaxed); LEAVE,
       STORE(x, 1, relaxed); uint64_t begun = BEGIN; R(2) = OVER(begun); R(3) = LOAD(y, relaxed))
/* Begun by one, asked for by another: who asks sees what was done in the sections, not what the other did. */
SHAPE3(poll_by_another, "fff", R(0) == 0 && R(1) == 1 && R(2) == 0,
       ENTER; R(0) = LOAD(y, relaxed); ADD(x, 1, relaxed); LEAVE,
       STORE(y, 1, relaxed); STORE(wide, BEGIN, relaxed),
       uint64_t begun = LOAD(wide, relaxed); R(1) = begun && OVER(begun); R(2) = LOAD(x, relaxed))
SHAPE2(poll_is_no_release, "aff", R(0) == 1 && R(1) == 1 && R(2) == 0,
       STORE(y, 1, relaxed); STORE(wide, BEGIN, relaxed),
       ENTER; LEAVE; uint64_t begun = LOAD(wide, relaxed); R(0) = begun != 0; R(1) = begun && OVER(begun); R(2) = LOAD(y, relaxed))
SHAPE2(freed_after_a_poll, "fff", R(0) != 0,
       ENTER; if (LOAD(x, acquire) == 0) R(0) = state.spare->data; LEAVE,
       STORE(x, 1, relaxed); uint64_t begun = BEGIN; if (OVER(begun)) engine_free(state.spare, HERE))
WRONG_SHAPE2(freed_while_it_is_not_over, "www", IS(FREED) | IS(RACE),
	     ENTER; if (LOAD(x, acquire) == 0) R(0) = state.spare->data; LEAVE,
	     STORE(x, 1, relaxed); uint64_t begun = BEGIN; OVER(begun); engine_free(state.spare, HERE))
SHAPE2(poll_and_pause, "fff", R(0) != 0 || R(1) == 0,
       ENTER; if (LOAD(x, acquire) == 0) R(0) = state.spare->data; LEAVE,
       STORE(x, 1, relaxed); uint64_t begun = BEGIN; while (!OVER(begun)) PAUSE; R(1) = 1; engine_free(state.spare, HERE))
SHAPE3(poll_and_pause_for_two, "fff", R(2) < 2,
       ENTER; ADD(x, 1, relaxed); LEAVE,
       ENTER; ADD(x, 1, relaxed); LEAVE,
       uint64_t begun; do { begun = BEGIN; while (!OVER(begun)) PAUSE; R(2) = LOAD(x, relaxed); if (R(2) < 2) PAUSE; } while (R(2) < 2))
WRONG_SHAPE2(poll_for_a_section_that_waits, "www", IS(WAKEUP),
	     ENTER; while (!LOAD(x, relaxed)) PAUSE; LEAVE,
	     ENTER; LEAVE; uint64_t begun = BEGIN; while (!OVER(begun)) PAUSE; STORE(x, 1, relaxed))
WRONG_SHAPE1(poll_in_a_section, "www", IS(DEADLOCK),
	     ENTER; BEGIN; LEAVE)
WRONG_SHAPE2(poll_that_never_began, "www", IS(MISUSE),
	     ENTER; LEAVE,
	     BEGIN; OVER(4711))

static const struct shape *const shapes[] = {
	&cut_handshake, &cut_sees_the_raise, &cut_fails_the_raise, &cut_missing, &cut_before_the_flag,
	&cut_of_a_section_with_no_commits, &cut_stops_commits_alone, &commit_after_the_cut, &commit_in_the_next_section,
	&commit_cut_off_and_again, &commit_that_fails_does_nothing, &commits_fail_from_the_cut_on,
	&cut_in_the_middle_of_a_copy, &cut_ends_a_copy, &cut_sees_what_the_section_did,
	&cut_sees_what_a_section_did_that_was_left, &cut_is_handed_nothing_by_others,
	&cut_is_handed_nothing_from_outside, &cut_is_handed_the_newest, &section_after_a_cut,
	&section_after_a_cut_by_the_cut_alone, &section_that_goes_on, &section_that_goes_on_is_told_nothing,
	&cut_is_no_fence, &cut_reaches_one_before_another, &cut_hands_nothing_on, &grace_after_a_cut,
	&freed_after_cut_and_grace, &freed_after_a_cut, &commit_to_what_is_gone, &race_behind_a_cut,
	&no_race_behind_a_cut, &commit_of_what_is_private, &commit_of_what_is_private_fails, &cut_in_a_section,
	&commit_in_no_section, &commit_of_another_kind, &commit_in_a_section_without, &section_in_a_section,
	&section_left_twice, &section_without_end,
	&poll_is_over, &poll_is_not_over, &poll_becomes_over, &poll_stays_over, &poll_waits_for_no_later_section,
	&poll_handshake, &poll_too_early, &poll_waits_for_all, &poll_by_another, &poll_is_no_release,
	&freed_after_a_poll, &freed_while_it_is_not_over, &poll_and_pause, &poll_and_pause_for_two,
	&poll_for_a_section_that_waits, &poll_in_a_section, &poll_that_never_began,
};

int main(void)
{
	litmus_shapes(shapes, sizeof(shapes) / sizeof(shapes[0]));
	return litmus_closing_line();
}

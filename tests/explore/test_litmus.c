/*
 * test_litmus.c - the named shapes of weak memory, with their C11, TSO and SC verdicts
 *
 * C11 is read as RC11 with the release sequences of C++20 (read-modify-writes
 * alone go on with one): no load buffering, seq_cst fences alone in place of
 * seq_cst accesses.  What threads do with locks, sections, pauses and freed
 * memory is in test_engine.c.
 *
 * The names are those of the field: SB store buffering, MP message passing, LB
 * load buffering, S, R, 2+2W, IRIW, WRC, RWC, ISA2, and the five coherence shapes.
 */
#include "litmus.h"

/* ---- store buffering -------------------------------------------------------------------------- */

SHAPE2(SB, "aaf", R(0) == 0 && R(1) == 0,
       STORE(x, 1, relaxed); R(0) = LOAD(y, relaxed),
       STORE(y, 1, relaxed); R(1) = LOAD(x, relaxed))
SHAPE2(SB_release_acquire, "aaf", R(0) == 0 && R(1) == 0,
       STORE(x, 1, release); R(0) = LOAD(y, acquire),
       STORE(y, 1, release); R(1) = LOAD(x, acquire))
SHAPE2(SB_one_fence, "aaf", R(0) == 0 && R(1) == 0,
       STORE(x, 1, relaxed); FENCE(seq_cst); R(0) = LOAD(y, relaxed),
       STORE(y, 1, relaxed); R(1) = LOAD(x, relaxed))
SHAPE2(SB_fences, "fff", R(0) == 0 && R(1) == 0,
       STORE(x, 1, relaxed); FENCE(seq_cst); R(0) = LOAD(y, relaxed),
       STORE(y, 1, relaxed); FENCE(seq_cst); R(1) = LOAD(x, relaxed))
SHAPE2(SB_weak_fences, "aaf", R(0) == 0 && R(1) == 0,
       STORE(x, 1, relaxed); FENCE(acq_rel); R(0) = LOAD(y, relaxed),
       STORE(y, 1, relaxed); FENCE(acq_rel); R(1) = LOAD(x, relaxed))
/* A read-modify-write is no full fence; on x86 it is: what hides the pinner's missing fence there. */
SHAPE2(SB_rmw, "aff", R(0) == 0 && R(1) == 0,
       SWAP(x, 1, acq_rel); R(0) = LOAD(y, acquire),
       SWAP(y, 1, acq_rel); R(1) = LOAD(x, acquire))
SHAPE2(SB_rmw_and_fence, "aff", R(0) == 0 && R(1) == 0,
       ADD(x, 1, acq_rel); R(0) = LOAD(y, relaxed),
       STORE(y, 1, relaxed); FENCE(seq_cst); R(1) = LOAD(x, relaxed))
SHAPE3(SB_3_fences, "fff", R(0) == 0 && R(1) == 0 && R(2) == 0,
       STORE(x, 1, relaxed); FENCE(seq_cst); R(0) = LOAD(y, relaxed),
       STORE(y, 1, relaxed); FENCE(seq_cst); R(1) = LOAD(z, relaxed),
       STORE(z, 1, relaxed); FENCE(seq_cst); R(2) = LOAD(x, relaxed))

/* ---- message passing ---------------------------------------------------------------------------- */

SHAPE2(MP, "aff", R(0) == 1 && R(1) == 0,
       STORE(x, 1, relaxed); STORE(y, 1, relaxed),
       R(0) = LOAD(y, relaxed); R(1) = LOAD(x, relaxed))
SHAPE2(MP_release_acquire, "fff", R(0) == 1 && R(1) == 0,
       STORE(x, 1, relaxed); STORE(y, 1, release),
       R(0) = LOAD(y, acquire); R(1) = LOAD(x, relaxed))
SHAPE2(MP_release_alone, "aff", R(0) == 1 && R(1) == 0,
       STORE(x, 1, relaxed); STORE(y, 1, release),
       R(0) = LOAD(y, relaxed); R(1) = LOAD(x, relaxed))
SHAPE2(MP_acquire_alone, "aff", R(0) == 1 && R(1) == 0,
       STORE(x, 1, relaxed); STORE(y, 1, relaxed),
       R(0) = LOAD(y, acquire); R(1) = LOAD(x, relaxed))
SHAPE2(MP_fences, "fff", R(0) == 1 && R(1) == 0,
       STORE(x, 1, relaxed); FENCE(release); STORE(y, 1, relaxed),
       R(0) = LOAD(y, relaxed); FENCE(acquire); R(1) = LOAD(x, relaxed))
SHAPE2(MP_fence_and_acquire, "fff", R(0) == 1 && R(1) == 0,
       STORE(x, 1, relaxed); FENCE(release); STORE(y, 1, relaxed),
       R(0) = LOAD(y, acquire); R(1) = LOAD(x, relaxed))
SHAPE2(MP_fences_the_wrong_way, "aff", R(0) == 1 && R(1) == 0,
       STORE(x, 1, relaxed); FENCE(acquire); STORE(y, 1, relaxed),
       R(0) = LOAD(y, relaxed); FENCE(release); R(1) = LOAD(x, relaxed))
SHAPE2(MP_other_widths, "fff", R(0) == 1 && R(1) == 0,
       STORE(wide, UINT64_C(1) << 40, relaxed); STORE(narrow, 1, release),
       R(0) = LOAD(narrow, acquire); R(1) = (unsigned)(LOAD(wide, relaxed) >> 40))
/* A compare-and-swap that fails is a load, of its second order. */
SHAPE2(MP_failed_cas_acquire, "fff", R(0) == 1 && R(1) == 0,
       STORE(x, 1, relaxed); STORE(y, 1, release),
       unsigned found = 7; CAS_FOUND(y, &found, 8, acquire, acquire); R(0) = found; R(1) = LOAD(x, relaxed))
SHAPE2(MP_failed_cas_relaxed, "aff", R(0) == 1 && R(1) == 0,
       STORE(x, 1, relaxed); STORE(y, 1, release),
       unsigned found = 7; CAS_FOUND(y, &found, 8, acquire, relaxed); R(0) = found; R(1) = LOAD(x, relaxed))
SHAPE2(MP_won_cas, "fff", R(0) == 1 && R(1) == 0,
       STORE(x, 1, relaxed); STORE(y, 1, release),
       R(0) = CAS(y, 1, 2, acquire, relaxed); R(1) = LOAD(x, relaxed))

/* ---- release sequences ---------------------------------------------------------------------------- */

SHAPE3(RS_goes_on_with_rmw, "fff", R(0) == 2 && R(1) == 0,
       STORE(x, 1, relaxed); STORE(y, 1, release),
       ADD(y, 1, relaxed),
       R(0) = LOAD(y, acquire); R(1) = LOAD(x, relaxed))
SHAPE3(RS_goes_on_with_cas, "fff", R(0) == 5 && R(1) == 0,
       STORE(x, 1, relaxed); STORE(y, 1, release),
       CAS(y, 1, 5, relaxed, relaxed),
       R(0) = LOAD(y, acquire); R(1) = LOAD(x, relaxed))
SHAPE2(RS_ends_at_own_store, "aff", R(0) == 2 && R(1) == 0,
       STORE(x, 1, relaxed); STORE(y, 1, release); STORE(y, 2, relaxed),
       R(0) = LOAD(y, acquire); R(1) = LOAD(x, relaxed))
SHAPE3(RS_ends_at_a_store, "aff", R(0) == 1 && R(1) == 2 && R(2) == 0,
       STORE(x, 1, relaxed); STORE(y, 1, release),
       R(0) = LOAD(y, relaxed); STORE(y, 2, relaxed),
       R(1) = LOAD(y, acquire); R(2) = LOAD(x, relaxed))
SHAPE2(RS_of_a_fence, "fff", R(0) == 2 && R(1) == 0,
       STORE(x, 1, relaxed); FENCE(release); STORE(y, 1, relaxed); STORE(y, 2, relaxed),
       R(0) = LOAD(y, acquire); R(1) = LOAD(x, relaxed))
SHAPE3(RS_rmw_hands_on_both, "fff", R(0) == 3 && (R(1) == 0 || R(2) == 0),
       STORE(x, 1, relaxed); ADD(y, 1, release),
       STORE(z, 1, relaxed); ADD(y, 2, release),
       R(0) = LOAD(y, acquire); R(1) = LOAD(x, relaxed); R(2) = LOAD(z, relaxed))

/* ---- load buffering, S, R, 2+2W ------------------------------------------------------------------- */

/* C11 allows it and AArch64 may do it; the explorer does not look for it, as RC11 does not. */
SHAPE2(LB_is_not_explored, "fff", R(0) == 1 && R(1) == 1,
       R(0) = LOAD(x, relaxed); STORE(y, 1, relaxed),
       R(1) = LOAD(y, relaxed); STORE(x, 1, relaxed))
SHAPE2(S, "aff", R(0) == 1 && END(x) == 2,
       STORE(x, 2, relaxed); STORE(y, 1, relaxed),
       R(0) = LOAD(y, relaxed); STORE(x, 1, relaxed))
SHAPE2(S_release_acquire, "fff", R(0) == 1 && END(x) == 2,
       STORE(x, 2, relaxed); STORE(y, 1, release),
       R(0) = LOAD(y, acquire); STORE(x, 1, relaxed))
SHAPE2(R_shape, "aaf", R(0) == 0 && END(y) == 2,
       STORE(x, 1, relaxed); STORE(y, 1, relaxed),
       STORE(y, 2, relaxed); R(0) = LOAD(x, relaxed))
SHAPE2(R_release_acquire, "aaf", R(0) == 0 && END(y) == 2,
       STORE(x, 1, relaxed); STORE(y, 1, release),
       STORE(y, 2, release); R(0) = LOAD(x, acquire))
SHAPE2(R_fences, "fff", R(0) == 0 && END(y) == 2,
       STORE(x, 1, relaxed); FENCE(seq_cst); STORE(y, 1, relaxed),
       STORE(y, 2, relaxed); FENCE(seq_cst); R(0) = LOAD(x, relaxed))
/* Both first stores end up last: what an order of stores that only appends would miss. */
SHAPE2(WW22, "aff", END(x) == 1 && END(y) == 1,
       STORE(x, 1, relaxed); STORE(y, 2, relaxed),
       STORE(y, 1, relaxed); STORE(x, 2, relaxed))
SHAPE2(WW22_release, "aff", END(x) == 1 && END(y) == 1,
       STORE(x, 1, release); STORE(y, 2, release),
       STORE(y, 1, release); STORE(x, 2, release))
SHAPE2(WW22_fences, "fff", END(x) == 1 && END(y) == 1,
       STORE(x, 1, relaxed); FENCE(seq_cst); STORE(y, 2, relaxed),
       STORE(y, 1, relaxed); FENCE(seq_cst); STORE(x, 2, relaxed))

/* ---- three and four threads -------------------------------------------------------------------------- */

SHAPE3(WRC, "aff", R(0) == 1 && R(1) == 1 && R(2) == 0,
       STORE(x, 1, relaxed),
       R(0) = LOAD(x, relaxed); STORE(y, 1, relaxed),
       R(1) = LOAD(y, relaxed); R(2) = LOAD(x, relaxed))
SHAPE3(WRC_release_acquire, "fff", R(0) == 1 && R(1) == 1 && R(2) == 0,
       STORE(x, 1, relaxed),
       R(0) = LOAD(x, relaxed); STORE(y, 1, release),
       R(1) = LOAD(y, acquire); R(2) = LOAD(x, relaxed))
SHAPE3(RWC, "aaf", R(0) == 1 && R(1) == 0 && R(2) == 0,
       STORE(x, 1, release),
       R(0) = LOAD(x, acquire); R(1) = LOAD(y, acquire),
       STORE(y, 1, release); R(2) = LOAD(x, acquire))
SHAPE3(RWC_fences, "fff", R(0) == 1 && R(1) == 0 && R(2) == 0,
       STORE(x, 1, relaxed),
       R(0) = LOAD(x, relaxed); FENCE(seq_cst); R(1) = LOAD(y, relaxed),
       STORE(y, 1, relaxed); FENCE(seq_cst); R(2) = LOAD(x, relaxed))
SHAPE3(ISA2, "aff", R(0) == 1 && R(1) == 1 && R(2) == 0,
       STORE(x, 1, relaxed); STORE(y, 1, relaxed),
       R(0) = LOAD(y, relaxed); STORE(z, 1, relaxed),
       R(1) = LOAD(z, relaxed); R(2) = LOAD(x, relaxed))
SHAPE3(ISA2_release_acquire, "fff", R(0) == 1 && R(1) == 1 && R(2) == 0,
       STORE(x, 1, relaxed); STORE(y, 1, release),
       R(0) = LOAD(y, acquire); STORE(z, 1, release),
       R(1) = LOAD(z, acquire); R(2) = LOAD(x, relaxed))
SHAPE3(Z6_fences, "fff", R(0) == 1 && R(1) == 0 && END(y) == 2,
       STORE(x, 1, relaxed); FENCE(seq_cst); STORE(y, 1, relaxed),
       STORE(y, 2, relaxed); FENCE(seq_cst); STORE(z, 1, relaxed),
       R(0) = LOAD(z, relaxed); FENCE(seq_cst); R(1) = LOAD(x, relaxed))
SHAPE4(IRIW, "aff", R(0) == 1 && R(1) == 0 && R(2) == 1 && R(3) == 0,
       STORE(x, 1, release),
       STORE(y, 1, release),
       R(0) = LOAD(x, acquire); R(1) = LOAD(y, acquire),
       R(2) = LOAD(y, acquire); R(3) = LOAD(x, acquire))
SHAPE4(IRIW_fences, "fff", R(0) == 1 && R(1) == 0 && R(2) == 1 && R(3) == 0,
       STORE(x, 1, relaxed),
       STORE(y, 1, relaxed),
       R(0) = LOAD(x, relaxed); FENCE(seq_cst); R(1) = LOAD(y, relaxed),
       R(2) = LOAD(y, relaxed); FENCE(seq_cst); R(3) = LOAD(x, relaxed))

/* ---- coherence ---------------------------------------------------------------------------------------- */

SHAPE2(CoRR, "fff", R(0) == 1 && R(1) == 0,
       STORE(x, 1, relaxed),
       R(0) = LOAD(x, relaxed); R(1) = LOAD(x, relaxed))
SHAPE4(CoRR_two_readers, "fff", R(0) == 1 && R(1) == 2 && R(2) == 2 && R(3) == 1,
       STORE(x, 1, relaxed),
       STORE(x, 2, relaxed),
       R(0) = LOAD(x, relaxed); R(1) = LOAD(x, relaxed),
       R(2) = LOAD(x, relaxed); R(3) = LOAD(x, relaxed))
SHAPE1(CoWW, "fff", END(x) != 2,
       STORE(x, 1, relaxed); STORE(x, 2, relaxed))
SHAPE1(CoWR_own, "fff", R(0) != 1,
       STORE(x, 1, relaxed); R(0) = LOAD(x, relaxed))
SHAPE2(CoWR, "fff", R(0) == 2 && END(x) == 1,
       STORE(x, 1, relaxed); R(0) = LOAD(x, relaxed),
       STORE(x, 2, relaxed))
SHAPE1(CoRW_own, "fff", R(0) != 0,
       R(0) = LOAD(x, relaxed); STORE(x, 1, relaxed))
SHAPE2(CoRW, "fff", R(0) == 1 && END(x) == 1,
       R(0) = LOAD(x, relaxed); STORE(x, 2, relaxed),
       STORE(x, 1, relaxed))
SHAPE2(coherence_after_synchronising, "fff", R(0) == 1 && END(x) != 2,
       STORE(x, 1, relaxed); STORE(y, 1, release),
       R(0) = LOAD(y, acquire); STORE(x, 2, relaxed))

/* ---- read-modify-writes ----------------------------------------------------------------------------------- */

SHAPE2(two_adds, "fff", END(x) != 2,
       R(0) = ADD(x, 1, relaxed),
       R(1) = ADD(x, 1, relaxed))
SHAPE3(three_adds_differ, "fff", R(0) == R(1) || R(1) == R(2) || R(0) == R(2),
       R(0) = ADD(x, 1, relaxed),
       R(1) = ADD(x, 1, relaxed),
       R(2) = ADD(x, 1, relaxed))
SHAPE2(two_cas_one_wins, "fff", R(0) == R(1),
       R(0) = CAS(x, 0, 1, relaxed, relaxed),
       R(1) = CAS(x, 0, 2, relaxed, relaxed))
SHAPE2(swap_and_swap, "fff", R(0) == R(1),
       R(0) = SWAP(x, 1, relaxed),
       R(1) = SWAP(x, 2, relaxed))
SHAPE2(no_store_between_rmw, "fff", R(0) == 0 && END(x) == 1,
       R(0) = ADD(x, 1, relaxed),
       STORE(x, 5, relaxed))
SHAPE2(store_before_rmw, "aaa", R(0) == 5 && END(x) == 6,
       R(0) = ADD(x, 1, relaxed),
       STORE(x, 5, relaxed))
SHAPE2(every_kind_of_rmw, "aaa", R(0) == 0xf0 && R(1) == 0x35 && END(narrow) == 0xffffffca,
       R(0) = atomic_fetch_or_explicit(&state.m->narrow, 0x05, memory_order_relaxed);
       atomic_fetch_and_explicit(&state.m->narrow, 0x3f, memory_order_relaxed);
       R(1) = atomic_fetch_xor_explicit(&state.m->narrow, ~0u, memory_order_relaxed),
       ADD(narrow, 0xf0, relaxed))
SHAPE2(neighbours_apart, "fff", END(narrow) != 1 || END(beside) != 2,
       STORE(narrow, 1, relaxed),
       STORE(beside, 2, relaxed))
/* A failed compare-and-swap writes nothing, and may read what is old. */
SHAPE2(failed_cas_reads_old, "aff", R(0) == 1 && R(1) == 0,
       STORE(x, 1, relaxed); STORE(y, 1, relaxed),
       R(0) = LOAD(y, relaxed); unsigned found = 9; CAS_FOUND(x, &found, 8, relaxed, relaxed); R(1) = found)
int main(void)
{
	static const struct shape *const shapes[] = {
		&SB, &SB_release_acquire, &SB_one_fence, &SB_fences, &SB_weak_fences, &SB_rmw, &SB_rmw_and_fence,
		&SB_3_fences,
		&MP, &MP_release_acquire, &MP_release_alone, &MP_acquire_alone, &MP_fences, &MP_fence_and_acquire,
		&MP_fences_the_wrong_way, &MP_other_widths, &MP_failed_cas_acquire, &MP_failed_cas_relaxed,
		&MP_won_cas,
		&RS_goes_on_with_rmw, &RS_goes_on_with_cas, &RS_ends_at_own_store, &RS_ends_at_a_store,
		&RS_of_a_fence, &RS_rmw_hands_on_both,
		&LB_is_not_explored, &S, &S_release_acquire, &R_shape, &R_release_acquire, &R_fences, &WW22,
		&WW22_release, &WW22_fences,
		&WRC, &WRC_release_acquire, &RWC, &RWC_fences, &ISA2, &ISA2_release_acquire, &Z6_fences, &IRIW,
		&IRIW_fences,
		&CoRR, &CoRR_two_readers, &CoWW, &CoWR_own, &CoWR, &CoRW_own, &CoRW, &coherence_after_synchronising,
		&two_adds, &three_adds_differ, &two_cas_one_wins, &swap_and_swap, &no_store_between_rmw,
		&store_before_rmw, &every_kind_of_rmw, &neighbours_apart, &failed_cas_reads_old,
	};

	litmus_shapes(shapes, sizeof(shapes) / sizeof(shapes[0]));
	return litmus_closing_line();
}

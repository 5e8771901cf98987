/*
 * handshakes.c - how Linux's fast pin and fork see to it that they do not miss each other
 *
 * Under Holdfast a fork waits for a grace period before it looks (handshake.h).
 * Linux's does not wait: it makes a sequence odd, and a fast pin that began before
 * finds that out at its end, and takes back what it took.  That came with 5.10; up
 * to 5.9 there was only Q4, which is not enough (history/fork-races-fast-pin).
 *
 *	fast pin, in a section                 fork, under the mm's lock
 *	----------------------                 -------------------------
 *	Q1  has_pinned := 1 (pin.c)            R1  sequence := odd
 *	Q2  sequence even?  else slow          R2  full fence
 *	Q3  walk, and raise the count          R3  has_pinned? pins? copy for the child;
 *	Q4  full fence; the entry still            else take W and PINNABLE away
 *	    the same?  else undo               R4  sequence := even
 *	Q5  sequence still the same?           R5  grace: no store is on its way to a page
 *	    else undo all, go slow                 that the child shares
 *
 * Of the fences of Q4 and R2 one comes first.  If Q4's does, R3 sees what was done
 * before it: has_pinned and the count.  If R2's does, Q5 sees the odd sequence.
 *
 *	Q2 even, Q4 fence, Q5,           a pin is missed, and its page becomes shared:
 *	R2 fence                         history/fork-races-fast-pin
 *	R4 release, with Q4's fence      a pin finds the sequence from after the fork, and the
 *	                                 entry from before it: history/fork-races-fast-pin
 *	Q4 the entry, and the fence      a page is pinned that was unmapped meanwhile, and is
 *	                                 another's alone by then: history/unmap-races-fast-pin
 *	R5                               a child that is there already sees a store of the
 *	                                 parent come: history/fork-races-store
 *
 * Linux reads the sequence of Q2 with acquire.  Here Q4's fence is that, and the
 * entry that is read again behind it: relaxed is enough.
 *
 * Q4's fence is the one that an atomic operation which returns a value is in Linux.
 * An undo is a full unpin; if it frees, that waits for the section's end: see pin_take_back().
 *
 * R5 is what a flush of the translations is to hardware: a store is a translation
 * and then bytes, and one that began before W was taken away may still go into the
 * page.  The fork returns only when none is on its way, so what the child sees of
 * it, it sees from its first moment on.
 */
#include "handshake.h"
#include "pin.h"

static enum handshake handshake_of(const struct hf_mm *mm)
{
	return design_of(mm)->handshake;
}

/* ---- the fast pin ---------------------------------------------------------------------- */

/* Q2. */
bool pin_begin(struct taking *taking)
{
	struct hf_mm *mm = taking->mm;

	if (handshake_of(mm) != HANDSHAKE_SEQUENCE)
		return true;
	taking->sequence = atomic_load_explicit(&mm->sequence, memory_order_relaxed);
	if (taking->sequence % 2)
		stat_add(mm->pool, STAT_left_forking, 1);
	return taking->sequence % 2 == 0;
}

/* Q4. */
bool pin_holds(struct taking *taking, struct page *page, const pte_slot *slot, pte_t pte)
{
	if (handshake_of(taking->mm) == HANDSHAKE_GRACE)
		return true;
	atomic_thread_fence(memory_order_seq_cst);
	if (!((pte_load(slot) ^ pte) & ~PTE_FOUND))
		return true;
	pin_take_back(taking, page);
	stat_add(taking->mm->pool, STAT_left_dying, 1);
	return false;
}

/* Give back the pages of a record beyond the first so many, which alone stay in it. */
static void take_back(struct record *record, uint64_t stay)
{
	uint32_t runs = record->runs;
	uint64_t number = 0, count, kept;

	record->runs = 0;
	record->end = NULL;
	for (uint32_t run = 0; run < runs; run++, number += count) {
		struct page *page = record_run(record, run, &count);

		kept = stay <= number ? 0 : stay - number < count ? stay - number : count;
		for (uint64_t i = kept; i < count; i++)
			page_drop(record->pool, page + i, COUNT_PIN);
		if (!kept)
			continue;
		record->iov[run].iov_len = kept * PAGE_BYTES;
		record->end = (unsigned char *)record->iov[run].iov_base + kept * PAGE_BYTES;
		record->runs = run + 1;
	}
	record->pages = stay;
}

/* Q5: stay pages were there before. */
void pin_end(struct taking *taking, uint64_t stay)
{
	struct hf_mm *mm = taking->mm;

	if (handshake_of(mm) != HANDSHAKE_SEQUENCE || taking->record->pages == stay)
		return;
	if (atomic_load_explicit(&mm->sequence, memory_order_relaxed) == taking->sequence)
		return;
	take_back(taking->record, stay);
	stat_add(mm->pool, STAT_left_forking, 1);
}

/* ---- fork ---------------------------------------------------------------------------------- */

static void sequence_step(struct hf_mm *mm, memory_order order)
{
	uint32_t sequence = atomic_load_explicit(&mm->sequence, memory_order_relaxed);

	atomic_store_explicit(&mm->sequence, sequence + 1, order);
}

void fork_begin(struct hf_mm *mm)
{
	if (handshake_of(mm) == HANDSHAKE_GRACE) {
		handshake_begin(mm);
	} else if (handshake_of(mm) == HANDSHAKE_SEQUENCE) {
		sequence_step(mm, memory_order_relaxed);		/* R1 */
		atomic_thread_fence(memory_order_seq_cst);		/* R2 */
	}
}

void fork_end(struct hf_mm *mm)
{
	if (handshake_of(mm) == HANDSHAKE_GRACE) {
		handshake_end(mm);
		return;
	}
	if (handshake_of(mm) == HANDSHAKE_SEQUENCE)
		sequence_step(mm, memory_order_release);		/* R4 */
	pool_grace(mm->pool);						/* R5 */
}

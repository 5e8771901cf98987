/*
 * access.c - loads, stores, fills and atomic operations through the mm
 *
 * Each is a translation and then a movement of bytes, and between the two the
 * world can change.  Hardware orders a CPU's stores against a fork by flushing
 * translations; here both halves stand in one section, and the movement of a store
 * is the section's commit: a fork cuts the section, and then either the bytes are in
 * the page before the fork looks at it, or they are not stored at all, and the store
 * goes on from there in another section.  So it never lands in a page that is shared
 * by then, and no fork waits for a thread that lost its core on the way.
 *
 * Loads leak too.  B translates; another thread of B breaks COW, which drops the
 * old page; A, alone on it now, keeps it and stores; B reads A's later bytes.
 *
 *	B's load              B's other thread        A
 *	--------              ----------------        -
 *	translate
 *	                      publish the copy,
 *	                      drop the old page
 *	                                              alone: keep; release fence; store
 *	copy the bytes
 *	acquire fence
 *	look again: another page, so try again
 *
 * The acquire fence pairs with the release fence before the stored bytes: whoever
 * has seen one of A's later bytes sees B's new entry (races/load-against-cow-and-reuse).
 * What A's device stores through a pin has no fence of its own; there it is the one
 * in record_begin(), which every pin has behind its pages
 * (races/device-write-against-load-and-cow).
 *
 * Looking again means the entries of all levels, each where the translation read it:
 * a table that two spaces share is replaced by a copy, one level up, before an entry
 * in the copy changes, so that the entry that was read first may show the old page
 * for ever.  It needs no second walk: as long as an entry shows the same frame, what
 * stands below it stands where it stood, since no table and no page is used anew
 * while the section is open.
 * Rejected: dropping the old page's reference only after a grace period, since A
 * would copy for nothing meanwhile (promise 6).
 *
 * D in an entry says that its page is marked dirty, so that a store asks for no
 * descriptor: the mark comes first.  Whoever takes the mark from a page takes W and
 * D from its entries before, and cuts: the handshake, once more.
 */
#include "access.h"
#include "fault.h"
#include "handshake.h"

enum kind { LOAD, STORE, FILL, ATOMIC };

struct transfer {
	enum kind kind;
	unsigned char *to;		/* LOAD */
	const unsigned char *from;	/* STORE */
	int byte;			/* FILL */
	size_t done;			/* bytes that have been moved */
	/* ATOMIC */
	enum hf_atomic operation;
	unsigned width;
	uint64_t operand, compare, old;	/* of so many bytes */
};

/*
 * On the fast path the compiler knows the kind, and keeps nothing of the struct.
 */
#define SPECIAL static inline __attribute__((always_inline))

SPECIAL bool writes(const struct transfer *transfer)
{
	return transfer->kind != LOAD && (transfer->kind != ATOMIC || transfer->operation != HF_ATOMIC_LOAD);
}

/* ---- atomic operations ------------------------------------------------------------------ */

/*
 * All orders are in fences around: the release that the caller is promised is the one
 * in place_to_store(), the acquire that of the swap, or of the load or the fault
 * behind.  Without them the receiver of a message does not see what was stored before
 * the message: races/message-by-swap and its like, one for each operation and width.
 */
static uint64_t word_load(const void *word, unsigned width)
{
	return width == sizeof(uint32_t) ?
		atomic_load_explicit((const _Atomic uint32_t *)word, memory_order_relaxed) :
		atomic_load_explicit((const _Atomic uint64_t *)word, memory_order_relaxed);
}

/* plat_commit_swap() where no commit is wanted: under the mm's lock. */
static bool word_swap(void *word, unsigned width, uint64_t *expected, uint64_t desired, bool *swapped)
{
	uint32_t narrow = (uint32_t)*expected;

	if (width == sizeof(uint64_t)) {
		*swapped = atomic_compare_exchange_strong_explicit((_Atomic uint64_t *)word, expected, desired,
								   memory_order_relaxed, memory_order_relaxed);
	} else {
		*swapped = atomic_compare_exchange_strong_explicit((_Atomic uint32_t *)word, &narrow, (uint32_t)desired,
								   memory_order_relaxed, memory_order_relaxed);
		*expected = narrow;
	}
	return true;
}

static uint64_t result_of(const struct transfer *transfer, uint64_t old)
{
	switch (transfer->operation) {
	case HF_ATOMIC_ADD: return old + transfer->operand;
	case HF_ATOMIC_AND: return old & transfer->operand;
	case HF_ATOMIC_OR: return old | transfer->operand;
	case HF_ATOMIC_XOR: return old ^ transfer->operand;
	default: return transfer->operand;
	}
}

/* Load, compute, and swap until nobody was quicker; false: cut, and nothing was done. */
SPECIAL bool change_word(struct transfer *transfer, void *word,
			 bool (*swap)(void *, unsigned, uint64_t *, uint64_t, bool *))
{
	bool compares = transfer->operation == HF_ATOMIC_CAS, swapped = false;

	transfer->old = compares ? transfer->compare : word_load(word, transfer->width);
	do {
		if (!swap(word, transfer->width, &transfer->old, result_of(transfer, transfer->old), &swapped))
			return false;
	} while (!swapped && !compares);
	return true;
}

/* ---- moving bytes, once they have been found ----------------------------------------- */

/*
 * Who moves bytes counts them: a store that was cut goes on behind those that it has
 * stored, and stores none of them twice, for somebody may have seen them, and stored
 * over them (races/store-cut-in-the-middle).
 */

/* A load's; they are not counted before it is sure that they were the right ones. */
SPECIAL void take_bytes(struct transfer *transfer, const unsigned char *bytes, size_t length)
{
	if (transfer->kind == LOAD)
		plat_copy(transfer->to + transfer->done, bytes, length);
	else
		transfer->old = word_load(bytes, transfer->width);
}

/* As quick as a copy in a section can be. */
SPECIAL bool goes_by_words(size_t length)
{
	return length % 8 == 0 && length < PLAT_WORDS_END;
}

/* A store's, in a section; false: cut, and perhaps not all of them were stored. */
SPECIAL bool commit_bytes(struct transfer *transfer, unsigned char *bytes, size_t length)
{
	size_t stored;

	switch (transfer->kind) {
	case STORE:
		if (goes_by_words(length))
			stored = plat_commit_copy_words(bytes, transfer->from + transfer->done, length);
		else
			stored = plat_commit_copy(bytes, transfer->from + transfer->done, length);
		break;
	case FILL:
		stored = plat_commit_fill(bytes, transfer->byte, length);
		break;
	default:
		stored = change_word(transfer, bytes, plat_commit_swap) ? length : 0;
		break;
	}
	transfer->done += stored;
	return stored == length;
}

/* A store's, under the mm's lock. */
static void put_bytes(struct transfer *transfer, unsigned char *bytes, size_t length)
{
	switch (transfer->kind) {
	case STORE:
		plat_copy_once(bytes, transfer->from + transfer->done, length);
		break;
	case FILL:
		plat_fill_once(bytes, transfer->byte, length);
		break;
	default:
		change_word(transfer, bytes, word_swap);
		break;
	}
}

SPECIAL unsigned char *place_of(unsigned char *base, pte_t pte, uint64_t address)
{
	return base + ((uint64_t)pte_pfn(pte) << HF_PAGE_SHIFT) + walk_offset(pte, address);
}

SPECIAL unsigned char *place_to_store(unsigned char *base, pte_t pte, uint64_t address)
{
	/* Pairs with the acquire fence in load_piece(), and is the release of atomic operations. */
	atomic_thread_fence(memory_order_release);
	return place_of(base, pte, address);
}

/* ---- without a lock --------------------------------------------------------------------- */

enum outcome { MOVED, AGAIN, FAULT };

/* Set A, or A and D, if the entry still is what was read. */
static bool touch(struct hf_pool *pool, pte_slot *slot, pte_t pte, pte_t bits)
{
	if (bits & PTE_D)
		page_dirty(pool, pte_page(pool, pte));
	return atomic_compare_exchange_strong_explicit(slot, &pte, pte | bits, memory_order_relaxed,
						       memory_order_relaxed);
}

/*
 * May the entry be used so?  A and D, which only it has itself, are set where they are
 * missing; where that is out of the way (may_touch), it is not.
 */
SPECIAL bool is_fit(struct hf_mm *mm, const struct walk *walk, pte_t pte, pte_t permission, pte_t trace, bool may_touch)
{
	pte_t view = walk_view(walk->all, pte);

	if (likely((view & (permission | trace)) == (permission | trace)))
		return true;
	return may_touch && (view & permission) == permission && touch(mm->pool, walk->upper[0], pte, trace);
}

/* Does every entry on the way still show what it showed? */
SPECIAL bool walk_stands(const struct walk *walk, pte_t pte)
{
	pte_t changed = atomic_load_explicit(walk->upper[0], memory_order_relaxed) ^ pte;

#pragma GCC unroll 4
	for (unsigned level = TABLE_LEVELS - 1; level; level--)
		changed |= atomic_load_explicit(walk->upper[level], memory_order_relaxed) ^ walk->seen[level];
	return !(changed & (PTE_FRAME_MASK | PTE_P));
}

/* Where the way ends: while all above it is the space's alone. */
SPECIAL void remember(struct hf_mm *mm, uint64_t address, const struct walk *walk, uint64_t shape)
{
	bool huge = walk->seen[1] & PTE_PS;
	pte_t all = walk->all;

	if (unlikely(huge)) {
		all = ~UINT64_C(0);
		for (unsigned level = 2; level < TABLE_LEVELS; level++)
			all &= walk->seen[level];
	}
	if (DESIGN_IS_HOLDFAST(mm) && !(~all & (PTE_P | PTE_ALONE)))
		way_remember(mm, address, walk->upper[0], huge, shape);
}

SPECIAL enum outcome load_piece(struct hf_mm *mm, uint64_t address, struct transfer *transfer, size_t length,
				bool may_touch)
{
	/* In this order: see way_remember(). */
	uint64_t shape = atomic_load_explicit(&mm->pool->shape, memory_order_acquire);
	bool open = handshake_open(mm);
	struct walk walk = walk_down(mm, vpn_of(address));
	pte_t pte = walk.seen[0];

	if (unlikely(!is_fit(mm, &walk, pte, PTE_P, PTE_A, may_touch)))
		return FAULT;
	if (open)
		remember(mm, address, &walk, shape);
	take_bytes(transfer, place_of(walk.base, pte, address), length);
	/* Pairs with the release fence in place_to_store(): see the head of this file. */
	atomic_thread_fence(memory_order_acquire);
	if (unlikely(!walk_stands(&walk, pte)))
		return AGAIN;
	transfer->done += length;
	return MOVED;
}

SPECIAL enum outcome store_piece(struct hf_mm *mm, uint64_t address, struct transfer *transfer, size_t length,
				 bool may_touch)
{
	uint64_t shape = atomic_load_explicit(&mm->pool->shape, memory_order_acquire);
	struct walk walk;
	pte_t pte;

	if (!handshake_open(mm))
		return FAULT;
	walk = walk_down(mm, vpn_of(address));
	pte = walk.seen[0];
	if (unlikely(!is_fit(mm, &walk, pte, PTE_P | PTE_W, PTE_A | PTE_D, may_touch)))
		return FAULT;
	remember(mm, address, &walk, shape);
	return likely(commit_bytes(transfer, place_to_store(walk.base, pte, address), length)) ? MOVED : AGAIN;
}

SPECIAL void enter_to_store(enum kind kind, size_t length)
{
	if (kind == FILL)
		plat_section_enter(PLAT_FILL);
	else if (kind == ATOMIC)
		plat_section_enter(PLAT_SWAP);
	else if (goes_by_words(length))
		plat_section_enter(PLAT_COPY_WORDS);
	else
		plat_section_enter(PLAT_COPY);
}

SPECIAL enum outcome piece_without_lock(struct hf_mm *mm, uint64_t address, struct transfer *transfer, size_t length,
					bool may_touch)
{
	enum outcome outcome;

	if (!writes(transfer)) {
		plat_section_enter(PLAT_LOOK);
		outcome = load_piece(mm, address, transfer, length, may_touch);
	} else {
		enter_to_store(transfer->kind, length);
		outcome = store_piece(mm, address, transfer, length, may_touch);
	}
	plat_section_leave();
	return outcome;
}

/* ---- with a fault ---------------------------------------------------------------------------- */

static int piece_with_fault(struct hf_mm *mm, uint64_t address, struct transfer *transfer, size_t length)
{
	struct fault fault;
	pte_t pte;
	int error = fault_access(mm, address, writes(transfer), &fault);

	if (error)
		return error;
	pte = pte_load(fault.slot);
	if (writes(transfer)) {
		page_dirty(mm->pool, pte_page(mm->pool, pte));
		put_bytes(transfer, place_to_store(mm->pool->base, pte, address), length);
	} else {
		take_bytes(transfer, place_of(mm->pool->base, pte, address), length);
	}
	transfer->done += length;
	/* The acquire of atomic operations. */
	atomic_thread_fence(memory_order_acquire);
	mm_unlock(mm);
	return 0;
}

/*
 * Who was cut goes on in another section, but not for ever: a try is far shorter than the
 * time between two forks, so that to be cut twice running is rare, and the lock is fair.
 */
enum { TRIES = 3 };

/* Until so many bytes of the transfer are done, which begins at address; the rest of them lies in one page. */
static int piece_anyhow(struct hf_mm *mm, uint64_t address, struct transfer *transfer, size_t until)
{
	enum outcome outcome = AGAIN;

	for (unsigned tries = 0; outcome == AGAIN && tries < TRIES; tries++)
		outcome = piece_without_lock(mm, address + transfer->done, transfer, until - transfer->done, true);
	return outcome == MOVED ? 0 : piece_with_fault(mm, address + transfer->done, transfer, until - transfer->done);
}

static ssize_t transfer_run(struct hf_mm *mm, uint64_t address, size_t length, struct transfer *transfer)
{
	while (transfer->done < length) {
		uint64_t at = address + transfer->done;
		size_t piece = PAGE_BYTES - page_offset(at);
		int error = -HF_EFAULT;

		if (piece > length - transfer->done)
			piece = length - transfer->done;
		if (at < ADDRESS_END && at >= address)
			error = piece_anyhow(mm, address, transfer, transfer->done + piece);
		if (error)
			return transfer->done ? (ssize_t)transfer->done : error;
	}
	return (ssize_t)length;
}

/* ---- public ------------------------------------------------------------------------------------- */

/*
 * What lies in one page, and needs no fault and no trace, is moved where the call stands;
 * the rest, out of line.  The first test refuses length 0, too.
 */
SPECIAL bool is_one_piece(uint64_t address, size_t length)
{
	/* Below ADDRESS_END, asked in the way in which the walk begins. */
	return length - 1 <= (page_offset(address) ^ (PAGE_BYTES - 1)) &&
	       vpn_of(address) >> (TABLE_LEVELS - 1) * HF_TABLE_SHIFT < TABLE_ENTRIES / 2;
}

static bool is_good(const struct hf_mm *mm, const void *bytes, size_t length)
{
	return mm && (bytes || !length) && length <= SIZE_MAX / 2;
}

static __attribute__((noinline)) ssize_t read_run(struct hf_mm *mm, uint64_t address, void *buffer, size_t length)
{
	struct transfer transfer = { .kind = LOAD, .to = buffer };

	return is_good(mm, buffer, length) ? transfer_run(mm, address, length, &transfer) : -HF_EINVAL;
}

ssize_t access_read(struct hf_mm *mm, uint64_t address, void *buffer, size_t length)
{
	struct transfer transfer = { .kind = LOAD, .to = buffer };

	if (likely(mm && buffer && is_one_piece(address, length)) &&
	    likely(piece_without_lock(mm, address, &transfer, length, false) == MOVED))
		return (ssize_t)length;
	return read_run(mm, address, buffer, length);
}

static __attribute__((noinline)) ssize_t write_run(struct hf_mm *mm, uint64_t address, const void *bytes,
						   size_t length, size_t done)
{
	struct transfer transfer = { .kind = STORE, .from = bytes, .done = done };

	return is_good(mm, bytes, length) ? transfer_run(mm, address, length, &transfer) : -HF_EINVAL;
}

ssize_t access_write(struct hf_mm *mm, uint64_t address, const void *bytes, size_t length, size_t done)
{
	struct transfer transfer = { .kind = STORE, .from = bytes };

	if (likely(mm && bytes && !done && is_one_piece(address, length)) &&
	    likely(piece_without_lock(mm, address, &transfer, length, false) == MOVED))
		return (ssize_t)length;
	return write_run(mm, address, bytes, length, done + transfer.done);
}

ssize_t hf_fill(struct hf_mm *mm, uint64_t address, int byte, size_t length)
{
	struct transfer transfer = { .kind = FILL, .byte = byte };

	return is_good(mm, &byte, length) ? transfer_run(mm, address, length, &transfer) : -HF_EINVAL;
}

int hf_atomic(struct hf_mm *mm, uint64_t address, unsigned width, enum hf_atomic operation, uint64_t operand,
	      uint64_t compare, uint64_t *old)
{
	struct transfer transfer = { .kind = ATOMIC, .operation = operation, .width = width };
	ssize_t moved;

	if (!mm || (width != 4 && width != 8) || address % width || (unsigned)operation > HF_ATOMIC_CAS)
		return -HF_EINVAL;
	transfer.operand = width == 4 ? (uint32_t)operand : operand;
	transfer.compare = width == 4 ? (uint32_t)compare : compare;
	moved = transfer_run(mm, address, width, &transfer);
	if (moved < 0)
		return (int)moved;
	if (old)
		*old = transfer.old;
	return 0;
}

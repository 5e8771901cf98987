/*
 * access.c - loads, stores, fills and atomic operations through the mm
 *
 * Each is a translation and then a movement of bytes, and between the two the
 * world can change.  Hardware orders a CPU's stores against a fork by flushing
 * translations; here both halves run inside one read section, which a fork waits
 * for, so that a store never lands in a page that is shared by then.
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
 *	translate again: another page, so try again
 *
 * The acquire fence pairs with the release fence before the stored bytes: whoever
 * has seen one of A's later bytes sees B's new entry (races/load-against-cow-and-reuse).
 * What A's device stores through a pin has no fence of its own; there it is the one
 * in record_begin(), which every pin has behind its pages
 * (races/device-write-against-load-and-cow).
 * Rejected: dropping the old page's reference only after a grace period, since A
 * would copy for nothing meanwhile (promise 6).
 */
#include "fault.h"
#include "handshake.h"

enum kind { LOAD, STORE, FILL, ATOMIC };

struct transfer {
	enum kind kind;
	unsigned char *to;		/* LOAD */
	const unsigned char *from;	/* STORE */
	int byte;			/* FILL */
	/* ATOMIC */
	enum hf_atomic operation;
	unsigned width;
	uint64_t operand, compare, old;
};

static bool writes(const struct transfer *transfer)
{
	return transfer->kind == STORE || transfer->kind == FILL ||
	       (transfer->kind == ATOMIC && transfer->operation != HF_ATOMIC_LOAD);
}

/* ---- moving bytes, once they have been found ----------------------------------------- */

/*
 * The same text for both widths: C has no other way to write it once.
 *
 * Acquire, and the release that the caller is promised too: that is the fence in
 * store_bytes(), which stands before each of these but the load.  A load without a
 * fault has a fence behind it (load_piece()); one with a fault has not.  Without it
 * the receiver of a message does not see what was stored before the message:
 * races/message-by-swap and its like, one for each operation and width.
 */
#define ATOMIC_OPERATION(type)                                                                                         \
	static uint64_t atomic_##type(_Atomic type *at, const struct transfer *t)                                      \
	{                                                                                                              \
		type operand = (type)t->operand, old = (type)t->compare;                                               \
                                                                                                                       \
		switch (t->operation) {                                                                                \
		case HF_ATOMIC_LOAD: return atomic_load_explicit(at, memory_order_acquire);                           \
		case HF_ATOMIC_STORE: /* as a swap: the caller may ask for the old value */                           \
		case HF_ATOMIC_SWAP: return atomic_exchange_explicit(at, operand, memory_order_acquire);              \
		case HF_ATOMIC_ADD: return atomic_fetch_add_explicit(at, operand, memory_order_acquire);              \
		case HF_ATOMIC_AND: return atomic_fetch_and_explicit(at, operand, memory_order_acquire);              \
		case HF_ATOMIC_OR: return atomic_fetch_or_explicit(at, operand, memory_order_acquire);                \
		case HF_ATOMIC_XOR: return atomic_fetch_xor_explicit(at, operand, memory_order_acquire);              \
		case HF_ATOMIC_CAS:                                                                                    \
			atomic_compare_exchange_strong_explicit(at, &old, operand, memory_order_acquire,               \
								memory_order_acquire);                                \
			return old;                                                                                    \
		}                                                                                                      \
		return 0;                                                                                              \
	}
ATOMIC_OPERATION(uint32_t)
ATOMIC_OPERATION(uint64_t)

static void move(struct transfer *transfer, unsigned char *bytes, size_t done, size_t length)
{
	switch (transfer->kind) {
	case LOAD:
		plat_copy(transfer->to + done, bytes, length);
		break;
	case STORE:
		plat_copy(bytes, transfer->from + done, length);
		break;
	case FILL:
		plat_fill(bytes, transfer->byte, length);
		break;
	case ATOMIC:
		if (transfer->width == sizeof(uint32_t))
			transfer->old = atomic_uint32_t((_Atomic uint32_t *)(void *)bytes, transfer);
		else
			transfer->old = atomic_uint64_t((_Atomic uint64_t *)(void *)bytes, transfer);
		break;
	}
}

/* ---- without a lock --------------------------------------------------------------------- */

/* Set A, or A and D, if the entry still is what was read. */
static bool touch(pte_slot *slot, pte_t pte, pte_t bits)
{
	return (pte & bits) == bits ||
	       atomic_compare_exchange_strong_explicit(slot, &pte, pte | bits, memory_order_relaxed,
						       memory_order_relaxed);
}

static bool load_piece(struct hf_mm *mm, uint64_t address, struct transfer *transfer, size_t done, size_t length)
{
	struct walk walk = walk_down(mm, vpn_of(address));
	pte_t pte = pte_load(walk.upper[0]);

	if (!(walk_view(walk.all, pte) & PTE_P) || !touch(walk.upper[0], pte, PTE_A))
		return false;
	move(transfer, page_bytes(mm->pool, pte_pfn(pte)) + page_offset(address), done, length);
	/* Pairs with the release fence in store_piece(): see the head of this file. */
	atomic_thread_fence(memory_order_acquire);
	walk = walk_down(mm, vpn_of(address));
	return !((pte_load(walk.upper[0]) ^ pte) & (PTE_FRAME_MASK | PTE_P));
}

static void store_bytes(struct hf_mm *mm, pfn_t pfn, uint64_t address, struct transfer *transfer, size_t done,
			size_t length)
{
	page_dirty(mm->pool, page_of(mm->pool, pfn));
	/* Pairs with the acquire fence in load_piece(), and is the release of atomic operations. */
	atomic_thread_fence(memory_order_release);
	move(transfer, page_bytes(mm->pool, pfn) + page_offset(address), done, length);
}

static bool store_piece(struct hf_mm *mm, uint64_t address, struct transfer *transfer, size_t done, size_t length)
{
	struct walk walk;
	pte_t pte;

	if (!handshake_open(mm))
		return false;
	walk = walk_down(mm, vpn_of(address));
	pte = pte_load(walk.upper[0]);
	if ((walk_view(walk.all, pte) & (PTE_P | PTE_W)) != (PTE_P | PTE_W) || !touch(walk.upper[0], pte, PTE_A | PTE_D))
		return false;
	store_bytes(mm, pte_pfn(pte), address, transfer, done, length);
	return true;
}

static bool piece_without_lock(struct hf_mm *mm, uint64_t address, struct transfer *transfer, size_t done,
			       size_t length)
{
	bool moved;

	plat_section_enter(PLAT_LOOK);
	if (writes(transfer))
		moved = store_piece(mm, address, transfer, done, length);
	else
		moved = load_piece(mm, address, transfer, done, length);
	plat_section_leave();
	return moved;
}

/* ---- with a fault ---------------------------------------------------------------------------- */

static int piece_with_fault(struct hf_mm *mm, uint64_t address, struct transfer *transfer, size_t done, size_t length)
{
	struct fault fault;
	pfn_t pfn;
	int error = fault_access(mm, address, writes(transfer), &fault);

	if (error)
		return error;
	pfn = pte_pfn(pte_load(fault.slot));
	if (writes(transfer))
		store_bytes(mm, pfn, address, transfer, done, length);
	else
		move(transfer, page_bytes(mm->pool, pfn) + page_offset(address), done, length);
	mm_unlock(mm);
	return 0;
}

static ssize_t transfer_run(struct hf_mm *mm, uint64_t address, size_t length, struct transfer *transfer)
{
	for (size_t done = 0, piece; done < length; done += piece) {
		uint64_t at = address + done;
		int error = 0;

		piece = PAGE_BYTES - page_offset(at);
		if (piece > length - done)
			piece = length - done;
		if (at >= ADDRESS_END || at < address)
			error = -HF_EFAULT;
		else if (!piece_without_lock(mm, at, transfer, done, piece))
			error = piece_with_fault(mm, at, transfer, done, piece);
		if (error)
			return done ? (ssize_t)done : error;
	}
	return (ssize_t)length;
}

/* ---- public ------------------------------------------------------------------------------------- */

static bool is_good(const struct hf_mm *mm, const void *bytes, size_t length)
{
	return mm && (bytes || !length) && length <= SIZE_MAX / 2;
}

ssize_t hf_read(struct hf_mm *mm, uint64_t address, void *buffer, size_t length)
{
	struct transfer transfer = { .kind = LOAD, .to = buffer };

	return is_good(mm, buffer, length) ? transfer_run(mm, address, length, &transfer) : -HF_EINVAL;
}

ssize_t hf_write(struct hf_mm *mm, uint64_t address, const void *bytes, size_t length)
{
	struct transfer transfer = { .kind = STORE, .from = bytes };

	return is_good(mm, bytes, length) ? transfer_run(mm, address, length, &transfer) : -HF_EINVAL;
}

ssize_t hf_fill(struct hf_mm *mm, uint64_t address, int byte, size_t length)
{
	struct transfer transfer = { .kind = FILL, .byte = byte };

	return is_good(mm, &byte, length) ? transfer_run(mm, address, length, &transfer) : -HF_EINVAL;
}

int hf_atomic(struct hf_mm *mm, uint64_t address, unsigned width, enum hf_atomic operation, uint64_t operand,
	      uint64_t compare, uint64_t *old)
{
	struct transfer transfer = {
		.kind = ATOMIC, .operation = operation, .width = width, .operand = operand, .compare = compare,
	};
	ssize_t moved;

	if (!mm || (width != 4 && width != 8) || address % width || (unsigned)operation > HF_ATOMIC_CAS)
		return -HF_EINVAL;
	moved = transfer_run(mm, address, width, &transfer);
	if (moved < 0)
		return (int)moved;
	if (old)
		*old = transfer.old;
	return 0;
}

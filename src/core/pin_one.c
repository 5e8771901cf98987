/*
 * pin_one.c - one page: straight down
 *
 * Most pins are of one page that was pinned before.  Such a pin needs no room for runs,
 * no limit, no loop: look that it is one, find the entry, count, fill in a record
 * that waits for it.  Whatever is not as it mostly is goes a more general way from the
 * beginning, as if nothing had been tried:
 *
 *	hf_pin()	the bytes that the thread pinned last
 *	pin_one()	a page of the table in which the thread pinned last
 *	pin_by_walk()	of any table
 *	pin_huge()	a page of a huge page, or the whole
 *	pin_any()	any pin (pin.c)
 *
 * Each calls the next last of all, so that it saves no registers for it.
 *
 * What a slot remembers of the last table is where its entries stand, and not what
 * they are: those are read again for each pin.  It is right as long as the pool's tables
 * are where they were: see struct way, pool.h.  What its resident record remembers of the
 * last pin is the whole of it, and where its entry stands: who pins the same once more
 * asks whether it still is what it was, and counts.
 *
 * The steps P1 to P4 are those of handshake.h.
 */
#include "block.h"
#include "handshake.h"
#include "pin.h"

static inline bool is_plain(unsigned how)
{
	return !(how & ~(HF_PIN_READ | HF_PIN_WRITE | HF_PIN_FAST_ONLY)) && (how & (HF_PIN_READ | HF_PIN_WRITE));
}

static inline bool is_in_one_page(uint64_t address, size_t length)
{
	/* No bytes are more than fit, too. */
	return length - 1 <= page_offset(~address);
}

/*
 * All that is known before there is a page goes into the record at once.  So little is
 * left to be kept in registers, and who begins again finds it there.
 */
static inline void fill_in(struct record *record, struct hf_mm *mm, uint64_t address, size_t length, unsigned how,
			   const char *tag, uint64_t since)
{
	record_fill(record, mm, address, length, how, tag, since);
	record->iov->iov_len = length;
	/* Whatever it remembered is not what it says any more. */
	record->last.shape = SHAPE_NONE;
}

typedef ssize_t pin_way(struct hf_mm *mm, uint64_t address, size_t length, unsigned how, const char *tag,
			struct hf_pin *pin);

/* Not done: what this way was called with, to another. */
static __attribute__((noinline, cold)) ssize_t begin_again(pin_way *other, struct hf_mm *mm, const struct record *record,
							   struct hf_pin *pin)
{
	return other(mm, atomic_load_explicit(&record->address, memory_order_relaxed),
		     atomic_load_explicit(&record->length, memory_order_relaxed),
		     atomic_load_explicit(&record->how, memory_order_relaxed),
		     atomic_load_explicit(&record->tag, memory_order_relaxed), pin);
}

/* The page was dying, or has too many pins now: it is as if it had not been raised. */
static __attribute__((noinline, cold)) ssize_t take_back(pin_way *other, struct hf_mm *mm, const struct record *record,
							 struct hf_pin *pin)
{
	bool dies = page_drop_only(record->page, COUNT_PIN);

	plat_section_leave();
	if (dies)
		page_free(mm->pool, record->page);
	return begin_again(other, mm, record, pin);
}

/* The slot's resident, if it is free, else the first of its records. */
static inline struct record *at_hand(const struct slot *slot)
{
	struct record *record = atomic_load_explicit(&slot->resident, memory_order_relaxed);
	uint64_t word;

	return likely(record && resident_is_free(record, &word)) ? record : slot->records_free;
}

/* What was found on the way to a page, or to the whole of a huge one. */
struct found {
	const pte_slot *entry;
	pte_t pte;
	uint64_t shape;
	struct page *page;
	unsigned char *bytes;
	uint64_t pages;
};

/* For the same pin once more. */
static inline void remember(struct record *record, struct hf_mm *mm, size_t length, const struct found *found)
{
	struct remembered *last = &record->last;

	if (unlikely(atomic_load_explicit(&record->each, memory_order_relaxed) != found->pages))
		resident_has(record, found->pages);

	/* One by one: a structure would be made elsewhere, and copied. */
	last->mm = mm;
	last->address = atomic_load_explicit(&record->address, memory_order_relaxed);
	last->length = length;
	last->how = atomic_load_explicit(&record->how, memory_order_relaxed);
	last->entry = found->entry;
	last->pte = found->pte;
	last->shape = found->shape;
	last->handle.length = length;
	plat_hot_set(record);
}

/* P4, the end of the section, and the rest, in which nothing can fail; or begin again. */
static inline __attribute__((always_inline)) ssize_t raise(struct hf_mm *mm, struct record *record, struct iovec *iov, const struct found *found,
			    size_t length, struct hf_pin *pin, pin_way *other)
{
	uint64_t before;

	/* While it is known where; the record is not live yet. */
	record->page = found->page;
	iov->iov_base = found->bytes;
	if (unlikely(!plat_commit_raise(&found->page->count, &before))) {	/* P4 */
		plat_section_leave();
		return begin_again(other, mm, record, pin);
	}
	if (unlikely(!count_was_good(before)))
		return take_back(other, mm, record, pin);
	plat_section_leave();
	/* ---- point of no return ---- */
	if (likely(record->resident)) {
		remember(record, mm, length, found);
	} else {
		record->slot->records_free = record->next;
		slot_count_one(record->slot, STAT_pin_fast);
	}
	pin->iov = iov;
	pin->iovcnt = 1;
	pin->fast = 1;
	pin->length = length;
	pin->record = record;
	pin->serial = record_begin(record, RECORD_ONE);
	return (ssize_t)length;
}

/* Under a huge entry: a page counts for itself, and the whole once for all (block.h). */
static __attribute__((noinline)) ssize_t pin_huge(struct hf_mm *mm, uint64_t address, size_t length, unsigned how,
						  const char *tag, struct hf_pin *pin)
{
	const pte_t need = holdfast_need(how) | PTE_HAS_PINNED;
	struct hf_pool *pool = mm->pool;
	struct slot *slot = slot_mine(pool);
	struct found found = { .pages = length == TABLE_BYTES ? TABLE_ENTRIES : 1 };
	struct record *record;
	struct walk walk;
	pfn_t pfn;

	if (unlikely(address >= ADDRESS_END || slot_is_shared(pool, slot) || !resident_begin(pool, slot)))
		return pin_any(mm, address, length, how, tag, pin);
	record = at_hand(slot);
	if (!record || !record->resident)
		return pin_any(mm, address, length, how, tag, pin);
	fill_in(record, mm, address, length, how, tag, plat_stamp());
	plat_section_enter(PLAT_RAISE);
	/* As in pin_by_walk(). */
	found.shape = atomic_load_explicit(&pool->shape, memory_order_acquire);
	if (unlikely(!handshake_open(mm))) {						/* P1 */
		plat_section_leave();
		return begin_again(pin_while_forking, mm, record, pin);
	}
	walk = walk_down(mm, vpn_of(address));						/* P2, P3 */
	if (unlikely((walk.all & need) != need || !(walk.seen[0] & PTE_PS))) {
		plat_section_leave();
		return begin_again(pin_any, mm, record, pin);
	}
	found.entry = walk.upper[0];
	found.pte = walk.seen[0];
	pfn = pte_pfn(found.pte) + table_index(vpn_of(address), 0);
	found.page = found.pages > 1 ? block_of(pool, pfn) : page_of(pool, pfn);
	found.bytes = page_bytes(pool, pfn) + page_offset(address);
	return raise(mm, record, record->iov, &found, length, pin, pin_any);
}

/*
 * That mm->recorded is set need not be asked: somebody has set HAS_PINNED on the way down,
 * and that one has seen to it.
 */
static __attribute__((noinline)) ssize_t pin_by_walk(struct hf_mm *mm, uint64_t address, size_t length, unsigned how,
						     const char *tag, struct hf_pin *pin)
{
	struct hf_pool *pool = mm->pool;
	struct slot *slot = slot_mine(pool);
	struct record *record;
	struct way way = { .mm = mm, .start = address & ~(uint64_t)(TABLE_BYTES - 1) };
	struct found found = { .pages = 1 };

	if (unlikely(address >= ADDRESS_END || slot_is_shared(pool, slot) || !resident_begin(pool, slot) ||
		     !records_refill(pool, slot)))
		return pin_any(mm, address, length, how, tag, pin);
	record = at_hand(slot);
	fill_in(record, mm, address, length, how, tag, plat_stamp());
	plat_section_enter(PLAT_RAISE);
	/* Before P1: a fork that began since is in the one or the other (races/pins-again-against-fork). */
	way.shape = atomic_load_explicit(&pool->shape, memory_order_acquire);
	if (unlikely(!handshake_open(mm))) {						/* P1 */
		plat_section_leave();
		return begin_again(pin_while_forking, mm, record, pin);
	}
	found.shape = way.shape;
	found.pte = walk_to_pin(mm, vpn_of(address), holdfast_need(how), &way.entries);	/* P2, P3 */
	if (unlikely(!found.pte)) {
		plat_section_leave();
		return begin_again(pin_huge, mm, record, pin);
	}
	slot->last = way;
	found.entry = &way.entries[table_index(vpn_of(address), 0)];
	found.page = page_of_pte(pool, found.pte);
	found.bytes = page_bytes_of_pte(pool, found.pte) + page_offset(address);
	return raise(mm, record, record->iov, &found, length, pin, pin_any);
}

/* A page of the table in which the thread pinned last. */
static __attribute__((noinline)) ssize_t pin_one(struct hf_mm *mm, uint64_t address, size_t length, unsigned how, const char *tag,
			      struct hf_pin *pin)
{
	struct hf_pool *pool = mm->pool;
	const pte_t need = holdfast_need(how);
	unsigned self = plat_self_quick();
	struct slot *slot = &pool->slots[self];
	struct record *record;
	struct iovec *iov;
	struct found found = { .pages = 1 };
	uint64_t number;

	if (unlikely(self >= SLOT_SHARED))
		return pin_by_walk(mm, address, length, how, tag, pin);
	record = at_hand(slot);
	number = (address - slot->last.start) >> HF_PAGE_SHIFT;
	if (unlikely(slot->last.mm != mm) || unlikely(number >= TABLE_ENTRIES) || unlikely(!record))
		return pin_by_walk(mm, address, length, how, tag, pin);
	fill_in(record, mm, address, length, how, tag, plat_stamp_quick());
	iov = record->iov;
	plat_section_enter_quick(PLAT_RAISE);
	/*
	 * P1, and all of P2 and P3 but the entry itself, which were done when it was remembered.
	 * Relaxed: where it is the number that is remembered, this thread has acquired it then.
	 */
	if (unlikely(atomic_load_explicit(&pool->shape, memory_order_relaxed) != slot->last.shape))
		goto out;
	found.shape = slot->last.shape;
	found.entry = &slot->last.entries[number];
	found.pte = pte_load(found.entry);
	if (unlikely((found.pte & need) != need))
		goto out;
	found.page = page_of_pte(pool, found.pte);
	found.bytes = page_bytes_of_pte(pool, found.pte) + page_offset(address);
	return raise(mm, record, iov, &found, length, pin, pin_by_walk);
out:
	plat_section_leave();
	return begin_again(pin_by_walk, mm, record, pin);
}

static __attribute__((noinline)) ssize_t pin_other(struct hf_mm *mm, uint64_t address, size_t length, unsigned how,
						   const char *tag, struct hf_pin *pin)
{
	if (likely(mm && pin && is_plain(how) && is_in_one_page(address, length) && DESIGN_IS_HOLDFAST(mm)))
		return pin_one(mm, address, length, how, tag, pin);
	if (length == TABLE_BYTES && !(address & (TABLE_BYTES - 1)) && mm && pin && is_plain(how) && DESIGN_IS_HOLDFAST(mm))
		return pin_huge(mm, address, length, how, tag, pin);
	return pin_any(mm, address, length, how, tag, pin);
}

/* ---- the same once more ------------------------------------------------------------------------ */

/* The pin's arguments are those of the last one. */
static inline bool is_the_same(const struct record *record, const struct hf_mm *mm, uint64_t address, size_t length,
			       unsigned how)
{
	return likely(record->last.mm == mm) && likely(record->last.address == address) &&
	       likely(record->last.length == length) && likely(record->last.how == how);
}

/*
 * All of P1 to P3 was done when it was remembered: there has been no fork since, all tables are where
 * they were, and the entry is what it was, with its marks.  Relaxed, as in pin_one().
 */
static inline bool still_holds(const struct record *record)
{
	return likely(atomic_load_explicit(&record->pool->shape, memory_order_relaxed) == record->last.shape) &&
	       likely(pte_load(record->last.entry) == record->last.pte);
}

static __attribute__((noinline, cold)) ssize_t pin_changed(const struct record *record, struct hf_pin *pin)
{
	const struct remembered *last = &record->last;

	return pin_other(last->mm, last->address, last->length, last->how,
			 atomic_load_explicit(&record->tag, memory_order_relaxed), pin);
}

/* The page was dying: that is not the page any more. */
static __attribute__((noinline, cold)) ssize_t not_again(struct plat_record *hot, struct record *record,
							 struct hf_pin *pin)
{
	bool dies = page_drop_only(record->page, COUNT_PIN);

	plat_hot_leave(hot);
	if (dies)
		page_free(record->pool, record->page);
	return pin_changed(record, pin);
}

/*
 * What is left is the tag, the stamp and the handle.  That its pins are too many is not
 * asked: a thread has but one of these at a time, and there is room for all threads.
 */
ssize_t hf_pin(struct hf_mm *mm, uint64_t address, size_t length, unsigned how, const char *tag, struct hf_pin *pin)
{
	struct plat_record *hot;
	struct record *record;
	uint64_t word;

	if (unlikely(!pin))
		return -HF_EINVAL;
	hot = plat_hot_enter();
	record = plat_hot_get(hot);
	if (unlikely(!resident_is_free(record, &word))) {
		plat_hot_leave(hot);
		return pin_other(mm, address, length, how, tag, pin);
	}
	/* So soon, so that it is not kept in a register, and the others need not be saved. */
	record_renew(record, tag);
	if (unlikely(!is_the_same(record, mm, address, length, how))) {
		plat_hot_leave(hot);
		return pin_other(mm, address, length, how, atomic_load_explicit(&record->tag, memory_order_relaxed), pin);
	}
	atomic_store_explicit(&record->since, plat_stamp_quick(), memory_order_relaxed);
	if (unlikely(!still_holds(record)))
		goto other;
	switch (plat_hot_raise(hot, &record->page->count)) {			/* P4 */
	case PLAT_RAISED:
		break;
	case PLAT_WAS_CUT:
		goto other;
	case PLAT_NEGATIVE:
		return not_again(hot, record, pin);
	}
	plat_hot_leave(hot);
	/* ---- point of no return ---- */
	/* All but the serial. */
	__builtin_memcpy(pin, &record->last.handle, offsetof(struct hf_pin, serial));
	pin->serial = record_begin_from(record, word + (RECORD_LIVE | RECORD_ONE));
	return (ssize_t)record->last.length;
other:
	plat_hot_leave(hot);
	return pin_changed(record, pin);
}

/* ---- unpin: what is rare is called last of all, so that the rest saves no registers ---------------- */

/* The record's page is given back; the record is still claimed. */
static __attribute__((noinline, cold)) int end_elsewhere(struct record *record, uint64_t word)
{
	if (!record->resident)
		stat_add(record->pool, STAT_unpin, 1);
	record_end(record, word);
	return 0;
}

static __attribute__((noinline, cold)) int end_with_page(struct record *record, uint64_t word)
{
	if (page_dies(record->page))
		page_free(record->pool, record->page);
	return end_elsewhere(record, word);
}

static __attribute__((noinline)) int end_dirty(struct record *record, uint64_t word)
{
	page_dirty(record->pool, record->page);
	page_drop(record->pool, record->page, COUNT_PIN);
	return end_elsewhere(record, word);
}

/* Not what the thread pinned last, or not as simple. */
static __attribute__((noinline)) int unpin_other(const struct hf_pin *pin, unsigned how)
{
	struct record *record;
	uint64_t word;

	if (unlikely(!pin || (how & ~HF_UNPIN_DIRTY)))
		return unpin_any(pin, how);
	record = pin->record;
	word = pin->serial;
	if (unlikely(record_mismatch(record, word) != (RECORD_LIVE | RECORD_ONE) || !record_try_claim(record, &word)))
		return unpin_any(pin, how);
	if ((how & HF_UNPIN_DIRTY) && !page_is(record->page, PAGE_DIRTY))
		return end_dirty(record, word);
	if (unlikely(page_drop_is_last(record->page, COUNT_PIN)))
		return end_with_page(record, word);
	if (unlikely(record->owner != plat_self_quick() || record->resident))
		return end_elsewhere(record, word);
	slot_count_one(record->slot, STAT_unpin);
	record_over(record, word);
	record->next = record->slot->records_free;
	record->slot->records_free = record;
	return 0;
}

static __attribute__((noinline, cold)) int free_last(struct record *record)
{
	if (page_dies(record->page))
		page_free(record->pool, record->page);
	return 0;
}

/*
 * The thread's own resident is free as soon as its word says so: nobody but this thread takes
 * it, and nobody else ends the pin, for it has ended.
 */
int hf_unpin(const struct hf_pin *pin, unsigned how)
{
	struct record *record;
	uint64_t word;

	if (unlikely(!pin || how))
		return unpin_other(pin, how);
	record = pin->record;
	if (unlikely(!plat_hot_is(record)))
		return unpin_other(pin, how);
	word = pin->serial;
	if (unlikely(!record_try_end(record, word)))
		return unpin_other(pin, how);
	if (unlikely(page_drop_is_last(record->page, COUNT_PIN)))
		return free_last(record);
	return 0;
}

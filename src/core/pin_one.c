/*
 * pin_one.c - one page: straight down
 *
 * Most pins are of one page, and of one that was pinned before.  Such a pin needs no
 * room for runs, no limit, no loop: look that it is one, find the entry, count, fill
 * in a record that waits for it.  Whatever is not as it mostly is goes the general
 * way from the beginning (pin.c), as if nothing had been tried: this file only ever
 * says "taken" or "ask pin_any()".
 *
 * The steps P1 to P4 are those of handshake.h.
 */
#include "handshake.h"
#include "pin.h"

static inline bool is_plain(unsigned how)
{
	return !(how & ~(HF_PIN_READ | HF_PIN_WRITE | HF_PIN_FAST_ONLY)) && (how & (HF_PIN_READ | HF_PIN_WRITE));
}

static inline bool is_one_page(uint64_t address, size_t length)
{
	/* No bytes are more than fit, too. */
	return length - 1 < PAGE_BYTES - page_offset(address) && address < ADDRESS_END;
}

/* Of those that wait in the calling thread's slot; NULL: none, or the slot is shared. */
static inline struct record *record_at_hand(struct hf_pool *pool, struct slot **slot)
{
	unsigned self = plat_self();

	*slot = &pool->slots[self];
	return likely(self < SLOT_SHARED) ? (*slot)->records_free : NULL;
}

/* In the section: back to what it was.  True: it is to be freed. */
static __attribute__((noinline, cold)) bool undo(struct page *page)
{
	return page_drop_only(page, COUNT_PIN);
}

/* P1 to P4; returns the entry, or 0. */
static inline pte_t take(struct hf_mm *mm, vpn_t vpn, unsigned how)
{
	struct hf_pool *pool = mm->pool;
	uint64_t before = 0;
	bool dies = false;
	struct page *page;
	pte_t pte = 0;

	plat_section_enter(PLAT_RAISE);
	if (likely(handshake_open(mm)))						/* P1 */
		pte = walk_to_pin(mm, vpn, holdfast_need(how));			/* P2, P3 */
	page = page_of(pool, pte_pfn(pte));
	if (likely(pte) && unlikely(!plat_commit_raise(&page->count, &before)))	/* P4 */
		pte = 0;
	if (unlikely(!count_was_good(before))) {
		dies = undo(page);
		pte = 0;
	}
	plat_section_leave();
	if (unlikely(dies))
		page_free(pool, page);
	return pte;
}

static inline bool pin_one(struct hf_mm *mm, uint64_t address, size_t length, unsigned how, const char *tag,
			   struct hf_pin *pin)
{
	struct hf_pool *pool = mm->pool;
	struct slot *slot;
	struct record *record = record_at_hand(pool, &slot);
	struct iovec *iov;
	pte_t pte;

	if (unlikely(!record || !atomic_load_explicit(&mm->recorded, memory_order_relaxed)))
		return false;
	pte = take(mm, vpn_of(address), how);
	if (unlikely(!pte))
		return false;
	/* ---- point of no return ---- */
	slot->records_free = record->next;
	record->page = page_of(pool, pte_pfn(pte));
	iov = record->iov;
	*iov = (struct iovec){ page_bytes(pool, pte_pfn(pte)) + page_offset(address), length };
	slot_count_one(slot, STAT_pin_fast);
	*pin = (struct hf_pin){ iov, 1, 1, length, record,
				record_begin(record, mm, address, length, how, tag, RECORD_ONE) };
	return true;
}

ssize_t hf_pin(struct hf_mm *mm, uint64_t address, size_t length, unsigned how, const char *tag, struct hf_pin *pin)
{
	if (likely(mm && pin && is_plain(how) && is_one_page(address, length)) && DESIGN_IS_HOLDFAST(mm) &&
	    likely(pin_one(mm, address, length, how, tag, pin)))
		return (ssize_t)length;
	return pin_any(mm, address, length, how, tag, pin);
}

int hf_unpin(const struct hf_pin *pin, unsigned how)
{
	struct record *record;
	struct page *page;
	uint64_t word;

	if (unlikely(!pin || (how & ~HF_UNPIN_DIRTY)))
		return unpin_any(pin, how);
	record = pin->record;
	word = pin->serial;
	if (unlikely(record_mismatch(record, word) != (RECORD_LIVE | RECORD_ONE) || !record_try_claim(record, &word)))
		return unpin_any(pin, how);
	page = record->page;
	if (how & HF_UNPIN_DIRTY)
		page_dirty(record->pool, page);
	page_drop(record->pool, page, COUNT_PIN);
	record_end_one(record, word);
	return 0;
}

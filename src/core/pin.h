/*
 * pin.h - what the ways of taking a pin share
 */
#ifndef HOLDFAST_PIN_H
#define HOLDFAST_PIN_H

#include "mm.h"
#include "record.h"

#define PIN_FLAGS (HF_PIN_READ | HF_PIN_WRITE | HF_PIN_LONGTERM | HF_PIN_FAST_ONLY | HF_PIN_GET)

struct taking {
	struct hf_mm *mm;
	struct record *record;
	vpn_t vpn;		/* of the first page */
	uint64_t pages;		/* wanted */
	unsigned how;
	bool closed;		/* a fork is under way: no need to ask once more */
	pfn_t over;		/* pages whose last pin was taken back, linked through index; 0: none */
#ifdef HF_LAB
	uint32_t sequence;	/* what the mm's was when the fast path began */
#endif
};

/*
 * The fast path: pages from record->pages on, as far as it goes without a lock.
 * It only ever says "took these pages" or "ask the slow path".
 */
void pin_fast(struct taking *taking);

/* In the section: as if the page had not been raised. */
void pin_take_back(struct taking *taking, struct page *page);

/* The general way: any range, any flags, any number of pages on the slow path (pin.c). */
ssize_t pin_any(struct hf_mm *mm, uint64_t address, size_t length, unsigned how, const char *tag, struct hf_pin *pin);
/* The same for who has just found that a fork is under way. */
ssize_t pin_while_forking(struct hf_mm *mm, uint64_t address, size_t length, unsigned how, const char *tag,
			  struct hf_pin *pin);
int unpin_any(const struct hf_pin *pin, unsigned how);

/* Add pages in a row to the runs, which have room. */
static inline void runs_add(struct record *record, unsigned char *bytes, uint64_t pages)
{
	if (bytes == record->end)
		record->iov[record->runs - 1].iov_len += pages * PAGE_BYTES;
	else
		record->iov[record->runs++] = (struct iovec){ bytes, pages * PAGE_BYTES };
	record->end = bytes + pages * PAGE_BYTES;
	record->pages += pages;
}

/* The same for pages that are counted on the wholes of their blocks: room, and to add them. */
static inline bool whole_fits(struct record *record, const unsigned char *bytes)
{
	const struct iovec *last;

	if (likely(record->runs < record->room))
		return true;
	last = &record->iov[record->runs - 1];
	return run_is_whole(record, record->runs - 1) && (unsigned char *)last->iov_base + last->iov_len == bytes;
}

void runs_add_whole(struct record *record, unsigned char *bytes, uint64_t pages);

#endif

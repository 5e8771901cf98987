/*
 * pin.h - what the two ways of taking a pin share
 */
#ifndef HOLDFAST_PIN_H
#define HOLDFAST_PIN_H

#include "mm.h"
#include "record.h"

struct taking {
	struct hf_mm *mm;
	struct record *record;
	vpn_t vpn;		/* of the first page */
	uint64_t pages;		/* wanted */
	unsigned how;
	struct page *excess;	/* raised once too often, to be dropped outside of the section */
#ifdef HF_LAB
	uint32_t sequence;	/* what the mm's was when the fast path began */
#endif
};

/*
 * The fast path: pages from record->pages on, as far as it goes without a lock.
 * It only ever says "took these" or "ask the slow path".
 */
void pin_fast(struct taking *taking);

/* Add a page to the runs, which have room. */
static inline void runs_add(struct record *record, unsigned char *bytes)
{
	if (bytes == record->end)
		record->iov[record->runs - 1].iov_len += PAGE_BYTES;
	else
		record->iov[record->runs++] = (struct iovec){ bytes, PAGE_BYTES };
	record->end = bytes + PAGE_BYTES;
	record->pages++;
}

#endif

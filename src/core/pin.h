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
};

/*
 * The fast path: pages from record->pages on, as far as it goes without a lock.
 * It only ever says "took these" or "ask the slow path".
 */
void pin_fast(struct taking *taking);

/* Room for one more page in the runs, without an allocation? */
static inline bool runs_take(const struct record *record, const unsigned char *bytes)
{
	const struct iovec *last = record->runs ? &record->iov[record->runs - 1] : NULL;

	return record->runs < record->room || (last && (unsigned char *)last->iov_base + last->iov_len == bytes);
}

/* Add a page to the runs, which have room. */
static inline void runs_add(struct record *record, unsigned char *bytes)
{
	struct iovec *last = record->runs ? &record->iov[record->runs - 1] : NULL;

	record->pages++;
	if (last && (unsigned char *)last->iov_base + last->iov_len == bytes) {
		last->iov_len += PAGE_BYTES;
		return;
	}
	record->iov[record->runs++] = (struct iovec){ bytes, PAGE_BYTES };
}

#endif

/*
 * record.h - what the library remembers of each pin
 *
 * Records come from the pinning thread's slot and never move or go away before
 * the pool does, so that a handle can be checked against its record at any time:
 *
 *	 63                        18 17            2 1  0
 *	+----------------------------+---------------+----+
 *	|         generation         | address hash  |what|   what: free, live, busy
 *	+----------------------------+---------------+----+
 *
 * The handle carries this word as it was when the pin began.  It changes when
 * the pin ends, so a second unpin finds another; and the hash tells a handle
 * that was never one before its pointer is followed.
 *
 * The owner of a slot takes records from it without a lock; a thread that ends
 * somebody else's pin pushes the record on the slot's list of returned ones.
 * The inventory reads along: what it shows is in relaxed atomics, between two
 * looks at the word.
 */
#ifndef HOLDFAST_RECORD_H
#define HOLDFAST_RECORD_H

#include "pool.h"

#define RECORD_RUNS 4u		/* runs without an allocation */
#define RECORD_PAGES 64u	/* pages whose parts are kept track of without one */

enum record_what { RECORD_FREE = 0, RECORD_LIVE = 1, RECORD_BUSY = 2, RECORD_WHAT = 3 };
#define RECORD_GENERATION (UINT64_C(1) << 18)

struct record {
	_Alignas(64) _Atomic uint64_t word;
	struct record *next;			/* in a list of free ones */
	struct hf_pool *pool;
	struct slot *slot;
	struct iovec *iov;			/* few, or allocated */
	uint64_t *gone;				/* pages unpinned in part: gone_few, or allocated */
	uint64_t gone_few;
	uint64_t pages;				/* pinned at first */
	uint32_t runs, room;
	unsigned char *end;			/* of the last run: what a next page may lengthen */
	bool parted;				/* a part was unpinned: gone says which */
	struct iovec few[RECORD_RUNS];

	/* for the inventory, which reads them while they change */
	_Atomic(const struct hf_mm *) mm;
	_Atomic(const char *) tag;
	_Atomic uint64_t address, length, held, since;
	_Atomic uint32_t how;
};

#ifndef HF_CHUNK_RECORDS	/* a build parameter, too */
#define HF_CHUNK_RECORDS 32
#endif
#define CHUNK_RECORDS ((unsigned)(HF_CHUNK_RECORDS))

struct record_chunk {
	struct record_chunk *next;
	struct record records[CHUNK_RECORDS];
};

struct record *record_take(struct hf_pool *pool);	/* NULL: no memory */
void record_give(struct record *record);		/* not live; frees what it allocated */

/* Make it live: the inventory sees it.  Returns the word for the handle. */
uint64_t record_begin(struct record *record, const struct hf_mm *mm, uint64_t address, uint64_t length, unsigned how,
		      const char *tag);

/*
 * Claim a live record by its handle's word: RECORD_BUSY, for the caller alone.
 * False: it is not live any more, or never was; *found says what the word is.
 */
bool record_claim(struct record *record, uint64_t word, uint64_t *found);
void record_release(struct record *record, uint64_t word);	/* live again */
void record_end(struct record *record, uint64_t word);		/* over: and given back */

static inline bool record_page_is_gone(const struct record *record, uint64_t page)
{
	return record->parted && record->gone[page / RECORD_PAGES] & UINT64_C(1) << (page % RECORD_PAGES);
}

/* The pages of one run: they lie in a row. */
static inline struct page *record_run(const struct record *record, uint32_t run, uint64_t *count)
{
	const struct iovec *iov = &record->iov[run];
	uint64_t begin = (uint64_t)((unsigned char *)iov->iov_base - record->pool->base);

	*count = pages_of(begin + iov->iov_len) - vpn_of(begin);
	return page_of(record->pool, (pfn_t)vpn_of(begin));
}

/* Could this pair have come from hf_pin()? */
bool record_is_plausible(const void *record, uint64_t word);

/* What the inventory says of a record; the caller sees to it that it holds still. */
void record_describe(const struct record *record, struct hf_pin_info *info);

static inline bool record_is_get(const struct record *record)
{
	return atomic_load_explicit(&record->how, memory_order_relaxed) & HF_PIN_GET;
}

void records_begin(struct slot *slot);
void records_destroy(struct hf_pool *pool);

/* An mm is going: the inventory must not take another for it that gets its address. */
void records_forget(struct hf_pool *pool, const struct hf_mm *mm);

/* Every record of a pool that is live at some moment during the walk. */
void records_each(struct hf_pool *pool, void (*visit)(struct record *, void *), void *context);

#endif

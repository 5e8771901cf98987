/*
 * record.h - what the library remembers of each pin
 *
 * Records come from the pinning thread's slot and never move or go away before
 * the pool does, so that a handle can be checked against its record at any time:
 *
 *	 63                       22 21           6 5   3  2   1  0
 *	+---------------------------+--------------+-----+---+----+
 *	|        generation         |   address    |parts|one|what|   what: free, live, busy
 *	+---------------------------+--------------+-----+---+----+
 *
 * The handle carries this word as it was when the pin began.  It changes when
 * the pin ends, so a second unpin finds another; and bits 6 to 21 of the record's
 * own address tell a handle that was never one before its pointer is followed.
 *
 * one: a plain pin of one page, or of the whole of a huge one, of which nothing was allocated; its
 * page stands in the record (pin_one.c).  parts: such a pin, of which a part was unpinned; no
 * handle has it, so whoever would end it as one finds another word.  A free record looks as if it had been
 * one, so that the next such pin finds all but its own particulars there.
 *
 * resident: the slot's owner keeps it for pins of one page, and what such a pin has looked up
 * stays in it, for the next that is the same (pin_one.c).  It is in no list: free as soon as its
 * word says so.  Its pages are not counted one by one: how often it has ended its generation says.
 *
 * The owner of a slot takes records from it without a lock; a thread that ends
 * somebody else's pin pushes the record on the slot's list of returned ones.
 * The inventory reads along: what it shows is in relaxed atomics, between two
 * looks at the word.
 */
#ifndef HOLDFAST_RECORD_H
#define HOLDFAST_RECORD_H

#include "pool.h"

#define RECORD_RUNS 4u			/* runs without an allocation */
#define RECORD_RUNS_KEPT 512u		/* the most whose allocation a free record keeps for its next pin */
#define RECORD_PAGES 512u		/* pages whose parts are kept track of without one */
#define RECORD_BITS 64u			/* pages a word */

enum record_what { RECORD_FREE = 0, RECORD_LIVE = 1, RECORD_BUSY = 2, RECORD_WHAT = 3 };
#define RECORD_ONE UINT64_C(4)
#define RECORD_PARTS UINT64_C(8)
#define RECORD_ADDRESS ((UINT64_C(1) << 22) - 64)
#define RECORD_GENERATION (UINT64_C(1) << 22)

#define SHAPE_NONE UINT64_MAX

/*
 * What a resident remembers of its last pin, for the next that is the same; the owner's.  No mm that
 * has gone is taken for another one at its address: the pool's shape has changed with it.
 */
struct remembered {
	struct hf_mm *mm;
	uint64_t address, length;
	const pte_slot *entry;			/* where its page's entry stands, */
	pte_t pte;				/* what it was, */
	uint64_t shape;				/* and the pool's shape (struct way); SHAPE_NONE: nothing is remembered */
	unsigned how;
	struct hf_pin handle;			/* all but the serial */
};

struct record {
	/* a pin of one page touches this line and the next, and nothing else */
	_Alignas(64) _Atomic uint64_t word;
	struct record *next;			/* in a list of free ones */
	struct page *page;			/* of a pin of one page */
	uint32_t owner;				/* whose slot it is, by plat_self(); RECORD_SHARED */
	/* for the inventory, which reads them while they change */
	_Atomic uint32_t how;
	_Atomic(const struct hf_mm *) mm;
	_Atomic(const char *) tag;
	_Atomic uint64_t address, since;

	_Atomic uint64_t length, given;		/* given: bytes unpinned in part */
	struct iovec *iov;			/* few, or allocated */
	struct slot *slot;
	struct hf_pool *pool;
	uint64_t pages;				/* pinned at first */
	uint32_t runs, room;
	unsigned char *end;			/* of the last run: what a next page may lengthen */

	struct remembered last;

	struct iovec few[RECORD_RUNS];
	bool wholes;				/* there are runs that count on the wholes of their blocks: run_is_whole() */
	uint64_t few_wholes;			/* a bit a run; behind the runs that were allocated, another */
	_Atomic uint64_t each, counted;		/* of a resident: pages a pin; the generation from which on all had so many */
	bool resident;
	bool parted;				/* a part was unpinned: gone says which */
	uint64_t *gone;				/* pages unpinned in part: gone_few, or allocated */
	uint64_t gone_few[RECORD_PAGES / RECORD_BITS];	/* zero unless parted */
};

/* The owner of the records of the slot that is shared: what plat_self() and plat_self_quick() never say. */
#define RECORD_SHARED (UINT32_MAX - 1)

#ifndef HF_CHUNK_RECORDS	/* a build parameter, too */
#define HF_CHUNK_RECORDS 32
#endif
#define CHUNK_RECORDS ((unsigned)(HF_CHUNK_RECORDS))

struct record_chunk {
	struct record_chunk *next;
	struct record records[CHUNK_RECORDS];
};

struct record *record_take(struct hf_pool *pool);	/* empty; NULL: no memory */
/* See to it that there is a free one in the slot; false: no memory. */
bool records_refill(struct hf_pool *pool, struct slot *slot);
void record_give(struct record *record);		/* not live; frees what it allocated */

/* What the inventory will say of it, in a record that is not live. */
static inline void record_fill(struct record *record, const struct hf_mm *mm, uint64_t address, uint64_t length,
			       unsigned how, const char *tag, uint64_t since)
{
	/*
	 * Pairs with the acquire fence in record_read(): whoever reads what follows
	 * sees that the pin before has ended (races/inventory-against-pin-again).
	 */
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&record->mm, mm, memory_order_relaxed);
	atomic_store_explicit(&record->tag, tag, memory_order_relaxed);
	atomic_store_explicit(&record->address, address, memory_order_relaxed);
	atomic_store_explicit(&record->length, length, memory_order_relaxed);
	atomic_store_explicit(&record->how, how, memory_order_relaxed);
	atomic_store_explicit(&record->since, since, memory_order_relaxed);
}

/* What of a resident's pin is not as it was the last time; the stamp comes after it. */
static inline void record_renew(struct record *record, const char *tag)
{
	/* As in record_fill(). */
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&record->tag, tag, memory_order_relaxed);
}

/* Make it live with this word, which is the handle's: the inventory sees it. */
static inline uint64_t record_begin_from(struct record *record, uint64_t word)
{
	/*
	 * Pairs with record_read() and record_claim(): all of the pin (races/inventory-against-pin-again).
	 * A fence, and not the store's own order, for what a device stores through the pin has
	 * none: it pairs with the one in load_piece() (races/device-write-against-load-and-cow).
	 */
	atomic_thread_fence(memory_order_release);
#if defined(__SANITIZE_THREAD__) && !defined(HF_EXPLORED)
	/* ThreadSanitizer knows no fences: to it the store is one.  The explorer does. */
	atomic_store_explicit(&record->word, word, memory_order_release);
#else
	atomic_store_explicit(&record->word, word, memory_order_relaxed);
#endif
	return word;
}

static inline uint64_t record_begin(struct record *record, uint64_t one)
{
	return record_begin_from(record, atomic_load_explicit(&record->word, memory_order_relaxed) + (RECORD_LIVE | one));
}

/*
 * Claim a live record by its handle's word: RECORD_BUSY, for the caller alone.
 * False: it is not live any more, or never was; *found says what the word is.
 */
bool record_claim(struct record *record, uint64_t word, uint64_t *found);

/* What a handle's word is while the record says that a part was unpinned. */
static inline uint64_t record_parted(const struct record *record, uint64_t word)
{
	return word & RECORD_ONE && record->parted ? word | RECORD_PARTS : word;
}

/* Of a live one. */
static inline uint64_t record_busy(uint64_t word)
{
	return word - RECORD_LIVE + RECORD_BUSY;
}

/* One attempt at it. */
static inline bool record_try_claim(struct record *record, uint64_t *found)
{
	/* Acquire pairs with record_release() and record_begin() (races/unpin-of-both-parts). */
	return atomic_compare_exchange_strong_explicit(&record->word, found, record_busy(*found), memory_order_acquire,
						       memory_order_relaxed);
}

/* A pin of the thread's own resident: claim and end in one attempt.  False: it is not what the handle says. */
static inline bool record_try_end(struct record *record, uint64_t word)
{
	/* Relaxed: the pin was this thread's own, and nobody has had the record since. */
	return atomic_compare_exchange_strong_explicit(&record->word, &word,
						       word + RECORD_GENERATION - (RECORD_LIVE | RECORD_ONE),
						       memory_order_relaxed, memory_order_relaxed);
}

void record_release(struct record *record, uint64_t word);	/* live again */
void record_end(struct record *record, uint64_t word);		/* over: and given back */

/* The word of a record that is free, after a pin with this one. */
static inline uint64_t record_next(uint64_t word)
{
	return word - RECORD_LIVE - (word & RECORD_ONE) + RECORD_GENERATION;
}

/* The first half of an end: nobody finds a pin here any more. */
static inline void record_over(struct record *record, uint64_t word)
{
	/* Relaxed: it says to the inventory and to a second unpin that there is nothing here.
	   Who takes the record for a pin gets it from record_give(). */
	atomic_store_explicit(&record->word, record_next(word), memory_order_relaxed);
}

static inline uint64_t record_generation(const struct record *record)
{
	return atomic_load_explicit(&record->word, memory_order_relaxed) / RECORD_GENERATION;
}

/* The slot's owner: is the resident free?  Acquire pairs with record_end() (races/unpin-by-another-against-pin-again). */
static inline bool resident_is_free(const struct record *record, uint64_t *word)
{
	*word = atomic_load_explicit(&record->word, memory_order_acquire);
	return !(*word & RECORD_WHAT);
}

/* Pages pinned by pins of the slot's resident, and unpinned. */
void resident_count(const struct slot *slot, uint64_t *pinned, uint64_t *unpinned);
/* Its next pins have so many pages each: what those before them had is counted now. */
void resident_has(struct record *record, uint64_t pages);
/* The slot gets one, if it has none; false: no memory. */
bool resident_begin(struct hf_pool *pool, struct slot *slot);

/* Statistics of the calling thread's own slot. */
static inline void slot_count_one(struct slot *slot, enum stat stat)
{
	_Atomic uint64_t *counter = &slot->stats[stat];

	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
}

static inline bool record_page_is_gone(const struct record *record, uint64_t page)
{
	return record->parted && record->gone[page / RECORD_BITS] & UINT64_C(1) << (page % RECORD_BITS);
}

/* Words for a bit a run. */
static inline size_t wholes_words(uint64_t runs)
{
	return (runs + 63) / 64;
}

/* Which runs are counted on wholes; behind the runs themselves where these were allocated. */
static inline uint64_t *record_wholes(struct record *record)
{
	return record->iov == record->few ? &record->few_wholes : (uint64_t *)(void *)(record->iov + record->room);
}

/* Is a run of a pin counted on the wholes of its blocks, of each of which it has all pages, and not on the pages? */
static inline bool run_is_whole(struct record *record, uint32_t run)
{
	return unlikely(record->wholes) && record_wholes(record)[run / 64] >> run % 64 & 1;
}

/* The pages of one run: they lie in a row. */
static inline struct page *record_run(const struct record *record, uint32_t run, uint64_t *count)
{
	const struct iovec *iov = &record->iov[run];
	uint64_t begin = (uint64_t)((unsigned char *)iov->iov_base - record->pool->base);

	*count = pages_of(begin + iov->iov_len) - vpn_of(begin);
	return page_of(record->pool, (pfn_t)vpn_of(begin));
}

/* Could this pair have come from hf_pin()?  All of the word but the generation must be right. */
static inline uint64_t record_mismatch(const void *record, uint64_t word)
{
	return (word ^ (uintptr_t)record) & (RECORD_GENERATION - 1);
}

static inline bool record_is_plausible(const void *record, uint64_t word)
{
	return (record_mismatch(record, word) & ~RECORD_ONE) == RECORD_LIVE;
}

/* What the inventory says of a record; the caller sees to it that it holds still. */
void record_describe(const struct record *record, struct hf_pin_info *info);

static inline bool record_is_get(const struct record *record)
{
	return atomic_load_explicit(&record->how, memory_order_relaxed) & HF_PIN_GET;
}

void records_begin(struct slot *slot);
void records_destroy(struct hf_pool *pool);
/* Before they are destroyed: no thread remembers one any more. */
void records_forgotten(struct hf_pool *pool);

/* An mm is going: the inventory must not take another for it that gets its address. */
void records_forget(struct hf_pool *pool, const struct hf_mm *mm);

/* Every record of a pool that is live at some moment during the walk. */
void records_each(struct hf_pool *pool, void (*visit)(struct record *, void *), void *context);

#endif

/*
 * pool.h - the physical memory: pages, their allocation, per-thread state
 *
 * A page is free in one of six places: beyond the frontier (never used), on the
 * pool's lists (free.h), in a slot's cache, in a slot's limbo (freed, and still being
 * collected), in one of its batches that wait for their grace period, or in the hands of
 * somebody between two of them.
 *
 * Locks.  pool->lock: its lists of free pages, the frontier, the lists of mms and objects.
 *         slot->lock: that slot's cache, limbo and batches.
 *         table_locks: by frame number, who makes a shared table his own.
 * Order:  mm -> child mm -> table -> object -> slot -> pool.  Nobody waits for a grace
 *         period with a slot's or the pool's lock held.
 */
#ifndef HOLDFAST_POOL_H
#define HOLDFAST_POOL_H

#include "list.h"
#include "page.h"
#include "pte.h"
#include "stats.h"

/* Build parameters: the explorer, which looks at every state, takes as few of each as there may be. */
#ifndef HF_SLOTS
#define HF_SLOTS 128
#endif
#ifndef HF_CACHE_PAGES
#define HF_CACHE_PAGES 64
#endif
#ifndef HF_LIMBO_PAGES
#define HF_LIMBO_PAGES 64
#endif
#ifndef HF_BATCHES
#define HF_BATCHES 4
#endif

#ifndef HF_TABLE_LOCKS
#define HF_TABLE_LOCKS 64
#endif
#define TABLE_LOCKS ((unsigned)(HF_TABLE_LOCKS))

/* Threads with per-thread state of their own; the rest share the last slot. */
#define SLOTS ((unsigned)(HF_SLOTS))
#define SLOT_SHARED (SLOTS - 1)
#define CACHE_PAGES ((unsigned)(HF_CACHE_PAGES))
#define LIMBO_PAGES ((unsigned)(HF_LIMBO_PAGES))	/* at least; a large pool waits less often: see pool_begin() */
#define LIMBO_PAGES_MOST 4096u
#define ZERO_PAGES (CACHE_PAGES / 2)		/* that are known to be zero, in a slot */
#define BATCHES ((unsigned)(HF_BATCHES))	/* that wait; who has more waits for his own */

_Static_assert(HF_SLOTS >= 2 && HF_CACHE_PAGES >= 2 && HF_LIMBO_PAGES >= 1, "half a cache is a page, or more");

struct record;
struct record_chunk;

/* Free pages, and blocks that are free as a whole: their descriptors' numbers, linked through page->index. */
struct page_stock {
	pfn_t first, last;		/* PFN_NONE; last: whatever it was */
	uint64_t count;			/* pages, those of blocks among them */
};
#define STOCK_EMPTY { PFN_NONE, PFN_NONE, 0 }

struct pile;
union numbered;

/* Pages that were freed together, and are out of everybody's reach when that grace period is over. */
struct batch {
	struct page_stock pages;
	uint64_t begun;			/* plat_grace_begin() */
};

/*
 * The table in which a thread pinned one page last (pin_one.c).  The marks on the way to it
 * were all there, and the handshake was open, when the pool's shape was this; and they are
 * as long as it is, because it changes whenever
 *	a fork begins, before it waits or cuts: it may take marks of upper entries away;
 *	the entry of a table is emptied, before what is behind it is given back.
 * Nobody else takes a mark from an upper entry that has them all, or moves a table.  Where
 * there were W and PINNABLE a table is not shared, so who drops it frees it.
 */
struct way {
	struct hf_mm *mm;
	uint64_t shape;
	uint64_t start;			/* the first address of the table */
	const pte_slot *entries;
};

struct slot {
	_Alignas(64) struct plat_lock lock;
	uint32_t cached;		/* (lock) */
	uint32_t came;			/* (lock) how often free pages did: pool_gather() */
	uint32_t zeroes;		/* (lock) */
	uint32_t waiting;		/* (lock) */
	struct page_stock limbo;	/* (lock) */
	struct batch batches[BATCHES];	/* (lock) the oldest first */
	pfn_t cache[CACHE_PAGES];	/* (lock) */
	pfn_t zero_cache[ZERO_PAGES];	/* (lock) known to be zero: zero.h */

	/* pin records: record.c */
	_Alignas(64) struct record *records_free;	/* the owner's; shared slot: under records_lock */
	_Atomic(struct record *) resident;		/* the owner's, and in no list; not in the shared slot */
	struct way last;				/* the owner's; not in the shared slot */
	struct plat_lock records_lock;			/* shared slot only */
	_Atomic(struct record *) records_returned;	/* unpinned by other threads */
	_Atomic(struct record_chunk *) chunks;

	_Alignas(64) _Atomic uint64_t stats[STATS];
};

struct hf_pool {
	unsigned char *base;		/* the direct map */
	struct page *pages;		/* descriptors, by frame number; behind them those of the blocks (block.h) */
	struct page *blocks;
	uint64_t bytes;
	pfn_t count;			/* frames, the zero page among them */
	int fd;				/* -1: its memory is no file */
	unsigned memory;		/* enum hf_memory, perhaps HF_MEMORY_HUGE */
	uint64_t longterm_limit;	/* pages */
	uint32_t limbo_most;		/* pages in a slot's limbo that make it full */
	_Atomic uint32_t zeroing;	/* did anybody ever zero pages ahead? */

	/* What changes does not lie where every walk looks. */
	_Alignas(64) struct plat_lock lock;
	_Atomic uint64_t longterm;
	_Atomic uint32_t moving;	/* who carries free pages from limbo to the list */
	uint32_t came;			/* (lock) as slot->came, to its lists */
	pfn_t frontier;			/* (lock) the first frame never used */
	struct page_stock free;		/* (lock) as they came */
	struct page_stock whole;	/* (lock) blocks, and nothing else */
	struct page_stock zeroed;	/* (lock) pages that are known to be zero */
	struct pile *piles;		/* (lock) by block: free.c */
	pfn_t first_pile;		/* (lock) a block's number, or PFN_NONE */
	uint64_t piled;			/* (lock) pages in them */
	struct list mms;		/* (lock) */
	struct list objects;		/* (lock) */
	union numbered *numbered;	/* (lock) objects by number: object.c */
	uint32_t numbers_room, numbers_ever, numbers_free;	/* (lock) */
	_Atomic uint64_t tables;	/* pages that are page tables */
	struct plat_lock table_locks[TABLE_LOCKS];
	_Atomic uint64_t shape;		/* changes with the tables: struct way */
#ifdef HF_LAB
	_Atomic uint64_t fail_in;	/* lab.h: allocations until one fails */
#endif
	struct slot slots[SLOTS];
};

enum page_fill { PAGE_ANY, PAGE_ZEROED };

/* One page with one reference, or NULL when the limit is reached. */
struct page *page_alloc(struct hf_pool *pool, uint32_t flags, enum page_fill fill);

/* To allocate before the point of no return. */
int stock_fill(struct hf_pool *pool, struct page_stock *stock, uint64_t pages);
struct page *stock_take(struct hf_pool *pool, struct page_stock *stock, uint32_t flags, enum page_fill fill);
void stock_empty(struct hf_pool *pool, struct page_stock *stock);

/* The core's own structures; counts for hf_lab_fail_allocation(). */
void *pool_alloc(struct hf_pool *pool, size_t bytes);

/* Is this the allocation that a test wants to fail?  Each is asked about once. */
#ifdef HF_LAB
bool pool_told_to_fail(struct hf_pool *pool);
#else
static inline bool pool_told_to_fail(struct hf_pool *pool)
{
	(void)pool;
	return false;
}
#endif

/* Wait for a grace period, or cut the sections that are open; and count it. */
void pool_grace(struct hf_pool *pool);
void pool_cut(struct hf_pool *pool);

/* A free page's descriptor, with one reference from now on. */
struct page *page_born(struct hf_pool *pool, pfn_t pfn, uint32_t flags);

/* Pages, and blocks, whose words are DEAD: to be given out again after a grace period. */
void pool_limbo(struct hf_pool *pool, const struct page_stock *pages);

/* Bring every free page back to the pool's lists. */
enum gathered {
	GATHERED_NOTHING,		/* at one moment of the call no page was free */
	GATHERED,			/* there was one */
	GATHERED_BY_OTHERS,		/* somebody is bringing some */
};
enum gathered pool_gather(struct hf_pool *pool);
uint64_t pool_free_pages(struct hf_pool *pool);

/*
 * Before free pages leave a slot or the pool's lists, under that lock: whoever comes there next
 * knows that they are on their way.  Ends with carried().
 */
static inline void carry_locked(struct hf_pool *pool)
{
	atomic_fetch_add_explicit(&pool->moving, 1, memory_order_relaxed);
}

static inline void carried(struct hf_pool *pool)
{
	/* Relaxed: who sees it comes to the pool's or the slot's lock after us, and finds the pages there. */
	atomic_fetch_sub_explicit(&pool->moving, 1, memory_order_relaxed);
}

/* What anybody remembers of the way to a table is forgotten. */
static inline void pool_reshape(struct hf_pool *pool)
{
	/* Release pairs with the acquire load in pin_by_walk() (races/pins-again-against-fork). */
	atomic_fetch_add_explicit(&pool->shape, 1, memory_order_release);
}

static inline struct page *page_of(const struct hf_pool *pool, pfn_t pfn)
{
	return &pool->pages[pfn];
}

static inline pfn_t pfn_of(const struct hf_pool *pool, const struct page *page)
{
	return (pfn_t)(page - pool->pages);
}

static inline unsigned char *page_bytes(const struct hf_pool *pool, pfn_t pfn)
{
	return pool->base + ((uint64_t)pfn << HF_PAGE_SHIFT);
}

/* The same of what an entry shows, without making a frame's number of it first. */
static inline struct page *page_of_pte(const struct hf_pool *pool, pte_t pte)
{
	_Static_assert(PTE_FRAME_STEP % sizeof(struct page) == 0, "one shift");
	return (struct page *)(void *)((unsigned char *)pool->pages +
				       (pte & PTE_FRAME_MASK) / (PTE_FRAME_STEP / sizeof(struct page)));
}

static inline unsigned char *page_bytes_of_pte(const struct hf_pool *pool, pte_t pte)
{
	return pool->base + (pte & PTE_FRAME_MASK) / PTE_FRAME_STEP * PAGE_BYTES;
}

/* The calling thread's. */
static inline struct slot *slot_mine(struct hf_pool *pool)
{
	unsigned self = plat_self();

	return &pool->slots[likely(self < SLOT_SHARED) ? self : SLOT_SHARED];
}

static inline bool slot_is_shared(const struct hf_pool *pool, const struct slot *slot)
{
	return slot == &pool->slots[SLOT_SHARED];
}

/* Statistics: a plain add in a thread's own slot, a locked one in the shared. */
static inline void slot_stat_add(struct hf_pool *pool, struct slot *slot, enum stat stat, uint64_t n)
{
	_Atomic uint64_t *counter = &slot->stats[stat];

	if (likely(!slot_is_shared(pool, slot)))
		atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
				      memory_order_relaxed);
	else
		atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline void stat_add(struct hf_pool *pool, enum stat stat, uint64_t n)
{
	slot_stat_add(pool, slot_mine(pool), stat, n);
}

/* What the laboratory's designs ask about and the library does not keep. */
static inline void page_entry_added(struct page *page)
{
#ifdef HF_LAB
	atomic_fetch_add_explicit(&page->entries, 1, memory_order_relaxed);
#else
	(void)page;
#endif
}

static inline void page_entry_removed(struct page *page)
{
#ifdef HF_LAB
	atomic_fetch_sub_explicit(&page->entries, 1, memory_order_relaxed);
#else
	(void)page;
#endif
}

#endif

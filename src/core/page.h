/*
 * page.h - a page's descriptor, and the one word that decides who frees it
 *
 *	 63    62                    32 31                     0
 *	+----+------------------------+------------------------+
 *	|DEAD|       references       |          pins          |
 *	+----+------------------------+------------------------+
 *
 * references: one for each entry that maps the page, one for the page cache, one
 * for each plain reference (GET).  pins: exact, and nobody else's: no bias in a
 * shared count, so no false positives.  Pins are in the lower half so that a
 * locked add of 1, which needs no constant, takes one.
 *
 * One word, so that "last reference" and "last pin" are one event with one owner:
 * whoever brings the word to zero turns it into DEAD by a compare-and-swap, and
 * frees.  A fast pin adds without asking; finding DEAD, it takes its 1 back in the same
 * section and has touched nothing.  By the time a page is given out again those
 * sections are over (page.c), so allocation just stores one reference.
 */
#ifndef HOLDFAST_PAGE_H
#define HOLDFAST_PAGE_H

#include "errors.h"
#include "types.h"

#define COUNT_PIN UINT64_C(1)
#define COUNT_REFERENCE (UINT64_C(1) << 32)
#define COUNT_DEAD (UINT64_C(1) << 63)
#define COUNT_PINS(count) ((uint32_t)(count))
#define COUNT_REFERENCES(count) ((uint32_t)(((count) & ~COUNT_DEAD) >> 32))

/*
 * The most pins on one page: a power of two, so that one bit tells.  There is as
 * much room above it, for all the threads that add before they look.
 */
#ifdef HF_LAB
#define HF_PAGE_PINS_MAX UINT32_C(4096)	/* low enough for a test to reach it */
#else
#define HF_PAGE_PINS_MAX (UINT32_C(1) << 31)
#endif

/* The most references of which a plain one may be the last; entries and caches are fewer than pages. */
#define PAGE_GETS_MAX (UINT32_C(1) << 30)

enum page_flags {
	PAGE_ANONYMOUS = 1,	/* anonymous memory, or a private copy of an object's page */
	PAGE_OBJECT = 2,	/* in an object's page cache, or was when it was truncated */
	PAGE_TABLE = 4,		/* a page table */
	PAGE_DIRTY = 8,
	PAGE_LISTED = 16,	/* a fork is looking for its pins' records (mm lock) */
};

/* Above the flags stands the number of the object in whose page cache the page is, or 0 (object.c). */
#define PAGE_FLAGS_BITS 8
#define PAGE_FLAGS UINT32_C(0xff)
#define PAGE_NUMBERS (UINT32_C(1) << (32 - PAGE_FLAGS_BITS))

struct page {
	_Atomic uint64_t count;
	_Atomic uint32_t flags;		/* enum page_flags, and the object's number */
	union {
		uint32_t index;		/* PAGE_OBJECT: where in its object; free: the next descriptor in a stock */
		_Atomic uint32_t used;	/* PAGE_TABLE: its entries in use (the lock of the tree's owner) */
	};
#ifdef HF_LAB
	_Atomic uint32_t entries;	/* that map it: some designs ask */
	uint32_t padding[3];
#endif
};

#ifdef HF_LAB
_Static_assert(sizeof(struct page) == 32, "a power of two");
#else
_Static_assert(sizeof(struct page) == 16, "a page descriptor is 16 bytes");
#endif

struct hf_pool;

/* What the word was before a pin was added: was there a page, and room? */
static inline bool count_was_good(uint64_t before)
{
	return !(before & (COUNT_DEAD | HF_PAGE_PINS_MAX));
}

/*
 * Add one pin, under the lock that guards an entry of the page: it is alive.  False:
 * too many, and taken all the same; the caller drops it.
 */
static inline bool page_raise(struct page *page)
{
	/* Relaxed: a fork looks at this word under the same lock. */
	return likely(count_was_good(atomic_fetch_add_explicit(&page->count, COUNT_PIN, memory_order_relaxed)));
}

/*
 * Add one pin to each of so many descriptors, as the commits of a section: returns how
 * many were raised before it was cut, and adds to *seen, by or, what the words were, or are.
 *
 * Relaxed: the entry that led here was loaded with acquire, and fork's look
 * at this word is ordered by its cut (handshake.h).
 */
static inline size_t page_raise_row(struct page *page, size_t pages, uint64_t *seen)
{
	return plat_commit_raise_row(&page->count, sizeof(*page), pages, seen);
}

/* In the section in which a pin was added: was it to a page that is alive, and has room? */
static inline bool page_can_hold(const struct page *page)
{
	uint64_t count = atomic_load_explicit(&page->count, memory_order_relaxed);

	return !(count & COUNT_DEAD) && COUNT_PINS(count) <= HF_PAGE_PINS_MAX;
}

/* One more reference to a page on which the caller holds one, or its cache's lock. */
static inline void page_get(struct page *page)
{
	atomic_fetch_add_explicit(&page->count, COUNT_REFERENCE, memory_order_relaxed);
}

/* The same for a program's plain reference, of which there can be any number. */
static inline bool page_get_more(struct page *page)
{
	uint64_t count = atomic_load_explicit(&page->count, memory_order_relaxed);

	if (COUNT_REFERENCES(count) >= PAGE_GETS_MAX)
		return false;
	page_get(page);
	return true;
}

/*
 * What the word is, and what whoever gave something back did before.  Acquire pairs with the release in page_drop(): the device's
 * last bytes before its unpin are in what fork copies or shares.  Without it they
 * could turn up in the child later (races/pin-unpin-against-fork).
 */
static inline uint64_t page_counts(const struct page *page)
{
	return atomic_load_explicit(&page->count, memory_order_acquire);
}

/* Pins on the page's own word; those on the whole of its block are not among them: page_pinned(). */
static inline uint32_t page_pins(const struct page *page)
{
	return COUNT_PINS(page_counts(page));
}

/*
 * May a COW fault keep the page?  One entry maps it, and nobody holds a plain
 * reference.  Pins don't count: they are only ever taken on what is exclusive, or
 * shared by design.  Acquire pairs with page_drop(): the other side's last load
 * or store of the page is over before the first store of the one who keeps it
 * (races/device-write-against-load-and-cow).
 */
static inline bool page_is_alone(const struct page *page)
{
	return COUNT_REFERENCES(atomic_load_explicit(&page->count, memory_order_acquire)) == 1;
}

static inline bool page_is(const struct page *page, uint32_t flag)
{
	return atomic_load_explicit(&page->flags, memory_order_relaxed) & flag;
}

/* From exactly this word to DEAD: true, once, and the caller has what it stood for. */
bool page_dies_from(struct page *page, uint64_t count);

/* The number of the object in whose cache the page is; 0: in none. */
static inline uint32_t page_number(const struct page *page)
{
	return atomic_load_explicit(&page->flags, memory_order_relaxed) >> PAGE_FLAGS_BITS;
}

/* The word has come to zero.  True, once: the caller frees the page.  False: a late pinner is still there. */
static inline bool page_dies(struct page *page)
{
	return page_dies_from(page, 0);
}

void page_free(struct hf_pool *pool, struct page *page);

/* Give back a pin or a reference; true if it was the last of both, and the caller is to go on with page_dies(). */
static inline bool page_drop_is_last(struct page *page, uint64_t what)
{
	/*
	 * Release: all that was done to the page is done before it counts as given
	 * back.  Pairs with the acquire in page_pins(), page_is_alone() and
	 * page_dies(); without it the next owner could see late bytes
	 * (history/unmap-races-fast-pin, races/pin-unpin-against-fork).
	 */
	return unlikely(atomic_fetch_sub_explicit(&page->count, what, memory_order_release) == what);
}

/* The same, and true if the caller is to page_free(). */
static inline bool page_drop_only(struct page *page, uint64_t what)
{
	return page_drop_is_last(page, what) && page_dies(page);
}

/* The same, and free the page. */
static inline void page_drop(struct hf_pool *pool, struct page *page, uint64_t what)
{
	if (page_drop_only(page, what))
		page_free(pool, page);
}

/* Mark the page dirty, and count it if it was clean. */
void page_dirty(struct hf_pool *pool, struct page *page);

#endif

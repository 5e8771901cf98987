/*
 * cas.c - how a page cache on virtual memory keeps a page where it is, as vmcache does
 *
 *	 63      56 55                    0
 *	+----------+-----------------------+	one word a page, in an array by page number:
 *	|  state   |        version        |	no hash, no record, no owner
 *	+----------+-----------------------+
 *
 *	state	0 free to take   1 to 252 so many share it   253 taken   255 not in memory
 *
 * Fixing a page for oneself is one compare-and-swap, unfixing it one plain store with
 * the next version; sharing it takes a compare-and-swap each way.  This is the least
 * that keeps a page from being evicted, so it is what a pin has to be measured by:
 * a fix has no count of its own for devices, no inventory, no notion of a fork, and
 * here not even a call, for it is compiled into the loop that times it.
 */
#include "bench.h"

#include <stdatomic.h>
#include <stdlib.h>

#define PAGES_A_ROUND 32768u
#define PAGES 512u

#define STATE_SHIFT 56
#define STATE_ONE (UINT64_C(1) << STATE_SHIFT)
#define STATE(word) ((word) >> STATE_SHIFT)
#define VERSION(word) ((word) & (STATE_ONE - 1))
#define MOST_SHARE 252u
#define TAKEN 253u

struct cache {
	_Atomic uint64_t words[PAGES];
	unsigned char *memory;
	uint64_t pages;			/* in a row, that are fixed at once */
};

/* Neither happens here: a page is in memory, and nobody else is about. */
static __attribute__((noinline, cold)) void fault_or_wait(uint64_t word)
{
	wrong("a page of the cache was in state %llu", (unsigned long long)STATE(word));
}

static inline unsigned char *fix(struct cache *cache, uint64_t page)
{
	for (;;) {
		uint64_t word = atomic_load_explicit(&cache->words[page], memory_order_relaxed);

		if (STATE(word))
			fault_or_wait(word);
		else if (atomic_compare_exchange_strong_explicit(&cache->words[page], &word,
								 word + TAKEN * STATE_ONE, memory_order_acquire,
								 memory_order_relaxed))
			return cache->memory + page * PAGE;
	}
}

static inline void unfix(struct cache *cache, uint64_t page)
{
	uint64_t word = atomic_load_explicit(&cache->words[page], memory_order_relaxed);

	atomic_store_explicit(&cache->words[page], VERSION(word + 1), memory_order_release);
}

static inline unsigned char *fix_shared(struct cache *cache, uint64_t page)
{
	for (;;) {
		uint64_t word = atomic_load_explicit(&cache->words[page], memory_order_relaxed);

		if (STATE(word) >= MOST_SHARE)
			fault_or_wait(word);
		else if (atomic_compare_exchange_strong_explicit(&cache->words[page], &word, word + STATE_ONE,
								 memory_order_acquire, memory_order_relaxed))
			return cache->memory + page * PAGE;
	}
}

static inline void unfix_shared(struct cache *cache, uint64_t page)
{
	uint64_t word = atomic_load_explicit(&cache->words[page], memory_order_relaxed);

	while (!atomic_compare_exchange_weak_explicit(&cache->words[page], &word, word - STATE_ONE,
						      memory_order_release, memory_order_relaxed))
		;
}

static void *cache_begin(const struct trial *trial)
{
	struct cache *cache = must_have(aligned_alloc(64, (sizeof(*cache) + 63) / 64 * 64));

	for (unsigned page = 0; page < PAGES; page++)
		atomic_init(&cache->words[page], 0);
	cache->memory = must_have(aligned_alloc(PAGE, PAGES * PAGE));
	cache->pages = trial->count;
	return cache;
}

/* The address is made and forgotten, as a pin's is. */
#define USE(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

#define CACHE_ROUND(name, take, give)                                                          \
	static void name(void *state, struct lap *lap)                                         \
	{                                                                                      \
		struct cache *cache = state;                                                   \
		uint64_t pages = cache->pages, begin = clock_ns();                             \
                                                                                               \
		for (uint64_t call = 0; call < PAGES_A_ROUND / pages; call++) {                \
			for (uint64_t page = 0; page < pages; page++)                          \
				USE(take(cache, page));                                        \
			for (uint64_t page = 0; page < pages; page++)                          \
				give(cache, page);                                             \
		}                                                                              \
		lap->figures[0] = (double)(clock_ns() - begin) / PAGES_A_ROUND;                \
	}

CACHE_ROUND(exclusive_round, fix, unfix)
CACHE_ROUND(shared_round, fix_shared, unfix_shared)

const struct side cas_exclusive = { "page cache", cache_begin, exclusive_round, NULL };
const struct side cas_shared = { "page cache", cache_begin, shared_round, NULL };

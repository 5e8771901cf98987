/*
 * test_blocks.c - blocks of the pool: what huge pages are made of
 *
 * The core's own calls, for what no program sees: who holds what of a whole and of its
 * parts, what comes back when, and that single pages are never short of what blocks had.
 */
#include <pthread.h>

#include "block.h"
#include "kit.h"

enum { N = TABLE_ENTRIES, BLOCKS = 8 };	/* of the pool that a test has if it asks for nothing */

static uint64_t word_of(const struct page *page)
{
	return atomic_load_explicit(&page->count, memory_order_relaxed);
}

static struct page *part(struct page *whole, unsigned i)
{
	return page_of(pool, block_pfn(pool, whole) + i);
}

static struct page *new_block(void)
{
	struct page *whole = block_alloc(pool, PAGE_ANONYMOUS, PAGE_ZEROED);

	must(whole, "block_alloc");
	return whole;
}

static bool parts_are(struct page *whole, unsigned from, unsigned to, uint64_t word)
{
	for (unsigned i = from; i < to; i++)
		if (word_of(part(whole, i)) != word)
			return false;
	return true;
}

/* As many blocks as there are; each in its place, and dropped again. */
static unsigned blocks_there_are(void)
{
	struct page *wholes[BLOCKS];
	unsigned n = 0;

	while (n < BLOCKS && (wholes[n] = block_alloc(pool, PAGE_ANONYMOUS, PAGE_ANY)))
		n++;
	for (unsigned i = 0; i < n; i++)
		page_drop(pool, wholes[i], COUNT_REFERENCE);
	return n;
}

static void safe_birth_and_end(void)
{
	uint64_t free = stats_now().pages_free;
	struct page *whole = new_block();
	const unsigned char *bytes = page_bytes(pool, block_pfn(pool, whole));
	size_t zeroes = 0;

	CHECK_INT(0, block_pfn(pool, whole) % N);
	CHECK(block_pfn(pool, whole) != 0);
	CHECK(page_is_whole(pool, whole) && !page_is_whole(pool, part(whole, N - 1)));
	CHECK(block_of(pool, block_pfn(pool, whole) + N - 1) == whole);
	CHECK(word_of(whole) == COUNT_REFERENCE && parts_are(whole, 0, N, COUNT_REFERENCE));
	CHECK(page_is(whole, PAGE_ANONYMOUS) && page_is(part(whole, 7), PAGE_ANONYMOUS));
	while (zeroes < TABLE_BYTES && !bytes[zeroes])
		zeroes++;
	CHECK_INT(TABLE_BYTES, zeroes);
	CHECK_INT(free - N, stats_now().pages_free);
	page_drop(pool, whole, COUNT_REFERENCE);
	CHECK(word_of(whole) == COUNT_DEAD && parts_are(whole, 0, N, COUNT_DEAD));
	CHECK_INT(free, stats_now().pages_free);
}

static void safe_a_block_is_zeroed_again(void)
{
	struct page *whole = new_block();
	unsigned char *bytes = page_bytes(pool, block_pfn(pool, whole));

	bytes[0] = bytes[TABLE_BYTES - 1] = 1;
	page_drop(pool, whole, COUNT_REFERENCE);
	for (int i = 0; i < BLOCKS; i++) {
		whole = new_block();
		bytes = page_bytes(pool, block_pfn(pool, whole));
		CHECK(!bytes[0] && !bytes[TABLE_BYTES - 1]);
		page_drop(pool, whole, COUNT_REFERENCE);
	}
}

static void safe_pinned_parts_live_on(void)
{
	uint64_t free = stats_now().pages_free;
	struct page *whole = new_block();

	CHECK(page_raise(part(whole, 3)));
	CHECK_INT(1, block_parts_pinned(pool, whole));
	CHECK(page_pinned(pool, part(whole, 3)) && !page_pinned(pool, part(whole, 4)));
	page_drop(pool, whole, COUNT_REFERENCE);
	CHECK(word_of(whole) == COUNT_DEAD && word_of(part(whole, 3)) == COUNT_PIN);
	CHECK(parts_are(whole, 0, 3, COUNT_DEAD) && parts_are(whole, 4, N, COUNT_DEAD));
	CHECK_INT(free - 1, stats_now().pages_free);
	page_drop(pool, part(whole, 3), COUNT_PIN);
	CHECK_INT(free, stats_now().pages_free);
	/* and with it the block is one again */
	CHECK_INT(BLOCKS - 1, blocks_there_are());
}

static void coherent_a_pin_of_the_whole_is_one_of_each_part(void)
{
	struct page *whole = new_block();

	CHECK(page_raise(whole));
	CHECK(page_pinned(pool, part(whole, 0)) && page_pinned(pool, part(whole, N - 1)));
	CHECK_INT(0, block_parts_pinned(pool, whole));
	page_drop(pool, whole, COUNT_REFERENCE);
	CHECK(word_of(whole) == COUNT_PIN && parts_are(whole, 0, N, COUNT_REFERENCE));
	page_drop(pool, whole, COUNT_PIN);
	CHECK(word_of(whole) == COUNT_DEAD);
	/* a late pin on what is dead is nobody's */
	atomic_fetch_add_explicit(&whole->count, COUNT_PIN, memory_order_relaxed);
	CHECK(!page_pinned(pool, part(whole, 0)));
	CHECK(!block_join(whole, PAGE_ANONYMOUS));
	atomic_fetch_sub_explicit(&whole->count, COUNT_PIN, memory_order_relaxed);
}

static void drop_parts(struct page *whole)
{
	for (unsigned i = 0; i < N; i++)
		page_drop(pool, part(whole, i), COUNT_REFERENCE);
}

static void safe_split_and_join(void)
{
	struct page *whole = new_block();

	page_dirty(pool, whole);
	CHECK(block_split(pool, whole));
	CHECK(word_of(whole) == COUNT_DEAD && parts_are(whole, 0, N, COUNT_REFERENCE));
	CHECK(page_is(part(whole, N - 1), PAGE_DIRTY));
	CHECK(block_join(whole, PAGE_ANONYMOUS));
	CHECK(word_of(whole) == COUNT_REFERENCE && parts_are(whole, 0, N, COUNT_REFERENCE));
	CHECK(block_split(pool, whole));
	drop_parts(whole);
	CHECK_INT(BLOCKS - 1, blocks_there_are());
}

static void safe_split_of_what_others_hold(void)
{
	uint64_t held[] = { COUNT_REFERENCE, COUNT_PIN };

	for (unsigned i = 0; i < 2; i++) {
		struct page *whole = new_block();

		atomic_fetch_add_explicit(&whole->count, held[i], memory_order_relaxed);
		CHECK(!block_split(pool, whole));
		block_get_parts(pool, whole);
		page_drop(pool, whole, COUNT_REFERENCE);
		CHECK(word_of(whole) == held[i] && parts_are(whole, 0, N, 2 * COUNT_REFERENCE));
		page_drop(pool, whole, held[i]);
		CHECK(word_of(whole) == COUNT_DEAD && parts_are(whole, 0, N, COUNT_REFERENCE));
		drop_parts(whole);
	}
}

/* All the pool has, in single pages: how many. */
static uint64_t take_all_pages(struct page **pages, uint64_t most)
{
	uint64_t n = 0;

	while (n < most && (pages[n] = page_alloc(pool, PAGE_ANONYMOUS, PAGE_ANY)))
		n++;
	return n;
}

static struct page *taken[BLOCKS * TABLE_ENTRIES];

/* The limit is exact, whatever was a block before: single pages take blocks apart. */
static void safe_single_pages_have_all_there_is(void)
{
	uint64_t free = stats_now().pages_free, n;
	struct page *one = new_block(), *two = new_block();

	page_drop(pool, one, COUNT_REFERENCE);
	n = take_all_pages(taken, BLOCKS * N);
	CHECK_INT(free - N, n);
	CHECK(!block_alloc(pool, PAGE_ANONYMOUS, PAGE_ANY));
	page_drop(pool, two, COUNT_REFERENCE);
	n += take_all_pages(taken + n, BLOCKS * N - n);
	CHECK_INT(free, n);
	CHECK(!page_alloc(pool, PAGE_ANONYMOUS, PAGE_ANY));
	while (n)
		page_drop(pool, taken[--n], COUNT_REFERENCE);
	CHECK_INT(free, stats_now().pages_free);
	CHECK_INT(BLOCKS - 1, blocks_there_are());
}

/* Every second page is free, half the pool: no block.  Then the others: all of them. */
static void safe_blocks_come_back_from_pages(void)
{
	uint64_t n = take_all_pages(taken, BLOCKS * N);

	for (uint64_t i = 0; i < n; i += 2)
		page_drop(pool, taken[i], COUNT_REFERENCE);
	CHECK(!block_alloc(pool, PAGE_ANONYMOUS, PAGE_ANY));
	for (uint64_t i = 1; i < n; i += 2)
		page_drop(pool, taken[i], COUNT_REFERENCE);
	CHECK_INT(BLOCKS - 1, blocks_there_are());
	/* sorted by now: single pages have them again, the first block's among them */
	CHECK_INT(n, take_all_pages(taken, BLOCKS * N));
	for (uint64_t i = 0; i < n; i++)
		page_drop(pool, taken[i], COUNT_REFERENCE);
}

/* Pages between the frontier and the next block are not lost, nor is what is behind the last block. */
static void safe_nothing_is_wasted(void)
{
	uint64_t free = stats_now().pages_free, n;
	struct page *page = page_alloc(pool, PAGE_ANONYMOUS, PAGE_ANY);
	unsigned blocks = blocks_there_are();

	CHECK_INT(2, blocks);
	n = take_all_pages(taken, BLOCKS * N);
	CHECK_INT(free - 1, n);
	while (n)
		page_drop(pool, taken[--n], COUNT_REFERENCE);
	page_drop(pool, page, COUNT_REFERENCE);
}

static void safe_a_pool_that_is_no_block(void)
{
	uint64_t free = stats_now().pages_free, n;

	CHECK_INT(99, free);
	CHECK_INT(0, blocks_there_are());
	n = take_all_pages(taken, BLOCKS * N);
	CHECK_INT(free, n);
	while (n)
		page_drop(pool, taken[--n], COUNT_REFERENCE);
}

/* ---- threads --------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 300, FEW = 40 };

static uint32_t next(uint32_t *seed)
{
	return (*seed = *seed * 1664525 + 1013904223) >> 16;
}

/* A block comes to one of its ends; the parts that are pinned first, or last of all, are any. */
static void live_and_end(struct page *whole, uint32_t *seed)
{
	struct page *pinned = part(whole, next(seed) % N);

	must(page_raise(pinned) && page_pinned(pool, pinned), "page_raise");
	if (next(seed) % 2) {
		must(block_split(pool, whole), "block_split");
		drop_parts(whole);
	} else {
		page_drop(pool, whole, COUNT_REFERENCE);
	}
	must(word_of(pinned) == COUNT_PIN, "a pinned part lives on");
	page_drop(pool, pinned, COUNT_PIN);
}

static void *work(void *argument)
{
	uint32_t seed = *(uint32_t *)argument;
	struct page *few[FEW];

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct page *whole = next(&seed) % 3 ? NULL : block_alloc(pool, PAGE_ANONYMOUS, PAGE_ANY);
		unsigned n = next(&seed) % FEW;

		for (unsigned i = 0; i < n; i++)
			must((few[i] = page_alloc(pool, PAGE_ANONYMOUS, PAGE_ANY)) != NULL, "page_alloc");
		if (whole)
			live_and_end(whole, &seed);
		while (n)
			page_drop(pool, few[--n], COUNT_REFERENCE);
	}
	return NULL;
}

/* Nobody is told that there is no page while blocks come and go, and all come back as blocks. */
static void safe_blocks_and_pages_of_many_threads(void)
{
	pthread_t threads[THREADS];
	uint32_t seeds[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		seeds[i] = i + 1;
		must(!pthread_create(&threads[i], NULL, work, &seeds[i]), "pthread_create");
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(BLOCKS - 1, blocks_there_are());
}

int main(void)
{
	TEST(safe_birth_and_end);
	TEST(safe_a_block_is_zeroed_again);
	TEST(safe_pinned_parts_live_on);
	TEST(coherent_a_pin_of_the_whole_is_one_of_each_part);
	TEST(safe_split_and_join);
	TEST(safe_split_of_what_others_hold);
	TEST(safe_single_pages_have_all_there_is);
	TEST(safe_blocks_come_back_from_pages);
	TEST(safe_blocks_and_pages_of_many_threads);
	pool_pages = 3 * N + 100;
	TEST(safe_nothing_is_wasted);
	pool_pages = 100;
	TEST(safe_a_pool_that_is_no_block);
	return closing_line();
}

/*
 * test_zero.c - pages that are zeroed before they are wanted
 */
#include <pthread.h>
#include <stdatomic.h>

#include "kit.h"

enum { PAGES = 64, ROUNDS = 200, THREADS = 3, AT_HAND = 64 };

/* The byte that a page of junk has everywhere. */
enum { JUNK = 0xa5 };

static bool is_zero(struct hf_mm *mm, uint64_t address, uint64_t bytes)
{
	static unsigned char buffer[PAGES * 4096];

	must(hf_read(mm, address, buffer, bytes) == (ssize_t)bytes, "hf_read");
	for (uint64_t i = 0; i < bytes; i++)
		if (buffer[i])
			return false;
	return true;
}

/* Pages full of junk, given back. */
static void leave_junk(struct hf_mm *mm, uint64_t at, uint64_t pages)
{
	fill(mm, at, JUNK, pages * P);
	must(!hf_advise(mm, at, pages * P, HF_ADVISE_DISCARD), "hf_advise");
}

static void isolated_a_fault_gets_a_page_of_zeroes(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, PAGES, RW), free;
	long long zeroed;

	leave_junk(mm, at, PAGES);
	free = stats_now().pages_free;
	zeroed = hf_pool_zero_ahead(pool, UINT64_MAX) / (long long)P;
	/* All but what this thread has at hand. */
	CHECK(zeroed <= (long long)free && zeroed + 2 * AT_HAND >= (long long)free);
	CHECK_INT(free, stats_now().pages_free);
	CHECK_INT(0, hf_pool_zero_ahead(pool, UINT64_MAX));
	for (int i = 0; i < PAGES; i++)
		put(mm, at + (uint64_t)i * P, 0);
	CHECK(is_zero(mm, at, PAGES * P));
	CHECK(stats_now().zeroed_ahead >= PAGES - 1);	/* one may be put aside with a table */
	/* What comes back is not zero. */
	leave_junk(mm, at, PAGES);
	for (int i = 0; i < PAGES; i++)
		put(mm, at + (uint64_t)i * P, 0);
	CHECK(is_zero(mm, at, PAGES * P));
	hf_mm_destroy(mm);
}

static void no_more_than_was_asked(void)
{
	CHECK_INT(-EINVAL, hf_pool_zero_ahead(NULL, P));
	CHECK_INT(0, hf_pool_zero_ahead(pool, P - 1));
	CHECK_INT(P, hf_pool_zero_ahead(pool, 2 * P - 1));
	CHECK_INT(100 * (long long)P, hf_pool_zero_ahead(pool, 100 * P));
}

/* All of memory is zero by then; copies take it too, and the limit is what it was. */
static void whoever_wants_any_page_gets_them_at_last(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_anon(mm, 150, RW);

	fill(mm, at, 1, 100 * P);
	child = fork_mm(mm);
	hf_pool_zero_ahead(pool, UINT64_MAX);
	/* 100 copies, of 256 pages with 100 in use */
	fill(child, at, 2, 100 * P);
	for (uint64_t i = 0; i < 100; i++)
		if (get(mm, at + i * P) != 1 || get(child, at + i * P) != 2)
			must(false, "what the two sides have");
	CHECK(hf_fill(mm, at + 100 * P, 3, 50 * P) < 50 * (ssize_t)P);
	CHECK_INT(0, stats_now().pages_free);
	hf_mm_destroy(child);
	fill(mm, at + 100 * P, 3, 50 * P);
	hf_mm_destroy(mm);
}

static void huge_pages_come_all_the_same(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = 0;

	hf_pool_zero_ahead(pool, UINT64_MAX);
	must(!hf_map(mm, &at, HF_HUGE_BYTES, RW, HF_MAP_PRIVATE | HF_MAP_HUGE, NULL, 0), "hf_map");
	put(mm, at, 1);
	CHECK_INT(1, stats_now().huge_faults);
	CHECK(is_zero(mm, at + 1, 16 * P));
	hf_mm_destroy(mm);
}

/* ---- threads ----------------------------------------------------------------------- */

static _Atomic bool over;

static void *zero_on(void *unused)
{
	(void)unused;
	while (!atomic_load(&over))
		hf_pool_zero_ahead(pool, 64 * P);
	return NULL;
}

static void *use(void *wrong)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, PAGES, RW);

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < PAGES; i++) {
			put(mm, at + (uint64_t)i * P + 7, 0);
			*(bool *)wrong |= get(mm, at + (uint64_t)i * P) || get(mm, at + (uint64_t)i * P + P - 1);
		}
		leave_junk(mm, at, PAGES);
	}
	hf_mm_destroy(mm);
	return NULL;
}

static void safe_while_others_take_and_give(void)
{
	pthread_t zeroer, users[THREADS];
	bool wrong[THREADS] = { false };

	atomic_store(&over, false);
	must(!pthread_create(&zeroer, NULL, zero_on, NULL), "pthread_create");
	for (int i = 0; i < THREADS; i++)
		must(!pthread_create(&users[i], NULL, use, &wrong[i]), "pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(users[i], NULL);
	atomic_store(&over, true);
	pthread_join(zeroer, NULL);
	for (int i = 0; i < THREADS; i++)
		CHECK(!wrong[i]);
}

int main(void)
{
	TEST(isolated_a_fault_gets_a_page_of_zeroes);
	TEST(no_more_than_was_asked);
	pool_pages = 256;
	TEST(whoever_wants_any_page_gets_them_at_last);
	TEST(huge_pages_come_all_the_same);
	pool_pages = 400;
	TEST(safe_while_others_take_and_give);
	return closing_line();
}

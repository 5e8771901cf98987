/*
 * test_found.c - what reviews and long runs found, one test each
 *
 * Those with threads race for a moment, and failed within it before their repair; but
 * for the first, of which the order of a list had hidden what could have happened.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "kit.h"

static _Atomic bool over;
static _Atomic long wrong, rounds;

static void for_a_moment(void)
{
	struct timespec moment = { 0, 400000000 };

	nanosleep(&moment, NULL);
	over = true;
}

static void race(void *(*left)(void *), void *left_is, void *(*right)(void *), void *right_is)
{
	pthread_t threads[2];

	over = false;
	wrong = rounds = 0;
	must(!pthread_create(&threads[0], NULL, left, left_is), "pthread_create");
	must(!pthread_create(&threads[1], NULL, right, right_is), "pthread_create");
	for_a_moment();
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	CHECK(rounds > 0);
}

/* ---- a truncate meets a child that is being forked ------------------------------------ */

static struct hf_object *object;

static void *fork_on(void *mm)
{
	while (!over) {
		hf_mm_destroy(fork_mm(mm));
		rounds++;
	}
	return NULL;
}

static void *cut_on(void *arg)
{
	while (!over) {
		wrong += hf_object_resize(object, P, HF_RESIZE_BUSY) != 0;
		wrong += hf_object_resize(object, 64 * P, HF_RESIZE_BUSY) != 0;
	}
	return arg;
}

static void backed_fork_against_truncate(void)
{
	struct hf_mm *mm = new_mm();

	object = new_object(64);
	for (int i = 0; i < 100; i++)
		map_at(mm, (UINT64_C(1) << 30) + (uint64_t)(i * 79 % 100) * 64 * P, 4, RW, HF_MAP_SHARED | HF_MAP_FIXED, object);
	race(fork_on, mm, cut_on, NULL);
	CHECK_INT(0, wrong);
	hf_mm_destroy(mm);
	hf_object_destroy(object);
}

/* ---- two reports at once ------------------------------------------------------------------- */

static void *report_on(void *mm)
{
	for (; !over; rounds++) {
		struct hf_fork_report report = { 0 };

		wrong += hf_mm_fork_preview(mm, &report) || report.pins_found != 1;
	}
	return NULL;
}

static void a_report_lists_its_own_pins(void)
{
	struct hf_mm *mm[2];
	struct hf_pin pin[2];

	for (int i = 0; i < 2; i++) {
		mm[i] = new_mm();
		pin[i] = pin_it(mm[i], map_anon(mm[i], 1, RW), P, HF_PIN_WRITE);
	}
	race(report_on, mm[0], report_on, mm[1]);
	CHECK_INT(0, wrong);
	for (int i = 0; i < 2; i++) {
		hf_unpin(&pin[i], 0);
		hf_mm_destroy(mm[i]);
	}
}

/* ---- the limit is exact ------------------------------------------------------------------------ */

enum { QUOTA = 200 };

static void *use_quota(void *mm)
{
	for (; !over; rounds++) {
		uint64_t at = map_at(mm, UINT64_C(1) << 21, QUOTA, RW, HF_MAP_FIXED, NULL);

		wrong += hf_fill(mm, at, 1, QUOTA * P) != (ssize_t)(QUOTA * P);
		must(!hf_unmap(mm, at, QUOTA * P), "hf_unmap");
	}
	return NULL;
}

/* Two whose quotas and tables fit exactly never hear that there is no memory. */
static void enomem_means_that_there_is_no_page(void)
{
	struct hf_mm *left = new_mm(), *right = new_mm();

	race(use_quota, left, use_quota, right);
	CHECK_INT(0, wrong);
	hf_mm_destroy(left);
	hf_mm_destroy(right);
}

/* A fork takes the tables that the child gets: none for a shared mapping. */
static void a_fork_takes_no_more_tables_than_it_needs(void)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = 64 * P };
	uint64_t at = UINT64_C(1) << 30;
	struct hf_mm *mm, *child;
	struct hf_stats stats;
	struct hf_pool *small;

	NEED_INT(0, hf_pool_create(&config, &small));
	NEED_INT(0, hf_mm_create(small, &mm));
	NEED_INT(0, hf_map(mm, &at, 512 * 20 * P, RW, HF_MAP_SHARED | HF_MAP_FIXED, NULL, 0));
	/* a page and a table for each 2 MiB, until there is room for the child's root and little more */
	for (hf_pool_stats(small, &stats); stats.pages_free > 5; hf_pool_stats(small, &stats), at += 512 * P)
		put(mm, at, 1);
	CHECK_INT(0, hf_mm_fork(mm, HF_FORK_COPY, NULL, &child));
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
	CHECK_INT(0, hf_pool_destroy(small));
}

/* ---- state as before --------------------------------------------------------------------------------- */

static void backed_a_refused_truncate_changes_nothing(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *file = new_object(4);
	uint64_t at = map_at(mm, UINT64_C(1) << 30, 4, RW, HF_MAP_SHARED | HF_MAP_FIXED, file);
	struct hf_pin pin, again;

	for (uint64_t page = 0; page < 4; page++)
		put(mm, at + page * P, 1);
	pin = pin_it(mm, at + 3 * P, P, HF_PIN_WRITE);
	CHECK_INT(-EBUSY, hf_object_resize(file, P, HF_RESIZE_BUSY));
	/* promise 4: no entry has changed */
	CHECK_INT(4 * (long long)P, hf_pin(mm, at, 4 * P, HF_PIN_WRITE | HF_PIN_FAST_ONLY, NULL, &again));
	hf_unpin(&again, 0);
	hf_unpin(&pin, 0);
	hf_mm_destroy(mm);
	hf_object_destroy(file);
}

static void a_failed_write_far_out_keeps_no_tables(void)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = 16 * P };
	struct hf_object *file;
	struct hf_pool *small;
	struct hf_stats before, after;
	struct hf_mm *mm;
	uint64_t at = 0;

	NEED_INT(0, hf_pool_create(&config, &small));
	NEED_INT(0, hf_object_create(small, UINT64_C(1) << 44, &file));
	CHECK_INT(1, hf_object_write(file, 0, "x", 1));
	NEED_INT(0, hf_mm_create(small, &mm));
	NEED_INT(0, hf_map(mm, &at, 64 * P, RW, HF_MAP_PRIVATE, NULL, 0));
	for (hf_pool_stats(small, &before); before.pages_free > 3; hf_pool_stats(small, &before), at += P)
		put(mm, at, 1);
	CHECK_INT(-ENOMEM, hf_object_write(file, UINT64_C(1) << 43, "y", 1));
	hf_pool_stats(small, &after);
	CHECK_INT(before.pages_free, after.pages_free);
	hf_mm_destroy(mm);
	hf_object_destroy(file);
	CHECK_INT(0, hf_pool_destroy(small));
}

/* Frugal: where the object has no page there is nothing to copy, and none to make. */
static void frugal_no_copy_of_zeroes(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *file = new_object(2);
	uint64_t at = map_at(mm, UINT64_C(1) << 30, 2, RW, HF_MAP_FIXED, file), cached;
	struct hf_pin pin = pin_it(mm, at, P, HF_PIN_READ);

	CHECK_INT(0, stats_now().copies);
	hf_object_pages(file, &cached, NULL);
	CHECK_INT(0, cached);
	hf_unpin(&pin, 0);
	hf_mm_destroy(mm);
	hf_object_destroy(file);
}

/* ---- strangers ------------------------------------------------------------------------------------------ */

/* A new mm may stand where a dead one stood: the dead one's pins are not its own. */
static void inventory_of_a_new_mm_is_empty(void)
{
	struct hf_mm *dead = new_mm(), *mm;
	struct hf_pin pin = pin_it(dead, map_anon(dead, 1, RW), P, HF_PIN_READ);
	struct hf_pin_info info;

	hf_mm_destroy(dead);
	for (int i = 0; i < 100; i++) {
		mm = new_mm();
		CHECK_INT(0, hf_inventory(pool, mm, NULL, 0));
		hf_mm_destroy(mm);
	}
	CHECK_INT(1, hf_inventory(pool, NULL, &info, 1));
	CHECK(!info.mm);
	hf_unpin(&pin, 0);
}

static int one, two;

static void hear_one(const char *message, void *context)
{
	(void)message;
	rounds++;
	wrong += context != &one;
}

static void hear_two(const char *message, void *context)
{
	(void)message;
	rounds++;
	wrong += context != &two;
}

static void *change_handlers(void *arg)
{
	while (!over) {
		hf_set_misuse_handler(hear_one, &one);
		hf_set_misuse_handler(hear_two, &two);
	}
	return arg;
}

static void *misuse_on(void *arg)
{
	struct hf_pin none = { 0 };

	while (!over)
		hf_unpin(&none, 0);
	return arg;
}

static void a_handler_hears_with_its_own_context(void)
{
	hf_set_misuse_handler(hear_one, &one);
	race(change_handlers, NULL, misuse_on, NULL);
	CHECK_INT(0, wrong);
	hf_set_misuse_handler(hear_misuse, NULL);
}

static void a_dead_mm_is_no_reason_to_try_again(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW);
	struct hf_pin pin;

	hf_mm_exit(mm);
	CHECK_INT(-ESRCH, hf_pin(mm, at, P, HF_PIN_READ | HF_PIN_FAST_ONLY, NULL, &pin));
	hf_mm_destroy(mm);
}

/* A move marks the way to its page, so that the first pin there may be one of the quickest kind. */
static void inventory_forgets_an_mm_whose_pages_were_moved(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW), to = at + 64 * P;
	struct hf_pin_info info = { 0 };
	struct hf_pin pin;

	CHECK_INT(1, hf_write(mm, at, "x", 1));
	CHECK_INT(0, hf_remap(mm, at, P, P, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to));
	CHECK_INT((long)P, (long)hf_pin(mm, to, P, HF_PIN_READ, NULL, &pin));
	hf_mm_destroy(mm);
	CHECK_INT(1, (long)hf_inventory(pool, NULL, &info, 1));
	CHECK(!info.mm);
	CHECK_INT(0, hf_unpin(&pin, 0));
}

int main(void)
{
	TEST(backed_fork_against_truncate);
	TEST(a_report_lists_its_own_pins);
	pool_pages = 1 + 2 * (4 + QUOTA);
	TEST(enomem_means_that_there_is_no_page);
	TEST(a_fork_takes_no_more_tables_than_it_needs);
	TEST(backed_a_refused_truncate_changes_nothing);
	TEST(a_failed_write_far_out_keeps_no_tables);
	TEST(frugal_no_copy_of_zeroes);
	TEST(inventory_of_a_new_mm_is_empty);
	TEST(a_handler_hears_with_its_own_context);
	TEST(a_dead_mm_is_no_reason_to_try_again);
	TEST(inventory_forgets_an_mm_whose_pages_were_moved);
	return closing_line();
}

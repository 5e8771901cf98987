/*
 * test_forks.c - forks and what can be seen of pins: the choices at a fork, the
 * report and the preview, the inventory, statistics, query and verify
 */
#include <time.h>

#include "kit.h"

#define NOWHERE (UINT64_C(1) << 40)

/* ---- what becomes of pinned pages at a fork ------------------------------------------ */

static void fork_errors(void)
{
	struct hf_mm *mm = new_mm(), *child;
	struct hf_fork_report report = { .room = 1 };

	CHECK_INT(-EINVAL, hf_mm_fork(NULL, HF_FORK_COPY, NULL, &child));
	CHECK_INT(-EINVAL, hf_mm_fork(mm, HF_FORK_COPY, NULL, NULL));
	CHECK_INT(-EINVAL, hf_mm_fork(mm, (enum hf_fork_pins)3, NULL, &child));
	CHECK_INT(-EINVAL, hf_mm_fork(mm, HF_FORK_COPY, &report, &child));	/* room, and no pins to fill */
	CHECK_INT(-EINVAL, hf_mm_fork_preview(NULL, &report));
	CHECK_INT(-EINVAL, hf_mm_fork_preview(mm, NULL));
	CHECK_INT(1, stats_now().spaces);
	hf_mm_destroy(NULL);
	hf_mm_exit(NULL);
	hf_mm_destroy(mm);
}

static void fork_report_counts(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_anon(mm, 4, RW);
	struct hf_pin pin;
	struct hf_pin_info pins[2];
	struct hf_fork_report report = { .pins = pins, .room = 2 };

	fill(mm, at, 1, 4 * P);
	pin = pin_it(mm, at + P, 2 * P, HF_PIN_READ);
	CHECK_INT(0, hf_mm_fork_preview(mm, &report));
	CHECK_INT(1, report.pins_found);
	CHECK(report.pins[0].mm == mm && report.pins[0].address == at + P && report.pins[0].length == 2 * P);
	CHECK_INT(2, report.copied);
	CHECK_INT(2, report.shared);
	CHECK_INT(0, report.holes);
	CHECK_INT(0, stats_now().forks);
	report = (struct hf_fork_report){ .room = 0 };
	NEED_INT(0, hf_mm_fork(mm, HF_FORK_COPY, &report, &child));
	CHECK_INT(1, report.pins_found);
	CHECK_INT(2, report.copied);
	CHECK_INT(2, report.shared);
	CHECK_INT(2, stats_now().fork_copies);
	hf_mm_destroy(child);
	hf_unpin(&pin, 0);
	CHECK_INT(0, hf_mm_fork_preview(mm, &report));
	CHECK_INT(0, report.pins_found);
	CHECK_INT(0, report.copied);
	hf_mm_destroy(mm);
}

static void fork_refuses_and_lists(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_anon(mm, 4, RW), shared = map_at(mm, 0, 1, RW, HF_MAP_SHARED, NULL);
	struct hf_pin first = pin_it(mm, at, P, HF_PIN_READ), second = pin_it(mm, at + 2 * P, 10, HF_PIN_WRITE);
	struct hf_pin third = pin_it(mm, shared, P, HF_PIN_WRITE);
	struct hf_pin_info pins[1];
	struct hf_fork_report report = { .pins = pins, .room = 1 };

	CHECK_INT(-EBUSY, hf_mm_fork(mm, HF_FORK_REFUSE, &report, &child));
	CHECK_INT(2, report.pins_found);	/* more than room; the shared one does not matter */
	CHECK(report.pins[0].mm == mm);
	CHECK_INT(-EBUSY, hf_mm_fork(mm, HF_FORK_REFUSE, NULL, &child));
	hf_unpin(&first, 0);
	hf_unpin(&second, 0);
	CHECK_INT(0, hf_mm_fork(mm, HF_FORK_REFUSE, &report, &child));
	CHECK_INT(0, report.pins_found);
	hf_mm_destroy(child);
	hf_unpin(&third, 0);
	hf_mm_destroy(mm);
}

/* A pin whose private part is over does not matter, though another holds that page. */
static void fork_lists_what_is_held(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_at(mm, NOWHERE, 1, RW, HF_MAP_PRIVATE, NULL);
	uint64_t shared = map_at(mm, NOWHERE + P, 1, RW, HF_MAP_SHARED | HF_MAP_FIXED, NULL);
	struct hf_pin both = pin_it(mm, at, 2 * P, HF_PIN_WRITE), one = pin_it(mm, at, 10, HF_PIN_READ);
	struct hf_pin_info pins[2];
	struct hf_fork_report report = { .pins = pins, .room = 2 };

	CHECK_INT(NOWHERE + P, shared);
	CHECK_INT(0, hf_mm_fork_preview(mm, &report));
	CHECK_INT(2, report.pins_found);
	CHECK_INT(0, hf_unpin_part(&both, 0, P, 0));
	CHECK_INT(0, hf_mm_fork_preview(mm, &report));
	CHECK_INT(1, report.pins_found);
	CHECK_INT(10, pins[0].length);
	hf_unpin(&both, 0);
	hf_unpin(&one, 0);
	hf_mm_destroy(mm);
}

static void refuse_does_not_ask_about_what_does_not_fork(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_anon(mm, 2, RW);
	struct hf_pin pin = pin_it(mm, at, 2 * P, HF_PIN_WRITE);

	CHECK_INT(0, hf_advise(mm, at, P, HF_ADVISE_DONTFORK));
	CHECK_INT(0, hf_advise(mm, at + P, P, HF_ADVISE_WIPEONFORK));
	put(mm, at + P, 1);
	NEED_INT(0, hf_mm_fork(mm, HF_FORK_REFUSE, NULL, &child));
	CHECK_INT(-EFAULT, get(child, at));
	CHECK_INT(0, get(child, at + P));
	hf_mm_destroy(child);
	hf_unpin(&pin, 0);
	hf_mm_destroy(mm);
}

static void fork_leaves_a_hole(void)
{
	struct hf_mm *mm = new_mm(), *child, *grandchild;
	uint64_t at = map_at(mm, NOWHERE, 3, RW, HF_MAP_PRIVATE, NULL), over = at;
	struct hf_pin pin;
	struct hf_fork_report report = { .room = 0 };
	struct hf_page_info info;

	fill(mm, at, 1, 3 * P);
	pin = pin_it(mm, at, 2 * P, HF_PIN_READ);
	NEED_INT(0, hf_mm_fork(mm, HF_FORK_HOLE, &report, &child));
	CHECK_INT(2, report.holes);
	CHECK_INT(0, report.copied);
	CHECK_INT(-ENODATA, get(child, at));
	CHECK_INT(-ENODATA, hf_write(child, at, "x", 1));
	CHECK_INT(-ENODATA, try_pin(child, at, 1, HF_PIN_READ));
	CHECK_INT(-ENODATA, try_pin(child, at, 1, HF_PIN_GET));
	CHECK_INT(-ENODATA, hf_atomic(child, at, 8, HF_ATOMIC_LOAD, 0, 0, NULL));
	CHECK_INT(0, hf_query(child, at, &info));
	CHECK_INT(1, info.hole);
	CHECK_INT(1, get(child, at + 2 * P));
	grandchild = fork_mm(child);
	CHECK_INT(-ENODATA, get(grandchild, at));
	CHECK_INT(0, hf_map(grandchild, &over, P, RW, HF_MAP_FIXED, NULL, 0));
	CHECK_INT(0, get(grandchild, at));
	CHECK_INT(0, hf_advise(child, at + P, P, HF_ADVISE_DISCARD));
	CHECK_INT(0, get(child, at + P));
	CHECK_INT(1, get(mm, at));
	hf_mm_destroy(grandchild);
	hf_mm_destroy(child);
	hf_unpin(&pin, 0);
	hf_mm_destroy(mm);
}

static void hole_moves_along(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_anon(mm, 1, RW), to = NOWHERE;
	struct hf_pin pin = pin_it(mm, at, P, HF_PIN_WRITE);

	NEED_INT(0, hf_mm_fork(mm, HF_FORK_HOLE, NULL, &child));
	CHECK_INT(0, hf_remap(child, at, P, P, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to));
	CHECK_INT(-ENODATA, get(child, to));
	CHECK_INT(0, hf_protect(child, to, P, R));
	CHECK_INT(-ENODATA, get(child, to));
	CHECK_INT(0, hf_unmap(child, to, P));
	CHECK_INT(-EFAULT, get(child, to));
	hf_unpin(&pin, 0);
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

/* Promise: frugal.  After the last unpin one fork looks, and the next one does not. */
static void fork_after_unpin_is_cheap_again(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_anon(mm, 4, RW), looked;
	struct hf_pin pin;

	fill(mm, at, 1, 4 * P);
	pin = pin_it(mm, at, P, HF_PIN_WRITE);
	hf_mm_destroy(fork_mm(mm));
	CHECK_INT(1, stats_now().fork_copies);
	hf_unpin(&pin, 0);
	hf_mm_destroy(fork_mm(mm));	/* looks once more */
	looked = stats_now().fork_tables;
	child = fork_mm(mm);
	CHECK_INT(looked, stats_now().fork_tables);
	CHECK_INT(1, stats_now().fork_copies);
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

/* ---- inventory -------------------------------------------------------------------------- */

static void inventory_says_who_and_what(void)
{
	struct hf_mm *mm = new_mm(), *other = new_mm();
	uint64_t at = map_anon(mm, 3, RW), there = map_anon(other, 1, RW);
	struct timespec nap = { .tv_nsec = 30000000 };
	struct hf_pin pin, second;
	struct hf_pin_info info[4] = { { .mm = NULL } };

	CHECK_INT(0, hf_inventory(pool, NULL, info, 4));
	CHECK_INT((long long)P + 5, hf_pin(mm, at + 10, P + 5, HF_PIN_WRITE | HF_PIN_LONGTERM, "the disk", &pin));
	nanosleep(&nap, NULL);
	CHECK_INT(1, hf_pin(other, there, 1, HF_PIN_READ, NULL, &second));
	CHECK_INT(2, hf_inventory(pool, NULL, NULL, 0));
	CHECK_INT(2, hf_inventory(pool, NULL, info, 1));
	CHECK_INT(1, hf_inventory(pool, other, info, 4));
	CHECK(info[0].mm == other && !info[0].tag && info[0].how == HF_PIN_READ);
	CHECK_INT(1, hf_inventory(pool, mm, info, 4));
	CHECK(info[0].mm == mm && info[0].tag && !strcmp(info[0].tag, "the disk"));
	CHECK_INT(at + 10, info[0].address);
	CHECK_INT(P + 5, info[0].length);
	CHECK_INT(P + 5, info[0].held);
	CHECK_INT(HF_PIN_WRITE | HF_PIN_LONGTERM, info[0].how);
	CHECK(info[0].age >= 20000000 && info[0].age < UINT64_C(60000000000));
	CHECK_INT(0, hf_unpin_part(&pin, P - 10, 15, 0));
	CHECK_INT(1, hf_inventory(pool, mm, info, 4));
	CHECK_INT(P - 10, info[0].held);
	hf_mm_destroy(mm);
	CHECK_INT(2, hf_inventory(pool, NULL, info, 4));	/* pins outlive their mm */
	hf_unpin(&pin, 0);
	hf_unpin(&second, 0);
	CHECK_INT(0, hf_inventory(pool, NULL, info, 4));
	hf_mm_destroy(other);
}

static void inventory_of_many(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW);
	static struct hf_pin pins[500];
	static struct hf_pin_info info[500];

	for (int i = 0; i < 500; i++)
		pins[i] = pin_it(mm, at + (uint64_t)i, 1, HF_PIN_READ);
	CHECK_INT(500, hf_inventory(pool, NULL, info, 500));
	CHECK_INT(500, stats_now().pins_held);
	for (int i = 0; i < 500; i += 2)
		hf_unpin(&pins[i], 0);
	CHECK_INT(250, hf_inventory(pool, NULL, info, 500));
	for (int i = 0; i < 250; i++)
		if ((info[i].address - at) % 2 == 0)
			fail_at(__FILE__, __LINE__, "a pin that has ended is listed");
	for (int i = 1; i < 500; i += 2)
		hf_unpin(&pins[i], 0);
	hf_mm_destroy(mm);
}

/* ---- statistics, query, verify -------------------------------------------------------------- */

static void statistics_count(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_anon(mm, 1, RW);
	struct hf_pin pin;

	get(mm, at);
	CHECK_INT(1, stats_now().fault_read);
	CHECK_INT(1, stats_now().zero_page);
	put(mm, at, 1);
	CHECK_INT(1, stats_now().fault_write);
	CHECK_INT(0, stats_now().copies);
	pin = pin_it(mm, at, 1, HF_PIN_READ);
	CHECK_INT(1, stats_now().pin_fast);
	CHECK_INT(1, stats_now().pins_held);
	hf_unpin(&pin, 0);
	CHECK_INT(1, stats_now().unpin);
	child = fork_mm(mm);
	CHECK_INT(1, stats_now().forks);
	CHECK_INT(2, stats_now().spaces);
	CHECK_INT(1, stats_now().pages_data);
	pin = pin_it(child, at, 1, HF_PIN_READ);
	CHECK_INT(1, stats_now().unshares);
	CHECK_INT(1, stats_now().copies);
	CHECK_INT(2, stats_now().pages_data);
	hf_unpin(&pin, 0);
	pin = pin_it(child, at, 1, HF_PIN_GET);
	CHECK_INT(1, stats_now().get);
	hf_unpin(&pin, 0);
	hf_mm_destroy(child);
	put(mm, at, 2);
	CHECK_INT(1, stats_now().reuses);
	hf_mm_destroy(mm);
}

static void query_says_what_is_there(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object(1);
	uint64_t at = map_anon(mm, 2, RW), shared = map_at(mm, 0, 1, R, HF_MAP_SHARED, object);
	struct hf_page_info info;
	struct hf_pin pin;

	CHECK_INT(-EFAULT, hf_query(mm, NOWHERE, &info));
	CHECK_INT(-EINVAL, hf_query(NULL, at, &info));
	CHECK_INT(-EINVAL, hf_query(mm, at, NULL));
	CHECK_INT(0, hf_query(mm, at, &info));
	CHECK_INT(0, info.entry);
	put(mm, at, 1);
	pin = pin_it(mm, at, 1, HF_PIN_WRITE);
	CHECK_INT(0, hf_query(mm, at + 5, &info));
	CHECK(info.entry & HF_ENTRY_PRESENT);
	CHECK(info.entry & HF_ENTRY_WRITABLE);
	CHECK(info.entry & HF_ENTRY_PINNABLE);
	CHECK(info.entry & HF_ENTRY_DIRTY);
	CHECK(info.frame);
	CHECK_INT(1, info.pins);
	CHECK_INT(1, info.references);
	CHECK_INT(1, info.anonymous);
	CHECK_INT(0, info.hole);
	hf_unpin(&pin, 0);
	get(mm, shared);
	CHECK_INT(0, hf_query(mm, shared, &info));
	CHECK(info.entry & HF_ENTRY_PINNABLE);
	CHECK(!(info.entry & HF_ENTRY_WRITABLE));
	CHECK_INT(0, info.anonymous);
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

/* Promise: symmetric.  A read pin leaves the page clean, where it copies too. */
static void read_pin_leaves_the_page_clean(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object(1);
	uint64_t private = map_at(mm, 0, 1, RW, HF_MAP_PRIVATE, object), shared = map_at(mm, 0, 1, RW, HF_MAP_SHARED, object);
	struct hf_page_info info;
	uint64_t dirty;

	CHECK_INT(0, try_pin(mm, private, P, HF_PIN_READ));
	CHECK_INT(0, try_pin(mm, shared, P, HF_PIN_READ));
	CHECK_INT(0, hf_query(mm, private, &info));
	CHECK(!(info.entry & HF_ENTRY_DIRTY));
	CHECK_INT(0, hf_query(mm, shared, &info));
	CHECK(!(info.entry & HF_ENTRY_DIRTY));
	hf_object_pages(object, NULL, &dirty);
	CHECK_INT(0, dirty);
	CHECK_INT(0, stats_now().dirtied);
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

/* Promise: backed.  The device's write is the object's once it is unpinned dirty. */
static void unpin_dirty_marks_the_object(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object(1);
	uint64_t at = map_at(mm, 0, 1, RW, HF_MAP_SHARED, object), dirty = 0;
	struct hf_pin pin = pin_it(mm, at, P, HF_PIN_WRITE);

	*pinned(&pin, 7) = 9;
	CHECK_INT(9, object_byte(object, 7));
	CHECK_INT(0, hf_unpin(&pin, HF_UNPIN_DIRTY));
	hf_object_pages(object, NULL, &dirty);
	CHECK_INT(1, dirty);
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

static void verify_takes_no_room(void)
{
	CHECK_INT(0, hf_verify(pool, NULL, 0));
}

static void destroy_in_any_order(void)
{
	for (int order = 0; order < 6; order++) {
		struct hf_mm *a = new_mm(), *b, *c;
		uint64_t at = map_anon(a, 3, RW);

		fill(a, at, 1, 3 * P);
		b = fork_mm(a);
		put(b, at, 2);
		c = fork_mm(b);
		put(c, at + P, 3);
		hf_mm_destroy(order < 2 ? a : order < 4 ? b : c);
		hf_mm_destroy(order < 2 ? (order % 2 ? b : c) : order < 4 ? (order % 2 ? a : c) : (order % 2 ? a : b));
		hf_mm_destroy(order < 2 ? (order % 2 ? c : b) : order < 4 ? (order % 2 ? c : a) : (order % 2 ? b : a));
	}
}

int main(void)
{
	TEST(fork_errors);
	TEST(fork_report_counts);
	TEST(fork_refuses_and_lists);
	TEST(fork_lists_what_is_held);
	TEST(refuse_does_not_ask_about_what_does_not_fork);
	TEST(fork_leaves_a_hole);
	TEST(hole_moves_along);
	TEST(fork_after_unpin_is_cheap_again);
	TEST(inventory_says_who_and_what);
	TEST(inventory_of_many);
	TEST(statistics_count);
	TEST(query_says_what_is_there);
	TEST(read_pin_leaves_the_page_clean);
	TEST(unpin_dirty_marks_the_object);
	TEST(verify_takes_no_room);
	TEST(destroy_in_any_order);
	return closing_line();
}

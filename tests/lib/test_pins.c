/*
 * test_pins.c - pins and forks through the public header, promise by promise
 *
 * First what each of hf_pin() and hf_unpin() refuses, then the promises (named
 * above their tests), then what can be seen: inventory, reports, statistics.
 */
#include <pthread.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kit.h"

#define NOWHERE (UINT64_C(1) << 40)
#define END (UINT64_C(1) << 47)

/* ---- errors -------------------------------------------------------------------- */

static void pin_refuses_bad_arguments(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW);
	struct hf_pin pin;

	CHECK_INT(-EINVAL, hf_pin(NULL, at, 1, HF_PIN_READ, NULL, &pin));
	CHECK_INT(-EINVAL, hf_pin(mm, at, 1, HF_PIN_READ, NULL, NULL));
	CHECK_INT(-EINVAL, try_pin(mm, at, 0, HF_PIN_READ));
	CHECK_INT(-EINVAL, try_pin(mm, at, 1, 0));
	CHECK_INT(-EINVAL, try_pin(mm, at, 1, HF_PIN_LONGTERM));
	CHECK_INT(-EINVAL, try_pin(mm, at, 1, HF_PIN_READ | 64));
	CHECK_INT(-EINVAL, try_pin(mm, at, 1, HF_PIN_GET | HF_PIN_WRITE));
	CHECK_INT(-EINVAL, try_pin(mm, at, 1, HF_PIN_GET | HF_PIN_LONGTERM));
	CHECK_INT(-EFAULT, try_pin(mm, END, 1, HF_PIN_READ));
	CHECK_INT(-EFAULT, try_pin(mm, UINT64_MAX, 1, HF_PIN_READ));
	CHECK_INT(0, stats_now().pins_held);
	hf_mm_destroy(mm);
}

static void pin_refuses_bad_places(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object(1);
	uint64_t none = map_anon(mm, 1, HF_PROT_NONE), r = map_anon(mm, 1, R);
	uint64_t beyond = map_at(mm, 0, 2, RW, HF_MAP_SHARED, object);

	CHECK_INT(-EFAULT, try_pin(mm, NOWHERE, 1, HF_PIN_READ));
	CHECK_INT(-EFAULT, try_pin(mm, beyond + P, 1, HF_PIN_READ));
	CHECK_INT(-EACCES, try_pin(mm, none, 1, HF_PIN_READ));
	CHECK_INT(-EACCES, try_pin(mm, none, 1, HF_PIN_GET));
	CHECK_INT(-EACCES, try_pin(mm, r, 1, HF_PIN_WRITE));
	CHECK_INT(0, try_pin(mm, r, 1, HF_PIN_READ));
	CHECK_INT(0, try_pin(mm, r, 1, HF_PIN_GET));
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

static void pin_is_a_prefix(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_at(mm, NOWHERE, 2, RW, HF_MAP_PRIVATE, NULL);
	struct hf_pin pin;

	map_at(mm, NOWHERE + 2 * P, 1, R, HF_MAP_FIXED, NULL);
	CHECK_INT(2 * (long long)P - 100, hf_pin(mm, at + 100, 5 * P, HF_PIN_WRITE, NULL, &pin));
	CHECK_INT(2 * (long long)P - 100, pin.length);
	CHECK_INT(0, hf_unpin(&pin, 0));
	CHECK_INT(3 * (long long)P, hf_pin(mm, at, 5 * P, HF_PIN_READ, NULL, &pin));
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(mm);
}

static void fast_only_faults_nothing(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 2, RW);
	struct hf_pin pin;

	CHECK_INT(-EAGAIN, try_pin(mm, at, 1, HF_PIN_READ | HF_PIN_FAST_ONLY));
	CHECK_INT(0, get(mm, at));	/* the zero page now */
	CHECK_INT(-EAGAIN, try_pin(mm, at, 1, HF_PIN_READ | HF_PIN_FAST_ONLY));
	put(mm, at, 1);
	CHECK_INT((long long)P, hf_pin(mm, at, 2 * P, HF_PIN_WRITE | HF_PIN_FAST_ONLY, NULL, &pin));
	CHECK_INT(1, pin.fast);
	CHECK_INT(0, hf_unpin(&pin, 0));
	CHECK_INT(0, stats_now().pin_slow);
	hf_mm_destroy(mm);
}

static void longterm_limit(void)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = 256 * P, .longterm_bytes = 3 * P };
	struct hf_pool *other;
	struct hf_mm *mm;
	struct hf_pin first, second, third;
	uint64_t at = 0;

	NEED_INT(0, hf_pool_create(&config, &other));
	NEED_INT(0, hf_mm_create(other, &mm));
	NEED_INT(0, hf_map(mm, &at, 8 * P, RW, HF_MAP_PRIVATE, NULL, 0));
	CHECK_INT(2 * (long long)P, hf_pin(mm, at, 2 * P, HF_PIN_READ | HF_PIN_LONGTERM, NULL, &first));
	/* one page is left, and the pin of two is a prefix */
	CHECK_INT((long long)P, hf_pin(mm, at + 2 * P, 2 * P, HF_PIN_WRITE | HF_PIN_LONGTERM, NULL, &second));
	CHECK_INT(-ENOLCK, hf_pin(mm, at + 3 * P, P, HF_PIN_WRITE | HF_PIN_LONGTERM, NULL, &third));
	CHECK_INT(0, hf_unpin(&second, 0));
	CHECK_INT(8 * (long long)P, hf_pin(mm, at, 8 * P, HF_PIN_WRITE, NULL, &second));	/* short ones: no limit */
	CHECK_INT(0, hf_unpin(&second, 0));
	CHECK_INT(0, hf_unpin_part(&first, 0, P, 0));
	CHECK_INT(2 * (long long)P, hf_pin(mm, at + 2 * P, 2 * P, HF_PIN_WRITE | HF_PIN_LONGTERM, NULL, &second));
	CHECK_INT(0, hf_unpin(&first, 0));
	CHECK_INT(0, hf_unpin(&second, 0));
	hf_mm_destroy(mm);
	CHECK_INT(0, hf_pool_destroy(other));
}

static void longterm_limit_is_half_the_pool(void)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = 64 * P };
	struct hf_pool *other;
	struct hf_mm *mm;
	struct hf_pin pin;
	uint64_t at = 0;

	NEED_INT(0, hf_pool_create(&config, &other));
	NEED_INT(0, hf_mm_create(other, &mm));
	NEED_INT(0, hf_map(mm, &at, 64 * P, RW, HF_MAP_PRIVATE, NULL, 0));
	CHECK_INT(32 * (long long)P, hf_pin(mm, at, 33 * P, HF_PIN_READ | HF_PIN_LONGTERM, NULL, &pin));
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(mm);
	CHECK_INT(0, hf_pool_destroy(other));
}

/* ---- unpin ----------------------------------------------------------------------- */

static void second_unpin_is_misuse(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW);
	struct hf_pin pin = pin_it(mm, at, P, HF_PIN_READ), copy = pin, later;
	const char *heard;

	CHECK_INT(0, hf_unpin(&copy, 0));
	CHECK_INT(-EINVAL, hf_unpin(&pin, 0));
	heard = misuse();
	CHECK(strstr(heard, "expected") && strstr(heard, "found"));
	/* Also when its record serves another pin: that one stays. */
	later = pin_it(mm, at, P, HF_PIN_READ);
	CHECK_INT(-EINVAL, hf_unpin(&pin, 0));
	CHECK(*misuse());
	CHECK_INT(-EINVAL, hf_unpin_part(&pin, 0, P, 0));
	CHECK(*misuse());
	CHECK_INT(1, stats_now().pins_held);
	CHECK_INT(0, hf_unpin(&later, 0));
	hf_mm_destroy(mm);
}

static void unpin_of_what_was_never_pinned_is_misuse(void)
{
	struct hf_pin nothing = { .record = NULL }, invented = { .record = &nothing, .serial = 12345 };

	CHECK_INT(-EINVAL, hf_unpin(&nothing, 0));
	CHECK(*misuse());
	CHECK_INT(-EINVAL, hf_unpin(&invented, 0));
	CHECK(*misuse());
	CHECK_INT(-EINVAL, hf_unpin_part(&nothing, 0, 1, 0));
	CHECK(*misuse());
	CHECK_INT(-EINVAL, hf_unpin(NULL, 0));
	misuse();
}

static void unpin_flags(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW);
	struct hf_pin pin = pin_it(mm, at, P, HF_PIN_WRITE);

	CHECK_INT(-EINVAL, hf_unpin(&pin, 2));
	misuse();
	CHECK_INT(0, hf_unpin(&pin, HF_UNPIN_DIRTY));
	hf_mm_destroy(mm);
}

static void unpin_part_wants_borders(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 4, RW);
	struct hf_pin pin = pin_it(mm, at + 100, 3 * P, HF_PIN_READ);	/* 4 pages, the first and last in part */

	CHECK_INT(-EINVAL, hf_unpin_part(&pin, 0, P, 0));
	CHECK_INT(-EINVAL, hf_unpin_part(&pin, 1, P - 101, 0));
	CHECK_INT(-EINVAL, hf_unpin_part(&pin, 0, 0, 0));
	CHECK_INT(-EINVAL, hf_unpin_part(&pin, 0, 3 * P + 1, 0));
	CHECK_INT(-EINVAL, hf_unpin_part(&pin, 3 * P, 1, 0));
	CHECK_INT(-EINVAL, hf_unpin_part(&pin, SIZE_MAX, 2, 0));
	misuse();
	CHECK_INT(0, hf_unpin_part(&pin, P - 100, P, 0));	/* the second page */
	CHECK_INT(-EINVAL, hf_unpin_part(&pin, 0, 3 * P, 0));
	CHECK(strstr(misuse(), "unpinned before"));
	CHECK_INT(0, hf_unpin_part(&pin, 3 * P - 100, 100, 0));	/* the last */
	CHECK_INT(0, hf_unpin(&pin, 0));			/* the rest */
	CHECK_INT(-EINVAL, hf_unpin(&pin, 0));
	misuse();
	hf_mm_destroy(mm);
}

static void last_part_ends_the_pin(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 2, RW);
	struct hf_pin pin = pin_it(mm, at, 2 * P, HF_PIN_READ);

	CHECK_INT(0, hf_unpin_part(&pin, P, P, 0));
	CHECK_INT(1, stats_now().pins_held);
	CHECK_INT(0, hf_unpin_part(&pin, 0, P, 0));
	CHECK_INT(0, stats_now().pins_held);
	CHECK_INT(-EINVAL, hf_unpin(&pin, 0));
	CHECK(*misuse());
	hf_mm_destroy(mm);
}

/* Promise: coherent.  The rest of a pin keeps its pages when a part is over. */
static void part_leaves_the_rest_pinned(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_anon(mm, 2, RW);
	struct hf_pin pin = pin_it(mm, at, 2 * P, HF_PIN_WRITE);
	struct hf_fork_report report = { .room = 0 };

	CHECK_INT(0, hf_unpin_part(&pin, 0, P, HF_UNPIN_DIRTY));
	NEED_INT(0, hf_mm_fork(mm, HF_FORK_COPY, &report, &child));
	CHECK_INT(1, report.copied);
	put(mm, at + P, 5);
	CHECK_INT(5, *pinned(&pin, P));
	*pinned(&pin, P) = 6;
	CHECK_INT(6, get(mm, at + P));
	CHECK_INT(0, get(child, at + P));
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

/* ---- a pin is a plain pointer -------------------------------------------------------- */

static void runs_are_ready_for_system_calls(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 70, RW), bytes = 0;
	char path[] = "/tmp/holdfast-test-XXXXXX", expected[8];
	int fd = mkstemp(path);
	struct hf_pin pin;

	NEED(fd >= 0);
	unlink(path);
	for (unsigned i = 0; i < 70; i += 2)	/* every other page first: no long runs */
		put(mm, at + i * P, 1);
	fill(mm, at, 0x41, 70 * P);
	pin = pin_it(mm, at + 10, 69 * P, HF_PIN_READ);
	for (int i = 0; i < pin.iovcnt; i++)
		bytes += pin.iov[i].iov_len;
	CHECK_INT(69 * P, bytes);
	CHECK_INT(69 * P, pin.length);
	for (int i = 0; i < pin.iovcnt; i++)	/* one by one: there may be more than IOV_MAX */
		CHECK_INT(pin.iov[i].iov_len, pwritev(fd, &pin.iov[i], 1, 0));
	CHECK_INT(0, hf_unpin(&pin, 0));
	pin = pin_it(mm, at + P - 4, 8, HF_PIN_WRITE);
	CHECK_INT(8, pwrite(fd, "ABCDEFGH", 8, 0));
	CHECK_INT(8, preadv(fd, pin.iov, pin.iovcnt, 0));
	CHECK_INT(8, hf_read(mm, at + P - 4, expected, 8));
	CHECK(!memcmp(expected, "ABCDEFGH", 8));
	CHECK_INT(0, hf_unpin(&pin, HF_UNPIN_DIRTY));
	close(fd);
	hf_mm_destroy(mm);
}

static void neighbours_are_one_run(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 2, RW);
	struct hf_pin pin = pin_it(mm, at + 1, 2 * P - 2, HF_PIN_WRITE);

	CHECK(pin.iovcnt == 1 || pin.iovcnt == 2);
	for (size_t i = 0; i < pin.length; i++)
		*pinned(&pin, i) = (unsigned char)i;
	CHECK_INT(0, get(mm, at));
	CHECK_INT(0, get(mm, at + 1));
	CHECK_INT(1, get(mm, at + 2));
	CHECK_INT((2 * P - 3) & 255, get(mm, at + 2 * P - 2));
	CHECK_INT(0, get(mm, at + 2 * P - 1));
	CHECK_INT(0, hf_unpin(&pin, HF_UNPIN_DIRTY));
	hf_mm_destroy(mm);
}

/* ---- promises ---------------------------------------------------------------------------- */

/* Still the page?  Both ways. */
static void check_coherent(struct hf_mm *mm, uint64_t at, const struct hf_pin *pin, const char *after)
{
	static unsigned char value;

	put(mm, at, ++value);
	if (*pinned(pin, 0) != value)
		fail_at(__FILE__, __LINE__, "after %s a store is not seen through the pin", after);
	*pinned(pin, 0) = ++value;
	if (get(mm, at) != value)
		fail_at(__FILE__, __LINE__, "after %s the device's write is not seen through the mm", after);
}

static void check_all_coherent(struct hf_mm *mm, uint64_t at, unsigned how)
{
	struct hf_pin pin = pin_it(mm, at, P, how);
	uint64_t to = NOWHERE;
	struct hf_mm *child;

	check_coherent(mm, at, &pin, "the pin");
	child = fork_mm(mm);
	check_coherent(mm, at, &pin, "a fork");
	hf_mm_destroy(child);
	check_coherent(mm, at, &pin, "the child's end");
	CHECK_INT(0, hf_protect(mm, at, P, R));
	CHECK_INT(0, hf_protect(mm, at, P, RW));
	check_coherent(mm, at, &pin, "protect and back");
	CHECK_INT(0, hf_protect(mm, at, P, HF_PROT_NONE));
	CHECK_INT(0, hf_protect(mm, at, P, RW));
	check_coherent(mm, at, &pin, "no access and back");
	CHECK_INT(0, hf_advise(mm, at, P, HF_ADVISE_DISCARD));
	check_coherent(mm, at, &pin, "a discard");
	CHECK_INT(0, hf_remap(mm, at, P, P, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to));
	check_coherent(mm, to, &pin, "a move");
	CHECK_INT(0, hf_remap(mm, to, P, 2 * P, HF_REMAP_MAYMOVE, &to));
	check_coherent(mm, to, &pin, "growing in place");
	map_at(mm, to + 2 * P, 1, R, HF_MAP_FIXED_NOREPLACE, NULL);
	CHECK_INT(0, hf_remap(mm, to, 2 * P, 3 * P, HF_REMAP_MAYMOVE, &to));
	CHECK(to != NOWHERE);
	check_coherent(mm, to, &pin, "growing elsewhere");
	CHECK_INT(0, hf_remap(mm, to, 3 * P, P, 0, NULL));
	check_coherent(mm, to, &pin, "shrinking");
	child = fork_mm(mm);
	check_coherent(mm, to, &pin, "a fork after all that");
	hf_mm_destroy(child);
	CHECK_INT(0, hf_unpin(&pin, HF_UNPIN_DIRTY));
	CHECK_INT(0, hf_unmap(mm, NOWHERE, 10 * P));
	CHECK_INT(0, hf_unmap(mm, to, P));
}

/* Promises: coherent, symmetric: in every kind of mapping, for read pins as for write pins. */
static void pinned_page_stays_the_page(void)
{
	static const unsigned hows[] = { HF_PIN_READ, HF_PIN_WRITE, HF_PIN_READ | HF_PIN_LONGTERM };

	for (size_t i = 0; i < 3; i++) {
		struct hf_mm *mm = new_mm();
		struct hf_object *object = new_object(1);

		check_all_coherent(mm, map_anon(mm, 1, RW), hows[i]);
		check_all_coherent(mm, map_at(mm, 0, 1, RW, HF_MAP_PRIVATE, object), hows[i]);
		check_all_coherent(mm, map_at(mm, 0, 1, RW, HF_MAP_SHARED, NULL), hows[i]);
		CHECK_INT(0, hf_object_resize(object, 3 * P, HF_RESIZE_BUSY));
		check_all_coherent(mm, map_at(mm, 0, 1, RW, HF_MAP_SHARED, object), hows[i]);
		hf_object_destroy(object);
		hf_mm_destroy(mm);
	}
}

static void discard_under_a_pin_changes_the_page(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object(1);
	uint64_t anon = map_anon(mm, 1, RW), copy = map_at(mm, 0, 1, RW, HF_MAP_PRIVATE, object);
	uint64_t shared = map_at(mm, 0, 1, RW, HF_MAP_SHARED, object);
	struct hf_pin a = pin_it(mm, anon, P, HF_PIN_READ), c = pin_it(mm, copy, P, HF_PIN_WRITE);
	struct hf_pin s = pin_it(mm, shared, P, HF_PIN_WRITE);

	fill(mm, anon, 1, P);
	fill(mm, copy, 2, P);
	fill(mm, shared, 3, P);
	CHECK_INT(0, hf_advise(mm, anon, P, HF_ADVISE_DISCARD));
	CHECK_INT(0, hf_advise(mm, copy, P, HF_ADVISE_DISCARD));
	CHECK_INT(0, hf_advise(mm, shared, P, HF_ADVISE_DISCARD));
	CHECK_INT(0, *pinned(&a, P - 1));
	CHECK_INT(3, *pinned(&c, P - 1));
	CHECK_INT(3, *pinned(&s, P - 1));
	put(mm, shared, 4);	/* the copy is refilled, and stays a copy */
	CHECK_INT(3, get(mm, copy));
	CHECK_INT(2, stats_now().discard_kept);
	hf_unpin(&a, 0);
	hf_unpin(&c, 0);
	hf_unpin(&s, 0);
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

/* Promise: isolated. */
static void fork_separates_pinned_and_unpinned(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_anon(mm, 2, RW);
	struct hf_pin pin, child_pin;

	put(mm, at, 1);
	put(mm, at + P, 2);
	pin = pin_it(mm, at, P, HF_PIN_WRITE);
	child = fork_mm(mm);
	*pinned(&pin, 0) = 3;
	put(mm, at + P, 4);
	CHECK_INT(1, get(child, at));
	CHECK_INT(2, get(child, at + P));
	child_pin = pin_it(child, at + P, P, HF_PIN_READ);
	put(child, at + P, 5);
	CHECK_INT(5, *pinned(&child_pin, 0));
	CHECK_INT(4, get(mm, at + P));
	hf_unpin(&child_pin, 0);
	hf_unpin(&pin, 0);
	hf_mm_destroy(mm);
	CHECK_INT(1, get(child, at));
	hf_mm_destroy(child);
}

/* Promise: isolated.  CVE-2020-29374: a plain reference must not see what the other side writes later. */
static void get_does_not_leak(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_anon(mm, 1, RW);
	struct hf_pin reference;

	put(mm, at, 1);
	child = fork_mm(mm);
	reference = pin_it(child, at, P, HF_PIN_GET);
	CHECK_INT(0, hf_unmap(child, at, P));
	put(mm, at, 2);
	CHECK_INT(1, *pinned(&reference, 0));
	CHECK_INT(2, get(mm, at));
	hf_mm_destroy(mm);
	CHECK_INT(1, *pinned(&reference, 0));
	CHECK_INT(0, hf_unpin(&reference, 0));
	hf_mm_destroy(child);
}

/* Promise: fast.  Once pinned, in every kind of mapping; also a read-only shared one. */
static void second_pin_is_fast(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object(2);
	uint64_t at[7] = { map_anon(mm, 1, RW), map_anon(mm, 1, R), map_at(mm, 0, 1, RW, HF_MAP_PRIVATE, object),
			   map_at(mm, 0, 1, R, HF_MAP_PRIVATE, object), map_at(mm, 0, 1, R, HF_MAP_SHARED, object),
			   map_at(mm, 0, 1, RW, HF_MAP_SHARED, object),
			   map_at(mm, 0, 1, R | HF_PROT_SEAL, HF_MAP_PRIVATE, object) };

	for (size_t i = 0; i < 7; i++) {
		struct hf_pin pin = pin_it(mm, at[i], P, HF_PIN_READ);

		CHECK_INT(0, pin.fast);
		CHECK_INT(0, hf_unpin(&pin, 0));
		CHECK_INT(0, try_pin(mm, at[i], P, HF_PIN_READ | HF_PIN_FAST_ONLY));
		CHECK_INT(0, try_pin(mm, at[i], P, HF_PIN_READ | HF_PIN_LONGTERM | HF_PIN_FAST_ONLY));
	}
	CHECK_INT(0, try_pin(mm, at[0], P, HF_PIN_WRITE));
	CHECK_INT(0, try_pin(mm, at[0], P, HF_PIN_WRITE | HF_PIN_FAST_ONLY));
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

/* Promise: backed.  A sealed mapping keeps the association; an unsealed one can't. */
static void sealed_pin_keeps_the_objects_page(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object(1);
	uint64_t sealed = map_at(mm, 0, 1, R | HF_PROT_SEAL, HF_MAP_PRIVATE, object);
	uint64_t plain = map_at(mm, 0, 1, R, HF_MAP_PRIVATE, object);
	struct hf_pin s = pin_it(mm, sealed, P, HF_PIN_READ), p = pin_it(mm, plain, P, HF_PIN_READ);

	CHECK_INT(1, hf_object_write(object, 0, "x", 1));
	CHECK_INT('x', *pinned(&s, 0));
	CHECK_INT('x', get(mm, sealed));
	CHECK_INT(0, *pinned(&p, 0));
	CHECK_INT(0, get(mm, plain));
	CHECK_INT(-EBUSY, hf_object_resize(object, 0, HF_RESIZE_BUSY));
	hf_unpin(&s, 0);
	CHECK_INT(0, hf_object_resize(object, 0, HF_RESIZE_BUSY));
	hf_unpin(&p, 0);
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

/* Promise: frugal. */
static void pinning_copies_nothing_that_is_not_shared(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_anon(mm, 4, RW);

	fill(mm, at, 1, 4 * P);
	CHECK_INT(0, try_pin(mm, at, 4 * P, HF_PIN_READ));
	CHECK_INT(0, try_pin(mm, at, 4 * P, HF_PIN_WRITE));
	CHECK_INT(0, stats_now().copies);
	child = fork_mm(mm);
	CHECK_INT(0, try_pin(mm, at, P, HF_PIN_READ));
	CHECK_INT(1, stats_now().copies);
	put(mm, at, 2);			/* the copy was for that too */
	CHECK_INT(1, stats_now().copies);
	hf_mm_destroy(child);
	put(mm, at + P, 2);		/* nobody shares it any more */
	CHECK_INT(1, stats_now().copies);
	hf_mm_destroy(mm);
}

/* Promise: safe. */
static void pin_outlives_everything(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object(1);
	uint64_t anon = map_anon(mm, 1, RW), shared = map_at(mm, 0, 1, RW, HF_MAP_SHARED, object);
	struct hf_pin a = pin_it(mm, anon, P, HF_PIN_WRITE), s = pin_it(mm, shared, P, HF_PIN_READ);

	put(mm, anon, 1);
	put(mm, shared, 2);
	CHECK_INT(0, hf_unmap(mm, anon, P));
	hf_object_destroy(object);
	hf_mm_destroy(mm);
	mm = new_mm();			/* others may take pages: not these */
	fill(mm, map_anon(mm, 1000, RW), 0x99, 1000 * P);
	CHECK_INT(1, *pinned(&a, 0));
	CHECK_INT(2, *pinned(&s, 0));
	CHECK_INT(0, hf_unpin(&a, HF_UNPIN_DIRTY));
	CHECK_INT(0, hf_unpin(&s, 0));
	hf_mm_destroy(mm);
}

/* Any thread may call anything, and need not be registered: pin here, unpin there. */
static void *use_and_go(void *argument)
{
	struct hf_pin *pin = argument;
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW);

	must(!hf_unpin(pin, HF_UNPIN_DIRTY), "hf_unpin");
	put(mm, at, 1);
	must(!try_pin(mm, at, P, HF_PIN_WRITE), "hf_pin");
	hf_mm_destroy(fork_mm(mm));
	hf_mm_destroy(mm);
	return NULL;
}

static void threads_come_and_go(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW);

	for (int i = 0; i < 200; i++) {
		struct hf_pin pin = pin_it(mm, at, P, HF_PIN_WRITE);
		pthread_t thread;

		must(!pthread_create(&thread, NULL, use_and_go, &pin), "pthread_create");
		pthread_join(thread, NULL);
	}
	CHECK_INT(0, stats_now().pins_held);
	hf_mm_destroy(mm);
}

int main(void)
{
	TEST(pin_refuses_bad_arguments);
	TEST(pin_refuses_bad_places);
	TEST(pin_is_a_prefix);
	TEST(fast_only_faults_nothing);
	TEST(longterm_limit);
	TEST(longterm_limit_is_half_the_pool);
	TEST(second_unpin_is_misuse);
	TEST(unpin_of_what_was_never_pinned_is_misuse);
	TEST(unpin_flags);
	TEST(unpin_part_wants_borders);
	TEST(last_part_ends_the_pin);
	TEST(part_leaves_the_rest_pinned);
	TEST(runs_are_ready_for_system_calls);
	TEST(neighbours_are_one_run);
	TEST(pinned_page_stays_the_page);
	TEST(discard_under_a_pin_changes_the_page);
	TEST(fork_separates_pinned_and_unpinned);
	TEST(get_does_not_leak);
	TEST(second_pin_is_fast);
	TEST(sealed_pin_keeps_the_objects_page);
	TEST(pinning_copies_nothing_that_is_not_shared);
	TEST(pin_outlives_everything);
	TEST(threads_come_and_go);
	return closing_line();
}

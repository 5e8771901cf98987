/*
 * test_api.c - every call of the public header, and every error that it documents
 *
 * Pools, objects and access; mappings are in test_mappings.c, pins, forks and what
 * can be seen of them in test_pins.c.  A test that is about a promise names it.
 */
#include <pthread.h>
#include <unistd.h>

#include "kit.h"

#define NOWHERE (UINT64_C(1) << 40)	/* nothing is ever mapped there */
#define END (UINT64_C(1) << 47)
#define OBJECT_END (UINT64_C(1) << 44)

/* ---- pool --------------------------------------------------------------------- */

static void version_and_page_size(void)
{
	char version[32];

	snprintf(version, sizeof(version), "%d.%d.%d", HF_VERSION_MAJOR, HF_VERSION_MINOR, HF_VERSION_PATCH);
	CHECK(!strcmp(version, hf_version()));
	CHECK_INT(4096, hf_page_size());
}

static void pool_create_refuses_bad_sizes(void)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = 15 * P };
	struct hf_pool *other = NULL;

	CHECK_INT(-EINVAL, hf_pool_create(&config, &other));
	config.bytes = 0;
	CHECK_INT(-EINVAL, hf_pool_create(&config, &other));
	config.bytes = 64 * P;
	CHECK_INT(-EINVAL, hf_pool_create(NULL, &other));
	CHECK_INT(-EINVAL, hf_pool_create(&config, NULL));
	config.size = 0;
	CHECK_INT(-EINVAL, hf_pool_create(&config, &other));
}

/* A program that was built with a later header: fine, as long as it asks for nothing that we don't know. */
static void pool_create_knows_what_it_does_not_know(void)
{
	struct {
		struct hf_pool_config config;
		uint64_t later;
	} config = { { .size = sizeof(config), .bytes = 64 * P }, 1 };
	struct hf_pool *other = NULL;

	CHECK_INT(-EINVAL, hf_pool_create(&config.config, &other));
	config.later = 0;
	NEED_INT(0, hf_pool_create(&config.config, &other));
	CHECK_INT(0, hf_pool_destroy(other));
}

static void pool_create_refuses_what_the_system_has_not(void)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = UINT64_C(1) << 62 };
	struct hf_pool *other = NULL;
	int error = hf_pool_create(&config, &other);

	CHECK(error == -ENOMEM || error == -EINVAL);
	config.bytes = UINT64_MAX;
	error = hf_pool_create(&config, &other);
	CHECK(error == -ENOMEM || error == -EINVAL);
}

static void smallest_pool_works(void)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = 16 * P + 5 };
	struct hf_pool *other;
	struct hf_mm *mm;
	uint64_t at = 0;

	NEED_INT(0, hf_pool_create(&config, &other));
	NEED_INT(0, hf_mm_create(other, &mm));
	NEED_INT(0, hf_map(mm, &at, P, RW, HF_MAP_PRIVATE, NULL, 0));
	CHECK_INT(1, hf_fill(mm, at, 7, 1));
	CHECK_INT(7, get(mm, at));
	hf_mm_destroy(mm);
	CHECK_INT(0, hf_pool_destroy(other));
}

static void pool_memory_holds_every_pin(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW), bytes = 0;
	struct hf_pin pin = pin_it(mm, at, P, HF_PIN_WRITE);
	unsigned char *where = pin.iov[0].iov_base;
	void *base = NULL;

	hf_pool_memory(pool, &base, &bytes, NULL);
	hf_pool_memory(pool, NULL, NULL, NULL);
	CHECK_INT(4096 * P, bytes);
	CHECK(where >= (unsigned char *)base && where + P <= (unsigned char *)base + bytes);
	hf_unpin(&pin, 0);
	hf_mm_destroy(mm);
}

static void pool_destroy_waits_for_the_last_use(void)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = 64 * P };
	struct hf_pool *other;
	struct hf_object *object;
	struct hf_mm *mm;
	struct hf_pin pin;
	uint64_t at = 0;

	NEED_INT(0, hf_pool_create(&config, &other));
	NEED_INT(0, hf_object_create(other, P, &object));
	CHECK_INT(-EBUSY, hf_pool_destroy(other));
	NEED_INT(0, hf_mm_create(other, &mm));
	NEED_INT(0, hf_map(mm, &at, P, RW, HF_MAP_SHARED, object, 0));
	NEED_INT((long long)P, hf_pin(mm, at, P, HF_PIN_READ, NULL, &pin));
	hf_object_destroy(object);
	CHECK_INT(-EBUSY, hf_pool_destroy(other));
	hf_mm_destroy(mm);
	CHECK_INT(-EBUSY, hf_pool_destroy(other));
	CHECK_INT(0, hf_unpin(&pin, 0));
	CHECK_INT(0, hf_pool_destroy(other));
}

/* ---- objects ------------------------------------------------------------------- */

static void object_create_errors(void)
{
	struct hf_object *object;

	CHECK_INT(-EINVAL, hf_object_create(pool, OBJECT_END + 1, &object));
	CHECK_INT(-EINVAL, hf_object_create(NULL, P, &object));
	CHECK_INT(-EINVAL, hf_object_create(pool, P, NULL));
	hf_object_destroy(NULL);
}

static void object_ends_at_its_size(void)
{
	struct hf_object *object;
	char buffer[16] = "??????????";

	NEED_INT(0, hf_object_create(pool, 10, &object));
	CHECK_INT(10, hf_object_size(object));
	CHECK_INT(4, hf_object_write(object, 6, "abcdefgh", 8));
	CHECK_INT(0, hf_object_write(object, 10, "x", 1));
	CHECK_INT(0, hf_object_write(object, UINT64_MAX, "x", 1));
	CHECK_INT(10, hf_object_read(object, 0, buffer, sizeof(buffer)));
	CHECK(!memcmp(buffer, "\0\0\0\0\0\0abcd", 10));
	CHECK_INT(0, hf_object_read(object, 10, buffer, 1));
	CHECK_INT(0, hf_object_read(object, 0, buffer, 0));
	hf_object_destroy(object);
}

static void object_pages_are_counted(void)
{
	struct hf_object *object = new_object(1000000);
	uint64_t cached = 9, dirty = 9;

	hf_object_pages(object, &cached, &dirty);
	CHECK_INT(0, cached);
	CHECK_INT(0, dirty);
	CHECK_INT(2, hf_object_write(object, 3 * P - 1, "xy", 2));
	hf_object_pages(object, &cached, &dirty);
	hf_object_pages(object, NULL, NULL);
	CHECK_INT(2, cached);
	CHECK_INT(2, dirty);
	CHECK_INT(0, object_byte(object, 700000 * P));
	hf_object_pages(object, &cached, NULL);
	CHECK(cached <= 3);
	hf_object_destroy(object);
}

static void mappings_see_an_object_write_at_once(void)
{
	struct hf_object *object = new_object(2);
	struct hf_mm *mm = new_mm();
	uint64_t shared = map_at(mm, 0, 2, RW, HF_MAP_SHARED, object);
	uint64_t private = map_at(mm, 0, 2, RW, HF_MAP_PRIVATE, object);

	CHECK_INT(0, get(mm, shared));
	CHECK_INT(0, get(mm, private));
	CHECK_INT(0, get(mm, private + P));
	put(mm, private + P, 1);	/* a copy: it no longer follows */
	CHECK_INT(1, hf_object_write(object, 0, "a", 1));
	CHECK_INT(1, hf_object_write(object, P, "b", 1));
	CHECK_INT('a', get(mm, shared));
	CHECK_INT('a', get(mm, private));
	CHECK_INT('b', get(mm, shared + P));
	CHECK_INT(1, get(mm, private + P));
	put(mm, shared, 'c');
	CHECK_INT('c', object_byte(object, 0));
	CHECK_INT('c', get(mm, private));
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

static void mapping_outlives_the_object_handle(void)
{
	struct hf_object *object = new_object(1);
	struct hf_mm *mm = new_mm();
	uint64_t at = map_at(mm, 0, 1, RW, HF_MAP_SHARED, object);

	put(mm, at, 3);
	hf_object_destroy(object);
	CHECK_INT(3, get(mm, at));
	hf_mm_destroy(mm);
}

static void object_shrinks_and_grows(void)
{
	struct hf_object *object = new_object(3);
	struct hf_mm *mm = new_mm();
	uint64_t shared = map_at(mm, 0, 3, RW, HF_MAP_SHARED, object);
	uint64_t private = map_at(mm, 0, 3, RW, HF_MAP_PRIVATE, object);

	CHECK_INT(3 * (long long)P, hf_fill(mm, shared, 7, 3 * P));
	put(mm, private + 2 * P, 8);
	CHECK_INT(0, hf_object_resize(object, P + 100, HF_RESIZE_BUSY));
	CHECK_INT((long long)P + 100, hf_object_size(object));
	CHECK_INT(-EFAULT, get(mm, shared + 2 * P));
	CHECK_INT(7, get(mm, shared + P + 99));
	CHECK_INT(0, get(mm, shared + P + 100));	/* the rest of the last page */
	CHECK_INT(8, get(mm, private + 2 * P));		/* a private copy stays */
	CHECK_INT(0, hf_object_resize(object, 3 * P, HF_RESIZE_BUSY));
	CHECK_INT(0, get(mm, shared + P + 100));
	CHECK_INT(0, get(mm, shared + 2 * P));
	CHECK_INT(8, get(mm, private + 2 * P));
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

/* What a mapping stored behind the end, in the last page, is no part of the object. */
static void object_grows_by_zeroes(void)
{
	struct hf_object *object;
	struct hf_mm *mm = new_mm();
	uint64_t at;

	NEED_INT(0, hf_object_create(pool, 100, &object));
	at = map_at(mm, 0, 1, RW, HF_MAP_SHARED, object);
	put(mm, at + 200, 9);
	CHECK_INT(0, hf_object_resize(object, P, HF_RESIZE_BUSY));
	CHECK_INT(0, get(mm, at + 200));
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

static void object_resize_errors(void)
{
	struct hf_object *object = new_object(2);

	CHECK_INT(-EINVAL, hf_object_resize(object, OBJECT_END + 1, HF_RESIZE_BUSY));
	CHECK_INT(-EINVAL, hf_object_resize(object, P, (enum hf_resize)7));
	CHECK_INT(-EINVAL, hf_object_resize(NULL, P, HF_RESIZE_BUSY));
	CHECK_INT(2 * (long long)P, hf_object_size(object));
	hf_object_destroy(object);
}

/* Promise: backed.  A truncate never detaches a pinned page. */
static void truncate_is_busy_under_a_pin(void)
{
	struct hf_object *object = new_object(2);
	struct hf_mm *mm = new_mm();
	uint64_t at = map_at(mm, 0, 2, RW, HF_MAP_SHARED, object);
	struct hf_pin pin = pin_it(mm, at + P, 1, HF_PIN_READ);

	put(mm, at + P, 4);
	CHECK_INT(-EBUSY, hf_object_resize(object, P, HF_RESIZE_BUSY));
	CHECK_INT(-EBUSY, hf_object_resize(object, 0, HF_RESIZE_BUSY));
	CHECK_INT(2 * (long long)P, hf_object_size(object));
	CHECK_INT(4, get(mm, at + P));
	CHECK_INT(4, *pinned(&pin, 0));
	CHECK_INT(0, hf_object_resize(object, P + 1, HF_RESIZE_BUSY));	/* the pinned page stays */
	hf_unpin(&pin, 0);
	CHECK_INT(0, hf_object_resize(object, P, HF_RESIZE_BUSY));
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

static void *unpin_later(void *pin)
{
	usleep(20000);
	hf_unpin(pin, 0);
	return NULL;
}

static void truncate_waits_for_a_pin(void)
{
	struct hf_object *object = new_object(1);
	struct hf_mm *mm = new_mm();
	uint64_t at = map_at(mm, 0, 1, RW, HF_MAP_SHARED, object);
	struct hf_pin pin = pin_it(mm, at, P, HF_PIN_WRITE);
	pthread_t thread;

	must(!pthread_create(&thread, NULL, unpin_later, &pin), "pthread_create");
	CHECK_INT(0, hf_object_resize(object, 0, HF_RESIZE_WAIT));
	CHECK_INT(0, stats_now().pins_held);
	pthread_join(thread, NULL);
	CHECK_INT(-EFAULT, get(mm, at));
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

/* ---- access ---------------------------------------------------------------------------- */

static void access_errors_and_prefixes(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object(1);
	uint64_t at = map_anon(mm, 1, RW), beyond = map_at(mm, NOWHERE, 2, RW, HF_MAP_PRIVATE, object);
	unsigned char buffer[64];

	CHECK_INT(0, hf_read(mm, at, NULL, 0));
	CHECK_INT(-EINVAL, hf_read(mm, at, NULL, 1));
	CHECK_INT(-EINVAL, hf_write(mm, at, NULL, 1));
	CHECK_INT(-EINVAL, hf_read(NULL, at, buffer, 1));
	CHECK_INT(-EFAULT, hf_read(mm, NOWHERE + 10 * P, buffer, 1));
	CHECK_INT(-EFAULT, hf_read(mm, END, buffer, 1));
	CHECK_INT(-EFAULT, hf_read(mm, UINT64_MAX, buffer, 2));
	CHECK_INT(-EFAULT, get(mm, beyond + P));
	CHECK_INT(-EFAULT, hf_write(mm, beyond + P, "x", 1));
	CHECK_INT(10, hf_write(mm, beyond + P - 10, buffer, 20));
	CHECK_INT(10, hf_fill(mm, beyond + P - 10, 3, 20));
	CHECK_INT(10, hf_read(mm, beyond + P - 10, buffer, 20));
	CHECK_INT(3, buffer[9]);
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

static void atomic_operations(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW), old = 99;

	CHECK_INT(0, hf_atomic(mm, at, 8, HF_ATOMIC_STORE, 0x1200000005, 0, NULL));
	CHECK_INT(0, hf_atomic(mm, at, 8, HF_ATOMIC_ADD, 3, 0, &old));
	CHECK_INT(0x1200000005, old);
	CHECK_INT(0, hf_atomic(mm, at, 4, HF_ATOMIC_LOAD, 0, 0, &old));
	CHECK_INT(8, old);
	CHECK_INT(0, hf_atomic(mm, at, 4, HF_ATOMIC_AND, 12, 0, &old));
	CHECK_INT(0, hf_atomic(mm, at, 4, HF_ATOMIC_OR, 3, 0, &old));
	CHECK_INT(8, old);
	CHECK_INT(0, hf_atomic(mm, at, 4, HF_ATOMIC_XOR, 1, 0, &old));
	CHECK_INT(11, old);
	CHECK_INT(0, hf_atomic(mm, at, 4, HF_ATOMIC_SWAP, 77, 0, &old));
	CHECK_INT(10, old);
	CHECK_INT(0, hf_atomic(mm, at, 4, HF_ATOMIC_CAS, 78, 1, &old));
	CHECK_INT(77, old);
	CHECK_INT(0, hf_atomic(mm, at, 4, HF_ATOMIC_CAS, 78, 77, &old));
	CHECK_INT(77, old);
	CHECK_INT(0, hf_atomic(mm, at, 8, HF_ATOMIC_LOAD, 0, 0, &old));
	CHECK_INT(0x120000004e, old);
	hf_mm_destroy(mm);
}

static void atomic_errors(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, R);

	CHECK_INT(-EINVAL, hf_atomic(mm, at, 2, HF_ATOMIC_ADD, 1, 0, NULL));
	CHECK_INT(-EINVAL, hf_atomic(mm, at + 4, 8, HF_ATOMIC_ADD, 1, 0, NULL));
	CHECK_INT(-EINVAL, hf_atomic(mm, at + 2, 4, HF_ATOMIC_ADD, 1, 0, NULL));
	CHECK_INT(-EINVAL, hf_atomic(mm, at, 8, (enum hf_atomic)8, 1, 0, NULL));
	CHECK_INT(-EINVAL, hf_atomic(NULL, at, 8, HF_ATOMIC_ADD, 1, 0, NULL));
	CHECK_INT(-EACCES, hf_atomic(mm, at, 8, HF_ATOMIC_ADD, 1, 0, NULL));
	CHECK_INT(-EACCES, hf_atomic(mm, at, 8, HF_ATOMIC_CAS, 1, 5, NULL));
	CHECK_INT(0, hf_atomic(mm, at, 8, HF_ATOMIC_LOAD, 0, 0, NULL));
	CHECK_INT(-EFAULT, hf_atomic(mm, NOWHERE, 8, HF_ATOMIC_LOAD, 0, 0, NULL));
	hf_mm_destroy(mm);
}

static void exited_mm_answers(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_anon(mm, 1, RW), to = 0;
	struct hf_fork_report report = { .room = 0 };
	struct hf_page_info info;
	unsigned char byte;

	put(mm, at, 1);
	hf_mm_exit(mm);
	hf_mm_exit(mm);
	CHECK_INT(-ESRCH, hf_map(mm, &to, P, RW, HF_MAP_PRIVATE, NULL, 0));
	CHECK_INT(-ESRCH, hf_unmap(mm, at, P));
	CHECK_INT(-ESRCH, hf_protect(mm, at, P, R));
	CHECK_INT(-ESRCH, hf_remap(mm, at, P, 2 * P, 0, NULL));
	CHECK_INT(-ESRCH, hf_advise(mm, at, P, HF_ADVISE_DISCARD));
	CHECK_INT(-ESRCH, hf_read(mm, at, &byte, 1));
	CHECK_INT(-ESRCH, hf_write(mm, at, "x", 1));
	CHECK_INT(-ESRCH, hf_fill(mm, at, 1, 1));
	CHECK_INT(-ESRCH, hf_atomic(mm, at, 8, HF_ATOMIC_LOAD, 0, 0, NULL));
	CHECK_INT(-ESRCH, try_pin(mm, at, 1, HF_PIN_READ));
	CHECK_INT(-ESRCH, hf_mm_fork(mm, HF_FORK_COPY, NULL, &child));
	CHECK_INT(-ESRCH, hf_mm_fork_preview(mm, &report));
	CHECK_INT(-ESRCH, hf_query(mm, at, &info));
	CHECK_INT(0, stats_now().pages_data);
	hf_mm_destroy(mm);
}

/* ---- out of memory ------------------------------------------------------------------------ */

static void full_pool_is_a_clean_error(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_anon(mm, 10000, RW), n = 0;
	ssize_t filled = hf_fill(mm, at, 0x77, 10000 * P);

	CHECK(filled > 0 && filled % (ssize_t)P == 0 && filled < (ssize_t)(10000 * P));
	CHECK_INT(-ENOMEM, hf_fill(mm, at + (uint64_t)filled, 1, 1));
	CHECK_INT(-ENOMEM, try_pin(mm, at + (uint64_t)filled, 1, HF_PIN_WRITE));
	CHECK_INT(0, get(mm, at + 9999 * P) > 0);
	for (n = 0; n < (uint64_t)filled; n += P)
		if (get(mm, at + n) != 0x77)
			break;
	CHECK_INT(filled, n);
	/* A fork needs tables; it may fail, and then the parent is as before. */
	if (hf_mm_fork(mm, HF_FORK_COPY, NULL, &child) == 0)
		hf_mm_destroy(child);
	CHECK_INT(0x77, get(mm, at));
	CHECK_INT(0, hf_unmap(mm, at, P));
	put(mm, at + P, 2);
	hf_mm_destroy(mm);
}

int main(void)
{
	TEST(version_and_page_size);
	TEST(pool_create_refuses_bad_sizes);
	TEST(pool_create_knows_what_it_does_not_know);
	TEST(pool_create_refuses_what_the_system_has_not);
	TEST(smallest_pool_works);
	TEST(pool_memory_holds_every_pin);
	TEST(pool_destroy_waits_for_the_last_use);
	TEST(object_create_errors);
	TEST(object_ends_at_its_size);
	TEST(object_pages_are_counted);
	TEST(mappings_see_an_object_write_at_once);
	TEST(mapping_outlives_the_object_handle);
	TEST(object_shrinks_and_grows);
	TEST(object_grows_by_zeroes);
	TEST(object_resize_errors);
	TEST(truncate_is_busy_under_a_pin);
	TEST(truncate_waits_for_a_pin);
	TEST(access_errors_and_prefixes);
	TEST(atomic_operations);
	TEST(atomic_errors);
	TEST(exited_mm_answers);
	TEST(full_pool_is_a_clean_error);
	return closing_line();
}

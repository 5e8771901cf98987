/*
 * test_numbers.c - objects' numbers, and the 32 bits that a page's descriptor has for its place in one
 */
#include "kit.h"
#include "lab.h"

enum { MANY = 100, ROOM = 15 };	/* numbers that a pool begins with */

static const uint64_t object_end = UINT64_C(1) << 44;

static struct hf_object *new_object_with(int byte)
{
	struct hf_object *object = new_object(1);
	unsigned char bytes[] = { (unsigned char)byte };

	must(hf_object_write(object, 5, bytes, 1) == 1, "hf_object_write");
	return object;
}

/* A page that outlives its object is not taken for a page of the next one, which has its number. */
static void safe_a_pinned_page_outlives_its_object(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object_with(1), *next;
	uint64_t at = map_at(mm, 0, 1, RW, HF_MAP_SHARED, object);
	struct hf_pin pin = pin_it(mm, at, P, HF_PIN_WRITE);

	hf_object_destroy(object);
	CHECK_INT(0, hf_unmap(mm, at, P));
	next = new_object_with(2);
	at = map_at(mm, 0, 1, RW, HF_MAP_SHARED, next);
	CHECK_INT(1, *pinned(&pin, 5));
	CHECK_INT(2, get(mm, at + 5));
	CHECK_INT(0, hf_verify(pool, NULL, 0));
	CHECK_INT(0, hf_unpin(&pin, HF_UNPIN_DIRTY));
	hf_object_destroy(next);
	hf_mm_destroy(mm);
}

/* The same of a page that a truncate took from its object under a plain reference. */
static void safe_a_truncated_page_outlives_its_object(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object_with(1);
	uint64_t at = map_at(mm, 0, 1, RW, HF_MAP_SHARED, object);
	struct hf_pin get = pin_it(mm, at, P, HF_PIN_READ | HF_PIN_GET);

	CHECK_INT(0, hf_object_resize(object, 0, HF_RESIZE_BUSY));
	CHECK_INT(0, hf_verify(pool, NULL, 0));
	hf_mm_destroy(mm);
	hf_object_destroy(object);
	object = new_object_with(2);
	CHECK_INT(1, *pinned(&get, 5));
	CHECK_INT(0, hf_verify(pool, NULL, 0));
	CHECK_INT(0, hf_unpin(&get, 0));
	hf_object_destroy(object);
}

static void backed_many_objects_at_once(void)
{
	struct hf_object *objects[MANY];

	for (int i = 0; i < MANY; i++)
		objects[i] = new_object_with(i);
	for (int i = 0; i < MANY; i += 2)
		hf_object_destroy(objects[i]);
	for (int i = 0; i < MANY; i += 2)
		objects[i] = new_object_with(i + MANY);
	CHECK_INT(0, hf_verify(pool, NULL, 0));
	CHECK_INT(MANY, stats_now().objects);
	for (int i = 0; i < MANY; i++) {
		CHECK_INT(i % 2 ? i : i + MANY, object_byte(objects[i], 5));
		hf_object_destroy(objects[i]);
	}
}

/* The object itself is the first that is allocated, room for more numbers the second. */
static void no_memory_for_more_numbers(void)
{
	struct hf_object *objects[ROOM + 1];

	for (int i = 0; i < ROOM; i++)
		objects[i] = new_object_with(i);
	hf_lab_fail_allocation(pool, 2);
	CHECK_INT(-ENOMEM, hf_object_create(pool, P, &objects[ROOM]));
	CHECK_INT(0, hf_lab_fail_allocation(pool, 0));
	CHECK_INT(ROOM, stats_now().objects);
	objects[ROOM] = new_object_with(ROOM);
	for (int i = 0; i <= ROOM; i++) {
		CHECK_INT(i, object_byte(objects[i], 5));
		hf_object_destroy(objects[i]);
	}
}

static void backed_the_last_page_of_the_largest_object(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object;
	uint64_t at = 0;

	CHECK_INT(-EINVAL, hf_object_create(pool, object_end + 1, &object));
	must(!hf_object_create(pool, object_end, &object), "hf_object_create");
	CHECK_INT(-EINVAL, hf_map(mm, &at, 2 * P, RW, HF_MAP_SHARED, object, object_end - P));
	CHECK_INT(0, hf_map(mm, &at, P, RW, HF_MAP_SHARED, object, object_end - P));
	put(mm, at + P - 1, 7);
	CHECK_INT(7, object_byte(object, object_end - 1));
	CHECK_INT(0, hf_verify(pool, NULL, 0));
	CHECK_INT(0, hf_object_resize(object, object_end - 1, HF_RESIZE_BUSY));
	CHECK_INT(0, hf_object_resize(object, object_end, HF_RESIZE_BUSY));
	CHECK_INT(0, get(mm, at + P - 1));
	CHECK_INT(-EINVAL, hf_object_resize(object, object_end + 1, HF_RESIZE_BUSY));
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

/* Shared memory is an object without a name; private memory is not. */
static void shared_memory_is_no_larger_than_an_object(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = 0, private = 0;

	CHECK_INT(-EINVAL, hf_map(mm, &at, object_end + P, RW, HF_MAP_SHARED, NULL, 0));
	CHECK_INT(0, hf_map(mm, &at, object_end, RW, HF_MAP_SHARED, NULL, 0));
	put(mm, at + object_end - 1, 3);
	CHECK_INT(3, get(mm, at + object_end - 1));
	CHECK_INT(-EINVAL, hf_remap(mm, at, object_end, object_end + P, HF_REMAP_MAYMOVE, NULL));
	CHECK_INT(0, hf_map(mm, &private, object_end + P, RW, HF_MAP_PRIVATE, NULL, 0));
	put(mm, private + object_end, 4);
	CHECK_INT(4, get(mm, private + object_end));
	hf_mm_destroy(mm);
}

int main(void)
{
	TEST(safe_a_pinned_page_outlives_its_object);
	TEST(safe_a_truncated_page_outlives_its_object);
	TEST(backed_many_objects_at_once);
	TEST(no_memory_for_more_numbers);
	TEST(backed_the_last_page_of_the_largest_object);
	TEST(shared_memory_is_no_larger_than_an_object);
	return closing_line();
}

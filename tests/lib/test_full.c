/*
 * test_full.c - what needs no page does without one, in a pool that is full
 *
 * A call that fails leaves the state as it was, and says why before it says that
 * memory is short.
 */
#include "kit.h"

#define BASE (UINT64_C(1) << 40)

/* A new mm that takes every page there is. */
static struct hf_mm *fill_pool(void)
{
	struct hf_mm *mm = new_mm();

	map_at(mm, BASE, 4096, RW, HF_MAP_FIXED, NULL);
	for (uint64_t page = 0; hf_fill(mm, BASE + page * P, 1, 1) == 1; page++)
		;
	CHECK_INT(0, stats_now().pages_free);
	return mm;
}

/* Shared tables: to load what is there, or to hear that nothing is, asks for none of one's own. */
static void loads_take_no_tables(void)
{
	struct hf_mm *a = new_mm(), *b, *c, *all;
	struct hf_object *object = new_object(1);
	uint64_t copies;
	struct hf_pin pin;

	map_at(a, BASE, 4, RW, HF_MAP_FIXED, NULL);
	map_at(a, BASE + 4 * P, 4, RW, HF_MAP_FIXED | HF_MAP_SHARED, object);
	fill(a, BASE, 7, 2 * P);
	pin = pin_it(a, BASE + P, P, HF_PIN_WRITE);
	must(!hf_mm_fork(a, HF_FORK_HOLE, NULL, &b), "hf_mm_fork");
	c = fork_mm(b);
	copies = stats_now().table_copies;
	CHECK_INT(-ENODATA, get(c, BASE + P));
	CHECK_INT(-EFAULT, get(c, BASE + 5 * P));
	CHECK_INT(-EFAULT, hf_fill(c, BASE + 5 * P, 1, 1));
	CHECK_INT(-EFAULT, try_pin(c, BASE + 5 * P, P, HF_PIN_READ));
	all = fill_pool();
	CHECK_INT(7, get(c, BASE));
	CHECK_INT(-ENODATA, get(c, BASE + P));
	CHECK_INT(-EFAULT, get(c, BASE + 5 * P));
	CHECK_INT(-EFAULT, hf_fill(c, BASE + 5 * P, 1, 1));
	CHECK_INT(-ENOMEM, hf_fill(c, BASE, 1, 1));
	CHECK_INT(-ENOMEM, get(c, BASE + 2 * P));
	CHECK_INT(copies, stats_now().table_copies);
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(all);
	CHECK_INT(7, get(b, BASE));
	hf_mm_destroy(a);
	hf_mm_destroy(b);
	hf_mm_destroy(c);
	hf_object_destroy(object);
}

/*
 * A mapping that is unmapped as a whole: the table that a fork shares is dropped, though it
 * sticks out, for nothing else of this side is in it.
 */
static void unmap_of_a_mapping_takes_no_tables(void)
{
	struct hf_mm *a = new_mm(), *b, *all;

	map_at(a, BASE + 8 * P, 4, RW, HF_MAP_FIXED, NULL);
	map_at(a, BASE + (UINT64_C(1) << 39), 4, RW, HF_MAP_FIXED, NULL);
	fill(a, BASE + 8 * P, 7, 4 * P);
	b = fork_mm(a);
	all = fill_pool();
	CHECK_INT(-ENOMEM, hf_unmap(a, BASE + 9 * P, P));
	CHECK_INT(7, get(a, BASE + 9 * P));
	CHECK_INT(0, hf_unmap(a, BASE + 8 * P, 4 * P));
	CHECK_INT(-EFAULT, get(a, BASE + 9 * P));
	CHECK_INT(7, get(b, BASE + 9 * P));
	CHECK_INT(0, hf_advise(b, BASE + 8 * P, 4 * P, HF_ADVISE_DISCARD));
	CHECK_INT(0, stats_now().table_copies);
	hf_mm_destroy(all);
	CHECK_INT(0, get(b, BASE + 9 * P));
	hf_mm_destroy(a);
	hf_mm_destroy(b);
}

int main(void)
{
	pool_pages = 64;
	TEST(loads_take_no_tables);
	pool_pages = 64;
	TEST(unmap_of_a_mapping_takes_no_tables);
	return closing_line();
}

/*
 * test_mappings.c - map, unmap, protect, seal, remap and advise, and each error
 * that the public header documents for them
 */
#include "kit.h"

#define NOWHERE (UINT64_C(1) << 40)	/* nothing is ever mapped there */
#define END (UINT64_C(1) << 47)

/* ---- map ------------------------------------------------------------------------ */

static void map_refuses_bad_arguments(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object(2);
	uint64_t at = 0, odd = NOWHERE + 1, far = END - P;

	CHECK_INT(-EINVAL, hf_map(NULL, &at, P, RW, HF_MAP_PRIVATE, NULL, 0));
	CHECK_INT(-EINVAL, hf_map(mm, NULL, P, RW, HF_MAP_PRIVATE, NULL, 0));
	CHECK_INT(-EINVAL, hf_map(mm, &at, 0, RW, HF_MAP_PRIVATE, NULL, 0));
	CHECK_INT(-EINVAL, hf_map(mm, &at, UINT64_MAX, RW, HF_MAP_PRIVATE, NULL, 0));
	CHECK_INT(-EINVAL, hf_map(mm, &at, P, 8, HF_MAP_PRIVATE, NULL, 0));
	CHECK_INT(-EINVAL, hf_map(mm, &at, P, RW, 16, NULL, 0));
	CHECK_INT(-EINVAL, hf_map(mm, &at, P, RW, HF_MAP_SHARED | HF_MAP_HUGE, NULL, 0));
	CHECK_INT(-EINVAL, hf_map(mm, &at, P, RW, HF_MAP_PRIVATE | HF_MAP_HUGE, object, 0));
	CHECK_INT(-EINVAL, hf_map(mm, &at, P, R | HF_PROT_SEAL, HF_MAP_SHARED, NULL, 0));
	CHECK_INT(-EINVAL, hf_map(mm, &at, P, RW | HF_PROT_SEAL, HF_MAP_PRIVATE, NULL, 0));
	CHECK_INT(-EINVAL, hf_map(mm, &at, P, RW, HF_MAP_FIXED | HF_MAP_FIXED_NOREPLACE, NULL, 0));
	CHECK_INT(-EINVAL, hf_map(mm, &odd, P, RW, HF_MAP_FIXED, NULL, 0));
	CHECK_INT(-EINVAL, hf_map(mm, &far, 2 * P, RW, HF_MAP_FIXED, NULL, 0));
	CHECK_INT(-EINVAL, hf_map(mm, &at, P, RW, HF_MAP_PRIVATE, NULL, P));
	CHECK_INT(-EINVAL, hf_map(mm, &at, P, RW, HF_MAP_PRIVATE, object, 1));
	CHECK_INT(-EINVAL, hf_map(mm, &at, 2 * P, RW, HF_MAP_PRIVATE, object, UINT64_MAX - P + 1));
	CHECK_INT(0, at);
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

static void map_refuses_an_object_of_another_pool(void)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = 64 * P };
	struct hf_mm *mm = new_mm();
	struct hf_object *object;
	struct hf_pool *other;
	uint64_t at = 0;

	NEED_INT(0, hf_pool_create(&config, &other));
	NEED_INT(0, hf_object_create(other, P, &object));
	CHECK_INT(-EINVAL, hf_map(mm, &at, P, RW, HF_MAP_SHARED, object, 0));
	hf_object_destroy(object);
	CHECK_INT(0, hf_pool_destroy(other));
	hf_mm_destroy(mm);
}

static void map_places(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = NOWHERE, again = NOWHERE, over = NOWHERE, huge = 0;

	CHECK_INT(0, hf_map(mm, &at, 2 * P - 1, RW, HF_MAP_PRIVATE, NULL, 0));
	CHECK_INT((long long)NOWHERE, at);
	put(mm, at + P, 1);
	CHECK_INT(-EEXIST, hf_map(mm, &again, P, RW, HF_MAP_FIXED_NOREPLACE, NULL, 0));
	CHECK_INT(1, get(mm, at + P));
	CHECK_INT(0, hf_map(mm, &again, P, RW, HF_MAP_PRIVATE, NULL, 0));	/* a wish that can't be */
	CHECK(again != NOWHERE);
	over = at + P;
	CHECK_INT(0, hf_map(mm, &over, P, RW, HF_MAP_FIXED, NULL, 0));
	CHECK_INT(0, get(mm, at + P));
	CHECK_INT(-ENOMEM, hf_map(mm, &huge, END, RW, HF_MAP_PRIVATE, NULL, 0));
	hf_mm_destroy(mm);
}

static void memory_begins_as_zeroes(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 2, RW), shared = map_at(mm, 0, 2, RW, HF_MAP_SHARED, NULL);

	CHECK_INT(0, get(mm, at + P - 1));
	CHECK_INT(0, get(mm, shared + P));
	put(mm, at, 1);
	CHECK_INT(0, get(mm, at + 1));
	hf_mm_destroy(mm);
}

/* ---- unmap, protect, remap, advise --------------------------------------------------- */

static void unmap_errors_and_parts(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 3, RW);

	CHECK_INT(-EINVAL, hf_unmap(mm, at + 1, P));
	CHECK_INT(-EINVAL, hf_unmap(mm, at, 0));
	CHECK_INT(-EINVAL, hf_unmap(mm, END, P));
	CHECK_INT(-EINVAL, hf_unmap(mm, at, UINT64_MAX));
	CHECK_INT(-EINVAL, hf_unmap(NULL, at, P));
	CHECK_INT(0, hf_unmap(mm, NOWHERE, P));
	CHECK_INT(0, hf_unmap(mm, at + P, P));
	CHECK_INT(-EFAULT, get(mm, at + P));
	CHECK_INT(0, get(mm, at));
	CHECK_INT(0, get(mm, at + 2 * P));
	CHECK_INT(0, hf_unmap(mm, at, 3 * P));
	CHECK_INT(-EFAULT, get(mm, at));
	hf_mm_destroy(mm);
}

static void protect_errors(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 2, RW), shared = map_at(mm, 0, 1, RW, HF_MAP_SHARED, NULL);

	CHECK_INT(-EINVAL, hf_protect(mm, at + 1, P, R));
	CHECK_INT(-EINVAL, hf_protect(mm, at, 0, R));
	CHECK_INT(-EINVAL, hf_protect(mm, at, P, 8));
	CHECK_INT(-EINVAL, hf_protect(mm, at, P, RW | HF_PROT_SEAL));
	CHECK_INT(-EINVAL, hf_protect(mm, shared, P, R | HF_PROT_SEAL));
	CHECK_INT(-EINVAL, hf_protect(NULL, at, P, R));
	CHECK_INT(-ENOMEM, hf_protect(mm, NOWHERE, P, R));
	CHECK_INT(0, hf_unmap(mm, at + P, P));
	CHECK_INT(-ENOMEM, hf_protect(mm, at, 2 * P, R));
	put(mm, at, 1);		/* and nothing changed */
	hf_mm_destroy(mm);
}

static void protect_is_kept(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW);

	put(mm, at, 6);
	CHECK_INT(0, hf_protect(mm, at, P, R));
	CHECK_INT(-EACCES, hf_write(mm, at, "x", 1));
	CHECK_INT(-EACCES, hf_fill(mm, at, 1, 1));
	CHECK_INT(6, get(mm, at));
	CHECK_INT(0, hf_protect(mm, at, P, HF_PROT_NONE));
	CHECK_INT(-EACCES, get(mm, at));
	CHECK_INT(0, hf_protect(mm, at, P, HF_PROT_WRITE));	/* implies reading */
	CHECK_INT(6, get(mm, at));
	put(mm, at, 7);
	hf_mm_destroy(mm);
}

static void seal_is_for_ever(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_anon(mm, 2, RW), to = 0;

	put(mm, at, 5);
	CHECK_INT(0, hf_protect(mm, at, P, R | HF_PROT_SEAL));
	CHECK_INT(-EACCES, hf_protect(mm, at, P, RW));
	CHECK_INT(-EACCES, hf_protect(mm, at, 2 * P, RW));
	CHECK_INT(0, hf_protect(mm, at, P, HF_PROT_NONE));
	CHECK_INT(0, hf_protect(mm, at, P, R));
	CHECK_INT(5, get(mm, at));
	child = fork_mm(mm);
	CHECK_INT(-EACCES, hf_protect(child, at, P, RW));
	hf_mm_destroy(child);
	/* Remap, discard and unmap stay allowed. */
	to = NOWHERE;
	CHECK_INT(0, hf_remap(mm, at, P, P, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to));
	CHECK_INT(-EACCES, hf_protect(mm, to, P, RW));
	CHECK_INT(0, hf_advise(mm, to, P, HF_ADVISE_DISCARD));
	CHECK_INT(0, get(mm, to));
	CHECK_INT(0, hf_unmap(mm, to, P));
	hf_mm_destroy(mm);
}

static void remap_errors(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_at(mm, NOWHERE, 2, RW, HF_MAP_PRIVATE, NULL), odd = at + 10 * P + 1, over = at + P;

	map_at(mm, at + 2 * P, 1, R, HF_MAP_FIXED, NULL);
	CHECK_INT(-EINVAL, hf_remap(NULL, at, P, P, 0, NULL));
	CHECK_INT(-EINVAL, hf_remap(mm, at + 1, P, P, 0, NULL));
	CHECK_INT(-EINVAL, hf_remap(mm, at, 0, P, 0, NULL));
	CHECK_INT(-EINVAL, hf_remap(mm, at, P, 0, 0, NULL));
	CHECK_INT(-EINVAL, hf_remap(mm, at, P, UINT64_MAX, HF_REMAP_MAYMOVE, NULL));
	CHECK_INT(-EINVAL, hf_remap(mm, at, P, P, 8, NULL));
	CHECK_INT(-EINVAL, hf_remap(mm, at, P, P, HF_REMAP_FIXED | HF_REMAP_MAYMOVE, NULL));
	CHECK_INT(-EINVAL, hf_remap(mm, at, P, P, HF_REMAP_FIXED | HF_REMAP_MAYMOVE, &odd));
	CHECK_INT(-EINVAL, hf_remap(mm, at, 2 * P, 2 * P, HF_REMAP_FIXED | HF_REMAP_MAYMOVE, &over));
	CHECK_INT(-EFAULT, hf_remap(mm, at + 20 * P, P, 2 * P, 0, NULL));
	CHECK_INT(-EFAULT, hf_remap(mm, at, 3 * P, 4 * P, HF_REMAP_MAYMOVE, NULL));	/* two mappings */
	CHECK_INT(-ENOMEM, hf_remap(mm, at, 2 * P, 3 * P, 0, NULL));	/* no room to grow in place */
	CHECK_INT(-ENOMEM, hf_remap(mm, at, 2 * P, END, HF_REMAP_MAYMOVE, NULL));
	hf_mm_destroy(mm);
}

static void remap_resizes_and_moves(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_at(mm, NOWHERE, 2, RW, HF_MAP_PRIVATE, NULL), to = 0, fixed = NOWHERE + 100 * P;

	put(mm, at + P, 2);
	CHECK_INT(0, hf_remap(mm, at, 2 * P, 4 * P, 0, NULL));
	CHECK_INT(0, get(mm, at + 3 * P));
	map_at(mm, at + 4 * P, 1, R, HF_MAP_FIXED, NULL);
	CHECK_INT(0, hf_remap(mm, at, 4 * P, 8 * P, HF_REMAP_MAYMOVE, &to));
	CHECK(to != at);
	CHECK_INT(-EFAULT, get(mm, at));
	CHECK_INT(2, get(mm, to + P));
	CHECK_INT(0, hf_remap(mm, to, 8 * P, 2 * P, 0, NULL));
	CHECK_INT(-EFAULT, get(mm, to + 2 * P));
	map_at(mm, fixed, 2, RW, HF_MAP_FIXED, NULL);
	put(mm, fixed, 9);
	CHECK_INT(0, hf_remap(mm, to + P, P, P, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &fixed));	/* a part of one */
	CHECK_INT(2, get(mm, fixed));
	CHECK_INT(-EFAULT, get(mm, to + P));
	CHECK_INT(0, get(mm, to));
	hf_mm_destroy(mm);
}

static void map_pages_of(struct hf_mm *mm, uint64_t at, uint64_t pages, struct hf_object *object, uint64_t first)
{
	must(!hf_map(mm, &at, pages * P, RW, HF_MAP_FIXED | HF_MAP_SHARED, object, first * P), "hf_map");
}

/* Mappings that touch are one where their offsets are in a row, and there alone. */
static void neighbours_merge_only_in_a_row(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object(8);
	uint64_t at = NOWHERE;

	for (uint64_t i = 0; i < 8; i++)
		CHECK_INT(1, hf_object_write(object, i * P, &"01234567"[i], 1));
	map_pages_of(mm, at, 2, object, 0);
	map_pages_of(mm, at + 2 * P, 2, object, 4);
	map_pages_of(mm, at + 4 * P, 2, object, 6);
	map_pages_of(mm, at - 2 * P, 2, object, 3);
	CHECK_INT('3', get(mm, at - 2 * P));
	CHECK_INT('0', get(mm, at));
	CHECK_INT('1', get(mm, at + P));
	CHECK_INT('4', get(mm, at + 2 * P));
	CHECK_INT('6', get(mm, at + 4 * P));
	CHECK_INT('7', get(mm, at + 5 * P));
	CHECK_INT(-EFAULT, hf_remap(mm, at, 4 * P, 2 * P, 0, NULL));
	CHECK_INT(0, hf_remap(mm, at + 2 * P, 4 * P, 3 * P, 0, NULL));
	/* And apart again where something differs, one again when it does not. */
	CHECK_INT(0, hf_protect(mm, at + 3 * P, P, R));
	CHECK_INT(-EFAULT, hf_remap(mm, at + 2 * P, 3 * P, 2 * P, 0, NULL));
	CHECK_INT(0, hf_protect(mm, at + 3 * P, P, RW));
	CHECK_INT(0, hf_remap(mm, at + 2 * P, 3 * P, 2 * P, 0, NULL));
	CHECK_INT('5', get(mm, at + 3 * P));
	CHECK_INT(-EFAULT, get(mm, at + 4 * P));
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

/* A part that moves takes its pages of the object along; the rest keeps its own. */
static void parts_keep_their_offsets(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object(8);
	uint64_t at = NOWHERE, to = NOWHERE + 100 * P;

	for (uint64_t i = 0; i < 8; i++)
		CHECK_INT(1, hf_object_write(object, i * P, &"01234567"[i], 1));
	map_pages_of(mm, at, 6, object, 1);
	CHECK_INT(0, hf_remap(mm, at + 2 * P, P, 3 * P, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to));
	CHECK_INT('3', get(mm, to));
	CHECK_INT('5', get(mm, to + 2 * P));
	CHECK_INT('2', get(mm, at + P));
	CHECK_INT(-EFAULT, get(mm, at + 2 * P));
	CHECK_INT('4', get(mm, at + 3 * P));
	CHECK_INT(0, hf_unmap(mm, at + 3 * P, P));
	CHECK_INT('5', get(mm, at + 4 * P));
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

static void advise_errors(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object(1);
	uint64_t at = map_anon(mm, 2, RW), shared = map_at(mm, 0, 1, RW, HF_MAP_SHARED, NULL);
	uint64_t private = map_at(mm, 0, 1, RW, HF_MAP_PRIVATE, object);

	CHECK_INT(-EINVAL, hf_advise(NULL, at, P, HF_ADVISE_DISCARD));
	CHECK_INT(-EINVAL, hf_advise(mm, at + 1, P, HF_ADVISE_DISCARD));
	CHECK_INT(-EINVAL, hf_advise(mm, at, 0, HF_ADVISE_DISCARD));
	CHECK_INT(-EINVAL, hf_advise(mm, at, P, (enum hf_advice)0));
	CHECK_INT(-EINVAL, hf_advise(mm, at, P, (enum hf_advice)99));
	CHECK_INT(-EINVAL, hf_advise(mm, shared, P, HF_ADVISE_WIPEONFORK));
	CHECK_INT(-EINVAL, hf_advise(mm, private, P, HF_ADVISE_WIPEONFORK));
	CHECK_INT(-ENOMEM, hf_advise(mm, NOWHERE, P, HF_ADVISE_DISCARD));
	put(mm, at, 1);
	CHECK_INT(0, hf_unmap(mm, at + P, P));
	CHECK_INT(-ENOMEM, hf_advise(mm, at, 2 * P, HF_ADVISE_DISCARD));
	CHECK_INT(1, get(mm, at));
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

static void discard_shows_what_is_below(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object(1);
	uint64_t at = map_anon(mm, 1, RW), shared = map_at(mm, 0, 1, RW, HF_MAP_SHARED, object);
	uint64_t private = map_at(mm, 0, 1, RW, HF_MAP_PRIVATE, object);

	put(mm, at, 1);
	put(mm, shared, 2);
	put(mm, private, 3);
	CHECK_INT(0, hf_advise(mm, at, P, HF_ADVISE_DISCARD));
	CHECK_INT(0, hf_advise(mm, shared, P, HF_ADVISE_DISCARD));
	CHECK_INT(0, hf_advise(mm, private, P, HF_ADVISE_DISCARD));
	CHECK_INT(0, get(mm, at));
	CHECK_INT(2, get(mm, shared));
	CHECK_INT(2, get(mm, private));
	put(mm, shared, 4);
	CHECK_INT(4, get(mm, private));
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

static void advice_about_forks(void)
{
	struct hf_mm *mm = new_mm(), *child, *grandchild;
	uint64_t gone = map_anon(mm, 1, RW), wiped = map_anon(mm, 1, RW);

	put(mm, gone, 1);
	put(mm, wiped, 2);
	CHECK_INT(0, hf_advise(mm, gone, P, HF_ADVISE_DONTFORK));
	CHECK_INT(0, hf_advise(mm, wiped, P, HF_ADVISE_WIPEONFORK));
	child = fork_mm(mm);
	CHECK_INT(-EFAULT, get(child, gone));
	CHECK_INT(0, get(child, wiped));
	put(child, wiped, 3);
	grandchild = fork_mm(child);
	CHECK_INT(0, get(grandchild, wiped));
	hf_mm_destroy(grandchild);
	hf_mm_destroy(child);
	CHECK_INT(0, hf_advise(mm, gone, P, HF_ADVISE_DOFORK));
	CHECK_INT(0, hf_advise(mm, wiped, P, HF_ADVISE_KEEPONFORK));
	child = fork_mm(mm);
	CHECK_INT(1, get(child, gone));
	CHECK_INT(2, get(child, wiped));
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

/* ---- huge pages: what is asked for, not what it does ------------------------------- */

static void the_hint_places_at_blocks(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t small = map_anon(mm, 1, RW), at = 0, beside = 0, wish = NOWHERE + P, few = 0;

	CHECK_INT(2 << 20, (long long)HF_HUGE_BYTES);
	CHECK_INT(0, hf_map(mm, &at, 2 * HF_HUGE_BYTES, RW, HF_MAP_HUGE, NULL, 0));
	CHECK_INT(0, (long long)(at % HF_HUGE_BYTES));
	CHECK_INT(0, hf_map(mm, &wish, HF_HUGE_BYTES, RW, HF_MAP_HUGE, NULL, 0));
	CHECK_INT((long long)(NOWHERE + HF_HUGE_BYTES), (long long)wish);
	/* Too short for a block: anywhere.  And a place that is given is that place. */
	CHECK_INT(0, hf_map(mm, &few, HF_HUGE_BYTES - P, RW, HF_MAP_HUGE, NULL, 0));
	beside = NOWHERE + 8 * HF_HUGE_BYTES + P;
	CHECK_INT(0, hf_map(mm, &beside, HF_HUGE_BYTES, RW, HF_MAP_FIXED | HF_MAP_HUGE, NULL, 0));
	CHECK_INT((long long)(NOWHERE + 8 * HF_HUGE_BYTES + P), (long long)beside);
	/* A move keeps to it, too. */
	map_at(mm, at + 2 * HF_HUGE_BYTES, 1, RW, HF_MAP_FIXED, NULL);
	CHECK_INT(0, hf_remap(mm, at, 2 * HF_HUGE_BYTES, 3 * HF_HUGE_BYTES, HF_REMAP_MAYMOVE, &at));
	CHECK_INT(0, (long long)(at % HF_HUGE_BYTES));
	put(mm, small, 1);
	put(mm, beside, 2);
	hf_mm_destroy(mm);
}

static void the_hint_is_for_private_anonymous_memory(void)
{
	struct hf_mm *mm = new_mm();
	struct hf_object *object = new_object(1);
	uint64_t ours = map_anon(mm, 1, RW), shared = map_at(mm, 0, 1, RW, HF_MAP_SHARED, NULL);
	uint64_t of_object = map_at(mm, 0, 1, RW, HF_MAP_PRIVATE, object);

	CHECK_INT(0, hf_advise(mm, ours, P, HF_ADVISE_HUGE));
	CHECK_INT(0, hf_advise(mm, ours, P, HF_ADVISE_NOHUGE));
	CHECK_INT(-EINVAL, hf_advise(mm, shared, P, HF_ADVISE_HUGE));
	CHECK_INT(-EINVAL, hf_advise(mm, of_object, P, HF_ADVISE_HUGE));
	CHECK_INT(0, hf_advise(mm, shared, P, HF_ADVISE_NOHUGE));
	CHECK_INT(-ENOMEM, hf_advise(mm, NOWHERE, P, HF_ADVISE_HUGE));
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

static void collapse_errors(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_at(mm, NOWHERE, 512, RW, HF_MAP_FIXED, NULL), next = at + HF_HUGE_BYTES;

	CHECK_INT(-EINVAL, hf_collapse(NULL, at, HF_HUGE_BYTES));
	CHECK_INT(-EINVAL, hf_collapse(mm, at, 0));
	CHECK_INT(-EINVAL, hf_collapse(mm, at, P));
	CHECK_INT(-EINVAL, hf_collapse(mm, at + P, HF_HUGE_BYTES));
	CHECK_INT(-EINVAL, hf_collapse(mm, at, UINT64_MAX & ~(HF_HUGE_BYTES - 1)));
	CHECK_INT(-EINVAL, hf_collapse(mm, END, HF_HUGE_BYTES));
	CHECK_INT(-ENOMEM, hf_collapse(mm, next, HF_HUGE_BYTES));
	map_at(mm, next, 512, RW, HF_MAP_FIXED | HF_MAP_SHARED, NULL);
	CHECK_INT(-EINVAL, hf_collapse(mm, next, HF_HUGE_BYTES));
	CHECK_INT(0, hf_protect(mm, at + P, P, R));
	CHECK_INT(-EINVAL, hf_collapse(mm, at, HF_HUGE_BYTES));
	CHECK_INT(0, hf_unmap(mm, at + P, P));
	CHECK_INT(-ENOMEM, hf_collapse(mm, at, HF_HUGE_BYTES));
	hf_mm_exit(mm);
	CHECK_INT(-ESRCH, hf_collapse(mm, at, HF_HUGE_BYTES));
	hf_mm_destroy(mm);
}

int main(void)
{
	TEST(map_refuses_bad_arguments);
	TEST(map_refuses_an_object_of_another_pool);
	TEST(map_places);
	TEST(memory_begins_as_zeroes);
	TEST(unmap_errors_and_parts);
	TEST(protect_errors);
	TEST(protect_is_kept);
	TEST(seal_is_for_ever);
	TEST(remap_errors);
	TEST(remap_resizes_and_moves);
	TEST(neighbours_merge_only_in_a_row);
	TEST(parts_keep_their_offsets);
	TEST(advise_errors);
	TEST(discard_shows_what_is_below);
	TEST(advice_about_forks);
	TEST(the_hint_places_at_blocks);
	TEST(the_hint_is_for_private_anonymous_memory);
	TEST(collapse_errors);
	return closing_line();
}

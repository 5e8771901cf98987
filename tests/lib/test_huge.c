/*
 * test_huge.c - huge pages: what brings them, what parts them, and that every
 * promise about a page holds of a part
 */
#include <pthread.h>
#include <stdatomic.h>

#include "kit.h"

#define BLOCK HF_HUGE_BYTES
#define PARTS (BLOCK / P)

static uint64_t map_huge(struct hf_mm *mm, uint64_t blocks)
{
	return map_at(mm, 0, blocks * PARTS, RW, HF_MAP_HUGE, NULL);
}

static struct hf_page_info query(struct hf_mm *mm, uint64_t address)
{
	struct hf_page_info info = { 0 };

	must(!hf_query(mm, address, &info), "hf_query");
	return info;
}

static bool is_huge(struct hf_mm *mm, uint64_t address)
{
	return query(mm, address).entry & HF_ENTRY_HUGE;
}

/* One huge page whose parts begin with a byte of their own each. */
static uint64_t one_huge(struct hf_mm *mm)
{
	uint64_t at = map_huge(mm, 1);

	for (uint64_t part = 0; part < PARTS; part++)
		put(mm, at + part * P, (int)(part & 0x7f) + 1);
	must(is_huge(mm, at), "a huge page");
	return at;
}

static int byte_of(uint64_t part)
{
	return (int)(part & 0x7f) + 1;
}

/* ---- how one comes to be ---------------------------------------------------------------- */

static void a_store_brings_one(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_huge(mm, 2);

	CHECK_INT(0, at % BLOCK);
	put(mm, at + 5 * P + 7, 9);
	CHECK(is_huge(mm, at));
	CHECK(is_huge(mm, at + BLOCK - 1));
	CHECK(!query(mm, at + BLOCK).entry);
	CHECK_INT(1, stats_now().huge_faults);
	CHECK_INT(PARTS, stats_now().pages_data);
	CHECK_INT(9, get(mm, at + 5 * P + 7));
	CHECK_INT(0, get(mm, at + BLOCK - 1));
	CHECK_INT(query(mm, at).frame + 5, query(mm, at + 5 * P).frame);
	hf_mm_destroy(mm);
}

static void a_load_brings_one(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_huge(mm, 1);

	CHECK_INT(0, get(mm, at + P));
	CHECK(is_huge(mm, at));
	put(mm, at + P, 3);
	CHECK(is_huge(mm, at));
	CHECK_INT(3, get(mm, at + P));
	CHECK_INT(0, stats_now().copies);
	hf_mm_destroy(mm);
}

static void a_pin_brings_one(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_huge(mm, 1);
	struct hf_pin pin = pin_it(mm, at + 3 * P, 2 * P, HF_PIN_READ);

	CHECK(is_huge(mm, at));
	put(mm, at + 3 * P, 8);
	CHECK_INT(8, *pinned(&pin, 0));
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(mm);
}

/* Safe: no address beyond the end leads anywhere, whatever the thread remembers of a huge page. */
static void far_beyond_the_end(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_huge(mm, 4), line[8] = { 0 };

	for (uint64_t block = 0; block < 4; block++)
		put(mm, at + block * BLOCK, 1);
	CHECK_INT(0, hf_protect(mm, at + BLOCK, P, R));	/* a table, next to huge entries */
	for (uint64_t block = 0; block < 2; block++)
		for (unsigned bit = 47; bit < 64; bit++)
			for (uint64_t part = 0; part < 4; part++) {
				uint64_t far = at + (UINT64_C(1) << bit) + block * BLOCK + part * P;

				CHECK_INT(64, hf_read(mm, at + block * BLOCK + P, line, 64));
				CHECK_INT(-EFAULT, hf_read(mm, far, line, 64));
				CHECK_INT(64, hf_write(mm, at + block * BLOCK + P, line, 64));
				CHECK_INT(-EFAULT, hf_write(mm, far, line, 64));
				CHECK_INT(-EINVAL, hf_read(NULL, far, line, 64));
				CHECK_INT(-EINVAL, hf_write(NULL, UINT64_C(1) << 63, line, 64));
			}
	hf_mm_destroy(mm);
}

static void not_without_the_hint(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_huge(mm, 2);

	CHECK_INT(0, hf_advise(mm, at, BLOCK, HF_ADVISE_NOHUGE));
	put(mm, at, 1);
	put(mm, at + BLOCK, 1);
	CHECK(!is_huge(mm, at));
	CHECK(is_huge(mm, at + BLOCK));
	CHECK_INT(0, hf_advise(mm, at, BLOCK, HF_ADVISE_HUGE));
	put(mm, at + P, 1);		/* there is a table already */
	CHECK(!is_huge(mm, at));
	hf_mm_destroy(mm);
}

/* Only where the mapping has all of a block. */
static void not_at_the_ends(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_huge(mm, 3);

	CHECK_INT(0, hf_unmap(mm, at, P));
	CHECK_INT(0, hf_unmap(mm, at + 3 * BLOCK - P, P));
	for (uint64_t block = 0; block < 3; block++)
		put(mm, at + block * BLOCK + P, 1);
	CHECK(!is_huge(mm, at + P));
	CHECK(is_huge(mm, at + BLOCK));
	CHECK(!is_huge(mm, at + 2 * BLOCK));
	hf_mm_destroy(mm);
}

static void a_page_where_there_is_no_block(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_huge(mm, 1);

	put(mm, at, 1);
	CHECK(!is_huge(mm, at));
	CHECK_INT(1, get(mm, at));
	CHECK_INT(0, stats_now().huge_faults);
	hf_mm_destroy(mm);
}

/* ---- pins and forks ---------------------------------------------------------------------- */

static void fork_copies_the_pinned_part_alone(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = one_huge(mm);
	struct hf_pin pin = pin_it(mm, at + 5 * P, P, HF_PIN_WRITE);

	child = fork_mm(mm);
	CHECK_INT(1, stats_now().fork_copies);
	put(mm, at + 5 * P, 99);
	CHECK_INT(99, *pinned(&pin, 0));
	*pinned(&pin, 0) = 100;
	CHECK_INT(100, get(mm, at + 5 * P));
	CHECK_INT(byte_of(5), get(child, at + 5 * P));
	put(mm, at + 6 * P, 98);
	put(child, at + 7 * P, 97);
	CHECK_INT(byte_of(6), get(child, at + 6 * P));
	CHECK_INT(byte_of(7), get(mm, at + 7 * P));
	for (uint64_t part = 8; part < PARTS; part++)
		CHECK_INT(byte_of(part), get(child, at + part * P));
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

static void fork_copies_all_of_a_pinned_whole(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = one_huge(mm);
	struct hf_pin pin = pin_it(mm, at, BLOCK, HF_PIN_READ);

	child = fork_mm(mm);
	CHECK_INT(PARTS, stats_now().fork_copies);
	CHECK(is_huge(mm, at));
	for (uint64_t part = 0; part < PARTS; part += 7) {
		put(mm, at + part * P, 120);
		CHECK_INT(120, *pinned(&pin, part * P));
		CHECK_INT(byte_of(part), get(child, at + part * P));
	}
	CHECK(is_huge(mm, at));
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(mm);
	hf_mm_destroy(child);
}

static void fork_shares_what_is_not_pinned(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = one_huge(mm);
	struct hf_pin pin = pin_it(mm, at, BLOCK, HF_PIN_READ);

	CHECK_INT(0, hf_unpin(&pin, 0));
	child = fork_mm(mm);
	CHECK_INT(0, stats_now().fork_copies);
	CHECK(is_huge(mm, at) && is_huge(child, at));
	CHECK_INT(PARTS, stats_now().pages_data);
	put(mm, at + P, 77);		/* one page is copied, and not all */
	CHECK_INT(1, stats_now().copies);
	CHECK_INT(byte_of(1), get(child, at + P));
	CHECK(!is_huge(mm, at) && is_huge(child, at));
	CHECK_INT(byte_of(2), get(mm, at + 2 * P));
	put(child, at + 2 * P, 78);
	CHECK_INT(byte_of(2), get(mm, at + 2 * P));
	hf_mm_destroy(child);
	put(mm, at + 3 * P, 79);	/* alone again */
	hf_mm_destroy(mm);
}

static void the_last_one_keeps_it(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = one_huge(mm);

	child = fork_mm(mm);
	hf_mm_destroy(mm);
	put(child, at + P, 5);
	CHECK(is_huge(child, at));
	CHECK_INT(0, stats_now().copies);
	CHECK_INT(0, stats_now().huge_splits);
	hf_mm_destroy(child);
}

/* Frugal: a page is copied once for a fork, also where the other side has parted the huge page for it. */
static void what_the_other_side_copied_is_kept(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = one_huge(mm), frame = query(mm, at + 3 * P).frame;

	child = fork_mm(mm);
	put(child, at + 3 * P, 78);
	put(child, at + 4 * P, 78);
	CHECK_INT(2, stats_now().copies);
	put(mm, at + 3 * P, 79);
	CHECK_INT(0, try_pin(mm, at + 4 * P, P, HF_PIN_READ));
	CHECK_INT(2, stats_now().copies);
	CHECK_INT(frame, query(mm, at + 3 * P).frame);
	put(mm, at + 5 * P, 79);
	CHECK_INT(3, stats_now().copies);
	CHECK_INT(78, get(child, at + 3 * P));
	CHECK_INT(byte_of(4), get(mm, at + 4 * P));
	CHECK_INT(byte_of(5), get(child, at + 5 * P));
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

/* The whole is pinned, then parted; the pin is on all parts until its end. */
static void a_pinned_whole_that_is_parted(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = one_huge(mm);
	struct hf_pin pin = pin_it(mm, at, BLOCK, HF_PIN_WRITE);

	CHECK_INT(0, hf_unmap(mm, at + P, P));
	CHECK(!is_huge(mm, at));
	CHECK_INT(byte_of(1), *pinned(&pin, P));	/* the page lives until the unpin */
	CHECK_INT(1, query(mm, at + 2 * P).pins);
	child = fork_mm(mm);
	CHECK_INT(PARTS - 1, stats_now().fork_copies);
	put(mm, at + 2 * P, 111);
	CHECK_INT(111, *pinned(&pin, 2 * P));
	CHECK_INT(byte_of(2), get(child, at + 2 * P));
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(child);
	child = fork_mm(mm);
	CHECK_INT(PARTS - 1, stats_now().fork_copies);
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

static void a_part_of_a_pinned_whole_is_unpinned(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = one_huge(mm);
	struct hf_pin pin = pin_it(mm, at, BLOCK, HF_PIN_WRITE);

	CHECK_INT(0, hf_unpin_part(&pin, 0, BLOCK - 2 * P, 0));
	child = fork_mm(mm);
	CHECK_INT(2, stats_now().fork_copies);
	put(mm, at + BLOCK - P, 66);
	CHECK_INT(66, *pinned(&pin, BLOCK - P));
	CHECK_INT(byte_of(PARTS - 1), get(child, at + BLOCK - P));
	CHECK_INT(0, hf_unpin_part(&pin, BLOCK - 2 * P, 2 * P, 0));
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

static void a_pin_across_borders(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_huge(mm, 3);
	struct hf_pin pin;

	fill(mm, at, 1, 3 * BLOCK);
	pin = pin_it(mm, at + BLOCK - P, BLOCK + 2 * P, HF_PIN_READ);
	child = fork_mm(mm);
	CHECK_INT(PARTS + 2, stats_now().fork_copies);
	fill(mm, at, 2, 3 * BLOCK);
	for (uint64_t offset = 0; offset < BLOCK + 2 * P; offset += P)
		CHECK_INT(2, *pinned(&pin, offset));
	CHECK_INT(1, get(child, at));
	CHECK_INT(1, get(child, at + BLOCK));
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

static struct hf_pin parting;
static atomic_int parts_go;

static void *unpin_parts(void *argument)
{
	long failed = 0;

	for (uint64_t part = 1; part < PARTS - 1; part++)
		failed += hf_unpin_part(&parting, part * P, P, 0) != 0;
	atomic_store(&parts_go, 0);
	*(long *)argument = failed;
	return NULL;
}

/* Isolated: a report names a pin of which parts are unpinned just then, as long as it holds others. */
static void reports_while_parts_are_unpinned(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = one_huge(mm);
	long failed = 0, missed = 0;

	for (int round = 0; round < 60; round++) {
		pthread_t thread;

		/* The second is pinned as the first was; a part of it is gone before. */
		for (int time = 0; time < 2; time++) {
			parting = pin_it(mm, at, BLOCK, HF_PIN_WRITE);
			CHECK_INT(0, time ? hf_unpin_part(&parting, 0, P, 0) : hf_unpin(&parting, 0));
		}
		atomic_store(&parts_go, 1);
		NEED_INT(0, pthread_create(&thread, NULL, unpin_parts, &failed));
		while (atomic_load(&parts_go)) {
			struct hf_pin_info pin;
			struct hf_fork_report report = { .pins = &pin, .room = 1 };

			CHECK_INT(-EBUSY, hf_mm_fork(mm, HF_FORK_REFUSE, &report, &child));
			missed += report.pins_found != 1;
		}
		pthread_join(thread, NULL);
		CHECK_INT(0, failed);
		CHECK_INT(0, hf_unpin(&parting, 0));
	}
	CHECK_INT(0, missed);
	hf_mm_destroy(mm);
}

static void holes_and_refusals(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = one_huge(mm);
	struct hf_pin pin = pin_it(mm, at + 4 * P, P, HF_PIN_READ);
	struct hf_pin_info pins[2];
	struct hf_fork_report report = { .pins = pins, .room = 2 };

	CHECK_INT(-EBUSY, hf_mm_fork(mm, HF_FORK_REFUSE, NULL, &child));
	CHECK(is_huge(mm, at));
	NEED_INT(0, hf_mm_fork(mm, HF_FORK_HOLE, &report, &child));
	CHECK_INT(1, report.holes);
	CHECK_INT(PARTS - 1, report.shared);
	CHECK_INT(1, report.pins_found);
	CHECK_INT(-ENODATA, get(child, at + 4 * P));
	CHECK_INT(byte_of(5), get(child, at + 5 * P));
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

/* CVE-2020-29374: who has a plain reference must not read what the other side stores later. */
static void a_plain_reference_in_the_child(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = one_huge(mm);
	struct hf_pin got;

	child = fork_mm(mm);
	NEED_INT(P, hf_pin(child, at + P, P, HF_PIN_GET, "get", &got));
	CHECK_INT(0, hf_unmap(child, at, BLOCK));
	put(mm, at + P, 55);
	CHECK_INT(byte_of(1), *pinned(&got, 0));
	CHECK_INT(0, hf_unpin(&got, 0));
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

/* The same the other way: got before the fork, the child stores. */
static void a_plain_reference_before_the_fork(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = one_huge(mm);
	struct hf_pin got;

	NEED_INT(P, hf_pin(mm, at + P, P, HF_PIN_GET, "get", &got));
	child = fork_mm(mm);
	hf_mm_destroy(mm);
	put(child, at + P, 55);
	CHECK_INT(byte_of(1), *pinned(&got, 0));
	CHECK_INT(0, hf_unpin(&got, 0));
	hf_mm_destroy(child);
}

/* ---- mappings that change --------------------------------------------------------------------- */

static void unmap_of_a_part(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = one_huge(mm);

	CHECK_INT(0, hf_unmap(mm, at + 2 * P, 3 * P));
	CHECK_INT(-EFAULT, get(mm, at + 2 * P));
	CHECK_INT(byte_of(1), get(mm, at + P));
	CHECK_INT(byte_of(5), get(mm, at + 5 * P));
	CHECK_INT(PARTS - 3, stats_now().pages_data);
	CHECK_INT(0, hf_unmap(mm, at, BLOCK));
	CHECK_INT(0, stats_now().pages_data);
	hf_mm_destroy(mm);
}

static void protect_of_all_and_of_a_part(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = one_huge(mm);

	CHECK_INT(0, hf_protect(mm, at, BLOCK, R));
	CHECK(is_huge(mm, at));
	CHECK_INT(-EACCES, hf_fill(mm, at, 1, 1));
	CHECK_INT(0, hf_protect(mm, at, BLOCK, 0));
	CHECK_INT(-EACCES, get(mm, at));
	CHECK_INT(0, hf_protect(mm, at, BLOCK, RW));
	put(mm, at, 44);
	CHECK(is_huge(mm, at));
	CHECK_INT(0, hf_protect(mm, at + P, P, R));
	CHECK(!is_huge(mm, at));
	CHECK_INT(-EACCES, hf_fill(mm, at + P, 1, 1));
	put(mm, at + 2 * P, 45);
	CHECK_INT(0, stats_now().copies);
	hf_mm_destroy(mm);
}

static void discard_of_all_and_of_a_part(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = one_huge(mm);

	CHECK_INT(0, hf_advise(mm, at + P, P, HF_ADVISE_DISCARD));
	CHECK_INT(0, get(mm, at + P));
	CHECK_INT(byte_of(2), get(mm, at + 2 * P));
	CHECK_INT(0, hf_advise(mm, at, BLOCK, HF_ADVISE_DISCARD));
	CHECK_INT(0, stats_now().pages_data);
	put(mm, at, 1);
	CHECK(is_huge(mm, at));
	CHECK_INT(0, hf_advise(mm, at, BLOCK, HF_ADVISE_DISCARD));
	CHECK_INT(0, stats_now().pages_data);
	hf_mm_destroy(mm);
}

static void discard_under_a_pin(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = one_huge(mm);
	struct hf_pin whole = pin_it(mm, at, BLOCK, HF_PIN_WRITE), part;

	CHECK_INT(0, hf_advise(mm, at, BLOCK, HF_ADVISE_DISCARD));
	CHECK_INT(0, get(mm, at + 3 * P));
	*pinned(&whole, 3 * P) = 12;
	CHECK_INT(12, get(mm, at + 3 * P));
	CHECK_INT(0, hf_unpin(&whole, 0));
	part = pin_it(mm, at + 9 * P, P, HF_PIN_READ);
	put(mm, at + 9 * P, 13);
	CHECK_INT(0, hf_advise(mm, at, BLOCK, HF_ADVISE_DISCARD));
	CHECK_INT(0, get(mm, at + 9 * P));
	put(mm, at + 9 * P, 14);
	CHECK_INT(14, *pinned(&part, 0));
	CHECK_INT(0, hf_unpin(&part, 0));
	hf_mm_destroy(mm);
}

static void move_to_a_border_of_blocks(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = one_huge(mm), to = at + 64 * BLOCK;
	struct hf_pin pin = pin_it(mm, at + P, P, HF_PIN_WRITE);
	uint64_t frame = query(mm, at).frame;

	CHECK_INT(0, hf_remap(mm, at, BLOCK, BLOCK, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to));
	CHECK(is_huge(mm, to));
	CHECK_INT(frame, query(mm, to).frame);
	child = fork_mm(mm);
	CHECK_INT(1, stats_now().fork_copies);
	put(mm, to + P, 33);
	CHECK_INT(33, *pinned(&pin, 0));
	CHECK_INT(byte_of(1), get(child, to + P));
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

static void move_to_anywhere(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = one_huge(mm), to = at + 64 * BLOCK + P;
	struct hf_pin pin = pin_it(mm, at, BLOCK, HF_PIN_WRITE);

	CHECK_INT(0, hf_remap(mm, at, BLOCK, BLOCK, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to));
	CHECK(!is_huge(mm, to));
	put(mm, to + 2 * P, 33);
	CHECK_INT(33, *pinned(&pin, 2 * P));
	child = fork_mm(mm);
	CHECK_INT(PARTS, stats_now().fork_copies);
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

/* Onto what is mapped already, one huge page and one in pieces. */
static void move_onto_others(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = one_huge(mm), there = map_huge(mm, 2), to = there;

	put(mm, there, 1);
	must(!hf_advise(mm, there + BLOCK, BLOCK, HF_ADVISE_NOHUGE), "hf_advise");
	put(mm, there + BLOCK, 2);
	CHECK_INT(0, hf_remap(mm, at, BLOCK, BLOCK, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to));
	CHECK(is_huge(mm, there));
	CHECK_INT(byte_of(5), get(mm, there + 5 * P));
	at = there;
	to = there + BLOCK;
	CHECK_INT(0, hf_remap(mm, at, BLOCK, BLOCK, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to));
	CHECK(is_huge(mm, there + BLOCK));
	CHECK_INT(byte_of(5), get(mm, there + BLOCK + 5 * P));
	CHECK_INT(PARTS, stats_now().pages_data);
	hf_mm_destroy(mm);
}

static void shrink_and_grow(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = one_huge(mm), to = at;

	CHECK_INT(0, hf_remap(mm, at, BLOCK, 3 * P, 0, &to));
	CHECK_INT(byte_of(2), get(mm, at + 2 * P));
	CHECK_INT(-EFAULT, get(mm, at + 3 * P));
	CHECK_INT(3, stats_now().pages_data);
	hf_mm_destroy(mm);
}

static void children_without_a_part(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = one_huge(mm);

	CHECK_INT(0, hf_advise(mm, at + P, P, HF_ADVISE_DONTFORK));
	CHECK_INT(0, hf_advise(mm, at + 3 * P, P, HF_ADVISE_WIPEONFORK));
	child = fork_mm(mm);
	CHECK_INT(-EFAULT, get(child, at + P));
	CHECK_INT(0, get(child, at + 3 * P));
	CHECK_INT(byte_of(4), get(child, at + 4 * P));
	CHECK_INT(byte_of(1), get(mm, at + P));
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

/* ---- collapse ---------------------------------------------------------------------------------- */

static void collapse_in_place(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = one_huge(mm), frame = query(mm, at).frame;
	struct hf_pin pin = pin_it(mm, at + 3 * P, P, HF_PIN_WRITE);

	CHECK_INT(0, hf_protect(mm, at + P, P, R));
	CHECK_INT(0, hf_protect(mm, at + P, P, RW));
	CHECK(!is_huge(mm, at));
	CHECK_INT(1, hf_collapse(mm, at, BLOCK));
	CHECK(is_huge(mm, at));
	CHECK_INT(frame, query(mm, at).frame);
	put(mm, at + 3 * P, 10);
	CHECK_INT(10, *pinned(&pin, 0));
	CHECK_INT(1, hf_collapse(mm, at, BLOCK));	/* it is one already */
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(mm);
}

/* The whole was pinned when it was parted, and still is. */
static void collapse_in_place_under_a_pin_of_the_whole(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = one_huge(mm);
	struct hf_pin pin = pin_it(mm, at, BLOCK, HF_PIN_WRITE);

	CHECK_INT(0, hf_protect(mm, at + P, P, R));
	CHECK_INT(0, hf_protect(mm, at + P, P, RW));
	CHECK(!is_huge(mm, at));
	CHECK_INT(1, hf_collapse(mm, at, BLOCK));
	CHECK(is_huge(mm, at));
	put(mm, at + 3 * P, 10);
	CHECK_INT(10, *pinned(&pin, 3 * P));
	child = fork_mm(mm);
	CHECK_INT(PARTS, stats_now().fork_copies);
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

/* Frugal: nobody else's again, without a copy, and without a block to copy to. */
static void collapse_in_place_when_the_child_is_gone(void)
{
	struct hf_mm *mm = new_mm(), *other = new_mm();
	uint64_t at = one_huge(mm), frame = query(mm, at).frame, rest = map_anon(other, 2048, RW);

	CHECK_INT(0, hf_protect(mm, at + P, P, R));
	CHECK_INT(0, hf_protect(mm, at + P, P, RW));
	hf_mm_destroy(fork_mm(mm));
	for (uint64_t page = 0; stats_now().pages_free >= PARTS; page++)
		put(other, rest + page * P, 1);
	CHECK_INT(1, hf_collapse(mm, at, BLOCK));
	CHECK(is_huge(mm, at));
	CHECK_INT(frame, query(mm, at).frame);
	CHECK_INT(byte_of(5), get(mm, at + 5 * P));
	put(mm, at + 5 * P, 1);
	CHECK_INT(0, stats_now().copies);
	hf_mm_destroy(other);
	hf_mm_destroy(mm);
}

static void collapse_by_copy(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_at(mm, map_huge(mm, 1), PARTS, RW, HF_MAP_FIXED, NULL);

	for (uint64_t part = 0; part < PARTS; part += 3)
		put(mm, at + part * P, byte_of(part));
	child = fork_mm(mm);
	CHECK_INT(1, hf_collapse(mm, at, BLOCK));
	CHECK(is_huge(mm, at));
	CHECK(!is_huge(child, at));
	for (uint64_t part = 0; part < PARTS; part++)
		CHECK_INT(part % 3 ? 0 : byte_of(part), get(mm, at + part * P));
	put(mm, at, 99);
	CHECK_INT(byte_of(0), get(child, at));
	hf_mm_destroy(mm);
	CHECK_INT(byte_of(3), get(child, at + 3 * P));
	hf_mm_destroy(child);
}

static void collapse_of_what_is_pinned(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_at(mm, map_huge(mm, 1), PARTS, RW, HF_MAP_FIXED, NULL);
	struct hf_pin pin = pin_it(mm, at + 4 * P, P, HF_PIN_WRITE);

	CHECK_INT(-EBUSY, hf_collapse(mm, at, BLOCK));
	put(mm, at + 4 * P, 10);
	CHECK_INT(10, *pinned(&pin, 0));
	CHECK_INT(0, hf_unpin(&pin, 0));
	NEED_INT(P, hf_pin(mm, at + 4 * P, P, HF_PIN_GET, "get", &pin));
	CHECK_INT(-EBUSY, hf_collapse(mm, at, BLOCK));
	CHECK_INT(0, hf_unpin(&pin, 0));
	CHECK_INT(1, hf_collapse(mm, at, BLOCK));
	CHECK_INT(10, get(mm, at + 4 * P));
	hf_mm_destroy(mm);
}

static void collapse_of_a_hole_and_of_nothing(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_huge(mm, 2);
	struct hf_pin pin;

	CHECK_INT(2, hf_collapse(mm, at, 2 * BLOCK));
	CHECK_INT(2 * PARTS, stats_now().pages_data);
	CHECK_INT(0, get(mm, at + BLOCK + P));
	pin = pin_it(mm, at, P, HF_PIN_READ);
	NEED_INT(0, hf_mm_fork(mm, HF_FORK_HOLE, NULL, &child));
	CHECK_INT(-ENODATA, hf_collapse(child, at, BLOCK));
	CHECK_INT(0, hf_unpin(&pin, 0));
	CHECK_INT(0, hf_unmap(mm, at + BLOCK, P));
	CHECK_INT(1, hf_collapse(mm, at, 2 * BLOCK));	/* a prefix */
	CHECK_INT(-ENOMEM, hf_collapse(mm, at + BLOCK, BLOCK));
	CHECK_INT(-EINVAL, hf_collapse(mm, at + P, BLOCK));
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

static void collapse_without_a_block(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_huge(mm, 1);

	put(mm, at, 5);
	CHECK_INT(-ENOMEM, hf_collapse(mm, at, BLOCK));
	CHECK_INT(5, get(mm, at));
	hf_mm_destroy(mm);
}

int main(void)
{
	TEST(a_store_brings_one);
	TEST(a_load_brings_one);
	TEST(a_pin_brings_one);
	TEST(far_beyond_the_end);
	TEST(not_without_the_hint);
	TEST(not_at_the_ends);
	pool_pages = PARTS;
	TEST(a_page_where_there_is_no_block);
	TEST(fork_copies_the_pinned_part_alone);
	TEST(fork_copies_all_of_a_pinned_whole);
	TEST(fork_shares_what_is_not_pinned);
	TEST(the_last_one_keeps_it);
	TEST(what_the_other_side_copied_is_kept);
	TEST(a_pinned_whole_that_is_parted);
	TEST(a_part_of_a_pinned_whole_is_unpinned);
	TEST(a_pin_across_borders);
	TEST(holes_and_refusals);
	TEST(reports_while_parts_are_unpinned);
	TEST(a_plain_reference_in_the_child);
	TEST(a_plain_reference_before_the_fork);
	TEST(unmap_of_a_part);
	TEST(protect_of_all_and_of_a_part);
	TEST(discard_of_all_and_of_a_part);
	TEST(discard_under_a_pin);
	TEST(move_to_a_border_of_blocks);
	TEST(move_to_anywhere);
	TEST(move_onto_others);
	TEST(shrink_and_grow);
	TEST(children_without_a_part);
	TEST(collapse_in_place);
	TEST(collapse_in_place_under_a_pin_of_the_whole);
	pool_pages = 2000;
	TEST(collapse_in_place_when_the_child_is_gone);
	TEST(collapse_by_copy);
	TEST(collapse_of_what_is_pinned);
	TEST(collapse_of_a_hole_and_of_nothing);
	pool_pages = PARTS;
	TEST(collapse_without_a_block);
	return closing_line();
}

/*
 * test_access.c - loads, stores, fills and atomic operations: every size, and against forks
 *
 * The errors are in test_api.c.  Against forks means: with sections that are cut at
 * any place, where the platform can cut.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "kit.h"
#include "stepping.h"

enum { MOST = 200, BEFORE = 100 };

/* ---- every size ------------------------------------------------------------------------ */

/* Two pages as they must be, around the line between them. */
static unsigned char shadow[2 * 4096];

static void expect_shadow(struct hf_mm *mm, uint64_t at)
{
	static unsigned char found[2 * 4096];

	must(hf_read(mm, at, found, sizeof(found)) == (ssize_t)sizeof(found), "hf_read");
	must(!memcmp(found, shadow, sizeof(found)), "the bytes around");
}

/* Promise: coherent.  In one page, up to its end, and across. */
static void every_length_at_the_end_of_a_page(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 2, RW);
	unsigned char bytes[MOST], found[MOST];

	memset(shadow, 0, sizeof(shadow));
	for (size_t length = 1; length < MOST; length++) {
		size_t offset = P - BEFORE + length % 7;

		for (size_t i = 0; i < length; i++)
			bytes[i] = (unsigned char)(length + i * 5);
		CHECK_INT(length, hf_write(mm, at + offset, bytes, length));
		memcpy(shadow + offset, bytes, length);
		expect_shadow(mm, at);
		memset(found, 0, sizeof(found));
		CHECK_INT(length, hf_read(mm, at + offset, found, length));
		CHECK(!memcmp(found, bytes, length));
		CHECK_INT(length, hf_fill(mm, at + offset + 3, (int)length, length));
		memset(shadow + offset + 3, (int)length, length);
		expect_shadow(mm, at);
	}
	hf_mm_destroy(mm);
}

/* A program's buffer may be a page of the pool, even the one that is loaded or stored. */
static void buffers_in_the_page_itself(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 2, RW);
	struct hf_pin pin = pin_it(mm, at, P, HF_PIN_WRITE);
	unsigned char *page = pin.iov[0].iov_base;

	for (size_t length = 1; length < MOST; length += 3)
		for (int distance = -70; distance <= 70; distance += 7) {
			for (size_t i = 0; i < 1000; i++)
				shadow[i] = page[i] = (unsigned char)(i * 11 + i / 256);
			memmove(shadow + 300 + distance, shadow + 300, length);
			must(hf_write(mm, at + 300 + (uint64_t)(int64_t)distance, page + 300, length) == (ssize_t)length,
			     "hf_write");
			must(!memcmp(page, shadow, 1000), "a store of the page's own bytes");
			memmove(shadow + 300 - distance, shadow + 300, length);
			must(hf_read(mm, at + 300, page + 300 - distance, length) == (ssize_t)length, "hf_read");
			must(!memcmp(page, shadow, 1000), "a load to the page itself");
		}
	hf_unpin(&pin, 0);
	hf_mm_destroy(mm);
}

static void four_bytes_of_eight(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW), old = 0, both;

	fill(mm, at, 0xff, 16);
	/* What is beyond the width is not asked for. */
	CHECK_INT(0, hf_atomic(mm, at + 4, 4, HF_ATOMIC_CAS, UINT64_C(0x700000005), UINT64_C(0x7ffffffff), &old));
	CHECK_INT(0xffffffff, old);
	CHECK_INT(8, hf_read(mm, at, &both, 8));
	CHECK(both == UINT64_C(0x5ffffffff));
	CHECK_INT(0, hf_atomic(mm, at, 4, HF_ATOMIC_ADD, 2, 0, &old));
	CHECK_INT(0xffffffff, old);
	CHECK_INT(8, hf_read(mm, at, &both, 8));
	CHECK(both == UINT64_C(0x500000001));
	hf_mm_destroy(mm);
}

/* ---- against forks --------------------------------------------------------------------------- */

enum { ADDS = 60000, WORDS = 8 };

static struct {
	struct hf_mm *mm;
	uint64_t at;		/* counters of 8 and 4 bytes, and WORDS words, in a page each */
	_Atomic bool done;
} race;

static void *adder_main(void *unused)
{
	for (int i = 0; i < ADDS; i++) {
		must(!hf_atomic(race.mm, race.at, 8, HF_ATOMIC_ADD, 1, 0, NULL), "hf_atomic");
		must(!hf_atomic(race.mm, race.at + 8, 4, HF_ATOMIC_ADD, 1, 0, NULL), "hf_atomic");
	}
	return unused;
}

static void *storer_main(void *unused)
{
	uint64_t words[WORDS];

	for (uint64_t value = 1; !atomic_load(&race.done); value++) {
		for (int i = 0; i < WORDS; i++)
			words[i] = value;
		must(hf_write(race.mm, race.at + P, words, sizeof(words)) == (ssize_t)sizeof(words), "hf_write");
		must(hf_fill(race.mm, race.at + 2 * P, (int)value, 128) == 128, "hf_fill");
	}
	return unused;
}

/* What the child has from its first moment is one store, or parts of two in a row; and it stays. */
static void check_child(struct hf_mm *child)
{
	uint64_t first[WORDS], again[WORDS], low, high;
	unsigned char bytes[128];

	must(hf_read(child, race.at + P, first, sizeof(first)) == (ssize_t)sizeof(first), "hf_read");
	must(hf_read(child, race.at + 2 * P, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes), "hf_read");
	low = high = first[0];
	for (int i = 1; i < WORDS; i++) {
		low = first[i] < low ? first[i] : low;
		high = first[i] > high ? first[i] : high;
	}
	CHECK(high - low <= 1);
	for (int i = 1; i < 128; i++)
		CHECK((unsigned char)(bytes[i] - bytes[0] + 1) <= 2);
	must(hf_read(child, race.at + P, again, sizeof(again)) == (ssize_t)sizeof(again), "hf_read");
	CHECK(!memcmp(first, again, sizeof(first)));
}

/* Promise: isolated, and no store or addition is lost or done twice. */
static void stores_and_additions_against_forks(void)
{
	pthread_t adders[2], storer;
	uint64_t sum[2] = { 0 }, before = 0, forks = 0;

	race.mm = new_mm();
	race.at = map_anon(race.mm, 3, RW);
	atomic_store(&race.done, false);
	must(!pthread_create(&storer, NULL, storer_main, NULL), "pthread_create");
	for (int i = 0; i < 2; i++)
		must(!pthread_create(&adders[i], NULL, adder_main, NULL), "pthread_create");
	while (sum[0] < 2 * ADDS) {
		struct hf_mm *child = fork_mm(race.mm);

		check_child(child);
		must(hf_read(child, race.at, sum, 8) == 8, "hf_read");
		CHECK(sum[0] >= before);
		before = sum[0];
		forks++;
		hf_mm_destroy(child);
	}
	atomic_store(&race.done, true);
	for (int i = 0; i < 2; i++)
		pthread_join(adders[i], NULL);
	pthread_join(storer, NULL);
	CHECK_INT(12, hf_read(race.mm, race.at, sum, 12));
	CHECK_INT(2 * ADDS, sum[0]);
	CHECK_INT(2 * ADDS, (uint32_t)sum[1]);
	CHECK(forks > 1);
	hf_mm_destroy(race.mm);
}

/* ---- each byte once, seen after each instruction ---------------------------------------- */

static struct {
	volatile unsigned char *at;	/* in the page */
	volatile size_t bytes, seen;
} stepped;

/* Who sees a byte that was stored stores over it. */
static void store_over_what_is_there(int number)
{
	(void)number;
	for (size_t i = 0; i < stepped.bytes; i++)
		if (stepped.at[i] == 0x5a) {
			stepped.at[i] = 0;
			stepped.seen++;
		}
}

static void step_once(struct hf_mm *mm, uint64_t at, size_t bytes, bool fills)
{
	unsigned char record[MOST];
	ssize_t stored;

	memset(record, 0x5a, bytes);
	stepped.bytes = bytes;
	stepped.seen = 0;
	stepping_begin(UINT32_MAX, stepping_nowhere);
	stored = fills ? hf_fill(mm, at, 0x5a, bytes) : hf_write(mm, at, record, bytes);
	stepping_end();
	CHECK_INT(bytes, stored);
	CHECK_INT(bytes, stepped.seen);
	for (size_t i = 0; i < bytes; i++)
		CHECK_INT(0, stepped.at[i]);
}

/*
 * Promise: coherent.  Where sections are cut each trap cuts one, and the bytes are stored
 * under the lock; as commits, where they are not (GLIBC_TUNABLES=glibc.pthread.rseq=0).
 */
static void no_byte_is_stored_twice(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW);
	struct hf_pin pin = pin_it(mm, at, P, HF_PIN_WRITE);

	stepping_set_up();
	if (!stepping_works()) {
		skip_test("no way to stop after each instruction");
	} else {
		signal(SIGTRAP, store_over_what_is_there);
		for (size_t bytes = 1; bytes < 70; bytes += 1 + bytes / 8)
			for (size_t offset = 0; offset < 9; offset += 4) {
				stepped.at = (unsigned char *)pin.iov[0].iov_base + offset;
				step_once(mm, at + offset, bytes, false);
				step_once(mm, at + offset, bytes, true);
			}
		signal(SIGTRAP, SIG_DFL);
	}
	hf_unpin(&pin, 0);
	hf_mm_destroy(mm);
}

int main(void)
{
	TEST(every_length_at_the_end_of_a_page);
	TEST(buffers_in_the_page_itself);
	TEST(four_bytes_of_eight);
	TEST(stores_and_additions_against_forks);
	TEST(no_byte_is_stored_twice);
	return closing_line();
}

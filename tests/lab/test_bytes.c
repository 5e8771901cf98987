/*
 * test_bytes.c - the platform's bytes of pages, and its entries in a row
 *
 * Each against the plainest loop that does the same, at every size and place around
 * those at which the real ones change their ways.
 */
#include "kit.h"
#include "platform.h"
#include "stepping.h"

enum { MOST = 300, AREA = 3 * 4096 };

static _Alignas(64) unsigned char from[AREA], to[AREA], expected[AREA];

static void scribble(void)
{
	for (unsigned i = 0; i < AREA; i++) {
		from[i] = (unsigned char)(i * 7 + i / 251);
		to[i] = expected[i] = (unsigned char)(i * 3 + i / 13);
	}
}

/* ---- copies and fills --------------------------------------------------------------- */

static void copies_of_every_length(void)
{
	for (size_t bytes = 0; bytes < MOST; bytes++)
		for (size_t offset = 0; offset < 9; offset++) {
			scribble();
			memcpy(expected + offset, from + 64 - offset, bytes);
			plat_copy(to + offset, from + 64 - offset, bytes);
			must(!memcmp(to, expected, AREA), "plat_copy");
			memset(to + offset, 0xFF, bytes);
			plat_copy_once(to + offset, from + 64 - offset, bytes);
			must(!memcmp(to, expected, AREA), "plat_copy_once");
		}
}

/* A program may read into its own pool. */
static void copies_over_themselves(void)
{
	for (size_t bytes = 0; bytes < MOST; bytes++)
		for (int distance = -70; distance <= 70; distance++) {
			scribble();
			memmove(expected + 100 + distance, expected + 100, bytes);
			plat_copy(to + 100 + distance, to + 100, bytes);
			must(!memcmp(to, expected, AREA), "plat_copy over itself");
			scribble();
			plat_copy_once(to + 100 + distance, to + 100, bytes);
			memmove(expected + 100 + distance, expected + 100, bytes);
			must(!memcmp(to, expected, AREA), "plat_copy_once over itself");
		}
}

/* Whole pages go another way, unless they overlap. */
static void copies_of_pages(void)
{
	static const size_t sizes[] = { 4095, 4096, 4097, 4352, 5120 };
	static const int distances[] = { -4096, -4095, -256, -1, 1, 255, 4095, 4096 };

	for (unsigned size = 0; size < 5; size++) {
		scribble();
		memcpy(expected + 3, from + 64, sizes[size]);
		plat_copy(to + 3, from + 64, sizes[size]);
		must(!memcmp(to, expected, AREA), "plat_copy of a page");
		for (unsigned i = 0; i < 8; i++) {
			scribble();
			memmove(expected + 4096 + distances[i], expected + 4096, 4096);
			plat_copy(to + 4096 + distances[i], to + 4096, 4096);
			must(!memcmp(to, expected, AREA), "plat_copy of a page over itself");
		}
	}
}

static void fills_of_every_length(void)
{
	for (size_t bytes = 0; bytes < MOST; bytes++)
		for (size_t offset = 0; offset < 9; offset++) {
			scribble();
			memset(expected + offset, 0x5a, bytes);
			plat_fill(to + offset, 0x5a, bytes);
			must(!memcmp(to, expected, AREA), "plat_fill");
			memset(to + offset, 0xFF, bytes);
			plat_fill_once(to + offset, 0x5a, bytes);
			must(!memcmp(to, expected, AREA), "plat_fill_once");
		}
}

/* ---- each byte once, seen after each instruction ------------------------------------- */

static volatile size_t stepped, seen;
static volatile unsigned char *looked_at;

/* Who sees a byte that was stored stores over it. */
static void store_over_what_is_there(int number)
{
	(void)number;
	for (size_t i = 0; i < stepped; i++)
		if (looked_at[i] == 0x5a) {
			looked_at[i] = 0;
			seen++;
		}
}

static void step_once(size_t offset, size_t bytes, bool fills)
{
	looked_at = to + offset;
	stepped = bytes;
	seen = 0;
	memset(to, 0xFF, AREA);
	memset(from, 0x5a, AREA);
	stepping_begin(UINT32_MAX, stepping_nowhere);
	if (fills)
		plat_fill_once(to + offset, 0x5a, bytes);
	else
		plat_copy_once(to + offset, from + 3, bytes);
	stepping_end();
	CHECK_INT(bytes, seen);
	for (size_t i = 0; i < bytes; i++)
		CHECK_INT(0, to[offset + i]);
}

static void no_byte_is_stored_twice(void)
{
	stepping_set_up();
	if (!stepping_works()) {
		skip_test("no way to stop after each instruction");
		return;
	}
	signal(SIGTRAP, store_over_what_is_there);
	for (size_t bytes = 0; bytes < 70; bytes += 1 + bytes / 8)
		for (size_t offset = 0; offset < 9; offset += 4) {
			step_once(offset, bytes, false);
			step_once(offset, bytes, true);
		}
	signal(SIGTRAP, SIG_DFL);
}

/* ---- entries ------------------------------------------------------------------------- */

static _Atomic uint64_t entries[600];

static void expect_row(size_t first, size_t n, uint64_t mask, uint64_t want, uint64_t step)
{
	size_t i = 0;

	while (i < n && (entries[first + i] & mask) == want + i * step)
		i++;
	must(plat_entries_in_row(entries + first, n, mask, want, step) == i, "plat_entries_in_row");
}

/* The first that is another one stands at every place; what the mask hides differs everywhere. */
static void rows_end_anywhere(void)
{
	const uint64_t mask = UINT64_C(0xffffffff207), steps[] = { 0, 4096, -UINT64_C(4096), UINT64_C(1) << 63 };
	const uint64_t begin = UINT64_C(0x12345678205);

	for (unsigned k = 0; k < 4; k++)
		for (size_t end = 0; end < 100; end++) {
			for (size_t i = 0; i < 600; i++)
				entries[i] = ((begin + i * steps[k]) & mask) | (i * UINT64_C(0x20000000000040) & ~mask);
			entries[end] ^= UINT64_C(1) << (end % 2 ? 2 : 43);
			for (size_t n = 0; n < 130; n++)
				expect_row(0, n, mask, begin & mask, steps[k]);
			expect_row(end + 1, 512 - end, mask, (begin + (end + 1) * steps[k]) & mask, steps[k]);
		}
}

static void rows_of_a_table(void)
{
	for (size_t i = 0; i < 600; i++)
		entries[i] = 0x63 + i * 4096;
	for (size_t first = 0; first < 20; first++)
		expect_row(first, 512, ~UINT64_C(0x60), 3 + first * 4096, 4096);
	CHECK_INT(512, plat_entries_in_row(entries, 512, 3, 3, 0));
	CHECK_INT(0, plat_entries_in_row(entries, 512, 4, 4, 0));
	CHECK_INT(0, plat_entries_in_row(entries, 0, 4, 4, 0));
}

int main(void)
{
	TEST(copies_of_every_length);
	TEST(copies_over_themselves);
	TEST(copies_of_pages);
	TEST(fills_of_every_length);
	TEST(no_byte_is_stored_twice);
	TEST(rows_end_anywhere);
	TEST(rows_of_a_table);
	return closing_line();
}

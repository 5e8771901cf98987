/*
 * test_hooks.c - code built to be explored does what it says, and each call arrives
 *
 * Each test is a program of the engine's.  Its threads are plain C with C11 atomics,
 * and call the platform as the core does; what the engine makes of the order of their
 * steps is in test_engine.c and test_litmus.c.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"
#include "platform.h"

/* In explored memory. */
struct shared {
	_Alignas(64) _Atomic uint8_t byte;
	_Alignas(64) _Atomic uint16_t two;
	_Alignas(64) _Atomic uint32_t narrow;
	_Alignas(64) _Atomic uint64_t wide;
	_Alignas(64) uint64_t plain;
	_Alignas(64) unsigned char bytes[64];
	_Alignas(64) unsigned char other[64];
	struct plat_lock lock;
};

static struct shared *shared;
static void (*body)(unsigned thread);
static const char *wrong_answer;	/* the first, in any execution */
static int passed, failed;

static void expect(bool good, const char *what)
{
	if (!good && !wrong_answer)
		wrong_answer = what;
}
#define EXPECT(condition) expect(condition, #condition)

static void setup(void *context)
{
	(void)context;
	shared = engine_alloc(sizeof(*shared));
}

static void thread(void *context, unsigned number)
{
	(void)context;
	body(number);
}

static void judge(void *context)
{
	(void)context;
}

/* Explore a body in so many threads; wrong and a part of its text are what must come out. */
static void explore(const char *name, unsigned threads, void (*what)(unsigned), enum wrong wrong, const char *text)
{
	struct program program = { .threads = threads, .setup = setup, .thread = thread, .judge = judge };
	struct exploration exploration = { .program = &program };
	struct explored explored;
	bool good;

	body = what;
	wrong_answer = NULL;
	engine_explore(&exploration, &explored);
	good = explored.wrong == wrong && !wrong_answer && strstr(explored.what, text) &&
	       explored.complete == (wrong == WRONG_NOTHING);
	printf("%s %s\n", good ? "ok  " : "FAIL", name);
	if (!good)
		printf("     wrong answer: %s; came to %s: %s; %s\n", wrong_answer ? wrong_answer : "none",
		       wrong_names[explored.wrong], explored.what, explored.limit ? explored.limit : "no limit");
	passed += good;
	failed += !good;
	run_free(explored.run);
}

/* ---- atomic accesses --------------------------------------------------------------- */

#define EACH_ACCESS(name, type, at) \
	static void name(unsigned number) \
	{ \
		type found = 5, all = (type)~(type)0; \
		_Atomic type *x = &shared->at; \
		(void)number; \
		atomic_store_explicit(x, all, memory_order_release); \
		EXPECT(atomic_load_explicit(x, memory_order_acquire) == all); \
		EXPECT(atomic_exchange_explicit(x, 12, memory_order_acq_rel) == all); \
		EXPECT(atomic_fetch_add_explicit(x, 3, memory_order_relaxed) == 12); \
		EXPECT(atomic_fetch_sub_explicit(x, 16, memory_order_relaxed) == 15); \
		EXPECT(atomic_fetch_and_explicit(x, 0x33, memory_order_relaxed) == all); \
		EXPECT(atomic_fetch_or_explicit(x, 0x0c, memory_order_relaxed) == 0x33); \
		EXPECT(atomic_fetch_xor_explicit(x, 0x0f, memory_order_relaxed) == 0x3f); \
		EXPECT(__atomic_fetch_nand((type *)(void *)x, 0x10, __ATOMIC_RELAXED) == 0x30); \
		EXPECT(atomic_load_explicit(x, memory_order_relaxed) == (type)~(type)0x10); \
		atomic_store_explicit(x, 7, memory_order_relaxed); \
		EXPECT(!atomic_compare_exchange_strong_explicit(x, &found, 9, memory_order_acq_rel, \
								memory_order_acquire)); \
		EXPECT(found == 7); \
		EXPECT(atomic_compare_exchange_strong_explicit(x, &found, 9, memory_order_acq_rel, \
							       memory_order_acquire)); \
		EXPECT(!atomic_compare_exchange_weak_explicit(x, &found, 1, memory_order_release, \
							      memory_order_relaxed)); \
		EXPECT(found == 9); \
		EXPECT(atomic_compare_exchange_weak_explicit(x, &found, 1, memory_order_release, \
							     memory_order_relaxed)); \
		EXPECT(atomic_load_explicit(x, memory_order_relaxed) == 1); \
		atomic_thread_fence(memory_order_seq_cst); \
		atomic_signal_fence(memory_order_seq_cst); \
	}
EACH_ACCESS(byte_accesses, uint8_t, byte)
EACH_ACCESS(short_accesses, uint16_t, two)
EACH_ACCESS(narrow_accesses, uint32_t, narrow)
EACH_ACCESS(wide_accesses, uint64_t, wide)

static void beside(unsigned number)
{
	if (number)
		atomic_fetch_add_explicit(&shared->wide, 0, memory_order_relaxed);
	else
		wide_accesses(0);
}

static void seq_cst_load(unsigned number)
{
	(void)number;
	(void)atomic_load_explicit(&shared->wide, memory_order_seq_cst);
}

static void seq_cst_add(unsigned number)
{
	(void)number;
	atomic_fetch_add(&shared->narrow, 1);
}

/* ---- plain accesses --------------------------------------------------------------------- */

static void plain_write(unsigned number)
{
	shared->plain = number;
}

static void plain_copy(unsigned number)
{
	if (number)
		memcpy(shared->bytes, shared->other, sizeof(shared->bytes));
	else
		shared->bytes[40]++;
}

static void plain_in_a_lock(unsigned number)
{
	(void)number;
	plat_lock(&shared->lock);
	shared->plain++;
	plat_unlock(&shared->lock);
}

/* ---- the platform -------------------------------------------------------------------------- */

static void copies(unsigned number)
{
	uint64_t here[2] = { 7, 8 }, there[2] = { 0, 0 };
	unsigned char odd[3] = { 1, 2, 3 }, even[3];

	(void)number;
	plat_copy(shared->bytes + 8, here, sizeof(here));
	plat_copy(shared->other + 16, shared->bytes + 8, sizeof(here));
	plat_copy(there, shared->other + 16, sizeof(there));
	EXPECT(there[0] == 7 && there[1] == 8);
	plat_fill(shared->other + 16, 0xab, 8);
	plat_copy(there, shared->other + 16, sizeof(there));
	EXPECT(there[0] == UINT64_C(0xabababababababab) && there[1] == 8);
	plat_copy(even, odd, sizeof(even));	/* nobody shares a stack */
	EXPECT(even[0] == 1 && even[2] == 3);
	plat_fill(even, 9, 1);
	EXPECT(even[0] == 9 && even[1] == 2);
}

static void copies_beside(unsigned number)
{
	uint64_t word;

	if (!number)
		copies(0);
	else
		plat_copy(&word, shared->other + 16, sizeof(word));
}

static void part_of_a_word(unsigned number)
{
	uint64_t word = number;

	plat_copy(shared->bytes + 4, &word, sizeof(word));
}

static void part_filled(unsigned number)
{
	(void)number;
	plat_fill(shared->bytes, 0, 12);
}

static void rest_and_wake(unsigned number)
{
	(void)number;
	plat_page_wake(shared->bytes, sizeof(shared->bytes));
	plat_page_rest(shared->bytes, sizeof(shared->bytes));
	plat_page_rest(shared->bytes, sizeof(shared->bytes));
	plat_page_wake(shared->bytes, sizeof(shared->bytes));
	shared->bytes[0] = 1;
}

static void use_at_rest(unsigned number)
{
	uint64_t word = number;

	plat_page_rest(shared->bytes, sizeof(shared->bytes));
	plat_copy(shared->bytes, &word, sizeof(word));
}

static void use_of_freed(unsigned number)
{
	struct shared *more = plat_alloc(sizeof(*more));

	EXPECT((uintptr_t)more % 64 == 0 && !more->plain);
	plat_free(NULL);
	plat_free(more);
	more->plain = number;
}

static void who_and_when(unsigned number)
{
	EXPECT(plat_self() == number);
	EXPECT(plat_now() == 0);
}

static void sections(unsigned number)
{
	if (number) {
		plat_section_enter(PLAT_LOOK);
		atomic_store_explicit(&shared->wide, 1, memory_order_relaxed);
		atomic_store_explicit(&shared->wide, 2, memory_order_relaxed);
		plat_section_leave();
	} else {
		plat_grace();
		EXPECT(atomic_load_explicit(&shared->wide, memory_order_relaxed) < 3);
	}
}

/* As many bytes are there as the copy says. */
static void copy_and_cut(unsigned number)
{
	static const uint64_t here[2] = { 5, 6 };
	uint64_t there[2];
	size_t stored;

	if (number) {
		plat_section_enter(PLAT_COPY);
		stored = plat_commit_copy(shared->bytes, here, sizeof(here));
		plat_section_leave();
		plat_copy(there, shared->bytes, sizeof(there));
		EXPECT((stored >= 8) == (there[0] == 5) && (stored == 16) == (there[1] == 6));
	} else {
		plat_cut();
		plat_copy(there, shared->bytes, sizeof(there));
		EXPECT((there[0] == 0 || there[0] == 5) && (there[1] == 0 || there[1] == 6));
	}
}

static void fill_and_cut(unsigned number)
{
	uint64_t there[2];
	size_t stored;

	if (number) {
		plat_section_enter(PLAT_FILL);
		stored = plat_commit_fill(shared->bytes, 1, sizeof(there));
		plat_section_leave();
		plat_copy(there, shared->bytes, sizeof(there));
		EXPECT((stored == 16) == (there[1] == UINT64_C(0x0101010101010101)));
	} else {
		plat_cut();
		EXPECT(!atomic_load_explicit(&shared->wide, memory_order_relaxed));
	}
}

static void raises_and_cut(unsigned number)
{
	size_t raised;
	uint64_t before = 0;
	bool swapped = true;

	if (number) {
		plat_section_enter(PLAT_RAISE_ROW);
		raised = plat_commit_raise_row(&shared->wide, sizeof(shared->wide), 1, &before);
		plat_section_leave();
		EXPECT(before == 0 && raised == atomic_load_explicit(&shared->wide, memory_order_relaxed));
		plat_section_enter(PLAT_RAISE);
		raised += plat_commit_raise(&shared->wide, &before);
		plat_section_leave();
		EXPECT(raised == atomic_load_explicit(&shared->wide, memory_order_relaxed));
		before = 9;
		plat_section_enter(PLAT_SWAP);
		if (plat_commit_swap(&shared->wide, 8, &before, 1, &swapped))
			EXPECT(!swapped && before == raised);
		plat_section_leave();
	} else {
		plat_cut();
		EXPECT(atomic_load_explicit(&shared->wide, memory_order_relaxed) < 3);
	}
}

static void another_kind(unsigned number)
{
	plat_section_enter(PLAT_COPY);
	plat_commit_fill(shared->bytes, (int)number, 8);
	plat_section_leave();
}

static void asked_for(unsigned number)
{
	uint64_t begun;

	if (number) {
		plat_section_enter(PLAT_LOOK);
		atomic_store_explicit(&shared->wide, 1, memory_order_relaxed);
		atomic_store_explicit(&shared->wide, 2, memory_order_relaxed);
		plat_section_leave();
	} else {
		begun = plat_grace_begin();
		for (unsigned attempt = 0; !plat_grace_over(begun); attempt++)
			plat_pause(attempt);
		EXPECT(plat_grace_over(begun));
	}
}

static void wait_for_it(unsigned number)
{
	if (number)
		atomic_store_explicit(&shared->narrow, 1, memory_order_release);
	else
		for (unsigned attempt = 0; !atomic_load_explicit(&shared->narrow, memory_order_acquire); attempt++)
			plat_pause(attempt);
}

static void misuse(unsigned number)
{
	(void)number;
	plat_report("unpin: not a pin");
}

int main(void)
{
	explore("atomic accesses of a byte", 1, byte_accesses, WRONG_NOTHING, "");
	explore("atomic accesses of two", 1, short_accesses, WRONG_NOTHING, "");
	explore("atomic accesses of four", 1, narrow_accesses, WRONG_NOTHING, "");
	explore("atomic accesses of eight", 1, wide_accesses, WRONG_NOTHING, "");
	explore("atomic accesses beside another thread", 2, beside, WRONG_NOTHING, "");
	explore("a seq_cst load is refused", 1, seq_cst_load, WRONG_LIMIT, "seq_cst");
	explore("a seq_cst addition is refused", 1, seq_cst_add, WRONG_LIMIT, "seq_cst");
	explore("plain writes race", 2, plain_write, WRONG_RACE, "");
	explore("a plain copy races", 2, plain_copy, WRONG_RACE, "");
	explore("a lock orders plain writes", 2, plain_in_a_lock, WRONG_NOTHING, "");
	explore("copies and fills", 1, copies, WRONG_NOTHING, "");
	explore("copies and fills beside another thread", 2, copies_beside, WRONG_NOTHING, "");
	explore("a copy of a part of a word is refused", 1, part_of_a_word, WRONG_LIMIT, "whole words");
	explore("a fill of a part of a word is refused", 1, part_filled, WRONG_LIMIT, "whole words");
	explore("a page rests and wakes", 1, rest_and_wake, WRONG_NOTHING, "");
	explore("a page at rest is used", 1, use_at_rest, WRONG_FREED, "");
	explore("freed memory is used", 1, use_of_freed, WRONG_FREED, "");
	explore("who and when", 3, who_and_when, WRONG_NOTHING, "");
	explore("a section and a grace period", 2, sections, WRONG_NOTHING, "");
	explore("a copy that is cut off", 2, copy_and_cut, WRONG_NOTHING, "");
	explore("a fill that is cut off", 2, fill_and_cut, WRONG_NOTHING, "");
	explore("raises that are cut off", 2, raises_and_cut, WRONG_NOTHING, "");
	explore("a commit of another kind", 1, another_kind, WRONG_MISUSE, "kind");
	explore("a grace period that is asked for", 2, asked_for, WRONG_NOTHING, "");
	explore("waiting for another thread", 2, wait_for_it, WRONG_NOTHING, "");
	explore("a misuse that the core reports", 1, misuse, WRONG_MISUSE, "not a pin");
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}

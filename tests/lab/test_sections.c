/*
 * test_sections.c - the Linux platform's sections: commits, cuts, grace periods, threads
 *
 * At the end all of it once more without membarrier, and without restartable sequences.
 * Whether this machine can cut is asked for once, of the C library and the kernel: where
 * it can't, a cut waits, and each test says what then must hold.
 *
 * Promises: safe, fast (what both rest on).
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "sections_kit.h"

enum { WORKERS = 16 };

static double stress_seconds = 1.5;

/* ---- what commits do ---------------------------------------------------------------------- */

static void raise_adds_one(void)
{
	uint64_t before = 0;

	atomic_store(&word, UINT64_C(1) << 63);
	UNTIL_DONE(PLAT_RAISE, plat_commit_raise(&word, &before));
	CHECK(before == UINT64_C(1) << 63);
	CHECK(atomic_load(&word) == (UINT64_C(1) << 63) + 1);
}

static void raise_row_adds_one_to_each(void)
{
	struct { _Atomic uint64_t count; uint64_t other; } rows[40] = { { 0 } };
	uint64_t before = 4;
	size_t raised = 0;

	for (unsigned i = 0; i < 40; i++)
		atomic_init(&rows[i].count, UINT64_C(1) << i);
	UNTIL_DONE(PLAT_RAISE_ROW, (raised += plat_commit_raise_row(&rows[raised].count, sizeof(rows[0]), 39 - raised,
								    &before)) == 39);
	for (unsigned i = 0; i < 40; i++) {
		CHECK(atomic_load(&rows[i].count) == (UINT64_C(1) << i) + (i < 39));
		CHECK_INT(0, rows[i].other);
	}
	CHECK(before == (UINT64_C(1) << 39) - 1);
	plat_section_enter(PLAT_RAISE_ROW);
	CHECK_INT(0, plat_commit_raise_row(&word, 8, 0, &before));
	plat_section_leave();
}

/* Wherever it is cut, as many as it says were raised, and those are the first. */
static _Atomic bool rows_go_on;

static void *raise_rows(void *unused)
{
	static struct { _Atomic uint64_t count; uint64_t other[3]; } rows[40];
	uint64_t seen, cuts = 0;

	for (size_t n = 1; rows_go_on && !harness.failed; n = n % 40 + 1) {
		size_t raised;

		for (size_t i = 0; i < n; i++)
			atomic_init(&rows[i].count, UINT64_C(4) << i);
		plat_section_enter(PLAT_RAISE_ROW);
		seen = 0;
		raised = plat_commit_raise_row(&rows[0].count, sizeof(rows[0]), n, &seen);
		plat_section_leave();
		cuts += raised < n && raised;
		for (size_t i = 0; i < n; i++) {
			CHECK(atomic_load(&rows[i].count) == (UINT64_C(4) << i) + (i < raised));
			CHECK(i >= raised || (seen & UINT64_C(4) << i));
		}
		CHECK(!(seen >> 2 >> raised));
	}
	(void)unused;
	return (void *)(uintptr_t)cuts;
}

static void ignore(int number)
{
	(void)number;
}

static void rows_are_exact_where_they_are_cut(void)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = SA_RESTART };
	pthread_t thread;
	void *cuts;

	sigaction(SIGUSR1, &action, NULL);
	rows_go_on = true;
	start(&thread, raise_rows, NULL);
	for (double until = seconds_now() + stress_seconds; seconds_now() < until;)
		pthread_kill(thread, SIGUSR1);
	rows_go_on = false;
	pthread_join(thread, &cuts);
	signal(SIGUSR1, SIG_DFL);
	printf("# %u rows were cut halfway\n", (unsigned)(uintptr_t)cuts);
}

static void swap_one(unsigned width, uint64_t found, uint64_t expected, uint64_t desired)
{
	uint64_t at[2] = { found, ~UINT64_C(0) }, seen = expected;
	bool swapped = false;

	UNTIL_DONE(PLAT_SWAP, plat_commit_swap(at, width, &seen, desired, &swapped));
	CHECK_INT(found == expected, swapped);
	CHECK(seen == (width == 4 ? (uint32_t)found : found));
	CHECK(at[0] == (swapped ? desired : found));
	CHECK(at[1] == ~UINT64_C(0));
}

static void swap_of_both_widths(void)
{
	swap_one(8, 7, 7, UINT64_C(1) << 63);
	swap_one(8, 8, 7, 9);
	swap_one(4, 7, 7, 0x80000000u);
	swap_one(4, 8, 7, 9);
}

/* As many as there are in a section: it is armed for the next one (the marks on a way are three). */
static void swaps_one_after_the_other(void)
{
	bool all = false;

	for (unsigned i = 0; i < 1000 && !all; i++) {
		uint64_t at = 0, seen = 0;
		uint32_t narrow[2] = { 0, 7 };
		bool swapped = false;

		plat_section_enter(PLAT_SWAP);
		for (all = true; all && seen < 9; seen += swapped)
			all = plat_commit_swap(&at, 8, &seen, seen + 1, &swapped) && swapped;
		plat_section_leave();
		CHECK_INT(seen, at);
		if (!all)
			continue;
		plat_section_enter(PLAT_SWAP);
		for (seen = 0; all && seen < 9; seen += swapped)
			all = plat_commit_swap(narrow, 4, &seen, seen + 1, &swapped) && swapped;
		plat_section_leave();
		CHECK_INT(seen, narrow[0]);
		CHECK_INT(7, narrow[1]);
	}
	CHECK(all);
}

static unsigned char from[8192], to[8192];

/* Cut, they go on where they were. */
static void copy_all(unsigned char *there, const unsigned char *here, size_t bytes)
{
	size_t stored = 0;

	UNTIL_DONE(PLAT_COPY, (stored += plat_commit_copy(there + stored, here + stored, bytes - stored)) == bytes);
}

static void copy_all_words(unsigned char *there, const unsigned char *here, size_t bytes)
{
	size_t stored = 0;

	UNTIL_DONE(PLAT_COPY_WORDS, (stored += plat_commit_copy_words(there + stored, here + stored, bytes - stored)) == bytes);
}

static void fill_all(unsigned char *there, int byte, size_t bytes)
{
	size_t stored = 0;

	UNTIL_DONE(PLAT_FILL, (stored += plat_commit_fill(there + stored, byte, bytes - stored)) == bytes);
}

static void copy_one(size_t at, size_t bytes)
{
	memset(to, 0xEE, sizeof(to));
	copy_all(to + 64 + at, from + at / 2, bytes);
	CHECK(!memcmp(to + 64 + at, from + at / 2, bytes));
	CHECK(to[63 + at] == 0xEE && to[64 + at + bytes] == 0xEE);
	if (bytes % 8 == 0) {
		memset(to + 64 + at, 0xEE, bytes);
		copy_all_words(to + 64 + at, from + at / 2, bytes);
		CHECK(!memcmp(to + 64 + at, from + at / 2, bytes));
		CHECK(to[63 + at] == 0xEE && to[64 + at + bytes] == 0xEE);
	}
	fill_all(to + 64 + at, 0xA5, bytes);
	for (size_t i = 0; i < bytes; i++)
		CHECK(to[64 + at + i] == 0xA5);
	CHECK(to[63 + at] == 0xEE && to[64 + at + bytes] == 0xEE);
}

static void copies_and_fills_of_all_sizes(void)
{
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (unsigned char)(i * 7 + i / 256);
	for (size_t bytes = 1; bytes < 300 && !harness.failed; bytes++)
		for (size_t at = 0; at < 17; at += 3)
			copy_one(at, bytes);
	for (size_t bytes = 511; bytes <= 4096 && !harness.failed; bytes += 1 + bytes / 5)
		copy_one(bytes % 16, bytes);
	copy_one(0, 4096);
}

/* Over what has still to be copied: right at once, or cut. */
static void copy_that_overlaps(size_t bytes, size_t step, bool words)
{
	size_t stored;

	memcpy(to, from, sizeof(to));
	if (words) {
		plat_section_enter(PLAT_COPY_WORDS);
		stored = plat_commit_copy_words(to + 100 + step, to + 100, bytes);
	} else {
		plat_section_enter(PLAT_COPY);
		stored = plat_commit_copy(to + 100 + step, to + 100, bytes);
	}
	plat_section_leave();
	CHECK(stored == bytes || !stored);
	CHECK(!memcmp(to + 100 + step, from + 100 + (stored ? 0 : step), bytes));
	memcpy(to, from, sizeof(to));
	(words ? copy_all_words : copy_all)(to + 100, to + 100 + step, bytes);
	CHECK(!memcmp(to + 100, from + 100 + step, bytes));
}

static void copies_that_overlap(void)
{
	for (size_t bytes = 1; bytes < 200; bytes += 1 + bytes / 8)
		for (size_t step = 1; step < bytes; step += 1 + step / 4) {
			copy_that_overlaps(bytes, step, false);
			copy_that_overlaps(bytes * 8, step, true);
		}
}

/* ---- cuts and grace periods ------------------------------------------------------------------ */

static void cut_one(enum plat_commit kind)
{
	pthread_t thread;
	bool waited;

	atomic_store(&word, 0);
	atomic_store(&stopped.stage, IDLE);
	stopped.kind = kind;
	start(&thread, stop_inside, NULL);
	wait_for(INSIDE);
	plat_cut();
	waited = atomic_load(&stopped.stage) == DONE;
	CHECK_INT(can_cut(), !waited);
	atomic_store(&stopped.stage, GO_ON);
	pthread_join(thread, NULL);
	if (!waited && kind != PLAT_LOOK) {
		CHECK(!stopped.done);
		CHECK_INT(0, atomic_load(&word));
	}
	if (waited && !PLAT_CUTS)
		CHECK(stopped.done);
}

static void cut_waits_for_nobody(void)
{
	for (int kind = PLAT_LOOK; kind <= PLAT_COPY_WORDS; kind++)
		cut_one((enum plat_commit)kind);
}

static void grace_waits_for_an_open_section(void)
{
	pthread_t thread;
	uint64_t early, begun;

	early = plat_grace_begin();
	CHECK(plat_grace_over(early));
	atomic_store(&stopped.stage, IDLE);
	stopped.kind = PLAT_LOOK;
	start(&thread, stop_inside, NULL);
	wait_for(INSIDE);
	CHECK(plat_grace_over(early));
	begun = plat_grace_begin();
	CHECK(!plat_grace_over(begun));
	plat_grace();
	CHECK_INT(DONE, atomic_load(&stopped.stage));
	CHECK(plat_grace_over(begun));
	pthread_join(thread, NULL);
}

/* Sections one after the other, never none: a grace period ends all the same. */
static _Atomic bool over;

static void *sections_without_end(void *unused)
{
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		plat_section_enter(PLAT_LOOK);
		plat_section_leave();
	}
	return unused;
}

static void grace_does_not_wait_for_later_sections(void)
{
	pthread_t threads[3];

	atomic_store(&over, false);
	for (int i = 0; i < 3; i++)
		start(&threads[i], sections_without_end, NULL);
	for (int i = 0; i < 20; i++)
		plat_grace();
	atomic_store(&over, true);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

/* ---- no commit after a cut -------------------------------------------------------------------- */

static _Atomic uint64_t flag, counts[WORKERS];
static _Atomic bool swaps_too;

static bool count_up(_Atomic uint64_t *count)
{
	uint64_t before;
	bool swapped;

	if (atomic_load_explicit(&swaps_too, memory_order_relaxed)) {
		before = atomic_load_explicit(count, memory_order_relaxed);
		return plat_commit_swap(count, 8, &before, before + 1, &swapped) && swapped;
	}
	return plat_commit_raise(count, &before);
}

static void *look_and_count(void *argument)
{
	_Atomic uint64_t *count = argument;
	uint64_t done = 0;

	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		enum plat_commit kind = atomic_load_explicit(&swaps_too, memory_order_relaxed) ? PLAT_SWAP : PLAT_RAISE;

		enter_kind(kind);
		if (!atomic_load_explicit(&flag, memory_order_acquire))
			for (int i = 0; i < 2; i++)
				done += count_up(count);
		plat_section_leave();
	}
	return (void *)(uintptr_t)done;
}

static uint64_t sum(void)
{
	uint64_t all = 0;

	for (int i = 0; i < WORKERS; i++)
		all += atomic_load_explicit(&counts[i], memory_order_acquire);
	return all;
}

/* Set the flag, cut, look; and look again later, when whoever was inside has gone on. */
static unsigned cut_and_look(double seconds)
{
	unsigned missed = 0, rounds = 0;

	for (double until = seconds_now() + seconds; seconds_now() < until; rounds++) {
		uint64_t first;

		atomic_store_explicit(&flag, 1, memory_order_relaxed);
		plat_cut();
		first = sum();
		if (rounds % 8)
			sched_yield();
		else
			sleep_for(0.0005);
		missed += sum() != first;
		atomic_store_explicit(&flag, 0, memory_order_release);
		for (volatile unsigned i = 0; i < rounds % 1000; i++)
			;
	}
	CHECK(rounds > 0);
	return missed;
}

static void no_commit_after_a_cut(bool by_swap)
{
	pthread_t threads[WORKERS];
	uint64_t done = 0;

	atomic_store(&over, false);
	atomic_store(&swaps_too, by_swap);
	for (int i = 0; i < WORKERS; i++) {
		atomic_store(&counts[i], 0);
		start(&threads[i], look_and_count, &counts[i]);
	}
	CHECK_INT(0, cut_and_look(stress_seconds));
	atomic_store(&over, true);
	for (int i = 0; i < WORKERS; i++) {
		void *mine;

		pthread_join(threads[i], &mine);
		done += (uintptr_t)mine;
	}
	CHECK(done > 0);
	CHECK(done == sum());	/* none that was said to be cut, and none twice */
}

static void no_raise_after_a_cut(void)
{
	no_commit_after_a_cut(false);
}

static void no_swap_after_a_cut(void)
{
	no_commit_after_a_cut(true);
}

/* ---- nothing is freed under a section ------------------------------------------------------------ */

struct thing { _Atomic unsigned alive; };

static struct thing things[2];
static _Atomic(struct thing *) current;
static _Atomic uint64_t found_dead;

static void *look_at_things(void *unused)
{
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		plat_section_enter(PLAT_LOOK);
		struct thing *thing = atomic_load_explicit(&current, memory_order_acquire);

		for (int i = 0; i < 10; i++)
			if (!atomic_load_explicit(&thing->alive, memory_order_relaxed))
				atomic_fetch_add(&found_dead, 1);
		plat_section_leave();
	}
	return unused;
}

static void nothing_is_freed_under_a_section(void)
{
	pthread_t threads[4];
	unsigned at = 0;

	atomic_store(&over, false);
	atomic_store(&things[0].alive, 1);
	atomic_store(&current, &things[0]);
	for (int i = 0; i < 4; i++)
		start(&threads[i], look_at_things, NULL);
	for (double until = seconds_now() + stress_seconds; seconds_now() < until; at = !at) {
		uint64_t begun;

		atomic_store_explicit(&things[!at].alive, 1, memory_order_relaxed);
		atomic_store_explicit(&current, &things[!at], memory_order_release);
		begun = plat_grace_begin();
		for (unsigned attempt = 0; !plat_grace_over(begun); attempt++)
			if (attempt > 1000)
				plat_pause(attempt);
		atomic_store_explicit(&things[at].alive, 0, memory_order_relaxed);
	}
	atomic_store(&over, true);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(0, atomic_load(&found_dead));
}

/* ---- signals --------------------------------------------------------------------------------------- */

static _Atomic uint64_t signals;

static void count_signal(int number)
{
	(void)number;
	atomic_fetch_add_explicit(&signals, 1, memory_order_relaxed);
}

static void signals_in_sections(void)
{
	struct sigaction action = { .sa_handler = count_signal, .sa_flags = SA_RESTART };
	pthread_t thread;
	void *done;

	sigaction(SIGUSR1, &action, NULL);
	atomic_store(&over, false);
	atomic_store(&flag, 0);
	atomic_store(&swaps_too, false);
	atomic_store(&counts[0], 0);
	start(&thread, look_and_count, &counts[0]);
	for (double until = seconds_now() + stress_seconds / 3; seconds_now() < until;)
		pthread_kill(thread, SIGUSR1);
	atomic_store(&over, true);
	pthread_join(thread, &done);
	CHECK(atomic_load(&signals) > 0);
	CHECK_INT((uintptr_t)done, atomic_load(&counts[0]));
	signal(SIGUSR1, SIG_DFL);
}

/*
 * In the middle of a store somebody sees some of its bytes, and stores over them: that stays,
 * however the store goes on.  Somebody is the signal's handler, which has time for all of it.
 */
static struct {
	unsigned char *at;
	volatile size_t bytes;		/* 0: no store is under way */
	unsigned char value, seen[4096];
	_Atomic unsigned halfway;	/* so often it saw some bytes, not all */
} target;

static void store_over_what_is_there(int number)
{
	volatile unsigned char *at = target.at;
	size_t bytes = target.bytes, seen = 0;

	(void)number;
	for (size_t i = 0; i < bytes; i++) {
		if (at[i] == target.value) {
			at[i] = 0;
			target.seen[i] = 1;
		}
		seen += target.seen[i];
	}
	if (seen && seen < bytes)
		target.halfway++;
}

enum how { COPIES, FILLS, COPIES_WORDS, HOWS };

static void store_and_look(unsigned char value, size_t bytes, enum how how)
{
	static unsigned char record[4096];

	target.at = to + 64 + value % 16;
	target.value = value;
	memset(target.seen, 0, sizeof(target.seen));
	memset(target.at, 0xFF, bytes);
	memset(record, value, bytes);
	atomic_signal_fence(memory_order_seq_cst);
	target.bytes = bytes;
	if (how == FILLS)
		fill_all(target.at, value, bytes);
	else
		(how == COPIES ? copy_all : copy_all_words)(target.at, record, bytes);
	target.bytes = 0;
	atomic_signal_fence(memory_order_seq_cst);
	for (size_t i = 0; i < bytes; i++)
		CHECK(target.at[i] == (target.seen[i] ? 0 : value));
}

static void *store_without_end(void *unused)
{
	static const size_t sizes[] = { 4096, 20, 64, 1001, 35, 500 };

	for (unsigned i = 0; !atomic_load_explicit(&over, memory_order_relaxed) && !harness.failed; i++)
		store_and_look((unsigned char)(1 + i % 250), sizes[i / HOWS % 6] & (i % HOWS == COPIES_WORDS ? -8ul : -1ul),
			       (enum how)(i % HOWS));
	return unused;
}

enum { ENOUGH = 50 };

static void no_byte_is_stored_twice(void)
{
	struct sigaction action = { .sa_handler = store_over_what_is_there, .sa_flags = SA_RESTART };
	pthread_t thread;

	if (PLAT_TSAN) {
		skip_test("ThreadSanitizer has signals wait");
		return;
	}
	sigaction(SIGUSR1, &action, NULL);
	atomic_store(&over, false);
	target.halfway = 0;
	start(&thread, store_without_end, NULL);
	/* On a busy machine the two take turns, and hardly meet: so for as long as it takes, and one is enough then. */
	for (double until = seconds_now() + 20; target.halfway < ENOUGH && !harness.failed && seconds_now() < until;) {
		pthread_kill(thread, SIGUSR1);
		for (volatile unsigned i = 0; i < 300; i++)
			;
	}
	atomic_store(&over, true);
	pthread_join(thread, NULL);
	CHECK(target.halfway > 0);
	signal(SIGUSR1, SIG_DFL);
}

/* ---- where there is less to be had ---------------------------------------------------------------- */

static void no_membarrier(void)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(program) / sizeof(*program), program };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		_exit(77);
}

static void no_restartable_sequences(void)
{
	setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
}

/* This program once more; to be run by hand, too, to see which test fails. */
static void all_again(void (*with_less)(void))
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		with_less();
		execl("/proc/self/exe", "again", "again", (char *)NULL);
		_exit(77);
	}
	CHECK_INT(child, waitpid(child, &status, 0));
	NEED(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip_test("it can't be taken away here");
	else
		CHECK_INT(0, WEXITSTATUS(status));
}

static void all_without_membarrier(void)
{
	all_again(no_membarrier);
}

static void all_without_restartable_sequences(void)
{
	all_again(no_restartable_sequences);
}

int main(int argc, char **argv)
{
	bool again = argc > 1 && !strcmp(argv[1], "again");

	if (again) {
		stress_seconds = 0.2;
		if (!freopen("/dev/null", "w", stdout))
			return 2;
	}
	TEST(raise_adds_one);
	TEST(raise_row_adds_one_to_each);
	TEST(rows_are_exact_where_they_are_cut);
	TEST(swap_of_both_widths);
	TEST(swaps_one_after_the_other);
	TEST(copies_and_fills_of_all_sizes);
	TEST(copies_that_overlap);
	TEST(cut_waits_for_nobody);
	TEST(grace_waits_for_an_open_section);
	TEST(grace_does_not_wait_for_later_sections);
	TEST(no_raise_after_a_cut);
	TEST(no_swap_after_a_cut);
	TEST(nothing_is_freed_under_a_section);
	TEST(signals_in_sections);
	TEST(no_byte_is_stored_twice);
	if (!again) {
		TEST(all_without_membarrier);
		TEST(all_without_restartable_sequences);
	}
	return closing_line();
}

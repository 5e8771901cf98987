/*
 * test_sections.c - the Linux platform's sections: commits, cuts, grace periods, threads
 *
 * Whether this machine can cut is asked for once, of the C library and the kernel: where
 * it can't, a cut waits, and each test says what then must hold.
 *
 * Promises: safe, fast (what both rest on).
 */
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "platform.h"
#if PLAT_CUTS
#include <sys/rseq.h>
#endif

enum { WORKERS = 16 };

static _Atomic uint64_t word;

static bool can_cut(void)
{
#if PLAT_CUTS
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	return __rseq_size && commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ);
#else
	return false;
#endif
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void sleep_for(double seconds)
{
	struct timespec time = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };

	nanosleep(&time, NULL);
}

static void start(pthread_t *thread, void *(*run)(void *), void *argument)
{
	if (pthread_create(thread, NULL, run, argument)) {
		puts("no thread to be had");
		exit(2);
	}
}

/* ---- what commits do ---------------------------------------------------------------------- */

/* A section is cut by any preemption: until one is not. */
#define UNTIL_DONE(kind, commit)                  \
	for (bool done = false; !done;) {         \
		plat_section_enter(kind);         \
		done = (commit);                  \
		plat_section_leave();             \
	}

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

static unsigned char from[8192], to[8192];

static void copy_one(size_t at, size_t bytes)
{
	memset(to, 0xEE, sizeof(to));
	UNTIL_DONE(PLAT_COPY, plat_commit_copy(to + 64 + at, from + at / 2, bytes));
	CHECK(!memcmp(to + 64 + at, from + at / 2, bytes));
	CHECK(to[63 + at] == 0xEE && to[64 + at + bytes] == 0xEE);
	UNTIL_DONE(PLAT_FILL, plat_commit_fill(to + 64 + at, 0xA5, bytes));
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

/* Begun again, a copy over its own source would not be the same: so it is right at once, or cut. */
static void copies_that_overlap(void)
{
	for (size_t bytes = 1; bytes < 200; bytes += 1 + bytes / 8) {
		for (size_t step = 1; step < bytes; step += 1 + step / 4) {
			bool down, up;

			memcpy(to, from, sizeof(to));
			plat_section_enter(PLAT_COPY);
			up = plat_commit_copy(to + 100 + step, to + 100, bytes);
			plat_section_leave();
			CHECK(!memcmp(to + 100 + step, from + 100 + (up ? 0 : step), bytes));
			memcpy(to, from, sizeof(to));
			plat_section_enter(PLAT_COPY);
			down = plat_commit_copy(to + 100, to + 100 + step, bytes);
			plat_section_leave();
			CHECK(!memcmp(to + 100, from + 100 + (down ? step : 0), bytes));
		}
	}
}

/* ---- a thread that is stopped in its section ------------------------------------------------ */

enum stage { IDLE, INSIDE, GO_ON, DONE };

static struct {
	_Atomic enum stage stage;
	enum plat_commit kind;
	bool done;
} stopped;

/* What was done, so that nothing was if it was cut. */
static bool commit_of_kind(enum plat_commit kind)
{
	uint64_t value = 0;
	bool swapped;

	switch (kind) {
	case PLAT_LOOK: return true;
	case PLAT_RAISE: return plat_commit_raise(&word, &value);
	case PLAT_RAISE_ROW: return plat_commit_raise_row(&word, 8, 1, &value) == 1;
	case PLAT_COPY: return plat_commit_copy(&word, &(uint64_t){ 1 }, 8);
	case PLAT_FILL: return plat_commit_fill(&word, 1, 8);
	case PLAT_SWAP: return plat_commit_swap(&word, 8, &value, 1, &swapped);
	}
	return false;
}

static void wait_for(enum stage stage)
{
	while (atomic_load(&stopped.stage) != stage)
		sched_yield();
}

/* As the compiler must know the kind where a section begins. */
static void enter_kind(enum plat_commit kind)
{
	switch (kind) {
	case PLAT_LOOK: plat_section_enter(PLAT_LOOK); break;
	case PLAT_RAISE: plat_section_enter(PLAT_RAISE); break;
	case PLAT_RAISE_ROW: plat_section_enter(PLAT_RAISE_ROW); break;
	case PLAT_COPY: plat_section_enter(PLAT_COPY); break;
	case PLAT_FILL: plat_section_enter(PLAT_FILL); break;
	case PLAT_SWAP: plat_section_enter(PLAT_SWAP); break;
	}
}

/* Goes on when it is told to, or after a moment: a cut may have to wait for it. */
static void *stop_inside(void *unused)
{
	double until;

	enter_kind(stopped.kind);
	atomic_store(&stopped.stage, INSIDE);
	for (until = seconds_now() + 0.3; atomic_load(&stopped.stage) == INSIDE && seconds_now() < until;)
		;
	stopped.done = commit_of_kind(stopped.kind);
	plat_section_leave();
	atomic_store(&stopped.stage, DONE);
	return unused;
}

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
	for (int kind = PLAT_LOOK; kind <= PLAT_SWAP; kind++)
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
	CHECK(rounds > 10);
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
	CHECK_INT(0, cut_and_look(1.5));
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
	for (double until = seconds_now() + 1; seconds_now() < until; at = !at) {
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
	for (double until = seconds_now() + 0.5; seconds_now() < until;)
		pthread_kill(thread, SIGUSR1);
	atomic_store(&over, true);
	pthread_join(thread, &done);
	CHECK(atomic_load(&signals) > 0);
	CHECK_INT((uintptr_t)done, atomic_load(&counts[0]));
	signal(SIGUSR1, SIG_DFL);
}

/* ---- threads ------------------------------------------------------------------------------------------ */

static void *tell_number(void *unused)
{
	(void)unused;
	plat_section_enter(PLAT_LOOK);
	plat_section_leave();
	return (void *)(uintptr_t)plat_self();
}

static unsigned number_of_new_thread(void *(*run)(void *))
{
	pthread_t thread;
	void *number;

	start(&thread, run, NULL);
	pthread_join(thread, &number);
	return (unsigned)(uintptr_t)number;
}

static void numbers_are_given_back(void)
{
	unsigned first = number_of_new_thread(tell_number);

	CHECK(first != plat_self());
	for (int i = 0; i < 500; i++)
		CHECK_INT(first, number_of_new_thread(tell_number));
}

/* A program's destructor that pins and unpins, after the library's own has run or before. */
static pthread_key_t late_key;

static void work_late(void *round)
{
	tell_number(NULL);
	if ((uintptr_t)round < 2)
		pthread_setspecific(late_key, (void *)((uintptr_t)round + 1));
}

static void *end_late(void *unused)
{
	pthread_setspecific(late_key, (void *)(uintptr_t)1);
	return tell_number(unused);
}

static void destructors_may_come_later(void)
{
	unsigned first = number_of_new_thread(tell_number);

	CHECK_INT(0, pthread_key_create(&late_key, work_late));
	for (int i = 0; i < 100; i++)
		CHECK_INT(first, number_of_new_thread(end_late));
	pthread_key_delete(late_key);
}

enum { MANY = 4300 };

static _Atomic unsigned here, shared, twice;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static unsigned char seen[4097];

static void *one_of_many(void *unused)
{
	unsigned number = plat_self();

	if (number >= 4096)
		atomic_fetch_add(&shared, 1);
	else if (__atomic_exchange_n(&seen[number], 1, __ATOMIC_RELAXED))
		atomic_fetch_add(&twice, 1);
	plat_section_enter(PLAT_LOOK);
	atomic_fetch_add(&here, 1);
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	plat_section_leave();
	return unused;
}

/* More than there are numbers: the rest share one, and are waited for all the same. */
static void more_threads_than_numbers(void)
{
	static pthread_t threads[MANY];
	pthread_attr_t small;
	unsigned started = 0;
	uint64_t begun;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	pthread_mutex_lock(&gate);
	while (started < MANY && !pthread_create(&threads[started], &small, one_of_many, NULL))
		started++;
	while (atomic_load(&here) < started)
		sleep_for(0.01);
	begun = plat_grace_begin();
	CHECK(!plat_grace_over(begun));
	pthread_mutex_unlock(&gate);
	plat_grace();
	CHECK(plat_grace_over(begun));
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(0, atomic_load(&twice));
	if (started < MANY)
		skip_test("not so many threads to be had");
	else
		CHECK(atomic_load(&shared) >= MANY - 4096);
	CHECK(number_of_new_thread(tell_number) < 4096);
}

/* ---- fork(2) ------------------------------------------------------------------------------------------- */

/* The other threads' sections have ended with them; those of the child's own threads count. */
static int in_the_child(void)
{
	uint64_t before;
	pthread_t thread;

	plat_grace();
	plat_cut();
	atomic_store(&word, 0);
	UNTIL_DONE(PLAT_RAISE, plat_commit_raise(&word, &before));
	if (atomic_load(&word) != 1)
		return 2;
	atomic_store(&stopped.stage, IDLE);
	stopped.kind = PLAT_RAISE;
	start(&thread, stop_inside, NULL);
	wait_for(INSIDE);
	plat_cut();
	if (can_cut() != (atomic_load(&stopped.stage) == INSIDE))
		return 3;
	atomic_store(&stopped.stage, GO_ON);
	plat_grace();
	pthread_join(thread, NULL);
	return 0;
}

static void fork_of_the_process(void)
{
	pthread_t thread;
	int status = 0;
	pid_t child;

	if (PLAT_TSAN) {
		skip_test("ThreadSanitizer lets no child of a process with threads start threads");
		return;
	}
	atomic_store(&stopped.stage, IDLE);
	stopped.kind = PLAT_LOOK;
	start(&thread, stop_inside, NULL);
	wait_for(INSIDE);
	fflush(stdout);
	child = fork();
	if (!child) {
		alarm(20);
		_exit(in_the_child());
	}
	atomic_store(&stopped.stage, GO_ON);
	pthread_join(thread, NULL);
	CHECK_INT(child, waitpid(child, &status, 0));
	CHECK(WIFEXITED(status));
	CHECK_INT(0, WEXITSTATUS(status));
}

/* ---- stamps ---------------------------------------------------------------------------------------------- */

static void stamps_have_an_age(void)
{
	uint64_t stamp = plat_stamp(), age;
	double began = seconds_now(), took;

	sleep_for(0.05);
	age = plat_stamp_age(stamp);
	took = seconds_now() - began;
	CHECK((double)age >= 0.04e9);
	CHECK((double)age <= took * 1e9 + 10e6);
	CHECK_INT(0, plat_stamp_age(plat_stamp() + (UINT64_C(1) << 40)));
}

int main(void)
{
	TEST(raise_adds_one);
	TEST(raise_row_adds_one_to_each);
	TEST(swap_of_both_widths);
	TEST(copies_and_fills_of_all_sizes);
	TEST(copies_that_overlap);
	TEST(cut_waits_for_nobody);
	TEST(grace_waits_for_an_open_section);
	TEST(grace_does_not_wait_for_later_sections);
	TEST(no_raise_after_a_cut);
	TEST(no_swap_after_a_cut);
	TEST(nothing_is_freed_under_a_section);
	TEST(signals_in_sections);
	TEST(numbers_are_given_back);
	TEST(destructors_may_come_later);
	TEST(more_threads_than_numbers);
	TEST(fork_of_the_process);
	TEST(stamps_have_an_age);
	return closing_line();
}

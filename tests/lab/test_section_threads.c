/*
 * test_section_threads.c - the Linux platform's threads: numbers, records, ends, fork(2), stamps
 *
 * Promises: safe (what it rests on).
 */
#include "sections_kit.h"

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
	unsigned mine = plat_self(), first = number_of_new_thread(tell_number);

	CHECK(first != mine);
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
	TEST(numbers_are_given_back);
	TEST(destructors_may_come_later);
	TEST(more_threads_than_numbers);
	TEST(fork_of_the_process);
	TEST(stamps_have_an_age);
	return closing_line();
}

/*
 * test_again.c - the same pin once more, which a thread remembers (src/core/pin_one.c)
 *
 * Three times the same takes all ways: the first marks the way down, the second
 * remembers, the third is what was remembered.  What must never be seen is the
 * difference.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

#define BLOCK HF_HUGE_BYTES

/* So often that the next one is remembered. */
static void pin_often(struct hf_mm *mm, uint64_t at, size_t length, unsigned how)
{
	for (int i = 0; i < 3; i++)
		CHECK_INT(0, try_pin(mm, at, length, how));
}

static struct hf_pin_info only_pin(void)
{
	struct hf_pin_info info = { 0 };

	must(hf_inventory(pool, NULL, &info, 1) == 1, "one pin");
	return info;
}

/* ---- the inventory says what is pinned, whatever was tried in between -------------------------- */

static void safe_inventory_after_a_pin_that_failed(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 2, RW);
	struct hf_pin pin;
	struct hf_pin_info info;

	put(mm, at, 1);
	pin_often(mm, at, P, HF_PIN_WRITE);
	CHECK_INT(-EAGAIN, try_pin(mm, at + P + 8, 16, HF_PIN_READ | HF_PIN_FAST_ONLY));
	CHECK_INT((long long)P, hf_pin(mm, at, P, HF_PIN_WRITE, "again", &pin));
	info = only_pin();
	CHECK(info.mm == mm && info.address == at && info.length == P && info.how == HF_PIN_WRITE);
	CHECK(!strcmp(info.tag, "again"));
	CHECK(pin.iovcnt == 1 && pin.iov->iov_len == P && pin.length == P);
	CHECK_INT(0, hf_unpin(&pin, 0));
	CHECK_INT(0, hf_inventory(pool, NULL, NULL, 0));
	hf_mm_destroy(mm);
}

static void coherent_the_page_that_is_there_now(void)
{
	struct hf_mm *mm = new_mm(), *child;
	uint64_t at = map_anon(mm, 1, RW);
	struct hf_pin pin;

	put(mm, at, 1);
	pin_often(mm, at, P, HF_PIN_WRITE);
	child = fork_mm(mm);
	put(child, at, 2);
	pin = pin_it(mm, at, P, HF_PIN_WRITE);
	*pinned(&pin, 0) = 3;
	CHECK_INT(3, get(mm, at));
	CHECK_INT(2, get(child, at));
	CHECK_INT(0, hf_unpin(&pin, 0));
	pin_often(mm, at, P, HF_PIN_WRITE);
	CHECK_INT(0, hf_advise(mm, at, P, HF_ADVISE_DISCARD));
	put(mm, at, 4);
	pin = pin_it(mm, at, P, HF_PIN_WRITE);
	CHECK_INT(4, *pinned(&pin, 0));
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
}

/* A space may be given the memory of one that is gone, and its mapping the address. */
static void isolated_another_space_in_its_place(void)
{
	for (int i = 1; i < 9; i++) {
		struct hf_mm *mm = new_mm();
		uint64_t at = map_at(mm, BLOCK, 1, RW, HF_MAP_PRIVATE, NULL);
		struct hf_pin pin;

		put(mm, at, i);
		pin_often(mm, at, P, HF_PIN_READ);
		pin = pin_it(mm, at, P, HF_PIN_READ);
		CHECK_INT(i, *pinned(&pin, 0));
		CHECK_INT(0, hf_unpin(&pin, 0));
		hf_mm_destroy(mm);
		CHECK_INT(-EINVAL, try_pin(NULL, at, P, HF_PIN_READ));
	}
}

/* ---- pools come and go ---------------------------------------------------------------------------- */

static void safe_a_pool_that_is_gone(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW);

	for (int i = 0; i < 8; i++) {
		struct hf_pool_config config = { .size = sizeof(config), .bytes = 64 * P };
		struct hf_pool *other = NULL;
		struct hf_mm *there = NULL;
		uint64_t address = 0;

		must(!hf_pool_create(&config, &other) && !hf_mm_create(other, &there) &&
		     !hf_map(there, &address, P, RW, HF_MAP_PRIVATE, NULL, 0), "another pool");
		pin_often(mm, at, P, HF_PIN_WRITE);
		pin_often(there, address, P, HF_PIN_WRITE);
		hf_mm_destroy(there);
		CHECK_INT(0, hf_pool_destroy(other));
		CHECK_INT(0, try_pin(mm, at, P, HF_PIN_WRITE));
	}
	hf_mm_destroy(mm);
}

/* ---- threads, and what ends a pin ------------------------------------------------------------------- */

static void *unpin_there(void *pin)
{
	return (void *)(uintptr_t)(hf_unpin(pin, 0) != 0);
}

static void safe_unpin_by_another_thread(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW);

	for (int i = 0; i < 50; i++) {
		struct hf_pin pin = pin_it(mm, at, P, HF_PIN_WRITE);
		pthread_t thread;
		void *failed;

		must(!pthread_create(&thread, NULL, unpin_there, &pin), "pthread_create");
		pthread_join(thread, &failed);
		CHECK(!failed);
		CHECK_INT(0, stats_now().pins_held);
		CHECK_INT(-EINVAL, hf_unpin(&pin, 0));
		misuse();
	}
	hf_mm_destroy(mm);
}

static void safe_a_second_while_the_first_is_held(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW);
	struct hf_pin first, second;

	pin_often(mm, at, P, HF_PIN_WRITE);
	first = pin_it(mm, at, P, HF_PIN_WRITE);
	second = pin_it(mm, at, P, HF_PIN_WRITE);
	CHECK(first.record != second.record);
	CHECK_INT(2, stats_now().pins_held);
	CHECK_INT(0, hf_unpin(&first, 0));
	CHECK_INT(-EINVAL, hf_unpin(&first, 0));
	misuse();
	CHECK_INT(1, stats_now().pins_held);
	CHECK_INT(0, hf_unpin(&second, HF_UNPIN_DIRTY));
	CHECK_INT(0, stats_now().pins_held);
	hf_mm_destroy(mm);
}

/* ---- cut wherever it is ----------------------------------------------------------------------------- */

static struct {
	struct hf_mm *mm;
	uint64_t at;
	_Atomic bool over;
} busy;

static void *pin_without_end(void *unused)
{
	while (!atomic_load(&busy.over))
		for (int i = 0; i < 100; i++)
			CHECK_INT(0, try_pin(busy.mm, busy.at, P, HF_PIN_WRITE));
	return unused;
}

static void ignore(int number)
{
	(void)number;
}

/* A signal cuts the section in which it comes; and so does a fork. */
static void pins_under_signals_and_forks(int threads, int rounds)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = SA_RESTART };
	pthread_t thread[4];
	struct hf_page_info info;

	busy.mm = new_mm();
	busy.at = map_anon(busy.mm, 1, RW);
	atomic_store(&busy.over, false);
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < threads; i++)
		must(!pthread_create(&thread[i], NULL, pin_without_end, NULL), "pthread_create");
	for (int i = 0; i < rounds; i++) {
		pthread_kill(thread[i % threads], SIGUSR1);
		if (i % 16 == 0)
			hf_mm_destroy(fork_mm(busy.mm));
	}
	atomic_store(&busy.over, true);
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	signal(SIGUSR1, SIG_DFL);
	must(!hf_query(busy.mm, busy.at, &info), "hf_query");
	CHECK_INT(0, info.pins);
	CHECK_INT(0, stats_now().pins_held);
	hf_mm_destroy(busy.mm);
}

static void safe_under_signals_and_forks(void)
{
	pins_under_signals_and_forks(4, 20000);
}

/* Where sections have fences of their own nothing is remembered. */
static void no_membarrier(void)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 38),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(program) / sizeof(*program), program };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		_exit(77);
}

static void safe_without_membarrier(void)
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		no_membarrier();
		execl("/proc/self/exe", "test_again", "again", (char *)NULL);
		_exit(77);
	}
	must(child > 0 && waitpid(child, &status, 0) == child, "a child");
	CHECK(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77));
}

/* ---- statistics are exact, though nobody counts ------------------------------------------------------- */

static void statistics_count_all(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 1, RW), huge = map_at(mm, 0, 512, RW, HF_MAP_HUGE, NULL);
	struct hf_stats before, after;
	struct hf_pin pin;

	put(mm, at, 1);
	put(mm, huge, 1);
	pin_often(mm, at, P, HF_PIN_WRITE);
	pin_often(mm, huge, BLOCK, HF_PIN_WRITE);
	before = stats_now();
	for (int i = 0; i < 10; i++) {
		CHECK_INT(0, try_pin(mm, at, P, HF_PIN_WRITE));
		CHECK_INT(0, try_pin(mm, huge, BLOCK, HF_PIN_WRITE));
		CHECK_INT(0, try_pin(mm, huge, BLOCK, HF_PIN_WRITE));
	}
	pin = pin_it(mm, huge, BLOCK, HF_PIN_WRITE);
	after = stats_now();
	CHECK_INT(10 * (1 + 2 * 512) + 512, after.pin_fast - before.pin_fast);
	CHECK_INT(10 * (1 + 2 * 512), after.unpin - before.unpin);
	CHECK_INT(0, after.pin_slow - before.pin_slow);
	CHECK_INT(0, hf_unpin_part(&pin, 2 * P, 5 * P, 0));
	CHECK_INT(5, stats_now().unpin - after.unpin);
	CHECK_INT(0, hf_unpin(&pin, 0));
	CHECK_INT(512, stats_now().unpin - after.unpin);
	hf_mm_destroy(mm);
}

/* ---- a whole huge page, in parts ------------------------------------------------------------------------ */

static void safe_a_whole_that_ends_in_parts(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_at(mm, 0, 512, RW, HF_MAP_HUGE, NULL);
	struct hf_page_info info;

	put(mm, at, 1);
	for (int i = 0; i < 3; i++) {
		struct hf_pin pin;

		pin_often(mm, at, BLOCK, HF_PIN_WRITE);
		pin = pin_it(mm, at, BLOCK, HF_PIN_WRITE);
		CHECK_INT(1, pin.iovcnt);
		CHECK_INT(0, hf_unpin_part(&pin, 3 * P, P, i ? HF_UNPIN_DIRTY : 0));
		must(!hf_query(mm, at + 3 * P, &info), "hf_query");
		CHECK_INT(0, info.pins);
		must(!hf_query(mm, at + 4 * P, &info), "hf_query");
		CHECK_INT(1, info.pins);
		CHECK_INT(-EINVAL, hf_unpin_part(&pin, 2 * P, 2 * P, 0));
		CHECK(*misuse());
		CHECK_INT(0, hf_unpin(&pin, 0));
		must(!hf_query(mm, at + 4 * P, &info), "hf_query");
		CHECK_INT(0, info.pins);
		CHECK_INT(-EINVAL, hf_unpin(&pin, 0));
		CHECK(*misuse());
		CHECK_INT(0, stats_now().pins_held);
	}
	hf_mm_destroy(mm);
}

int main(int argc, char **argv)
{
	bool again = argc > 1 && !strcmp(argv[1], "again");

	if (again && !freopen("/dev/null", "w", stdout))
		return 2;
	TEST(safe_inventory_after_a_pin_that_failed);
	TEST(coherent_the_page_that_is_there_now);
	TEST(isolated_another_space_in_its_place);
	TEST(safe_a_pool_that_is_gone);
	TEST(safe_unpin_by_another_thread);
	TEST(safe_a_second_while_the_first_is_held);
	TEST(safe_under_signals_and_forks);
	TEST(statistics_count_all);
	TEST(safe_a_whole_that_ends_in_parts);
	if (!again)
		TEST(safe_without_membarrier);
	return closing_line();
}

/*
 * test_windows.c - the windows between two instructions, every one
 *
 *	test_windows [STRIDE]	stop at every so-manieth instruction; 1
 *
 * Each test is a race of two threads.  The walker makes one call of the library
 * and is stopped at its first instruction; the main thread does its worst; the
 * walker goes on; what must hold is looked at.  Then all again, with the stop at
 * the second instruction, and so on to the last.  Where the worst has to wait for
 * the walker (that is what a grace period is for), the walker goes on after a
 * moment.
 *
 * The handshake, a grace period, or the second look of a load, removed one at a
 * time, make the test that is about it fail.
 *
 * Promises: coherent, isolated, safe.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "kit.h"
#include "stepping.h"

#define PLACE (UINT64_C(1) << 40)
#define OTHER (PLACE + 1000000 * P)	/* under other page tables */

/* One race, which is run for every instruction of the walk. */
struct race {
	void (*prepare)(void);		/* main */
	ssize_t (*walk)(void);		/* walker: the call, and what it returned */
	void (*worst)(void);		/* main, while the walker is stopped */
	void (*check)(ssize_t result);	/* main, when both are done */
	unsigned coarse;		/* times the stride: for long walks with wide windows */
};

enum stage { IDLE, ASKED, STOPPED, WORST_DONE, ANSWERED, OVER };

static struct {
	pthread_t thread;
	const struct race *race;
	_Atomic enum stage stage;
	_Atomic bool answered;		/* the walk may be over before the worst is */
	unsigned instruction;		/* where to stop */
	bool reached;			/* the walk had so many */
	ssize_t result;
} walker;

#define PATIENCE 600000u	/* nanoseconds that the walker stays stopped when the worst can't go on */
#define MOST 20000u		/* instructions of a walk */

static unsigned stride = 1;
static uint64_t values;
static struct hf_mm *mm, *child;
static struct hf_object *object;
static struct hf_pin pin;

/* ---- both threads ------------------------------------------------------------------- */


static enum stage stage(void)
{
	return atomic_load_explicit(&walker.stage, memory_order_acquire);
}

static void set_stage(enum stage stage_now)
{
	atomic_store_explicit(&walker.stage, stage_now, memory_order_release);
}

static uint64_t nanoseconds_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* In the walker's signal handler: it stands at the instruction in question. */
static void stand_still(void)
{
	uint64_t end = nanoseconds_now() + PATIENCE;

	set_stage(STOPPED);
	while (stage() == STOPPED && nanoseconds_now() < end)
		sched_yield();
}

static void walk_once(void)
{
	stepping_begin(walker.instruction, stand_still);
	walker.result = walker.race->walk();
	walker.reached = stepping_end();
	atomic_store_explicit(&walker.answered, true, memory_order_release);
}

static void *walker_main(void *argument)
{
	(void)argument;
	/* A thread's first call does more than any other. */
	try_pin(mm, PLACE, 8, HF_PIN_READ);
	for (;;) {
		enum stage now = stage();

		if (now == OVER)
			return NULL;
		if (now == ASKED && !atomic_load_explicit(&walker.answered, memory_order_acquire))
			walk_once();
		else
			sched_yield();
	}
}

static bool answered(void)
{
	return atomic_load_explicit(&walker.answered, memory_order_acquire);
}

/* Stop the walk at that instruction; false when it has not so many. */
static bool race_once(const struct race *race, unsigned instruction)
{
	race->prepare();
	walker.instruction = instruction;
	atomic_store_explicit(&walker.answered, false, memory_order_relaxed);
	set_stage(ASKED);
	while (stage() == ASKED && !answered())
		sched_yield();
	race->worst();
	set_stage(WORST_DONE);
	while (!answered())
		sched_yield();
	race->check(walker.result);
	if (harness.failed)
		printf("     at instruction %u\n", instruction);
	return walker.reached;
}

static void run_race(const struct race *race)
{
	unsigned instruction = 1;

	if (!stepping_works()) {
		skip_test("this build or this machine can't go through code step by step");
		return;
	}
	values = 0;
	walker.race = race;
	set_stage(IDLE);
	must(!pthread_create(&walker.thread, NULL, walker_main, NULL), "pthread_create");
	while (race_once(race, instruction) && !harness.failed && instruction < MOST)
		instruction += stride * race->coarse;
	set_stage(OVER);
	pthread_join(walker.thread, NULL);
	/* Else nothing was tried; or there is no end, and the walk waits in circles. */
	CHECK(harness.failed || (instruction > 20 && (instruction < MOST || race->coarse > 1)));
}

/* ---- what the races share ------------------------------------------------------------- */

static int store(struct hf_mm *who, uint64_t at, uint64_t value)
{
	return hf_atomic(who, at, 8, HF_ATOMIC_STORE, value, 0, NULL);
}

static uint64_t load(struct hf_mm *who, uint64_t at)
{
	uint64_t value = 0;

	must(!hf_atomic(who, at, 8, HF_ATOMIC_LOAD, 0, 0, &value), "a load");
	return value;
}

static uint64_t *device_word(void)
{
	return (uint64_t *)(void *)pinned(&pin, 0);
}

static ssize_t walk_read_pin(void)
{
	return hf_pin(mm, PLACE, 8, HF_PIN_READ, "walker", &pin);
}

static ssize_t walk_write_pin(void)
{
	return hf_pin(mm, PLACE, 8, HF_PIN_WRITE, "walker", &pin);
}

/* Store something, so that the fast path finds what it needs. */
static void prepare_store(void)
{
	CHECK_INT(0, store(mm, PLACE, ++values));
}

/* The pin's page is the page at that address: both ways. */
static void check_pin_at(uint64_t at)
{
	CHECK_INT(0, store(mm, at, ++values));
	CHECK_INT(values, *device_word());
	*device_word() = ++values;
	CHECK_INT(values, load(mm, at));
}

static void one_page(unsigned flags)
{
	mm = new_mm();
	map_at(mm, PLACE, 1, RW, HF_MAP_FIXED | flags, flags & HF_MAP_SHARED ? object : NULL);
}

/* ---- a pin and a fork -------------------------------------------------------------------- */

static void worst_fork(void)
{
	child = fork_mm(mm);
}

/* Also behind the next fork, which looks where pins may be. */
static void check_pin_and_child(ssize_t result)
{
	NEED_INT(8, result);
	check_pin_at(PLACE);
	CHECK(load(child, PLACE) < values - 1);
	hf_mm_destroy(child);
	child = fork_mm(mm);
	check_pin_at(PLACE);
	CHECK_INT(0, hf_unpin(&pin, 0));
	hf_mm_destroy(child);
}

/* A fork that finds no pins takes the tables' marks away, and the walker has to set them. */
static void prepare_unmarked(void)
{
	hf_mm_destroy(fork_mm(mm));
	prepare_store();
}

static void read_pin_against_fork(void)
{
	one_page(HF_MAP_PRIVATE);
	run_race(&(struct race){ prepare_unmarked, walk_read_pin, worst_fork, check_pin_and_child, 1 });
	hf_mm_destroy(mm);
}

static void write_pin_against_fork(void)
{
	one_page(HF_MAP_PRIVATE);
	run_race(&(struct race){ prepare_store, walk_write_pin, worst_fork, check_pin_and_child, 1 });
	hf_mm_destroy(mm);
}

/* The other way round: the fork stands still, and the pin is taken. */
static ssize_t walk_fork(void)
{
	child = fork_mm(mm);
	return 8;
}

static void worst_pin(void)
{
	CHECK_INT(8, walk_write_pin());
}

static void fork_against_pin(void)
{
	one_page(HF_MAP_PRIVATE);
	run_race(&(struct race){ prepare_store, walk_fork, worst_pin, check_pin_and_child, 400 });
	hf_mm_destroy(mm);
}

/* ---- a store and a fork --------------------------------------------------------------------- */

static uint64_t seen;

static ssize_t walk_store(void)
{
	return store(mm, PLACE, values + 1);
}

static void worst_fork_and_look(void)
{
	child = fork_mm(mm);
	seen = load(child, PLACE);
}

static void check_child_is_the_same(ssize_t result)
{
	CHECK_INT(0, result);
	CHECK_INT(++values, load(mm, PLACE));
	CHECK_INT(seen, load(child, PLACE));
	hf_mm_destroy(child);
}

static void store_against_fork(void)
{
	one_page(HF_MAP_PRIVATE);
	run_race(&(struct race){ prepare_store, walk_store, worst_fork_and_look, check_child_is_the_same, 1 });
	hf_mm_destroy(mm);
}

/* ---- a store and a protect ------------------------------------------------------------------- */

static void prepare_writable(void)
{
	CHECK_INT(0, hf_protect(mm, PLACE, P, RW));
	prepare_store();
}

/* When protect has returned, no store lands any more. */
static void worst_protect(void)
{
	CHECK_INT(0, hf_protect(mm, PLACE, P, R));
	seen = load(mm, PLACE);
}

static void check_nothing_landed(ssize_t result)
{
	CHECK(!result || result == -EACCES);
	CHECK_INT(seen, load(mm, PLACE));
	values++;
}

static void store_against_protect(void)
{
	one_page(HF_MAP_PRIVATE);
	run_race(&(struct race){ prepare_writable, walk_store, worst_protect, check_nothing_landed, 1 });
	hf_mm_destroy(mm);
}

/* ---- a load, a COW break beside it, and the other side's next store ----------------------------- */

static uint64_t loaded;

static void prepare_child(void)
{
	prepare_store();
	child = fork_mm(mm);
	load(child, PLACE);	/* so that the walker finds the entry */
}

static ssize_t walk_load_in_child(void)
{
	return hf_atomic(child, PLACE, 8, HF_ATOMIC_LOAD, 0, 0, &loaded);
}

/* The child has a copy then, and the parent is alone on the page. */
static void worst_break_cow(void)
{
	put(child, PLACE + 100, 9);
	CHECK_INT(0, store(mm, PLACE, values + 1));
}

static void check_loaded(ssize_t result)
{
	CHECK_INT(0, result);
	CHECK_INT(values++, loaded);
	hf_mm_destroy(child);
}

static void load_against_cow(void)
{
	one_page(HF_MAP_PRIVATE);
	run_race(&(struct race){ prepare_child, walk_load_in_child, worst_break_cow, check_loaded, 1 });
	hf_mm_destroy(mm);
}

/* ---- a pin and a discard ---------------------------------------------------------------------------- */

static void worst_discard(void)
{
	CHECK_INT(0, hf_advise(mm, PLACE, P, HF_ADVISE_DISCARD));
}

static void check_pin(ssize_t result)
{
	NEED_INT(8, result);
	check_pin_at(PLACE);
	CHECK_INT(0, hf_unpin(&pin, 0));
}

static void pin_against_discard(void)
{
	one_page(HF_MAP_PRIVATE);
	run_race(&(struct race){ prepare_store, walk_write_pin, worst_discard, check_pin, 1 });
	hf_mm_destroy(mm);
}

/* ---- a pin and a truncate ------------------------------------------------------------------------------ */

static int cut;

static void prepare_object(void)
{
	CHECK_INT(0, hf_object_resize(object, P, HF_RESIZE_BUSY));
	prepare_store();
}

static void worst_cut(void)
{
	cut = hf_object_resize(object, 0, HF_RESIZE_BUSY);
}

/* Either it was cut, or it was pinned: never both. */
static void check_cut_or_pinned(ssize_t result)
{
	if (result == -EFAULT) {
		CHECK_INT(0, cut);
		return;
	}
	CHECK_INT(-EBUSY, cut);
	check_pin(result);
}

static void pin_against_truncate(void)
{
	object = new_object(1);
	one_page(HF_MAP_SHARED);
	run_race(&(struct race){ prepare_object, walk_read_pin, worst_cut, check_cut_or_pinned, 1 });
	hf_object_destroy(object);
	hf_mm_destroy(mm);
}

/* ---- a pin and an unmap ---------------------------------------------------------------------------------- */

#define STRANGER UINT64_C(0xeeeeeeeeeeeeeeee)
#define MANY 40u

static void prepare_mapping(void)
{
	map_at(mm, PLACE, 1, RW, HF_MAP_FIXED, NULL);
	prepare_store();
}

/* Unmap it, and take all that comes free. */
static void worst_unmap_and_take(void)
{
	CHECK_INT(0, hf_unmap(mm, PLACE, P));
	child = new_mm();
	map_at(child, PLACE, MANY, RW, HF_MAP_FIXED, NULL);
	CHECK_INT(MANY * P, hf_fill(child, PLACE, 0xee, MANY * P));
}

static void check_nobody_elses(ssize_t result)
{
	if (result == 8) {
		CHECK(*device_word() != STRANGER);
		*device_word() = 1;
		CHECK_INT(0, hf_unpin(&pin, 0));
	} else {
		CHECK_INT(-EFAULT, result);
	}
	for (unsigned i = 0; i < MANY; i++)
		CHECK_INT(STRANGER, load(child, PLACE + i * P));
	hf_mm_destroy(child);
}

static void pin_against_unmap(void)
{
	one_page(HF_MAP_PRIVATE);
	run_race(&(struct race){ prepare_mapping, walk_read_pin, worst_unmap_and_take, check_nobody_elses, 1 });
	hf_mm_destroy(mm);
}

/* The same for a store: it must not land in somebody else's page. */
static void check_strangers(ssize_t result)
{
	CHECK(!result || result == -EFAULT);
	for (unsigned i = 0; i < MANY; i++)
		CHECK_INT(STRANGER, load(child, PLACE + i * P));
	hf_mm_destroy(child);
	values++;
}

static void store_against_unmap(void)
{
	one_page(HF_MAP_PRIVATE);
	run_race(&(struct race){ prepare_mapping, walk_store, worst_unmap_and_take, check_strangers, 1 });
	hf_mm_destroy(mm);
}

/* And a load must not bring somebody else's bytes. */
static ssize_t walk_load(void)
{
	return hf_atomic(mm, PLACE, 8, HF_ATOMIC_LOAD, 0, 0, &loaded);
}

static void check_own_bytes(ssize_t result)
{
	CHECK(result == -EFAULT || (!result && loaded == values));
	hf_mm_destroy(child);
}

static void load_against_unmap(void)
{
	one_page(HF_MAP_PRIVATE);
	run_race(&(struct race){ prepare_mapping, walk_load, worst_unmap_and_take, check_own_bytes, 1 });
	hf_mm_destroy(mm);
}

/* ---- the same in a table that the thread remembers ------------------------------------------------------------- */

/* The first load remembers the table, where the space has it alone; the second goes straight there. */
static ssize_t load_again(struct hf_mm *who)
{
	uint64_t first;

	if (hf_read(who, PLACE, &first, 8) != 8)
		return -EFAULT;
	return hf_read(who, PLACE, &loaded, 8) == 8 ? 0 : -EFAULT;
}

static ssize_t walk_store_again(void)
{
	uint64_t value = values + 1;

	if (hf_read(mm, PLACE, &loaded, 8) != 8)
		return -EFAULT;
	return hf_write(mm, PLACE, &value, 8) == 8 ? 0 : -EFAULT;
}

static ssize_t walk_load_again(void)
{
	return load_again(mm);
}

static ssize_t walk_load_again_in_child(void)
{
	return load_again(child);
}

static void prepare_child_with_tables(void)
{
	prepare_store();
	child = fork_mm(mm);
	put(child, PLACE + P, 7);
}

static void again_against_fork_and_cow(void)
{
	one_page(HF_MAP_PRIVATE);
	map_at(mm, PLACE + P, 1, RW, HF_MAP_FIXED, NULL);
	run_race(&(struct race){ prepare_store, walk_store_again, worst_fork_and_look, check_child_is_the_same, 1 });
	run_race(&(struct race){ prepare_child_with_tables, walk_load_again_in_child, worst_break_cow, check_loaded, 1 });
	hf_mm_destroy(mm);
}

static void again_against_unmap(void)
{
	one_page(HF_MAP_PRIVATE);
	run_race(&(struct race){ prepare_mapping, walk_store_again, worst_unmap_and_take, check_strangers, 1 });
	run_race(&(struct race){ prepare_mapping, walk_load_again, worst_unmap_and_take, check_own_bytes, 1 });
	hf_mm_destroy(mm);
}

/* ---- a pin and a move, with a fork behind it ------------------------------------------------------------------ */

static void prepare_place(void)
{
	uint64_t to = PLACE;

	if (hf_remap(mm, OTHER, P, P, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to))
		must(values == 0, "moving back");
	prepare_store();
}

static void worst_move_and_fork(void)
{
	uint64_t to = OTHER;

	CHECK_INT(0, hf_remap(mm, PLACE, P, P, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to));
	child = fork_mm(mm);
}

/* A pin that began before the move is at the new place, and the fork has copied its page. */
static void check_pin_has_moved(ssize_t result)
{
	if (result == 8) {
		check_pin_at(OTHER);
		CHECK(load(child, OTHER) < values - 1);
		CHECK_INT(0, hf_unpin(&pin, 0));
	} else {
		CHECK_INT(-EFAULT, result);
	}
	hf_mm_destroy(child);
}

static void pin_against_move(void)
{
	one_page(HF_MAP_PRIVATE);
	run_race(&(struct race){ prepare_place, walk_read_pin, worst_move_and_fork, check_pin_has_moved, 1 });
	hf_mm_destroy(mm);
}

/* ---- a destroy and a pin of another mm, in the record of one that has ended --------------------------------- */

static void prepare_pin_of_the_child(void)
{
	child = fork_mm(mm);
	CHECK_INT(8, hf_pin(child, PLACE, 8, HF_PIN_WRITE, "ends", &pin));
	hf_mm_exit(child);	/* that is long, and no part of this */
}

static ssize_t walk_destroy(void)
{
	hf_mm_destroy(child);
	return 8;
}

static void worst_end_and_pin(void)
{
	CHECK_INT(0, hf_unpin(&pin, 0));
	CHECK_INT(8, walk_read_pin());
}

/* The destroy looks for the pins of its mm, and this is none of them. */
static void check_whose_pin(ssize_t result)
{
	struct hf_pin_info info;

	CHECK_INT(8, result);
	CHECK_INT(1, hf_inventory(pool, mm, &info, 1));
	CHECK_INT(0, hf_unpin(&pin, 0));
}

static void destroy_against_pin(void)
{
	one_page(HF_MAP_PRIVATE);
	CHECK_INT(0, store(mm, PLACE, 1));
	run_race(&(struct race){ prepare_pin_of_the_child, walk_destroy, worst_end_and_pin, check_whose_pin, 1 });
	hf_mm_destroy(mm);
}

/*
 * Each stop is a signal, and a signal cuts a section that can be cut: it would begin again
 * and again, and get no further than its first instructions.  So this is about sections
 * that are waited for; those that are cut are the explorer's, and test_sections'.
 */
static void begin_without_cuts(char **argv)
{
	if (getenv("GLIBC_TUNABLES"))
		return;
	setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
	execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	begin_without_cuts(argv);
	if (argc > 1)
		stride = (unsigned)strtoul(argv[1], NULL, 10);
	if (argc > 2 || !stride || stride > MOST) {
		fprintf(stderr, "usage: test_windows [STRIDE]\n");
		return 2;
	}
	stepping_set_up();
	TEST(read_pin_against_fork);
	TEST(write_pin_against_fork);
	TEST(fork_against_pin);
	TEST(store_against_fork);
	TEST(store_against_protect);
	TEST(load_against_cow);
	TEST(pin_against_discard);
	TEST(pin_against_truncate);
	pool_pages = 64;	/* so that pages are given out again soon */
	TEST(pin_against_unmap);
	pool_pages = 64;
	TEST(store_against_unmap);
	pool_pages = 64;
	TEST(load_against_unmap);
	pool_pages = 64;
	TEST(again_against_unmap);
	TEST(again_against_fork_and_cow);
	TEST(pin_against_move);
	TEST(destroy_against_pin);
	return closing_line();
}

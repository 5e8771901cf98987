/*
 * shared-pin.c - a study: what would it take for threads to pin the same page at the
 * same time without getting into each other's way?
 *
 *	plain	one count a page                     exact, 8 bytes a page
 *	split	PARTS counts a page, a line each, of which a thread takes its own
 *	slots	no count at all: a thread notes the page in a slot of its own
 *
 * A model with nothing of the library in it: a page is a number, and a pin is the count
 * alone, so these are the differences between the counts and not the times of hf_pin().
 * What each design costs is what its other side has to do: "is this page pinned?", and
 * "was that the last pin of a page that is mapped no more?".  Each is timed as well.
 *
 *	make study
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAGES 65536u
#define PARTS 8u
#define SLOTS 64u			/* a thread's */
#define THREADS 16u			/* that may be there: others look at the slots of all */
/* Over before a busy system takes the core away, mostly. */
#define PAIRS 40000u
#define ROUNDS 51u
#define LOOKS 20000u

/* ---- the designs -------------------------------------------------------------------------- */

static _Atomic uint64_t *plain;		/* by page */
static _Atomic uint64_t *parts;		/* by part, then by page: a page's parts are in different lines */

struct slots {
	_Alignas(64) _Atomic uint64_t word[SLOTS];	/* page << 16 | count: in one word, so that it is read whole */
};
static struct slots slots[THREADS];

static void plain_pin(unsigned self, unsigned page)
{
	(void)self;
	atomic_fetch_add_explicit(&plain[page], 1, memory_order_relaxed);
}

static void plain_unpin(unsigned self, unsigned page)
{
	(void)self;
	atomic_fetch_sub_explicit(&plain[page], 1, memory_order_acq_rel);
}

static uint64_t plain_count(unsigned page)
{
	return atomic_load_explicit(&plain[page], memory_order_acquire);
}

static void split_pin(unsigned self, unsigned page)
{
	atomic_fetch_add_explicit(&parts[(uint64_t)(self % PARTS) * PAGES + page], 1, memory_order_relaxed);
}

static void split_unpin(unsigned self, unsigned page)
{
	atomic_fetch_sub_explicit(&parts[(uint64_t)(self % PARTS) * PAGES + page], 1, memory_order_acq_rel);
}

/* Not a count while pins come and go: a sum of parts that were true one after the other. */
static uint64_t split_count(unsigned page)
{
	uint64_t sum = 0;

	for (unsigned part = 0; part < PARTS; part++)
		sum += atomic_load_explicit(&parts[(uint64_t)part * PAGES + page], memory_order_acquire);
	return sum;
}

/* No locked instruction: the slot is this thread's alone; who looks fences for both (membarrier). */
static void slots_pin(unsigned self, unsigned page)
{
	_Atomic uint64_t *slot = &slots[self].word[page % SLOTS];
	uint64_t word = atomic_load_explicit(slot, memory_order_relaxed);

	if (word && word >> 16 != page)
		abort();			/* two pages in one slot: the count would have to be plain */
	atomic_store_explicit(slot, (uint64_t)page << 16 | ((word & 0xffff) + 1), memory_order_release);
}

static void slots_unpin(unsigned self, unsigned page)
{
	_Atomic uint64_t *slot = &slots[self].word[page % SLOTS];
	uint64_t word = atomic_load_explicit(slot, memory_order_relaxed) - 1;

	atomic_store_explicit(slot, word & 0xffff ? word : 0, memory_order_release);
}

/* For one page; for many, one pass over all slots would do. */
static uint64_t slots_count(unsigned page)
{
	uint64_t sum = 0;

	for (unsigned thread = 0; thread < THREADS; thread++)
		for (unsigned slot = 0; slot < SLOTS; slot++) {
			uint64_t word = atomic_load_explicit(&slots[thread].word[slot], memory_order_acquire);

			if (word >> 16 == page)
				sum += word & 0xffff;
		}
	return sum;
}

static const struct design {
	const char *name;
	void (*pin)(unsigned self, unsigned page);
	void (*unpin)(unsigned self, unsigned page);
	uint64_t (*count)(unsigned page);
	const char *exact, *bytes;
} designs[] = {
	{ "plain", plain_pin, plain_unpin, plain_count, "yes, at every moment", "8 a page" },
	{ "split", split_pin, split_unpin, split_count, "only while no pin comes or goes", "64 a page" },
	{ "slots", slots_pin, slots_unpin, slots_count, "only after a membarrier", "512 a thread" },
};
#define DESIGNS (sizeof(designs) / sizeof(designs[0]))

/* ---- two threads ----------------------------------------------------------------------------- */

struct one {
	const struct design *design;
	unsigned self, page;
	int core;
	double ns;
	pthread_t thread;
};

static _Atomic unsigned here;

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void stay(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *pin_often(void *argument)
{
	struct one *one = argument;
	const struct design *design = one->design;
	uint64_t begin;

	stay(one->core);
	atomic_fetch_add(&here, 1);
	while (atomic_load(&here) < 2)
		;
	begin = clock_ns();
	for (unsigned i = 0; i < PAIRS; i++) {
		design->pin(one->self, one->page);
		__asm__ volatile("" : : : "memory");
		design->unpin(one->self, one->page);
	}
	one->ns = (double)(clock_ns() - begin) / PAIRS;
	return NULL;
}

/* A thread's time for a pin and an unpin. */
static double two_threads(const struct design *design, unsigned other_page, const int *cores)
{
	struct one ones[2] = { { .design = design, .self = 0, .page = 0, .core = cores[0] },
			       { .design = design, .self = 1, .page = other_page, .core = cores[1] } };

	atomic_store(&here, 0);
	for (unsigned i = 0; i < 2; i++)
		if (pthread_create(&ones[i].thread, NULL, pin_often, &ones[i]))
			exit(1);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(ones[i].thread, NULL);
	return (ones[0].ns + ones[1].ns) / 2;
}

/* "Is it pinned?", of pages that nobody has asked for lately. */
static double look(const struct design *design)
{
	uint64_t begin = clock_ns(), sum = 0;

	for (unsigned i = 0; i < LOOKS; i++)
		sum += design->count(i * 12345u % PAGES);
	if (sum)
		abort();
	return (double)(clock_ns() - begin) / LOOKS;
}

/* ---- the table ------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), by_size);
	return values[ROUNDS / 2];
}

static void *zeroed(size_t bytes)
{
	void *memory = aligned_alloc(64, bytes);

	if (!memory)
		exit(1);
	memset(memory, 0, bytes);
	return memory;
}

int main(void)
{
	double same[DESIGNS][ROUNDS], near[DESIGNS][ROUNDS], far[DESIGNS][ROUNDS], looks[DESIGNS][ROUNDS];
	int cores[2], found = 0;
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	for (int core = 0; core < CPU_SETSIZE && found < 2; core++)
		if (CPU_ISSET(core, &set))
			cores[found++] = core;
	if (found < 2) {
		puts("shared-pin: there is no other core");
		return 77;
	}
	plain = zeroed(PAGES * sizeof(*plain));
	parts = zeroed((size_t)PARTS * PAGES * sizeof(*parts));
	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned d = 0; d < DESIGNS; d++) {
			same[d][round] = two_threads(&designs[d], 0, cores);
			near[d][round] = two_threads(&designs[d], 1, cores);
			far[d][round] = two_threads(&designs[d], PAGES / 2 + 1, cores);
			looks[d][round] = look(&designs[d]);
		}
	puts("| design | same page | neighbours | far apart | \"is it pinned?\" | exact | bytes |");
	puts("|---|---|---|---|---|---|---|");
	for (unsigned d = 0; d < DESIGNS; d++)
		printf("| %s | %.1f ns | %.1f ns | %.1f ns | %.0f ns | %s | %s |\n", designs[d].name, median(same[d]),
		       median(near[d]), median(far[d]), median(looks[d]), designs[d].exact, designs[d].bytes);
	return 0;
}

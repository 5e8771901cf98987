/*
 * pair.c - threads that pin at the same time: the same page, pages side by side, pages
 * far apart; and how far apart their cores are
 *
 * The time is each thread's for a pin and an unpin, one page a call, its own clock from
 * the moment when all are there; so twice the time is half the rate.
 *
 *	figures   0 the same page   1 neighbours   2 far apart   3 a line from core to core
 *	by the number of threads   0 all of them, until the last is done
 */
#include "threads.h"
#include "world.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Over before a busy system takes the core away, mostly. */
#define PAIRS 20000u
#define PAIRS_OF_MANY 400000u
#define BOUNCES 4000u
#define PAGES 8192u
#define FAR 512u

struct together {
	struct world world;
	unsigned threads;
	unsigned pairs;			/* by each */
	int cores[THREADS_MOST];
	uint64_t first;			/* the page that the first thread pins */
	unsigned apart;			/* pages between what one thread pins and the next */
	_Atomic unsigned here;
	_Alignas(64) _Atomic unsigned ball;
};

struct one {
	struct together *together;
	unsigned number;
	uint64_t begin, end;
	double ns;
	pthread_t thread;
	uint32_t bounces[BOUNCES];
};

static void *pin_often(void *argument)
{
	struct one *one = argument;
	struct together *together = one->together;
	uint64_t address = together->world.base;

	address += (together->first + one->number * together->apart) * PAGE;
	threads_stay(together->cores[one->number]);
	threads_meet(&together->here, together->threads);
	one->begin = clock_ns();
	for (unsigned i = 0; i < together->pairs; i++) {
		struct hf_pin pin;

		if (hf_pin(together->world.mm, address, PAGE, HF_PIN_WRITE, "bench", &pin) != (ssize_t)PAGE)
			wrong("hf_pin failed");
		hf_unpin(&pin, 0);
	}
	one->end = clock_ns();
	one->ns = (double)(one->end - one->begin) / together->pairs;
	return NULL;
}

/* Back and forth: two transfers of the line.  The median, for a thread may lose its core. */
static void *bounce(void *argument)
{
	struct one *one = argument;
	struct together *together = one->together;
	uint64_t then = 0, now;

	threads_stay(together->cores[one->number]);
	threads_meet(&together->here, together->threads);
	for (unsigned i = 0; i < BOUNCES; i++, then = now) {
		while (atomic_load_explicit(&together->ball, memory_order_acquire) != 2 * i + one->number)
			;
		now = clock_ns();
		one->bounces[i] = i && now - then < UINT32_MAX ? (uint32_t)(now - then) : UINT32_MAX;
		atomic_store_explicit(&together->ball, 2 * i + one->number + 1, memory_order_release);
	}
	one->ns = quantile_of(one->bounces, BOUNCES, 0.5) / 2;
	return NULL;
}

/* The mean of the threads' times; at *all, if wished, from the first's begin to the last's end. */
static double run_all(struct together *together, void *(*run)(void *), unsigned apart, double *all)
{
	static struct one ones[THREADS_MOST];
	uint64_t begin = UINT64_MAX, end = 0;
	double sum = 0;

	together->apart = apart;
	together->here = 0;
	together->ball = 0;
	for (unsigned i = 0; i < together->threads; i++) {
		ones[i].together = together;
		ones[i].number = i;
		threads_start(&ones[i].thread, run, &ones[i]);
	}
	for (unsigned i = 0; i < together->threads; i++) {
		threads_join(ones[i].thread);
		sum += ones[i].ns;
		begin = ones[i].begin < begin ? ones[i].begin : begin;
		end = ones[i].end > end ? ones[i].end : end;
	}
	if (all)
		*all = (double)(end - begin);
	return sum / together->threads;
}

static double pins_of_all(struct together *together, unsigned apart, double *all)
{
	double ns;

	world_expect(&together->world);
	ns = run_all(together, pin_often, apart, all);
	EXPECTED(&together->world, pin_fast, (uint64_t)together->pairs * together->threads);
	return ns;
}

static uint64_t frame_of(struct together *together, uint64_t page)
{
	struct hf_page_info info;

	must_be_0(hf_query(together->world.mm, together->world.base + page * PAGE, &info), "hf_query");
	return info.frame;
}

/* Neighbours' descriptors are to lie in one line: a frame whose number is a multiple of 4, and the next. */
static uint64_t first_of_neighbours(struct together *together)
{
	for (uint64_t page = 0; page < FAR; page++)
		if (frame_of(together, page) % 4 == 0 && frame_of(together, page + 1) % 4 == 1)
			return page;
	return 0;
}

static struct together *begin(const struct trial *trial, unsigned threads, unsigned pairs)
{
	struct together *together = must_have(aligned_alloc(64, (sizeof(*together) + 63) / 64 * 64));

	*together = (struct together){ .threads = threads, .pairs = pairs };
	world_begin(&together->world, PAGES, trial->mib * MIB / PAGE + PAGES, false);
	world_write(&together->world);
	together->first = first_of_neighbours(together);
	return together;
}

static void *pair_begin(const struct trial *trial)
{
	struct together *together = begin(trial, 2, PAIRS);

	if (threads_cores(together->cores, 2) < 2)
		impossible("there is no other core");
	return together;
}

static void pair_round(void *state, struct lap *lap)
{
	struct together *together = state;

	lap->figures[0] = pins_of_all(together, 0, NULL);
	lap->figures[1] = pins_of_all(together, 1, NULL);
	lap->figures[2] = pins_of_all(together, FAR, NULL);
	lap->figures[3] = run_all(together, bounce, 0, NULL);
	lap->units = PAIRS * 2 * 3;
}

const struct side pair_holdfast = { "Holdfast", pair_begin, pair_round, NULL };

/* ---- by the number of threads ------------------------------------------------------------- */

static void *threads_begin(const struct trial *trial)
{
	struct together *together = begin(trial, (unsigned)trial->count, PAIRS_OF_MANY);

	/* On whichever core is free. */
	for (unsigned i = 0; i < THREADS_MOST; i++)
		together->cores[i] = -1;
	return together;
}

static void threads_round(void *state, struct lap *lap)
{
	struct together *together = state;

	pins_of_all(together, FAR, &lap->figures[0]);
	lap->units = (double)together->pairs * together->threads;
}

const struct side threads_holdfast = { "Holdfast", threads_begin, threads_round, NULL };

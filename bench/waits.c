/*
 * waits.c - how long a fork waits for pins under way
 *
 * The wait itself is not to be seen from outside, so the whole of hf_mm_fork() is timed,
 * of a space so small that little else is in it: one private page, written before each
 * fork, so that there is a mark to take away; and a shared mapping of 16 pages, which
 * the other threads pin and unpin all the while.  Those stay PINNABLE through a fork,
 * so nobody takes the lock for want of a page, and a fork copies none of them.
 *
 * The forking thread loses its core, too, now and then: that is in the 99.9 %.
 *
 *	figures   0 median   1 99.9 %
 */
#include "threads.h"
#include "world.h"

#include <stdatomic.h>
#include <stdlib.h>

#define FORKS_A_ROUND 2000u
#define FORKS_LEAST 50u
#define ROUND_NS UINT64_C(1000000000)

struct waiting {
	struct world world;
	struct hf_object *object;
	uint64_t shared;		/* where the object is mapped */
	unsigned threads;
	int cores[2];
	_Atomic unsigned here;
	_Atomic bool stop;
	uint32_t ns[FORKS_A_ROUND];
};

struct pinner {
	struct waiting *waiting;
	uint64_t address;
	int core;
	pthread_t thread;
};

static void *pin_all_the_while(void *argument)
{
	struct pinner *pinner = argument;
	struct waiting *waiting = pinner->waiting;

	threads_stay(pinner->core);
	atomic_fetch_add_explicit(&waiting->here, 1, memory_order_release);
	while (!atomic_load_explicit(&waiting->stop, memory_order_relaxed)) {
		struct hf_pin pin;

		if (hf_pin(waiting->world.mm, pinner->address, PAGE, HF_PIN_WRITE, "bench", &pin) != (ssize_t)PAGE)
			wrong("hf_pin failed");
		hf_unpin(&pin, 0);
	}
	return NULL;
}

static void *wait_begin(const struct trial *trial)
{
	struct waiting *waiting = must_have(calloc(1, sizeof(*waiting)));

	waiting->threads = (unsigned)trial->count;
	if (threads_cores(waiting->cores, 2) < 2 && waiting->threads == 1)
		impossible("there is no other core");
	world_begin(&waiting->world, 1, trial->mib * MIB / PAGE, false);
	must_be_0(hf_object_create(waiting->world.pool, THREADS_MOST * PAGE, &waiting->object), "hf_object_create");
	must_be_0(hf_map(waiting->world.mm, &waiting->shared, THREADS_MOST * PAGE, HF_PROT_READ | HF_PROT_WRITE,
			 HF_MAP_SHARED, waiting->object, 0), "hf_map");
	if (hf_fill(waiting->world.mm, waiting->shared, 0, THREADS_MOST * PAGE) != (ssize_t)(THREADS_MOST * PAGE))
		wrong("hf_fill did not fill");
	return waiting;
}

static void start(struct waiting *waiting, struct pinner *pinners)
{
	bool alone = waiting->threads == 1;

	waiting->here = 0;
	waiting->stop = false;
	if (alone)
		threads_stay(waiting->cores[0]);
	for (unsigned i = 0; i < waiting->threads; i++) {
		pinners[i] = (struct pinner){ .waiting = waiting, .address = waiting->shared + i * PAGE,
					      .core = alone ? waiting->cores[1] : -1 };
		threads_start(&pinners[i].thread, pin_all_the_while, &pinners[i]);
	}
	while (atomic_load_explicit(&waiting->here, memory_order_acquire) < waiting->threads)
		;
}

/* Fewer forks than wanted, where they take long. */
static unsigned fork_often(struct waiting *waiting)
{
	uint64_t end = clock_ns() + ROUND_NS;
	unsigned done = 0;

	while (done < FORKS_A_ROUND && (done < FORKS_LEAST || clock_ns() < end)) {
		struct hf_mm *child;
		uint64_t begin, ns;

		world_write(&waiting->world);
		begin = clock_ns();
		child = world_fork(&waiting->world);
		ns = clock_ns() - begin;
		waiting->ns[done++] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
		hf_mm_destroy(child);
	}
	return done;
}

static void wait_round(void *state, struct lap *lap)
{
	struct waiting *waiting = state;
	struct pinner pinners[THREADS_MOST];
	unsigned forks;

	start(waiting, pinners);
	forks = fork_often(waiting);
	waiting->stop = true;
	for (unsigned i = 0; i < waiting->threads; i++)
		threads_join(pinners[i].thread);
	lap->figures[0] = quantile_of(waiting->ns, forks, 0.5);
	lap->figures[1] = quantile_of(waiting->ns, forks, 0.999);
	lap->units = forks;
}

const struct side wait_holdfast = { "Holdfast", wait_begin, wait_round, "hf_mm_fork" };

/*
 * stress.h - what the threads of the stress test share: the field, what each
 * worker knows, and how it loads, stores, and reports a mistake
 */
#ifndef HOLDFAST_STRESS_H
#define HOLDFAST_STRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "kit.h"

#define FIELD (UINT64_C(1) << 40)
#define PRIVATE_PAGES 48u	/* of the field: private anonymous */
#define OBJECT_PAGES 16u	/* ... private, of an object */
#define SHARED_PAGES 16u	/* ... shared */
#define FORKED_PAGES (PRIVATE_PAGES + OBJECT_PAGES)
#define FIELD_PAGES (FORKED_PAGES + SHARED_PAGES)
#define PLAYGROUND (FIELD + 4096 * P)
#define PLAYGROUND_PAGES 64u
#define PINNERS 2
#define FORKER_WORD PINNERS	/* words 0 and 1 of a page are the pinners', then the forker's and the mapper's */
#define MAPPER_WORD (PINNERS + 1)
#define MAPPER_TAG 5		/* what pinners store in the mapper's pages: in words of their own */
#define POOL_PAGES 16384u

static struct hf_mm *mm;
static struct hf_object *cut_object;	/* the mapper resizes it */
static _Atomic bool over;
static _Atomic unsigned mistakes;

struct worker {
	pthread_t thread;
	uint64_t random;
	unsigned number;
	uint64_t rounds;
	struct hf_pin kept;	/* a pinner's: held while it goes on with other things */
	bool keeps;
	/* a pinner's: what is in its word of each page, and what is about to be */
	_Atomic uint64_t before[FIELD_PAGES], after[FIELD_PAGES];
};

static struct worker pinners[PINNERS], forker, mapper;
static struct { _Atomic uint64_t pins, fast, device, forks, ages, refused, holes, maps, discards, resizes, busy; } done;

/* ---- small things ------------------------------------------------------------------ */

static uint64_t any(struct worker *worker, uint64_t below)
{
	worker->random ^= worker->random << 13;
	worker->random ^= worker->random >> 7;
	worker->random ^= worker->random << 17;
	return worker->random % below;
}

static void add_one(_Atomic uint64_t *count)
{
	atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}

static bool going_on(void)
{
	return !atomic_load_explicit(&over, memory_order_relaxed);
}

static void __attribute__((format(printf, 1, 2))) mistake(const char *format, ...)
{
	va_list arguments;

	if (atomic_fetch_add_explicit(&mistakes, 1, memory_order_relaxed) < 10) {
		va_start(arguments, format);
		printf("     ");
		vprintf(format, arguments);
		printf("\n");
		va_end(arguments);
	}
	atomic_store_explicit(&over, true, memory_order_relaxed);
}

/* A little time, now and then, for the others to do their worst. */
static void wait_now_and_then(struct worker *worker)
{
	struct timespec moment = { .tv_nsec = 20000 };

	if (!any(worker, 256))
		nanosleep(&moment, NULL);
}

static uint64_t word_of(uint64_t count)
{
	return (uint8_t)count * UINT64_C(0x0101010101010101);
}

static uint64_t place(uint64_t page, unsigned word)
{
	return FIELD + page * P + word * sizeof(uint64_t);
}

/* The mapper takes rights away for a moment: then try again. */
static int load_word(struct hf_mm *who, uint64_t at, uint64_t *value)
{
	int error;

	do {
		error = hf_atomic(who, at, 8, HF_ATOMIC_LOAD, 0, 0, value);
	} while (error == -EACCES && going_on());
	return error;
}

static int store_word(struct hf_mm *who, uint64_t at, uint64_t value)
{
	int error;

	do {
		error = hf_atomic(who, at, 8, HF_ATOMIC_STORE, value, 0, NULL);
	} while (error == -EACCES && going_on());
	return error;
}

/* ---- a device: through the pin, as relaxed atomics ------------------------------------ */

static uint64_t *device_word(const struct hf_pin *pin, size_t offset)
{
	return (uint64_t *)(void *)pinned(pin, offset);
}

static uint64_t device_load(const struct hf_pin *pin, size_t offset)
{
	return __atomic_load_n(device_word(pin, offset), __ATOMIC_RELAXED);
}

static void device_store(const struct hf_pin *pin, size_t offset, uint64_t value)
{
	__atomic_store_n(device_word(pin, offset), value, __ATOMIC_RELAXED);
}

#endif

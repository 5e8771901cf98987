/*
 * linux.c - the platform of Linux user space: pthreads, clocks
 *
 * Sections and threads have files of their own (sections.h, sections.c, commits.c, threads.c),
 * and so have bytes, and the memory of pools (memory.c).
 */
#include "threads.h"
#include "../core/errors.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

#if PLAT_ASAN
#include <sanitizer/asan_interface.h>
#endif

_Static_assert(HF_ESRCH == ESRCH && HF_EAGAIN == EAGAIN && HF_ENOMEM == ENOMEM && HF_EACCES == EACCES &&
	       HF_EFAULT == EFAULT && HF_EBUSY == EBUSY && HF_EEXIST == EEXIST && HF_EINVAL == EINVAL &&
	       HF_ENOLCK == ENOLCK && HF_ENODATA == ENODATA && HF_EOVERFLOW == EOVERFLOW && HF_EUCLEAN == EUCLEAN,
	       "the core's errno values are the system's");

/* ---- locks ------------------------------------------------------------------ */

_Static_assert(sizeof(pthread_mutex_t) <= sizeof(struct plat_lock), "plat_lock holds a mutex");

static pthread_mutex_t *mutex_of(struct plat_lock *lock)
{
	return (pthread_mutex_t *)(void *)lock->storage;
}

/* A mutex that can't be locked is a broken program; going on would lose data. */
void plat_must(int error, const char *what)
{
	if (error) {
		fprintf(stderr, "holdfast: %s: %s\n", what, strerror(error));
		abort();
	}
}

void plat_lock_init(struct plat_lock *lock)
{
	plat_must(pthread_mutex_init(mutex_of(lock), NULL), "pthread_mutex_init");
}

void plat_lock_fini(struct plat_lock *lock)
{
	plat_must(pthread_mutex_destroy(mutex_of(lock)), "pthread_mutex_destroy");
}

void plat_lock(struct plat_lock *lock)
{
	plat_must(pthread_mutex_lock(mutex_of(lock)), "pthread_mutex_lock");
}

void plat_unlock(struct plat_lock *lock)
{
	plat_must(pthread_mutex_unlock(mutex_of(lock)), "pthread_mutex_unlock");
}

/* ---- when ---------------------------------------------------------------------------- */

uint64_t plat_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/*
 * Stamps are the processor's cycle counter where it runs evenly whatever the cores do.  How
 * fast it runs is found when somebody asks for an age: from the first call to then, by
 * both clocks.  No stamp is older than that, so the error is that of two looks at the clock.
 */
#if defined(__x86_64__)
bool plat_stamps_are_cycles;
static uint64_t first_cycles, first_nanoseconds;

static uint64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void clock_begin(void)
{
	unsigned a, b, c, d = 0;
	int mode = PR_TSC_ENABLE;

	/* A process may have been forbidden to ask. */
	if (!__get_cpuid(0x80000007, &a, &b, &c, &d) || !(d & 1u << 8) ||
	    (!prctl(PR_GET_TSC, &mode, 0, 0, 0) && mode != PR_TSC_ENABLE))
		return;
	first_nanoseconds = nanoseconds();
	first_cycles = __rdtsc();
	plat_stamps_are_cycles = true;
}

bool clock_is_quick(void)
{
	return plat_stamps_are_cycles;
}

/* The first of the process, or there is no such counter. */
uint64_t plat_stamp_first(void)
{
	threads_begin();
	return plat_stamps_are_cycles ? __rdtsc() : plat_now();
}

uint64_t plat_stamp_age(uint64_t stamp)
{
	uint64_t now = plat_stamp();

	if (now <= stamp)
		return 0;
	if (!plat_stamps_are_cycles)
		return now - stamp;
	return (uint64_t)((double)(now - stamp) / (double)(now - first_cycles) *
			  (double)(nanoseconds() - first_nanoseconds));
}
#else
void clock_begin(void)
{
}

bool clock_is_quick(void)
{
	return true;	/* there is but one way */
}

uint64_t plat_stamp_age(uint64_t stamp)
{
	uint64_t now = plat_stamp();

	return now > stamp ? now - stamp : 0;
}
#endif

void plat_pause(unsigned attempt)
{
	struct timespec wait = { 0, 50000 };

	if (attempt < 16) {
		sched_yield();
		return;
	}
	if (attempt > 64)
		wait.tv_nsec = 2000000;
	nanosleep(&wait, NULL);
}

/* ---- memory ------------------------------------------------------------------------------ */

void *plat_alloc(size_t bytes)
{
	size_t rounded = (bytes + 63) & ~(size_t)63;
	void *memory = rounded < bytes ? NULL : aligned_alloc(64, rounded);

	return memory ? memset(memory, 0, rounded) : NULL;
}

void plat_free(void *memory)
{
	free(memory);
}

void *plat_reserve(uint64_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void plat_unreserve(void *memory, uint64_t bytes)
{
	munmap(memory, bytes);
}

/* To a program built with AddressSanitizer a free page is freed memory: what it keeps the address of, it learns. */
void plat_page_rest(void *page, size_t bytes)
{
#if PLAT_ASAN
	__asan_poison_memory_region(page, bytes);
#else
	(void)page;
	(void)bytes;
#endif
}

void plat_page_wake(void *page, size_t bytes)
{
#if PLAT_ASAN
	__asan_unpoison_memory_region(page, bytes);
#else
	(void)page;
	(void)bytes;
#endif
}

/* ---- the outside ---------------------------------------------------------------------------------- */

void plat_report(const char *message)
{
	fprintf(stderr, "holdfast: %s\n", message);
}

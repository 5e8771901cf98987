/*
 * linux.c - the platform of Linux user space: pthreads, liburcu, memfd
 *
 * Sections are liburcu's "bp" flavour, the one that does not ask its users to
 * register their threads.  ThreadSanitizer knows neither its fences nor its
 * grace periods, so they are told to it here, and nowhere else.
 */
#include "platform.h"
#include "sanitizer.h"
#include "../core/errors.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <urcu-bp.h>

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
static void must(int error, const char *what)
{
	if (error) {
		fprintf(stderr, "holdfast: %s: %s\n", what, strerror(error));
		abort();
	}
}

void plat_lock_init(struct plat_lock *lock)
{
	must(pthread_mutex_init(mutex_of(lock), NULL), "pthread_mutex_init");
}

void plat_lock_fini(struct plat_lock *lock)
{
	must(pthread_mutex_destroy(mutex_of(lock)), "pthread_mutex_destroy");
}

void plat_lock(struct plat_lock *lock)
{
	must(pthread_mutex_lock(mutex_of(lock)), "pthread_mutex_lock");
}

void plat_unlock(struct plat_lock *lock)
{
	must(pthread_mutex_unlock(mutex_of(lock)), "pthread_mutex_unlock");
}

/* ---- sections ------------------------------------------------------------------ */

#if PLAT_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
static char grace_ended;	/* a grace period to the sections that begin after it */
static char section_left;	/* a section to the grace period that waited for it */

static void told_enter(void) { __tsan_acquire(&grace_ended); }
static void told_leave(void) { __tsan_release(&section_left); }
static void told_before_grace(void) { __tsan_release(&grace_ended); }
static void told_after_grace(void) { __tsan_acquire(&section_left); }
#else
static void told_enter(void) {}
static void told_leave(void) {}
static void told_before_grace(void) {}
static void told_after_grace(void) {}
#endif

void plat_section_enter(enum plat_commit commit)
{
	(void)commit;
	urcu_bp_read_lock();
	told_enter();
}

void plat_section_leave(void)
{
	told_leave();
	urcu_bp_read_unlock();
}

void plat_grace(void)
{
	told_before_grace();
	urcu_bp_synchronize_rcu();
	told_after_grace();
}

void plat_cut(void)
{
	plat_grace();
}

uint64_t plat_grace_begin(void)
{
	plat_grace();
	return 0;
}

bool plat_grace_over(uint64_t begun)
{
	(void)begun;
	return true;
}

/* ---- commits ----------------------------------------------------------------------- */

bool plat_commit_raise(_Atomic uint64_t *word, uint64_t *before)
{
	*before = atomic_fetch_add_explicit(word, 1, memory_order_relaxed);
	return true;
}

size_t plat_commit_raise_row(_Atomic uint64_t *first, size_t stride, size_t n, uint64_t *before)
{
	unsigned char *at = (unsigned char *)first;

	for (size_t i = 0; i < n; i++, at += stride)
		*before |= atomic_fetch_add_explicit((_Atomic uint64_t *)(void *)at, 1, memory_order_relaxed);
	return n;
}

bool plat_commit_copy(void *to, const void *from, size_t bytes)
{
	plat_copy(to, from, bytes);
	return true;
}

bool plat_commit_fill(void *to, int byte, size_t bytes)
{
	plat_fill(to, byte, bytes);
	return true;
}

bool plat_commit_swap(void *word, unsigned width, uint64_t *expected, uint64_t desired, bool *swapped)
{
	uint32_t narrow = (uint32_t)*expected;

	if (width == sizeof(uint64_t)) {
		*swapped = atomic_compare_exchange_strong_explicit((_Atomic uint64_t *)word, expected, desired,
								   memory_order_acquire, memory_order_acquire);
	} else {
		*swapped = atomic_compare_exchange_strong_explicit((_Atomic uint32_t *)word, &narrow, (uint32_t)desired,
								   memory_order_acquire, memory_order_acquire);
		*expected = narrow;
	}
	return true;
}

/* ---- who and when ------------------------------------------------------------------ */

/*
 * Thread numbers: the lowest free one, given back by a key's destructor when the
 * thread ends, so that per-thread state stays dense.  Numbers beyond the map are
 * shared by all threads that get none of their own: the core shares that state.
 */
enum { NUMBERS = 4096 };

static pthread_mutex_t numbers_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t numbers_once = PTHREAD_ONCE_INIT;
static pthread_key_t numbers_key;
static unsigned char number_taken[NUMBERS];
/* number + 1; 0: none yet.  Asked for by every call: no detour through the loader. */
static _Thread_local unsigned my_number __attribute__((tls_model("initial-exec")));

static void number_give_back(void *value)
{
	unsigned number = (unsigned)(uintptr_t)value - 1;

	/* Destructors that run after this one may pin or unpin: they get a new number. */
	my_number = 0;
	pthread_mutex_lock(&numbers_lock);
	number_taken[number] = 0;
	pthread_mutex_unlock(&numbers_lock);
}

static void numbers_begin(void)
{
	must(pthread_key_create(&numbers_key, number_give_back), "pthread_key_create");
}

/* Out of line: what follows is on every path. */
static __attribute__((noinline, cold)) unsigned number_take(void)
{
	unsigned number;

	pthread_once(&numbers_once, numbers_begin);
	pthread_mutex_lock(&numbers_lock);
	for (number = 0; number < NUMBERS && number_taken[number]; number++)
		;
	if (number < NUMBERS)
		number_taken[number] = 1;
	pthread_mutex_unlock(&numbers_lock);
	if (number < NUMBERS && pthread_setspecific(numbers_key, (void *)(uintptr_t)(number + 1))) {
		/* No memory to remember it by: share, rather than never give it back. */
		pthread_mutex_lock(&numbers_lock);
		number_taken[number] = 0;
		pthread_mutex_unlock(&numbers_lock);
		return NUMBERS;
	}
	my_number = number + 1;
	return number;
}

unsigned plat_self(void)
{
	return my_number ? my_number - 1 : number_take();
}

uint64_t plat_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t plat_stamp(void)
{
	return plat_now();
}

uint64_t plat_stamp_age(uint64_t stamp)
{
	uint64_t now = plat_now();

	return now > stamp ? now - stamp : 0;
}

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

int plat_pool_open(uint64_t bytes, void **base, int *fd)
{
	struct rlimit limit;
	int error;

	/* Asked first: going over the limit would end the program with SIGXFSZ. */
	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY && bytes > limit.rlim_cur)
		return -EFBIG;
	*fd = memfd_create("holdfast", MFD_CLOEXEC);
	if (*fd < 0)
		return -errno;
	if (ftruncate(*fd, (off_t)bytes) == 0) {
		*base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, *fd, 0);
		if (*base != MAP_FAILED)
			return 0;
	}
	error = errno;
	close(*fd);
	return -error;
}

void plat_pool_close(void *base, uint64_t bytes, int fd)
{
	munmap(base, bytes);
	close(fd);
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

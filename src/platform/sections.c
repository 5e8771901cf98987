/*
 * sections.c - those who wait for sections, and those who cut them
 *
 * A section announces itself by a plain store, and goes on to load (sections.h).  That
 * may not be seen when it loads; so whoever wait first has the kernel run a fence on
 * every core that runs a thread of this process (membarrier(2)).  A section of which
 * nothing is seen after that began its loads after it.
 *
 * Announcements are epochs.  Each grace period begins a new one, and is over when a
 * fence has been run since and no section is open from before: so it never waits for
 * sections that began after it, and who asks need not have been the one who ran the
 * fence.  Nobody runs in the background: the grace periods go on when somebody asks.
 *
 * A cut is the same fence with one more effect: threads that are inside a section are
 * sent out of it, at once or when they get their core back (rseq(2)).
 *
 * Where membarrier(2) is missing (a kernel before 4.14, a filter of system calls)
 * each section runs a fence of its own.  Where it can't cut, a cut waits.
 */
#include "threads.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

_Alignas(64) _Atomic uint64_t plat_epoch = 1;

#if PLAT_TSAN
char plat_grace_ended, plat_section_left;
static void told_before(void) { __tsan_release(&plat_grace_ended); }
static void told_after(void) { __tsan_acquire(&plat_section_left); }
#else
static void told_before(void) {}
static void told_after(void) {}
#endif

enum { LOOKS = 64 };	/* until a thread that waits thinks of giving up its core */

static _Alignas(64) pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t fenced;			/* (lock) there was a fence after this epoch had begun */
static _Atomic uint64_t over;		/* no section is open from before this epoch */
static bool fences, cuts;		/* sections run their own; sections can be cut */

/* ---- the kernel's fence ------------------------------------------------------------------ */

static int membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0) < 0 ? errno : 0;
}

void sections_begin(void)
{
	fences = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0;
	cuts = PLAT_CUTS && !fences && !membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ);
}

bool sections_need_fences(void)
{
	return fences;
}

void sections_lock(void)
{
	pthread_mutex_lock(&lock);
}

void sections_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

/* Memory can be short in the kernel for a moment; but who has no fence any more can't go on. */
static void fence_everywhere(void)
{
	int error;

	if (fences) {
		atomic_thread_fence(memory_order_seq_cst);
		return;
	}
	for (unsigned attempt = 0; (error = membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) == ENOMEM; attempt++)
		plat_pause(attempt);
	plat_must(error, "membarrier");
}

/* ---- to wait ----------------------------------------------------------------------------- */

uint64_t plat_grace_begin(void)
{
	told_before();
	/* What was written before is seen by whoever sees the new epoch, or runs after the fence. */
	return atomic_fetch_add_explicit(&plat_epoch, 1, memory_order_seq_cst) + 1;
}

/* A section may announce an epoch that it found long ago: what is over stays over all the same. */
static void look_locked(uint64_t begun)
{
	uint64_t oldest;

	if (fenced < begun) {
		uint64_t epoch = atomic_load_explicit(&plat_epoch, memory_order_seq_cst);

		fence_everywhere();
		fenced = epoch;
	}
	oldest = threads_oldest_section(fenced);
	if (oldest > atomic_load_explicit(&over, memory_order_relaxed))
		atomic_store_explicit(&over, oldest, memory_order_release);
}

bool plat_grace_over(uint64_t begun)
{
	if (atomic_load_explicit(&over, memory_order_acquire) < begun) {
		threads_begin();
		/* Somebody else looks: it may be over when they have. */
		if (pthread_mutex_trylock(&lock))
			return false;
		if (atomic_load_explicit(&over, memory_order_relaxed) < begun)
			look_locked(begun);
		pthread_mutex_unlock(&lock);
		if (atomic_load_explicit(&over, memory_order_acquire) < begun)
			return false;
	}
	told_after();
	return true;
}

void plat_grace(void)
{
	uint64_t begun = plat_grace_begin();

	/* A section whose thread has its core is left in nanoseconds: no need to give up one's own. */
	for (unsigned attempt = 0; !plat_grace_over(begun); attempt++)
		if (attempt >= LOOKS)
			plat_pause(attempt - LOOKS);
}

/* ---- to cut -------------------------------------------------------------------------------- */

void plat_cut(void)
{
	threads_begin();
	/* The call is a fence, before and after; on each other core one runs in between. */
	if (!cuts || membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ) || !threads_can_be_cut())
		plat_grace();
}

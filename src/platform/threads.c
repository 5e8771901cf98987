/*
 * threads.c - what each thread has of its own, from its first call to its end
 *
 * A number, and the record in which it announces its sections.  Both are taken at the
 * thread's first use, the lowest that are free, and given back when it ends: so that
 * per-thread state stays dense.  Numbers end at NUMBERS; threads beyond it share that
 * one, and the core shares its state among them.  Records have no end.
 *
 * Records are never freed: who looks through them takes no lock, and a thread that is
 * gone leaves one behind that says "no section".
 */
#include "threads.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>
#if PLAT_CUTS
#include <sys/rseq.h>
#endif

enum { NUMBERS = 4096, ROUNDS = PTHREAD_DESTRUCTOR_ITERATIONS - 1 };

struct plat_records {
	_Atomic(struct plat_records *) next;
	_Atomic unsigned used;			/* those from here on have never been taken */
	struct plat_record records[NUMBERS];
};

static const _Alignas(64) uint64_t ones[PLAT_ONES / sizeof(uint64_t)] = { [0 ... PLAT_ONES / sizeof(uint64_t) - 1] = ~UINT64_C(0) };
#define ONES ((void *)(uintptr_t)ones)

/* Whoever has not all that is in line enters here and finds nothing: nobody looks whether it is open. */
struct plat_record plat_nobody = { .armed = &plat_nobody.unarmed, .mine = ONES };

#define THREAD_EMPTY { .hot = &plat_nobody, .number = UINT32_MAX, .quick_number = UINT32_MAX }
_Thread_local struct plat_thread plat_thread = THREAD_EMPTY;

static _Thread_local bool ended __attribute__((tls_model("initial-exec")));	/* has been through thread_end() */

static struct plat_records first;
static pthread_mutex_t threads_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t threads_once = PTHREAD_ONCE_INIT;
static pthread_key_t threads_key;
static _Atomic unsigned not_cut;	/* threads whose sections must be waited for */

/* ---- to look at all ----------------------------------------------------------------- */

uint64_t threads_oldest_section(uint64_t now)
{
	uint64_t oldest = now;

	for (struct plat_records *some = &first; some; some = atomic_load_explicit(&some->next, memory_order_acquire)) {
		unsigned used = atomic_load_explicit(&some->used, memory_order_acquire);

		for (unsigned i = 0; i < used; i++) {
			uint64_t open = atomic_load_explicit(&some->records[i].open, memory_order_acquire);

			if (open && open < oldest)
				oldest = open;
		}
	}
	return oldest;
}

void plat_hot_forget(const void *from, size_t bytes)
{
	for (struct plat_records *some = &first; some; some = atomic_load_explicit(&some->next, memory_order_acquire)) {
		unsigned used = atomic_load_explicit(&some->used, memory_order_acquire);

		for (unsigned i = 0; i < used; i++) {
			void *mine = atomic_load_explicit(&some->records[i].mine, memory_order_relaxed);

			/* Its thread may have set another meanwhile. */
			if ((uintptr_t)mine - (uintptr_t)from < bytes)
				atomic_compare_exchange_strong_explicit(&some->records[i].mine, &mine, ONES,
									memory_order_relaxed, memory_order_relaxed);
		}
	}
}

bool threads_can_be_cut(void)
{
	return !atomic_load_explicit(&not_cut, memory_order_relaxed);
}

/* ---- a thread's life -------------------------------------------------------------------- */

/* Where the kernel looks when it takes the core from this thread; NULL: nowhere. */
static uint64_t *rseq_word(void)
{
#if PLAT_CUTS
	struct rseq *area = (struct rseq *)(void *)((char *)__builtin_thread_pointer() + __rseq_offset);

	/* A thread may have been refused although others were not. */
	if (__rseq_size >= offsetof(struct rseq, flags) && (int)area->cpu_id >= 0)
		return (uint64_t *)(void *)&area->rseq_cs;
#endif
	return NULL;
}

/* Under the lock; NULL: there are NUMBERS more threads than ever, and no memory to remember them by. */
static struct plat_record *record_take_locked(unsigned *number)
{
	struct plat_records *some = &first, *next;

	for (*number = 0;; some = next) {
		for (unsigned i = 0; i < NUMBERS; i++) {
			if (some->records[i].taken)
				continue;
			*number = some == &first ? i : NUMBERS;
			some->records[i].taken = true;
			if (!atomic_load_explicit(&some->records[i].mine, memory_order_relaxed))
				atomic_store_explicit(&some->records[i].mine, ONES, memory_order_relaxed);
			if (i >= atomic_load_explicit(&some->used, memory_order_relaxed))
				atomic_store_explicit(&some->used, i + 1, memory_order_release);
			return &some->records[i];
		}
		next = atomic_load_explicit(&some->next, memory_order_relaxed);
		if (next)
			continue;
		next = plat_alloc(sizeof(*next));
		if (!next)
			return NULL;
		atomic_store_explicit(&some->next, next, memory_order_release);
	}
}

static void record_give_locked(struct plat_record *record)
{
	atomic_store_explicit(&record->open, 0, memory_order_release);
	if (record->waited_for)
		atomic_fetch_sub_explicit(&not_cut, 1, memory_order_relaxed);
	record->waited_for = false;
	plat_free(record->own);
	record->own = NULL;
	record->taken = false;
}

/*
 * Other destructors may pin and unpin after this one: so it asks to be called again, and
 * acts in the last round but one (the last is ThreadSanitizer's).  What comes even later
 * takes a record once more, to be given back in what is left of rounds.
 */
static void thread_end(void *round)
{
	if ((uintptr_t)round < ROUNDS &&
	    !pthread_setspecific(threads_key, (void *)((uintptr_t)round + 1)))
		return;
	pthread_mutex_lock(&threads_lock);
	record_give_locked(plat_thread.record);
	pthread_mutex_unlock(&threads_lock);
	plat_thread = (struct plat_thread)THREAD_EMPTY;
	ended = true;
}

/* What is in line may be used, if it does. */
static void make_quick(void)
{
	bool quick = !sections_need_fences() && plat_thread.record;

	plat_thread.quick = quick ? plat_thread.record : NULL;
	plat_thread.quick_number = quick && clock_is_quick() ? plat_thread.number : UINT32_MAX;
	plat_thread.own = quick ? plat_thread.record->own : NULL;
	plat_thread.hot = plat_thread.quick_number != UINT32_MAX ? plat_thread.record : &plat_nobody;
}

/* ---- the process's: fork(2), dlclose(3) ------------------------------------------------------ */

static void process_forks(void)
{
	pthread_mutex_lock(&threads_lock);
	sections_lock();
}

static void process_has_forked(void)
{
	sections_unlock();
	pthread_mutex_unlock(&threads_lock);
}

/* The child: the caller is its one thread, and the others' sections have ended with them. */
static void process_was_forked(void)
{
	for (struct plat_records *some = &first; some; some = atomic_load_explicit(&some->next, memory_order_relaxed))
		for (unsigned i = 0; i < atomic_load_explicit(&some->used, memory_order_relaxed); i++)
			if (some->records[i].taken && &some->records[i] != plat_thread.record)
				record_give_locked(&some->records[i]);
	sections_begin();
	make_quick();
	process_has_forked();
}

static void process_begin(void)
{
	plat_must(pthread_key_create(&threads_key, thread_end), "pthread_key_create");
	plat_must(pthread_atfork(process_forks, process_has_forked, process_was_forked), "pthread_atfork");
	sections_begin();
	commits_begin();
	clock_begin();
}

void threads_begin(void)
{
	plat_must(pthread_once(&threads_once, process_begin), "pthread_once");
}

/* Unloaded: threads that end later must not come here any more. */
static __attribute__((destructor)) void process_end(void)
{
	if (atomic_load_explicit(&first.used, memory_order_relaxed))
		pthread_key_delete(threads_key);
	if (plat_thread.record) {
		plat_free(plat_thread.record->own);
		plat_thread.record->own = plat_thread.own = NULL;
	}
}

/* ---- first use -------------------------------------------------------------------------------- */

static __attribute__((noinline, cold)) void thread_begin(void)
{
	struct plat_record *record;
	uint64_t *armed = rseq_word();
	unsigned number = NUMBERS;

	threads_begin();
	for (unsigned attempt = 0;; attempt++) {
		pthread_mutex_lock(&threads_lock);
		record = record_take_locked(&number);
		if (record && !armed) {
			record->waited_for = true;
			atomic_fetch_add_explicit(&not_cut, 1, memory_order_relaxed);
		}
		pthread_mutex_unlock(&threads_lock);
		if (record)
			break;
		plat_pause(attempt);	/* until a thread ends, or memory comes back */
	}
	/* Where there is no memory to remember it by, the record stays taken. */
	pthread_setspecific(threads_key, (void *)(uintptr_t)(ended ? ROUNDS : 1));
	record->armed = armed ? armed : &record->unarmed;
	plat_thread.record = record;
	plat_thread.armed = record->armed;
	plat_thread.number = number;
	make_quick();
}

unsigned plat_self_first(void)
{
	thread_begin();
	return plat_thread.number;
}

void *plat_own_begin(size_t bytes)
{
	struct plat_record *record;

	plat_self();
	record = plat_thread.record;
	if (!record->own)
		record->own = plat_alloc(bytes);
	make_quick();
	return plat_thread.own;
}

void plat_section_enter_first(void)
{
	if (!plat_thread.record)
		thread_begin();
	atomic_store_explicit(&plat_thread.record->open, atomic_load_explicit(&plat_epoch, memory_order_relaxed),
			      memory_order_relaxed);
	/* Without membarrier(2) each section has its fence; elsewhere this is a thread's first. */
	atomic_thread_fence(memory_order_seq_cst);
}

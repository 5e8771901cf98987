/*
 * sections.h - what the Linux platform does in line: sections, commits, who am I
 *
 * A thread announces its section in a record that those who wait look at, and arms
 * the commit that the section may end in: it stores the address of a descriptor
 * where the kernel looks whenever it takes the thread's core away, gives it a signal,
 * or is told by plat_cut() to interrupt it (restartable sequences, rseq(2)).  The
 * kernel then clears that word; so a commit asks first whether it still stands there,
 * and its few instructions are the one place from which the kernel sends a thread
 * elsewhere.  All C code between the two is covered without being restartable itself.
 *
 *	enter	announce, arm		two stores; no fence, nothing locked
 *	leave	disarm, take back	two stores
 *
 * Who waits or cuts pays for the fence that is missing here (membarrier(2)).
 *
 * Rules.  No system call between enter and a commit: kernels since 6.19 do not look at
 * the word on their way out of one.  No section in a signal handler.
 *
 * Disarmed by leave, although the kernel would bear what stands there: the descriptors
 * go when the library is unloaded, and a word that points at nothing ends the program.
 */
#ifndef HOLDFAST_SECTIONS_H
#define HOLDFAST_SECTIONS_H

#include "sanitizer.h"

#if defined(__x86_64__) && defined(__linux__) && !PLAT_TSAN && defined(__has_include)
#if __has_include(<sys/rseq.h>)
#define PLAT_CUTS 1
#endif
#endif
#ifndef PLAT_CUTS
#define PLAT_CUTS 0
#endif

/* A thread as others see it; given to another when it ends, never freed. */
struct plat_record {
	_Alignas(64) _Atomic uint64_t open;	/* 0, or the epoch in which the section began */
	uint64_t *armed;			/* its thread's: where the kernel looks, or unarmed */
	_Atomic(void *) mine;			/* what the core keeps here */
	uint64_t unarmed;			/* where the kernel looks, if it does not look */
	bool taken, waited_for;			/* (threads' lock) in use; can't be cut */
	void *own;				/* the thread's: plat_own_begin() */
};

/* As it sees itself. */
struct plat_thread {
	struct plat_record *quick;		/* its record; NULL: enter goes the long way round */
	struct plat_record *record;
	struct plat_record *hot;		/* the same; nobody's: enter goes the long way round */
	uint64_t *armed;			/* record's */
	void *own;				/* NULL: none yet, or enter goes the long way round */
	unsigned number;
	unsigned quick_number;			/* the same; UINT32_MAX: not all that is in line can do without a look */
};

/* The kernel's struct rseq_cs. */
struct plat_region {
	_Alignas(32) uint32_t version;
	uint32_t flags;
	uint64_t start, length, cut;
};

#define PLAT_HIDDEN __attribute__((visibility("hidden")))
#define PLAT_RARELY(condition) __builtin_expect(!!(condition), 0)

extern PLAT_HIDDEN _Thread_local struct plat_thread plat_thread __attribute__((tls_model("initial-exec")));
extern PLAT_HIDDEN _Atomic uint64_t plat_epoch;
extern PLAT_HIDDEN const struct plat_region plat_regions[];	/* by enum plat_commit */

/* The best that there is for the processor. */
struct plat_words {
	const struct plat_region *region;
	void (*copy)(void);		/* with registers of its own: plat_commit_copy_words() */
};
extern PLAT_HIDDEN struct plat_words plat_words;

PLAT_HIDDEN void plat_section_enter_first(void);
PLAT_HIDDEN unsigned plat_self_first(void);

/* ---- sections -------------------------------------------------------------------- */

static inline void plat_announce(struct plat_record *record)
{
	atomic_store_explicit(&record->open, atomic_load_explicit(&plat_epoch, memory_order_relaxed), memory_order_relaxed);
}

static inline void plat_arm(enum plat_commit commit)
{
#if PLAT_CUTS
	/* Which one is known when the program is compiled. */
	if (commit == PLAT_COPY_WORDS)
		*(volatile uint64_t *)plat_thread.armed = (uintptr_t)plat_words.region;
	else if (commit != PLAT_LOOK)
		*(volatile uint64_t *)plat_thread.armed = (uintptr_t)&plat_regions[commit];
#else
	(void)commit;
#endif
	/* The processor's half of this fence is in the membarrier of those who wait. */
	atomic_signal_fence(memory_order_seq_cst);
#if PLAT_TSAN
	__tsan_acquire(&plat_grace_ended);
#endif
}

static inline void plat_section_enter(enum plat_commit commit)
{
	struct plat_record *record = plat_thread.quick;

	if (PLAT_RARELY(!record))
		plat_section_enter_first();
	else
		plat_announce(record);
	plat_arm(commit);
}

static inline void plat_section_enter_quick(enum plat_commit commit)
{
	plat_announce(plat_thread.quick);
	plat_arm(commit);
}

static inline void plat_section_leave(void)
{
#if PLAT_TSAN
	__tsan_release(&plat_section_left);
#endif
	atomic_signal_fence(memory_order_seq_cst);
#if PLAT_CUTS
	*(volatile uint64_t *)plat_thread.armed = 0;
#endif
	atomic_store_explicit(&plat_thread.record->open, 0, memory_order_release);
}

/* What begins it returns, ends it. */
static inline void *plat_look_begin(void)
{
	struct plat_record *record = plat_thread.quick;

	plat_announce(record);
	plat_arm(PLAT_LOOK);
	return record;
}

static inline void plat_look_end(void *look)
{
	struct plat_record *record = look;

#if PLAT_TSAN
	__tsan_release(&plat_section_left);
#endif
	atomic_store_explicit(&record->open, 0, memory_order_release);
}

static inline void *plat_own_quick(void)
{
	return plat_thread.own;
}

/* ---- the hottest path's ------------------------------------------------------------- */

extern PLAT_HIDDEN struct plat_record plat_nobody;
extern PLAT_HIDDEN const struct plat_region plat_region_hot;

static inline struct plat_record *plat_hot_enter(void)
{
	struct plat_record *hot = plat_thread.hot;

	plat_announce(hot);
#if PLAT_CUTS
	*(volatile uint64_t *)hot->armed = (uintptr_t)&plat_region_hot;
#endif
	atomic_signal_fence(memory_order_seq_cst);
#if PLAT_TSAN
	__tsan_acquire(&plat_grace_ended);
#endif
	return hot;
}

static inline void plat_hot_leave(struct plat_record *hot)
{
#if PLAT_TSAN
	__tsan_release(&plat_section_left);
#endif
	atomic_signal_fence(memory_order_seq_cst);
#if PLAT_CUTS
	*(volatile uint64_t *)hot->armed = 0;
#endif
	atomic_store_explicit(&hot->open, 0, memory_order_release);
}

static inline void *plat_hot_get(const struct plat_record *hot)
{
	return atomic_load_explicit(&hot->mine, memory_order_relaxed);
}

static inline bool plat_hot_is(const void *mine)
{
	return atomic_load_explicit(&plat_thread.hot->mine, memory_order_relaxed) == mine;
}

static inline void plat_hot_set(void *mine)
{
	/* What is nobody's would be everybody's. */
	if (!PLAT_RARELY(plat_thread.hot == &plat_nobody))
		atomic_store_explicit(&plat_thread.hot->mine, mine, memory_order_relaxed);
}

static inline unsigned plat_self(void)
{
	unsigned number = plat_thread.number;

	return PLAT_RARELY(number == UINT32_MAX) ? plat_self_first() : number;
}

static inline unsigned plat_self_quick(void)
{
	return plat_thread.quick_number;
}

#if defined(__x86_64__)
extern PLAT_HIDDEN bool plat_stamps_are_cycles;

PLAT_HIDDEN uint64_t plat_stamp_first(void);

static inline uint64_t plat_stamp(void)
{
	return PLAT_RARELY(!plat_stamps_are_cycles) ? plat_stamp_first() : __builtin_ia32_rdtsc();
}

static inline uint64_t plat_stamp_quick(void)
{
	return __builtin_ia32_rdtsc();
}
#else
static inline uint64_t plat_stamp(void)
{
	return plat_now();
}

static inline uint64_t plat_stamp_quick(void)
{
	return plat_now();
}
#endif

#include "commits.h"

#endif

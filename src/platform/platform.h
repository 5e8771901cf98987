/*
 * platform.h - all that the core asks of the world
 *
 * The core includes no libc and knows no threads: locks, read sections, waiting,
 * "who am I", memory for its own structures and the copying of page bytes come
 * from here.  linux.c is the library that people link; the explorer and bare
 * tables bring their own.
 *
 * Blanket rules: nothing here fails but the calls that return a pointer or an
 * int; nothing may be called inside a read section but plat_self(), the copies
 * and plat_lock on a lock whose holders never wait (the slots' locks).
 */
#ifndef HOLDFAST_PLATFORM_H
#define HOLDFAST_PLATFORM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the hot paths call is in line on Linux (sections.h, bytes.h), and a function elsewhere. */
#ifdef HF_EXPLORED
#define PLAT_CALL
#else
#define PLAT_CALL static inline
#endif

/* ---- locks: sleep until free; not recursive ------------------------------- */

struct plat_lock {
	_Alignas(8) unsigned char storage[40];
};

void plat_lock_init(struct plat_lock *lock);
void plat_lock_fini(struct plat_lock *lock);
void plat_lock(struct plat_lock *lock);
void plat_unlock(struct plat_lock *lock);

/* ---- read sections, cuts and grace periods ---------------------------------- */

/*
 * A section is short, nests not, and takes no lock that somebody who waits in
 * plat_grace() holds.  It may end in commits: steps that are done whole or not at
 * all, and of one kind, which is named where the section begins.
 *
 * plat_grace() returns when every section that was open at the call has been left.
 * plat_cut() returns when every section that was open at the call has been left, or
 * is cut: a commit in it does nothing any more, and says so; its owner leaves it and
 * begins again.  So a cut waits for nobody, not even for a thread that lost its core
 * inside a section; but what such a section looks at may not be freed yet.
 *
 * For both: what was written before the call is seen by sections that begin after
 * it; what was done in a section, commits among it, is seen after the call that
 * waited for the section or cut it.
 *
 * A platform that can't cut waits instead.
 */
enum plat_commit {
	PLAT_LOOK, PLAT_RAISE, PLAT_RAISE_ROW, PLAT_COPY, PLAT_FILL, PLAT_SWAP,
#ifndef HF_EXPLORED
	PLAT_COPY_WORDS
#else
	PLAT_COPY_WORDS = PLAT_COPY
#endif
};

PLAT_CALL void plat_section_enter(enum plat_commit commit);	/* PLAT_LOOK: has none */
PLAT_CALL void plat_section_leave(void);
void plat_grace(void);
void plat_cut(void);

/* The same grace period without the wait: over once plat_grace_over() has said so. */
uint64_t plat_grace_begin(void);
bool plat_grace_over(uint64_t begun);

/* Commits, in a section of their kind; false: it is cut, and nothing was done. */

/* Add 1, relaxed; *before: what the word was. */
PLAT_CALL bool plat_commit_raise(_Atomic uint64_t *word, uint64_t *before);

/*
 * The same for n words that lie stride bytes apart: a commit each.  Returns how many
 * were raised before the cut; adds to *seen, by or, what the words were, or what they are then.
 */
PLAT_CALL size_t plat_commit_raise_row(_Atomic uint64_t *first, size_t stride, size_t n, uint64_t *seen);

/*
 * As plat_copy_once() and plat_fill_once(), of at least one byte, from the first on, in commits
 * of up to 16 bytes; to where 8 are aligned, each 8 are in one.  Returns how many bytes were
 * stored before the cut.  A copy of bytes to where they overlap may be cut each time.
 */
PLAT_CALL size_t plat_commit_copy(void *to, const void *from, size_t bytes);

/* The same of a multiple of 8, in commits of up to 32; to be preferred where it is less than that end. */
PLAT_CALL size_t plat_commit_copy_words(void *to, const void *from, size_t bytes);
enum { PLAT_WORDS_END = 2048 };
PLAT_CALL size_t plat_commit_fill(void *to, int byte, size_t bytes);

/* Compare and swap, 4 or 8 bytes wide, acquire; *expected becomes what was found. */
PLAT_CALL bool plat_commit_swap(void *word, unsigned width, uint64_t *expected, uint64_t desired, bool *swapped);

/* ---- who and when ------------------------------------------------------------- */

/* A small number of the calling thread's own, from 0; reused after it ends. */
PLAT_CALL unsigned plat_self(void);

/* Nanoseconds of a clock that never steps back; to a few milliseconds. */
uint64_t plat_now(void);

/* A moment, in as few instructions as there are; how long ago it was, in nanoseconds, to a few milliseconds. */
PLAT_CALL uint64_t plat_stamp(void);
uint64_t plat_stamp_age(uint64_t stamp);

/*
 * Memory of the calling thread's own until it ends, zero at first, always the same number
 * of bytes.  NULL: there is none, or the quick calls below are not for this thread.  The
 * first asks for it; the second says what has been asked for.
 */
void *plat_own_begin(size_t bytes);
PLAT_CALL void *plat_own_quick(void);

/*
 * For the hottest path: plat_self() if the thread is one for which the other two may be
 * called, else UINT32_MAX.  They are plat_section_enter() and plat_stamp() without a look
 * whether it is the thread's first call, and whether there is another way to go.
 */
#ifndef HF_EXPLORED
PLAT_CALL unsigned plat_self_quick(void);
PLAT_CALL void plat_section_enter_quick(enum plat_commit commit);
PLAT_CALL void *plat_look_begin(void);		/* a section that has no commits, and what leaves it */
PLAT_CALL void plat_look_end(void *look);
PLAT_CALL uint64_t plat_stamp_quick(void);
#endif

/*
 * For the hottest path of all: a section with one commit of its own, and a pointer that the
 * core keeps for the calling thread.  Any thread may enter.
 *
 * The pointer is read in the section: what it leads to may be freed when it was forgotten, and a
 * grace period is over.  At first, and when it was forgotten, it leads to PLAT_ONES bytes that are
 * all ones.  It is not kept for a thread for which plat_self_quick() has no number.
 */
struct plat_record;
enum plat_raised { PLAT_RAISED, PLAT_WAS_CUT, PLAT_NEGATIVE };
#define PLAT_ONES 256

PLAT_CALL struct plat_record *plat_hot_enter(void);
PLAT_CALL void plat_hot_leave(struct plat_record *hot);
PLAT_CALL void *plat_hot_get(const struct plat_record *hot);
PLAT_CALL bool plat_hot_is(const void *mine);		/* in a section or not */
PLAT_CALL void plat_hot_set(void *mine);
void plat_hot_forget(const void *from, size_t bytes);	/* by whatever thread it is kept */

/* Add 1, relaxed: negative, if its highest bit is set then.  In one place of the program, for it is in line. */
PLAT_CALL enum plat_raised plat_hot_raise(struct plat_record *hot, _Atomic uint64_t *word);

/* Give the core to somebody else; attempt counts from 0 and lengthens the wait. */
void plat_pause(unsigned attempt);

/* ---- memory --------------------------------------------------------------------- */

/* For the core's own structures, zeroed; aligned to 64 bytes; NULL when there is none. */
void *plat_alloc(size_t bytes);
void plat_free(void *memory);

/* The pool: memory of that length and its one mapping, of the kind that *kind says (enum
   hf_memory), which becomes what it is; *fd is -1 where it is no file.  And address space for
   the descriptors, zero, which costs nothing before its first use.  0 or -errno. */
int plat_pool_open(uint64_t bytes, void **base, int *fd, unsigned *kind);
void plat_pool_close(void *base, uint64_t bytes, int fd);
void *plat_reserve(uint64_t bytes);
void plat_unreserve(void *memory, uint64_t bytes);

/*
 * Free pages of the pool.  Nobody touches their bytes, to read or to write, until
 * they are woken: who does has kept an address for too long.  A page may be woken
 * that never rested, and rest twice.
 */
#ifdef HF_EXPLORED
#define PLAT_HEARS_OF_REST 1
#else
#define PLAT_HEARS_OF_REST PLAT_ASAN		/* elsewhere the core need not go through its lists to say so */
#endif
void plat_page_rest(void *page, size_t bytes);
void plat_page_wake(void *page, size_t bytes);

/* ---- bytes of pages ----------------------------------------------------------------- */

/*
 * The other side may write the same bytes meanwhile (a device, another thread of
 * the space): each byte is then old or new, and nothing worse happens.
 */
PLAT_CALL void plat_copy(void *to, const void *from, size_t bytes);
PLAT_CALL void plat_copy_line(void *to, const void *from, size_t bytes);	/* the same, of so many bytes: */
enum { PLAT_LINE_LEAST = 8, PLAT_LINE_MOST = 64 };
void plat_fill(void *to, int byte, size_t bytes);

/*
 * Where others store, too: no byte is stored twice, for somebody may have seen the
 * first, and stored over it.  (The C library's copies end in halves that overlap.)
 */
void plat_copy_once(void *to, const void *from, size_t bytes);
void plat_fill_once(void *to, int byte, size_t bytes);

/* ---- many entries at a time ------------------------------------------------------------ */

/* How many of the n entries, from the first on, are (entry & mask) == want + i * step.  Each is loaded with acquire. */
size_t plat_entries_in_row(const _Atomic uint64_t *entries, size_t n, uint64_t mask, uint64_t want, uint64_t step);

/* ---- the outside ------------------------------------------------------------------------ */

void plat_report(const char *message);	/* one line, for people */

#ifndef HF_EXPLORED
#include "bytes.h"
#include "sections.h"
#else
#define plat_self_quick plat_self
#define plat_section_enter_quick plat_section_enter
#define plat_stamp_quick plat_stamp

static inline void *plat_look_begin(void)
{
	plat_section_enter(PLAT_LOOK);
	return NULL;
}

static inline void plat_look_end(void *look)
{
	(void)look;
	plat_section_leave();
}
#define plat_copy_line plat_copy
#define plat_commit_copy_words plat_commit_copy
#endif

#endif

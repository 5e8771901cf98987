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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- locks: sleep until free; not recursive ------------------------------- */

struct plat_lock {
	_Alignas(8) unsigned char storage[40];
};

void plat_lock_init(struct plat_lock *lock);
void plat_lock_fini(struct plat_lock *lock);
void plat_lock(struct plat_lock *lock);
void plat_unlock(struct plat_lock *lock);

/* ---- read sections and grace periods ---------------------------------------- */

/*
 * A section is short, nests not, and takes no lock that somebody who waits in
 * plat_grace() holds.  plat_grace() returns when every section that was open at
 * the call has been left.  What was written before the call is seen by sections
 * that begin after it; what was done in a section that it waited for is seen
 * after it.
 */
void plat_section_enter(void);
void plat_section_leave(void);
void plat_grace(void);

/* ---- who and when ------------------------------------------------------------- */

/* A small number of the calling thread's own, from 0; reused after it ends. */
unsigned plat_self(void);

/* Nanoseconds of a clock that never steps back; to a few milliseconds. */
uint64_t plat_now(void);

/* Give the core to somebody else; attempt counts from 0 and lengthens the wait. */
void plat_pause(unsigned attempt);

/* ---- memory --------------------------------------------------------------------- */

/* For the core's own structures, zeroed; aligned to 64 bytes; NULL when there is none. */
void *plat_alloc(size_t bytes);
void plat_free(void *memory);

/* The pool: a file of that length and its one mapping; and address space for the
   descriptors, zero, which costs nothing before its first use.  0 or -errno. */
int plat_pool_open(uint64_t bytes, void **base, int *fd);
void plat_pool_close(void *base, uint64_t bytes, int fd);
void *plat_reserve(uint64_t bytes);
void plat_unreserve(void *memory, uint64_t bytes);

/*
 * Free pages of the pool.  Nobody touches their bytes, to read or to write, until
 * they are woken: who does has kept an address for too long.  A page may be woken
 * that never rested, and rest twice.
 */
void plat_page_rest(void *page, size_t bytes);
void plat_page_wake(void *page, size_t bytes);

/* ---- bytes of pages ----------------------------------------------------------------- */

/*
 * The other side may write the same bytes meanwhile (a device, another thread of
 * the space): each byte is then old or new, and nothing worse happens.
 */
void plat_copy(void *to, const void *from, size_t bytes);
void plat_fill(void *to, int byte, size_t bytes);

/* ---- the outside ------------------------------------------------------------------------ */

void plat_report(const char *message);	/* one line, for people */

#endif

/*
 * threads.h - inside the Linux platform: threads, sections, clock, and what they ask of each other
 */
#ifndef HOLDFAST_THREADS_H
#define HOLDFAST_THREADS_H

#include "platform.h"

/* What must not fail has failed: going on would lose data. */
PLAT_HIDDEN void plat_must(int error, const char *what);

/* The epoch of the oldest section that is open; now, when there is none before it. */
PLAT_HIDDEN uint64_t threads_oldest_section(uint64_t now);
PLAT_HIDDEN bool threads_can_be_cut(void);	/* all of them */
PLAT_HIDDEN void threads_begin(void);		/* before the first of these calls; any number of times */

PLAT_HIDDEN void sections_begin(void);		/* once, and again in the child of a fork(2) */
PLAT_HIDDEN bool sections_need_fences(void);
PLAT_HIDDEN void sections_lock(void);
PLAT_HIDDEN void sections_unlock(void);

PLAT_HIDDEN void commits_begin(void);		/* once */

PLAT_HIDDEN void clock_begin(void);
PLAT_HIDDEN bool clock_is_quick(void);		/* a stamp is an instruction */

#endif

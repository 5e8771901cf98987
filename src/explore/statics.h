/*
 * statics.h - variables of the explored core that stand in no memory that it allocates
 *
 * They are few, and atomic: who hears of misuse.  In explored memory they are put back
 * before each execution like all else, and what threads do with them are steps; so the
 * hooks take them from there.  A plain access to one can't be sent elsewhere, and is
 * refused (hooks.c).
 */
#ifndef HOLDFAST_EXPLORE_STATICS_H
#define HOLDFAST_EXPLORE_STATICS_H

#include <stdbool.h>
#include <stddef.h>

size_t statics_bytes(void);		/* 0: there are none */
void statics_put(void *memory);		/* explored memory of so many bytes, all zero */
bool statics_have(const void *address);

/* Where it stands in explored memory; what is no such variable, or none was put, stays. */
void *statics_at(const volatile void *address);

#endif

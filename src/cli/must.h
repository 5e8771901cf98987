/*
 * must.h - allocation in the program, which has no answer to a lack of memory
 *
 * The library answers -ENOMEM; a command that runs for a second says so and
 * ends.
 */
#ifndef HOLDFAST_MUST_H
#define HOLDFAST_MUST_H

#include <stdio.h>
#include <stdlib.h>

/* What an allocation returned, which is then never NULL. */
static inline void *must(void *allocated)
{
	if (!allocated) {
		fputs("holdfast: out of memory\n", stderr);
		exit(1);
	}
	return allocated;
}

#endif

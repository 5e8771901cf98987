/*
 * lab.h - what only the laboratory build of the core (HF_LAB) can do
 *
 * The library that people link has none of this, and pays nothing for it.
 */
#ifndef HOLDFAST_LAB_H
#define HOLDFAST_LAB_H

#include <errno.h>

#include "holdfast.h"

/* Give an mm that has no mapping yet one of the designs, by name ("linux-5.9-rc",
   "holdfast" is the default).  Children of a fork inherit it.  0 or -EINVAL. */
int hf_lab_set_design(struct hf_mm *mm, const char *design);

/* Make the nth allocation from now on fail (1: the next), once; 0: none. Pages,
   tables and the library's own structures all count.  Returns what was left of
   the count before: 0 if the failure has happened or none was set. */
uint64_t hf_lab_fail_allocation(struct hf_pool *pool, uint64_t nth);

/* hf_collapse() of all of a range: of a prefix it is asked again for the rest, to learn why.  0 or a negative errno. */
static inline int lab_collapse(struct hf_mm *mm, uint64_t address, uint64_t length)
{
	do {
		ssize_t blocks = hf_collapse(mm, address, length);
		uint64_t done = blocks > 0 ? (uint64_t)blocks * HF_HUGE_BYTES : 0;

		if (blocks <= 0 || done > length)
			return blocks < 0 ? (int)blocks : -EUCLEAN;
		address += done;
		length -= done;
	} while (length);
	return 0;
}

#endif

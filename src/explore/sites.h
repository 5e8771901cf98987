/*
 * sites.h - where in the core's source a step comes from
 *
 * A step is known by the address behind the call that made it: of a hook of the
 * compiler's, or of a call to the platform.  scripts/sites reads the explored core's
 * object at build time and writes a table of all such calls.
 */
#ifndef HOLDFAST_SITES_H
#define HOLDFAST_SITES_H

#include <stddef.h>
#include <stdint.h>

struct site {
	uint32_t offset;		/* of the address, from explored_text */
	const char *hook;		/* "atomic64_load", "atomic_thread_fence", "read8", "plat_lock", ... */
	int order, failure;		/* enum order, where the object code shows it; else -1.  failure: of a CAS */
	const char *file;		/* where the access stands: "src/core/page.h" */
	unsigned line, column;		/* column 0: not known */
	const char *function;		/* there; it may have been inlined */
	const char *caller_file;	/* where that was inlined: NULL when it was not */
	unsigned caller_line;
	const char *caller;
	const char *outermost;		/* the function that all of it was inlined into; or function */
};

/* NULL: it is no call of the explored core's. */
const struct site *site_of(const void *address);

/* All of them, by address. */
const struct site *site_table(size_t *count);
const void *site_address(const struct site *site);

#endif

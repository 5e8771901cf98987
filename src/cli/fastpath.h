/*
 * fastpath.h - in which states of a page a pin takes the fast path, measured
 *
 * A cell of the table is a state, a design, an access and a term.  It is
 * measured: the state is made afresh in a pool of its own, then pinned, unpinned,
 * and pinned again.
 */
#ifndef HOLDFAST_FASTPATH_H
#define HOLDFAST_FASTPATH_H

#include "scenario.h"

enum { FASTPATH_STATES = 10 };
extern const char *const fastpath_states[FASTPATH_STATES];

enum { ACCESS_READ, ACCESS_WRITE, ACCESSES };
enum { TERM_SHORT, TERM_LONG, TERMS };
extern const char *const access_names[ACCESSES];
extern const char *const term_names[TERMS];

enum way { WAY_FAST, WAY_SLOW, WAY_REFUSED };
extern const char *const way_names[];

/* What the first pin took, and the one after its unpin. */
struct ways {
	enum way first, again;
};

struct fastpath {
	struct ways cell[FASTPATH_STATES][DESIGNS][ACCESSES][TERMS];
};

/*
 * Measure every cell.  0, or -1 after a message on stderr when a state could not
 * be made: a table with guesses in it is none.
 */
int fastpath_measure(struct fastpath *);

/* Which designs never take the fast path there: neither at once nor again.  A bit set. */
unsigned fastpath_never(const struct fastpath *, const char *state, int access, int term);

#endif

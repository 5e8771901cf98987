/*
 * survivors.h - mutants that nobody can notice, and why
 *
 * A file with a line each: the mutant's name and the reason.  In place of the line
 * number of the name may stand the function, since lines move: it is then for
 * all mutants of that kind in the function.  `#` begins a comment.
 */
#ifndef HOLDFAST_SURVIVORS_H
#define HOLDFAST_SURVIVORS_H

#include "explore.h"

struct survivor {
	char *name, *reason;
	int line;		/* in the file */
	unsigned survive;	/* so many mutants that it explains do survive */
	unsigned known;		/* so many there are */
};

struct survivors {
	const char *path;	/* NULL: there is no file */
	struct survivor *list;
	size_t count;
};

/* NULL: the file in the tree, if there is one.  False after a message. */
bool survivors_read(struct survivors *, const char *path);
void survivors_free(struct survivors *);

/* NULL: nobody explains it. */
struct survivor *survivors_find(const struct survivors *, const struct explore_site *);

#endif

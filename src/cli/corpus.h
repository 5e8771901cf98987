/*
 * corpus.h - which scenario files the user means
 */
#ifndef HOLDFAST_CORPUS_H
#define HOLDFAST_CORPUS_H

#include "scenario.h"

struct corpus {
	struct scenario **scenarios;
	size_t count, room;
	int bad;		/* files with nonsense in them, and paths that are none: reported on stderr */
};

/*
 * Read the scenarios of these paths, in their order.  A path is a file; a
 * directory, for all *.scn below it, sorted; or a name below the directory of
 * the scenarios, "history/fork-break"; "scenarios" stands for that one, wherever
 * it lies.  No path at all: the whole directory.
 */
/* Is there something at this path?  Nothing is said if not. */
bool corpus_knows(const char *path);

void corpus_read(struct corpus *, int paths, char **path);
void corpus_free(struct corpus *);

/* Put them in the order in which a table is read: by directory, then by name. */
void corpus_sort(struct corpus *);

/* Length of the directory part of a scenario's name, 0 if it has none. */
size_t corpus_directory(const char *name);

/* What the user types to run this scenario: its name, or its path where the
   name would not be found. */
const char *corpus_handle(const struct scenario *);

#endif

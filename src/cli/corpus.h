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
	size_t left_out;	/* found in directories, and not wanted */
};

/* Scenarios with threads are for the explorer alone, the others for all judges but it. */
enum corpus_want { CORPUS_WITHOUT_THREADS, CORPUS_WITH_THREADS };

/* Is there something at this path?  Nothing is said if not. */
bool corpus_knows(const char *path);

/*
 * Read the scenarios of these paths, in their order.  A path is a file; a
 * directory, for all *.scn below it that are wanted, sorted; or a name below the
 * directory of the scenarios, "history/fork-break"; "scenarios" stands for that
 * one, wherever it lies.  No path at all: the whole directory.  A file that was
 * named is never left out: whoever named it is to hear why nothing becomes of it.
 */
void corpus_read(struct corpus *, enum corpus_want, int paths, char **path);
void corpus_free(struct corpus *);

/* Put them in the order in which a table is read: by directory, then by name. */
void corpus_sort(struct corpus *);

/* Length of the directory part of a scenario's name, 0 if it has none. */
size_t corpus_directory(const char *name);

/* What the user types to run this scenario: its name, or its path where the
   name would not be found. */
const char *corpus_handle(const struct scenario *);

#endif

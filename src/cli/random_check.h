/*
 * random_check.h - `holdfast random --threads N`: made-up scenarios with threads,
 * each explored
 */
#ifndef HOLDFAST_RANDOM_CHECK_H
#define HOLDFAST_RANDOM_CHECK_H

#include "cli.h"
#include "explore.h"
#include "random_threads.h"

struct random_check {
	struct random_threads threads;
	struct explore_options options;	/* of each: the design, its limits */
	uint64_t operations;		/* in threads: so many at least */
	unsigned jobs;
	bool all;			/* go on after a violation */
	const char *save;		/* a directory for what was found; NULL: none */
};

enum exit_code random_check(const struct random_check *);

#endif

/*
 * explore.h - a scenario, a design, a memory model: every execution, one verdict
 *
 * The door to the explorer: what stands behind it is linked into one object whose
 * other names nobody sees, since the core is in it a second time, with small pages
 * and compiled to be explored (Makefile).
 */
#ifndef HOLDFAST_EXPLORE_H
#define HOLDFAST_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "scenario.h"

enum explore_verdict {
	EXPLORE_PROVED,		/* every execution was run, and every `seen` was seen */
	EXPLORE_VIOLATED,
	EXPLORE_UNFINISHED,	/* a limit was reached, or it was a random search */
	EXPLORE_EMPTY,		/* complete, and something that must be seen never was: a proof of nothing */
	EXPLORE_SKIPPED,	/* the explorer can't do it: reason */
	EXPLORE_VERDICTS
};
extern const char *const explore_verdict_names[EXPLORE_VERDICTS];	/* "proved", "violated", ... */

enum explore_model { EXPLORE_C11, EXPLORE_TSO, EXPLORE_SC, EXPLORE_MODELS };
extern const char *const explore_model_names[EXPLORE_MODELS];		/* "c11", "tso", "sc" */

struct explore_options {
	enum design_id design;
	enum explore_model model;
	bool naive;			/* no reduction: for comparison */
	bool sleep;			/* sleep sets alone: for comparison */
	uint64_t random;		/* so many executions at random; 0: every one */
	uint64_t seed;
	uint64_t executions_most;	/* 0: no limit */
	double seconds_most;
	unsigned shard, shards, shard_depth;
	uint64_t only;			/* this execution alone */
	bool go_on;			/* count violating executions */
	const char *mutant;		/* see explore_sites(); NULL: none */
	const char *called;		/* what the user calls the scenario, for the command that replays; NULL: its name */
	bool story;			/* of a violating run: shrink, straighten, look for the repairing fence */
	/* What each execution came to, as a number; the same one may come again.  May be NULL. */
	void (*outcome)(uint64_t outcome, void *context);
	bool (*progress)(uint64_t executions, double seconds, double done, void *context);
	void *context;
};

#define EXPLORE_MUTANTS 512u	/* most of which it is known whether they are reached */

struct explore_run;	/* a failing run, as data: story.h inside */

struct explore_result {
	enum explore_verdict verdict;
	unsigned broken;		/* bit set of enum promise; 0 where it is no promise that broke */
	char kind[24];			/* "promise", "race", "deadlock", ... (wrong_names); "" */
	char reason[512];		/* one line */
	struct position at;		/* of the line of the scenario that it is about; line 0: none */
	uint64_t executions, blocked, violating, outcomes, replayed;
	uint64_t seen;			/* bit set: those of the scenario's `seen` conditions that were seen, by index */
	/* Bit set, by index in explore_sites(): where a step of a thread came from.  The others changed nothing. */
	uint64_t reached[EXPLORE_MUTANTS / 64];
	uint64_t number;		/* of the violating execution: options.only runs it again */
	unsigned steps_most;
	double seconds;
	bool as_expected;		/* `broken under` in the head names the design just when it is violated */
	struct explore_run *run;
};

void explore_scenario(const struct scenario *, const struct explore_options *, struct explore_result *);
void explore_result_free(struct explore_result *);

/* The story of a failing run, for people; width in columns, 0: as wide as it needs. */
void explore_print(const struct explore_run *, FILE *, unsigned width, bool colour);

/* With all steps, also those that are hidden there. */
void explore_print_all(const struct explore_run *, FILE *, unsigned width, bool colour);

/* The same as data. */
void explore_print_json(const struct explore_run *, FILE *);

/* ---- mutation --------------------------------------------------------------------------- */

/* A place in the core's source where an order or a fence stands. */
struct explore_site {
	const char *file;	/* "src/core/page.h" */
	unsigned line, column;
	const char *function;
	const char *what;	/* "acquire load", "release store", "acq_rel add", "acquire fence", ... */
	const char *name;	/* of the mutant: "src/core/page.h:120:relaxed", "src/core/access.c:141:gone" */
};

/* All mutants of orders and fences of the core that is built in; returns how many. */
size_t explore_sites(const struct explore_site **sites);

#endif

/*
 * check.h - what the parts of `holdfast check` share: a run, and what was asked for
 *
 *	cmd_check.c       the options, and the exit status
 *	check_list.c      scenarios and designs become runs, which are printed in their order
 *	check_work.c      each run in a process of its own, several at a time
 *	check_shard.c     parts of runs: --shard, the environment of MPI, and their sum
 *	check_progress.c  how far it is, on standard error
 *	check_text.c, check_json.c, check_tap.c    verdicts as they are printed
 *	mutate.c, mutate_print.c, survivors.c      --mutate
 */
#ifndef HOLDFAST_CHECK_H
#define HOLDFAST_CHECK_H

#include "cli.h"
#include "corpus.h"
#include "explore.h"

/* A part of something: the (index + 1)th of so many; count 0: all of it. */
struct shard {
	unsigned index, count, depth;
};

/* One scenario under one design: all of it, or a part of its executions. */
struct check_run {
	const struct scenario *scenario;
	struct explore_options options;
	struct explore_result result;	/* its run stays NULL: that is in another process */
	bool all_steps;			/* in its story, for people */
	char *story, *data;		/* of a failing run, for people and as JSON; NULL: none */
	bool trouble;			/* the process died, or did not answer: result.reason says how */
	bool hangs;			/* it did not answer */
	bool beyond;			/* there is no such execution as was asked for */
	bool unwanted;			/* set it, and the process is ended without an answer */
	bool ended;
	struct check_run *parts;	/* of which this is the sum; NULL: it is no sum */
	unsigned nparts, open;		/* open: parts that have not ended */
	struct check_run *whole;	/* of which this is a part */
	const struct check_run *told_by; /* the part whose verdict and story a sum has; NULL: none */
	struct { uint64_t executions; double seconds, done; } so_far;
};

/* What the command line asks for, beside the scenarios. */
struct check_settings {
	struct explore_options options;	/* of every run, but for the design */
	unsigned designs;		/* bit set; 0: those that each scenario's file names */
	unsigned jobs;
	bool split;			/* one scenario may be cut into parts, when there are too few of them */
	bool quiet, verbose, progress;
	const char *save;		/* a file for failing runs; NULL: none */
};

/* ---- check_work.c ------------------------------------------------------------------- */

/* Where runs come from, and where they go. */
struct check_source {
	struct check_run *(*next)(void *context);		/* to be started; NULL: none for now */
	void (*ended)(struct check_run *, void *context);	/* with its result; not of one that is unwanted */
	/* About twice a second: those that are under way. */
	void (*tick)(struct check_run *const *running, unsigned count, void *context);
	void *context;
};

/* Until nothing is under way and next() has none. */
void check_work(const struct check_source *, unsigned jobs);

/* ---- check_list.c ------------------------------------------------------------------- */

struct check_list {
	const struct check_settings *settings;
	const struct corpus *corpus;
	struct check_run *runs;
	size_t count, started, printed, ended;
	unsigned part;			/* of runs[started]: the next to be started */
	FILE *save;			/* of settings->save */
	double seconds;			/* in all */
};

void check_list_make(struct check_list *, const struct corpus *, const struct check_settings *);
void check_list_free(struct check_list *);

struct check_printer {
	void (*begin)(const struct check_list *);
	void (*run)(const struct check_list *, const struct check_run *);
	void (*end)(const struct check_list *);
};
extern const struct check_printer check_print_text, check_print_json, check_print_tap;

/* Carry them all out, and print each when it and those before it have ended. */
enum exit_code check_list_run(struct check_list *, const struct check_printer *);

/* "proved", ..., "error". */
const char *check_word(const struct check_run *);
bool check_as_expected(const struct check_run *);
/* Does the file say that it is violated under this design? */
bool check_breaks_by_file(const struct check_run *);

/* What the user types to have this execution again; the caller's to free. */
char *check_command(const struct check_run *);

/* The designs of a scenario: bit set. */
unsigned check_designs(const struct scenario *, unsigned asked);

/* ---- check_shard.c ------------------------------------------------------------------ */

/* "2/8", or "mpi": rank and size from the environment.  False after a message. */
bool shard_parse(struct shard *, const char *text);

/* Cut a run into parts, whose executions together are its own. */
void shard_split(struct check_run *, unsigned parts, unsigned depth);

/* The result of a run whose parts have all ended, or are unwanted. */
void shard_sum(struct check_run *);

/* ---- check_progress.c --------------------------------------------------------------- */

/* On a terminal one line that changes, else a line now and then.  Of `all` runs `ended` have ended. */
void progress_show(struct check_run *const *running, unsigned count, size_t ended, size_t all, bool always);
void progress_clear(void);

/* ---- for people --------------------------------------------------------------------- */

struct words { char text[64]; };
struct words words_of_count(uint64_t);		/* 1,234,567 */
struct words words_of_seconds(double);		/* 0.21 s, 4 min 10 s */

double check_now(void);		/* seconds, of a clock that only goes on */

#endif

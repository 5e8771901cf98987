/*
 * bench.h - what the parts of holdfast-bench share
 *
 *	main     options, and the measures in turn
 *	measures the table of what can be measured
 *	compare  one measure: both sides in turn, round by round
 *	side     a side in a process of its own
 *	sample   median, quartiles, ratio pair by pair
 *	report   text and JSON lines;   machine   what this ran on
 *	pins, faults, forks   what the sides do;   world   memory to do it with
 *
 * A measure has two sides, Holdfast and its peer.  Each runs in a process of its
 * own, so that neither's memory is in the other's fork, and they take turns:
 * while one works the other sleeps.
 */
#ifndef HOLDFAST_BENCH_H
#define HOLDFAST_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PAGE UINT64_C(4096)
#define MIB (UINT64_C(1) << 20)

enum exit_code { EXIT_MEASURED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NOTHING = 77 };

/* How long to go on: until `rounds` are done, or `seconds` over and `least` done. */
struct plan {
	unsigned rounds, least;
	double seconds;
};

/* What one round took, and for how many pages, forks, ... */
struct lap {
	double ns;
	double units;
};

struct measure;

/* One side of a measure.  begin() and round() run in the side's own process. */
struct side {
	const char *name;
	void *(*begin)(const struct measure *);
	void (*round)(void *state, struct lap *);
};

struct measure {
	const char *name;
	const char *unit;	/* what a lap's units are, one of them */
	const char *what;	/* the conditions, in a line */
	uint64_t mib;		/* free memory that both sides need together */
	uint64_t count;		/* pages a call, or pages that are pinned */
	bool scattered;		/* pages in random order */
	unsigned how;		/* HF_PIN_ flags of Holdfast's pins; the kernel's are always long-term */
	const struct side *holdfast, *peer;
};

extern const struct measure measures[];		/* ended by a name that is NULL */
const struct measure *measure_find(const char *name);

/* The sides, by file. */
extern const struct side pin_holdfast, pin_kernel;				/* pins.c */
extern const struct side cow_holdfast, cow_kernel, zero_holdfast, zero_kernel;	/* faults.c */
extern const struct side fork_holdfast, fork_kernel, refork_holdfast, refork_kernel, exit_holdfast,
	exit_kernel;								/* forks.c */

/* ---- inside a side ---------------------------------------------------------------- */

/* This side can't run here: the measure is left out, with the reason. */
_Noreturn void impossible(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The side did something else than what was to be timed: the program fails. */
_Noreturn void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Nanoseconds of a clock that never steps back. */
uint64_t clock_ns(void);

/* ---- sides in processes: side.c ------------------------------------------------------ */

#define WHY_ROOM 160

enum outcome { DONE = 0, IMPOSSIBLE = 1, WENT_WRONG = 2 };

struct answer {
	enum outcome outcome;
	struct lap lap;
	char why[WHY_ROOM];
};

struct worker {
	int pid;
	int channel;
};

/* Start a side and take it through begin() and one round that does not count. */
void worker_start(struct worker *, const struct side *, const struct measure *, struct answer *);
void worker_round(struct worker *, struct answer *);
void worker_stop(struct worker *);

/* The side alone, here and now, without a clock: for instruction counters.
   Returns the units that were done. */
double side_run_here(const struct side *, const struct measure *, unsigned rounds);

/* ---- one measure: compare.c ------------------------------------------------------------- */

/* A median and the quartiles round it. */
struct spread {
	double low, median, high;
};

struct result {
	const struct measure *measure;
	unsigned rounds;		/* that counted; 0: nothing was measured */
	bool has_peer;
	struct spread holdfast, peer;	/* ns a unit */
	struct spread ratio;		/* peer / Holdfast, of the same round */
	enum outcome outcome;		/* the worse of the two sides' */
	char why[WHY_ROOM];		/* why a side, or both, are missing */
};

/* done and total are for the progress line alone. */
void compare(const struct measure *, const struct plan *, unsigned done, unsigned total, struct result *);

struct spread spread_of(double *values, unsigned count);	/* sorts them */

/* ---- for people and machines: report.c, machine.c ------------------------------------------- */

void progress_show(const char *format, ...) __attribute__((format(printf, 1, 2)));
void progress_clear(void);

struct machine {
	char text[320];		/* the processor, cores, kernel, clock, huge pages */
	uint64_t free_mib;	/* 0: unknown */
};

void machine_look(struct machine *);
void machine_load(char *text, size_t room);

void report_head(const struct machine *);
void report_text(const struct result *);
void report_tail(void);
void report_json(const struct machine *, const struct result *);

#endif

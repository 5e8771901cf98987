/*
 * bench.h - what the parts of holdfast-bench share
 *
 *	main, options      what is wanted; the trials in turn
 *	measures           the table of what can be measured, with the targets
 *	compare            one trial: both sides in turn, round by round
 *	side               a side in a process of its own
 *	sample             median, quartiles, 99.9 %, the slope of a curve
 *	verdict            was the target met?
 *	report, report_json, chart   for people, for machines, as a picture
 *	curves             what grows with what
 *	machine            what this ran on
 *	pins, cas, io, section, cuts, waits, pair, forks, faults, huge, access, metadata, instructions,
 *	grow               what the sides do;   world, bare, ring, threads   to do it with
 *
 * A trial has two sides, Holdfast and its peer.  Each runs in a process of its
 * own, so that neither's memory is in the other's fork, and they take turns:
 * while one works the other sleeps.  A round of a trial yields a few figures, and
 * a measure is one of them: the mean of the first writes after a fork, say, or the
 * 99.9th percentile of the same writes.
 */
#ifndef HOLDFAST_BENCH_H
#define HOLDFAST_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PAGE UINT64_C(4096)
#define MIB (UINT64_C(1) << 20)
#define HUGE (2 * MIB)

enum exit_code { EXIT_MEASURED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NOTHING = 77 };

/* How long to go on: until `rounds` are done, or `seconds` over and `least` done. */
struct plan {
	unsigned rounds, least;
	double seconds;
	bool quick;			/* smaller memory, and nothing that is slow */
};

/* ---- what is measured: measures.c ----------------------------------------------------- */

#define FIGURES 4

/* What one round came to. */
struct lap {
	double figures[FIGURES];
	double units;			/* pages, forks, ... that the first figure is about */
};

struct trial;

/* One side of a trial.  begin() and round() run in the side's own process. */
struct side {
	const char *name;
	void *(*begin)(const struct trial *);
	void (*round)(void *state, struct lap *);
	const char *calls;		/* of the library, that its figure is about: for instructions */
};

struct trial {
	const struct side *holdfast, *peer;	/* peer NULL: there is none */
	uint64_t mib, quick_mib;	/* memory that is worked on; quick_mib 0: the same */
	unsigned percent;		/* of mib: the free memory that is needed */
	uint64_t count;			/* pages a call, pages that are pinned, threads, mappings, ... */
	bool scattered;			/* pages in random order */
	bool huge;			/* pages of 2 MiB on both sides */
	unsigned memory;		/* enum hf_memory */
	unsigned how;			/* HF_PIN_ flags of Holdfast's pins; the kernel's are always long-term */
	const char *counted;		/* the measure whose instructions are counted */
	bool apart;			/* one side after the other, a few rounds each */
	bool slow;			/* not with --quick */
	bool on_demand;			/* only where it is asked for: --big, --instructions, or by its name */
};

/* What is to be reached. */
struct target {
	enum { NO_TARGET = 0, AT_MOST, TIMES_FASTER, TIMES_PEER } kind;
	double bound;			/* in the measure's unit, or a ratio */
	const char *word;		/* of what, for people */
};

struct measure {
	const char *name;
	const char *unit;		/* "ns/page", ...: what begins with ns is a time */
	const char *what;		/* the conditions, in a line; {size}: of the memory */
	const char *beside;		/* what the peer is; NULL: nothing */
	const struct trial *trial;
	unsigned figure;
	unsigned own_peer;		/* not 0: the peer is that figure, of Holdfast's side */
	struct target target;
};

extern const struct measure measures[];		/* ended by a name that is NULL */
const struct measure *measure_find(const char *name);

/* The conditions, with the size in its place. */
void measure_words(const struct measure *, uint64_t mib, char *text, size_t room);

/* The sides, by file. */
extern const struct side pin_holdfast, pin_kernel;				/* pins.c */
extern const struct side cas_exclusive, cas_shared;				/* cas.c */
extern const struct side io_holdfast;						/* io.c */
extern const struct side section_holdfast, cut_holdfast;				/* section.c, cuts.c */
extern const struct side wait_holdfast;						/* waits.c */
extern const struct side pair_holdfast, threads_holdfast;			/* pair.c */
extern const struct side fork_holdfast, fork_kernel, pinned_holdfast, pinned_kernel;	/* forks.c */
extern const struct side cow_holdfast, cow_kernel, zero_holdfast, zero_kernel;	/* faults.c */
extern const struct side zero_huge_holdfast, zero_huge_kernel;			/* huge.c */
extern const struct side access_holdfast, access_kernel;			/* access.c */
extern const struct side metadata_holdfast, metadata_kernel;			/* metadata.c */
extern const struct side instructions_holdfast;					/* instructions.c */
extern const struct side mappings_holdfast, mappings_kernel, chain_holdfast, tree_holdfast;	/* grow.c */

/* ---- inside a side ---------------------------------------------------------------- */

/* This side can't run here: the measure is left out, with the reason. */
_Noreturn void impossible(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The side did something else than what was to be timed: the program fails. */
_Noreturn void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

void *must_have(void *memory);		/* impossible() where there is none */

/* Nanoseconds of a clock that never steps back. */
uint64_t clock_ns(void);

/* The same in a few instructions, in steps of its own. */
static inline uint64_t clock_ticks(void)
{
#ifdef __x86_64__
	return __builtin_ia32_rdtsc();
#else
	return clock_ns();
#endif
}

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

/* Start a side and take it through begin() and one round, which warms it up. */
void worker_start(struct worker *, const struct side *, const struct trial *, struct answer *);
void worker_round(struct worker *, struct answer *);
void worker_stop(struct worker *);

/* The side alone, here and now, without a clock: for instruction counters.
   Returns the units that were done. */
double side_run_here(const struct side *, const struct trial *, unsigned rounds);

/* ---- one trial: compare.c ------------------------------------------------------------- */

#define ROUNDS_MAX 64

struct rounds {
	unsigned count;			/* that counted; 0: nothing was measured */
	bool has_peer;
	double holdfast[FIGURES][ROUNDS_MAX], peer[FIGURES][ROUNDS_MAX];
	enum outcome outcome;		/* the worse of the two sides' */
	char why[WHY_ROOM];		/* why a side, or both, are missing */
};

/* where: how far the run is, for the progress line alone. */
void compare(const struct trial *, const char *name, const struct plan *, const char *where, struct rounds *);

/* The same, where the memory is there that it needs, and --quick has the time. */
void trial_run(const struct trial *, const char *name, const struct plan *, uint64_t free_mib, const char *where,
	       struct rounds *);

/* ---- what came out: sample.c, verdict.c --------------------------------------------------- */

/* A median and the quartiles round it. */
struct spread {
	double low, median, high;
};

struct result {
	const struct measure *measure;
	uint64_t mib;			/* that was worked on */
	uint64_t at;			/* a point of a curve: where */
	unsigned rounds;		/* 0: nothing was measured */
	bool has_peer;
	struct spread holdfast, peer;
	struct spread ratio;		/* peer / Holdfast, of the same round */
	enum outcome outcome;
	char why[WHY_ROOM];
};

/* One measure out of its trial's rounds. */
void result_of(const struct measure *, const struct rounds *, struct result *);

struct spread spread_of(double *values, unsigned count);		/* sorts them */
double quantile_of(uint32_t *values, size_t count, double part);	/* sorts them */

/* The exponent p of the y = c * x^p that fits best. */
double exponent_of(const double *x, const double *y, unsigned count);

enum verdict { NOTHING_TO_SAY, MET, MISSED };
enum verdict verdict_of(const struct result *);
void target_text(const struct measure *, char *text, size_t room);	/* "at most 20 us", "10 times faster" */
void verdict_text(const struct result *, char *text, size_t room);	/* "met", "missed: 14.2 of 12" */

/* ---- curves: curves.c --------------------------------------------------------------------- */

#define POINTS_MAX 8
#define LINES_MAX 3

/* One trial at several places; each of its measures is a line. */
struct curve {
	const char *name;
	const struct measure *measures;	/* their targets are the exponents', of Holdfast's side */
	unsigned count;
	const char *axis;		/* what `at` counts */
	bool by_size;			/* `at` is the trial's size in MiB, not its count */
	unsigned quick;			/* how many of the points are for --quick */
	uint64_t at[POINTS_MAX];	/* ended by 0 */
};

/* The exponent is that of the last points. */
#define FITTED 4u

struct line {
	struct measure measure;		/* of its points */
	unsigned count;
	struct result points[POINTS_MAX];
	char fit_name[48];
	struct measure fit_measure;
	struct result fit;		/* the exponent, as if it had been measured */
};

extern const struct curve curves[];		/* ended by a name that is NULL */
const struct curve *curve_find(const char *name);
void curve_run(const struct curve *, const struct plan *, uint64_t free_mib, const char *where, struct line *lines);

/* ---- for people and machines: report.c, report_json.c, chart.c, machine.c ------------------- */

void progress_show(const char *format, ...) __attribute__((format(printf, 1, 2)));
void progress_clear(void);

struct machine {
	char text[320];		/* the processor, cores, kernel, clock, huge pages */
	uint64_t free_mib;	/* 0: unknown */
};

void machine_look(struct machine *);
void machine_load(char *text, size_t room);

/* A figure with three digits that mean something, and its quartiles, in the unit that fits. */
void figure_text(char *text, size_t room, double value, const char *unit);
void spread_text(char *text, size_t room, const struct spread *, const char *unit);

void report_head(const struct machine *);
void report_text(const struct result *);
void report_line(const struct curve *, const struct line *);
void report_tail(unsigned met, unsigned missed);
void report_json(const struct machine *, const struct result *, const char *axis);

/* A picture of all that was measured, which has to live until it is written.
   Returns an errno, or 0. */
#define CHOSEN_MAX 96
#define CURVES_MAX 8

struct chart {
	unsigned results, lines;
	const struct result *result[CHOSEN_MAX];
	const struct line *line[CURVES_MAX * LINES_MAX];
	const struct curve *curve[CURVES_MAX * LINES_MAX];
};

int chart_write(const struct chart *, const struct machine *, const char *path);

/* ---- what is wanted: options.c ------------------------------------------------------------------- */

/* --count works on no more than that. */
#define COUNT_MIB 32

struct wish {
	const struct plan *plan;
	bool json, big, instructions, curves;
	const char *chart;			/* where to write a picture; NULL: none */
	unsigned count;				/* --count: rounds of one side; 0: compare */
	unsigned measure_count, curve_count;
	const struct measure *measures[CHOSEN_MAX];
	const struct curve *chosen_curves[CURVES_MAX];
};

/* Returns an exit code, or -1 to go on. */
int options_parse(struct wish *, char **argv);

#endif

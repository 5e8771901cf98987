/*
 * run_print.h - running scenarios one by one, with the verdicts printed as they come
 *
 *	run_text.c   for people: a paragraph a scenario
 *	run_json.c   JSON lines: an object a scenario and judge
 *	run_tap.c    the Test Anything Protocol: a test a scenario and judge
 */
#ifndef HOLDFAST_RUN_PRINT_H
#define HOLDFAST_RUN_PRINT_H

#include "matrix.h"

struct run_printer {
	void (*begin)(const struct corpus *, const struct judges *);	/* may be NULL */
	void (*scenario)(const struct scenario *, const struct judges *, const struct verdict *); /* one a judge */
	void (*end)(const struct corpus *, const struct judges *, const struct tally *);	/* may be NULL */
};

extern const struct run_printer run_print_text, run_print_json, run_print_tap;

void run_corpus(const struct corpus *, const struct judges *, const struct run_printer *, struct tally *);

/* The same, with each step and what it changed, and each run after the other. */
void run_traced(const struct corpus *, const struct judges *, struct tally *);

#endif

/*
 * mutate.h - `holdfast check --mutate`: does a scenario notice when an order or a
 * fence of the core is weakened?
 */
#ifndef HOLDFAST_MUTATE_H
#define HOLDFAST_MUTATE_H

#include "check.h"
#include "survivors.h"

/*
 * Each mutant that the settings ask for, under each scenario until one notices.
 * What survives and stands in the file of survivors is explained; NULL is the
 * file in the tree, if there is one.
 */
enum exit_code mutate_run(const struct corpus *, const struct check_settings *, bool json, const char *survivors);

/* ---- for mutate.c and mutate_print.c ---- */

/* A scenario, and how it goes when nothing is weakened. */
struct witness {
	const struct scenario *scenario;
	struct check_run plain;
	bool usable;		/* not violated, not empty: what is then violated is so for the mutant's sake */
	unsigned catches;
};

struct mutant {
	const struct explore_site *site;
	size_t index;		/* in explore_sites() */
	bool *tried;		/* by witness */
	unsigned under_way, unfinished;
	bool reached;		/* by a scenario, as far as that is known */
	bool decided;
	struct witness *caught_by;	/* NULL: it survives */
	struct explore_result result;	/* of the run that caught it */
	bool died;		/* that run had no result, but an end */
	char hindered[200];	/* the scenarios that were not finished under it */
	const struct survivor *explained;	/* of one that survives; NULL: nobody does */
};

struct mutation {
	struct check_settings settings;
	struct witness *witnesses;
	struct mutant *mutants;
	size_t nwitnesses, nmutants, started, decided, printed;
	struct trial *trials;
	struct survivors survivors;
	bool json, whole;	/* whole: no mutant was left out */
	double seconds;
};

void mutate_print_plain(const struct mutation *);	/* the scenarios that are of no use here */
void mutate_print_mutant(const struct mutation *, const struct mutant *);
void mutate_print_sum(const struct mutation *);

/* What becomes of it, the end of its name: "relaxed", "gone". */
const char *site_becomes(const struct explore_site *);

#endif

/*
 * library.h - inside of the judge "a design on the library"
 *
 *	library.c           open, dispatch, close
 *	library_step.c      one step, one call of the public header
 *	library_list.c      inventories and reports of forks
 *	library_listen.c    who hears of misuse
 *	library_describe.c  entries, pages and pins as text, for traces
 *
 * Errors inside are negative errno values, as the library's.
 */
#ifndef HOLDFAST_JUDGE_LIBRARY_H
#define HOLDFAST_JUDGE_LIBRARY_H

#include "holdfast.h"
#include "judge.h"

/* Where a space has a mapping.  It stays known after an unmap: touching it there is the library's business. */
struct place {
	bool known;
	uint64_t address, length;
};

struct held_pin {
	bool taken;		/* once; the pin may have ended */
	struct hf_pin pin;
	struct step step;	/* that took it; its caller may forget it */
	uint64_t address;	/* then */
	uint64_t skip;		/* bytes before it in its first page */
	uint64_t pages;
	unsigned char *ended;	/* per page: was unpinned */
};

struct judge {
	const struct judge_ops *ops;
	const struct scenario *scenario;
	struct hf_pool *pool;
	uint64_t free_at_start;
	struct hf_mm *mm[SCENARIO_NAMES];	/* stays, and answers ESRCH, after an exit */
	struct place place[SCENARIO_NAMES][SCENARIO_NAMES];	/* [space][mapping] */
	struct hf_object *object[SCENARIO_NAMES];
	struct held_pin pin[SCENARIO_NAMES];
	uint64_t next_address;
	unsigned listener;			/* of misuse; 0: nobody of the scenario's */
	struct hf_stats base;			/* at the last count */
};

/* library_step.c: 0 or -errno.  What is wrong with the library itself goes to reply->reason. */
int library_step(struct judge *, const struct step *, struct reply *);
void library_end_pin(struct held_pin *);
unsigned library_how(unsigned flags);	/* of a pin's step, as the library has it */

/* library_listen.c: from here on, to there, this handler hears; was it called well? */
void library_listen(unsigned listener);
bool library_listened(void);

/* library_list.c: the same */
int library_inventory(struct judge *, struct hf_mm *, const struct step *, struct reply *);
int library_fork_reported(struct judge *, struct hf_mm *, const struct step *, enum hf_fork_pins, struct reply *);

/* library_describe.c */
void library_describe(struct judge *, FILE *);

#endif

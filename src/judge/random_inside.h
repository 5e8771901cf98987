/*
 * random_inside.h - what the parts of the random run share
 *
 *	random.c          rounds
 *	random_shadow.c   what there is by now
 *	random_make.c     makes up the next step
 *	random_pick.c     ... of what there is
 *	random_pair.c     two judges side by side: carries out a step, compares
 *	random_shrink.c   makes a failing round short
 *	random_threads.c  scenarios with threads, for the explorer
 *	random_orders.c   what each order of their calls comes to
 */
#ifndef HOLDFAST_RANDOM_INSIDE_H
#define HOLDFAST_RANDOM_INSIDE_H

#include "random.h"

#define RANDOM_PAGES 8u		/* most pages of a mapping */
#define RANDOM_OBJECT_PAGES 4u	/* of an object */
#define RANDOM_OBJECTS 3
#define RANDOM_SPACES 5		/* most that live at once */
#define RANDOM_BIG_POOL 1024u	/* pages: more than all those spaces can ever use */
#define SHADOW_ALL_GONE UINT64_MAX	/* by one unmap of the whole */
#define RANDOM_PINS 12		/* most that live at once */

/*
 * In each eighth round there are mappings of one or two huge pages, and the hint for
 * them.  Of a huge page the first 15 pages and the last are touched one by one, and kept
 * track of: a bit each, the last for all behind the first ones.
 */
#define RANDOM_HUGE_PAGES ((unsigned)(SCENARIO_HUGE / SCENARIO_PAGE))
#define RANDOM_HUGE_MOST 2u
#define RANDOM_WATCHED 16u	/* pages of a huge page */

/* The same where the explorer is to run it. */
#define SMALL_PAGE 64u		/* bytes */
#define SMALL_PAGES 3u
#define SMALL_HUGE 4u	/* pages that are a huge page to the explorer; to the model they are pages, as all */
#define SMALL_MAPPINGS 3	/* names, as the rest of these */
#define SMALL_OBJECTS 2
#define SMALL_SPACES 5
#define SMALL_PINS 8

/*
 * What has happened so far, as far as it takes to make up sensible steps and to
 * know what there is to compare.  It follows from the steps that succeeded, and
 * being wrong here would cost sense, not correctness.
 */
struct shadow {
	struct {
		bool live, exited;
		struct {
			bool known;
			unsigned pages;
			uint64_t gone;	/* bit set of the pages that were unmapped: shadow_bit() */
			unsigned prot;		/* as said last of any part */
		} map[SCENARIO_NAMES];
	} space[SCENARIO_NAMES];
	struct { bool made; uint64_t bytes; } object[SCENARIO_NAMES];
	struct {
		bool known, open;	/* open: not ended as a whole */
		unsigned flags;
		uint64_t skip, length;
		uint64_t held;		/* bit set of its pages: shadow_bit() */
	} pin[SCENARIO_NAMES];
};

enum difference { SAME, DIFFERENT };

struct pair {
	const struct judge_ops *ops[2];
	struct judge *judge[2];
	bool strict;			/* no memory is a difference: the pool is big enough */
	const struct scenario *scenario;
	struct shadow shadow;
	struct random_counts *counts;	/* may be NULL */
	int error;			/* of the last step: what the second judge said, or the first if it was excused */
	/* the difference, when there is one */
	char what[512];
	struct step expected;		/* as a line of a scenario: what the second judge says; bytes in expected_bytes */
	bool has_expected, expected_before; /* before: it belongs before the step */
	unsigned char expected_bytes[16];
};

/* random_pair.c */
enum difference pair_open(struct pair *, const struct random_config *, const struct scenario *);
enum difference pair_step(struct pair *, const struct step *);
enum difference pair_compare_all(struct pair *);
enum difference pair_close(struct pair *);

/* random_shadow.c */
void shadow_follow(struct shadow *, const struct step *);	/* the step succeeded */
bool shadow_allows(const struct shadow *, const struct step *); /* names only what there is */
uint64_t shadow_pin_pages(uint64_t skip, uint64_t length);
uint64_t shadow_bit(uint64_t page);
bool shadow_watches(uint64_t page);	/* it is looked at when all bytes are compared */

/*
 * random_make.c.  A long run of steps one after the other; or what the explorer is to
 * run: small pages, few of everything, no name twice.
 */
enum stage { STAGE_RUN, STAGE_SETUP, STAGE_THREAD, STAGES };

struct maker {
	uint64_t random;		/* state of the generator */
	struct scenario *scenario;	/* names are added to it */
	const struct shadow *shadow;
	bool fail_allocations;		/* make steps for that too (random_config) */
	bool huge;			/* of huge pages */
	enum stage stage;
	/* So that few steps meet; not in a long run: */
	uint64_t rare;			/* bit set of enum op: these hardly ever */
	int hot_mapping;		/* mostly this one, and mostly this page of it, in threads */
	unsigned hot_page;
	unsigned char bytes[RANDOM_PAGES * SCENARIO_PAGE]; /* of the step */
	bool out_of_names;
	/* An input that makes the choices (random_input): what is left of it, and what is left for this step. */
	const unsigned char *input, *choice;
	size_t input_left, choices_left;
};
/* The next bytes of the input make the choices, then a generator that follows from them. */
void maker_feed(struct maker *, size_t bytes);
uint64_t maker_random(struct maker *);
uint64_t maker_seed(uint64_t seed, uint64_t round);	/* of a round's maker */
uint64_t maker_below(struct maker *, uint64_t n);
void maker_step(struct maker *, struct step *);	/* its bytes stand in maker->bytes; not if out_of_names */

/* random_shrink.c */
void random_shrink(const struct random_config *, struct random_failure *);
/* The ways to make a step simpler, one by one; each leads down, none back.  false: it does not apply, or changes nothing. */
#define RANDOM_WAYS 15u
bool random_simplify(struct step *, unsigned way);

#endif

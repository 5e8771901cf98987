/*
 * world.h - what an execution of a scenario keeps outside of explored memory
 *
 *	plan.c       the scenario in small pages
 *	world.c      handles and places: made, looked up, merged at the end
 *	call.c       one step, one call of the public header
 *	listing.c    inventories and reports of forks
 *	program.c    setup and threads: steps one after the other, and their errors
 *	judge.c      the quiet end: what comes after, conditions, verify, the outcome
 *	condition.c  facts
 *	contract.c   what must hold always, on bytes: coherent, isolated
 *	ending.c     safe, and no leak
 *	names.c      addresses and values for people
 *	explore.c    from options to a verdict
 *	failure.c    a failing scenario made short, and its story
 *	statics.c    the core's own variables
 *	repair.c     where one fence would repair it
 *	mutant.c     each order and each fence that can be weakened
 *
 * The engine puts struct world back before each execution, and knows nothing of its
 * use: so no thread may look here at what another thread may change meanwhile.
 * Each thread has its own view of the places, and of the pins that it has ended;
 * what one thread makes for another goes through a word in explored memory.  At the
 * quiet end world_settle() brings the views together.
 */
#ifndef HOLDFAST_EXPLORE_WORLD_H
#define HOLDFAST_EXPLORE_WORLD_H

#include "engine.h"
#include "explore.h"
#include "holdfast.h"
#include "plan.h"

enum { THREADS = ENGINE_THREADS, OUTSIDE = ENGINE_THREADS, VIEWS };

/* Where a space has a mapping. */
struct place {
	uint16_t address, length;	/* bytes */
	uint8_t made;		/* by the step before this one; 0: not known.  A fork's child has it, too */
	bool changed;		/* made, moved or resized since the view began */
	bool is_private;
	uint64_t gone;		/* pages that were unmapped or cut off, a bit each */
};

struct held {
	bool taken;		/* once; it may have ended */
	struct hf_pin pin;
	unsigned flags;		/* of the step that took it */
	int space, mapping;
	struct place place;	/* there, then */
	uint16_t offset;	/* into the mapping */
	uint64_t ended[VIEWS];	/* pages that each thread has ended, a bit each */
};

enum fate { FATE_NOT_REACHED, FATE_DONE, FATE_FAILED, FATE_PASSED_OVER };

struct result {
	uint8_t fate;
	uint8_t error;		/* errno, positive */
	bool fast;		/* OP_PIN */
};

struct world {
	struct hf_pool *pool;
	uint64_t *words;	/* explored: what is handed over */
	void *statics;		/* explored: the core's own variables (statics.h) */
	uint64_t free_at_start;
	struct hf_mm *mm[SPACES];	/* stays, and answers ESRCH, after an exit */
	bool exited[SPACES];
	struct hf_object *object[OBJECTS];
	struct place base[SPACES][MAPPINGS];
	struct place own[THREADS][SPACES][MAPPINGS];
	bool has_own[THREADS][SPACES];
	struct held held[PINS];
	unsigned char value[VALUES][EXPLORED_PAGE];
	struct result result[STEPS];
	uint8_t now[VIEWS];	/* the step under way; STEPS: none */
	struct hf_stats count;	/* at the last `count` */
};

/* ---- what is outside of all executions ----------------------------------------------- */

/* The first violation that is ours and not the engine's. */
struct said {
	bool set;
	bool open;		/* what else the judge finds in this execution belongs to it */
	enum wrong wrong;
	unsigned broken;	/* bit set of enum promise */
	struct position at;
	char what[512];		/* as the engine has it */
};

struct play {
	struct plan plan;
	struct world world;
	bool seen[CONDITIONS];	/* those that must be seen, and were */
	struct said said;
	/* Who wants to hear of outcomes; NULL: nobody. */
	void (*outcome)(uint64_t outcome, void *context);
	void *outcome_context;
};
extern struct play play;	/* one at a time, as the engine */

#define HERE __builtin_return_address(0)

/* ---- world.c --------------------------------------------------------------------------- */

/* NULL and false: it was not made, as far as the calling thread can see. */
struct hf_mm *world_space(struct world *w, int space);
struct held *world_pin(struct world *w, int pin);
struct place *world_place(struct world *w, int space, int mapping);

void world_hand_space(struct world *w, int space);	/* it is made: whoever needs it may have it */
void world_hand_pin(struct world *w, int pin);
void world_inherit(struct world *w, int parent, int child);	/* the places */
void world_settle(struct world *w);

/* Pages of a pin: how many, and the bits of a part's. */
unsigned held_pages(const struct held *held);
uint64_t held_part(const struct held *held, uint64_t offset, uint64_t length);
uint64_t held_ended(const struct held *held);		/* by anybody */
/* The byte of the pinned memory at that offset; NULL: outside. */
unsigned char *held_byte(const struct held *held, uint64_t offset);

uint64_t page_bits(uint64_t first, uint64_t count);

/* ---- call.c ---------------------------------------------------------------------------- */

enum { CALL_PASSED_OVER = 1 };	/* what the step needs was not made */

/* 0, -errno, or CALL_PASSED_OVER.  Bytes that were read go to `bytes`, counts to `value`. */
int call_step(struct world *w, size_t step, unsigned char *bytes, uint64_t *value);
unsigned call_how(unsigned flags);	/* of a pin's step, as the library has it */

/* listing.c: false and said, where one of these pins of the step's space is none of the scenario's. */
bool listing_is_right(struct world *w, const struct step *step, const struct hf_pin_info *pins, uint64_t count);

/* ---- program.c ------------------------------------------------------------------------- */

void program_setup(void *context);
void program_thread(void *context, unsigned thread);

/* From now on this misuse handler hears, with its own context; 0 is the one that hears at first. */
void program_listen(unsigned listener);

/*
 * Carry out a step; false: something is wrong, and was said.  In a thread it leaves
 * two notes: the line of the scenario, and what came of it, with "= " before it.
 */
bool program_step(struct world *w, size_t step);

/* Say what is wrong: with which line (line 0: none), what it breaks (0: no promise).  Returns false; in a thread it does not. */
bool wrong_at(enum wrong wrong, struct position at, unsigned broken, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* ---- judge.c, condition.c, contract.c, ending.c --------------------------------------------- */

void judge_begin(void);			/* a new exploration */
void judge_execution(void *context);
bool condition_holds(struct world *w, const struct condition *condition);

/* False: something is wrong, and was said. */
bool contracts_hold(struct world *w);
bool ends_well(struct world *w);

/* A contract does not hold: true where the design is not asked for any of these promises. */
bool contract_broken(unsigned promises, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- names.c ----------------------------------------------------------------------------- */

void names_learn(struct world *w);	/* which page is which table, as it is now */
void name_address(void *context, const void *address, char *text, size_t room);
void name_value(void *context, const void *address, uint64_t value, char *text, size_t room);
bool name_is_key(void *context, const void *address);	/* an entry, a page's count: what people know */

/* ---- mutant.c, repair.c, failure.c ----------------------------------------------------------- */

struct mutant;
const struct mutant *mutant_find(const char *name);	/* NULL: there is none of that name */
struct weaken mutant_weaken(const struct mutant *mutant);
void mutants_reached(const void *site, uint64_t *set);	/* explore_result.reached */

/* Where one fence would do: text for people, to be freed; NULL: nothing to say. */
char *repair_find(const struct exploration *failed, const struct run *run);

/* Of a failing scenario that was explored so: as short a story as there is. */
struct explore_run *failure_story(const struct scenario *scenario, const struct explore_options *options,
				  const struct exploration *exploration, const struct explored *explored);

/* ---- explore.c ------------------------------------------------------------------------------- */

/* Explore a scenario from the beginning: the plan, what was seen and said are of it alone.  False: refused. */
bool play_scenario(const struct scenario *scenario, const struct exploration *exploration, struct explored *explored,
		   struct refusal *refusal);
const char *play_kind(const struct explored *explored);	/* of its violation */

#endif

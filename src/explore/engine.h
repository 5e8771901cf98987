/*
 * engine.h - every execution of a few threads, under a memory model
 *
 * The engine knows nothing of pages and pins.  It runs a program of up to four
 * threads over and over, each thread on a fiber, and makes every atomic access,
 * fence, lock and section of theirs a step whose order, and whose value where the
 * memory model leaves a choice, it decides.  hooks.c brings it the accesses of
 * code compiled with -fsanitize=thread, platform.c those calls that the core makes
 * to its platform.
 *
 * One engine a process: its state is static, so that a run is the same each time.
 *
 * What the threads share stands in explored memory (engine_alloc): one arena at a
 * fixed address, put back to its state after setup() before each execution.
 * Stacks are nobody's but their thread's.
 *
 * Outside of threads (setup, judge) all calls act at once, on the newest values.
 */
#ifndef HOLDFAST_ENGINE_H
#define HOLDFAST_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENGINE_THREADS 4u

enum model {
	MODEL_C11,	/* views: relaxed, acquire, release, seq_cst fences.  For verdicts */
	MODEL_TSO,	/* x86: a store buffer a thread */
	MODEL_SC,	/* one memory, at once */
	MODELS
};

enum search {
	SEARCH_REDUCED,	/* source-DPOR with sleep sets: complete, each equivalence class about once */
	SEARCH_SLEEP,	/* sleep sets alone: complete; to hold the former against */
	SEARCH_NAIVE,	/* every order and every choice: for tests of the engine */
	SEARCH_RANDOM,	/* so many executions at random: complete is nothing here */
	SEARCHES
};

/* Orders as the compiler hands them to the hooks. */
enum order { ORDER_RELAXED, ORDER_CONSUME, ORDER_ACQUIRE, ORDER_RELEASE, ORDER_ACQ_REL, ORDER_SEQ_CST };

enum rmw { RMW_ADD, RMW_SUB, RMW_AND, RMW_OR, RMW_XOR, RMW_NAND, RMW_SWAP };

/* What can be wrong with an execution. */
enum wrong {
	WRONG_NOTHING,
	WRONG_PROMISE,		/* said by the judge */
	WRONG_INVARIANT,	/* verify found a break */
	WRONG_MISUSE,		/* the library reported a misuse where there was none */
	WRONG_FREED,		/* a freed page, table or structure was used */
	WRONG_LEAK,		/* pages or memory did not come back */
	WRONG_RACE,		/* two plain accesses, or a plain and an atomic one, that nothing orders */
	WRONG_DEADLOCK,		/* threads wait for each other */
	WRONG_WAKEUP,		/* a thread waits for a change that nobody will make */
	WRONG_LIMIT,		/* a limit of the explorer was reached: nothing is cut off in silence */
	WRONG_NONDETERMINISM,	/* the same choices gave other steps */
	WRONGS
};
extern const char *const wrong_names[WRONGS];

/* ---- for the program ---------------------------------------------------------------- */

struct program {
	unsigned threads;				/* 1 to ENGINE_THREADS */
	void (*setup)(void *context);			/* once */
	void (*thread)(void *context, unsigned thread);	/* from 0; on its own fiber */
	void (*judge)(void *context);			/* after the last thread's end, each time */
	void *context;
	size_t context_bytes;				/* of *context: put back before each execution, too */
	/* The name of an address for people; NULL: by number. */
	void (*name)(void *context, const void *address, char *text, size_t room);
	/* A value at an address, in words ("absent", "frame 7 W PINNABLE", "1 pin"); may be NULL. */
	void (*value)(void *context, const void *address, uint64_t value, char *text, size_t room);
};

/* Something is wrong with this execution.  In a thread it does not return. */
void engine_wrong(enum wrong wrong, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Said by the judge: what this execution came to; those that differ are counted. */
void engine_outcome(uint64_t hash);

/* In a thread: a line for the story, at this place in the thread's time (a call begins, a call returned 0). */
void engine_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Is nothing wrong with this execution as far as it is known: said by nobody, and found by no check? */
bool engine_is_good(void);

/* Has an execution been wrong, in this search and not in the trial before it? */
bool engine_has_failed(void);

/* All of explored memory, what of it is free, and the program's context, in one number: the same state has the same. */
uint64_t engine_state_hash(void);

/* Allocations of explored memory that were not freed. */
unsigned engine_unfreed(void);

/* Who runs: 0 to threads - 1; ENGINE_THREADS outside of threads. */
unsigned engine_self(void);

/* ---- what threads do: by hooks.c and platform.c ----------------------------------------- */

/* site: the address behind the call, from which sites.h knows file and line. */
uint64_t engine_load(const void *address, unsigned bytes, enum order order, const void *site);
void engine_store(void *address, unsigned bytes, uint64_t value, enum order order, const void *site);
uint64_t engine_rmw(void *address, unsigned bytes, enum rmw rmw, uint64_t operand, enum order order, const void *site);
bool engine_cas(void *address, unsigned bytes, uint64_t *expected, uint64_t desired, enum order success,
		enum order failure, const void *site);
void engine_fence(enum order order, const void *site);
void engine_plain(const void *address, size_t bytes, bool write, const void *site);

/* Locks are known by their address; what is behind it is not touched. */
void engine_lock(void *lock, const void *site);
void engine_unlock(void *lock, const void *site);

/* Read sections, cuts and grace periods, as their specification says: platform.h. */
void engine_enter(unsigned commits, const void *site);	/* the kind of its commits; 0: it has none, and is not cut */
void engine_leave(const void *site);
void engine_grace(const void *site);
void engine_cut(const void *site);
uint64_t engine_poll_begin(const void *site);
bool engine_poll(uint64_t begun, const void *site);

/* Commits, in a section of their kind.  False: it is cut, and nothing was done. */
bool engine_commit_rmw(unsigned kind, void *address, unsigned bytes, enum rmw rmw, uint64_t operand, enum order order,
		       uint64_t *before, const void *site);
bool engine_commit_cas(unsigned kind, void *address, unsigned bytes, uint64_t *expected, uint64_t desired,
		       enum order order, bool *swapped, const void *site);
bool engine_commit_store(unsigned kind, void *address, unsigned bytes, uint64_t value, enum order order, const void *site);

/*
 * Wait until something changes that the thread has read since its last pause, or that grace period
 * is over which it found not to be over; it then sees one such change.
 */
void engine_pause(const void *site);

/* Explored memory: zeroed, aligned to 64; its address depends on the calling thread's own calls alone.
   Freed, it is never given out again in the same execution, and no access to it is allowed. */
void *engine_alloc(size_t bytes);
void engine_free(void *memory, const void *site);
bool engine_owns(const void *address);

/* Nobody may touch these bytes until they are woken, then everybody who is ordered after that. */
void engine_rest(void *address, size_t bytes, const void *site);
void engine_wake(void *address, size_t bytes, const void *site);

/* ---- exploring ------------------------------------------------------------------------------ */

/* A site whose order is changed: every mutant of an order or a fence is one of these.  See mutate.h. */
struct weaken {
	bool (*applies)(const void *site, void *context);	/* NULL: nothing is changed */
	enum order to;		/* accesses: this order; of a CAS both.  Fences: ORDER_RELAXED is none at all */
	void *context;
};

/* A fence put in where none is: to find the place where one repairs. */
struct strengthen {
	const void *before;	/* the site before whose step a seq_cst fence is put; NULL: nowhere */
};

struct progress {
	uint64_t executions, blocked;
	double seconds, done;		/* done: an estimate, 0 to 1 */
};

struct exploration {
	const struct program *program;
	enum model model;
	enum search search;
	uint64_t seed;			/* SEARCH_RANDOM */
	uint64_t executions_most;	/* 0: no limit */
	double seconds_most;		/* 0: no limit */
	unsigned shard, shards, shard_depth;	/* this part of so many: prefixes of that depth, every shards-th; shards 0: all */
	uint64_t only;			/* run this execution alone, the others just to get there; 0: all */
	bool waits;			/* who begins a polled grace period waits for it: far fewer executions */
	bool go_on;			/* count violating executions; or else end with the first */
	struct weaken weaken;
	struct strengthen strengthen;
	/* Called about every half second; false ends the search. */
	bool (*progress)(const struct progress *, void *context);
	void *progress_context;
	/* Each site that a step came from, once; may be NULL. */
	void (*site)(const void *site, enum order order, bool fence, void *context);
	void *site_context;
};

struct explored {
	bool complete;			/* every execution was run, none violates unless said */
	uint64_t executions;		/* that came to an end */
	uint64_t blocked;		/* given up as repetitions */
	uint64_t violating;
	uint64_t outcomes;		/* that differ */
	uint64_t replayed;		/* run twice, to see that they are the same */
	unsigned steps_most;		/* of one execution */
	double seconds;
	enum wrong wrong;		/* of the first violating execution */
	char what[512];
	uint64_t number;		/* its number, from 1 */
	const char *limit;		/* what ended an incomplete search; NULL */
	struct run *run;		/* the first violating execution, recorded; run_free() it */
};

void engine_explore(const struct exploration *, struct explored *);

/* ---- one execution, recorded ------------------------------------------------------------------ */

enum event_kind {
	EVENT_LOAD, EVENT_STORE, EVENT_RMW, EVENT_CAS, EVENT_CAS_FAILED, EVENT_FENCE,
	EVENT_LOCK, EVENT_UNLOCK, EVENT_ENTER, EVENT_LEAVE, EVENT_GRACE_BEGIN, EVENT_GRACE_END,
	EVENT_CUT,		/* of one other thread: its section, if it is in one that can be cut */
	EVENT_CUT_END,		/* of all others: the call returns */
	EVENT_COMMIT,		/* one that changes what nobody else sees: that it was not cut is all */
	EVENT_COMMIT_FAILED,
	EVENT_POLL_BEGIN, EVENT_POLL,
	EVENT_PAUSE, EVENT_FLUSH,	/* TSO: the oldest store leaves the buffer */
	EVENT_NOTE,			/* text; no step */
	EVENT_PLAIN,			/* a change of memory that no other thread sees as a step; not explored */
	EVENT_KINDS
};

struct event {
	enum event_kind kind;
	unsigned thread;
	const void *address;	/* of the location, the lock; NULL: none */
	unsigned bytes;
	enum order order;
	const void *site;
	uint64_t read;		/* what a load, rmw or cas found; of a cut: it has cut one; of a poll: it is over */
	uint64_t written;	/* of an enter: the kind of its commits; of a cut: the thread */
	uint64_t before;	/* the newest value when the step was made, by coherence order */
	uint64_t after;		/* the newest value then */
	/* The event whose value was read; -1: it was there at the beginning.  Of a commit that failed: the cut; of a poll: its begin. */
	int from;
	int missed;		/* stale: the event whose newer value was not read, the newest of them; -1: read the newest */
	char text[160];		/* EVENT_NOTE */
};

/* Data only: it can be printed, stored and put in another order without the engine. */
struct run {
	struct event *events;
	size_t count, room;
	/* Is events[b] ordered after events[a] whatever the order of running?  By program order, reads-from, locks, fences, sections. */
	uint16_t (*clock)[ENGINE_THREADS];	/* of each event: how many events of each thread are before or at it */
	uint16_t *number;			/* of each event: its number in its thread, from 1 */
	unsigned threads;
	enum wrong wrong;
	char what[512];
	uint64_t execution;
	int culprit[2];		/* the events that the violation is about (a race's two accesses), or -1 */
};

void run_free(struct run *run);
bool run_is_before(const struct run *run, size_t a, size_t b);

/* The same execution in the order with the fewest switches of thread that a greedy search finds. */
void run_straighten(struct run *run);

#endif

/*
 * engine_inside.h - what the files of the engine share
 *
 *	engine.c	the calls of threads: at once where nobody shares, else as a step
 *	engine_sections.c	those calls that are about sections: commits, cuts, grace periods
 *	engine_memory.c	explored memory: given out, put back, free or not
 *	engine_cells.c	who touched it, and in what order
 *	engine_c11.c	the memory model of C11, as views
 *	engine_flat.c	SC, and TSO by store buffers
 *	engine_common.c	what every model does in the same way, and clocks: which steps are ordered
 *	engine_grace.c	the same of sections
 *	engine_search.c	which execution comes next
 *	engine_run.c	one execution from beginning to end
 *	engine_record.c	one execution, written down
 *	engine_wild.c	accesses to no memory at all
 *
 * An *actor* is what can make a step: a thread; under TSO a thread's store buffer,
 * which makes one step for each store that leaves it; and for each two threads the
 * cut of the one that reaches the other.
 */
#ifndef HOLDFAST_ENGINE_INSIDE_H
#define HOLDFAST_ENGINE_INSIDE_H

#include "engine.h"
#include "fiber.h"

enum {
	THREADS = ENGINE_THREADS,
	BUFFERS = THREADS,	/* the first store buffer */
	CUTS = 2 * THREADS,	/* the first cut */
	ACTORS = CUTS + THREADS * THREADS,
	MAIN = THREADS,		/* who runs outside of threads */
	LOCATIONS = 256,
	MESSAGES_EACH = 255,	/* of one location: a view has a byte for each */
	MESSAGES = 4096,
	NODES = 8192,		/* steps of one execution */
	PAUSES = 64,
	POLLS = 64,		/* of one thread */
	IDLE = 1000000,
	NONE = -1,
};

/* ---- memory --------------------------------------------------------------------- */

struct location;

#define ARENA_ADDRESS UINT64_C(0x200000000000)
#define MAIN_BYTES ((size_t)192 << 10)
#define THREAD_BYTES ((size_t)64 << 10)
#define ARENA_BYTES (MAIN_BYTES + THREADS * THREAD_BYTES)
#define CELLS (ARENA_BYTES / 4)

static inline size_t cell_of(const void *address)
{
	return ((uintptr_t)address - ARENA_ADDRESS) / 4;
}

/* engine_memory.c */
void memory_open(void);
void memory_forget(void);	/* a new program */
void memory_keep(void);		/* after setup: the state to come back to */
void memory_restore(void);	/* before each execution */
bool memory_check_free(const void *address, size_t bytes);	/* says that it is wrong, if it is: then false */
uint64_t memory_read(const void *address, unsigned bytes);
void memory_write(void *address, unsigned bytes, uint64_t value);
uint64_t memory_hash(const void *more, size_t bytes);	/* of all explored memory, and of this */

/* engine_cells.c */
void cells_forget(void);
void cells_restore(void);

/*
 * Note that the current thread makes an atomic access; is it a step?  As far as all
 * executions up to now show: who learns that it is sets machine.sharing, and the
 * exploration begins anew.
 */
bool cells_shared(const void *address, unsigned bytes, bool write);

/* Look for a race, after the access.  step: of what was made as one, its location; NULL: nobody could see it. */
void cells_check_atomic(const void *address, unsigned bytes, bool write, const struct location *step);

/* Where an atomic stands; NULL: something was wrong. */
struct location *cells_location(const void *address, unsigned bytes);

/* A lock that nobody else uses: false if it is as the caller wants it already. */
bool cells_hold_lock(const void *lock, bool hold);

/* ---- views, messages, locations ---------------------------------------------------- */

struct view {
	uint8_t at[LOCATIONS];		/* of each location: no older message may be read */
	uint16_t clock[THREADS];	/* of each thread: its steps that are ordered before, as C11 orders */
};

struct message {
	uint64_t value;
	int stamp;		/* when it was written: steps before it, plus one; 0: at the beginning */
	int writer;		/* the step; NONE */
	bool taken;		/* an RMW has read it and stands behind it: nothing comes between */
	struct view view;
};

struct location {
	const void *address;
	unsigned bytes;
	unsigned index;
	/* values, oldest first, by coherence order */
	unsigned count;
	uint16_t order[MESSAGES_EACH + 1];
	int readers;		/* the last step that read it; the others are chained to it */
	int writer;		/* the last step that wrote it (flat models) */
	int failed;		/* the last commit here that failed; the others are chained to it */
	/* a lock */
	int holder;		/* actor; NONE */
	int locked;		/* the last step that took it; NONE */
	int unlocked;		/* the last that gave it back */
	struct view view;	/* of the last unlock */
};

/* ---- steps ---------------------------------------------------------------------------- */

/* What an actor is about to do. */
struct step {
	enum event_kind kind;
	struct location *location;	/* NULL: none */
	enum order order, failure;
	enum rmw rmw;
	uint64_t operand;	/* to be stored, added, ... */
	uint64_t expected;
	const void *site;
	const void *address;	/* of a commit without a location */
	bool commit;
	struct poll *poll;
	uint64_t read;		/* the answer */
	bool done;		/* of a CAS */
	bool cut;		/* of a commit: it failed */
};

/* What was done. */
struct done {
	enum event_kind kind;
	uint8_t actor;
	bool reads, writes;
	uint16_t number;	/* among the actor's steps, from 1 */
	uint16_t clock[ACTORS];	/* of each actor: so many of its steps are ordered before, or are this one */
	uint16_t before[ACTORS];	/* the same by the actor's own earlier steps alone */
	struct location *location;
	bool seq_cst;		/* a fence that is */
	bool hands;		/* a cut that comes later sees it, and all before it */
	bool cuts;		/* a cut that found a section to cut */
	struct poll *poll;
	int from;		/* the step whose value was read; of a commit that failed, the cut; NONE */
	int stamp;		/* of the message that was read */
	int reader;		/* the step that read the location before: a chain */
	int failed;		/* of a commit that failed: the one before at the location */
	int failed_by[THREADS];	/* the cuts that its section had met: of each other thread, the first; NONE */
	int previous;		/* the step before it that wrote the location, took the lock, was a seq_cst fence */
};

struct grace {
	unsigned waits_for;	/* mask of threads */
	struct view view;	/* what it will have seen */
	uint16_t clock[ACTORS];
};

/* A grace period that is asked for. */
struct poll {
	unsigned waits_for;	/* mask of threads */
	int begun;		/* the step */
	int left[THREADS];	/* the last step of each thread that left a section which was entered before */
	int asked[THREADS];	/* the last step of each that asked too early */
	struct view view;	/* what was done in those sections */
	uint16_t clock[ACTORS], asked_clock[ACTORS];
};

enum { BUFFERED = 64 };

/* A store on its way to memory. */
struct buffered {
	struct step step;
	int made;		/* the step that put it there */
	struct view released;	/* what whoever reads it acquires */
};

struct thread {
	struct fiber fiber;
	bool over;
	struct step step;	/* the next */
	struct view now, acquired, released;	/* C11: cur, acq, rel */
	unsigned idle;		/* accesses since its last step that were none */
	unsigned locks;		/* that it holds */
	bool open;		/* a section, whether it is a step or not */
	unsigned commits;	/* its kind */
	bool inside;		/* a section that grace periods wait for */
	bool cuttable, cut;	/* it can be cut; it is */
	int cut_by;		/* the first step that did it */
	int cuts_here[THREADS];	/* of each other thread, the first cut that found it inside; NONE */
	struct grace grace;	/* or the cut that it waits for */
	unsigned reached;	/* by that cut: mask of threads */
	struct view begun;	/* what was before the cuts that have reached it */
	struct view handed;	/* what a cut is handed that reaches it now */
	int handing;		/* the last step whose order with a cut matters */
	int cuts[THREADS];	/* of each other thread, the last cut that reached it */
	uint16_t cut_clock[ACTORS];	/* of all those */
	struct poll polls[POLLS];
	unsigned poll_count;
	struct poll *asked;	/* too early, since its last pause; NULL: none */
	/* What it has read of each location last, since its last pause. */
	struct { struct location *location; uint16_t message; } read[LOCATIONS];
	int16_t read_at[LOCATIONS];	/* where in read[]; NONE */
	unsigned reads;
	struct buffered buffer[BUFFERED];	/* TSO; the oldest first */
	unsigned buffered;
};

struct machine {
	const struct exploration *exploration;
	enum model model;
	unsigned threads, actors;
	unsigned self;			/* who runs; MAIN */
	struct fiber main;
	struct thread thread[THREADS];
	struct location locations[LOCATIONS];
	unsigned location_count;
	struct message messages[MESSAGES];
	unsigned message_count;
	struct view fences;		/* of all seq_cst fences */
	int last_fence;
	struct view begun;		/* what was before every grace period that has begun */
	struct view left[THREADS];	/* of each thread when it last left a section */
	uint16_t begun_clock[ACTORS], entered_clock[ACTORS], left_clock[ACTORS];
	int entered[THREADS], begins[THREADS], leaves[THREADS];	/* the last step of the thread that was one */
	struct { int step; struct location *locations[LOCATIONS]; unsigned count; struct poll *poll; } pauses[PAUSES];
	unsigned pause_count;
	uint16_t clock[ACTORS][ACTORS];	/* of the actor's last step */
	struct done done[NODES];
	int depth;			/* steps made */
	enum wrong wrong;
	char what[512];
	const void *culprit_address;
	bool sharing;			/* something turned out to be shared: begin anew */
	unsigned entering;		/* threads that ever entered a section, in this exploration */
	uint64_t outcome;
	struct run *recording;
};
extern struct machine machine;

/* ---- what a memory model does ------------------------------------------------------------ */

struct model_ops {
	void (*begin)(void);
	/* Can the actor make its step now (a lock is free, a grace period over)? */
	bool (*enabled)(unsigned actor);
	/* In how many ways, leaving out what it sleeps on (steps up to that stamp; NONE: nothing). */
	unsigned (*choices)(unsigned actor, int asleep);
	/* Make it: fills in what was done. */
	void (*make)(unsigned actor, int asleep, unsigned choice, struct done *done);
	/* Must an actor that sleeps wake, now that this was done? */
	bool (*wakes)(unsigned actor, const struct done *done);
	/* The steps whose order with this one must be tried the other way round: calls race() for each. */
	void (*races)(const struct done *done, void (*race)(int earlier, const struct done *done));
};
extern const struct model_ops model_c11, model_flat;
const struct model_ops *model_ops(void);

/* What both models do in the same way: locks, pauses, and of sections what follows below. */
void common_begin(void);
bool common_enabled(unsigned actor);
void common_make(unsigned actor, struct done *done);
bool common_wakes(unsigned actor, const struct done *done);
void common_races(const struct done *done, void (*race)(int, const struct done *));
unsigned pause_choices(const struct thread *thread, int asleep);
void pause_make(unsigned actor, int asleep, unsigned choice, struct done *done);
void race_unless_before(int earlier, const struct done *done, void (*race)(int, const struct done *));

/* Sections, cuts and grace periods: engine_grace.c. */
void sections_begin(void);
bool sections_enabled(unsigned actor);
bool sections_fail(unsigned actor);	/* is it about to try a commit in a section that is cut? */
bool sections_make_alone(unsigned actor, struct done *done);	/* a cut, or such a commit: no model need do anything */
void sections_make(unsigned actor, struct done *done);
bool sections_wakes(unsigned actor, const struct done *done);
void sections_races(const struct done *done, void (*race)(int, const struct done *));
static inline bool actor_is_cut(unsigned actor)
{
	return actor >= CUTS;
}
static inline unsigned cut_target(unsigned actor)
{
	return actor % THREADS;
}
/* Whose buffer, whose cut. */
static inline unsigned actor_thread(unsigned actor)
{
	return actor_is_cut(actor) ? (actor - CUTS) / THREADS : actor % THREADS;
}

/* Pieces of the views that the flat models use too. */
void view_join(struct view *view, const struct view *other);
bool order_acquires(enum order order);
bool order_releases(enum order order);
uint64_t rmw_result(enum rmw rmw, uint64_t old, uint64_t operand);
bool step_is_access(const struct step *step);
void views_begin(void);
void views_acquire(struct thread *thread, const struct view *view);
void views_forget(unsigned index);	/* of a location: all that anybody has seen there */
void views_make(unsigned actor, unsigned position, struct done *done);
void views_write(struct thread *thread, const struct step *step, unsigned position, const struct view *released);

/* ---- order ----------------------------------------------------------------------------------- */

void clock_join(uint16_t *clock, const uint16_t *other);
void clock_begin(unsigned actor, struct done *done);	/* after the actor's own last step */
void clock_after(struct done *done, int step);		/* and after that one; NONE: nothing */
void clock_end(struct done *done);			/* it is the actor's last now */
static inline bool clock_has(const uint16_t *clock, const struct done *done)
{
	return clock[done->actor] >= done->number;
}

/* ---- one execution ------------------------------------------------------------------------------ */

void execution_begin(void);
/* Let the actor make its step, and run its thread up to the next one. */
void execution_step(unsigned actor, int asleep, unsigned choice);
void execution_end(void);	/* all threads have ended: the judge */
unsigned execution_enabled(void);	/* mask of actors */
bool execution_is_over(void);
void execution_stuck(void);	/* nobody can go on, and not all have ended */
void engine_stop(void) __attribute__((noreturn));	/* leave the current thread for good */

/* A step of the current thread: comes back when it was made. */
void engine_step(struct step *step);
void engine_fence_before(const void *site);	/* if one is to be tried there */
enum order engine_order_at(const void *site, enum order order, bool fence);
bool engine_order_is_known(enum order order, const char *what);

/* TSO, before a plain access: what it is about leaves the thread's buffer first. */
void engine_settle(const void *address, size_t bytes, const void *site);

/* A new exploration: nothing is known of who shares what. */
void calls_forget(void);
void sections_forget(void);

/* Wild accesses are caught between these two; the judge, and they are its last. */
void wild_watch(void);
void wild_end(void);
void wild_judge(void (*judge)(void *), void *context);

/* Setup, once; false: something is wrong already. */
bool program_open(void);

void recording_begin(struct run *run);
void record_before(unsigned actor, const struct done *done);
void record_after(unsigned actor, const struct done *done);
void recording_end(void);

#endif

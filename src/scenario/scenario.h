/*
 * scenario.h - a scenario as parsed: a head, names, and steps in order
 *
 * One step is one line of the file and one operation of a judge (or one
 * expectation about what the judge answered).  Names are resolved by the
 * parser: a step carries indices, and scenario->spaces[i] etc. give the names
 * back for messages.  The language itself is described in docs/scenarios.md.
 *
 * An address is always (space, mapping, offset): a mapping's place differs from
 * space to space after a remap, and only the judge knows it.
 */
#ifndef HOLDFAST_SCENARIO_H
#define HOLDFAST_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SCENARIO_PAGE 4096u	/* bytes a page, for every judge but the explorer (explore/plan.c) */
#define SCENARIO_HUGE (512u * SCENARIO_PAGE)	/* ... and a huge page */
#define SCENARIO_NAMES 64	/* most spaces, mappings, objects, pins, values and marks each */
#define SCENARIO_THREADS 4	/* most parts that run at the same time */
#define SCENARIO_LISTENERS 4	/* misuse handlers of a program, from 1 */
#define SCENARIO_VALUE 8u		/* bytes of a load that has a name, if it does not say */
#define SCENARIO_VALUE_MOST 64u	/* ... and the most, as of the bytes of a fact */

enum promise {
	PROMISE_COHERENT, PROMISE_ISOLATED, PROMISE_SYMMETRIC, PROMISE_FAST, PROMISE_BACKED, PROMISE_FRUGAL, PROMISE_SAFE,
	PROMISES
};
extern const char *const promise_names[PROMISES];	/* "coherent", ... in that order */

enum op {
	/* objects */
	OP_OBJECT,		/* object F 2                    make it: pages */
	OP_OBJECT_WRITE,	/* write F+8 "bytes"             not through a mapping */
	OP_OBJECT_RESIZE,	/* resize F 1                    pages */
	/* mappings */
	OP_MAP,			/* map A buf anon private rw 1   see flags below */
	OP_UNMAP,		/* unmap A buf   |   unmap A buf+1p 1 */
	OP_PROTECT,		/* protect A buf r | rw | none | seal */
	OP_REMAP,		/* remap A buf 3   (resize)  |  move A buf  (same size, another place) */
	OP_ADVISE,		/* discard A buf | dontfork | dofork | wipeonfork | keeponfork | huge | nohuge */
	OP_COLLAPSE,		/* collapse A buf  |  collapse A buf+1h 1h */
	/* access through the space */
	OP_STORE,		/* store A buf+8 "bytes" */
	OP_FILL,		/* fill A buf 0x5a 4096 */
	OP_LOAD,		/* load A buf                    touch one byte; load A buf as r: 8, to be asked for */
	OP_ATOMIC,		/* add A buf+8 5                 8 bytes, fetch-and-add; atomic A buf+8 swap 5 bytes 4 as r */
	/* pins */
	OP_PIN,			/* pin A buf write long fast-only as p  |  get A buf as g */
	OP_UNPIN,		/* unpin p  |  unpin p dirty  |  unpin p+1p 1 */
	OP_DEVICE_WRITE,	/* device p+8 "bytes"            through the pin */
	OP_DEVICE_READ,		/* (only by OP_EXPECT_DEVICE) */
	/* spaces */
	OP_SPACE,		/* space A                       with nothing in it; OP_MAP makes its space too */
	OP_FORK,		/* fork A B  |  fork A B refuse | hole  |  fork A B report */
	OP_EXIT,		/* exit A */
	OP_DESTROY,		/* destroy A  |  destroy F       the handle ends */
	/* the program's own */
	OP_LISTEN,		/* listen 2                      misuse is heard by this handler of the program's */
	/* statistics */
	OP_COUNT,		/* count                         statistics start from here */
	/* expectations: carried out by the runner, with the judge's load, device read, object read, stat */
	OP_EXPECT_BYTES,	/* expect A buf+8 "new" */
	OP_EXPECT_DEVICE,	/* expect p "new"                the device reads through its pin */
	OP_EXPECT_OBJECT,	/* expect F+8 "new" */
	OP_EXPECT_PATH,		/* expect p fast | slow          how the pin was taken */
	OP_EXPECT_STAT,		/* expect copies 0               since the start, or the last count */
	OP_EXPECT_HUGE,		/* expect A buf huge | small     does one entry map a huge page there? */
	OP_EXPECT_INVENTORY,	/* expect inventory A  |  expect inventory A 2   lists the scenario's pins, and no others */
	OPS
};

enum { MAP_SHARED_FLAG = 1, MAP_SEALED_FLAG = 2, MAP_HUGE_FLAG = 4 };	/* step.flags of OP_MAP */
enum { PROT_R = 1, PROT_W = 2, PROT_SEAL_FLAG = 4 };		/* step.prot */
enum { PIN_WRITE = 1, PIN_LONG = 2, PIN_FAST = 4, PIN_GET = 8 }; /* step.flags of OP_PIN */
enum { UNPIN_DIRTY = 1 };					/* step.flags of OP_UNPIN */
enum fork_pins { FORK_COPY, FORK_REFUSE, FORK_HOLE };		/* step.flags of OP_FORK */
enum advice { ADVICE_DISCARD, ADVICE_DONTFORK, ADVICE_DOFORK, ADVICE_WIPEONFORK, ADVICE_KEEPONFORK, ADVICE_HUGE,
	      ADVICE_NOHUGE };
enum remap { REMAP_RESIZE, REMAP_MOVE };			/* step.flags of OP_REMAP */
enum { INVENTORY_COUNTED = 1 };				/* step.flags of OP_EXPECT_INVENTORY: value says how many */
enum atomic {							/* step.flags of OP_ATOMIC */
	ATOMIC_ADD, ATOMIC_AND, ATOMIC_OR, ATOMIC_XOR, ATOMIC_SWAP, ATOMIC_CAS, ATOMIC_LOAD, ATOMIC_STORE, ATOMICS
};
extern const char *const atomic_words[ATOMICS];			/* "add", ... in that order */

struct position {
	int line, column;	/* from 1 */
};

/* One step.  Which members count depends on op; the others are 0, indices -1. */
struct step {
	enum op op;
	struct position at;
	int space;		/* who: index into scenario.spaces */
	int child;		/* OP_FORK: index of the new space */
	int mapping;		/* index into scenario.mappings */
	int object;		/* index into scenario.objects; OP_MAP: -1 is anonymous */
	int pin;		/* index into scenario.pins */
	uint64_t offset;	/* bytes into the mapping, the object or the pin */
	uint64_t length;	/* bytes, always: the parser has multiplied pages.  Of `bytes` where there are
				   some; OP_ATOMIC: 4 or 8; OP_OBJECT, OP_OBJECT_RESIZE, OP_MAP: the size; OP_REMAP: the new size,
				   of a move 0.  Of a range or a pin 0: from the place to the end of the mapping
				   (OP_UNPIN: of the pin) */
	uint64_t object_offset;	/* OP_MAP */
	unsigned prot;
	unsigned flags;		/* OP_ADVISE: enum advice; OP_FORK: enum fork_pins; OP_ATOMIC: enum atomic ... */
	int stat;		/* OP_EXPECT_STAT: index into the statistics' names (stat_names) */
	uint64_t value;		/* OP_FILL: the byte; OP_ATOMIC: the operand; OP_EXPECT_STAT, OP_EXPECT_INVENTORY: the
				   count; OP_LISTEN: which; OP_EXPECT_PATH: 1 fast, 0 slow; OP_EXPECT_HUGE: 1 huge, 0 small; OP_FORK: 1 when it is to report its pins */
	uint64_t compare;	/* OP_ATOMIC, ATOMIC_CAS: what must be there */
	unsigned char *bytes;	/* owned by the scenario: to store, or expected */
	int fails;		/* the operation must fail with this errno (positive); 0: it must succeed, or ... */
	unsigned may_fail;	/* ... it may fail too, with these: step_may_fail().  0 where fails is not */
	int result;		/* OP_LOAD or OP_ATOMIC with a name: index into scenario.values; -1: none */
	int mark;		/* index into scenario.marks: reached when the operation has succeeded; -1: none.
				   Not of OP_PIN, OP_LOAD and the like, whose names say that, nor of expectations */
	unsigned promises;	/* broken when this line is: bit set of enum promise; 0: those of the head */
	int thread;		/* from 1: the part, of those that run at the same time; 0: before them, or there are
				   none; STEP_AFTER: when all of them have ended */
};

enum { STEP_AFTER = -1 };

/* Does it ask for huge pages, or about them? */
bool step_is_about_huge(const struct step *);

/* May the operation fail with this errno (positive), as one of those that it names? */
bool step_may_fail(const struct step *, int error);
unsigned may_fail_bit(int error);	/* of step.may_fail; 0: an error that the language has no name for */

/* ---- conditions --------------------------------------------------------- */

/* What a fact is about.  Members that do not count are -1, the offset 0; indices as in struct step. */
enum thing_kind { THING_NONE, THING_PLACE, THING_PIN, THING_OBJECT, THING_SPACE, THING_VALUE, THING_MARK };

struct thing {
	enum thing_kind kind;
	int space, mapping;	/* THING_PLACE; THING_SPACE has the first */
	int object, pin, value, mark;
	uint64_t offset;	/* THING_PLACE, THING_PIN, THING_OBJECT */
};

enum fact_kind {
	FACT_DONE,		/* left:  p  the pin was taken;  r  the load was carried out;  m  the operation with this
				   mark succeeded;  B  the space is here: made, and has not exited */
	FACT_SAME_PAGE,		/* page X = page Y: left and right, each a place or a pin */
	FACT_SAME_BYTES,	/* r = s: left and right, loads of the same length */
	FACT_HUGE,		/* A buf huge: left: a place, where one entry maps a huge page */
	FACT_BYTES,		/* left: a place, a pin, an object or a value; it begins with the bytes */
};

/* A fact about what is not there (never taken, ended, not mapped) is false, and its `not` true. */
struct fact {
	enum fact_kind kind;
	bool negated;		/* not */
	unsigned alternative;	/* from 0: `or` begins the next one, for `and` binds tighter */
	struct thing left, right;
	unsigned char *bytes;	/* FACT_BYTES: owned by the condition */
	uint64_t length;
};

/*
 * What must never be seen, and what must be seen at least once, over all orders
 * of the threads.  Judged at the end of each, behind the steps that come after.
 */
struct condition {
	struct position at;
	bool seen;		/* seen; or else never */
	unsigned promises;	/* broken when what must never be is seen: bit set of enum promise; 0: those of the head */
	struct fact *facts;	/* in order; the condition is true when all those of one alternative are */
	size_t nfacts;
	char *text;		/* the facts as canonical text: without never or seen, without the promises */
};

/* Is it true?  holds() answers for one fact, as it is without its `not`. */
bool condition_is_true(const struct condition *, bool (*holds)(const struct fact *, void *context), void *context);

/* ---- the whole ---------------------------------------------------------- */

struct scenario {
	char *path;		/* as opened, for messages */
	char *name;		/* the path below scenarios/ without its suffix */
	char *title;		/* of the head line */
	char *why;
	unsigned promises;	/* bit set */
	unsigned broken_under;	/* bit set of designs (enum design_id) and BROKEN_UNDER_KERNEL */
	unsigned check_under;	/* bit set of designs: those that the explorer takes if nobody says; 0: holdfast alone */
	uint64_t pool_pages;	/* size of the library judges' pool; if the head says nothing 256, or enough for huge pages */
	bool polled;		/* the explorer: what is freed waits while others go on */

	char *spaces[SCENARIO_NAMES], *mappings[SCENARIO_NAMES], *objects[SCENARIO_NAMES], *pins[SCENARIO_NAMES];
	char *values[SCENARIO_NAMES];	/* load ... as r */
	char *marks[SCENARIO_NAMES];	/* resize ... as m */
	int nspaces, nmappings, nobjects, npins, nvalues, nmarks;

	struct step *steps;
	size_t nsteps, room;

	int nthreads;		/* parts that run at the same time: for the explorer alone.  The steps stand as they do in
				   the file: those before, of thread 1, of thread 2 ..., those after */
	struct condition *conditions;
	size_t nconditions;
};

/* The designs of the laboratory, in the order of history. */
enum design_id {
	DESIGN_LINUX_5_7, DESIGN_LINUX_5_8, DESIGN_LINUX_5_9_RC, DESIGN_LINUX_5_9, DESIGN_LINUX_5_10,
	DESIGN_SYMMETRIC, DESIGN_A_OR_B, DESIGN_LINUX_5_19, DESIGN_LINUX_6_2, DESIGN_HOLDFAST,
	DESIGNS
};
extern const char *const design_names[DESIGNS];	/* "linux-5.7", "linux-5.8", "linux-5.9-rc", ... */
#define BROKEN_UNDER_KERNEL (1u << DESIGNS)	/* `kernel` in a `broken under` line */

/* The statistics a scenario may ask for: names of struct hf_stats members. */
extern const char *const stat_names[];
extern const int stat_count;

/*
 * Parse one file or text.  On bad input prints one message to err,
 * path:line:column: what is wrong, what was expected, the nearest known word,
 * and returns NULL.  Never more than one pass, never an unbounded allocation.
 */
struct scenario *scenario_parse_file(const char *path, FILE *err);
struct scenario *scenario_parse_text(const char *text, size_t length, const char *path, FILE *err);
void scenario_free(struct scenario *);

/* Canonical text: parsing it again gives an equal scenario. */
void scenario_print(const struct scenario *, FILE *);
void step_print(const struct scenario *, const struct step *, FILE *);	/* one line, no newline */

/* Build one by hand (the random run does): names are made up, steps copied (bytes too). */
struct scenario *scenario_new(const char *name);
struct scenario *scenario_like(const struct scenario *);	/* with no steps yet: the same title, pool and names */
int scenario_name(char *names[SCENARIO_NAMES], int *n, const char *name);	/* index, adding it; -1 when full */
void scenario_add(struct scenario *, const struct step *);
void scenario_add_condition(struct scenario *, const struct condition *);	/* facts copied, bytes too; its text is made */

#endif

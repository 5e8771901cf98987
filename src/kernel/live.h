/*
 * live.h - inside of the live kernel's judge
 *
 *	caller                 director                       one per space
 *	+--------------+       +--------------------+         +------------+
 *	| struct judge |<----->| struct live        |<------->| live_space |
 *	| judge.c      | bells | director.c, pins.c |  bells  | space.c    |
 *	+--------------+       +--------------------+         +------------+
 *	        \________________________|__________________________/
 *	                     struct live_mailbox: shared memory
 *
 * A scenario is run by a process of its own, the director.  Every address space
 * of the scenario is a real process, and every one of them is a child of the
 * director, those that another space forked too (CLONE_PARENT): so the director
 * can wait for all of them, and all of them die when the director does.  Words
 * go through shared memory, one side speaking at a time; the sockets carry single
 * bytes ("bells") and tell by their end of file that the other side is gone.
 *
 * Everything that a space may have to inherit (bells, memfds of objects, rings,
 * pipes) is made before the first space starts.
 */
#ifndef HOLDFAST_LIVE_H
#define HOLDFAST_LIVE_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "judge.h"
#include "kernel.h"

#define LIVE_ROOM (1u << 20)	/* bytes that one step can carry: as many as the parser takes */

/* ---- mailbox ------------------------------------------------------------ */

enum live_request { LIVE_STEP, LIVE_CLOSE, LIVE_DESCRIBE };

enum live_command_kind {
	LIVE_SYSCALL,		/* arg[0] to arg[5], number */
	LIVE_LOAD,		/* arg[0] address, arg[1] length; to data */
	LIVE_STORE,		/* ... from data */
	LIVE_FILL,		/* ... arg[2]: the byte */
	LIVE_ATOMIC,		/* arg[0] address, arg[1] bytes, arg[2] operand, arg[3] enum atomic, arg[4] to compare;
				   the old value comes back */
	LIVE_FORK,		/* arg[0]: index of the new space; its pid comes back */
	LIVE_EXIT		/* no result: the process ends */
};

struct live_command {
	enum live_command_kind kind;
	long number;
	unsigned long arg[6];
};

struct live_result {
	int error;		/* positive errno */
	uint64_t value, more;	/* more: of the first result alone, the length of what is at value */
};

struct live_mailbox {
	/* caller and director */
	enum live_request request;
	struct step step;	/* its bytes are in data */
	struct reply reply;	/* its bytes are in data */
	size_t text;		/* LIVE_DESCRIBE: length of the text in data */
	enum kernel_kind kind;	/* for a director without a scenario: try this one ... */
	struct kernel_ability ability; /* ... and this is what came of it */
	bool fresh;
	/* director and spaces */
	struct live_command command;
	struct live_result result;
	_Alignas(SCENARIO_PAGE) unsigned char data[LIVE_ROOM];
};

/* ---- bells.c ------------------------------------------------------------ */

enum live_bell { BELL_RUNG, BELL_TIMEOUT, BELL_GONE };

int64_t live_now_ms(void);
bool live_ring_bell(int fd);
/* Wait for one bell, at most that long; -1: as long as the other side lives. */
enum live_bell live_await_bell(int fd, int ms);

/* ---- plan.c ------------------------------------------------------------- */

/* One device access that the scenario will make through a pin. */
struct planned_access {
	uint64_t offset, length;
	bool write;
};

/* One pin step, and what follows until that name is pinned again. */
struct planned_pin {
	int pin;
	bool begun;
	bool parts;		/* parts of it will be unpinned one by one */
	size_t naccesses, room;
	struct planned_access *accesses;
};

struct live_plan {
	size_t npins;
	struct planned_pin *pins;
};

bool live_plan_make(struct live_plan *, const struct scenario *);
struct planned_pin *live_plan_next(struct live_plan *, int pin);
/* Why this step can't be carried out on this kernel, or NULL. */
const char *live_why_not(const struct kernel_probe *, const struct step *);

/* ---- calls.c: one stopped process_vm_readv or process_vm_writev ---------- */

struct live_call {
	bool running;		/* there is a thread, and it has not been joined */
	bool write;
	pid_t pid;
	int bell;		/* eventfd: rung when the call ends */
	struct iovec local[2], remote;
	int nlocal;
	unsigned char *area;	/* local memory: missing pages, then others */
	size_t missing, size;	/* bytes of area, and how many of them are missing */
	bool guarded;		/* stopped on the byte before the first */
	pthread_t thread;
	ssize_t result;
	int error;
	atomic_int ended;
};

struct live_callers {
	int uffd;		/* -1: none */
	int bell;
};

/* False: why says why. */
bool live_callers_open(struct live_callers *, char *why, size_t why_room);

/*
 * Start a call and wait until the kernel has pinned and stopped.  0; a positive
 * errno: the kernel refused; -1: neither came about in time.
 */
int live_call_hold(const struct live_callers *, struct live_call *, pid_t, bool write, uint64_t at, uint64_t length,
		   int ms);
int live_call_write(const struct live_callers *, struct live_call *, pid_t, uint64_t at, uint64_t length, int ms);
int live_call_read(const struct live_callers *, struct live_call *, pid_t, uint64_t at, uint64_t length, bool guarded,
		   int ms);

/* Let a stopped access go on, with these bytes or for these.  0, or -1: it did not end as it should. */
int live_call_write_now(const struct live_callers *, struct live_call *, const unsigned char *bytes, int ms);
int live_call_read_now(const struct live_callers *, struct live_call *, unsigned char *bytes, int ms);

/* End a stopped call without a byte copied: the pin is gone.  0, or -1: it does not end. */
int live_call_end(const struct live_callers *, struct live_call *, int ms);

/* ---- ring.c ------------------------------------------------------------- */

struct live_ring {
	int fd;			/* -1: none */
	void *map;
	size_t map_size, sqes_size;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	unsigned *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
};

int live_ring_open(struct live_ring *);		/* 0 or a positive errno */
void live_ring_close(struct live_ring *);
/* The device: from the file to the buffer (write) or from the buffer to the file.  0 or a positive errno. */
int live_ring_transfer(struct live_ring *, int file, bool write, unsigned buffer, uint64_t at, uint64_t length,
		       uint64_t file_offset, int ms);
int live_ring_forget(struct live_ring *);			/* all buffers */
int live_ring_forget_one(struct live_ring *, unsigned buffer);

/* ---- the director ------------------------------------------------------- */

/* Where a mapping of the scenario is in one space. */
struct live_place {
	bool known, guarded;	/* guarded: the page before it is ours */
	bool huge;		/* the hint is on, as said last of any part */
	uint64_t address, length, room;
	int object;		/* -1: anonymous */
	uint64_t object_offset;
};

struct live_space {
	enum { SPACE_NONE, SPACE_LIVE, SPACE_GONE } state;
	pid_t pid;
	uint64_t arena_end, next; /* addresses for mappings */
	struct live_place places[SCENARIO_NAMES];
};

struct live_object {
	int fd;			/* memfd */
	bool made;
	uint64_t size;
};

#define LIVE_MOST_UNITS 1024u

struct live_pin {
	const struct live_pin_kind *kind; /* NULL: not held */
	bool write;
	uint64_t address, length;
	size_t units;		/* what is unpinned together: 1, or as many as pages */
	bool given[LIVE_MOST_UNITS]; /* unpinned already */
	struct planned_pin *plan;
	struct live_call *holders; /* pin_calls.c: one a unit */
	struct live_call *accesses; /* pin_calls.c: one for each of the plan's */
	size_t next;		/* pin_calls.c: the first access that was not made yet */
};

struct live {
	struct live_mailbox *box;
	const struct scenario *scenario;
	const struct kernel_probe *probe;
	int caller;		/* bell */
	int bells[SCENARIO_NAMES][2]; /* director's end, space's end */
	struct live_space spaces[SCENARIO_NAMES];
	struct live_object objects[SCENARIO_NAMES];
	struct live_pin pins[SCENARIO_NAMES];
	struct live_ring rings[SCENARIO_NAMES];	/* of the long pin of that name */
	int pipes[SCENARIO_NAMES][2];		/* of the GET of that name */
	struct live_plan plan;
	struct live_callers callers;
	int device;		/* memfd: what a long pin's device sends and receives */
	int look[2];		/* pipe: what a GET's device looks at */
	int64_t deadline;	/* of this step */
	int64_t spent;		/* ms, by all steps so far */
	uint64_t copies;	/* at forks, since the start or the last count: copies.c */
	bool copies_unknown;
	bool trouble;		/* a step was BROKEN: nothing can be believed any more */
};

/* answers */
void live_done(struct reply *);
void live_failed(struct reply *, int error);
__attribute__((format(printf, 2, 3))) void live_cannot(struct reply *, const char *why, ...);
__attribute__((format(printf, 3, 4))) void live_broken(struct live *, struct reply *, const char *why, ...);
int live_time_left(const struct live *);

/* director.c */
_Noreturn void live_direct(struct live_mailbox *, int caller, const struct scenario *, const struct kernel_probe *);
bool live_begin(struct live *, struct reply *);
void live_carry_out(struct live *, const struct step *, struct reply *);
void live_end(struct live *, struct reply *);

/* spaces.c: the director's side of the spaces */
struct live_space *live_space_of(struct live *, const struct step *, struct reply *);	/* NULL: the reply is filled in */
bool live_call_space(struct live *, int space, const struct live_command *, struct live_result *, struct reply *);
bool live_syscall(struct live *, int space, struct live_result *, struct reply *, long number, unsigned long a,
		  unsigned long b, unsigned long c, unsigned long d, unsigned long e, unsigned long f);
void live_fork(struct live *, const struct step *, struct reply *);
void live_exit(struct live *, const struct step *, struct reply *);
void live_kill_spaces(struct live *, struct reply *);

/* places.c: mappings, and bytes through them */
struct live_place *live_place_of(struct live *, const struct step *, struct reply *);	/* NULL: the reply is filled in */
uint64_t live_range_length(const struct live_place *, const struct step *);
void live_map(struct live *, const struct step *, struct reply *);
void live_unmap(struct live *, const struct step *, struct reply *);
void live_protect(struct live *, const struct step *, struct reply *);
void live_remap(struct live *, const struct step *, struct reply *);
void live_advise(struct live *, const struct step *, struct reply *);
void live_touch(struct live *, const struct step *, struct reply *);	/* load, store, fill, add */
/* What is wrong with this range for a pin: EFAULT, EACCES, 0 nothing. */
int live_range_error(struct live *, int space, const struct live_place *, uint64_t at, uint64_t length, bool write);

/* huge.c */
void live_find_huge(struct kernel_probe *);
const char *live_why_not_huge(const struct kernel_probe *, const struct step *);	/* NULL: it can, or need not */
void live_collapse(struct live *, const struct step *, struct reply *);

/* copies.c */
void live_count_copies(struct live *, int child);	/* which has done nothing yet */
void live_count(struct live *, const struct step *, struct reply *);
bool live_counts(const struct step *);			/* the statistic of this expectation */
void live_statistic(struct live *, const struct step *, struct reply *);

/* objects.c */
bool live_objects_open(struct live *);
void live_object(struct live *, const struct step *, struct reply *);

/* pins.c: what all kinds of pin share */
bool live_pins_open(struct live *, struct reply *);
unsigned long long live_memlock_kib(void);
void live_pin(struct live *, const struct step *, struct reply *);
void live_unpin(struct live *, const struct step *, struct reply *);
void live_device(struct live *, const struct step *, struct reply *);
void live_pins_end(struct live *);

/*
 * pin_ring.c, pin_calls.c, pin_pipe.c: one kind each.  The pin has its address,
 * length, units and plan; what begins fills in the reply.  The others return 0, a
 * positive errno, or -1: it did not work, and nothing can be believed any more.
 */
struct live_pin_kind {
	void (*take)(struct live *, const struct step *, struct live_pin *, struct reply *);
	int (*access)(struct live *, int pin, uint64_t offset, uint64_t length, bool write);	/* bytes in data */
	int (*give_unit)(struct live *, int pin, size_t unit);
	int (*give_all)(struct live *, int pin);
};
extern const struct live_pin_kind live_pin_ring, live_pin_calls, live_pin_pipe;

/* describe.c */
size_t live_describe(struct live *, char *text, size_t room);

/* space.c: the process of one space */
_Noreturn void live_space_run(struct live_mailbox *, int (*bells)[2], int self, pid_t director);

/* selfcheck.c: try the kind of pin that the mailbox names, where the answers are known */
void live_selfcheck(struct live *);

#endif

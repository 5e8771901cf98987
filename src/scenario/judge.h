/*
 * judge.h - what runs a scenario
 *
 * A judge is a design on the library, the reference model, or the kernel that
 * runs here.  It carries out operations; the runner (run.h) compares what came
 * back with what the scenario expects, so that no judge ever grades itself.
 */
#ifndef HOLDFAST_JUDGE_H
#define HOLDFAST_JUDGE_H

#include "scenario.h"

enum answer {
	ANSWER_DONE,		/* carried out */
	ANSWER_FAILED,		/* the operation itself failed: error says how; the state is as before */
	ANSWER_CANNOT,		/* this judge can't do it, or can't see it: reason says why */
	ANSWER_BROKEN,		/* the judge itself is in trouble (a helper died, verify found a break): reason */
};

struct reply {
	enum answer answer;
	int error;		/* ANSWER_FAILED: errno, positive */
	char reason[256];	/* ANSWER_CANNOT and ANSWER_BROKEN: one clause, no full stop */
	unsigned char *bytes;	/* OP_LOAD, and expectations of bytes: room for step->length bytes, the caller's */
	uint64_t value;		/* OP_EXPECT_STAT: counted since open or OP_COUNT;
				   OP_EXPECT_PATH: 1 fast, 0 slow;
				   OP_EXPECT_HUGE: 1 huge, 0 small;
				   OP_ATOMIC: the old value;
				   OP_STORE, OP_FILL, OP_PIN, OP_OBJECT_WRITE that failed: the bytes that were done before
				   (of a pin: pinned and unpinned again) */
};

struct judge;

struct judge_ops {
	/*
	 * Start with nothing: no space, no object.  The scenario gives the names and
	 * lets a judge refuse early (ANSWER_CANNOT).  NULL on ANSWER_BROKEN/CANNOT.
	 */
	struct judge *(*open)(const struct judge_ops *, const struct scenario *, struct reply *);

	/*
	 * Carry out one step.  The expectations arrive as what they need to know:
	 *   OP_EXPECT_BYTES   read step->length bytes at the address into reply->bytes
	 *   OP_EXPECT_DEVICE  the device reads through the pin
	 *   OP_EXPECT_OBJECT  read the object, not through a mapping
	 *   OP_EXPECT_PATH, OP_EXPECT_HUGE, OP_EXPECT_STAT   fill in reply->value
	 *   OP_EXPECT_INVENTORY   fill in how many pins the space has; a pin that the
	 *                     scenario did not take is trouble: ANSWER_BROKEN
	 * OP_LOAD reads too (its bytes are not compared).
	 */
	void (*step)(struct judge *, const struct step *, struct reply *);

	/*
	 * End everything, in any state, and look whether all is well (every page
	 * came back, verify is clean): ANSWER_DONE or ANSWER_BROKEN.
	 */
	void (*close)(struct judge *, struct reply *);

	/*
	 * For traces, may be NULL: the entries, pages and pins as lines of text,
	 * one thing a line, in a stable order, so that two of them can be compared.
	 */
	void (*describe)(struct judge *, FILE *);

	const char *name;	/* "holdfast", "linux-5.7", ..., "kernel", "model" */
	int design;		/* enum design_id, or -1 */
};

/* The judges there are. */
const struct judge_ops *judge_of_design(enum design_id);	/* src/judge/library.c */
extern const struct judge_ops judge_model;			/* src/judge/model.c: shares nothing, copies always */
extern const struct judge_ops judge_kernel;			/* src/kernel/: real processes, real system calls */

#endif

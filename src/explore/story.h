/*
 * story.h - a failing execution as a story: data here, text and JSON from it
 *
 *	straighten.c	puts the execution in the order that is easiest to read
 *	story.c		names, values in words, which steps are shown, their numbers
 *	story_labels.c	the steps of the handshake: P1 ... F5
 *	story_why.c	why a stale read was allowed, and what would have ordered it
 *	story_lines.c	what is told of each step
 *	story_layout.c	... as rows that fit
 *	story_print.c	... in columns (explore_print)
 *	story_json.c	... as data (explore_print_json)
 *
 * Who explores calls story_make() while the memory of the failing execution still
 * stands, since only then addresses have names; all that follows needs the story
 * alone.
 *
 * A step is shown when it matters to somebody else: it changes what another thread
 * touches, or sees a change that another thread made.  The others are counted.
 */
#ifndef HOLDFAST_EXPLORE_STORY_H
#define HOLDFAST_EXPLORE_STORY_H

#include "engine.h"
#include "explore.h"
#include "sites.h"

/* What the story can't know of itself.  Texts are copied, and may be NULL but for the first two. */
struct story_words {
	const char *name;		/* of the scenario */
	const char *kind;		/* wrong_names[] */
	const char *design, *model;
	const char *verdict;		/* what does not hold, in a sentence; NULL: run->what */
	const char *replay;		/* the command that runs this execution again */
	const struct scenario *scenario;	/* what was run: its lines before and after the threads are told too */
	struct position at;		/* the line of it that does not hold; line 0: none */

	/* Asked during story_make() alone; each may be NULL. */
	const struct program *program;	/* its name() and value() */
	/* Is this a location that people know (an entry, a page's count), whose changes are told even when no other
	   thread looks at it?  context: the program's. */
	bool (*key)(void *context, const void *address);
	const struct site *(*site)(const void *address);	/* site_of() */
};

/* The story of a run, which is straightened, and from then on the story's.  Free with story_free(). */
struct explore_run *story_make(struct run *run, const struct story_words *words);
void story_free(struct explore_run *story);

/* What repairs it ("seq_cst before page.h:88 in page_raise()"), found later. */
void story_repair(struct explore_run *story, const char *text);

/* explore_print() with all steps, also those that are hidden there. */
void story_print_all(const struct explore_run *story, FILE *out, unsigned width, bool colour);

/* ---- what the parts of the story share ------------------------------------------------ */

/* Of each event of the run. */
struct story_step {
	char *name;			/* of the location or lock; NULL: none */
	char *read, *written, *before, *after;	/* in words; NULL where the event has none */
	const struct site *site;	/* NULL: not known */
	const char *label;		/* of the handshake's step; NULL */
	bool shown;
	unsigned number;		/* as printed, from 1; 0: not shown */
};

struct story_row {
	char *text;			/* a line of the scenario */
	bool marked;			/* it does not hold */
};

struct story_block {
	struct story_row *rows;
	size_t count;
};

struct explore_run {
	struct run *run;
	struct story_step *steps;	/* as many as events */
	char *name, *kind, *design, *model, *verdict, *replay, *repair;
	struct story_block setup, after, never;
	unsigned shown, hidden, switches, stale;
};

enum story_line_kind { LINE_CALL, LINE_RESULT, LINE_STEP, LINE_HIDDEN };

struct story_line {
	enum story_line_kind kind;
	unsigned thread;
	unsigned number;		/* of a step; 0: none */
	const char *label;		/* NULL: none */
	char *text;
	char *where;			/* "pte.h:86 in take_entries"; NULL */
	bool marked;			/* the violation is about it */
	bool stale;
};

/* Why a stale read was allowed. */
struct story_why {
	int write, read;		/* the store that was missed, the read that missed it */
	enum { WHY_UNKNOWN, WHY_CIRCLE, WHY_HANDED } kind;
	/* WHY_CIRCLE: look reads what `other` then changes: the two threads miss each other.
	   WHY_HANDED: `look` (behind write) stored what `other` (in front of read) found. */
	int look, other;
	bool lacks_writer, lacks_reader;	/* a fence (circle), a release and an acquire (handed) */
};

struct story_step *story_step(const struct explore_run *story, int event);
bool event_reads(const struct event *event);
bool event_writes(const struct event *event);
bool event_changes(const struct event *event);
bool event_is_stale(const struct event *event);
bool event_is_culprit(const struct run *run, size_t event);
bool event_same_place(const struct event *a, const struct event *b);	/* they share bytes */

void story_find_labels(struct explore_run *story);
struct story_why story_why(const struct run *run, int read);
/* No earlier read of the thread is told with the same reason. */
bool story_why_is_new(const struct run *run, const struct story_why *why);

/* For people; the caller's to free. */
char *story_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *story_where(const struct site *site);			/* NULL: not known */
char *story_event_text(const struct explore_run *story, size_t event);
char *story_why_text(const struct explore_run *story, const struct story_why *why);
char *story_summary(const struct explore_run *story);
struct story_line *story_lines(const struct explore_run *story, bool all, size_t *count);
void story_lines_free(struct story_line *lines, size_t count);

extern const char *const event_kind_names[EVENT_KINDS];		/* "load", "store", ... */
extern const char *const event_order_names[];			/* "relaxed", ... by enum order */

#endif

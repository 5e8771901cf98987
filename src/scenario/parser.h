/*
 * parser.h - what the parts of the parser share
 *
 *	scan.c       bytes to tokens, a line at a time
 *	parse.c      the file: head, threads, conditions, and which line is what
 *	operation.c  one operation or expectation: its words in their order
 *	tail.c       what may stand behind it: fails, may fail, as, promise
 *	condition.c  never and seen, behind the threads
 *	grammar.c    what lines are made of: names, places, numbers, bytes
 *	check.c      what is wrong although every word is known: a pin that has
 *	             ended, a space that has exited, an offset outside
 *
 * Every function that returns bool returns false after a message was printed;
 * there is only ever one message, and false goes all the way up.
 */
#ifndef HOLDFAST_PARSER_H
#define HOLDFAST_PARSER_H

#include "names.h"
#include "scan.h"

#define MOST_PAGES (UINT64_C(1) << 35)	/* of a size: addresses end at 2^47 */
#define MOST_ABSURD (UINT64_C(1) << 40)	/* pages, for a line that is to fail; bytes fit 64 bits with room to spare */
#define MOST_BYTES (1u << 20)		/* of a string, of zero N, of a load: these take memory */
#define MOST_FILL (64u << 20)		/* of a fill: this takes time */
#define MOST_POOL (1u << 20)		/* pages of a pool: 4 GiB */
#define MOST_FILE (4u << 20)		/* bytes of a file */
#define LONGEST_NAME 63

enum kind { KIND_SPACE, KIND_MAPPING, KIND_OBJECT, KIND_PIN, KIND_VALUE, KIND_MARK, KINDS };

enum life { LIFE_NONE, LIFE_HERE, LIFE_OVER };

/* Where something ended for certain: not by a step that may fail. */
struct ending {
	int line, thread;	/* as in struct step */
};

/* What is known of each name as the steps go by. */
struct known {
	enum life space[SCENARIO_NAMES], pin[SCENARIO_NAMES];
	struct ending exit[SCENARIO_NAMES];
	struct ending unpin[SCENARIO_NAMES];
	struct ending handed[SCENARIO_NAMES];		/* ... by a thread that got it from the one that took it */
	struct ending unmap[SCENARIO_NAMES][SCENARIO_NAMES];
	int pin_thread[SCENARIO_NAMES];			/* who took it */
	bool place[SCENARIO_NAMES][SCENARIO_NAMES];	/* [space][mapping]: was mapped there once */
	bool mapped[SCENARIO_NAMES][SCENARIO_NAMES];	/* ... and not unmapped as a whole */
	struct ending no_space[SCENARIO_NAMES], no_object[SCENARIO_NAMES];	/* destroyed: there is no handle */
	unsigned uses_space[SCENARIO_NAMES], uses_object[SCENARIO_NAMES];	/* which threads name it: a bit each */
	uint64_t mapping_bytes[SCENARIO_NAMES];		/* the most it ever had */
	uint64_t object_bytes[SCENARIO_NAMES];
	uint64_t pin_bytes[SCENARIO_NAMES];		/* 0: not known */
	unsigned pin_flags[SCENARIO_NAMES];
	uint64_t value_bytes[SCENARIO_NAMES];		/* 0: no load has that name yet */
	bool mark[SCENARIO_NAMES];			/* an operation has that name */
};

struct parser {
	struct scanner scan;
	struct scenario *scenario;
	int next;			/* token of the line that is looked at */
	bool head_over;			/* an operation was read */
	bool has_title, has_why, has_promise, has_pool;
	int thread;			/* of the next step, as in struct step */
	bool threads_over;		/* end was read */
	struct position thread_at;
	size_t thread_steps;		/* in the open one */
	struct position at[KINDS], at_child, at_offset, at_length;	/* where the step names them */
	struct known known;
};

/* ---- grammar.c ---------------------------------------------------------- */

const struct token *token(const struct parser *);
struct position here(const struct parser *);		/* of the token */
bool is_here(const struct parser *, const char *word);
bool take(struct parser *, const char *word);		/* if it is here */
bool take_kind(struct parser *, enum token_kind);
bool at_end(const struct parser *);

/* "unknown <what> <token>; expected <expected>; did you mean ...?" of words (may be NULL). */
bool unexpected(struct parser *, const char *what, const char *expected, const char *const *words, int count);

bool parse_number(struct parser *, const char *what, uint64_t most, uint64_t *);
bool number_is_here(const struct parser *);
bool parse_old_name(struct parser *, enum kind, int *index);	/* one that is known */
bool parse_new_name(struct parser *, enum kind, int *index);	/* one that may be new */
bool parse_offset(struct parser *, uint64_t *offset);		/* +1h+1p+8, or nothing */
bool parse_place(struct parser *, struct step *);		/* A buf+8 */
bool parse_size(struct parser *, uint64_t *bytes);		/* 2, 1h, or bytes 100 */
bool parse_pages(struct parser *, const char *what, uint64_t most, uint64_t *pages);	/* 2 or 1h */
bool size_error(struct parser *, struct position at, const char *what);	/* what it may be */
bool size_is_here(const struct parser *);
bool parse_bytes(struct parser *, struct step *);		/* "text", or zero 8 */
bool bytes_are_here(const struct parser *);
bool parse_promises(struct parser *, unsigned *promises);	/* one or more */
const char *kind_noun(enum kind);

/* ---- operation.c -------------------------------------------------------- */

/* The line as one step, with its tail; its bytes are the caller's to free, also on error. */
bool parse_operation(struct parser *, struct step *);

/* ---- tail.c ------------------------------------------------------------- */

bool tail_is_here(const struct parser *);
bool parse_tail(struct parser *, struct step *);

/* ---- condition.c -------------------------------------------------------- */

/* What follows never or seen; the facts are the caller's to free (condition_free), also on error. */
bool parse_condition(struct parser *, struct condition *);

/* ---- check.c ------------------------------------------------------------ */

bool check_step(struct parser *, const struct step *);
bool check_value(struct parser *, int value, struct position at, uint64_t length);	/* it has so many bytes */
void follow_step(struct parser *, const struct step *);	/* what is known after it */

#endif

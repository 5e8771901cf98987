/*
 * code.h - small random programs: made, printed, and made smaller
 *
 * A program is a few rows of operations, one row a thread, on up to three atomic
 * cells and two plain ones.  Locks are always given back and sections left in the
 * row where they were taken, nothing waits inside a section, locks don't nest, and a
 * thread awaits only what a thread before it stores in any case: so no program can
 * get stuck, and whatever does is the engine's doing.  Commits stand in sections of
 * their kind; one that fails changes nothing in what its thread does then.
 */
#ifndef HOLDFAST_TEST_CODE_H
#define HOLDFAST_TEST_CODE_H

#include "engine.h"
#include "outcomes.h"

enum {
	CODE_THREADS = 3,
	CODE_LENGTH = 8,
	CODE_CELLS = 3,
	CODE_PLAINS = 2,
	CODE_LOCKS = 2,
};

enum op_kind { OP_LOAD, OP_STORE, OP_ADD, OP_SWAP, OP_CAS, OP_FENCE, OP_LOCK, OP_UNLOCK, OP_ENTER, OP_LEAVE,
	       OP_GRACE, OP_AWAIT, OP_READ, OP_WRITE,
	       OP_CUT,
	       OP_RAISE, OP_PUT, OP_TRY,	/* commits: an addition, a store, a compare-and-swap with acquire */
	       OP_BEGIN, OP_ASK,		/* a grace period; is it over, the last that the thread began? */
	       OP_KINDS };

/* What a commit in a section that was cut has read; what OP_ASK has. */
enum { READ_CUT = 65535, READ_OVER = 2, READ_NOT_OVER = 1 };

struct op {
	uint8_t kind;
	uint8_t cell;		/* or the lock; of a plain access: the plain cell, or CODE_PLAINS and the atomic one */
	uint8_t order, failure;
	uint16_t value;		/* stored, added; of a section: the kind of its commits, 0: none */
	uint16_t expected;	/* of a CAS */
};

struct code {
	unsigned threads;
	unsigned length[CODE_THREADS];
	struct op op[CODE_THREADS][CODE_LENGTH];
};

/* What one execution came to: what each operation read, and what was there at the end. */
struct outcome {
	uint16_t read[CODE_THREADS][CODE_LENGTH];
	uint16_t end[CODE_CELLS];
	uint16_t end_plain[CODE_PLAINS];
};

/* Which operations a program may have besides those on atomic cells, and fences. */
enum { WITH_LOCKS = 1, WITH_GRACE = 2, WITH_PLAIN = 4, WITH_AWAIT = 8, WITH_MIXED = 16, WITH_CUTS = 32, WITH_POLLS = 64,
       WITH_SECTIONS = WITH_GRACE | WITH_CUTS | WITH_POLLS };

static inline bool op_is_commit(const struct op *op)
{
	return op->kind == OP_RAISE || op->kind == OP_PUT || op->kind == OP_TRY;
}

/* The kind of its section; and the other way. */
static inline unsigned commit_kind(enum op_kind commit)
{
	return 1 + commit - OP_RAISE;
}

static inline enum op_kind kind_commit(unsigned kind)
{
	return OP_RAISE + kind - 1;
}

static inline bool op_is_plain(const struct op *op)
{
	return op->kind == OP_READ || op->kind == OP_WRITE;
}

/* A plain access to an atomic cell. */
static inline bool op_is_mixed(const struct op *op)
{
	return op_is_plain(op) && op->cell >= CODE_PLAINS;
}

static inline bool op_reads(const struct op *op)
{
	return op->kind == OP_LOAD || op->kind == OP_AWAIT || op->kind == OP_ADD || op->kind == OP_SWAP ||
	       op->kind == OP_CAS || op->kind == OP_RAISE || op->kind == OP_TRY;
}

static inline bool op_is_rmw(const struct op *op)
{
	return op->kind == OP_ADD || op->kind == OP_SWAP || op->kind == OP_CAS;
}

static inline uint16_t op_result(const struct op *op, uint16_t found)
{
	return op->kind == OP_ADD || op->kind == OP_RAISE ? (uint16_t)(found + op->value) : op->value;
}

/* How many operations of this kind are there? */
static inline unsigned code_count(const struct code *code, enum op_kind kind)
{
	unsigned count = 0;

	for (unsigned t = 0; t < code->threads; t++)
		for (unsigned i = 0; i < code->length[t]; i++)
			count += code->op[t][i].kind == kind;
	return count;
}

/* Will somebody before this thread store at the cell, whatever happens?  Then it may be awaited: no value is 0. */
static inline bool code_can_await(const struct code *code, unsigned thread, unsigned cell)
{
	for (unsigned t = 0; t < thread; t++)
		for (unsigned i = 0; i < code->length[t]; i++) {
			enum op_kind kind = code->op[t][i].kind;

			if ((kind == OP_STORE || kind == OP_ADD || kind == OP_SWAP) && code->op[t][i].cell == cell)
				return true;
		}
	return false;
}

/* Does it always come to an end? */
static inline bool code_ends(const struct code *code)
{
	for (unsigned t = 0; t < code->threads; t++)
		for (unsigned i = 0; i < code->length[t]; i++)
			if (code->op[t][i].kind == OP_AWAIT && !code_can_await(code, t, code->op[t][i].cell))
				return false;
	return true;
}

/* ---- random numbers ------------------------------------------------------------------------ */

static inline uint64_t random_next(uint64_t *random)
{
	*random ^= *random >> 12;
	*random ^= *random << 25;
	*random ^= *random >> 27;
	return *random * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

static inline unsigned random_below(uint64_t *random, unsigned limit)
{
	return (unsigned)(random_next(random) % limit);
}

/* ---- making one ------------------------------------------------------------------------------ */

struct maker {
	uint64_t *random;
	struct code *code;
	unsigned with, cells, values, thread, most;
};

static inline unsigned maker_room(const struct maker *maker)
{
	return maker->most - maker->code->length[maker->thread];
}

static inline struct op *maker_add(struct maker *maker, enum op_kind kind, unsigned cell)
{
	struct op *op = &maker->code->op[maker->thread][maker->code->length[maker->thread]++];

	*op = (struct op){ .kind = (uint8_t)kind, .cell = (uint8_t)cell, .order = ORDER_RELAXED,
			   .failure = ORDER_RELAXED };
	return op;
}

static inline enum order maker_order(struct maker *maker, enum op_kind kind)
{
	static const enum order orders[][4] = {
		[OP_LOAD] = { ORDER_RELAXED, ORDER_ACQUIRE, ORDER_RELAXED, ORDER_ACQUIRE },
		[OP_STORE] = { ORDER_RELAXED, ORDER_RELEASE, ORDER_RELAXED, ORDER_RELEASE },
		[OP_ADD] = { ORDER_RELAXED, ORDER_ACQUIRE, ORDER_RELEASE, ORDER_ACQ_REL },
		[OP_SWAP] = { ORDER_RELAXED, ORDER_ACQUIRE, ORDER_RELEASE, ORDER_ACQ_REL },
		[OP_CAS] = { ORDER_RELAXED, ORDER_ACQUIRE, ORDER_RELEASE, ORDER_ACQ_REL },
		[OP_FENCE] = { ORDER_SEQ_CST, ORDER_ACQUIRE, ORDER_RELEASE, ORDER_SEQ_CST },
	};

	return orders[kind][random_below(maker->random, 4)];
}

/* An access of an atomic cell, or a fence. */
static inline void maker_step(struct maker *maker)
{
	static const enum op_kind kinds[] = { OP_LOAD, OP_LOAD, OP_LOAD, OP_LOAD, OP_STORE, OP_STORE, OP_STORE,
					      OP_STORE, OP_ADD, OP_SWAP, OP_CAS, OP_CAS, OP_FENCE, OP_FENCE };
	enum op_kind kind = kinds[random_below(maker->random, sizeof(kinds) / sizeof(kinds[0]))];
	struct op *op = maker_add(maker, kind, kind == OP_FENCE ? 0 : random_below(maker->random, maker->cells));

	op->order = (uint8_t)maker_order(maker, kind);
	if (kind == OP_FENCE && op->order == ORDER_RELEASE && random_below(maker->random, 3) == 0)
		op->order = ORDER_ACQ_REL;
	if (kind == OP_CAS)
		op->failure = (uint8_t)(random_below(maker->random, 2) ? ORDER_RELAXED : ORDER_ACQUIRE);
	if (op_is_rmw(op) || kind == OP_STORE)
		op->value = (uint16_t)(kind == OP_ADD ? 16u << (maker->values++ % 8) : ++maker->values);
}

static inline void maker_simple(struct maker *maker)
{
	if (maker->with & WITH_PLAIN && random_below(maker->random, 4) == 0) {
		enum op_kind kind = random_below(maker->random, 2) ? OP_READ : OP_WRITE;
		bool mixed = maker->with & WITH_MIXED && random_below(maker->random, 2);
		struct op *op = maker_add(maker, kind, mixed ? CODE_PLAINS + random_below(maker->random, maker->cells) :
					  random_below(maker->random, CODE_PLAINS));

		op->value = kind == OP_WRITE ? (uint16_t)++maker->values : 0;
	} else {
		maker_step(maker);
	}
}

static inline void maker_commit(struct maker *maker, unsigned kind)
{
	struct op *op = maker_add(maker, kind_commit(kind), random_below(maker->random, maker->cells));

	op->value = (uint16_t)(op->kind == OP_RAISE ? 16u << (maker->values++ % 8) : ++maker->values);
	if (op->kind == OP_TRY)
		op->order = op->failure = ORDER_ACQUIRE;
}

/* Of sections that can be cut, one with no commit is about nothing. */
static inline void maker_section(struct maker *maker)
{
	unsigned kind = maker->with & WITH_CUTS ? random_below(maker->random, 4) : 0;
	unsigned count = 1 + random_below(maker->random, 2 + (kind != 0));

	maker_add(maker, OP_ENTER, 0)->value = (uint16_t)kind;
	while (count-- && maker_room(maker) > 1)
		if (kind && (!count || random_below(maker->random, 2)))
			maker_commit(maker, kind);
		else
			maker_simple(maker);
	maker_add(maker, OP_LEAVE, 0);
}

/* Something that looks at sections. */
static inline void maker_wait(struct maker *maker)
{
	static const enum op_kind kinds[] = { OP_GRACE, OP_CUT, OP_BEGIN, OP_ASK };
	static const unsigned needs[] = { WITH_GRACE, WITH_CUTS, WITH_POLLS, WITH_POLLS };
	unsigned choice = random_below(maker->random, 4);

	while (!(maker->with & needs[choice]))
		choice = (choice + 1) % 4;
	maker_add(maker, kinds[choice], 0);
}

static inline void maker_between(struct maker *maker, enum op_kind open, enum op_kind close, unsigned cell)
{
	unsigned count = 1 + random_below(maker->random, 2);

	maker_add(maker, open, cell);
	while (count-- && maker_room(maker) > 1)
		maker_simple(maker);
	maker_add(maker, close, cell);
}

/* A loop that pauses until the cell is not 0. */
static inline void maker_await(struct maker *maker)
{
	unsigned cell = random_below(maker->random, maker->cells);

	if (code_can_await(maker->code, maker->thread, cell))
		maker_add(maker, OP_AWAIT, cell)->order = (uint8_t)maker_order(maker, OP_LOAD);
}

static inline void maker_one(struct maker *maker)
{
	unsigned choice = random_below(maker->random, 6);

	if (choice == 0 && maker->with & WITH_LOCKS && maker_room(maker) >= 3)
		maker_between(maker, OP_LOCK, OP_UNLOCK, random_below(maker->random, CODE_LOCKS));
	else if (choice <= 1 && maker->with & WITH_SECTIONS && maker_room(maker) >= 3)
		maker_section(maker);
	else if (choice == 2 && maker->with & WITH_SECTIONS)
		maker_wait(maker);
	else if (choice == 3 && maker->with & WITH_AWAIT)
		maker_await(maker);
	else
		maker_simple(maker);
}

/* A CAS expects what somebody stores at its cell, or what was there at first. */
static inline void maker_expect(struct maker *maker)
{
	for (unsigned t = 0; t < maker->code->threads; t++)
		for (unsigned i = 0; i < maker->code->length[t]; i++) {
			struct op *op = &maker->code->op[t][i];
			unsigned thread = random_below(maker->random, maker->code->threads);
			unsigned at = random_below(maker->random, CODE_LENGTH);
			const struct op *other = &maker->code->op[thread][at];

			if ((op->kind == OP_CAS || op->kind == OP_TRY) && at < maker->code->length[thread] &&
			    other->cell == op->cell && (other->kind <= OP_CAS || op_is_commit(other)))
				op->expected = other->value;
		}
}

static inline struct code code_make(uint64_t *random, unsigned with)
{
	struct code code = { .threads = 2 + random_below(random, 2) };
	struct maker maker = { .random = random, .code = &code, .with = with,
			       .cells = 2 + (random_below(random, 3) == 0) };

	for (maker.thread = 0; maker.thread < code.threads; maker.thread++) {
		maker.most = 2 + random_below(random, code.threads == 2 ? 4 : 3);
		if (with & (WITH_LOCKS | WITH_SECTIONS))
			maker.most += 2;
		while (maker_room(&maker))
			maker_one(&maker);
	}
	maker_expect(&maker);
	return code;
}

/* ---- printing one ------------------------------------------------------------------------------ */

static inline void op_text(const struct op *op, char *text, size_t room)
{
	static const char *const orders[] = { "relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst" };
	char cell = "xyz"[op->cell % 3];

	switch ((enum op_kind)op->kind) {
	case OP_LOAD: snprintf(text, room, "load %c %s", cell, orders[op->order]); break;
	case OP_STORE: snprintf(text, room, "%c = %u %s", cell, op->value, orders[op->order]); break;
	case OP_ADD: snprintf(text, room, "%c += %u %s", cell, op->value, orders[op->order]); break;
	case OP_SWAP: snprintf(text, room, "swap %c %u %s", cell, op->value, orders[op->order]); break;
	case OP_CAS:
		snprintf(text, room, "cas %c %u>%u %s/%s", cell, op->expected, op->value, orders[op->order],
			 orders[op->failure]);
		break;
	case OP_FENCE: snprintf(text, room, "fence %s", orders[op->order]); break;
	case OP_LOCK: snprintf(text, room, "lock %u", op->cell); break;
	case OP_UNLOCK: snprintf(text, room, "unlock %u", op->cell); break;
	case OP_ENTER: snprintf(text, room, "enter %u", op->value); break;
	case OP_LEAVE: snprintf(text, room, "leave"); break;
	case OP_GRACE: snprintf(text, room, "grace"); break;
	case OP_AWAIT: snprintf(text, room, "await %c %s", cell, orders[op->order]); break;
	case OP_READ: snprintf(text, room, "read %c", "pqxyz"[op->cell]); break;
	case OP_WRITE: snprintf(text, room, "%c := %u", "pqxyz"[op->cell], op->value); break;
	case OP_CUT: snprintf(text, room, "cut"); break;
	case OP_RAISE: snprintf(text, room, "commit %c += %u", cell, op->value); break;
	case OP_PUT: snprintf(text, room, "commit %c = %u", cell, op->value); break;
	case OP_TRY: snprintf(text, room, "commit cas %c %u>%u", cell, op->expected, op->value); break;
	case OP_BEGIN: snprintf(text, room, "begin a grace"); break;
	case OP_ASK: snprintf(text, room, "is it over?"); break;
	case OP_KINDS: break;
	}
}

/* One column a thread; with an outcome, what each operation read. */
static inline void code_print(const struct code *code, const struct outcome *outcome)
{
	for (unsigned i = 0; i < CODE_LENGTH; i++) {
		bool any = false;

		for (unsigned t = 0; t < code->threads; t++)
			any |= i < code->length[t];
		if (!any)
			break;
		printf("     ");
		for (unsigned t = 0; t < code->threads; t++) {
			const struct op *op = &code->op[t][i];
			char text[64] = "";
			size_t used;

			if (i < code->length[t])
				op_text(op, text, sizeof(text));
			used = strlen(text);
			if (outcome && i < code->length[t] &&
			    (op_reads(op) || op->kind == OP_READ || op->kind == OP_PUT || op->kind == OP_ASK))
				snprintf(text + used, sizeof(text) - used, " -> %u", outcome->read[t][i]);
			printf("| %-36s", text);
		}
		putchar('\n');
	}
	if (outcome)
		printf("     at the end x %u, y %u, z %u, p %u, q %u\n", outcome->end[0], outcome->end[1],
		       outcome->end[2], outcome->end_plain[0], outcome->end_plain[1]);
}

/* ---- making one smaller ------------------------------------------------------------------------- */

static inline void code_cut(struct code *code, unsigned thread, unsigned at)
{
	code->length[thread]--;
	memmove(&code->op[thread][at], &code->op[thread][at + 1],
		(code->length[thread] - at) * sizeof(code->op[thread][0]));
}

/* Without one operation, and without what gives back what it took; false: it is one that gives back. */
static inline bool code_drop(struct code *code, unsigned thread, unsigned at)
{
	enum op_kind kind = code->op[thread][at].kind;

	if (kind == OP_UNLOCK || kind == OP_LEAVE)
		return false;
	if (kind == OP_LOCK || kind == OP_ENTER) {
		unsigned close = at;

		while (code->op[thread][close].kind != (kind == OP_LOCK ? OP_UNLOCK : OP_LEAVE))
			if (op_is_commit(&code->op[thread][++close]))
				code_cut(code, thread, close--);
		code_cut(code, thread, close);
	}
	code_cut(code, thread, at);
	return true;
}

/* The smallest that still is so: nothing more can be left out of it. */
static inline struct code code_shrink(struct code code, bool (*still)(const struct code *, void *), void *context)
{
	bool shrunk = true;

	while (shrunk) {
		shrunk = false;
		for (unsigned t = 0; t < code.threads; t++)
			for (unsigned i = 0; i < code.length[t];) {
				struct code smaller = code;

				if (code_drop(&smaller, t, i) && code_ends(&smaller) && still(&smaller, context)) {
					code = smaller;
					shrunk = true;
				} else {
					i++;
				}
			}
	}
	return code;
}

#endif

/*
 * oracle_steps.h - SC and TSO once more, as plainly as can be
 *
 * Every state that a program can get into is visited once: where each thread is,
 * memory, what was read so far, and under TSO what is in the store buffers.  No
 * reduction, nothing shared with the engine: what it says of a program, the engine
 * must say too.
 *
 * TSO as x86 has it: a store waits in a buffer, first in, first out; a load sees its
 * own thread's newest waiting store; a read-modify-write, also a compare-and-swap
 * that fails, and a seq_cst fence wait until the buffer is empty.  Weaker fences and
 * orders are nothing.  What locks, sections, cuts and grace periods do to a store buffer
 * is our own choice, and the engine's: all but asking, and entering a section that can't
 * be cut, wait until it is empty, and a cut waits for the buffer of whoever it finds in a section that it cuts.
 * Where nobody waits for anybody's sections, they are nothing.
 */
#ifndef HOLDFAST_TEST_ORACLE_STEPS_H
#define HOLDFAST_TEST_ORACLE_STEPS_H

#include "code.h"

struct waiting {
	uint16_t cell, value;
};

/* Compared byte by byte: no padding. */
struct steps_state {
	struct outcome outcome;		/* what was read; the cells now */
	uint16_t at[CODE_THREADS];	/* the next operation of each */
	uint16_t begun[CODE_THREADS];	/* in a grace period, or in a cut */
	uint16_t waits_for[CODE_THREADS];	/* mask of threads in sections */
	uint16_t asks_for[CODE_THREADS];	/* the same, of the last grace period that was begun */
	uint16_t reached[CODE_THREADS];		/* mask of threads, by the cut */
	uint16_t inside[CODE_THREADS];
	uint16_t kind[CODE_THREADS], cut[CODE_THREADS];	/* of the section */
	uint16_t holder[CODE_LOCKS];	/* thread, plus one */
	uint16_t waiting_count[CODE_THREADS];
	struct waiting waiting[CODE_THREADS][CODE_LENGTH];
};
_Static_assert(sizeof(struct steps_state) % 2 == 0 && sizeof(struct waiting) == 4, "no padding");

struct steps {
	const struct code *code;
	bool buffers;			/* TSO */
	bool sections, cuts;		/* somebody waits for another's; cuts another's */
	size_t states_most;
	struct rows seen;
	struct rows *outcomes;
};

static inline bool steps_buffered(const struct steps_state *state, unsigned thread)
{
	return state->waiting_count[thread] != 0;
}

static inline uint16_t steps_value(const struct steps_state *state, unsigned thread, unsigned cell)
{
	for (unsigned i = state->waiting_count[thread]; i--;)
		if (state->waiting[thread][i].cell == cell)
			return state->waiting[thread][i].value;
	return state->outcome.end[cell];
}

/* The oldest store leaves the buffer. */
static inline void steps_drain(struct steps_state *state, unsigned thread)
{
	struct waiting *waiting = state->waiting[thread];
	unsigned count = --state->waiting_count[thread];

	state->outcome.end[waiting[0].cell] = waiting[0].value;
	memmove(&waiting[0], &waiting[1], count * sizeof(*waiting));
	waiting[count] = (struct waiting){ 0 };
}

static inline void steps_store(const struct steps *steps, struct steps_state *state, unsigned thread, const struct op *op)
{
	if (steps->buffers)
		state->waiting[thread][state->waiting_count[thread]++] = (struct waiting){ op->cell, op->value };
	else
		state->outcome.end[op->cell] = op->value;
}

static inline void steps_rmw(struct steps_state *state, const struct op *op, uint16_t found)
{
	if ((op->kind != OP_CAS && op->kind != OP_TRY) || found == op->expected)
		state->outcome.end[op->cell] = op_result(op, found);
}

/* Of races nothing is known here: where there are none, a plain access is like any other. */
static inline uint16_t steps_plain(const struct steps *steps, struct steps_state *state, unsigned thread,
				   const struct op *op)
{
	struct op access = *op;

	if (op_is_mixed(op)) {
		access.cell = (uint8_t)(op->cell - CODE_PLAINS);
		if (op->kind == OP_READ)
			return steps_value(state, thread, access.cell);
		steps_store(steps, state, thread, &access);
		return 0;
	}
	if (op->kind == OP_READ)
		return state->outcome.end_plain[op->cell];
	state->outcome.end_plain[op->cell] = op->value;
	return 0;
}

/* A grace period begins, then ends: two steps of one operation. */
static inline bool steps_grace(const struct steps *steps, struct steps_state *state, unsigned thread)
{
	if (state->begun[thread]) {
		state->begun[thread] = 0;
		return !state->waits_for[thread];
	}
	state->begun[thread] = 1;
	for (unsigned t = 0; t < steps->code->threads; t++)
		state->waits_for[thread] |= (uint16_t)(state->inside[t] << t);
	state->at[thread]--;
	return true;
}

/* A cut begins; ends when it has reached all others. */
static inline bool steps_cut(const struct steps *steps, struct steps_state *state, unsigned thread)
{
	unsigned others = ((1u << steps->code->threads) - 1) & ~(1u << thread);

	if (!steps->cuts)
		return true;
	if (state->begun[thread]) {
		bool over = state->reached[thread] == others;

		state->begun[thread] = state->reached[thread] = 0;
		return over;
	}
	state->begun[thread] = 1;
	state->at[thread]--;
	return true;
}

/* The cut by a thread reaches another; false: it is in none, or can't now. */
static inline bool steps_reach(const struct steps *steps, struct steps_state *state, unsigned by, unsigned thread)
{
	if (by == thread || state->at[by] == steps->code->length[by] ||
	    steps->code->op[by][state->at[by]].kind != OP_CUT || !state->begun[by] || state->reached[by] & 1u << thread)
		return false;
	if (state->inside[thread] && state->kind[thread]) {
		if (steps_buffered(state, thread))
			return false;
		state->cut[thread] = 1;
	}
	state->reached[by] |= (uint16_t)(1u << thread);
	return true;
}

static inline bool steps_commit(const struct steps *steps, struct steps_state *state, unsigned thread,
				const struct op *op, uint16_t *read)
{
	if (state->cut[thread]) {
		*read = READ_CUT;
		return true;
	}
	if (op->kind == OP_PUT) {
		steps_store(steps, state, thread, op);
		return true;
	}
	*read = state->outcome.end[op->cell];
	steps_rmw(state, op, *read);
	return !steps_buffered(state, thread);
}

static inline void steps_enter(struct steps_state *state, unsigned thread, const struct op *op)
{
	state->inside[thread] = 1;
	state->kind[thread] = op->value;
}

static inline void steps_leave(const struct steps *steps, struct steps_state *state, unsigned thread)
{
	state->inside[thread] = state->kind[thread] = state->cut[thread] = 0;
	for (unsigned t = 0; t < steps->code->threads; t++) {
		state->waits_for[t] &= (uint16_t)~(1u << thread);
		state->asks_for[t] &= (uint16_t)~(1u << thread);
	}
}

static inline void steps_begin(const struct steps *steps, struct steps_state *state, unsigned thread)
{
	state->asks_for[thread] = 0;
	for (unsigned t = 0; t < steps->code->threads; t++)
		state->asks_for[thread] |= (uint16_t)(state->inside[t] << t);
}

/* What is about sections; false: it can't be done now. */
static inline bool steps_section(const struct steps *steps, struct steps_state *state, unsigned thread,
				 const struct op *op, uint16_t *read)
{
	bool waits = steps->sections && steps_buffered(state, thread);

	switch ((enum op_kind)op->kind) {
	case OP_ENTER:
		steps_enter(state, thread, op);
		return !waits || !op->value;
	case OP_LEAVE:
		steps_leave(steps, state, thread);
		return !waits;
	case OP_GRACE:
		return !waits && steps_grace(steps, state, thread);
	case OP_CUT:
		return !(waits && steps->cuts) && steps_cut(steps, state, thread);
	case OP_BEGIN:
		steps_begin(steps, state, thread);
		return !waits;
	case OP_ASK:
		*read = state->asks_for[thread] ? READ_NOT_OVER : READ_OVER;
		return true;
	default:
		return steps_commit(steps, state, thread, op, read);
	}
}

/* One operation of a thread; false: it can't be done now. */
static inline bool steps_make(const struct steps *steps, struct steps_state *state, unsigned thread)
{
	unsigned i = state->at[thread]++;
	const struct op *op = &steps->code->op[thread][i];
	uint16_t *read = &state->outcome.read[thread][i];

	switch ((enum op_kind)op->kind) {
	case OP_LOAD:
		*read = steps_value(state, thread, op->cell);
		return true;
	case OP_AWAIT:
		*read = steps_value(state, thread, op->cell);
		return *read != 0;
	case OP_STORE:
		steps_store(steps, state, thread, op);
		return true;
	case OP_ADD:
	case OP_SWAP:
	case OP_CAS:
		*read = state->outcome.end[op->cell];
		steps_rmw(state, op, *read);
		return !steps_buffered(state, thread);
	case OP_FENCE:
		return op->order != ORDER_SEQ_CST || !steps_buffered(state, thread);
	case OP_LOCK:
		if (state->holder[op->cell] || steps_buffered(state, thread))
			return false;
		state->holder[op->cell] = (uint16_t)(thread + 1);
		return true;
	case OP_UNLOCK:
		state->holder[op->cell] = 0;
		return !steps_buffered(state, thread);
	case OP_READ:
	case OP_WRITE:
		*read = steps_plain(steps, state, thread, op);
		return true;
	default:
		return steps_section(steps, state, thread, op, read);
	}
}

static inline void steps_visit(struct steps *steps, const struct steps_state *state)
{
	bool over = true;

	if (steps->seen.count > steps->states_most || !rows_add(&steps->seen, state))
		return;
	for (unsigned t = 0; t < steps->code->threads; t++) {
		struct steps_state next = *state;

		if (steps_buffered(state, t)) {
			over = false;
			steps_drain(&next, t);
			steps_visit(steps, &next);
			next = *state;
		}
		if (state->at[t] < steps->code->length[t]) {
			over = false;
			if (steps_make(steps, &next, t))
				steps_visit(steps, &next);
		}
		for (unsigned by = 0; by < steps->code->threads; by++) {
			next = *state;
			if (steps_reach(steps, &next, by, t))
				steps_visit(steps, &next);
		}
	}
	if (over)
		rows_add(steps->outcomes, &state->outcome);
}

/* Does one thread do this, or that, and another enter sections? */
static inline bool code_has_between(const struct code *code, enum op_kind this, enum op_kind that, enum op_kind or)
{
	unsigned enter = 0, wait = 0;

	for (unsigned t = 0; t < code->threads; t++)
		for (unsigned i = 0; i < code->length[t]; i++) {
			enum op_kind kind = code->op[t][i].kind;

			enter |= kind == OP_ENTER ? 1u << t : 0;
			wait |= kind == this || kind == that || kind == or ? 1u << t : 0;
		}
	return enter && wait && ((enter | wait) & ((enter | wait) - 1));
}

/* All outcomes; false: too many states. */
static inline bool steps_outcomes(const struct code *code, bool buffers, struct rows *outcomes)
{
	struct steps steps = { .code = code, .buffers = buffers, .states_most = 400000,
			       .sections = code_has_between(code, OP_GRACE, OP_CUT, OP_BEGIN),
			       .cuts = code_has_between(code, OP_CUT, OP_CUT, OP_CUT),
			       .seen = { .bytes = sizeof(struct steps_state) }, .outcomes = outcomes };
	struct steps_state begin;
	bool all;

	memset(&begin, 0, sizeof(begin));
	steps_visit(&steps, &begin);
	all = steps.seen.count <= steps.states_most;
	rows_free(&steps.seen);
	return all;
}

#endif

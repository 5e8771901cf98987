/*
 * oracle_axioms.h - C11 once more, by its axioms
 *
 * Nothing here runs.  A program is a set of events; an execution is a guess: which
 * store each load reads, which compare-and-swaps win, in which order each lock's
 * sections come, whether each read section is before or after each grace period,
 * and in which order the stores to each cell come.  All guesses are made, and those
 * kept that the axioms of RC11 (Lahav and others, 2017) allow:
 *
 *	no thin air	program order, reads-from, locks and graces have no cycle
 *	coherence	happens-before then extended coherence never leads back
 *	atomicity	nothing between a read-modify-write and what it read
 *	SC		seq_cst fences: no cycle of hb, and of hb; eco; hb, between them
 *
 * Release sequences as in C++20: the store and the read-modify-writes that follow.
 * A grace period waits, or comes before: in both cases a bare hand-over.  What is
 * guessed of cuts, and of grace periods that are asked for, is in oracle_sections.h.
 */
#ifndef HOLDFAST_TEST_ORACLE_AXIOMS_H
#define HOLDFAST_TEST_ORACLE_AXIOMS_H

#include "code.h"

enum {
	EVENTS = CODE_CELLS + CODE_THREADS * CODE_LENGTH + 4,
	PAIRS = 24,
	OP_GRACE_END = OP_KINDS, OP_CUT_END,
};
_Static_assert(EVENTS <= 32, "a set of events is a word");

/* relation[a] has b: a is before b. */
typedef uint32_t relation[EVENTS];

#define BIT(event) (UINT32_C(1) << (event))

struct atom {
	const struct op *op;		/* NULL: the first value of a cell */
	uint8_t kind, thread, at;
	uint8_t cell;			/* a plain one: CODE_CELLS and its number */
	bool plain;			/* the access, perhaps to an atomic cell */
	bool reads, writes;		/* an atomic cell */
	bool failed;			/* a commit, by what is guessed now: then it does neither */
	bool over;			/* a grace period that is asked for, the same */
};

/* Two things of which one comes first: a read section and a grace period. */
struct pair {
	uint8_t enter, leave, begin, end;
};

struct guess {
	relation before;	/* po, rf, locks, graces; closed */
	relation sync;		/* locks and graces alone */
	int8_t from[EVENTS];
	bool writes[EVENTS];
	uint32_t taken;		/* stores that a read-modify-write has read */
};

struct axioms {
	const struct code *code;
	struct atom atom[EVENTS];
	unsigned count;
	relation po;
	struct pair pair[PAIRS];
	unsigned pairs;
	uint64_t guesses, guesses_most;
	uint64_t places, places_most;	/* the same, of stores one behind the other */
	struct rows *outcomes;
	bool racy;
};

/* What follows from one guess. */
struct graph {
	const struct guess *guess;
	relation hb;
	uint16_t read[EVENTS], written[EVENTS];
	uint8_t place[EVENTS];	/* of a store, in its cell's order */
	uint32_t placed;
	int8_t last[CODE_CELLS];
	bool racy;
};

/* ---- relations -------------------------------------------------------------------------- */

/* Add a pair to a closed relation; false: it would be a cycle. */
static inline bool relate(relation to, unsigned count, unsigned a, unsigned b)
{
	if (a == b || to[b] & BIT(a))
		return false;
	for (unsigned i = 0; i < count; i++)
		if (i == a || to[i] & BIT(a))
			to[i] |= to[b] | BIT(b);
	return true;
}

static inline void close_relation(relation to, unsigned count)
{
	for (unsigned k = 0; k < count; k++)
		for (unsigned i = 0; i < count; i++)
			if (to[i] & BIT(k))
				to[i] |= to[k];
}

static inline bool acquires(enum order order)
{
	return order == ORDER_ACQUIRE || order == ORDER_ACQ_REL || order == ORDER_SEQ_CST;
}

static inline bool releases(enum order order)
{
	return order == ORDER_RELEASE || order == ORDER_ACQ_REL || order == ORDER_SEQ_CST;
}

/* ---- events -------------------------------------------------------------------------------- */

static inline void axioms_event(struct axioms *axioms, const struct op *op, unsigned kind, unsigned thread, unsigned at)
{
	struct atom *atom = &axioms->atom[axioms->count++];

	*atom = (struct atom){ .op = op, .kind = (uint8_t)kind, .thread = (uint8_t)thread, .at = (uint8_t)at,
			       .cell = op ? op->cell : (uint8_t)at };
	atom->reads = op && op_reads(op);
	atom->writes = kind == OP_STORE || kind == OP_ADD || kind == OP_SWAP || kind == OP_RAISE || kind == OP_PUT;
	atom->plain = op && op_is_plain(op);
	if (!atom->plain)
		return;
	atom->cell = (uint8_t)(op_is_mixed(op) ? op->cell - CODE_PLAINS : CODE_CELLS + op->cell);
	atom->reads = kind == OP_READ && op_is_mixed(op);
	atom->writes = kind == OP_WRITE && op_is_mixed(op);
}

static inline void axioms_events(struct axioms *axioms)
{
	for (unsigned cell = 0; cell < CODE_CELLS; cell++)
		axioms_event(axioms, NULL, OP_STORE, CODE_THREADS, cell);
	for (unsigned t = 0; t < axioms->code->threads; t++)
		for (unsigned i = 0; i < axioms->code->length[t]; i++) {
			const struct op *op = &axioms->code->op[t][i];

			axioms_event(axioms, op, op->kind, t, i);
			if (op->kind == OP_GRACE)
				axioms_event(axioms, op, OP_GRACE_END, t, i);
			if (op->kind == OP_CUT)
				axioms_event(axioms, op, OP_CUT_END, t, i);
		}
	for (unsigned a = 0; a < axioms->count; a++)
		for (unsigned b = CODE_CELLS; b < axioms->count; b++)
			if (a < CODE_CELLS || (a < b && axioms->atom[a].thread == axioms->atom[b].thread))
				axioms->po[a] |= BIT(b);
}

/* The next event of the same thread, of that kind: where a section or lock ends. */
static inline unsigned axioms_closing(const struct axioms *axioms, unsigned event, unsigned kind)
{
	while (axioms->atom[event].kind != kind)
		event++;
	return event;
}

static inline bool axioms_pairs(struct axioms *axioms)
{
	for (unsigned a = 0; a < axioms->count; a++)
		for (unsigned b = 0; b < axioms->count; b++) {
			if (axioms->atom[a].kind != OP_ENTER || axioms->atom[b].kind != OP_GRACE ||
			    axioms->atom[a].thread == axioms->atom[b].thread)
				continue;
			if (axioms->pairs == PAIRS)
				return false;
			axioms->pair[axioms->pairs++] = (struct pair){
				(uint8_t)a, (uint8_t)axioms_closing(axioms, a, OP_LEAVE), (uint8_t)b, (uint8_t)(b + 1) };
		}
	return true;
}

/* ---- an execution, when all is guessed but the order of stores ------------------------------- */

/* A compare-and-swap: it may write. */
static inline bool swaps(const struct atom *atom)
{
	return atom->kind == OP_CAS || (atom->kind == OP_TRY && !atom->failed);
}

/* The values, in an order in which each comes after what it is made of; false: a wrong guess of a CAS. */
static inline bool graph_values(const struct axioms *axioms, struct graph *graph)
{
	unsigned behind[EVENTS] = { 0 };	/* how many events are before it: that orders them */

	for (unsigned a = 0; a < axioms->count; a++)
		for (unsigned b = 0; b < axioms->count; b++)
			behind[b] += (graph->guess->before[a] >> b) & 1;
	for (unsigned level = 0; level < axioms->count; level++)
		for (unsigned e = CODE_CELLS; e < axioms->count; e++) {
			const struct atom *atom = &axioms->atom[e];

			if (behind[e] != level)
				continue;
			if (atom->reads)
				graph->read[e] = graph->written[graph->guess->from[e]];
			if (swaps(atom) && graph->guess->writes[e] != (graph->read[e] == atom->op->expected))
				return false;
			if (graph->guess->writes[e])
				graph->written[e] = op_result(atom->op, graph->read[e]);
		}
	return true;
}

/* Whoever reads `head`, or what goes on with it: `reader` synchronises with it, by itself or by fences. */
static inline void graph_synchronise(const struct axioms *axioms, struct graph *graph, unsigned head, unsigned reader)
{
	const struct atom *to = &axioms->atom[reader], *of = &axioms->atom[head];
	enum order order = swaps(to) && !graph->guess->writes[reader] ? to->op->failure : to->op->order;
	uint32_t from = 0, into = 0;

	if (to->plain || of->plain)
		return;
	if (of->op && releases(of->op->order))
		from |= BIT(head);
	if (acquires(order))
		into |= BIT(reader);
	for (unsigned f = CODE_CELLS; f < axioms->count; f++) {
		const struct atom *fence = &axioms->atom[f];

		if (fence->kind == OP_FENCE && of->op && axioms->po[f] & BIT(head) && releases(fence->op->order))
			from |= BIT(f);
		if (fence->kind == OP_FENCE && axioms->po[reader] & BIT(f) && acquires(fence->op->order))
			into |= BIT(f);
	}
	for (unsigned f = 0; f < axioms->count; f++)
		if (from & BIT(f))
			graph->hb[f] |= into & ~BIT(f);
}

static inline void graph_happens_before(const struct axioms *axioms, struct graph *graph)
{
	for (unsigned e = 0; e < axioms->count; e++)
		graph->hb[e] = axioms->po[e] | graph->guess->sync[e];
	for (unsigned reader = 0; reader < axioms->count; reader++) {
		int head = axioms->atom[reader].reads ? graph->guess->from[reader] : -1;

		while (head >= 0) {
			graph_synchronise(axioms, graph, (unsigned)head, reader);
			head = axioms->atom[head].reads ? graph->guess->from[head] : -1;
		}
	}
	close_relation(graph->hb, axioms->count);
}

static inline bool unordered(const struct graph *graph, unsigned a, unsigned b)
{
	return !(graph->hb[a] & BIT(b)) && !(graph->hb[b] & BIT(a));
}

static inline bool stores(const struct graph *graph, const struct atom *atom, unsigned event)
{
	return atom->kind == OP_WRITE || graph->guess->writes[event];
}

static inline bool accesses(const struct atom *atom)
{
	return atom->op && (atom->plain || atom->reads || atom->writes);
}

static inline bool graph_races(const struct axioms *axioms, const struct graph *graph)
{
	for (unsigned a = 0; a < axioms->count; a++)
		for (unsigned b = 0; b < a; b++) {
			const struct atom *one = &axioms->atom[a], *other = &axioms->atom[b];

			if (accesses(one) && accesses(other) && one->cell == other->cell && (one->plain || other->plain) &&
			    (stores(graph, one, a) || stores(graph, other, b)) && unordered(graph, a, b))
				return true;
		}
	return false;
}

/* The last plain store before that event (of all, at the end): without races there is one. */
static inline uint16_t graph_plain(const struct axioms *axioms, const struct graph *graph, unsigned cell, unsigned before)
{
	unsigned best = EVENTS;

	for (unsigned e = 0; e < axioms->count; e++)
		if (axioms->atom[e].kind == OP_WRITE && axioms->atom[e].cell == CODE_CELLS + cell &&
		    (before == EVENTS || graph->hb[e] & BIT(before)) && (best == EVENTS || graph->hb[best] & BIT(e)))
			best = e;
	return best == EVENTS ? 0 : axioms->atom[best].op->value;
}

static inline void graph_emit(struct axioms *axioms, const struct graph *graph)
{
	struct outcome outcome;

	axioms->racy |= graph->racy;
	if (axioms->racy)
		return;
	memset(&outcome, 0, sizeof(outcome));
	for (unsigned e = CODE_CELLS; e < axioms->count; e++) {
		const struct atom *atom = &axioms->atom[e];

		if (atom->reads)
			outcome.read[atom->thread][atom->at] = graph->read[e];
		else if (atom->kind == OP_READ)
			outcome.read[atom->thread][atom->at] = graph_plain(axioms, graph, atom->cell - CODE_CELLS, e);
		else if (atom->failed)
			outcome.read[atom->thread][atom->at] = READ_CUT;
		else if (atom->kind == OP_ASK)
			outcome.read[atom->thread][atom->at] = atom->over ? READ_OVER : READ_NOT_OVER;
	}
	for (unsigned cell = 0; cell < CODE_CELLS; cell++)
		outcome.end[cell] = graph->written[graph->last[cell]];
	for (unsigned cell = 0; cell < CODE_PLAINS; cell++)
		outcome.end_plain[cell] = graph_plain(axioms, graph, cell, EVENTS);
	rows_add(axioms->outcomes, &outcome);
}

/* ---- the order of stores ------------------------------------------------------------------------- */

static inline bool on_cell(const struct axioms *axioms, const struct graph *graph, unsigned event, unsigned cell)
{
	return axioms->atom[event].cell == cell && (axioms->atom[event].reads || graph->guess->writes[event]);
}

/* Where the event stands in its cell's order: at its own store, or at the one that it reads. */
static inline unsigned place_of(const struct graph *graph, unsigned event)
{
	return graph->guess->writes[event] ? graph->place[event] : graph->place[graph->guess->from[event]];
}

/* Extended coherence: by reads-from, coherence and from-reads, in any number. */
static inline bool eco(const struct axioms *axioms, const struct graph *graph, unsigned a, unsigned b)
{
	if (place_of(graph, a) != place_of(graph, b))
		return place_of(graph, a) < place_of(graph, b);
	return a != b && graph->guess->writes[a] && axioms->atom[b].reads && !graph->guess->writes[b];
}

static inline bool cell_coherent(const struct axioms *axioms, const struct graph *graph, unsigned cell)
{
	for (unsigned a = 0; a < axioms->count; a++)
		for (unsigned b = 0; b < axioms->count; b++)
			if (on_cell(axioms, graph, a, cell) && on_cell(axioms, graph, b, cell) &&
			    graph->hb[a] & BIT(b) && eco(axioms, graph, b, a))
				return false;
	return true;
}

static inline bool is_sc_fence(const struct axioms *axioms, unsigned event)
{
	return axioms->atom[event].kind == OP_FENCE && axioms->atom[event].op->order == ORDER_SEQ_CST;
}

/* The order that this cell asks of seq_cst fences. */
static inline void cell_fences(const struct axioms *axioms, const struct graph *graph, unsigned cell, relation psc)
{
	for (unsigned f = 0; f < axioms->count; f++) {
		if (!is_sc_fence(axioms, f))
			continue;
		for (unsigned a = 0; a < axioms->count; a++)
			for (unsigned b = 0; b < axioms->count; b++)
				if (graph->hb[f] & BIT(a) && on_cell(axioms, graph, a, cell) &&
				    on_cell(axioms, graph, b, cell) && eco(axioms, graph, a, b))
					for (unsigned g = 0; g < axioms->count; g++)
						if (is_sc_fence(axioms, g) && graph->hb[b] & BIT(g))
							psc[f] |= BIT(g);
	}
}

static inline bool has_cycle(const relation of, unsigned count)
{
	uint32_t closed[EVENTS];

	memcpy(closed, of, sizeof(closed));
	close_relation(closed, count);
	for (unsigned i = 0; i < count; i++)
		if (closed[i] & BIT(i))
			return true;
	return false;
}

static inline void graph_cells(struct axioms *axioms, struct graph *graph, unsigned cell, const relation psc);

/* Put the cell's stores one behind the other in every way; then the next cell. */
static inline void graph_place(struct axioms *axioms, struct graph *graph, unsigned cell, unsigned place, const relation psc)
{
	bool all = true;

	if (++axioms->places > axioms->places_most)
		return;
	for (unsigned e = 0; e < axioms->count; e++) {
		int8_t last = graph->last[cell];

		if (axioms->atom[e].cell != cell || !graph->guess->writes[e] || graph->placed & BIT(e))
			continue;
		all = false;
		/* A read-modify-write follows what it read, and what was read by one is followed by that. */
		if (axioms->atom[e].reads ? graph->guess->from[e] != last : last >= 0 && graph->guess->taken & BIT(last))
			continue;
		if (place == 0 && e >= CODE_CELLS)
			continue;
		graph->placed |= BIT(e);
		graph->place[e] = (uint8_t)place;
		graph->last[cell] = (int8_t)e;
		graph_place(axioms, graph, cell, place + 1, psc);
		graph->placed &= ~BIT(e);
		graph->last[cell] = last;
	}
	if (all && cell_coherent(axioms, graph, cell)) {
		uint32_t more[EVENTS];

		memcpy(more, psc, sizeof(more));
		cell_fences(axioms, graph, cell, more);
		graph_cells(axioms, graph, cell + 1, more);
	}
}

static inline void graph_cells(struct axioms *axioms, struct graph *graph, unsigned cell, const relation psc)
{
	if (cell < CODE_CELLS)
		graph_place(axioms, graph, cell, 0, psc);
	else if (!has_cycle(psc, axioms->count))
		graph_emit(axioms, graph);
}

static inline void graph_judge(struct axioms *axioms, const struct guess *guess)
{
	struct graph graph = { .guess = guess, .last = { -1, -1, -1 } };
	uint32_t psc[EVENTS] = { 0 };

	if (!graph_values(axioms, &graph))
		return;
	graph_happens_before(axioms, &graph);
	graph.racy = graph_races(axioms, &graph);
	for (unsigned f = 0; f < axioms->count; f++)
		for (unsigned g = 0; g < axioms->count; g++)
			if (is_sc_fence(axioms, f) && is_sc_fence(axioms, g) && graph.hb[f] & BIT(g))
				psc[f] |= BIT(g);
	graph_cells(axioms, &graph, 0, psc);
}

/* ---- guesses --------------------------------------------------------------------------------------- */

/* Which store each load reads. */
static inline void guess_reads(struct axioms *axioms, const struct guess *guess, unsigned reader)
{
	while (reader < axioms->count && !axioms->atom[reader].reads)
		reader++;
	if (++axioms->guesses > axioms->guesses_most)
		return;
	if (reader == axioms->count) {
		graph_judge(axioms, guess);
		return;
	}
	for (unsigned w = 0; w < axioms->count; w++) {
		struct guess more;

		if (!guess->writes[w] || axioms->atom[w].cell != axioms->atom[reader].cell || w == reader)
			continue;
		if (guess->writes[reader] && guess->taken & BIT(w))
			continue;
		/* What is awaited is anything but the first value. */
		if (axioms->atom[reader].kind == OP_AWAIT && w < CODE_CELLS)
			continue;
		more = *guess;
		if (!(more.before[w] & BIT(reader)) && !relate(more.before, axioms->count, w, reader))
			continue;
		more.from[reader] = (int8_t)w;
		more.taken |= guess->writes[reader] ? BIT(w) : 0;
		guess_reads(axioms, &more, reader + 1);
	}
}

/* Each section is left before a grace period ends, or is entered after it began. */
static inline void guess_graces(struct axioms *axioms, const struct guess *guess, unsigned pair)
{
	if (pair == axioms->pairs) {
		guess_reads(axioms, guess, 0);
		return;
	}
	for (unsigned waits = 0; waits < 2; waits++) {
		unsigned a = waits ? axioms->pair[pair].leave : axioms->pair[pair].begin;
		unsigned b = waits ? axioms->pair[pair].end : axioms->pair[pair].enter;
		struct guess more = *guess;

		more.sync[a] |= BIT(b);
		if (more.before[a] & BIT(b) || relate(more.before, axioms->count, a, b))
			guess_graces(axioms, &more, pair + 1);
	}
}

/* In which order the sections of each lock come: `last` was unlocked last. */
static inline void guess_locks(struct axioms *axioms, const struct guess *guess, unsigned lock, uint32_t placed, int last)
{
	bool all = true;

	if (lock == CODE_LOCKS) {
		guess_graces(axioms, guess, 0);
		return;
	}
	for (unsigned e = 0; e < axioms->count; e++) {
		struct guess more;

		if (axioms->atom[e].kind != OP_LOCK || axioms->atom[e].cell != lock || placed & BIT(e))
			continue;
		all = false;
		more = *guess;
		if (last >= 0) {
			more.sync[last] |= BIT(e);
			if (!(more.before[last] & BIT(e)) && !relate(more.before, axioms->count, (unsigned)last, e))
				continue;
		}
		guess_locks(axioms, &more, lock, placed | BIT(e), (int)axioms_closing(axioms, e, OP_UNLOCK));
	}
	if (all)
		guess_locks(axioms, guess, lock + 1, 0, -1);
}

/* Which compare-and-swaps win. */
static inline void guess_wins(struct axioms *axioms, struct guess *guess, unsigned event)
{
	while (event < axioms->count && !swaps(&axioms->atom[event]))
		event++;
	if (event == axioms->count) {
		guess_locks(axioms, guess, 0, 0, -1);
		return;
	}
	for (unsigned wins = 0; wins < 2; wins++) {
		guess->writes[event] = wins;
		guess_wins(axioms, guess, event + 1);
	}
}

#include "oracle_sections.h"

/* All outcomes, and whether any execution has a data race: then they mean nothing.  False: too many guesses. */
static inline bool axioms_outcomes(const struct code *code, struct rows *outcomes, bool *racy)
{
	struct axioms axioms = { .code = code, .guesses_most = 100000, .places_most = 2000000, .outcomes = outcomes };
	struct guess guess;

	/* A grace period is two events, as is a cut; few programs have many. */
	if (code_count(code, OP_GRACE) + code_count(code, OP_CUT) > 4)
		return false;
	axioms_events(&axioms);
	if (!axioms_pairs(&axioms))
		return false;
	memset(&guess, 0, sizeof(guess));
	memcpy(guess.before, axioms.po, sizeof(guess.before));
	for (unsigned e = 0; e < axioms.count; e++)
		guess.writes[e] = axioms.atom[e].writes;
	if (!guess_sections(&axioms, &guess))
		return false;
	*racy = axioms.racy;
	return axioms.guesses <= axioms.guesses_most && axioms.places <= axioms.places_most;
}

#endif

/*
 * oracle_sections.h - cuts, and grace periods that are asked for, by their axioms
 *
 * A part of oracle_axioms.h.  Guessed is, for each cut and each other thread, behind
 * which of its events the cut reaches it; for each beginning of a grace period and each
 * section of another thread, which came first; and for each question, which of those
 * sections that came first were left by then.
 *
 *	a cut that reaches a thread behind event p
 *		is before the thread's next event, and p is before its end
 *		hands over p, if p is in a section with commits, whose later commits fail;
 *		else the end of the last such section
 *		is handed over to the next section that the thread enters, of any kind
 *	a beginning is handed over to sections that are entered later
 *	a question is answered yes when all earlier sections were left, which hand over
 */
#ifndef HOLDFAST_TEST_ORACLE_SECTIONS_H
#define HOLDFAST_TEST_ORACLE_SECTIONS_H

struct section {
	uint8_t enter, leave;
	uint8_t thread, kind;
};

struct looking {
	struct axioms *axioms;
	struct section section[CODE_THREADS * CODE_LENGTH / 2];
	unsigned sections;
	struct { uint8_t begin, target; } cut[PAIRS];
	unsigned cuts;
	struct { uint8_t event, section, begin; } pair[PAIRS];	/* begin: of a question, its beginning; or itself */
	unsigned pairs;
	uint32_t earlier[EVENTS];	/* of a beginning: sections that were entered before it */
	bool all;			/* there was room */
};

/* a is before b, and what was done at a is handed over to b; false: that can't be. */
static inline bool order_events(struct looking *looking, struct guess *guess, unsigned a, unsigned b, bool hand_over)
{
	if (hand_over)
		guess->sync[a] |= BIT(b);
	return guess->before[a] & BIT(b) || relate(guess->before, looking->axioms->count, a, b);
}

/* ---- grace periods that are asked for ----------------------------------------------------- */

static inline void guess_answers(struct looking *looking, const struct guess *guess, unsigned pair);

static inline void guess_beginning(struct looking *looking, const struct guess *guess, unsigned pair)
{
	unsigned event = looking->pair[pair].event, section = looking->pair[pair].section;

	for (unsigned earlier = 0; earlier < 2; earlier++) {
		unsigned enter = looking->section[section].enter;
		struct guess more = *guess;

		if (!order_events(looking, &more, earlier ? enter : event, earlier ? event : enter, !earlier))
			continue;
		looking->earlier[event] |= earlier ? BIT(section) : 0;
		guess_answers(looking, &more, pair + 1);
		looking->earlier[event] &= ~BIT(section);
	}
}

/* Those that were left hand over only if the answer is yes; that is known when all of them are guessed. */
static inline void guess_question(struct looking *looking, const struct guess *guess, unsigned pair)
{
	unsigned event = looking->pair[pair].event, section = looking->pair[pair].section;
	struct atom *atom = &looking->axioms->atom[event];

	if (!(looking->earlier[looking->pair[pair].begin] & BIT(section))) {
		guess_answers(looking, guess, pair + 1);
		return;
	}
	for (unsigned left = 0; left < 2; left++) {
		unsigned leave = looking->section[section].leave;
		struct guess more = *guess;
		bool over = atom->over;

		if (!order_events(looking, &more, left ? leave : event, left ? event : leave, false))
			continue;
		atom->over = over && left;
		guess_answers(looking, &more, pair + 1);
		atom->over = over;
	}
}

static inline void guess_answers(struct looking *looking, const struct guess *guess, unsigned pair)
{
	struct guess more;

	if (++looking->axioms->guesses > looking->axioms->guesses_most)
		return;
	if (pair < looking->pairs) {
		if (looking->pair[pair].event == looking->pair[pair].begin)
			guess_beginning(looking, guess, pair);
		else
			guess_question(looking, guess, pair);
		return;
	}
	more = *guess;
	for (unsigned i = 0; i < looking->pairs; i++) {
		unsigned event = looking->pair[i].event, section = looking->pair[i].section;

		if (looking->axioms->atom[event].over && looking->earlier[looking->pair[i].begin] & BIT(section))
			more.sync[looking->section[section].leave] |= BIT(event);
	}
	guess_wins(looking->axioms, &more, 0);
}

/* ---- cuts -------------------------------------------------------------------------------------- */

static inline void set_failed(struct looking *looking, struct guess *guess, unsigned event, bool failed)
{
	struct atom *atom = &looking->axioms->atom[event];

	atom->failed = failed;
	atom->reads = !failed && op_reads(atom->op);
	atom->writes = !failed && (atom->kind == OP_RAISE || atom->kind == OP_PUT);
	guess->writes[event] = atom->writes;
}

static inline void guess_cuts(struct looking *looking, const struct guess *guess, unsigned cut, uint32_t failed)
{
	struct axioms *axioms = looking->axioms;

	if (++axioms->guesses > axioms->guesses_most)
		return;
	if (cut == looking->cuts) {
		struct guess more = *guess;

		for (unsigned e = 0; e < axioms->count; e++)
			if (axioms->atom[e].op && op_is_commit(axioms->atom[e].op))
				set_failed(looking, &more, e, failed & BIT(e));
		guess_answers(looking, &more, 0);
		return;
	}
	for (unsigned last = 0; last <= axioms->count; last++) {
		unsigned begin = looking->cut[cut].begin, target = looking->cut[cut].target, next = axioms->count;
		struct guess more = *guess;
		uint32_t fail = failed;
		int hands = -1;
		bool good = true;

		/* axioms->count: before the first of the thread's events. */
		if (last < axioms->count && axioms->atom[last].thread != target)
			continue;
		for (unsigned e = axioms->count; e--;)
			if (axioms->atom[e].thread == target && (last == axioms->count || e > last))
				next = e;
		for (unsigned s = 0; s < looking->sections; s++) {
			const struct section *section = &looking->section[s];

			if (section->thread != target)
				continue;
			if (last == axioms->count || section->enter > last) {
				more.sync[begin] |= BIT(section->enter);
			} else if (section->kind && section->leave <= last) {
				hands = section->leave;
			} else if (section->kind) {
				hands = (int)last;
				for (unsigned e = last + 1; e < section->leave; e++)
					fail |= op_is_commit(axioms->atom[e].op) ? BIT(e) : 0;
			}
		}
		if (last < axioms->count)
			good &= order_events(looking, &more, last, begin + 1, false);
		if (next < axioms->count)
			good &= order_events(looking, &more, begin, next, false);
		if (hands >= 0)
			more.sync[hands] |= BIT(begin + 1);
		if (good)
			guess_cuts(looking, &more, cut + 1, fail);
	}
}

/* ---- what there is to guess ----------------------------------------------------------------------- */

static inline void look_at_event(struct looking *looking, unsigned event, const unsigned *begun)
{
	const struct atom *atom = &looking->axioms->atom[event];
	bool ask = atom->kind == OP_ASK && begun[atom->thread];

	for (unsigned t = 0; atom->kind == OP_CUT && t < looking->axioms->code->threads; t++)
		if (t != atom->thread && looking->cuts < PAIRS) {
			looking->cut[looking->cuts].begin = (uint8_t)event;
			looking->cut[looking->cuts++].target = (uint8_t)t;
		}
	for (unsigned s = 0; (ask || atom->kind == OP_BEGIN) && s < looking->sections; s++) {
		if (looking->section[s].thread == atom->thread)
			continue;
		if (looking->pairs == PAIRS) {
			looking->all = false;
			return;
		}
		looking->pair[looking->pairs].event = (uint8_t)event;
		looking->pair[looking->pairs].begin = (uint8_t)(ask ? begun[atom->thread] : event);
		looking->pair[looking->pairs++].section = (uint8_t)s;
	}
}

/* All of it; then the rest: guess_wins().  False: too much. */
static inline bool guess_sections(struct axioms *axioms, const struct guess *guess)
{
	struct looking looking = { .axioms = axioms, .all = true };
	unsigned begun[CODE_THREADS] = { 0 };

	for (unsigned e = CODE_CELLS; e < axioms->count; e++) {
		struct atom *atom = &axioms->atom[e];

		atom->over = atom->kind == OP_ASK;
		if (atom->kind == OP_ENTER)
			looking.section[looking.sections++] = (struct section){
				(uint8_t)e, (uint8_t)axioms_closing(axioms, e, OP_LEAVE), atom->thread,
				(uint8_t)atom->op->value };
	}
	for (unsigned e = CODE_CELLS; e < axioms->count; e++) {
		if (axioms->atom[e].kind == OP_BEGIN)
			begun[axioms->atom[e].thread] = e;
		look_at_event(&looking, e, begun);
	}
	if (looking.all)
		guess_cuts(&looking, guess, 0, 0);
	return looking.all;
}

#endif

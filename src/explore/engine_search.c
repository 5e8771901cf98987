/*
 * engine_search.c - which execution comes next
 *
 * Depth first, and stateless: an execution is the path of choices that leads to it,
 * and the next one repeats a prefix of that path and then goes another way.
 *
 * The reduced search is source-DPOR with sleep sets.  After each step it looks which
 * earlier steps it races with: not ordered, and in the other order something could
 * come out differently.  For such a step i it asks that before i some thread be
 * tried that can begin the reversal (an initial of what comes after i without being
 * ordered after it).  An actor that was tried at a node sleeps for what was tried in
 * all that comes after, until something that depends on it happens; a load sleeps
 * for the values that there were, and wakes for newer ones.
 *
 * No bound on anything: if a limit is reached the search says so and is not complete.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine_inside.h"

struct node {
	uint32_t backtrack, done, enabled;	/* masks of actors */
	uint8_t actor;
	uint16_t choice;
	uint16_t choices[ACTORS];
	int16_t asleep[ACTORS];			/* for what was there at that depth; NONE: awake */
	uint32_t print;				/* of what the actors were about to do: a replay must show the same */
};

enum end { END_OVER, END_BLOCKED, END_WRONG, END_SHARING, END_ELSEWHERE };

static struct {
	const struct exploration *exploration;
	struct explored *explored;
	struct node nodes[NODES];
	int prefix;		/* nodes that are given; the rest is chosen */
	int depth;		/* nodes of the last execution */
	uint64_t shard_count;
	uint64_t started;	/* executions over all passes: their numbers */
	uint64_t random;
	double begun, told;
	uint64_t *outcomes;	/* a set */
	size_t outcomes_room;
	bool stop;
} search;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t random_next(void)
{
	uint64_t z = search.random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* ---- outcomes: a set of numbers ------------------------------------------------------------ */

static bool outcome_put(uint64_t *set, size_t room, uint64_t outcome)
{
	size_t slot = (outcome * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (room - 1);

	for (; set[slot]; slot = (slot + 1) & (room - 1))
		if (set[slot] == outcome)
			return false;
	set[slot] = outcome;
	return true;
}

static void outcomes_grow(void)
{
	size_t room = search.outcomes_room ? search.outcomes_room * 2 : 1024;
	uint64_t *set = calloc(room, sizeof(*set));

	if (!set) {
		engine_wrong(WRONG_LIMIT, "no memory for %zu outcomes", room);
		return;
	}
	for (size_t i = 0; i < search.outcomes_room; i++)
		if (search.outcomes[i])
			outcome_put(set, room, search.outcomes[i]);
	free(search.outcomes);
	search.outcomes = set;
	search.outcomes_room = room;
}

static void outcome_add(uint64_t outcome)
{
	if ((search.explored->outcomes + 1) * 2 > search.outcomes_room)
		outcomes_grow();
	if (machine.wrong == WRONG_NOTHING)
		search.explored->outcomes += outcome_put(search.outcomes, search.outcomes_room, outcome ? outcome : 1);
}

static void outcomes_forget(void)
{
	free(search.outcomes);
	search.outcomes = NULL;
	search.outcomes_room = 0;
	search.explored->outcomes = 0;
}

/* ---- nodes ---------------------------------------------------------------------------------- */

static uint32_t print_of(unsigned enabled)
{
	uint64_t print = enabled + 1;

	for (unsigned t = 0; t < machine.threads; t++) {
		const struct thread *thread = &machine.thread[t];

		print = print * 31 + (thread->over ? 1 : thread->step.kind + 2u);
		if (!thread->over)
			print = (print ^ (uintptr_t)thread->step.site ^
				 (thread->step.location ? (uintptr_t)thread->step.location->address : 0)) *
				UINT64_C(0x9e3779b97f4a7c15);
		print += thread->buffered;
	}
	return (uint32_t)(print >> 20);
}

static bool sleeps(void)
{
	return search.exploration->search == SEARCH_REDUCED || search.exploration->search == SEARCH_SLEEP;
}

/* At this depth every actor is tried: what shards share must not depend on what one of them finds. */
static bool is_expanded(int depth)
{
	return search.exploration->search != SEARCH_REDUCED ||
	       (search.exploration->shards && depth < (int)search.exploration->shard_depth);
}

static void inherit_sleep(struct node *node, int depth)
{
	const struct node *before = depth ? &search.nodes[depth - 1] : NULL;
	const struct done *done = depth ? &machine.done[depth - 1] : NULL;

	for (unsigned actor = 0; actor < machine.actors; actor++) {
		node->asleep[actor] = NONE;
		if (!before || !sleeps() || actor == before->actor || before->asleep[actor] == NONE)
			continue;
		if (!model_ops()->wakes(actor, done))
			node->asleep[actor] = before->asleep[actor];
	}
}

/* A new node; false: all that could be done here was done elsewhere. */
static bool node_open(int depth, unsigned enabled)
{
	struct node *node = &search.nodes[depth];
	unsigned able = 0, wanted = depth ? search.nodes[depth - 1].actor : 0;

	inherit_sleep(node, depth);
	node->enabled = enabled;
	node->done = 0;
	node->choice = 0;
	node->print = print_of(enabled);
	for (unsigned actor = 0; actor < machine.actors; actor++) {
		node->choices[actor] = 0;
		if (enabled & 1u << actor)
			node->choices[actor] = (uint16_t)model_ops()->choices(actor, node->asleep[actor]);
		able |= node->choices[actor] ? 1u << actor : 0;
	}
	if (!able)
		return false;
	if (!(able & 1u << wanted))
		wanted = (unsigned)__builtin_ctz(able);
	if (search.exploration->search == SEARCH_RANDOM) {
		for (unsigned skip = (unsigned)(random_next() % (unsigned)__builtin_popcount(able)); skip; skip--)
			able &= able - 1;
		wanted = (unsigned)__builtin_ctz(able);
		node->choice = (uint16_t)(random_next() % node->choices[wanted]);
	}
	node->actor = (uint8_t)wanted;
	node->backtrack = is_expanded(depth) ? able : 1u << wanted;
	return true;
}

/* ---- races ------------------------------------------------------------------------------------- */

/* What this step would do before i: has it been tried there, or is it in hand? */
static bool is_covered(const struct node *node, const struct done *step, bool choice_known)
{
	int asleep = node->asleep[step->actor];

	if (node->backtrack & 1u << step->actor)
		return true;
	if (asleep == NONE)
		return false;
	/* A commit that failed after i would have been an access before it: of any value. */
	if (!step->reads && step->kind != EVENT_COMMIT_FAILED)
		return true;
	return (choice_known && step->reads && step->stamp <= asleep) || !node->choices[step->actor];
}

/*
 * The steps after i that are not ordered after it, and then j: which actors can
 * begin that?  One of them must be tried before i.
 */
static void race(int i, const struct done *j)
{
	struct node *node = &search.nodes[i];
	const struct done *first = &machine.done[i];
	int last = (int)(j - machine.done);
	bool direct = clock_has(j->clock, first), covered = false;
	unsigned seen = 0, initials = 0, chosen;

	if (search.exploration->search != SEARCH_REDUCED || is_expanded(i))
		return;
	for (int k = i + 1; k <= last && !covered; k++) {
		const struct done *step = &machine.done[k];
		const uint16_t *clock = step->clock;
		bool initial = !(seen & 1u << step->actor);

		if (k != last && clock_has(step->clock, first))
			continue;
		seen |= 1u << step->actor;
		for (int l = i + 1; l < k && initial; l++)
			if (!clock_has(machine.done[l].clock, first) && clock_has(clock, &machine.done[l]))
				initial = false;
		if (!initial)
			continue;
		initials |= 1u << step->actor;
		covered = is_covered(node, step, k != last || !direct);
	}
	if (covered)
		return;
	chosen = initials & 1u << j->actor ? j->actor : (unsigned)__builtin_ctz(initials | 1u << ACTORS);
	if (chosen < ACTORS && node->enabled & 1u << chosen)
		node->backtrack |= 1u << chosen;
	else
		node->backtrack |= node->enabled;
}

/* ---- one execution --------------------------------------------------------------------------------- */

/* Is this prefix another shard's? */
static bool is_elsewhere(void)
{
	const struct exploration *e = search.exploration;

	return e->shards && !machine.recording && search.prefix <= (int)e->shard_depth && search.shard_count++ % e->shards != e->shard;
}

static enum end execute(void)
{
	execution_begin();
	for (;;) {
		int depth = machine.depth;
		struct node *node = &search.nodes[depth];
		unsigned enabled;

		search.depth = depth;
		if (machine.wrong)
			return machine.sharing ? END_SHARING : END_WRONG;
		enabled = execution_enabled();
		/* To its end, for there may be more that is shared: but it comes to nothing. */
		if (machine.sharing && (!enabled || depth == NODES))
			return END_SHARING;
		if (!enabled) {
			if (search.exploration->shards && depth <= (int)search.exploration->shard_depth && is_elsewhere())
				return END_ELSEWHERE;
			if (execution_is_over())
				execution_end();
			else
				execution_stuck();
			return machine.wrong ? END_WRONG : END_OVER;
		}
		if (depth == NODES) {
			engine_wrong(WRONG_LIMIT, "more than %d steps in one execution", NODES);
			return END_WRONG;
		}
		if (depth < search.prefix) {
			if (node->print != print_of(enabled) && !machine.sharing) {
				engine_wrong(WRONG_NONDETERMINISM, "step %d was another when the same was run again", depth + 1);
				return END_WRONG;
			}
		} else {
			if (search.exploration->shards && depth == (int)search.exploration->shard_depth && is_elsewhere())
				return machine.sharing ? END_SHARING : END_ELSEWHERE;
			if (!node_open(depth, enabled))
				return machine.sharing ? END_SHARING : END_BLOCKED;
		}
		execution_step(node->actor, node->asleep[node->actor], node->choice);
		if (depth >= search.prefix - 1 && !machine.recording)
			model_ops()->races(&machine.done[depth], race);
	}
}

/* ---- from one to the next ---------------------------------------------------------------------------- */

/* The next choice at this node; false: there is none. */
static bool node_next(struct node *node, int depth)
{
	unsigned left;

	if (node->choice + 1 < node->choices[node->actor]) {
		node->choice++;
		return true;
	}
	node->done |= 1u << node->actor;
	if (sleeps())
		node->asleep[node->actor] = (int16_t)depth;
	for (left = node->backtrack & ~node->done; left; left &= left - 1) {
		unsigned actor = (unsigned)__builtin_ctz(left);

		if (node->choices[actor]) {
			node->actor = (uint8_t)actor;
			node->choice = 0;
			return true;
		}
	}
	return false;
}

static bool next(void)
{
	for (int depth = search.depth; depth--;)
		if (node_next(&search.nodes[depth], depth)) {
			search.prefix = depth + 1;
			return true;
		}
	return false;
}

bool engine_has_failed(void)
{
	return search.explored && search.explored->violating;
}

/* How much of the tree, as it is known by now, lies behind. */
static double part_done(void)
{
	double done = 0, weight = 1;

	for (int depth = 0; depth < search.depth && weight > 1e-9; depth++) {
		const struct node *node = &search.nodes[depth];
		double all = 0, before = node->choice;

		for (unsigned actor = 0; actor < machine.actors; actor++) {
			all += node->backtrack & 1u << actor ? node->choices[actor] : 0;
			before += node->done & 1u << actor ? node->choices[actor] : 0;
		}
		if (all < 1)
			continue;
		done += weight * before / all;
		weight /= all;
	}
	return done;
}

static void tell(void)
{
	const struct exploration *e = search.exploration;
	struct explored *x = search.explored;
	double t;

	if ((x->executions + x->blocked) % 256)
		return;
	t = now();
	if (e->seconds_most > 0 && t - search.begun > e->seconds_most) {
		x->limit = "the time is up";
		search.stop = true;
	}
	if (e->progress && t - search.told > 0.5) {
		struct progress progress = { x->executions, x->blocked, t - search.begun, part_done() };

		search.told = t;
		if (!e->progress(&progress, e->progress_context)) {
			x->limit = "it was told to stop";
			search.stop = true;
		}
	}
}

/* ---- what an execution came to ---------------------------------------------------------------------------- */

/* The same execution once more, written down. */
static void run_again(void)
{
	struct explored *x = search.explored;
	int depth = search.depth;
	enum wrong wrong = machine.wrong;

	x->run = calloc(1, sizeof(*x->run));
	if (!x->run)
		return;
	search.prefix = depth;
	machine.recording = x->run;
	recording_begin(x->run);
	execute();
	recording_end();
	machine.recording = NULL;
	if (machine.wrong != wrong && !machine.sharing) {
		x->wrong = WRONG_NONDETERMINISM;
		strcpy(x->what, "the execution that failed came to something else when it was run again");
	}
}

static void take_violation(void)
{
	struct explored *x = search.explored;

	x->violating++;
	if (x->violating > 1)
		return;
	x->wrong = machine.wrong;
	memcpy(x->what, machine.what, sizeof(x->what));
	x->number = search.started;
	run_again();
	if (x->run)
		x->run->execution = x->number;
	search.depth = search.prefix > search.depth ? search.prefix : search.depth;
}

static void take(enum end end)
{
	struct explored *x = search.explored;

	if (end == END_BLOCKED)
		x->blocked++;
	if (end == END_OVER || end == END_WRONG)
		x->executions++;
	if ((unsigned)machine.depth > x->steps_most)
		x->steps_most = (unsigned)machine.depth;
	x->replayed += search.prefix > 0;
	if (end == END_OVER)
		outcome_add(machine.outcome);
	if (end == END_WRONG || machine.wrong)
		take_violation();
}

/* ---- a whole search ------------------------------------------------------------------------------------------ */

static void begin_anew(void)
{
	struct explored *x = search.explored;

	machine.sharing = false;
	run_free(x->run);	/* of a violation found before it was known what threads share: found again */
	x->run = NULL;
	x->wrong = WRONG_NOTHING;
	x->executions = x->blocked = x->violating = x->replayed = x->steps_most = 0;
	outcomes_forget();
	search.prefix = search.depth = 0;
	search.shard_count = 0;
	search.random = search.exploration->seed;
}

/* False: nothing is left, or it is enough. */
static bool go_on(void)
{
	const struct exploration *e = search.exploration;
	struct explored *x = search.explored;

	if (x->violating && !e->go_on)
		return false;
	if (e->only && search.started >= e->only)
		return false;
	if (e->executions_most && x->executions >= e->executions_most) {
		x->limit = "so many executions were asked for";
		return false;
	}
	tell();
	if (search.stop)
		return false;
	if (e->search == SEARCH_RANDOM) {
		search.prefix = 0;
		return true;
	}
	if (next())
		return true;
	x->complete = true;
	return false;
}

static void explore(void)
{
	enum end end;

	begin_anew();
	for (;;) {
		search.started++;
		end = execute();
		if (end == END_SHARING) {
			if (search.exploration->shards) {
				search.explored->limit = "threads share what they did not share in the trial";
				return;
			}
			begin_anew();
			continue;
		}
		take(end);
		if (search.exploration->only && search.started == search.exploration->only && !search.explored->run)
			run_again();
		if (!go_on())
			return;
	}
}

/* Shards must agree on what is a step: so many executions, the same in each, show who shares what. */
static void trial(const struct exploration *exploration)
{
	struct exploration some = *exploration;
	static const struct { enum search search; uint64_t executions; } passes[] = {
		{ SEARCH_REDUCED, 4000 }, { SEARCH_RANDOM, 1000 },
	};

	some.shards = 0;
	some.only = 0;
	some.go_on = true;
	some.progress = NULL;
	some.seconds_most = 0;
	for (unsigned i = 0; i < sizeof(passes) / sizeof(passes[0]); i++) {
		some.search = passes[i].search;
		some.executions_most = passes[i].executions;
		machine.exploration = search.exploration = &some;
		explore();
		run_free(search.explored->run);
		*search.explored = (struct explored){ 0 };
	}
	machine.exploration = search.exploration = exploration;
}

void engine_explore(const struct exploration *exploration, struct explored *explored)
{
	*explored = (struct explored){ 0 };
	memset(&search, 0, sizeof(search));
	search.exploration = machine.exploration = exploration;
	search.explored = explored;
	search.begun = search.told = now();
	machine.model = exploration->model;
	machine.recording = NULL;
	machine.sharing = false;
	calls_forget();
	if (!program_open()) {
		explored->wrong = machine.wrong;
		memcpy(explored->what, machine.what, sizeof(explored->what));
		explored->violating = 1;
		explored->limit = "it could not begin";
		return;
	}
	wild_watch();
	if (exploration->shards)
		trial(exploration);
	search.started = 0;
	explore();
	wild_end();
	explored->seconds = now() - search.begun;
	free(search.outcomes);
	search.outcomes = NULL;
	search.outcomes_room = 0;
}

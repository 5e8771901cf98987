/*
 * plan.c - from a scenario to a plan, or the reason why there is none
 *
 * Refused is what the explorer would judge wrongly or not at all: bytes that don't
 * fit a small page, half words in threads, and a name that two threads use without
 * anything that orders them where that is the program's own mistake.
 */
#include "plan.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define FIRST_PAGE 4u	/* below is nothing given out (vma.c) */
#define LAST_PAGE 64u	/* of 3 levels of 4 entries */

struct planner {
	struct plan *plan;
	struct refusal *refusal;
	uint64_t next_page;
	bool has_huge;		/* some step is about huge pages */
	unsigned maps[SPACES];	/* who maps in it: makes it, if nobody else does */
};

static bool __attribute__((format(printf, 3, 4))) refuse(struct planner *p, const struct step *step, const char *format, ...)
{
	va_list args;

	if (step)
		p->refusal->at = step->at;
	va_start(args, format);
	vsnprintf(p->refusal->why, sizeof(p->refusal->why), format, args);
	va_end(args);
	return false;
}

/* ---- sizes -------------------------------------------------------------- */

static bool scale(struct planner *p, const struct step *step, uint64_t *bytes)
{
	uint64_t rest = *bytes % SCENARIO_PAGE;

	if (rest >= EXPLORED_PAGE)
		return refuse(p, step, "%llu bytes into a page; the explorer's pages have %u",
			      (unsigned long long)rest, EXPLORED_PAGE);
	*bytes = plan_bytes(*bytes);
	return true;
}

/* Where huge pages are, a page in one has a number that both have. */
static bool fits_in_huge(struct planner *p, const struct step *step)
{
	const uint64_t most = EXPLORED_HUGE / EXPLORED_PAGE;
	uint64_t page = step->offset % SCENARIO_HUGE / SCENARIO_PAGE, pages = step->length % SCENARIO_HUGE / SCENARIO_PAGE;

	if (!p->has_huge || (page < most && page + pages <= most))
		return true;
	return refuse(p, step, "pages up to the %lluth of a huge page; the explorer's have %llu",
		      (unsigned long long)(page + pages), (unsigned long long)most);
}

static bool moves_bytes(const struct step *step)
{
	return step->bytes || step->op == OP_LOAD || step->op == OP_FILL;
}

static uint64_t whole_words(uint64_t bytes)
{
	return (bytes + EXPLORED_WORD - 1) / EXPLORED_WORD * EXPLORED_WORD;
}

/* Threads move words: what they store is filled up with zeroes. */
static bool in_words(struct planner *p, struct step *step)
{
	uint64_t length = whole_words(step->length);

	if (step->op == OP_LOAD && step->result < 0)
		step->offset -= step->offset % EXPLORED_WORD;	/* it touches the page, no more */
	if (step->offset % EXPLORED_WORD)
		return refuse(p, step, "threads load and store whole words: the offset is no multiple of %u", EXPLORED_WORD);
	if (step->op == OP_FILL && length != step->length)
		return refuse(p, step, "threads fill whole words: the length is no multiple of %u", EXPLORED_WORD);
	if (step->bytes) {
		step->bytes = must_alloc(step->bytes, length);
		memset(step->bytes + step->length, 0, length - step->length);
	}
	step->length = length;
	return true;
}

static bool scale_moved(struct planner *p, struct step *step)
{
	bool whole = step->op == OP_FILL || (step->op == OP_LOAD && step->result < 0);

	if (whole && !scale(p, step, &step->length))
		return false;
	if (step->op == OP_LOAD && step->length > LOAD_MOST)
		return refuse(p, step, "a load of more than %u pages", LOAD_MOST / EXPLORED_PAGE);
	if (!whole && step->length > EXPLORED_PAGE - step->offset % EXPLORED_PAGE)
		return refuse(p, step, "bytes that reach past the explorer's page of %u", EXPLORED_PAGE);
	return step->thread <= 0 || in_words(p, step);
}

static bool scale_step(struct planner *p, struct step *step, const struct step *from)
{
	*step = *from;
	if (from->bytes) {
		step->bytes = must_alloc(NULL, whole_words(from->length));
		memcpy(step->bytes, from->bytes, from->length);
	}
	if (!fits_in_huge(p, from) || !scale(p, step, &step->offset) || !scale(p, step, &step->object_offset))
		return false;
	return moves_bytes(step) ? scale_moved(p, step) : scale(p, step, &step->length);
}

/* ---- places ------------------------------------------------------------- */

/* The longest that a mapping of this name ever is: room to grow in, or to move to. */
static uint64_t most_pages(const struct scenario *s, int mapping)
{
	uint64_t most = 0;

	for (size_t i = 0; i < s->nsteps; i++) {
		const struct step *step = &s->steps[i];

		if ((step->op == OP_MAP || step->op == OP_REMAP) && step->mapping == mapping && step->length > most)
			most = step->length;
	}
	return (plan_bytes(most) + EXPLORED_PAGE - 1) / EXPLORED_PAGE;
}

static uint64_t whole_huge(uint64_t page)
{
	const uint64_t pages = EXPLORED_HUGE / EXPLORED_PAGE;

	return (page + pages - 1) / pages * pages;
}

static bool place_step(struct planner *p, size_t i)
{
	const struct scenario *s = p->plan->scenario;
	const struct step *step = &s->steps[i];
	uint64_t pages;

	if (step->op != OP_MAP && !(step->op == OP_REMAP && step->flags == REMAP_MOVE))
		return true;
	pages = most_pages(s, step->mapping);
	if (p->has_huge && pages >= EXPLORED_HUGE / EXPLORED_PAGE)
		p->next_page = whole_huge(p->next_page);
	p->plan->address[i] = p->next_page * EXPLORED_PAGE;
	if (step->fails)
		return true;
	if (pages >= LAST_PAGE - p->next_page)
		return refuse(p, step, "the explorer's address spaces have %u pages, and its mappings need more",
			      LAST_PAGE - FIRST_PAGE);
	p->next_page += pages + 1;
	return true;
}

/* The places that conditions ask about, too. */
static bool check_conditions(struct planner *p)
{
	const struct scenario *s = p->plan->scenario;

	for (size_t i = 0; i < s->nconditions; i++) {
		const struct condition *condition = &s->conditions[i];
		struct step at = { .at = condition->at };

		for (size_t f = 0; f < condition->nfacts; f++) {
			const struct fact *fact = &condition->facts[f];
			uint64_t left = fact->left.offset, right = fact->right.offset;

			if (!scale(p, &at, &left) || !scale(p, &at, &right))
				return false;
			if (fact->kind == FACT_BYTES && fact->length > EXPLORED_PAGE - left % EXPLORED_PAGE)
				return refuse(p, &at, "bytes that reach past the explorer's page of %u", EXPLORED_PAGE);
		}
	}
	return true;
}

/* ---- who makes and uses what ------------------------------------------------ */

static void note_users(struct planner *p, const struct step *step)
{
	struct users *makes = &p->plan->makes, *uses = &p->plan->uses;
	unsigned who = 1u << (step->thread > 0 ? step->thread : 0);

	if (step->op == OP_FORK)
		makes->space[step->child] |= who;
	if (step->op == OP_SPACE)
		makes->space[step->space] |= who;
	else if (step->space >= 0)
		uses->space[step->space] |= who;
	if (step->op == OP_MAP)
		p->maps[step->space] |= who;
	if (step->op == OP_PIN)
		makes->pin[step->pin] |= who;
	else if (step->pin >= 0)
		uses->pin[step->pin] |= who;
	if (step->op == OP_OBJECT)
		makes->object[step->object] |= who;
	else if (step->object >= 0)
		uses->object[step->object] |= who;
}

static bool is_one(unsigned bits)
{
	return bits && !(bits & (bits - 1));
}

/* A word for what one thread makes and another uses: 1 if it takes one, -1 if two threads make it. */
static int hand_over(unsigned makes, unsigned uses)
{
	unsigned makers = makes & ~1u, others = uses & ~1u & ~makers;

	if (!makers || (makes & 1u))
		return 0;
	if (!is_one(makers))
		return -1;
	return others != 0;
}

static bool hand_spaces(struct planner *p)
{
	struct plan *plan = p->plan;

	for (int i = 0; i < plan->scenario->nspaces; i++) {
		int word;

		if (!plan->makes.space[i])
			plan->makes.space[i] = p->maps[i];
		word = hand_over(plan->makes.space[i], plan->uses.space[i]);
		if (word < 0)
			return refuse(p, NULL, "space %s begins in two threads", plan->scenario->spaces[i]);
		plan->space_word[i] = word ? (int)plan->words++ : -1;
	}
	return true;
}

static bool hand_pins(struct planner *p)
{
	struct plan *plan = p->plan;

	for (int i = 0; i < plan->scenario->npins; i++) {
		int word = hand_over(plan->makes.pin[i], plan->uses.pin[i]);

		if (word < 0)
			return refuse(p, NULL, "pin %s is taken in two threads", plan->scenario->pins[i]);
		plan->pin_word[i] = word ? (int)plan->words++ : -1;
	}
	return true;
}

static bool check_objects(struct planner *p)
{
	struct plan *plan = p->plan;

	for (int i = 0; i < plan->scenario->nobjects; i++) {
		unsigned makes = plan->makes.object[i];

		if (!(makes & 1u) && makes && (!is_one(makes) || (plan->uses.object[i] & ~1u & ~makes)))
			return refuse(p, NULL, "object %s is made in one thread and used in another",
				      plan->scenario->objects[i]);
	}
	return true;
}

/* A device that may go on after another thread's unpin breaks everything, and proves nothing. */
static bool check_devices(struct planner *p)
{
	const struct scenario *s = p->plan->scenario;
	unsigned ends[PINS] = { 0 };

	for (size_t i = 0; i < s->nsteps; i++)
		if (s->steps[i].op == OP_UNPIN && s->steps[i].thread > 0 && !s->steps[i].fails)
			ends[s->steps[i].pin] |= 1u << s->steps[i].thread;
	for (size_t i = 0; i < s->nsteps; i++) {
		const struct step *step = &s->steps[i];

		if (step->op == OP_DEVICE_WRITE && step->thread > 0 && (ends[step->pin] & ~(1u << step->thread)))
			return refuse(p, step, "the device writes through %s while another thread ends it",
				      s->pins[step->pin]);
	}
	return true;
}

/* ---- halves of words -------------------------------------------------------- */

struct range {
	int mapping;
	uint64_t begin, end;
};

/* The bytes that a step of a thread moves, by the mapping; of a pin, where it was taken. */
static struct range range_of(const struct plan *plan, const struct step *step)
{
	struct range r = { step->mapping, step->offset, step->offset + step->length };

	for (size_t i = 0; step->pin >= 0 && i < plan->scenario->nsteps; i++)
		if (plan->steps[i].op == OP_PIN && plan->steps[i].pin == step->pin)
			r = (struct range){ plan->steps[i].mapping, plan->steps[i].offset + step->offset,
					    plan->steps[i].offset + step->offset + step->length };
	r.begin -= r.begin % EXPLORED_WORD;
	return r;
}

static bool touches_word(const struct plan *plan, const struct step *step, const struct step *half)
{
	struct range a = range_of(plan, step), b = range_of(plan, half);

	if (step->thread <= 0 || !(moves_bytes(step) || step->op == OP_ATOMIC) || a.mapping != b.mapping)
		return false;
	return a.begin < b.begin + EXPLORED_WORD && b.begin < a.end;
}

/* The engine has no accesses of two sizes to one place. */
static bool check_halves(struct planner *p)
{
	const struct plan *plan = p->plan;

	for (size_t i = 0; i < plan->scenario->nsteps; i++) {
		const struct step *half = &plan->steps[i];

		if (half->op != OP_ATOMIC || half->length == EXPLORED_WORD || half->thread <= 0)
			continue;
		for (size_t k = 0; k < plan->scenario->nsteps; k++) {
			const struct step *step = &plan->steps[k];
			bool same = step->op == OP_ATOMIC && step->length == half->length;

			if (!same && touches_word(plan, step, half))
				return refuse(p, step, "threads touch half of a word, and here all of it");
		}
	}
	return true;
}

/* ---- the whole ---------------------------------------------------------- */

static bool is_small(struct planner *p)
{
	const struct scenario *s = p->plan->scenario;

	if (!s->nthreads)
		return refuse(p, NULL, "no parts run at the same time; holdfast run judges it");
	if (s->nspaces > SPACES || s->nmappings > MAPPINGS || s->nobjects > OBJECTS || s->npins > PINS ||
	    s->nvalues > VALUES || s->nsteps > STEPS || s->nconditions > CONDITIONS)
		return refuse(p, NULL, "more than the explorer keeps track of: %d spaces, %d mappings, %d objects, %d pins, "
				       "%d loads with a name, %d steps, %d conditions",
			      SPACES, MAPPINGS, OBJECTS, PINS, VALUES, STEPS, CONDITIONS);
	for (size_t i = 0; i < s->nsteps; i++)
		p->has_huge |= step_is_about_huge(&s->steps[i]);
	p->plan->pool_pages = s->pool_pages == SCENARIO_POOL ?
				      EXPLORED_POOL :
				      plan_bytes(s->pool_pages * SCENARIO_PAGE) / EXPLORED_PAGE;
	if (p->plan->pool_pages > EXPLORED_POOL_MOST)
		return refuse(p, NULL, "a pool of more than %u pages", EXPLORED_POOL_MOST);
	return true;
}

static char *line_of(const struct scenario *s, const struct step *step)
{
	char *text = NULL;
	size_t length = 0;
	FILE *f = open_memstream(&text, &length);

	if (!f)
		return must_copy("", 0);
	step_print(s, step, f);
	fclose(f);
	return text ? text : must_copy("", 0);
}

static bool plan_steps(struct planner *p)
{
	struct plan *plan = p->plan;
	const struct scenario *s = plan->scenario;

	for (size_t i = 0; i < s->nsteps; i++) {
		if (!scale_step(p, &plan->steps[i], &s->steps[i]) || !place_step(p, i))
			return false;
		plan->lines[i] = line_of(s, &s->steps[i]);
		note_users(p, &s->steps[i]);
	}
	return true;
}

bool plan_make(struct plan *plan, const struct scenario *scenario, enum design_id design, struct refusal *refusal)
{
	struct planner p = { .plan = plan, .refusal = refusal, .next_page = FIRST_PAGE };

	memset(plan, 0, sizeof(*plan));
	memset(refusal, 0, sizeof(*refusal));
	plan->scenario = scenario;
	plan->design = design;
	if (is_small(&p) && plan_steps(&p) && check_conditions(&p) && hand_spaces(&p) && hand_pins(&p) &&
	    check_objects(&p) && check_devices(&p) && check_halves(&p))
		return true;
	plan_free(plan);
	return false;
}

void plan_free(struct plan *plan)
{
	for (size_t i = 0; i < STEPS; i++) {
		free(plan->steps[i].bytes);
		free(plan->lines[i]);
		plan->steps[i].bytes = NULL;
		plan->lines[i] = NULL;
	}
}

/*
 * condition.c - never and seen: what no order of the threads may show, and what
 * at least one must
 *
 *	condition  fact { and|or fact } [promise P...]     `and` binds tighter
 *	fact       [not] PIN | LOAD | MARK | SPACE       taken, carried out, reached, here
 *	           [not] page PAGE = page PAGE           PAGE is a place or a pin
 *	           [not] LOAD = LOAD
 *	           [not] PLACE huge
 *	           [not] PLACE|PIN|OBJECT|LOAD "bytes"
 *
 * Each fact is checked as an expectation behind the threads would be: what has
 * ended for certain by then can't be asked for.  Whether one is true is for the
 * explorer alone.
 */
#include <stdlib.h>

#include "memory.h"
#include "parser.h"

static const char *const condition_words[] = { "not", "page", "and", "or", "promise" };
#define CONDITION_WORDS (sizeof(condition_words) / sizeof(condition_words[0]))

static bool joint_is_here(const struct parser *p)
{
	return at_end(p) || is_here(p, "and") || is_here(p, "or") || is_here(p, "promise");
}

static bool capital_here(const struct parser *p)
{
	return token(p)->kind == TOKEN_WORD && token(p)->text[0] >= 'A' && token(p)->text[0] <= 'Z';
}

static bool named_here(const struct parser *p, char *const names[], int n)
{
	return token(p)->kind == TOKEN_WORD &&
	       word_index((const char *const *)names, n, token(p)->text, token(p)->length) >= 0;
}

/* ---- checks ------------------------------------------------------------- */

/* What would be wrong with an expectation of these bytes. */
static bool check_thing(struct parser *p, const struct thing *t, uint64_t length)
{
	struct step step = { .space = t->space, .child = -1, .mapping = t->mapping, .object = t->object, .pin = t->pin,
			     .stat = -1, .result = -1, .mark = -1, .offset = t->offset, .length = length,
			     .thread = STEP_AFTER };

	if (t->kind == THING_VALUE)
		return check_value(p, t->value, p->at_length, length);
	step.op = t->kind == THING_PLACE ? OP_EXPECT_BYTES : t->kind == THING_PIN ? OP_EXPECT_DEVICE : OP_EXPECT_OBJECT;
	return check_step(p, &step);
}

/* ---- things ------------------------------------------------------------- */

static bool parse_space_thing(struct parser *p, struct thing *t)
{
	t->kind = THING_SPACE;
	return parse_old_name(p, KIND_SPACE, &t->space);
}

static bool parse_mapping_thing(struct parser *p, struct thing *t)
{
	t->kind = THING_PLACE;
	return parse_old_name(p, KIND_MAPPING, &t->mapping) && parse_offset(p, &t->offset);
}

static bool parse_object_thing(struct parser *p, struct thing *t)
{
	t->kind = THING_OBJECT;
	return parse_old_name(p, KIND_OBJECT, &t->object) && parse_offset(p, &t->offset);
}

static bool parse_pin_thing(struct parser *p, struct thing *t)
{
	t->kind = THING_PIN;
	return parse_old_name(p, KIND_PIN, &t->pin) && parse_offset(p, &t->offset);
}

static bool parse_value_thing(struct parser *p, struct thing *t)
{
	t->kind = THING_VALUE;
	return parse_old_name(p, KIND_VALUE, &t->value);
}

static bool parse_mark_thing(struct parser *p, struct thing *t)
{
	t->kind = THING_MARK;
	return parse_old_name(p, KIND_MARK, &t->mark);
}

static bool no_such_thing(struct parser *p)
{
	const struct scenario *s = p->scenario;
	const char *names[3 * SCENARIO_NAMES];
	int n = 0;

	if (token(p)->kind != TOKEN_WORD)
		return unexpected(p, "", "a fact: a pin, a load, a mark, a place, or page", NULL, 0);
	if (named_here(p, s->mappings, s->nmappings))
		return scan_error(&p->scan, here(p), "%s is a mapping; expected the name of a pin, a load or a mark",
				  quote(token(p)->text, token(p)->length).text);
	for (int i = 0; i < s->npins; i++)
		names[n++] = s->pins[i];
	for (int i = 0; i < s->nvalues; i++)
		names[n++] = s->values[i];
	for (int i = 0; i < s->nmarks; i++)
		names[n++] = s->marks[i];
	return unexpected(p, "there is no pin, load or mark", "the name of one", names, n);
}

static bool parse_small_thing(struct parser *p, struct thing *t)
{
	const struct scenario *s = p->scenario;

	if (named_here(p, s->values, s->nvalues))
		return parse_value_thing(p, t);
	if (named_here(p, s->marks, s->nmarks))
		return parse_mark_thing(p, t);
	if (named_here(p, s->pins, s->npins))
		return parse_pin_thing(p, t);
	return no_such_thing(p);
}

/* ---- facts -------------------------------------------------------------- */

static bool parse_page(struct parser *p, struct thing *t)
{
	if (!take(p, "page"))
		return unexpected(p, "unknown word", "page", condition_words, CONDITION_WORDS);
	if (capital_here(p) ? !parse_space_thing(p, t) || !parse_mapping_thing(p, t) : !parse_pin_thing(p, t))
		return false;
	return check_thing(p, t, 1);
}

static bool parse_same_page(struct parser *p, struct fact *fact)
{
	fact->kind = FACT_SAME_PAGE;
	if (!parse_page(p, &fact->left))
		return false;
	if (!take_kind(p, TOKEN_EQUAL))
		return unexpected(p, "unknown word", "= and a second page", NULL, 0);
	return parse_page(p, &fact->right);
}

static bool parse_same_bytes(struct parser *p, struct fact *fact)
{
	const uint64_t *bytes = p->known.value_bytes;

	fact->kind = FACT_SAME_BYTES;
	if (!parse_value_thing(p, &fact->right))
		return false;
	if (bytes[fact->left.value] != bytes[fact->right.value])
		return scan_error(&p->scan, p->at[KIND_VALUE], "a load of %d bytes and one of %d; expected the same length",
				  (int)bytes[fact->left.value], (int)bytes[fact->right.value]);
	return true;
}

static bool parse_contents(struct parser *p, struct fact *fact)
{
	struct step step = { .bytes = NULL };

	fact->kind = FACT_BYTES;
	if (!parse_bytes(p, &step)) {
		free(step.bytes);
		return false;
	}
	fact->bytes = step.bytes;
	fact->length = step.length;
	if (fact->length > SCENARIO_VALUE_MOST)
		return scan_error(&p->scan, p->at_length, "a fact about %llu bytes; expected at most %u",
				  (unsigned long long)fact->length, SCENARIO_VALUE_MOST);
	return check_thing(p, &fact->left, fact->length);
}

static bool parse_place_fact(struct parser *p, struct fact *fact)
{
	if (!take(p, "huge"))
		return parse_contents(p, fact);
	fact->kind = FACT_HUGE;
	return check_thing(p, &fact->left, 1);
}

/* A pin, a load or a mark: that it was done, or what is in it. */
static bool parse_small_fact(struct parser *p, struct fact *fact)
{
	if (!parse_small_thing(p, &fact->left))
		return false;
	if (fact->left.kind == THING_VALUE && take_kind(p, TOKEN_EQUAL))
		return parse_same_bytes(p, fact);
	if (fact->left.kind != THING_MARK && (bytes_are_here(p) || fact->left.offset))
		return parse_contents(p, fact);
	return true;
}

static bool parse_fact(struct parser *p, struct fact *fact)
{
	const struct scenario *s = p->scenario;

	fact->negated = take(p, "not");
	fact->kind = FACT_DONE;
	if (is_here(p, "page"))
		return parse_same_page(p, fact);
	if (!capital_here(p))
		return parse_small_fact(p, fact);
	if (named_here(p, s->objects, s->nobjects))
		return parse_object_thing(p, &fact->left) && parse_contents(p, fact);
	if (!parse_space_thing(p, &fact->left))
		return false;
	return joint_is_here(p) || (parse_mapping_thing(p, &fact->left) && parse_place_fact(p, fact));
}

/* ---- the line ----------------------------------------------------------- */

static struct fact *add_fact(struct condition *c, unsigned alternative)
{
	const struct thing none = { THING_NONE, -1, -1, -1, -1, -1, -1, 0 };
	struct fact *fact;

	c->facts = must_alloc(c->facts, (c->nfacts + 1) * sizeof(*c->facts));
	fact = &c->facts[c->nfacts++];
	*fact = (struct fact){ .alternative = alternative, .left = none, .right = none };
	return fact;
}

bool parse_condition(struct parser *p, struct condition *c)
{
	unsigned alternative = 0;

	for (;;) {
		if (!parse_fact(p, add_fact(c, alternative)))
			return false;
		if (take(p, "or"))
			alternative++;
		else if (!take(p, "and"))
			break;
	}
	if (take(p, "promise"))
		return parse_promises(p, &c->promises);
	return at_end(p) ||
	       unexpected(p, "unknown word", "and, or, promise, or the end of the line", condition_words, CONDITION_WORDS);
}

/*
 * condition.c - never and seen: what no order of the threads may show, and what
 * at least one must
 *
 *	condition  fact { and|or fact }
 *	fact       [not] PIN                   the pin was taken
 *	           [not] page PAGE = page PAGE  PAGE is a place or a pin
 *	           [not] PLACE|PIN|OBJECT "bytes"
 *
 * Only the explorer can judge one.  Until it does, a condition is checked here
 * word for word and kept as canonical text.
 */
#include <stdlib.h>

#include "memory.h"
#include "parser.h"
#include "print.h"

static const char *const condition_words[] = { "not", "page", "and", "or" };

static bool capital_here(const struct parser *p)
{
	return token(p)->kind == TOKEN_WORD && token(p)->text[0] >= 'A' && token(p)->text[0] <= 'Z';
}

/* A place, or with a small letter a pin. */
static bool parse_place_or_pin(struct parser *p, FILE *text, struct step *step)
{
	if (capital_here(p)) {
		if (!parse_place(p, step))
			return false;
		fprintf(text, "%s %s", p->scenario->spaces[step->space], p->scenario->mappings[step->mapping]);
	} else {
		if (!parse_old_name(p, KIND_PIN, &step->pin) || !parse_offset(p, &step->offset))
			return false;
		fputs(p->scenario->pins[step->pin], text);
	}
	print_offset(step->offset, text);
	return true;
}

static bool parse_page(struct parser *p, FILE *text)
{
	struct step step = { .pin = -1 };

	if (!take(p, "page"))
		return unexpected(p, "unknown word", "page", condition_words, 4);
	fputs("page ", text);
	return parse_place_or_pin(p, text, &step);
}

static bool object_here(struct parser *p)
{
	const struct scenario *s = p->scenario;

	return capital_here(p) && word_index((const char *const *)s->objects, s->nobjects, token(p)->text,
					     token(p)->length) >= 0;
}

static bool parse_contents(struct parser *p, FILE *text)
{
	struct step step = { .pin = -1 };
	bool ok;

	if (object_here(p)) {
		if (!parse_old_name(p, KIND_OBJECT, &step.object) || !parse_offset(p, &step.offset))
			return false;
		fputs(p->scenario->objects[step.object], text);
		print_offset(step.offset, text);
	} else if (!parse_place_or_pin(p, text, &step)) {
		return false;
	}
	if (step.pin >= 0 && !bytes_are_here(p))
		return true;	/* the pin was taken */
	ok = parse_bytes(p, &step);
	if (ok) {
		fputc(' ', text);
		print_bytes(step.bytes, step.length, text);
	}
	free(step.bytes);
	return ok;
}

static bool parse_fact(struct parser *p, FILE *text)
{
	if (take(p, "not"))
		fputs("not ", text);
	if (!is_here(p, "page"))
		return parse_contents(p, text);
	if (!parse_page(p, text))
		return false;
	if (!take_kind(p, TOKEN_EQUAL))
		return unexpected(p, "unknown word", "= and a second page", NULL, 0);
	fputs(" = ", text);
	return parse_page(p, text);
}

bool parse_condition(struct parser *p, FILE *text)
{
	for (;;) {
		if (!parse_fact(p, text))
			return false;
		if (at_end(p))
			return true;
		if (is_here(p, "and"))
			fputs(" and ", text);
		else if (is_here(p, "or"))
			fputs(" or ", text);
		else
			return unexpected(p, "unknown word", "and, or, or the end of the line", condition_words, 4);
		p->next++;
	}
}

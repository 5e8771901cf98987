/*
 * fact.c - conditions as data: their truth, their text, their memory
 *
 * What a fact means is the business of whoever holds the pages; here stands only
 * how facts make a condition, and the one way to write each.
 */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "print.h"

bool condition_is_true(const struct condition *c, bool (*holds)(const struct fact *, void *context), void *context)
{
	bool all = c->nfacts > 0;

	for (size_t i = 0; i < c->nfacts; i++) {
		const struct fact *fact = &c->facts[i];

		if (i && fact->alternative != fact[-1].alternative) {
			if (all)
				return true;
			all = true;
		}
		all = all && holds(fact, context) != fact->negated;
	}
	return all;
}

/* ---- as text ------------------------------------------------------------ */

static void print_thing(const struct scenario *s, const struct thing *t, FILE *f)
{
	switch (t->kind) {
	case THING_PLACE:
		fprintf(f, "%s %s", print_name(s->spaces, s->nspaces, t->space),
			print_name(s->mappings, s->nmappings, t->mapping));
		break;
	case THING_PIN:
		fputs(print_name(s->pins, s->npins, t->pin), f);
		break;
	case THING_OBJECT:
		fputs(print_name(s->objects, s->nobjects, t->object), f);
		break;
	case THING_SPACE:
		fputs(print_name(s->spaces, s->nspaces, t->space), f);
		break;
	case THING_VALUE:
		fputs(print_name(s->values, s->nvalues, t->value), f);
		break;
	case THING_MARK:
		fputs(print_name(s->marks, s->nmarks, t->mark), f);
		break;
	default:
		fputc('?', f);
		break;
	}
	print_offset(t->offset, f);
}

static void print_fact(const struct scenario *s, const struct fact *fact, FILE *f)
{
	const char *page = fact->kind == FACT_SAME_PAGE ? "page " : "";

	fprintf(f, "%s%s", fact->negated ? "not " : "", page);
	print_thing(s, &fact->left, f);
	if (fact->kind == FACT_SAME_PAGE || fact->kind == FACT_SAME_BYTES) {
		fprintf(f, " = %s", page);
		print_thing(s, &fact->right, f);
	} else if (fact->kind == FACT_HUGE) {
		fputs(" huge", f);
	} else if (fact->kind == FACT_BYTES) {
		fputc(' ', f);
		print_bytes(fact->bytes, fact->length, f);
	}
}

static char *text_of(const struct scenario *s, const struct condition *c)
{
	char *text = NULL;
	size_t length;
	FILE *f = open_memstream(&text, &length);

	for (size_t i = 0; f && i < c->nfacts; i++) {
		if (i)
			fputs(c->facts[i].alternative == c->facts[i - 1].alternative ? " and " : " or ", f);
		print_fact(s, &c->facts[i], f);
	}
	if (f && !fclose(f))
		return text;
	return must_alloc(text, 0);	/* ends the program: there is no memory */
}

/* ---- memory ------------------------------------------------------------- */

void condition_free(struct condition *c)
{
	for (size_t i = 0; i < c->nfacts; i++)
		free(c->facts[i].bytes);
	free(c->facts);
	free(c->text);
}

void scenario_add_condition(struct scenario *s, const struct condition *condition)
{
	struct condition *mine;

	s->conditions = must_alloc(s->conditions, (s->nconditions + 1) * sizeof(*s->conditions));
	mine = &s->conditions[s->nconditions++];
	*mine = *condition;
	mine->facts = must_alloc(NULL, mine->nfacts * sizeof(*mine->facts));
	for (size_t i = 0; i < mine->nfacts; i++) {
		struct fact *fact = &mine->facts[i];

		*fact = condition->facts[i];
		if (fact->bytes)
			fact->bytes = memcpy(must_alloc(NULL, fact->length), condition->facts[i].bytes, fact->length);
	}
	mine->text = text_of(s, mine);
}

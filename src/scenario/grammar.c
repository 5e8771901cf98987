/*
 * grammar.c - what the lines of a scenario are made of
 *
 * Names, numbers, places, sizes and bytes, each with the message that a reader
 * needs where one is wrong.  Looks at tokens in order and never goes back.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "parser.h"

const struct token *token(const struct parser *p)
{
	return &p->scan.tokens[p->next];
}

struct position here(const struct parser *p)
{
	return (struct position){ p->scan.line, token(p)->column };
}

bool at_end(const struct parser *p)
{
	return token(p)->kind == TOKEN_END;
}

bool is_here(const struct parser *p, const char *word)
{
	const struct token *t = token(p);

	return t->kind == TOKEN_WORD && t->length == strlen(word) && !memcmp(t->text, word, t->length);
}

bool take(struct parser *p, const char *word)
{
	if (!is_here(p, word))
		return false;
	p->next++;
	return true;
}

bool take_kind(struct parser *p, enum token_kind kind)
{
	if (token(p)->kind != kind)
		return false;
	p->next++;
	return true;
}

/* "4096 bytes", as people say it: a size is said the other way round. */
static bool bytes_behind_number(const struct parser *p)
{
	const struct token *before = p->next > 1 ? token(p) - 1 : NULL;
	bool whole = before && before[-1].kind == TOKEN_WORD && before[-1].length == 5 &&
		     !memcmp(before[-1].text, "bytes", 5);	/* "bytes 8 bytes": that size was said well */

	return before && !whole && is_here(p, "bytes") && before->kind == TOKEN_WORD && isdigit((unsigned char)before->text[0]);
}

bool unexpected(struct parser *p, const char *what, const char *expected, const char *const *words, int count)
{
	const struct token *t = token(p);
	const char *nearest;

	if (t->kind == TOKEN_END)
		return scan_error(&p->scan, here(p), "the line ends too early; expected %s", expected);
	if (t->kind != TOKEN_WORD)
		return scan_error(&p->scan, here(p), "a stray %s; expected %s",
				  t->kind == TOKEN_STRING ? "string" : t->kind == TOKEN_PLUS ? "+" : "=", expected);
	if (bytes_behind_number(p))
		return scan_error(&p->scan, here(p), "\"bytes\" behind the number; expected \"bytes %.*s\", or a number of "
						     "pages alone",
				  (int)(t[-1].length < 20 ? t[-1].length : 20), t[-1].text);
	nearest = words ? word_nearest(words, count, t->text, t->length) : NULL;
	if (nearest && is_here(p, nearest))	/* a good word in the wrong place */
		nearest = NULL;
	return scan_error(&p->scan, here(p), "%s %s; expected %s%s%s%s", what, quote(t->text, t->length).text, expected,
			  nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

/* ---- numbers ------------------------------------------------------------ */

enum number { NUMBER_OK, NUMBER_NONE, NUMBER_BIG };

static enum number read_number(const char *text, size_t length, uint64_t *value)
{
	unsigned base = 10;
	bool big = false;

	if (length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
		length -= 2;
	}
	*value = 0;
	for (size_t i = 0; i < length; i++) {
		int c = tolower((unsigned char)text[i]);
		unsigned digit = isdigit(c) ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;

		if (digit >= base)
			return NUMBER_NONE;
		big |= *value > (UINT64_MAX - digit) / base;
		*value = *value * base + digit;
	}
	return !length ? NUMBER_NONE : big ? NUMBER_BIG : NUMBER_OK;
}

bool number_is_here(const struct parser *p)
{
	return token(p)->kind == TOKEN_WORD && isdigit((unsigned char)token(p)->text[0]);
}

static bool take_number(struct parser *p, const char *what, size_t length, uint64_t most, uint64_t *value)
{
	const struct token *t = token(p);
	enum number n = t->kind == TOKEN_WORD ? read_number(t->text, length, value) : NUMBER_NONE;

	if (n == NUMBER_NONE)
		return unexpected(p, "not a number:", what, NULL, 0);
	if (n == NUMBER_BIG || *value > most)
		return scan_error(&p->scan, here(p), "the number %s is too big; expected %s, at most %llu",
				  quote(t->text, length).text, what, (unsigned long long)most);
	p->next++;
	return true;
}

bool parse_number(struct parser *p, const char *what, uint64_t most, uint64_t *value)
{
	return take_number(p, what, token(p)->length, most, value);
}

static bool has_unit(const struct token *t, char unit)
{
	return t->kind == TOKEN_WORD && t->length > 1 && t->text[t->length - 1] == unit;
}

/* One number of an offset: bytes, with a p behind it pages, with an h huge pages. */
static bool parse_distance(struct parser *p, uint64_t *bytes)
{
	const struct token *t = token(p);
	bool pages = has_unit(t, 'p'), huge = has_unit(t, 'h');
	uint64_t unit = huge ? SCENARIO_HUGE : pages ? SCENARIO_PAGE : 1;
	uint64_t most = MOST_ABSURD * SCENARIO_PAGE / unit;

	if (!take_number(p, huge ? "huge pages" : pages ? "pages" : "bytes, or pages with a p", t->length - (pages || huge),
			 most, bytes))
		return false;
	*bytes *= unit;
	return true;
}

bool parse_offset(struct parser *p, uint64_t *offset)
{
	struct position at = here(p);

	*offset = 0;
	p->at_offset = at;
	while (take_kind(p, TOKEN_PLUS)) {
		uint64_t more;

		if (!parse_distance(p, &more))
			return false;
		*offset += more;
		if (*offset > MOST_ABSURD * SCENARIO_PAGE)
			return scan_error(&p->scan, at, "the offset is too big; expected at most %llu pages",
					  (unsigned long long)MOST_ABSURD);
	}
	return true;
}

bool size_is_here(const struct parser *p)
{
	return number_is_here(p) || is_here(p, "bytes");
}

bool size_error(struct parser *p, struct position at, const char *what)
{
	return scan_error(&p->scan, at, "a size of %s; expected 1 to %llu pages: addresses end at 2^47", what,
			  (unsigned long long)MOST_PAGES);
}

/* A size that is no size is refused with the step (check.c): a line that is to fail may ask for one. */
bool parse_size(struct parser *p, uint64_t *bytes)
{
	bool pages = !take(p, "bytes"), huge = pages && has_unit(token(p), 'h');
	const struct token *t = token(p);
	enum number n = t->kind == TOKEN_WORD ? read_number(t->text, t->length - huge, bytes) : NUMBER_NONE;
	uint64_t unit = huge ? SCENARIO_HUGE : pages ? SCENARIO_PAGE : 1;

	p->at_length = here(p);
	if (n == NUMBER_NONE)
		return unexpected(p, "not a number:", pages ? "a number of pages" : "a number of bytes", NULL, 0);
	if (n == NUMBER_BIG || *bytes > MOST_ABSURD * SCENARIO_PAGE / unit)
		return size_error(p, p->at_length, quote(t->text, t->length).text);
	*bytes *= unit;
	p->next++;
	return true;
}

bool parse_pages(struct parser *p, const char *what, uint64_t most, uint64_t *pages)
{
	struct position at = here(p);
	uint64_t unit = has_unit(token(p), 'h') ? SCENARIO_HUGE / SCENARIO_PAGE : 1;

	if (!take_number(p, what, token(p)->length - (unit > 1), most, pages))
		return false;
	*pages *= unit;
	return *pages <= most || scan_error(&p->scan, at, "%llu pages are too many; expected at most %llu",
					    (unsigned long long)*pages, (unsigned long long)most);
}

/* ---- names -------------------------------------------------------------- */

static const struct kind_facts {
	const char *noun, *expected_old, *expected_new;
	bool capital;
} kinds[KINDS] = {
	[KIND_SPACE] = { "space", "the name of a space, as A", "a name for the space, as A", true },
	[KIND_MAPPING] = { "mapping", "the name of a mapping, as buf", "a name for the mapping, as buf", false },
	[KIND_OBJECT] = { "object", "the name of an object, as F", "a name for the object, as F", true },
	[KIND_PIN] = { "pin", "the name of a pin, as dma", "a name for the pin, as dma", false },
	[KIND_VALUE] = { "load", "the name of a load, as r", "a name for the load, as r", false },
	[KIND_MARK] = { "mark", "the name of a mark, as done", "a name for the mark, as done", false },
};

const char *kind_noun(enum kind kind)
{
	return kinds[kind].noun;
}

static char **names_of(struct parser *p, enum kind kind, int **n)
{
	struct scenario *s = p->scenario;
	char **const names[KINDS] = { s->spaces, s->mappings, s->objects, s->pins, s->values, s->marks };
	int *const counts[KINDS] = { &s->nspaces, &s->nmappings, &s->nobjects, &s->npins, &s->nvalues, &s->nmarks };

	*n = counts[kind];
	return names[kind];
}

static int find_name(struct parser *p, enum kind kind, const struct token *t)
{
	int *n;
	char **names = names_of(p, kind, &n);

	return t->kind == TOKEN_WORD ? word_index((const char *const *)names, *n, t->text, t->length) : -1;
}

/* The name at hand is of another kind: say so. */
static bool other_kind(struct parser *p, enum kind kind, const char *expected)
{
	for (int k = 0; k < KINDS; k++)
		if (k != (int)kind && find_name(p, (enum kind)k, token(p)) >= 0) {
			scan_error(&p->scan, here(p), "%s is %s %s; expected %s",
				   quote(token(p)->text, token(p)->length).text, k == KIND_OBJECT ? "an" : "a",
				   kinds[k].noun, expected);
			return true;
		}
	return false;
}

bool parse_old_name(struct parser *p, enum kind kind, int *index)
{
	int *n;
	char **names = names_of(p, kind, &n);
	char what[32];

	p->at[kind] = here(p);
	*index = find_name(p, kind, token(p));
	if (*index >= 0) {
		p->next++;
		return true;
	}
	if (other_kind(p, kind, kinds[kind].expected_old))
		return false;
	snprintf(what, sizeof(what), "there is no %s", kinds[kind].noun);
	return unexpected(p, what, kinds[kind].expected_old, (const char *const *)names, *n);
}

static bool well_formed(const struct token *t, bool capital)
{
	unsigned char c = (unsigned char)t->text[0];

	if (!(capital ? isupper(c) : islower(c)))
		return false;
	return !memchr(t->text, '/', t->length);
}

bool parse_new_name(struct parser *p, enum kind kind, int *index)
{
	const struct token *t = token(p);
	const struct kind_facts *facts = &kinds[kind];
	char name[LONGEST_NAME + 1];
	int *n;
	char **names = names_of(p, kind, &n);

	p->at[kind] = here(p);
	if (t->kind != TOKEN_WORD)
		return unexpected(p, "", facts->expected_new, NULL, 0);
	if (!well_formed(t, facts->capital))
		return scan_error(&p->scan, here(p), "%s can't be the name of a %s; expected a %s letter first",
				  quote(t->text, t->length).text, facts->noun, facts->capital ? "capital" : "small");
	if (t->length > LONGEST_NAME)
		return scan_error(&p->scan, here(p), "a name of %zu letters; expected at most %d", t->length,
				  LONGEST_NAME);
	if (other_kind(p, kind, "a name that is not taken"))
		return false;
	if (kind == KIND_PIN && is_here(p, "inventory"))
		return scan_error(&p->scan, here(p), "inventory is a word behind expect; expected another name for the pin");
	if (kind == KIND_PIN && word_index(stat_names, stat_count, t->text, t->length) >= 0)
		return scan_error(&p->scan, here(p), "%s is a statistic; expected another name for the pin",
				  quote(t->text, t->length).text);
	memcpy(name, t->text, t->length);
	name[t->length] = '\0';
	*index = scenario_name(names, n, name);
	if (*index < 0)
		return scan_error(&p->scan, here(p), "too many %ss; expected at most %u names", facts->noun,
				  SCENARIO_NAMES);
	p->next++;
	return true;
}

bool parse_place(struct parser *p, struct step *step)
{
	return parse_old_name(p, KIND_SPACE, &step->space) && parse_old_name(p, KIND_MAPPING, &step->mapping) &&
	       parse_offset(p, &step->offset);
}

/* ---- bytes and promises ------------------------------------------------- */

bool bytes_are_here(const struct parser *p)
{
	return token(p)->kind == TOKEN_STRING || is_here(p, "zero");
}

bool parse_bytes(struct parser *p, struct step *step)
{
	const struct token *t = token(p);

	p->at_length = here(p);
	if (take(p, "zero")) {
		if (!parse_number(p, "a number of bytes", MOST_BYTES, &step->length))
			return false;
	} else if (t->kind == TOKEN_STRING) {
		step->length = string_decode(t, NULL);
		p->next++;
	} else {
		return unexpected(p, "not a string:", "\"bytes\" or zero N", NULL, 0);
	}
	if (!step->length)
		return scan_error(&p->scan, p->at_length, "no bytes at all; expected at least one");
	if (step->length > MOST_BYTES)
		return scan_error(&p->scan, p->at_length, "a string of %llu bytes; expected at most %u",
				  (unsigned long long)step->length, MOST_BYTES);
	step->bytes = must_alloc(NULL, step->length);
	memset(step->bytes, 0, step->length);
	if (t->kind == TOKEN_STRING)
		string_decode(t, step->bytes);
	return true;
}

bool parse_promises(struct parser *p, unsigned *promises)
{
	do {
		const struct token *t = token(p);
		int i = t->kind == TOKEN_WORD ? word_index(promise_names, PROMISES, t->text, t->length) : -1;

		if (i < 0)
			return unexpected(p, "there is no promise",
					  "coherent, isolated, symmetric, fast, backed, frugal or safe", promise_names,
					  PROMISES);
		*promises |= 1u << i;
		p->next++;
	} while (!at_end(p));
	return true;
}

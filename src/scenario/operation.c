/*
 * operation.c - one operation or expectation: its words in their order
 *
 * A table has the operations; each names the function that reads what follows.
 * Where the order of words carries no meaning, any order is taken.
 */
#include <string.h>

#include "parser.h"

/* Each of the words may come once. */
struct option {
	const char *word;
	unsigned set, excludes;
};

static bool take_option(struct parser *p, const struct option *options, unsigned *seen, bool *taken)
{
	*taken = false;
	for (const struct option *o = options; o->word; o++) {
		if (!is_here(p, o->word))
			continue;
		if (*seen & o->excludes)
			return scan_error(&p->scan, here(p), "\"%s\" does not go with what the line has said already",
					  o->word);
		*seen |= o->set;
		*taken = true;
		p->next++;
		return true;
	}
	return true;
}

static bool known_as(struct parser *p, char *names[], int n)
{
	return token(p)->kind == TOKEN_WORD &&
	       word_index((const char *const *)names, n, token(p)->text, token(p)->length) >= 0;
}

/* ---- objects ------------------------------------------------------------ */

static bool parse_object(struct parser *p, struct step *step)
{
	step->length = SCENARIO_PAGE;
	return parse_new_name(p, KIND_OBJECT, &step->object) && (!size_is_here(p) || parse_size(p, &step->length));
}

static bool parse_object_write(struct parser *p, struct step *step)
{
	return parse_old_name(p, KIND_OBJECT, &step->object) && parse_offset(p, &step->offset) && parse_bytes(p, step);
}

static bool parse_resize(struct parser *p, struct step *step)
{
	return parse_old_name(p, KIND_OBJECT, &step->object) && parse_size(p, &step->length);
}

/* ---- mappings ----------------------------------------------------------- */

enum { M_PRIVATE = 1, M_SHARED = 2, M_SEALED = 4, M_RW = 8, M_R = 16, M_NONE = 32, M_WHAT = 64, M_SIZE = 128, M_HUGE = 256 };
#define M_PROT (M_RW | M_R | M_NONE)

static const struct option map_options[] = {
	{ "private", M_PRIVATE, M_PRIVATE | M_SHARED }, { "shared", M_SHARED, M_PRIVATE | M_SHARED },
	{ "sealed", M_SEALED, M_SEALED },		{ "rw", M_RW, M_PROT },
	{ "r", M_R, M_PROT },				{ "none", M_NONE, M_PROT },
	{ "anon", M_WHAT, M_WHAT },			{ "huge", M_HUGE, M_HUGE },
	{ NULL, 0, 0 },
};
static const char *const map_words[] = { "anon", "private", "shared", "sealed", "huge", "rw", "r", "none", "bytes" };

static bool parse_map_what(struct parser *p, struct step *step, unsigned *seen)
{
	bool taken;

	if (size_is_here(p) && !(*seen & M_SIZE)) {
		*seen |= M_SIZE;
		return parse_size(p, &step->length);
	}
	if (!take_option(p, map_options, seen, &taken) || taken)
		return taken;
	if (!(*seen & M_WHAT) && token(p)->kind == TOKEN_WORD && token(p)->text[0] >= 'A' && token(p)->text[0] <= 'Z') {
		*seen |= M_WHAT;
		return parse_old_name(p, KIND_OBJECT, &step->object) && parse_offset(p, &step->object_offset);
	}
	return unexpected(p, "unknown word", "anon or an object, private or shared, sealed, huge, rw, r or none, or pages",
			  map_words, sizeof(map_words) / sizeof(map_words[0]));
}

static bool parse_map(struct parser *p, struct step *step)
{
	unsigned seen = 0;

	if (!parse_new_name(p, KIND_SPACE, &step->space) || !parse_new_name(p, KIND_MAPPING, &step->mapping))
		return false;
	while (!tail_is_here(p))
		if (!parse_map_what(p, step, &seen))
			return false;
	if (!(seen & M_WHAT))
		return scan_error(&p->scan, here(p), "the line does not say what to map; expected anon or an object");
	if (!(seen & (M_PRIVATE | M_SHARED)))
		return scan_error(&p->scan, here(p), "the line does not say which kind; expected private or shared");
	if (!(seen & M_PROT))
		return scan_error(&p->scan, here(p), "the line does not say for what; expected rw, r or none");
	step->prot = seen & M_RW ? PROT_R | PROT_W : seen & M_R ? PROT_R : 0;
	step->flags = (seen & M_SHARED ? MAP_SHARED_FLAG : 0u) | (seen & M_SEALED ? MAP_SEALED_FLAG : 0u) |
		      (seen & M_HUGE ? MAP_HUGE_FLAG : 0u);
	if (!(seen & M_SIZE))
		step->length = seen & M_HUGE ? SCENARIO_HUGE : SCENARIO_PAGE;
	return true;
}

/* unmap, discard and their kin: a place, and perhaps a size. */
static bool parse_range(struct parser *p, struct step *step)
{
	if (!parse_place(p, step))
		return false;
	if (!size_is_here(p))
		return true;
	if (!parse_size(p, &step->length))
		return false;
	return step->length || scan_error(&p->scan, p->at_length, "a range of no pages; expected at least 1");
}

static const struct option protect_options[] = {
	{ "rw", M_RW, M_PROT }, { "r", M_R, M_PROT }, { "none", M_NONE, M_PROT }, { "seal", M_SEALED, M_SEALED },
	{ NULL, 0, 0 },
};
static const char *const protect_words[] = { "rw", "r", "none", "seal" };

static bool parse_protect(struct parser *p, struct step *step)
{
	unsigned seen = 0;

	if (!parse_range(p, step))
		return false;
	while (!tail_is_here(p)) {
		bool taken;

		if (size_is_here(p) && !step->length) {
			if (!parse_size(p, &step->length))
				return false;
			continue;
		}
		if (!take_option(p, protect_options, &seen, &taken))
			return false;
		if (!taken)
			return unexpected(p, "unknown protection", "rw, r, none or seal", protect_words, 4);
	}
	if (!seen)
		return unexpected(p, "unknown protection", "rw, r, none or seal", protect_words, 4);
	step->prot = seen & M_RW ? PROT_R | PROT_W : seen & M_NONE ? 0 : PROT_R;
	step->prot |= seen & M_SEALED ? PROT_SEAL_FLAG : 0u;
	return true;
}

static bool parse_remap(struct parser *p, struct step *step)
{
	if (!parse_place(p, step))
		return false;
	if (step->offset)
		return scan_error(&p->scan, p->at_offset, "an offset; expected a whole mapping: it moves as one");
	return step->flags == REMAP_MOVE || parse_size(p, &step->length);
}

/* ---- access ------------------------------------------------------------- */

static bool parse_store(struct parser *p, struct step *step)
{
	return parse_place(p, step) && parse_bytes(p, step);
}

static bool parse_fill(struct parser *p, struct step *step)
{
	if (!parse_place(p, step) || !parse_number(p, "the byte to fill with", 255, &step->value))
		return false;
	p->at_length = here(p);
	if (!parse_number(p, "a number of bytes", MOST_FILL, &step->length))
		return false;
	return step->length || scan_error(&p->scan, p->at_length, "no bytes at all; expected at least one");
}

/* What a named load finds is kept for the conditions. */
static bool parse_value(struct parser *p, struct step *step, bool said)
{
	if (!said)
		step->length = SCENARIO_VALUE;
	if (step->length > SCENARIO_VALUE_MOST)
		return scan_error(&p->scan, p->at_length, "a load of %llu bytes with a name; expected at most %u",
				  (unsigned long long)step->length, SCENARIO_VALUE_MOST);
	return parse_new_name(p, KIND_VALUE, &step->result);
}

static bool parse_load(struct parser *p, struct step *step)
{
	bool said;

	step->length = 1;
	if (!parse_place(p, step))
		return false;
	if (bytes_are_here(p))
		return scan_error(&p->scan, here(p), "a load compares nothing; expected a number of bytes, or \"expect\" "
						     "in place of \"load\"");
	p->at_length = here(p);
	said = number_is_here(p);
	if (said && !parse_number(p, "a number of bytes", MOST_BYTES, &step->length))
		return false;
	if (!step->length)
		return scan_error(&p->scan, p->at_length, "no bytes at all; expected at least one");
	return !take(p, "as") || parse_value(p, step, said);
}

static bool parse_add(struct parser *p, struct step *step)
{
	step->length = 8;
	return parse_place(p, step) && parse_number(p, "the number to add", UINT64_MAX, &step->value);
}

static bool parse_operands(struct parser *p, struct step *step)
{
	if (step->flags == ATOMIC_CAS && !parse_number(p, "the number to find", UINT64_MAX, &step->compare))
		return false;
	return step->flags == ATOMIC_LOAD || parse_number(p, "a number", UINT64_MAX, &step->value);
}

static bool parse_width(struct parser *p, struct step *step)
{
	step->length = 8;
	if (!take(p, "bytes"))
		return true;
	p->at_length = here(p);
	if (!parse_number(p, "4 or 8 bytes", 8, &step->length))
		return false;
	if (step->length != 4 && step->length != 8)
		return scan_error(&p->scan, p->at_length, "an atomic operation on %d bytes; expected 4 or 8",
				  (int)step->length);
	if (step->length == 4 && (step->value > UINT32_MAX || step->compare > UINT32_MAX))
		return scan_error(&p->scan, p->at_length, "a number that 4 bytes can't hold; expected a smaller one, or 8");
	return true;
}

static bool parse_atomic(struct parser *p, struct step *step)
{
	int operation;

	if (!parse_place(p, step))
		return false;
	operation = token(p)->kind == TOKEN_WORD ? word_index(atomic_words, ATOMICS, token(p)->text, token(p)->length) : -1;
	if (operation < 0)
		return unexpected(p, "unknown operation", "add, and, or, xor, swap, cas, load or store", atomic_words,
				  ATOMICS);
	p->next++;
	step->flags = (unsigned)operation;
	return parse_operands(p, step) && parse_width(p, step) &&
	       (!take(p, "as") || parse_new_name(p, KIND_VALUE, &step->result));
}

/* ---- pins --------------------------------------------------------------- */

enum { P_READ = 1, P_WRITE = 2, P_LONG = 4, P_SHORT = 8, P_FAST = 16, P_GET = 32 };

static const struct option pin_options[] = {
	{ "read", P_READ, P_READ | P_WRITE | P_GET }, { "write", P_WRITE, P_READ | P_WRITE | P_GET },
	{ "long", P_LONG, P_LONG | P_SHORT | P_GET }, { "short", P_SHORT, P_LONG | P_SHORT | P_GET },
	{ "fast-only", P_FAST, P_FAST | P_GET },      { NULL, 0, 0 },
};
static const char *const pin_words[] = { "read", "write", "long", "short", "fast-only", "bytes", "as" };

static bool parse_pin_word(struct parser *p, struct step *step, unsigned *seen)
{
	bool taken;

	if (size_is_here(p) && !step->length) {
		if (!parse_size(p, &step->length))
			return false;
		return step->length || scan_error(&p->scan, p->at_length, "a pin of nothing; expected at least 1");
	}
	if (step->pin < 0 && take(p, "as"))
		return parse_new_name(p, KIND_PIN, &step->pin);
	if (!take_option(p, pin_options, seen, &taken) || taken)
		return taken;
	return unexpected(p, "unknown word", "read or write, long or short, fast-only, bytes N, as NAME", pin_words,
			  sizeof(pin_words) / sizeof(pin_words[0]));
}

static bool parse_pin(struct parser *p, struct step *step)
{
	unsigned seen = step->flags & PIN_GET ? P_GET : 0u;

	if (!parse_place(p, step))
		return false;
	while (!tail_is_here(p) || is_here(p, "as"))
		if (!parse_pin_word(p, step, &seen))
			return false;
	if (!(seen & (P_READ | P_WRITE | P_GET)))
		return scan_error(&p->scan, here(p), "the pin does not say for what; expected read or write");
	if (step->pin < 0)
		return scan_error(&p->scan, here(p), "the pin has no name; expected as NAME");
	step->flags = (seen & P_WRITE ? PIN_WRITE : 0u) | (seen & P_LONG ? PIN_LONG : 0u) |
		      (seen & P_FAST ? PIN_FAST : 0u) | (seen & P_GET ? PIN_GET : 0u);
	return true;
}

static const char *const unpin_words[] = { "dirty", "bytes" };

static bool parse_unpin(struct parser *p, struct step *step)
{
	if (!parse_old_name(p, KIND_PIN, &step->pin) || !parse_offset(p, &step->offset))
		return false;
	while (!tail_is_here(p)) {
		if (!step->length && size_is_here(p)) {
			if (!parse_size(p, &step->length))
				return false;
			if (!step->length)
				return scan_error(&p->scan, p->at_length, "a part of nothing; expected at least 1");
		} else if (!step->flags && take(p, "dirty")) {
			step->flags = UNPIN_DIRTY;
		} else {
			return unexpected(p, "unknown word", "dirty, or the pages of a part", unpin_words, 2);
		}
	}
	return true;
}

static bool parse_device(struct parser *p, struct step *step)
{
	return parse_old_name(p, KIND_PIN, &step->pin) && parse_offset(p, &step->offset) && parse_bytes(p, step);
}

/* ---- spaces and statistics ---------------------------------------------- */

static bool parse_space(struct parser *p, struct step *step)
{
	return parse_new_name(p, KIND_SPACE, &step->space);
}

static bool parse_fork(struct parser *p, struct step *step)
{
	static const char *const words[] = { "copy", "refuse", "hole", "report" };

	if (!parse_old_name(p, KIND_SPACE, &step->space))
		return false;
	p->at_child = here(p);
	{
		struct position parent = p->at[KIND_SPACE];

		if (!parse_new_name(p, KIND_SPACE, &step->child))
			return false;
		p->at[KIND_SPACE] = parent;
	}
	if (take(p, "refuse"))
		step->flags = FORK_REFUSE;
	else if (take(p, "hole"))
		step->flags = FORK_HOLE;
	else
		take(p, "copy");
	step->value = take(p, "report");
	return tail_is_here(p) || unexpected(p, "unknown word", "copy, refuse or hole, or report", words, 4);
}

static bool parse_exit(struct parser *p, struct step *step)
{
	return parse_old_name(p, KIND_SPACE, &step->space);
}

static bool parse_destroy(struct parser *p, struct step *step)
{
	if (known_as(p, p->scenario->objects, p->scenario->nobjects))
		return parse_old_name(p, KIND_OBJECT, &step->object);
	return parse_old_name(p, KIND_SPACE, &step->space);
}

static bool parse_listen(struct parser *p, struct step *step)
{
	struct position at = here(p);

	if (!parse_number(p, "the number of a handler", SCENARIO_LISTENERS, &step->value))
		return false;
	return step->value || scan_error(&p->scan, at, "handler 0; expected 1 to %d", SCENARIO_LISTENERS);
}

static bool parse_count(struct parser *p, struct step *step)
{
	(void)p;
	(void)step;
	return true;
}

/* ---- expectations ------------------------------------------------------- */

static bool parse_expect_stat(struct parser *p, struct step *step)
{
	step->op = OP_EXPECT_STAT;
	step->stat = word_index(stat_names, stat_count, token(p)->text, token(p)->length);
	if (step->stat < 0)
		return unexpected(p, "there is no statistic", "a member of struct hf_stats, as copies", stat_names,
				  stat_count);
	p->next++;
	return parse_number(p, "a number", UINT64_MAX, &step->value);
}

/* Which pins there are is known of a space; how many, where nobody takes or ends one meanwhile. */
static bool parse_expect_inventory(struct parser *p, struct step *step)
{
	step->op = OP_EXPECT_INVENTORY;
	p->next++;
	if (!parse_old_name(p, KIND_SPACE, &step->space))
		return false;
	step->flags = number_is_here(p) ? INVENTORY_COUNTED : 0u;
	return !step->flags || parse_number(p, "a number of pins", UINT64_MAX, &step->value);
}

static bool parse_expect_pin(struct parser *p, struct step *step)
{
	static const char *const words[] = { "fast", "slow", "zero" };

	if (!parse_old_name(p, KIND_PIN, &step->pin) || !parse_offset(p, &step->offset))
		return false;
	if (is_here(p, "fast") || is_here(p, "slow")) {
		step->op = OP_EXPECT_PATH;
		step->value = is_here(p, "fast");
		if (step->offset)
			return scan_error(&p->scan, p->at_offset, "an offset; expected a whole pin before \"fast\" or "
								  "\"slow\"");
		p->next++;
		return true;
	}
	if (!bytes_are_here(p))
		return unexpected(p, "unknown word", "\"bytes\", zero N, fast or slow", words, 3);
	step->op = OP_EXPECT_DEVICE;
	return parse_bytes(p, step);
}

static bool parse_expect_place(struct parser *p, struct step *step)
{
	static const char *const words[] = { "huge", "small", "zero" };

	if (!parse_place(p, step))
		return false;
	step->op = OP_EXPECT_HUGE;
	step->value = is_here(p, "huge");
	if (take(p, "huge") || take(p, "small"))
		return true;
	step->op = OP_EXPECT_BYTES;
	step->value = 0;
	if (!bytes_are_here(p) && token(p)->kind == TOKEN_WORD)
		return unexpected(p, "unknown word", "\"bytes\", zero N, huge or small", words, 3);
	return parse_bytes(p, step);
}

/* A word that is no name, before a number: they meant a statistic. */
static bool stat_is_here(struct parser *p)
{
	const struct token *t = token(p);

	if (t->kind != TOKEN_WORD || known_as(p, p->scenario->pins, p->scenario->npins))
		return false;
	return word_index(stat_names, stat_count, t->text, t->length) >= 0 ||
	       (t[1].kind == TOKEN_WORD && t[1].text[0] >= '0' && t[1].text[0] <= '9');
}

static bool parse_expect(struct parser *p, struct step *step)
{
	const struct token *t = token(p);
	bool capital = t->kind == TOKEN_WORD && t->text[0] >= 'A' && t->text[0] <= 'Z';

	if (t->kind != TOKEN_WORD)
		return unexpected(p, "", "a place, a pin, an object or a statistic", NULL, 0);
	if (is_here(p, "inventory"))
		return parse_expect_inventory(p, step);
	if (!capital)
		return stat_is_here(p) ? parse_expect_stat(p, step) : parse_expect_pin(p, step);
	if (known_as(p, p->scenario->objects, p->scenario->nobjects)) {
		step->op = OP_EXPECT_OBJECT;
		return parse_object_write(p, step);
	}
	return parse_expect_place(p, step);
}

/* ---- the table, and the line as a whole --------------------------------- */

static const struct verb {
	const char *word;
	enum op op;
	unsigned flags;
	bool (*parse)(struct parser *, struct step *);
} verbs[] = {
	{ "object", OP_OBJECT, 0, parse_object },
	{ "write", OP_OBJECT_WRITE, 0, parse_object_write },
	{ "resize", OP_OBJECT_RESIZE, 0, parse_resize },
	{ "map", OP_MAP, 0, parse_map },
	{ "unmap", OP_UNMAP, 0, parse_range },
	{ "protect", OP_PROTECT, 0, parse_protect },
	{ "remap", OP_REMAP, REMAP_RESIZE, parse_remap },
	{ "move", OP_REMAP, REMAP_MOVE, parse_remap },
	{ "discard", OP_ADVISE, ADVICE_DISCARD, parse_range },
	{ "dontfork", OP_ADVISE, ADVICE_DONTFORK, parse_range },
	{ "dofork", OP_ADVISE, ADVICE_DOFORK, parse_range },
	{ "wipeonfork", OP_ADVISE, ADVICE_WIPEONFORK, parse_range },
	{ "keeponfork", OP_ADVISE, ADVICE_KEEPONFORK, parse_range },
	{ "huge", OP_ADVISE, ADVICE_HUGE, parse_range },
	{ "nohuge", OP_ADVISE, ADVICE_NOHUGE, parse_range },
	{ "collapse", OP_COLLAPSE, 0, parse_range },
	{ "store", OP_STORE, 0, parse_store },
	{ "fill", OP_FILL, 0, parse_fill },
	{ "load", OP_LOAD, 0, parse_load },
	{ "add", OP_ATOMIC, ATOMIC_ADD, parse_add },
	{ "atomic", OP_ATOMIC, 0, parse_atomic },
	{ "pin", OP_PIN, 0, parse_pin },
	{ "get", OP_PIN, PIN_GET, parse_pin },
	{ "unpin", OP_UNPIN, 0, parse_unpin },
	{ "device", OP_DEVICE_WRITE, 0, parse_device },
	{ "space", OP_SPACE, 0, parse_space },
	{ "fork", OP_FORK, 0, parse_fork },
	{ "exit", OP_EXIT, 0, parse_exit },
	{ "destroy", OP_DESTROY, 0, parse_destroy },
	{ "listen", OP_LISTEN, 0, parse_listen },
	{ "count", OP_COUNT, 0, parse_count },
	{ "expect", OP_EXPECT_BYTES, 0, parse_expect },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* Words that may begin a line without being an operation: for "did you mean". */
static const char *const line_words[] = { "scenario", "why", "promise", "broken", "check", "pool", "grace",
					   "thread", "end", "never", "seen" };
#define LINE_WORDS (sizeof(line_words) / sizeof(line_words[0]))

static const struct verb *find_verb(struct parser *p)
{
	const char *all[VERBS + LINE_WORDS];

	for (size_t i = 0; i < VERBS; i++) {
		if (is_here(p, verbs[i].word))
			return &verbs[i];
		all[i] = verbs[i].word;
	}
	memcpy(all + VERBS, line_words, sizeof(line_words));
	unexpected(p, "unknown word", "an operation (map, store, pin, fork, ...) or expect", all, VERBS + LINE_WORDS);
	return NULL;
}

bool parse_operation(struct parser *p, struct step *step)
{
	const struct verb *verb = find_verb(p);

	if (!verb)
		return false;
	step->op = verb->op;
	step->flags = verb->flags;
	step->at = here(p);
	step->thread = p->thread;
	p->next++;
	return verb->parse(p, step) && parse_tail(p, step);
}

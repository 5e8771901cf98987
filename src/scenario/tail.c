/*
 * tail.c - what may stand behind an operation or an expectation
 *
 *	fails ERROR              it must fail so
 *	may fail ERROR...        it may, and may succeed as well
 *	as NAME                  a mark: reached when the operation has succeeded
 *	promise PROMISE...       what breaks when it is not as expected
 *
 * In this order, each at most once.  A pin, a load and an atomic operation take `as`
 * as a word of their own (operation.c): their names say by themselves whether they
 * were done.
 */
#include "parser.h"

bool tail_is_here(const struct parser *p)
{
	return at_end(p) || is_here(p, "fails") || is_here(p, "may") || is_here(p, "as") || is_here(p, "promise");
}

static bool is_expectation(const struct step *step)
{
	return step->op >= OP_EXPECT_BYTES;
}

static bool parse_error(struct parser *p, int *error)
{
	const struct token *t = token(p);

	*error = t->kind == TOKEN_WORD ? error_number(t->text, t->length) : 0;
	if (!*error)
		return unexpected(p, "unknown error", "the name of an error, as EBUSY", error_words,
				  word_count(error_words));
	p->next++;
	return true;
}

static bool parse_fails(struct parser *p, struct step *step)
{
	if (is_expectation(step))
		return scan_error(&p->scan, here(p), "an expectation can't fail so; expected a load with \"fails\"");
	p->next++;
	if (step->result >= 0)
		return scan_error(&p->scan, p->at[KIND_VALUE],
				  "a load that fails finds nothing; expected no name, or \"may fail\"");
	return parse_error(p, &step->fails);
}

static bool parse_may_fail(struct parser *p, struct step *step)
{
	int error;

	if (is_expectation(step))
		return scan_error(&p->scan, here(p), "an expectation can't fail so; expected a load with \"may fail\"");
	if (step->fails)
		return scan_error(&p->scan, here(p), "\"may fail\" does not go with \"fails\"; expected one of them");
	p->next++;
	if (!take(p, "fail"))
		return unexpected(p, "unknown word", "\"fail\"", (const char *const[]){ "fail" }, 1);
	do {
		if (!parse_error(p, &error))
			return false;
		step->may_fail |= may_fail_bit(error);
	} while (!tail_is_here(p));
	return true;
}

/* What `add` says, also where it is said with `atomic`. */
static bool is_plain_add(const struct step *step)
{
	return step->flags == ATOMIC_ADD && step->length == 8 && step->result < 0;
}

static bool parse_mark(struct parser *p, struct step *step)
{
	if (is_expectation(step))
		return scan_error(&p->scan, here(p), "a mark on an expectation; expected it on an operation");
	if (step->op == OP_PIN)
		return scan_error(&p->scan, here(p), "a mark on a pin, whose own name says that it was taken; expected none");
	if (step->op == OP_LOAD)
		return scan_error(&p->scan, here(p), "a load has its name before \"may fail\"; expected \"load PLACE as "
						     "NAME may fail ...\"");
	if (step->op == OP_ATOMIC && !is_plain_add(step))
		return scan_error(&p->scan, here(p), "an atomic operation has its name before \"may fail\"; expected "
						     "\"atomic PLACE ... as NAME may fail ...\"");
	if (step->fails)
		return scan_error(&p->scan, here(p), "a mark is for an operation that succeeds; expected none behind "
						     "\"fails\"");
	p->next++;
	return parse_new_name(p, KIND_MARK, &step->mark);
}

static bool parse_line_promises(struct parser *p, struct step *step)
{
	if (!step->fails && !is_expectation(step))
		return scan_error(&p->scan, here(p), "a promise on an operation; expected it on an expectation, or behind "
						     "\"fails\"");
	p->next++;
	return parse_promises(p, &step->promises);
}

bool parse_tail(struct parser *p, struct step *step)
{
	if (is_here(p, "fails") && !parse_fails(p, step))
		return false;
	if (is_here(p, "may") && !parse_may_fail(p, step))
		return false;
	if (is_here(p, "as") && !parse_mark(p, step))
		return false;
	if (is_here(p, "promise") && !parse_line_promises(p, step))
		return false;
	if (is_here(p, "fails") && step->may_fail)
		return scan_error(&p->scan, here(p), "\"fails\" does not go with \"may fail\"; expected one of them");
	return at_end(p) || unexpected(p, "trailing", "the end of the line", NULL, 0);
}

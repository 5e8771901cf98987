/*
 * claims.c - what the measured table says about the argument of 2020
 *
 * The sentences are drawn from the cells.  One that the cells do not bear out is
 * not printed.
 */
#include "fastpath_print.h"

#include <string.h>

#define CLAIM "\"We could never mark a shared read-only mapping in the page tables as fast pin accessible\" (2020)"

static bool is_never(const struct fastpath *table, enum design_id design, int term)
{
	return fastpath_never(table, "shared-readonly", ACCESS_READ, term) & 1u << design;
}

static bool never_at_all(const struct fastpath *table, enum design_id design)
{
	return is_never(table, design, TERM_SHORT) && is_never(table, design, TERM_LONG);
}

/* Said of two designs: the sentence names those of them of which it is true. */
static void print_claim(const struct fastpath *table, FILE *out, struct term term)
{
	bool symmetric = never_at_all(table, DESIGN_SYMMETRIC), a_or_b = never_at_all(table, DESIGN_A_OR_B);
	char text[400];

	if (!symmetric && !a_or_b)
		return;
	snprintf(text, sizeof(text),
		 CLAIM ": a read pin of shared-readonly is never fast under %s%s%s, of which it was said.",
		 symmetric ? design_names[DESIGN_SYMMETRIC] : "", symmetric && a_or_b ? " and " : "",
		 a_or_b ? design_names[DESIGN_A_OR_B] : "");
	print_wrapped(out, term, 0, 0, text);
}

static void print_today(const struct fastpath *table, FILE *out, struct term term)
{
	if (!is_never(table, DESIGN_LINUX_6_2, TERM_LONG))
		return;
	print_wrapped(out, term, 0, 0,
		      is_never(table, DESIGN_LINUX_6_2, TERM_SHORT)
		      ? "By the model of 6.2 it is true of today's kernels too: such a pin is never fast there."
		      : "By the model of 6.2 it is true of today's kernels too, for long-term pins: they are never "
			"fast there.");
}

static void print_answer(const struct fastpath *table, FILE *out, struct term term)
{
	if (is_never(table, DESIGN_HOLDFAST, TERM_SHORT) || is_never(table, DESIGN_HOLDFAST, TERM_LONG))
		return;
	print_wrapped(out, term, 0, 0, "Under holdfast such a pin is fast, short or long: the entry carries the mark.");
}

void claims_print(const struct fastpath *table, FILE *out, struct term term)
{
	print_claim(table, out, term);
	print_today(table, out, term);
	print_answer(table, out, term);
}

/*
 * fastpath_print.c - where the fast path works, as a table
 *
 * One row a state where short and long-term pins do the same under every
 * design, two where they differ.
 */
#include "fastpath_print.h"

#include "heads.h"

#include <string.h>

/* By first and again.  A pin that is refused once is refused again, or the table says so. */
static struct cell cell_of(struct ways ways)
{
	if (ways.first == WAY_REFUSED || ways.again == WAY_REFUSED)
		return ways.first == ways.again ? cell_make(FAINT, "-") : cell_make(ODD, "odd");
	if (ways.first == WAY_FAST)
		return ways.again == WAY_FAST ? cell_make(GOOD, "fast") : cell_make(ODD, "odd");
	return ways.again == WAY_FAST ? cell_make(FAIR, "once") : cell_make(BAD, "slow");
}

static bool terms_differ(const struct fastpath *table, int state, int access)
{
	for (int d = 0; d < DESIGNS; d++) {
		const struct ways *ways = table->cell[state][d][access];

		if (ways[TERM_SHORT].first != ways[TERM_LONG].first || ways[TERM_SHORT].again != ways[TERM_LONG].again)
			return true;
	}
	return false;
}

static void add_row(struct grid *grid, const struct fastpath *table, int state, int access, int term, bool named)
{
	struct cell cells[DESIGNS];
	char label[64];

	for (int d = 0; d < DESIGNS; d++)
		cells[d] = cell_of(table->cell[state][d][access][term]);
	snprintf(label, sizeof(label), "%s%s%s", fastpath_states[state], named ? ", " : "",
		 named ? term_names[term] : "");
	grid_row(grid, label, cells);
}

static void add_access(struct grid *grid, const struct fastpath *table, int access)
{
	char title[32];

	snprintf(title, sizeof(title), "%s pin", access_names[access]);
	grid_group(grid, title);
	for (int state = 0; state < FASTPATH_STATES; state++) {
		bool differ = terms_differ(table, state, access);

		add_row(grid, table, state, access, TERM_SHORT, differ);
		if (differ)
			add_row(grid, table, state, access, TERM_LONG, differ);
	}
}

static bool has_odd_cells(const struct fastpath *table)
{
	const struct ways *ways = &table->cell[0][0][0][0];

	for (int i = 0; i < FASTPATH_STATES * DESIGNS * ACCESSES * TERMS; i++)
		if (!strcmp(cell_of(ways[i]).text, "odd"))
			return true;
	return false;
}

static void print_legend(const struct fastpath *table, FILE *out, struct term term)
{
	static const struct { enum style style; const char *word, *text; } words[] = {
		{GOOD, "fast", "fast at once"}, {FAIR, "once", "slow once, then fast"}, {BAD, "slow", "never fast"},
		{FAINT, "-", "refused"}, {ODD, "odd", "none of these; --format json says what"},
	};
	size_t count = sizeof(words) / sizeof(words[0]) - !has_odd_cells(table);

	for (size_t i = 0; i < count; i++)
		print_explained(out, term, words[i].style, words[i].word, words[i].text);
}

void fastpath_print(const struct fastpath *table, FILE *out, struct term term)
{
	struct grid *grid = grid_new(column_heads, DESIGNS);

	print_title(out, term, "Where the fast path works");
	fputc('\n', out);
	print_legend(table, out, term);
	fputc('\n', out);
	for (int access = 0; access < ACCESSES; access++)
		add_access(grid, table, access);
	grid_print(grid, out, term);
	grid_free(grid);
	fputc('\n', out);
	claims_print(table, out, term);
}

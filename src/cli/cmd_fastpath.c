/*
 * cmd_fastpath.c - `holdfast fastpath`: where the fast path works
 */
#include "cli.h"
#include "fastpath_print.h"
#include "json.h"

#include <string.h>

static const char *format = "text";

static void print_json(const struct fastpath *table)
{
	for (int cell = 0; cell < FASTPATH_STATES * DESIGNS * ACCESSES * TERMS; cell++) {
		int term = cell % TERMS, access = cell / TERMS % ACCESSES, design = cell / TERMS / ACCESSES % DESIGNS;
		int state = cell / TERMS / ACCESSES / DESIGNS;
		struct ways ways = table->cell[state][design][access][term];
		struct json json;

		json_begin(&json, stdout);
		json_text(&json, "state", fastpath_states[state]);
		json_text(&json, "design", design_names[design]);
		json_text(&json, "access", access_names[access]);
		json_text(&json, "term", term_names[term]);
		json_text(&json, "first", way_names[ways.first]);
		json_text(&json, "again", way_names[ways.again]);
		json_end(&json);
	}
}

static enum exit_code fastpath(int left, char **arguments)
{
	static struct fastpath table;

	if (left)
		return complain_arguments(&cmd_fastpath, arguments);
	if (fastpath_measure(&table))
		return EXIT_UNEXPECTED;
	if (!strcmp(format, "json"))
		print_json(&table);
	else
		fastpath_print(&table, stdout, term_of_stdout());
	return EXIT_EXPECTED;
}

static const struct option options[] = {
	{.name = "format", .argument = "text|json", .help = "a table, or one JSON object a cell", .text = &format},
	{.name = NULL},
};

const struct command cmd_fastpath = {
	.name = "fastpath",
	.summary = "Where the fast path works: states of a page, by design",
	.details = "Each cell is measured: the state is made, its page pinned (first), unpinned, pinned (again).",
	.options = options,
	.run = fastpath,
};

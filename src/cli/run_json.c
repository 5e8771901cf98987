/*
 * run_json.c - verdicts as JSON lines
 *
 * The first six members, their names and their words are an interface: scripts
 * read them.  More may follow them.
 */
#include "json.h"
#include "run_print.h"

static void print_scenario(const struct scenario *scenario, const struct judges *judges, const struct verdict *verdicts)
{
	for (int j = 0; j < judges->count; j++) {
		const struct verdict *verdict = &verdicts[j];
		struct json json;

		json_begin(&json, stdout);
		json_text(&json, "scenario", scenario->name);
		json_text(&json, "judge", judges->list[j]->name);
		json_bits(&json, "promises", scenario->promises, promise_names, PROMISES);
		json_text(&json, "verdict", verdict_names[verdict->verdict]);
		json_bits(&json, "broken", verdict->broken, promise_names, PROMISES);
		json_text(&json, "reason", verdict->reason);
		json_bool(&json, "expected", verdict->as_expected);
		json_number(&json, "left_out", verdict->left_out);
		json_end(&json);
	}
}

const struct run_printer run_print_json = {.scenario = print_scenario};

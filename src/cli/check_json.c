/*
 * check_json.c - verdicts of the explorer as JSON lines: an object a run
 *
 * The first seven members, their names and their words are an interface: scripts
 * read them.  More may follow them.
 */
#include "check.h"
#include "json.h"

static void print_numbers(struct json *json, const struct check_run *run)
{
	const struct explore_result *result = &run->result;

	json_number(json, "line", result->at.line > 0 ? (uint64_t)result->at.line : 0);
	json_number(json, "number", result->number);
	json_number(json, "outcomes", result->outcomes);
	json_number(json, "blocked", result->blocked);
	json_number(json, "violating", result->violating);
	json_number(json, "replayed", result->replayed);
	json_number(json, "steps", result->steps_most);
}

static void print_asked(struct json *json, const struct check_run *run)
{
	const struct explore_options *options = &run->options;

	if (options->random) {
		json_number(json, "random", options->random);
		json_number(json, "seed", options->seed);
	}
	if (options->shards) {
		json_number(json, "shard", options->shard + 1);
		json_number(json, "shards", options->shards);
		json_number(json, "depth", options->shard_depth);
	}
	if (run->nparts)
		json_number(json, "parts", run->nparts);
	if (options->mutant)
		json_text(json, "mutant", options->mutant);
}

static void print_run(const struct check_list *list, const struct check_run *run)
{
	const struct explore_result *result = &run->result;
	struct json json;

	if (list->settings->quiet && check_as_expected(run))
		return;
	json_begin(&json, stdout);
	json_text(&json, "scenario", run->scenario->name);
	json_text(&json, "design", design_names[run->options.design]);
	json_text(&json, "model", explore_model_names[run->options.model]);
	json_text(&json, "verdict", check_word(run));
	json_number(&json, "executions", result->executions);
	json_decimal(&json, "seconds", result->seconds);
	json_bits(&json, "broken", result->broken, promise_names, PROMISES);
	json_text(&json, "kind", result->kind);
	json_text(&json, "reason", result->reason);
	json_bool(&json, "as_expected", check_as_expected(run));
	print_numbers(&json, run);
	print_asked(&json, run);
	json_end(&json);
}

const struct check_printer check_print_json = {.run = print_run};

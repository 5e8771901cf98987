/*
 * report_json.c - results as JSON lines
 *
 * A line carries all that is needed to judge it, the machine too, so that lines of
 * different runs can stand in one file.  The first six members are always there, in
 * this order; a figure that was not had is null.
 */
#include "bench.h"

#include "holdfast.h"
#include "json.h"

static void figure(const char *key, bool known, double value)
{
	if (known)
		printf(", \"%s\": %.6g", key, value);
	else
		printf(", \"%s\": null", key);
}

static void quartiles(const char *key, bool known, const struct spread *spread)
{
	if (known)
		printf("\"%s\": [%.6g, %.6g]", key, spread->low, spread->high);
	else
		printf("\"%s\": null", key);
}

static void words(const char *key, const char *text)
{
	printf(", \"%s\": ", key);
	json_string(stdout, text);
}

static void target(const struct result *result)
{
	static const char *const kinds[] = { NULL, "at most", "times as fast", "times the peer" };
	const struct target *wanted = &result->measure->target;
	char verdict[80], goal[80];

	verdict_text(result, verdict, sizeof(verdict));
	target_text(result->measure, goal, sizeof(goal));
	if (wanted->kind != NO_TARGET) {
		figure("target", true, wanted->bound);
		words("target_is", kinds[wanted->kind]);
		words("goal", goal);
	}
	if (verdict[0])
		words("verdict", verdict);
}

static void the_rest(const struct machine *machine, const struct result *result, const char *axis)
{
	char text[400];

	printf(", \"rounds\": %u", result->rounds);
	if (axis) {
		printf(", \"at\": %llu", (unsigned long long)result->at);
		words("axis", axis);
	}
	target(result);
	measure_words(result->measure, result->mib, text, sizeof(text));
	words("conditions", text);
	if (result->measure->beside)
		words("peer_is", result->measure->beside);
	if (result->why[0])
		words("reason", result->why);
	words("version", hf_version());
	words("machine", machine->text);
}

void report_json(const struct machine *machine, const struct result *result, const char *axis)
{
	bool holdfast = result->rounds, both = result->has_peer;

	printf("{\"measure\": ");
	json_string(stdout, result->measure->name);
	figure("holdfast", holdfast, result->holdfast.median);
	figure("peer", both, result->peer.median);
	words("unit", result->measure->unit);
	figure("ratio", both, result->ratio.median);
	printf(", \"spread\": {");
	quartiles("holdfast", holdfast, &result->holdfast);
	printf(", ");
	quartiles("peer", both, &result->peer);
	printf(", ");
	quartiles("ratio", both, &result->ratio);
	printf("}");
	the_rest(machine, result, axis);
	printf("}\n");
	fflush(stdout);
}

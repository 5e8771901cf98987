/*
 * random_pair.c - the random run: two judges side by side
 *
 * A step goes to the first judge and then to the second, and the answers must be
 * the same.  Some answers of the first judge are its own to give, and the second
 * is not asked then: no memory, or too much pinned for long (unless the pool must
 * suffice), "not by the fast path", that a page which is pinned would have to move, and
 * "can't".  What a GET shows hangs on the design; it is held against what its page held
 * since (model_get_may_show).
 */
#include <errno.h>
#include <string.h>

#include "model.h"
#include "random_inside.h"

static enum difference differ(struct pair *pair, const struct step *step, const char *first, const char *second)
{
	char line[200] = "";
	FILE *text = fmemopen(line, sizeof(line) - 1, "w");

	if (text && step) {
		struct step shown = *step;

		if (shown.op >= OP_EXPECT_BYTES && !shown.bytes)
			shown.length = 0;
		step_print(pair->scenario, &shown, text);
	}
	if (text)
		fclose(text);
	snprintf(pair->what, sizeof(pair->what), "%s%s%s says %s, %s says %s", line, *line ? ": " : "",
		 pair->ops[0]->name, first, pair->ops[1]->name, second);
	return DIFFERENT;
}

enum difference pair_open(struct pair *pair, const struct random_config *config, const struct scenario *scenario)
{
	memset(pair, 0, sizeof(*pair));
	pair->ops[0] = config->first;
	pair->ops[1] = config->second;
	pair->scenario = scenario;
	pair->strict = scenario->pool_pages == RANDOM_BIG_POOL || config->pool_pages >= RANDOM_BIG_POOL;
	for (int i = 0; i < 2; i++) {
		struct reply reply = { 0 };

		pair->judge[i] = pair->ops[i]->open(pair->ops[i], scenario, &reply);
		if (!pair->judge[i])
			return differ(pair, NULL, i ? "nothing" : reply.reason, i ? reply.reason : "nothing");
	}
	return SAME;
}

enum difference pair_close(struct pair *pair)
{
	enum difference result = SAME;

	for (int i = 0; i < 2; i++) {
		struct reply reply = { 0 };

		if (!pair->judge[i])
			continue;
		pair->ops[i]->close(pair->judge[i], &reply);
		if (reply.answer != ANSWER_DONE && result == SAME)
			result = differ(pair, NULL, i ? "at the end nothing" : reply.reason,
					i ? reply.reason : "at the end nothing");
	}
	return result;
}

static void describe_answer(const struct reply *reply, char *text, size_t room)
{
	switch (reply->answer) {
	case ANSWER_DONE: snprintf(text, room, "done"); break;
	case ANSWER_FAILED: snprintf(text, room, "%s", strerrorname_np(reply->error)); break;
	case ANSWER_CANNOT: snprintf(text, room, "that it can't: %s", reply->reason); break;
	case ANSWER_BROKEN: snprintf(text, room, "that it is broken: %s", reply->reason); break;
	}
}

static bool reads(const struct step *step)
{
	return step->op == OP_LOAD || step->op == OP_EXPECT_BYTES || step->op == OP_EXPECT_DEVICE ||
	       step->op == OP_DEVICE_READ || step->op == OP_EXPECT_OBJECT;
}

static bool through_get(const struct pair *pair, const struct step *step)
{
	return (step->op == OP_EXPECT_DEVICE || step->op == OP_DEVICE_READ) &&
	       (pair->shadow.pin[step->pin].flags & PIN_GET);
}

/* Keep the place and what the second judge says is there, as a line for the scenario. */
static void expect_instead(struct pair *pair, const struct step *step, const unsigned char *bytes, uint64_t from)
{
	uint64_t length = step->length - from;

	pair->expected = *step;
	pair->expected.offset += from;
	pair->expected.length = length < sizeof(pair->expected_bytes) ? length : sizeof(pair->expected_bytes);
	memcpy(pair->expected_bytes, bytes + from, pair->expected.length);
	pair->expected.bytes = pair->expected_bytes;
	if (step->op == OP_LOAD)
		pair->expected.op = OP_EXPECT_BYTES;
	if (step->op == OP_DEVICE_READ)
		pair->expected.op = OP_EXPECT_DEVICE;
	pair->has_expected = true;
}

/* The value that an atomic should have found, as a line before it. */
static void expect_old(struct pair *pair, const struct step *step, uint64_t old)
{
	pair->expected = *step;
	pair->expected.op = OP_EXPECT_BYTES;
	pair->expected.length = sizeof(old);
	memcpy(pair->expected_bytes, &old, sizeof(old));
	pair->expected.bytes = pair->expected_bytes;
	pair->has_expected = pair->expected_before = true;
}

static enum difference compare_bytes(struct pair *pair, const struct step *step, const struct reply reply[2])
{
	char first[80], second[80];
	uint64_t at = 0;

	if (through_get(pair, step)) {
		if (pair->ops[1] != &judge_model || model_get_may_show(pair->judge[1], step, reply[0].bytes))
			return SAME;
		return differ(pair, step, "through a GET bytes that its page never held", "so");
	}
	while (at < step->length && reply[0].bytes[at] == reply[1].bytes[at])
		at++;
	if (at == step->length)
		return SAME;
	expect_instead(pair, step, reply[1].bytes, at);
	snprintf(first, sizeof(first), "byte %llu is %#x", (unsigned long long)at, reply[0].bytes[at]);
	snprintf(second, sizeof(second), "%#x", reply[1].bytes[at]);
	return differ(pair, step, first, second);
}

static enum difference compare(struct pair *pair, const struct step *step, const struct reply reply[2])
{
	char first[300], second[300];

	if (reply[0].answer == ANSWER_CANNOT || reply[1].answer == ANSWER_CANNOT)
		return SAME;
	if (reply[0].answer != reply[1].answer ||
	    (reply[0].answer == ANSWER_FAILED && reply[0].error != reply[1].error)) {
		describe_answer(&reply[0], first, sizeof(first));
		describe_answer(&reply[1], second, sizeof(second));
		return differ(pair, step, first, second);
	}
	if (reply[0].answer != ANSWER_DONE)
		return SAME;
	if (step->op == OP_ATOMIC && reply[0].value != reply[1].value) {
		expect_old(pair, step, reply[1].value);
		snprintf(first, sizeof(first), "%#llx", (unsigned long long)reply[0].value);
		snprintf(second, sizeof(second), "%#llx", (unsigned long long)reply[1].value);
		return differ(pair, step, first, second);
	}
	return reads(step) ? compare_bytes(pair, step, reply) : SAME;
}

/*
 * Which pages would have to move, and whether there is a block for them, hangs on the
 * pool; where a mapping stands that is too small for any, on the judge.
 */
static bool is_own_refusal(const struct pair *pair, const struct step *step, int error)
{
	return error == EBUSY || error == ENOMEM ||
	       (error == EINVAL && pair->shadow.space[step->space].map[step->mapping].pages < RANDOM_HUGE_PAGES);
}

/* An answer that is the first judge's own to give: counts it. */
static bool excused(struct pair *pair, const struct step *step, const struct reply *reply)
{
	uint64_t *count = NULL;

	if (reply->answer == ANSWER_CANNOT)
		return true;
	if (reply->answer != ANSWER_FAILED)
		return false;
	if ((reply->error == ENOMEM || (reply->error == ENOLCK && step->op == OP_PIN)) && !pair->strict)
		count = pair->counts ? pair->counts->no_memory : NULL;
	else if (step->op == OP_COLLAPSE && is_own_refusal(pair, step, reply->error))
		count = pair->counts ? pair->counts->no_memory : NULL;
	else if (reply->error == EAGAIN && step->op == OP_PIN && (step->flags & PIN_FAST))
		count = pair->counts ? pair->counts->not_fast : NULL;
	else
		return false;
	if (count)
		count[step->op]++;
	return true;
}

/*
 * What the first judge did before it ran out of memory stays done: bytes stored,
 * pages that a pin made its own.  So the second does as much.
 */
static void do_prefix(struct pair *pair, struct step step, uint64_t length)
{
	struct step unpin = { .op = OP_UNPIN, .space = -1, .mapping = -1, .object = -1, .pin = step.pin };
	struct reply reply = { 0 };

	if (!length || (step.op != OP_STORE && step.op != OP_FILL && step.op != OP_PIN && step.op != OP_OBJECT_WRITE))
		return;
	step.length = length;
	pair->ops[1]->step(pair->judge[1], &step, &reply);
	if (step.op == OP_PIN)
		pair->ops[1]->step(pair->judge[1], &unpin, &reply);
}

enum difference pair_step(struct pair *pair, const struct step *step)
{
	static unsigned char bytes[2][RANDOM_PAGES * SCENARIO_PAGE];
	struct reply reply[2] = { { .bytes = bytes[0] }, { .bytes = bytes[1] } };
	enum difference result;

	pair->ops[0]->step(pair->judge[0], step, &reply[0]);
	pair->error = reply[0].answer == ANSWER_FAILED ? reply[0].error : 0;
	if (reply[0].answer == ANSWER_BROKEN)
		return differ(pair, step, reply[0].reason, "nothing");
	if (excused(pair, step, &reply[0])) {
		do_prefix(pair, *step, reply[0].value);
		return SAME;
	}
	pair->ops[1]->step(pair->judge[1], step, &reply[1]);
	pair->error = reply[1].answer == ANSWER_FAILED ? reply[1].error : 0;
	result = compare(pair, step, reply);
	if (result == SAME && reply[1].answer == ANSWER_DONE)
		shadow_follow(&pair->shadow, step);
	if (pair->counts && reply[1].answer == ANSWER_DONE)
		pair->counts->done[step->op]++;
	else if (pair->counts)
		pair->counts->failed[step->op]++;
	return result;
}

/* ---- all bytes that can be reached ------------------------------------------ */

static enum difference look(struct pair *pair, struct step step)
{
	struct random_counts *counts = pair->counts;
	enum difference result;

	pair->counts = NULL;	/* these are not operations of the run */
	result = pair_step(pair, &step);
	pair->counts = counts;
	return result;
}

static enum difference compare_space(struct pair *pair, int space)
{
	struct step step = { .op = OP_LOAD, .space = space, .object = -1, .pin = -1, .length = SCENARIO_PAGE };

	for (int m = 0; m < pair->scenario->nmappings; m++) {
		if (!pair->shadow.space[space].map[m].known)
			continue;
		step.mapping = m;
		for (unsigned page = 0; page < pair->shadow.space[space].map[m].pages; page++) {
			if (!shadow_watches(page))
				continue;
			step.offset = (uint64_t)page * SCENARIO_PAGE;
			if (look(pair, step) == DIFFERENT)
				return DIFFERENT;
		}
	}
	return SAME;
}

static enum difference compare_pin(struct pair *pair, int pin)
{
	struct step step = { .op = OP_EXPECT_DEVICE, .space = -1, .mapping = -1, .object = -1, .pin = pin };
	uint64_t skip = pair->shadow.pin[pin].skip, length = pair->shadow.pin[pin].length;

	for (uint64_t page = 0; page < shadow_pin_pages(skip, length); page++) {
		uint64_t end = (page + 1) * SCENARIO_PAGE - skip;

		if (!shadow_watches(page) || !(pair->shadow.pin[pin].held & shadow_bit(page)))
			continue;
		step.offset = page ? page * SCENARIO_PAGE - skip : 0;
		step.length = (end < length ? end : length) - step.offset;
		if (look(pair, step) == DIFFERENT)
			return DIFFERENT;
	}
	return SAME;
}

static enum difference compare_object(struct pair *pair, int object)
{
	struct step step = { .op = OP_EXPECT_OBJECT, .space = -1, .mapping = -1, .object = object, .pin = -1,
			     .length = pair->shadow.object[object].bytes };

	return step.length ? look(pair, step) : SAME;
}

enum difference pair_compare_all(struct pair *pair)
{
	enum difference result = SAME;

	if (pair->counts)
		pair->counts->compared++;
	for (int i = 0; i < pair->scenario->nspaces && result == SAME; i++)
		if (pair->shadow.space[i].live)
			result = compare_space(pair, i);
	for (int i = 0; i < pair->scenario->npins && result == SAME; i++)
		if (pair->shadow.pin[i].held)
			result = compare_pin(pair, i);
	for (int i = 0; i < pair->scenario->nobjects && result == SAME; i++)
		if (pair->shadow.object[i].made)
			result = compare_object(pair, i);
	return result;
}

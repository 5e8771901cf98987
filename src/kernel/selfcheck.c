/*
 * selfcheck.c - is a pin that this judge takes what it says it is?
 *
 * Before any scenario is judged, each kind of pin has to give the known answers,
 * which are the same on every Linux:
 *  - on shared memory the device sees what was stored after the pin, the owner
 *    sees what the device wrote, and no other byte changes;
 *  - after a discard of private memory the device still has the old page: so it
 *    was the page that was pinned, and not its address that was remembered.
 * A kind that answers otherwise is not possible here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"

#define LENGTH 200u	/* more than any copy holds in registers */

static unsigned char old_bytes[LENGTH], new_bytes[LENGTH], zeroes[LENGTH];

#define AT(at) .offset = (at), .object = -1
#define BYTES(text) .bytes = (text), .length = LENGTH
#define MAP_PAGES(n, how) { .op = OP_MAP, AT(0), .length = (n) * SCENARIO_PAGE, .prot = PROT_R | PROT_W, .flags = (how) }
#define PIN_PAGE(at) { .op = OP_PIN, AT(at), .length = SCENARIO_PAGE }

static const struct step sees[] = {
	MAP_PAGES(1, MAP_SHARED_FLAG),
	{ .op = OP_STORE, AT(0), BYTES(old_bytes) },
	PIN_PAGE(0),
	{ .op = OP_STORE, AT(0), BYTES(new_bytes) },
	{ .op = OP_EXPECT_DEVICE, AT(0), BYTES(new_bytes) },
	{ .op = OP_UNPIN },
	{ .op = OP_EXPECT_BYTES, AT(0), BYTES(new_bytes) },
};

static const struct step writes[] = {
	MAP_PAGES(1, MAP_SHARED_FLAG),
	{ .op = OP_STORE, AT(0), BYTES(old_bytes) },
	PIN_PAGE(0),
	{ .op = OP_DEVICE_WRITE, AT(2 * LENGTH), BYTES(new_bytes) },
	{ .op = OP_EXPECT_BYTES, AT(2 * LENGTH), BYTES(new_bytes) },
	{ .op = OP_EXPECT_BYTES, AT(LENGTH), BYTES(zeroes) },
	{ .op = OP_EXPECT_BYTES, AT(0), BYTES(old_bytes) },
	{ .op = OP_DEVICE_WRITE, AT(0), BYTES(new_bytes) },
	{ .op = OP_EXPECT_DEVICE, AT(0), BYTES(new_bytes) },
	{ .op = OP_UNPIN },
	{ .op = OP_EXPECT_BYTES, AT(0), BYTES(new_bytes) },
	{ .op = OP_EXPECT_BYTES, AT(LENGTH), BYTES(zeroes) },
	{ .op = OP_EXPECT_BYTES, AT(2 * LENGTH), BYTES(new_bytes) },
	{ .op = OP_EXPECT_BYTES, AT(3 * LENGTH), BYTES(zeroes) },
};

static const struct step keeps[] = {
	MAP_PAGES(1, 0),
	{ .op = OP_STORE, AT(0), BYTES(old_bytes) },
	PIN_PAGE(0),
	{ .op = OP_ADVISE, AT(0), .length = SCENARIO_PAGE, .flags = ADVICE_DISCARD },
	{ .op = OP_STORE, AT(0), BYTES(new_bytes) },
	{ .op = OP_EXPECT_DEVICE, AT(0), BYTES(old_bytes) },
	{ .op = OP_UNPIN },
	{ .op = OP_EXPECT_BYTES, AT(0), BYTES(new_bytes) },
};

/* A read that stops at its own first byte: the page before is mapped, but not ours to pin. */
static const struct step stops_at_first[] = {
	MAP_PAGES(2, MAP_SHARED_FLAG),
	{ .op = OP_STORE, AT(SCENARIO_PAGE), BYTES(old_bytes) },
	PIN_PAGE(SCENARIO_PAGE),
	{ .op = OP_STORE, AT(SCENARIO_PAGE), BYTES(new_bytes) },
	{ .op = OP_EXPECT_DEVICE, AT(0), BYTES(new_bytes) },
	{ .op = OP_UNPIN },
};

static const unsigned kind_flags[KERNEL_KINDS] = {
	[KERNEL_WRITE_LONG] = PIN_WRITE | PIN_LONG, [KERNEL_WRITE_SHORT] = PIN_WRITE, [KERNEL_READ_LONG] = PIN_LONG,
	[KERNEL_GET] = PIN_GET,
};

/* ---- a small runner ----------------------------------------------------- */

static bool as_known(struct live *live, const struct step *step, struct reply *reply)
{
	bool expects = step->op == OP_EXPECT_BYTES || step->op == OP_EXPECT_DEVICE;

	memset(reply, 0, sizeof(*reply));
	if (step->bytes && !expects)
		memcpy(live->box->data, step->bytes, step->length);
	live_carry_out(live, step, reply);
	if (reply->answer == ANSWER_FAILED)
		live_cannot(reply, step->op == OP_PIN ? "a trial pin failed: %s" : "the self-check failed: %s",
			    strerror(reply->error));
	if (reply->answer != ANSWER_DONE)
		return false;
	if (!expects || !memcmp(live->box->data, step->bytes, step->length))
		return true;
	live_cannot(reply, "the self-check failed: a %s did not find the bytes that were there",
		    step->op == OP_EXPECT_DEVICE ? "device" : "load");
	return false;
}

/* Several, one after another: what the one before left open ends with the process. */
static bool run(struct live *live, const struct step *steps, size_t n, struct reply *reply)
{
	static char name[] = "self-check";
	static struct step mine[32];
	static struct scenario scenario = {
		.spaces = { name }, .mappings = { name }, .pins = { name }, .nspaces = 1, .nmappings = 1, .npins = 1,
		.steps = mine,
	};
	static struct live fresh;	/* too large for some stacks */
	struct reply at_end = { 0 };
	bool good;

	for (size_t i = 0; i < n; i++) {
		mine[i] = steps[i];
		if (steps[i].op == OP_PIN)
			mine[i].flags = kind_flags[live->box->kind];
	}
	scenario.nsteps = n;
	fresh.box = live->box;
	fresh.caller = live->caller;
	fresh.probe = live->probe;
	fresh.scenario = &scenario;
	*live = fresh;
	good = live_begin(live, reply);
	for (size_t i = 0; good && i < n; i++)
		good = as_known(live, &mine[i], reply);
	live_end(live, &at_end);
	if (good && at_end.answer != ANSWER_DONE)
		*reply = at_end;
	return good && at_end.answer == ANSWER_DONE;
}

#define RUN(table) run(live, table, sizeof(table) / sizeof((table)[0]), &reply)

void live_selfcheck(struct live *live)
{
	static struct kernel_probe hopeful = { .fresh_first_byte = true };
	struct live_mailbox *box = live->box;
	struct reply reply = { 0 };

	for (int i = 0; i < KERNEL_KINDS; i++)
		hopeful.kinds[i].possible = true;
	live->probe = &hopeful;
	memset(old_bytes, 'o', LENGTH);
	memset(new_bytes, 'n', LENGTH);
	box->ability.possible = RUN(sees) && (!(kind_flags[box->kind] & PIN_WRITE) || RUN(writes)) && RUN(keeps);
	snprintf(box->ability.reason, sizeof(box->ability.reason), "%.199s", reply.reason);
	box->fresh = box->ability.possible && RUN(stops_at_first);
}

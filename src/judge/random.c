/*
 * random.c - the random run: rounds
 *
 * A round makes up a step, keeps it, and gives it to both judges.  What it kept
 * is a scenario, so that a difference can be replayed, shrunk and printed.
 */
#include <stdlib.h>
#include <string.h>

#include "random_inside.h"

#define ROUND 2000u		/* operations */
#define COMPARE_EVERY 64u	/* operations: all bytes */

static const char *const op_names[OPS] = {
	[OP_OBJECT] = "object", [OP_OBJECT_WRITE] = "write", [OP_OBJECT_RESIZE] = "resize", [OP_MAP] = "map",
	[OP_UNMAP] = "unmap", [OP_PROTECT] = "protect", [OP_REMAP] = "remap", [OP_ADVISE] = "advise",
	[OP_COLLAPSE] = "collapse", [OP_EXPECT_HUGE] = "expect huge", [OP_EXPECT_INVENTORY] = "expect inventory",
	[OP_STORE] = "store", [OP_FILL] = "fill", [OP_LOAD] = "load", [OP_ATOMIC] = "add", [OP_PIN] = "pin",
	[OP_UNPIN] = "unpin", [OP_DEVICE_WRITE] = "device", [OP_DEVICE_READ] = "device read", [OP_SPACE] = "space",
	[OP_FORK] = "fork", [OP_EXIT] = "exit", [OP_DESTROY] = "destroy", [OP_COUNT] = "count", [OP_EXPECT_BYTES] = "expect",
	[OP_EXPECT_DEVICE] = "device read", [OP_EXPECT_OBJECT] = "object read", [OP_EXPECT_PATH] = "expect path",
	[OP_EXPECT_STAT] = "expect stat",
};

const char *random_op_name(enum op op)
{
	return (unsigned)op < OPS && op_names[op] ? op_names[op] : "?";
}

#define HUGE_ROUND(round) ((round) % 8 == 5)

static uint64_t round_pool(const struct random_config *config, struct maker *maker, uint64_t round)
{
	if (config->pool_pages)
		return config->pool_pages;
	if (maker->huge)				/* some blocks, or many, and some pages */
		return (2 + maker_below(maker, 12)) * RANDOM_HUGE_PAGES + 1 + maker_below(maker, 300);
	switch (round % 4) {
	case 2: return 40 + maker_below(maker, 60);	/* too small: much fails half way */
	case 3: return RANDOM_BIG_POOL;			/* nothing may fail for want of memory */
	default: return 160 + maker_below(maker, 160);
	}
}

/* Until the limit, a difference, or the end of the names.  Counts the operations. */
static enum difference run_steps(struct pair *pair, struct maker *maker, uint64_t limit)
{
	for (uint64_t i = 0; i < limit; i++) {
		struct step step;

		maker_feed(maker, RANDOM_RECORD);
		maker_step(maker, &step);
		if (maker->out_of_names)
			break;
		scenario_add(maker->scenario, &step);
		pair->counts->operations++;
		if (pair_step(pair, &step) == DIFFERENT)
			return DIFFERENT;
		if (i % COMPARE_EVERY == COMPARE_EVERY - 1 && pair_compare_all(pair) == DIFFERENT)
			return DIFFERENT;
	}
	return pair_compare_all(pair);
}

static struct maker *new_maker(void)
{
	struct maker *maker = calloc(1, sizeof(*maker));

	if (!maker) {
		fprintf(stderr, "random: no memory for a round\n");
		exit(2);
	}
	return maker;
}

/* The maker has what its choices are made from, and is freed. */
static enum difference run_round(const struct random_config *config, struct random_counts *counts, uint64_t limit,
				 uint64_t round, struct maker *maker, struct random_failure *failure)
{
	static struct pair pair;
	enum difference result = DIFFERENT;

	maker->scenario = scenario_new("random");
	maker->huge = HUGE_ROUND(round);
	maker->scenario->pool_pages = round_pool(config, maker, round);
	maker->shadow = &pair.shadow;
	counts->rounds++;
	if (pair_open(&pair, config, maker->scenario) == SAME) {
		pair.counts = counts;
		maker->fail_allocations = config->fail_allocations && !pair.strict;
		result = run_steps(&pair, maker, limit);
	}
	if (pair_close(&pair) == DIFFERENT)
		result = DIFFERENT;
	snprintf(failure->what, sizeof(failure->what), "%s", pair.what);
	failure->scenario = maker->scenario;
	if (result == SAME) {
		scenario_free(maker->scenario);
		failure->scenario = NULL;
	}
	free(maker);
	return result;
}

int random_run(const struct random_config *config, struct random_counts *counts, struct random_failure *failure)
{
	uint64_t round = config->round ? config->round : ROUND;

	memset(counts, 0, sizeof(*counts));
	memset(failure, 0, sizeof(*failure));
	while (counts->operations < config->operations) {
		uint64_t rest = config->operations - counts->operations;
		struct maker *maker = new_maker();

		failure->round_seed = maker->random = maker_seed(config->seed, counts->rounds);
		if (run_round(config, counts, rest < round ? rest : round, counts->rounds, maker, failure) == DIFFERENT) {
			random_shrink(config, failure);
			return 1;
		}
	}
	return 0;
}

int random_input(const struct random_config *config, const unsigned char *input, size_t length,
		 struct random_counts *counts, struct random_failure *failure)
{
	struct maker *maker = new_maker();
	uint64_t round;

	memset(counts, 0, sizeof(*counts));
	memset(failure, 0, sizeof(*failure));
	maker->input = input;
	maker->input_left = length;
	maker_feed(maker, RANDOM_HEAD);
	round = maker_below(maker, 8);
	if (run_round(config, counts, (maker->input_left + RANDOM_RECORD - 1) / RANDOM_RECORD, round, maker, failure) == SAME)
		return 0;
	random_shrink(config, failure);
	return 1;
}

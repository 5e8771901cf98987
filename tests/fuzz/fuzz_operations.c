/*
 * fuzz_operations.c - fuzz target: operations on the library and on the reference model
 *
 * The input makes the choices of one round of the random run (random.h), allocations
 * that fail among them.  Any difference from the model, and any step after which
 * hf_verify() is not clean, is a finding: it is shrunk, printed as a scenario, and ends
 * the program.
 *
 * A scenario has no words for an allocation that fails: where there was one, the step
 * is `count`, and a comment behind the scenario says which allocation it was.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lab.h"
#include "library.h"
#include "random.h"

/* ---- the library's judge, whose allocations can fail -------------------------- */

/*
 * The judge makes a pin that ended early again for the rest, to learn why, and that
 * works when the one allocation that was to fail has failed.
 */
static void excuse_pin(struct reply *reply)
{
	if (reply->answer == ANSWER_BROKEN && reply->error == EUCLEAN)
		*reply = (struct reply){ .answer = ANSWER_FAILED, .error = ENOMEM, .value = reply->value };
}

static void step_or_fail(struct judge *judge, const struct step *step, struct reply *reply)
{
	uint64_t before, after;

	if (step->op == OP_COUNT) {
		hf_lab_fail_allocation(judge->pool, step->value);
		reply->answer = ANSWER_DONE;
		return;
	}
	before = hf_lab_fail_allocation(judge->pool, 0);
	hf_lab_fail_allocation(judge->pool, before);
	judge_of_design(DESIGN_HOLDFAST)->step(judge, step, reply);
	after = hf_lab_fail_allocation(judge->pool, 0);
	hf_lab_fail_allocation(judge->pool, after);
	if (before && !after && step->op == OP_PIN)
		excuse_pin(reply);
}

/* ---- the target ------------------------------------------------------------------ */

static void print_finding(const struct random_failure *failure)
{
	printf("%s\nshrunk from %zu operations, in %" PRIu64 " tries, to:\n\n", failure->what, failure->steps_before,
	       failure->tries);
	if (!failure->scenario)
		return;
	scenario_print(failure->scenario, stdout);
	for (size_t i = 0; i < failure->scenario->nsteps; i++)
		if (failure->scenario->steps[i].op == OP_COUNT && failure->scenario->steps[i].value)
			printf("# operation %zu, count: allocation %" PRIu64 " from there on fails\n", i + 1,
			       failure->scenario->steps[i].value);
	fflush(stdout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct judge_ops first = *judge_of_design(DESIGN_HOLDFAST);
	struct random_config config = { .first = &first, .second = &judge_model, .fail_allocations = true };
	struct random_counts counts;
	struct random_failure failure;

	first.step = step_or_fail;
	if (random_input(&config, data, size, &counts, &failure)) {
		print_finding(&failure);
		abort();
	}
	return 0;
}

/* ---- its mutations: half of them by the operation -------------------------------- */

static uint64_t draw(uint64_t *state, uint64_t n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 33) % n;
}

/* Removes, repeats, moves or swaps whole records; returns the new size. */
static size_t mutate_records(uint8_t *data, size_t size, size_t most, uint64_t seed)
{
	size_t records = (size - RANDOM_HEAD) / RANDOM_RECORD, end = RANDOM_HEAD + records * RANDOM_RECORD;
	uint8_t *to = data + RANDOM_HEAD + draw(&seed, records) * RANDOM_RECORD;
	const uint8_t *from = data + RANDOM_HEAD + draw(&seed, records) * RANDOM_RECORD;
	uint8_t record[RANDOM_RECORD];
	size_t behind = (size_t)(data + end - to);

	memcpy(record, from, sizeof(record));
	switch (draw(&seed, 3)) {
	case 0:		/* remove */
		memmove(to, to + RANDOM_RECORD, behind - RANDOM_RECORD);
		return end - RANDOM_RECORD;
	case 1:		/* copy to another place */
		if (end + RANDOM_RECORD > most)
			return end;
		memmove(to + RANDOM_RECORD, to, behind);
		memcpy(to, record, sizeof(record));
		return end + RANDOM_RECORD;
	default:	/* the same, over what was there */
		memcpy(to, record, sizeof(record));
		return end;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	uint64_t state = seed;
	size_t records = size < RANDOM_HEAD ? 0 : (size - RANDOM_HEAD) / RANDOM_RECORD;

	if (!records || draw(&state, 2))
		return LLVMFuzzerMutate(data, size, max_size);
	if (draw(&state, 2))
		return mutate_records(data, size, max_size, state);
	/* One record, of the same length. */
	LLVMFuzzerMutate(data + RANDOM_HEAD + draw(&state, records) * RANDOM_RECORD, RANDOM_RECORD, RANDOM_RECORD);
	return size;
}

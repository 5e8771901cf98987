/*
 * library.c - the judge "a design on the library"
 *
 * A run has a pool of its own, made through the public header alone, and each
 * space the design under which it is judged.  Nothing else is asked of the
 * laboratory: what a scenario sees of a design is what a program would see.
 *
 * Under holdfast, and only there, the structure is looked at after every step:
 * the other designs may break what hf_verify() checks, for that is what the
 * verdicts are about.  Under every design, at the end all pages must be back.
 */
#include "library.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "names.h"

static void in_trouble(struct reply *reply, const char *what, int error)
{
	const char *name = error ? error_name(-error) : NULL;

	reply->answer = ANSWER_BROKEN;
	snprintf(reply->reason, sizeof(reply->reason), "%s%s%s", what, error ? ": " : "",
		 name ? name : error ? strerror(-error) : "");
}

static struct judge *library_open(const struct judge_ops *ops, const struct scenario *scenario, struct reply *reply)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = scenario->pool_pages * SCENARIO_PAGE };
	struct judge *j = must_alloc(NULL, sizeof(*j));
	int error;

	memset(j, 0, sizeof(*j));
	j->ops = ops;
	j->scenario = scenario;
	error = hf_pool_create(&config, &j->pool);
	if (error) {
		in_trouble(reply, "no pool", error);
		free(j);
		return NULL;
	}
	hf_pool_stats(j->pool, &j->base);
	j->free_at_start = j->base.pages_free;
	reply->answer = ANSWER_DONE;
	return j;
}

/* Adds to an answer that is fit what verify says, in a sentence without its full stop. */
static void verify(struct judge *j, struct reply *reply)
{
	char why[200] = "";
	size_t length;

	if (reply->answer == ANSWER_BROKEN || j->ops->design != DESIGN_HOLDFAST || !hf_verify(j->pool, why, sizeof(why)))
		return;
	length = strlen(why);
	if (length && why[length - 1] == '.')
		why[length - 1] = '\0';
	reply->answer = ANSWER_BROKEN;
	snprintf(reply->reason, sizeof(reply->reason), "verify: %s", why);
}

/* Huge pages are Holdfast's: to the other designs a hint for them is nothing. */
static bool is_holdfasts_own(const struct step *step)
{
	return step->op == OP_EXPECT_HUGE || step->op == OP_COLLAPSE ||
	       (step->op == OP_EXPECT_STAT && !strncmp(stat_names[step->stat], "huge_", 5));
}

static void library_answer(struct judge *j, const struct step *step, struct reply *reply)
{
	int error;

	if (is_holdfasts_own(step) && j->ops->design != DESIGN_HOLDFAST) {
		reply->answer = ANSWER_CANNOT;
		snprintf(reply->reason, sizeof(reply->reason), "there are huge pages under holdfast alone");
		return;
	}
	error = library_step(j, step, reply);
	if (reply->reason[0])
		reply->answer = ANSWER_BROKEN;
	else
		reply->answer = error ? ANSWER_FAILED : ANSWER_DONE;
	reply->error = error ? -error : 0;
	verify(j, reply);
}

static void end_everything(struct judge *j)
{
	for (int i = 0; i < SCENARIO_NAMES; i++) {
		library_end_pin(&j->pin[i]);
		free(j->pin[i].ended);
	}
	for (int i = 0; i < SCENARIO_NAMES; i++)
		if (j->mm[i])
			hf_mm_destroy(j->mm[i]);
	for (int i = 0; i < SCENARIO_NAMES; i++)
		if (j->object[i])
			hf_object_destroy(j->object[i]);
}

static void library_close(struct judge *j, struct reply *reply)
{
	struct hf_stats stats;
	int error;

	reply->answer = ANSWER_DONE;
	end_everything(j);
	verify(j, reply);
	hf_pool_stats(j->pool, &stats);
	if (reply->answer == ANSWER_DONE && stats.pages_free != j->free_at_start) {
		reply->answer = ANSWER_BROKEN;
		snprintf(reply->reason, sizeof(reply->reason), "%llu pages were free at the start, and %llu are at the end",
			 (unsigned long long)j->free_at_start, (unsigned long long)stats.pages_free);
	}
	error = hf_pool_destroy(j->pool);
	if (reply->answer == ANSWER_DONE && error)
		in_trouble(reply, "the pool can't be destroyed", error);
	free(j);
}

#define LIBRARY_JUDGE(id, text)                                                                                        \
	[id] = { .open = library_open, .step = library_answer, .close = library_close, .describe = library_describe,   \
		 .name = text, .design = id }

static const struct judge_ops judges[DESIGNS] = {
	LIBRARY_JUDGE(DESIGN_LINUX_5_7, "linux-5.7"),	  LIBRARY_JUDGE(DESIGN_LINUX_5_8, "linux-5.8"),
	LIBRARY_JUDGE(DESIGN_LINUX_5_9_RC, "linux-5.9-rc"), LIBRARY_JUDGE(DESIGN_LINUX_5_9, "linux-5.9"),
	LIBRARY_JUDGE(DESIGN_LINUX_5_10, "linux-5.10"),	  LIBRARY_JUDGE(DESIGN_SYMMETRIC, "symmetric"),
	LIBRARY_JUDGE(DESIGN_A_OR_B, "a-or-b"),		  LIBRARY_JUDGE(DESIGN_LINUX_5_19, "linux-5.19"),
	LIBRARY_JUDGE(DESIGN_LINUX_6_2, "linux-6.2"),	  LIBRARY_JUDGE(DESIGN_HOLDFAST, "holdfast"),
};

const struct judge_ops *judge_of_design(enum design_id design)
{
	return (unsigned)design < DESIGNS ? &judges[design] : NULL;
}

/*
 * verdict.c - was the target met?
 *
 * By the median, as it was measured: a target that is missed by a hair is missed.
 * What can't be measured here is neither.
 */
#include "bench.h"

#include <string.h>

/* The figure that the target is about. */
static bool reached(const struct result *result, double *value)
{
	if (!result->rounds || result->measure->target.kind == NO_TARGET)
		return false;
	if (result->measure->target.kind == AT_MOST)
		*value = result->holdfast.median;
	else if (!result->has_peer)
		return false;
	else
		*value = result->measure->target.kind == TIMES_FASTER ? result->ratio.median : 1 / result->ratio.median;
	return true;
}

enum verdict verdict_of(const struct result *result)
{
	const struct target *target = &result->measure->target;
	double value;

	if (!reached(result, &value))
		return NOTHING_TO_SAY;
	return (target->kind == TIMES_FASTER ? value >= target->bound : value <= target->bound) ? MET : MISSED;
}

/* "10", "1.3", "20 us" */
static void bound_text(const struct measure *measure, char *text, size_t room)
{
	bool is_time = measure->target.kind == AT_MOST && !strncmp(measure->unit, "ns", 2);

	if (is_time && measure->target.bound >= 1000)
		snprintf(text, room, "%.6g us", measure->target.bound / 1000);
	else
		snprintf(text, room, "%.6g%s", measure->target.bound, is_time ? " ns" : "");
}

void target_text(const struct measure *measure, char *text, size_t room)
{
	const struct target *target = &measure->target;
	char bound[32];

	bound_text(measure, bound, sizeof(bound));
	*text = '\0';
	if (target->kind == TIMES_FASTER && target->bound == 1)
		snprintf(text, room, "no slower");
	else if (target->kind == TIMES_FASTER)
		snprintf(text, room, "%s times as fast", bound);
	else if (target->kind != NO_TARGET)
		snprintf(text, room, "at most %s%s%s", bound, target->word ? " " : "",
			 target->word ? target->word : "");
}

void verdict_text(const struct result *result, char *text, size_t room)
{
	const struct target *target = &result->measure->target;
	char figure[32], bound[32];
	double value = 0;

	*text = '\0';
	switch (reached(result, &value) ? verdict_of(result) : NOTHING_TO_SAY) {
	case NOTHING_TO_SAY:
		return;
	case MET:
		snprintf(text, room, "met");
		return;
	case MISSED:
		/* A time in the bound's unit. */
		if (target->kind == AT_MOST && !strncmp(result->measure->unit, "ns", 2) && target->bound >= 1000)
			value /= 1000;
		figure_text(figure, sizeof(figure), value, "");
		bound_text(result->measure, bound, sizeof(bound));
		snprintf(text, room, "missed: %s of %s%s%s", figure, bound,
			 target->kind == TIMES_FASTER ? " times as fast" : target->word ? " " : "",
			 target->word ? target->word : "");
	}
}

/*
 * listing.c - is each pin that the library lists one of the scenario's?
 *
 * By the plan alone: whether another thread holds a pin just now is not for this one
 * to know.  But one that is listed must be, in all that is said of it, a pin that the
 * scenario takes: not the beginning of one and the end of another.
 */
#include "world.h"

/* Where the step's mapping stands, or will, in whatever space. */
static bool begins_in(const struct step *step, uint64_t address)
{
	const struct plan *plan = &play.plan;

	for (size_t i = 0; i < plan->scenario->nsteps; i++) {
		const struct step *map = &plan->steps[i];
		uint64_t start = plan->address[i] + step->offset;

		if ((map->op != OP_MAP && map->op != OP_REMAP) || map->mapping != step->mapping || !plan->address[i])
			continue;
		if (address == start)
			return true;
	}
	return false;
}

/* The longest that the mapping ever is, behind the place. */
static uint64_t rest_of_mapping(const struct step *step)
{
	const struct plan *plan = &play.plan;
	uint64_t most = 0;

	for (size_t i = 0; i < plan->scenario->nsteps; i++) {
		const struct step *map = &plan->steps[i];

		if ((map->op == OP_MAP || map->op == OP_REMAP) && map->mapping == step->mapping && map->length > most)
			most = map->length;
	}
	return most > step->offset ? most - step->offset : 0;
}

/* A pin of many pages may be a part for a moment: of one that ended early the rest is asked for (call.c). */
static bool is_pin_of(const struct step *step, const struct hf_pin_info *info)
{
	uint64_t length = step->length ? step->length : rest_of_mapping(step);
	bool one = step->offset % EXPLORED_PAGE + length <= EXPLORED_PAGE;
	uint64_t skipped = 0;

	while (!one && skipped < length && !begins_in(step, info->address - skipped))
		skipped += EXPLORED_PAGE - (step->offset + skipped) % EXPLORED_PAGE;
	return info->how == call_how(step->flags) && begins_in(step, info->address - skipped) &&
	       (one && step->length ? info->length == length : info->length <= length - skipped) &&
	       info->held <= info->length;
}

static bool is_ours(const struct world *w, int space, const struct hf_pin_info *info)
{
	const struct plan *plan = &play.plan;

	if (info->mm != w->mm[space])
		return false;
	for (size_t i = 0; i < plan->scenario->nsteps; i++) {
		const struct step *step = &plan->steps[i];

		if (step->op == OP_PIN && step->space == space && info->tag == plan->scenario->pins[step->pin] &&
		    is_pin_of(step, info))
			return true;
	}
	return false;
}

bool listing_is_right(struct world *w, const struct step *step, const struct hf_pin_info *pins, uint64_t count)
{
	unsigned promises = step->promises ? step->promises : play.plan.scenario->promises;

	for (uint64_t i = 0; i < count && i < PINS; i++)
		if (!is_ours(w, step->space, &pins[i]))
			return wrong_at(WRONG_PROMISE, step->at, promises, "a pin is listed that nobody takes so: %s, "
					"%llu bytes at %#llx", pins[i].tag ? pins[i].tag : "without a tag",
					(unsigned long long)pins[i].length, (unsigned long long)pins[i].address);
	return true;
}

/*
 * library_list.c - is what the library lists what the scenario has pinned?
 *
 * Each pin of an inventory, or of a fork's report, must be one of the scenario's, in
 * all that is said of it.  Nobody takes or ends one meanwhile, so that all is known.
 */
#include "library.h"

#include <errno.h>
#include <string.h>

#define ROOM (SCENARIO_NAMES + 1u)

/* Bytes of the pages that have not ended. */
static uint64_t bytes_held(const struct held_pin *held)
{
	uint64_t bytes = 0, last = held->skip + held->pin.length;

	for (uint64_t i = 0; i < held->pages; i++) {
		uint64_t begin = i ? i * SCENARIO_PAGE : held->skip, end = (i + 1) * SCENARIO_PAGE;

		if (!held->ended[i])
			bytes += (end < last ? end : last) - begin;
	}
	return bytes;
}

static bool is_pin(const struct judge *j, const struct held_pin *held, int space, const struct hf_pin_info *info)
{
	return held->taken && held->step.space == space && info->mm == j->mm[space] && info->address == held->address &&
	       info->length == held->pin.length && info->held == bytes_held(held) &&
	       info->how == library_how(held->step.flags);
}

static bool is_listed_well(const struct judge *j, int space, const struct hf_pin_info *info)
{
	for (int i = 0; info->tag && i < j->scenario->npins; i++)
		if (!strcmp(info->tag, j->scenario->pins[i]))
			return is_pin(j, &j->pin[i], space, info);
	return false;
}

static void check_list(const struct judge *j, int space, const struct hf_pin_info *pins, uint64_t count, struct reply *reply)
{
	for (uint64_t i = 0; i < count && i < ROOM; i++)
		if (!is_listed_well(j, space, &pins[i])) {
			snprintf(reply->reason, sizeof(reply->reason), "a pin is listed that nobody holds so: %s, %llu bytes at "
				 "%#llx", pins[i].tag ? pins[i].tag : "without a tag", (unsigned long long)pins[i].length,
				 (unsigned long long)pins[i].address);
			return;
		}
}

int library_inventory(struct judge *j, struct hf_mm *mm, const struct step *step, struct reply *reply)
{
	struct hf_pin_info pins[ROOM];

	reply->value = hf_inventory(j->pool, mm, pins, ROOM);
	check_list(j, step->space, pins, reply->value, reply);
	return 0;
}

int library_fork_reported(struct judge *j, struct hf_mm *mm, const struct step *step, enum hf_fork_pins how,
			  struct reply *reply)
{
	struct hf_pin_info pins[ROOM];
	struct hf_fork_report report = { .pins = pins, .room = ROOM };
	int error = hf_mm_fork(mm, how, &report, &j->mm[step->child]);

	check_list(j, step->space, pins, report.pins_found, reply);
	if (error == -EBUSY && !report.pins_found)
		snprintf(reply->reason, sizeof(reply->reason), "the fork is refused, and lists no pin");
	return error;
}

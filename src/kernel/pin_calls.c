/*
 * pin_calls.c - short pins, read and write: stopped process_vm calls
 *
 * One pin of the scenario is a call a unit that holds the pages from pin to
 * unpin, and a call for each access that the scenario will make through it
 * (calls.c has how they stop).  All are started by the pin step, with nothing in
 * between, so they get the same page; the first is the one whose permission
 * counts, and the accesses find a page that is pinned already.
 *
 * The kernel reads and writes through such a pin exactly once and in order, so
 * one call could not serve a device that does what it likes; several can.
 */
#include <errno.h>
#include <stdlib.h>

#include "live.h"

#define MOST_ACCESSES 256u	/* each is a thread */

static int end_calls(struct live *live, struct live_call *calls, size_t n)
{
	int error = 0;

	for (size_t i = 0; calls && i < n; i++)
		if (live_call_end(&live->callers, &calls[i], live_time_left(live)))
			error = -1;
	return error;
}

/* On failure the memory stays: a thread that does not end may still use it. */
static int give_all(struct live *live, int index)
{
	struct live_pin *pin = &live->pins[index];
	int error = end_calls(live, pin->holders, pin->units);

	if (end_calls(live, pin->accesses, pin->plan->naccesses) || error)
		return -1;
	free(pin->holders);
	free(pin->accesses);
	return 0;
}

/* ---- which byte a read stops on ----------------------------------------- */

static bool has_guard(const struct live_place *place, const struct live_pin *pin, uint64_t at)
{
	if (at % SCENARIO_PAGE)
		return true; /* the byte before is in the same page */
	if (at / SCENARIO_PAGE > pin->address / SCENARIO_PAGE)
		return pin->units == 1; /* in the page before, which this pin holds just as long */
	return place->guarded && at == place->address;
}

/* ---- take --------------------------------------------------------------- */

/* The part of the pin that is one unit. */
static void unit_range(const struct live_pin *pin, size_t unit, uint64_t *at, uint64_t *length)
{
	*at = pin->address;
	*length = pin->length;
	if (pin->units == 1)
		return;
	if (unit)
		*at = (pin->address / SCENARIO_PAGE + unit) * SCENARIO_PAGE;
	*length = pin->address + pin->length - *at;
	if (unit + 1 < pin->units)
		*length = SCENARIO_PAGE - *at % SCENARIO_PAGE;
}

static int hold_units(struct live *live, pid_t pid, struct live_pin *pin)
{
	int error = 0;

	for (size_t i = 0; !error && i < pin->units; i++) {
		uint64_t at, length;

		unit_range(pin, i, &at, &length);
		error = live_call_hold(&live->callers, &pin->holders[i], pid, pin->write, at, length,
				       live_time_left(live));
	}
	return error;
}

static int prepare_accesses(struct live *live, pid_t pid, const struct live_place *place, struct live_pin *pin)
{
	int error = 0;

	for (size_t i = 0; !error && i < pin->plan->naccesses; i++) {
		const struct planned_access *access = &pin->plan->accesses[i];
		uint64_t at = pin->address + access->offset;

		if (access->offset > pin->length || access->length > pin->length - access->offset || !access->length)
			continue; /* the step will say EINVAL */
		if (access->write && !pin->write)
			continue;
		if (access->write)
			error = live_call_write(&live->callers, &pin->accesses[i], pid, at, access->length,
						live_time_left(live));
		else
			error = live_call_read(&live->callers, &pin->accesses[i], pid, at, access->length,
					       has_guard(place, pin, at), live_time_left(live));
	}
	return error;
}

/* Reads that this machine can't do at the moment the scenario says. */
static bool reads_in_time(const struct live *live, const struct live_place *place, const struct live_pin *pin)
{
	for (size_t i = 0; i < pin->plan->naccesses; i++)
		if (!pin->plan->accesses[i].write && !live->probe->fresh_first_byte &&
		    !has_guard(place, pin, pin->address + pin->plan->accesses[i].offset))
			return false;
	return true;
}

static bool possible(const struct live *live, const struct live_place *place, const struct live_pin *pin,
		     struct reply *reply)
{
	uint64_t last = pin->address + pin->length - 1;

	if (last / SCENARIO_PAGE - pin->address / SCENARIO_PAGE >= LIVE_MOST_UNITS)
		live_cannot(reply, "process_vm calls pin at most %u pages at once", LIVE_MOST_UNITS);
	else if (pin->plan->naccesses > MOST_ACCESSES)
		live_cannot(reply, "over %u device accesses through one short pin", MOST_ACCESSES);
	else if (!reads_in_time(live, place, pin))
		live_cannot(reply, "on this CPU a stopped read at the first byte of its page shows old bytes");
	else
		return true;
	return false;
}

static void take(struct live *live, const struct step *step, struct live_pin *pin, struct reply *reply)
{
	const struct live_space *space = &live->spaces[step->space];
	const struct live_place *place = &space->places[step->mapping];
	int error;

	if (!possible(live, place, pin, reply))
		return;
	/* Asked before, for a call that can pin a part of its range pins that part without a word. */
	error = live_range_error(live, step->space, place, pin->address, pin->length, pin->write);
	if (error) {
		live_failed(reply, error);
		return;
	}
	pin->holders = calloc(pin->units, sizeof(*pin->holders));
	pin->accesses = calloc(pin->plan->naccesses + 1, sizeof(*pin->accesses));
	error = !pin->holders || !pin->accesses ? ENOMEM : hold_units(live, space->pid, pin);
	if (!error && prepare_accesses(live, space->pid, place, pin))
		error = -1; /* the page was pinned a moment ago */
	if (!error) {
		live_done(reply);
		return;
	}
	if (give_all(live, step->pin) || error < 0)
		live_broken(live, reply, "the calls of a short pin did not stop where they should");
	else
		live_failed(reply, error);
}

/* ---- access ------------------------------------------------------------- */

static int find_access(struct live_pin *pin, uint64_t offset, uint64_t length, bool write, size_t *found)
{
	for (size_t i = pin->next; i < pin->plan->naccesses; i++) {
		const struct planned_access *access = &pin->plan->accesses[i];

		if (access->offset != offset || access->length != length || access->write != write)
			continue;
		*found = i;
		pin->next = i + 1;
		return 0;
	}
	return EOPNOTSUPP;
}

static int access_calls(struct live *live, int index, uint64_t offset, uint64_t length, bool write)
{
	struct live_pin *pin = &live->pins[index];
	size_t i;
	int error = find_access(pin, offset, length, write, &i);

	if (error)
		return error;
	if (!pin->accesses[i].running)
		return -1;
	if (write)
		return live_call_write_now(&live->callers, &pin->accesses[i], live->box->data, live_time_left(live));
	return live_call_read_now(&live->callers, &pin->accesses[i], live->box->data, live_time_left(live));
}

/* With its pages go the accesses to them that were planned and not made. */
static int give_unit(struct live *live, int index, size_t unit)
{
	struct live_pin *pin = &live->pins[index];
	uint64_t at, length;
	int error = end_calls(live, &pin->holders[unit], 1);

	unit_range(pin, unit, &at, &length);
	for (size_t i = 0; i < pin->plan->naccesses; i++) {
		uint64_t from = pin->address + pin->plan->accesses[i].offset;

		if (from < at + length && from + pin->plan->accesses[i].length > at &&
		    end_calls(live, &pin->accesses[i], 1))
			error = -1;
	}
	return error;
}

const struct live_pin_kind live_pin_calls = {
	.take = take, .access = access_calls, .give_unit = give_unit, .give_all = give_all,
};

/*
 * pins.c - what all kinds of pin share: places, parts, and who does the work
 *
 * A pin is held in units that are given back together: one, if the scenario ends
 * it as a whole; one a page, if the scenario will unpin parts of it.  Errors are
 * those of the library, as far as they can be told from what the kernel says.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "live.h"

static uint64_t page_of(uint64_t address)
{
	return address / SCENARIO_PAGE;
}

static size_t pages_of(uint64_t address, uint64_t length)
{
	return page_of(address + length - 1) - page_of(address) + 1;
}

unsigned long long live_memlock_kib(void)
{
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_MEMLOCK, &limit);
	return (unsigned long long)limit.rlim_cur / 1024;
}

/* ---- before the first space --------------------------------------------- */

static const struct live_pin_kind *kind_of(unsigned flags)
{
	if (flags & PIN_GET)
		return &live_pin_pipe;
	return flags & PIN_LONG ? &live_pin_ring : &live_pin_calls;
}

static bool open_callers(struct live *live, struct reply *reply)
{
	char why[160];

	if (live->callers.uffd >= 0 || live_callers_open(&live->callers, why, sizeof(why)))
		return true;
	live_broken(live, reply, "%s", why);
	return false;
}

static bool open_ring(struct live *live, int pin, struct reply *reply)
{
	int error = live->rings[pin].fd >= 0 ? 0 : live_ring_open(&live->rings[pin]);

	if (error == ENOMEM) /* often it is another run of the same user: no trouble of ours */
		live_cannot(reply, "no memory for an io_uring: RLIMIT_MEMLOCK is %llu KiB", live_memlock_kib());
	else if (error)
		live_broken(live, reply, "io_uring is refused (%s)", strerror(error));
	return !error;
}

static bool open_pipes(struct live *live, int pin)
{
	if (live->look[0] < 0 && pipe2(live->look, O_CLOEXEC | O_NONBLOCK))
		return false;
	return live->pipes[pin][0] >= 0 || pipe2(live->pipes[pin], O_CLOEXEC | O_NONBLOCK) == 0;
}

static bool open_for(struct live *live, const struct step *step, struct reply *reply)
{
	const struct live_pin_kind *kind = kind_of(step->flags);

	if (step->pin < 0 || step->pin >= live->scenario->npins || live_why_not(live->probe, step))
		return true;
	if (kind == &live_pin_calls)
		return open_callers(live, reply);
	return kind == &live_pin_ring ? open_ring(live, step->pin, reply) : open_pipes(live, step->pin);
}

/* What spaces inherit has to be there before they are. */
bool live_pins_open(struct live *live, struct reply *reply)
{
	live->device = memfd_create("holdfast-device", MFD_CLOEXEC);
	if (live->device < 0)
		return false;
	for (size_t i = 0; i < live->scenario->nsteps; i++)
		if (live->scenario->steps[i].op == OP_PIN && !open_for(live, &live->scenario->steps[i], reply))
			return false;
	return live_plan_make(&live->plan, live->scenario);
}

/* ---- pin ---------------------------------------------------------------- */

static bool fill_in_pin(struct live *live, const struct step *step, struct live_pin *pin, struct reply *reply)
{
	struct live_place *place = live_place_of(live, step, reply);

	if (!place)
		return false;
	memset(pin, 0, sizeof(*pin));
	pin->write = step->flags & PIN_WRITE;
	pin->address = place->address + step->offset;
	pin->length = live_range_length(place, step);
	pin->plan = live_plan_next(&live->plan, step->pin);
	if (!pin->length || pin->length > UINT64_MAX / 2)
		live_failed(reply, EINVAL);
	else if (!pin->plan)
		live_cannot(reply, "a pin that was not in the scenario when it was opened");
	else if (pin->plan->parts && pages_of(pin->address, pin->length) > LIVE_MOST_UNITS)
		live_cannot(reply, "a pin of over %u pages that is unpinned in parts", LIVE_MOST_UNITS);
	else
		return true;
	return false;
}

void live_pin(struct live *live, const struct step *step, struct reply *reply)
{
	const struct live_pin_kind *kind = kind_of(step->flags);
	struct live_pin *pin;

	if (step->pin < 0 || step->pin >= live->scenario->npins || live->pins[step->pin].kind) {
		live_broken(live, reply, "a pin without a name of its own");
		return;
	}
	pin = &live->pins[step->pin];
	if (!fill_in_pin(live, step, pin, reply))
		return;
	pin->units = pin->plan->parts ? pages_of(pin->address, pin->length) : 1;
	kind->take(live, step, pin, reply);
	if (reply->answer == ANSWER_DONE)
		pin->kind = kind;
}

/* ---- the device --------------------------------------------------------- */

static size_t unit_of(const struct live_pin *pin, uint64_t offset)
{
	return pin->units == 1 ? 0 : page_of(pin->address + offset) - page_of(pin->address);
}

static struct live_pin *held_pin(struct live *live, const struct step *step)
{
	if (step->pin < 0 || step->pin >= live->scenario->npins || !live->pins[step->pin].kind)
		return NULL;
	return &live->pins[step->pin];
}

static int access_error(const struct live_pin *pin, const struct step *step)
{
	if (!pin || step->offset > pin->length || step->length > pin->length - step->offset || !step->length)
		return EINVAL;
	for (size_t i = unit_of(pin, step->offset); i <= unit_of(pin, step->offset + step->length - 1); i++)
		if (pin->given[i])
			return EINVAL;
	return step->op == OP_DEVICE_WRITE && !pin->write ? EACCES : 0;
}

void live_device(struct live *live, const struct step *step, struct reply *reply)
{
	struct live_pin *pin = held_pin(live, step);
	int error = access_error(pin, step);

	if (!error)
		error = pin->kind->access(live, step->pin, step->offset, step->length, step->op == OP_DEVICE_WRITE);
	if (error == EOPNOTSUPP)
		live_cannot(reply, "a device access that was not in the scenario when the pin was taken");
	else if (error < 0)
		live_broken(live, reply, "the device's access did not go through");
	else if (error)
		live_failed(reply, error);
	else
		live_done(reply);
}

/* ---- unpin -------------------------------------------------------------- */

static int give(struct live *live, int index)
{
	struct live_pin *pin = &live->pins[index];
	int error = pin->kind->give_all(live, index);

	pin->kind = NULL;
	return error;
}

static bool at_boundary(const struct live_pin *pin, uint64_t offset)
{
	return offset == 0 || offset == pin->length || (pin->address + offset) % SCENARIO_PAGE == 0;
}

/* A part that can be unpinned: its ends are the pin's or a page's, and it is still held. */
static bool is_part(const struct live_pin *pin, uint64_t offset, uint64_t length)
{
	if (offset >= pin->length || length > pin->length - offset)
		return false;
	if (!at_boundary(pin, offset) || !at_boundary(pin, offset + length))
		return false;
	for (size_t i = unit_of(pin, offset); i <= unit_of(pin, offset + length - 1); i++)
		if (pin->given[i])
			return false;
	return true;
}

static int give_part(struct live *live, int index, uint64_t offset, uint64_t length)
{
	struct live_pin *pin = &live->pins[index];
	size_t left = 0;
	int error = 0;

	for (size_t i = unit_of(pin, offset); !error && i <= unit_of(pin, offset + length - 1); i++) {
		error = pin->kind->give_unit(live, index, i);
		pin->given[i] = true;
	}
	for (size_t i = 0; i < pin->units; i++)
		left += !pin->given[i];
	return error || left ? error : give(live, index);
}

void live_unpin(struct live *live, const struct step *step, struct reply *reply)
{
	struct live_pin *pin = held_pin(live, step);
	uint64_t length = step->length;
	int error;

	if (pin && !length)
		length = step->offset < pin->length ? pin->length - step->offset : 0;
	if (pin && !step->offset && !step->length)
		error = give(live, step->pin);
	else if (!pin || !length || !is_part(pin, step->offset, length))
		error = EINVAL;
	else
		error = give_part(live, step->pin, step->offset, length);
	if (error < 0)
		live_broken(live, reply, "a pin that can't be ended");
	else if (error)
		live_failed(reply, error);
	else
		live_done(reply);
}

/* ---- the end ------------------------------------------------------------ */

/* As far as it goes: what is left ends with the director. */
void live_pins_end(struct live *live)
{
	for (int i = 0; i < live->scenario->npins; i++) {
		if (live->pins[i].kind)
			give(live, i);
		live_ring_close(&live->rings[i]);
	}
}

/*
 * plan.c - what is known of a scenario before its first step
 *
 * A short pin on a live kernel is a system call that was stopped half way, and
 * each access of the device has to be such a call too, started with the pin
 * (calls.c).  So the accesses must be known when the pin is taken: here they are
 * collected, for each pin step those that follow before its name is used again.
 *
 * And what no kernel can do is known beforehand: a scenario that asks for it is
 * refused as a whole, rather than run half way.
 */
#include <errno.h>
#include <stdlib.h>

#include "live.h"

/* ---- accesses ----------------------------------------------------------- */

static bool add_pin(struct live_plan *plan, int pin)
{
	struct planned_pin *grown = realloc(plan->pins, (plan->npins + 1) * sizeof(*grown));

	if (!grown)
		return false;
	plan->pins = grown;
	plan->pins[plan->npins++] = (struct planned_pin){ .pin = pin };
	return true;
}

static bool add_access(struct planned_pin *pin, const struct step *step)
{
	if (pin->naccesses == pin->room) {
		size_t room = pin->room ? 2 * pin->room : 4;
		struct planned_access *grown = realloc(pin->accesses, room * sizeof(*grown));

		if (!grown)
			return false;
		pin->accesses = grown;
		pin->room = room;
	}
	pin->accesses[pin->naccesses++] = (struct planned_access){
		.offset = step->offset, .length = step->length, .write = step->op == OP_DEVICE_WRITE,
	};
	return true;
}

/* The pin of that name that is held now, as far as the text tells. */
static struct planned_pin *latest(struct live_plan *plan, int pin)
{
	for (size_t i = plan->npins; i-- > 0;)
		if (plan->pins[i].pin == pin)
			return &plan->pins[i];
	return NULL;
}

static bool plan_step(struct live_plan *plan, const struct step *step)
{
	struct planned_pin *pin = latest(plan, step->pin);

	switch (step->op) {
	case OP_PIN:
		return add_pin(plan, step->pin);
	case OP_UNPIN:
		if (pin && (step->offset || step->length))
			pin->parts = true;
		return true;
	case OP_DEVICE_WRITE:
	case OP_DEVICE_READ:
	case OP_EXPECT_DEVICE:
		return !pin || step->fails || add_access(pin, step);
	default:
		return true;
	}
}

bool live_plan_make(struct live_plan *plan, const struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->nsteps; i++)
		if (!plan_step(plan, &scenario->steps[i]))
			return false;
	return true;
}

struct planned_pin *live_plan_next(struct live_plan *plan, int pin)
{
	for (size_t i = 0; i < plan->npins; i++) {
		if (plan->pins[i].pin != pin || plan->pins[i].begun)
			continue;
		plan->pins[i].begun = true;
		return &plan->pins[i];
	}
	return NULL;
}

/* ---- what can't be done ------------------------------------------------- */

static const char *why_not_pin(const struct kernel_probe *probe, const struct step *step)
{
	enum kernel_kind kind;

	if (step->flags & PIN_FAST)
		return "no system call takes the fast path alone";
	if (step->flags & PIN_GET)
		kind = KERNEL_GET;
	else if (step->flags & PIN_WRITE)
		kind = step->flags & PIN_LONG ? KERNEL_WRITE_LONG : KERNEL_WRITE_SHORT;
	else
		kind = step->flags & PIN_LONG ? KERNEL_READ_LONG : KERNEL_READ_SHORT;
	return probe->kinds[kind].possible ? NULL : probe->kinds[kind].reason;
}

/* The limits of a pool are the library's: a kernel with memory left does not say these to a touch. */
static const char *why_not_limit(const struct step *step)
{
	bool touches = step->op == OP_STORE || step->op == OP_FILL || step->op == OP_LOAD || step->op == OP_ATOMIC ||
		       step->op == OP_PIN || step->op == OP_FORK || step->op == OP_COLLAPSE;

	if (step->fails == ENOLCK && step->op == OP_PIN)
		return "Linux has no pool with a limit for long-term pins";
	return step->fails == ENOMEM && touches ? "Linux has no pool that could be full" : NULL;
}

const char *live_why_not(const struct kernel_probe *probe, const struct step *step)
{
	const char *limit = why_not_limit(step);

	if (limit)
		return limit;
	if (step->op == OP_EXPECT_HUGE)
		return "Linux says of a mapping as a whole how much of it is in huge pages";
	if (live_why_not_huge(probe, step))
		return live_why_not_huge(probe, step);
	if (step->thread)
		return "parts that run at the same time are for the explorer alone";
	switch (step->op) {
	case OP_PIN:
		return why_not_pin(probe, step);
	case OP_MAP:
		return step->flags & MAP_SEALED_FLAG ? "Linux has no private mapping that is sealed against writing" : NULL;
	case OP_PROTECT:
		return step->prot & PROT_SEAL_FLAG ? "Linux can't seal a private mapping against writing alone" : NULL;
	case OP_FORK:
		if (step->flags == FORK_REFUSE)
			return "no fork of Linux refuses because of pins";
		if (step->value)
			return "no fork of Linux says which pins it met";
		return step->flags == FORK_HOLE ? "no fork of Linux leaves pinned pages out" : NULL;
	case OP_LISTEN:
		return "Linux has no handler of misuse";
	case OP_DESTROY:
		return step->object >= 0 ? "this judge keeps its objects to the end" : NULL;
	case OP_EXPECT_PATH:
		return "Linux does not say which path a pin took";
	case OP_EXPECT_STAT:
		return live_counts(step) ? NULL : "Linux does not count this for one address space";
	case OP_EXPECT_INVENTORY:
		return "Linux does not say which pins there are";
	default:
		return NULL;
	}
}

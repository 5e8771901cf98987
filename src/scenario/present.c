/*
 * present.c - what is here as the steps go by
 *
 * Follows what judges answered, where check.c follows the text alone.  A mapping
 * counts as here after its unmap: what is done there fails with EFAULT, and a
 * line that wants that has to say so.
 */
#include "present.h"

static bool has(uint64_t set, int index)
{
	return index < 0 || set >> index & 1;
}

static bool makes_space(const struct step *step)
{
	return step->op == OP_SPACE || step->op == OP_MAP;
}

bool step_is_possible(const struct present *here, const struct step *step)
{
	if (step->fails)
		return true;
	if (step->op == OP_MAP && here->exited >> step->space & 1)
		return false;
	if (!makes_space(step) && !has(here->spaces, step->space))
		return false;
	if (step->op != OP_MAP && step->mapping >= 0 && !has(here->mappings[step->space], step->mapping))
		return false;
	return (step->op == OP_OBJECT || has(here->objects, step->object)) &&
	       (step->op == OP_PIN || has(here->pins, step->pin));
}

static void end(struct present *here, const struct step *step)
{
	if (step->op == OP_EXIT) {
		here->spaces &= ~(UINT64_C(1) << step->space);
		here->exited |= UINT64_C(1) << step->space;
	} else if (!step->offset && !step->length) {
		here->pins &= ~(UINT64_C(1) << step->pin);
	}
}

void step_has_succeeded(struct present *here, const struct step *step)
{
	switch (step->op) {
	case OP_OBJECT:
		here->objects |= UINT64_C(1) << step->object;
		break;
	case OP_MAP:
		here->mappings[step->space] |= UINT64_C(1) << step->mapping;
		here->spaces |= UINT64_C(1) << step->space;
		break;
	case OP_SPACE:
		here->spaces |= UINT64_C(1) << step->space;
		break;
	case OP_FORK:
		here->spaces |= UINT64_C(1) << step->child;
		here->mappings[step->child] = here->mappings[step->space];
		break;
	case OP_PIN:
		here->pins |= UINT64_C(1) << step->pin;
		break;
	case OP_EXIT:
	case OP_UNPIN:
		end(here, step);
		break;
	default:
		break;
	}
}

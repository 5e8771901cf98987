/*
 * present.c - what was made as the steps go by
 *
 * Follows what a judge answered, where check.c follows the text alone.
 */
#include "present.h"

static bool has(uint64_t set, int index)
{
	return index < 0 || (set >> index & 1);
}

bool step_is_possible(const struct present *made, const struct step *step)
{
	bool map = step->op == OP_MAP;

	if (step->fails)
		return true;
	if (!map && step->op != OP_SPACE && !has(made->spaces, step->space))
		return false;
	if (!map && step->space >= 0 && !has(made->mappings[step->space], step->mapping))
		return false;
	return (step->op == OP_OBJECT || has(made->objects, step->object)) &&
	       (step->op == OP_PIN || has(made->pins, step->pin));
}

void step_has_succeeded(struct present *made, const struct step *step)
{
	const uint64_t one = 1;

	switch (step->op) {
	case OP_OBJECT:
		made->objects |= one << step->object;
		break;
	case OP_MAP:
		made->mappings[step->space] |= one << step->mapping;
		made->spaces |= one << step->space;
		break;
	case OP_SPACE:
		made->spaces |= one << step->space;
		break;
	case OP_FORK:
		made->spaces |= one << step->child;
		made->mappings[step->child] = made->mappings[step->space];
		break;
	case OP_PIN:
		made->pins |= one << step->pin;
		break;
	default:
		break;
	}
}

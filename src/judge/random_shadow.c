/*
 * random_shadow.c - the random run: what there is by now
 *
 * Follows the steps that succeeded, and says whether a step names only what
 * there is: a round from which steps were removed may otherwise unpin what was
 * never pinned.
 */
#include "random_inside.h"

uint64_t shadow_pin_pages(uint64_t skip, uint64_t length)
{
	return (skip % SCENARIO_PAGE + length + SCENARIO_PAGE - 1) / SCENARIO_PAGE;
}

uint64_t shadow_bit(uint64_t page)
{
	uint64_t block = page / RANDOM_HUGE_PAGES, in = page % RANDOM_HUGE_PAGES;

	return UINT64_C(1) << (block * RANDOM_WATCHED + (in < RANDOM_WATCHED ? in : RANDOM_WATCHED - 1)) % 64;
}

bool shadow_watches(uint64_t page)
{
	uint64_t in = page % RANDOM_HUGE_PAGES;

	return in < RANDOM_WATCHED || in == RANDOM_HUGE_PAGES - 1;
}

static uint64_t bits(uint64_t first, uint64_t count)
{
	uint64_t set = 0;

	for (uint64_t i = first; i < first + count; i++)
		set |= shadow_bit(i);
	return set;
}

static void follow_map(struct shadow *shadow, const struct step *step)
{
	shadow->space[step->space].live = true;
	shadow->space[step->space].map[step->mapping].known = true;
	shadow->space[step->space].map[step->mapping].pages = (unsigned)(step->length / SCENARIO_PAGE);
	shadow->space[step->space].map[step->mapping].gone = 0;
	shadow->space[step->space].map[step->mapping].prot = step->prot;
}

static void follow_unmap(struct shadow *shadow, const struct step *step)
{
	uint64_t pages = step->length ? step->length / SCENARIO_PAGE : RANDOM_HUGE_MOST * RANDOM_HUGE_PAGES;
	bool whole = !step->offset && !step->length;

	shadow->space[step->space].map[step->mapping].gone |=
		whole ? SHADOW_ALL_GONE : bits(step->offset / SCENARIO_PAGE, pages);
}

static void follow_pin(struct shadow *shadow, const struct step *step)
{
	uint64_t whole = (uint64_t)shadow->space[step->space].map[step->mapping].pages * SCENARIO_PAGE;
	uint64_t length = step->length ? step->length : whole - step->offset;

	shadow->pin[step->pin].known = true;
	shadow->pin[step->pin].open = true;
	shadow->pin[step->pin].flags = step->flags;
	shadow->pin[step->pin].skip = step->offset % SCENARIO_PAGE;
	shadow->pin[step->pin].length = length;
	shadow->pin[step->pin].held = bits(0, shadow_pin_pages(step->offset, length));
}

static void follow_unpin(struct shadow *shadow, const struct step *step)
{
	uint64_t at = shadow->pin[step->pin].skip + step->offset;
	uint64_t length = step->length ? step->length : shadow->pin[step->pin].length - step->offset;

	shadow->pin[step->pin].held &= ~bits(at / SCENARIO_PAGE, shadow_pin_pages(at, length));
	if (!step->offset && !step->length)
		shadow->pin[step->pin].open = false;
}

static void follow_fork(struct shadow *shadow, const struct step *step)
{
	shadow->space[step->child] = shadow->space[step->space];
}

void shadow_follow(struct shadow *shadow, const struct step *step)
{
	switch (step->op) {
	case OP_OBJECT: case OP_OBJECT_RESIZE:
		shadow->object[step->object].made = true;
		shadow->object[step->object].bytes = step->length;
		break;
	case OP_MAP: follow_map(shadow, step); break;
	case OP_UNMAP: follow_unmap(shadow, step); break;
	case OP_PROTECT: shadow->space[step->space].map[step->mapping].prot = step->prot; break;
	case OP_REMAP:
		if (step->flags == REMAP_RESIZE)
			shadow->space[step->space].map[step->mapping].pages = (unsigned)(step->length / SCENARIO_PAGE);
		break;
	case OP_PIN: follow_pin(shadow, step); break;
	case OP_UNPIN: follow_unpin(shadow, step); break;
	case OP_SPACE: shadow->space[step->space].live = true; break;
	case OP_FORK: follow_fork(shadow, step); break;
	case OP_DESTROY:
		if (step->object >= 0)
			shadow->object[step->object].made = false;
		else
			shadow->space[step->space].live = shadow->space[step->space].exited = false;
		break;
	case OP_EXIT:
		shadow->space[step->space].live = false;
		shadow->space[step->space].exited = true;
		break;
	default: break;
	}
}

/* As the parser sees it: unmapped by one line, not bit by bit. */
static bool nothing_there(const struct shadow *shadow, int space, int mapping)
{
	return !shadow->space[space].map[mapping].known ||
	       shadow->space[space].map[mapping].gone == SHADOW_ALL_GONE;
}

/* An exited space may be named: everything fails there in the same way. */
static bool space_is_known(const struct shadow *shadow, int space)
{
	return shadow->space[space].live || shadow->space[space].exited;
}

bool shadow_allows(const struct shadow *shadow, const struct step *step)
{
	switch (step->op) {
	case OP_COUNT:
		return true;
	case OP_OBJECT:
		return !shadow->object[step->object].made;
	case OP_OBJECT_WRITE: case OP_OBJECT_RESIZE: case OP_EXPECT_OBJECT:
		return shadow->object[step->object].made;
	case OP_MAP:
		return (step->object < 0 || shadow->object[step->object].made) &&
		       nothing_there(shadow, step->space, step->mapping);
	case OP_UNPIN: case OP_DEVICE_WRITE: case OP_DEVICE_READ: case OP_EXPECT_DEVICE:
		return shadow->pin[step->pin].known;
	case OP_SPACE:
		return !space_is_known(shadow, step->space);
	case OP_FORK:
		return space_is_known(shadow, step->space) && !space_is_known(shadow, step->child);
	case OP_EXIT:
		return space_is_known(shadow, step->space);
	case OP_PIN:
		if (shadow->pin[step->pin].open)
			return false;
		/* fall through */
	default:
		return space_is_known(shadow, step->space) && shadow->space[step->space].map[step->mapping].known;
	}
}

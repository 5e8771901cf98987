/*
 * check.c - what is wrong although every word is known
 *
 * Follows the steps as a careful reader would: which space is still here, which
 * pin is held, how large a mapping can be by now.  Only what is certain from the
 * text alone is an error, and a line that ends in `fails` may do all of it on
 * purpose; so may a thread, for its steps have no order among others.
 */
#include <string.h>

#include "parser.h"

static bool tolerant(const struct step *step)
{
	return step->fails || step->thread;
}

/* ---- spaces and names --------------------------------------------------- */

static bool check_space(struct parser *p, const struct step *step)
{
	const struct known *k = &p->known;
	const char *name;

	if (step->space < 0 || step->op == OP_SPACE)
		return true;
	name = p->scenario->spaces[step->space];
	if (k->space[step->space] == LIFE_HERE || tolerant(step))
		return true;
	if (k->space[step->space] == LIFE_OVER)
		return scan_error(&p->scan, p->at[KIND_SPACE],
				  "space %s exited on line %d; expected a space that is still here, or \"fails ESRCH\"",
				  name, k->over_line[step->space]);
	if (step->op == OP_MAP)
		return true;
	return scan_error(&p->scan, p->at[KIND_SPACE],
			  "space %s is not here: its fork was to fail; expected a space that is", name);
}

static bool check_new_space(struct parser *p, int space, struct position at)
{
	if (space < 0 || p->known.space[space] == LIFE_NONE)
		return true;
	return scan_error(&p->scan, at, "a second space of the name %s; expected a name that is not taken",
			  p->scenario->spaces[space]);
}

static bool check_mapping(struct parser *p, const struct step *step)
{
	const struct known *k = &p->known;
	const char *space, *mapping;

	if (step->mapping < 0)
		return true;
	space = p->scenario->spaces[step->space];
	mapping = p->scenario->mappings[step->mapping];
	if (step->op != OP_MAP && !k->place[step->space][step->mapping])
		return scan_error(&p->scan, p->at[KIND_MAPPING],
				  "space %s has no mapping %s; expected one that it made or got by a fork", space, mapping);
	if (step->op == OP_MAP && k->mapped[step->space][step->mapping])
		return scan_error(&p->scan, p->at[KIND_MAPPING],
				  "a second mapping %s in space %s; expected a name that is not taken, or an unmap before",
				  mapping, space);
	return true;
}

static bool check_object(struct parser *p, const struct step *step)
{
	if (step->op != OP_OBJECT || !p->known.object_bytes[step->object])
		return true;
	return scan_error(&p->scan, p->at[KIND_OBJECT],
			  "a second object of the name %s; expected a name that is not taken",
			  p->scenario->objects[step->object]);
}

/* ---- pins --------------------------------------------------------------- */

static bool uses_pin(enum op op)
{
	return op == OP_UNPIN || op == OP_DEVICE_WRITE || op == OP_EXPECT_DEVICE;
}

static bool check_pin_life(struct parser *p, const struct step *step)
{
	const struct known *k = &p->known;
	const char *name = p->scenario->pins[step->pin];

	if (step->op == OP_PIN && k->pin[step->pin] == LIFE_HERE)
		return scan_error(&p->scan, p->at[KIND_PIN],
				  "a second pin of the name %s; expected a name that is not taken, or an unpin before",
				  name);
	if (!uses_pin(step->op) || k->pin[step->pin] == LIFE_HERE || tolerant(step))
		return true;
	if (k->pin[step->pin] == LIFE_OVER)
		return scan_error(&p->scan, p->at[KIND_PIN],
				  "pin %s was unpinned on line %d; expected a pin that is held, or \"fails EINVAL\"", name,
				  k->unpin_line[step->pin]);
	return scan_error(&p->scan, p->at[KIND_PIN],
			  "pin %s is not held: taking it was to fail; expected a pin that is", name);
}

static bool check_pin(struct parser *p, const struct step *step)
{
	if (step->pin < 0)
		return true;
	if (!check_pin_life(p, step))
		return false;
	if (step->op == OP_DEVICE_WRITE && !(p->known.pin_flags[step->pin] & PIN_WRITE) && !tolerant(step))
		return scan_error(&p->scan, p->at[KIND_PIN],
				  "a device can't write through %s, which is no write pin; expected one, or \"fails EACCES\"",
				  p->scenario->pins[step->pin]);
	return true;
}

/* ---- extents and options ------------------------------------------------ */

/* The bytes that offset and length must lie in, 0 if nobody knows. */
static uint64_t extent(const struct parser *p, const struct step *step, const char **what)
{
	if (step->op == OP_MAP)
		return 0;
	if (step->mapping >= 0) {
		*what = "mapping";
		return p->known.mapping_bytes[step->mapping];
	}
	if (step->pin >= 0) {
		*what = "pin";
		return p->known.pin_bytes[step->pin];
	}
	if (step->object >= 0 && step->op != OP_OBJECT && step->op != OP_OBJECT_RESIZE) {
		*what = "object";
		return p->known.object_bytes[step->object];
	}
	return 0;
}

static bool check_extent(struct parser *p, const struct step *step)
{
	const char *what = "";
	uint64_t bytes = extent(p, step, &what);
	uint64_t length = step->op == OP_REMAP ? 0 : step->length;

	if (!bytes || tolerant(step))
		return true;
	if (step->offset >= bytes)
		return scan_error(&p->scan, p->at_offset, "the offset %llu is outside of the %s, which has %llu bytes; "
							  "expected at most %llu",
				  (unsigned long long)step->offset, what, (unsigned long long)bytes,
				  (unsigned long long)bytes - 1);
	if (length > bytes - step->offset)
		return scan_error(&p->scan, p->at_length, "%llu bytes from the offset %llu on reach outside of the %s, "
							  "which has %llu bytes",
				  (unsigned long long)length, (unsigned long long)step->offset, what,
				  (unsigned long long)bytes);
	return true;
}

static bool check_options(struct parser *p, const struct step *step)
{
	if (step->fails)
		return true;
	if (step->op == OP_MAP && (step->flags & MAP_SEALED_FLAG) && (step->flags & MAP_SHARED_FLAG))
		return scan_error(&p->scan, step->at, "sealed and shared; only a private mapping can be sealed");
	if ((step->op == OP_MAP && (step->flags & MAP_SEALED_FLAG) && (step->prot & PROT_W)) ||
	    (step->op == OP_PROTECT && (step->prot & PROT_SEAL_FLAG) && (step->prot & PROT_W)))
		return scan_error(&p->scan, step->at, "sealed and rw; what is sealed can't be written: expected r or none");
	return true;
}

/* An object may be empty; a mapping can't be of no pages. */
static bool check_size(struct parser *p, const struct step *step)
{
	bool object = step->op == OP_OBJECT || step->op == OP_OBJECT_RESIZE;
	bool mapping = step->op == OP_MAP || (step->op == OP_REMAP && step->flags == REMAP_RESIZE);
	char what[32];

	if (step->fails || (!object && !mapping))
		return true;
	if (step->length <= MOST_PAGES * SCENARIO_PAGE && (step->length || object))
		return true;
	snprintf(what, sizeof(what), "%llu bytes", (unsigned long long)step->length);
	return size_error(p, p->at_length, step->length ? what : "nothing");
}

bool check_step(struct parser *p, const struct step *step)
{
	return check_space(p, step) &&
	       (step->op != OP_SPACE || check_new_space(p, step->space, p->at[KIND_SPACE])) &&
	       check_new_space(p, step->child, p->at_child) && check_mapping(p, step) && check_object(p, step) &&
	       check_pin(p, step) && check_size(p, step) && check_extent(p, step) && check_options(p, step);
}

/* ---- what is known after a step ----------------------------------------- */

static void follow_map(struct known *k, const struct step *step)
{
	k->place[step->space][step->mapping] = true;
	k->mapped[step->space][step->mapping] = true;
	if (step->length > k->mapping_bytes[step->mapping])
		k->mapping_bytes[step->mapping] = step->length;
}

static void follow_fork(struct known *k, const struct step *step)
{
	k->space[step->child] = LIFE_HERE;
	memcpy(k->place[step->child], k->place[step->space], sizeof(k->place[0]));
	memcpy(k->mapped[step->child], k->mapped[step->space], sizeof(k->mapped[0]));
}

static void follow_pin(struct known *k, const struct step *step)
{
	uint64_t all = k->mapping_bytes[step->mapping];

	k->pin[step->pin] = LIFE_HERE;
	k->pin_flags[step->pin] = step->flags;
	k->pin_bytes[step->pin] = step->length ? step->length : all > step->offset ? all - step->offset : 0;
}

static void follow_larger(uint64_t *bytes, uint64_t length)
{
	if (length > *bytes)
		*bytes = length;
}

void follow_step(struct parser *p, const struct step *step)
{
	struct known *k = &p->known;

	if (step->op == OP_MAP && k->space[step->space] == LIFE_NONE)
		k->space[step->space] = LIFE_HERE;
	if (step->fails)
		return;
	switch (step->op) {
	case OP_SPACE:
		k->space[step->space] = LIFE_HERE;
		break;
	case OP_OBJECT:
	case OP_OBJECT_RESIZE:
		follow_larger(&k->object_bytes[step->object], step->length);
		break;
	case OP_MAP:
		follow_map(k, step);
		break;
	case OP_REMAP:
		follow_larger(&k->mapping_bytes[step->mapping], step->length);
		break;
	case OP_UNMAP:
		if (!step->offset && !step->length)
			k->mapped[step->space][step->mapping] = false;
		break;
	case OP_FORK:
		follow_fork(k, step);
		break;
	case OP_EXIT:
		k->space[step->space] = LIFE_OVER;
		k->over_line[step->space] = step->at.line;
		break;
	case OP_PIN:
		follow_pin(k, step);
		break;
	case OP_UNPIN:
		if (!step->offset && !step->length) {
			k->pin[step->pin] = LIFE_OVER;
			k->unpin_line[step->pin] = step->at.line;
		}
		break;
	default:
		break;
	}
}

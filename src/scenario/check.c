/*
 * check.c - what is wrong although every word is known
 *
 * Follows the steps as a careful reader would: which space is still here, which
 * pin is held, how large a mapping can be by now.  Only what is certain from the
 * text alone is an error, and a line that ends in `fails` or `may fail` may do
 * most of it on purpose.
 *
 * The steps of one thread have an order among each other and after those before
 * all threads; what another thread ends may or may not have ended yet, and what
 * comes behind the threads finds all of it ended.  What may fail to begin counts
 * as begun, what may fail to end as not ended.
 */
#include <string.h>

#include "parser.h"

/* It may well fail: then it may be about what is not there. */
static bool excused(const struct step *step)
{
	return step->fails || step->may_fail;
}

/* By the step's time it has ended for certain: not in a thread beside the step's own. */
static bool ended_before(const struct ending *e, const struct step *step)
{
	return e->thread <= 0 || step->thread <= 0 || e->thread == step->thread;
}

/* A second end in another thread: whichever comes later fails. */
static bool ends_twice(struct parser *p, const struct ending *e, struct position at, const char *what, const char *name,
		       const char *error)
{
	return scan_error(&p->scan, at, "%s %s ends in thread %d too, on line %d; expected one end, or \"may fail %s\"", what,
			  name, e->thread, e->line, error);
}

/* ---- handles ------------------------------------------------------------ */

static bool no_handle(struct parser *p, struct position at, const char *what, const char *name, const struct ending *e)
{
	return scan_error(&p->scan, at, "%s %s is destroyed on line %d; expected one whose handle is there", what, name,
			  e->line);
}

/* Nobody may use a handle that is destroyed, before or after, unless that is ordered: not even to fail. */
static bool check_handles(struct parser *p, const struct step *step)
{
	const struct known *k = &p->known;
	const struct scenario *s = p->scenario;

	if (step->space >= 0 && k->no_space[step->space].line)
		return no_handle(p, p->at[KIND_SPACE], "space", s->spaces[step->space], &k->no_space[step->space]);
	if (step->object >= 0 && k->no_object[step->object].line)
		return no_handle(p, p->at[KIND_OBJECT], "object", s->objects[step->object], &k->no_object[step->object]);
	return true;
}

static bool check_destroy(struct parser *p, const struct step *step)
{
	bool space = step->space >= 0;
	unsigned users = space ? p->known.uses_space[step->space] : step->object >= 0 ? p->known.uses_object[step->object] : 0;

	if (step->op != OP_DESTROY)
		return true;
	if (excused(step))
		return scan_error(&p->scan, step->at, "a destroy can't fail; expected none of \"fails\" and \"may fail\"");
	if (step->thread <= 0 || !(users & ~(1u | 1u << step->thread)))
		return true;
	return scan_error(&p->scan, p->at[space ? KIND_SPACE : KIND_OBJECT],
			  "%s is used in another thread, perhaps later; expected a handle that nobody else uses",
			  space ? p->scenario->spaces[step->space] : p->scenario->objects[step->object]);
}

/* ---- spaces and names --------------------------------------------------- */

static bool check_space(struct parser *p, const struct step *step)
{
	const struct known *k = &p->known;
	const char *name;

	if (step->space < 0 || step->op == OP_SPACE)
		return true;
	name = p->scenario->spaces[step->space];
	if (k->space[step->space] == LIFE_HERE || excused(step))
		return true;
	/* The handle is there until it is destroyed, and the pins outlive the exit. */
	if (k->space[step->space] == LIFE_OVER && (step->op == OP_DESTROY || step->op == OP_EXPECT_INVENTORY))
		return true;
	if (k->space[step->space] == LIFE_OVER && !ended_before(&k->exit[step->space], step))
		return step->op != OP_EXIT ||
		       ends_twice(p, &k->exit[step->space], p->at[KIND_SPACE], "space", name, "ESRCH");
	if (k->space[step->space] == LIFE_OVER)
		return scan_error(&p->scan, p->at[KIND_SPACE],
				  "space %s exited on line %d; expected a space that is still here, or \"fails ESRCH\"",
				  name, k->exit[step->space].line);
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
	if (step->op == OP_MAP && !ended_before(&k->unmap[step->space][step->mapping], step))
		return scan_error(&p->scan, p->at[KIND_MAPPING],
				  "mapping %s of space %s is unmapped in thread %d, perhaps later; expected another name",
				  mapping, space, k->unmap[step->space][step->mapping].thread);
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

static bool check_new_pin(struct parser *p, const struct step *step)
{
	const struct known *k = &p->known;
	const char *name = p->scenario->pins[step->pin];

	if (k->pin[step->pin] == LIFE_HERE)
		return scan_error(&p->scan, p->at[KIND_PIN],
				  "a second pin of the name %s; expected a name that is not taken, or an unpin before",
				  name);
	if (k->pin[step->pin] == LIFE_OVER && !ended_before(&k->unpin[step->pin], step))
		return scan_error(&p->scan, p->at[KIND_PIN],
				  "pin %s is unpinned in thread %d, perhaps later; expected another name", name,
				  k->unpin[step->pin].thread);
	return true;
}

/* Handed over to another thread, which ends it if it gets it in time: a second end can't know. */
static bool check_unpin(struct parser *p, const struct step *step)
{
	const struct ending *handed = &p->known.handed[step->pin];

	if (step->op != OP_UNPIN || !handed->line || excused(step))
		return true;
	return ends_twice(p, handed, p->at[KIND_PIN], "pin", p->scenario->pins[step->pin], "EINVAL");
}

static bool check_old_pin(struct parser *p, const struct step *step)
{
	const struct known *k = &p->known;
	const char *name = p->scenario->pins[step->pin];
	bool over = k->pin[step->pin] == LIFE_OVER;

	if (k->pin[step->pin] == LIFE_HERE || excused(step))
		return check_unpin(p, step);
	if (over && !ended_before(&k->unpin[step->pin], step))
		return step->op != OP_UNPIN ||
		       ends_twice(p, &k->unpin[step->pin], p->at[KIND_PIN], "pin", name, "EINVAL");
	if (over)
		return scan_error(&p->scan, p->at[KIND_PIN],
				  "pin %s was unpinned on line %d; expected a pin that is held, or \"fails EINVAL\"", name,
				  k->unpin[step->pin].line);
	return scan_error(&p->scan, p->at[KIND_PIN],
			  "pin %s is not held: taking it was to fail; expected a pin that is", name);
}

static bool check_pin(struct parser *p, const struct step *step)
{
	if (step->pin < 0)
		return true;
	if (step->op == OP_PIN)
		return check_new_pin(p, step);
	if (uses_pin(step->op) && !check_old_pin(p, step))
		return false;
	if (step->op == OP_DEVICE_WRITE && !(p->known.pin_flags[step->pin] & PIN_WRITE) && !excused(step))
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

	if (!bytes || excused(step) || step->thread > 0)	/* another thread may make it larger */
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

/* A collapse takes whole huge pages; the rest of a mapping may have a part of one. */
static bool check_collapse(struct parser *p, const struct step *step)
{
	if (step->op != OP_COLLAPSE || excused(step))
		return true;
	if (step->offset % SCENARIO_HUGE)
		return scan_error(&p->scan, p->at_offset, "a collapse from inside of a huge page; expected an offset as +1h");
	if (step->length % SCENARIO_HUGE)
		return scan_error(&p->scan, p->at_length, "a collapse of a part of a huge page; expected a size as 1h");
	return true;
}

static bool check_options(struct parser *p, const struct step *step)
{
	if (excused(step))
		return true;
	if (step->op == OP_MAP && (step->flags & MAP_SEALED_FLAG) && (step->flags & MAP_SHARED_FLAG))
		return scan_error(&p->scan, step->at, "sealed and shared; only a private mapping can be sealed");
	if (step->op == OP_MAP && (step->flags & MAP_HUGE_FLAG) && ((step->flags & MAP_SHARED_FLAG) || step->object >= 0))
		return scan_error(&p->scan, step->at, "huge pages of an object; only private anonymous memory has some");
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

	if (excused(step) || (!object && !mapping))
		return true;
	if (step->length <= MOST_PAGES * SCENARIO_PAGE && (step->length || object))
		return true;
	snprintf(what, sizeof(what), "%llu bytes", (unsigned long long)step->length);
	return size_error(p, p->at_length, step->length ? what : "nothing");
}

/* ---- loads and marks ---------------------------------------------------- */

static bool check_results(struct parser *p, const struct step *step)
{
	if (step->result >= 0 && p->known.value_bytes[step->result])
		return scan_error(&p->scan, p->at[KIND_VALUE],
				  "a second load of the name %s; expected a name that is not taken",
				  p->scenario->values[step->result]);
	if (step->mark >= 0 && p->known.mark[step->mark])
		return scan_error(&p->scan, p->at[KIND_MARK],
				  "a second mark of the name %s; expected a name that is not taken",
				  p->scenario->marks[step->mark]);
	return true;
}

bool check_value(struct parser *p, int value, struct position at, uint64_t length)
{
	uint64_t bytes = p->known.value_bytes[value];

	if (length <= bytes)
		return true;
	return scan_error(&p->scan, at, "%llu bytes, and load %s has %llu; expected at most as many",
			  (unsigned long long)length, p->scenario->values[value], (unsigned long long)bytes);
}

bool check_step(struct parser *p, const struct step *step)
{
	return check_handles(p, step) && check_space(p, step) &&
	       (step->op != OP_SPACE || check_new_space(p, step->space, p->at[KIND_SPACE])) &&
	       check_new_space(p, step->child, p->at_child) && check_mapping(p, step) && check_object(p, step) &&
	       check_pin(p, step) && check_results(p, step) && check_size(p, step) && check_extent(p, step) &&
	       check_options(p, step) && check_collapse(p, step) &&
	       check_destroy(p, step);
}

/* ---- what is known after a step ----------------------------------------- */

static void follow_map(struct known *k, const struct step *step)
{
	k->place[step->space][step->mapping] = true;
	k->unmap[step->space][step->mapping] = (struct ending){ 0, 0 };
	k->mapped[step->space][step->mapping] = true;
	if (step->length > k->mapping_bytes[step->mapping])
		k->mapping_bytes[step->mapping] = step->length;
}

static void follow_fork(struct known *k, const struct step *step)
{
	k->space[step->child] = LIFE_HERE;
	memcpy(k->place[step->child], k->place[step->space], sizeof(k->place[0]));
	memcpy(k->mapped[step->child], k->mapped[step->space], sizeof(k->mapped[0]));
	memcpy(k->unmap[step->child], k->unmap[step->space], sizeof(k->unmap[0]));
}

static void follow_pin(struct known *k, const struct step *step)
{
	uint64_t all = k->mapping_bytes[step->mapping];

	k->pin[step->pin] = LIFE_HERE;
	k->pin_thread[step->pin] = step->thread;
	k->handed[step->pin] = (struct ending){ 0, 0 };
	k->pin_flags[step->pin] = step->flags;
	k->pin_bytes[step->pin] = step->length ? step->length : all > step->offset ? all - step->offset : 0;
}

static void follow_larger(uint64_t *bytes, uint64_t length)
{
	if (length > *bytes)
		*bytes = length;
}

static void follow_results(struct known *k, const struct step *step)
{
	if (step->result >= 0)
		k->value_bytes[step->result] = step->length;
	if (step->mark >= 0)
		k->mark[step->mark] = true;
}

/* Another thread takes the pin: where it has not yet, the unpin is passed over. */
static bool is_handed(const struct known *k, const struct step *step)
{
	int owner = k->pin_thread[step->pin];

	return step->thread > 0 && owner > 0 && owner != step->thread;
}

static void follow_destroy(struct known *k, const struct step *step)
{
	struct ending end = { step->at.line, step->thread };

	if (step->object >= 0) {
		k->no_object[step->object] = end;
		return;
	}
	k->no_space[step->space] = k->exit[step->space] = end;
	k->space[step->space] = LIFE_OVER;
}

static void follow_uses(struct known *k, const struct step *step)
{
	unsigned who = 1u << (step->thread > 0 ? step->thread : 0);

	if (step->space >= 0)
		k->uses_space[step->space] |= who;
	if (step->child >= 0)
		k->uses_space[step->child] |= who;
	if (step->object >= 0)
		k->uses_object[step->object] |= who;
}

/* The end of a space, a pin or a mapping: all of it, and for certain. */
static void follow_end(struct known *k, const struct step *step)
{
	struct ending end = { step->at.line, step->thread };

	if (step->may_fail || step->offset || step->length)
		return;
	if (step->op == OP_EXIT) {
		k->space[step->space] = LIFE_OVER;
		k->exit[step->space] = end;
	} else if (step->op == OP_UNPIN && is_handed(k, step)) {
		k->handed[step->pin] = end;
	} else if (step->op == OP_UNPIN) {
		k->pin[step->pin] = LIFE_OVER;
		k->unpin[step->pin] = end;
	} else {
		k->mapped[step->space][step->mapping] = false;
		k->unmap[step->space][step->mapping] = end;
	}
}

void follow_step(struct parser *p, const struct step *step)
{
	struct known *k = &p->known;

	follow_uses(k, step);
	if (step->op == OP_MAP && k->space[step->space] == LIFE_NONE)
		k->space[step->space] = LIFE_HERE;
	if (step->fails)
		return;
	follow_results(k, step);
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
	case OP_FORK:
		follow_fork(k, step);
		break;
	case OP_PIN:
		follow_pin(k, step);
		break;
	case OP_DESTROY:
		follow_destroy(k, step);
		break;
	case OP_UNMAP:
	case OP_EXIT:
	case OP_UNPIN:
		follow_end(k, step);
		break;
	default:
		break;
	}
}

/*
 * condition.c - is a fact true at the quiet end?
 *
 * A fact about what is not there (never taken, ended, not mapped) is false.  To ask
 * for a place's bytes is a load, which may fault.
 */
#include "world.h"

#include <string.h>

/* The step that has this load's name, or this mark, if it was done. */
static const struct step *done_step(const struct world *w, int value, int mark)
{
	const struct scenario *s = play.plan.scenario;

	for (size_t i = 0; i < s->nsteps; i++) {
		const struct step *step = &s->steps[i];
		bool named = value >= 0 ? step->result == value : step->mark == mark;

		if (named && w->result[i].fate == FATE_DONE)
			return step;
	}
	return NULL;
}

/* ---- things ------------------------------------------------------------------ */

static bool place_is_there(const struct world *w, const struct thing *thing, uint64_t *address)
{
	const struct place *place = &w->base[thing->space][thing->mapping];

	*address = place->address + plan_bytes(thing->offset);
	return w->mm[thing->space] && !w->exited[thing->space] && place->made;
}

/* Where the pin has the byte; NULL: it was never taken, or that page of it has ended. */
static const unsigned char *pin_is_there(const struct world *w, const struct thing *thing, uint64_t length)
{
	const struct held *held = &w->held[thing->pin];
	uint64_t offset = plan_bytes(thing->offset);

	if (!held->taken || offset + length > held->pin.length || (held_ended(held) & held_part(held, offset, length)))
		return NULL;
	return held_byte(held, offset);
}

static bool page_of_thing(const struct world *w, const struct thing *thing, uint64_t *frame)
{
	const unsigned char *byte;
	struct hf_page_info info;
	uint64_t address;
	void *base;

	if (thing->kind == THING_PIN) {
		byte = pin_is_there(w, thing, 1);
		hf_pool_memory(w->pool, &base, NULL, NULL);
		*frame = byte ? (uint64_t)(byte - (unsigned char *)base) / EXPLORED_PAGE : 0;
		return byte;
	}
	if (!place_is_there(w, thing, &address) || hf_query(w->mm[thing->space], address, &info) || !info.entry)
		return false;
	*frame = info.frame;
	return true;
}

/* ---- facts --------------------------------------------------------------------- */

static bool is_done(const struct world *w, const struct thing *thing)
{
	switch (thing->kind) {
	case THING_PIN:
		return w->held[thing->pin].taken;
	case THING_SPACE:
		return w->mm[thing->space] && !w->exited[thing->space];
	case THING_VALUE:
		return done_step(w, thing->value, -1);
	case THING_MARK:
		return done_step(w, -1, thing->mark);
	default:
		return false;
	}
}

static bool is_same_page(const struct world *w, const struct fact *fact)
{
	uint64_t left, right;

	return page_of_thing(w, &fact->left, &left) && page_of_thing(w, &fact->right, &right) && left == right;
}

static bool is_huge(const struct world *w, const struct thing *thing)
{
	struct hf_page_info info;
	uint64_t address;

	return place_is_there(w, thing, &address) && !hf_query(w->mm[thing->space], address, &info) &&
	       (info.entry & HF_ENTRY_HUGE);
}

static bool is_same_bytes(const struct world *w, const struct fact *fact)
{
	const struct step *left = done_step(w, fact->left.value, -1), *right = done_step(w, fact->right.value, -1);

	return left && right && left->length == right->length &&
	       !memcmp(w->value[fact->left.value], w->value[fact->right.value], left->length);
}

static bool begins_with(const struct world *w, const struct fact *fact)
{
	const struct thing *thing = &fact->left;
	unsigned char read[EXPLORED_PAGE];
	const unsigned char *found = read;
	size_t length = fact->length;
	uint64_t address;

	switch (thing->kind) {
	case THING_PLACE:
		if (!place_is_there(w, thing, &address) ||
		    hf_read(w->mm[thing->space], address, read, length) != (ssize_t)length)
			return false;
		break;
	case THING_OBJECT:
		if (!w->object[thing->object] ||
		    hf_object_read(w->object[thing->object], plan_bytes(thing->offset), read, length) != (ssize_t)length)
			return false;
		break;
	case THING_PIN:
		found = pin_is_there(w, thing, length);
		break;
	default:
		found = done_step(w, thing->value, -1) ? w->value[thing->value] : NULL;
		break;
	}
	return found && !memcmp(found, fact->bytes, length);
}

static bool holds(const struct fact *fact, void *context)
{
	const struct world *w = context;

	switch (fact->kind) {
	case FACT_DONE:
		return is_done(w, &fact->left);
	case FACT_SAME_PAGE:
		return is_same_page(w, fact);
	case FACT_SAME_BYTES:
		return is_same_bytes(w, fact);
	case FACT_HUGE:
		return is_huge(w, &fact->left);
	default:
		return begins_with(w, fact);
	}
}

bool condition_holds(struct world *w, const struct condition *condition)
{
	return condition_is_true(condition, holds, w);
}

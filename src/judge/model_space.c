/*
 * model_space.c - the reference model: mappings and forks
 *
 * An address space is an array of mapped pages in no order, each with all that
 * is known of it.  There are no VMAs: "one mapping" means neighbours that agree
 * in everything.
 *
 * Where the header leaves a question open, the answer is here:
 *  - The order of complaints: a bad argument (EINVAL, see model.c), an exited mm
 *    (ESRCH), not all mapped (ENOMEM), not for this kind of mapping (EINVAL),
 *    sealed (EACCES).
 *  - A mapping with WIPEONFORK has no page in the child, pinned or not: such
 *    pins neither refuse a fork nor leave a hole.  The child's mapping has
 *    WIPEONFORK too.
 *  - A discard under a pin refills an own page from the object in place, also
 *    where the mapping was sealed since; with zeroes where the object ends before.
 *  - A resize to the same length wants one mapping too.
 *  - Shared anonymous memory has no end: what grows reads as zeroes there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

/* All of them in turn, from where the last was found: for who goes through a range that is the next one. */
struct model_slot *model_slot(struct model_space *space, uint64_t at)
{
	for (size_t n = 0, i = space->last; n < space->count; n++, i++) {
		if (i >= space->count)
			i = 0;
		if (space->slots[i].at == at) {
			space->last = i;
			return &space->slots[i];
		}
	}
	return NULL;
}

static void add_slot(struct model_space *space, struct model_slot slot)
{
	if (space->count == space->room) {
		size_t room = space->room ? 2 * space->room : 16;
		struct model_slot *slots = model_alloc(room, sizeof(*slots));

		for (size_t i = 0; i < space->count; i++)
			slots[i] = space->slots[i];
		free(space->slots);
		space->slots = slots;
		space->room = room;
	}
	space->slots[space->count++] = slot;
}

static void remove_slot(struct model_space *space, struct model_slot *slot)
{
	model_page_put(slot->own);
	*slot = space->slots[--space->count];
}

static bool all_mapped(struct model_space *space, uint64_t at, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++)
		if (!model_slot(space, at + i))
			return false;
	return true;
}

static bool same_kind(const struct model_slot *a, const struct model_slot *b)
{
	return a->object == b->object && (!a->object || b->index - a->index == b->at - a->at) && a->prot == b->prot &&
	       a->shared == b->shared && a->sealed == b->sealed && a->dontfork == b->dontfork &&
	       a->wipeonfork == b->wipeonfork && a->huge == b->huge;
}

static bool one_mapping(struct model_space *space, uint64_t at, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++)
		if (!model_slot(space, at + i) || !same_kind(model_slot(space, at), model_slot(space, at + i)))
			return false;
	return true;
}

static void fill_slots(struct model_space *space, struct model_slot first, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++) {
		struct model_slot slot = first;

		slot.at = first.at + i;
		slot.index = first.index + i;
		slot.hole = false;
		slot.own = slot.object ? NULL : model_page_new(NULL);
		add_slot(space, slot);
	}
}

int model_map(struct judge *model, struct model_space *space, const struct step *step)
{
	uint64_t pages = model_pages(step->length);
	struct model_slot slot = {
		.at = model->next_place,
		.index = step->object_offset / SCENARIO_PAGE,
		.prot = step->prot & (PROT_R | PROT_W),
		.shared = step->flags & MAP_SHARED_FLAG,
		.sealed = (step->flags & MAP_SEALED_FLAG) || (step->prot & PROT_SEAL_FLAG),
		.huge = step->flags & MAP_HUGE_FLAG,
	};

	if (step->object >= 0)
		slot.object = model->objects[step->object];
	else if (slot.shared)
		slot.object = model_object_new(model, pages * SCENARIO_PAGE);
	if (slot.shared && step->object < 0)
		slot.object->nameless = true;
	fill_slots(space, slot, pages);
	space->names[step->mapping].known = true;
	space->names[step->mapping].at = slot.at;
	space->names[step->mapping].pages = pages;
	model->next_place += 2 * MODEL_MAX_PAGES;
	return 0;
}

int model_unmap(struct model_space *space, uint64_t at, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++)
		if (model_slot(space, at + i))
			remove_slot(space, model_slot(space, at + i));
	return 0;
}

int model_protect(struct model_space *space, uint64_t at, uint64_t pages, unsigned prot)
{
	if (!all_mapped(space, at, pages))
		return ENOMEM;
	for (uint64_t i = 0; i < pages; i++)
		if ((prot & PROT_SEAL_FLAG) && model_slot(space, at + i)->shared)
			return EINVAL;
	for (uint64_t i = 0; i < pages; i++)
		if ((prot & PROT_W) && model_slot(space, at + i)->sealed)
			return EACCES;
	for (uint64_t i = 0; i < pages; i++) {
		struct model_slot *slot = model_slot(space, at + i);

		slot->prot = prot & (PROT_R | PROT_W);
		slot->sealed = slot->sealed || (prot & PROT_SEAL_FLAG);
	}
	return 0;
}

/* The pinned page stays the page: what it shows from now on is written into it. */
static void refill(struct model_slot *slot)
{
	unsigned char bytes[SCENARIO_PAGE] = { 0 };
	uint64_t begin = slot->index * SCENARIO_PAGE, length;

	if (slot->object && begin < slot->object->size) {
		length = slot->object->size - begin;
		memcpy(bytes, slot->object->page[slot->index]->bytes, length < SCENARIO_PAGE ? length : SCENARIO_PAGE);
	}
	model_page_write(slot->own, 0, bytes, SCENARIO_PAGE);
}

/*
 * A plain reference holds no page in its place.  But beside a pinned page of the same huge
 * one it may stay there all the same, and the reference shows what comes: so may this one.
 */
static void discard(struct model_slot *slot)
{
	slot->hole = false;
	if (slot->own && (slot->own->pins || (slot->own->gets && !slot->object))) {
		refill(slot);
		return;
	}
	model_page_put(slot->own);
	slot->own = slot->object ? NULL : model_page_new(NULL);
}

int model_advise(struct model_space *space, uint64_t at, uint64_t pages, enum advice advice)
{
	if (!all_mapped(space, at, pages))
		return ENOMEM;
	for (uint64_t i = 0; i < pages; i++)
		if ((advice == ADVICE_WIPEONFORK || advice == ADVICE_HUGE) && model_slot(space, at + i)->object)
			return EINVAL;
	for (uint64_t i = 0; i < pages; i++) {
		struct model_slot *slot = model_slot(space, at + i);

		switch (advice) {
		case ADVICE_DISCARD: discard(slot); break;
		case ADVICE_DONTFORK: slot->dontfork = true; break;
		case ADVICE_DOFORK: slot->dontfork = false; break;
		case ADVICE_WIPEONFORK: slot->wipeonfork = true; break;
		case ADVICE_KEEPONFORK: slot->wipeonfork = false; break;
		case ADVICE_HUGE: slot->huge = true; break;
		case ADVICE_NOHUGE: slot->huge = false; break;
		}
	}
	return 0;
}

/* No byte is different afterwards, so all there is to say is where it can't be done: of the first such huge page. */
static int may_collapse(struct model_space *space, uint64_t at, uint64_t pages)
{
	if (!all_mapped(space, at, pages))
		return ENOMEM;
	if (model_slot(space, at)->object || !one_mapping(space, at, pages))
		return EINVAL;
	for (uint64_t i = 0; i < pages; i++)
		if (model_slot(space, at + i)->hole)
			return ENODATA;
	return 0;
}

int model_collapse(struct model_space *space, uint64_t at, uint64_t pages)
{
	const uint64_t huge = SCENARIO_HUGE / SCENARIO_PAGE;

	for (uint64_t i = 0; i < pages; i += huge) {
		int error = may_collapse(space, at + i, huge);

		if (error)
			return error;
	}
	return 0;
}

/* Every mapping has room to grow where it is; so a move happens only when asked for. */
int model_remap(struct judge *model, struct model_space *space, const struct step *step)
{
	uint64_t at = space->names[step->mapping].at, old = space->names[step->mapping].pages;
	uint64_t pages = step->flags == REMAP_RESIZE ? model_pages(step->length) : old;

	if (!one_mapping(space, at, old))
		return EFAULT;
	model_unmap(space, at + pages, pages < old ? old - pages : 0);
	if (pages > old) {
		struct model_slot first = *model_slot(space, at);

		first.at += old;
		first.index += old;
		if (first.object && first.object->nameless && first.object->pages < first.index + pages - old)
			model_object_resize(first.object, (first.index + pages - old) * SCENARIO_PAGE);
		fill_slots(space, first, pages - old);
	}
	space->names[step->mapping].pages = pages;
	if (step->flags == REMAP_RESIZE)
		return 0;
	for (uint64_t i = 0; i < pages; i++)
		model_slot(space, at + i)->at = model->next_place + i;
	space->names[step->mapping].at = model->next_place;
	model->next_place += 2 * MODEL_MAX_PAGES;
	return 0;
}

/* Does it matter to a fork that this page is pinned? */
static bool pin_matters(const struct model_slot *slot)
{
	return slot->own && slot->own->pins && !slot->dontfork && !slot->wipeonfork;
}

static void fork_slot(const struct model_slot *parent, struct model_space *child, enum fork_pins pins)
{
	struct model_slot slot = *parent;

	if (slot.wipeonfork) {
		slot.hole = false;
		slot.own = model_page_new(NULL);
	} else if (pin_matters(parent) && pins == FORK_HOLE) {
		slot.hole = true;
		slot.own = NULL;
	} else if (slot.own) {
		slot.own = model_page_new(parent->own);
	}
	add_slot(child, slot);
}

int model_fork(const struct model_space *parent, struct model_space *child, enum fork_pins pins)
{
	for (size_t i = 0; i < parent->count; i++)
		if (pins == FORK_REFUSE && pin_matters(&parent->slots[i]))
			return EBUSY;
	for (size_t i = 0; i < parent->count; i++)
		if (!parent->slots[i].dontfork)
			fork_slot(&parent->slots[i], child, pins);
	for (int i = 0; i < SCENARIO_NAMES; i++)
		child->names[i] = parent->names[i];
	return 0;
}

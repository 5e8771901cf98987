/*
 * model_access.c - the reference model: touching memory, and pins
 *
 * Every access goes page by page through touch(), which says what is wrong with
 * the place, and then through shown() or own().  An access that fails at a later
 * page has done the earlier ones, as in the library.  A pin that fails at a later
 * page keeps nothing, but the pages before are this address space's own already,
 * as they are in the library, where the prefix is pinned and unpinned again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

/* What a load finds at a slot that touch() passed. */
static struct model_page *shown(const struct model_slot *slot)
{
	return slot->own ? slot->own : slot->object->page[slot->index];
}

/* The page that this slot will have from now on: a private one gets its own. */
static struct model_page *own(struct model_slot *slot)
{
	if (!slot->own && !slot->shared)
		slot->own = model_page_new(shown(slot));
	return shown(slot);
}

/* Which slot is there, and may it be touched so? */
static int touch(struct model_space *space, uint64_t address, unsigned prot, struct model_slot **found)
{
	struct model_slot *slot = model_slot(space, address / SCENARIO_PAGE);

	*found = slot;
	if (!slot)
		return EFAULT;
	if (!(slot->prot & prot) && !(prot == PROT_R && (slot->prot & PROT_W)))
		return EACCES;
	if (slot->hole)
		return ENODATA;
	if (!slot->own && slot->index >= slot->object->pages)
		return EFAULT;
	return 0;
}

/* Bytes from address to the end of its page, at most length. */
static uint64_t in_page(uint64_t address, uint64_t length)
{
	uint64_t rest = SCENARIO_PAGE - address % SCENARIO_PAGE;

	return length < rest ? length : rest;
}

int model_load(struct model_space *space, uint64_t address, unsigned char *bytes, uint64_t length)
{
	while (length) {
		uint64_t part = in_page(address, length);
		struct model_slot *slot;
		int error = touch(space, address, PROT_R, &slot);

		if (error)
			return error;
		memcpy(bytes, shown(slot)->bytes + address % SCENARIO_PAGE, part);
		address += part;
		bytes += part;
		length -= part;
	}
	return 0;
}

int model_store(struct model_space *space, uint64_t address, const unsigned char *bytes, uint64_t length)
{
	while (length) {
		uint64_t part = in_page(address, length);
		struct model_slot *slot;
		int error = touch(space, address, PROT_W, &slot);

		if (error)
			return error;
		model_page_write(own(slot), address % SCENARIO_PAGE, bytes, part);
		address += part;
		bytes += part;
		length -= part;
	}
	return 0;
}

static uint64_t atomic_result(const struct step *step, uint64_t old)
{
	switch ((enum atomic)step->flags) {
	case ATOMIC_ADD: return old + step->value;
	case ATOMIC_AND: return old & step->value;
	case ATOMIC_OR: return old | step->value;
	case ATOMIC_XOR: return old ^ step->value;
	case ATOMIC_CAS: return old == step->compare ? step->value : old;
	default: return step->value;
	}
}

/* The numbers of 4 bytes are the lower halves of those of 8: little-endian, as are the machines of the library. */
int model_atomic(struct model_space *space, uint64_t address, const struct step *step, uint64_t *old)
{
	bool load = step->flags == ATOMIC_LOAD;
	struct model_slot *slot;
	int error = touch(space, address, load ? PROT_R : PROT_W, &slot);
	uint64_t now;

	if (error)
		return error;
	*old = 0;
	memcpy(old, shown(slot)->bytes + address % SCENARIO_PAGE, step->length);
	if (load)
		return 0;
	now = atomic_result(step, *old);
	model_page_write(own(slot), address % SCENARIO_PAGE, &now, step->length);
	return 0;
}

/*
 * The page to pin.  A GET takes what is there.  A pin in a sealed mapping takes
 * what is there too, for nothing will replace it; elsewhere the page becomes this
 * address space's own.  A fast-only pin changes nothing: where there is no own
 * page yet, it has to be EAGAIN, and where there is, the library may still say so.
 */
static int page_to_pin(struct model_space *space, uint64_t address, unsigned flags, struct model_page **page)
{
	struct model_slot *slot;
	int error = touch(space, address, flags & PIN_WRITE ? PROT_W : PROT_R, &slot);

	if (error)
		return error;
	if ((flags & PIN_GET) || slot->sealed || slot->shared)
		*page = shown(slot);
	else if ((flags & PIN_FAST) && !slot->own)
		return EAGAIN;
	else
		*page = own(slot);
	return 0;
}

int model_pin(struct model_space *space, struct model_pin *pin, uint64_t address, uint64_t length, unsigned flags)
{
	uint64_t skip = address % SCENARIO_PAGE;
	uint64_t pages = (skip + length + SCENARIO_PAGE - 1) / SCENARIO_PAGE;
	struct model_page **page;

	if (!length || !pages || pages > MODEL_MAX_PAGES)
		return length ? EFAULT : EINVAL;
	page = model_alloc(pages, sizeof(struct model_page *));
	for (uint64_t i = 0; i < pages; i++) {
		int error = page_to_pin(space, address - skip + i * SCENARIO_PAGE, flags, &page[i]);

		if (error) {
			free(page);
			return error;
		}
	}
	for (uint64_t i = 0; i < pages; i++)
		model_page_pin(page[i], flags);
	free(pin->page);
	*pin = (struct model_pin){ .live = true, .flags = flags, .skip = skip, .length = length, .pages = pages,
				   .page = page };
	return 0;
}

static void unpin_page(struct model_pin *pin, uint64_t i)
{
	if (pin->page[i])
		model_page_unpin(pin->page[i], pin->flags);
	pin->page[i] = NULL;
}

/* An end of a part: an end of the pin, or a page boundary. */
static bool may_cut(const struct model_pin *pin, uint64_t offset)
{
	return !offset || offset == pin->length || (pin->skip + offset) % SCENARIO_PAGE == 0;
}

static bool held(const struct model_pin *pin, uint64_t first, uint64_t end)
{
	for (uint64_t i = first; i < end; i++)
		if (!pin->page[i])
			return false;
	return true;
}

/* Length 0 at offset 0: what is left of it.  The pin is over when its last page is unpinned. */
int model_unpin(struct model_pin *pin, uint64_t offset, uint64_t length)
{
	bool rest = !offset && !length;
	uint64_t first, end;

	if (!pin->live || offset > pin->length)
		return EINVAL;
	if (!length)
		length = pin->length - offset;
	if (!length || length > pin->length - offset || !may_cut(pin, offset) || !may_cut(pin, offset + length))
		return EINVAL;
	first = (pin->skip + offset) / SCENARIO_PAGE;
	end = (pin->skip + offset + length + SCENARIO_PAGE - 1) / SCENARIO_PAGE;
	if (!rest && !held(pin, first, end))
		return EINVAL;
	for (uint64_t i = first; i < end; i++)
		unpin_page(pin, i);
	pin->live = false;
	for (uint64_t i = 0; i < pin->pages; i++)
		pin->live = pin->live || pin->page[i];
	return 0;
}

/* The device reads or writes (the other buffer is NULL) through the pin. */
int model_device(struct model_pin *pin, uint64_t offset, uint64_t length, unsigned char *read,
		 const unsigned char *write)
{
	uint64_t at = pin->skip + offset, end = at + length;

	if (!pin->live || offset > pin->length || length > pin->length - offset)
		return EINVAL;
	if (!held(pin, at / SCENARIO_PAGE, (end + SCENARIO_PAGE - 1) / SCENARIO_PAGE))
		return EINVAL;
	if (write && !(pin->flags & PIN_WRITE))
		return EACCES;
	for (uint64_t part, done = 0; done < length; done += part, at += part) {
		struct model_page *page = pin->page[at / SCENARIO_PAGE];

		part = in_page(at, length - done);
		if (write)
			model_page_write(page, at % SCENARIO_PAGE, write + done, part);
		else
			memcpy(read + done, page->bytes + at % SCENARIO_PAGE, part);
	}
	return 0;
}

bool model_get_may_show(struct judge *model, const struct step *step, const unsigned char *bytes)
{
	const struct model_pin *pin = &model->pins[step->pin];
	uint64_t at = pin->skip + step->offset;

	for (uint64_t part, done = 0; done < step->length; done += part, at += part) {
		part = in_page(at, step->length - done);
		if (!pin->live || !pin->page[at / SCENARIO_PAGE])
			return true;
		if (!model_page_ever_held(pin->page[at / SCENARIO_PAGE], at % SCENARIO_PAGE, bytes + done, part))
			return false;
	}
	return true;
}

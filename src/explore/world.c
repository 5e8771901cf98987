/*
 * world.c - handles and places: who sees what, and how it comes together again
 */
#include "world.h"

#include <string.h>

struct play play;

/* ---- what one thread makes and another uses ------------------------------------ */

static bool is_outside(void)
{
	return engine_self() == OUTSIDE;
}

/* Made before the threads, by the calling thread, or handed over by now? */
static bool is_handed(struct world *w, int word, unsigned makers)
{
	if (word < 0 || is_outside() || (makers & 1u << (engine_self() + 1)))
		return true;
	return engine_load(&w->words[word], sizeof(*w->words), ORDER_ACQUIRE, HERE) != 0;
}

static void hand(struct world *w, int word)
{
	if (word >= 0 && !is_outside())
		engine_store(&w->words[word], sizeof(*w->words), 1, ORDER_RELEASE, HERE);
}

struct hf_mm *world_space(struct world *w, int space)
{
	if (!is_handed(w, play.plan.space_word[space], play.plan.makes.space[space]))
		return NULL;
	return w->mm[space];
}

struct held *world_pin(struct world *w, int pin)
{
	if (!is_handed(w, play.plan.pin_word[pin], play.plan.makes.pin[pin]))
		return NULL;
	return w->held[pin].taken ? &w->held[pin] : NULL;
}

void world_hand_space(struct world *w, int space)
{
	hand(w, play.plan.space_word[space]);
}

void world_hand_pin(struct world *w, int pin)
{
	hand(w, play.plan.pin_word[pin]);
}

/* ---- places ------------------------------------------------------------------------ */

/* The caller's view of a space's places; a thread's begins with what was known when it first looks. */
static struct place *places_of(struct world *w, int space)
{
	unsigned self = engine_self();

	if (self == OUTSIDE)
		return w->base[space];
	if (!w->has_own[self][space]) {
		memcpy(w->own[self][space], w->base[space], sizeof(w->base[space]));
		w->has_own[self][space] = true;
	}
	return w->own[self][space];
}

/* Another thread makes it: where it will be, if it is there yet. */
static void place_by_plan(struct place *place, int space, int mapping)
{
	const struct plan *plan = &play.plan;

	for (size_t i = 0; i < plan->scenario->nsteps && !place->made; i++) {
		const struct step *step = &plan->steps[i];

		if (step->op == OP_MAP && step->thread > 0 && step->thread != (int)engine_self() + 1 && !step->fails &&
		    step->space == space && step->mapping == mapping)
			*place = (struct place){ .address = (uint16_t)plan->address[i], .length = (uint16_t)step->length,
						 .made = (uint8_t)(i + 1), .is_private = !(step->flags & MAP_SHARED_FLAG) };
	}
}

struct place *world_place(struct world *w, int space, int mapping)
{
	struct place *place = &places_of(w, space)[mapping];

	if (!place->made && !is_outside())
		place_by_plan(place, space, mapping);
	return place;
}

void world_inherit(struct world *w, int parent, int child)
{
	struct place *from = places_of(w, parent);

	for (int i = 0; i < MAPPINGS; i++) {
		w->base[child][i] = from[i];
		w->base[child][i].changed = false;
	}
}

/* What one thread unmapped counts where no other has moved the mapping away: there it ended nothing. */
static void settle_place(struct place *base, const struct place *own)
{
	uint64_t gone = own->gone;

	if (own->made == base->made && own->address == base->address)
		gone |= base->gone;
	if (own->changed)
		*base = *own;
	if (own->made == base->made && own->address == base->address)
		base->gone = gone;
	base->changed = false;
}

/* After the threads: what they changed, in one view. */
void world_settle(struct world *w)
{
	for (unsigned t = 0; t < THREADS; t++)
		for (int s = 0; s < SPACES; s++)
			for (int m = 0; w->has_own[t][s] && m < MAPPINGS; m++)
				settle_place(&w->base[s][m], &w->own[t][s][m]);
	memset(w->has_own, 0, sizeof(w->has_own));
	memset(w->own, 0, sizeof(w->own));
}

/* ---- pins --------------------------------------------------------------------------- */

uint64_t page_bits(uint64_t first, uint64_t count)
{
	uint64_t low = count >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;

	return first >= 64 ? 0 : low << first;
}

unsigned held_pages(const struct held *held)
{
	return (unsigned)((held->offset % EXPLORED_PAGE + held->pin.length + EXPLORED_PAGE - 1) / EXPLORED_PAGE);
}

uint64_t held_part(const struct held *held, uint64_t offset, uint64_t length)
{
	uint64_t skip = held->offset % EXPLORED_PAGE, first = (skip + offset) / EXPLORED_PAGE;

	return length ? page_bits(first, (skip + offset + length - 1) / EXPLORED_PAGE - first + 1) : 0;
}

uint64_t held_ended(const struct held *held)
{
	uint64_t ended = 0;

	for (unsigned i = 0; i < VIEWS; i++)
		ended |= held->ended[i];
	return ended;
}

unsigned char *held_byte(const struct held *held, uint64_t offset)
{
	for (int i = 0; i < held->pin.iovcnt; i++) {
		if (offset < held->pin.iov[i].iov_len)
			return (unsigned char *)held->pin.iov[i].iov_base + offset;
		offset -= held->pin.iov[i].iov_len;
	}
	return NULL;
}

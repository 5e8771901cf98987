/*
 * contract.c - what must hold of pins and forks whatever the scenario asks
 *
 * On bytes alone.  Each space stores a pattern that nobody had before in each page
 * of its mappings, and each device in each page of its write pins, one after the
 * other; and after each of them everybody looks:
 *
 *	coherent   the space's own pins there show it, and what the device wrote is
 *	           loaded through the space
 *	isolated   no other space has it in that private mapping, and no pin of theirs
 *
 * Then each space that holds pins forks, and all of it again with the children: a
 * fork that has lost sight of a pin shows itself here.
 *
 * A pin's claim ends where the mapping is unmapped, and follows it where it moves.
 * What can't be looked at (a mapping that may not be written, no page left for a
 * copy) breaks nothing.
 */
#include "world.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* A space, or a child that the contract forks. */
struct member {
	struct hf_mm *mm;
	int space;		/* whose places these are */
	bool child;
};

struct look {
	struct world *w;
	struct member members[2 * SPACES];
	unsigned count;
	uint64_t patterns;
	const char *when;	/* "", or that children were forked */
};

/* Bytes of one page of a mapping. */
struct spot {
	int mapping;
	unsigned made;		/* of the place: it is still that mapping */
	unsigned page;
	unsigned from, to;	/* bytes in the page */
};

bool contract_broken(unsigned promises, const char *format, ...)
{
	unsigned asked = play.plan.design == DESIGN_HOLDFAST ? ~0u : play.plan.scenario->promises;
	char what[300];
	va_list args;

	if (!(promises & asked))
		return true;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return wrong_at(WRONG_PROMISE, (struct position){ 0, 0 }, promises & asked, "%s", what);
}

/* ---- names for messages ----------------------------------------------------------- */

struct spot_text { char text[160]; };

static struct spot_text show_spot(const struct member *member, const struct spot *spot)
{
	const struct scenario *s = play.plan.scenario;
	struct spot_text t;

	int n = snprintf(t.text, sizeof(t.text), "%s%.40s %.40s", member->child ? "the child of " : "",
			 s->spaces[member->space], s->mappings[spot->mapping]);

	if (spot->page)
		snprintf(t.text + n, sizeof(t.text) - (size_t)n, "+%up", spot->page);
	return t;
}

static const char *pin_text(const struct look *look, const struct held *held)
{
	return play.plan.scenario->pins[held - look->w->held];
}

/* ---- patterns ------------------------------------------------------------------------ */

/* A page of bytes that nobody has stored before. */
static void new_pattern(struct look *look, unsigned char *page)
{
	uint64_t word = ++look->patterns * UINT64_C(0x9e3779b97f4a7c15);

	for (unsigned i = 0; i < EXPLORED_PAGE; i += sizeof(word))
		memcpy(page + i, &word, sizeof(word));
}

static bool shows(const unsigned char *found, const unsigned char *pattern, const struct spot *spot)
{
	return !memcmp(found + spot->from, pattern + spot->from, spot->to - spot->from);
}

/* ---- pins ------------------------------------------------------------------------------ */

/* The part of a pin in that page of the mapping, as its bytes in the page; false: it has none, or no more. */
static bool pin_spot(const struct held *held, unsigned page, struct spot *spot)
{
	unsigned first = held->offset / EXPLORED_PAGE, skip = held->offset % EXPLORED_PAGE, end;

	if (!held->taken || page < first || page >= first + held_pages(held) ||
	    (held_ended(held) & page_bits(page - first, 1)))
		return false;
	end = (unsigned)(skip + held->pin.length - (page - first) * EXPLORED_PAGE);
	*spot = (struct spot){ .mapping = held->mapping, .made = held->place.made, .page = page,
			       .from = page == first ? skip : 0, .to = end < EXPLORED_PAGE ? end : EXPLORED_PAGE };
	return true;
}

/* Where the pinned page begins in memory (the pin may begin further in). */
static unsigned char *pin_page(const struct held *held, const struct spot *spot)
{
	uint64_t start = held->offset, at = (uint64_t)spot->page * EXPLORED_PAGE + spot->from;

	return held_byte(held, at - start) - spot->from;
}

static bool is_get(const struct held *held)
{
	return held->flags & PIN_GET;
}

/* Both have bytes of that page: those. */
static bool in_common(const struct spot *a, const struct spot *b, struct spot *both)
{
	*both = *a;
	if (b->from > both->from)
		both->from = b->from;
	if (b->to < both->to)
		both->to = b->to;
	return a->mapping == b->mapping && a->made == b->made && a->page == b->page && both->from < both->to;
}

/* ---- places -------------------------------------------------------------------------------- */

static const struct place *place_at(const struct look *look, const struct member *member, int mapping)
{
	return &look->w->base[member->space][mapping];
}

/* Is that mapping still there, with that page? */
static bool has_spot(const struct look *look, const struct member *member, const struct spot *spot)
{
	const struct place *place = place_at(look, member, spot->mapping);

	return place->made == spot->made && spot->page < place->length / EXPLORED_PAGE &&
	       !(place->gone & page_bits(spot->page, 1));
}

static uint64_t address_of(const struct look *look, const struct member *member, const struct spot *spot)
{
	return place_at(look, member, spot->mapping)->address + (uint64_t)spot->page * EXPLORED_PAGE;
}

static bool load(const struct look *look, const struct member *member, const struct spot *spot, unsigned char *page)
{
	return has_spot(look, member, spot) &&
	       hf_read(member->mm, address_of(look, member, spot), page, EXPLORED_PAGE) == EXPLORED_PAGE;
}

/* ---- everybody looks ---------------------------------------------------------------------------- */

static unsigned with_symmetric(unsigned promise, const struct held *held)
{
	return 1u << promise | (held && !(held->flags & PIN_WRITE) && !is_get(held) ? 1u << PROMISE_SYMMETRIC : 0u);
}

/* Does this pin show what was just written?  It must if it is the writer's, and must not if it is another's. */
static bool look_at_pin(const struct look *look, const struct member *writer, const struct spot *spot,
			const unsigned char *pattern, const struct held *held)
{
	struct spot here, both;
	bool own = held->space == writer->space && !writer->child, seen;

	if (!pin_spot(held, spot->page, &here) || !in_common(&here, spot, &both))
		return true;
	seen = shows(pin_page(held, &here), pattern, &both);
	if (own && !seen && !is_get(held) && has_spot(look, writer, spot))
		return contract_broken(with_symmetric(PROMISE_COHERENT, held), "what is stored at %s is not seen through %s%s",
				       show_spot(writer, spot).text, pin_text(look, held), look->when);
	if (!own && seen && held->place.is_private)
		return contract_broken(with_symmetric(PROMISE_ISOLATED, held), "what is written at %s is seen through %s, "
				       "which is another space's%s", show_spot(writer, spot).text, pin_text(look, held),
				       look->when);
	return true;
}

static bool look_at_space(const struct look *look, const struct member *writer, const struct spot *spot,
			  const unsigned char *pattern, const struct member *member)
{
	unsigned char page[EXPLORED_PAGE];

	if (member == writer || !load(look, member, spot, page) || !shows(page, pattern, spot))
		return true;
	return contract_broken(1u << PROMISE_ISOLATED, "what is written at %s is loaded at %s%s",
			       show_spot(writer, spot).text, show_spot(member, spot).text, look->when);
}

static bool everybody_looks(const struct look *look, const struct member *writer, const struct spot *spot,
			    const unsigned char *pattern, bool is_private)
{
	for (int i = 0; i < play.plan.scenario->npins; i++)
		if (!look_at_pin(look, writer, spot, pattern, &look->w->held[i]))
			return false;
	for (unsigned i = 0; is_private && i < look->count; i++)
		if (!look_at_space(look, writer, spot, pattern, &look->members[i]))
			return false;
	return true;
}

/* ---- everybody writes ------------------------------------------------------------------------------- */

static bool store_page(struct look *look, const struct member *member, const struct spot *spot)
{
	unsigned char pattern[EXPLORED_PAGE];

	new_pattern(look, pattern);
	if (hf_write(member->mm, address_of(look, member, spot), pattern, EXPLORED_PAGE) != EXPLORED_PAGE)
		return true;
	return everybody_looks(look, member, spot, pattern, place_at(look, member, spot->mapping)->is_private);
}

static bool store_everywhere(struct look *look, const struct member *member)
{
	for (int m = 0; m < play.plan.scenario->nmappings; m++) {
		const struct place *place = place_at(look, member, m);

		for (unsigned page = 0; page < place->length / EXPLORED_PAGE; page++) {
			struct spot spot = { .mapping = m, .made = place->made, .page = page, .to = EXPLORED_PAGE };

			if (place->made && has_spot(look, member, &spot) && !store_page(look, member, &spot))
				return false;
		}
	}
	return true;
}

/* Whose pin it is; NULL: it has exited. */
static const struct member *owner_of(const struct look *look, const struct held *held)
{
	for (unsigned i = 0; i < look->count; i++)
		if (!look->members[i].child && look->members[i].space == held->space)
			return &look->members[i];
	return NULL;
}

/* What the space loads is what the pin shows: also where nobody may store. */
static bool agree(const struct look *look, const struct member *owner, const struct held *held, const struct spot *spot)
{
	unsigned char page[EXPLORED_PAGE];

	if (is_get(held) || !load(look, owner, spot, page) || shows(pin_page(held, spot), page, spot))
		return true;
	return contract_broken(with_symmetric(PROMISE_COHERENT, held), "%s is loaded as something else than %s shows%s",
			       show_spot(owner, spot).text, pin_text(look, held), look->when);
}

static bool write_through(struct look *look, const struct member *owner, const struct held *held, const struct spot *spot)
{
	struct member gone = { .space = held->space };
	unsigned char pattern[EXPLORED_PAGE];

	if (held->flags & PIN_WRITE) {
		new_pattern(look, pattern);
		memcpy(pin_page(held, spot) + spot->from, pattern + spot->from, spot->to - spot->from);
		if (!everybody_looks(look, owner ? owner : &gone, spot, pattern, held->place.is_private))
			return false;
	}
	return !owner || agree(look, owner, held, spot);
}

static bool devices_write(struct look *look)
{
	for (int i = 0; i < play.plan.scenario->npins; i++) {
		const struct held *held = &look->w->held[i];
		unsigned first = held->offset / EXPLORED_PAGE;
		struct spot spot;

		for (unsigned page = first; held->taken && page < first + held_pages(held); page++)
			if (pin_spot(held, page, &spot) && !write_through(look, owner_of(look, held), held, &spot))
				return false;
	}
	return true;
}

/* What the objects have is new, so that mappings that nobody may write have something to show. */
static void write_objects(struct look *look)
{
	unsigned char pattern[EXPLORED_PAGE];

	for (int i = 0; i < play.plan.scenario->nobjects; i++) {
		struct hf_object *object = look->w->object[i];
		uint64_t size = object ? hf_object_size(object) : 0;

		for (uint64_t at = 0; at < size; at += EXPLORED_PAGE) {
			new_pattern(look, pattern);
			if (hf_object_write(object, at, pattern, EXPLORED_PAGE) <= 0)
				return;	/* no page left: there is nothing new to show */
		}
	}
}

static bool all_write(struct look *look)
{
	for (unsigned i = 0; i < look->count; i++)
		if (!store_everywhere(look, &look->members[i]))
			return false;
	write_objects(look);
	return devices_write(look);
}

/* ---- with children ---------------------------------------------------------------------------------------- */

static bool holds_pins(const struct look *look, int space)
{
	for (int i = 0; i < play.plan.scenario->npins; i++) {
		const struct held *held = &look->w->held[i];

		if (held->taken && held->space == space && (page_bits(0, held_pages(held)) & ~held_ended(held)))
			return true;
	}
	return false;
}

static void fork_members(struct look *look)
{
	for (unsigned i = 0, count = look->count; i < count; i++) {
		struct member child = { .space = look->members[i].space, .child = true };

		if (holds_pins(look, child.space) && !hf_mm_fork(look->members[i].mm, HF_FORK_COPY, NULL, &child.mm))
			look->members[look->count++] = child;
	}
}

bool contracts_hold(struct world *w)
{
	struct look look = { .w = w, .when = "" };
	bool ok;

	for (int i = 0; i < play.plan.scenario->nspaces; i++)
		if (w->mm[i] && !w->exited[i])
			look.members[look.count++] = (struct member){ .mm = w->mm[i], .space = i };
	ok = all_write(&look);
	if (!ok)
		return false;
	look.when = ", after one more fork";
	fork_members(&look);
	if (look.members[look.count ? look.count - 1 : 0].child)
		ok = all_write(&look);
	for (unsigned i = 0; ok && i < look.count; i++)
		if (look.members[i].child)
			hf_mm_destroy(look.members[i].mm);
	return ok;
}

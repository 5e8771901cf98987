/*
 * random_make.c - the random run: makes up the next step
 *
 * A table has the operations with their weights.  Each is made of what there is
 * (random_pick.c), so that most steps succeed; protections, unmapped parts and
 * short objects see to it that not all do.
 */
#include "random_make.h"

/* ---- the operations ------------------------------------------------------------ */

static uint64_t most_pages(const struct maker *maker)
{
	return is_small(maker) ? SMALL_PAGES : RANDOM_PAGES;
}

/* Huge pages, one or two, now and then with a page more; with the hint for them or without. */
static void map_huge(struct maker *maker, struct step *step)
{
	step->length = is_small(maker) ? SMALL_HUGE * SCENARIO_PAGE :
					 (1 + maker_below(maker, RANDOM_HUGE_MOST)) * SCENARIO_HUGE;
	if (step->length == SCENARIO_HUGE && chance(maker, 20))
		step->length += SCENARIO_PAGE;
	step->flags &= ~(unsigned)MAP_SHARED_FLAG;
	if (chance(maker, 70))
		step->flags |= MAP_HUGE_FLAG;
}

/* Few, for who compares with a model of 512 pages each. */
static bool is_for_huge(struct maker *maker)
{
	return maker->huge && chance(maker, is_small(maker) ? 70 : 35);
}

/* An object, mostly no further than it reaches; one that could not be made is none. */
static void map_object(struct maker *maker, struct step *step)
{
	int object = (int)maker_below(maker, (uint64_t)maker->scenario->nobjects);
	uint64_t bytes;

	if (!maker->shadow->object[object].made)
		return;
	step->object = object;
	step->object_offset = chance(maker, 70) ? 0 : maker_below(maker, 3) * SCENARIO_PAGE;
	bytes = maker->shadow->object[step->object].bytes / SCENARIO_PAGE * SCENARIO_PAGE;
	if (step->length + step->object_offset > bytes && step->object_offset < bytes && chance(maker, 80))
		step->length = bytes - step->object_offset;
}

static bool make_map(struct maker *maker, struct step *step)
{
	unsigned kind = (unsigned)maker_below(maker, 10);

	if (is_small(maker) && maker->scenario->nmappings && chance(maker, 65))
		return false;	/* few, so that steps meet there */
	step->space = live_spaces(maker) ? pick_space(maker) : name_for_space(maker);
	if (step->space < 0 || mappings_of(maker, step->space) >= 6)
		return false;
	step->mapping = name_for_mapping(maker, step->space);
	if (step->mapping < 0)
		return false;
	step->length = (1 + maker_below(maker, chance(maker, 50) ? 2 : most_pages(maker))) * SCENARIO_PAGE;
	step->prot = chance(maker, 75) ? PROT_R | PROT_W : chance(maker, 85) ? PROT_R : 0;
	step->flags = kind < 3 ? MAP_SHARED_FLAG : kind < 5 ? MAP_SEALED_FLAG : 0u;
	if ((step->flags & MAP_SEALED_FLAG) && !chance(maker, 5))
		step->prot = PROT_R;
	if (is_for_huge(maker))
		map_huge(maker, step);
	else if (maker->scenario->nobjects && chance(maker, is_small(maker) ? 75 : 55))
		map_object(maker, step);
	return true;
}

/* Mostly all of it: what is full of holes is good for errors alone. */
static bool make_unmap(struct maker *maker, struct step *step)
{
	return chance(maker, 60) ? pick_mapping(maker, step) : pick_range(maker, step);
}

static bool make_protect(struct maker *maker, struct step *step)
{
	static const unsigned prots[] = { PROT_R | PROT_W, PROT_R | PROT_W, PROT_R | PROT_W, PROT_R | PROT_W,
					  PROT_R | PROT_W, PROT_R, PROT_R, 0, PROT_R | PROT_SEAL_FLAG, PROT_SEAL_FLAG };

	step->prot = prots[maker_below(maker, chance(maker, 10) ? 10 : 7)];
	return pick_range(maker, step);
}

static bool make_remap(struct maker *maker, struct step *step)
{
	step->flags = chance(maker, 50) ? REMAP_RESIZE : REMAP_MOVE;
	if (!pick_mapping(maker, step))
		return false;
	if (step->flags == REMAP_RESIZE)
		step->length = (1 + maker_below(maker, most_pages(maker))) * SCENARIO_PAGE;
	if (step->flags == REMAP_RESIZE && is_for_huge(maker))
		step->length = is_small(maker) ? SMALL_HUGE * SCENARIO_PAGE :
						 (1 + maker_below(maker, RANDOM_HUGE_MOST)) * SCENARIO_HUGE;
	return true;
}

static bool make_advise(struct maker *maker, struct step *step)
{
	static const enum advice advice[] = { ADVICE_DISCARD, ADVICE_DISCARD, ADVICE_DISCARD, ADVICE_DISCARD,
					      ADVICE_DONTFORK, ADVICE_DOFORK, ADVICE_WIPEONFORK, ADVICE_KEEPONFORK };

	step->flags = advice[maker_below(maker, 8)];
	if (maker->huge && chance(maker, 30))
		step->flags = chance(maker, 70) ? ADVICE_HUGE : ADVICE_NOHUGE;
	return pick_range(maker, step);
}

/* Of whole huge pages, mostly. */
static bool make_collapse(struct maker *maker, struct step *step)
{
	if (is_small(maker))
		return pick_mapping(maker, step) && bytes_of(maker, step) == SMALL_HUGE * SCENARIO_PAGE;
	for (int tries = 0; tries < 3; tries++)
		if (!pick_mapping(maker, step) || bytes_of(maker, step) >= SCENARIO_HUGE)
			break;
	if (step->mapping < 0 || bytes_of(maker, step) < SCENARIO_HUGE)
		return false;
	step->offset = maker_below(maker, bytes_of(maker, step) / SCENARIO_HUGE) * SCENARIO_HUGE;
	step->length = chance(maker, 97) ? SCENARIO_HUGE : 0;
	return true;
}

static bool make_store(struct maker *maker, struct step *step)
{
	if (!pick_bytes(maker, step, PROT_W))
		return false;
	give_bytes(maker, step);
	return true;
}

static bool make_fill(struct maker *maker, struct step *step)
{
	step->value = maker_below(maker, 256);
	return pick_bytes(maker, step, PROT_W);
}

static bool make_load(struct maker *maker, struct step *step)
{
	return pick_bytes(maker, step, PROT_R);
}

/*
 * Of these the long run knows nothing: its records would mean something else.  Always of
 * 8 bytes, for the explorer refuses accesses of two sizes to one atomic.
 */
static void some_atomic(struct maker *maker, struct step *step)
{
	static const unsigned char often[] = { ATOMIC_ADD, ATOMIC_ADD, ATOMIC_ADD, ATOMIC_SWAP, ATOMIC_CAS, ATOMIC_OR,
					       ATOMIC_AND, ATOMIC_XOR, ATOMIC_LOAD, ATOMIC_STORE };

	step->flags = often[maker_below(maker, sizeof(often))];
	step->compare = 0;
}

static bool make_atomic(struct maker *maker, struct step *step)
{
	if (!pick_bytes(maker, step, PROT_W))
		return false;
	if (is_small(maker) || !chance(maker, 3))
		step->offset -= step->offset % 8;
	step->length = 8;
	step->value = maker_random(maker) % 1000;
	if (is_small(maker))
		some_atomic(maker, step);
	return step->offset + 8 <= bytes_of(maker, step);
}

static bool make_pin(struct maker *maker, struct step *step)
{
	unsigned flags = (chance(maker, 50) ? PIN_WRITE : 0u) | (chance(maker, 20) ? PIN_LONG : 0u);

	if (chance(maker, 20))
		flags = PIN_GET;
	if (chance(maker, 10) && !(is_small(maker) && (flags & PIN_GET)))	/* the language has no words for that */
		flags |= PIN_FAST;
	step->flags = flags;
	if (pins_held(maker) >= RANDOM_PINS || !pick_bytes(maker, step, flags & PIN_WRITE ? PROT_W : PROT_R))
		return false;
	step->pin = name_for_pin(maker);
	if (chance(maker, 60)) {
		step->offset -= step->offset % SCENARIO_PAGE;
		step->length = chance(maker, 50) ? 0 : SCENARIO_PAGE;
	}
	return step->pin >= 0;
}

/* A part begins and ends at a border of pages, or, to fail, anywhere. */
static void pick_part(struct maker *maker, struct step *step)
{
	uint64_t skip = maker->shadow->pin[step->pin].skip, length = maker->shadow->pin[step->pin].length;
	uint64_t pages = shadow_pin_pages(skip, length), first = maker_below(maker, pages);
	uint64_t end = first + 1 + maker_below(maker, pages - first);

	if (!is_small(maker) && chance(maker, 5)) {
		step->offset = maker_below(maker, length);
		return;
	}
	step->offset = first ? first * SCENARIO_PAGE - skip : 0;
	step->length = end * SCENARIO_PAGE - skip < length ? end * SCENARIO_PAGE - skip : length;
	step->length -= step->offset;
}

static bool make_unpin(struct maker *maker, struct step *step)
{
	step->pin = pick_pin(maker, !chance(maker, 3));
	step->flags = chance(maker, 50) ? UNPIN_DIRTY : 0u;
	if (step->pin >= 0 && chance(maker, is_small(maker) ? 50 : 30))
		pick_part(maker, step);
	return step->pin >= 0;
}

/* Bytes of one page that is still pinned. */
static bool pick_device(struct maker *maker, struct step *step)
{
	uint64_t skip, begin, end, n = 0, page = 0;

	step->pin = pick_pin(maker, true);
	if (step->pin < 0)
		return false;
	skip = maker->shadow->pin[step->pin].skip;
	for (uint64_t i = 0, pages = shadow_pin_pages(skip, maker->shadow->pin[step->pin].length); i < pages; i++)
		if (shadow_watches(i) && (maker->shadow->pin[step->pin].held & shadow_bit(i)))
			if (!maker_below(maker, ++n))
				page = i;
	begin = page ? page * SCENARIO_PAGE - skip : 0;
	end = (page + 1) * SCENARIO_PAGE - skip;
	if (end > maker->shadow->pin[step->pin].length)
		end = maker->shadow->pin[step->pin].length;
	step->offset = begin + offset_in_page(maker) % (end - begin);
	step->length = some_length(maker, end - step->offset);
	return true;
}

static bool make_device_write(struct maker *maker, struct step *step)
{
	if (!pick_device(maker, step) || !(maker->shadow->pin[step->pin].flags & PIN_WRITE))
		return false;
	give_bytes(maker, step);
	return true;
}

static bool make_device_read(struct maker *maker, struct step *step)
{
	return pick_device(maker, step);
}

/* Whole pages, mostly, and mostly many. */
static uint64_t object_size(struct maker *maker)
{
	if (is_small(maker))
		return (maker->stage == STAGE_SETUP ? 1 + maker_below(maker, SMALL_PAGES) : maker_below(maker, SMALL_PAGES)) *
		       SCENARIO_PAGE + (chance(maker, 25) ? 24 : 0);
	if (chance(maker, 20))
		return maker_below(maker, RANDOM_OBJECT_PAGES * SCENARIO_PAGE);
	return (chance(maker, 40) ? RANDOM_OBJECT_PAGES : maker_below(maker, RANDOM_OBJECT_PAGES + 1)) * SCENARIO_PAGE;
}

static bool make_object(struct maker *maker, struct step *step)
{
	static const char *const names[RANDOM_OBJECTS] = { "X", "Y", "Z" };
	int n = 0;

	while (n < maker->scenario->nobjects && maker->shadow->object[n].made)
		n++;
	if (is_small(maker) && n && chance(maker, 80))
		return false;
	if (n == (is_small(maker) ? SMALL_OBJECTS : RANDOM_OBJECTS))
		return false;
	step->object = scenario_name(maker->scenario->objects, &maker->scenario->nobjects, names[n]);
	step->length = object_size(maker);
	return true;
}

static bool pick_object(struct maker *maker, struct step *step)
{
	if (!maker->scenario->nobjects)
		return false;
	step->object = (int)maker_below(maker, (uint64_t)maker->scenario->nobjects);
	return maker->shadow->object[step->object].made;
}

static bool pick_object_bytes(struct maker *maker, struct step *step)
{
	uint64_t bytes;

	if (!pick_object(maker, step) || !maker->shadow->object[step->object].bytes)
		return false;
	bytes = maker->shadow->object[step->object].bytes;
	step->offset = (maker_below(maker, RANDOM_OBJECT_PAGES) * SCENARIO_PAGE + offset_in_page(maker)) % bytes;
	if (is_small(maker) && step->offset % SCENARIO_PAGE >= SMALL_PAGE)
		step->offset -= step->offset % SCENARIO_PAGE;
	step->length = some_length(maker, bytes - step->offset);
	return true;
}

static bool make_object_write(struct maker *maker, struct step *step)
{
	if (!pick_object_bytes(maker, step))
		return false;
	give_bytes(maker, step);
	return true;
}

static bool make_resize(struct maker *maker, struct step *step)
{
	step->length = object_size(maker);
	return pick_object(maker, step);
}

static bool make_space(struct maker *maker, struct step *step)
{
	if (live_spaces(maker) >= RANDOM_SPACES)
		return false;
	step->space = name_for_space(maker);
	return step->space >= 0;
}

static bool make_fork(struct maker *maker, struct step *step)
{
	static const enum fork_pins pins[] = { FORK_COPY, FORK_COPY, FORK_COPY, FORK_REFUSE, FORK_HOLE };

	step->flags = pins[maker_below(maker, 5)];
	step->space = pick_space(maker);
	if (step->space < 0 || live_spaces(maker) >= (maker->stage == STAGE_SETUP ? 3 : RANDOM_SPACES))
		return false;
	step->child = name_for_space(maker);
	return step->child >= 0;
}

static bool make_exit(struct maker *maker, struct step *step)
{
	step->space = pick_space(maker);
	return step->space >= 0 && (maker->stage == STAGE_THREAD || live_spaces(maker) > 2 || chance(maker, 5));
}

/* The handle of an object, or a space's; rarely one that has exited. */
static bool make_destroy(struct maker *maker, struct step *step)
{
	if (chance(maker, 60))
		return pick_object(maker, step);
	step->space = pick_space(maker);
	return step->space >= 0;
}

static bool make_failure(struct maker *maker, struct step *step)
{
	step->value = 1 + maker_below(maker, chance(maker, 70) ? 8 : 64);
	return maker->fail_allocations;
}

static const struct {
	enum op op;
	unsigned weight[STAGES];	/* in a long run, before threads, in a thread */
	bool (*make)(struct maker *, struct step *);
} operations[] = {
	{ OP_OBJECT, { 30, 90, 0 }, make_object },
	{ OP_OBJECT_WRITE, { 40, 30, 20 }, make_object_write },
	{ OP_OBJECT_RESIZE, { 25, 5, 80 }, make_resize },
	{ OP_MAP, { 60, 120, 10 }, make_map },
	{ OP_UNMAP, { 25, 5, 40 }, make_unmap },
	{ OP_PROTECT, { 45, 15, 40 }, make_protect },
	{ OP_REMAP, { 30, 5, 40 }, make_remap },
	{ OP_ADVISE, { 70, 25, 80 }, make_advise },
	{ OP_COLLAPSE, { 70, 0, 60 }, make_collapse },	/* only where there are huge pages */
	{ OP_STORE, { 180, 180, 110 }, make_store },
	{ OP_FILL, { 30, 10, 10 }, make_fill },
	{ OP_LOAD, { 90, 40, 60 }, make_load },
	{ OP_ATOMIC, { 40, 5, 30 }, make_atomic },
	{ OP_PIN, { 130, 90, 180 }, make_pin },
	{ OP_UNPIN, { 80, 10, 70 }, make_unpin },
	{ OP_DEVICE_WRITE, { 120, 20, 60 }, make_device_write },
	{ OP_EXPECT_DEVICE, { 50, 0, 0 }, make_device_read },
	{ OP_EXPECT_OBJECT, { 20, 0, 0 }, pick_object_bytes },
	{ OP_SPACE, { 3, 0, 0 }, make_space },
	{ OP_FORK, { 30, 90, 120 }, make_fork },
	{ OP_EXIT, { 22, 5, 40 }, make_exit },
	{ OP_DESTROY, { 0, 0, 30 }, make_destroy },
	{ OP_COUNT, { 60, 0, 0 }, make_failure },	/* the last: only where it is asked for */
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static unsigned weight_of(const struct maker *maker, size_t i)
{
	unsigned weight = operations[i].weight[maker->stage];

	if (operations[i].op == OP_COLLAPSE && !maker->huge)
		return 0;
	return maker->rare >> operations[i].op & 1 ? weight / 8 : weight;
}

static size_t draw(struct maker *maker)
{
	size_t i = 0, kinds = maker->fail_allocations ? OPERATIONS : OPERATIONS - 1;
	uint64_t sum = 0, at;

	for (i = 0; i < kinds; i++)
		sum += weight_of(maker, i);
	at = maker_below(maker, sum);
	for (i = 0; at >= weight_of(maker, i); i++)
		at -= weight_of(maker, i);
	return i;
}

/* Draws until something can be made: a map always can, but in a full space, and where names are few. */
void maker_step(struct maker *maker, struct step *step)
{
	for (unsigned tries = 0; !maker->out_of_names; tries++) {
		size_t i = draw(maker);

		*step = (struct step){ .op = operations[i].op, .space = -1, .child = -1, .mapping = -1, .object = -1,
				       .pin = -1, .stat = -1 };
		if (operations[i].make(maker, step))
			return;
		if (is_small(maker) && tries == 1000)
			maker->out_of_names = true;
	}
}

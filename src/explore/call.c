/*
 * call.c - one step of a scenario, one call of the public header
 *
 * The same as the judge that runs scenarios line by line (src/judge/library_step.c),
 * but for what threads need: nothing is allocated, what a step needs may not be
 * there, and a device moves whole words, each an access of its own.
 *
 * A pin is all of it or nothing: of one that ended early the rest is asked for, to
 * learn why, and all is given back.
 */
#include "world.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "lab.h"

struct call {
	struct world *w;
	size_t number;
	const struct step *step;
	struct hf_mm *mm;
	struct place *place;
	unsigned char *bytes;
	uint64_t *value;
};

static uint64_t address_of(const struct call *c)
{
	return c->place->address + c->step->offset;
}

/* Bytes that the step is about: its length, or the rest of the mapping. */
static uint64_t length_of(const struct call *c)
{
	uint64_t all = c->place->length;

	if (c->step->length)
		return c->step->length;
	return c->step->offset < all ? all - c->step->offset : 0;
}

/* ---- objects ------------------------------------------------------------ */

static int object_bytes(const struct call *c, struct hf_object *object)
{
	const struct step *step = c->step;
	ssize_t n;

	if (step->offset > hf_object_size(object) || step->length > hf_object_size(object) - step->offset)
		return -EINVAL;
	n = step->op == OP_OBJECT_WRITE ? hf_object_write(object, step->offset, step->bytes, step->length) :
					  hf_object_read(object, step->offset, c->bytes, step->length);
	if (n < 0)
		return (int)n;
	return (uint64_t)n == step->length ? 0 : -EINVAL;
}

static int on_object(const struct call *c)
{
	const struct step *step = c->step;
	struct hf_object **object = &c->w->object[step->object];

	if (step->op == OP_OBJECT)
		return *object ? -EEXIST : hf_object_create(c->w->pool, step->length, object);
	if (!*object)
		return CALL_PASSED_OVER;
	if (step->op == OP_DESTROY) {
		hf_object_destroy(*object);
		*object = NULL;
		return 0;
	}
	if (step->op == OP_OBJECT_RESIZE)
		return hf_object_resize(*object, step->length, HF_RESIZE_BUSY);
	return object_bytes(c, *object);
}

/* ---- mappings ----------------------------------------------------------- */

static unsigned prot_of(unsigned prot)
{
	return (prot & PROT_R ? HF_PROT_READ : 0u) | (prot & PROT_W ? HF_PROT_WRITE : 0u) |
	       (prot & PROT_SEAL_FLAG ? HF_PROT_SEAL : 0u);
}

static int map(const struct call *c)
{
	const struct step *step = c->step;
	unsigned prot = prot_of(step->prot) | (step->flags & MAP_SEALED_FLAG ? HF_PROT_SEAL : 0u);
	unsigned flags = (step->flags & MAP_SHARED_FLAG ? HF_MAP_SHARED : HF_MAP_PRIVATE) |
			 (step->flags & MAP_HUGE_FLAG ? HF_MAP_HUGE : 0u);
	struct hf_object *object = step->object >= 0 ? c->w->object[step->object] : NULL;
	uint64_t address = play.plan.address[c->number];
	int error;

	if (step->object >= 0 && !object)
		return CALL_PASSED_OVER;
	error = hf_map(c->mm, &address, step->length, prot, flags, object, step->object_offset);
	if (error)
		return error;
	*c->place = (struct place){ .address = (uint16_t)address, .length = (uint16_t)step->length,
				    .made = (uint8_t)(c->number + 1), .changed = true,
				    .is_private = !(flags & HF_MAP_SHARED) };
	return 0;
}

static int unmap(const struct call *c)
{
	uint64_t length = length_of(c);
	int error = hf_unmap(c->mm, address_of(c), length);

	if (error)
		return error;
	c->place->gone |= page_bits(c->step->offset / EXPLORED_PAGE, (length + EXPLORED_PAGE - 1) / EXPLORED_PAGE);
	return 0;
}

static int remap(const struct call *c)
{
	struct place *place = c->place;
	bool move = c->step->flags == REMAP_MOVE;
	uint64_t length = move ? place->length : c->step->length;
	uint64_t address = move ? play.plan.address[c->number] : place->address;
	int error = hf_remap(c->mm, place->address, place->length, length,
			     HF_REMAP_MAYMOVE | (move ? HF_REMAP_FIXED : 0u), &address);

	if (error)
		return error;
	if (length < place->length)
		place->gone |= page_bits(length / EXPLORED_PAGE, 64);
	place->address = (uint16_t)address;
	place->length = (uint16_t)length;
	place->changed = true;
	return 0;
}

static int advise(const struct call *c)
{
	static const enum hf_advice advice[] = {
		[ADVICE_DISCARD] = HF_ADVISE_DISCARD,	      [ADVICE_DONTFORK] = HF_ADVISE_DONTFORK,
		[ADVICE_DOFORK] = HF_ADVISE_DOFORK,	      [ADVICE_WIPEONFORK] = HF_ADVISE_WIPEONFORK,
		[ADVICE_KEEPONFORK] = HF_ADVISE_KEEPONFORK,   [ADVICE_HUGE] = HF_ADVISE_HUGE,
		[ADVICE_NOHUGE] = HF_ADVISE_NOHUGE,
	};

	return hf_advise(c->mm, address_of(c), length_of(c), advice[c->step->flags]);
}

static int look_for_huge(const struct call *c)
{
	struct hf_page_info info;
	int error = hf_query(c->mm, address_of(c), &info);

	*c->value = !error && (info.entry & HF_ENTRY_HUGE) ? 1 : 0;
	return error;
}

/* ---- access ------------------------------------------------------------- */

static int access_bytes(const struct call *c)
{
	const struct step *step = c->step;
	uint64_t address = address_of(c);

	for (uint64_t done = 0; done < step->length;) {
		size_t rest = step->length - done;
		ssize_t n;

		if (step->op == OP_STORE)
			n = hf_write(c->mm, address + done, step->bytes + done, rest);
		else if (step->op == OP_FILL)
			n = hf_fill(c->mm, address + done, (int)step->value, rest);
		else
			n = hf_read(c->mm, address + done, c->bytes + done, rest);
		if (n <= 0)
			return n ? (int)n : -EFAULT;
		done += (uint64_t)n;
	}
	return 0;
}

static int atomic(const struct call *c)
{
	static const enum hf_atomic operations[ATOMICS] = {
		[ATOMIC_ADD] = HF_ATOMIC_ADD, [ATOMIC_AND] = HF_ATOMIC_AND, [ATOMIC_OR] = HF_ATOMIC_OR,
		[ATOMIC_XOR] = HF_ATOMIC_XOR, [ATOMIC_SWAP] = HF_ATOMIC_SWAP, [ATOMIC_CAS] = HF_ATOMIC_CAS,
		[ATOMIC_LOAD] = HF_ATOMIC_LOAD, [ATOMIC_STORE] = HF_ATOMIC_STORE,
	};
	const struct step *step = c->step;
	int error = hf_atomic(c->mm, address_of(c), (unsigned)step->length, operations[step->flags], step->value,
			      step->compare, c->value);

	if (!error)
		memcpy(c->bytes, c->value, step->length);
	return error;
}

/* ---- pins --------------------------------------------------------------- */

unsigned call_how(unsigned flags)
{
	return (flags & PIN_WRITE ? HF_PIN_WRITE : HF_PIN_READ) | (flags & PIN_LONG ? HF_PIN_LONGTERM : 0u) |
	       (flags & PIN_FAST ? HF_PIN_FAST_ONLY : 0u) | (flags & PIN_GET ? HF_PIN_GET : 0u);
}

/* All of it, or why the first page that can't be had can't; 1: it can by now, another thread has changed something. */
static int pin_once(const struct call *c, uint64_t address, uint64_t length, struct hf_pin *pin)
{
	unsigned how = call_how(c->step->flags);
	const char *tag = play.plan.scenario->pins[c->step->pin];
	ssize_t n = hf_pin(c->mm, address, length, how, tag, pin), more;
	struct hf_pin rest;

	if (n < 0)
		return (int)n;
	if ((uint64_t)n == length)
		return 0;
	more = hf_pin(c->mm, address + (uint64_t)n, length - (uint64_t)n, how, tag, &rest);
	hf_unpin(pin, 0);
	if (more < 0)
		return (int)more;
	hf_unpin(&rest, 0);
	return 1;
}

/* Each time but the last, another thread has made a step of its scenario meanwhile: that ends. */
static int pin_all(const struct call *c, uint64_t address, uint64_t length, struct hf_pin *pin)
{
	int error;

	do
		error = pin_once(c, address, length, pin);
	while (error > 0);
	return error;
}

static int pin(const struct call *c)
{
	const struct step *step = c->step;
	struct held *held = &c->w->held[step->pin];
	struct held new = { .taken = true, .flags = step->flags, .space = step->space, .mapping = step->mapping,
			    .place = *c->place, .offset = (uint16_t)step->offset };
	int error = pin_all(c, address_of(c), length_of(c), &new.pin);

	if (error)
		return error;
	*held = new;
	*c->value = (uint64_t)held->pin.fast;
	world_hand_pin(c->w, step->pin);
	return 0;
}

/* Misuse is for the library to find, also what no pin was ever taken under. */
static int unpin(const struct call *c)
{
	const struct step *step = c->step;
	struct held *held = world_pin(c->w, step->pin);
	unsigned how = step->flags & UNPIN_DIRTY ? HF_UNPIN_DIRTY : 0u;
	uint64_t length = step->length;
	bool part = step->offset || length;
	struct hf_pin none = { 0 };
	int error;

	if (!held)
		return step->fails ? hf_unpin(&none, how) : CALL_PASSED_OVER;
	if (!length)
		length = step->offset < held->pin.length ? held->pin.length - step->offset : 0;
	error = part ? hf_unpin_part(&held->pin, step->offset, length, how) : hf_unpin(&held->pin, how);
	if (!error)
		held->ended[engine_self()] |= held_part(held, step->offset, length);
	return error;
}

static void move_word(unsigned char *pinned, unsigned char *bytes, uint64_t length, bool write)
{
	uint64_t word = 0;

	if (write) {
		memcpy(&word, bytes, length);
		engine_store(pinned, EXPLORED_WORD, word, ORDER_RELAXED, HERE);
	} else {
		word = engine_load(pinned, EXPLORED_WORD, ORDER_RELAXED, HERE);
		memcpy(bytes, &word, length);
	}
}

/* Threads move words; outside of them nobody else is there, and bytes are bytes. */
static void move_through(const struct held *held, const struct step *step, unsigned char *bytes)
{
	bool write = step->op == OP_DEVICE_WRITE, words = engine_self() != OUTSIDE;

	for (uint64_t done = 0; done < step->length; done += words ? EXPLORED_WORD : 1) {
		unsigned char *pinned = held_byte(held, step->offset + done);

		if (words)
			move_word(pinned, bytes + done, EXPLORED_WORD, write);
		else if (write)
			*pinned = bytes[done];
		else
			bytes[done] = *pinned;
	}
}

static int device(const struct call *c)
{
	const struct step *step = c->step;
	struct held *held = world_pin(c->w, step->pin);
	unsigned self = engine_self();

	if (!held)
		return CALL_PASSED_OVER;
	if (step->offset > held->pin.length || step->length > held->pin.length - step->offset)
		return -EINVAL;
	/* What other threads end is not for this one to know: plan.c lets none use such a pin. */
	if ((self == OUTSIDE ? held_ended(held) : held->ended[self] | held->ended[OUTSIDE]) &
	    held_part(held, step->offset, step->length))
		return -EINVAL;
	if (step->op == OP_DEVICE_WRITE && !(held->flags & PIN_WRITE))
		return -EACCES;
	move_through(held, step, step->op == OP_DEVICE_WRITE ? step->bytes : c->bytes);
	return 0;
}

static int path(const struct call *c)
{
	struct held *held = world_pin(c->w, c->step->pin);

	if (!held)
		return CALL_PASSED_OVER;
	*c->value = held->pin.fast ? 1 : 0;
	return 0;
}

/* ---- spaces and statistics ---------------------------------------------- */

static int space_make(struct world *w, int space)
{
	int error = hf_mm_create(w->pool, &w->mm[space]);

	if (!error)
		error = hf_lab_set_design(w->mm[space], design_names[play.plan.design]);
	if (!error)
		world_hand_space(w, space);
	return error;
}

static int fork_space(const struct call *c)
{
	static const enum hf_fork_pins pins[] = {
		[FORK_COPY] = HF_FORK_COPY, [FORK_REFUSE] = HF_FORK_REFUSE, [FORK_HOLE] = HF_FORK_HOLE,
	};
	struct world *w = c->w;
	int child = c->step->child, error;
	struct hf_pin_info listed[PINS];
	struct hf_fork_report report = { .pins = listed, .room = PINS };
	struct hf_mm *mm;

	if (w->mm[child])
		return -EEXIST;
	error = hf_mm_fork(c->mm, pins[c->step->flags], c->step->value ? &report : NULL, &mm);
	listing_is_right(w, c->step, listed, report.pins_found);
	if (error)
		return error;
	w->mm[child] = mm;
	world_inherit(w, c->step->space, child);
	world_hand_space(w, child);
	return 0;
}

static int inventory(const struct call *c)
{
	struct hf_pin_info listed[PINS];

	*c->value = hf_inventory(c->w->pool, c->mm, listed, PINS);
	listing_is_right(c->w, c->step, listed, *c->value);
	return 0;
}

_Static_assert(sizeof(struct hf_stats) % sizeof(uint64_t) == 0, "statistics are read as an array");
#define FIRST_NOW ((int)(offsetof(struct hf_stats, pages_free) / sizeof(uint64_t)))

/* Counters since the last count; what is so now is so now. */
static int statistic(const struct call *c)
{
	struct hf_stats stats;
	int i = c->step->stat;

	hf_pool_stats(c->w->pool, &stats);
	*c->value = ((const uint64_t *)&stats)[i];
	if (i < FIRST_NOW)
		*c->value -= ((const uint64_t *)&c->w->count)[i];
	return 0;
}

/* ---- dispatch ----------------------------------------------------------- */

static int in_mapping(const struct call *c)
{
	switch (c->step->op) {
	case OP_UNMAP:
		return unmap(c);
	case OP_PROTECT:
		return hf_protect(c->mm, address_of(c), length_of(c), prot_of(c->step->prot));
	case OP_REMAP:
		return remap(c);
	case OP_ADVISE:
		return advise(c);
	case OP_COLLAPSE:
		return lab_collapse(c->mm, address_of(c), length_of(c));
	case OP_EXPECT_HUGE:
		return look_for_huge(c);
	case OP_ATOMIC:
		return atomic(c);
	case OP_PIN:
		return pin(c);
	default:
		return access_bytes(c);
	}
}

/* A map makes its space, too; but not one that is made elsewhere, and not there yet. */
static bool makes_space(const struct step *step)
{
	unsigned who = engine_self() == OUTSIDE ? 1u : 1u << (engine_self() + 1);

	return step->op == OP_SPACE || (step->op == OP_MAP && (play.plan.makes.space[step->space] & who));
}

static int end_space(const struct call *c)
{
	int space = c->step->space;

	if (c->step->op == OP_EXIT) {
		hf_mm_exit(c->mm);
	} else {
		hf_mm_destroy(c->mm);
		c->w->mm[space] = NULL;	/* nobody else looks: check.c lets only one thread name it */
	}
	c->w->exited[space] = true;
	return 0;
}

static int in_space(struct call *c)
{
	const struct step *step = c->step;
	int error;

	c->mm = world_space(c->w, step->space);
	if (!c->mm && makes_space(step)) {
		error = space_make(c->w, step->space);
		if (error)
			return error;
		c->mm = c->w->mm[step->space];
	}
	if (!c->mm)
		return CALL_PASSED_OVER;
	if (step->op == OP_SPACE)
		return 0;
	if (step->op == OP_FORK)
		return fork_space(c);
	if (step->op == OP_EXIT || step->op == OP_DESTROY)
		return end_space(c);
	if (step->op == OP_EXPECT_INVENTORY)
		return inventory(c);
	c->place = world_place(c->w, step->space, step->mapping);
	if (step->op == OP_MAP)
		return map(c);
	return c->place->made ? in_mapping(c) : CALL_PASSED_OVER;
}

int call_step(struct world *w, size_t number, unsigned char *bytes, uint64_t *value)
{
	struct call c = { .w = w, .number = number, .step = &play.plan.steps[number], .bytes = bytes, .value = value };

	if (c.step->op == OP_DESTROY)
		return c.step->object >= 0 ? on_object(&c) : in_space(&c);
	switch (c.step->op) {
	case OP_OBJECT:
	case OP_OBJECT_WRITE:
	case OP_OBJECT_RESIZE:
	case OP_EXPECT_OBJECT:
		return on_object(&c);
	case OP_UNPIN:
		return unpin(&c);
	case OP_DEVICE_WRITE:
	case OP_DEVICE_READ:
	case OP_EXPECT_DEVICE:
		return device(&c);
	case OP_EXPECT_PATH:
		return path(&c);
	case OP_EXPECT_STAT:
		return statistic(&c);
	case OP_LISTEN:
		program_listen((unsigned)c.step->value);
		return 0;
	case OP_COUNT:
		hf_pool_stats(w->pool, &w->count);
		return 0;
	default:
		return in_space(&c);
	}
}

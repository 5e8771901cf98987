/*
 * library_step.c - one step of a scenario, one call of the public header
 *
 * Where a call gets part of the way, what it did stays done and the answer is
 * the error of the first byte or page that failed: the call is made again for
 * the rest, to learn it.
 */
#include "library.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "memory.h"

#define FIRST_ADDRESS (UINT64_C(1) << 32)
/* Between mappings: room to grow in, and near enough that small ones share a page table. */
#define GAP (UINT64_C(64) * SCENARIO_PAGE)
/* Behind one that huge pages fit in: the same for those. */
#define GAP_HUGE (UINT64_C(4) * SCENARIO_HUGE)

/* ---- places ------------------------------------------------------------- */

static struct place *place_of(struct judge *j, const struct step *step)
{
	return &j->place[step->space][step->mapping];
}

static uint64_t address_of(struct judge *j, const struct step *step)
{
	return place_of(j, step)->address + step->offset;
}

/* Bytes that the step is about: its length, or the rest of the mapping. */
static uint64_t length_of(struct judge *j, const struct step *step)
{
	uint64_t all = place_of(j, step)->length;

	if (step->length)
		return step->length;
	return step->offset < all ? all - step->offset : 0;
}

static int space_of(struct judge *j, int space, struct hf_mm **mm)
{
	int error = 0;

	if (!j->mm[space]) {
		error = hf_mm_create(j->pool, &j->mm[space]);
		if (!error)
			error = hf_lab_set_design(j->mm[space], j->ops->name);
	}
	*mm = j->mm[space];
	return error;
}

static uint64_t round_up(uint64_t address, uint64_t to)
{
	return (address + to - 1) / to * to;
}

static bool has_room_for_huge(uint64_t length)
{
	return length >= SCENARIO_HUGE;
}

/* What comes next stands behind this end of so many bytes, and a gap. */
static void keep_clear(struct judge *j, uint64_t address, uint64_t length)
{
	uint64_t next = round_up(address + length, SCENARIO_PAGE) + (has_room_for_huge(length) ? GAP_HUGE : GAP);

	if (next > j->next_address)
		j->next_address = next;
}

static uint64_t take_address(struct judge *j, uint64_t length)
{
	uint64_t address = j->next_address ? j->next_address : FIRST_ADDRESS;

	if (has_room_for_huge(length))
		address = round_up(address, SCENARIO_HUGE);
	keep_clear(j, address, length);
	return address;
}

/* ---- objects ------------------------------------------------------------ */

static int object_make(struct judge *j, const struct step *step)
{
	if (j->object[step->object])
		return -EEXIST;
	return hf_object_create(j->pool, step->length, &j->object[step->object]);
}

/* A transfer that ends early is made again for the rest, to learn why. */
static int object_bytes(struct hf_object *object, const struct step *step, struct reply *reply)
{
	for (uint64_t done = 0; done < step->length;) {
		uint64_t at = step->offset + done;
		size_t rest = step->length - done;
		ssize_t n = step->op == OP_OBJECT_WRITE ? hf_object_write(object, at, step->bytes + done, rest) :
							  hf_object_read(object, at, reply->bytes + done, rest);

		reply->value = done;
		if (n <= 0)
			return n ? (int)n : -EINVAL;	/* 0: the object ends here */
		done += (uint64_t)n;
	}
	return 0;
}

static int on_object(struct judge *j, const struct step *step, struct reply *reply)
{
	struct hf_object *object = j->object[step->object];

	if (step->op == OP_OBJECT)
		return object_make(j, step);
	if (!object)
		return -EINVAL;
	if (step->op == OP_DESTROY) {
		hf_object_destroy(object);
		j->object[step->object] = NULL;
		return 0;
	}
	if (step->op == OP_OBJECT_RESIZE)
		return hf_object_resize(object, step->length, HF_RESIZE_BUSY);
	if (step->offset > hf_object_size(object) || step->length > hf_object_size(object) - step->offset)
		return -EINVAL;
	return object_bytes(object, step, reply);
}

/* ---- mappings ----------------------------------------------------------- */

static unsigned prot_of(unsigned prot)
{
	return (prot & PROT_R ? HF_PROT_READ : 0u) | (prot & PROT_W ? HF_PROT_WRITE : 0u) |
	       (prot & PROT_SEAL_FLAG ? HF_PROT_SEAL : 0u);
}

static int map(struct judge *j, struct hf_mm *mm, const struct step *step)
{
	unsigned prot = prot_of(step->prot) | (step->flags & MAP_SEALED_FLAG ? HF_PROT_SEAL : 0u);
	unsigned flags = (step->flags & MAP_SHARED_FLAG ? HF_MAP_SHARED : HF_MAP_PRIVATE) |
			 (step->flags & MAP_HUGE_FLAG ? HF_MAP_HUGE : 0u);
	struct hf_object *object = step->object >= 0 ? j->object[step->object] : NULL;
	struct place *place = place_of(j, step);
	uint64_t before = j->next_address, address = take_address(j, step->length);
	int error;

	if (step->object >= 0 && !object)
		return -EINVAL;
	error = hf_map(mm, &address, step->length, prot, flags, object, step->object_offset);
	if (error) {
		j->next_address = before;
		return error;
	}
	*place = (struct place){ .known = true, .address = address, .length = step->length };
	return 0;
}

static int remap(struct judge *j, struct hf_mm *mm, const struct step *step)
{
	struct place *place = place_of(j, step);
	bool move = step->flags == REMAP_MOVE;
	uint64_t length = move ? place->length : step->length, address = place->address;
	int error;

	/* What huge pages begin to fit in goes to where one begins, with room to grow for those. */
	move |= has_room_for_huge(length) && !has_room_for_huge(place->length);
	if (move)
		address = take_address(j, length);
	error = hf_remap(mm, place->address, place->length, length, HF_REMAP_MAYMOVE | (move ? HF_REMAP_FIXED : 0u),
			 &address);
	if (!error) {
		place->address = address;
		place->length = length;
		keep_clear(j, address, length);
	}
	return error;
}

static int advise(struct judge *j, struct hf_mm *mm, const struct step *step)
{
	static const enum hf_advice advice[] = {
		[ADVICE_DISCARD] = HF_ADVISE_DISCARD,	      [ADVICE_DONTFORK] = HF_ADVISE_DONTFORK,
		[ADVICE_DOFORK] = HF_ADVISE_DOFORK,	      [ADVICE_WIPEONFORK] = HF_ADVISE_WIPEONFORK,
		[ADVICE_KEEPONFORK] = HF_ADVISE_KEEPONFORK,   [ADVICE_HUGE] = HF_ADVISE_HUGE,
		[ADVICE_NOHUGE] = HF_ADVISE_NOHUGE,
	};

	return hf_advise(mm, address_of(j, step), length_of(j, step), advice[step->flags]);
}

static int look_for_huge(struct judge *j, struct hf_mm *mm, const struct step *step, struct reply *reply)
{
	struct hf_page_info info;
	int error = hf_query(mm, address_of(j, step), &info);

	reply->value = !error && (info.entry & HF_ENTRY_HUGE) ? 1 : 0;
	return error;
}

/* ---- access ------------------------------------------------------------- */

static ssize_t access_part(struct hf_mm *mm, const struct step *step, uint64_t address, uint64_t done,
			   struct reply *reply)
{
	size_t rest = step->length - done;

	if (step->op == OP_STORE)
		return hf_write(mm, address + done, step->bytes + done, rest);
	if (step->op == OP_FILL)
		return hf_fill(mm, address + done, (int)step->value, rest);
	return hf_read(mm, address + done, reply->bytes + done, rest);
}

static int access_all(struct judge *j, struct hf_mm *mm, const struct step *step, struct reply *reply)
{
	uint64_t address = address_of(j, step);

	for (uint64_t done = 0; done < step->length;) {
		ssize_t n = access_part(mm, step, address, done, reply);

		reply->value = done;
		if (n < 0)
			return (int)n;
		if (!n)
			return -EFAULT;
		done += (uint64_t)n;
	}
	return 0;
}

static int atomic(struct judge *j, struct hf_mm *mm, const struct step *step, struct reply *reply)
{
	static const enum hf_atomic operations[ATOMICS] = {
		[ATOMIC_ADD] = HF_ATOMIC_ADD, [ATOMIC_AND] = HF_ATOMIC_AND, [ATOMIC_OR] = HF_ATOMIC_OR,
		[ATOMIC_XOR] = HF_ATOMIC_XOR, [ATOMIC_SWAP] = HF_ATOMIC_SWAP, [ATOMIC_CAS] = HF_ATOMIC_CAS,
		[ATOMIC_LOAD] = HF_ATOMIC_LOAD, [ATOMIC_STORE] = HF_ATOMIC_STORE,
	};

	return hf_atomic(mm, address_of(j, step), (unsigned)step->length, operations[step->flags], step->value,
			 step->compare, &reply->value);
}

/* ---- pins --------------------------------------------------------------- */

unsigned library_how(unsigned flags)
{
	return (flags & PIN_WRITE ? HF_PIN_WRITE : HF_PIN_READ) | (flags & PIN_LONG ? HF_PIN_LONGTERM : 0u) |
	       (flags & PIN_FAST ? HF_PIN_FAST_ONLY : 0u) | (flags & PIN_GET ? HF_PIN_GET : 0u);
}

/* All of it or nothing: the error of the first page that failed, found while the pages before are held. */
static int pin_all(struct hf_mm *mm, uint64_t address, uint64_t length, unsigned how, const char *tag,
		   struct hf_pin *pin, struct reply *reply)
{
	ssize_t n = hf_pin(mm, address, length, how, tag, pin), more;
	struct hf_pin rest;

	if (n < 0)
		return (int)n;
	if ((uint64_t)n == length)
		return 0;
	reply->value = (uint64_t)n;
	more = hf_pin(mm, address + (uint64_t)n, length - (uint64_t)n, how, tag, &rest);
	hf_unpin(pin, 0);
	if (more < 0)
		return (int)more;
	hf_unpin(&rest, 0);
	reply->value = length;
	snprintf(reply->reason, sizeof(reply->reason), "a pin of %llu bytes ended after %zd, and the next one did not fail",
		 (unsigned long long)length, n);
	return -EUCLEAN;
}

static int pin(struct judge *j, struct hf_mm *mm, const struct step *step, struct reply *reply)
{
	struct held_pin *held = &j->pin[step->pin];
	uint64_t address = address_of(j, step), length = length_of(j, step);
	struct hf_pin new;
	int error = pin_all(mm, address, length, library_how(step->flags), j->scenario->pins[step->pin], &new, reply);

	if (error)
		return error;
	library_end_pin(held);	/* there is one only where an unpin failed that must not */
	held->taken = true;
	held->pin = new;
	held->step = *step;
	held->address = address;
	held->skip = address % SCENARIO_PAGE;
	held->pages = (held->skip + length + SCENARIO_PAGE - 1) / SCENARIO_PAGE;
	held->ended = must_alloc(held->ended, held->pages);
	memset(held->ended, 0, held->pages);
	return 0;
}

static bool all_ended(const struct held_pin *held)
{
	return !held->taken || !memchr(held->ended, 0, held->pages);
}

void library_end_pin(struct held_pin *held)
{
	if (!all_ended(held))
		hf_unpin(&held->pin, 0);
	if (held->taken)
		memset(held->ended, 1, held->pages);
}

/* Misuse is for the library to find, also what no pin was ever taken under. */
static int unpin(struct judge *j, const struct step *step, struct reply *reply)
{
	struct held_pin *held = &j->pin[step->pin];
	unsigned how = step->flags & UNPIN_DIRTY ? HF_UNPIN_DIRTY : 0u;
	uint64_t all = held->pin.length, length = step->length;
	bool part = step->offset || length;
	uint64_t first, last;
	int error;

	if (!length)
		length = step->offset < all ? all - step->offset : 0;
	library_listen(j->listener);
	error = part ? hf_unpin_part(&held->pin, step->offset, length, how) : hf_unpin(&held->pin, how);
	if (!library_listened())
		snprintf(reply->reason, sizeof(reply->reason), "misuse handler %u is called with another context", j->listener);
	if (error || !held->taken)
		return error;
	first = part ? (held->skip + step->offset) / SCENARIO_PAGE : 0;
	last = part ? (held->skip + step->offset + length - 1) / SCENARIO_PAGE : held->pages - 1;
	memset(held->ended + first, 1, last - first + 1);
	return 0;
}

/* The bytes of the pin from offset on, run by run: to or from a buffer. */
static void copy_through(const struct hf_pin *pin, uint64_t offset, uint64_t length, unsigned char *to,
			 const unsigned char *from)
{
	for (int i = 0; i < pin->iovcnt && length; i++) {
		const struct iovec *run = &pin->iov[i];
		uint64_t part;

		if (offset >= run->iov_len) {
			offset -= run->iov_len;
			continue;
		}
		part = run->iov_len - offset < length ? run->iov_len - offset : length;
		if (to) {
			memcpy(to, (unsigned char *)run->iov_base + offset, part);
			to += part;
		} else {
			memcpy((unsigned char *)run->iov_base + offset, from, part);
			from += part;
		}
		length -= part;
		offset = 0;
	}
}

static int device(struct judge *j, const struct step *step, struct reply *reply)
{
	const struct held_pin *held = &j->pin[step->pin];
	uint64_t first = (held->skip + step->offset) / SCENARIO_PAGE;
	uint64_t last = (held->skip + step->offset + step->length - 1) / SCENARIO_PAGE;

	if (!held->taken || step->offset > held->pin.length || step->length > held->pin.length - step->offset)
		return -EINVAL;
	if (memchr(held->ended + first, 1, last - first + 1))
		return -EINVAL;
	if (step->op == OP_DEVICE_WRITE && !(held->step.flags & PIN_WRITE))
		return -EACCES;
	if (step->op == OP_DEVICE_WRITE)
		copy_through(&held->pin, step->offset, step->length, NULL, step->bytes);
	else
		copy_through(&held->pin, step->offset, step->length, reply->bytes, NULL);
	return 0;
}

static int path(struct judge *j, const struct step *step, struct reply *reply)
{
	if (!j->pin[step->pin].taken)
		return -EINVAL;
	reply->value = j->pin[step->pin].pin.fast ? 1 : 0;
	return 0;
}

/* ---- spaces and statistics ---------------------------------------------- */

static int fork_space(struct judge *j, struct hf_mm *mm, const struct step *step, struct reply *reply)
{
	static const enum hf_fork_pins pins[] = {
		[FORK_COPY] = HF_FORK_COPY, [FORK_REFUSE] = HF_FORK_REFUSE, [FORK_HOLE] = HF_FORK_HOLE,
	};
	int error;

	if (j->mm[step->child])
		return -EEXIST;
	error = step->value ? library_fork_reported(j, mm, step, pins[step->flags], reply) :
			      hf_mm_fork(mm, pins[step->flags], NULL, &j->mm[step->child]);
	if (error)
		j->mm[step->child] = NULL;
	else
		memcpy(j->place[step->child], j->place[step->space], sizeof(j->place[0]));
	return error;
}

static uint64_t stat_value(const struct hf_stats *stats, int i)
{
	return ((const uint64_t *)stats)[i];
}

_Static_assert(sizeof(struct hf_stats) % sizeof(uint64_t) == 0, "statistics are read as an array");
#define FIRST_NOW ((int)(offsetof(struct hf_stats, pages_free) / sizeof(uint64_t)))

/* Counters since the last count; what is so now is so now. */
static int statistic(struct judge *j, const struct step *step, struct reply *reply)
{
	struct hf_stats stats;

	hf_pool_stats(j->pool, &stats);
	reply->value = stat_value(&stats, step->stat);
	if (step->stat < FIRST_NOW)
		reply->value -= stat_value(&j->base, step->stat);
	return 0;
}

/* ---- dispatch ----------------------------------------------------------- */

static int on_space(struct judge *j, const struct step *step, struct reply *reply)
{
	struct hf_mm *mm;
	int error = space_of(j, step->space, &mm);

	if (error)
		return error;
	switch (step->op) {
	case OP_SPACE:
		return 0;
	case OP_FORK:
		return fork_space(j, mm, step, reply);
	case OP_EXIT:
		hf_mm_exit(mm);
		return 0;
	case OP_DESTROY:
		hf_mm_destroy(mm);
		j->mm[step->space] = NULL;
		return 0;
	case OP_MAP:
		return map(j, mm, step);
	case OP_EXPECT_INVENTORY:
		return library_inventory(j, mm, step, reply);
	default:
		break;
	}
	if (!place_of(j, step)->known)
		return -EFAULT;
	switch (step->op) {
	case OP_UNMAP:
		return hf_unmap(mm, address_of(j, step), length_of(j, step));
	case OP_PROTECT:
		return hf_protect(mm, address_of(j, step), length_of(j, step), prot_of(step->prot));
	case OP_REMAP:
		return remap(j, mm, step);
	case OP_ADVISE:
		return advise(j, mm, step);
	case OP_COLLAPSE:
		return lab_collapse(mm, address_of(j, step), length_of(j, step));
	case OP_EXPECT_HUGE:
		return look_for_huge(j, mm, step, reply);
	case OP_ATOMIC:
		return atomic(j, mm, step, reply);
	case OP_PIN:
		return pin(j, mm, step, reply);
	default:
		return access_all(j, mm, step, reply);
	}
}

int library_step(struct judge *j, const struct step *step, struct reply *reply)
{
	if (step->op == OP_DESTROY)
		return step->object >= 0 ? on_object(j, step, reply) : on_space(j, step, reply);
	switch (step->op) {
	case OP_OBJECT:
	case OP_OBJECT_WRITE:
	case OP_OBJECT_RESIZE:
	case OP_EXPECT_OBJECT:
		return on_object(j, step, reply);
	case OP_UNPIN:
		return unpin(j, step, reply);
	case OP_DEVICE_WRITE:
	case OP_DEVICE_READ:
	case OP_EXPECT_DEVICE:
		return device(j, step, reply);
	case OP_EXPECT_PATH:
		return path(j, step, reply);
	case OP_EXPECT_STAT:
		return statistic(j, step, reply);
	case OP_LISTEN:
		j->listener = (unsigned)step->value;
		return 0;
	case OP_COUNT:
		hf_pool_stats(j->pool, &j->base);
		return 0;
	default:
		return on_space(j, step, reply);
	}
}

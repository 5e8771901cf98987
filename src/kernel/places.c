/*
 * places.c - mappings of a space, and bytes through them
 *
 * The director chooses every address: each mapping stands alone, with unmapped
 * pages after it (so that a step beyond its end finds nothing) and one page of
 * ours before it, shared memory of which nobody cares what it holds: the guard
 * that a stopped read needs (calls.c).
 *
 *	| guard | mapping ............ | free, to grow | guard | next mapping ...
 *
 * Huge pages are switched off for each mapping that does not ask for them: scenarios
 * are about base pages.  What huge pages fit in begins where one begins.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* Unmapped bytes after a mapping: after one that huge pages fit in, enough for those. */
static uint64_t to_grow(uint64_t length)
{
	return length < SCENARIO_HUGE ? 64u * SCENARIO_PAGE : 4u * SCENARIO_HUGE;
}

/*
 * No room: the limit is the judge's own (space.c), and says nothing of Linux.  Nor
 * would the rest, a machine or a user with less: no scenario can be about that.
 */
static void no_room(struct reply *reply)
{
	live_cannot(reply, "the judge gives a space 1 GiB");
}

/* The answer to a step that was a mmap or mremap of a space. */
static void answer_room(struct reply *reply, const struct live_result *result)
{
	if (result->error == ENOMEM)
		no_room(reply);
	else if (result->error)
		live_failed(reply, result->error);
	else
		live_done(reply);
}

/* The answer to a step that was one system call of a space. */
static void answer(struct reply *reply, const struct live_result *result)
{
	if (result->error)
		live_failed(reply, result->error);
	else
		live_done(reply);
}

static uint64_t whole_pages(uint64_t bytes)
{
	return (bytes + SCENARIO_PAGE - 1) / SCENARIO_PAGE * SCENARIO_PAGE;
}

static unsigned long protection(unsigned prot)
{
	return prot & PROT_W ? PROT_READ | PROT_WRITE : prot & PROT_R ? PROT_READ : PROT_NONE;
}

/* ---- addresses ---------------------------------------------------------- */

/* A free address with a guard before it, or 0 with the reply filled in. */
static uint64_t take_address(struct live *live, int index, uint64_t length, struct reply *reply)
{
	struct live_space *space = &live->spaces[index];
	uint64_t alignment = length < SCENARIO_HUGE ? SCENARIO_PAGE : SCENARIO_HUGE;
	uint64_t address = (space->next + SCENARIO_PAGE + alignment - 1) / alignment * alignment;
	struct live_result result;

	if (length > space->arena_end || address + length + to_grow(length) > space->arena_end) {
		no_room(reply);
		return 0;
	}
	if (!live_syscall(live, index, &result, reply, SYS_mmap, address - SCENARIO_PAGE, SCENARIO_PAGE,
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (unsigned long)-1,
			  0))
		return 0;
	if (result.error) {
		answer_room(reply, &result);
		return 0;
	}
	space->next = address + whole_pages(length) + to_grow(length);
	return address;
}

/* The step's place, or NULL with the reply filled in: what a space does not know is unmapped memory there. */
struct live_place *live_place_of(struct live *live, const struct step *step, struct reply *reply)
{
	struct live_space *space = live_space_of(live, step, reply);

	if (!space)
		return NULL;
	if (step->mapping < 0 || step->mapping >= live->scenario->nmappings) {
		live_broken(live, reply, "a step without a mapping");
		return NULL;
	}
	if (!space->places[step->mapping].known) {
		live_failed(reply, EFAULT);
		return NULL;
	}
	return &space->places[step->mapping];
}

/* ---- mappings ----------------------------------------------------------- */

static int map_flags(const struct step *step)
{
	return (step->flags & MAP_SHARED_FLAG ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED_NOREPLACE |
	       (step->object < 0 ? MAP_ANONYMOUS : 0);
}

void live_map(struct live *live, const struct step *step, struct reply *reply)
{
	struct live_space *space = live_space_of(live, step, reply);
	struct live_result result;
	uint64_t address;
	int fd;

	if (space && (step->object >= live->scenario->nobjects || step->mapping < 0 ||
		      step->mapping >= live->scenario->nmappings)) {
		live_broken(live, reply, "a map step without a mapping, or of no object");
		return;
	}
	address = space ? take_address(live, step->space, step->length, reply) : 0;
	if (!address)
		return;
	fd = step->object < 0 ? -1 : live->objects[step->object].fd;
	if (!live_syscall(live, step->space, &result, reply, SYS_mmap, address, step->length, protection(step->prot),
			  (unsigned long)map_flags(step), (unsigned long)fd, step->object_offset))
		return;
	answer_room(reply, &result);
	if (result.error)
		return;
	space->places[step->mapping] = (struct live_place){
		.known = true, .guarded = true, .huge = step->flags & MAP_HUGE_FLAG, .address = address, .length = whole_pages(step->length),
		.room = whole_pages(step->length) + to_grow(step->length), .object = step->object,
		.object_offset = step->object_offset,
	};
	live_syscall(live, step->space, &result, reply, SYS_madvise, address, step->length,
		     step->flags & MAP_HUGE_FLAG ? MADV_HUGEPAGE : MADV_NOHUGEPAGE, 0, 0, 0);
}

/* A range in the mapping: to its end if the step says no length. */
uint64_t live_range_length(const struct live_place *place, const struct step *step)
{
	if (step->length)
		return step->length;
	return step->offset < place->length ? place->length - step->offset : 0;
}

static void on_range(struct live *live, const struct step *step, struct reply *reply, long number, unsigned long how)
{
	struct live_place *place = live_place_of(live, step, reply);
	struct live_result result;

	if (place && live_syscall(live, step->space, &result, reply, number, place->address + step->offset,
				  live_range_length(place, step), how, 0, 0, 0))
		answer(reply, &result);
}

void live_unmap(struct live *live, const struct step *step, struct reply *reply)
{
	on_range(live, step, reply, SYS_munmap, 0);
}

void live_protect(struct live *live, const struct step *step, struct reply *reply)
{
	on_range(live, step, reply, SYS_mprotect, protection(step->prot));
}

void live_advise(struct live *live, const struct step *step, struct reply *reply)
{
	static const unsigned long advice[] = {
		[ADVICE_DISCARD] = MADV_DONTNEED, [ADVICE_DONTFORK] = MADV_DONTFORK, [ADVICE_DOFORK] = MADV_DOFORK,
		[ADVICE_WIPEONFORK] = MADV_WIPEONFORK, [ADVICE_KEEPONFORK] = MADV_KEEPONFORK,
		[ADVICE_HUGE] = MADV_HUGEPAGE, [ADVICE_NOHUGE] = MADV_NOHUGEPAGE,
	};

	struct live_place *place = live_place_of(live, step, reply);

	if (step->flags >= sizeof(advice) / sizeof(advice[0])) {
		live_cannot(reply, "no such advice");
		return;
	}
	on_range(live, step, reply, SYS_madvise, advice[step->flags]);
	if (place && reply->answer == ANSWER_DONE && (step->flags == ADVICE_HUGE || step->flags == ADVICE_NOHUGE))
		place->huge = step->flags == ADVICE_HUGE;
}

void live_remap(struct live *live, const struct step *step, struct reply *reply)
{
	struct live_place *place = live_place_of(live, step, reply);
	bool move = step->flags == REMAP_MOVE;
	struct live_result result;
	uint64_t length, to;

	if (!place)
		return;
	length = move ? place->length : whole_pages(step->length);
	if (length + SCENARIO_PAGE > place->room || (length >= SCENARIO_HUGE && place->address % SCENARIO_HUGE))
		move = true; /* it would touch the next one, or huge pages would not fit */
	to = move ? take_address(live, step->space, length, reply) : place->address;
	if (!to || !live_syscall(live, step->space, &result, reply, SYS_mremap, place->address, place->length, length,
				 move ? MREMAP_MAYMOVE | MREMAP_FIXED : 0, to, 0))
		return;
	answer_room(reply, &result);
	if (result.error)
		return;
	place->address = to;
	place->length = length;
	if (move)
		place->room = length + to_grow(length);
}

/* ---- bytes -------------------------------------------------------------- */

static uint64_t touch_length(const struct live_place *place, const struct step *step)
{
	if (step->op == OP_FILL)
		return live_range_length(place, step);
	return step->length ? step->length : 1;
}

void live_touch(struct live *live, const struct step *step, struct reply *reply)
{
	static const enum live_command_kind kinds[OPS] = {
		[OP_STORE] = LIVE_STORE, [OP_FILL] = LIVE_FILL, [OP_LOAD] = LIVE_LOAD, [OP_EXPECT_BYTES] = LIVE_LOAD,
		[OP_ATOMIC] = LIVE_ATOMIC,
	};
	struct live_place *place = live_place_of(live, step, reply);
	struct live_command command = { .kind = kinds[step->op] };
	struct live_result result;

	if (!place)
		return;
	command.arg[0] = place->address + step->offset;
	command.arg[1] = touch_length(place, step);
	command.arg[2] = step->value;
	command.arg[3] = step->flags;
	command.arg[4] = step->compare;
	if (step->op == OP_ATOMIC && command.arg[0] % step->length) {
		live_failed(reply, EINVAL);
		return;
	}
	if (!live_call_space(live, step->space, &command, &result, reply))
		return;
	answer(reply, &result);
	reply->value = result.value;
}

/* ---- errors of pins ----------------------------------------------------- */

static bool past_object(const struct live *live, const struct live_place *place, uint64_t end)
{
	if (place->object < 0 || end <= place->address)
		return false;
	return place->object_offset + (end - 1 - place->address) >= whole_pages(live->objects[place->object].size);
}

/*
 * Walk the lines "from-to rwxp ..." over the range.  The kernel says EFAULT to a
 * pin that protection forbids; Holdfast says EACCES, and this tells them apart.
 */
static int walk_maps(FILE *maps, uint64_t at, uint64_t end, bool write)
{
	char line[512];

	while (at < end && fgets(line, sizeof(line), maps)) {
		uint64_t from, to;
		char mode[5] = "";

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, mode) != 3 || to <= at)
			continue;
		if (from > at)
			return EFAULT;
		if (mode[write ? 1 : 0] == '-')
			return EACCES;
		at = to;
	}
	return at < end ? EFAULT : 0;
}

int live_range_error(struct live *live, int space, const struct live_place *place, uint64_t at, uint64_t length,
		     bool write)
{
	char path[64];
	FILE *maps;
	int error;

	snprintf(path, sizeof(path), "/proc/%d/maps", live->spaces[space].pid);
	maps = fopen(path, "re");
	if (!maps)
		return 0;
	error = walk_maps(maps, at, at + length, write);
	fclose(maps);
	return error ? error : past_object(live, place, at + length) ? EFAULT : 0;
}

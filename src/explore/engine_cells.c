/*
 * engine_cells.c - who touched what
 *
 * Of every four bytes of explored memory (a cell) it knows over all executions which
 * threads ever touched them, and how: what one thread alone touches, or nobody
 * writes, is no step, for nobody could see when it happens.  Of what several touch
 * it knows in each execution who did last, plainly or atomically, and whether by
 * C11's order the next access comes after that: or else there is a data race.
 *
 * And where atomics stand: each that several threads touch is a location of the
 * memory model's from its first access in an execution on.
 */
#include <string.h>

#include "engine_inside.h"

struct cell {
	uint32_t execution;	/* the rest is of this one */
	int16_t location[4];	/* of each byte: index; NONE */
	bool fresh;		/* written plainly since: what the location held is over */
	bool held;		/* a lock that a thread alone uses, and holds */
	uint8_t writer[4];	/* of each byte: thread of the last plain write; MAIN: none */
	uint16_t written[4];	/* its clock then */
	uint16_t read[4][THREADS];	/* of each byte, by each thread: clock + 1; 0: never */
	uint16_t atomic_read[THREADS], atomic_written[THREADS];	/* the same */
};

static struct cell cells[CELLS];
static uint32_t execution;

/* Who ever touched a cell, over all executions: masks of threads. */
static struct touched {
	uint8_t plain_read, plain_written, read, written;
} touched[CELLS];

void cells_forget(void)
{
	memset(touched, 0, sizeof(touched));
}

void cells_restore(void)
{
	execution++;
}

static struct cell *cell_now(size_t index)
{
	struct cell *cell = &cells[index];

	if (cell->execution != execution) {
		memset(cell, 0, sizeof(*cell));
		cell->execution = execution;
		memset(cell->location, 0xff, sizeof(cell->location));
		memset(cell->writer, MAIN, sizeof(cell->writer));
	}
	return cell;
}

/* ---- who shares what ------------------------------------------------------------------------ */

static bool several(unsigned mask)
{
	return mask & (mask - 1);
}

/* Could another thread tell when an atomic access is made? */
static bool is_shared(const struct touched *t)
{
	return t->written && several(t->read | t->written);
}

/* Could there be a data race: several threads, a plain access, a write? */
static bool could_race(const struct touched *t)
{
	return (t->plain_read | t->plain_written) && (t->plain_written | t->written) &&
	       several(t->plain_read | t->plain_written | t->read | t->written);
}

static bool cell_shared(struct touched *t, bool write)
{
	bool was = is_shared(t), raced = could_race(t), is;

	if (write)
		t->written |= (uint8_t)(1u << machine.self);
	else
		t->read |= (uint8_t)(1u << machine.self);
	is = is_shared(t);
	machine.sharing |= (is && !was) || (could_race(t) && !raced);
	return is;
}

/* All of its cells: another thread may use a part of what this one uses, and then both are steps. */
bool cells_shared(const void *address, unsigned bytes, bool write)
{
	size_t first = cell_of(address), end = first + (bytes + 3) / 4;
	bool shared = false;

	for (size_t i = first; i < end; i++)
		shared |= cell_shared(&touched[i], write);
	return shared;
}

/* Take note of an access; must its order be looked at? */
static bool touch(size_t cell, bool plain, bool write)
{
	struct touched *t = &touched[cell];
	uint8_t *mask = plain ? write ? &t->plain_written : &t->plain_read : write ? &t->written : &t->read;
	bool was = could_race(t), is;

	*mask |= (uint8_t)(1u << machine.self);
	is = could_race(t);
	machine.sharing |= is && !was;
	return is;
}

/* ---- order of plain accesses ------------------------------------------------------------------- */

/* Has the current thread seen what that thread did at that clock? */
static bool is_ordered(unsigned thread, uint16_t clock)
{
	return thread == machine.self || machine.thread[machine.self].now.clock[thread] > clock;
}

static bool all_ordered(const uint16_t *clocks)
{
	for (unsigned thread = 0; thread < machine.threads; thread++)
		if (clocks[thread] && !is_ordered(thread, (uint16_t)(clocks[thread] - 1)))
			return false;
	return true;
}

static bool writes_ordered(const struct cell *cell, unsigned bytes)
{
	for (unsigned byte = 0; byte < 4; byte++)
		if (bytes & 1u << byte && cell->writer[byte] != MAIN && !is_ordered(cell->writer[byte], cell->written[byte]))
			return false;
	return true;
}

static bool reads_ordered(const struct cell *cell, unsigned bytes)
{
	for (unsigned byte = 0; byte < 4; byte++)
		if (bytes & 1u << byte && !all_ordered(cell->read[byte]))
			return false;
	return true;
}

/* Those of a cell's bytes that lie in [address, address + length). */
static unsigned bytes_of(size_t index, const void *address, size_t length)
{
	uintptr_t first = ARENA_ADDRESS + index * 4, from = (uintptr_t)address, end = from + length;
	unsigned skip = from > first ? (unsigned)(from - first) : 0, keep = end < first + 4 ? (unsigned)(end - first) : 4;

	return (0xfu << skip) & (0xfu >> (4 - keep));
}

static void race(const void *address, const char *now, const char *before)
{
	machine.culprit_address = address;
	engine_wrong(WRONG_RACE, "a data race: %s, and nothing orders it after %s of another thread", now, before);
}

static uint16_t clock_now(void)
{
	return machine.thread[machine.self].now.clock[machine.self];
}

/* A step is its thread's clock; what is none comes after it.  So who acquires a store is ordered after that store. */
static void check_atomic(struct cell *cell, unsigned bytes, const void *address, bool write, bool is_step)
{
	uint16_t *mine = write ? cell->atomic_written : cell->atomic_read;

	if (!writes_ordered(cell, bytes))
		race(address, write ? "an atomic store" : "an atomic load", "a plain write");
	if (write && !reads_ordered(cell, bytes))
		race(address, "an atomic store", "a plain read");
	mine[machine.self] = (uint16_t)(clock_now() + !is_step);
}

void cells_check_atomic(const void *address, unsigned bytes, bool write, const struct location *step)
{
	size_t first = cell_of(address), end = first + (bytes + 3) / 4;

	if (!memory_check_free(address, bytes) || machine.self == MAIN)
		return;
	for (size_t i = first; i < end; i++) {
		if (touch(i, false, write))
			check_atomic(cell_now(i), bytes_of(i, address, bytes), address, write, step != NULL);
	}
}

static void check_plain(const struct cell *cell, unsigned bytes, const void *address, bool write)
{
	const char *now = write ? "a plain write" : "a plain read";

	if (!writes_ordered(cell, bytes))
		race(address, now, "a plain write");
	if (!all_ordered(cell->atomic_written))
		race(address, now, "an atomic store");
	if (!write)
		return;
	if (!reads_ordered(cell, bytes))
		race(address, now, "a plain read");
	if (!all_ordered(cell->atomic_read))
		race(address, now, "an atomic load");
}

static void note_read(struct cell *cell, unsigned bytes)
{
	for (unsigned byte = 0; byte < 4; byte++)
		if (bytes & 1u << byte)
			cell->read[byte][machine.self] = (uint16_t)(clock_now() + 1);
}

static void note_write(struct cell *cell, unsigned bytes)
{
	for (unsigned byte = 0; byte < 4; byte++)
		if (bytes & 1u << byte) {
			cell->writer[byte] = (uint8_t)machine.self;
			cell->written[byte] = clock_now();
		}
}

static void plain(const void *address, size_t length, bool write)
{
	size_t first = cell_of(address), end = cell_of((const unsigned char *)address + length + 3);

	for (size_t i = first; i < end; i++) {
		unsigned bytes = bytes_of(i, address, length);
		struct cell *cell;

		/* What an atomic access to the same place finds is new even if nobody else is near. */
		if (write && touched[i].read | touched[i].written)
			cell_now(i)->fresh = true;
		if (!touch(i, true, write))
			continue;
		cell = cell_now(i);
		check_plain(cell, bytes, address, write);
		if (write)
			note_write(cell, bytes);
		else
			note_read(cell, bytes);
	}
}

void engine_plain(const void *address, size_t bytes, bool write, const void *site)
{
	if (!engine_owns(address) || !bytes || !memory_check_free(address, bytes))
		return;
	if (machine.self == MAIN)
		return;
	if (machine.model == MODEL_TSO)
		engine_settle(address, bytes, site);
	plain(address, bytes, write);
}

/* ---- locations --------------------------------------------------------------------------------------- */

/* What a location held before a plain write is over: everybody who may look is ordered after it. */
static void location_begin(struct location *location)
{
	struct message *message = &machine.messages[machine.message_count];

	memset(message, 0, sizeof(*message));
	message->value = memory_read(location->address, location->bytes);
	message->writer = NONE;
	location->order[0] = (uint16_t)machine.message_count++;
	location->count = 1;
	location->readers = location->writer = location->failed = NONE;
	views_forget(location->index);
}

bool cells_hold_lock(const void *lock, bool hold)
{
	struct cell *cell = cell_now(cell_of(lock));
	bool was = cell->held;

	cell->held = hold;
	return was != hold;
}

static struct location *location_new(const void *address, unsigned bytes)
{
	struct location *location = &machine.locations[machine.location_count];

	if (machine.location_count == LOCATIONS || machine.message_count == MESSAGES) {
		engine_wrong(WRONG_LIMIT, "more than %d shared locations, or %d stores to them", LOCATIONS, MESSAGES);
		return NULL;
	}
	memset(location, 0, offsetof(struct location, view));
	location->address = address;
	location->bytes = bytes;
	location->index = machine.location_count++;
	location->holder = location->locked = location->unlocked = NONE;
	location_begin(location);
	memset(&location->view, 0, sizeof(location->view));
	return location;
}

static int16_t *location_at(const unsigned char *address)
{
	return &cell_now(cell_of(address))->location[((uintptr_t)address - ARENA_ADDRESS) % 4];
}

/* Was any of it written plainly since it was last asked? */
static bool take_fresh(const void *address, unsigned bytes)
{
	size_t first = cell_of(address), end = first + (bytes + 3) / 4;
	bool fresh = false;

	for (size_t i = first; i < end; i++) {
		fresh |= cell_now(i)->fresh;
		cell_now(i)->fresh = false;
	}
	return fresh;
}

/* The bytes of an access must be one location's, all of them, or nobody's. */
struct location *cells_location(const void *address, unsigned bytes)
{
	const unsigned char *first = address;
	int index = *location_at(first);
	struct location *location = index == NONE ? NULL : &machine.locations[index];
	bool good = !location || (location->address == address && location->bytes == bytes);

	for (unsigned i = 0; i < bytes; i++)
		good &= *location_at(first + i) == index;
	if (!good) {
		engine_wrong(WRONG_LIMIT, "accesses of different sizes to the same atomic are not explored");
		return NULL;
	}
	if (location && !take_fresh(address, bytes))
		return location;
	if (location && machine.message_count < MESSAGES) {
		location_begin(location);
		return location;
	}
	location = location_new(address, bytes);
	for (unsigned i = 0; location && i < bytes; i++)
		*location_at(first + i) = (int16_t)location->index;
	take_fresh(address, bytes);
	return location;
}

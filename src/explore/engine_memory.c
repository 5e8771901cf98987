/*
 * engine_memory.c - explored memory: one arena at a fixed address
 *
 * Every thread allocates from a part of its own, so that the address of what it
 * gets depends on nothing but its own calls, and runs that differ only in order
 * have the same addresses.  Before each execution the part that setup() filled is
 * copied back.
 *
 * What was freed is not given out again in the same execution, and is nobody's; so
 * are the bytes of a page at rest.  Who touched what is engine_cells.c's.
 */
#include <string.h>
#include <sys/mman.h>

#include "engine_inside.h"

#define ALLOCATIONS 1024

enum state { USED, RESTING, FREED };

struct allocation {
	unsigned offset;
	unsigned bytes;		/* 0: freed */
};

static unsigned char *arena;
static unsigned char kept[MAIN_BYTES];
static uint8_t state[CELLS], state_kept[CELLS];

static size_t used[THREADS + 1], used_kept;
static struct allocation allocations[THREADS + 1][ALLOCATIONS], allocations_kept[ALLOCATIONS];
static unsigned allocated[THREADS + 1], allocated_kept;
static bool block_changed[CELLS / 64];
static uint16_t changed[CELLS / 64];	/* blocks of 64 cells whose state differs from what was kept */
static unsigned changed_count;

/* ---- the arena -------------------------------------------------------------------- */

static size_t part_begin(unsigned who)
{
	return who == MAIN ? 0 : MAIN_BYTES + who * THREAD_BYTES;
}

void memory_open(void)
{
	if (!arena) {
		void *memory = mmap((void *)ARENA_ADDRESS, ARENA_BYTES, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		if (memory == MAP_FAILED || memory != (void *)ARENA_ADDRESS) {
			engine_wrong(WRONG_LIMIT, "no explored memory: the addresses from %#llx on are not free",
				     (unsigned long long)ARENA_ADDRESS);
			return;
		}
		arena = memory;
	}
}

void memory_forget(void)
{
	memset(used, 0, sizeof(used));
	memset(allocated, 0, sizeof(allocated));
	memset(state, USED, sizeof(state));
	cells_forget();
}

void memory_keep(void)
{
	used_kept = used[MAIN];
	memcpy(kept, arena, used_kept);
	memcpy(state_kept, state, sizeof(state));
	allocated_kept = allocated[MAIN];
	memcpy(allocations_kept, allocations[MAIN], sizeof(allocations_kept));
	memset(block_changed, 0, sizeof(block_changed));
	changed_count = 0;
}

void memory_restore(void)
{
	memcpy(arena, kept, used_kept);
	while (changed_count) {
		size_t block = changed[--changed_count];

		memcpy(state + block * 64, state_kept + block * 64, 64);
		block_changed[block] = false;
	}
	memset(used, 0, sizeof(used));
	memset(allocated, 0, sizeof(allocated));
	used[MAIN] = used_kept;
	allocated[MAIN] = allocated_kept;
	memcpy(allocations[MAIN], allocations_kept, allocated_kept * sizeof(*allocations_kept));
	cells_restore();
}

bool engine_owns(const void *address)
{
	return arena && (uintptr_t)address - (uintptr_t)arena < ARENA_BYTES;
}

static void set_state(size_t first, size_t end, enum state to)
{
	for (size_t i = first; i < end; i++) {
		state[i] = (uint8_t)to;
		if (!block_changed[i / 64])
			changed[changed_count++] = (uint16_t)(i / 64);
		block_changed[i / 64] = true;
	}
}

void *engine_alloc(size_t bytes)
{
	unsigned who = machine.self;
	size_t rounded = (bytes + 63) & ~(size_t)63, room = who == MAIN ? MAIN_BYTES : THREAD_BYTES;
	unsigned char *memory;

	memory_open();
	if (!arena || rounded < bytes || rounded > room - used[who] || allocated[who] == ALLOCATIONS) {
		engine_wrong(WRONG_LIMIT, "the explored memory of %zu bytes a thread is used up", room);
		return NULL;
	}
	memory = arena + part_begin(who) + used[who];
	allocations[who][allocated[who]++] =
		(struct allocation){ (unsigned)(memory - arena), (unsigned)(rounded ? rounded : 64) };
	used[who] += rounded ? rounded : 64;
	set_state(cell_of(memory), cell_of(memory + rounded), USED);
	return memset(memory, 0, rounded);
}

static struct allocation *allocation_of(const void *memory)
{
	size_t offset = (size_t)((const unsigned char *)memory - arena);

	for (unsigned who = 0; who <= MAIN; who++)
		for (unsigned i = 0; i < allocated[who]; i++)
			if (allocations[who][i].offset == offset)
				return &allocations[who][i];
	return NULL;
}

unsigned engine_unfreed(void)
{
	unsigned count = 0;

	for (unsigned who = 0; who <= MAIN; who++)
		for (unsigned i = 0; i < allocated[who]; i++)
			count += allocations[who][i].bytes != 0;
	return count;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint64_t mix_all(uint64_t hash, const void *memory, size_t bytes)
{
	const unsigned char *from = memory;
	uint64_t word;

	for (size_t i = 0; i + sizeof(word) <= bytes; i += sizeof(word)) {
		memcpy(&word, from + i, sizeof(word));
		if (word)
			hash = mix(mix(hash, i + 1), word);
	}
	return hash;
}

/* What was freed or rests since the threads began; its order is nobody's. */
static uint64_t mix_states(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < changed_count; i++) {
		const uint8_t *block = state + changed[i] * 64;

		if (memcmp(block, state_kept + changed[i] * 64, 64))
			sum += mix_all(mix(0, changed[i] + 1u), block, 64);
	}
	return sum;
}

uint64_t memory_hash(const void *more, size_t bytes)
{
	uint64_t hash = mix_all(mix_states(), more, bytes);

	for (unsigned who = 0; who <= MAIN; who++)
		hash = mix_all(mix(hash, used[who]), arena + part_begin(who), used[who]);
	return hash;
}

/* ---- values ------------------------------------------------------------------------------ */

uint64_t memory_read(const void *address, unsigned bytes)
{
	uint64_t value = 0;

	memcpy(&value, address, bytes);	/* little-endian, as are both machines that fibers are written for */
	return value;
}

void memory_write(void *address, unsigned bytes, uint64_t value)
{
	memcpy(address, &value, bytes);
}

/* ---- what is nobody's ------------------------------------------------------------------ */

static const char *state_words(enum state s)
{
	return s == FREED ? "memory that was freed" : "a page that is free";
}

bool memory_check_free(const void *address, size_t bytes)
{
	size_t first = cell_of(address), end = cell_of((const unsigned char *)address + bytes + 3);

	for (size_t i = first; i < end; i++)
		if (state[i] != USED) {
			machine.culprit_address = address;
			engine_wrong(WRONG_FREED, "an access to %s", state_words(state[i]));
			return false;
		}
	return true;
}

void engine_free(void *memory, const void *site)
{
	struct allocation *allocation = memory ? allocation_of(memory) : NULL;

	if (!memory)
		return;
	if (!allocation || !allocation->bytes) {
		engine_wrong(WRONG_FREED, "memory is freed twice, or was never allocated");
		return;
	}
	engine_plain(memory, allocation->bytes, true, site);
	set_state(cell_of(memory), cell_of((unsigned char *)memory + allocation->bytes), FREED);
	allocation->bytes = 0;
}

void engine_rest(void *address, size_t bytes, const void *site)
{
	size_t first = cell_of(address), end = cell_of((unsigned char *)address + bytes);

	set_state(first, end, USED);	/* a page may rest twice: from a cache back to the list */
	engine_plain(address, bytes, true, site);
	set_state(first, end, RESTING);
}

void engine_wake(void *address, size_t bytes, const void *site)
{
	set_state(cell_of(address), cell_of((unsigned char *)address + bytes), USED);
	engine_plain(address, bytes, true, site);
}

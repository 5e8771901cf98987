/*
 * record.c - the records of pins: taken, shown, claimed and given back
 */
#include "record.h"

static uint64_t hash_of(const void *record)
{
	return ((uint64_t)(uintptr_t)record * UINT64_C(0x9e3779b97f4a7c15) >> 48) << 2;
}

bool record_is_plausible(const void *record, uint64_t word)
{
	return record && (word & (RECORD_GENERATION - 1)) == (hash_of(record) | RECORD_LIVE);
}

/* ---- free records ---------------------------------------------------------------- */

void records_begin(struct slot *slot)
{
	plat_lock_init(&slot->records_lock);
}

void records_destroy(struct hf_pool *pool)
{
	for (unsigned number = 0; number < SLOTS; number++) {
		struct slot *slot = &pool->slots[number];
		/* Relaxed: whoever may destroy the pool knows that all other calls are over. */
		struct record_chunk *chunk = atomic_load_explicit(&slot->chunks, memory_order_relaxed), *next;

		for (; chunk; chunk = next) {
			next = chunk->next;
			plat_free(chunk);
		}
		plat_lock_fini(&slot->records_lock);
	}
}

static struct record *chunk_add(struct hf_pool *pool, struct slot *slot)
{
	struct record_chunk *chunk = pool_alloc(pool, sizeof(*chunk));

	if (!chunk)
		return NULL;
	for (unsigned i = 0; i < CHUNK_RECORDS; i++) {
		struct record *record = &chunk->records[i];

		atomic_init(&record->word, RECORD_GENERATION | hash_of(record) | RECORD_FREE);
		record->pool = pool;
		record->slot = slot;
		record->next = i + 1 < CHUNK_RECORDS ? record + 1 : NULL;
	}
	chunk->next = atomic_load_explicit(&slot->chunks, memory_order_relaxed);
	/* Pairs with records_each(): the chunk's contents before its being there (races/inventory-against-pin). */
	atomic_store_explicit(&slot->chunks, chunk, memory_order_release);
	return chunk->records;
}

static struct record *take_from(struct hf_pool *pool, struct slot *slot)
{
	struct record *record = slot->records_free;

	/* Acquire pairs with record_give(): whoever ended the pin is done with the record
	   (races/unpin-by-another-against-pin). */
	if (!record)
		record = atomic_exchange_explicit(&slot->records_returned, NULL, memory_order_acquire);
	if (!record)
		record = chunk_add(pool, slot);
	slot->records_free = record ? record->next : NULL;
	return record;
}

struct record *record_take(struct hf_pool *pool)
{
	struct slot *slot = slot_mine(pool);
	bool shared = slot_is_shared(pool, slot);
	struct record *record;

	if (unlikely(shared))
		plat_lock(&slot->records_lock);
	record = take_from(pool, slot);
	if (unlikely(shared))
		plat_unlock(&slot->records_lock);
	if (!record)
		return NULL;
	record->iov = record->few;
	record->room = RECORD_RUNS;
	record->runs = 0;
	record->pages = 0;
	record->gone = &record->gone_few;
	record->gone_few = 0;
	record->parted = false;
	record->end = NULL;
	return record;
}

void record_give(struct record *record)
{
	struct slot *slot = record->slot;

	if (unlikely(record->iov != record->few))
		plat_free(record->iov);
	if (unlikely(record->gone != &record->gone_few))
		plat_free(record->gone);
	if (likely(slot == slot_mine(record->pool) && !slot_is_shared(record->pool, slot))) {
		record->next = slot->records_free;
		slot->records_free = record;
		return;
	}
	record->next = atomic_load_explicit(&slot->records_returned, memory_order_relaxed);
	/* Release pairs with take_from(). */
	while (!atomic_compare_exchange_weak_explicit(&slot->records_returned, &record->next, record,
						      memory_order_release, memory_order_relaxed))
		;
}

/* ---- the life of one ------------------------------------------------------------------ */

uint64_t record_begin(struct record *record, const struct hf_mm *mm, uint64_t address, uint64_t length, unsigned how,
		      const char *tag)
{
	uint64_t word = atomic_load_explicit(&record->word, memory_order_relaxed) | RECORD_LIVE;

	/*
	 * Pairs with the acquire fence in record_read(): whoever reads what follows
	 * sees that the pin before has ended (races/inventory-against-pin-again).  And
	 * with the one in load_piece(): what a device stores through the pin has no
	 * fence of its own (races/device-write-against-load-and-cow).
	 */
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&record->mm, mm, memory_order_relaxed);
	atomic_store_explicit(&record->tag, tag, memory_order_relaxed);
	atomic_store_explicit(&record->address, address, memory_order_relaxed);
	atomic_store_explicit(&record->length, length, memory_order_relaxed);
	atomic_store_explicit(&record->held, length, memory_order_relaxed);
	atomic_store_explicit(&record->since, plat_now(), memory_order_relaxed);
	atomic_store_explicit(&record->how, how, memory_order_relaxed);
	/* Pairs with record_read() and record_claim(): all of the pin (races/inventory-against-pin). */
	atomic_store_explicit(&record->word, word, memory_order_release);
	return word;
}

bool record_claim(struct record *record, uint64_t word, uint64_t *found)
{
	uint64_t busy = (word & ~(uint64_t)RECORD_WHAT) | RECORD_BUSY;

	for (unsigned attempt = 0;; attempt++) {
		*found = word;
		/* Acquire pairs with record_release() and record_begin() (races/unpin-of-both-parts). */
		if (atomic_compare_exchange_strong_explicit(&record->word, found, busy, memory_order_acquire,
							    memory_order_relaxed))
			return true;
		if (*found != busy)
			return false;
		plat_pause(attempt);	/* another thread unpins a part of the same pin */
	}
}

void record_release(struct record *record, uint64_t word)
{
	/* Pairs with record_claim(): whoever has it next sees what was done with it (races/unpin-of-both-parts). */
	atomic_store_explicit(&record->word, word, memory_order_release);
}

void record_end(struct record *record, uint64_t word)
{
	/* Relaxed: it says to the inventory and to a second unpin that there is nothing here.
	   Who takes the record for a pin gets it from record_give(). */
	atomic_store_explicit(&record->word, (word & ~(uint64_t)RECORD_WHAT) + RECORD_GENERATION,
			      memory_order_relaxed);
	record_give(record);
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* The word is looked at relaxed: whoever reads more of a record claims it, or looks again (record_read()). */
void records_each(struct hf_pool *pool, void (*visit)(struct record *, void *), void *context)
{
	for (unsigned number = 0; number < SLOTS; number++) {
		/* Acquire pairs with chunk_add(). */
		struct record_chunk *chunk =
			atomic_load_explicit(&pool->slots[number].chunks, memory_order_acquire);

		for (; chunk; chunk = chunk->next)
			for (unsigned i = 0; i < CHUNK_RECORDS; i++)
				if (atomic_load_explicit(&chunk->records[i].word, memory_order_relaxed) & RECORD_WHAT)
					visit(&chunk->records[i], context);
	}
}

static void forget(struct record *record, void *context)
{
	const struct hf_mm *mm = context;

	/* Not in two steps: the pin may end meanwhile, and its record be another mm's (test_windows). */
	atomic_compare_exchange_strong_explicit(&record->mm, &mm, NULL, memory_order_relaxed, memory_order_relaxed);
}

void records_forget(struct hf_pool *pool, const struct hf_mm *mm)
{
	records_each(pool, forget, (void *)(uintptr_t)mm);
}

struct listing {
	const struct hf_mm *mm;
	struct hf_pin_info *pins;
	size_t room, count;
};

void record_describe(const struct record *record, struct hf_pin_info *info)
{
	uint64_t since = atomic_load_explicit(&record->since, memory_order_relaxed), now = plat_now();

	info->mm = atomic_load_explicit(&record->mm, memory_order_relaxed);
	info->tag = atomic_load_explicit(&record->tag, memory_order_relaxed);
	info->address = atomic_load_explicit(&record->address, memory_order_relaxed);
	info->length = atomic_load_explicit(&record->length, memory_order_relaxed);
	info->held = atomic_load_explicit(&record->held, memory_order_relaxed);
	info->how = atomic_load_explicit(&record->how, memory_order_relaxed);
	info->age = now > since ? now - since : 0;
}

/* One record as it was at one moment; false: it ended or began meanwhile. */
static bool record_read(const struct record *record, struct hf_pin_info *info)
{
	/* Acquire pairs with the release store in record_begin() (races/inventory-against-pin). */
	uint64_t word = atomic_load_explicit(&record->word, memory_order_acquire);

	record_describe(record, info);
	/* Pairs with the release fence in record_begin() (races/inventory-against-pin-again). */
	atomic_thread_fence(memory_order_acquire);
	/* A part unpinned meanwhile changes what, and nothing that matters here. */
	return (word & RECORD_WHAT) &&
	       !((atomic_load_explicit(&record->word, memory_order_relaxed) ^ word) & ~(uint64_t)RECORD_WHAT);
}

static void list_one(struct record *record, void *context)
{
	struct listing *listing = context;
	struct hf_pin_info info;

	if (!record_read(record, &info) || (listing->mm && info.mm != listing->mm))
		return;
	if (listing->count < listing->room)
		listing->pins[listing->count] = info;
	listing->count++;
}

size_t hf_inventory(struct hf_pool *pool, const struct hf_mm *mm, struct hf_pin_info *pins, size_t room)
{
	struct listing listing = { .mm = mm, .pins = pins, .room = pins ? room : 0 };

	if (pool)
		records_each(pool, list_one, &listing);
	return listing.count;
}

/*
 * record.c - the records of pins: taken, shown, claimed and given back
 */
#include "record.h"

/* ---- free records ---------------------------------------------------------------- */

void records_begin(struct slot *slot)
{
	plat_lock_init(&slot->records_lock);
}

static void iov_free(struct record *record)
{
	if (record->iov != record->few)
		plat_free(record->iov);
	record->iov = record->few;
	record->room = RECORD_RUNS;
}

void records_forgotten(struct hf_pool *pool)
{
	for (unsigned number = 0; number < SLOTS; number++) {
		struct record *record = atomic_load_explicit(&pool->slots[number].resident, memory_order_relaxed);

		if (record)
			plat_hot_forget(record, sizeof(*record));
	}
	/* Whoever has just read it, to pin in another pool, is still looking. */
	plat_grace();
}

void records_destroy(struct hf_pool *pool)
{
	for (unsigned number = 0; number < SLOTS; number++) {
		struct slot *slot = &pool->slots[number];
		/* Relaxed: whoever may destroy the pool knows that all other calls are over. */
		struct record_chunk *chunk = atomic_load_explicit(&slot->chunks, memory_order_relaxed), *next;

		for (; chunk; chunk = next) {
			next = chunk->next;
			for (unsigned i = 0; i < CHUNK_RECORDS; i++)
				iov_free(&chunk->records[i]);
			plat_free(chunk);
		}
		plat_lock_fini(&slot->records_lock);
	}
}

/* As if it had held one page. */
static void record_make_free(struct record *record)
{
	record->pages = 1;
	record->runs = 1;
	record->wholes = false;
	record->parted = false;
	atomic_store_explicit(&record->given, 0, memory_order_relaxed);
}

static void record_init(struct record *record, struct hf_pool *pool, struct slot *slot)
{
	bool shared = slot_is_shared(pool, slot);

	atomic_init(&record->word, RECORD_GENERATION | ((uintptr_t)record & RECORD_ADDRESS) | RECORD_FREE);
	record->pool = pool;
	record->slot = slot;
	record->owner = shared ? RECORD_SHARED : (uint32_t)(slot - pool->slots);
	record->iov = record->few;
	record->room = RECORD_RUNS;
	record->gone = record->gone_few;
	record_make_free(record);
}

static struct record *chunk_add(struct hf_pool *pool, struct slot *slot)
{
	struct record_chunk *chunk = pool_alloc(pool, sizeof(*chunk));

	if (!chunk)
		return NULL;
	for (unsigned i = 0; i < CHUNK_RECORDS; i++) {
		record_init(&chunk->records[i], pool, slot);
		chunk->records[i].next = i + 1 < CHUNK_RECORDS ? &chunk->records[i + 1] : NULL;
	}
	chunk->next = atomic_load_explicit(&slot->chunks, memory_order_relaxed);
	/* Pairs with records_each(): the chunk's contents before its being there (races/inventory-against-pin). */
	atomic_store_explicit(&slot->chunks, chunk, memory_order_release);
	return chunk->records;
}

bool records_refill(struct hf_pool *pool, struct slot *slot)
{
	/* Acquire pairs with record_give(): whoever ended the pin is done with the record
	   (races/unpin-by-another-against-pin). */
	if (!slot->records_free)
		slot->records_free =
			atomic_exchange_explicit(&slot->records_returned, NULL, memory_order_acquire);
	if (!slot->records_free)
		slot->records_free = chunk_add(pool, slot);
	return slot->records_free;
}

bool resident_begin(struct hf_pool *pool, struct slot *slot)
{
	struct record *record;

	if (likely(atomic_load_explicit(&slot->resident, memory_order_relaxed)))
		return true;
	if (!records_refill(pool, slot))
		return false;
	record = slot->records_free;
	slot->records_free = record->next;
	record->resident = true;
	record->last.handle = (struct hf_pin){ .iov = record->iov, .iovcnt = 1, .fast = 1, .record = record };
	atomic_store_explicit(&record->each, 1, memory_order_relaxed);
	atomic_store_explicit(&record->counted, record_generation(record), memory_order_relaxed);
	atomic_store_explicit(&slot->resident, record, memory_order_relaxed);
	return true;
}

static struct record *take_from(struct hf_pool *pool, struct slot *slot)
{
	struct record *record = records_refill(pool, slot) ? slot->records_free : NULL;

	if (record)
		slot->records_free = record->next;
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
	record->runs = 0;
	record->pages = 0;
	record->end = NULL;
	return record;
}

/* What was kept for its parts is as it was before there were any. */
static void gone_forget(struct record *record)
{
	if (record->gone != record->gone_few)
		plat_free(record->gone);
	record->gone = record->gone_few;
	for (unsigned i = 0; i < RECORD_PAGES / RECORD_BITS; i++)
		record->gone_few[i] = 0;
}

void record_give(struct record *record)
{
	struct slot *slot = record->slot;

	if (unlikely(record->room > RECORD_RUNS_KEPT))
		iov_free(record);
	if (unlikely(record->parted || record->gone != record->gone_few))
		gone_forget(record);
	record_make_free(record);
	if (likely(record->owner == plat_self())) {
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

bool record_claim(struct record *record, uint64_t word, uint64_t *found)
{
	for (unsigned attempt = 0;; attempt++) {
		*found = word;
		if (record_try_claim(record, found))
			return true;
		/* What was one has been parted since the handle was made; or another thread does just that. */
		if ((*found & ~RECORD_PARTS) == word && record_try_claim(record, found))
			return true;
		if ((*found & ~RECORD_PARTS) != record_busy(word) && (*found & ~RECORD_PARTS) != word)
			return false;
		plat_pause(attempt);
	}
}

void record_release(struct record *record, uint64_t word)
{
	/* Pairs with record_claim(): whoever has it next sees what was done with it (races/unpin-of-both-parts). */
	atomic_store_explicit(&record->word, record_parted(record, word), memory_order_release);
}

/* Its owner may take it as soon as it is free: all else comes first. */
static void resident_end(struct record *record, uint64_t word)
{
	if (unlikely(record->parted)) {
		gone_forget(record);
		record->parted = false;
		/* Its pages were counted as they went. */
		stat_add(record->pool, STAT_unpin, 0 - record->pages);
		record->wholes = record->pages > 1;
	}
	atomic_store_explicit(&record->given, 0, memory_order_relaxed);
	/* Release pairs with resident_is_free() (races/unpin-by-another-against-pin-again). */
	atomic_store_explicit(&record->word, record_next(word), memory_order_release);
}

void record_end(struct record *record, uint64_t word)
{
	if (record->resident) {
		resident_end(record, word);
		return;
	}
	record_over(record, word);
	record_give(record);
}

/* ---- the slots' residents -------------------------------------------------------------------- */

void resident_count(const struct slot *slot, uint64_t *pinned, uint64_t *unpinned)
{
	/* Relaxed: whoever needs an exact sum sees to it that nobody pins. */
	const struct record *record = atomic_load_explicit(&slot->resident, memory_order_relaxed);
	uint64_t each, times, word;

	*pinned = *unpinned = 0;
	if (!record)
		return;
	each = atomic_load_explicit(&record->each, memory_order_relaxed);
	times = record_generation(record) - atomic_load_explicit(&record->counted, memory_order_relaxed);
	*unpinned = times * each;
	*pinned = (times + !resident_is_free(record, &word)) * each;
}

void resident_has(struct record *record, uint64_t pages)
{
	uint64_t pinned, unpinned;

	if (likely(atomic_load_explicit(&record->each, memory_order_relaxed) == pages))
		return;
	resident_count(record->slot, &pinned, &unpinned);
	slot_stat_add(record->pool, record->slot, STAT_pin_fast, pinned);
	slot_stat_add(record->pool, record->slot, STAT_unpin, unpinned);
	atomic_store_explicit(&record->counted, record_generation(record), memory_order_relaxed);
	atomic_store_explicit(&record->each, pages, memory_order_relaxed);
	record->pages = pages;
	record->wholes = pages > 1;
	*record_wholes(record) = 1;
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
	info->mm = atomic_load_explicit(&record->mm, memory_order_relaxed);
	info->tag = atomic_load_explicit(&record->tag, memory_order_relaxed);
	info->address = atomic_load_explicit(&record->address, memory_order_relaxed);
	info->length = atomic_load_explicit(&record->length, memory_order_relaxed);
	info->held = info->length - atomic_load_explicit(&record->given, memory_order_relaxed);
	info->how = atomic_load_explicit(&record->how, memory_order_relaxed);
	info->age = plat_stamp_age(atomic_load_explicit(&record->since, memory_order_relaxed));
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
	return (word & RECORD_WHAT) && !((atomic_load_explicit(&record->word, memory_order_relaxed) ^ word) &
					 ~(RECORD_PARTS | RECORD_WHAT));
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

/*
 * pin.c - a pin from its beginning to its end
 *
 *	validate -> record -> long-term limit -> fast path <-> slow path -> runs cut
 *	to the bytes -> the record is live
 *
 * A pin of a range is the longest prefix that could be had.  The pages are in the
 * record's runs from the moment that they are taken, so every way out knows what
 * to give back.
 */
#include "fault.h"
#include "misuse.h"
#include "pin.h"

static uint64_t what_of(unsigned how)
{
	return how & HF_PIN_GET ? COUNT_REFERENCE : COUNT_PIN;
}

static bool how_is_good(unsigned how)
{
	if (how & ~PIN_FLAGS)
		return false;
	if (how & HF_PIN_GET)
		return !(how & (HF_PIN_WRITE | HF_PIN_LONGTERM | HF_PIN_FAST_ONLY));
	return how & (HF_PIN_READ | HF_PIN_WRITE);
}

/* ---- runs on wholes -------------------------------------------------------------- */

void runs_add_whole(struct record *record, unsigned char *bytes, uint64_t pages)
{
	uint64_t *wholes = record_wholes(record);
	struct iovec *last = &record->iov[record->runs - 1];

	if (!record->wholes)
		for (size_t word = 0; word < wholes_words(record->room); word++)
			wholes[word] = 0;
	record->wholes = true;
	if (record->runs && run_is_whole(record, record->runs - 1) &&
	    (unsigned char *)last->iov_base + last->iov_len == bytes) {
		last->iov_len += pages * PAGE_BYTES;
	} else {
		wholes[record->runs / 64] |= UINT64_C(1) << record->runs % 64;
		record->iov[record->runs++] = (struct iovec){ bytes, pages * PAGE_BYTES };
	}
	/* Pages that count for themselves begin a run of their own. */
	record->end = NULL;
	record->pages += pages;
}

/* A pin of wholes that is to end in parts: from here on each page of it has one of its own. */
static void wholes_to_parts(struct record *record)
{
	struct hf_pool *pool = record->pool;
	uint64_t count;

	for (uint32_t run = 0; run < record->runs; run++) {
		struct page *page = record_run(record, run, &count);

		/* Each part first: it must not look unpinned in between (races/huge-fork-against-unpin-of-a-part). */
		for (uint64_t i = 0; i < count && run_is_whole(record, run); i++)
			(void)page_raise(page + i);
		for (uint64_t i = 0; i < count && run_is_whole(record, run); i += TABLE_ENTRIES)
			page_drop(pool, block_of(pool, pfn_of(pool, page + i)), COUNT_PIN);
	}
	record->wholes = false;
}

/* ---- the slow path ---------------------------------------------------------------- */

/* Take one page, or with a huge entry all that is wanted of it if that is the whole: 0 or -EOVERFLOW. */
static int take_slow(struct taking *taking, const struct fault *fault, vpn_t vpn)
{
	struct hf_pool *pool = taking->mm->pool;
	struct record *record = taking->record;
	unsigned part = fault->level ? table_index(vpn, 0) : 0;
	pfn_t pfn = pte_pfn(pte_load(fault->slot)) + part;
	bool whole = fault->level && !part && taking->pages - record->pages >= TABLE_ENTRIES &&
		     !(taking->how & HF_PIN_GET);
	struct page *page = whole ? fault_page(fault) : page_of(pool, pfn);

	if (taking->how & HF_PIN_GET) {
		if (!page_get_more(page))
			return -HF_EOVERFLOW;
	} else if (!page_raise(page)) {
		/* The entry keeps the page alive: it is the pins that are too many. */
		page_drop(pool, page, COUNT_PIN);
		return -HF_EOVERFLOW;
	}
	if (whole)
		runs_add_whole(record, page_bytes(pool, pfn), TABLE_ENTRIES);
	else
		runs_add(record, page_bytes(pool, pfn), 1);
	return 0;
}

static int pin_slow(struct taking *taking)
{
	struct hf_mm *mm = taking->mm;
	uint64_t before = taking->record->pages;
	vpn_t vpn = taking->vpn + before;
	struct fault fault;
	int error = fault_pin(mm, (uint64_t)vpn << HF_PAGE_SHIFT, taking->how, &fault);

	if (error)
		return error;
	/* For a GET, too: a fork must take the page's W away, and not its table's alone (fork.c). */
	tree_mark_pinned(mm->pool, &mm->tables, vpn);
	error = take_slow(taking, &fault, vpn);
	if (!error)
		stat_add(mm->pool, taking->how & HF_PIN_GET ? STAT_get : STAT_pin_slow, taking->record->pages - before);
	mm_unlock(mm);
	return error;
}

/* ---- memory that a pin of many pages needs -------------------------------------------- */

/* Room for one run more, and for as many as may come: wanted pages, at most. */
static int runs_grow(struct record *record, uint64_t wanted)
{
	uint64_t room = (uint64_t)record->room * 2;
	struct iovec *iov;

	if (record->runs < record->room)
		return 0;
	if (room < RECORD_RUNS_KEPT)
		room = wanted < RECORD_RUNS_KEPT ? wanted : RECORD_RUNS_KEPT;
	iov = room <= UINT32_MAX ? pool_alloc(record->pool, room * sizeof(*iov) + wholes_words(room) * sizeof(uint64_t)) :
				   NULL;
	if (!iov)
		return -HF_ENOMEM;
	for (uint32_t i = 0; i < record->runs; i++)
		iov[i] = record->iov[i];
	for (size_t word = 0; record->wholes && word < wholes_words(room); word++)
		((uint64_t *)(void *)(iov + room))[word] =
			word < wholes_words(record->room) ? record_wholes(record)[word] : 0;
	if (record->iov != record->few)
		plat_free(record->iov);
	record->iov = iov;
	record->room = (uint32_t)room;
	return 0;
}

static int gone_alloc(struct record *record)
{
	uint64_t words = (record->pages + RECORD_BITS - 1) / RECORD_BITS;
	uint64_t *gone;

	if (likely(record->pages <= RECORD_PAGES))
		return 0;
	gone = pool_alloc(record->pool, words * sizeof(*gone));
	if (gone)
		record->gone = gone;
	return gone ? 0 : -HF_ENOMEM;
}

/* ---- giving back ------------------------------------------------------------------------- */

static bool gone_test_and_set(struct record *record, uint64_t page)
{
	uint64_t bit = UINT64_C(1) << (page % RECORD_BITS), *word = &record->gone[page / RECORD_BITS];
	bool was = *word & bit;

	*word |= bit;
	return was;
}

static bool any_gone(const struct record *record, uint64_t from, uint64_t to)
{
	for (uint64_t page = from; page < to; page++)
		if (record_page_is_gone(record, page))
			return true;
	return false;
}

static void dirty_row(struct hf_pool *pool, struct page *page, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		page_dirty(pool, &page[i]);
}

/* Which page is said by two numbers: one would have to be made for each, in case it is asked for. */
static __attribute__((noinline, cold)) void row_page_is_over(struct hf_pool *pool, struct page *page, size_t number)
{
	if (page_dies(&page[number]))
		page_free(pool, &page[number]);
}

static inline void unpin_row_page(struct hf_pool *pool, struct page *page, size_t number)
{
	if (unlikely(page_drop_is_last(&page[number], COUNT_PIN)))
		row_page_is_over(pool, page, number);
}

/* Eight at a time: a subtraction and a test for the last drop each, and nothing else. */
static void unpin_row(struct hf_pool *pool, struct page *page, uint64_t count)
{
	for (; count >= 8; count -= 8, page += 8) {
		unpin_row_page(pool, page, 0);
		unpin_row_page(pool, page, 1);
		unpin_row_page(pool, page, 2);
		unpin_row_page(pool, page, 3);
		unpin_row_page(pool, page, 4);
		unpin_row_page(pool, page, 5);
		unpin_row_page(pool, page, 6);
		unpin_row_page(pool, page, 7);
	}
	for (; count; count--, page++)
		unpin_row_page(pool, page, 0);
}

/* Give back the wholes that a run is counted on: their descriptors lie in a row, as a page's do. */
static void give_back_wholes(struct hf_pool *pool, struct page *page, uint64_t count, bool dirty)
{
	struct page *whole = block_of(pool, pfn_of(pool, page));

	if (dirty)
		dirty_row(pool, whole, count / TABLE_ENTRIES);
	unpin_row(pool, whole, count / TABLE_ENTRIES);
}

/* Give back all of a pin that was never parted. */
static void give_back_whole(struct record *record, uint64_t what, bool dirty)
{
	struct hf_pool *pool = record->pool;

	for (uint32_t run = 0; run < record->runs; run++) {
		uint64_t count;
		struct page *page = record_run(record, run, &count);

		if (run_is_whole(record, run)) {
			give_back_wholes(pool, page, count, dirty);
			continue;
		}
		if (dirty)
			dirty_row(pool, page, count);
		if (likely(what == COUNT_PIN))
			unpin_row(pool, page, count);
		else
			for (uint64_t i = 0; i < count; i++)
				page_drop(pool, page + i, what);
	}
}

/* Give back pages [from, to) of the pin that are not gone yet; returns how many. */
static uint64_t give_back_part(struct record *record, uint64_t from, uint64_t to, uint64_t what, bool dirty)
{
	uint64_t first = 0, given = 0, count;

	record->parted = true;
	if (unlikely(record->wholes))
		wholes_to_parts(record);
	for (uint32_t run = 0; run < record->runs && first < to; run++, first += count) {
		struct page *page = record_run(record, run, &count);

		for (uint64_t i = from > first ? from - first : 0; i < count && first + i < to; i++) {
			if (gone_test_and_set(record, first + i))
				continue;
			if (dirty)
				page_dirty(record->pool, page + i);
			page_drop(record->pool, page + i, what);
			given++;
		}
	}
	return given;
}

static void longterm_return(struct hf_pool *pool, unsigned how, uint64_t pages)
{
	if (how & HF_PIN_LONGTERM)
		atomic_fetch_sub_explicit(&pool->longterm, pages, memory_order_relaxed);
}

/* As many of the wanted pages as the limit has room for; 0 or -ENOLCK. */
static int longterm_reserve(struct hf_pool *pool, unsigned how, uint64_t *pages)
{
	uint64_t held = atomic_load_explicit(&pool->longterm, memory_order_relaxed), room;

	if (!(how & HF_PIN_LONGTERM))
		return 0;
	do {
		room = pool->longterm_limit - held;
		if (!room)
			return -HF_ENOLCK;
		if (*pages < room)
			room = *pages;
	} while (!atomic_compare_exchange_weak_explicit(&pool->longterm, &held, held + room, memory_order_relaxed,
							memory_order_relaxed));
	*pages = room;
	return 0;
}

/* ---- pin -------------------------------------------------------------------------------------- */

/* As far as it goes; *fast is cleared when the slow path was needed. */
static int take_pages(struct taking *taking, int *fast)
{
	struct record *record = taking->record;
	int error = 0;

	*fast = !(taking->how & HF_PIN_GET);
	while (!error && record->pages < taking->pages) {
		error = runs_grow(record, taking->pages);
		if (error)
			break;
		if (!(taking->how & HF_PIN_GET) && !taking->closed)
			pin_fast(taking);
		taking->closed = false;
		if (record->pages == taking->pages)
			break;
		/* Full runs are no reason to go slow. */
		if (record->runs == record->room)
			continue;
		if (taking->how & HF_PIN_FAST_ONLY)
			return atomic_load_explicit(&taking->mm->exited, memory_order_relaxed) ? -HF_ESRCH : -HF_EAGAIN;
		*fast = 0;
		error = pin_slow(taking);
	}
	return error;
}

/* From whole pages to the bytes that were asked for. */
static size_t cut_to_bytes(struct record *record, size_t offset, size_t length)
{
	size_t got = record->pages * PAGE_BYTES - offset;
	struct iovec *last = &record->iov[record->runs - 1];

	record->iov[0].iov_base = (unsigned char *)record->iov[0].iov_base + offset;
	record->iov[0].iov_len -= offset;
	if (got > length) {
		last->iov_len -= got - length;
		got = length;
	}
	return got;
}

static ssize_t pin_range(struct taking *taking, uint64_t address, size_t length, const char *tag, struct hf_pin *pin)
{
	struct record *record = taking->record;
	struct hf_pool *pool = record->pool;
	int fast, error = longterm_reserve(pool, taking->how, &taking->pages);

	if (error)
		return error;
	error = take_pages(taking, &fast);
	longterm_return(pool, taking->how, taking->pages - record->pages);
	if (record->pages && gone_alloc(record)) {
		give_back_whole(record, what_of(taking->how), false);
		longterm_return(pool, taking->how, record->pages);
		return -HF_ENOMEM;
	}
	if (!record->pages)
		return error;
	/* ---- point of no return ---- */
	pin->length = cut_to_bytes(record, page_offset(address), length);
	pin->iov = record->iov;
	pin->iovcnt = (int)record->runs;
	pin->fast = fast;
	pin->record = record;
	record_fill(record, taking->mm, address, pin->length, taking->how, tag, plat_stamp());
	pin->serial = record_begin(record, 0);
	return (ssize_t)pin->length;
}

static ssize_t pin_from(struct hf_mm *mm, uint64_t address, size_t length, unsigned how, const char *tag,
			struct hf_pin *pin, bool closed)
{
	struct taking taking = { .mm = mm, .how = how, .vpn = vpn_of(address), .closed = closed };
	ssize_t pinned;

	if (!mm || !pin || !length || length > SIZE_MAX / 2 || !how_is_good(how))
		return -HF_EINVAL;
	if (address >= ADDRESS_END)
		return -HF_EFAULT;
	if (length > ADDRESS_END - address)
		length = (size_t)(ADDRESS_END - address);
	taking.pages = pages_of(page_offset(address) + length);
#ifdef HF_LAB
	if (!(how & HF_PIN_GET))
		atomic_store_explicit(&mm->has_pinned, 1, memory_order_relaxed);
#endif
	if (unlikely(!atomic_load_explicit(&mm->recorded, memory_order_relaxed)))
		atomic_store_explicit(&mm->recorded, 1, memory_order_relaxed);
	taking.record = record_take(mm->pool);
	if (!taking.record)
		return -HF_ENOMEM;
	pinned = pin_range(&taking, address, length, tag, pin);
	if (pinned < 0)
		record_give(taking.record);
	return pinned;
}

ssize_t pin_any(struct hf_mm *mm, uint64_t address, size_t length, unsigned how, const char *tag, struct hf_pin *pin)
{
	return pin_from(mm, address, length, how, tag, pin, false);
}

ssize_t pin_while_forking(struct hf_mm *mm, uint64_t address, size_t length, unsigned how, const char *tag,
			  struct hf_pin *pin)
{
	stat_add(mm->pool, STAT_left_forking, 1);
	return pin_from(mm, address, length, how, tag, pin, true);
}

/* ---- unpin ----------------------------------------------------------------------------------------- */

/* Claim the handle's record, or say what is wrong with it. */
static int claim(const struct hf_pin *pin, unsigned how, const char *call)
{
	uint64_t found;

	if (!pin || (how & ~HF_UNPIN_DIRTY))
		return -HF_EINVAL;
	if (!record_is_plausible(pin->record, pin->serial))
		return misuse(call, "a pin from hf_pin()", "serial %x, which hf_pin() did not give", pin->serial);
	if (record_claim(pin->record, pin->serial, &found))
		return 0;
	return misuse(call, "a pin that is held", "one of %u bytes that was unpinned before", pin->length);
}

static void unpinned(struct record *record, unsigned how, uint64_t pages)
{
	longterm_return(record->pool, how, pages);
	if (!(how & HF_PIN_GET) && (!record->resident || record->parted))
		stat_add(record->pool, STAT_unpin, pages);
}

static void unpin_part(struct record *record, uint64_t from, uint64_t to, bool dirty)
{
	unsigned how = atomic_load_explicit(&record->how, memory_order_relaxed);

	unpinned(record, how, give_back_part(record, from, to, what_of(how), dirty && !(how & HF_PIN_GET)));
}

static void unpin_whole(struct record *record, bool dirty)
{
	unsigned how = atomic_load_explicit(&record->how, memory_order_relaxed);

	if (likely(!(how & HF_PIN_GET)))
		give_back_whole(record, COUNT_PIN, dirty);
	else
		give_back_whole(record, COUNT_REFERENCE, false);
	unpinned(record, how, record->pages);
}

int unpin_any(const struct hf_pin *pin, unsigned how)
{
	struct record *record;
	int error = claim(pin, how, "hf_unpin");

	if (error)
		return error;
	record = pin->record;
	if (unlikely(record->parted))
		unpin_part(record, 0, record->pages, how & HF_UNPIN_DIRTY);
	else
		unpin_whole(record, how & HF_UNPIN_DIRTY);
	record_end(record, pin->serial);
	return 0;
}

/* The bytes of a part as pages of the pin; false: its ends are no borders. */
static bool part_pages(const struct record *record, size_t offset, size_t length, uint64_t *from, uint64_t *to)
{
	uint64_t address = atomic_load_explicit(&record->address, memory_order_relaxed);
	uint64_t total = atomic_load_explicit(&record->length, memory_order_relaxed);
	uint64_t first = vpn_of(address);

	if (!length || offset >= total || length > total - offset)
		return false;
	*from = offset ? vpn_of(address + offset) - first : 0;
	*to = offset + length < total ? vpn_of(address + offset + length) - first : record->pages;
	return (!offset || !page_offset(address + offset)) &&
	       (offset + length == total || !page_offset(address + offset + length));
}

int hf_unpin_part(const struct hf_pin *pin, size_t offset, size_t length, unsigned how)
{
	int error = claim(pin, how, "hf_unpin_part");
	struct record *record;
	uint64_t from, to, given;

	if (error)
		return error;
	record = pin->record;
	if (!part_pages(record, offset, length, &from, &to)) {
		record_release(record, pin->serial);
		return -HF_EINVAL;
	}
	if (any_gone(record, from, to)) {
		record_release(record, pin->serial);
		return misuse("hf_unpin_part", "pages that are held", "one that was unpinned before, at offset %u or after",
			      offset);
	}
	unpin_part(record, from, to, how & HF_UNPIN_DIRTY);
	given = atomic_load_explicit(&record->given, memory_order_relaxed) + length;
	atomic_store_explicit(&record->given, given, memory_order_relaxed);
	/* The last part ends the pin. */
	if (given < atomic_load_explicit(&record->length, memory_order_relaxed))
		record_release(record, pin->serial);
	else
		record_end(record, pin->serial);
	return 0;
}

/*
 * verify.c - every invariant, over the whole pool
 *
 * Three walks count what there is: the tables of every mm, the caches of every
 * object, the records of every pin.  Then each page's descriptor is held against
 * what was counted.  docs/invariants.md has the list; the numbers are its own.
 *
 * A design other than Holdfast's keeps fewer promises on purpose: for its spaces
 * the invariants about PINNABLE, W and pins (I5 to I9) are not asked.
 */
#include "block.h"
#include "handshake.h"
#include "misuse.h"
#include "record.h"

struct seen {
	uint32_t entries, cached, gets, pins;
	uint32_t whole;		/* 1: a part of a huge page, which has a reference to it */
	uint32_t table;		/* a table: the entries that lead to it, and the mms and objects whose root it is */
};

struct verify {
	struct hf_pool *pool;
	struct seen *seen;	/* by frame */
	struct seen *wholes;	/* by block */
	char *why;
	size_t room;
	bool broken;
	uint64_t longterm;
};

/* The first break is the one that is told. */
#define BROKEN(verify, ...)                                                                                            \
	do {                                                                                                           \
		if (!(verify)->broken)                                                                                 \
			text_format((verify)->why, (verify)->room, __VA_ARGS__);                                       \
		(verify)->broken = true;                                                                               \
	} while (0)

#define REQUIRE(verify, condition, ...)                                                                                \
	do {                                                                                                           \
		if (unlikely(!(condition)))                                                                            \
			BROKEN(verify, __VA_ARGS__);                                                                   \
	} while (0)

/* ---- mappings: I1 ------------------------------------------------------------------------ */

static void verify_vmas(struct verify *verify, struct hf_mm *mm)
{
	uint64_t end = 0;

	for (struct vma *vma = vma_first(mm, 0, ADDRESS_END); vma; vma = vma_next(vma, ADDRESS_END)) {
		REQUIRE(verify, vma->start >= end && vma->start < vma->end && vma->end <= ADDRESS_END &&
				!page_offset(vma->start) && !page_offset(vma->end),
			"I1: the mapping at %x is out of order, empty or unaligned (the one before ends at %x)", vma->start,
			end);
		REQUIRE(verify, !((vma->flags & VMA_SEALED) && (vma->prot & HF_PROT_WRITE)),
			"I1: the mapping at %x is sealed and writable", vma->start);
		REQUIRE(verify, !(vma->flags & VMA_SHARED) || vma->object, "I1: the shared mapping at %x has no object",
			vma->start);
		end = vma->end;
	}
}

/* ---- entries: I2 to I8 --------------------------------------------------------------------- */

/* What any design must keep: an entry belongs to a mapping, and shows its page. */
static void verify_entry(struct verify *verify, const struct vma *vma, uint64_t address, pte_t pte)
{
	const struct page *page = page_of(verify->pool, pte_pfn(pte));

	REQUIRE(verify, vma, "I2: the entry at %x stands in no mapping", address);
	if (verify->broken || (pte & PTE_HOLE))
		return;
	REQUIRE(verify, pte_pfn(pte) < verify->pool->frontier, "I2: the entry at %x shows frame %u, which was never used",
		address, (uint64_t)pte_pfn(pte));
	REQUIRE(verify, !(pte & PTE_W) || (vma->prot & HF_PROT_WRITE),
		"I3: the entry at %x is writable, its mapping is not", address);
	REQUIRE(verify, !(pte & PTE_P) == !(vma->prot & HF_PROT_READ),
		"I3: the entry at %x is present where the mapping may not be read, or the reverse", address);
	if (pte_is_zero_page(pte)) {
		REQUIRE(verify, !(pte & (PTE_W | PTE_PINNABLE)) && !vma->object,
			"I4: the zero page at %x is writable, PINNABLE, or in an object's mapping", address);
		return;
	}
	REQUIRE(verify, !page_is(page, PAGE_TABLE), "I2: the entry at %x shows a page table", address);
	if (page_is(page, PAGE_OBJECT))
		REQUIRE(verify, page_object(verify->pool, page) == vma->object && page->index == vma_index(vma, address),
			"I2: the object's page at %x is not the one that its mapping names (index %u)", address,
			(uint64_t)page->index);
	else
		REQUIRE(verify, vma_is_private(vma), "I2: an anonymous page stands at %x in a shared mapping", address);
}

/* What Holdfast keeps: the mark means what it says. */
static void verify_marks(struct verify *verify, const struct vma *vma, uint64_t address, pte_t pte, pte_t above)
{
	const struct page *page = page_of(verify->pool, pte_pfn(pte));

	if (verify->broken || !pte_has_page(pte) || pte_is_zero_page(pte))
		return;
	REQUIRE(verify, !(pte & PTE_W) || (pte & PTE_PINNABLE), "I5: the entry at %x is writable and not PINNABLE", address);
	if (page_is(page, PAGE_OBJECT)) {
		REQUIRE(verify, !(pte & PTE_PINNABLE) == !(vma->flags & (VMA_SHARED | VMA_SEALED)),
			"I6: the object's page at %x is PINNABLE where a write could replace it, or not where none can",
			address);
		return;
	}
	REQUIRE(verify, !pte_pinned(verify->pool, pte) || (above & pte & PTE_PINNABLE),
		"I7: the pinned private page at %x is not PINNABLE", address);
	REQUIRE(verify, !pte_pinned(verify->pool, pte) || (above & PTE_HAS_PINNED),
		"I8: a pin stands at %x and a table on the way does not say HAS_PINNED", address);
}

/* A huge entry is an upper entry, too: what is said of its page is said of all parts. */
static void verify_huge(struct verify *verify, struct hf_mm *mm, pte_t pte, vpn_t vpn, pte_t above, bool first)
{
	uint64_t address = (uint64_t)vpn << HF_PAGE_SHIFT;
	struct vma *vma = vma_find(mm, address);
	struct hf_pool *pool = verify->pool;

	REQUIRE(verify, vma && vma->end - address >= TABLE_BYTES && !vma->object,
		"I18: the huge entry at %x does not lie in one private anonymous mapping", address);
	REQUIRE(verify, pte_has_page(pte) && pte_pfn(pte) % TABLE_ENTRIES == 0,
		"I18: the huge entry at %x shows frame %u, which begins no block", address, (uint64_t)pte_pfn(pte));
	verify_entry(verify, vma, address, pte);
	if (verify->broken)
		return;
	verify->wholes[pte_pfn(pte) / TABLE_ENTRIES].entries += first;
	if (DESIGN_IS_HOLDFAST(mm))
		verify_marks(verify, vma, address, pte, above & (pte | ~PTE_HAS_PINNED));
	for (unsigned part = 0; part < TABLE_ENTRIES; part++)
		REQUIRE(verify, page_is(page_of(pool, pte_pfn(pte) + part), PAGE_ANONYMOUS),
			"I18: part %u of the huge page at %x is not marked as anonymous memory", (uint64_t)part, address);
}

/* first: nobody else who has this table has been asked yet. */
static void verify_leaf(struct verify *verify, struct hf_mm *mm, pte_slot *slot, vpn_t vpn, pte_t above, bool first)
{
	uint64_t address = (uint64_t)vpn << HF_PAGE_SHIFT;
	struct vma *vma = vma_find(mm, address);
	pte_t pte = pte_load(slot);

	verify_entry(verify, vma, address, pte);
	if (verify->broken || !pte_has_page(pte) || pte_is_zero_page(pte))
		return;
	verify->seen[pte_pfn(pte)].entries += first;
	if (DESIGN_IS_HOLDFAST(mm))
		verify_marks(verify, vma, address, pte, above);
}

/* What leads to a table of a page table's: both marks, and then the table is this mm's alone, or neither. */
static void verify_upper(struct verify *verify, uint64_t address, pte_t pte)
{
	REQUIRE(verify, !(pte & PTE_W) == !(pte & PTE_PINNABLE),
		"I10: the entry at %x leads to a table that is neither shared nor its own", address);
	REQUIRE(verify, !(pte & PTE_W) || page_is_alone(page_of(verify->pool, pte_pfn(pte))),
		"I10: the table over %x is another's, too, and writable here", address);
}

/*
 * Each who shares a table goes through it, for its entries must suit his mappings; what
 * it leads to is counted once.  counts: the way to it has not been gone before.
 */
static void verify_table(struct verify *verify, struct hf_mm *mm, pfn_t pfn, unsigned level, vpn_t vpn, pte_t above,
			 bool counts)
{
	struct page *page = page_of(verify->pool, pfn);
	bool first = counts && !verify->seen[pfn].table;
	uint32_t used = 0;

	verify->seen[pfn].table += counts;
	REQUIRE(verify, page_is(page, PAGE_TABLE), "I10: frame %u is a table and not marked as one", (uint64_t)pfn);
	for (unsigned index = 0; index < TABLE_ENTRIES && !verify->broken; index++) {
		pte_slot *slot = &table_of(verify->pool, pfn)[index];
		pte_t pte = pte_load(slot);
		vpn_t here = vpn + index * tree_reach(level);

		if (!pte)
			continue;
		used++;
		if (pte & PTE_PS) {
			if (mm && level == 1)
				verify_huge(verify, mm, pte, here, above, first);
			else
				BROKEN(verify, "I18: a huge entry stands in a table of level %u", (uint64_t)level);
			continue;
		}
		if (level && mm)
			verify_upper(verify, (uint64_t)here << HF_PAGE_SHIFT, pte);
		if (level)
			verify_table(verify, mm, pte_pfn(pte), level - 1, here, above & pte, first);
		else if (mm)
			verify_leaf(verify, mm, slot, here, above, first);
		else
			verify->seen[pte_pfn(pte)].cached++;
	}
	REQUIRE(verify, atomic_load_explicit(&page->used, memory_order_relaxed) == used,
		"I10: the table in frame %u holds %u entries and counts others", (uint64_t)pfn, (uint64_t)used);
}

/* ---- objects and records: I11, I12 ----------------------------------------------------------- */

static void verify_object(struct verify *verify, struct hf_object *object)
{
	uint64_t reach = tree_reach(TABLE_LEVELS), found = 0;
	pte_slot *slot;

	if (object->cache.root)
		verify_table(verify, NULL, object->cache.root, object->cache.height - 1, 0, 0, true);
	for (vpn_t index = 0; (index = tree_next(verify->pool, &object->cache, index, reach, &slot)) < reach; index++) {
		const struct page *page = page_of(verify->pool, pte_pfn(pte_load(slot)));

		found++;
		REQUIRE(verify, page_is(page, PAGE_OBJECT) && page_number(page) == object->number && page->index == index,
			"I11: the page cache's frame %u is not the object's page %u",
			(uint64_t)pfn_of(verify->pool, page), index);
		REQUIRE(verify, index < pages_of(hf_object_size(object)), "I11: page %u stands beyond the object's end", index);
	}
	REQUIRE(verify, found == object->cached, "I11: an object's cache holds %u pages and counts %u", found,
		object->cached);
}

static void verify_record(struct record *record, void *context)
{
	struct verify *verify = context;
	struct hf_pool *pool = verify->pool;
	uint64_t number = 0, held = 0, count;

	for (uint32_t run = 0; run < record->runs; run++) {
		const struct page *page = record_run(record, run, &count);

		for (uint64_t i = 0; i < count; i++, number++) {
			bool whole = run_is_whole(record, run);
			struct seen *seen = whole ? &verify->wholes[pfn_of(pool, page + i) / TABLE_ENTRIES] :
						    &verify->seen[pfn_of(pool, page + i)];

			if (record_page_is_gone(record, number))
				continue;
			held++;
			if (record_is_get(record))
				seen->gets++;
			else if (!whole || i % TABLE_ENTRIES == 0)
				seen->pins++;
		}
	}
	REQUIRE(verify, number == record->pages, "I12: a pin's runs hold %u pages and its record says %u", number,
		record->pages);
	if (atomic_load_explicit(&record->how, memory_order_relaxed) & HF_PIN_LONGTERM)
		verify->longterm += held;
}

/* ---- pages: I9, I13 to I15 ------------------------------------------------------------------------ */

static void verify_page(struct verify *verify, pfn_t pfn)
{
	struct page *page = page_of(verify->pool, pfn);
	struct seen *seen = &verify->seen[pfn];
	uint64_t count = atomic_load_explicit(&page->count, memory_order_relaxed);
	uint64_t references = (uint64_t)seen->entries + seen->cached + seen->gets + seen->table + seen->whole,
		 frame = pfn;

	if (count & COUNT_DEAD) {
		REQUIRE(verify, count == COUNT_DEAD && !references && !seen->pins,
			"I13: frame %u is free, and %u references and %u pins lead to it", frame, references,
			(uint64_t)seen->pins);
		return;
	}
	REQUIRE(verify, COUNT_REFERENCES(count) == references + (pfn == 0),
		"I13: frame %u counts %u references, and %u were found", frame, (uint64_t)COUNT_REFERENCES(count),
		references);
	REQUIRE(verify, COUNT_PINS(count) == seen->pins, "I14: frame %u counts %u pins, and the records have %u", frame,
		(uint64_t)COUNT_PINS(count), (uint64_t)seen->pins);
	REQUIRE(verify, !seen->table || (!seen->entries && !seen->cached), "I10: the table in frame %u is a page of data, too",
		frame);
	REQUIRE(verify, seen->cached <= 1, "I11: frame %u is in two page caches", frame);
	REQUIRE(verify, seen->cached || !page_number(page), "I11: frame %u is in no page cache, and has an object's number",
		frame);
}

/* The same of a whole: I13 and I14. */
static void verify_whole(struct verify *verify, pfn_t first)
{
	const struct seen *seen = &verify->wholes[first / TABLE_ENTRIES];
	uint64_t count = atomic_load_explicit(&block_of(verify->pool, first)->count, memory_order_relaxed);
	uint64_t references = seen->entries, block = first / TABLE_ENTRIES;

	REQUIRE(verify, (count & COUNT_DEAD ? 0 : COUNT_REFERENCES(count)) == references,
		"I13: the huge page in block %u counts %u references, and %u were found", block,
		(uint64_t)COUNT_REFERENCES(count), references);
	REQUIRE(verify, COUNT_PINS(count) == seen->pins, "I14: the huge page in block %u counts %u pins, and the records have %u",
		block, (uint64_t)COUNT_PINS(count), (uint64_t)seen->pins);
}

/*
 * I9: a PINNABLE private page is one entry's alone, in one table.  In a shared table the
 * entry's mark has no effect now, but it will when the table is one mm's alone again: so
 * nobody may have a reference or a pin beside.  Needs the counts of all entries.
 */
static void verify_alone(struct verify *verify, uint64_t address, pte_t pte, bool shared)
{
	uint64_t entries = verify->wholes[pte_pfn(pte) / TABLE_ENTRIES].entries;

	if (!pte_has_page(pte) || pte_is_zero_page(pte) || page_is(page_of(verify->pool, pte_pfn(pte)), PAGE_OBJECT))
		return;
	for (unsigned part = 0; part < pte_pages(pte); part++)
		entries += verify->seen[pte_pfn(pte) + part].entries;
	REQUIRE(verify, entries == 1, "I9: the page at %x is PINNABLE in a private mapping, and %u entries show it", address,
		entries);
	REQUIRE(verify, !shared || (pte_is_alone(verify->pool, pte) && !pte_pinned(verify->pool, pte)),
		"I9: the page at %x is PINNABLE in a table that a fork shares, and somebody else holds it", address);
}

static void verify_exclusive(struct verify *verify, pfn_t pfn, unsigned level, vpn_t vpn, bool shared)
{
	for (unsigned index = 0; index < TABLE_ENTRIES; index++) {
		pte_t pte = pte_load(&table_of(verify->pool, pfn)[index]);
		vpn_t here = vpn + index * tree_reach(level);

		if (level && pte && !(pte & PTE_PS))
			verify_exclusive(verify, pte_pfn(pte), level - 1, here, shared || !table_is_own(pte));
		else if (pte & PTE_PINNABLE)
			verify_alone(verify, (uint64_t)here << HF_PAGE_SHIFT, pte, shared);
	}
}

/* I17: a block is a whole with all its parts alive, or none at all. */
static void verify_block(struct verify *verify, pfn_t first)
{
	struct hf_pool *pool = verify->pool;
	uint64_t count = atomic_load_explicit(&block_of(pool, first)->count, memory_order_relaxed), block = first / TABLE_ENTRIES;

	if (!count || (count & COUNT_DEAD)) {
		REQUIRE(verify, !COUNT_PINS(count), "I17: no huge page lies in block %u, and %u pins are on it", block,
			(uint64_t)COUNT_PINS(count));
		return;
	}
	REQUIRE(verify, first && first + TABLE_ENTRIES <= pool->frontier, "I17: a huge page lies in block %u, which has none",
		block);
	for (pfn_t pfn = first; pfn < first + TABLE_ENTRIES && !verify->broken; pfn++) {
		verify->seen[pfn].whole = 1;
		REQUIRE(verify, !(atomic_load_explicit(&page_of(pool, pfn)->count, memory_order_relaxed) & COUNT_DEAD),
			"I17: frame %u is free, and a part of a huge page", (uint64_t)pfn);
	}
}

static void verify_pages(struct verify *verify)
{
	struct hf_pool *pool = verify->pool;
	uint64_t dead = pool->count - pool->frontier, free = pool_free_pages(pool);

	for (pfn_t pfn = 0; pfn < pool->frontier && !verify->broken; pfn += TABLE_ENTRIES) {
		verify_block(verify, pfn);
		verify_whole(verify, pfn);
	}

	for (pfn_t pfn = 0; pfn < pool->frontier && !verify->broken; pfn++) {
		verify_page(verify, pfn);
		dead += (atomic_load_explicit(&page_of(pool, pfn)->count, memory_order_relaxed) & COUNT_DEAD) != 0;
	}
	REQUIRE(verify, verify->broken || dead == free, "I15: %u pages are free, and the lists hold %u", dead, free);
	REQUIRE(verify, verify->longterm == atomic_load_explicit(&pool->longterm, memory_order_relaxed),
		"I12: long-term pins hold %u pages, and the limit counts others", verify->longterm);
}

static void verify_mm(struct verify *verify, struct hf_mm *mm)
{
	verify_vmas(verify, mm);
	verify_table(verify, mm, mm->tables.root, TABLE_LEVELS - 1, 0, ~UINT64_C(0), true);
	REQUIRE(verify, !atomic_load_explicit(&mm->forking, memory_order_relaxed), "I16: an mm says that it is forking");
}

int hf_verify(struct hf_pool *pool, char *why, size_t room)
{
	struct verify verify = { .pool = pool, .why = why, .room = why ? room : 0 };

	if (!pool)
		return -HF_EINVAL;
	/* Only what was ever used needs a look. */
	verify.seen = plat_alloc((pool->frontier + pool->frontier / TABLE_ENTRIES + 1) * sizeof(*verify.seen));
	if (!verify.seen)
		return -HF_ENOMEM;
	verify.wholes = verify.seen + pool->frontier;
	list_each(item, &pool->mms)
		verify_mm(&verify, list_item(item, struct hf_mm, in_pool));
	list_each(item, &pool->objects)
		verify_object(&verify, list_item(item, struct hf_object, in_pool));
	records_each(pool, verify_record, &verify);
	list_each(item, &pool->mms) {
		const struct hf_mm *mm = list_item(item, struct hf_mm, in_pool);

		if (DESIGN_IS_HOLDFAST(mm))
			verify_exclusive(&verify, mm->tables.root, TABLE_LEVELS - 1, 0, false);
	}
	verify_pages(&verify);
	plat_free(verify.seen);
	return verify.broken ? -HF_EUCLEAN : 0;
}

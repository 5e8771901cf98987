/*
 * names.c - addresses and values for people
 *
 * The only file here that looks at the core's own structures, and for names alone:
 * no verdict depends on it.  Asked after an execution, when the judge may have ended
 * everything: so which page is which table is noted before that (names_learn).
 */
#include <stdio.h>
#include <string.h>

#include "handshake.h"
#include "record.h"
#include "statics.h"
#include "world.h"

/* What a page is used for, as it was noted last. */
struct role {
	int8_t space;		/* -1: nothing that has a name */
	uint8_t level;		/* of a table */
	vpn_t vpn;		/* where what the table maps begins */
};

static struct role roles[EXPLORED_POOL_MOST + 1];

static const struct scenario *scenario(void)
{
	return play.plan.scenario;
}

/* ---- which page is which table ------------------------------------------------- */

static void learn_table(const struct world *w, int space, pfn_t pfn, unsigned level, vpn_t vpn)
{
	if (pfn > EXPLORED_POOL_MOST)
		return;
	roles[pfn] = (struct role){ .space = (int8_t)space, .level = (uint8_t)level, .vpn = vpn };
	for (unsigned i = 0; level && i < TABLE_ENTRIES; i++) {
		pte_t pte = atomic_load_explicit(&table_of(w->pool, pfn)[i], memory_order_relaxed);

		if (pte & PTE_P)
			learn_table(w, space, pte_pfn(pte), level - 1, vpn + i * tree_reach(level));
	}
}

void names_learn(struct world *w)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		roles[i].space = -1;
	for (int i = 0; i < scenario()->nspaces; i++)
		if (w->mm[i])
			learn_table(w, i, w->mm[i]->tables.root, TABLE_LEVELS - 1, 0);
}

/* ---- pages ------------------------------------------------------------------------ */

/* "buf+1p" of the mapping that a page number is in; false: none. */
static bool name_vpn(const struct world *w, int space, vpn_t vpn, char *text, size_t room)
{
	for (int m = 0; m < scenario()->nmappings; m++) {
		const struct place *place = &w->base[space][m];
		vpn_t first = place->address / EXPLORED_PAGE;

		if (!place->made || vpn < first || vpn >= first + place->length / EXPLORED_PAGE)
			continue;
		if (vpn == first)
			snprintf(text, room, "%s", scenario()->mappings[m]);
		else
			snprintf(text, room, "%s+%up", scenario()->mappings[m], (unsigned)(vpn - first));
		return true;
	}
	return false;
}

/* An entry of a table: by what it maps. */
static void name_entry(const struct world *w, const struct role *role, unsigned index, char *text, size_t room)
{
	const char *space = scenario()->spaces[role->space];
	vpn_t vpn = role->vpn + index * tree_reach(role->level), end = vpn + tree_reach(role->level);
	char what[80] = "";

	while (vpn < end && !name_vpn(w, role->space, vpn, what, sizeof(what)))
		vpn++;
	if (!what[0])
		snprintf(what, sizeof(what), "page %u", (unsigned)(end - tree_reach(role->level)));
	if (!role->level)
		snprintf(text, room, "%s %s entry", space, what);
	else if (role->level == TABLE_LEVELS - 1)
		snprintf(text, room, "%s %s root entry", space, what);
	else
		snprintf(text, room, "%s %s table entry (level %u)", space, what, role->level);
}

static const struct role *role_of(uint64_t frame)
{
	return frame <= EXPLORED_POOL_MOST && roles[frame].space >= 0 ? &roles[frame] : NULL;
}

static bool name_page(const struct world *w, const unsigned char *address, char *text, size_t room)
{
	const struct hf_pool *pool = w->pool;
	uint64_t at = (uint64_t)(address - pool->base), frame = at / EXPLORED_PAGE;
	unsigned offset = at % EXPLORED_PAGE;
	const struct role *role;

	if (address < pool->base || at >= pool->bytes)
		return false;
	role = role_of(frame);
	if (role && offset < TABLE_ENTRIES * sizeof(pte_t))
		name_entry(w, role, offset / sizeof(pte_t), text, room);
	else if (offset)
		snprintf(text, room, "frame %u bytes+%u", (unsigned)frame, offset);
	else
		snprintf(text, room, "frame %u bytes", (unsigned)frame);
	return true;
}

/* ---- members of structures ------------------------------------------------------------ */

struct member {
	size_t offset, bytes;
	const char *name;
};

#define MEMBER(type, field, text) { offsetof(struct type, field), sizeof(((struct type *)0)->field), text }

static const struct member page_members[] = {
	MEMBER(page, count, "count"),	MEMBER(page, flags, "flags"), MEMBER(page, entries, "entries"),
	MEMBER(page, index, "index"), { 0, 0, NULL },
};

static const struct member mm_members[] = {
	MEMBER(hf_mm, forking, "forking"),	 MEMBER(hf_mm, exited, "exited"),
	MEMBER(hf_mm, recorded, "recorded"),	 MEMBER(hf_mm, lock, "lock"),
	MEMBER(hf_mm, vmas, "mappings"),	 MEMBER(hf_mm, references, "references"),
	MEMBER(hf_mm, has_pinned, "has_pinned"), MEMBER(hf_mm, tables, "tables"),
	MEMBER(hf_mm, sequence, "sequence"),
	MEMBER(hf_mm, gap_hint, "gap hint"),	 MEMBER(hf_mm, in_pool, "place in the pool's list"),
	{ 0, 0, NULL },
};

static const struct member object_members[] = {
	MEMBER(hf_object, resize, "resize lock"), MEMBER(hf_object, lock, "lock"),
	MEMBER(hf_object, size, "size"),	  MEMBER(hf_object, limit, "limit"),
	MEMBER(hf_object, cache, "cache"),	  MEMBER(hf_object, cached, "cached"),
	MEMBER(hf_object, vmas, "mappings"),	  MEMBER(hf_object, mappings, "mappings"),
	MEMBER(hf_object, references, "references"), MEMBER(hf_object, in_pool, "place in the pool's list"),
	{ 0, 0, NULL },
};

static const struct member slot_members[] = {
	MEMBER(slot, lock, "lock"),		  MEMBER(slot, cached, "cached"),
	MEMBER(slot, limbo, "limbo"),		  MEMBER(slot, waiting, "batches"),
	MEMBER(slot, batches, "batches"),
	MEMBER(slot, cache, "cache"),		  MEMBER(slot, records_free, "free records"),
	MEMBER(slot, records_lock, "records lock"), MEMBER(slot, records_returned, "returned records"),
	MEMBER(slot, chunks, "records"),	  MEMBER(slot, stats, "statistics"),
	{ 0, 0, NULL },
};

static const struct member pool_members[] = {
	MEMBER(hf_pool, lock, "lock"),		 MEMBER(hf_pool, frontier, "frontier"),
	MEMBER(hf_pool, free, "free list"),	 MEMBER(hf_pool, whole, "free blocks"),
	MEMBER(hf_pool, longterm, "long-term count"), MEMBER(hf_pool, moving, "moving"),
	MEMBER(hf_pool, mms, "spaces"),		 MEMBER(hf_pool, objects, "objects"),
	MEMBER(hf_pool, tables, "tables"),	 { 0, 0, NULL },
};

static const struct member record_members[] = {
	MEMBER(record, word, "word"), { 0, 0, NULL },
};

/* "OWNER member", if the address is in the structure. */
static bool name_member(const void *address, const void *begin, size_t bytes, const char *owner,
			const struct member *members, char *text, size_t room)
{
	size_t offset = (size_t)((const unsigned char *)address - (const unsigned char *)begin);

	if (!begin || (const unsigned char *)address < (const unsigned char *)begin || offset >= bytes)
		return false;
	for (; members->name; members++)
		if (offset - members->offset < members->bytes) {
			snprintf(text, room, "%s %s", owner, members->name);
			return true;
		}
	snprintf(text, room, "%s", owner);
	return true;
}

static bool name_descriptor(const struct world *w, const void *address, char *text, size_t room)
{
	const struct hf_pool *pool = w->pool;
	size_t at = (size_t)((const unsigned char *)address - (const unsigned char *)pool->pages);
	size_t number = at / sizeof(struct page);
	char owner[32];

	if ((const unsigned char *)address < (const unsigned char *)pool->pages ||
	    number >= pool->count + blocks_of(pool->count))
		return false;
	if (number < pool->count)
		snprintf(owner, sizeof(owner), "frame %zu", number);
	else
		snprintf(owner, sizeof(owner), "block %zu", number - pool->count);
	return name_member(address, &pool->pages[at / sizeof(struct page)], sizeof(struct page), owner, page_members, text,
			   room);
}

static bool name_slot(const struct world *w, const void *address, char *text, size_t room)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		char owner[32];

		snprintf(owner, sizeof(owner), "slot %u", i + 1);	/* as threads are counted for people */
		if (name_member(address, &w->pool->slots[i], sizeof(struct slot), owner, slot_members, text, room))
			return true;
	}
	return false;
}

static bool name_record(const struct world *w, const void *address, char *text, size_t room)
{
	for (unsigned number = 0; number < SLOTS; number++) {
		const struct record_chunk *chunk = atomic_load_explicit(&w->pool->slots[number].chunks, memory_order_relaxed);

		for (; chunk; chunk = chunk->next)
			for (unsigned i = 0; i < CHUNK_RECORDS; i++) {
				const struct record *record = &chunk->records[i];
				const char *tag = atomic_load_explicit(&record->tag, memory_order_relaxed);
				char owner[96];

				snprintf(owner, sizeof(owner), "record of %.64s", tag ? tag : "no pin");
				if (name_member(address, record, sizeof(*record), owner, record_members, text, room))
					return true;
			}
	}
	return false;
}

static bool name_handle(const struct world *w, const void *address, char *text, size_t room)
{
	for (int i = 0; i < scenario()->nspaces; i++)
		if (name_member(address, w->mm[i], sizeof(struct hf_mm), scenario()->spaces[i], mm_members, text, room))
			return true;
	for (int i = 0; i < scenario()->nobjects; i++)
		if (name_member(address, w->object[i], sizeof(struct hf_object), scenario()->objects[i], object_members, text,
				room))
			return true;
	return false;
}

/* The words by which one thread hears of what another made. */
static bool name_word(const struct world *w, const void *address, char *text, size_t room)
{
	ptrdiff_t word = (const uint64_t *)address - w->words;

	for (int i = 0; w->words && i < scenario()->nspaces; i++)
		if (play.plan.space_word[i] == word) {
			snprintf(text, room, "that %s is there", scenario()->spaces[i]);
			return true;
		}
	for (int i = 0; w->words && i < scenario()->npins; i++)
		if (play.plan.pin_word[i] == word) {
			snprintf(text, room, "that %s is there", scenario()->pins[i]);
			return true;
		}
	return false;
}

void name_address(void *context, const void *address, char *text, size_t room)
{
	const struct world *w = context;

	if (!w->pool || name_page(w, address, text, room) || name_descriptor(w, address, text, room) ||
	    name_handle(w, address, text, room) || name_slot(w, address, text, room) ||
	    name_member(address, w->pool, sizeof(*w->pool), "pool", pool_members, text, room) ||
	    name_record(w, address, text, room) || name_word(w, address, text, room))
		return;
	if (w->statics && (uintptr_t)address - (uintptr_t)w->statics < statics_bytes())
		snprintf(text, room, "who hears of misuse");	/* there are no others */
	else
		snprintf(text, room, "%p", address);
}

/* ---- values ------------------------------------------------------------------------------- */

static const struct {
	pte_t bit;
	const char *name;
} bits[] = {
	{ PTE_W, " W" }, { PTE_PINNABLE, " PINNABLE" }, { PTE_D, " dirty" }, { PTE_HAS_PINNED, " HAS_PINNED" },
};

static void name_pte(pte_t pte, char *text, size_t room)
{
	size_t n;

	if (!pte || (pte & PTE_HOLE)) {
		snprintf(text, room, "%s", pte ? "a hole" : "absent");
		return;
	}
	if (pte_pfn(pte))
		n = (size_t)snprintf(text, room, "frame %u", pte_pfn(pte));
	else
		n = (size_t)snprintf(text, room, "zero page");
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if ((pte & bits[i].bit) && n < room)
			n += (size_t)snprintf(text + n, room - n, "%s", bits[i].name);
	if (!(pte & PTE_P) && n < room)
		snprintf(text + n, room - n, " not present");
}

static void name_count(uint64_t count, char *text, size_t room)
{
	unsigned references = COUNT_REFERENCES(count), pins = COUNT_PINS(count);

	snprintf(text, room, "%s%u reference%s, %u pin%s", count & COUNT_DEAD ? "DEAD, " : "", references,
		 references == 1 ? "" : "s", pins, pins == 1 ? "" : "s");
}

static const struct role *role_at(const struct world *w, const void *address)
{
	uint64_t at = (uint64_t)((const unsigned char *)address - w->pool->base);

	if ((const unsigned char *)address < w->pool->base || at >= w->pool->bytes ||
	    at % EXPLORED_PAGE >= TABLE_ENTRIES * sizeof(pte_t))
		return NULL;
	return role_of(at / EXPLORED_PAGE);
}

static bool is_count(const struct world *w, const void *address)
{
	size_t at = (size_t)((const unsigned char *)address - (const unsigned char *)w->pool->pages);

	return (const unsigned char *)address >= (const unsigned char *)w->pool->pages &&
	       at < w->pool->count * sizeof(struct page) && at % sizeof(struct page) == offsetof(struct page, count);
}

static bool is_page_bytes(const struct world *w, const void *address)
{
	return (const unsigned char *)address >= w->pool->base &&
	       (uint64_t)((const unsigned char *)address - w->pool->base) < w->pool->bytes;
}

/* Bytes of a page: as text where they are. */
static void name_bytes(uint64_t value, char *text, size_t room)
{
	unsigned char bytes[sizeof(value)];
	size_t length = sizeof(bytes);

	memcpy(bytes, &value, sizeof(bytes));
	while (length && !bytes[length - 1])
		length--;
	for (size_t i = 0; i < length; i++)
		if (bytes[i] < ' ' || bytes[i] > '~')
			length = 0;
	if (length)
		snprintf(text, room, "\"%.*s\"", (int)length, (const char *)bytes);
	else if (value)
		snprintf(text, room, "%#llx", (unsigned long long)value);
	else
		snprintf(text, room, "zeroes");
}

void name_value(void *context, const void *address, uint64_t value, char *text, size_t room)
{
	const struct world *w = context;

	if (w->pool && role_at(w, address))
		name_pte(value, text, room);
	else if (w->pool && is_count(w, address))
		name_count(value, text, room);
	else if (w->pool && is_page_bytes(w, address))
		name_bytes(value, text, room);
	else
		snprintf(text, room, value < 1000000 ? "%llu" : "%#llx", (unsigned long long)value);
}

bool name_is_key(void *context, const void *address)
{
	const struct world *w = context;

	return w->pool && (role_at(w, address) || is_count(w, address) || is_page_bytes(w, address));
}

/*
 * access_one.c - one line of a page: straight down
 *
 * Most loads and stores are short, lie in one page, and in a table that the thread was in
 * not long ago.  Such a one finds the entry where the thread remembers the table to be, and
 * has nothing else to find, to save or to loop over.  Whatever is not as it mostly is goes
 * a more general way (access.c) from the beginning, called last of all.
 *
 * Remembered is where entries stand, and not what they are: those are read each time.  It
 * is right as long as the pool's tables are where they were: struct way, pool.h.  A thread
 * remembers as many tables as lie under one of the level above, in memory of its own; the
 * last one whose place it is stays.
 *
 *	load					store
 *	----					-----
 *	section					section
 *	the pool's shape is what it was		the same: no fork has begun, and W is there
 *						    on all levels above
 *	entry: present				entry: present, writable
 *	copy the bytes				commit: copy the bytes
 *	acquire fence
 *	entry and shape once more
 *
 * The shape takes the place of a look at each level above: see the head of access.c for why
 * a load looks again.  Whoever empties an entry that leads to a table changes the shape
 * before he drops what is behind it, and with that drop everything becomes known to those who
 * find themselves alone, and store (races/load-again-against-exit-and-reuse).
 */
#include "access.h"
#include "handshake.h"

/* Bytes that are moved in line. */
static inline bool is_line(size_t length)
{
	return likely(length - PLAT_LINE_LEAST <= PLAT_LINE_MOST - PLAT_LINE_LEAST);
}

/* The same in words of 8: turned about by three bits, any other length is a large number. */
static inline bool is_line_of_words(size_t length)
{
	uint64_t more = length - PLAT_LINE_LEAST;

	return likely((more >> 3 | more << 61) <= (PLAT_LINE_MOST - PLAT_LINE_LEAST) / 8);
}

/* At least one byte, and not more than a page. */
static inline bool is_in_one_page(uint64_t address, size_t length)
{
	return likely(((address + length - 1) ^ address) < PAGE_BYTES);
}

static inline bool is_piece(uint64_t address, size_t length)
{
	return length - 1 < PAGE_BYTES && is_in_one_page(address, length);
}

static inline bool shape_is(const struct hf_pool *pool, const struct way *way)
{
	/* Relaxed: this thread has acquired the number when it remembered it, or it is another. */
	return likely(atomic_load_explicit(&pool->shape, memory_order_relaxed) == way->shape);
}

/* The compiler knows need, with which comes PTE_PS where the entry is huge. */
#define SPECIAL static inline __attribute__((always_inline))

SPECIAL bool is_fit(pte_t pte, pte_t need)
{
	return likely((pte & (need | PTE_PS)) == need);
}

SPECIAL unsigned char *place_of(const struct hf_pool *pool, pte_t pte, pte_t need, uint64_t address)
{
	return page_bytes_of_pte(pool, pte) + (address & ((need & PTE_PS ? TABLE_BYTES : PAGE_BYTES) - 1));
}

SPECIAL bool load_line(const struct hf_pool *pool, const struct way *way, const pte_slot *slot, pte_t need,
		       uint64_t address, void *buffer, size_t length, bool line)
{
	void *section = plat_look_begin();
	pte_t pte;

	if (unlikely(!shape_is(pool, way)))
		goto out;
	pte = pte_load(slot);
	if (unlikely(!is_fit(pte, need)))
		goto out;
	if (line)
		plat_copy_line(buffer, place_of(pool, pte, need, address), length);
	else
		plat_copy(buffer, place_of(pool, pte, need, address), length);
	/* Pairs with the release fence in place_to_store(): see the head of access.c. */
	atomic_thread_fence(memory_order_acquire);
	if (unlikely(atomic_load_explicit(slot, memory_order_relaxed) != pte))
		goto out;
	if (unlikely(!shape_is(pool, way)))
		goto out;
	plat_look_end(section);
	return true;
out:
	plat_look_end(section);
	return false;
}

/* How many bytes were stored. */
SPECIAL size_t store_line(const struct hf_pool *pool, const struct way *way, const pte_slot *slot, pte_t need,
			  uint64_t address, const void *bytes, size_t length, bool words)
{
	size_t stored = 0;
	pte_t pte;

	plat_section_enter_quick(words ? PLAT_COPY_WORDS : PLAT_COPY);
	if (unlikely(!shape_is(pool, way)))
		goto out;
	pte = pte_load(slot);
	if (unlikely(!is_fit(pte, need)))
		goto out;
	/* Pairs with the acquire fence of loads, as in place_to_store(). */
	atomic_thread_fence(memory_order_release);
	if (words)
		stored = plat_commit_copy_words(place_of(pool, pte, need, address), bytes, length);
	else
		stored = plat_commit_copy(place_of(pool, pte, need, address), bytes, length);
out:
	plat_section_leave();
	return stored;
}

/* A thread's first: it is to remember tables from now on, if it can. */
static void ways_begin(void)
{
	struct ways *ways;

	ways = plat_own_begin(sizeof(*ways));
	/* Nor is there an mm that has the address of this, and NULL is none. */
	for (unsigned i = 0; ways && i < WAYS; i++)
		ways->way[i] = (struct way){ .mm = (struct hf_mm *)(void *)ways, .start = NO_TABLE };
}

static __attribute__((noinline, cold)) ssize_t read_first(struct hf_mm *mm, uint64_t address, void *buffer, size_t length)
{
	ways_begin();
	return access_read(mm, address, buffer, length);
}

static __attribute__((noinline, cold)) ssize_t write_first(struct hf_mm *mm, uint64_t address, const void *bytes,
							   size_t length)
{
	ways_begin();
	return access_write(mm, address, bytes, length, 0);
}

static size_t store_some(const struct hf_pool *pool, const struct way *way, const pte_slot *slot, pte_t need,
			 uint64_t address, const void *bytes, size_t length)
{
	if (length % 8 == 0 && length < PLAT_WORDS_END)
		return store_line(pool, way, slot, need, address, bytes, length, true);
	return store_line(pool, way, slot, need, address, bytes, length, false);
}

/* Loads of other sizes; and stores. */
static __attribute__((noinline)) ssize_t read_piece(struct hf_mm *mm, uint64_t address, void *buffer, size_t length)
{
	const pte_t need = PTE_P | PTE_A;
	struct ways *ways = plat_own_quick();
	const struct way *way;
	uint64_t offset;

	if (unlikely(!ways || !buffer || !is_piece(address, length)))
		return access_read(mm, address, buffer, length);
	way = way_of(ways, address);
	offset = address - way->start;
	if (unlikely(offset >= TABLE_BYTES || mm_of(way) != mm))
		return access_read(mm, address, buffer, length);
	if (way->mm == mm ? load_line(mm->pool, way, &way->entries[offset >> HF_PAGE_SHIFT], need, address, buffer,
				      length, false) :
			    load_line(mm->pool, way, way->entries, need | PTE_PS, address, buffer, length, false))
		return (ssize_t)length;
	return access_read(mm, address, buffer, length);
}

static __attribute__((noinline)) ssize_t write_piece(struct hf_mm *mm, uint64_t address, const void *bytes,
						     size_t length)
{
	const pte_t need = PTE_P | PTE_W | PTE_A | PTE_D;
	struct ways *ways = plat_own_quick();
	const struct way *way;
	uint64_t offset;
	size_t stored;

	if (unlikely(!ways || !bytes || !is_piece(address, length)))
		return access_write(mm, address, bytes, length, 0);
	way = way_of(ways, address);
	offset = address - way->start;
	if (unlikely(offset >= TABLE_BYTES || mm_of(way) != mm))
		return access_write(mm, address, bytes, length, 0);
	if (way->mm == mm)
		stored = store_some(mm->pool, way, &way->entries[offset >> HF_PAGE_SHIFT], need, address, bytes, length);
	else
		stored = store_some(mm->pool, way, way->entries, need | PTE_PS, address, bytes, length);
	if (likely(stored == length))
		return (ssize_t)length;
	return access_write(mm, address, bytes, length, stored);
}

ssize_t hf_read(struct hf_mm *mm, uint64_t address, void *buffer, size_t length)
{
	const pte_t need = PTE_P | PTE_A;
	struct ways *ways = plat_own_quick();
	const struct way *way;
	uint64_t offset;

	if (unlikely(!ways))
		return read_first(mm, address, buffer, length);
	if (unlikely(!buffer))
		goto other;
	if (unlikely(!is_line(length) || !is_in_one_page(address, length)))
		return read_piece(mm, address, buffer, length);
	way = way_of(ways, address);
	offset = address - way->start;
	if (unlikely(offset >= TABLE_BYTES))
		goto other;
	if (likely(way->mm == mm)) {
		if (likely(load_line(mm->pool, way, &way->entries[offset >> HF_PAGE_SHIFT], need, address, buffer,
				     length, true)))
			return (ssize_t)length;
		goto missed;
	} else if (way->mm == mark_huge(mm)) {
		if (likely(load_line(mm->pool, way, way->entries, need | PTE_PS, address, buffer, length, true)))
			return (ssize_t)length;
		goto missed;
	}
other:
	return access_read(mm, address, buffer, length);
missed:
	/* The same mm; so it need not be kept. */
	return access_read(mm_of(way), address, buffer, length);
}

ssize_t hf_write(struct hf_mm *mm, uint64_t address, const void *bytes, size_t length)
{
	const pte_t need = PTE_P | PTE_W | PTE_A | PTE_D;
	struct ways *ways = plat_own_quick();
	const struct way *way;
	size_t stored = 0;
	uint64_t offset;

	if (unlikely(!ways))
		return write_first(mm, address, bytes, length);
	if (unlikely(!bytes))
		goto other;
	if (unlikely(!is_line_of_words(length) || !is_in_one_page(address, length)))
		return write_piece(mm, address, bytes, length);
	way = way_of(ways, address);
	offset = address - way->start;
	if (unlikely(offset >= TABLE_BYTES))
		goto other;
	if (likely(way->mm == mm))
		stored = store_line(mm->pool, way, &way->entries[offset >> HF_PAGE_SHIFT], need, address, bytes, length,
				    true);
	else if (way->mm == mark_huge(mm))
		stored = store_line(mm->pool, way, way->entries, need | PTE_PS, address, bytes, length, true);
	else
		goto other;
	if (likely(stored == length))
		return (ssize_t)length;
	return access_write(mm_of(way), address, bytes, length, stored);
other:
	return access_write(mm, address, bytes, length, 0);
}

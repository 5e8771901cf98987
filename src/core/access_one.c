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

#define WAYS TABLE_ENTRIES
#define NO_TABLE (UINT64_C(1) << 63)	/* so far from every address that none is in it */

struct ways {
	struct way way[WAYS];
};

static inline struct way *way_of(struct ways *ways, uint64_t address)
{
	return &ways->way[address / TABLE_BYTES % WAYS];
}

/* Bytes that are moved in line, and lie in one page. */
static inline bool is_line(uint64_t address, size_t length)
{
	return likely(length - PLAT_LINE_LEAST <= PLAT_LINE_MOST - PLAT_LINE_LEAST) &&
	       likely(((address + length - 1) ^ address) < PAGE_BYTES);
}

static inline bool shape_is(const struct hf_pool *pool, uint64_t shape)
{
	/* Relaxed: this thread has acquired the number when it remembered it, or it is another. */
	return likely(atomic_load_explicit(&pool->shape, memory_order_relaxed) == shape);
}

ssize_t hf_read(struct hf_mm *mm, uint64_t address, void *buffer, size_t length)
{
	struct ways *ways = plat_own_quick();
	const struct hf_pool *pool;
	const struct way *way;
	const pte_slot *slot;
	uint64_t offset;
	pte_t pte;

	if (unlikely(!ways))
		goto other;
	if (unlikely(!buffer))
		goto other;
	if (unlikely(!is_line(address, length)))
		goto other;
	way = way_of(ways, address);
	offset = address - way->start;
	if (unlikely(offset >= TABLE_BYTES))
		goto other;
	if (unlikely(way->mm != mm))
		goto other;
	pool = mm->pool;
	slot = &way->entries[offset >> HF_PAGE_SHIFT];
	plat_section_enter_quick(PLAT_LOOK);
	if (unlikely(!shape_is(pool, way->shape)))
		goto out;
	pte = pte_load(slot);
	if (unlikely((pte & (PTE_P | PTE_A)) != (PTE_P | PTE_A)))
		goto out;
	plat_copy_line(buffer, page_bytes_of_pte(pool, pte) + page_offset(offset), length);
	/* Pairs with the release fence in place_to_store(): see the head of access.c. */
	atomic_thread_fence(memory_order_acquire);
	if (unlikely(atomic_load_explicit(slot, memory_order_relaxed) != pte))
		goto out;
	if (unlikely(!shape_is(pool, way->shape)))
		goto out;
	plat_section_leave_look();
	return (ssize_t)length;
out:
	plat_section_leave_look();
other:
	return access_read(mm, address, buffer, length);
}

ssize_t hf_write(struct hf_mm *mm, uint64_t address, const void *bytes, size_t length)
{
	const pte_t need = PTE_P | PTE_W | PTE_A | PTE_D;
	struct ways *ways = plat_own_quick();
	const struct hf_pool *pool;
	const struct way *way;
	size_t stored = 0;
	uint64_t offset;
	pte_t pte;

	if (unlikely(!ways))
		goto other;
	if (unlikely(!bytes))
		goto other;
	if (unlikely(!is_line(address, length) || length % 8))
		goto other;
	way = way_of(ways, address);
	offset = address - way->start;
	if (unlikely(offset >= TABLE_BYTES))
		goto other;
	if (unlikely(way->mm != mm))
		goto other;
	pool = mm->pool;
	plat_section_enter_quick(PLAT_COPY_WORDS);
	if (unlikely(!shape_is(pool, way->shape)))
		goto out;
	pte = pte_load(&way->entries[offset >> HF_PAGE_SHIFT]);
	if (unlikely((pte & need) != need))
		goto out;
	/* Pairs with the acquire fence of loads, as in place_to_store(). */
	atomic_thread_fence(memory_order_release);
	stored = plat_commit_copy_words(page_bytes_of_pte(pool, pte) + page_offset(offset), bytes, length);
	if (unlikely(stored != length))
		goto out;
	plat_section_leave();
	return (ssize_t)length;
out:
	plat_section_leave();
other:
	return access_write(mm, address, bytes, length, stored);
}

/* ---- to remember ------------------------------------------------------------------------ */

void way_remember(const struct hf_mm *mm, uint64_t address, const pte_slot *slot, uint64_t shape)
{
	struct ways *ways = plat_own_quick();

	/* Not before its first call that was in no section. */
	if (likely(ways))
		*way_of(ways, address) = (struct way){ .mm = mm, .shape = shape,
						       .start = address & ~(uint64_t)(TABLE_BYTES - 1),
						       .entries = slot - table_index(vpn_of(address), 0) };
}

void ways_begin(void)
{
	struct ways *ways;

	if (likely(plat_own_quick()))
		return;
	ways = plat_own_begin(sizeof(*ways));
	for (unsigned i = 0; ways && i < WAYS; i++)
		ways->way[i].start = NO_TABLE;
}

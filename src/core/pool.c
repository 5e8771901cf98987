/*
 * pool.c - the life of a pool, its statistics, and looking at one address
 */
#include "free.h"
#include "handshake.h"
#include "record.h"

#define TEXT(x) #x
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *hf_version(void)
{
	return VERSION(HF_VERSION_MAJOR, HF_VERSION_MINOR, HF_VERSION_PATCH);
}

size_t hf_page_size(void)
{
	return PAGE_BYTES;
}

size_t hf_huge_size(void)
{
	return TABLE_BYTES;
}

/* ---- create and destroy -------------------------------------------------------------- */

#define POOL_LEAST_PAGES 16u

/* Pools that there have been; each has so many shapes to itself. */
enum { SHAPE_BITS = 44 };
static _Atomic uint64_t shapes;

static void pool_begin(struct hf_pool *pool, const struct hf_pool_config *config)
{
	pool->longterm_limit = config->longterm_bytes >> HF_PAGE_SHIFT;
	if (!config->longterm_bytes)
		pool->longterm_limit = pool->count / 2;
	pool->limbo_most = pool->count / 32;
	if (pool->limbo_most < LIMBO_PAGES)
		pool->limbo_most = LIMBO_PAGES;
	if (pool->limbo_most > LIMBO_PAGES_MOST)
		pool->limbo_most = LIMBO_PAGES_MOST;
	plat_lock_init(&pool->lock);
	for (unsigned number = 0; number < TABLE_LOCKS; number++)
		plat_lock_init(&pool->table_locks[number]);
	list_init(&pool->mms);
	list_init(&pool->objects);
	/* None that a pool in the same place had before it: threads remember it longer than that lasts. */
	atomic_init(&pool->shape, (atomic_fetch_add_explicit(&shapes, 1, memory_order_relaxed) + 1) << SHAPE_BITS);
	/* The zero page: never free, never written. */
	atomic_init(&pool->pages[0].count, COUNT_REFERENCE);
	pool->frontier = 1;
	free_begin(pool);
	for (unsigned number = 0; number < SLOTS; number++) {
		plat_lock_init(&pool->slots[number].lock);
		pool->slots[number].limbo = (struct page_stock)STOCK_EMPTY;
		records_begin(&pool->slots[number]);
	}
}

/* A program built with a later header may ask for more than we know, if it asks for nothing of it. */
static bool config_is_known(const struct hf_pool_config *config)
{
	const unsigned char *bytes = (const unsigned char *)config;

	if (config->size < sizeof(*config) || config->size > PAGE_BYTES)
		return false;
	for (size_t i = sizeof(*config); i < config->size; i++)
		if (bytes[i])
			return false;
	return true;
}

static int open_memory(struct hf_pool *pool, const struct hf_pool_config *config)
{
	pool->memory = (unsigned)config->memory;
	return plat_pool_open(pool->bytes, (void **)&pool->base, &pool->fd, &pool->memory);
}

int hf_pool_create(const struct hf_pool_config *config, struct hf_pool **pool_out)
{
	struct hf_pool *pool;
	uint64_t pages;
	int error;

	if (!config || !pool_out || !config_is_known(config) || config->memory > HF_MEMORY_ANONYMOUS)
		return -HF_EINVAL;
	pages = config->bytes >> HF_PAGE_SHIFT;
	if (pages < POOL_LEAST_PAGES || pages + blocks_of(pages) > PFN_MAX)
		return -HF_EINVAL;
	pool = plat_alloc(sizeof(*pool));
	if (!pool)
		return -HF_ENOMEM;
	pool->bytes = pages << HF_PAGE_SHIFT;
	pool->count = (pfn_t)pages;
	error = free_reserve(pool) && objects_begin(pool) ? open_memory(pool, config) : -HF_ENOMEM;
	if (error) {
		objects_end(pool);
		free_unreserve(pool);
		plat_free(pool);
		return error;
	}
	pool_begin(pool, config);
	*pool_out = pool;
	return 0;
}

static void count_record(struct record *record, void *context)
{
	(void)record;
	++*(uint64_t *)context;
}

static uint64_t pins_held(struct hf_pool *pool)
{
	uint64_t count = 0;

	records_each(pool, count_record, &count);
	return count;
}

int hf_pool_destroy(struct hf_pool *pool)
{
	bool busy;

	if (!pool)
		return -HF_EINVAL;
	plat_lock(&pool->lock);
	busy = !list_is_empty(&pool->mms) || !list_is_empty(&pool->objects);
	plat_unlock(&pool->lock);
	if (busy || pins_held(pool))
		return -HF_EBUSY;
	/* ---- point of no return ---- */
	records_forgotten(pool);
	records_destroy(pool);
	for (unsigned number = 0; number < SLOTS; number++)
		plat_lock_fini(&pool->slots[number].lock);
	for (unsigned number = 0; number < TABLE_LOCKS; number++)
		plat_lock_fini(&pool->table_locks[number]);
	plat_lock_fini(&pool->lock);
	plat_page_wake(pool->base, (uint64_t)pool->frontier << HF_PAGE_SHIFT);
	plat_pool_close(pool->base, pool->bytes, pool->fd);
	objects_end(pool);
	free_unreserve(pool);
	plat_free(pool);
	return 0;
}

void hf_pool_memory(const struct hf_pool *pool, void **base, uint64_t *bytes, int *fd)
{
	if (base)
		*base = pool ? pool->base : NULL;
	if (bytes)
		*bytes = pool ? pool->bytes : 0;
	if (fd)
		*fd = pool ? pool->fd : -1;
}

unsigned hf_pool_memory_kind(const struct hf_pool *pool)
{
	return pool ? pool->memory : 0;
}

/* ---- statistics ------------------------------------------------------------------------ */

static uint64_t list_length(const struct list *head)
{
	uint64_t length = 0;

	list_each(item, head)
		length++;
	return length;
}

static uint64_t stat_sum(struct hf_pool *pool, enum stat stat)
{
	uint64_t sum = 0;

	for (unsigned number = 0; number < SLOTS; number++) {
		uint64_t pinned, unpinned;

		resident_count(&pool->slots[number], &pinned, &unpinned);
		sum += atomic_load_explicit(&pool->slots[number].stats[stat], memory_order_relaxed);
		sum += stat == STAT_pin_fast ? pinned : stat == STAT_unpin ? unpinned : 0;
	}
	return sum;
}

void hf_pool_stats(struct hf_pool *pool, struct hf_stats *stats)
{
	if (!pool || !stats)
		return;
#define STAT_SUM(name, text) stats->name = stat_sum(pool, STAT_##name);
	HF_STATS(STAT_SUM)
#undef STAT_SUM
	stats->pages_free = pool_free_pages(pool);
	stats->pages_table = atomic_load_explicit(&pool->tables, memory_order_relaxed);
	/* All but the zero page; what is between two hands counts as data. */
	stats->pages_data = pool->count - 1 - stats->pages_free - stats->pages_table;
	stats->pages_pinned_longterm = atomic_load_explicit(&pool->longterm, memory_order_relaxed);
	stats->pins_held = pins_held(pool);
	plat_lock(&pool->lock);
	stats->spaces = list_length(&pool->mms);
	stats->objects = list_length(&pool->objects);
	plat_unlock(&pool->lock);
}

/* ---- one address ---------------------------------------------------------------------------- */

/* The entry of vpn, at the last level or huge, and what the entries above it have in common. */
static pte_t entry_of(const struct hf_mm *mm, vpn_t vpn, pte_t *above)
{
	pfn_t pfn = mm->tables.root;
	pte_t pte = 0;

	*above = ~UINT64_C(0);
	for (unsigned level = TABLE_LEVELS; level--; pfn = pte_pfn(pte)) {
		pte = pte_load(&table_of(mm->pool, pfn)[table_index(vpn, level)]);
		if (!level || !pte || (pte & PTE_PS))
			break;
		*above &= pte;
	}
	return pte;
}

static void describe_entry(const struct hf_mm *mm, uint64_t address, struct hf_page_info *info)
{
	struct hf_pool *pool = mm->pool;
	pte_t above, pte = entry_of(mm, vpn_of(address), &above);
	uint64_t part = vpn_of(address) % pte_pages(pte), own, whole;

	info->hole = (pte & PTE_HOLE) != 0;
	if (!pte_has_page(pte))
		return;
	info->entry = walk_view(above, pte) & ~(PTE_FRAME_MASK | PTE_HAS_PINNED);
	info->entry |= above & (pte & PTE_PS ? pte : ~UINT64_C(0)) & PTE_HAS_PINNED;
	info->frame = pte_pfn(pte) + part;
	own = page_counts(page_of(pool, (pfn_t)info->frame));
	whole = page_counts(block_of(pool, (pfn_t)info->frame));
	info->pins = COUNT_PINS(own) + (whole & COUNT_DEAD ? 0 : COUNT_PINS(whole));
	info->references = COUNT_REFERENCES(pte & PTE_PS ? whole : own);
	info->anonymous = page_is(page_of(pool, (pfn_t)info->frame), PAGE_ANONYMOUS) != 0;
}

int hf_query(struct hf_mm *mm, uint64_t address, struct hf_page_info *info)
{
	int error;

	if (!mm || !info)
		return -HF_EINVAL;
	if (address >= ADDRESS_END)
		return -HF_EFAULT;
	error = mm_lock(mm);
	if (error)
		return error;
	*info = (struct hf_page_info){ 0 };
	if (vma_find(mm, address))
		describe_entry(mm, address, info);
	else
		error = -HF_EFAULT;
	mm_unlock(mm);
	return error;
}

/*
 * mm.c - the life of an address space, and emptying parts of it
 */
#include "mm.h"
#include "record.h"

struct hf_mm *mm_new(struct hf_pool *pool)
{
	struct hf_mm *mm = pool_alloc(pool, sizeof(*mm));
	struct page *root;

	if (!mm)
		return NULL;
	root = table_alloc(pool, PAGE_ZEROED);
	if (!root) {
		plat_free(mm);
		return NULL;
	}
	mm->pool = pool;
	mm->tables = (struct tree){ pfn_of(pool, root), TABLE_LEVELS };
	plat_lock_init(&mm->lock);
	RB_INIT(&mm->vmas);
	atomic_init(&mm->references, 1);
#ifdef HF_LAB
	mm->design = &design_holdfast;
#endif
	plat_lock(&pool->lock);
	list_add(&pool->mms, &mm->in_pool);
	plat_unlock(&pool->lock);
	return mm;
}

int hf_mm_create(struct hf_pool *pool, struct hf_mm **mm)
{
	if (!pool || !mm)
		return -HF_EINVAL;
	*mm = mm_new(pool);
	return *mm ? 0 : -HF_ENOMEM;
}

void mm_get(struct hf_mm *mm)
{
	atomic_fetch_add_explicit(&mm->references, 1, memory_order_relaxed);
}

void mm_put(struct hf_mm *mm)
{
	struct hf_pool *pool = mm->pool;

	/* Acquire and release: whoever is last sees what all the others did (races/destroy-against-truncate). */
	if (atomic_fetch_sub_explicit(&mm->references, 1, memory_order_acq_rel) != 1)
		return;
	plat_lock(&pool->lock);
	list_remove(&mm->in_pool);
	plat_unlock(&pool->lock);
	page_drop(pool, page_of(pool, mm->tables.root), COUNT_REFERENCE);
	plat_lock_fini(&mm->lock);
	plat_free(mm);
}

void mm_zap(struct hf_mm *mm, uint64_t start, uint64_t end, enum clear clear)
{
	tree_clear(mm->pool, &mm->tables, vpn_of(start), vpn_of(end), vma_room(mm, start, end), clear);
}

void mm_prune(struct hf_mm *mm, uint64_t start, uint64_t end)
{
	tree_prune(mm->pool, &mm->tables, vpn_of(start), vpn_of(end));
}

void hf_mm_exit(struct hf_mm *mm)
{
	struct vma *vma;

	if (!mm || mm_lock(mm))
		return;
	atomic_store_explicit(&mm->exited, 1, memory_order_relaxed);
	mm_zap(mm, 0, ADDRESS_END, CLEAR_ALL);
	while ((vma = vma_first(mm, 0, ADDRESS_END)))
		vma_remove(vma);
	mm_unlock(mm);
}

void hf_mm_destroy(struct hf_mm *mm)
{
	if (!mm)
		return;
	hf_mm_exit(mm);
	/* Most children never pin, and need no look at every pin of the pool. */
	if (atomic_load_explicit(&mm->recorded, memory_order_relaxed))
		records_forget(mm->pool, mm);
	mm_put(mm);
}

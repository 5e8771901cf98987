/*
 * truncate.c - making an object smaller, under the eyes of those who pin it
 *
 * A truncate must not detach a pinned page, and a fast pin asks nobody.  So:
 *
 *	1  lower the limit: from now on faults beyond it wait (object_page)
 *	2  empty the entries beyond it, in every mm that maps the object, until none has
 *	   come meanwhile: a fork of an mm that was not visited yet shares its entries
 *	3  cut: fast pins that had read such an entry have raised the count, or begin again
 *	4  look: a pin beyond the end?  The limit goes back, and nobody has lost more
 *	   than an entry, which the next fault brings back
 *	5  lower the size, drop the pages
 *
 * It answers for pages of the cache alone: private copies are their mm's.
 */
#include "mm.h"

/* The mms that map the object, each once and with a reference: 0 or -ENOMEM.  *mapped: see came_since(). */
static int mms_of(struct hf_object *object, struct hf_mm ***mms, uint64_t *count, uint64_t *mapped)
{
	uint64_t room = 0;

	*mms = NULL;
	*count = 0;
	plat_lock(&object->lock);
	while (object->mappings > room) {
		room = object->mappings;
		plat_unlock(&object->lock);
		plat_free(*mms);
		*mms = pool_alloc(object->pool, room * sizeof(**mms));
		if (!*mms)
			return -HF_ENOMEM;
		plat_lock(&object->lock);
	}
	*mapped = object->mapped;
	list_each(item, &object->vmas) {
		struct hf_mm *mm = list_item(item, struct vma, in_object)->mm;

		/* VMAs of one mm mostly stand together; visiting one twice does no harm. */
		if (*count && (*mms)[*count - 1] == mm)
			continue;
		mm_get(mm);
		(*mms)[(*count)++] = mm;
	}
	plat_unlock(&object->lock);
	return 0;
}

/* Does the object have a mapping that it had not then? */
static bool came_since(struct hf_object *object, uint64_t mapped)
{
	bool came;

	plat_lock(&object->lock);
	came = object->mapped != mapped;
	plat_unlock(&object->lock);
	return came;
}

/* Empty the entries of the object's own pages from index on, in one VMA: 0 or -ENOMEM. */
static int zap_vma_beyond(struct vma *vma, vpn_t from)
{
	struct hf_mm *mm = vma->mm;
	struct hf_pool *pool = mm->pool;
	vpn_t end = vpn_of(vma->end);
	pte_slot *slot;

	for (vpn_t vpn = vpn_of(vma->start); (vpn = tree_next(pool, &mm->tables, vpn, end, &slot)) < end; vpn++) {
		pte_t pte = pte_load(slot);
		struct page *page = page_of(pool, pte_pfn(pte));

		if (!pte_has_page(pte) || !page_is(page, PAGE_OBJECT) || page->index < from)
			continue;
		slot = tree_build(pool, &mm->tables, vpn);
		if (!slot)
			return -HF_ENOMEM;
		pte_drop(pool, tree_empty(pool, slot));
	}
	return 0;
}

static int zap_beyond(struct hf_mm *mm, struct hf_object *object, vpn_t from)
{
	int error = 0;

	plat_lock(&mm->lock);
	for (struct vma *vma = vma_first(mm, 0, ADDRESS_END); vma && !error; vma = vma_next(vma, ADDRESS_END))
		if (vma->object == object)
			error = zap_vma_beyond(vma, from);
	plat_unlock(&mm->lock);
	return error;
}

/* The same in every mm.  An error leaves some with an entry less, which the next fault brings back. */
static int zap_all_beyond(struct hf_object *object, vpn_t from)
{
	uint64_t count, mapped;
	struct hf_mm **mms;
	int error;

	do {
		error = mms_of(object, &mms, &count, &mapped);
		for (uint64_t i = 0; i < count; i++) {
			if (!error)
				error = zap_beyond(mms[i], object, from);
			mm_put(mms[i]);
		}
		plat_free(mms);
	} while (!error && came_since(object, mapped));
	return error;
}

static bool pinned_beyond(struct hf_object *object, vpn_t from)
{
	vpn_t reach = tree_reach(TABLE_LEVELS);
	bool pinned = false;
	pte_slot *slot;

	plat_lock(&object->lock);
	for (vpn_t index = from;
	     !pinned && (index = tree_next(object->pool, &object->cache, index, reach, &slot)) < reach; index++)
		pinned = page_pins(page_of(object->pool, pte_pfn(pte_load(slot)))) != 0;
	plat_unlock(&object->lock);
	return pinned;
}

static void set_size(struct hf_object *object, uint64_t size, uint64_t limit)
{
	plat_lock(&object->lock);
	atomic_store_explicit(&object->size, size, memory_order_relaxed);
	object->limit = limit;
	plat_unlock(&object->lock);
}

/* What stays of the last page must read as zeroes when the object grows again. */
static void zero_tail(struct hf_object *object, uint64_t bytes)
{
	struct page *page = page_offset(bytes) ? object_peek(object, vpn_of(bytes)) : NULL;

	if (!page)
		return;
	plat_fill_once(page_bytes(object->pool, pfn_of(object->pool, page)) + page_offset(bytes), 0,
		       PAGE_BYTES - page_offset(bytes));
	page_drop(object->pool, page, COUNT_REFERENCE);
}

/* object->resize held. */
static int shrink(struct hf_object *object, uint64_t bytes)
{
	uint64_t before = hf_object_size(object);
	vpn_t from = pages_of(bytes);
	int error;

	/* A pin that is there already is reason enough, before anybody loses an entry. */
	if (pinned_beyond(object, from))
		return -HF_EBUSY;
	set_size(object, before, bytes);
	error = zap_all_beyond(object, from);
	if (!error) {
		pool_cut(object->pool);
		error = pinned_beyond(object, from) ? -HF_EBUSY : 0;
	}
	if (error) {
		set_size(object, before, before);
		return error;
	}
	/* ---- point of no return ---- */
	set_size(object, bytes, bytes);
	object_drop_pages(object, from, tree_reach(TABLE_LEVELS));
	zero_tail(object, bytes);
	return 0;
}

int hf_object_resize(struct hf_object *object, uint64_t bytes, enum hf_resize when_pinned)
{
	int error = 0;

	if (!object || bytes > OBJECT_END || (when_pinned != HF_RESIZE_BUSY && when_pinned != HF_RESIZE_WAIT))
		return -HF_EINVAL;
	for (unsigned attempt = 0;; attempt++) {
		plat_lock(&object->resize);
		if (bytes < hf_object_size(object)) {
			error = shrink(object, bytes);
		} else if (bytes > hf_object_size(object)) {
			/* What a mapping stored behind the end is no part of the object. */
			zero_tail(object, hf_object_size(object));
			set_size(object, bytes, bytes);
		}
		plat_unlock(&object->resize);
		if (error != -HF_EBUSY || when_pinned != HF_RESIZE_WAIT)
			return error;
		/* Between the attempts the pages are there, so that their pinners can go on. */
		plat_pause(attempt);
		error = 0;
	}
}

/*
 * object.c - the page cache in memory, and its truncation
 *
 * A truncate must not detach a pinned page, and a fast pin asks nobody.  So:
 *
 *	1  lower the limit: from now on faults beyond it wait (object_page)
 *	2  empty the entries beyond it, in every mm that maps the object
 *	3  one grace period: fast pins that had read such an entry have raised the count
 *	4  look: a pin beyond the end?  The limit goes back, and nobody has lost more
 *	   than an entry, which the next fault brings back
 *	5  lower the size, drop the pages
 *
 * It answers for pages of the cache alone: private copies are their mm's.
 */
#include "mm.h"

struct hf_object *object_new(struct hf_pool *pool, uint64_t bytes, bool nameless)
{
	struct hf_object *object = pool_alloc(pool, sizeof(*object));

	if (!object)
		return NULL;
	object->pool = pool;
	plat_lock_init(&object->resize);
	plat_lock_init(&object->lock);
	atomic_init(&object->size, bytes);
	object->limit = bytes;
	atomic_init(&object->references, 1);
	list_init(&object->vmas);
	object->nameless = nameless;
	plat_lock(&pool->lock);
	list_add(&pool->objects, &object->in_pool);
	plat_unlock(&pool->lock);
	return object;
}

int hf_object_create(struct hf_pool *pool, uint64_t bytes, struct hf_object **object)
{
	if (!pool || !object || bytes > ADDRESS_END)
		return -HF_EINVAL;
	*object = object_new(pool, bytes, false);
	return *object ? 0 : -HF_ENOMEM;
}

void object_get(struct hf_object *object)
{
	atomic_fetch_add_explicit(&object->references, 1, memory_order_relaxed);
}

/* Take the pages [from, to) out of the cache and drop the cache's reference. */
static void cache_drop(struct hf_object *object, vpn_t from, vpn_t to)
{
	pte_slot *slot;

	plat_lock(&object->lock);
	for (vpn_t index = from; (index = tree_next(object->pool, &object->cache, index, to, &slot)) < to; index++) {
		pte_t pte = tree_empty(object->pool, slot);

		object->cached--;
		page_drop(object->pool, page_of(object->pool, pte_pfn(pte)), COUNT_REFERENCE);
	}
	tree_prune(object->pool, &object->cache, from, to);
	plat_unlock(&object->lock);
}

void object_put(struct hf_object *object)
{
	struct hf_pool *pool = object->pool;

	/* Acquire and release: whoever is last sees what all the others did. */
	if (atomic_fetch_sub_explicit(&object->references, 1, memory_order_acq_rel) != 1)
		return;
	cache_drop(object, 0, tree_reach(TABLE_LEVELS));
	if (object->cache.root)
		page_drop(pool, page_of(pool, object->cache.root), COUNT_REFERENCE);
	plat_lock(&pool->lock);
	list_remove(&object->in_pool);
	plat_unlock(&pool->lock);
	plat_lock_fini(&object->lock);
	plat_lock_fini(&object->resize);
	plat_free(object);
}

void hf_object_destroy(struct hf_object *object)
{
	if (object)
		object_put(object);
}

uint64_t hf_object_size(const struct hf_object *object)
{
	return object ? atomic_load_explicit(&object->size, memory_order_relaxed) : 0;
}

void hf_object_pages(struct hf_object *object, uint64_t *cached, uint64_t *dirty)
{
	uint64_t n = 0, reach = tree_reach(TABLE_LEVELS), all;
	pte_slot *slot;

	if (!object)
		return;
	plat_lock(&object->lock);
	all = object->cached;
	for (vpn_t index = 0; dirty && (index = tree_next(object->pool, &object->cache, index, reach, &slot)) < reach;
	     index++)
		n += page_is(page_of(object->pool, pte_pfn(pte_load(slot))), PAGE_DIRTY) != 0;
	plat_unlock(&object->lock);
	if (cached)
		*cached = all;
	if (dirty)
		*dirty = n;
}

/* ---- the cache ------------------------------------------------------------------ */

static int cache_find_or_add_locked(struct hf_object *object, vpn_t index, struct page **page)
{
	struct hf_pool *pool = object->pool;
	pte_slot *slot = tree_build(pool, &object->cache, index);
	pte_t pte = slot ? pte_load(slot) : 0;

	if (pte) {
		*page = page_of(pool, pte_pfn(pte));
		return 0;
	}
	*page = slot ? page_alloc(pool, PAGE_OBJECT, PAGE_ZEROED) : NULL;
	if (!*page) {
		tree_prune(pool, &object->cache, index, index + 1);
		return -HF_ENOMEM;
	}
	(*page)->object = object;
	(*page)->index = index;
	tree_fill(pool, slot, pte_make(pfn_of(pool, *page), PTE_P));
	object->cached++;
	return 0;
}

int object_page(struct hf_object *object, vpn_t index, struct page **page)
{
	int error;

	plat_lock(&object->lock);
	if (index >= pages_of(object->limit))
		error = index < pages_of(hf_object_size(object)) ? -HF_EAGAIN : -HF_EFAULT;
	else
		error = cache_find_or_add_locked(object, index, page);
	if (!error)
		page_get(*page);
	plat_unlock(&object->lock);
	return error;
}

void object_wait(struct hf_object *object)
{
	plat_lock(&object->resize);
	plat_unlock(&object->resize);
}

void object_add_vma(struct hf_object *object, struct vma *vma)
{
	plat_lock(&object->lock);
	list_add(&object->vmas, &vma->in_object);
	object->mappings++;
	plat_unlock(&object->lock);
}

void object_remove_vma(struct hf_object *object, struct vma *vma)
{
	plat_lock(&object->lock);
	list_remove(&vma->in_object);
	object->mappings--;
	plat_unlock(&object->lock);
}

/* ---- read and write ----------------------------------------------------------------- */

/* The page at index if it is there, with a reference; NULL: it reads as zeroes. */
static struct page *cache_peek(struct hf_object *object, vpn_t index)
{
	struct page *page = NULL;
	pte_slot *slot;

	plat_lock(&object->lock);
	slot = object->cache.root ? tree_find(object->pool, &object->cache, index) : NULL;
	if (slot && pte_load(slot)) {
		page = page_of(object->pool, pte_pfn(pte_load(slot)));
		page_get(page);
	}
	plat_unlock(&object->lock);
	return page;
}

/* Bytes of this page that lie inside the object, from offset on, at most length. */
static size_t piece_of(const struct hf_object *object, uint64_t offset, size_t length)
{
	uint64_t size = hf_object_size(object);
	size_t piece = PAGE_BYTES - page_offset(offset);

	if (offset >= size)
		return 0;
	if (piece > size - offset)
		piece = (size_t)(size - offset);
	return piece < length ? piece : length;
}

ssize_t hf_object_read(struct hf_object *object, uint64_t offset, void *buffer, size_t length)
{
	size_t done = 0, piece;

	if (!object || (!buffer && length) || length > SIZE_MAX / 2)
		return -HF_EINVAL;
	for (; done < length && (piece = piece_of(object, offset, length - done)); done += piece, offset += piece) {
		struct page *page = cache_peek(object, vpn_of(offset));
		unsigned char *to = (unsigned char *)buffer + done;

		if (!page) {
			plat_fill(to, 0, piece);
			continue;
		}
		plat_copy(to, page_bytes(object->pool, pfn_of(object->pool, page)) + page_offset(offset), piece);
		page_drop(object->pool, page, COUNT_REFERENCE);
	}
	return (ssize_t)done;
}

ssize_t hf_object_write(struct hf_object *object, uint64_t offset, const void *bytes, size_t length)
{
	size_t done = 0, piece;

	if (!object || (!bytes && length) || length > SIZE_MAX / 2)
		return -HF_EINVAL;
	for (; done < length && (piece = piece_of(object, offset, length - done)); done += piece, offset += piece) {
		struct page *page;
		int error = object_page(object, vpn_of(offset), &page);

		if (error == -HF_ENOMEM)
			return done ? (ssize_t)done : error;
		if (error) {
			/* A truncate is under way, or over by now: look at the size again. */
			object_wait(object);
			piece = 0;
			continue;
		}
		plat_copy(page_bytes(object->pool, pfn_of(object->pool, page)) + page_offset(offset),
			  (const unsigned char *)bytes + done, piece);
		page_dirty(object->pool, page);
		page_drop(object->pool, page, COUNT_REFERENCE);
	}
	return (ssize_t)done;
}

/* ---- resize ------------------------------------------------------------------------------ */

/* The mms that map the object, each once and with a reference: 0 or -ENOMEM. */
static int mms_of(struct hf_object *object, struct hf_mm ***mms, uint64_t *count)
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

/* Empty the entries of the object's own pages from index on, in one mm. */
static void zap_beyond(struct hf_mm *mm, struct hf_object *object, vpn_t from)
{
	struct hf_pool *pool = object->pool;
	pte_slot *slot;

	plat_lock(&mm->lock);
	for (struct vma *vma = vma_first(mm, 0, ADDRESS_END); vma; vma = vma_next(vma, ADDRESS_END)) {
		vpn_t end = vpn_of(vma->end);

		if (vma->object != object)
			continue;
		for (vpn_t vpn = vpn_of(vma->start); (vpn = tree_next(pool, &mm->tables, vpn, end, &slot)) < end; vpn++) {
			pte_t pte = pte_load(slot);
			struct page *page = page_of(pool, pte_pfn(pte));

			if (pte_has_page(pte) && page_is(page, PAGE_OBJECT) && page->index >= from)
				pte_drop(pool, tree_empty(pool, slot));
		}
	}
	plat_unlock(&mm->lock);
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
	struct page *page = page_offset(bytes) ? cache_peek(object, vpn_of(bytes)) : NULL;

	if (!page)
		return;
	plat_fill(page_bytes(object->pool, pfn_of(object->pool, page)) + page_offset(bytes), 0,
		  PAGE_BYTES - page_offset(bytes));
	page_drop(object->pool, page, COUNT_REFERENCE);
}

/* object->resize held. */
static int shrink(struct hf_object *object, uint64_t bytes)
{
	uint64_t before = hf_object_size(object), count;
	vpn_t from = pages_of(bytes);
	struct hf_mm **mms;
	int error;

	set_size(object, before, bytes);
	error = mms_of(object, &mms, &count);
	for (uint64_t i = 0; i < count; i++) {
		zap_beyond(mms[i], object, from);
		mm_put(mms[i]);
	}
	plat_free(mms);
	if (!error) {
		pool_grace(object->pool);
		error = pinned_beyond(object, from) ? -HF_EBUSY : 0;
	}
	if (error) {
		set_size(object, before, before);
		return error;
	}
	/* ---- point of no return ---- */
	set_size(object, bytes, bytes);
	cache_drop(object, from, tree_reach(TABLE_LEVELS));
	zero_tail(object, bytes);
	return 0;
}

int hf_object_resize(struct hf_object *object, uint64_t bytes, enum hf_resize when_pinned)
{
	int error = 0;

	if (!object || bytes > ADDRESS_END || (when_pinned != HF_RESIZE_BUSY && when_pinned != HF_RESIZE_WAIT))
		return -HF_EINVAL;
	for (unsigned attempt = 0;; attempt++) {
		plat_lock(&object->resize);
		if (bytes < hf_object_size(object))
			error = shrink(object, bytes);
		else
			set_size(object, bytes, bytes);
		plat_unlock(&object->resize);
		if (error != -HF_EBUSY || when_pinned != HF_RESIZE_WAIT)
			return error;
		/* Between the attempts the pages are there, so that their pinners can go on. */
		plat_pause(attempt);
		error = 0;
	}
}

/*
 * object.c - the page cache in memory
 *
 * Pages come into being when they are first faulted in or written; what has no
 * page reads as zeroes.  An object's size is in bytes; the page that holds its
 * last byte is whole.  Making an object smaller is truncate.c: it needs the mms.
 */
#include "object.h"

#include "vma.h"

/* ---- numbers ----------------------------------------------------------------------- */

/* By number, from 1: an object, or the next free number. */
union numbered {
	struct hf_object *object;
	uint32_t next;
};

#define NUMBERS_FIRST 16u	/* as many to begin with, then twice as many each time */

bool objects_begin(struct hf_pool *pool)
{
	pool->numbered = plat_alloc(NUMBERS_FIRST * sizeof(*pool->numbered));
	pool->numbers_room = NUMBERS_FIRST;
	pool->numbers_ever = 1;
	return pool->numbered;
}

void objects_end(struct hf_pool *pool)
{
	plat_free(pool->numbered);
}

struct hf_object *page_object(const struct hf_pool *pool, const struct page *page)
{
	return page_number(page) ? pool->numbered[page_number(page)].object : NULL;
}

/* And into the list of objects; false: there is no room. */
static bool number_take(struct hf_pool *pool, struct hf_object *object)
{
	uint32_t number;

	plat_lock(&pool->lock);
	number = pool->numbers_free;
	if (number)
		pool->numbers_free = pool->numbered[number].next;
	else if (pool->numbers_ever < pool->numbers_room)
		number = pool->numbers_ever++;
	if (number) {
		pool->numbered[number].object = object;
		object->number = number;
		list_add(&pool->objects, &object->in_pool);
	}
	plat_unlock(&pool->lock);
	return number != 0;
}

/* False: no memory, or as many objects as there may be. */
static bool numbers_grow(struct hf_pool *pool)
{
	union numbered *spare;
	uint32_t room;

	plat_lock(&pool->lock);
	room = pool->numbers_room;
	plat_unlock(&pool->lock);
	spare = room < PAGE_NUMBERS ? pool_alloc(pool, 2 * (size_t)room * sizeof(*spare)) : NULL;
	if (!spare)
		return false;
	plat_lock(&pool->lock);
	/* Somebody else may have made room meanwhile. */
	if (pool->numbers_room == room) {
		union numbered *old = pool->numbered;

		for (uint32_t i = 1; i < room; i++)
			spare[i] = old[i];
		pool->numbered = spare;
		pool->numbers_room = 2 * room;
		spare = old;
	}
	plat_unlock(&pool->lock);
	plat_free(spare);
	return true;
}

static void number_give(struct hf_pool *pool, struct hf_object *object)
{
	plat_lock(&pool->lock);
	list_remove(&object->in_pool);
	pool->numbered[object->number].next = pool->numbers_free;
	pool->numbers_free = object->number;
	plat_unlock(&pool->lock);
}

/* ---- objects ---------------------------------------------------------------------------- */

struct hf_object *object_new(struct hf_pool *pool, uint64_t bytes)
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
	/* From here on the pool's statistics count it. */
	while (!number_take(pool, object))
		if (!numbers_grow(pool)) {
			plat_lock_fini(&object->lock);
			plat_lock_fini(&object->resize);
			plat_free(object);
			return NULL;
		}
	return object;
}

int hf_object_create(struct hf_pool *pool, uint64_t bytes, struct hf_object **object)
{
	if (!pool || !object || bytes > OBJECT_END)
		return -HF_EINVAL;
	*object = object_new(pool, bytes);
	return *object ? 0 : -HF_ENOMEM;
}

void object_get(struct hf_object *object)
{
	atomic_fetch_add_explicit(&object->references, 1, memory_order_relaxed);
}

void object_drop_pages(struct hf_object *object, vpn_t from, vpn_t to)
{
	pte_slot *slot;

	plat_lock(&object->lock);
	for (vpn_t index = from; (index = tree_next(object->pool, &object->cache, index, to, &slot)) < to; index++) {
		struct page *page = page_of(object->pool, pte_pfn(tree_empty(object->pool, slot)));

		object->cached--;
		/* Who still holds the page may do so when the number is another object's. */
		atomic_fetch_and_explicit(&page->flags, PAGE_FLAGS, memory_order_relaxed);
		page_drop(object->pool, page, COUNT_REFERENCE);
	}
	tree_prune(object->pool, &object->cache, from, to);
	tree_lower(object->pool, &object->cache);
	plat_unlock(&object->lock);
}

void object_put(struct hf_object *object)
{
	struct hf_pool *pool = object->pool;

	/* Acquire and release: whoever is last sees what all the others did
	   (races/destroy-of-an-object-against-unmap). */
	if (atomic_fetch_sub_explicit(&object->references, 1, memory_order_acq_rel) != 1)
		return;
	object_drop_pages(object, 0, tree_reach(TABLE_LEVELS));
	number_give(pool, object);
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

static struct page *cache_find_locked(struct hf_object *object, vpn_t index)
{
	pte_slot *slot = object->cache.root ? tree_find(object->pool, &object->cache, index) : NULL;
	pte_t pte = slot ? pte_load(slot) : 0;

	return pte ? page_of(object->pool, pte_pfn(pte)) : NULL;
}

static int cache_find_or_add_locked(struct hf_object *object, vpn_t index, struct page **page)
{
	struct hf_pool *pool = object->pool;
	pte_slot *slot;

	*page = cache_find_locked(object, index);
	if (*page)
		return 0;
	slot = tree_build(pool, &object->cache, index);
	*page = slot ? page_alloc(pool, PAGE_OBJECT | object->number << PAGE_FLAGS_BITS, PAGE_ZEROED) : NULL;
	if (!*page) {
		tree_prune(pool, &object->cache, index, index + 1);
		tree_lower(pool, &object->cache);
		return -HF_ENOMEM;
	}
	(*page)->index = (uint32_t)index;
	tree_fill(pool, slot, pte_make(pfn_of(pool, *page), PTE_P));
	object->cached++;
	return 0;
}

int object_page(struct hf_object *object, vpn_t index, bool make, struct page **page)
{
	int error = 0;

	*page = NULL;
	plat_lock(&object->lock);
	if (index >= pages_of(object->limit))
		error = index < pages_of(hf_object_size(object)) ? -HF_EAGAIN : -HF_EFAULT;
	else if (make)
		error = cache_find_or_add_locked(object, index, page);
	else
		*page = cache_find_locked(object, index);
	if (*page)
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
	object->mapped++;
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

struct page *object_peek(struct hf_object *object, vpn_t index)
{
	struct page *page;

	plat_lock(&object->lock);
	page = cache_find_locked(object, index);
	if (page)
		page_get(page);
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
		struct page *page = object_peek(object, vpn_of(offset));
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
		int error = object_page(object, vpn_of(offset), true, &page);

		if (error == -HF_ENOMEM)
			return done ? (ssize_t)done : error;
		if (error) {
			/* A truncate is under way, or over by now: look at the size again. */
			object_wait(object);
			piece = 0;
			continue;
		}
		plat_copy_once(page_bytes(object->pool, pfn_of(object->pool, page)) + page_offset(offset),
			       (const unsigned char *)bytes + done, piece);
		page_dirty(object->pool, page);
		page_drop(object->pool, page, COUNT_REFERENCE);
	}
	return (ssize_t)done;
}

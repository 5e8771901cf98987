/*
 * object.h - what a shared mapping maps: pages by index, in memory
 *
 * object->lock guards the tree, the size and the list of VMAs.  It nests inside an mm's lock, so a truncate, which must
 * go through the tables of every mm that maps the object, never holds it while it
 * takes an mm's lock: it first lowers the limit, from when on no fault makes a new
 * entry beyond it, and then visits the mms one by one.
 *
 * object->resize serialises resizes and is outside every mm's lock.  A fault that
 * meets a truncate under way waits for it there, with no other lock held.
 */
#ifndef HOLDFAST_OBJECT_H
#define HOLDFAST_OBJECT_H

#include "table.h"

struct hf_mm;
struct vma;

struct hf_object {
	struct hf_pool *pool;
	uint32_t number;		/* in the pool: what its pages' descriptors say */
	struct plat_lock resize;
	struct plat_lock lock;
	_Atomic uint64_t size;		/* bytes; written under lock */
	uint64_t limit;			/* (lock) = size; lower while a truncate is under way */
	struct tree cache;		/* (lock) */
	uint64_t cached;		/* (lock) pages in it */
	struct list vmas;		/* (lock) */
	uint64_t mappings;		/* (lock) how many */
	uint64_t mapped;		/* (lock) how often one was added: truncate.c */
	_Atomic uint64_t references;	/* the handle, each VMA, whoever waits */
	struct list in_pool;		/* (pool->lock) */
};

struct hf_object *object_new(struct hf_pool *pool, uint64_t bytes);
void object_get(struct hf_object *object);
void object_put(struct hf_object *object);

/*
 * The page at an index, with one more reference for the caller; if it is not
 * there it is made, or *page is NULL.  0, -EFAULT (past the end), -ENOMEM, -EAGAIN (a truncate is under
 * way there: object_wait() without any lock, and look again).
 */
int object_page(struct hf_object *object, vpn_t index, bool make, struct page **page);
void object_wait(struct hf_object *object);

/* The page at an index if it is there, with a reference; NULL: it reads as zeroes. */
struct page *object_peek(struct hf_object *object, vpn_t index);

/* Take the pages [from, to) out of the cache, and drop the cache's references. */
void object_drop_pages(struct hf_object *object, vpn_t from, vpn_t to);

/*
 * A page's descriptor has no room for a pointer, so objects are numbered.  A page has its
 * object's number as long as it is in the cache, and no longer: so a number is free for
 * another object when this one is gone, whoever still holds its pages.
 */
struct hf_object *page_object(const struct hf_pool *pool, const struct page *page);

/* The pool's numbers come and go; false: no memory. */
bool objects_begin(struct hf_pool *pool);
void objects_end(struct hf_pool *pool);

/* A VMA maps the object from now on, or no longer (vma.c). */
void object_add_vma(struct hf_object *object, struct vma *vma);
void object_remove_vma(struct hf_object *object, struct vma *vma);

#endif

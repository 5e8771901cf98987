/*
 * vma.h - mappings: ordered intervals of an address space
 *
 * A red-black tree by start address.  VMAs never overlap; two that touch and
 * could be one are merged, so that what a program maps, and not how it came to,
 * decides how many there are.  All of it under the mm's lock.
 *
 * Range operations cut first (vma_cut at both ends, from VMAs allocated before),
 * then treat whole VMAs, then merge: a cut changes nothing that can be seen, so
 * it may stay when the operation fails afterwards.
 */
#ifndef HOLDFAST_VMA_H
#define HOLDFAST_VMA_H

#include <bsd/sys/tree.h>

#include "object.h"

enum vma_flags {
	VMA_SHARED = 1,
	VMA_SEALED = 2,
	VMA_DONTFORK = 4,
	VMA_WIPEONFORK = 8,
	VMA_HUGE = 16,	/* private anonymous only: huge pages where they fit */
};

struct vma {
	RB_ENTRY(vma) node;
	struct hf_mm *mm;
	uint64_t start, end;		/* bytes; page-aligned */
	unsigned prot;			/* HF_PROT_READ, HF_PROT_WRITE */
	unsigned flags;
	struct hf_object *object;	/* holds a reference; NULL: private anonymous */
	uint64_t offset;		/* in pages: what start maps */
	struct list in_object;		/* (object->lock) */
};

RB_HEAD(vma_tree, vma);

struct vma *vma_find(struct hf_mm *mm, uint64_t address);	/* that holds address, or NULL */
struct vma *vma_first(struct hf_mm *mm, uint64_t start, uint64_t end); /* the first that touches the range */
struct vma *vma_next(struct vma *vma, uint64_t end);		/* the next that touches, or NULL */

/* The range with what is free around it: to the next mappings on both sides, in pages. */
struct room vma_room(struct hf_mm *mm, uint64_t start, uint64_t end);

/* Is all of the range mapped? */
bool vma_covers(struct hf_mm *mm, uint64_t start, uint64_t end);

/* A free range of that length at or after wish, else anywhere; 0 when there is none.
   With VMA_HUGE among the flags its start is one of a huge page, if it is that long. */
uint64_t vma_gap(struct hf_mm *mm, uint64_t wish, uint64_t length, unsigned flags);

void vma_insert(struct hf_mm *mm, struct vma *vma);
void vma_remove(struct vma *vma);			/* and free it */

/* Make address a border.  *spare becomes the upper half, and NULL, if it was not one. */
void vma_cut(struct hf_mm *mm, uint64_t address, struct vma **spare);

/* Merge what can be one in and around [start, end). */
void vma_merge(struct hf_mm *mm, uint64_t start, uint64_t end);

/* An unused VMA; vma_discard(NULL) is fine. */
struct vma *vma_alloc(struct hf_pool *pool);
void vma_discard(struct vma *vma);
/* A copy with its own reference to the object, not yet inserted. */
void vma_copy(struct vma *to, const struct vma *from);

static inline bool vma_is_private(const struct vma *vma)
{
	return !(vma->flags & VMA_SHARED);
}

static inline vpn_t vma_index(const struct vma *vma, uint64_t address)
{
	return vma->offset + vpn_of(address - vma->start);
}

#endif

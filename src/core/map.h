/*
 * map.h - what map, remap and advise share: cutting VMAs at the ends of a range
 */
#ifndef HOLDFAST_MAP_H
#define HOLDFAST_MAP_H

#include "mm.h"

/* How the calls on a range begin: round its length to pages, and lock.  0, -EINVAL, -ESRCH. */
int range_lock(struct hf_mm *mm, uint64_t address, uint64_t *length);

/* The two VMAs that cutting at both ends of a range can need; -ENOMEM. */
int cut_prepare(struct hf_pool *pool, struct vma *spares[2]);
/* The same, and no huge entry left through which such a cut goes: for who cuts, and changes no entry. */
int cut_prepare_alone(struct hf_mm *mm, uint64_t start, uint64_t end, struct vma *spares[2]);
void cut_ends(struct hf_mm *mm, uint64_t start, uint64_t end, struct vma *spares[2]);
void cut_done(struct vma *spares[2]);	/* give back what was not needed */

/* The VMAs, and what unmap_range() needs: the tables at the range's ends, the mm's own. */
int unmap_prepare(struct hf_mm *mm, uint64_t start, uint64_t end, struct vma *spares[2]);

/* Unmap [start, end), which is prepared, cutting what sticks out. */
void unmap_range(struct hf_mm *mm, uint64_t start, uint64_t end, struct vma *spares[2], enum clear clear);

#endif

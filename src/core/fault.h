/*
 * fault.h - making an entry fit for what somebody wants to do through it
 */
#ifndef HOLDFAST_FAULT_H
#define HOLDFAST_FAULT_H

#include "mm.h"

struct fault {
	struct hf_mm *mm;
	struct vma *vma;
	uint64_t address;	/* of the page */
	pte_slot *slot;
	unsigned level;		/* of the table in which it stands: 1 for a huge entry, else 0 */
	struct hf_object *wait;	/* with -EAGAIN: the object whose truncate to wait for */
	struct page *page;	/* looked: the object's page for it, with a reference, or NULL */
	bool looked;
	struct page_stock stock; /* for what it makes */
};

/*
 * Bring in what a load (or a store) through address needs.  Takes the mm's lock:
 * on 0 it is held, and fault->slot is the entry, huge perhaps, present (and writable).
 * Otherwise -EFAULT, -EACCES, -ENODATA, -ENOMEM, -ESRCH, and it is not held.
 */
int fault_access(struct hf_mm *mm, uint64_t address, bool write, struct fault *fault);

/* The same for a pin or a GET: until the entry qualifies, by the mm's design. */
int fault_pin(struct hf_mm *mm, uint64_t address, unsigned how, struct fault *fault);

/* The page that the entry shows; of a huge one the whole. */
static inline struct page *fault_page(const struct fault *fault)
{
	return pte_page(fault->mm->pool, pte_load(fault->slot));
}

#endif

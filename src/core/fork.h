/*
 * fork.h - a fork under way: what it looks for, and what it makes of it
 */
#ifndef HOLDFAST_FORK_H
#define HOLDFAST_FORK_H

#include "handshake.h"

struct forking {
	struct hf_mm *parent, *child;
	enum hf_fork_pins pins;
	struct hf_fork_report *report;
	struct list vmas;		/* for the child, linked through in_object */
	struct page_stock tables, copies;
	const struct vma *vma;		/* where forks_at() looked last */
	uint64_t new_tables;		/* that the child needs, beside its root */
	uint64_t pinned;		/* pages to copy, or to leave out */
	uint64_t own;			/* for the report: the parent's own pages that the child would have */
	bool special;			/* there are mappings whose pages the child is not to have */
	bool closed;			/* the handshake is: HAS_PINNED may be cleared */
	bool unmark;			/* survey() takes its marks off again */
};

/* Look for pins under the parent's tables: forking->pinned, and the report's list of them. */
void survey_pins(struct forking *forking);

/* The parent's own pages that the child will have, as they are or otherwise.  For reports: it looks at every entry. */
uint64_t survey_own_pages(const struct forking *forking);

/*
 * Does a pin on the page that an entry shows matter to this fork?  Whether the child gets a
 * copy is the design's answer.  To refuse, or to leave a hole, is the caller's choice with
 * every design, also with those that would share a pinned page.
 */
static inline bool survey_pin_matters(const struct forking *forking, pte_t pte)
{
	struct hf_pool *pool = forking->parent->pool;
	struct view view = { pte, page_of(pool, pte_pfn(pte)), true };

	return forking->pins == HF_FORK_COPY ? DESIGN_COPIES(forking->parent, view) : pte_pinned(pool, pte);
}

/* Does the child get the private pages of the mapping at this address?  Those who ask go through them in order. */
bool survey_forks_at(struct forking *forking, vpn_t vpn);

/* A private page that no page cache has: of this mm, and perhaps of others that a fork made. */
static inline bool is_own(const struct hf_pool *pool, pte_t pte)
{
	return pte_has_page(pte) && !pte_is_zero_page(pte) && page_is(page_of(pool, pte_pfn(pte)), PAGE_ANONYMOUS);
}

static inline bool is_special(const struct vma *vma)
{
	return vma->flags & (VMA_DONTFORK | VMA_WIPEONFORK);
}

#endif

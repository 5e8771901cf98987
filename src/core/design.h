/*
 * design.h - the four questions whose answers are a design
 *
 *	fast     may the fast path take this page?        fast path
 *	own      must it first be made this mm's own?     slow path
 *	copies   does the child get its own copy now?     fork
 *	keep     may a write fault keep the page?         COW fault
 *
 * and, since discard showed to be one more (docs/decisions.md):
 *
 *	discard_keeps   does a discard leave pinned pages in place?
 *
 * and a handshake: what keeps a fast pin and a fork from missing each other.
 *
 * Two of them must never be mixed up (it took Linux until 2021 to separate them):
 * keep asks "am I the sole owner?", copies asks "did I already make this page
 * exclusive by pinning it?".
 *
 * The library as people link it has Holdfast's answers built in, here.  In the
 * laboratory build (HF_LAB) each mm carries a table of answers: src/lab/designs.c.
 */
#ifndef HOLDFAST_DESIGN_H
#define HOLDFAST_DESIGN_H

#include "table.h"

struct hf_mm;
struct vma;

/* What the slow path makes of a page for a read pin. */
enum own {
	OWN_NOT,	/* take what a read fault gives */
	OWN_UNSHARE,	/* a private page, clean; PINNABLE */
	OWN_LIKE_WRITE,	/* as for a write, and clean: writable where the mapping is */
	OWN_BREAK,	/* broken like a write, dirty, even in a read-only mapping */
};

/* The entry with permissions composed along the walk, and its page. */
struct view {
	pte_t pte;
	const struct page *page;
	bool is_private;	/* the mapping's kind: the fast path does not know it and must not ask */
};

/* The marks that a fast pin asks for. */
static inline pte_t holdfast_need(unsigned how)
{
	return PTE_P | PTE_PINNABLE | (how & HF_PIN_WRITE ? PTE_W : 0);
}

static inline bool holdfast_fast(struct view view, unsigned how)
{
	pte_t need = holdfast_need(how);

	if (how & HF_PIN_GET)
		return view.pte & PTE_P;
	return (view.pte & need) == need;
}

static inline enum own holdfast_own(struct view view, unsigned how)
{
	return (how & HF_PIN_GET) || holdfast_fast(view, HF_PIN_READ) ? OWN_NOT : OWN_UNSHARE;
}

static inline bool holdfast_copies(const struct hf_pool *pool, struct view view)
{
	return (view.pte & PTE_PINNABLE) && pte_pinned(pool, view.pte);
}

static inline bool holdfast_keep(const struct hf_pool *pool, struct view view)
{
	return (view.pte & PTE_PINNABLE) || pte_is_alone(pool, view.pte);
}

#ifdef HF_LAB
/* How a fast pin and a fork see to it that they do not miss each other. */
enum handshake {
	HANDSHAKE_NONE,		/* they don't */
	HANDSHAKE_SEQUENCE,	/* a sequence and full fences: src/lab/handshakes.c */
	HANDSHAKE_GRACE,	/* a flag and a grace period: handshake.h */
};

/* Where a fork looks for pins. */
enum look {
	LOOK_NOWHERE,		/* it is blind to them */
	LOOK_STICKY,		/* everywhere, from the first pin of the mm on: one bit, never cleared */
	LOOK_TABLES,		/* where the tables' has_pinned says so */
};

struct design {
	const char *name;
	bool (*fast)(struct view view, unsigned how);
	enum own (*own)(const struct vma *vma, struct view view, unsigned how);
	bool (*copies)(const struct hf_mm *mm, struct view view);
	bool (*keep)(const struct hf_mm *mm, struct view view);
	bool discard_keeps;
	bool unshare_may_write;	/* an unshared page's entry is writable where the mapping is */
	enum look look;		/* which tables a fork must search for pins */
	enum handshake handshake;
};

extern const struct design design_holdfast;
const struct design *design_of(const struct hf_mm *mm);
bool design_looks_for_pins(const struct hf_mm *mm);

#define DESIGN_FAST(mm, view, how) design_of(mm)->fast(view, how)
#define DESIGN_OWN(mm, vma, view, how) design_of(mm)->own(vma, view, how)
#define DESIGN_COPIES(mm, view) design_of(mm)->copies(mm, view)
#define DESIGN_KEEP(mm, view) design_of(mm)->keep(mm, view)
#define DESIGN_DISCARD_KEEPS(mm) (design_of(mm)->discard_keeps)
#define DESIGN_UNSHARE_MAY_WRITE(mm) (design_of(mm)->unshare_may_write)
#define DESIGN_LOOKS_AT_TABLES(mm) (design_of(mm)->look == LOOK_TABLES)
#define DESIGN_LOOKS_FOR_PINS(mm) design_looks_for_pins(mm)
#define DESIGN_IS_HOLDFAST(mm) (design_of(mm) == &design_holdfast)
#define DESIGN_HAS_GRACE(mm) (design_of(mm)->handshake == HANDSHAKE_GRACE)
#define DESIGN_SHARES_TABLES(mm) DESIGN_IS_HOLDFAST(mm)
#define DESIGN_MAPS_HUGE(mm) DESIGN_IS_HOLDFAST(mm)
#else
#define DESIGN_FAST(mm, view, how) holdfast_fast(view, how)
#define DESIGN_OWN(mm, vma, view, how) holdfast_own(view, how)
#define DESIGN_COPIES(mm, view) holdfast_copies((mm)->pool, view)
#define DESIGN_KEEP(mm, view) holdfast_keep((mm)->pool, view)
#define DESIGN_DISCARD_KEEPS(mm) true
#define DESIGN_UNSHARE_MAY_WRITE(mm) true
#define DESIGN_LOOKS_AT_TABLES(mm) true
#define DESIGN_LOOKS_FOR_PINS(mm) true
#define DESIGN_IS_HOLDFAST(mm) true
#define DESIGN_HAS_GRACE(mm) true
#define DESIGN_SHARES_TABLES(mm) true
#define DESIGN_MAPS_HUGE(mm) true
#endif

#endif

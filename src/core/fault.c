/*
 * fault.c - one fault: which page shall stand at an address, and may it be written
 *
 *	mapping    entry               load           store or write pin   read pin
 *	-------    -----               ----           ------------------   --------
 *	private    nothing, anonymous  zero page      new page             new page
 *	           nothing, object     object's page  copy of it           copy of it (1)
 *	           zero page           -              new page             new page
 *	           object's page       -              copy                 copy (1)
 *	           own page, shared    -              keep if alone (2),   keep if alone (2),
 *	             by a fork                        else copy            else copy
 *	           own page, PINNABLE  -              keep                 -
 *	           huge page, shared   -              keep if alone, else   (the same)
 *	             by a fork                        part, then as a page
 *	shared     nothing             object's page  object's page        object's page
 *	           object's page       -              make it writable     -
 *
 *	(1) sealed: the object's page itself
 *	(2) "alone" is the COW fault's question, and the design's to answer
 *
 * Where the mapping wants huge pages (HF_ADVISE_HUGE), "nothing" is a whole block, and the
 * pool has one, any of these brings a huge page: a load, too, for zero pages would be in its
 * way from then on.
 *
 * A store's page is dirty from the fault on; a read pin's never becomes dirty by
 * it (an unshare).  The table is Holdfast's; other designs make other choices in
 * the last column (design.h).
 *
 * Where the way to the entry is not the mm's own, or not all there, its tables come first:
 * but nothing is made or copied before it is known that the fault can succeed, and there
 * are pages for all of it.  A load of what is there needs none.
 *
 * All of it under the mm's lock.  A page is filled before its entry is published,
 * and what the entry showed before is dropped after: see load_piece() (access.c)
 * for why a reader may still hold on to it.
 */
#include "fault.h"

/* Every last-level entry: data is not for executing. */
#define PTE_DATA (PTE_U | PTE_NX | PTE_A)

static bool may_write(const struct vma *vma)
{
	return vma->prot & HF_PROT_WRITE;
}

/* The object's page for this address, with a reference; where it has none, NULL or a new one. */
static int object_page_of(struct fault *fault, struct page **page, bool make)
{
	struct hf_object *object = fault->vma->object;
	int error;

	if (fault->looked && (fault->page || !make)) {
		*page = fault->page;
		fault->page = NULL;
		fault->looked = false;
		return 0;
	}
	error = object_page(object, vma_index(fault->vma, fault->address), make, page);
	if (error == -HF_EAGAIN) {
		object_get(object);
		fault->wait = object;
	}
	return error;
}

/* ---- load ------------------------------------------------------------------------- */

static int read_fault(struct fault *fault)
{
	struct hf_pool *pool = fault->mm->pool;
	struct vma *vma = fault->vma;
	pte_t bits = PTE_P | PTE_DATA;
	struct page *page;
	int error;

	if (pte_has_page(pte_load(fault->slot)))
		return 0;
	stat_add(pool, STAT_fault_read, 1);
	if (!vma->object) {
		stat_add(pool, STAT_zero_page, 1);
		tree_fill(pool, fault->slot, pte_make(0, bits));
		return 0;
	}
	error = object_page_of(fault, &page, true);
	if (error)
		return error;
	/* The page cache holds the association, and no later write can replace it. */
	if (vma->flags & (VMA_SHARED | VMA_SEALED))
		bits |= PTE_PINNABLE;
	page_entry_added(page);
	tree_fill(pool, fault->slot, pte_make(pfn_of(pool, page), bits));
	return 0;
}

/* ---- a page of one's own ------------------------------------------------------------ */

/*
 * What a new private page begins as: a copy of *source, which comes with a
 * reference of its own if it was not mapped; or zeroes, if *source is NULL.
 */
static int private_source(struct fault *fault, struct page **source, bool *borrowed)
{
	pte_t pte = pte_load(fault->slot);
	int error;

	*source = NULL;
	*borrowed = false;
	if (pte_has_page(pte)) {
		if (!pte_is_zero_page(pte))
			*source = page_of(fault->mm->pool, pte_pfn(pte));
		return 0;
	}
	if (!fault->vma->object)
		return 0;
	/* Where the object has no page either, zeroes are what there is to copy. */
	error = object_page_of(fault, source, false);
	*borrowed = *source != NULL;
	return error;
}

/* From what was put aside with the pages for the tables, if it was. */
static struct page *private_page(struct fault *fault, enum page_fill fill)
{
	struct hf_pool *pool = fault->mm->pool;

	return fault->stock.count ? stock_take(pool, &fault->stock, PAGE_ANONYMOUS, fill) :
				    page_alloc(pool, PAGE_ANONYMOUS, fill);
}

static int replace_by_copy(struct fault *fault, pte_t bits)
{
	struct hf_pool *pool = fault->mm->pool;
	struct page *source, *page;
	bool borrowed;
	pte_t before;
	int error = private_source(fault, &source, &borrowed);

	if (error)
		return error;
	page = private_page(fault, source ? PAGE_ANY : PAGE_ZEROED);
	if (!page) {
		if (borrowed)
			page_drop(pool, source, COUNT_REFERENCE);
		return -HF_ENOMEM;
	}
	/* ---- point of no return ---- */
	if (source) {
		plat_copy(page_bytes(pool, pfn_of(pool, page)), page_bytes(pool, pfn_of(pool, source)), PAGE_BYTES);
		stat_add(pool, STAT_copies, 1);
	}
	before = pte_load(fault->slot);
	page_entry_added(page);
	tree_fill(pool, fault->slot, pte_make(pfn_of(pool, page), PTE_P | PTE_DATA | PTE_PINNABLE | bits));
	pte_drop(pool, before);
	if (borrowed)
		page_drop(pool, source, COUNT_REFERENCE);
	return 0;
}

static struct view view_of(const struct fault *fault)
{
	return (struct view){ pte_load(fault->slot), fault_page(fault), vma_is_private(fault->vma) };
}

/* A table in place of the huge entry, and a page in hand for what is to stand in it: 0 or -ENOMEM. */
static int part_huge(struct fault *fault)
{
	struct hf_pool *pool = fault->mm->pool;
	int error = fault->stock.count ? 0 : stock_fill(pool, &fault->stock, 2);

	if (error)
		return error;
	/* ---- point of no return ---- */
	huge_split(pool, fault->slot, &fault->stock);
	fault->slot = &table_of(pool, pte_pfn(pte_load(fault->slot)))[table_index(vpn_of(fault->address), 0)];
	fault->level = 0;
	return 0;
}

/* Is the page, or huge page, that stands there this mm's own already, or is nobody else's any more? */
static bool may_keep(const struct fault *fault)
{
	struct view view = view_of(fault);

	return pte_has_page(view.pte) && page_is(view.page, PAGE_ANONYMOUS) && DESIGN_KEEP(fault->mm, view);
}

/* Make the page at a private address this mm's own; bits: W, D, as wanted. */
static int make_own(struct fault *fault, pte_t bits)
{
	bool keeps = may_keep(fault);
	int error = 0;

	if (!keeps && fault->level) {
		error = part_huge(fault);
		/* Of a huge page that others have, too, they may have copied just this one. */
		keeps = !error && may_keep(fault);
	}
	if (keeps) {
		pte_set(fault->slot, PTE_PINNABLE | bits);
		stat_add(fault->mm->pool, STAT_reuses, 1);
	} else if (!error) {
		error = replace_by_copy(fault, bits);
	}
	if (!error && (bits & PTE_D))
		page_dirty(fault->mm->pool, fault_page(fault));
	return error;
}

/* ---- store ------------------------------------------------------------------------------ */

static int write_fault(struct fault *fault)
{
	int error;

	if (pte_load(fault->slot) & PTE_W)
		return 0;
	stat_add(fault->mm->pool, STAT_fault_write, 1);
	if (vma_is_private(fault->vma))
		return make_own(fault, PTE_W | PTE_D);
	error = read_fault(fault);
	if (error)
		return error;
	pte_set(fault->slot, PTE_W | PTE_D);
	page_dirty(fault->mm->pool, fault_page(fault));
	return 0;
}

/* ---- pin -------------------------------------------------------------------------------- */

/* The slow path's question for a read pin or a GET, answered by the design. */
static int own_fault(struct fault *fault, unsigned how)
{
	struct hf_mm *mm = fault->mm;
	pte_t writable = may_write(fault->vma) ? PTE_W : 0;

	int error;

	switch (DESIGN_OWN(mm, fault->vma, view_of(fault), how)) {
	case OWN_UNSHARE:
		error = make_own(fault, DESIGN_UNSHARE_MAY_WRITE(mm) ? writable : 0);
		break;
	case OWN_LIKE_WRITE:
		error = make_own(fault, writable);
		break;
	case OWN_BREAK:
		return make_own(fault, writable | PTE_D);
	default:
		return 0;
	}
	if (!error)
		stat_add(mm->pool, STAT_unshares, 1);
	return error;
}

static bool shows_object(const struct vma *vma)
{
	return (vma->flags & VMA_SHARED) || (vma->object && (vma->flags & VMA_SEALED));
}

static int qualify(struct fault *fault, unsigned how)
{
	int error;

	if (how & HF_PIN_WRITE)
		return write_fault(fault);
	if ((how & HF_PIN_GET) && DESIGN_FAST(fault->mm, view_of(fault), how))
		return 0;
	/* Absent, and the design makes the page its own: no need to map another first. */
	if (!shows_object(fault->vma) || pte_has_page(pte_load(fault->slot))) {
		error = own_fault(fault, how);
		if (error || pte_has_page(pte_load(fault->slot)))
			return error;
	}
	error = read_fault(fault);
	return error ? error : own_fault(fault, how);
}

/* ---- tables --------------------------------------------------------------------------------- */

/*
 * Will the fault want a page of the mm's own, where its way has to be built first?  There is
 * no page here then, or one that two tables show when the mm has its own.
 */
static bool wants_own_page(const struct fault *fault, bool write, unsigned how, pte_t pte)
{
	struct view view = { pte, page_of(fault->mm->pool, pte_pfn(pte)), true };

	if (!vma_is_private(fault->vma))
		return false;
	if (write || !how)
		return write;
	if (!pte_has_page(view.pte) && shows_object(fault->vma))
		view.pte = PTE_P | PTE_PINNABLE;
	else if (page_is(view.page, PAGE_ANONYMOUS))
		view.pte &= ~PTE_ALONE;
	return DESIGN_OWN(fault->mm, fault->vma, view, how) != OWN_NOT;
}

/* The object's page, so that what it says comes before anything is made; make: it is made, too. */
static int look_at_object(struct fault *fault, pte_t pte, bool make)
{
	int error;

	if (!fault->vma->object || pte_has_page(pte) || fault->page)
		return 0;
	fault->looked = false;
	error = object_page_of(fault, &fault->page, make);
	fault->looked = !error;
	return error;
}

/* The way as far as the entry that the fault has found. */
static void build_to_entry(struct build *build, const struct fault *fault)
{
	if (fault->level)
		build_upper(build, vpn_of(fault->address));
	else
		build_way(build, vpn_of(fault->address));
}

/*
 * The tables on the way to the entry, and all else that the fault may want for: a page, and where
 * that is a part of a huge page of which others have the rest, a table.
 */
static int own_way(struct fault *fault, bool write, unsigned how, pte_t pte, unsigned tables)
{
	struct hf_mm *mm = fault->mm;
	struct build build = build_of(mm->pool, &mm->tables);
	unsigned own = wants_own_page(fault, write, how, pte) ? 1 + fault->level : 0;
	int error = look_at_object(fault, pte, false);

	if (error)
		return error;
	build.pages = tables + own;
	while (build_fill(&build)) {
		build_to_entry(&build, fault);
		if (build.pages)
			build.pages += own;
	}
	fault->stock = build.stock;
	error = build.error;
	if (!error && !own)
		error = look_at_object(fault, pte, true);
	if (error)
		return error;
	/* ---- point of no return ---- */
	build_to_entry(&build, fault);
	fault->slot = tree_find(mm->pool, &mm->tables, vpn_of(fault->address));
	fault->stock = build.stock;
	return 0;
}

/* Could a huge page stand here, as far as the mapping goes? */
static bool wants_huge(const struct fault *fault)
{
	const struct vma *vma = fault->vma;
	uint64_t block = fault->address & ~(uint64_t)(TABLE_BYTES - 1);

	return (vma->flags & VMA_HUGE) && block >= vma->start && vma->end - block >= TABLE_BYTES &&
	       DESIGN_MAPS_HUGE(fault->mm);
}

/* A huge page where there is no table yet.  False: there is no block, or no page for a table above it. */
static bool bring_huge(struct fault *fault, bool write)
{
	struct hf_mm *mm = fault->mm;
	struct build build = build_of(mm->pool, &mm->tables);
	struct page *whole = block_alloc(mm->pool, PAGE_ANONYMOUS, PAGE_ZEROED);
	pte_t bits = PTE_P | PTE_DATA | PTE_PS | PTE_PINNABLE;

	if (!whole)
		return false;
	do
		build_upper(&build, vpn_of(fault->address));
	while (build_goes_on(&build));
	if (build.error) {
		page_drop(mm->pool, whole, COUNT_REFERENCE);
		return false;
	}
	/* ---- point of no return ---- */
	if (may_write(fault->vma))
		bits |= PTE_W;
	if (write) {
		bits |= PTE_D;
		page_dirty(mm->pool, whole);
	}
	fault->slot = tree_build_upper(mm->pool, &mm->tables, vpn_of(fault->address));
	fault->level = 1;
	page_entry_added(whole);
	tree_fill(mm->pool, fault->slot, pte_make(block_pfn(mm->pool, whole), bits));
	stat_add(mm->pool, STAT_huge_faults, 1);
	return true;
}

/* Find the mapping and the entry, and make its way the mm's own if the fault may change it. */
static int fault_begin(struct fault *fault, bool write, unsigned how)
{
	struct hf_mm *mm = fault->mm;
	struct vma *vma = vma_find(mm, fault->address);
	unsigned tables;
	pte_t pte;

	fault->vma = vma;
	if (!vma)
		return -HF_EFAULT;
	if (!(vma->prot & HF_PROT_READ) || (write && !may_write(vma)))
		return -HF_EACCES;
	fault->slot = tree_look(mm->pool, &mm->tables, vpn_of(fault->address), &tables);
	pte = pte_load(fault->slot);
	if (pte & PTE_HOLE)
		return -HF_ENODATA;
	fault->level = (pte & PTE_PS) != 0;
	if (unlikely(tables && wants_huge(fault)) && !table_frame(mm->pool, fault->slot) && bring_huge(fault, write))
		return 0;
	if (!tables || (!write && !how && pte_has_page(pte)))
		return 0;
	return own_way(fault, write, how, pte, tables);
}

/* ---- entry points -------------------------------------------------------------------------- */

enum step { STEP_DONE, STEP_AGAIN, STEP_FAILED };

/* After one attempt: tidy up, and wait for a truncate where one is in the way. */
static enum step settle(struct fault *fault, int error)
{
	struct hf_mm *mm = fault->mm;
	vpn_t vpn = vpn_of(fault->address);

	stock_empty(mm->pool, &fault->stock);
	if (fault->page)
		page_drop(mm->pool, fault->page, COUNT_REFERENCE);
	fault->page = NULL;
	fault->looked = false;
	if (!error)
		return STEP_DONE;
	tree_prune(mm->pool, &mm->tables, vpn, vpn + 1);
	mm_unlock(mm);
	if (!fault->wait)
		return STEP_FAILED;
	object_wait(fault->wait);
	object_put(fault->wait);
	fault->wait = NULL;
	return STEP_AGAIN;
}

static int fault_with(struct hf_mm *mm, uint64_t address, bool write, unsigned how, struct fault *fault)
{
	enum step step;
	int error;

	*fault = (struct fault){ .mm = mm, .address = page_floor(address), .stock = STOCK_EMPTY };
	do {
		error = mm_lock(mm);
		if (error)
			return error;
		error = fault_begin(fault, write, how);
		if (!error)
			error = how ? qualify(fault, how) : write ? write_fault(fault) : read_fault(fault);
		step = settle(fault, error);
	} while (step == STEP_AGAIN);
	return error;
}

int fault_access(struct hf_mm *mm, uint64_t address, bool write, struct fault *fault)
{
	return fault_with(mm, address, write, 0, fault);
}

int fault_pin(struct hf_mm *mm, uint64_t address, unsigned how, struct fault *fault)
{
	return fault_with(mm, address, how & HF_PIN_WRITE, how, fault);
}

/*
 * model.h - inside of the reference model
 *
 * The model says what Holdfast's memory must look like.  It shares nothing and
 * copies always: no page table, no COW, no fast path, no tree.  An address
 * space is a plain array of mapped pages; a fork copies every private page at
 * once; a pin points to the very page it was taken on.  Everything is a linear
 * search, for it has to be right by reading, not fast.
 *
 * Errors inside are positive errno values, 0 is success.
 */
#ifndef HOLDFAST_MODEL_H
#define HOLDFAST_MODEL_H

#include "judge.h"

#define MODEL_MAX_PAGES 4096u	/* most pages of one mapping or object: more and the model can't */

/* One page of memory.  Whoever holds it (object, mapped page, pin) counts as a user. */
struct model_page {
	int users;
	int pins;		/* pins, GETs not counted */
	int gets;
	struct model_past *past; /* while GETs live: what the page held before each change */
	unsigned char bytes[SCENARIO_PAGE];
};

/* What a mapping maps.  Every page is there from the beginning. */
struct model_object {
	bool nameless;		/* shared anonymous memory: grows with its mappings */
	uint64_t size, pages;	/* in bytes; rounded up */
	struct model_page **page;
	struct model_object *next; /* all of the model's, those without a name too */
};

/* One mapped page of an address space. */
struct model_slot {
	uint64_t at;		/* page address: the model's own numbers */
	struct model_object *object; /* NULL: private anonymous */
	uint64_t index;		/* page of the object */
	unsigned prot;		/* PROT_R, PROT_W */
	bool shared, sealed, dontfork, wipeonfork, huge;
	bool hole;		/* a fork left it out */
	/*
	 * The page that is this address space's own: always there for private
	 * anonymous memory, a copy where a private mapping of an object has one.
	 * NULL: the slot shows the object's page, or is a hole.
	 */
	struct model_page *own;
};

/* Where a name is: it keeps its place when it is unmapped, and a fork hands it on. */
struct model_name {
	bool known;
	uint64_t at, pages;
};

struct model_space {
	bool exited;
	struct model_slot *slots;
	size_t count, room;
	size_t last;		/* slot that was asked for */
	struct model_name names[SCENARIO_NAMES];
};

struct model_pin {
	bool live;
	unsigned flags;		/* PIN_... */
	uint64_t skip, length;	/* bytes before it in its first page; bytes */
	uint64_t pages;
	struct model_page **page; /* NULL where unpinned in part */
};

struct judge {
	const struct judge_ops *ops;
	struct model_space spaces[SCENARIO_NAMES];
	struct model_object *objects[SCENARIO_NAMES]; /* by name */
	struct model_object *all;
	struct model_pin pins[SCENARIO_NAMES];
	uint64_t next_place;	/* no two mappings ever stand near each other */
};

/* Pages that so many bytes take. */
static inline uint64_t model_pages(uint64_t bytes)
{
	return bytes / SCENARIO_PAGE + (bytes % SCENARIO_PAGE != 0);
}

/* model_page.c */
void *model_alloc(size_t count, size_t size);	/* zeroed; ends the program, with a message, when there is none */
struct model_page *model_page_new(const struct model_page *copy_of);	/* NULL: zeroes */
void model_page_put(struct model_page *);
void model_page_write(struct model_page *, uint64_t offset, const void *bytes, uint64_t length);
void model_page_pin(struct model_page *, unsigned flags);
void model_page_unpin(struct model_page *, unsigned flags);
bool model_page_ever_held(const struct model_page *, uint64_t offset, const unsigned char *bytes, uint64_t length);
struct model_object *model_object_new(struct judge *, uint64_t size);
int model_object_resize(struct model_object *, uint64_t size);
void model_objects_free(struct judge *);

/* model_space.c: ranges are in pages */
struct model_slot *model_slot(struct model_space *, uint64_t at);
int model_map(struct judge *, struct model_space *, const struct step *);
int model_unmap(struct model_space *, uint64_t at, uint64_t pages);
int model_protect(struct model_space *, uint64_t at, uint64_t pages, unsigned prot);
int model_advise(struct model_space *, uint64_t at, uint64_t pages, enum advice);
int model_collapse(struct model_space *, uint64_t at, uint64_t pages);
int model_remap(struct judge *, struct model_space *, const struct step *);
int model_fork(const struct model_space *parent, struct model_space *child, enum fork_pins);

/* model_access.c: addresses are in bytes */
int model_load(struct model_space *, uint64_t address, unsigned char *bytes, uint64_t length);
int model_store(struct model_space *, uint64_t address, const unsigned char *bytes, uint64_t length);
int model_atomic(struct model_space *, uint64_t address, const struct step *, uint64_t *old);
int model_pin(struct model_space *, struct model_pin *, uint64_t address, uint64_t length, unsigned flags);
int model_unpin(struct model_pin *, uint64_t offset, uint64_t length);
int model_device(struct model_pin *, uint64_t offset, uint64_t length, unsigned char *read,
		 const unsigned char *write);

/*
 * What a GET shows hangs on the design; what it must never show does not: bytes
 * that its page did not hold at some time since the GET.  The step is an
 * OP_EXPECT_DEVICE, the bytes what another judge answered to it.
 */
bool model_get_may_show(struct judge *, const struct step *, const unsigned char *bytes);

#endif

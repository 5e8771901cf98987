/*
 * fastpath.c - measuring where the fast path works
 *
 * Each state is made by the calls that a program would make; nothing looks into
 * the library.  A pin that fails is "refused", whatever the error: a read-only
 * mapping refuses write pins, and that belongs in the table.  Everything else
 * that fails is trouble, and ends the measurement.
 */
#include "fastpath.h"

#include "cli.h"
#include "holdfast.h"
#include "lab.h"

#include <string.h>

/* How a state is made, in this order.  FORK without CHILD_EXITS leaves the child alive. */
enum {
	OBJECT = 1,		/* of an object, not anonymous memory */
	SHARED = 2,
	READONLY = 4,		/* mapped so */
	SEALED = 8,
	STORE = 16,		/* one byte, through the mm */
	LOAD = 32,
	FORK = 64,
	CHILD_EXITS = 128,
	PROTECT = 256,		/* to read-only, afterwards */
};

const char *const fastpath_states[FASTPATH_STATES] = {
	"private-writable",	 "private-readonly-exclusive",	"private-readonly-forked",
	"private-readonly-sole-again", "private-untouched",	"private-zero-page",
	"private-object-readonly", "private-sealed",		"shared-readonly",
	"shared-writable",
};

static const unsigned recipes[FASTPATH_STATES] = {
	STORE,
	STORE | PROTECT,
	STORE | FORK | PROTECT,
	STORE | FORK | PROTECT | CHILD_EXITS,
	0,
	LOAD,
	OBJECT | READONLY | LOAD,
	OBJECT | READONLY | SEALED | LOAD,
	OBJECT | SHARED | READONLY | LOAD,
	OBJECT | SHARED | STORE,
};

const char *const access_names[ACCESSES] = {"read", "write"};
const char *const term_names[TERMS] = {"short", "long"};
const char *const way_names[] = {"fast", "slow", "refused"};

struct bench {
	struct hf_pool *pool;
	struct hf_object *object;
	struct hf_mm *mm, *child;
	uint64_t address;
};

/* The calls below return 0 or a negative errno, as the library does. */

static int make_object(struct bench *bench)
{
	int error = hf_object_create(bench->pool, hf_page_size(), &bench->object);
	ssize_t moved = error ? error : hf_object_write(bench->object, 0, "x", 1);

	return moved == 1 ? 0 : (int)moved;
}

static int map_page(struct bench *bench, unsigned recipe)
{
	unsigned prot = HF_PROT_READ | (recipe & READONLY ? 0 : HF_PROT_WRITE) | (recipe & SEALED ? HF_PROT_SEAL : 0);
	unsigned flags = recipe & SHARED ? HF_MAP_SHARED : HF_MAP_PRIVATE;
	int error = recipe & OBJECT ? make_object(bench) : 0;

	return error ? error : hf_map(bench->mm, &bench->address, hf_page_size(), prot, flags, bench->object, 0);
}

static int touch_page(struct bench *bench, unsigned recipe)
{
	char byte = 'x';
	ssize_t moved = 1;

	if (recipe & STORE)
		moved = hf_write(bench->mm, bench->address, &byte, 1);
	else if (recipe & LOAD)
		moved = hf_read(bench->mm, bench->address, &byte, 1);
	return moved == 1 ? 0 : (int)moved;
}

static int fork_page(struct bench *bench, unsigned recipe)
{
	int error = 0;

	if (recipe & FORK)
		error = hf_mm_fork(bench->mm, HF_FORK_COPY, NULL, &bench->child);
	if (!error && recipe & PROTECT)
		error = hf_protect(bench->mm, bench->address, hf_page_size(), HF_PROT_READ);
	if (!error && recipe & CHILD_EXITS) {
		hf_mm_destroy(bench->child);
		bench->child = NULL;
	}
	return error;
}

static int make_state(struct bench *bench, unsigned recipe, const char *design)
{
	struct hf_pool_config config = {.size = sizeof(config), .bytes = 64 * hf_page_size()};
	int error = hf_pool_create(&config, &bench->pool);

	if (!error)
		error = hf_mm_create(bench->pool, &bench->mm);
	if (!error)
		error = hf_lab_set_design(bench->mm, design);
	if (!error)
		error = map_page(bench, recipe);
	if (!error)
		error = touch_page(bench, recipe);
	return error ? error : fork_page(bench, recipe);
}

static int end_state(struct bench *bench)
{
	if (bench->child)
		hf_mm_destroy(bench->child);
	if (bench->mm)
		hf_mm_destroy(bench->mm);
	if (bench->object)
		hf_object_destroy(bench->object);
	return bench->pool ? hf_pool_destroy(bench->pool) : 0;
}

static enum way pin_once(struct bench *bench, unsigned how)
{
	struct hf_pin pin;

	if (hf_pin(bench->mm, bench->address, hf_page_size(), how, "fastpath", &pin) < 0)
		return WAY_REFUSED;
	hf_unpin(&pin, 0);
	return pin.fast ? WAY_FAST : WAY_SLOW;
}

static int measure_cell(unsigned recipe, const char *design, unsigned how, struct ways *ways)
{
	struct bench bench = {.pool = NULL};
	int error = make_state(&bench, recipe, design), end;

	if (!error) {
		ways->first = pin_once(&bench, how);
		ways->again = pin_once(&bench, how);
	}
	end = end_state(&bench);
	return error ? error : end;
}

int fastpath_measure(struct fastpath *table)
{
	for (int cell = 0; cell < FASTPATH_STATES * DESIGNS * ACCESSES * TERMS; cell++) {
		int term = cell % TERMS, access = cell / TERMS % ACCESSES, design = cell / TERMS / ACCESSES % DESIGNS;
		int state = cell / TERMS / ACCESSES / DESIGNS;
		unsigned how = (access == ACCESS_WRITE ? HF_PIN_WRITE : HF_PIN_READ) |
			       (term == TERM_LONG ? HF_PIN_LONGTERM : 0);
		int error = measure_cell(recipes[state], design_names[design], how,
					 &table->cell[state][design][access][term]);

		if (error) {
			complain("state %s under %s can't be made: %s", fastpath_states[state], design_names[design],
				 strerror(-error));
			return -1;
		}
	}
	return 0;
}

unsigned fastpath_never(const struct fastpath *table, const char *state, int access, int term)
{
	unsigned never = 0;
	int row = 0;

	while (strcmp(fastpath_states[row], state))
		row++;
	for (int design = 0; design < DESIGNS; design++) {
		struct ways ways = table->cell[row][design][access][term];

		if (ways.first != WAY_FAST && ways.again != WAY_FAST)
			never |= 1u << design;
	}
	return never;
}

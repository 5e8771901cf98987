/*
 * test_oom.c - out of memory at every single allocation
 *
 * Each case is a state and one call.  The call is made with its first allocation
 * failing, then with the second, and so on until none fails.  A call that fails
 * says -ENOMEM, or a prefix where it may, and leaves everything as it was: all that
 * can be read, and how many pages and tables are taken, is compared with a twin in which the call was not made, or made for
 * the prefix alone.  Then the same call succeeds, and at the end every page is back.
 *
 * Pages, page tables and the library's own structures all count (lab.h).
 */
#include "kit.h"
#include "lab.h"

#define BASE (UINT64_C(1) << 40)
#define NEAR_END (BASE + 510 * P)	/* of the last-level table that BASE begins */
#define AWAY (BASE + 1000000 * P)	/* where no table is */
#define ALL SIZE_MAX
#define PINS 4

struct state {
	struct hf_mm *mm, *child;
	struct hf_object *object;
	struct hf_pin pins[PINS];
	int held;
};

struct oom_case {
	const char *name;
	void (*setup)(struct state *);
	/* The call, for at most length bytes where it can get part of the way: what it returned. */
	long long (*call)(struct state *, size_t length);
	long long wanted;	/* when nothing fails */
	bool prefix;		/* may get part of the way */
};

/* ---- states -------------------------------------------------------------------- */

static void keep_pin(struct state *state, struct hf_mm *mm, uint64_t at, size_t length, unsigned how)
{
	state->pins[state->held++] = pin_it(mm, at, length, how);
}

static void nothing(struct state *state)
{
	(void)state;
}

static void empty_mm(struct state *state)
{
	state->mm = new_mm();
}

static void untouched(struct state *state)
{
	empty_mm(state);
	map_at(state->mm, NEAR_END, 100, RW, HF_MAP_FIXED, NULL);
}

static void written(struct state *state)
{
	empty_mm(state);
	map_at(state->mm, BASE, 8, RW, HF_MAP_FIXED, NULL);
	fill(state->mm, BASE, 1, 8 * P);
}

static void forked(struct state *state)
{
	written(state);
	state->child = fork_mm(state->mm);
}

static void pinned_pages(struct state *state)
{
	written(state);
	keep_pin(state, state->mm, BASE + P, 3 * P, HF_PIN_WRITE);
	keep_pin(state, state->mm, BASE + 5 * P, 10, HF_PIN_READ | HF_PIN_LONGTERM);
}

static void alternating(struct state *state)
{
	empty_mm(state);
	map_at(state->mm, BASE, 140, RW, HF_MAP_FIXED, NULL);
	for (unsigned i = 0; i < 140; i += 2)
		put(state->mm, BASE + i * P, 2);
	for (unsigned i = 1; i < 140; i += 2)
		put(state->mm, BASE + i * P, 3);
}

static void object_only(struct state *state)
{
	state->object = new_object(1000);
}

static void object_mapped(struct state *state)
{
	empty_mm(state);
	state->object = new_object(8);
	must(hf_object_write(state->object, 10, "abc", 3) == 3, "hf_object_write");
	map_at(state->mm, BASE, 8, RW, HF_MAP_FIXED | HF_MAP_SHARED, state->object);
	map_at(state->mm, BASE + 8 * P, 8, RW, HF_MAP_FIXED, state->object);
	map_at(state->mm, BASE + 16 * P, 8, R | HF_PROT_SEAL, HF_MAP_FIXED, state->object);
}

static void object_in_two(struct state *state)
{
	object_mapped(state);
	put(state->mm, BASE + 7 * P, 4);
	put(state->mm, BASE + 15 * P, 5);
	state->child = fork_mm(state->mm);
	put(state->child, BASE + 6 * P, 6);
}

static void discardable(struct state *state)
{
	object_mapped(state);
	fill(state->mm, BASE + 8 * P, 7, 8 * P);
	keep_pin(state, state->mm, BASE + 9 * P, 2 * P, HF_PIN_WRITE);
}

static void full_house(struct state *state)
{
	object_in_two(state);
	map_at(state->mm, NEAR_END, 6, RW, HF_MAP_FIXED, NULL);
	fill(state->mm, NEAR_END, 8, 6 * P);
	keep_pin(state, state->mm, NEAR_END, 3 * P, HF_PIN_WRITE);
	keep_pin(state, state->mm, BASE, P, HF_PIN_READ);
	keep_pin(state, state->mm, BASE + 8 * P, 2 * P, HF_PIN_READ);
	hf_mm_destroy(state->child);
	state->child = NULL;
}

/* Two last-level tables, and those above them, are shared. */
static void forked_wide(struct state *state)
{
	written(state);
	state->object = new_object(8);
	map_at(state->mm, NEAR_END, 100, RW, HF_MAP_FIXED, NULL);
	fill(state->mm, NEAR_END, 9, 100 * P);
	map_at(state->mm, AWAY, 8, RW, HF_MAP_FIXED, NULL);
	put(state->mm, AWAY + 5 * P, 10);
	state->child = fork_mm(state->mm);
}

static void huge(struct state *state)
{
	empty_mm(state);
	map_at(state->mm, BASE, 512, RW, HF_MAP_FIXED | HF_MAP_HUGE, NULL);
	fill(state->mm, BASE, 11, 8 * P);
	must(stats_now().huge_faults == 1, "a huge page");
}

static void huge_part_pinned(struct state *state)
{
	huge(state);
	keep_pin(state, state->mm, BASE + P, 3 * P, HF_PIN_WRITE);
}

static void huge_pinned(struct state *state)
{
	huge(state);
	keep_pin(state, state->mm, BASE, 512 * P, HF_PIN_WRITE);
}

static void huge_forked(struct state *state)
{
	huge(state);
	state->child = fork_mm(state->mm);
}

/* Pages that came the wrong way round: no block. */
static void may_be_huge(struct state *state)
{
	empty_mm(state);
	map_at(state->mm, BASE, 512, RW, HF_MAP_FIXED, NULL);
	for (unsigned i = 8; i--;)
		put(state->mm, BASE + i * P, 12);
}

static void may_be_huge_forked(struct state *state)
{
	may_be_huge(state);
	state->child = fork_mm(state->mm);
}

/* ---- calls ---------------------------------------------------------------------- */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static long long mm_create(struct state *state, size_t length)
{
	(void)length;
	return hf_mm_create(pool, &state->mm);
}

static long long object_create(struct state *state, size_t length)
{
	(void)length;
	return hf_object_create(pool, 5 * P, &state->object);
}

static long long map(struct state *state, uint64_t at, uint64_t pages, unsigned flags)
{
	return hf_map(state->mm, &at, pages * P, RW, flags, flags & HF_MAP_SHARED ? state->object : NULL, 0);
}

static long long map_first(struct state *state, size_t length)
{
	(void)length;
	return map(state, BASE, 3, HF_MAP_FIXED);
}

static long long map_shared(struct state *state, size_t length)
{
	(void)length;
	return map(state, BASE, 3, HF_MAP_FIXED | HF_MAP_SHARED);
}

static long long map_over_middle(struct state *state, size_t length)
{
	(void)length;
	return map(state, BASE + 2 * P, 2, HF_MAP_FIXED);
}

static long long unmap_middle(struct state *state, size_t length)
{
	(void)length;
	return hf_unmap(state->mm, BASE + 2 * P, 2 * P);
}

static long long protect_middle(struct state *state, size_t length)
{
	(void)length;
	return hf_protect(state->mm, BASE + 2 * P, 2 * P, R);
}

static long long seal_middle(struct state *state, size_t length)
{
	(void)length;
	return hf_protect(state->mm, BASE + 2 * P, 2 * P, R | HF_PROT_SEAL);
}

static long long wipe_middle(struct state *state, size_t length)
{
	(void)length;
	return hf_advise(state->mm, BASE + 2 * P, 2 * P, HF_ADVISE_WIPEONFORK);
}

static long long discard_middle(struct state *state, size_t length)
{
	(void)length;
	return hf_advise(state->mm, BASE + 8 * P, 5 * P, HF_ADVISE_DISCARD);
}

static long long discard_middle_of_huge(struct state *state, size_t length)
{
	(void)length;
	return hf_advise(state->mm, BASE + 2 * P, 4 * P, HF_ADVISE_DISCARD);
}

static long long collapse(struct state *state, size_t length)
{
	(void)length;
	return hf_collapse(state->mm, BASE, HF_HUGE_BYTES);
}

static long long move_away(struct state *state, size_t length)
{
	uint64_t to = AWAY;

	(void)length;
	return hf_remap(state->mm, BASE + P, 6 * P, 6 * P, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to);
}

static long long move_over_another(struct state *state, size_t length)
{
	uint64_t to = BASE + 3 * P;

	(void)length;
	return hf_remap(state->mm, NEAR_END, 2 * P, 2 * P, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to);
}

static long long unmap_wide(struct state *state, size_t length)
{
	(void)length;
	return hf_unmap(state->mm, NEAR_END + P, 50 * P);
}

static long long protect_wide(struct state *state, size_t length)
{
	(void)length;
	return hf_protect(state->mm, NEAR_END + P, 50 * P, R);
}

static long long discard_wide(struct state *state, size_t length)
{
	(void)length;
	return hf_advise(state->mm, NEAR_END + P, 50 * P, HF_ADVISE_DISCARD);
}

static long long map_over_wide(struct state *state, size_t length)
{
	(void)length;
	return map(state, NEAR_END + P, 50, HF_MAP_FIXED);
}

static long long move_wide(struct state *state, size_t length)
{
	uint64_t to = AWAY + 4 * P;

	(void)length;
	return hf_remap(state->mm, NEAR_END + P, 50 * P, 40 * P, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to);
}

static long long move_down(struct state *state, size_t length)
{
	uint64_t to = BASE + 490 * P;

	(void)length;
	return hf_remap(state->mm, NEAR_END + 20 * P, 20 * P, 20 * P, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to);
}

static long long grow(struct state *state, size_t length)
{
	(void)length;
	return hf_remap(state->mm, BASE, 8 * P, 20 * P, 0, NULL);
}

static long long shrink(struct state *state, size_t length)
{
	(void)length;
	return hf_remap(state->mm, BASE + P, 5 * P, 2 * P, 0, NULL);
}

static long long read_some(struct state *state, size_t length)
{
	static unsigned char buffer[5 * 4096];

	return hf_read(state->mm, NEAR_END, buffer, least(length, 5 * P));
}

static long long read_object(struct state *state, size_t length)
{
	static unsigned char buffer[24 * 4096];

	return hf_read(state->mm, BASE, buffer, least(length, 24 * P));
}

static long long write_some(struct state *state, size_t length)
{
	static unsigned char buffer[5 * 4096];

	memset(buffer, 0x31, sizeof(buffer));
	return hf_write(state->mm, NEAR_END, buffer, least(length, 5 * P));
}

static long long fill_some(struct state *state, size_t length)
{
	return hf_fill(state->mm, NEAR_END + 100, 0x32, least(length, 5 * P));
}

static long long fill_mapped_object(struct state *state, size_t length)
{
	return hf_fill(state->mm, BASE + 4 * P, 0x33, least(length, 8 * P));
}

static long long add(struct state *state, size_t length)
{
	(void)length;
	return hf_atomic(state->mm, NEAR_END + 3 * P, 8, HF_ATOMIC_ADD, 5, 0, NULL);
}

static long long break_cow(struct state *state, size_t length)
{
	return hf_fill(state->mm, BASE, 0x34, least(length, 8 * P));
}

static long long write_object(struct state *state, size_t length)
{
	static unsigned char buffer[3 * 4096];

	memset(buffer, 0x35, sizeof(buffer));
	return hf_object_write(state->object, 600 * P + 7, buffer, least(length, 3 * P));
}

static long long cut_object(struct state *state, size_t length)
{
	(void)length;
	return hf_object_resize(state->object, 3 * P, HF_RESIZE_BUSY);
}

/* The pin is held, so that it is looked at, and ends with the state. */
static long long pin(struct state *state, uint64_t at, size_t length, unsigned how)
{
	ssize_t n = hf_pin(state->mm, at, length, how, NULL, &state->pins[state->held]);

	state->held += n > 0;
	return n;
}

static long long pin_untouched(struct state *state, size_t length)
{
	return pin(state, NEAR_END + 5, least(length, 4 * P), HF_PIN_WRITE);
}

static long long pin_read_untouched(struct state *state, size_t length)
{
	return pin(state, NEAR_END, least(length, 70 * P), HF_PIN_READ | HF_PIN_LONGTERM);
}

static long long pin_shared_by_fork(struct state *state, size_t length)
{
	return pin(state, BASE, least(length, 8 * P), HF_PIN_READ);
}

static long long pin_many_runs(struct state *state, size_t length)
{
	return pin(state, BASE, least(length, 140 * P), HF_PIN_READ);
}

static long long pin_objects(struct state *state, size_t length)
{
	return pin(state, BASE, least(length, 24 * P), HF_PIN_READ);
}

static long long get_untouched(struct state *state, size_t length)
{
	return pin(state, NEAR_END, least(length, 3 * P), HF_PIN_GET);
}

static long long unpin_part(struct state *state, size_t length)
{
	(void)length;
	return hf_unpin_part(&state->pins[0], P, P, HF_UNPIN_DIRTY);
}

static long long fork_how(struct state *state, enum hf_fork_pins how)
{
	struct hf_pin_info infos[4];
	struct hf_fork_report report = { .pins = infos, .room = 4 };

	return hf_mm_fork(state->mm, how, &report, &state->child);
}

static long long fork_copy(struct state *state, size_t length)
{
	(void)length;
	return fork_how(state, HF_FORK_COPY);
}

static long long fork_hole(struct state *state, size_t length)
{
	(void)length;
	return fork_how(state, HF_FORK_HOLE);
}

static long long fork_refuse(struct state *state, size_t length)
{
	(void)length;
	return fork_how(state, HF_FORK_REFUSE);
}

static long long preview(struct state *state, size_t length)
{
	struct hf_fork_report report = { .room = 0 };

	(void)length;
	return hf_mm_fork_preview(state->mm, &report);
}

#define PAGES(n) ((n) * 4096)

static const struct oom_case cases[] = {
	{ "create an mm", nothing, mm_create, 0, false },
	{ "create an object", nothing, object_create, 0, false },
	{ "map", empty_mm, map_first, 0, false },
	{ "map shared anonymous memory", empty_mm, map_shared, 0, false },
	{ "map over the middle of a mapping", written, map_over_middle, 0, false },
	{ "unmap the middle", written, unmap_middle, 0, false },
	{ "unmap the middle under a pin", pinned_pages, unmap_middle, 0, false },
	{ "protect the middle", written, protect_middle, 0, false },
	{ "seal the middle under a pin", pinned_pages, seal_middle, 0, false },
	{ "wipe on fork, the middle", written, wipe_middle, 0, false },
	{ "discard a part, some of it pinned", discardable, discard_middle, 0, false },
	{ "move a part, some of it pinned, to new tables", pinned_pages, move_away, 0, false },
	{ "move over the middle of another mapping", full_house, move_over_another, 0, false },
	{ "grow in place", written, grow, 0, false },
	{ "shrink the middle", pinned_pages, shrink, 0, false },
	{ "load from untouched memory", untouched, read_some, PAGES(5), true },
	{ "load from an object's mappings", object_mapped, read_object, PAGES(24), true },
	{ "store to untouched memory", untouched, write_some, PAGES(5), true },
	{ "fill untouched memory", untouched, fill_some, PAGES(5), true },
	{ "fill shared and private mappings", object_mapped, fill_mapped_object, PAGES(8), true },
	{ "atomic on untouched memory", untouched, add, 0, false },
	{ "break COW", forked, break_cow, PAGES(8), true },
	{ "break COW in shared tables", forked_wide, write_some, PAGES(5), true },
	{ "write pin in shared tables", forked_wide, pin_untouched, PAGES(4), true },
	{ "read pin in shared tables", forked_wide, pin_read_untouched, PAGES(70), true },
	{ "unmap a part of what a fork shares", forked_wide, unmap_wide, 0, false },
	{ "map over a part of what a fork shares", forked_wide, map_over_wide, 0, false },
	{ "protect a part of what a fork shares", forked_wide, protect_wide, 0, false },
	{ "discard a part of what a fork shares", forked_wide, discard_wide, 0, false },
	{ "move a part of what a fork shares over another", forked_wide, move_wide, 0, false },
	{ "move a part of what a fork shares down", forked_wide, move_down, 0, false },
	{ "write to an object", object_only, write_object, PAGES(3), true },
	{ "cut an object that two mms map", object_in_two, cut_object, 0, false },
	{ "write pin of untouched memory", untouched, pin_untouched, PAGES(4), true },
	{ "long read pin of 70 untouched pages", untouched, pin_read_untouched, PAGES(70), true },
	{ "read pin of what a fork shares", forked, pin_shared_by_fork, PAGES(8), true },
	{ "read pin of 140 pages in as many runs", alternating, pin_many_runs, PAGES(140), true },
	{ "read pin of shared, private and sealed", object_mapped, pin_objects, PAGES(24), true },
	{ "GET of untouched memory", untouched, get_untouched, PAGES(3), true },
	{ "unpin a part", pinned_pages, unpin_part, 0, false },
	{ "fork", written, fork_copy, 0, false },
	{ "fork with pins", full_house, fork_copy, 0, false },
	{ "fork with holes", full_house, fork_hole, 0, false },
	{ "fork that is refused", full_house, fork_refuse, -EBUSY, false },
	{ "preview of a fork", full_house, preview, 0, false },
	{ "unmap the middle of a huge page, some of it pinned", huge_part_pinned, unmap_middle, 0, false },
	{ "map over the middle of a pinned huge page", huge_pinned, map_over_middle, 0, false },
	{ "protect the middle of a huge page", huge_part_pinned, protect_middle, 0, false },
	{ "wipe on fork, the middle of a huge page", huge, wipe_middle, 0, false },
	{ "discard the middle of a huge page", huge_part_pinned, discard_middle_of_huge, 0, false },
	{ "discard the middle of a huge page that a fork shares", huge_forked, discard_middle_of_huge, 0, false },
	{ "move a part of a huge page", huge_part_pinned, move_away, 0, false },
	{ "shrink the middle of a pinned huge page", huge_pinned, shrink, 0, false },
	{ "break COW in a huge page", huge_forked, break_cow, PAGES(8), true },
	{ "read pin of a part of a huge page that a fork shares", huge_forked, pin_shared_by_fork, PAGES(8), true },
	{ "unpin a part of a huge page", huge_pinned, unpin_part, 0, false },
	{ "fork with a part of a huge page pinned", huge_part_pinned, fork_copy, 0, false },
	{ "fork with holes in a huge page", huge_part_pinned, fork_hole, 0, false },
	{ "fork with a huge page pinned", huge_pinned, fork_copy, 0, false },
	{ "collapse", may_be_huge, collapse, 1, false },
	{ "collapse of what a fork shares", may_be_huge_forked, collapse, 1, false },
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

/* ---- all that can be seen -------------------------------------------------------------- */

struct seen {
	uint64_t hash[1200];
	size_t count;
};

static void see(struct seen *seen, uint64_t value)
{
	must(seen->count < 1200, "room for what is seen");
	seen->hash[seen->count++] = value;
}

static void see_bytes(struct seen *seen, const volatile unsigned char *bytes, size_t length)
{
	uint64_t hash = 14695981039346656037u;	/* FNV-1a: the bytes are our own */

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * 1099511628211u;
	see(seen, hash);
}

/* Without allocating more than loads do: it is the state after the call that counts. */
static void see_pages(struct seen *seen, struct hf_mm *mm, uint64_t at, uint64_t pages)
{
	static unsigned char bytes[4096];

	for (uint64_t i = 0; i < pages; i++) {
		ssize_t n = hf_read(mm, at + i * P, bytes, P);

		if (n == (ssize_t)P)
			see_bytes(seen, bytes, P);
		else
			see(seen, (uint64_t)n);
	}
}

static void see_mm(struct seen *seen, struct hf_mm *mm)
{
	if (!mm)
		return;
	see_pages(seen, mm, BASE, 145);
	see_pages(seen, mm, NEAR_END, 110);
	see_pages(seen, mm, AWAY, 10);
}

static void see_all(struct state *state, struct seen *seen)
{
	seen->count = 0;
	see(seen, stats_now().pages_free);
	see(seen, stats_now().pages_table);
	see_mm(seen, state->mm);
	see_mm(seen, state->child);
	if (state->object) {
		see(seen, hf_object_size(state->object));
		for (uint64_t i = 0; i < 10; i++)
			see(seen, (uint64_t)object_byte(state->object, i * P + 11));
		see(seen, (uint64_t)object_byte(state->object, 600 * P + 7));
	}
	for (int i = 0; i < state->held; i++)
		for (int run = 0; run < state->pins[i].iovcnt; run++)
			see_bytes(seen, state->pins[i].iov[run].iov_base, state->pins[i].iov[run].iov_len);
	see(seen, hf_inventory(pool, NULL, NULL, 0));
}

/* ---- one case ------------------------------------------------------------------------------ */

static uint64_t free_pages;

static void begin(const struct oom_case *c, struct state *state)
{
	memset(state, 0, sizeof(*state));
	open_pool();
	free_pages = stats_now().pages_free;
	c->setup(state);
}

static void check_clean(const char *when, uint64_t n)
{
	char why[200] = "";

	if (hf_verify(pool, why, sizeof(why)))
		fail_at(__FILE__, __LINE__, "verify %s, allocation %llu failing: %s", when, (unsigned long long)n, why);
}

static void end(struct state *state, uint64_t n)
{
	for (int i = 0; i < state->held; i++)
		if (hf_unpin(&state->pins[i], 0))
			misuse();
	hf_mm_destroy(state->child);
	hf_mm_destroy(state->mm);
	hf_object_destroy(state->object);
	check_clean("at the end", n);
	if (stats_now().pages_free != free_pages || hf_pool_destroy(pool))
		fail_at(__FILE__, __LINE__, "allocation %llu failing: %lld pages did not come back", (unsigned long long)n,
			(long long)free_pages - (long long)stats_now().pages_free);
}

/* What is to be seen when the call was made for so many bytes, or not at all (-1). */
static void see_twin(const struct oom_case *c, long long bytes, struct seen *seen)
{
	struct state twin;

	begin(c, &twin);
	if (bytes >= 0)
		CHECK_INT(bytes, c->call(&twin, (size_t)bytes));
	see_all(&twin, seen);
	end(&twin, 0);
}

static void check_unchanged(const struct oom_case *c, struct state *state, long long result, uint64_t n)
{
	struct hf_pool *mine = pool;
	uint64_t mine_free = free_pages;
	static struct seen expected, found;

	if (result != -ENOMEM && !(c->prefix && result > 0 && result < c->wanted))
		fail_at(__FILE__, __LINE__, "allocation %llu failing: the call said %lld", (unsigned long long)n, result);
	check_clean("after the call", n);
	see_all(state, &found);
	see_twin(c, result > 0 ? result : -1, &expected);
	pool = mine;
	free_pages = mine_free;
	if (found.count != expected.count || memcmp(found.hash, expected.hash, found.count * sizeof(found.hash[0])))
		fail_at(__FILE__, __LINE__, "allocation %llu failing: not as before (the call said %lld)",
			(unsigned long long)n, result);
}

/* After a failure, without one: what was left to do is done. */
static void check_again(const struct oom_case *c, struct state *state, long long before, uint64_t n)
{
	if (before > 0)
		return;		/* the prefix is held, or written: there is no "again" */
	CHECK_INT(c->wanted, c->call(state, ALL));
	check_clean("after trying again", n);
}

/* True if the nth allocation was never asked for. */
static bool fail_nth(const struct oom_case *c, uint64_t n)
{
	struct state state;
	long long result;
	bool beyond;

	begin(c, &state);
	hf_lab_fail_allocation(pool, n);
	result = c->call(&state, ALL);
	beyond = hf_lab_fail_allocation(pool, 0) != 0;
	if (beyond) {
		CHECK_INT(c->wanted, result);
		check_clean("after the call", n);
	} else {
		check_unchanged(c, &state, result, n);
		check_again(c, &state, result, n);
	}
	end(&state, n);
	return beyond;
}

static const struct oom_case *current;
static uint64_t allocations;

static void every_allocation(void)
{
	struct hf_pool *harness_pool = pool;
	uint64_t n = 1;

	while (!harness.failed && !fail_nth(current, n))
		n++;
	allocations = n - 1;
	pool = harness_pool;
}

int main(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < CASES; i++) {
		current = &cases[i];
		run_test(current->name, every_allocation);
		sum += allocations;
	}
	printf("     %llu allocations failed, one at a time\n", (unsigned long long)sum);
	return closing_line();
}

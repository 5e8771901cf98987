/*
 * platform.c - the platform of the explorer: each call a step of the engine's
 *
 * Locks, sections and grace periods are the engine's, by their specification: the
 * real liburcu is not explored.  Memory is explored memory, at the same addresses
 * in each run.  No time passes.
 *
 * Bytes of pages are copied and filled by relaxed accesses of 8 bytes.  A part of a
 * word is refused, for the engine has no accesses of two sizes at one address.
 */
#include "platform.h"

#include "engine.h"
#include "holdfast.h"

#include <errno.h>
#include <string.h>

#define HERE __builtin_return_address(0)

static bool raise(unsigned kind, void *word, uint64_t *before, const void *site);

/* ---- locks ------------------------------------------------------------------------ */

/* A lock is its address: what is behind it stays as it is. */
void plat_lock_init(struct plat_lock *lock)
{
	(void)lock;
}

void plat_lock_fini(struct plat_lock *lock)
{
	(void)lock;
}

void plat_lock(struct plat_lock *lock)
{
	engine_lock(lock, HERE);
}

void plat_unlock(struct plat_lock *lock)
{
	engine_unlock(lock, HERE);
}

/* ---- sections ------------------------------------------------------------------------ */

void plat_section_enter(enum plat_commit commit)
{
	engine_enter(commit, HERE);
}

void plat_section_leave(void)
{
	engine_leave(HERE);
}

void plat_grace(void)
{
	engine_grace(HERE);
}

void plat_cut(void)
{
	engine_cut(HERE);
}

/* ---- the thread's own -------------------------------------------------------------------- */

/* In explored memory, behind the pool, so that each execution finds it as the first did. */
static struct plat_record {
	void *mine;
} *hots, nobody;

static uint64_t ones[PLAT_ONES / sizeof(uint64_t)];

struct plat_record *plat_hot_enter(void)
{
	struct plat_record *hot = hots ? &hots[engine_self()] : &nobody;

	memset(ones, 0xff, sizeof(ones));
	if (!hot->mine)
		hot->mine = ones;
	engine_enter(PLAT_RAISE, HERE);
	return hot;
}

void plat_hot_leave(struct plat_record *hot)
{
	(void)hot;
	engine_leave(HERE);
}

void *plat_hot_get(const struct plat_record *hot)
{
	return hot->mine;
}

bool plat_hot_is(const void *mine)
{
	return hots && hots[engine_self()].mine == mine;
}

void plat_hot_set(void *mine)
{
	if (hots)
		hots[engine_self()].mine = mine;
}

void plat_hot_forget(const void *from, size_t bytes)
{
	for (unsigned i = 0; hots && i <= ENGINE_THREADS; i++)
		if ((uintptr_t)hots[i].mine - (uintptr_t)from < bytes)
			hots[i].mine = NULL;
}

enum plat_raised plat_hot_raise(struct plat_record *hot, _Atomic uint64_t *word)
{
	uint64_t before;

	(void)hot;
	if (!raise(PLAT_RAISE, (void *)(uintptr_t)word, &before, HERE))
		return PLAT_WAS_CUT;
	return (int64_t)(before + 1) < 0 ? PLAT_NEGATIVE : PLAT_RAISED;
}

uint64_t plat_grace_begin(void)
{
	return engine_poll_begin(HERE);
}

bool plat_grace_over(uint64_t begun)
{
	return engine_poll(begun, HERE);
}

/* ---- who and when ------------------------------------------------------------------ */

/* Setup and judge have a number of their own, too: no slot is shared unless a test wants it. */
unsigned plat_self(void)
{
	return engine_self();
}

uint64_t plat_now(void)
{
	return 0;
}

uint64_t plat_stamp(void)
{
	return 0;
}

uint64_t plat_stamp_age(uint64_t stamp)
{
	(void)stamp;
	return 0;
}

void plat_pause(unsigned attempt)
{
	(void)attempt;
	engine_pause(HERE);
}

/* ---- memory ---------------------------------------------------------------------------- */

void *plat_alloc(size_t bytes)
{
	return engine_alloc(bytes);
}

void plat_free(void *memory)
{
	if (memory)
		engine_free(memory, HERE);
}

/* The threads' own: explored memory, so that each execution finds it as the set-up left it.  It comes with the pool. */
enum { OWN_BYTES = 256 };
static unsigned char *own;

void *plat_own_begin(size_t bytes)
{
	return bytes <= OWN_BYTES ? plat_own_quick() : NULL;
}

void *plat_own_quick(void)
{
	return own ? own + engine_self() * OWN_BYTES : NULL;
}

int plat_pool_open(uint64_t bytes, void **base, int *fd, unsigned *kind)
{
	*kind = HF_MEMORY_ANONYMOUS;
	*fd = -1;	/* nobody maps this pool a second time */
	*base = engine_alloc(bytes + (ENGINE_THREADS + 1) * sizeof(*hots));
	hots = *base ? (struct plat_record *)(void *)((unsigned char *)*base + bytes) : NULL;
	own = engine_alloc((ENGINE_THREADS + 1) * OWN_BYTES);
	return *base ? 0 : -ENOMEM;
}

void plat_pool_close(void *base, uint64_t bytes, int fd)
{
	(void)bytes;
	(void)fd;
	engine_free(own, HERE);	/* the set-up's pool, in each execution */
	engine_free(base, HERE);
}

void *plat_reserve(uint64_t bytes)
{
	return engine_alloc(bytes);
}

void plat_unreserve(void *memory, uint64_t bytes)
{
	(void)bytes;
	engine_free(memory, HERE);
}

void plat_page_rest(void *bytes, size_t length)
{
	engine_rest(bytes, length, HERE);
}

void plat_page_wake(void *bytes, size_t length)
{
	engine_wake(bytes, length, HERE);
}

/* ---- bytes of pages ---------------------------------------------------------------------- */

enum { WORD = sizeof(uint64_t) };

/* Outside of threads nobody else is there: bytes are bytes.  So they are on a thread's own stack. */
static bool is_shared(const void *address)
{
	return engine_self() != ENGINE_THREADS && engine_owns(address);
}

/* In a thread engine_wrong() does not come back. */
static void must_be_words(const char *call, const void *address, size_t bytes)
{
	if ((uintptr_t)address % WORD || bytes % WORD)
		engine_wrong(WRONG_LIMIT, "%s of %zu bytes, from byte %u of a word: what threads load and store "
			     "at the same time must be whole words of %u bytes", call, bytes,
			     (unsigned)((uintptr_t)address % WORD), (unsigned)WORD);
}

static uint64_t word_get(const unsigned char *from, bool shared, const void *site)
{
	uint64_t word;

	if (shared)
		return engine_load(from, WORD, ORDER_RELAXED, site);
	memcpy(&word, from, WORD);
	return word;
}

static void word_put(unsigned char *to, uint64_t word, bool shared, const void *site)
{
	if (shared)
		engine_store(to, WORD, word, ORDER_RELAXED, site);
	else
		memcpy(to, &word, WORD);
}

void plat_copy(void *to, const void *from, size_t bytes)
{
	bool to_shared = is_shared(to), from_shared = is_shared(from);
	unsigned char *target = to;
	const unsigned char *source = from;

	if (!to_shared && !from_shared) {
		memmove(to, from, bytes);
		return;
	}
	if (to_shared)
		must_be_words("a copy", to, bytes);
	if (from_shared)
		must_be_words("a copy", from, bytes);
	for (size_t i = 0; i < bytes; i += WORD)
		word_put(target + i, word_get(source + i, from_shared, HERE), to_shared, HERE);
}

void plat_fill(void *to, int byte, size_t bytes)
{
	uint64_t word = (unsigned char)byte * UINT64_C(0x0101010101010101);

	if (!is_shared(to)) {
		memset(to, byte, bytes);
		return;
	}
	must_be_words("a fill", to, bytes);
	for (size_t i = 0; i < bytes; i += WORD)
		engine_store((unsigned char *)to + i, WORD, word, ORDER_RELAXED, HERE);
}

void plat_copy_once(void *to, const void *from, size_t bytes)
{
	plat_copy(to, from, bytes);
}

void plat_fill_once(void *to, int byte, size_t bytes)
{
	plat_fill(to, byte, bytes);
}

/* ---- commits ------------------------------------------------------------------------------------ */

static bool raise(unsigned kind, void *word, uint64_t *before, const void *site)
{
	return engine_commit_rmw(kind, word, WORD, RMW_ADD, 1, ORDER_RELAXED, before, site);
}

bool plat_commit_raise(_Atomic uint64_t *word, uint64_t *before)
{
	return raise(PLAT_RAISE, (void *)(uintptr_t)word, before, HERE);
}

size_t plat_commit_raise_row(_Atomic uint64_t *first, size_t stride, size_t n, uint64_t *before)
{
	unsigned char *at = (unsigned char *)(uintptr_t)first;

	for (size_t i = 0; i < n; i++) {
		uint64_t was;

		if (!raise(PLAT_RAISE_ROW, at + i * stride, &was, HERE))
			return i;
		*before |= was;
	}
	return n;
}

/* A word at a time, where Linux has up to two in one commit. */
static bool commit_word(unsigned kind, unsigned char *to, uint64_t word, const void *site)
{
	return engine_commit_store(kind, to, WORD, word, ORDER_RELAXED, site);
}

size_t plat_commit_copy(void *to, const void *from, size_t bytes)
{
	bool from_shared = is_shared(from);
	const unsigned char *source = from;
	unsigned char *target = to;

	if (engine_self() == ENGINE_THREADS) {
		plat_copy(to, from, bytes);
		return bytes;
	}
	must_be_words("a copy", to, bytes);
	if (from_shared)
		must_be_words("a copy", from, bytes);
	for (size_t i = 0; i < bytes; i += WORD)
		if (!commit_word(PLAT_COPY, target + i, word_get(source + i, from_shared, HERE), HERE))
			return i;
	return bytes;
}

size_t plat_commit_fill(void *to, int byte, size_t bytes)
{
	uint64_t word = (unsigned char)byte * UINT64_C(0x0101010101010101);
	unsigned char *target = to;

	if (engine_self() == ENGINE_THREADS) {
		plat_fill(to, byte, bytes);
		return bytes;
	}
	must_be_words("a fill", to, bytes);
	for (size_t i = 0; i < bytes; i += WORD)
		if (!commit_word(PLAT_FILL, target + i, word, HERE))
			return i;
	return bytes;
}

bool plat_commit_swap(void *word, unsigned width, uint64_t *expected, uint64_t desired, bool *swapped)
{
	return engine_commit_cas(PLAT_SWAP, word, width, expected, desired, ORDER_ACQUIRE, swapped, HERE);
}

/* ---- many entries at a time ----------------------------------------------------------------------- */

size_t plat_entries_in_row(const _Atomic uint64_t *entries, size_t n, uint64_t mask, uint64_t want, uint64_t step)
{
	size_t i = 0;

	while (i < n && (engine_load((const void *)(uintptr_t)&entries[i], WORD, ORDER_ACQUIRE, HERE) & mask) == want + i * step)
		i++;
	return i;
}

/* ---- the outside ------------------------------------------------------------------------------ */

void plat_report(const char *message)
{
	engine_wrong(WRONG_MISUSE, "%s", message);
}

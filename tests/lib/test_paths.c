/*
 * test_paths.c - the fast path is a shortcut, never a second truth
 *
 * Every kind of mapping, after every short history, is built twice.  In one the
 * page is pinned by the fast path alone.  In its twin something was done before
 * that changes nothing that can be seen, but takes the marks that the fast path
 * needs (a fork whose child ends at once, or a discard where the object has the
 * bytes), so that the slow path has to do it.  What can be seen afterwards must
 * be the same: contents, both directions of coherence, isolation from a child,
 * what a write to the object shows, and the next pin.
 *
 * Promises: coherent, isolated, symmetric, fast.
 */
#include "kit.h"

#define ROOM 400

/* ---- states ---------------------------------------------------------------------- */

enum kind { ANON_PRIVATE, ANON_SHARED, ANON_SEALED, OBJECT_PRIVATE, OBJECT_SHARED, OBJECT_SEALED, KINDS };
static const char *const kind_names[KINDS] = { "anon private", "anon shared", "anon private sealed", "object private",
					       "object shared", "object private sealed" };

enum event { LOAD, STORE, READ_PIN, WRITE_PIN, GET, FORK, FORK_EXIT, FORK_STORE, DISCARD, PROTECT_R, PROTECT_RW,
	     OBJECT_WRITE, MOVE, EVENTS };
static const char *const event_names[EVENTS] = { "load", "store", "read pin and unpin", "write pin and unpin", "get",
						 "fork", "fork and exit", "fork, child stores", "discard", "protect r",
						 "protect rw", "object write", "move" };

struct state {
	enum kind kind;
	struct hf_mm *mm, *children[4];
	int forks;
	struct hf_pin gets[4];
	int references;
	struct hf_object *object;
	uint64_t at;
};

static void event_fork(struct state *state, enum event event)
{
	struct hf_mm *child = fork_mm(state->mm);
	ssize_t stored = 0;	/* as many as the mapping's protection lets it */

	if (event == FORK_EXIT) {
		hf_mm_destroy(child);
		return;
	}
	if (event == FORK_STORE)
		stored = hf_fill(child, state->at, 0x66, 1);
	must(stored == 0 || stored == 1 || stored == -EACCES, "hf_fill in the child");
	state->children[state->forks++] = child;
}

static void event_pin(struct state *state, unsigned how)
{
	struct hf_pin pin;

	if (hf_pin(state->mm, state->at, 1, how, NULL, &pin) == 1)
		hf_unpin(&pin, 0);
}

static void event_get(struct state *state)
{
	struct hf_pin *reference = &state->gets[state->references];

	if (hf_pin(state->mm, state->at, 1, HF_PIN_GET, NULL, reference) == 1)
		state->references++;
}

/* What the mapping does not permit fails, in both twins alike. */
static void happen(struct state *state, enum event event)
{
	uint64_t to = state->at + 16 * P;
	int ignored = 0;

	switch (event) {
	case LOAD: ignored = get(state->mm, state->at); break;
	case STORE: ignored = (int)hf_fill(state->mm, state->at, 0x55, 2); break;
	case READ_PIN: event_pin(state, HF_PIN_READ); break;
	case WRITE_PIN: event_pin(state, HF_PIN_WRITE); break;
	case GET: event_get(state); break;
	case FORK: case FORK_EXIT: case FORK_STORE: event_fork(state, event); break;
	case DISCARD: ignored = hf_advise(state->mm, state->at, P, HF_ADVISE_DISCARD); break;
	case PROTECT_R: ignored = hf_protect(state->mm, state->at, P, R); break;
	case PROTECT_RW: ignored = hf_protect(state->mm, state->at, P, RW); break;
	case OBJECT_WRITE: ignored = (int)hf_object_write(state->object, 0, "o", 1); break;
	case MOVE:
		ignored = hf_remap(state->mm, state->at, P, P, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to);
		state->at = to;
		break;
	case EVENTS: break;
	}
	(void)ignored;
}

static void build(struct state *state, enum kind kind, const enum event *events, int count)
{
	bool shared = kind == ANON_SHARED || kind == OBJECT_SHARED;
	bool sealed = kind == ANON_SEALED || kind == OBJECT_SEALED;

	memset(state, 0, sizeof(*state));
	state->kind = kind;
	state->mm = new_mm();
	state->object = new_object(1);
	state->at = map_at(state->mm, 0, 1, sealed ? R | HF_PROT_SEAL : RW, shared ? HF_MAP_SHARED : HF_MAP_PRIVATE,
			   kind >= OBJECT_PRIVATE ? state->object : NULL);
	for (int i = 0; i < count; i++)
		happen(state, events[i]);
}

static void tear_down(struct state *state)
{
	for (int i = 0; i < state->references; i++)
		hf_unpin(&state->gets[i], 0);
	for (int i = 0; i < state->forks; i++)
		hf_mm_destroy(state->children[i]);
	hf_mm_destroy(state->mm);
	hf_object_destroy(state->object);
}

/* Change nothing that can be seen, but take the fast path's marks away. */
static void force_slow(struct state *state)
{
	bool object_has_the_bytes = state->kind == ANON_SHARED || state->kind == OBJECT_SHARED ||
				    state->kind == OBJECT_SEALED;

	if (object_has_the_bytes)
		CHECK_INT(0, hf_advise(state->mm, state->at, P, HF_ADVISE_DISCARD));
	else
		hf_mm_destroy(fork_mm(state->mm));
}

/* ---- what can be seen ------------------------------------------------------------------ */

struct seen {
	char text[ROOM];
	int length;
};

static void __attribute__((format(printf, 2, 3))) see(struct seen *seen, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	seen->length += vsnprintf(seen->text + seen->length, (size_t)(ROOM - seen->length), format, arguments);
	va_end(arguments);
	must(seen->length < ROOM, "room for what is seen");
}

static void look_at_pin(struct state *state, struct hf_pin *pin, unsigned how, struct seen *seen)
{
	struct hf_mm *child;
	int stored;

	see(seen, "device reads %d, mm %d; ", *pinned(pin, 0), get(state->mm, state->at));
	stored = (int)hf_fill(state->mm, state->at, 0x11, 1);
	see(seen, "store %d, device reads %d; ", stored, *pinned(pin, 0));
	if (how & HF_PIN_WRITE)
		*pinned(pin, 1) = 0x22;
	see(seen, "mm reads %d; ", get(state->mm, state->at + 1));
	child = fork_mm(state->mm);
	stored = (int)hf_fill(state->mm, state->at, 0x33, 1);
	see(seen, "forked, store %d, device reads %d, child %d; ", stored, *pinned(pin, 0), get(child, state->at));
	stored = (int)hf_fill(child, state->at, 0x44, 1);
	see(seen, "child stores %d, device reads %d; ", stored, *pinned(pin, 0));
	hf_mm_destroy(child);
	must(hf_object_write(state->object, 0, "w", 1) == 1, "hf_object_write");
	see(seen, "object written, device reads %d, mm %d; ", *pinned(pin, 0), get(state->mm, state->at));
}

/* Pin, look, unpin, and see whether the next pin is fast. */
static void try_path(struct state *state, unsigned how, struct seen *seen, int *fast)
{
	struct hf_pin pin;
	ssize_t n = hf_pin(state->mm, state->at, 2, how, NULL, &pin);

	*fast = n > 0 && pin.fast;
	seen->length = 0;
	see(seen, "%zd; ", n);
	if (n <= 0)
		return;
	look_at_pin(state, &pin, how, seen);
	see(seen, "unpin %d, again %d", hf_unpin(&pin, 0), try_pin(state->mm, state->at, 2, how | HF_PIN_FAST_ONLY));
}

/* ---- all of them --------------------------------------------------------------------------- */

static struct {
	int states, compared;	/* compared: one twin fast, the other slow */
	int per_kind[KINDS];
} counts;

static void describe(enum kind kind, const enum event *events, int count, unsigned how, char *text, size_t room)
{
	int length = snprintf(text, room, "%s", kind_names[kind]);

	for (int i = 0; i < count && length < (int)room; i++)
		length += snprintf(text + length, room - (size_t)length, ", %s", event_names[events[i]]);
	if (length < (int)room)
		snprintf(text + length, room - (size_t)length, ", %s pin", how & HF_PIN_WRITE ? "write" : "read");
}

static void compare_twins(enum kind kind, const enum event *events, int count, unsigned how)
{
	struct state fast_state, slow_state;
	struct seen fast_seen, slow_seen;
	int fast, slow;
	char text[200];

	build(&fast_state, kind, events, count);
	build(&slow_state, kind, events, count);
	force_slow(&slow_state);
	try_path(&fast_state, how, &fast_seen, &fast);
	try_path(&slow_state, how, &slow_seen, &slow);
	counts.states++;
	counts.compared += fast && !slow;
	counts.per_kind[kind] += fast && !slow;
	describe(kind, events, count, how, text, sizeof(text));
	if (slow)
		fail_at(__FILE__, __LINE__, "%s: the twin was to be slow", text);
	if (strcmp(fast_seen.text, slow_seen.text))
		fail_at(__FILE__, __LINE__, "%s:\n     fast: %s\n     slow: %s", text, fast_seen.text, slow_seen.text);
	tear_down(&fast_state);
	tear_down(&slow_state);
}

#define LONGEST 3	/* events of a history */

static void all_histories(enum kind kind)
{
	enum event events[LONGEST];

	for (int count = 0, all = 1; count <= LONGEST; count++, all *= EVENTS)
		for (int code = 0; code < all && !harness.failed; code++) {
			for (int i = 0, rest = code; i < count; i++, rest /= EVENTS)
				events[i] = (enum event)(rest % EVENTS);
			compare_twins(kind, events, count, HF_PIN_READ);
			compare_twins(kind, events, count, HF_PIN_WRITE);
		}
	/* Or nothing was compared at all. */
	CHECK(counts.per_kind[kind] > 100);
}

static void anon_private(void) { all_histories(ANON_PRIVATE); }
static void anon_shared(void) { all_histories(ANON_SHARED); }
static void anon_sealed(void) { all_histories(ANON_SEALED); }
static void object_private(void) { all_histories(OBJECT_PRIVATE); }
static void object_shared(void) { all_histories(OBJECT_SHARED); }
static void object_sealed(void) { all_histories(OBJECT_SEALED); }

int main(void)
{
	TEST(anon_private);
	TEST(anon_shared);
	TEST(anon_sealed);
	TEST(object_private);
	TEST(object_shared);
	TEST(object_sealed);
	printf("     %d states, in %d of them a fast pin and a slow one\n", counts.states, counts.compared);
	return closing_line();
}

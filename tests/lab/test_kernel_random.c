/*
 * test_kernel_random.c - the live kernel against the reference model
 *
 * Random scenarios of what Linux is known to keep: every page is stored to before
 * it is pinned, and nothing is discarded or truncated.  There the kernel and the
 * model must agree on every byte, so a difference is a fault of the judge (or a
 * find).  A round that differs is printed as a scenario.
 *
 *	test_kernel_random [rounds [seed]]
 */
#include "kernel_kit.h"

#define PAGES 3u	/* most of a mapping */
#define MAPPINGS 6
#define SPACES 6
#define PINS 10

enum { STEPS = 50 };

/* What there is by now, as far as it takes to make up sensible steps. */
static struct {
	uint64_t random;
	FILE *text;
	bool live[SPACES], mapped[SPACES][MAPPINGS];
	int prot[SPACES][MAPPINGS];	/* 0 none, 1 r, 2 rw */
	int spaces, mappings, pins;
	uint64_t pages[MAPPINGS];
	struct { bool held, write; uint64_t length; } pin[PINS];
} r;

static uint64_t below(uint64_t n)
{
	r.random ^= r.random << 13;
	r.random ^= r.random >> 7;
	r.random ^= r.random << 17;
	return n ? r.random % n : 0;
}

/* An offset for that many bytes, often at an edge. */
static uint64_t somewhere(uint64_t bytes, uint64_t length)
{
	uint64_t at[] = { 0, bytes - length, below(bytes - length + 1), below(bytes / SCENARIO_PAGE) * SCENARIO_PAGE };
	uint64_t chosen = at[below(COUNT(at))];

	return chosen > bytes - length ? bytes - length : chosen;
}

static void word(uint64_t length)
{
	fputc('"', r.text);
	while (length--)
		fputc((int)('a' + below(26)), r.text);
	fputs("\"\n", r.text);
}

static int some_space(void)
{
	int space;

	do
		space = (int)below((uint64_t)r.spaces);
	while (!r.live[space]);
	return space;
}

static int some_mapping(int space)
{
	for (int tries = 0; tries < 20 && r.mappings; tries++) {
		int m = (int)below((uint64_t)r.mappings);

		if (r.mapped[space][m])
			return m;
	}
	return -1;
}

static int some_pin(void)
{
	for (int tries = 0; tries < 20 && r.pins; tries++) {
		int p = (int)below((uint64_t)r.pins);

		if (r.pin[p].held)
			return p;
	}
	return -1;
}

/* ---- steps -------------------------------------------------------------- */

static void make_map(void)
{
	static const char *const kinds[] = { "anon private", "anon shared", "F shared", "F private" };
	int space = some_space(), m = r.mappings;

	if (m == MAPPINGS)
		return;
	r.mappings++;
	r.pages[m] = 1 + below(PAGES);
	r.mapped[space][m] = true;
	r.prot[space][m] = 2;
	fprintf(r.text, "map S%d m%d %s rw %d\n", space, m, kinds[below(COUNT(kinds))], (int)r.pages[m]);
	for (uint64_t i = 0; i < r.pages[m]; i++) {
		fprintf(r.text, "store S%d m%d+%dp ", space, m, (int)i);
		word(1 + below(20));
	}
}

static void make_access(void)
{
	int space = some_space(), m = some_mapping(space);
	uint64_t length = 1 + below(60), at;
	bool store = below(2);

	if (m < 0 || r.prot[space][m] < (store ? 2 : 1))
		return;
	at = somewhere(r.pages[m] * SCENARIO_PAGE, length);
	fprintf(r.text, "%s S%d m%d+%llu ", store ? "store" : "expect", space, m, (unsigned long long)at);
	word(length);
}

static void make_pin(void)
{
	static const char *const kinds[] = { "read", "write", "write long" };
	int space = some_space(), m = some_mapping(space);
	uint64_t kind = below(COUNT(kinds)), bytes, at;

	if (m < 0 || r.pins == PINS)
		return;
	bytes = r.pages[m] * SCENARIO_PAGE;
	at = below(2) ? 0 : below(bytes);
	bytes = below(2) ? bytes - at : 1 + below(bytes - at);
	fprintf(r.text, "pin S%d m%d+%llu %s bytes %llu as p%d", space, m, (unsigned long long)at, kinds[kind],
		(unsigned long long)bytes, r.pins);
	if (r.prot[space][m] < (kind ? 2 : 1)) {
		fputs(" fails EACCES\n", r.text);
	} else {
		fputc('\n', r.text);
		r.pin[r.pins].held = true;
		r.pin[r.pins].write = kind;
		r.pin[r.pins].length = bytes;
	}
	r.pins++;
}

static void make_device(void)
{
	int p = some_pin();
	uint64_t length;
	bool write;

	if (p < 0)
		return;
	write = r.pin[p].write && below(2);
	length = 1 + below(100);
	if (length > r.pin[p].length)
		length = r.pin[p].length;
	fprintf(r.text, "%s p%d+%llu ", write ? "device" : "expect", p,
		(unsigned long long)somewhere(r.pin[p].length, length));
	word(length);
}

static void make_unpin(void)
{
	int p = some_pin();

	if (p < 0)
		return;
	fprintf(r.text, "unpin p%d\n", p);
	r.pin[p].held = false;
}

static void make_fork(void)
{
	int parent = some_space(), child = r.spaces;

	if (child == SPACES)
		return;
	r.spaces++;
	r.live[child] = true;
	memcpy(r.mapped[child], r.mapped[parent], sizeof(r.mapped[0]));
	memcpy(r.prot[child], r.prot[parent], sizeof(r.prot[0]));
	fprintf(r.text, "fork S%d S%d\n", parent, child);
}

static void make_exit(void)
{
	int space = some_space(), others = 0;

	for (int i = 0; i < r.spaces; i++)
		others += r.live[i];
	if (others < 2 || below(2))
		return;
	r.live[space] = false;
	fprintf(r.text, "exit S%d\n", space);
}

static void make_change(void)
{
	static const char *const words[] = { "none", "r", "rw" };
	int space = some_space(), m = some_mapping(space);
	uint64_t what = below(6);

	if (m < 0)
		return;
	if (what == 0) {
		fprintf(r.text, "unmap S%d m%d\n", space, m);
		r.mapped[space][m] = false;
	} else if (what < 3) {
		fprintf(r.text, "move S%d m%d\n", space, m);
	} else {
		r.prot[space][m] = below(3) ? 2 : (int)below(3);
		fprintf(r.text, "protect S%d m%d %s\n", space, m, words[r.prot[space][m]]);
	}
}

static void make_object_access(void)
{
	uint64_t length = 1 + below(60);

	fprintf(r.text, "%s F+%llu ", below(2) ? "write" : "expect",
		(unsigned long long)somewhere(PAGES * SCENARIO_PAGE, length));
	word(length);
}

static char *make_up(uint64_t seed)
{
	static void (*const makers[])(void) = {
		make_map, make_access, make_access, make_access, make_access, make_pin, make_pin, make_device,
		make_device, make_device, make_device, make_unpin, make_fork, make_exit, make_change,
		make_object_access,
	};
	char *text = NULL;
	size_t length;

	memset(&r, 0, sizeof(r));
	r.random = seed * 0x9e3779b97f4a7c15u + 1;
	r.text = open_memstream(&text, &length);
	r.spaces = 1;
	r.live[0] = true;
	fprintf(r.text, "object F %u\nspace S0\n", PAGES);
	make_map();
	for (int i = 0; i < STEPS; i++)
		makers[below(COUNT(makers))]();
	fputs("expect F ", r.text);	/* a scenario has to expect something */
	word(60);
	fclose(r.text);
	return text;
}

/* ---- the model says what is expected ------------------------------------- */

static void ask_model(struct scenario *s)
{
	struct reply reply = { 0 };
	struct judge *model = judge_model.open(&judge_model, s, &reply);

	for (size_t i = 0; i < s->nsteps; i++) {
		reply = (struct reply){ .bytes = s->steps[i].op >= OP_EXPECT_BYTES ? s->steps[i].bytes : NULL };
		judge_model.step(model, &s->steps[i], &reply);
	}
	judge_model.close(model, &reply);
}

static bool impossible_here(void)
{
	static const enum kernel_kind wanted[] = { KERNEL_READ_SHORT, KERNEL_WRITE_SHORT, KERNEL_WRITE_LONG };

	for (size_t i = 0; i < COUNT(wanted); i++)
		if (!kernel_probe()->kinds[wanted[i]].possible) {
			skip("random scenarios", kernel_probe()->kinds[wanted[i]].reason);
			return true;
		}
	return false;
}

int main(int argc, char **argv)
{
	uint64_t rounds = argc > 1 ? strtoull(argv[1], NULL, 10) : 300;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	uint64_t expectations = 0;

	begin_tests();
	for (uint64_t i = 0; i < rounds && !failed && !impossible_here(); i++) {
		char *text = make_up(seed + i);
		struct scenario *s = parse(text);
		struct verdict v;

		ask_model(s);
		run_scenario(s, &judge_kernel, &v);
		expectations += v.tried;
		if (v.verdict != VERDICT_HOLDS || v.left_out) {
			printf("seed %llu\n", (unsigned long long)(seed + i));
			scenario_print(s, stdout);
			result(false, "a random scenario", v.reason);
		}
		scenario_free(s);
		free(text);
	}
	if (!failed && !skipped) {
		printf("     %llu scenarios, %llu expectations\n", (unsigned long long)rounds,
		       (unsigned long long)expectations);
		result(nobody_left(), "random scenarios", "");
	}
	return closing_line();
}

/*
 * print.c - a scenario as canonical text: parsing it again gives an equal one
 *
 * One way to write each thing: sizes in huge pages or pages where they are whole ones, bytes
 * as a string where not all are zero, options in the order of docs/scenarios.md.
 */
#include "print.h"

#include <inttypes.h>
#include <string.h>

#include "memory.h"
#include "names.h"

void print_offset(uint64_t bytes, FILE *f)
{
	if (bytes / SCENARIO_HUGE)
		fprintf(f, "+%" PRIu64 "h", bytes / SCENARIO_HUGE);
	if (bytes % SCENARIO_HUGE / SCENARIO_PAGE)
		fprintf(f, "+%" PRIu64 "p", bytes % SCENARIO_HUGE / SCENARIO_PAGE);
	if (bytes % SCENARIO_PAGE)
		fprintf(f, "+%" PRIu64, bytes % SCENARIO_PAGE);
}

void print_size(uint64_t bytes, FILE *f)
{
	if (bytes % SCENARIO_PAGE)
		fprintf(f, "bytes %" PRIu64, bytes);
	else if (bytes && bytes % SCENARIO_HUGE == 0)
		fprintf(f, "%" PRIu64 "h", bytes / SCENARIO_HUGE);
	else
		fprintf(f, "%" PRIu64, bytes / SCENARIO_PAGE);
}

/* raw: bytes beyond ASCII as they are, for sentences; the parser takes both. */
static void print_string(const unsigned char *bytes, uint64_t length, bool raw, FILE *f)
{
	fputc('"', f);
	for (uint64_t i = 0; i < length; i++) {
		unsigned char c = bytes[i];

		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", f);
		else if (c == '\t')
			fputs("\\t", f);
		else if (c < ' ' || c == 127 || (c > 127 && !raw))
			fprintf(f, "\\x%02x", c);
		else
			fputc(c, f);
	}
	fputc('"', f);
}

void print_bytes(const unsigned char *bytes, uint64_t length, FILE *f)
{
	for (uint64_t i = 0; i < length; i++)
		if (bytes[i]) {
			print_string(bytes, length, false, f);
			return;
		}
	fprintf(f, "zero %" PRIu64, length);
}

/* ---- steps -------------------------------------------------------------- */

const char *print_name(char *const names[], int n, int i)
{
	return i >= 0 && i < n ? names[i] : "?";
}

#define SPACE(s, i) print_name((s)->spaces, (s)->nspaces, i)
#define MAPPING(s, i) print_name((s)->mappings, (s)->nmappings, i)
#define OBJECT(s, i) print_name((s)->objects, (s)->nobjects, i)
#define PIN(s, i) print_name((s)->pins, (s)->npins, i)

static void print_place(const struct scenario *s, const struct step *t, const char *word, FILE *f)
{
	fprintf(f, "%s %s %s", word, SPACE(s, t->space), MAPPING(s, t->mapping));
	print_offset(t->offset, f);
}

static void print_range(const struct scenario *s, const struct step *t, const char *word, FILE *f)
{
	print_place(s, t, word, f);
	if (t->length) {
		fputc(' ', f);
		print_size(t->length, f);
	}
}

static void print_pinned(const struct scenario *s, const struct step *t, const char *word, FILE *f)
{
	fprintf(f, "%s %s", word, PIN(s, t->pin));
	print_offset(t->offset, f);
}

static void print_cached(const struct scenario *s, const struct step *t, const char *word, FILE *f)
{
	fprintf(f, "%s %s", word, OBJECT(s, t->object));
	print_offset(t->offset, f);
}

static void print_contents(const struct step *t, FILE *f)
{
	fputc(' ', f);
	print_bytes(t->bytes, t->length, f);
}

static const char *prot_word(unsigned prot)
{
	return prot & PROT_W ? "rw" : prot & PROT_R ? "r" : "none";
}

static void print_map(const struct scenario *s, const struct step *t, FILE *f)
{
	print_place(s, t, "map", f);
	fputc(' ', f);
	if (t->object < 0) {
		fputs("anon", f);
	} else {
		fputs(OBJECT(s, t->object), f);
		print_offset(t->object_offset, f);
	}
	fprintf(f, " %s%s%s %s ", t->flags & MAP_SHARED_FLAG ? "shared" : "private",
		t->flags & MAP_SEALED_FLAG ? " sealed" : "", t->flags & MAP_HUGE_FLAG ? " huge" : "", prot_word(t->prot));
	print_size(t->length, f);
}

static void print_protect(const struct scenario *s, const struct step *t, FILE *f)
{
	bool seal = t->prot & PROT_SEAL_FLAG;

	print_range(s, t, "protect", f);
	if (!seal || (t->prot & ~(unsigned)PROT_SEAL_FLAG) != PROT_R)
		fprintf(f, " %s", prot_word(t->prot));
	if (seal)
		fputs(" seal", f);
}

static void print_remap(const struct scenario *s, const struct step *t, FILE *f)
{
	print_place(s, t, t->flags == REMAP_MOVE ? "move" : "remap", f);
	if (t->flags != REMAP_MOVE) {
		fputc(' ', f);
		print_size(t->length, f);
	}
}

static void print_advise(const struct scenario *s, const struct step *t, FILE *f)
{
	static const char *const words[] = { "discard", "dontfork", "dofork", "wipeonfork", "keeponfork", "huge", "nohuge" };

	print_range(s, t, t->flags < sizeof(words) / sizeof(words[0]) ? words[t->flags] : "?", f);
}

static void print_pin(const struct scenario *s, const struct step *t, FILE *f)
{
	bool get = t->flags & PIN_GET;

	print_place(s, t, get ? "get" : "pin", f);
	if (!get)
		fputs(t->flags & PIN_WRITE ? " write" : " read", f);
	if (t->flags & PIN_LONG)
		fputs(" long", f);
	if (t->flags & PIN_FAST)
		fputs(" fast-only", f);
	if (t->length && t->length % SCENARIO_HUGE == 0) {
		fputc(' ', f);
		print_size(t->length, f);
	} else if (t->length) {
		fprintf(f, " bytes %" PRIu64, t->length);
	}
	fprintf(f, " as %s", PIN(s, t->pin));
}

static void print_unpin(const struct scenario *s, const struct step *t, FILE *f)
{
	print_pinned(s, t, "unpin", f);
	if (t->length) {
		fputc(' ', f);
		print_size(t->length, f);
	}
	if (t->flags & UNPIN_DIRTY)
		fputs(" dirty", f);
}

static void print_fork(const struct scenario *s, const struct step *t, FILE *f)
{
	fprintf(f, "fork %s %s%s%s", SPACE(s, t->space), SPACE(s, t->child),
		t->flags == FORK_REFUSE ? " refuse" : t->flags == FORK_HOLE ? " hole" : "", t->value ? " report" : "");
}

static void print_object(const struct scenario *s, const struct step *t, const char *word, FILE *f)
{
	fprintf(f, "%s %s ", word, OBJECT(s, t->object));
	print_size(t->length, f);
}

static void print_load(const struct scenario *s, const struct step *t, FILE *f)
{
	bool named = t->result >= 0 && t->result < s->nvalues;

	print_place(s, t, "load", f);
	if (t->length != (named ? SCENARIO_VALUE : 1))
		fprintf(f, " %" PRIu64, t->length);
	if (named)
		fprintf(f, " as %s", s->values[t->result]);
}

/* A place or the like, and bytes. */
static void print_transfer(const struct scenario *s, const struct step *t, FILE *f)
{
	switch (t->op) {
	case OP_OBJECT_WRITE:
		print_cached(s, t, "write", f);
		break;
	case OP_EXPECT_OBJECT:
		print_cached(s, t, "expect", f);
		break;
	case OP_DEVICE_WRITE:
		print_pinned(s, t, "device", f);
		break;
	case OP_EXPECT_DEVICE:
		print_pinned(s, t, "expect", f);
		break;
	case OP_STORE:
		print_place(s, t, "store", f);
		break;
	default:
		print_place(s, t, "expect", f);
		break;
	}
	print_contents(t, f);
}

static void print_numbers(const struct scenario *s, const struct step *t, FILE *f)
{
	if (t->op == OP_FILL) {
		print_place(s, t, "fill", f);
		fprintf(f, " 0x%02" PRIx64 " %" PRIu64, t->value, t->length);
	} else if (t->op == OP_LISTEN) {
		fprintf(f, "listen %" PRIu64, t->value);
	} else if (t->op == OP_EXPECT_INVENTORY) {
		fprintf(f, "expect inventory %s", SPACE(s, t->space));
		if (t->flags & INVENTORY_COUNTED)
			fprintf(f, " %" PRIu64, t->value);
	} else if (t->op == OP_EXPECT_PATH) {
		fprintf(f, "expect %s %s", PIN(s, t->pin), t->value ? "fast" : "slow");
	} else {
		fprintf(f, "expect %s %" PRIu64, t->stat >= 0 && t->stat < stat_count ? stat_names[t->stat] : "?",
			t->value);
	}
}

static void print_huge(const struct scenario *s, const struct step *t, FILE *f)
{
	print_place(s, t, "expect", f);
	fputs(t->value ? " huge" : " small", f);
}

static void print_atomic(const struct scenario *s, const struct step *t, FILE *f)
{
	bool named = t->result >= 0 && t->result < s->nvalues;

	if (t->flags == ATOMIC_ADD && t->length == 8 && !named) {
		print_place(s, t, "add", f);
		fprintf(f, " %" PRIu64, t->value);
		return;
	}
	print_place(s, t, "atomic", f);
	fprintf(f, " %s", t->flags < ATOMICS ? atomic_words[t->flags] : "?");
	if (t->flags == ATOMIC_CAS)
		fprintf(f, " %" PRIu64, t->compare);
	if (t->flags != ATOMIC_LOAD)
		fprintf(f, " %" PRIu64, t->value);
	if (t->length != 8)
		fprintf(f, " bytes %" PRIu64, t->length);
	if (named)
		fprintf(f, " as %s", s->values[t->result]);
}

static void print_body(const struct scenario *s, const struct step *t, FILE *f)
{
	switch (t->op) {
	case OP_OBJECT:
		print_object(s, t, "object", f);
		break;
	case OP_OBJECT_RESIZE:
		print_object(s, t, "resize", f);
		break;
	case OP_MAP:
		print_map(s, t, f);
		break;
	case OP_UNMAP:
		print_range(s, t, "unmap", f);
		break;
	case OP_PROTECT:
		print_protect(s, t, f);
		break;
	case OP_REMAP:
		print_remap(s, t, f);
		break;
	case OP_ADVISE:
		print_advise(s, t, f);
		break;
	case OP_COLLAPSE:
		print_range(s, t, "collapse", f);
		break;
	case OP_LOAD:
		print_load(s, t, f);
		break;
	case OP_PIN:
		print_pin(s, t, f);
		break;
	case OP_UNPIN:
		print_unpin(s, t, f);
		break;
	case OP_SPACE:
		fprintf(f, "space %s", SPACE(s, t->space));
		break;
	case OP_FORK:
		print_fork(s, t, f);
		break;
	case OP_EXIT:
		fprintf(f, "exit %s", SPACE(s, t->space));
		break;
	case OP_DESTROY:
		fprintf(f, "destroy %s", t->object >= 0 ? OBJECT(s, t->object) : SPACE(s, t->space));
		break;
	case OP_COUNT:
		fputs("count", f);
		break;
	case OP_ATOMIC:
		print_atomic(s, t, f);
		break;
	case OP_EXPECT_HUGE:
		print_huge(s, t, f);
		break;
	case OP_FILL:
	case OP_LISTEN:
	case OP_EXPECT_PATH:
	case OP_EXPECT_STAT:
	case OP_EXPECT_INVENTORY:
		print_numbers(s, t, f);
		break;
	default:
		print_transfer(s, t, f);
		break;
	}
}

void print_promises(unsigned promises, FILE *f)
{
	for (int i = 0; i < PROMISES; i++)
		if (promises & 1u << i)
			fprintf(f, " %s", promise_names[i]);
}

void step_print(const struct scenario *s, const struct step *t, FILE *f)
{
	print_body(s, t, f);
	if (t->fails)
		fprintf(f, " fails %s", error_name(t->fails) ? error_name(t->fails) : "?");
	if (t->may_fail)
		fputs(" may fail", f);
	for (int i = 0; error_words[i]; i++)
		if (t->may_fail & 1u << i)
			fprintf(f, " %s", error_words[i]);
	if (t->mark >= 0 && t->mark < s->nmarks)
		fprintf(f, " as %s", s->marks[t->mark]);
	if (t->promises) {
		fputs(" promise", f);
		print_promises(t->promises, f);
	}
}

/* ---- the whole ---------------------------------------------------------- */

static void print_designs(const char *words, unsigned designs, FILE *f)
{
	if (!designs)
		return;
	fputs(words, f);
	for (int i = 0; broken_under_words[i]; i++)
		if (designs & 1u << i)
			fprintf(f, " %s", broken_under_words[i]);
	fputc('\n', f);
}

static void print_head(const struct scenario *s, FILE *f)
{
	fprintf(f, "scenario %s\nwhy ", s->title);
	print_string((const unsigned char *)s->why, strlen(s->why), true, f);
	fputs("\npromise", f);
	print_promises(s->promises, f);
	fputc('\n', f);
	print_designs("broken under", s->broken_under, f);
	print_designs("check under", s->check_under, f);
	if (s->pool_pages != SCENARIO_POOL) {
		fputs("pool ", f);
		print_size(s->pool_pages * SCENARIO_PAGE, f);
		fputc('\n', f);
	}
	if (s->polled)
		fputs("grace polled\n", f);
}

static void print_condition(const struct condition *c, FILE *f)
{
	fprintf(f, "%s %s", c->seen ? "seen" : "never", c->text);
	if (c->promises) {
		fputs(" promise", f);
		print_promises(c->promises, f);
	}
	fputc('\n', f);
}

void scenario_print(const struct scenario *s, FILE *f)
{
	int thread = 0;

	print_head(s, f);
	fputc('\n', f);
	for (size_t i = 0; i < s->nsteps; i++) {
		const struct step *t = &s->steps[i];

		if (t->thread != thread)
			fputs(t->thread > 0 ? "thread\n" : "end\n", f);
		thread = t->thread;
		fputs(thread > 0 ? "\t" : "", f);
		step_print(s, t, f);
		fputc('\n', f);
	}
	if (thread > 0)
		fputs("end\n", f);
	for (size_t i = 0; i < s->nconditions; i++)
		print_condition(&s->conditions[i], f);
}

/*
 * program.c - setup and threads: steps one after the other, and what they may come to
 *
 * An operation that should fail and does not fail so breaks the promises of its
 * line.  One that fails and must not is a violation, too, though of no promise.
 * A step whose space, mapping, pin or object was not made is passed over.
 */
#include "world.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "names.h"
#include "statics.h"

/* ---- what is wrong ------------------------------------------------------- */

bool wrong_at(enum wrong wrong, struct position at, unsigned broken, const char *format, ...)
{
	char what[sizeof(play.said.what)];
	int n = 0;
	va_list args;

	if (at.line)
		n = snprintf(what, sizeof(what), "%s:%d:%d: ", play.plan.scenario->path, at.line, at.column);
	if (n < 0 || (size_t)n >= sizeof(what))
		n = 0;
	va_start(args, format);
	vsnprintf(what + n, sizeof(what) - (size_t)n, format, args);
	va_end(args);
	/* The first of the search: what a shard's trial came to is said of nobody. */
	if (!play.said.set || (engine_is_good() && !engine_has_failed())) {
		play.said = (struct said){ .set = true, .open = engine_self() == OUTSIDE, .wrong = wrong, .broken = broken,
					   .at = at };
		strcpy(play.said.what, what);
	} else if (play.said.open && wrong == play.said.wrong) {
		play.said.broken |= broken;
	}
	engine_wrong(wrong, "%s", what);
	return false;
}

static unsigned promises_of(const struct step *step)
{
	return step->promises ? step->promises : play.plan.scenario->promises;
}

static const char *error_text(int error)
{
	const char *name = error_name(error);

	return name ? name : "an error without a name";
}

/* ---- misuse ----------------------------------------------------------------- */

/* What a line does on purpose is no misuse. */
static void hear_misuse(const char *message)
{
	uint8_t now = play.world.now[engine_self()];

	if (now < STEPS && (play.plan.steps[now].fails == EINVAL || step_may_fail(&play.plan.steps[now], EINVAL)))
		return;
	engine_wrong(WRONG_MISUSE, "%s", message);
}

/* A context for each handler: that it is another's is for the handler alone to see. */
static char contexts[SCENARIO_LISTENERS + 1];

static void hear_as(unsigned listener, const char *message, const void *context)
{
	uint8_t now = play.world.now[engine_self()];

	if (context != &contexts[listener])
		wrong_at(WRONG_PROMISE, now < STEPS ? play.plan.steps[now].at : (struct position){ 0, 0 },
			 play.plan.scenario->promises, "misuse handler %u is called with the context of another", listener);
	hear_misuse(message);
}

#define LISTENER(n) static void hear_##n(const char *message, void *context) { hear_as(n, message, context); }
LISTENER(0) LISTENER(1) LISTENER(2) LISTENER(3) LISTENER(4)

void program_listen(unsigned listener)
{
	static hf_misuse_handler *const listeners[] = { hear_0, hear_1, hear_2, hear_3, hear_4 };

	_Static_assert(sizeof(listeners) / sizeof(listeners[0]) == sizeof(contexts), "one for each number");
	hf_set_misuse_handler(listeners[listener], &contexts[listener]);
}

/* ---- expectations ------------------------------------------------------------- */

#define SHOWN_BYTES 16u

struct shown { char text[4 * SHOWN_BYTES + 8]; };

static struct shown show_bytes(const unsigned char *bytes, uint64_t length)
{
	struct shown s;
	size_t n = 0;

	s.text[n++] = '"';
	for (uint64_t i = 0; i < length && i < SHOWN_BYTES; i++) {
		if (bytes[i] >= ' ' && bytes[i] < 127 && bytes[i] != '"' && bytes[i] != '\\')
			s.text[n++] = (char)bytes[i];
		else
			n += (size_t)sprintf(s.text + n, bytes[i] ? "\\x%02x" : "\\0", bytes[i]);
	}
	strcpy(s.text + n, length > SHOWN_BYTES ? "\"..." : "\"");
	return s;
}

static bool expect_bytes(size_t i, const unsigned char *found)
{
	/* As it was written: a thread reads whole words, and what is behind the bytes is not asked. */
	const struct step *step = &play.plan.scenario->steps[i];

	if (!memcmp(found, step->bytes, step->length))
		return true;
	return wrong_at(WRONG_PROMISE, step->at, promises_of(step), "%s: found %s", play.plan.lines[i],
			show_bytes(found, step->length).text);
}

static bool expect_value(size_t i, uint64_t found)
{
	const struct step *step = &play.plan.steps[i];

	if (found == step->value || (step->op == OP_EXPECT_INVENTORY && !(step->flags & INVENTORY_COUNTED)))
		return true;
	if (step->op == OP_EXPECT_PATH)
		return wrong_at(WRONG_PROMISE, step->at, promises_of(step), "%s: it was %s", play.plan.lines[i],
				found ? "fast" : "slow");
	if (step->op == OP_EXPECT_HUGE)
		return wrong_at(WRONG_PROMISE, step->at, promises_of(step), "%s: it was %s", play.plan.lines[i],
				found ? "huge" : "small");
	return wrong_at(WRONG_PROMISE, step->at, promises_of(step), "%s: found %llu", play.plan.lines[i],
			(unsigned long long)found);
}

static bool expectation_answered(size_t i, int error, const unsigned char *bytes, uint64_t value)
{
	const struct step *step = &play.plan.steps[i];

	if (error == CALL_PASSED_OVER)
		return true;
	if (error)
		return wrong_at(WRONG_PROMISE, step->at, promises_of(step), "%s: it failed with %s", play.plan.lines[i],
				error_text(-error));
	return step->bytes ? expect_bytes(i, bytes) : expect_value(i, value);
}

/* ---- operations ------------------------------------------------------------------ */

static bool operation_answered(size_t i, int error)
{
	const struct step *step = &play.plan.steps[i];

	if (error == CALL_PASSED_OVER)
		return true;
	if (step->fails && -error == step->fails)
		return true;
	if (step->fails)
		return wrong_at(WRONG_PROMISE, step->at, promises_of(step), "%s: it %s%s", play.plan.lines[i],
				error ? "failed with " : "was done", error ? error_text(-error) : "");
	if (!error || step_may_fail(step, -error))
		return true;
	return wrong_at(WRONG_PROMISE, step->at, 0, "%s: it failed with %s, and must not", play.plan.lines[i],
			error_text(-error));
}

/* What came of it, for the story. */
static void note_result(const struct step *step, int error, const unsigned char *bytes, uint64_t value)
{
	if (error == CALL_PASSED_OVER)
		engine_note("= passed over: what it needs was not made");
	else if (error)
		engine_note("= %s", error_text(-error));
	else if (step->op == OP_PIN && !(step->flags & PIN_GET))
		engine_note("= pinned, %s", value ? "fast" : "slow");
	else if (step->result >= 0)
		engine_note("= %s", show_bytes(bytes, step->length).text);
	else
		engine_note("= done");
}

static void keep_result(struct world *w, size_t i, int error, const unsigned char *bytes, uint64_t value)
{
	const struct step *step = &play.plan.steps[i];
	struct result *result = &w->result[i];

	result->fate = error == CALL_PASSED_OVER ? FATE_PASSED_OVER : error ? FATE_FAILED : FATE_DONE;
	result->error = (uint8_t)(error < 0 ? -error : 0);
	result->fast = step->op == OP_PIN && !error && value;
	if (step->result >= 0 && !error)
		memcpy(w->value[step->result], bytes, step->length);
}

bool program_step(struct world *w, size_t i)
{
	const struct step *step = &play.plan.steps[i];
	bool in_thread = engine_self() != OUTSIDE;
	unsigned char bytes[LOAD_MOST];
	uint64_t value = 0;
	int error;

	w->now[engine_self()] = (uint8_t)i;
	if (in_thread)
		engine_note("%s", play.plan.lines[i]);
	error = call_step(w, i, bytes, &value);
	keep_result(w, i, error, bytes, value);
	if (in_thread)
		note_result(step, error, bytes, value);
	if (step->op >= OP_EXPECT_BYTES)
		return expectation_answered(i, error, bytes, value);
	return operation_answered(i, error);
}

/* ---- setup and threads -------------------------------------------------------------- */

static bool open_pool(struct world *w)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = play.plan.pool_pages * EXPLORED_PAGE };
	int error = hf_pool_create(&config, &w->pool);

	if (error)
		return wrong_at(WRONG_LIMIT, (struct position){ 0, 0 }, 0, "no pool of %llu pages: %s",
				(unsigned long long)play.plan.pool_pages, error_text(-error));
	hf_pool_stats(w->pool, &w->count);
	w->free_at_start = w->count.pages_free;
	w->statics = statics_bytes() ? engine_alloc(statics_bytes()) : NULL;
	statics_put(w->statics);
	if (play.plan.words)
		w->words = engine_alloc(play.plan.words * sizeof(*w->words));
	program_listen(0);
	return true;
}

/* What was set up is what each execution begins with. */
static void forget_changes(struct world *w)
{
	for (int s = 0; s < SPACES; s++)
		for (int m = 0; m < MAPPINGS; m++)
			w->base[s][m].changed = false;
}

void program_setup(void *context)
{
	const struct scenario *s = play.plan.scenario;
	struct world *w = context;
	bool ok;

	memset(w, 0, sizeof(*w));
	ok = open_pool(w);	/* once, or again: the engine begins anew when it has learnt what threads share */
	for (size_t i = 0; ok && i < s->nsteps; i++)
		if (!s->steps[i].thread)
			ok = program_step(w, i);
	forget_changes(w);
	names_learn(w);
}

void program_thread(void *context, unsigned thread)
{
	const struct scenario *s = play.plan.scenario;

	for (size_t i = 0; i < s->nsteps; i++)
		if (s->steps[i].thread == (int)thread + 1)
			program_step(context, i);
}

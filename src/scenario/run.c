/*
 * run.c - the runner: from a judge's answers to a verdict
 *
 * Judges carry out and look; only the runner compares.  It keeps these rules:
 *
 *   - an expectation that does not hold breaks the promises of its line, else
 *     those of the head, and the run goes on;
 *   - so does an operation that should fail and does not fail so;
 *   - an operation that fails although it must not ends the run: what follows
 *     would be about another state.  That is an error, unless a promise was
 *     broken before, which may well be the reason;
 *   - one that may fail so is as good either way, and expects nothing; what then
 *     is about a thing that was not made is passed over;
 *   - an operation that the judge can't do skips the scenario, an expectation
 *     that it can't see is left out and counted; it never guesses;
 *   - a promise of the head holds only by an expectation that was seen: where
 *     some were left out and the rest is about other promises, nothing of what
 *     the scenario is about was seen, and it is skipped.
 */
#include "run.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "names.h"
#include "present.h"
#include "trace.h"

const char *const verdict_names[VERDICTS] = { "holds", "broken", "skipped", "error" };

struct run {
	const struct scenario *scenario;
	const struct judge_ops *ops;
	struct judge *judge;
	struct verdict *verdict;
	struct trace trace;
	struct present present;
	bool passes_over;	/* some operation may fail */
	unsigned seen;		/* bit set: the promises that what was tried is about */
	bool over;
};

/* ---- saying it ---------------------------------------------------------- */

/* Nothing that a judge or a page holds may upset a terminal or a line-based reader. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (!isprint((unsigned char)*text) && (unsigned char)*text < 128)
			*text = '?';
}

/* The first reason stays. */
static void __attribute__((format(printf, 3, 4))) say(struct run *r, const struct step *step, const char *format, ...)
{
	struct verdict *v = r->verdict;
	int n = 0;
	va_list args;

	if (v->reason[0])
		return;
	if (step) {
		v->at = step->at;
		n = snprintf(v->reason, sizeof(v->reason), "%s:%d:%d: ", r->scenario->path, step->at.line, step->at.column);
	}
	if (n < 0 || (size_t)n >= sizeof(v->reason))
		n = 0;
	va_start(args, format);
	vsnprintf(v->reason + n, sizeof(v->reason) - (size_t)n, format, args);
	va_end(args);
	make_printable(v->reason);
}

/* A reason of greater weight takes the place of the first. */
static void end_run(struct run *r, enum verdict_kind kind)
{
	r->verdict->verdict = kind;
	r->verdict->reason[0] = '\0';
	r->over = true;
}

/* A step as a line, short enough for a message. */
struct line { char text[120]; };

static struct line line_of(const struct scenario *s, const struct step *step)
{
	struct line line = { "" };
	char *text = NULL;
	size_t length = 0, most = sizeof(line.text) - 1;
	FILE *f = open_memstream(&text, &length);

	if (!f)
		return line;
	step_print(s, step, f);
	if (!fclose(f) && text) {
		memcpy(line.text, text, length < most ? length : most);
		if (length > most)
			memcpy(line.text + most - 3, "...", 3);
	}
	free(text);
	return line;
}

#define SHOWN_BYTES 16

struct shown { char text[4 * SHOWN_BYTES + 8]; };

/* Up to SHOWN_BYTES of them, as a scenario would write them. */
static struct shown show_bytes(const unsigned char *bytes, uint64_t length)
{
	struct shown s;
	uint64_t part = length < SHOWN_BYTES ? length : SHOWN_BYTES;
	size_t n = 0;

	s.text[n++] = '"';
	for (uint64_t i = 0; i < part; i++) {
		if (bytes[i] == '"' || bytes[i] == '\\')
			n += (size_t)sprintf(s.text + n, "\\%c", bytes[i]);
		else if (bytes[i] >= ' ' && bytes[i] < 127)
			s.text[n++] = (char)bytes[i];
		else
			n += (size_t)sprintf(s.text + n, bytes[i] ? "\\x%02x" : "\\0", bytes[i]);
	}
	s.text[n++] = '"';
	strcpy(s.text + n, part < length ? "..." : "");
	return s;
}

struct error { char text[32]; };

static struct error show_error(int error)
{
	struct error e;
	const char *name = error_name(error);

	if (name)
		snprintf(e.text, sizeof(e.text), "%s", name);
	else
		snprintf(e.text, sizeof(e.text), "error %d", error);
	return e;
}

/* ---- what an answer means ----------------------------------------------- */

static unsigned promises_of(const struct run *r, const struct step *step)
{
	return step->promises ? step->promises : r->scenario->promises;
}

static void count_tried(struct run *r, const struct step *step)
{
	r->verdict->tried++;
	r->seen |= promises_of(r, step);
}

static void break_promise(struct run *r, const struct step *step, const char *expected, const char *found)
{
	struct verdict *v = r->verdict;

	v->failed++;
	v->broken |= promises_of(r, step);
	v->verdict = VERDICT_BROKEN;
	say(r, step, "%s: expected %s, found %s", line_of(r->scenario, step).text, expected, found);
	trace_note(&r->trace, "expected %s, found %s", expected, found);
}

static void in_trouble(struct run *r, const struct step *step, const char *why)
{
	end_run(r, VERDICT_ERROR);
	say(r, step, "%s", why);
	trace_note(&r->trace, "error: %s", why);
}

static void skip(struct run *r, const struct step *step, const char *why)
{
	end_run(r, VERDICT_SKIPPED);
	say(r, step, "%s", why);
	trace_note(&r->trace, "skipped: %s", why);
}

static void leave_out(struct run *r, const char *why)
{
	struct verdict *v = r->verdict;

	if (!v->left_out++)
		snprintf(v->left_out_reason, sizeof(v->left_out_reason), "%s", why);
	trace_note(&r->trace, "left out: %s", why);
}

/* ---- operations --------------------------------------------------------- */

static void must_have_failed(struct run *r, const struct step *step, const struct reply *reply)
{
	struct error found = { "that it was done" };

	count_tried(r, step);
	if (reply->answer == ANSWER_FAILED && reply->error == step->fails) {
		trace_note(&r->trace, "fails with %s, as expected", show_error(step->fails).text);
		return;
	}
	if (reply->answer == ANSWER_FAILED)
		found = show_error(reply->error);
	break_promise(r, step, show_error(step->fails).text, found.text);
}

static void must_have_worked(struct run *r, const struct step *step, const struct reply *reply)
{
	if (reply->answer == ANSWER_DONE)
		return;
	if (step_may_fail(step, reply->error)) {
		trace_note(&r->trace, "fails with %s, as it may", show_error(reply->error).text);
		return;
	}
	trace_note(&r->trace, "fails with %s, which was not expected", show_error(reply->error).text);
	if (r->verdict->failed) {	/* after a broken promise one thing leads to another */
		r->over = true;
		return;
	}
	end_run(r, VERDICT_ERROR);
	say(r, step, "%s: failed with %s, and must not", line_of(r->scenario, step).text, show_error(reply->error).text);
}

/* ---- expectations ------------------------------------------------------- */

static void compare_bytes(struct run *r, const struct step *step, const unsigned char *found)
{
	uint64_t first = 0, rest;
	char expected_text[160], found_text[160];
	const char *where = "";
	char place[48];

	while (first < step->length && found[first] == step->bytes[first])
		first++;
	if (first == step->length)
		return;
	if (first < SHOWN_BYTES)	/* near enough to be shown from the beginning */
		first = 0;
	if (first) {
		snprintf(place, sizeof(place), " from byte %llu on", (unsigned long long)first);
		where = place;
	}
	rest = step->length - first;
	snprintf(expected_text, sizeof(expected_text), "%s%s", show_bytes(step->bytes + first, rest).text, where);
	snprintf(found_text, sizeof(found_text), "%s", show_bytes(found + first, rest).text);
	break_promise(r, step, expected_text, found_text);
}

static void compare_value(struct run *r, const struct step *step, const struct reply *reply)
{
	char expected[32], found[32];

	if (reply->value == step->value || (step->op == OP_EXPECT_INVENTORY && !(step->flags & INVENTORY_COUNTED)))
		return;
	if (step->op == OP_EXPECT_PATH) {
		break_promise(r, step, step->value ? "fast" : "slow", reply->value ? "fast" : "slow");
		return;
	}
	if (step->op == OP_EXPECT_HUGE) {
		break_promise(r, step, step->value ? "huge" : "small", reply->value ? "huge" : "small");
		return;
	}
	snprintf(expected, sizeof(expected), "%llu", (unsigned long long)step->value);
	snprintf(found, sizeof(found), "%llu", (unsigned long long)reply->value);
	break_promise(r, step, expected, found);
}

static void expectation_answered(struct run *r, const struct step *step, const struct reply *reply)
{
	count_tried(r, step);
	if (reply->answer == ANSWER_FAILED)
		break_promise(r, step, step->bytes ? show_bytes(step->bytes, step->length).text : "an answer",
			      show_error(reply->error).text);
	else if (step->bytes)
		compare_bytes(r, step, reply->bytes);
	else
		compare_value(r, step, reply);
}

/* ---- steps -------------------------------------------------------------- */

static bool is_expectation(const struct step *step)
{
	return step->op >= OP_EXPECT_BYTES;
}

static bool wants_bytes(const struct step *step)
{
	return step->op == OP_LOAD || (is_expectation(step) && step->bytes);
}

static void judge_answered(struct run *r, const struct step *step, const struct reply *reply)
{
	if (reply->answer == ANSWER_BROKEN)
		in_trouble(r, step, reply->reason);
	else if (reply->answer == ANSWER_CANNOT && is_expectation(step))
		leave_out(r, reply->reason);
	else if (reply->answer == ANSWER_CANNOT)
		skip(r, step, reply->reason);
	else if (is_expectation(step))
		expectation_answered(r, step, reply);
	else if (step->fails)
		must_have_failed(r, step, reply);
	else
		must_have_worked(r, step, reply);
}

static void run_step(struct run *r, const struct step *step)
{
	struct reply reply = { .answer = ANSWER_DONE };

	if (r->passes_over && !step_is_possible(&r->present, step)) {
		trace_step(&r->trace, r->scenario, step);
		trace_note(&r->trace, "passed over: what it is about was not made");
		return;
	}
	if (wants_bytes(step)) {
		reply.bytes = must_alloc(NULL, step->length);
		memset(reply.bytes, 0, step->length);
	}
	trace_step(&r->trace, r->scenario, step);
	r->ops->step(r->judge, step, &reply);
	make_printable(reply.reason);
	trace_changes(&r->trace, r->judge);
	if (reply.answer == ANSWER_DONE)
		step_has_succeeded(&r->present, step);
	judge_answered(r, step, &reply);
	free(reply.bytes);
}

static bool open_judge(struct run *r)
{
	struct reply reply = { .answer = ANSWER_DONE };

	r->judge = r->ops->open(r->ops, r->scenario, &reply);
	make_printable(reply.reason);
	if (r->judge)
		return true;
	if (reply.answer == ANSWER_CANNOT)
		skip(r, NULL, reply.reason);
	else
		in_trouble(r, NULL, reply.reason[0] ? reply.reason : "the judge did not start");
	return false;
}

static void close_judge(struct run *r)
{
	struct reply reply = { .answer = ANSWER_DONE };
	char why[sizeof(reply.reason) + 16];

	r->ops->close(r->judge, &reply);
	make_printable(reply.reason);
	if (reply.answer == ANSWER_DONE || r->verdict->verdict == VERDICT_ERROR)
		return;
	snprintf(why, sizeof(why), "at the end: %s", reply.reason);
	in_trouble(r, NULL, why);
}

static void run_steps(struct run *r)
{
	if (!open_judge(r))
		return;
	for (size_t i = 0; i < r->scenario->nsteps; i++)
		r->passes_over |= r->scenario->steps[i].may_fail != 0;
	for (size_t i = 0; i < r->scenario->nsteps && !r->over; i++)
		run_step(r, &r->scenario->steps[i]);
	close_judge(r);
}

/* ---- the verdict -------------------------------------------------------- */

bool broken_is_expected(const struct scenario *s, const struct judge_ops *ops)
{
	if (ops->design >= 0)
		return s->broken_under & 1u << ops->design;
	return !strcmp(ops->name, "kernel") && (s->broken_under & BROKEN_UNDER_KERNEL);
}

static void conclude(struct run *r)
{
	struct verdict *v = r->verdict;
	bool broken;

	if (v->verdict == VERDICT_HOLDS && v->left_out && !(r->seen & r->scenario->promises)) {
		v->verdict = VERDICT_SKIPPED;
		say(r, NULL, "of what it is about nothing can be seen here: %s", v->left_out_reason);
	}
	if (v->verdict != VERDICT_BROKEN)
		v->broken = 0;
	broken = v->verdict == VERDICT_BROKEN;
	v->as_expected = v->verdict == VERDICT_SKIPPED ||
			 (v->verdict != VERDICT_ERROR && broken == broken_is_expected(r->scenario, r->ops));
	if (!r->trace.out)
		return;
	fprintf(r->trace.out, "\n%s", verdict_names[v->verdict]);
	for (int i = 0; i < PROMISES; i++)
		if (v->broken & 1u << i)
			fprintf(r->trace.out, " %s", promise_names[i]);
	fprintf(r->trace.out, "%s%s\n", v->reason[0] ? ": " : "", v->reason);
}

void run_scenario_traced(const struct scenario *s, const struct judge_ops *ops, struct verdict *v, FILE *trace)
{
	struct run r = { .scenario = s, .ops = ops, .verdict = v };

	memset(v, 0, sizeof(*v));
	trace_open(&r.trace, trace, s, ops);
	if (s->nthreads)
		skip(&r, NULL, "has parts that run at the same time");
	else
		run_steps(&r);
	conclude(&r);
	trace_close(&r.trace);
}

void run_scenario(const struct scenario *s, const struct judge_ops *ops, struct verdict *v)
{
	run_scenario_traced(s, ops, v, NULL);
}

/*
 * story.c - from a recorded execution to a story
 *
 * Asks for the names of addresses and for values in words, while they can be had;
 * chooses the steps that are shown and numbers them.  What is told about a step
 * stands in story_lines.c.
 */
#include "story.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

const char *const event_kind_names[EVENT_KINDS] = {
	[EVENT_LOAD] = "load", [EVENT_STORE] = "store", [EVENT_RMW] = "rmw", [EVENT_CAS] = "cas",
	[EVENT_CAS_FAILED] = "cas-failed", [EVENT_FENCE] = "fence", [EVENT_LOCK] = "lock", [EVENT_UNLOCK] = "unlock",
	[EVENT_ENTER] = "enter", [EVENT_LEAVE] = "leave", [EVENT_GRACE_BEGIN] = "grace-begin",
	[EVENT_GRACE_END] = "grace-end", [EVENT_PAUSE] = "pause", [EVENT_FLUSH] = "flush", [EVENT_NOTE] = "note",
	[EVENT_PLAIN] = "plain", [EVENT_CUT] = "cut", [EVENT_CUT_END] = "cut-end", [EVENT_COMMIT] = "commit",
	[EVENT_COMMIT_FAILED] = "commit-failed", [EVENT_POLL_BEGIN] = "poll-begin", [EVENT_POLL] = "poll",
};

const char *const event_order_names[] = { "relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst" };

/* ---- what events are ---------------------------------------------------------------------- */

bool event_reads(const struct event *event)
{
	return event->kind == EVENT_LOAD || event->kind == EVENT_RMW || event->kind == EVENT_CAS ||
	       event->kind == EVENT_CAS_FAILED;
}

bool event_writes(const struct event *event)
{
	return event->kind == EVENT_STORE || event->kind == EVENT_RMW || event->kind == EVENT_CAS ||
	       event->kind == EVENT_FLUSH || event->kind == EVENT_PLAIN;
}

bool event_changes(const struct event *event)
{
	if (event->kind == EVENT_STORE)
		return event->before != event->after || event->written != event->after;
	if (event->kind == EVENT_RMW || event->kind == EVENT_CAS)
		return event->read != event->written;
	return event_writes(event) && event->before != event->after;
}

bool event_is_stale(const struct event *event)
{
	return event_reads(event) && event->missed >= 0;
}

bool event_is_culprit(const struct run *run, size_t event)
{
	return run->culprit[0] == (int)event || run->culprit[1] == (int)event;
}

bool event_same_place(const struct event *a, const struct event *b)
{
	uintptr_t x = (uintptr_t)a->address, y = (uintptr_t)b->address;

	return x && y && (x == y || (x < y + b->bytes && y < x + a->bytes));
}

static bool is_lock(const struct event *event)
{
	return event->kind == EVENT_LOCK || event->kind == EVENT_UNLOCK;
}

struct story_step *story_step(const struct explore_run *story, int event)
{
	return &story->steps[event];
}

char *story_format(const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return must_copy(text, strlen(text));
}

static char *copy_of(const char *text)
{
	return text ? must_copy(text, strlen(text)) : NULL;
}

/* ---- words ------------------------------------------------------------------------------------ */

/* What has no name gets the number of its first appearance. */
static char *name_of(const struct explore_run *story, const struct story_words *words, size_t i)
{
	const struct event *event = &story->run->events[i];
	char text[160] = "";
	unsigned number = 1;

	if (!event->address)
		return NULL;
	if (words->program && words->program->name)
		words->program->name(words->program->context, event->address, text, sizeof(text));
	if (*text)
		return copy_of(text);
	for (size_t a = 0; a < i; a++) {
		const struct event *earlier = &story->run->events[a];
		bool first = earlier->address && !strncmp(story->steps[a].name, "location ", 9);

		if (first && earlier->address == event->address)
			return copy_of(story->steps[a].name);
		for (size_t b = 0; b < a && first; b++)
			first = story->run->events[b].address != earlier->address;
		number += first;
	}
	return story_format("location %u", number);
}

static char *value_of(const struct story_words *words, const struct event *event, uint64_t value)
{
	char text[160] = "";

	if (words->program && words->program->value)
		words->program->value(words->program->context, event->address, value, text, sizeof(text));
	if (*text)
		return copy_of(text);
	return value < 65536 ? story_format("%llu", (unsigned long long)value) :
			       story_format("0x%llx", (unsigned long long)value);
}

static void find_words(struct explore_run *story, const struct story_words *words, size_t i)
{
	const struct event *event = &story->run->events[i];
	struct story_step *step = &story->steps[i];

	step->name = name_of(story, words, i);
	step->site = words->site && event->site ? words->site(event->site) : NULL;
	if (!event->address || is_lock(event))
		return;
	if (event_reads(event))
		step->read = value_of(words, event, event->read);
	if (event_writes(event))
		step->written = value_of(words, event, event->written);
	step->before = value_of(words, event, event->before);
	step->after = value_of(words, event, event->after);
}

/* ---- what is shown -------------------------------------------------------------------------------- */

struct others {
	bool touch, change, lock;	/* another thread: the same bytes, the same lock */
};

static struct others look_at_others(const struct run *run, size_t i)
{
	const struct event *event = &run->events[i];
	struct others others = { false, false, false };

	for (size_t a = 0; a < run->count; a++) {
		const struct event *other = &run->events[a];

		if (other->thread == event->thread || !event_same_place(event, other))
			continue;
		others.touch |= event_reads(other) || event_writes(other);
		others.change |= event_changes(other);
		others.lock |= is_lock(other);
	}
	return others;
}

/* The thread has seen this value there already, or stored it itself. */
static bool knows_already(const struct run *run, size_t i)
{
	const struct event *event = &run->events[i];

	for (size_t a = i; a-- > 0;) {
		const struct event *earlier = &run->events[a];

		if (earlier->thread == event->thread && event_same_place(earlier, event))
			return event->read == (event_writes(earlier) ? earlier->written : earlier->read);
	}
	return false;
}

/* Does somebody else look at sections? */
static bool somebody_looks(const struct run *run, unsigned thread)
{
	for (size_t i = 0; i < run->count; i++) {
		enum event_kind kind = run->events[i].kind;

		if (run->events[i].thread != thread &&
		    (kind == EVENT_GRACE_BEGIN || kind == EVENT_CUT || kind == EVENT_POLL_BEGIN))
			return true;
	}
	return false;
}

static bool is_shown(const struct run *run, size_t i, bool key)
{
	const struct event *event = &run->events[i];
	struct others others = look_at_others(run, i);

	switch (event->kind) {
	case EVENT_LOAD:
	case EVENT_CAS_FAILED:
		return event_is_stale(event) || (others.change && !knows_already(run, i));
	case EVENT_STORE:
	case EVENT_RMW:
	case EVENT_CAS:
	case EVENT_FLUSH:
		return event_is_stale(event) || (event_changes(event) && (others.touch || key));
	case EVENT_PLAIN:
		return event_changes(event) && key;
	case EVENT_FENCE:
		return event->order == ORDER_SEQ_CST;
	case EVENT_LOCK:
	case EVENT_UNLOCK:
		return others.lock;
	case EVENT_ENTER:
	case EVENT_LEAVE:
		return somebody_looks(run, event->thread);
	case EVENT_CUT:
		return event->read;
	case EVENT_POLL:
		return !event->read;
	case EVENT_NOTE:
	case EVENT_COMMIT:
		return false;
	default:
		return true;
	}
}

static void show(struct explore_run *story, int event)
{
	if (event >= 0)
		story->steps[event].shown = true;
}

/* And what a stale read is explained with. */
static void show_why(struct explore_run *story, size_t read)
{
	struct story_why why = story_why(story->run, (int)read);

	show(story, why.write);
	if (why.kind != WHY_UNKNOWN) {
		show(story, why.look);
		show(story, why.other);
	}
}

static void choose(struct explore_run *story, const struct story_words *words)
{
	const struct run *run = story->run;
	void *context = words->program ? words->program->context : NULL;

	for (size_t i = 0; i < run->count; i++) {
		const struct event *event = &run->events[i];
		bool key = words->key && event->address && words->key(context, event->address);

		if (is_shown(run, i, key) || event_is_culprit(run, i))
			show(story, (int)i);
		if (event_is_stale(event))
			show_why(story, i);
	}
}

/* A lock that is taken and given back at once, with nothing told in between, says nothing. */
static void hide_short_locks(struct explore_run *story)
{
	const struct event *events = story->run->events;

	for (size_t i = 0; i < story->run->count; i++) {
		size_t end = i + 1;

		if (events[i].kind != EVENT_LOCK || event_is_culprit(story->run, i))
			continue;
		while (end < story->run->count && events[end].thread == events[i].thread && !story->steps[end].shown &&
		       events[end].kind != EVENT_NOTE)
			end++;
		if (end == story->run->count || events[end].kind != EVENT_UNLOCK || events[end].thread != events[i].thread ||
		    events[end].address != events[i].address || event_is_culprit(story->run, end))
			continue;
		story->steps[i].shown = story->steps[end].shown = false;
	}
}

static void number_steps(struct explore_run *story)
{
	const struct run *run = story->run;
	long last = -1;

	for (size_t i = 0; i < run->count; i++) {
		struct story_step *step = &story->steps[i];

		story->switches += last >= 0 && run->events[i].thread != (unsigned)last;
		last = (long)run->events[i].thread;
		if (run->events[i].kind == EVENT_NOTE)
			continue;
		if (step->shown)
			step->number = ++story->shown;
		else
			story->hidden++;
		story->stale += event_is_stale(&run->events[i]);
	}
}

/* ---- the scenario's own lines --------------------------------------------------------------------- */

static void add_row(struct story_block *block, char *text, bool marked)
{
	block->rows = must_alloc(block->rows, (block->count + 1) * sizeof(*block->rows));
	block->rows[block->count++] = (struct story_row){ text, marked };
}

static char *step_text(const struct scenario *scenario, const struct step *step)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return copy_of("?");
	step_print(scenario, step, out);
	fclose(out);
	return text;
}

static void find_lines(struct explore_run *story, const struct story_words *words)
{
	const struct scenario *scenario = words->scenario;

	for (size_t i = 0; scenario && i < scenario->nsteps; i++) {
		const struct step *step = &scenario->steps[i];
		bool marked = words->at.line && step->at.line == words->at.line;

		if (step->thread <= 0)
			add_row(step->thread ? &story->after : &story->setup, step_text(scenario, step), marked);
	}
	/* Of what must never be, that alone which was. */
	for (size_t i = 0; scenario && i < scenario->nconditions; i++) {
		const struct condition *condition = &scenario->conditions[i];

		if (words->at.line && condition->at.line == words->at.line && !condition->seen)
			add_row(&story->never, copy_of(condition->text), true);
	}
}

static void free_block(struct story_block *block)
{
	for (size_t i = 0; i < block->count; i++)
		free(block->rows[i].text);
	free(block->rows);
}

/* ---- making and freeing ------------------------------------------------------------------------------ */

struct explore_run *story_make(struct run *run, const struct story_words *words)
{
	struct explore_run *story = must_alloc(NULL, sizeof(*story));

	memset(story, 0, sizeof(*story));
	run_straighten(run);
	story->run = run;
	story->steps = must_alloc(NULL, run->count * sizeof(*story->steps));
	memset(story->steps, 0, run->count * sizeof(*story->steps));
	story->name = copy_of(words->name);
	story->kind = copy_of(words->kind);
	story->design = copy_of(words->design);
	story->model = copy_of(words->model);
	story->verdict = copy_of(words->verdict ? words->verdict : run->what);
	story->replay = copy_of(words->replay);
	for (size_t i = 0; i < run->count; i++)
		find_words(story, words, i);
	story_find_labels(story);
	choose(story, words);
	hide_short_locks(story);
	number_steps(story);
	find_lines(story, words);
	return story;
}

void story_repair(struct explore_run *story, const char *text)
{
	free(story->repair);
	story->repair = copy_of(text);
}

void story_free(struct explore_run *story)
{
	if (!story)
		return;
	for (size_t i = 0; i < story->run->count; i++) {
		struct story_step *step = &story->steps[i];
		char *texts[] = { step->name, step->read, step->written, step->before, step->after };

		for (size_t j = 0; j < sizeof(texts) / sizeof(*texts); j++)
			free(texts[j]);
	}
	free_block(&story->setup);
	free_block(&story->after);
	free_block(&story->never);
	free(story->name);
	free(story->kind);
	free(story->design);
	free(story->model);
	free(story->verdict);
	free(story->replay);
	free(story->repair);
	free(story->steps);
	run_free(story->run);
	free(story);
}

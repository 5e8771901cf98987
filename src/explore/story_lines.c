/*
 * story_lines.c - what is told of each step
 *
 *	A: fork A B                                       a call begins
 *	F1  A forking: 0 -> 1                             a change: what was there, what is
 *	A buf entry: reads frame 7 W PINNABLE             a read
 *	A forking: reads 0, not the 1 of step 1: ...      a stale one
 *	= 0   ... and 12 steps of its own                 its result
 *
 * A call's steps that are not shown are counted with its result.
 */
#include "story.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* ---- one step ------------------------------------------------------------------------------ */

/* Stores wait in a buffer under TSO, and leave it in a step of their own. */
static bool has_buffers(const struct explore_run *story)
{
	if (story->model && !strcmp(story->model, "tso"))
		return true;
	for (size_t i = 0; i < story->run->count; i++)
		if (story->run->events[i].kind == EVENT_FLUSH)
			return true;
	return false;
}

static size_t parts(const char *text)
{
	size_t count = 1;

	while ((text = strstr(text, ", "))) {
		text += 2;
		count++;
	}
	return count;
}

/* What differs of two values that are lists with commas: "1 reference, 1 pin" and "1 reference, 2 pins". */
static char *difference(const char *text, const char *other)
{
	char *rest = must_copy("", 0), *longer;

	if (parts(text) != parts(other) || !strcmp(text, other)) {
		free(rest);
		return must_copy(text, strlen(text));
	}
	for (size_t left = parts(text); left; left--) {
		size_t a = left > 1 ? (size_t)(strstr(text, ", ") - text) : strlen(text);
		size_t b = left > 1 ? (size_t)(strstr(other, ", ") - other) : strlen(other);

		if (a != b || memcmp(text, other, a)) {
			longer = story_format("%s%s%.*s", rest, *rest ? ", " : "", (int)a, text);
			free(rest);
			rest = longer;
		}
		text += left > 1 ? a + 2 : a;
		other += left > 1 ? b + 2 : b;
	}
	return rest;
}

static char *from_to(const char *name, const char *from, const char *to)
{
	char *was = difference(from, to), *is = difference(to, from);
	char *text = story_format("%s: %s -> %s", name, was, is);

	free(was);
	free(is);
	return text;
}

/* The thread's last look at the place found the same old value, and missed the same store. */
static bool seen_before(const struct run *run, size_t i)
{
	const struct event *event = &run->events[i];

	for (size_t a = i; a-- > 0;) {
		const struct event *earlier = &run->events[a];

		if (earlier->thread == event->thread && event_same_place(earlier, event))
			return earlier->kind == EVENT_LOAD && earlier->from == event->from &&
			       earlier->missed == event->missed;
	}
	return false;
}

static char *read_text(const struct explore_run *story, size_t i)
{
	const struct event *event = &story->run->events[i];
	const struct story_step *step = &story->steps[i];
	const struct story_step *missed = event->missed >= 0 ? &story->steps[event->missed] : NULL;

	if (!missed)
		return story_format("%s: reads %s", step->name, step->read);
	if (seen_before(story->run, i))
		return story_format("%s: reads the same old value", step->name);
	if (!missed->number || !step->number)
		return story_format("%s: reads %s, not the newer %s", step->name, step->read, missed->written);
	return story_format("%s: reads %s, not %s of step %u: nothing orders step %u before step %u", step->name,
			    step->read, missed->written, missed->number, missed->number, step->number);
}

static char *store_text(const struct explore_run *story, size_t i)
{
	const struct event *event = &story->run->events[i];
	const struct story_step *step = &story->steps[i];

	if (event->after == event->written)
		return from_to(step->name, step->before, step->after);
	if (has_buffers(story))
		return story_format("%s: %s waits in the store buffer", step->name, step->written);
	return story_format("%s: %s, behind the newer %s", step->name, step->written, step->after);
}

static char *change_text(const struct explore_run *story, size_t i)
{
	const struct event *event = &story->run->events[i];
	const struct story_step *step = &story->steps[i];
	const struct story_step *missed = event->missed >= 0 ? &story->steps[event->missed] : NULL;
	char *change = from_to(step->name, step->read, step->written), *text = change;

	if (missed && missed->number) {
		text = story_format("%s, behind %s of step %u", change, missed->written, missed->number);
		free(change);
	}
	return text;
}

static char *plain_text(const struct explore_run *story, size_t i)
{
	const struct event *event = &story->run->events[i];
	const struct story_step *step = &story->steps[i];

	return event_changes(event) ? from_to(step->name, step->before, step->after) :
				      story_format("%s: a plain access of %u bytes", step->name, event->bytes);
}

static char *fence_text(const struct event *event)
{
	return event->order == ORDER_SEQ_CST ? story_format("full fence") :
	       event->order == ORDER_RELAXED ? story_format("no fence") :
					       story_format("%s fence", event_order_names[event->order]);
}

/* Who is inside a section when the event comes? */
static bool is_inside(const struct run *run, unsigned thread, size_t when)
{
	bool inside = false;

	for (size_t i = 0; i < when; i++)
		if (run->events[i].thread == thread)
			inside = run->events[i].kind == EVENT_ENTER || (inside && run->events[i].kind != EVENT_LEAVE);
	return inside;
}

static char *grace_text(const struct run *run, size_t i)
{
	char waits[80] = "";

	for (unsigned thread = 0; thread < run->threads; thread++)
		if (thread != run->events[i].thread && is_inside(run, thread, i))
			snprintf(waits + strlen(waits), sizeof(waits) - strlen(waits), "%s%u",
				 *waits ? " and " : run->events[i].kind == EVENT_GRACE_BEGIN ? "waits for thread " :
				 "will be over when the section is left of thread ", thread + 1);
	return story_format("grace period: %s", *waits ? waits : "nobody is inside a section");
}

/* Of a cut as a whole: what it has done stands in its lines for each thread. */
static char *cut_text(const struct run *run, size_t i)
{
	for (size_t a = i; a-- > 0;) {
		const struct event *event = &run->events[a];

		if (event->thread == run->events[i].thread && event->kind != EVENT_CUT)
			break;
		if (event->thread == run->events[i].thread && event->read)
			return story_format("cut over");
	}
	return story_format("cut: nobody is inside a section that it cuts");
}

static char *failed_text(const struct explore_run *story, size_t i)
{
	const struct event *event = &story->run->events[i];
	const char *name = story->steps[i].name;

	if (event->from < 0)
		return story_format("%s: unchanged, for the section is cut", name);
	return story_format("%s: unchanged, for the section was cut by thread %u in step %u", name,
			    story->run->events[event->from].thread + 1, story->steps[event->from].number);
}

static char *poll_text(const struct explore_run *story, size_t i)
{
	const struct event *event = &story->run->events[i];
	unsigned begun = event->from >= 0 ? story->steps[event->from].number : 0;

	return begun ? story_format("the grace period of step %u: %s", begun, event->read ? "over" : "not over yet") :
		       story_format("a grace period: %s", event->read ? "over" : "not over yet");
}

char *story_event_text(const struct explore_run *story, size_t i)
{
	const struct event *event = &story->run->events[i];
	const char *name = story->steps[i].name;

	switch (event->kind) {
	case EVENT_LOAD:
		return read_text(story, i);
	case EVENT_STORE:
		return store_text(story, i);
	case EVENT_RMW:
	case EVENT_CAS:
		return change_text(story, i);
	case EVENT_CAS_FAILED:
		return story_format("%s: finds %s, and changes nothing", name, story->steps[i].read);
	case EVENT_FENCE:
		return fence_text(event);
	case EVENT_LOCK:
		return story_format("%s: taken", name ? name : "lock");
	case EVENT_UNLOCK:
		return story_format("%s: given back", name ? name : "lock");
	case EVENT_ENTER:
		return story_format("enters a section");
	case EVENT_LEAVE:
		return story_format("leaves the section");
	case EVENT_GRACE_BEGIN:
	case EVENT_POLL_BEGIN:
		return grace_text(story->run, i);
	case EVENT_POLL:
		return poll_text(story, i);
	case EVENT_CUT:
		return story_format(event->read ? "cuts the section of thread %u" : "cut: thread %u is in no section that it cuts",
				    (unsigned)event->written + 1);
	case EVENT_CUT_END:
		return cut_text(story->run, i);
	case EVENT_COMMIT:
		return story_format("%s: the section is not cut", name ? name : "commit");
	case EVENT_COMMIT_FAILED:
		return failed_text(story, i);
	case EVENT_GRACE_END:
		return story_format("grace period over");
	case EVENT_PAUSE:
		return story_format("waits for a change");
	case EVENT_FLUSH:
		return story_format("%s: %s -> %s, out of the store buffer", name, story->steps[i].before,
				    story->steps[i].after);
	case EVENT_PLAIN:
		return plain_text(story, i);
	default:
		return story_format("%s", event->text);
	}
}

/* An entry's accessors (pte.h) say little: then who used them. */
char *story_where(const struct site *site)
{
	const char *file, *function;

	if (!site || !site->file)
		return NULL;
	file = strrchr(site->file, '/') ? strrchr(site->file, '/') + 1 : site->file;
	function = site->caller && !strcmp(file, "pte.h") ? site->caller : site->function;
	return story_format("%s:%u in %s", file, site->line, function ? function : "?");
}

/* ---- all of them --------------------------------------------------------------------------------- */

struct telling {
	const struct explore_run *story;
	bool all;
	struct story_line *lines;
	size_t count;
	unsigned hidden[ENGINE_THREADS];	/* since the thread's call began */
};

static struct story_line *add_line(struct telling *telling, enum story_line_kind kind, unsigned thread, char *text)
{
	telling->lines = must_alloc(telling->lines, (telling->count + 1) * sizeof(*telling->lines));
	telling->lines[telling->count] = (struct story_line){ .kind = kind, .thread = thread, .text = text };
	return &telling->lines[telling->count++];
}

static char *hidden_text(struct telling *telling, unsigned thread)
{
	unsigned hidden = telling->hidden[thread];

	telling->hidden[thread] = 0;
	return story_format("... %s%u step%s of its own", hidden ? "" : "no ", hidden, hidden == 1 ? "" : "s");
}

static void tell_hidden(struct telling *telling, unsigned thread)
{
	if (telling->hidden[thread])
		add_line(telling, LINE_HIDDEN, thread, hidden_text(telling, thread));
}

static void tell_note(struct telling *telling, const struct event *event)
{
	unsigned thread = event->thread;
	bool result = event->text[0] == '=';

	if (result && telling->hidden[thread]) {
		char *hidden = hidden_text(telling, thread);

		add_line(telling, LINE_RESULT, thread, story_format("%s   %s", event->text, hidden));
		free(hidden);
		return;
	}
	tell_hidden(telling, thread);
	add_line(telling, result ? LINE_RESULT : LINE_CALL, thread, story_format("%s", event->text));
}

static void tell_step(struct telling *telling, size_t i)
{
	const struct explore_run *story = telling->story;
	const struct story_step *step = &story->steps[i];
	struct story_line *line = add_line(telling, LINE_STEP, story->run->events[i].thread, story_event_text(story, i));

	line->number = step->number;
	line->label = step->label;
	line->where = story_where(step->site);
	line->marked = event_is_culprit(story->run, i);
	line->stale = event_is_stale(&story->run->events[i]);
}

struct story_line *story_lines(const struct explore_run *story, bool all, size_t *count)
{
	struct telling telling = { .story = story, .all = all };
	const struct run *run = story->run;

	for (size_t i = 0; i < run->count; i++) {
		const struct event *event = &run->events[i];

		if (event->kind == EVENT_NOTE)
			tell_note(&telling, event);
		else if (all || story->steps[i].shown)
			tell_step(&telling, i);
		else
			telling.hidden[event->thread]++;
	}
	for (unsigned thread = 0; thread < ENGINE_THREADS; thread++)
		tell_hidden(&telling, thread);
	*count = telling.count;
	return telling.lines;
}

void story_lines_free(struct story_line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(lines[i].text);
		free(lines[i].where);
	}
	free(lines);
}

/* ---- what it shows ----------------------------------------------------------------------------------- */

static char *race_text(const struct explore_run *story)
{
	const struct run *run = story->run;
	int a = run->culprit[0], b = run->culprit[1];
	char *first, *second, *text;

	if (a > b) {
		a = run->culprit[1];
		b = run->culprit[0];
	}
	first = story_where(story->steps[a].site);
	second = story_where(story->steps[b].site);
	text = story_format("Steps %u%s%s%s and %u%s%s%s touch the same bytes, and nothing orders them.",
			    story->steps[a].number, first ? " (" : "", first ? first : "", first ? ")" : "",
			    story->steps[b].number, second ? " (" : "", second ? second : "", second ? ")" : "");
	free(first);
	free(second);
	return text;
}

char *story_summary(const struct explore_run *story)
{
	const struct run *run = story->run;

	if (run->wrong == WRONG_RACE && run->culprit[0] >= 0 && run->culprit[1] >= 0)
		return race_text(story);
	if (!story->stale && story->switches)
		return story_format("Every read found the newest value: the order of the steps alone does it, on any machine.");
	if (!story->stale)
		return story_format("The threads ran one after the other, and every read found the newest value.");
	return story_format("%u read%s an older value than the newest, which C11 allows where nothing orders the store "
			    "before the read.", story->stale, story->stale == 1 ? " found" : "s found");
}

/*
 * story_json.c - a story as data: one JSON object, complete
 *
 * It ends without a newline, so that it can stand inside another object.  Numbers
 * of 64 bits are strings of hexadecimal digits ("0x1f"), since readers of JSON
 * keep but 53 bits.  Events are told by their index in "events", from 0, threads
 * from 0; what does not apply is null, or left out where that is said.
 *
 *	"scenario", "design", "model", "kind", "what"	names, and what does not hold, in a sentence
 *	"execution"	its number: the explorer runs it again by that
 *	"repair"	the fence that repairs it, in words
 *	"replay"	the command that runs it again
 *	"summary"	what it shows, in a sentence
 *	"threads"	how many
 *	"shown", "hidden", "switches", "stale"	counts: steps, switches of thread, stale reads
 *	"culprits"	the events that the violation is about: none, one or two
 *	"setup", "after", "never"	lines of the scenario: before the threads, after them, what must never be;
 *			each {"text", "marked"}, marked where it is the line that does not hold
 *	"events"	in the order in which they are told; each
 *	    "kind"	"load" "store" "rmw" "cas" "cas-failed" "fence" "lock" "unlock" "enter" "leave"
 *			"grace-begin" "grace-end" "pause" "flush" "note" "plain" "cut" (of one
 *			thread) "cut-end" "commit" "commit-failed" "poll-begin" "poll"
 *	    "thread", "number"		whose, and the how-manieth of it, from 1
 *	    "clock"	of each thread: so many of its events are ordered before this one, or are it
 *	    "step"	its number as printed, from 1; null: not shown
 *	    "label"	the step of the handshake, "P1" to "P4", "F1" to "F5"
 *	    "text"	the event in words; of a note, the note
 *	    "name"	of the location or the lock
 *	    "address", "bytes", "order"		left out of notes
 *	    "read", "written", "before", "after"	each {"value", "text"}: what it found and what it stored, and
 *			the newest value there when it was made and from then on; left out where there is none
 *	    "from"	the event whose value it read; null: it was there at the beginning
 *	    "missed"	stale: the event whose newer value it did not read
 *	    "file", "line", "column", "function", "caller"	where it stands in the source; left out where not known
 *	"whys"		of each stale read {"write", "read", "kind", "look", "other", "lacks_writer", "lacks_reader",
 *			"text"}: see story_why.c; kind is "circle", "handed" or "unknown", and then what follows but
 *			for the text is left out
 */
#include "story.h"

#include <stdlib.h>

#include "json.h"

static void text(FILE *out, const char *key, const char *value)
{
	fprintf(out, "\"%s\": ", key);
	if (value)
		json_string(out, value);
	else
		fputs("null", out);
}

static void index_or_null(FILE *out, const char *key, long value, long none)
{
	fprintf(out, ", \"%s\": ", key);
	if (value == none)
		fputs("null", out);
	else
		fprintf(out, "%ld", value);
}

static void value(FILE *out, const char *key, uint64_t number, const char *words)
{
	if (!words)
		return;
	fprintf(out, ", \"%s\": {\"value\": \"0x%llx\", ", key, (unsigned long long)number);
	text(out, "text", words);
	fputc('}', out);
}

static void block(FILE *out, const char *key, const struct story_block *rows)
{
	fprintf(out, ", \"%s\": [", key);
	for (size_t i = 0; i < rows->count; i++) {
		fputs(i ? ", {" : "{", out);
		text(out, "text", rows->rows[i].text);
		fprintf(out, ", \"marked\": %s}", rows->rows[i].marked ? "true" : "false");
	}
	fputc(']', out);
}

static void site(FILE *out, const struct site *place)
{
	if (!place || !place->file)
		return;
	fputs(", ", out);
	text(out, "file", place->file);
	fprintf(out, ", \"line\": %u, \"column\": %u, ", place->line, place->column);
	text(out, "function", place->function);
	fputs(", ", out);
	text(out, "caller", place->caller);
}

static void access(FILE *out, const struct event *event, const struct story_step *step)
{
	if (event->kind == EVENT_NOTE)
		return;
	fputs(", ", out);
	text(out, "name", step->name);
	if (event->address)
		fprintf(out, ", \"address\": \"0x%llx\"", (unsigned long long)(uintptr_t)event->address);
	else
		fputs(", \"address\": null", out);
	fprintf(out, ", \"bytes\": %u, ", event->bytes);
	text(out, "order", event_order_names[event->order]);
	value(out, "read", event->read, step->read);
	value(out, "written", event->written, step->written);
	value(out, "before", event->before, step->before);
	value(out, "after", event->after, step->after);
	index_or_null(out, "from", event->from, -1);
	index_or_null(out, "missed", event->missed, -1);
	site(out, step->site);
}

static void event(FILE *out, const struct explore_run *story, size_t i)
{
	const struct run *run = story->run;
	const struct story_step *step = &story->steps[i];
	char *words = story_event_text(story, i);

	fprintf(out, "{\"kind\": \"%s\", \"thread\": %u, \"number\": %u, \"clock\": [", event_kind_names[run->events[i].kind],
		run->events[i].thread, run->number[i]);
	for (unsigned thread = 0; thread < run->threads; thread++)
		fprintf(out, "%s%u", thread ? ", " : "", run->clock[i][thread]);
	fputc(']', out);
	index_or_null(out, "step", step->number, 0);
	fputs(", ", out);
	text(out, "label", step->label);
	fputs(", ", out);
	text(out, "text", words);
	access(out, &run->events[i], step);
	fputc('}', out);
	free(words);
}

static void why(FILE *out, const struct explore_run *story, int read)
{
	static const char *const kinds[] = { "unknown", "circle", "handed" };
	struct story_why reason = story_why(story->run, read);
	char *words = story_why_text(story, &reason);

	fprintf(out, "{\"write\": %d, \"read\": %d, \"kind\": \"%s\"", reason.write, reason.read, kinds[reason.kind]);
	if (reason.kind != WHY_UNKNOWN)
		fprintf(out, ", \"look\": %d, \"other\": %d, \"lacks_writer\": %s, \"lacks_reader\": %s", reason.look,
			reason.other, reason.lacks_writer ? "true" : "false", reason.lacks_reader ? "true" : "false");
	fputs(", ", out);
	text(out, "text", words);
	fputc('}', out);
	free(words);
}

static void head(FILE *out, const struct explore_run *story)
{
	const struct { const char *key, *value; } texts[] = {
		{ "scenario", story->name }, { "design", story->design }, { "model", story->model },
		{ "kind", story->kind }, { "what", story->verdict }, { "repair", story->repair },
		{ "replay", story->replay },
	};
	const struct run *run = story->run;
	char *summary = story_summary(story);
	const char *comma = "";

	fputc('{', out);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		text(out, texts[i].key, texts[i].value);
		fputs(", ", out);
	}
	text(out, "summary", summary);
	free(summary);
	fprintf(out, ", \"execution\": %llu, \"threads\": %u, \"shown\": %u, \"hidden\": %u, \"switches\": %u, \"stale\": %u",
		(unsigned long long)run->execution, run->threads, story->shown, story->hidden, story->switches, story->stale);
	fputs(", \"culprits\": [", out);
	for (unsigned i = 0; i < 2; i++)
		if (run->culprit[i] >= 0) {
			fprintf(out, "%s%d", comma, run->culprit[i]);
			comma = ", ";
		}
	fputc(']', out);
}

void explore_print_json(const struct explore_run *story, FILE *out)
{
	const char *comma = "";

	if (!story) {
		fputs("null", out);
		return;
	}
	head(out, story);
	block(out, "setup", &story->setup);
	block(out, "after", &story->after);
	block(out, "never", &story->never);
	fputs(", \"events\": [", out);
	for (size_t i = 0; i < story->run->count; i++) {
		fputs(i ? ", " : "", out);
		event(out, story, i);
	}
	fputs("], \"whys\": [", out);
	for (size_t i = 0; i < story->run->count; i++)
		if (event_is_stale(&story->run->events[i])) {
			fputs(comma, out);
			why(out, story, (int)i);
			comma = ", ";
		}
	fputs("]}", out);
}

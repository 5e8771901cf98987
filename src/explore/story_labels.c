/*
 * story_labels.c - which step of the handshake is it?
 *
 * handshake.h numbers the steps of the fast pin, P1 to P4, and of those who take
 * marks away, F1 to F5.  Where a step stands in the source says which it is; some
 * places serve others too (every discard looks at pins), so that F2 to F4 count
 * only between a thread's own F1 and F5.
 */
#include <string.h>

#include "story.h"

struct label {
	const char *function;	/* where the access stands */
	const char *within;	/* and what it was inlined into, somewhere on the way; NULL: anything */
	const char *label;
	bool inside;		/* only between F1 and F5 */
};

static const struct label labels[] = {
	{ "handshake_open", NULL, "P1", false },
	{ "pte_load", "walk_down", "P2", false },
	{ "pte_load", "take_table", "P2", false },
	{ "pte_load", "take_entries", "P2", false },
	{ "walk_mark_pinned", NULL, "P3", false },
	{ "page_raise", "raise_page", "P4", false },
	{ "page_raise", "take_entries", "P4", false },
	{ "handshake_begin", NULL, "F1", false },
	{ "pte_load", "survey", "F3", true },
	{ "pte_load", "leaf_table", "F3", true },
	{ "page_pins", NULL, "F3", true },
	{ "pte_clear", "share_page", "F3", true },
	{ "pte_clear", "survey", "F4", true },
	{ "handshake_end", NULL, "F5", false },
};

static bool is(const char *name, const char *wanted)
{
	return name && !strcmp(name, wanted);
}

static bool fits(const struct label *label, const struct site *site, bool inside)
{
	if (!is(site->function, label->function) || (label->inside && !inside))
		return false;
	return !label->within || is(site->caller, label->within) || is(site->outermost, label->within);
}

static const char *label_of(const struct event *event, const struct site *site, bool inside)
{
	if (event->kind == EVENT_GRACE_BEGIN || event->kind == EVENT_GRACE_END || event->kind == EVENT_CUT ||
	    event->kind == EVENT_CUT_END)
		return inside ? "F2" : NULL;
	for (size_t i = 0; site && i < sizeof(labels) / sizeof(*labels); i++)
		if (fits(&labels[i], site, inside))
			return labels[i].label;
	return NULL;
}

void story_find_labels(struct explore_run *story)
{
	bool inside[ENGINE_THREADS] = { false };

	for (size_t i = 0; i < story->run->count; i++) {
		const struct event *event = &story->run->events[i];
		struct story_step *step = &story->steps[i];

		step->label = label_of(event, step->site, inside[event->thread]);
		if (step->label && !strcmp(step->label, "F1"))
			inside[event->thread] = true;
		if (step->label && !strcmp(step->label, "F5"))
			inside[event->thread] = false;
	}
}

/*
 * library_describe.c - entries, pages and pins as lines of text
 *
 * One thing a line, "thing: state", always in the same order: spaces and their
 * mappings, objects, pins.  A mapping of more pages than anybody would read is
 * cut short and says so.
 */
#include "library.h"

#include <errno.h>
#include <inttypes.h>

#include "print.h"

#define MOST_LINES 64	/* of one mapping */

static void describe_entry(uint64_t entry, FILE *f)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} bits[] = {
		{ HF_ENTRY_PRESENT, "PRESENT" },   { HF_ENTRY_WRITABLE, "WRITABLE" },
		{ HF_ENTRY_PINNABLE, "PINNABLE" }, { HF_ENTRY_DIRTY, "DIRTY" },
	};

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (entry & bits[i].bit)
			fprintf(f, " %s", bits[i].name);
}

static void describe_state(const struct hf_page_info *page, FILE *f)
{
	if (page->hole) {
		fputs("a hole", f);
		return;
	}
	if (!(page->entry & HF_ENTRY_PRESENT)) {
		fputs("no page", f);
		return;
	}
	if (!page->frame) {
		fputs("zero page", f);
		describe_entry(page->entry, f);
		return;
	}
	fprintf(f, "frame %" PRIu64, page->frame);
	describe_entry(page->entry, f);
	fprintf(f, " pins %" PRIu64 " references %" PRIu64 " %s", page->pins, page->references,
		page->anonymous ? "anonymous" : "of the object");
}

static void describe_page(struct judge *j, int space, int mapping, uint64_t offset, FILE *f)
{
	struct hf_page_info page;
	uint64_t address = j->place[space][mapping].address + offset;

	if (hf_query(j->mm[space], address, &page))
		return;
	fprintf(f, "%s %s", j->scenario->spaces[space], j->scenario->mappings[mapping]);
	if (offset)
		print_offset(offset, f);
	else
		fputs("+0", f);
	fputs(": ", f);
	describe_state(&page, f);
	fputc('\n', f);
}

static void describe_mapping(struct judge *j, int space, int mapping, FILE *f)
{
	const struct place *place = &j->place[space][mapping];
	uint64_t pages = (place->length + SCENARIO_PAGE - 1) / SCENARIO_PAGE;

	for (uint64_t i = 0; i < pages && i < MOST_LINES; i++)
		describe_page(j, space, mapping, i * SCENARIO_PAGE, f);
	if (pages > MOST_LINES)
		fprintf(f, "%s %s, the rest: %" PRIu64 " pages, not shown\n", j->scenario->spaces[space],
			j->scenario->mappings[mapping], pages - MOST_LINES);
}

static void describe_object(struct judge *j, int object, FILE *f)
{
	uint64_t cached, dirty;

	hf_object_pages(j->object[object], &cached, &dirty);
	fprintf(f, "object %s: %" PRIu64 " bytes, %" PRIu64 " pages cached, %" PRIu64 " dirty\n",
		j->scenario->objects[object], hf_object_size(j->object[object]), cached, dirty);
}

static uint64_t pages_held(const struct held_pin *held)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < held->pages; i++)
		n += !held->ended[i];
	return n;
}

static void describe_pin(struct judge *j, int pin, FILE *f)
{
	const struct held_pin *held = &j->pin[pin];
	const struct step *step = &held->step;
	uint64_t pages = held->taken ? pages_held(held) : 0;

	if (!pages)
		return;
	fprintf(f, "pin %s: %s %s", j->scenario->pins[pin], j->scenario->spaces[step->space],
		j->scenario->mappings[step->mapping]);
	print_offset(step->offset, f);
	fprintf(f, " %s%s, %s, %" PRIu64 " of %" PRIu64 " page%s held, %d run%s\n",
		step->flags & PIN_GET ? "reference" : step->flags & PIN_WRITE ? "write" : "read",
		step->flags & PIN_LONG ? " long" : "", held->pin.fast ? "fast" : "slow", pages, held->pages,
		held->pages == 1 ? "" : "s", held->pin.iovcnt, held->pin.iovcnt == 1 ? "" : "s");
}

void library_describe(struct judge *j, FILE *f)
{
	for (int s = 0; s < j->scenario->nspaces; s++)
		for (int m = 0; j->mm[s] && m < j->scenario->nmappings; m++)
			if (j->place[s][m].known)
				describe_mapping(j, s, m, f);
	for (int o = 0; o < j->scenario->nobjects; o++)
		if (j->object[o])
			describe_object(j, o, f);
	for (int p = 0; p < j->scenario->npins; p++)
		describe_pin(j, p, f);
}

/*
 * library_describe.c - entries, pages and pins as lines of text
 *
 * One thing a line, "thing: state", always in the same order: spaces and their
 * mappings, objects, pins.  Of a huge page those pages have a line that are not as the
 * one before: that one entry maps them, and who holds them, is said once.  A mapping of
 * more pages than anybody would read is cut short and says so.
 */
#include "library.h"

#include <errno.h>
#include <inttypes.h>

#include "print.h"

#define MOST_LINES 64	/* of one mapping */
#define MOST_RUNS 8	/* of one pin */
#define MOST_SEEN 4096	/* pages of one mapping that are looked at */

/*
 * The mark is Holdfast's.  Linux from 5.19 on keeps the like of it per anonymous
 * page; the library carries the bit under the other designs too, but they have
 * nothing that a reader could take it for.
 */
static void describe_mark(const struct judge *j, const struct hf_page_info *page, FILE *f)
{
	if (!(page->entry & HF_ENTRY_PINNABLE))
		return;
	if (j->ops->design == DESIGN_HOLDFAST)
		fputs(" PINNABLE", f);
	else if ((j->ops->design == DESIGN_LINUX_5_19 || j->ops->design == DESIGN_LINUX_6_2) && page->anonymous)
		fputs(" exclusive", f);
}

static void describe_entry(const struct judge *j, const struct hf_page_info *page, FILE *f)
{
	if (page->entry & HF_ENTRY_PRESENT)
		fputs(" PRESENT", f);
	if (page->entry & HF_ENTRY_WRITABLE)
		fputs(" WRITABLE", f);
	describe_mark(j, page, f);
	if (page->entry & HF_ENTRY_HUGE)
		fputs(" HUGE", f);
	if (page->entry & HF_ENTRY_DIRTY)
		fputs(" DIRTY", f);
}

static void describe_state(const struct judge *j, const struct hf_page_info *page, FILE *f)
{
	if (page->hole) {
		fputs("a hole", f);
		return;
	}
	if (!page->frame) {
		fputs("zero page", f);
		describe_entry(j, page, f);
		return;
	}
	fprintf(f, "frame %" PRIu64, page->frame);
	describe_entry(j, page, f);
	fprintf(f, " pins %" PRIu64 " references %" PRIu64 " %s", page->pins, page->references,
		page->anonymous ? "anonymous" : "of the object");
}

/* What is at a page of a mapping: true if there is something to say. */
static bool look(struct judge *j, int space, int mapping, uint64_t offset, struct hf_page_info *page, bool *mapped)
{
	*mapped = !hf_query(j->mm[space], j->place[space][mapping].address + offset, page);
	return *mapped && (page->hole || (page->entry & HF_ENTRY_PRESENT));
}

static void describe_page(struct judge *j, int space, int mapping, uint64_t offset, const struct hf_page_info *page,
			  FILE *f)
{
	fprintf(f, "%s %s", j->scenario->spaces[space], j->scenario->mappings[mapping]);
	if (offset)
		print_offset(offset, f);
	else
		fputs("+0", f);
	fputs(": ", f);
	describe_state(j, page, f);
	fputc('\n', f);
}

/* The next page of the same huge one, and nothing to say of it that was not said. */
static bool is_as_before(const struct hf_page_info *page, const struct hf_page_info *before, uint64_t offset)
{
	return (page->entry & HF_ENTRY_HUGE) && (before->entry & HF_ENTRY_HUGE) && offset % SCENARIO_HUGE &&
	       page->frame == before->frame + 1 && page->pins == before->pins && page->references == before->references;
}

static void describe_pages(struct judge *j, int space, int mapping, uint64_t seen, FILE *f)
{
	struct hf_page_info before, page = { .entry = 0 };

	for (uint64_t i = 0, lines = 0; i < seen && lines < MOST_LINES; i++) {
		bool mapped;

		before = page;
		if (!look(j, space, mapping, i * SCENARIO_PAGE, &page, &mapped) ||
		    is_as_before(&page, &before, i * SCENARIO_PAGE))
			continue;
		describe_page(j, space, mapping, i * SCENARIO_PAGE, &page, f);
		lines++;
	}
}

/* The mapping as such, if any of it is left; then its pages, where there are some. */
static void describe_mapping(struct judge *j, int space, int mapping, FILE *f)
{
	const struct place *place = &j->place[space][mapping];
	uint64_t pages = (place->length + SCENARIO_PAGE - 1) / SCENARIO_PAGE, seen = pages < MOST_SEEN ? pages : MOST_SEEN;
	struct hf_page_info before, page = { .entry = 0 };
	uint64_t left = 0, full = 0;

	for (uint64_t i = 0; i < seen; i++) {
		bool mapped;

		before = page;
		full += look(j, space, mapping, i * SCENARIO_PAGE, &page, &mapped) &&
			!is_as_before(&page, &before, i * SCENARIO_PAGE);
		left += mapped;
	}
	if (!left)
		return;
	fprintf(f, "%s %s: mapped at %#" PRIx64 ", %" PRIu64 " page%s", j->scenario->spaces[space],
		j->scenario->mappings[mapping], place->address, pages, pages == 1 ? "" : "s");
	if (left < seen)
		fprintf(f, ", %" PRIu64 " left", left);
	fputs(seen < pages || full > MOST_LINES ? ", not all are shown\n" : "\n", f);
	describe_pages(j, space, mapping, seen, f);
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

/* The frames that a pin is on, whatever is mapped where it was taken: runs, as 5-7 9. */
static void describe_frames(struct judge *j, const struct hf_pin *pin, FILE *f)
{
	void *base;

	hf_pool_memory(j->pool, &base, NULL, NULL);
	fputs(", frame", f);
	for (int i = 0; i < pin->iovcnt && i < MOST_RUNS; i++) {
		uint64_t at = (uint64_t)((unsigned char *)pin->iov[i].iov_base - (unsigned char *)base);
		uint64_t first = at / SCENARIO_PAGE, last = (at + pin->iov[i].iov_len - 1) / SCENARIO_PAGE;

		fprintf(f, " %" PRIu64, first);
		if (last > first)
			fprintf(f, "-%" PRIu64, last);
	}
	if (pin->iovcnt > MOST_RUNS)
		fputs(" ...", f);
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
	fprintf(f, " %s%s, %s", step->flags & PIN_GET ? "reference" : step->flags & PIN_WRITE ? "write" : "read",
		step->flags & PIN_LONG ? " long" : "", held->pin.fast ? "fast" : "slow");
	describe_frames(j, &held->pin, f);
	if (pages < held->pages)
		fprintf(f, ", %" PRIu64 " of %" PRIu64 " pages held", pages, held->pages);
	fputc('\n', f);
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

/*
 * describe.c - what the spaces and pins look like now, for traces
 *
 * From /proc/PID/pagemap: one line a page that is mapped by the scenario, one a
 * pin that is held.  Pages are numbered as they are met, so that two runs print
 * the same; where frame numbers are not for us (they are root's), pages have no
 * numbers.  Writable or not, and pin counts, are things that no kernel shows.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "live.h"

#define MOST_PAGES 16u		/* of one mapping */
#define MOST_FRAMES 256u

struct paper {
	char *text;
	size_t length, room;
	uint64_t frames[MOST_FRAMES];	/* those met so far */
	size_t nframes;
};

__attribute__((format(printf, 2, 3))) static void put(struct paper *paper, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(paper->text + paper->length, paper->room - paper->length, format, args);
	va_end(args);
	if (n > 0 && (size_t)n < paper->room - paper->length)
		paper->length += (size_t)n;
}

static size_t number_of(struct paper *paper, uint64_t frame)
{
	for (size_t i = 0; i < paper->nframes; i++)
		if (paper->frames[i] == frame)
			return i + 1;
	if (paper->nframes == MOST_FRAMES)
		return 0;
	paper->frames[paper->nframes++] = frame;
	return paper->nframes;
}

/* Bits of a pagemap entry: Documentation/admin-guide/mm/pagemap.rst. */
#define ENTRY_FRAME ((UINT64_C(1) << 55) - 1)
#define ENTRY_EXCLUSIVE (UINT64_C(1) << 56)
#define ENTRY_OBJECT (UINT64_C(1) << 61)
#define ENTRY_SWAPPED (UINT64_C(1) << 62)
#define ENTRY_PRESENT (UINT64_C(1) << 63)

static void put_page(struct paper *paper, uint64_t entry)
{
	if (entry & ENTRY_SWAPPED)
		put(paper, "swapped");
	else if (!(entry & ENTRY_PRESENT))
		put(paper, "no page");
	else
		put(paper, "%s %s", entry & ENTRY_OBJECT ? "object page," : "private page,",
		    entry & ENTRY_EXCLUSIVE ? "mapped here alone" : "mapped elsewhere too or nobody's");
	if ((entry & ENTRY_PRESENT) && (entry & ENTRY_FRAME))
		put(paper, ", #%zu", number_of(paper, entry & ENTRY_FRAME));
	put(paper, "\n");
}

static void put_mapping(struct live *live, struct paper *paper, int fd, int space, int mapping)
{
	const struct live_place *place = &live->spaces[space].places[mapping];
	uint64_t entries[MOST_PAGES], pages = place->length / SCENARIO_PAGE;
	size_t want = (pages < MOST_PAGES ? pages : MOST_PAGES) * sizeof(entries[0]);
	ssize_t n = pread(fd, entries, want, (off_t)(place->address / SCENARIO_PAGE * sizeof(entries[0])));

	for (ssize_t i = 0; i < n / (ssize_t)sizeof(entries[0]); i++) {
		put(paper, "%s %s+%zdp: ", live->scenario->spaces[space], live->scenario->mappings[mapping], i);
		put_page(paper, entries[i]);
	}
	if (pages > MOST_PAGES)
		put(paper, "%s %s: %" PRIu64 " pages more\n", live->scenario->spaces[space],
		    live->scenario->mappings[mapping], pages - MOST_PAGES);
}

static void put_space(struct live *live, struct paper *paper, int space)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", live->spaces[space].pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	for (int i = 0; i < live->scenario->nmappings; i++)
		if (live->spaces[space].places[i].known)
			put_mapping(live, paper, fd, space, i);
	close(fd);
}

size_t live_describe(struct live *live, char *text, size_t room)
{
	struct paper paper = { .text = text, .room = room };

	for (int i = 0; i < live->scenario->nspaces; i++)
		if (live->spaces[i].state == SPACE_LIVE)
			put_space(live, &paper, i);
	for (int i = 0; i < live->scenario->npins; i++)
		if (live->pins[i].kind)
			put(&paper, "pin %s: %" PRIu64 " bytes, held\n", live->scenario->pins[i], live->pins[i].length);
	return paper.length;
}

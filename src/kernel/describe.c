/*
 * describe.c - what the spaces and pins look like now, for traces
 *
 * One thing a line, "thing: state": a page of a mapping (/proc/PID/pagemap), a
 * pin.  Frames are numbered as they are met, so that two runs print the same;
 * frame numbers are root's, and for others there are none.  Whether an entry is
 * writable and who pins a page are things that no kernel shows.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "live.h"

#define MOST_PAGES 16u		/* of one mapping */
#define MOST_FRAMES 256u

/* Bits of an entry of pagemap, and of kpageflags: admin-guide/mm/pagemap.rst. */
#define ENTRY_FRAME ((UINT64_C(1) << 55) - 1)
#define ENTRY_ALONE (UINT64_C(1) << 56)
#define ENTRY_OBJECT (UINT64_C(1) << 61)
#define ENTRY_SWAPPED (UINT64_C(1) << 62)
#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define FLAG_ZERO_PAGE (UINT64_C(1) << 24)

struct paper {
	char *text;
	size_t length, room;
	int flags;		/* /proc/kpageflags, or -1 */
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

/* The same frame has the same number from the first line of a trace to the last. */
static size_t number_of(uint64_t frame)
{
	static uint64_t met[MOST_FRAMES];
	static size_t n;

	for (size_t i = 0; i < n; i++)
		if (met[i] == frame)
			return i + 1;
	if (n == MOST_FRAMES)
		return 0;
	met[n++] = frame;
	return n;
}

static bool is_zero_page(const struct paper *paper, uint64_t frame)
{
	uint64_t flags;

	return frame && pread(paper->flags, &flags, sizeof(flags), (off_t)(frame * sizeof(flags))) == sizeof(flags) &&
	       (flags & FLAG_ZERO_PAGE);
}

static void put_page(struct paper *paper, uint64_t entry)
{
	uint64_t frame = entry & ENTRY_FRAME;

	if (entry & ENTRY_SWAPPED) {
		put(paper, "swapped\n");
	} else if (!(entry & ENTRY_PRESENT)) {
		put(paper, "no page\n");
	} else if (is_zero_page(paper, frame)) {
		put(paper, "zero page\n");
	} else {
		put(paper, "%s, %s", entry & ENTRY_OBJECT ? "of the object" : "anonymous",
		    entry & ENTRY_ALONE ? "mapped here alone" : "mapped elsewhere too");
		if (frame)
			put(paper, ", frame %zu", number_of(frame));
		put(paper, "\n");
	}
}

static void put_mapping(struct live *live, struct paper *paper, int fd, int space, int mapping)
{
	const struct live_place *place = &live->spaces[space].places[mapping];
	uint64_t entries[MOST_PAGES], pages = place->length / SCENARIO_PAGE;
	size_t want = (pages < MOST_PAGES ? pages : MOST_PAGES) * sizeof(entries[0]);
	ssize_t n = pread(fd, entries, want, (off_t)(place->address / SCENARIO_PAGE * sizeof(entries[0])));

	for (ssize_t i = 0; i < n / (ssize_t)sizeof(entries[0]); i++) {
		put(paper, i ? "%s %s+%zdp: " : "%s %s+%zd: ", live->scenario->spaces[space],
		    live->scenario->mappings[mapping], i);
		put_page(paper, entries[i]);
	}
	if (pages > MOST_PAGES)
		put(paper, "%s %s, the rest: %" PRIu64 " pages, not shown\n", live->scenario->spaces[space],
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
	struct paper paper = { .text = text, .room = room, .flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC) };

	for (int i = 0; i < live->scenario->nspaces; i++)
		if (live->spaces[i].state == SPACE_LIVE)
			put_space(live, &paper, i);
	for (int i = 0; i < live->scenario->npins; i++)
		if (live->pins[i].kind)
			put(&paper, "pin %s: holds %" PRIu64 " bytes\n", live->scenario->pins[i],
			    live->pins[i].length);
	if (paper.flags >= 0)
		close(paper.flags);
	return paper.length;
}

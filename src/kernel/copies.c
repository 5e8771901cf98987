/*
 * copies.c - the one statistic that a live kernel shows: pages copied at a fork
 *
 * A fork shares what it does not copy.  So of the scenario's mappings what is the
 * child's alone when it has done nothing yet was copied for it: /proc/PID/smaps says
 * how much that is.  Nothing else of struct hf_stats can be told apart from outside.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "live.h"
#include "names.h"

static bool is_of_scenario(const struct live_space *space, uint64_t from, uint64_t to)
{
	for (int i = 0; i < SCENARIO_NAMES; i++) {
		const struct live_place *place = &space->places[i];

		if (place->known && place->address <= from && to <= place->address + place->length)
			return true;
	}
	return false;
}

/* Private pages of the scenario's mappings; -1: the kernel does not say. */
static int64_t private_pages(const struct live_space *space)
{
	char path[64], line[512], word[32];
	uint64_t from, to, kib, sum = 0;
	bool mine = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", space->pid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &from, &to) == 2)
			mine = is_of_scenario(space, from, to);
		else if (mine && sscanf(line, "%31[A-Za-z_]: %" SCNu64 " kB", word, &kib) == 2 &&
			 !strncmp(word, "Private_", 8) && !strstr(word, "Hugetlb"))
			sum += kib;
	}
	fclose(f);
	return (int64_t)(sum * 1024 / SCENARIO_PAGE);
}

void live_count_copies(struct live *live, int child)
{
	int64_t pages = private_pages(&live->spaces[child]);

	if (pages < 0)
		live->copies_unknown = true;
	else
		live->copies += (uint64_t)pages;
}

void live_count(struct live *live, const struct step *step, struct reply *reply)
{
	(void)step;
	live->copies = 0;
	live_done(reply);
}

bool live_counts(const struct step *step)
{
	return step->stat >= 0 && step->stat < stat_count && !strcmp(stat_names[step->stat], "fork_copies");
}

void live_statistic(struct live *live, const struct step *step, struct reply *reply)
{
	(void)step;
	if (live->copies_unknown) {
		live_cannot(reply, "what a child has alone is not to be seen here");
		return;
	}
	reply->value = live->copies;
	live_done(reply);
}

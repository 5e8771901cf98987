/*
 * random_pick.c - the random run: names, places and bytes for a step
 *
 * Picks among what there is (shadow), with a few picks that go wrong on purpose:
 * spaces that have exited, mappings that were unmapped.  Offsets like the borders
 * of pages, for that is where mistakes live.
 */
#include <string.h>

#include "random_make.h"

/* splitmix64: any seed will do, also 0. */
uint64_t maker_random(struct maker *maker)
{
	uint64_t z = maker->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t maker_seed(uint64_t seed, uint64_t round)
{
	struct maker maker = { .random = seed ^ round * 0xd1342543de82ef95u };

	return maker_random(&maker);
}

void maker_feed(struct maker *maker, size_t bytes)
{
	if (bytes > maker->input_left)
		bytes = maker->input_left;
	maker->choice = maker->input;
	maker->choices_left = bytes;
	maker->input += bytes;
	maker->input_left -= bytes;
	/* Goes on from where it is: two records alike shall not store the same bytes. */
	for (size_t i = 0; i < bytes; i++)
		maker->random = (maker->random ^ maker->choice[i]) * 0x100000001b3u;
}

uint64_t maker_below(struct maker *maker, uint64_t n)
{
	uint64_t drawn = 0;

	if (!maker->choices_left)
		return maker_random(maker) % n;
	for (uint64_t most = n - 1; most && maker->choices_left; most >>= 8) {
		drawn = drawn << 8 | *maker->choice++;
		maker->choices_left--;
	}
	return drawn % n;
}

bool chance(struct maker *maker, unsigned percent)
{
	return maker_below(maker, 100) < percent;
}

/* ---- names ------------------------------------------------------------------ */

static int new_name(struct maker *maker, char *names[SCENARIO_NAMES], int *count, char letter, int small)
{
	char name[16];

	if (is_small(maker) && *count >= small)
		return -1;
	if (*count == SCENARIO_NAMES) {
		maker->out_of_names = true;
		return -1;
	}
	snprintf(name, sizeof(name), "%c%d", letter, *count);
	return scenario_name(names, count, name);
}

/* One that never came to be, else a new one: A, B, ... then A1, B1, ...; X, Y, Z are objects. */
int name_for_space(struct maker *maker)
{
	int n = maker->scenario->nspaces;
	char name[16];

	for (int i = 0; i < n && !is_small(maker); i++)
		if (!maker->shadow->space[i].live && !maker->shadow->space[i].exited)
			return i;
	if (is_small(maker) && n >= SMALL_SPACES)
		return -1;
	if (n == SCENARIO_NAMES) {
		maker->out_of_names = true;
		return -1;
	}
	snprintf(name, sizeof(name), n < 20 ? "%c" : "%c%d", 'A' + n % 20, n / 20);
	return scenario_name(maker->scenario->spaces, &maker->scenario->nspaces, name);
}

int live_spaces(const struct maker *maker)
{
	int live = 0;

	for (int i = 0; i < maker->scenario->nspaces; i++)
		live += maker->shadow->space[i].live;
	return live;
}

/* Any that lives; one that has exited now and then.  -1: none. */
int pick_space(struct maker *maker)
{
	bool exited = chance(maker, 1);
	int n = 0, found = -1;

	for (int i = 0; i < maker->scenario->nspaces; i++)
		if (exited ? maker->shadow->space[i].exited : maker->shadow->space[i].live)
			if (!maker_below(maker, (uint64_t)++n))
				found = i;
	return found;
}

int mappings_of(const struct maker *maker, int space)
{
	int n = 0;

	for (int i = 0; i < maker->scenario->nmappings; i++)
		n += maker->shadow->space[space].map[i].known &&
		     maker->shadow->space[space].map[i].gone != SHADOW_ALL_GONE;
	return n;
}

static bool is_hot(struct maker *maker, int space)
{
	int i = maker->hot_mapping;

	return maker->stage == STAGE_THREAD && maker->shadow->space[space].map[i].known &&
	       maker->shadow->space[space].map[i].gone != SHADOW_ALL_GONE && chance(maker, 80);
}

/* A mapping that the space knows; one that was unmapped rarely. */
static int any_mapping(struct maker *maker, int space)
{
	bool gone = chance(maker, 1);
	int n = 0, found = -1;

	if (is_small(maker) && is_hot(maker, space))
		return maker->hot_mapping;
	for (int i = 0; i < maker->scenario->nmappings; i++)
		if (maker->shadow->space[space].map[i].known &&
		    (gone || maker->shadow->space[space].map[i].gone != SHADOW_ALL_GONE))
			if (!maker_below(maker, (uint64_t)++n))
				found = i;
	return found;
}

/* A name that the space does not know, or that is free again there. */
int name_for_mapping(struct maker *maker, int space)
{
	for (int tries = 0; tries < 4 && maker->scenario->nmappings && !is_small(maker); tries++) {
		int i = (int)maker_below(maker, (uint64_t)maker->scenario->nmappings);

		if (!maker->shadow->space[space].map[i].known ||
		    maker->shadow->space[space].map[i].gone == SHADOW_ALL_GONE)
			return i;
	}
	return new_name(maker, maker->scenario->mappings, &maker->scenario->nmappings, 'm', SMALL_MAPPINGS);
}

int pick_pin(struct maker *maker, bool held)
{
	int n = 0, found = -1;

	for (int i = 0; i < maker->scenario->npins; i++)
		if (held ? maker->shadow->pin[i].held : maker->shadow->pin[i].known)
			if (!maker_below(maker, (uint64_t)++n))
				found = i;
	return found;
}

int pins_held(const struct maker *maker)
{
	int n = 0;

	for (int i = 0; i < maker->scenario->npins; i++)
		n += maker->shadow->pin[i].held != 0;
	return n;
}

int name_for_pin(struct maker *maker)
{
	for (int i = 0; i < maker->scenario->npins && !is_small(maker); i++)
		if (!maker->shadow->pin[i].open)
			return i;
	return new_name(maker, maker->scenario->pins, &maker->scenario->npins, 'p', SMALL_PINS);
}

/* ---- places and bytes -------------------------------------------------------- */

bool pick_mapping(struct maker *maker, struct step *step)
{
	step->space = pick_space(maker);
	step->mapping = step->space < 0 ? -1 : any_mapping(maker, step->space);
	return step->mapping >= 0;
}

uint64_t bytes_of(const struct maker *maker, const struct step *step)
{
	return (uint64_t)maker->shadow->space[step->space].map[step->mapping].pages * SCENARIO_PAGE;
}

/* Somewhere in a page: its begin, its end, or anywhere; of a small one a word, mostly the same one. */
uint64_t offset_in_page(struct maker *maker)
{
	if (is_small(maker))
		return chance(maker, 75) ? 0 : 8 * maker_below(maker, 8);
	switch (maker_below(maker, 4)) {
	case 0: return 0;
	case 1: return SCENARIO_PAGE - 1 - maker_below(maker, 16);
	case 2: return 8 * maker_below(maker, 16);
	default: return maker_below(maker, SCENARIO_PAGE);
	}
}

/* A few bytes, mostly; sometimes pages; never beyond the mapping.  In small pages a word. */
uint64_t some_length(struct maker *maker, uint64_t most)
{
	uint64_t length = is_small(maker) ? 8 : 1 + maker_below(maker, chance(maker, 85) ? 32 : 3 * SCENARIO_PAGE);

	if (length > RANDOM_PAGES * SCENARIO_PAGE)
		length = RANDOM_PAGES * SCENARIO_PAGE;
	return length < most ? length : most;
}

/* One that is watched. */
static uint64_t page_of_huge(struct maker *maker, uint64_t pages)
{
	uint64_t in = maker_below(maker, 6), huge = maker_below(maker, (pages + RANDOM_HUGE_PAGES - 1) / RANDOM_HUGE_PAGES);
	uint64_t page = huge * RANDOM_HUGE_PAGES + (in < 4 ? in : in == 4 ? RANDOM_HUGE_PAGES - 1 : maker_below(maker, 15));

	return page < pages ? page : pages - 1;
}

/* Huge pages, or a few pages of one. */
static void pick_huge_range(struct maker *maker, struct step *step, uint64_t pages)
{
	uint64_t huge = pages / RANDOM_HUGE_PAGES, first = maker_below(maker, huge);

	if (chance(maker, 40)) {
		step->offset = first * SCENARIO_HUGE;
		step->length = (1 + maker_below(maker, huge - first)) * SCENARIO_HUGE;
		return;
	}
	first = page_of_huge(maker, pages);
	step->offset = first * SCENARIO_PAGE;
	step->length = 1 + maker_below(maker, chance(maker, 70) ? 4 : pages - first);
	if (step->length > pages - first)
		step->length = pages - first;
	step->length *= SCENARIO_PAGE;
}

/* A page, mostly one that was not unmapped. */
static uint64_t pick_page(struct maker *maker, const struct step *step)
{
	uint64_t pages = bytes_of(maker, step) / SCENARIO_PAGE, page = maker_below(maker, pages);

	if (pages >= RANDOM_HUGE_PAGES)
		page = page_of_huge(maker, pages);
	if (is_small(maker) && chance(maker, 60))
		page = maker->hot_page % pages;
	for (int tries = 0; tries < 3; tries++) {
		if (!(maker->shadow->space[step->space].map[step->mapping].gone & shadow_bit(page)))
			break;
		page = pages >= RANDOM_HUGE_PAGES ? page_of_huge(maker, pages) : maker_below(maker, pages);
	}
	return page;
}

/* For this access: mostly in a mapping that permits it. */
bool pick_bytes(struct maker *maker, struct step *step, unsigned prot)
{
	for (int tries = 0; tries < 5; tries++) {
		if (!pick_mapping(maker, step))
			return false;
		if (maker->shadow->space[step->space].map[step->mapping].prot & prot)
			break;
	}
	step->offset = pick_page(maker, step) * SCENARIO_PAGE + offset_in_page(maker);
	step->length = some_length(maker, bytes_of(maker, step) - step->offset);
	return true;
}

/* All of the mapping, or some pages of it. */
bool pick_range(struct maker *maker, struct step *step)
{
	uint64_t pages, first;

	if (!pick_mapping(maker, step))
		return false;
	if (chance(maker, 50))
		return true;
	pages = bytes_of(maker, step) / SCENARIO_PAGE;
	if (pages >= RANDOM_HUGE_PAGES) {
		pick_huge_range(maker, step, pages);
		return true;
	}
	first = maker_below(maker, pages);
	step->offset = first * SCENARIO_PAGE;
	step->length = (1 + maker_below(maker, pages - first)) * SCENARIO_PAGE;
	return true;
}

void give_bytes(struct maker *maker, struct step *step)
{
	uint64_t word = 0;

	for (uint64_t i = 0; i < step->length; i++) {
		if (i % 8 == 0)
			word = maker_random(maker);
		maker->bytes[i] = (unsigned char)('a' + (word >> i % 8 * 8) % 26);
	}
	step->bytes = maker->bytes;
}

/*
 * section.c - a read section, entered and left
 *
 * The library's header shows none, so this is the one file of the bench that looks
 * behind it: the platform's own objects are linked in once more (the Makefile says so),
 * and the sections timed are these copies', built from the same source with the same
 * flags.  In the library they are inlined or called just as the platform has it.
 */
#include "bench.h"

#include "platform.h"

#define SECTIONS_A_ROUND 1000000u

static void *section_begin(const struct trial *trial)
{
	(void)trial;
	return NULL;
}

static void section_round(void *state, struct lap *lap)
{
	uint64_t begin = clock_ns();

	(void)state;
	for (unsigned i = 0; i < SECTIONS_A_ROUND; i++) {
		plat_section_enter(PLAT_LOOK);
		plat_section_leave();
	}
	lap->figures[0] = (double)(clock_ns() - begin) / SECTIONS_A_ROUND;
	lap->units = SECTIONS_A_ROUND;
}

const struct side section_holdfast = { "Holdfast", section_begin, section_round, NULL };

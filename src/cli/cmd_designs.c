/*
 * cmd_designs.c - `holdfast designs`: the ten designs and their answers to the
 * four questions, and to two more that a design needs answered
 *
 * The text says what the code in src/lab answers; the verdicts of the corpus,
 * not this table, are the check that it does.
 */
#include "cli.h"
#include "scenario.h"
#include "term.h"

#include <string.h>

enum { QUESTIONS = 6 };

static const char *const questions[QUESTIONS] = {
	"May the fast path take this page?  For a read pin / a write pin",
	"Must the page first be made this address space's own?  The slow path, for a read pin",
	"Does the child of a fork get its own copy now?",
	"May a write fault keep the page instead of copying it?",
	"And: does a discard leave pinned pages in place?",
	"And: how do a fast pin and a fork not miss each other?",
};

/* The same text for several designs.  The last two have both of the last answers: no discard asks for pins. */
#define ALONE "when nobody else holds any reference; own pins count"
#define EXCLUSIVE "when it is exclusive, or nobody else holds any reference"
#define MAYBE "maybe-pinned anonymous pages"
#define NO_HANDSHAKE "no", "they may: no handshake"
#define SEQUENCE "no", "the fork's sequence, with fences"

static const char *const answers[DESIGNS][QUESTIONS] = {
	[DESIGN_LINUX_5_7] = {"present / writable", "no", "never", "when it is mapped once", NO_HANDSHAKE},
	[DESIGN_LINUX_5_8] = {
		"writable / writable; GET too", "in a private mapping: broken like a write, even a read-only one",
		"never", "when it is mapped once", NO_HANDSHAKE,
	},
	[DESIGN_LINUX_5_9_RC] = {"present / writable", "no", "never", ALONE, NO_HANDSHAKE},
	[DESIGN_LINUX_5_9] = {"present / writable", "no", MAYBE, ALONE, NO_HANDSHAKE},
	[DESIGN_LINUX_5_10] = {"present / writable", "no", MAYBE, ALONE, SEQUENCE},
	[DESIGN_SYMMETRIC] = {
		"writable and dirty / writable", "as for a write: entry writable where the mapping is, but clean",
		"pinned pages", ALONE, SEQUENCE,
	},
	[DESIGN_A_OR_B] = {
		"writable / writable",
		"(a) shared mapping: no; (b) private: until mapped once, and writable where the mapping is",
		"pinned pages", ALONE, SEQUENCE,
	},
	[DESIGN_LINUX_5_19] = {
		"writable, or object page, or exclusive / writable", "anonymous and not exclusive: unshare",
		"maybe-pinned and exclusive pages", EXCLUSIVE, SEQUENCE,
	},
	[DESIGN_LINUX_6_2] = {
		"as 5.19; long-term: writable, or anonymous and exclusive / writable",
		"as 5.19; long-term: anything in a private mapping", "maybe-pinned and exclusive pages", EXCLUSIVE,
		SEQUENCE,
	},
	[DESIGN_HOLDFAST] = {
		"PINNABLE / PINNABLE and writable", "yes, unless it is PINNABLE", "pinned pages", "when it is exclusive",
		"yes", "Holdfast's own handshake",
	},
};

static const char *const about[DESIGNS] = {
	[DESIGN_LINUX_5_7] = "before the forced break",
	[DESIGN_LINUX_5_8] = "forced break",
	[DESIGN_LINUX_5_9_RC] = "reuse by reference count",
	[DESIGN_LINUX_5_9] = "copy at fork what may be pinned",
	[DESIGN_LINUX_5_10] = "has_pinned, write-protect sequence",
	[DESIGN_SYMMETRIC] = "the proposal of 2020",
	[DESIGN_A_OR_B] = "the counter-offer",
	[DESIGN_LINUX_5_19] = "anonymous-exclusive",
	[DESIGN_LINUX_6_2] = "reliable long-term read pins",
	[DESIGN_HOLDFAST] = "the mark in the entry",
};

static enum exit_code designs(int left, char **arguments)
{
	struct term term = term_of_stdout();

	if (left)
		return complain_arguments(&cmd_designs, arguments);
	for (int d = 0; d < DESIGNS; d++)
		printf("  %-14s%s\n", design_names[d], about[d]);
	for (int q = 0; q < QUESTIONS; q++) {
		fputc('\n', stdout);
		print_title(stdout, term, questions[q]);
		for (int d = 0; d < DESIGNS; d++)
			print_wrapped(stdout, term, printf("  %-14s", design_names[d]), 16, answers[d][q]);
	}
	fputc('\n', stdout);
	print_wrapped(stdout, term, 0, 0,
		      "For all: the zero page is never fast, and protect upwards never makes a private entry writable "
		      "by itself: the next write fault decides.");
	fputc('\n', stdout);
	print_wrapped(stdout, term, 0, 0,
		      "Judges that are no designs: kernel, the one that runs here; model, the reference model.  As a judge "
		      "`designs` stands for all ten.");
	return EXIT_EXPECTED;
}

const struct command cmd_designs = {
	.name = "designs",
	.summary = "The ten designs: their answers to the four questions, and two more",
	.run = designs,
};

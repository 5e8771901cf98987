/*
 * options.c - what is wanted
 */
#include "bench.h"

#include "holdfast.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct plan thorough = { .rounds = 31, .least = 5, .seconds = 8 };
static const struct plan quick = { .rounds = 7, .least = 3, .seconds = 0.5, .quick = true };

static const char help[] =
	"usage: holdfast bench [OPTION...] [MEASURE|CURVE...]\n"
	"\n"
	"Times pins, forks, faults, loads and stores: Holdfast and the kernel that runs here, in\n"
	"turn, and says which targets are met.  Without a name: every measure.\n"
	"\n"
	"  --quick                less memory, fewer rounds: done within a minute\n"
	"  --curves               what grows with what, in place of the measures\n"
	"  --big                  a fork of 16 GiB, too\n"
	"  --instructions         instructions in place of times, by callgrind\n"
	"  --format text|json     a table (default), or one JSON object a line\n"
	"  --json                 the same as --format json\n"
	"  --chart FILE           write a picture as well (SVG)\n"
	"  --list                 the measures and curves, their targets, and what each is\n"
	"  --count ROUNDS         Holdfast's side of one MEASURE that often, with no clock: to be\n"
	"                         run under an instruction counter\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 measured, 1 went wrong, 2 usage, 77 nothing could be measured here.\n";

static int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int complain(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fputs("holdfast bench: ", stderr);
	vfprintf(stderr, format, list);
	fputs("; `holdfast bench --help` says more\n", stderr);
	va_end(list);
	return EXIT_USAGE;
}

/* ---- names ------------------------------------------------------------------------------- */

static int choose(struct wish *wish, const char *name)
{
	const struct measure *measure = measure_find(name);
	const struct curve *curve = curve_find(name);

	if (!measure && !curve)
		return complain("unknown measure \"%s\"; --list shows them", name);
	if (wish->measure_count == CHOSEN_MAX || wish->curve_count == CURVES_MAX)
		return complain("too many measures");
	if (measure)
		wish->measures[wish->measure_count++] = measure;
	else
		wish->chosen_curves[wish->curve_count++] = curve;
	return 0;
}

/* Without a name. */
static bool is_wanted(const struct wish *wish, const struct trial *trial)
{
	if (wish->instructions)
		return trial->counted;
	return !trial->on_demand || (wish->big && !trial->counted);
}

static void choose_all(struct wish *wish)
{
	if (wish->curves)
		for (const struct curve *curve = curves; curve->name; curve++)
			wish->chosen_curves[wish->curve_count++] = curve;
	else
		for (const struct measure *measure = measures; measure->name; measure++)
			if (is_wanted(wish, measure->trial))
				wish->measures[wish->measure_count++] = measure;
}

static void list_one(const struct measure *measure)
{
	char words[400], target[80];

	measure_words(measure, measure->trial->mib, words, sizeof(words));
	target_text(measure, target, sizeof(target));
	printf("%-30s %s%s%s%s%s\n", measure->name, words,
	       measure->beside ? " | " : "", measure->beside ? measure->beside : "", target[0] ? " -> " : "", target);
}

static void list_all(void)
{
	for (const struct measure *measure = measures; measure->name; measure++)
		list_one(measure);
	for (const struct curve *curve = curves; curve->name; curve++) {
		printf("\n%s, by %s:\n", curve->name, curve->axis);
		for (unsigned i = 0; i < curve->count; i++)
			list_one(&curve->measures[i]);
	}
}

/* ---- options --------------------------------------------------------------------------------- */

static int set_format(struct wish *wish, const char *format)
{
	if (strcmp(format, "text") && strcmp(format, "json"))
		return complain("--format is one of text, json, not \"%s\"", format);
	wish->json = !strcmp(format, "json");
	return 0;
}

static int set_count(struct wish *wish, const char *text)
{
	char *end;
	unsigned long count;

	errno = 0;
	count = strtoul(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || !count || count > 1000000)
		return complain("--count wants a number from 1 to 1000000, not \"%s\"", text);
	wish->count = (unsigned)count;
	return 0;
}

static int set_chart(struct wish *wish, const char *path)
{
	if (!*path)
		return complain("--chart wants the name of a file");
	wish->chart = path;
	return 0;
}

static int set_quick(struct wish *wish, const char *unused)
{
	(void)unused;
	wish->plan = &quick;
	return 0;
}

static int set_json(struct wish *wish, const char *unused)
{
	(void)unused;
	wish->json = true;
	return 0;
}

static int set_big(struct wish *wish, const char *unused)
{
	(void)unused;
	wish->big = true;
	return 0;
}

static int set_curves(struct wish *wish, const char *unused)
{
	(void)unused;
	wish->curves = true;
	return 0;
}

static int set_instructions(struct wish *wish, const char *unused)
{
	(void)unused;
	wish->instructions = true;
	return 0;
}

static void print_help(void)
{
	fputs(help, stdout);
}

static void print_version(void)
{
	printf("holdfast %s\n", hf_version());
}

/* Exactly one of the two is set. */
static const struct option {
	const char *name;
	bool has_value;
	int (*set)(struct wish *, const char *value);
	void (*print)(void);			/* in place of the work */
} options[] = {
	{ "--quick", false, set_quick, NULL },	 { "--curves", false, set_curves, NULL },
	{ "--big", false, set_big, NULL },	 { "--instructions", false, set_instructions, NULL },
	{ "--json", false, set_json, NULL },	 { "--format", true, set_format, NULL },
	{ "--chart", true, set_chart, NULL },	 { "--count", true, set_count, NULL },
	{ "--list", false, NULL, list_all },	 { "--help", false, NULL, print_help },
	{ "-h", false, NULL, print_help },	 { "--version", false, NULL, print_version },
};

/* Whole names only, as in the other commands. */
static const struct option *option_find(const char *word)
{
	size_t length = strcspn(word, "=");

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strlen(options[i].name) == length && !memcmp(options[i].name, word, length))
			return &options[i];
	return NULL;
}

/* The option at argv[*at], and its value, which may be the next word. */
static int take_option(struct wish *wish, char **argv, int *at, void (**print)(void))
{
	const char *word = argv[*at], *value = strchr(word, '=');
	const struct option *option = option_find(word);

	if (!option)
		return complain("unknown option %s", word);
	if (!option->has_value && value)
		return complain("%s takes no value", option->name);
	if (option->has_value && !value && !argv[*at + 1])
		return complain("%s wants a value", option->name);
	if (option->print) {
		*print = option->print;
		return 0;
	}
	if (option->has_value)
		value = value ? value + 1 : argv[++*at];
	return option->set(wish, value);
}

static int check(struct wish *wish)
{
	if (wish->count && (wish->measure_count != 1 || wish->curve_count))
		return complain("--count wants exactly one measure");
	if (wish->count && (!wish->measures[0]->trial || wish->measures[0]->trial->counted))
		return complain("--count wants a measure that is timed");
	if (wish->instructions && (wish->curves || wish->measure_count || wish->curve_count))
		return complain("--instructions takes no measures; those that count can be named without it");
	return -1;
}

int options_parse(struct wish *wish, char **argv)
{
	void (*print)(void) = NULL;
	bool names_only = false;
	int error = 0;

	wish->plan = &thorough;
	for (int at = 1; argv[at] && !error; at++) {
		if (!names_only && !strcmp(argv[at], "--"))
			names_only = true;
		else if (!names_only && argv[at][0] == '-')
			error = take_option(wish, argv, &at, &print);
		else
			error = choose(wish, argv[at]);
	}
	if (error)
		return error;
	if (print) {
		print();
		return EXIT_MEASURED;
	}
	error = check(wish);
	if (error < 0 && ((!wish->measure_count && !wish->curve_count) || (wish->curves && !wish->curve_count)))
		choose_all(wish);
	return error;
}

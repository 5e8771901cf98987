/*
 * main.c - the program holdfast-bench: Holdfast and the kernel it runs on, side by side
 *
 * It is linked against the library as people get it.  `holdfast bench` runs it.
 */
#include "bench.h"

#include "holdfast.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CHOSEN_MAX 64

static const struct plan thorough = { .rounds = 31, .least = 5, .seconds = 10 };
static const struct plan quick = { .rounds = 9, .least = 3, .seconds = 2 };

struct wish {
	const struct plan *plan;
	bool json;
	unsigned count;				/* --count: rounds of one side; 0: compare */
	unsigned chosen;
	const struct measure *measures[CHOSEN_MAX];
};

static const char help[] =
	"usage: holdfast bench [OPTION...] [MEASURE...]\n"
	"\n"
	"Times pins, COW breaks, demand-zero faults and forks: Holdfast and the kernel that\n"
	"runs here, in turn.  Without a MEASURE: all of them.\n"
	"\n"
	"  --quick                fewer rounds: done within a minute\n"
	"  --format text|json     a table (default), or one JSON object a line\n"
	"  --json                 the same as --format json\n"
	"  --list                 the measures, and what each is\n"
	"  --count ROUNDS         Holdfast's side of one MEASURE that often, with no clock: to be\n"
	"                         run under an instruction counter (bench/instructions.sh)\n"
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

/* ---- what is wanted ---------------------------------------------------------------------- */

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

static int choose(struct wish *wish, const char *name)
{
	const struct measure *measure = measure_find(name);

	if (!measure)
		return complain("unknown measure \"%s\"; --list shows them", name);
	if (wish->chosen == CHOSEN_MAX)
		return complain("more than %d measures", CHOSEN_MAX);
	wish->measures[wish->chosen++] = measure;
	return 0;
}

static void choose_all(struct wish *wish)
{
	for (const struct measure *measure = measures; measure->name; measure++)
		wish->measures[wish->chosen++] = measure;
}

static void list_measures(void)
{
	for (const struct measure *measure = measures; measure->name; measure++)
		printf("%-18s %s\n", measure->name, measure->what);
}

static void print_help(void)
{
	fputs(help, stdout);
}

static void print_version(void)
{
	printf("holdfast %s\n", hf_version());
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

/* Exactly one of the two is set. */
static const struct option {
	const char *name;
	bool has_value;
	int (*set)(struct wish *, const char *value);
	void (*print)(void);			/* in place of the work */
} options[] = {
	{ "--quick", false, set_quick, NULL },	 { "--json", false, set_json, NULL },
	{ "--format", true, set_format, NULL },	 { "--count", true, set_count, NULL },
	{ "--list", false, NULL, list_measures }, { "--help", false, NULL, print_help },
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

/* Returns an exit code, or -1 to go on. */
static int parse(struct wish *wish, char **argv)
{
	void (*print)(void) = NULL;
	bool names_only = false;
	int error = 0;

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
	if (wish->count && wish->chosen != 1)
		return complain("--count wants exactly one measure");
	if (!wish->chosen)
		choose_all(wish);
	return -1;
}

/* ---- doing it ------------------------------------------------------------------------------ */

static void one(const struct wish *wish, const struct machine *machine, unsigned at, struct result *result)
{
	const struct measure *measure = wish->measures[at];

	if (machine->free_mib && machine->free_mib < measure->mib) {
		*result = (struct result){ .measure = measure, .outcome = IMPOSSIBLE };
		snprintf(result->why, sizeof(result->why), "it needs %llu MiB of free memory, and there are %llu",
			 (unsigned long long)measure->mib, (unsigned long long)machine->free_mib);
	} else {
		compare(measure, wish->plan, at, wish->chosen, result);
	}
	progress_clear();
	if (wish->json)
		report_json(machine, result);
	else
		report_text(result);
}

static int measure_all(const struct wish *wish)
{
	struct machine machine;
	bool any = false, failed = false;

	machine_look(&machine);
	if (!wish->json)
		report_head(&machine);
	for (unsigned at = 0; at < wish->chosen; at++) {
		struct result result;

		one(wish, &machine, at, &result);
		any |= result.rounds > 0;
		failed |= result.outcome == WENT_WRONG;
	}
	if (!wish->json)
		report_tail();
	return failed ? EXIT_FAILED : any ? EXIT_MEASURED : EXIT_NOTHING;
}

/* What was written has to have got somewhere. */
static int finish(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "holdfast bench: can't write the results: %s\n", strerror(errno));
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct wish wish = { .plan = &thorough };
	int status = argc > 0 ? parse(&wish, argv) : complain("no name to run under");

	if (status >= 0)
		return finish(status);
	if (wish.count) {
		const struct measure *measure = wish.measures[0];

		printf("%.0f\n", side_run_here(measure->holdfast, measure, wish.count));
		return finish(EXIT_MEASURED);
	}
	return finish(measure_all(&wish));
}

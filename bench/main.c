/*
 * main.c - the program holdfast-bench: Holdfast and the kernel it runs on, side by side
 *
 * It is linked against the library as people get it.  `holdfast bench` runs it.
 */
#include "bench.h"

#include "holdfast.h"

#include <errno.h>
#include <getopt.h>
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

static int choose(struct wish *wish, int argc, char **argv)
{
	for (int i = optind; i < argc; i++) {
		const struct measure *measure = measure_find(argv[i]);

		if (!measure)
			return complain("unknown measure \"%s\": --list shows them", argv[i]);
		if (wish->chosen == CHOSEN_MAX)
			return complain("more than %d measures", CHOSEN_MAX);
		wish->measures[wish->chosen++] = measure;
	}
	if (wish->count && wish->chosen != 1)
		return complain("--count wants exactly one measure");
	for (const struct measure *m = measures; optind == argc && m->name; m++)
		wish->measures[wish->chosen++] = m;
	return 0;
}

static void list_measures(void)
{
	for (const struct measure *measure = measures; measure->name; measure++)
		printf("%-18s %s\n", measure->name, measure->what);
}

/* Returns an exit code, or -1 to go on. */
static int parse(struct wish *wish, int argc, char **argv)
{
	static const struct option options[] = {
		{ "quick", no_argument, NULL, 'q' },	{ "json", no_argument, NULL, 'j' },
		{ "format", required_argument, NULL, 'f' }, { "count", required_argument, NULL, 'c' },
		{ "list", no_argument, NULL, 'l' },	{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },	{ NULL, 0, NULL, 0 },
	};
	int option, error = 0;

	opterr = 0;
	while (!error && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 'q': wish->plan = &quick; break;
		case 'j': wish->json = true; break;
		case 'f': error = set_format(wish, optarg); break;
		case 'c': error = set_count(wish, optarg); break;
		case 'l': list_measures(); return EXIT_MEASURED;
		case 'h': fputs(help, stdout); return EXIT_MEASURED;
		case 'v': printf("holdfast %s\n", hf_version()); return EXIT_MEASURED;
		case ':': return complain("%s wants an argument", argv[optind - 1]);
		default: return complain("unknown option %s", argv[optind - 1]);
		}
	}
	if (!error)
		error = choose(wish, argc, argv);
	return error ? error : -1;
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
	int status = parse(&wish, argc, argv);

	if (status >= 0)
		return finish(status);
	if (wish.count) {
		const struct measure *measure = wish.measures[0];

		printf("%.0f\n", side_run_here(measure->holdfast, measure, wish.count));
		return finish(EXIT_MEASURED);
	}
	return finish(measure_all(&wish));
}

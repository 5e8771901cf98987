/*
 * cmd_bench.c - `holdfast bench`: becomes the program holdfast-bench
 *
 * That one is linked against the library as people get it, this one against the
 * laboratory, whose figures would be wrong.
 */
#include "cli.h"
#include "must.h"
#include "where.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static enum exit_code bench(int argc, char **argv)
{
	static const char *const places[] = {"holdfast-bench", "../libexec/holdfast/holdfast-bench"};
	char **arguments = must(calloc((size_t)argc + 2, sizeof(*arguments)));

	if (argc > 0)
		memcpy(arguments + 1, argv, (size_t)argc * sizeof(*argv));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		arguments[0] = beside_program(places[i]);
		execv(arguments[0], arguments);
		if (errno != ENOENT) {
			complain("can't run %s: %s", arguments[0], strerror(errno));
			return EXIT_UNEXPECTED;
		}
		free(arguments[0]);
	}
	free(arguments);
	complain("holdfast-bench is not beside this program; build it with `make`");
	return EXIT_IMPOSSIBLE;
}

const struct command cmd_bench = {
	.name = "bench",
	.arguments = "[ARGUMENT...]",
	.summary = "Time pins, forks, faults and loads beside the kernel; `holdfast bench --help` says more",
	.run = bench,
	.raw = true,
};

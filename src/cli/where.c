/*
 * where.c - where the program itself lies, and the things that belong to it
 *
 * In the tree that is <tree>/build/holdfast, with the scenarios in
 * <tree>/scenarios; installed it is <prefix>/bin/holdfast, with them in
 * <prefix>/share/holdfast/scenarios.
 */
#include "where.h"

#include "cli.h"
#include "must.h"

#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory of this program, "." if the system would not say. */
static const char *own_directory(void)
{
	static char path[PATH_MAX];
	ssize_t length;
	char *slash;

	if (path[0])
		return path;
	length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[length > 0 ? length : 0] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return strcpy(path, ".");
	slash[slash == path] = '\0';
	return path;
}

char *beside_program(const char *below)
{
	char *path = NULL;

	return must(asprintf(&path, "%s/%s", own_directory(), below) < 0 ? NULL : path);
}

static bool is_directory(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

/* Is it there?  Then it is the answer. */
static const char *first_directory(void)
{
	static const char *const places[] = {"../scenarios", "../share/holdfast/scenarios"};
	static char resolved[PATH_MAX];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char *path = beside_program(places[i]);
		bool there = is_directory(path) && realpath(path, resolved);

		free(path);
		if (there)
			return resolved;
	}
	return is_directory("scenarios") ? "scenarios" : NULL;
}

/* One that the user named is the only one: no other takes its place. */
static const char *named_directory(const char **by)
{
	const char *variable = getenv("HOLDFAST_SCENARIOS");

	*by = option_scenarios ? "--scenarios" : variable && *variable ? "HOLDFAST_SCENARIOS" : NULL;
	return option_scenarios ? option_scenarios : variable;
}

const char *scenario_directory_if_any(void)
{
	static const char *first;
	const char *by, *named = named_directory(&by);

	if (by)
		return is_directory(named) ? named : NULL;
	if (!first)
		first = first_directory();
	return first;
}

const char *scenario_directory(void)
{
	const char *directory = scenario_directory_if_any(), *by, *named = named_directory(&by);

	if (!directory && by)
		complain("%s, which %s names as the directory of the scenarios, is no directory", named, by);
	else if (!directory)
		complain("found no directory of scenarios; name it with --scenarios DIR or HOLDFAST_SCENARIOS");
	return directory;
}

/*
 * corpus.c - from the paths on a command line to parsed scenarios
 *
 * A file with nonsense in it is reported by the parser, counted here, and the
 * others are still read.  Directories are walked in the order of their names,
 * so that every list of scenarios is the same everywhere; links to directories
 * are not followed, so that the walk ends.
 */
#include "corpus.h"

#include "cli.h"
#include "must.h"
#include "names.h"
#include "where.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX ".scn"

typedef void visitor(const char *path, void *context);

static bool has_suffix(const char *path)
{
	size_t length = strlen(path), suffix = strlen(SUFFIX);

	return length > suffix && !strcmp(path + length - suffix, SUFFIX);
}

static char *join(const char *directory, const char *name, const char *suffix)
{
	size_t length = strlen(directory);
	const char *slash = length && directory[length - 1] == '/' ? "" : "/";
	char *path = NULL;

	return must(asprintf(&path, "%s%s%s%s", directory, slash, name, suffix) < 0 ? NULL : path);
}

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Visit every scenario below a directory.  False when it can't be read. */
static bool walk(const char *directory, visitor *visit, void *context)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, no_dots, alphasort);
	bool good = count >= 0;

	if (!good)
		complain("%s: %s", directory, strerror(errno));
	for (int i = 0; i < count; i++) {
		char *path = join(directory, entries[i]->d_name, "");
		struct stat status;

		if (!lstat(path, &status) && S_ISDIR(status.st_mode))
			good = walk(path, visit, context) && good;
		else if (has_suffix(path) && (stat(path, &status) || S_ISREG(status.st_mode)))
			visit(path, context); /* a link to nowhere too: it is to be reported */
		free(path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return good;
}

/*
 * The parser names a scenario by its path as given, which says nothing to
 * somebody who stands in its directory.  Where the file really lies decides:
 * below the directory of the scenarios, or below any that is called so.
 */
static void name_scenario(struct scenario *scenario)
{
	const char *directory = scenario_directory_if_any(), *name = NULL;
	char *real = realpath(scenario->path, NULL), *top = directory ? realpath(directory, NULL) : NULL;
	size_t length = top ? strlen(top) : 0;

	if (real && top && !strncmp(real, top, length) && real[length] == '/')
		name = real + length + 1;
	else
		for (const char *c = real; c && (c = strstr(c, "/scenarios/")); c++)
			name = c + strlen("/scenarios/");
	if (name) {
		free(scenario->name);
		scenario->name = must(strdup(name));
		if (has_suffix(name))
			scenario->name[strlen(name) - strlen(SUFFIX)] = '\0';
	}
	free(real);
	free(top);
}

static void add_scenario(struct corpus *corpus, struct scenario *scenario)
{
	name_scenario(scenario);
	if (corpus->count == corpus->room) {
		corpus->room = corpus->room ? 2 * corpus->room : 64;
		corpus->scenarios = must(realloc(corpus->scenarios, corpus->room * sizeof(*corpus->scenarios)));
	}
	corpus->scenarios[corpus->count++] = scenario;
}

static void add_file(struct corpus *corpus, const char *path)
{
	struct scenario *scenario = scenario_parse_file(path, stderr);

	if (scenario)
		add_scenario(corpus, scenario);
	else
		corpus->bad++;
}

/* What a directory is walked for. */
struct wanted {
	struct corpus *corpus;
	enum corpus_want want;
};

static void add_wanted(const char *path, void *context)
{
	struct wanted *wanted = context;
	struct scenario *scenario = scenario_parse_file(path, stderr);

	if (!scenario) {
		wanted->corpus->bad++;
	} else if ((scenario->nthreads > 0) == (wanted->want == CORPUS_WITH_THREADS)) {
		add_scenario(wanted->corpus, scenario);
	} else {
		wanted->corpus->left_out++;
		scenario_free(scenario);
	}
}

static size_t files_of(const struct corpus *corpus)
{
	return corpus->count + corpus->left_out + (size_t)corpus->bad;
}

static void add_directory(struct corpus *corpus, enum corpus_want want, const char *path)
{
	size_t files = files_of(corpus);

	if (!walk(path, add_wanted, &(struct wanted){corpus, want})) {
		corpus->bad++;
	} else if (files == files_of(corpus)) {
		complain("%s: no scenario (*" SUFFIX ") in this directory", path);
		corpus->bad++;
	}
}

/* A pipe between two programs has none, though /dev/stdin leads to it. */
static bool has_name(const char *path)
{
	char *real = realpath(path, NULL);

	free(real);
	return real != NULL;
}

/* To open it would wait for somebody who writes, and maybe for ever. */
static void refuse_fifo(struct corpus *corpus, const char *path)
{
	complain("%s: a FIFO, no file; to read a scenario from it: cat %s | holdfast run /dev/stdin", path, path);
	corpus->bad++;
}

/* Add what is at a path.  False when nothing is, and errno says why. */
static bool add_existing(struct corpus *corpus, enum corpus_want want, const char *path)
{
	struct stat status;

	if (stat(path, &status))
		return false;
	if (S_ISDIR(status.st_mode))
		add_directory(corpus, want, path);
	else if (S_ISFIFO(status.st_mode) && has_name(path))
		refuse_fifo(corpus, path);
	else
		add_file(corpus, path);
	return true;
}

/* ---- the nearest name, for the message ---- */

struct known {
	const char *directory;
	char **names;
	int count;
};

static void add_name(const char *path, void *context)
{
	struct known *known = context;
	char *name = must(strdup(path + strlen(known->directory) + 1));

	name[strlen(name) - strlen(SUFFIX)] = '\0';
	known->names = must(realloc(known->names, (size_t)(known->count + 1) * sizeof(char *)));
	known->names[known->count++] = name;
}

static void complain_about(const char *path, const char *directory)
{
	struct known known = {.directory = directory};
	const char *near = NULL;

	if (directory && walk(directory, add_name, &known))
		near = word_nearest((const char *const *)known.names, known.count, path, strlen(path));
	if (near)
		complain("%.200s: no such file, directory or scenario; did you mean %s?", path, near);
	else
		complain("%.200s: no such file or directory, and no scenario below %s", *path ? path : "\"\"",
			 directory ? directory : "any directory of scenarios");
	for (int i = 0; i < known.count; i++)
		free(known.names[i]);
	free(known.names);
}

/* "scenarios/history" means the same where the directory is another one. */
static const char *without_top(const char *name)
{
	static const char top[] = "scenarios";
	size_t length = strlen(top);

	if (strncmp(name, top, length) || (name[length] && name[length] != '/'))
		return name;
	return name + length + strspn(name + length, "/");
}

bool corpus_knows(const char *path)
{
	const char *directory = scenario_directory_if_any();
	struct stat status;
	bool known = !stat(path, &status);

	for (int i = 0; i < 2 && directory && *path && !known; i++) {
		char *below = join(directory, without_top(path), i ? "" : SUFFIX);

		known = !stat(below, &status);
		free(below);
	}
	return known;
}

/* A name below the directory of the scenarios, of one of them or of a directory. */
static void add_named(struct corpus *corpus, enum corpus_want want, const char *name)
{
	const char *directory = scenario_directory();
	char *file = directory ? join(directory, without_top(name), SUFFIX) : NULL;
	char *whole = directory ? join(directory, without_top(name), "") : NULL;

	/* No name is the directory itself, and surely a slip: an empty variable of a script. */
	if (!directory || !*name || (!add_existing(corpus, want, file) && !add_existing(corpus, want, whole))) {
		corpus->bad++;
		complain_about(name, directory);
	}
	free(file);
	free(whole);
}

/* Something may be there, but the way to it leads nowhere: links in a circle, a closed directory. */
static void add_unreachable(struct corpus *corpus, const char *path, int error)
{
	complain("%.200s: %s", path, strerror(error));
	corpus->bad++;
}

void corpus_read(struct corpus *corpus, enum corpus_want want, int paths, char **path)
{
	memset(corpus, 0, sizeof(*corpus));
	for (int i = 0; i < paths; i++) {
		if (add_existing(corpus, want, path[i]))
			continue;
		if (errno == ENOENT || errno == ENOTDIR)
			add_named(corpus, want, path[i]);
		else
			add_unreachable(corpus, path[i], errno);
	}
	if (paths > 0)
		return;
	if (scenario_directory())
		add_directory(corpus, want, scenario_directory());
	else
		corpus->bad++;
}

void corpus_free(struct corpus *corpus)
{
	for (size_t i = 0; i < corpus->count; i++)
		scenario_free(corpus->scenarios[i]);
	free(corpus->scenarios);
}

size_t corpus_directory(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? (size_t)(slash - name) : 0;
}

/* First the argument that started it, then what happened since; the rest after these. */
static int group_of(const char *name)
{
	static const char *const groups[] = {"argument", "history", "selftest", "field", NULL};
	int group = word_index(groups, word_count(groups), name, corpus_directory(name));

	return group < 0 ? word_count(groups) : group;
}

static int by_group(const void *a, const void *b)
{
	const char *one = (*(struct scenario *const *)a)->name, *other = (*(struct scenario *const *)b)->name;
	int difference = group_of(one) - group_of(other);

	return difference ? difference : strcmp(one, other);
}

void corpus_sort(struct corpus *corpus)
{
	if (corpus->count)
		qsort(corpus->scenarios, corpus->count, sizeof(*corpus->scenarios), by_group);
}

const char *corpus_handle(const struct scenario *scenario)
{
	const char *directory = scenario_directory_if_any();
	char *path = directory ? join(directory, scenario->name, SUFFIX) : NULL;
	struct stat named, real;
	bool same = path && !stat(path, &named) && !stat(scenario->path, &real) && named.st_ino == real.st_ino &&
		    named.st_dev == real.st_dev;

	free(path);
	return same ? scenario->name : scenario->path;
}

/*
 * survivors.c - reading the file of explained survivors
 */
#include "survivors.h"

#include "cli.h"
#include "must.h"
#include "where.h"

#include <errno.h>
#include <string.h>

#define IN_THE_TREE "tests/mutants/survivors.txt"

static bool add_line(struct survivors *survivors, char *line, int number)
{
	char *name = line + strspn(line, " \t"), *reason;
	size_t length;

	line[strcspn(line, "\n")] = '\0';
	if (!*name || *name == '#')
		return true;
	length = strcspn(name, " \t");
	reason = name + length + strspn(name + length, " \t");
	if (!*reason) {
		complain("%s:%d: %.200s has no reason; expected NAME and why nobody can notice it", survivors->path,
			 number, name);
		return false;
	}
	survivors->list = must(realloc(survivors->list, (survivors->count + 1) * sizeof(*survivors->list)));
	survivors->list[survivors->count++] = (struct survivor){
		.name = must(strndup(name, length)), .reason = must(strdup(reason)), .line = number,
	};
	return true;
}

static FILE *open_it(struct survivors *survivors, const char *path)
{
	static char *beside;
	FILE *file;

	if (path) {
		survivors->path = path;
		return fopen(path, "re");
	}
	free(beside);
	beside = beside_program("../" IN_THE_TREE);
	file = fopen(beside, "re");
	survivors->path = file ? beside : IN_THE_TREE;
	return file ? file : fopen(IN_THE_TREE, "re");
}

bool survivors_read(struct survivors *survivors, const char *path)
{
	FILE *file;
	char *line = NULL;
	size_t room = 0;
	bool good = true;

	*survivors = (struct survivors){.path = NULL};
	file = open_it(survivors, path);
	if (!file && path)
		return complain("%s: %s", path, strerror(errno)), false;
	if (!file) {
		survivors->path = NULL;
		return true;
	}
	for (int number = 1; good && getline(&line, &room, file) >= 0; number++)
		good = add_line(survivors, line, number);
	free(line);
	fclose(file);
	return good;
}

void survivors_free(struct survivors *survivors)
{
	for (size_t i = 0; i < survivors->count; i++) {
		free(survivors->list[i].name);
		free(survivors->list[i].reason);
	}
	free(survivors->list);
}

/* file:function:what-it-becomes */
static bool is_in_function(const struct explore_site *site, const char *name)
{
	const char *becomes = strrchr(site->name, ':');
	size_t file = strlen(site->file), function = strlen(site->function);

	return becomes && !strncmp(name, site->file, file) && name[file] == ':' &&
	       !strncmp(name + file + 1, site->function, function) && !strcmp(name + file + 1 + function, becomes);
}

struct survivor *survivors_find(const struct survivors *survivors, const struct explore_site *site)
{
	for (size_t i = 0; i < survivors->count; i++)
		if (!strcmp(survivors->list[i].name, site->name) || is_in_function(site, survivors->list[i].name))
			return &survivors->list[i];
	return NULL;
}

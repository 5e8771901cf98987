/*
 * complain.c - messages about wrong words on the command line
 *
 * All go to standard error, begin with the program's name, and say what to do.
 */
#include "cli.h"

#include "names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum exit_code complain(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fputs("holdfast: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
	return EXIT_BAD_INPUT;
}

enum exit_code complain_unknown(const char *kind, const char *dashes, const char *word, const char *const *known,
				int count, const char *listed_by)
{
	const char *bare = *dashes ? word + strspn(word, "-") : word;
	const char *near = word_nearest(known, count, bare, strlen(bare));

	if (near)
		return complain("unknown %s %s; did you mean %s%s?  `holdfast %s` lists what there is", kind, word,
				dashes, near, listed_by);
	return complain("unknown %s %s; `holdfast %s` lists what there is", kind, *word ? word : "\"\"", listed_by);
}

enum exit_code complain_command(const char *word)
{
	const char *known[32];
	int count = 0;

	for (const struct command *const *c = commands; *c && count < 32; c++)
		known[count++] = (*c)->name;
	return complain_unknown("command", "", word, known, count, "--help");
}

enum exit_code complain_arguments(const struct command *command, char **arguments)
{
	return complain("`%s` takes no arguments, but got \"%s\"; see `holdfast help %s`", command->name, arguments[0],
			command->name);
}

/*
 * help.c - the help texts, made from the tables of commands and options
 */
#include "help.h"

#include <string.h>

static void print_entry(FILE *out, int width, const char *word, const char *argument, const char *text)
{
	int at = fprintf(out, "  %s%s%s", word, argument ? " " : "", argument ? argument : "");

	fprintf(out, "%*s%s\n", at < width ? width - at : 1, "", text);
}

void help_program(FILE *out)
{
	fputs("usage: holdfast [COMMAND] [OPTION...] [ARGUMENT...]\n\n"
	      "Which promises of pinned pages hold, under ten designs and on the kernel that\n"
	      "runs here.  Without a command: report,\n"
	      "of the scenarios named, or of all there are.\n\n", out);
	for (const struct command *const *c = commands; *c; c++)
		print_entry(out, 14, (*c)->name, NULL, (*c)->summary);
	fputs("\nEvery command takes --scenarios DIR: where the scenarios are, if not by the\n"
	      "program; HOLDFAST_SCENARIOS says it too.  `holdfast help COMMAND` says more.\n\n"
	      "Exit status: 0 as expected, 1 not as expected, 2 bad input, 77 not possible here.\n", out);
}

void help_command(FILE *out, const struct command *command)
{
	const struct option *o = command->options;
	char word[64];

	fprintf(out, "usage: holdfast %s%s%s%s\n\n%s.\n", command->name, o ? " [OPTION...]" : "",
		command->arguments ? " " : "", command->arguments ? command->arguments : "", command->summary);
	if (command->details)
		fprintf(out, "\n%s\n", command->details);
	if (o)
		fputc('\n', out);
	for (; o && o->name; o++) {
		snprintf(word, sizeof(word), "--%s", o->name);
		print_entry(out, 28, word, o->argument, o->help);
	}
}

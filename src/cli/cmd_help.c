/*
 * cmd_help.c - `holdfast help [COMMAND]`
 */
#include "cli.h"
#include "help.h"

#include "names.h"

static enum exit_code help(int left, char **arguments)
{
	const struct command *command;

	if (left == 0) {
		help_program(stdout);
		return EXIT_EXPECTED;
	}
	command = command_find(arguments[0]);
	if (!command)
		return complain_command(arguments[0]);
	help_command(stdout, command);
	return EXIT_EXPECTED;
}

const struct command cmd_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "What the program does, or one command of it",
	.run = help,
};

/*
 * main.c - the program holdfast: its commands, and which one is meant
 *
 * Nothing else is here: each command is a file, cmd_NAME.c.
 */
#include "cli.h"
#include "help.h"
#include "output.h"

#include "holdfast.h"

#include <stdio.h>
#include <string.h>

const struct command *const commands[] = {
	&cmd_report, &cmd_run, &cmd_fastpath, &cmd_kernel, &cmd_random, &cmd_bench, &cmd_designs, &cmd_help, NULL,
};

const struct command *command_find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

static enum exit_code answer(enum request request, const struct command *command)
{
	if (request == REQUEST_VERSION)
		printf("holdfast %s\n", hf_version());
	else if (command)
		help_command(stdout, command);
	else
		help_program(stdout);
	return EXIT_EXPECTED;
}

static enum exit_code run_command(const struct command *command, int argc, char **argv)
{
	enum request request = REQUEST_NONE;
	int left;

	if (command->raw)
		return command->run(argc, argv);
	left = options_parse(command, argc, argv, &request);
	if (left < 0)
		return EXIT_BAD_INPUT;
	return request == REQUEST_NONE ? command->run(left, argv) : answer(request, command);
}

/* The main job needs no word: its options alone don't either. */
static enum exit_code run_main_job(int argc, char **argv)
{
	enum request request = REQUEST_NONE;
	int left = options_parse(&cmd_report, argc, argv, &request);

	if (left < 0)
		return EXIT_BAD_INPUT;
	return request == REQUEST_NONE ? cmd_report.run(left, argv) : answer(request, NULL);
}

static enum exit_code dispatch(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2 || argv[1][0] == '-')
		return run_main_job(argc - 1, argv + 1);
	command = command_find(argv[1]);
	return command ? run_command(command, argc - 2, argv + 2) : complain_command(argv[1]);
}

int main(int argc, char **argv)
{
	output_start();
	return output_finish(dispatch(argc, argv));
}

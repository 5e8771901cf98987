/*
 * main.c - the program holdfast: its commands, and which one is meant
 *
 * Nothing else is here: each command is a file, cmd_NAME.c.
 */
#include "cli.h"
#include "corpus.h"
#include "help.h"
#include "output.h"

#include "holdfast.h"

#include <stdio.h>
#include <string.h>

const struct command *const commands[] = {
	&cmd_report, &cmd_run, &cmd_check, &cmd_fastpath, &cmd_kernel, &cmd_random, &cmd_bench, &cmd_designs, &cmd_help, NULL,
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

/* The main job needs no word: its options alone don't either, nor what it is to be done with. */
static enum exit_code run_main_job(int argc, char **argv)
{
	enum request request = REQUEST_NONE;
	int left = options_parse(&cmd_report, argc, argv, &request);

	if (left < 0)
		return EXIT_BAD_INPUT;
	return request == REQUEST_NONE ? cmd_report.run(left, argv) : answer(request, NULL);
}

/* The place of the command behind options, 0 if there is none.  `--judge kernel` is none. */
static int command_behind_options(int argc, char **argv)
{
	for (int at = 1; at < argc && argv[at][0] == '-' && strcmp(argv[at], "--") != 0; at++) {
		at += option_takes_next(argv[at]);
		if (at + 1 < argc && command_find(argv[at + 1]))
			return at + 1;
	}
	return 0;
}

/* Options may stand anywhere, before the command too: what is behind it does not move. */
static void command_to_the_front(int argc, char **argv)
{
	int at = command_behind_options(argc, argv);
	char *command = argv[at];

	if (!at)
		return;
	memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof(*argv));
	argv[1] = command;
}

static enum exit_code dispatch(int argc, char **argv)
{
	const struct command *command;

	command_to_the_front(argc, argv);
	if (argc < 2 || argv[1][0] == '-')
		return run_main_job(argc - 1, argv + 1);
	command = command_find(argv[1]);
	if (command)
		return run_command(command, argc - 2, argv + 2);
	/* No command has a slash: if that is no path, the message is to be about paths. */
	return strchr(argv[1], '/') || corpus_knows(argv[1]) ? run_main_job(argc - 1, argv + 1)
							     : complain_command(argv[1]);
}

int main(int argc, char **argv)
{
	output_start();
	return output_finish(dispatch(argc, argv));
}

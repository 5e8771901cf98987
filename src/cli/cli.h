/*
 * cli.h - what the commands of the program share: the form of a command, the
 * exit codes, and how options are declared
 *
 * One file is one command: cmd_NAME.c defines `const struct command cmd_NAME`,
 * and main.c lists them.  The options of a command are a table in its file; the
 * same table parses them and prints its help, so the two can't differ.
 */
#ifndef HOLDFAST_CLI_H
#define HOLDFAST_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exit_code {
	EXIT_EXPECTED = 0,	/* all is as expected */
	EXIT_UNEXPECTED = 1,	/* something is not, or went wrong */
	EXIT_BAD_INPUT = 2,	/* usage, or a scenario with nonsense in it */
	EXIT_IMPOSSIBLE = 77,	/* nothing of it could be done here */
};

/* One option.  Exactly one of the three places is set. */
struct option {
	const char *name;	/* without the two dashes; NULL ends a table */
	const char *argument;	/* "text|json": one of these words; "DIR": free; NULL for a switch */
	const char *help;
	bool *given;		/* a switch */
	const char **text;	/* has an argument */
	uint64_t *number;	/* has an argument that is a number */
};

struct command {
	const char *name;
	const char *arguments;	/* for the usage line, beside the options */
	const char *summary;	/* one line of `holdfast --help` */
	const char *details;	/* more for `holdfast help NAME`; may be NULL */
	const struct option *options; /* may be NULL */
	/* Left are the arguments that are no options. */
	enum exit_code (*run)(int left, char **arguments);
	/* The command reads its own arguments, options too. */
	bool raw;
};

extern const struct command cmd_report, cmd_run, cmd_check, cmd_fastpath, cmd_kernel, cmd_random, cmd_bench, cmd_designs,
	cmd_help;

/* The table in main.c, ended by NULL. */
extern const struct command *const commands[];
const struct command *command_find(const char *name);

/* Where the user said the scenarios are: the option that every command knows. */
extern const char *option_scenarios;

/* What every command can be asked for in place of its work: --help, --version. */
enum request { REQUEST_NONE, REQUEST_HELP, REQUEST_VERSION };

/*
 * Sort the arguments: sets what the options say, and moves the rest to the
 * front.  Returns how many those are, or -1 after a message on stderr.
 */
int options_parse(const struct command *, int argc, char **argv, enum request *);

/* Has this option, of whichever command, its argument in the next word? */
bool option_takes_next(const char *word);

/* One message on standard error, "holdfast: ...", and EXIT_BAD_INPUT. */
enum exit_code complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Complain about an unknown word of that kind, as it was typed, name the nearest
   known one, and the command of the program that lists them.  Known options
   have dashes before them, and "" is for the rest. */
enum exit_code complain_unknown(const char *kind, const char *dashes, const char *word, const char *const *known,
				int count, const char *listed_by);

/* The same of the commands. */
enum exit_code complain_command(const char *word);

/* A command that takes no arguments got some: complain. */
enum exit_code complain_arguments(const struct command *, char **arguments);

#endif

/*
 * options.c - the arguments of a command, sorted by its table of options
 *
 * Options may stand anywhere, as --name value or --name=value; `--` ends them.
 * An unknown one is answered with the nearest known one.  Nothing is
 * abbreviated: what a script says today must mean the same when options come
 * to be added.
 */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *option_scenarios;

static const struct option common[] = {
	{.name = "scenarios", .argument = "DIR", .text = &option_scenarios},
	{.name = NULL},
};

static const struct option *find_in(const struct option *table, const char *name, size_t length)
{
	for (; table && table->name; table++)
		if (strlen(table->name) == length && !memcmp(table->name, name, length))
			return table;
	return NULL;
}

bool option_takes_next(const char *word)
{
	const char *name = word + strspn(word, "-");
	const struct option *option = find_in(common, name, strlen(name));

	for (const struct command *const *c = commands; *c && !option; c++)
		option = find_in((*c)->options, name, strlen(name));
	return option && !option->given;
}

/* The word is what was typed, with its dashes; what stands behind an "=" is no part of the name. */
static int unknown_option(const struct command *command, const char *typed)
{
	const char *known[32];
	int count = 0;
	char listed_by[32], *word = strndup(typed, strcspn(typed, "="));

	for (const struct option *o = command->options; o && o->name && count < 28; o++)
		known[count++] = o->name;
	known[count++] = common[0].name;
	known[count++] = "help";
	known[count++] = "version";
	snprintf(listed_by, sizeof(listed_by), "help %s", command->name);
	complain_unknown("option", "--", word ? word : typed, known, count, listed_by);
	free(word);
	return -1;
}

/* Is value one of the words of "text|json|tap"?  Other arguments are free. */
static bool word_fits(const struct option *option, const char *value)
{
	const char *word = option->argument;

	if (!strchr(word, '|'))
		return true;
	while (*word) {
		size_t length = strcspn(word, "|");

		if (strlen(value) == length && !memcmp(word, value, length))
			return true;
		word += length + (word[length] == '|');
	}
	return false;
}

/* Decimal, or hexadecimal after 0x, as the seeds are printed. */
static int parse_number(const struct option *option, const char *value)
{
	char *end;

	errno = 0;
	*option->number = strtoull(value, &end, 0);
	if (errno == ERANGE && !*end && *value != '-') {
		complain("--%s: %s is too big a number; the biggest is %llu", option->name, value, ULLONG_MAX);
		return -1;
	}
	if (errno || *end || end == value || *value < '0' || *value > '9') {
		complain("--%s wants a number, not \"%s\"", option->name, value);
		return -1;
	}
	return 0;
}

static int set_option(const struct option *option, const char *value)
{
	if (option->given) {
		if (value) {
			complain("--%s takes no argument, but got \"%s\"", option->name, value);
			return -1;
		}
		*option->given = true;
		return 0;
	}
	if (!value) {
		complain("--%s wants an argument: --%s %s", option->name, option->name, option->argument);
		return -1;
	}
	if (option->number)
		return parse_number(option, value);
	if (!word_fits(option, value)) {
		complain("--%s is one of %s, not \"%s\"", option->name, option->argument, value);
		return -1;
	}
	*option->text = value;
	return 0;
}

/* One option at argv[at].  Returns the last argument that it used, or -1. */
static int take_option(const struct command *command, int argc, char **argv, int at, enum request *request)
{
	const char *name = argv[at] + 2, *value = strchr(name, '=');
	size_t length = value ? (size_t)(value - name) : strlen(name);
	const struct option *option = find_in(command->options, name, length);

	if (!option)
		option = find_in(common, name, length);
	if (!option && !strcmp(name, "help"))
		*request = REQUEST_HELP;
	else if (!option && !strcmp(name, "version"))
		*request = REQUEST_VERSION;
	else if (!option)
		return unknown_option(command, argv[at]);
	if (!option)
		return at;
	if (value)
		value++;
	else if (!option->given && at + 1 < argc)
		value = argv[++at];
	return set_option(option, value) ? -1 : at;
}

int options_parse(const struct command *command, int argc, char **argv, enum request *request)
{
	int left = 0;
	bool ended = false;

	for (int at = 0; at < argc; at++) {
		if (!ended && !strcmp(argv[at], "--")) {
			ended = true;
		} else if (!ended && !strcmp(argv[at], "-h")) {
			*request = REQUEST_HELP;
		} else if (!ended && !strncmp(argv[at], "--", 2)) {
			at = take_option(command, argc, argv, at, request);
			if (at < 0)
				return -1;
		} else if (!ended && argv[at][0] == '-' && argv[at][1]) {
			return unknown_option(command, argv[at]);
		} else {
			argv[left++] = argv[at];
		}
	}
	return left;
}

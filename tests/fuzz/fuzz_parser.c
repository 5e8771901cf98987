/*
 * fuzz_parser.c - fuzz target: the text of a scenario
 *
 * Whatever the bytes are: either there is one message, of the promised form, or a
 * scenario, and then its canonical text is parsed to an equal one with the same text.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "same_scenario.h"
#include "scenario.h"

#define PATH "input.scn"

static void __attribute__((noreturn)) finding(const char *what, const char *text, const char *again)
{
	printf("%s\n", what);
	if (text)
		printf("---- first:\n%s\n", text);
	if (again)
		printf("---- second:\n%s\n", again);
	fflush(stdout);
	abort();
}

static FILE *memory(char **text, size_t *length)
{
	FILE *file = open_memstream(text, length);

	if (!file) {
		fprintf(stderr, "fuzz_parser: no memory for a message\n");
		exit(2);
	}
	return file;
}

static struct scenario *parse(const char *text, size_t length, char **message)
{
	size_t n;
	FILE *err = memory(message, &n);
	struct scenario *scenario = scenario_parse_text(text, length, PATH, err);

	fclose(err);
	if (scenario && n)
		finding("a message about a scenario that was taken", *message, NULL);
	return scenario;
}

/* path:line:column: what; one line, and nothing that a terminal obeys. */
static bool is_message(const char *message)
{
	int line, column, length = 0;
	const char *newline = strchr(message, '\n');

	if (!newline || newline[1])
		return false;
	for (const char *c = message; c < newline; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			return false;
	return sscanf(message, PATH ":%d:%d: %n", &line, &column, &length) == 2 && length && line >= 1 && column >= 1 &&
	       message + length < newline;
}

static char *print(const struct scenario *scenario)
{
	char *text;
	size_t n;
	FILE *file = memory(&text, &n);

	scenario_print(scenario, file);
	fclose(file);
	return text;
}

static void check_round_trip(const struct scenario *scenario)
{
	char *text = print(scenario), *message, *again;
	struct scenario *second = parse(text, strlen(text), &message);

	if (!second)
		finding("canonical text is refused", text, message);
	again = print(second);
	if (strcmp(text, again))
		finding("canonical text is not printed again as it was", text, again);
	if (!same_scenario(scenario, second))
		finding("canonical text gives another scenario", text, again);
	scenario_free(second);
	free(again);
	free(message);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *message;
	struct scenario *scenario = parse((const char *)data, size, &message);

	if (scenario)
		check_round_trip(scenario);
	else if (!is_message(message))
		finding("not a message", message, NULL);
	scenario_free(scenario);
	free(message);
	return 0;
}

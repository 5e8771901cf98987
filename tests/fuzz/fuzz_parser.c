/*
 * fuzz_parser.c - fuzz target: the text of a scenario
 *
 * Whatever the bytes are: either there is one message, of the promised form, or a
 * scenario, and then its canonical text is parsed to an equal one with the same text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "scenario_text.h"

static void __attribute__((noreturn)) finding(const char *what, const char *text)
{
	printf("%s\n%s\n", what, text);
	fflush(stdout);
	abort();
}

/* path:line:column: what; one line, and nothing that a terminal obeys. */
static bool is_message(const char *message)
{
	int line, column, length = 0;

	for (const char *c = message; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			return false;
	return sscanf(message, "t.scn:%d:%d: %n", &line, &column, &length) == 2 && length && line >= 1 && column >= 1 &&
	       message[length];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *message, *lost;
	struct scenario *scenario = parse((const char *)data, size, &message);

	if (scenario && *message)
		finding("a message about a scenario that was taken:", message);
	if (!scenario && !is_message(message))
		finding("not a message:", message);
	if (scenario && (lost = loss(scenario)))
		finding("canonical text is refused, or gives another scenario or another text:", lost);
	scenario_free(scenario);
	free(message);
	return 0;
}

/*
 * library_listen.c - the misuse handlers of a scenario's program
 *
 * Each has a context of its own, and must be called with that.  What it hears is for
 * nobody: that a line fails is what the runner looks at.
 */
#include "library.h"

static char contexts[SCENARIO_LISTENERS + 1];
static bool misled;

static void hear_as(unsigned listener, const void *context)
{
	misled |= context != &contexts[listener];
}

#define LISTENER(n)                                                                                                    \
	static void hear_##n(const char *message, void *context)                                                       \
	{                                                                                                              \
		(void)message;                                                                                         \
		hear_as(n, context);                                                                                   \
	}
LISTENER(0)
LISTENER(1)
LISTENER(2)
LISTENER(3)
LISTENER(4)

void library_listen(unsigned listener)
{
	static hf_misuse_handler *const listeners[SCENARIO_LISTENERS + 1] = { hear_0, hear_1, hear_2, hear_3, hear_4 };

	misled = false;
	hf_set_misuse_handler(listeners[listener], &contexts[listener]);
}

bool library_listened(void)
{
	hf_set_misuse_handler(NULL, NULL);
	return !misled;
}

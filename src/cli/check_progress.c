/*
 * check_progress.c - how far the runs under way are, and for how long yet
 *
 * On a terminal it is one line that changes, gone before anything else is printed;
 * elsewhere, and only when asked for, a line now and then.  How much is done is the
 * explorer's estimate: it gets better as a run goes on.
 */
#include "check.h"

#include "term.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool shown;
static double began, printed;

static int width_of_line(void)
{
	struct winsize size;

	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 20 ? size.ws_col - 1 : 79;
}

/* The one that will take longest yet, as far as one can say. */
static const struct check_run *longest(struct check_run *const *running, unsigned count, double *left)
{
	const struct check_run *found = NULL;

	*left = -1;
	for (unsigned i = 0; i < count; i++) {
		double done = running[i]->so_far.done, seconds = running[i]->so_far.seconds;
		double more = done > 0 ? seconds / done * (1 - done) : 0;

		if (more > *left) {
			found = running[i];
			*left = more;
		}
	}
	return found;
}

/* What matters most comes first: a narrow terminal cuts off the rest. */
static void describe(char *text, size_t room, const struct check_run *run, double left, unsigned others)
{
	uint64_t executions = run->so_far.executions;
	double seconds = run->so_far.seconds, rate = seconds > 0 ? (double)executions / seconds : 0;
	int at = snprintf(text, room, "%s %s", run->scenario->name, design_names[run->options.design]);

	if (others)
		at += snprintf(text + at, room - (size_t)at, " (+%u)", others);
	if (run->so_far.done > 0)
		at += snprintf(text + at, room - (size_t)at, ", about %.0f %%, %s left", 100 * run->so_far.done,
			       words_of_seconds(left).text);
	snprintf(text + at, room - (size_t)at, ", %s executions, %s a second", words_of_count(executions).text,
		 words_of_count((uint64_t)rate).text);
}

void progress_show(struct check_run *const *running, unsigned count, size_t ended, size_t all, bool always)
{
	bool terminal = isatty(STDERR_FILENO);
	double now = check_now(), left;
	const struct check_run *run = longest(running, count, &left);
	char text[1000];

	if (!began)
		began = printed = now;
	if (!run || (!terminal && !always) || now - began < 1 || (!terminal && now - printed < 10))
		return;
	printed = now;
	describe(text, sizeof(text), run, left, count - 1);
	if (terminal)
		fprintf(stderr, "\r\033[K%zu of %zu: %.*s", ended, all, width_of_line() - 20, text);
	else
		fprintf(stderr, "holdfast: %zu of %zu: %s\n", ended, all, text);
	fflush(stderr);
	shown = terminal;
}

void progress_clear(void)
{
	if (!shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	shown = false;
}

/*
 * spaces.c - the director's side of the spaces: start, command, fork, end
 *
 * One command at a time, to one space, and its result before anything else is
 * done: scenarios are sequences.  A space that dies or does not answer in time is
 * trouble: from then on nothing is believed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

#define LOOK_MS 50	/* a space that died is noticed after this time: nobody's end of file tells of it */

/* ---- waiting ------------------------------------------------------------ */

/* Also notices that the caller is gone, and then ends everything. */
static void end_if_alone(struct live *live)
{
	struct pollfd p = { .fd = live->caller, .events = POLLRDHUP };
	struct reply nobody = { 0 };

	if (poll(&p, 1, 0) <= 0 || !(p.revents & (POLLHUP | POLLRDHUP | POLLERR)))
		return;
	live_end(live, &nobody);
	_exit(0);
}

static const char *name_of(const struct live *live, int space)
{
	return space < live->scenario->nspaces ? live->scenario->spaces[space] : "?";
}

/* True: the reply is filled in with how it died. */
static bool has_died(struct live *live, int space, struct reply *reply)
{
	int status = 0;

	if (waitpid(live->spaces[space].pid, &status, WNOHANG) != live->spaces[space].pid)
		return false;
	live->spaces[space].state = SPACE_GONE;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		live_broken(live, reply, "a seccomp filter killed the process of space %s", name_of(live, space));
	else if (WIFSIGNALED(status))
		live_broken(live, reply, "the process of space %s was killed by signal %d", name_of(live, space),
			    WTERMSIG(status));
	else
		live_broken(live, reply, "the process of space %s ended by itself", name_of(live, space));
	return true;
}

static bool await_result(struct live *live, int space, struct live_result *result, struct reply *reply)
{
	for (;;) {
		int left = live_time_left(live);

		switch (live_await_bell(live->bells[space][0], left < LOOK_MS ? left : LOOK_MS)) {
		case BELL_RUNG:
			*result = live->box->result;
			return true;
		case BELL_TIMEOUT:
			end_if_alone(live);
			if (has_died(live, space, reply))
				return false;
			if (left > 0)
				continue;
			/* fall through */
		case BELL_GONE:
			live_broken(live, reply, "the process of space %s did not answer in time",
				    name_of(live, space));
			return false;
		}
	}
}

bool live_call_space(struct live *live, int space, const struct live_command *command, struct live_result *result,
		     struct reply *reply)
{
	live->box->command = *command;
	if (!live_ring_bell(live->bells[space][0])) {
		live_broken(live, reply, "the process of space %s can't be spoken to", name_of(live, space));
		return false;
	}
	return await_result(live, space, result, reply);
}

bool live_syscall(struct live *live, int space, struct live_result *result, struct reply *reply, long number,
		  unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e, unsigned long f)
{
	struct live_command command = { .kind = LIVE_SYSCALL, .number = number, .arg = { a, b, c, d, e, f } };

	return live_call_space(live, space, &command, result, reply);
}

/* ---- start -------------------------------------------------------------- */

/*
 * What a space has no business with.  It keeps what its own children will need,
 * and the director's end of the caller's bell: so that the caller hears the end
 * of file when the last process of the scenario is gone, and not before.
 */
static void close_directors_files(struct live *live)
{
	close(live->device);
	close(live->callers.uffd);
	close(live->callers.bell);
	for (int i = 0; i < SCENARIO_NAMES; i++)
		if (live->bells[i][0] >= 0)
			close(live->bells[i][0]);
}

static bool start(struct live *live, int index, struct reply *reply)
{
	struct live_space *space = &live->spaces[index];
	struct live_result result;
	pid_t director = getpid();

	space->pid = fork();
	if (space->pid == 0) {
		close_directors_files(live);
		live_space_run(live->box, live->bells, index, director);
	}
	if (space->pid < 0) {
		live_broken(live, reply, "no process for space %s: %s", name_of(live, index), strerror(errno));
		return false;
	}
	space->state = SPACE_LIVE;
	if (!await_result(live, index, &result, reply))
		return false;
	if (result.error) {
		live_broken(live, reply, "no room for addresses in space %s: %s", name_of(live, index),
			    strerror(result.error));
		return false;
	}
	space->next = result.value;
	space->arena_end = result.value + result.more;
	return true;
}

struct live_space *live_space_of(struct live *live, const struct step *step, struct reply *reply)
{
	if (step->space < 0 || step->space >= live->scenario->nspaces) {
		live_broken(live, reply, "a step without a space");
		return NULL;
	}
	if (live->spaces[step->space].state == SPACE_GONE) {
		live_failed(reply, ESRCH);
		return NULL;
	}
	if (live->spaces[step->space].state == SPACE_NONE && !start(live, step->space, reply))
		return NULL;
	return &live->spaces[step->space];
}

/* ---- fork and exit ------------------------------------------------------ */

void live_fork(struct live *live, const struct step *step, struct reply *reply)
{
	struct live_command command = { .kind = LIVE_FORK, .arg = { (unsigned long)step->child } };
	struct live_space *parent = live_space_of(live, step, reply);
	struct live_result result;

	if (!parent)
		return;
	if (step->child < 0 || step->child >= live->scenario->nspaces || live->spaces[step->child].state != SPACE_NONE) {
		live_failed(reply, EEXIST);
		return;
	}
	if (!live_call_space(live, step->space, &command, &result, reply))
		return;
	if (result.error) {
		live_failed(reply, result.error);
		return;
	}
	live->spaces[step->child] = *parent;
	live->spaces[step->child].pid = (pid_t)result.value;
	live_count_copies(live, step->child);
	live_done(reply);
}

/* Wait for the end of a process that was told to end: false if it does not come. */
static bool reap(struct live_space *space, int ms)
{
	int64_t end = live_now_ms() + ms;
	useconds_t nap = 50;

	while (waitpid(space->pid, NULL, WNOHANG) == 0) {
		if (live_now_ms() >= end)
			return false;
		usleep(nap);
		nap = nap < 5000 ? 2 * nap : nap;
	}
	space->state = SPACE_GONE;
	return true;
}

void live_exit(struct live *live, const struct step *step, struct reply *reply)
{
	struct live_space *space;

	/* The end of a handle whose process has ended is nothing. */
	if (step->op == OP_DESTROY && live->spaces[step->space].state == SPACE_GONE) {
		live_done(reply);
		return;
	}
	space = live_space_of(live, step, reply);
	if (!space)
		return;
	live->box->command = (struct live_command){ .kind = LIVE_EXIT };
	if (!live_ring_bell(live->bells[step->space][0]) || !reap(space, live_time_left(live))) {
		live_broken(live, reply, "the process of space %s does not end", name_of(live, step->space));
		return;
	}
	live_done(reply);
}

void live_kill_spaces(struct live *live, struct reply *reply)
{
	for (int i = 0; i < SCENARIO_NAMES; i++)
		if (live->spaces[i].state == SPACE_LIVE)
			kill(live->spaces[i].pid, SIGKILL);
	for (int i = 0; i < SCENARIO_NAMES; i++)
		if (live->spaces[i].state == SPACE_LIVE && !reap(&live->spaces[i], kernel_patience_ms))
			live_broken(live, reply, "the process of space %s can't be killed", name_of(live, i));
}

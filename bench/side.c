/*
 * side.c - a side of a trial in a process of its own
 *
 *	measuring process            side
 *	-----------------            ----
 *	worker_start()               begin(), one round that warms up
 *	                     <-----  answer
 *	worker_round()       ----->
 *	                             round()
 *	                     <-----  answer, with the lap
 *	worker_stop()        (end)   exits
 *
 * A side that dies says so by the end of its channel.  It cleans up by exiting:
 * its memory and its pins go with it.
 */
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Where the side in this process answers; -1: it runs without a measuring process. */
static int answer_to = -1;

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- in the side -------------------------------------------------------------------- */

_Noreturn static void give_up(enum outcome outcome, const char *format, va_list list)
{
	struct answer answer = { .outcome = outcome };

	vsnprintf(answer.why, sizeof(answer.why), format, list);
	if (answer_to < 0)
		fprintf(stderr, "holdfast-bench: %s\n", answer.why);
	else if (write(answer_to, &answer, sizeof(answer)) < 0)
		_exit(EXIT_FAILED);
	_exit(outcome == IMPOSSIBLE ? EXIT_NOTHING : EXIT_FAILED);
}

_Noreturn void impossible(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	give_up(IMPOSSIBLE, format, list);
}

_Noreturn void wrong(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	give_up(WENT_WRONG, format, list);
}

void *must_have(void *memory)
{
	if (!memory)
		impossible("out of memory");
	return memory;
}

_Noreturn static void serve(const struct side *side, const struct trial *trial)
{
	struct answer answer = { .outcome = DONE };
	void *state = side->begin(trial);
	char go;

	do {
		answer.lap = (struct lap){ 0 };
		side->round(state, &answer.lap);
		if (write(answer_to, &answer, sizeof(answer)) < 0)
			break;
	} while (read(answer_to, &go, 1) == 1);
	_exit(0);
}

double side_run_here(const struct side *side, const struct trial *trial, unsigned rounds)
{
	void *state = side->begin(trial);
	double units = 0;

	for (unsigned round = 0; round < rounds; round++) {
		struct lap lap = { 0 };

		side->round(state, &lap);
		units += lap.units;
	}
	return units;
}

/* ---- in the measuring process -------------------------------------------------------- */

static void say_why(struct answer *answer, enum outcome outcome, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say_why(struct answer *answer, enum outcome outcome, const char *format, ...)
{
	va_list list;

	*answer = (struct answer){ .outcome = outcome };
	va_start(list, format);
	vsnprintf(answer->why, sizeof(answer->why), format, list);
	va_end(list);
}

/* The channel ended without an answer: how did the side? */
static void look_for_the_body(struct worker *worker, struct answer *answer)
{
	int status = 0;

	close(worker->channel);
	worker->channel = -1;
	waitpid(worker->pid, &status, 0);
	/* The system kills for want of memory; anything else is our fault. */
	if (WIFSIGNALED(status))
		say_why(answer, WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGBUS ? IMPOSSIBLE : WENT_WRONG,
			"its process was ended by signal %d", WTERMSIG(status));
	else
		say_why(answer, WENT_WRONG, "its process ended with status %d", WEXITSTATUS(status));
}

static void hear(struct worker *worker, struct answer *answer)
{
	ssize_t length;

	do
		length = read(worker->channel, answer, sizeof(*answer));
	while (length < 0 && errno == EINTR);
	if (length != (ssize_t)sizeof(*answer))
		look_for_the_body(worker, answer);
	else if (answer->outcome != DONE)
		worker_stop(worker);
}

void worker_start(struct worker *worker, const struct side *side, const struct trial *trial, struct answer *answer)
{
	int ends[2], parent = getpid();

	worker->channel = -1;
	/* Packets, so that an answer comes whole. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		say_why(answer, IMPOSSIBLE, "socketpair: %s", strerror(errno));
		return;
	}
	fflush(NULL);
	worker->pid = fork();
	if (worker->pid < 0) {
		say_why(answer, IMPOSSIBLE, "fork: %s", strerror(errno));
		close(ends[0]);
		close(ends[1]);
		return;
	}
	if (!worker->pid) {
		close(ends[0]);
		answer_to = ends[1];
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		serve(side, trial);
	}
	close(ends[1]);
	worker->channel = ends[0];
	hear(worker, answer);
}

void worker_round(struct worker *worker, struct answer *answer)
{
	/* A side that is gone is found by hear(). */
	if (send(worker->channel, "", 1, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		say_why(answer, WENT_WRONG, "send: %s", strerror(errno));
	else
		hear(worker, answer);
}

void worker_stop(struct worker *worker)
{
	if (worker->channel < 0)
		return;
	/* Not a mere close: the other side was forked later, and has this end, too. */
	shutdown(worker->channel, SHUT_RDWR);
	close(worker->channel);
	worker->channel = -1;
	waitpid(worker->pid, NULL, 0);
}

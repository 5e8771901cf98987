/*
 * test_kernel_ends.c - the live kernel as a judge: what it leaves behind
 *
 * Nothing: whoever is killed or stopped, in the middle of a scenario with pins
 * held and spaces forked.  And nobody ever waits for good.
 */
#include <signal.h>

#include "kernel_kit.h"

static void closed_in_the_middle(void)
{
	struct middle m;
	bool good = begin(&m) && finish(&m) == ANSWER_DONE;

	result(good && child_of(getpid(), 0) == 0, "close in the middle leaves no process", m.reply.reason);
}

static void director_killed(void)
{
	struct middle m;
	bool good = begin(&m);
	pid_t director = child_of(getpid(), 0);
	int64_t start = now_ms();

	kill(director, SIGKILL);
	good = good && step(&m) == ANSWER_BROKEN && step(&m) == ANSWER_BROKEN && now_ms() - start < 2000;
	good = good && finish(&m) == ANSWER_BROKEN;
	result(good, "a killed director is an answer", m.reply.reason);
	result(nobody_left(), "and nobody is left of its scenario", "");
}

static void space_killed(int sig, const char *name)
{
	struct middle m;
	bool good;
	pid_t director, space;
	char what[100];
	int64_t start;

	kernel_patience_ms = sig == SIGSTOP ? 300 : 5000;
	good = begin(&m);
	director = child_of(getpid(), 0);
	for (int i = 0; (space = child_of(director, i)); i++)
		kill(space, sig);
	start = now_ms();
	while (m.next + 1 < m.scenario->nsteps && step(&m) == ANSWER_DONE)
		;
	good = good && m.reply.answer == ANSWER_BROKEN && (sig == SIGSTOP || strstr(m.reply.reason, "signal 9"));
	good = good && now_ms() - start < 2000;
	kernel_patience_ms = 5000;
	snprintf(what, sizeof(what), "%s is an answer", name);
	result(good, what, m.reply.reason);
	finish(&m);
	snprintf(what, sizeof(what), "and nobody is left of %s", name);
	result(nobody_left(), what, "");
}

static void director_stopped(void)
{
	struct middle m;
	bool good = begin(&m);
	int64_t start = now_ms();

	kernel_patience_ms = 100;
	kill(child_of(getpid(), 0), SIGSTOP);
	good = good && step(&m) == ANSWER_BROKEN && now_ms() - start < 3000;
	good = good && finish(&m) == ANSWER_BROKEN;
	kernel_patience_ms = 5000;
	result(good && nobody_left(), "a stopped director is an answer, and nobody is left", m.reply.reason);
}

/* The caller is killed; its director must see to it that nobody is left. */
static void caller_killed(void)
{
	int ready[2];
	char byte = 0;
	pid_t caller;

	if (pipe2(ready, O_CLOEXEC))
		exit(1);
	caller = fork();
	if (caller == 0) {
		struct middle one, two; /* two: a director must not keep the other's caller alive */

		byte = begin(&one) && begin(&two);
		if (write(ready[1], &byte, 1) < 1)
			_exit(1);
		pause();
		_exit(0);
	}
	if (read(ready[0], &byte, 1) < 1)
		byte = 0;
	kill(caller, SIGKILL);
	close(ready[0]);
	close(ready[1]);
	result(byte == 1 && nobody_left(), "a killed caller leaves nobody", "");
}

/* The same while its director waits for a space that hangs. */
static void caller_of_a_hang_killed(void)
{
	int64_t start;
	pid_t caller = fork(), space;
	bool waits;

	if (caller == 0) {
		struct middle m;

		if (begin(&m)) {
			for (int i = 0; (space = child_of(child_of(getpid(), 0), i)); i++)
				kill(space, SIGSTOP);
			step(&m);
		}
		_exit(0);
	}
	usleep(300000);
	waits = waitpid(caller, NULL, WNOHANG) == 0;
	kill(caller, SIGKILL);
	start = now_ms();
	result(waits && nobody_left() && now_ms() - start < 1000, "nor does one that waits for a hang", "");
}

static void many_runs(void)
{
	int before, after, i;
	bool good = true;
	struct verdict v = { 0 };

	judge(some_of_it);
	before = open_files();
	for (i = 0; i < 200 && good; i++) {
		v = judge(i % 2 || !kernel_probe()->kinds[KERNEL_WRITE_LONG].possible ? some_of_it : everything);
		good = v.verdict != VERDICT_ERROR;
	}
	after = open_files();
	result(good, "200 runs", v.reason);
	result(before == after, "which leave no file open", "");
	result(child_of(getpid(), 0) == 0, "and no child, not even a dead one", "");
}

int main(void)
{
	begin_tests();
	closed_in_the_middle();
	director_killed();
	space_killed(SIGKILL, "a killed space");
	space_killed(SIGSTOP, "a space that hangs");
	director_stopped();
	caller_killed();
	caller_of_a_hang_killed();
	many_runs();
	return closing_line();
}

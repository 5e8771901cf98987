/*
 * instructions.c - instructions inside the library's calls, which no neighbour can change
 *
 * The program runs itself under callgrind, twice with different numbers of rounds
 * (--count): the difference leaves out what went before.  Counted is what happens inside
 * the calls that the measure is about (side.calls) and in nothing else.
 *
 * Three things are the machine's all the same.  The C library chooses its routines for
 * copying by the processor that valgrind shows it; each step of a repeated string
 * instruction counts as one; and valgrind offers no restartable sequences, so the library
 * takes whatever way it has without them.
 *
 * Where there is no valgrind, the processor's own counter is asked, if it has one: for
 * whole rounds, the loop round the calls included.
 */
#include "bench.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MOST 16u
#define NO_VALGRIND 127

/* In the first rounds caches fill and marks are set; then each is like the next. */
#define FEW 2u
#define MANY 4u

struct counting {
	const struct measure *measure;
	const struct side *side;
	double figure, units;
};

/* ---- callgrind --------------------------------------------------------------------------- */

struct sum {
	double instructions, units;
};

static _Noreturn void become_callgrind(const struct counting *counting, unsigned rounds, int out)
{
	char words[512], number[16], program[512];
	const char *arguments[ARGUMENTS_MOST] = { "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null" };
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	unsigned count = 3;
	size_t used = 0;
	char calls[128], *rest;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(calls, sizeof(calls), "%s", counting->side->calls);
	for (char *call = strtok_r(calls, " ", &rest); call; call = strtok_r(NULL, " ", &rest)) {
		arguments[count++] = words + used;
		used += (size_t)snprintf(words + used, sizeof(words) - used, "--toggle-collect=%s", call) + 1;
	}
	program[length > 0 ? length : 0] = '\0';
	snprintf(number, sizeof(number), "%u", rounds);
	arguments[count++] = program;
	arguments[count++] = "--count";
	arguments[count++] = number;
	arguments[count] = counting->measure->name;
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	/* It takes them as they are. */
	execvp(arguments[0], (char **)(uintptr_t)arguments);
	_exit(NO_VALGRIND);
}

/* The program says how many units; valgrind, behind "==PID==", how many instructions. */
static void hear(int in, struct sum *sum)
{
	FILE *said = fdopen(in, "r");
	char text[512];

	*sum = (struct sum){ 0 };
	while (said && fgets(text, sizeof(text), said)) {
		const char *collected = strstr(text, "Collected : ");

		if (collected)
			sum->instructions = strtod(collected + strlen("Collected : "), NULL);
		else if (*text >= '0' && *text <= '9')
			sum->units = strtod(text, NULL);
	}
	if (said)
		fclose(said);
}

/* False: there is no valgrind. */
static bool collect(const struct counting *counting, unsigned rounds, struct sum *sum)
{
	int ends[2], status = 0, child;

	if (pipe(ends))
		impossible("pipe: %s", strerror(errno));
	child = fork();
	if (child < 0)
		impossible("fork: %s", strerror(errno));
	if (!child)
		become_callgrind(counting, rounds, ends[1]);
	close(ends[1]);
	hear(ends[0], sum);
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_VALGRIND)
		return false;
	if (!WIFEXITED(status) || WEXITSTATUS(status) || sum->instructions <= 0 || sum->units <= 0)
		impossible("callgrind counted nothing (status %d)", status);
	return true;
}

/* ---- the processor's counter --------------------------------------------------------------- */

static double count_rounds(const struct counting *counting, int counter)
{
	struct trial trial = *counting->measure->trial;
	void *state = counting->side->begin(&trial);
	uint64_t instructions = 0;
	double units = 0;

	for (unsigned round = 0; round < MANY; round++) {
		struct lap lap = { 0 };

		if (round == FEW)
			ioctl(counter, PERF_EVENT_IOC_ENABLE, 0);
		counting->side->round(state, &lap);
		units += round >= FEW ? lap.units : 0;
	}
	ioctl(counter, PERF_EVENT_IOC_DISABLE, 0);
	if (read(counter, &instructions, sizeof(instructions)) != (ssize_t)sizeof(instructions) || !instructions)
		impossible("the processor's counter counted nothing");
	return (double)instructions / units;
}

static double ask_processor(const struct counting *counting)
{
	struct perf_event_attr what = { .type = PERF_TYPE_HARDWARE, .size = sizeof(what),
					.config = PERF_COUNT_HW_INSTRUCTIONS, .disabled = 1, .exclude_kernel = 1,
					.exclude_hv = 1 };
	int counter = (int)syscall(SYS_perf_event_open, &what, 0, -1, -1, 0);

	if (counter < 0)
		impossible("valgrind is not here, and the processor counts none: %s", strerror(errno));
	return count_rounds(counting, counter);
}

/* ---- the side -------------------------------------------------------------------------------- */

static void *count_begin(const struct trial *trial)
{
	struct counting *counting = must_have(calloc(1, sizeof(*counting)));
	struct sum few, many;

	counting->measure = measure_find(trial->counted);
	counting->side = counting->measure->trial->holdfast;
	if (!collect(counting, FEW, &few)) {
		counting->figure = ask_processor(counting);
		counting->units = 1;
		return counting;
	}
	collect(counting, MANY, &many);
	counting->units = many.units - few.units;
	counting->figure = (many.instructions - few.instructions) / counting->units;
	return counting;
}

/* It is the same however often it is counted. */
static void count_round(void *state, struct lap *lap)
{
	struct counting *counting = state;

	lap->figures[0] = counting->figure;
	lap->units = counting->units;
}

const struct side instructions_holdfast = { "callgrind", count_begin, count_round, NULL };

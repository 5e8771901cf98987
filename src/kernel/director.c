/*
 * director.c - the process that runs one scenario
 *
 * It carries out one step after another as its caller says, and keeps what the
 * scenario made: spaces, objects, pins.  However it ends, all of that ends with
 * it: told to close, alone because the caller is gone, or killed.  It changes
 * nothing outside of its own processes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"

#define BUDGET 6	/* all steps together may take that many times the patience for one */

/* ---- answers ------------------------------------------------------------ */

void live_done(struct reply *reply)
{
	reply->answer = ANSWER_DONE;
}

void live_failed(struct reply *reply, int error)
{
	reply->answer = ANSWER_FAILED;
	reply->error = error;
}

void live_cannot(struct reply *reply, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	reply->answer = ANSWER_CANNOT;
	vsnprintf(reply->reason, sizeof(reply->reason), why, args);
	va_end(args);
}

/* The first trouble is the one to tell. */
void live_broken(struct live *live, struct reply *reply, const char *why, ...)
{
	va_list args;

	if (reply->answer == ANSWER_BROKEN)
		return;
	va_start(args, why);
	reply->answer = ANSWER_BROKEN;
	vsnprintf(reply->reason, sizeof(reply->reason), why, args);
	va_end(args);
	live->trouble = true;
}

int live_time_left(const struct live *live)
{
	int64_t left = live->deadline - live_now_ms();

	return left > 0 ? (int)left : 0;
}

/* ---- steps -------------------------------------------------------------- */

static void make_space(struct live *live, const struct step *step, struct reply *reply)
{
	if (live_space_of(live, step, reply))
		live_done(reply);
}

static void (*const operations[OPS])(struct live *, const struct step *, struct reply *) = {
	[OP_OBJECT] = live_object, [OP_OBJECT_WRITE] = live_object, [OP_OBJECT_RESIZE] = live_object,
	[OP_EXPECT_OBJECT] = live_object,
	[OP_MAP] = live_map, [OP_UNMAP] = live_unmap, [OP_PROTECT] = live_protect, [OP_REMAP] = live_remap,
	[OP_ADVISE] = live_advise, [OP_COLLAPSE] = live_collapse,
	[OP_STORE] = live_touch, [OP_FILL] = live_touch, [OP_LOAD] = live_touch, [OP_ATOMIC] = live_touch,
	[OP_EXPECT_BYTES] = live_touch,
	[OP_PIN] = live_pin, [OP_UNPIN] = live_unpin,
	[OP_DEVICE_WRITE] = live_device, [OP_DEVICE_READ] = live_device, [OP_EXPECT_DEVICE] = live_device,
	[OP_SPACE] = make_space, [OP_FORK] = live_fork, [OP_EXIT] = live_exit,
	[OP_DESTROY] = live_exit,
	[OP_COUNT] = live_count, [OP_EXPECT_STAT] = live_statistic,
};

void live_carry_out(struct live *live, const struct step *step, struct reply *reply)
{
	const char *why = live_why_not(live->probe, step);
	int64_t start = live_now_ms();

	live->deadline = start + kernel_patience_ms;
	reply->answer = ANSWER_DONE;
	if (live->trouble)
		live_broken(live, reply, "an earlier step was in trouble");
	else if (live->spent > (int64_t)BUDGET * kernel_patience_ms)
		live_broken(live, reply, "the scenario takes too long");
	else if (why || step->op >= OPS || !operations[step->op])
		live_cannot(reply, "%s", why ? why : "no such operation");
	else
		operations[step->op](live, step, reply);
	live->spent += live_now_ms() - start;
}

/* ---- begin and end ------------------------------------------------------ */

static bool open_bells(struct live *live)
{
	for (int i = 0; i < live->scenario->nspaces; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, live->bells[i]))
			return false;
	return true;
}

static void nothing_open(struct live *live)
{
	live->device = live->callers.uffd = live->callers.bell = live->look[0] = live->look[1] = -1;
	for (int i = 0; i < SCENARIO_NAMES; i++) {
		live->bells[i][0] = live->bells[i][1] = live->objects[i].fd = live->rings[i].fd = -1;
		live->pipes[i][0] = live->pipes[i][1] = -1;
	}
}

bool live_begin(struct live *live, struct reply *reply)
{
	nothing_open(live);
	live->deadline = live_now_ms() + kernel_patience_ms;
	live_done(reply);
	if (open_bells(live) && live_objects_open(live) && live_pins_open(live, reply))
		return true;
	if (reply->answer == ANSWER_DONE)
		live_broken(live, reply, "the kernel's judge can't start: %s", strerror(errno));
	return false;
}

/* Memory and open files end with the process. */
void live_end(struct live *live, struct reply *reply)
{
	live->deadline = live_now_ms() + kernel_patience_ms;
	live_pins_end(live);
	live_kill_spaces(live, reply);
}

/* ---- the process -------------------------------------------------------- */

/* Nothing of the caller's must act here: no handler, no blocked signal. */
static void plain_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* an object that is too big is an error, not a death */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A scenario of many spaces needs many bells. */
static void allow_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void close_each_but(int keep)
{
	DIR *open_files = opendir("/proc/self/fd");

	for (struct dirent *entry; open_files && (entry = readdir(open_files));) {
		int fd = atoi(entry->d_name);

		if (fd > STDERR_FILENO && fd != keep && fd != dirfd(open_files))
			close(fd);
	}
	if (open_files)
		closedir(open_files);
}

/*
 * What the caller had open is none of our business, and must not stay open
 * because of us: above all the bells of another judge of the same caller, who
 * would never learn that its caller is gone.
 */
static void close_callers_files(int keep)
{
#ifdef SYS_close_range
	if ((keep <= STDERR_FILENO + 1 ||
	     syscall(SYS_close_range, STDERR_FILENO + 1, (unsigned)keep - 1, 0) == 0) &&
	    syscall(SYS_close_range, (unsigned)keep + 1, ~0u, 0) == 0)
		return;
#endif
	close_each_but(keep);
}

static void serve(struct live *live, struct live_mailbox *box)
{
	memset(&box->reply, 0, sizeof(box->reply));
	switch (box->request) {
	case LIVE_STEP:
		live_carry_out(live, &box->step, &box->reply);
		break;
	case LIVE_DESCRIBE:
		box->text = live_describe(live, (char *)box->data, sizeof(box->data));
		break;
	case LIVE_CLOSE:
		live_end(live, &box->reply);
		break;
	}
}

static void run_scenario(struct live *live, struct live_mailbox *box)
{
	bool more = live_begin(live, &box->reply);

	live_ring_bell(live->caller);
	while (more && live_await_bell(live->caller, -1) == BELL_RUNG) {
		more = box->request != LIVE_CLOSE;
		serve(live, box);
		live_ring_bell(live->caller);
	}
	if (more) /* the caller is gone */
		live_end(live, &box->reply);
}

/* Without a scenario: find out about the kind of pin that the mailbox names. */
_Noreturn void live_direct(struct live_mailbox *box, int caller, const struct scenario *scenario,
			   const struct kernel_probe *probe)
{
	static struct live live;

	plain_signals();
	allow_files();
	close_callers_files(caller);
	live.box = box;
	live.caller = caller;
	live.scenario = scenario;
	live.probe = probe;
	if (scenario) {
		run_scenario(&live, box);
	} else {
		live_selfcheck(&live);
		live_ring_bell(caller);
	}
	_exit(0);
}

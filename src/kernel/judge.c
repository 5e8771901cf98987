/*
 * judge.c - the live kernel as a judge: the caller's side
 *
 * Forks the director, hands it the steps and waits for its answers, but never
 * without an end: a director that does not answer is killed, and everything of
 * the scenario dies with it.  What a scenario does to a kernel happens in other
 * processes; here there are one socket, one piece of shared memory and one child.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "proxy.h"

int kernel_patience_ms = 5000;

/* ---- the director, seen from outside ------------------------------------ */

bool live_director_start(struct live_director *director, const struct scenario *scenario,
			 const struct kernel_probe *probe, enum kernel_kind kind)
{
	int ends[2];

	director->box = mmap(NULL, sizeof(*director->box), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (director->box == MAP_FAILED)
		return false;
	director->box->kind = kind;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
		munmap(director->box, sizeof(*director->box));
		return false;
	}
	director->pid = fork();
	if (director->pid == 0)
		live_direct(director->box, ends[1], scenario, probe);
	close(ends[1]);
	director->bell = ends[0];
	if (director->pid > 0)
		return true;
	close(ends[0]);
	munmap(director->box, sizeof(*director->box));
	return false;
}

/* Longer than the director's own patience, which ends first and knows more. */
bool live_director_answers(struct live_director *director)
{
	return live_await_bell(director->bell, 2 * kernel_patience_ms + 1000) == BELL_RUNG;
}

/* The spaces die with it; the end of file says that they have. */
void live_director_end(struct live_director *director, int *status)
{
	kill(director->pid, SIGKILL);
	while (waitpid(director->pid, status, 0) < 0 && errno == EINTR)
		;
	while (live_await_bell(director->bell, kernel_patience_ms) == BELL_RUNG)
		;
	close(director->bell);
	munmap(director->box, sizeof(*director->box));
}

/* ---- the judge ---------------------------------------------------------- */

struct judge {
	struct live_director director;
	bool lost;		/* the director did not answer, or died */
};

static const char *why_not(const struct kernel_probe *probe, const struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->nsteps; i++) {
		const struct step *step = &scenario->steps[i];
		const char *why = live_why_not(probe, step);

		/* what it can't see is left out by itself */
		if (why && step->op != OP_EXPECT_PATH && step->op != OP_EXPECT_HUGE && step->op != OP_EXPECT_STAT &&
		    step->op != OP_EXPECT_INVENTORY)
			return why;
	}
	return NULL;
}

static struct judge *kernel_open(const struct judge_ops *ops, const struct scenario *scenario, struct reply *reply)
{
	const struct kernel_probe *probe = kernel_probe();
	const char *why = why_not(probe, scenario);
	struct judge *judge;

	(void)ops;
	if (why) {
		live_cannot(reply, "%s", why);
		return NULL;
	}
	judge = calloc(1, sizeof(*judge));
	reply->answer = ANSWER_BROKEN;
	snprintf(reply->reason, sizeof(reply->reason), "no process for the kernel's judge: %s", strerror(errno));
	if (!judge || !live_director_start(&judge->director, scenario, probe, KERNEL_KINDS)) {
		free(judge);
		return NULL;
	}
	if (live_director_answers(&judge->director)) {
		reply->answer = judge->director.box->reply.answer;
		memcpy(reply->reason, judge->director.box->reply.reason, sizeof(reply->reason));
	} else {
		snprintf(reply->reason, sizeof(reply->reason), "the kernel's judge does not start");
	}
	if (reply->answer == ANSWER_DONE)
		return judge;
	live_director_end(&judge->director, NULL);
	free(judge);
	return NULL;
}

static bool sends_bytes(enum op op)
{
	return op == OP_STORE || op == OP_OBJECT_WRITE || op == OP_DEVICE_WRITE;
}

static bool receives_bytes(enum op op)
{
	return op == OP_LOAD || op == OP_EXPECT_BYTES || op == OP_EXPECT_DEVICE || op == OP_DEVICE_READ ||
	       op == OP_EXPECT_OBJECT;
}

static void lose(struct judge *judge, struct reply *reply)
{
	judge->lost = true;
	kill(judge->director.pid, SIGKILL); /* and all spaces with it */
	reply->answer = ANSWER_BROKEN;
	snprintf(reply->reason, sizeof(reply->reason), "the kernel's judge died, or did not answer in time");
}

static bool ask(struct judge *judge, enum live_request request, struct reply *reply)
{
	judge->director.box->request = request;
	if (!judge->lost && live_ring_bell(judge->director.bell) && live_director_answers(&judge->director))
		return true;
	lose(judge, reply);
	return false;
}

static void kernel_step(struct judge *judge, const struct step *step, struct reply *reply)
{
	struct live_mailbox *box = judge->director.box;
	unsigned char *bytes = reply->bytes;

	if ((sends_bytes(step->op) || receives_bytes(step->op)) && step->length > LIVE_ROOM) {
		live_cannot(reply, "over 1 MiB in one step");
		return;
	}
	box->step = *step;
	if (sends_bytes(step->op) && step->bytes)
		memcpy(box->data, step->bytes, step->length);
	if (!ask(judge, LIVE_STEP, reply))
		return;
	*reply = box->reply;
	reply->bytes = bytes;
	if (bytes && receives_bytes(step->op) && reply->answer == ANSWER_DONE)
		memcpy(bytes, box->data, step->length);
}

static void kernel_close(struct judge *judge, struct reply *reply)
{
	unsigned char *bytes = reply->bytes;

	if (ask(judge, LIVE_CLOSE, reply)) {
		*reply = judge->director.box->reply;
		reply->bytes = bytes;
	}
	live_director_end(&judge->director, NULL);
	free(judge);
}

static void kernel_describe(struct judge *judge, FILE *out)
{
	struct reply ignored = { 0 };

	if (ask(judge, LIVE_DESCRIBE, &ignored))
		fwrite(judge->director.box->data, 1, judge->director.box->text, out);
}

const struct judge_ops judge_kernel = {
	.open = kernel_open,
	.step = kernel_step,
	.close = kernel_close,
	.describe = kernel_describe,
	.name = "kernel",
	.design = -1,
};

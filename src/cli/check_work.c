/*
 * check_work.c - runs of the explorer, each in a process of its own
 *
 * The explorer's state is one per process, and what it runs may be broken on
 * purpose: a process that dies or hangs costs its own run alone, and says so.  What
 * it found comes through a pipe, as messages: how far it is, the result, the
 * story of a failing run, the same as data, and the end.  Without the end there is
 * no result.
 */
#include "check.h"

#include "must.h"
#include "term.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum message { MESSAGE_PROGRESS, MESSAGE_RESULT, MESSAGE_STORY, MESSAGE_DATA, MESSAGE_END };

struct header {
	enum message message;
	size_t length;
};

struct worker {
	struct check_run *run;
	pid_t pid;
	int fd;
	char *bytes;		/* read, and not yet understood */
	size_t count, room;
	double deadline;	/* 0: none */
	bool whole;		/* the end has come */
};

struct work {
	const struct check_source *source;
	struct worker *workers;
	struct check_run **running;
	struct pollfd *polls;
	unsigned most, count;
	double ticked;
};

double check_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- in the process of the run ------------------------------------------------------------ */

static void send(FILE *out, enum message message, const void *bytes, size_t length)
{
	struct header header = {message, length};

	fwrite(&header, sizeof(header), 1, out);
	fwrite(bytes, 1, length, out);
}

static bool send_progress(uint64_t executions, double seconds, double done, void *context)
{
	struct check_run run = {.so_far = {executions, seconds, done}};

	send(context, MESSAGE_PROGRESS, &run.so_far, sizeof(run.so_far));
	fflush(context);
	return true;
}

static void print_story(const struct explore_run *run, FILE *out)
{
	struct term term = term_of_stdout();

	explore_print(run, out, (unsigned)term.width, term.colour);
}

static void print_whole_story(const struct explore_run *run, FILE *out)
{
	struct term term = term_of_stdout();

	explore_print_all(run, out, (unsigned)term.width, term.colour);
}

static void send_text(FILE *out, enum message message, const struct explore_run *run,
		      void (*print)(const struct explore_run *, FILE *))
{
	char *text = NULL;
	size_t length = 0;
	FILE *memory = must(open_memstream(&text, &length));

	print(run, memory);
	if (!fclose(memory) && text)
		send(out, message, text, length);
	free(text);
}

static void explore(const struct check_run *run, FILE *out)
{
	struct explore_options options = run->options;
	struct explore_result result;

	memset(&result, 0, sizeof(result));
	options.progress = send_progress;
	options.context = out;
	options.called = corpus_handle(run->scenario);
	explore_scenario(run->scenario, &options, &result);
	send(out, MESSAGE_RESULT, &result, sizeof(result));
	if (result.run && options.story) {
		send_text(out, MESSAGE_STORY, result.run, run->all_steps ? print_whole_story : print_story);
		send_text(out, MESSAGE_DATA, result.run, explore_print_json);
	}
	send(out, MESSAGE_END, "", 0);
	explore_result_free(&result);
}

static void __attribute__((noreturn)) be_worker(const struct check_run *run, int fd, pid_t parent)
{
	FILE *out;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	out = must(fdopen(fd, "w"));
	explore(run, out);
	_exit(fclose(out) ? 1 : 0);
}

/* ---- starting ----------------------------------------------------------------------------- */

static void in_trouble(struct check_run *run, const char *why)
{
	run->trouble = true;
	snprintf(run->result.reason, sizeof(run->result.reason), "%s", why);
}

/* A limit of time is the explorer's to keep; this is for when it can't any more. */
static double deadline_of(const struct explore_options *options)
{
	double seconds = options->seconds_most;

	if (seconds <= 0)
		return 0;
	/* To make a story short takes a while. */
	return check_now() + seconds + (options->story ? 90 : 10);
}

static bool start(struct worker *worker, struct check_run *run)
{
	pid_t parent = getpid();
	int fds[2];

	*worker = (struct worker){.run = run, .deadline = deadline_of(&run->options)};
	if (pipe2(fds, O_CLOEXEC)) {
		in_trouble(run, "no pipe to a process of its own");
		return false;
	}
	fflush(stdout);
	fflush(stderr);
	worker->pid = fork();
	if (worker->pid == 0) {
		close(fds[0]);
		be_worker(run, fds[1], parent);
	}
	close(fds[1]);
	worker->fd = fds[0];
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	if (worker->pid > 0)
		return true;
	close(fds[0]);
	in_trouble(run, "no process of its own");
	return false;
}

static void start_all(struct work *work)
{
	struct check_run *run;

	while (work->count < work->most && (run = work->source->next(work->source->context))) {
		if (start(&work->workers[work->count], run))
			work->count++;
		else
			work->source->ended(run, work->source->context);
	}
}

/* ---- listening ---------------------------------------------------------------------------- */

static void take_text(char **text, const char *bytes, size_t length)
{
	free(*text);
	*text = must(strndup(bytes, length));
}

static void take_message(struct worker *worker, const struct header *header, const char *bytes)
{
	struct check_run *run = worker->run;

	switch (header->message) {
	case MESSAGE_PROGRESS:
		memcpy(&run->so_far, bytes, sizeof(run->so_far));
		break;
	case MESSAGE_RESULT:
		memcpy(&run->result, bytes, sizeof(run->result));
		run->result.run = NULL;
		break;
	case MESSAGE_STORY:
		take_text(&run->story, bytes, header->length);
		break;
	case MESSAGE_DATA:
		take_text(&run->data, bytes, header->length);
		break;
	case MESSAGE_END:
		worker->whole = true;
		break;
	}
}

static void take_messages(struct worker *worker)
{
	struct header header;
	size_t at = 0;

	while (worker->count - at >= sizeof(header)) {
		memcpy(&header, worker->bytes + at, sizeof(header));
		if (worker->count - at - sizeof(header) < header.length)
			break;
		take_message(worker, &header, worker->bytes + at + sizeof(header));
		at += sizeof(header) + header.length;
	}
	worker->count -= at;
	memmove(worker->bytes, worker->bytes + at, worker->count);
}

/* False when nothing will come any more. */
static bool listen_to(struct worker *worker)
{
	ssize_t got;

	do {
		if (worker->room - worker->count < 4096) {
			worker->room = 2 * worker->room + 8192;
			worker->bytes = must(realloc(worker->bytes, worker->room));
		}
		got = read(worker->fd, worker->bytes + worker->count, worker->room - worker->count);
		if (got > 0)
			worker->count += (size_t)got;
		take_messages(worker);
	} while (got > 0 && !worker->whole);
	return !worker->whole && (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
}

/* ---- ending ------------------------------------------------------------------------------- */

static void say_how_it_died(struct check_run *run, int status)
{
	char why[128];

	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "the explorer died of signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(why, sizeof(why), "the explorer ended with status %d, and without a result",
			 WEXITSTATUS(status));
	in_trouble(run, why);
}

static void end_worker(struct work *work, unsigned at)
{
	struct worker *worker = &work->workers[at];
	struct check_run *run = worker->run;
	int status = 0;

	close(worker->fd);
	while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!worker->whole && !run->trouble && !run->unwanted)
		say_how_it_died(run, status);
	free(worker->bytes);
	*worker = work->workers[--work->count];
	if (!run->unwanted)
		work->source->ended(run, work->source->context);
}

static bool must_be_stopped(struct worker *worker)
{
	char why[128];

	if (worker->run->unwanted)
		return true;
	if (!worker->deadline || check_now() < worker->deadline)
		return false;
	snprintf(why, sizeof(why), "the explorer hangs: no answer long after its limit of %g seconds",
		 worker->run->options.seconds_most);
	in_trouble(worker->run, why);
	worker->run->hangs = true;
	return true;
}

static void tick(struct work *work)
{
	double now = check_now();

	if (now - work->ticked < 0.5)
		return;
	work->ticked = now;
	for (unsigned i = 0; i < work->count; i++)
		work->running[i] = work->workers[i].run;
	work->source->tick(work->running, work->count, work->source->context);
}

static void wait_for_messages(struct work *work)
{
	for (unsigned i = 0; i < work->count; i++)
		work->polls[i] = (struct pollfd){.fd = work->workers[i].fd, .events = POLLIN};
	poll(work->polls, work->count, 250);
	/* From the last one: what ends is replaced by the last. */
	for (unsigned i = work->count; i-- > 0;) {
		struct worker *worker = &work->workers[i];
		bool stop = must_be_stopped(worker);

		if (stop)
			kill(worker->pid, SIGKILL);
		if (stop || ((work->polls[i].revents & (POLLIN | POLLHUP | POLLERR)) && !listen_to(worker)))
			end_worker(work, i);
	}
}

void check_work(const struct check_source *source, unsigned jobs)
{
	struct work work = {.source = source, .most = jobs, .ticked = check_now()};

	work.workers = must(calloc(jobs, sizeof(*work.workers)));
	work.running = must(calloc(jobs, sizeof(struct check_run *)));
	work.polls = must(calloc(jobs, sizeof(*work.polls)));
	for (start_all(&work); work.count; start_all(&work)) {
		wait_for_messages(&work);
		tick(&work);
	}
	free(work.workers);
	free(work.running);
	free(work.polls);
}

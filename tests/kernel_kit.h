/*
 * kernel_kit.h - short words for tests of the live kernel's judge
 *
 * Results and the closing line, scenarios from a few lines of text, a judge in
 * the middle of one, and who is left of it.  begin_tests() makes the test program
 * adopt orphans: a process that any judge left behind is a child of it in the
 * end, and can't hide.
 */
#ifndef HOLDFAST_KERNEL_KIT_H
#define HOLDFAST_KERNEL_KIT_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"
#include "run.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- results ------------------------------------------------------------ */

static int passed, failed, skipped;

static inline void result(bool good, const char *test, const char *detail)
{
	printf("%s %s%s%s\n", good ? "ok  " : "FAIL", test, good || !*detail ? "" : ": ", good ? "" : detail);
	good ? passed++ : failed++;
	fflush(stdout);
}

static bool quiet;	/* where skipping is what is expected */

static inline void skip(const char *test, const char *why)
{
	if (!quiet)
		printf("skip %s: %s\n", test, why);
	skipped++;
	fflush(stdout);
}

static inline void begin_tests(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static inline int closing_line(void)
{
	printf("%d passed, %d failed", passed, failed);
	if (skipped)
		printf(", %d skipped", skipped);
	putchar('\n');
	return failed != 0;
}

/* ---- scenarios ---------------------------------------------------------- */

static inline struct scenario *parse(const char *body)
{
	char *text = NULL;
	size_t length = 0;
	FILE *f = open_memstream(&text, &length);
	struct scenario *s;

	fprintf(f, "scenario test\nwhy \"Because it is tested.\"\npromise coherent isolated\n%s", body);
	fclose(f);
	s = scenario_parse_text(text, length, "test", stderr);
	free(text);
	if (!s)
		exit(1);
	return s;
}

static inline struct verdict judge(const char *body)
{
	struct scenario *s = parse(body);
	struct verdict v;

	run_scenario(s, &judge_kernel, &v);
	scenario_free(s);
	return v;
}

/* ---- processes ---------------------------------------------------------- */

static inline pid_t parent_of(pid_t pid)
{
	char path[64], text[512] = "";
	int fd, parent = -1;
	char *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) > 0 && (p = strrchr(text, ')')))
		sscanf(p + 1, " %*c %d", &parent);
	close(fd);
	return parent;
}

/* The nth child of a process, in the order of /proc: 0 if there are not so many. */
static inline pid_t child_of(pid_t parent, int n)
{
	DIR *proc = opendir("/proc");
	pid_t found = 0;

	for (struct dirent *entry; proc && !found && (entry = readdir(proc));) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0 && parent_of(pid) == parent && n-- == 0)
			found = pid;
	}
	if (proc)
		closedir(proc);
	return found;
}

/* No child of this process is left, adopted ones among them, after some time at most. */
static inline bool nobody_left(void)
{
	for (int ms = 0; ms < 3000; ms += 5) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno == ECHILD)
			return true;
		if (pid == 0)
			usleep(5000);
	}
	return false;
}

static inline int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline int open_files(void)
{
	DIR *files = opendir("/proc/self/fd");
	int n = 0;

	while (files && readdir(files))
		n++;
	if (files)
		closedir(files);
	return n;
}

/* ---- a judge in the middle of a scenario --------------------------------- */

static const char everything[] =
	"object F 1\nmap A buf anon private rw 2\nmap A far F shared rw 1\nstore A buf \"old\"\npin A buf write as p\n"
	"pin A buf write long as q\npin A buf read as r\nget A far as g\nfork A B\nfork B C\nstore B buf \"new\"\n"
	"load B buf\nexpect p \"old\"\ndevice p \"net\"\nunpin p\nunpin q\nunpin r\nunpin g\n";
static const char some_of_it[] = /* where not everything can be done */
	"object F 1\nmap A buf anon private rw 2\nmap A far F shared rw 1\nstore A buf \"old\"\nfork A B\nfork B C\n"
	"store B buf \"new\"\nload A buf\nload B buf\nexpect C buf \"old\"\n";

struct middle {
	struct scenario *scenario;
	struct judge *judge;
	struct reply reply;
	unsigned char bytes[64];
	size_t next;
	bool everything;	/* or some of it */
};

/* The next step, or what goes for it when there is none. */
static inline enum answer step(struct middle *m)
{
	memset(&m->reply, 0, sizeof(m->reply));
	m->reply.bytes = m->bytes;
	judge_kernel.step(m->judge, &m->scenario->steps[m->next++], &m->reply);
	return m->reply.answer;
}

static inline bool begin(struct middle *m)
{
	const char *text = everything;

	for (int kind = 0; kind < KERNEL_KINDS; kind++)
		if (kind != KERNEL_READ_LONG && !kernel_probe()->kinds[kind].possible)
			text = some_of_it;
	memset(m, 0, sizeof(*m));
	m->scenario = parse(text);
	m->judge = judge_kernel.open(&judge_kernel, m->scenario, &m->reply);
	m->everything = text == everything;
	while (m->judge && m->next < (m->everything ? 11u : 7u))
		if (step(m) != ANSWER_DONE)
			return false;
	return m->judge;
}

static inline enum answer finish(struct middle *m)
{
	memset(&m->reply, 0, sizeof(m->reply));
	judge_kernel.close(m->judge, &m->reply);
	scenario_free(m->scenario);
	return m->reply.answer;
}

#endif

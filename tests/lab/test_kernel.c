/*
 * test_kernel.c - the live kernel as a judge
 *
 * First what it answers, where the answer is known on every Linux that can do it
 * (what can't be done here is skipped, with the kernel's reason); then what it
 * leaves behind: nothing, whoever is killed or stopped; then the same where the
 * system refuses this or that, which is simulated by a filter, not asked for by
 * a variable.
 *
 * This program adopts orphans (PR_SET_CHILD_SUBREAPER), so a process that any
 * judge left behind is a child of it in the end, and can't hide.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <grp.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"
#include "run.h"

static int passed, failed, skipped;

static void result(bool good, const char *test, const char *detail)
{
	printf("%s %s%s%s\n", good ? "ok  " : "FAIL", test, good || !*detail ? "" : ": ", good ? "" : detail);
	good ? passed++ : failed++;
	fflush(stdout);
}

static bool quiet;	/* where skipping is what is expected */

static void skip(const char *test, const char *why)
{
	if (!quiet)
		printf("skip %s: %s\n", test, why);
	skipped++;
	fflush(stdout);
}

/* ---- scenarios ---------------------------------------------------------- */

static struct scenario *parse(const char *body)
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

static struct verdict judge(const char *body)
{
	struct scenario *s = parse(body);
	struct verdict v;

	run_scenario(s, &judge_kernel, &v);
	scenario_free(s);
	return v;
}

struct known {
	const char *name;
	enum verdict_kind verdict;
	const char *reason;	/* a part of it; NULL: none asked for */
	const char *body;
};

/* What a pin is, for PIN: each row below runs for each kind that PIN can be. */
static const char *const kinds[] = { "pin A buf write long", "pin A buf write", "pin A buf read", "get A buf" };
static const char *const kind_names[] = { "write long", "write short", "read short", "GET" };

static const struct known for_each_kind[] = {
	{ "sees later stores in shared memory", VERDICT_HOLDS, NULL,
	  "map A buf anon shared rw 3\nstore A buf \"old\"\nPIN as p\nstore A buf \"new\"\nexpect p \"new\"\n"
	  "store A buf+4000 \"last\"\nexpect p+4000 \"last\"\nstore A buf \"more\"\nexpect p \"more\"\n"
	  "store A buf+2p+4090 \"end\"\nexpect p+2p+4090 \"end\"\nunpin p\nexpect A buf \"more\"\n" },
	{ "reads across pages, and at their first bytes", VERDICT_HOLDS, NULL,
	  "map A buf anon shared rw 3\nPIN as p\nstore A buf+4092 \"abcdefgh\"\nexpect p+4092 \"abcdefgh\"\n"
	  "expect p+1p \"efgh\"\nfill A buf 0x61 12288\nexpect p+2p+1 \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n"
	  "expect p+4095 \"a\"\nunpin p\n" },
	{ "keeps its page when the owner discards it", VERDICT_BROKEN, "found \"old\"",
	  "map A buf anon private rw 1\nstore A buf \"old\"\nPIN as p\ndiscard A buf\nstore A buf \"new\"\n"
	  "expect p \"new\"\nunpin p\nexpect A buf \"new\"\n" },
	{ "outlives its space", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nstore A buf \"old\"\nPIN as p\nfork A B\nexit A\nstore B buf \"new\"\n"
	  "expect p \"old\"\nunpin p\nexpect B buf \"new\"\nload A buf fails ESRCH\n" },
	{ "outlives its mapping", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 2\nstore A buf+1p \"old\"\nPIN as p\nunmap A buf\nexpect p+1p \"old\"\nunpin p\n" },
	{ "can be taken again", VERDICT_HOLDS, NULL,
	  "map A buf anon shared rw 1\nPIN as p\nexpect p zero 8\nunpin p\nstore A buf \"x\"\nPIN as p\n"
	  "store A buf \"y\"\nexpect p \"y\"\nunpin p\nunpin p fails EINVAL\n" },
	{ "is refused where nothing is", VERDICT_HOLDS, NULL,
	  "object F 1\nmap A buf anon private rw 2\nmap A far F shared rw 2\nunmap A buf+1p 1\n"
	  "PIN as p fails EFAULT\nload A buf+1p fails EFAULT\nstore A far+1p \"x\" fails EFAULT\n"
	  "unmap A buf\nPIN as p fails EFAULT\nexpect A far zero 8\n" },
	{ "is refused where nobody may read", VERDICT_HOLDS, NULL,
	  "map A buf anon private none 1\nPIN as p fails EACCES\nload A buf fails EACCES\n" },
	{ "is of a range of bytes", VERDICT_HOLDS, NULL,
	  "map A buf anon shared rw 2\nfill A buf 0x61 8192\nPIN bytes 5000 as p\nstore A buf \"b\"\nexpect p \"ba\"\n"
	  "expect p+4999 \"a\"\nunpin p\n" },
};

/* The same for pins that a device can write through. */
static const struct known for_each_write[] = {
	{ "writes where it says, and nowhere else", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 2\nfill A buf 0x2e 8192\nPIN as p\ndevice p+4094 \"1234\"\nexpect A buf+4090 \"....1234....\"\n"
	  "device p+8 \"up\"\nexpect A buf+4 \"....up....\"\nexpect p+6 \"..up..\"\ndevice p \"first\"\nexpect A buf \"first...up.\"\n"
	  "store A buf+8 \"UP\"\nexpect p+6 \"..UP..\"\nunpin p\nexpect A buf \"first...UP.\"\nexpect A buf+8000 \"....\"\n" },
	{ "with no access at all changes nothing", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nfill A buf 0x2e 4096\nPIN as p\nstore A buf+2 \"x\"\nunpin p\n"
	  "expect A buf \"..x...\"\nexpect A buf+4090 \"......\"\n" },
	{ "does not write what was not reached", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nPIN as p\nload A buf+1p fails EFAULT\nunpin p\nexpect A buf zero 16\n" },
	{ "is the owner's alone after a fork", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nstore A buf \"old\"\nPIN as p\nfork A B\nstore A buf+512 \"new\"\n"
	  "device p \"net\"\nexpect A buf \"net\"\nexpect A buf+512 \"new\"\nexpect B buf \"old\"\nexpect B buf+512 zero 3\nunpin p\n" },
	{ "of an object is in the object", VERDICT_HOLDS, NULL,
	  "object F 2\nwrite F+1p \"disk\"\nmap A buf F shared rw 2\nPIN as p\ndevice p+1p \"net\"\nexpect F+1p \"netk\"\n"
	  "write F \"x\"\nexpect p \"x\"\nunpin p dirty\n" },
	{ "is refused where nobody may write", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nstore A buf \"old\"\nprotect A buf r\nPIN as p fails EACCES\nexpect A buf \"old\"\n"
	  "protect A buf rw\nPIN as p\ndevice p \"net\"\nexpect A buf \"net\"\nunpin p\n" },
	{ "goes with a move", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 2\nstore A buf \"old\"\nPIN as p\nmove A buf\nstore A buf \"new\"\ndevice p+8 \"net\"\n"
	  "expect p \"new\"\nexpect A buf+8 \"net\"\nunpin p\nremap A buf 200\nexpect A buf+8 \"net\"\nPIN as p\n"
	  "store A buf+199p \"end\"\nexpect p+199p \"end\"\nunpin p\n" },
	{ "is unpinned in parts", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 3\nPIN as p\nunpin p+1p 1\ndevice p+2p \"c\"\ndevice p \"a\"\nexpect A buf \"a\"\n"
	  "expect A buf+2p \"c\"\ndevice p+1p \"b\" fails EINVAL\nunpin p+1p 1 fails EINVAL\nunpin p+100 1 fails EINVAL\n"
	  "unpin p\nexpect A buf+1p zero 8\n" },
};

static const struct known once_each[] = {
	{ "a read pin can't be written through", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\npin A buf read as p\ndevice p \"x\" fails EACCES\nexpect p zero 1\nunpin p\n" },
	{ "nor can a GET", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nget A buf as p\ndevice p \"x\" fails EACCES\nunpin p\n" },
	{ "a child's GET shows what was there", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nstore A buf \"old\"\nfork A B\nget B buf as g\nunmap B buf\nstore A buf \"new\"\n"
	  "expect g \"old\"\nunpin g\n" },
	{ "a short read pin of an untouched page does not follow", VERDICT_BROKEN, "found \"\\0\\0\\0\"",
	  "map A buf anon private rw 1\npin A buf read as p\nstore A buf \"new\"\nexpect p \"new\"\nunpin p\n" },
	{ "several pins, of several spaces", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 2\nstore A buf \"a\"\nfork A B\npin A buf write as p\npin B buf write as q\n"
	  "pin B buf+1p read as r\ndevice q \"b\"\ndevice p+2 \"c\"\nexpect A buf \"a\\0c\"\nexpect B buf \"b\\0\\0\"\n"
	  "expect r zero 4\nunpin q\nexpect p \"a\\0c\"\nunpin r\nunpin p\n" },
	{ "forks of forks, exits in any order", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nstore A buf \"a\"\nfork A B\nfork B C\nexit A\nfork C D\nexit B\nstore C buf \"c\"\n"
	  "expect D buf \"a\"\nexit D\nexpect C buf \"c\"\nfork B E fails ESRCH\n" },
	{ "atomic access", VERDICT_HOLDS, NULL,
	  "map A buf anon shared rw 1\nfork A B\nadd A buf 5\nadd B buf 1\nexpect A buf \"\\x06\\0\\0\\0\\0\\0\\0\\0\"\n"
	  "add A buf+4 1 fails EINVAL\nadd A buf+1p 1 fails EFAULT\n" },
	{ "wipe, don't fork", VERDICT_HOLDS, NULL,
	  "map A one anon private rw 1\nmap A two anon private rw 1\nstore A one \"1\"\nstore A two \"2\"\nwipeonfork A one\n"
	  "dontfork A two\nfork A B\nexpect B one zero 1\nload B two fails EFAULT\nexpect A one \"1\"\nexpect A two \"2\"\n" },
	{ "private mappings of an object", VERDICT_HOLDS, NULL,
	  "object F 1\nwrite F \"disk\"\nmap A buf F private rw 1\nexpect A buf \"disk\"\nstore A buf \"mine\"\n"
	  "expect F \"disk\"\ndiscard A buf\nexpect A buf \"disk\"\nresize F 0\nload A buf fails EFAULT\nwrite F \"x\" fails EINVAL\n" },
	{ "terabytes", VERDICT_HOLDS, NULL,
	  "object F 1073741824\nwrite F+1073741823p \"end\"\nexpect F+1073741823p \"end\"\nmap A buf F shared rw 1073741824 fails ENOMEM\n"
	  "map A buf anon private rw 1073741824 fails ENOMEM\nmap A buf anon private rw 1\nremap A buf 1073741824 fails ENOMEM\n"
	  "store A buf \"x\"\nexpect A buf \"x\"\n" },
	{ "a pin of as many pages as a call can hold", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1024\npin A buf write as p\nfork A B\nstore A buf+1023p \"new\"\nexpect p+1023p \"new\"\n"
	  "device p+1022p \"net\"\nexpect A buf+1022p \"net\"\nexpect B buf+1023p zero 3\nunpin p\n" },
	{ "and of one more", VERDICT_SKIPPED, "1024 pages",
	  "map A buf anon private rw 1025\npin A buf write as p\nexpect p zero 1\nunpin p\n" },
	{ "a GET of many pages", VERDICT_HOLDS, NULL,
	  "map A buf anon shared rw 64\nget A buf as p\nstore A buf+63p \"end\"\nexpect p+63p \"end\"\nexpect p+62p+4095 \"\\0end\"\nunpin p\n" },
	{ "statistics and paths are left out", VERDICT_HOLDS, NULL,
	  "map A buf anon shared rw 1\ncount\npin A buf write as p\nexpect p fast\nexpect copies 0\nexpect p zero 1\nunpin p\n" },
	{ "a long read pin", VERDICT_SKIPPED, "long-term read pin",
	  "map A buf anon private rw 1\npin A buf read long as p\nexpect p zero 1\nunpin p\n" },
	{ "the fast path alone", VERDICT_SKIPPED, "fast path",
	  "map A buf anon private rw 1\npin A buf write fast-only as p fails EAGAIN\n" },
	{ "a sealed mapping", VERDICT_SKIPPED, "sealed", "map A buf anon private sealed r 1\nload A buf\n" },
	{ "sealing", VERDICT_SKIPPED, "seal", "map A buf anon private rw 1\nprotect A buf seal\n" },
	{ "a fork that refuses", VERDICT_SKIPPED, "refuses", "map A buf anon private rw 1\nfork A B refuse\n" },
	{ "a fork that leaves a hole", VERDICT_SKIPPED, "leaves", "map A buf anon private rw 1\nfork A B hole\n" },
};

/* Replace PIN by the kind. */
static char *with_kind(const char *body, const char *kind)
{
	char *text = NULL;
	size_t length = 0;
	FILE *f = open_memstream(&text, &length);

	for (const char *p; (p = strstr(body, "PIN")); body = p + 3)
		fprintf(f, "%.*s%s", (int)(p - body), body, kind);
	fputs(body, f);
	fclose(f);
	return text;
}

static void check(const struct known *k, const char *kind, const char *body)
{
	struct verdict v = judge(body);
	bool good = v.verdict == k->verdict && (!k->reason || strstr(v.reason, k->reason));
	char name[200], detail[900];

	snprintf(name, sizeof(name), "%s%s%s", kind, *kind ? " pin " : "", k->name);
	snprintf(detail, sizeof(detail), "expected %s, found %s %s", verdict_names[k->verdict], verdict_names[v.verdict],
		 v.reason);
	if (!good && v.verdict == VERDICT_SKIPPED)
		skip(name, v.reason);
	else
		result(good, name, detail);
}

static void check_kinds(const struct known *rows, size_t n, size_t nkinds)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < nkinds; k++) {
			char *body = with_kind(rows[i].body, kinds[k]);

			check(&rows[i], kind_names[k], body);
			free(body);
		}
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void known_answers(void)
{
	check_kinds(for_each_kind, COUNT(for_each_kind), COUNT(kinds));
	check_kinds(for_each_write, COUNT(for_each_write), 2);
	for (size_t i = 0; i < COUNT(once_each); i++)
		check(&once_each[i], "", once_each[i].body);
}

/* As many spaces as there are names, each with a page of its own. */
static void many_spaces(void)
{
	char *text = NULL;
	size_t length = 0;
	FILE *f = open_memstream(&text, &length);
	struct verdict v;

	fprintf(f, "map S0 buf anon private rw 1\nstore S0 buf \"first\"\n");
	for (int i = 1; i < SCENARIO_NAMES; i++)
		fprintf(f, "fork S%d S%d\nstore S%d buf \"%05d\"\n", i - 1, i, i, i);
	for (int i = 1; i < SCENARIO_NAMES; i++)
		fprintf(f, "expect S%d buf \"%05d\"\n", i, i);
	fprintf(f, "expect S0 buf \"first\"\n");
	fclose(f);
	v = judge(text);
	result(v.verdict == VERDICT_HOLDS, "as many spaces as there are names", v.reason);
	free(text);
}

/* ---- processes ---------------------------------------------------------- */

static pid_t parent_of(pid_t pid)
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
static pid_t child_of(pid_t parent, int n)
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
static bool nobody_left(void)
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

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int open_files(void)
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
	"store B buf \"new\"\nload A buf\nload B buf\nload C buf\n";

struct middle {
	struct scenario *scenario;
	struct judge *judge;
	struct reply reply;
	unsigned char bytes[64];
	size_t next;
};

/* The next step, or what goes for it when there is none. */
static enum answer step(struct middle *m)
{
	memset(&m->reply, 0, sizeof(m->reply));
	m->reply.bytes = m->bytes;
	judge_kernel.step(m->judge, &m->scenario->steps[m->next++], &m->reply);
	return m->reply.answer;
}

static bool begin(struct middle *m)
{
	const char *text = everything;

	for (int kind = 0; kind < KERNEL_KINDS; kind++)
		if (kind != KERNEL_READ_LONG && !kernel_probe()->kinds[kind].possible)
			text = some_of_it;
	memset(m, 0, sizeof(*m));
	m->scenario = parse(text);
	m->judge = judge_kernel.open(&judge_kernel, m->scenario, &m->reply);
	while (m->judge && m->next < (text == everything ? 11u : 7u))
		if (step(m) != ANSWER_DONE)
			return false;
	return m->judge;
}

static enum answer finish(struct middle *m)
{
	memset(&m->reply, 0, sizeof(m->reply));
	judge_kernel.close(m->judge, &m->reply);
	scenario_free(m->scenario);
	return m->reply.answer;
}

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

/* Several judges at once, in threads of one caller. */
static void *run_some(void *arg)
{
	bool *good = arg;

	*good = true;
	for (int i = 0; i < 10 && *good; i++)
		*good = judge(i % 2 ? some_of_it : "map A buf anon shared rw 1\nget A buf as p\nexpect p zero 4\nunpin p\n")
				.verdict != VERDICT_ERROR;
	return NULL;
}

static void in_threads(void)
{
	pthread_t threads[4];
	bool good[4];

	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, run_some, &good[i]))
			exit(1);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		good[0] = good[0] && good[i];
	}
	result(good[0] && nobody_left(), "several judges at once", "");
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

/* ---- nonsense ----------------------------------------------------------- */

static void nonsense(void)
{
	static const struct step steps[] = {
		{ .op = OP_MAP, .space = 63 }, { .op = OP_MAP, .mapping = 63, .object = -1 },
		{ .op = OP_MAP, .object = 63 }, { .op = OP_STORE, .space = -1 }, { .op = OP_PIN, .pin = 64 },
		{ .op = OP_FORK, .child = 1000 }, { .op = OP_OBJECT_WRITE, .object = -5 }, { .op = (enum op)1000 },
		{ .op = OP_UNPIN, .pin = -1 }, { .op = OP_EXPECT_DEVICE, .pin = 700, .length = 1 },
		{ .op = OP_ADVISE, .flags = 99 }, { .op = OP_LOAD, .length = UINT64_MAX },
		{ .op = OP_EXPECT_OBJECT, .object = 63, .length = 1 },
	};
	bool good = true;

	for (size_t i = 0; i < COUNT(steps); i++) {
		struct scenario *s = parse("map A buf anon private rw 1\npin A buf write as p\nunpin p\n");
		unsigned char bytes[64];
		struct reply reply = { .bytes = bytes };
		struct judge *j = judge_kernel.open(&judge_kernel, s, &reply);

		if (j) {
			judge_kernel.step(j, &steps[i], &reply);
			good = good && reply.answer != ANSWER_DONE;
			if (reply.answer == ANSWER_DONE)
				printf("     step %zu was done\n", i);
			judge_kernel.close(j, &reply);
		}
		scenario_free(s);
	}
	result(good && nobody_left(), "steps with nonsense in them are refused", "");
}

static void described(void)
{
	struct middle m;
	bool good = begin(&m);
	char *text = NULL;
	size_t length = 0;
	FILE *f = open_memstream(&text, &length);

	judge_kernel.describe(m.judge, f);
	fclose(f);
	finish(&m);
	result(good && strstr(text, "A buf+0: anonymous, mapped here alone") &&
	       strstr(text, kernel_probe()->kinds[KERNEL_GET].possible ? "A far+0: of the object" : "A far+0: no page"),
	       "what is there is described", text);
	free(text);
}

/* ---- where the system refuses ------------------------------------------- */

/* Refuse up to four system calls, and the ioctl that makes a userfaultfd when the first is userfaultfd. */
static bool refuse(const int *calls, size_t n, unsigned how)
{
	struct sock_filter filter[16];
	struct sock_fprog program = { .filter = filter };
	unsigned short len = 0;

	filter[len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < n; i++) {
		filter[len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
		filter[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, how);
	}
	filter[len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3);
	filter[len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1]));
	filter[len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xaa00, 0, 1);
	filter[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						     calls[0] == SYS_userfaultfd ? how : SECCOMP_RET_ALLOW);
	filter[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = len;
	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* In a process of its own, whose verdict counts as one: it must come before anything is probed here. */
static void elsewhere(const char *name, void (*test)(void))
{
	pid_t pid;
	int status = 1;

	printf("---- %s\n", name);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		passed = failed = skipped = 0;
		quiet = true;
		test();
		printf("     %d passed, %d failed, %d skipped\n", passed, failed, skipped);
		fflush(stdout);
		_exit(failed ? 1 : passed ? 0 : 77);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip(name, "only root can become somebody else");
	else
		result(WIFEXITED(status) && WEXITSTATUS(status) == 0, name, "see above");
}

static void check_possible(enum kernel_kind kind, bool possible, const char *reason)
{
	const struct kernel_ability *a = &kernel_probe()->kinds[kind];
	char name[100];

	snprintf(name, sizeof(name), "kind %d %s", kind, possible ? "is possible" : "is refused with the reason");
	result(a->possible == possible && (possible || strstr(a->reason, reason)), name, a->reason);
}

static void without_userfaultfd(void)
{
	static const int calls[] = { SYS_userfaultfd };

	if (!refuse(calls, 1, SECCOMP_RET_ERRNO | EPERM))
		exit(1);
	check_possible(KERNEL_WRITE_SHORT, false, "userfaultfd is refused (Operation not permitted");
	check_possible(KERNEL_READ_SHORT, false, "userfaultfd is refused");
	check_possible(KERNEL_GET, true, "");
	known_answers();
	closed_in_the_middle();
}

static void without_uring(void)
{
	static const int calls[] = { SYS_io_uring_setup };

	if (!refuse(calls, 1, SECCOMP_RET_ERRNO | ENOSYS))
		exit(1);
	check_possible(KERNEL_WRITE_LONG, false, "io_uring is refused (Function not implemented)");
	check_possible(KERNEL_GET, true, "");
	director_killed();
	known_answers();
}

static void with_deadly_filter(void)
{
	static const int calls[] = { SYS_userfaultfd, SYS_io_uring_setup, SYS_vmsplice };

	if (!refuse(calls, 3, SECCOMP_RET_KILL_PROCESS))
		exit(1);
	for (int kind = 0; kind < KERNEL_KINDS; kind++)
		if (kind != KERNEL_READ_LONG)
			check_possible((enum kernel_kind)kind, false, "seccomp");
	caller_killed();
	known_answers();
}

static void without_process_vm(void)
{
	static const int calls[] = { SYS_process_vm_readv, SYS_process_vm_writev };

	if (!refuse(calls, 2, SECCOMP_RET_ERRNO | EPERM))
		exit(1);
	check_possible(KERNEL_READ_SHORT, false, "a trial pin failed: Operation not permitted");
	check_possible(KERNEL_WRITE_SHORT, false, "a trial pin failed: Operation not permitted");
	known_answers();
}

static void as_nobody(void)
{
	struct rlimit none = { 0, 0 };

	if (getuid())
		return;
	if (setgroups(0, NULL) || setgid(65534) || setuid(65534) || prctl(PR_SET_DUMPABLE, 1))
		exit(1);
	kernel_probe_print(stdout);
	known_answers();
	director_killed();
	caller_killed();
	many_runs();
	closed_in_the_middle();
	setrlimit(RLIMIT_MEMLOCK, &none);
	if (kernel_probe()->kinds[KERNEL_WRITE_LONG].possible) {
		struct verdict v = judge("map A buf anon private rw 1\npin A buf write long as p\nunpin p\n");

		result(v.verdict == VERDICT_SKIPPED && strstr(v.reason, "RLIMIT_MEMLOCK"),
		       "a limit that is too small is a reason", v.reason);
	}
}

int main(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	elsewhere("as nobody", as_nobody);
	elsewhere("without userfaultfd", without_userfaultfd);
	elsewhere("without io_uring", without_uring);
	elsewhere("without process_vm", without_process_vm);
	elsewhere("with a filter that kills", with_deadly_filter);
	printf("---- here\n");
	kernel_probe_print(stdout);
	known_answers();
	many_spaces();
	nonsense();
	described();
	closed_in_the_middle();
	director_killed();
	space_killed(SIGKILL, "a killed space");
	space_killed(SIGSTOP, "a space that hangs");
	director_stopped();
	caller_killed();
	caller_of_a_hang_killed();
	in_threads();
	many_runs();
	printf("%d passed, %d failed", passed, failed);
	if (skipped)
		printf(", %d skipped", skipped);
	putchar('\n');
	return failed != 0;
}

/*
 * test_kernel_refused.c - the live kernel as a judge, where the system refuses
 *
 * Another user, and filters that refuse a system call or kill who makes it: what
 * is left works as ever, and the rest is skipped with a reason.  Each in a process
 * of its own, for what a kernel can do is found out once.
 */
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "kernel_known.h"

/* Close in the middle, kill in the middle, run again and again: nothing is left, nothing runs out. */
static void used_often(void)
{
	struct middle m;
	struct verdict v = { 0 };
	bool good = begin(&m) && finish(&m) == ANSWER_DONE && begin(&m);

	kill(child_of(getpid(), 0), SIGKILL);
	good = good && step(&m) == ANSWER_BROKEN && finish(&m) == ANSWER_BROKEN;
	result(good && nobody_left(), "killed in the middle, nobody is left", m.reply.reason);
	good = true;
	for (int i = 0; i < 100 && good; i++) {
		v = judge("map A buf anon shared rw 1\npin A buf write long as p\nexpect p zero 4\nunpin p\n");
		good = v.verdict == VERDICT_HOLDS || v.verdict == VERDICT_SKIPPED;
	}
	result(good, "100 runs with a long pin", v.reason);
}

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
	used_often();
}

static void without_uring(void)
{
	static const int calls[] = { SYS_io_uring_setup };

	if (!refuse(calls, 1, SECCOMP_RET_ERRNO | ENOSYS))
		exit(1);
	check_possible(KERNEL_WRITE_LONG, false, "io_uring is refused (Function not implemented)");
	check_possible(KERNEL_GET, true, "");
	known_answers();
	used_often();
}

static void with_deadly_filter(void)
{
	static const int calls[] = { SYS_userfaultfd, SYS_io_uring_setup, SYS_vmsplice };

	if (!refuse(calls, 3, SECCOMP_RET_KILL_PROCESS))
		exit(1);
	for (int kind = 0; kind < KERNEL_KINDS; kind++)
		if (kind != KERNEL_READ_LONG)
			check_possible((enum kernel_kind)kind, false, "seccomp");
	known_answers();
	used_often();
}

static void without_process_vm(void)
{
	static const int calls[] = { SYS_process_vm_readv, SYS_process_vm_writev };
	const char *reason;

	if (!refuse(calls, 2, SECCOMP_RET_ERRNO | EPERM))
		exit(1);
	/* Where this user may not have userfaultfd either, that is found first. */
	reason = strstr(kernel_probe()->kinds[KERNEL_READ_SHORT].reason, "userfaultfd is refused")
		 ? "userfaultfd is refused" : "a trial pin failed: Operation not permitted";
	check_possible(KERNEL_READ_SHORT, false, reason);
	check_possible(KERNEL_WRITE_SHORT, false, reason);
	known_answers();
	used_often();
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
	used_often();
	setrlimit(RLIMIT_MEMLOCK, &none);
	if (kernel_probe()->kinds[KERNEL_WRITE_LONG].possible) {
		struct verdict v = judge("map A buf anon private rw 1\npin A buf write long as p\nexpect p zero 1\nunpin p\n");

		result(v.verdict == VERDICT_SKIPPED && strstr(v.reason, "RLIMIT_MEMLOCK"),
		       "a limit that is too small is a reason", v.reason);
	}
}

int main(void)
{
	begin_tests();
	elsewhere("as nobody", as_nobody);
	elsewhere("without userfaultfd", without_userfaultfd);
	elsewhere("without io_uring", without_uring);
	elsewhere("without process_vm", without_process_vm);
	elsewhere("with a filter that kills", with_deadly_filter);
	return closing_line();
}

/*
 * probe.c - what this kernel lets us do, found out by trying
 *
 * Settings are read for the reader's sake; what counts is the trial.  Each kind of
 * pin is tried in a process of its own, since a filter may kill whoever tries.
 * Once for the whole run of the program.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "proxy.h"

static struct kernel_probe probe;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* ---- settings ----------------------------------------------------------- */

static int number_in(const char *path)
{
	FILE *f = fopen(path, "re");
	int n = -1;

	if (f && fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

static int seccomp_mode(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	int mode = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Seccomp: %d", &mode) == 1)
			break;
	if (f)
		fclose(f);
	return mode;
}

static void read_settings(struct kernel_probe *p)
{
	struct utsname name;
	struct rlimit memlock;

	snprintf(p->release, sizeof(p->release), "%.64s", uname(&name) ? "unknown" : name.release);
	p->uid = geteuid();
	p->memlock = getrlimit(RLIMIT_MEMLOCK, &memlock) || memlock.rlim_cur == RLIM_INFINITY
			     ? -1 : (long)(memlock.rlim_cur / 1024);
	p->seccomp = seccomp_mode();
	p->uring_disabled = number_in("/proc/sys/kernel/io_uring_disabled");
	p->unprivileged_uffd = number_in("/proc/sys/vm/unprivileged_userfaultfd");
	p->yama = number_in("/proc/sys/kernel/yama/ptrace_scope");
}

/* ---- trials ------------------------------------------------------------- */

static void impossible(struct kernel_ability *ability, const char *why)
{
	ability->possible = false;
	snprintf(ability->reason, sizeof(ability->reason), "%s", why);
}

/* A process that died of a trial tells by what. */
static void died(struct kernel_ability *ability, int status)
{
	ability->possible = false;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		snprintf(ability->reason, sizeof(ability->reason), "a seccomp filter kills who tries it");
	else
		snprintf(ability->reason, sizeof(ability->reason), "the trial of it did not end well");
}

static void try_kind(enum kernel_kind kind)
{
	struct kernel_ability *ability = &probe.kinds[kind];
	struct live_director director;
	int status = 0;

	if (!live_director_start(&director, NULL, NULL, kind)) {
		impossible(ability, strerror(errno));
		return;
	}
	if (live_director_answers(&director)) {
		*ability = director.box->ability;
		if (kind == KERNEL_READ_SHORT)
			probe.fresh_first_byte = director.box->fresh;
		live_director_end(&director, NULL);
	} else {
		live_director_end(&director, &status);
		died(ability, status);
	}
}

/*
 * io_uring's buffers and AF_XDP's memory ask for write access with every long-term
 * pin (tried: both say EFAULT to memory that may only be read).  RDMA, VFIO, vDPA
 * and video output take read-only ones, but for a device; gup_test does too (debugfs,
 * CONFIG_GUP_TEST), in kernels that are built to be tested: not used.
 */
static const char no_long_read[] =
	"no system call takes a long-term read pin: io_uring and XDP ask for write access, the others for a device; "
	"gup_test is not used";

static void find_out(void)
{
	read_settings(&probe);
	live_find_huge(&probe);
	for (int kind = 0; kind < KERNEL_KINDS; kind++)
		if (kind != KERNEL_READ_LONG)
			try_kind((enum kernel_kind)kind);
	impossible(&probe.kinds[KERNEL_READ_LONG], no_long_read);
}

const struct kernel_probe *kernel_probe(void)
{
	pthread_once(&once, find_out);
	return &probe;
}

/* ---- for people --------------------------------------------------------- */

static void print_setting(FILE *out, const char *name, int value)
{
	if (value >= 0)
		fprintf(out, "  %-30s %d\n", name, value);
	else
		fprintf(out, "  %-30s not there\n", name);
}

void kernel_probe_print(FILE *out)
{
	static const char *const names[KERNEL_KINDS] = {
		[KERNEL_WRITE_LONG] = "write pin, long-term", [KERNEL_WRITE_SHORT] = "write pin, short",
		[KERNEL_READ_SHORT] = "read pin, short", [KERNEL_READ_LONG] = "read pin, long-term",
		[KERNEL_GET] = "GET, no pin",
	};
	static const char *const ways[KERNEL_KINDS] = {
		[KERNEL_WRITE_LONG] = "io_uring fixed buffers", [KERNEL_WRITE_SHORT] = "process_vm_writev, stopped",
		[KERNEL_READ_SHORT] = "process_vm_readv, stopped", [KERNEL_READ_LONG] = "", [KERNEL_GET] = "vmsplice",
	};
	const struct kernel_probe *p = kernel_probe();

	fprintf(out, "kernel %s, uid %u\n\n", p->release, (unsigned)p->uid);
	for (int i = 0; i < KERNEL_KINDS; i++)
		fprintf(out, "  %-22s %s%s\n", names[i], p->kinds[i].possible ? "" : "not possible here: ",
			p->kinds[i].possible ? ways[i] : p->kinds[i].reason);
	fprintf(out, "  %-22s %s\n", "huge pages", p->huge.possible ? "MADV_HUGEPAGE" : p->huge.reason);
	fprintf(out, "  %-22s %s\n", "collapse", p->collapse.possible ? "MADV_COLLAPSE" : p->collapse.reason);
	fprintf(out, "\n");
	print_setting(out, "vm.unprivileged_userfaultfd", p->unprivileged_uffd);
	print_setting(out, "kernel.io_uring_disabled", p->uring_disabled);
	print_setting(out, "kernel.yama.ptrace_scope", p->yama);
	fprintf(out, "  %-30s %s\n", "seccomp filter", p->seccomp > 0 ? "yes" : p->seccomp < 0 ? "not known" : "none");
	if (p->memlock >= 0)
		fprintf(out, "  %-30s %ld KiB\n", "RLIMIT_MEMLOCK", p->memlock);
	else
		fprintf(out, "  %-30s none\n", "RLIMIT_MEMLOCK");
}

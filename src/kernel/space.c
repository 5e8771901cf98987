/*
 * space.c - the process that is one address space of a scenario
 *
 * It does what the director says, one command at a time, and nothing of its own
 * accord: it allocates nothing, opens nothing, and touches no memory of the
 * scenario except as commanded.  It ends when it is told to, when the bell's
 * other end is closed, and when the director dies, whichever comes first.
 *
 * It may be a copy of any program (the director was forked from its caller), so
 * it calls nothing that could take a lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sched.h>
#include <unistd.h>

#include "live.h"

#define MOST_ARENA (UINT64_C(1) << 36)	/* bytes of addresses for mappings: they cost nothing */
#define LEAST_ARENA (UINT64_C(1) << 26)
#define MOST_MAPPED (UINT64_C(1) << 30)	/* bytes that one space may map: beyond, mmap says ENOMEM, which is no answer */

static struct {
	struct live_mailbox *box;
	int (*bells)[2];
	int self;
	pid_t director;
	uint64_t arena, arena_length;
	volatile sig_atomic_t touching, error;
	sigjmp_buf back;
} me;

/* ---- touching memory that may not be there ------------------------------ */

/* The same errors as the library: no page at all is EFAULT, protection is EACCES. */
static void on_fault(int signal_number, siginfo_t *info, void *context)
{
	(void)context;
	if (!me.touching) {
		signal(signal_number, SIG_DFL);
		return;
	}
	me.error = signal_number == SIGSEGV && info->si_code == SEGV_ACCERR ? EACCES : EFAULT;
	siglongjmp(me.back, 1);
}

/* Forward and by the byte: what a failed access did is a prefix. */
static void copy(volatile unsigned char *to, const volatile unsigned char *from, size_t length)
{
	while (length--)
		*to++ = *from++;
}

/* The same for both widths. */
#define ATOMIC_OPERATION(type)                                                                                         \
	static uint64_t atomic_##type(type *at, const struct live_command *c)                                          \
	{                                                                                                              \
		type operand = (type)c->arg[2], old = (type)c->arg[4];                                                 \
                                                                                                                       \
		switch ((enum atomic)c->arg[3]) {                                                                      \
		case ATOMIC_ADD: return __atomic_fetch_add(at, operand, __ATOMIC_SEQ_CST);                             \
		case ATOMIC_AND: return __atomic_fetch_and(at, operand, __ATOMIC_SEQ_CST);                             \
		case ATOMIC_OR: return __atomic_fetch_or(at, operand, __ATOMIC_SEQ_CST);                               \
		case ATOMIC_XOR: return __atomic_fetch_xor(at, operand, __ATOMIC_SEQ_CST);                             \
		case ATOMIC_LOAD: return __atomic_load_n(at, __ATOMIC_SEQ_CST);                                        \
		case ATOMIC_CAS:                                                                                       \
			__atomic_compare_exchange_n(at, &old, operand, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);         \
			return old;                                                                                    \
		default: return __atomic_exchange_n(at, operand, __ATOMIC_SEQ_CST);                                    \
		}                                                                                                      \
	}
ATOMIC_OPERATION(uint32_t)
ATOMIC_OPERATION(uint64_t)

static void touch(const struct live_command *c, uint64_t *old)
{
	unsigned char *at = (unsigned char *)c->arg[0]; /* NOLINT: an address of the scenario */

	if (c->kind == LIVE_LOAD)
		copy(me.box->data, at, c->arg[1]);
	else if (c->kind == LIVE_STORE)
		copy(at, me.box->data, c->arg[1]);
	else if (c->kind == LIVE_FILL)
		for (size_t i = 0; i < c->arg[1]; i++)
			((volatile unsigned char *)at)[i] = (unsigned char)c->arg[2];
	else
		*old = c->arg[1] == 4 ? atomic_uint32_t((uint32_t *)(void *)at, c) : atomic_uint64_t((uint64_t *)(void *)at, c);
}

static int touch_guarded(const struct live_command *c, uint64_t *old)
{
	if (sigsetjmp(me.back, 0)) {
		me.touching = 0;
		return me.error;
	}
	me.touching = 1;
	touch(c, old);
	me.touching = 0;
	return 0;
}

static void catch_faults(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

/* ---- commands ----------------------------------------------------------- */

/* No process is left behind: the kernel ends this one with the director. */
static void die_with_director(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != me.director)
		_exit(0);
}

static void say(int error, uint64_t value)
{
	me.box->result = (struct live_result){ .error = error, .value = value };
	if (!live_ring_bell(me.bells[me.self][1]))
		_exit(0);
}

/*
 * The new space is a child of the director, not of this one.  It says nothing
 * until it is spoken to: with one mailbox, only one of the two may answer.
 */
static void fork_space(const struct live_command *c)
{
	int child = (int)c->arg[0];
	long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);

	if (pid) {
		say(pid < 0 ? errno : 0, pid < 0 ? 0 : (uint64_t)pid);
		return;
	}
	me.self = child;
	die_with_director();
}

/*
 * Unmap first, then end: a stopped process_vm call of a pin keeps the address
 * space of its owner alive, and with it every mapping, until the unpin.
 */
static void exit_space(void)
{
	munmap((void *)me.arena, me.arena_length);
	_exit(0);
}

static void call_kernel(const struct live_command *c)
{
	const unsigned long *a = c->arg;
	long value = syscall(c->number, a[0], a[1], a[2], a[3], a[4], a[5]);

	say(value == -1 ? errno : 0, (uint64_t)value);
}

static void obey(const struct live_command *c)
{
	uint64_t old = 0;
	int error;

	switch (c->kind) {
	case LIVE_SYSCALL:
		call_kernel(c);
		break;
	case LIVE_FORK:
		fork_space(c);
		break;
	case LIVE_EXIT:
		exit_space();
		break;
	default:
		error = touch_guarded(c, &old);
		say(error, old);
	}
}

/* ---- start -------------------------------------------------------------- */

static uint64_t mapped_now(void)
{
	char text[64] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	close(fd);
	return n > 0 ? strtoull(text, NULL, 10) * SCENARIO_PAGE : 0;
}

/* A scenario that asks for terabytes is skipped (places.c), and one that touches what it got hurts nobody. */
static void limit_memory(void)
{
	struct rlimit limit;
	uint64_t most = mapped_now() + MOST_MAPPED;

	if (getrlimit(RLIMIT_AS, &limit))
		return;
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > most)
		limit.rlim_cur = most;
	setrlimit(RLIMIT_AS, &limit);
}

/* If memory runs out all the same, this process goes first. */
static void volunteer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1000", 4) < 0)
		(void)0; /* then not */
	close(fd);
}

/* Addresses that are free now, and stay so: nobody but the director maps anything here. */
static void find_arena(void)
{
	for (uint64_t length = MOST_ARENA; length >= LEAST_ARENA; length /= 2) {
		void *p = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (p == MAP_FAILED)
			continue;	/* the user has a limit on addresses */
		munmap(p, length);
		me.arena = (uint64_t)p;
		me.arena_length = length;
		return;
	}
}

static void say_hello(void)
{
	me.box->result = (struct live_result){
		.error = me.arena ? 0 : ENOMEM, .value = me.arena, .more = me.arena_length,
	};
	if (!live_ring_bell(me.bells[me.self][1]))
		_exit(0);
}

_Noreturn void live_space_run(struct live_mailbox *box, int (*bells)[2], int self, pid_t director)
{
	char byte;
	ssize_t n;

	me.box = box;
	me.bells = bells;
	me.self = self;
	me.director = director;
	die_with_director();
	catch_faults();
	volunteer();
	find_arena();
	limit_memory();
	say_hello();
	for (;;) {
		n = read(me.bells[me.self][1], &byte, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != 1)
			_exit(0);
		obey(&box->command);
	}
}

/*
 * kernel.h - the live kernel as a judge: what other parts of the program see
 *
 * The judge itself is judge_kernel (judge.h).  Nothing here or below needs the
 * library: libc and the kernel's headers, no more.
 */
#ifndef HOLDFAST_KERNEL_H
#define HOLDFAST_KERNEL_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Something that this kernel may or may not let us do. */
struct kernel_ability {
	bool possible;
	char reason[200];	/* why not: one clause, no full stop */
};

/* The kinds of pin and how each is taken. */
enum kernel_kind {
	KERNEL_WRITE_LONG,	/* io_uring fixed buffers */
	KERNEL_WRITE_SHORT,	/* process_vm_writev, stopped before it copies */
	KERNEL_READ_SHORT,	/* process_vm_readv, stopped before it copies */
	KERNEL_READ_LONG,	/* nothing takes one */
	KERNEL_GET,		/* vmsplice */
	KERNEL_KINDS
};

struct kernel_probe {
	char release[65];
	uid_t uid;
	long memlock;		/* RLIMIT_MEMLOCK in KiB, -1: no limit */
	int seccomp;		/* 0 none, 1 strict, 2 filtered, -1: not known */
	int uring_disabled;	/* kernel.io_uring_disabled, -1: no such setting */
	int unprivileged_uffd;	/* vm.unprivileged_userfaultfd, -1: no such setting */
	int yama;		/* kernel.yama.ptrace_scope, -1: no Yama */
	struct kernel_ability kinds[KERNEL_KINDS];
	struct kernel_ability huge, collapse;	/* transparent huge pages, and the call that makes one */
	/*
	 * A stopped read can begin at any byte.  Without it, the byte before has to
	 * be there to stop on: see calls.c.
	 */
	bool fresh_first_byte;
};

/*
 * What this kernel lets us do: tried out once, with pins on memory where the
 * answer is known.  A kind that gave a wrong answer is not possible here.
 */
const struct kernel_probe *kernel_probe(void);
void kernel_probe_print(FILE *);

/* How long one step may take before the judge gives up; 5000 unless a test says less. */
extern int kernel_patience_ms;

#endif

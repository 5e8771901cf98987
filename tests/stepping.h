/*
 * stepping.h - stop a thread at the nth instruction of a call
 *
 * What goes wrong between two instructions takes a thread that is stopped right
 * there.  A preemption hits such a window of a few nanoseconds hardly ever.  So
 * the processor is told to trap after every instruction (the trap flag); the
 * handler counts, and at the nth it calls a function, during which the thread is
 * where a preemption would have left it.  From then on it runs at full speed.
 *
 *	stepping_begin(n, wait_there);
 *	... a call of the library ...
 *	reached = stepping_end();		did the call have so many?
 *
 * Each trap is a signal, and cuts the section in which it comes (docs/sections.md):
 * the call begins that section again, and in the end goes another way.  A program
 * that is started with GLIBC_TUNABLES=glibc.pthread.rseq=0 has sections that are not cut.
 *
 * Only x86-64 has it, and no sanitizer bears it: elsewhere nothing is stopped.
 */
#ifndef HOLDFAST_STEPPING_H
#define HOLDFAST_STEPPING_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define STEPPING 1
#else
#define STEPPING 0
#endif
#ifdef __has_feature
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#undef STEPPING
#define STEPPING 0
#endif
#endif

#if STEPPING
#define TRAP_FLAG 0x100ll

static _Thread_local unsigned stepping_left;
static _Thread_local void (*stepping_stop)(void);

static void stepping_trap(int signal, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;
	int saved = errno;

	(void)signal;
	(void)info;
	if (stepping_left && !--stepping_left) {
		interrupted->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
		stepping_stop();
	}
	errno = saved;
}

static inline void stepping_set_up(void)
{
	struct sigaction trap = { .sa_sigaction = stepping_trap, .sa_flags = SA_RESTART | SA_SIGINFO };

	sigaction(SIGTRAP, &trap, NULL);
}

/* The flags by way of the stack, below the red zone. */
static inline void stepping_begin(unsigned instructions, void (*stop)(void))
{
	stepping_left = instructions;
	stepping_stop = stop;
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tlea 128(%%rsp), %%rsp"
			 ::: "memory", "cc");
}

static inline bool stepping_end(void)
{
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\tlea 128(%%rsp), %%rsp"
			 ::: "memory", "cc");
	return !stepping_left;
}
static inline void stepping_nowhere(void)
{
}

/* A machine may not trap as it should (some emulators do not). */
static inline bool stepping_works(void)
{
	stepping_begin(50, stepping_nowhere);
	for (volatile unsigned i = 0; i < 100; i++)
		;
	return stepping_end();
}
#else
static inline void stepping_nowhere(void) { }
static inline bool stepping_works(void) { return false; }
static inline void stepping_set_up(void) { }
static inline void stepping_begin(unsigned instructions, void (*stop)(void)) { (void)instructions; (void)stop; }
static inline bool stepping_end(void) { return false; }
#endif

#endif

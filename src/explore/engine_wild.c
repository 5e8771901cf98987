/*
 * engine_wild.c - an access to no memory at all is a wrong execution, not the end of the program
 *
 * Code that goes on with a page or a table that is not there any more may follow any
 * pointer.  While the engine explores, the signal for that makes the code that did it
 * go on in a function that says what is wrong; what it had in hand is given up, as with
 * everything else that is wrong, and the next execution begins with memory as it was.
 *
 * Not for an access behind the end of a stack, of which there is nothing left to go on.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "engine_inside.h"

#define STACK_BYTES ((size_t)64 << 10)

static const int signals[] = { SIGSEGV, SIGBUS };
enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };

static struct sigaction before[SIGNALS];
static stack_t stack_before;
static void *stack;
static sigjmp_buf judging;
static volatile sig_atomic_t is_judging;

/* In place of the instruction that failed, on its stack. */
static void __attribute__((noreturn)) say_wild(void)
{
	engine_wrong(WRONG_FREED, "an access to no memory: an address that never was, or is no more");
	/* Here only outside of threads. */
	siglongjmp(judging, 1);
}

static void go_on_at_say_wild(ucontext_t *context)
{
#if defined(__x86_64__)
	greg_t *registers = context->uc_mcontext.gregs;

	/* Below the red zone, aligned as at the entry of a function. */
	registers[REG_RSP] = ((registers[REG_RSP] - 128) & ~(greg_t)15) - 8;
	registers[REG_RIP] = (greg_t)(uintptr_t)say_wild;
#elif defined(__aarch64__)
	context->uc_mcontext.sp &= ~(uint64_t)15;
	context->uc_mcontext.pc = (uintptr_t)say_wild;
#endif
}

static void caught(int number, siginfo_t *info, void *context)
{
	bool ours = machine.self != MAIN || is_judging;

	if (!ours || (machine.self != MAIN && fiber_guards(&machine.thread[machine.self].fiber, info->si_addr))) {
		/* Once more, for whoever was there before. */
		for (unsigned i = 0; i < SIGNALS; i++)
			if (signals[i] == number)
				sigaction(number, &before[i], NULL);
		return;
	}
	go_on_at_say_wild(context);
}

void wild_watch(void)
{
	struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t mine = { .ss_size = STACK_BYTES };

	if (!stack)
		stack = malloc(STACK_BYTES);
	mine.ss_sp = stack;
	sigaltstack(stack ? &mine : NULL, &stack_before);
	for (unsigned i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &action, &before[i]);
}

void wild_end(void)
{
	for (unsigned i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &before[i], NULL);
	sigaltstack(&stack_before, NULL);
}

void wild_judge(void (*judge)(void *), void *context)
{
	is_judging = 1;
	if (!sigsetjmp(judging, 1))
		judge(context);
	is_judging = 0;
}

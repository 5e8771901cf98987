/*
 * fiber.h - threads of the explored program: a stack each, and a switch by hand
 *
 * A switch saves what the ABI says a call keeps and nothing else: no system call,
 * some 10 ns, where swapcontext() takes two system calls.
 */
#ifndef HOLDFAST_FIBER_H
#define HOLDFAST_FIBER_H

#include <stdbool.h>
#include <stddef.h>

struct fiber {
	void *stack;		/* its lowest address */
	void *sp;		/* while it does not run */
};

/* A stack with a guard page below it; false: no memory. */
bool fiber_open(struct fiber *fiber);

/* The next switch to it calls body(argument) on a fresh stack; body must not return. */
void fiber_reset(struct fiber *fiber, void (*body)(void *), void *argument);

/* Leave one, saved in from, for the other. */
void fiber_switch(struct fiber *from, struct fiber *to);

/* Is the address on its stack? */
bool fiber_has(const struct fiber *fiber, const void *address);

/* Is it right below the stack, where nothing may be? */
bool fiber_guards(const struct fiber *fiber, const void *address);

#endif

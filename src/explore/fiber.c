/*
 * fiber.c - stacks and the switch between them
 *
 * x86-64 and AArch64; on others the explorer is not built.  The two halves of the
 * switch are one function: it saves the registers that a callee keeps on the old
 * stack, changes stacks, and takes them from the new one.
 */
#include "fiber.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)128 << 10)
#define GUARD_BYTES ((size_t)64 << 10)	/* as large as the largest page */

void holdfast_fiber_swap(void **save, void *load);
void holdfast_fiber_begin(void);

#if defined(__x86_64__)
__asm__(".text\n"
	".globl holdfast_fiber_swap\n"
	".hidden holdfast_fiber_swap\n"
	".type holdfast_fiber_swap, @function\n"
	"holdfast_fiber_swap:\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n"
	".size holdfast_fiber_swap, . - holdfast_fiber_swap\n"
	".globl holdfast_fiber_begin\n"
	".hidden holdfast_fiber_begin\n"
	".type holdfast_fiber_begin, @function\n"
	"holdfast_fiber_begin:\n"		/* body and argument arrive in callee-saved registers */
	"	movq %r13, %rdi\n"
	"	callq *%r12\n"
	"	ud2\n"
	".size holdfast_fiber_begin, . - holdfast_fiber_begin\n");

/* r15 r14 r13 r12 rbx rbp, the return address, and two words so that the stack is aligned at the call. */
enum { FRAME = 9, ARGUMENT = 2, BODY = 3, RETURN = 6 };

#elif defined(__aarch64__)
__asm__(".text\n"
	".globl holdfast_fiber_swap\n"
	".hidden holdfast_fiber_swap\n"
	".type holdfast_fiber_swap, @function\n"
	"holdfast_fiber_swap:\n"
	"	sub sp, sp, #160\n"
	"	stp x19, x20, [sp]\n"
	"	stp x21, x22, [sp, #16]\n"
	"	stp x23, x24, [sp, #32]\n"
	"	stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]\n"
	"	stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n"
	"	mov x2, sp\n"
	"	str x2, [x0]\n"
	"	mov sp, x1\n"
	"	ldp x19, x20, [sp]\n"
	"	ldp x21, x22, [sp, #16]\n"
	"	ldp x23, x24, [sp, #32]\n"
	"	ldp x25, x26, [sp, #48]\n"
	"	ldp x27, x28, [sp, #64]\n"
	"	ldp x29, x30, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n"
	"	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n"
	"	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #160\n"
	"	ret\n"
	".size holdfast_fiber_swap, . - holdfast_fiber_swap\n"
	".globl holdfast_fiber_begin\n"
	".hidden holdfast_fiber_begin\n"
	".type holdfast_fiber_begin, @function\n"
	"holdfast_fiber_begin:\n"
	"	mov x0, x20\n"
	"	blr x19\n"
	"	brk #1\n"
	".size holdfast_fiber_begin, . - holdfast_fiber_begin\n");

enum { FRAME = 20, ARGUMENT = 1, BODY = 0, RETURN = 11 };

#else
#error "the explorer's switch between threads is written for x86-64 and AArch64"
#endif

bool fiber_open(struct fiber *fiber)
{
	void *memory = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return false;
	if (mprotect(memory, GUARD_BYTES, PROT_NONE)) {
		munmap(memory, GUARD_BYTES + STACK_BYTES);
		return false;
	}
	fiber->stack = (unsigned char *)memory + GUARD_BYTES;
	return true;
}

void fiber_reset(struct fiber *fiber, void (*body)(void *), void *argument)
{
	uintptr_t *frame = (uintptr_t *)(void *)((unsigned char *)fiber->stack + STACK_BYTES) - FRAME;

	for (int i = 0; i < FRAME; i++)
		frame[i] = 0;
	frame[BODY] = (uintptr_t)body;
	frame[ARGUMENT] = (uintptr_t)argument;
	frame[RETURN] = (uintptr_t)holdfast_fiber_begin;
	fiber->sp = frame;
}

void fiber_switch(struct fiber *from, struct fiber *to)
{
	holdfast_fiber_swap(&from->sp, to->sp);
}

bool fiber_has(const struct fiber *fiber, const void *address)
{
	return (uintptr_t)address - (uintptr_t)fiber->stack < STACK_BYTES;
}

bool fiber_guards(const struct fiber *fiber, const void *address)
{
	return (uintptr_t)fiber->stack - (uintptr_t)address <= GUARD_BYTES;
}

/*
 * statics.c - where the explored core's own variables are, while it is explored
 *
 * The linker's script says where they would be (explored.ld).  The names are weak: a
 * test of the engine alone has no explored core.
 */
#include "statics.h"

#include <stdint.h>

extern unsigned char explored_bss[] __attribute__((weak));
extern unsigned char explored_bss_end[] __attribute__((weak));

static unsigned char *put;

size_t statics_bytes(void)
{
	return (size_t)((uintptr_t)explored_bss_end - (uintptr_t)explored_bss);
}

void statics_put(void *memory)
{
	put = memory;
}

bool statics_have(const void *address)
{
	return (uintptr_t)address - (uintptr_t)explored_bss < statics_bytes();
}

void *statics_at(const volatile void *address)
{
	uintptr_t offset = (uintptr_t)address - (uintptr_t)explored_bss;

	return put && offset < statics_bytes() ? put + offset : (void *)(uintptr_t)address;
}

/* misuse.h - telling a program loudly that it broke a rule */
#ifndef HOLDFAST_MISUSE_H
#define HOLDFAST_MISUSE_H

#include "errors.h"
#include "types.h"

/* "WHAT: expected EXPECTED, found FOUND", with %u for one number in found.  Returns -EINVAL. */
int misuse(const char *what, const char *expected, const char *found, uint64_t number);

/* Text into a bounded buffer without libc: the %s, %u and %x (both 64 bits) of printf. */
void text_format(char *to, size_t room, const char *format, ...);

#endif

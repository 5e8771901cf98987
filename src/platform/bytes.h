/*
 * bytes.h - the Linux platform: short copies, in line
 *
 * What a load through the mm moves is mostly short, and the C library's call would be
 * a fifth of all its instructions.  Two halves that may overlap, or four quarters:
 * some bytes are then moved twice, as the C library does it, too.  All are loaded
 * before one is stored, for a program may read into its own pool.
 */
#ifndef HOLDFAST_BYTES_H
#define HOLDFAST_BYTES_H

#include "sanitizer.h"

__attribute__((visibility("hidden"))) void plat_copy_long(void *to, const void *from, size_t bytes);

#if PLAT_TSAN
static inline void plat_copy(void *to, const void *from, size_t bytes)
{
	plat_copy_long(to, from, bytes);
}

static inline void plat_copy_line(void *to, const void *from, size_t bytes)
{
	plat_copy_long(to, from, bytes);
}
#else
typedef unsigned char plat_part __attribute__((vector_size(16)));

/* Of 8 to 15 bytes. */
static inline void plat_copy_words(unsigned char *to, const unsigned char *from, size_t bytes)
{
	uint64_t first, last;

	__builtin_memcpy(&first, from, sizeof(first));
	__builtin_memcpy(&last, from + bytes - sizeof(last), sizeof(last));
	__builtin_memcpy(to, &first, sizeof(first));
	__builtin_memcpy(to + bytes - sizeof(last), &last, sizeof(last));
}

/* Of 16 to 64 bytes. */
static inline void plat_copy_parts(unsigned char *to, const unsigned char *from, size_t bytes)
{
	enum { PART = sizeof(plat_part) };
	plat_part a, b, c, d;

	__builtin_memcpy(&a, from, PART);
	__builtin_memcpy(&d, from + bytes - PART, PART);
	if (__builtin_expect(bytes > 2 * PART, 1)) {
		__builtin_memcpy(&b, from + PART, PART);
		__builtin_memcpy(&c, from + bytes - 2 * PART, PART);
		__builtin_memcpy(to + PART, &b, PART);
		__builtin_memcpy(to + bytes - 2 * PART, &c, PART);
	}
	__builtin_memcpy(to, &a, PART);
	__builtin_memcpy(to + bytes - PART, &d, PART);
}

static inline void plat_copy_line(void *to, const void *from, size_t bytes)
{
	if (__builtin_expect(bytes >= 16, 1))
		plat_copy_parts(to, from, bytes);
	else
		plat_copy_words(to, from, bytes);
}

static inline void plat_copy(void *to, const void *from, size_t bytes)
{
	if (__builtin_expect(bytes - PLAT_LINE_LEAST <= PLAT_LINE_MOST - PLAT_LINE_LEAST, 1))
		plat_copy_line(to, from, bytes);
	else
		plat_copy_long(to, from, bytes);
}
#endif

#endif

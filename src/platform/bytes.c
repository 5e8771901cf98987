/*
 * bytes.c - the Linux platform: bytes of pages, and many entries at a time
 */
#include "platform.h"
#include "sanitizer.h"

#include <string.h>

/* ---- bytes of pages ---------------------------------------------------------------------------- */

#if PLAT_TSAN
/* Said to the sanitizer as what it is: bytes that others may write, with no order. */
void plat_copy(void *to, const void *from, size_t bytes)
{
	const unsigned char *source = from;
	unsigned char *target = to;

	for (size_t i = 0; i < bytes; i++)
		__atomic_store_n(&target[i], __atomic_load_n(&source[i], __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}

void plat_fill(void *to, int byte, size_t bytes)
{
	unsigned char *target = to;

	for (size_t i = 0; i < bytes; i++)
		__atomic_store_n(&target[i], (unsigned char)byte, __ATOMIC_RELAXED);
}
#else
void plat_copy(void *to, const void *from, size_t bytes)
{
	memmove(to, from, bytes);	/* a program may read into its own pool */
}

void plat_fill(void *to, int byte, size_t bytes)
{
	memset(to, byte, bytes);
}
#endif

void plat_copy_cold(void *to, const void *from, size_t bytes)
{
	plat_copy(to, from, bytes);
}

void plat_clear_cold(void *to, size_t bytes)
{
	plat_fill(to, 0, bytes);
}

/* ---- many entries at a time ---------------------------------------------------------- */

size_t plat_entries_in_row(const _Atomic uint64_t *entries, size_t n, uint64_t mask, uint64_t want, uint64_t step)
{
	size_t i = 0;

	while (i < n && (atomic_load_explicit(&entries[i], memory_order_acquire) & mask) == want + i * step)
		i++;
	return i;
}

/*
 * bytes.c - the Linux platform: bytes of pages, and many entries at a time
 *
 * Short copies are in line (bytes.h).
 *
 * Entries in a row are compared four at a time where the processor has AVX2; it is
 * asked each time, which is a load and a test.  ThreadSanitizer is told what bytes and
 * entries are, so it gets the plain loops.  Not here: copies and clears past the caches,
 * which were measured and lose (docs/profile.md).
 */
#include "platform.h"

#include <string.h>

#if defined(__x86_64__) && !PLAT_TSAN
#include <immintrin.h>
#define PLAT_VECTORS 1
#else
#define PLAT_VECTORS 0
#endif

/* ---- bytes of pages ---------------------------------------------------------------------------- */

#if PLAT_TSAN
/* Said to the sanitizer as what it is: bytes that others may write, with no order. */
void plat_copy_long(void *to, const void *from, size_t bytes)
{
	const unsigned char *source = from;
	unsigned char *target = to;

	for (size_t i = 0; i < bytes; i++) {
		size_t at = target > source ? bytes - 1 - i : i;	/* they may overlap, see below */

		__atomic_store_n(&target[at], __atomic_load_n(&source[at], __ATOMIC_RELAXED), __ATOMIC_RELAXED);
	}
}

void plat_fill(void *to, int byte, size_t bytes)
{
	unsigned char *target = to;

	for (size_t i = 0; i < bytes; i++)
		__atomic_store_n(&target[i], (unsigned char)byte, __ATOMIC_RELAXED);
}
#else
#if PLAT_VECTORS
enum { STRIDE = 256, PAGE_LEAST = 4096 };

/*
 * Whole pages.  Eight loads, then eight stores, so that lines are fetched side by side: after a
 * fault's locked instructions the C library's copy of a cold page takes longer (docs/profile.md).
 */
static __attribute__((target("avx2"))) void copy_strides(unsigned char *to, const unsigned char *from, size_t bytes)
{
	enum { VECTORS = STRIDE / sizeof(__m256i) };
	__m256i vectors[VECTORS];

	for (size_t at = 0; at < bytes; at += STRIDE) {
#pragma GCC unroll 8
		for (unsigned i = 0; i < VECTORS; i++)
			vectors[i] = _mm256_loadu_si256((const __m256i *)(const void *)(from + at) + i);
#pragma GCC unroll 8
		for (unsigned i = 0; i < VECTORS; i++)
			_mm256_storeu_si256((__m256i *)(void *)(to + at) + i, vectors[i]);
	}
}

static bool goes_by_strides(const void *to, const void *from, size_t bytes)
{
	uintptr_t apart = (uintptr_t)to - (uintptr_t)from;

	/* What may overlap has to be copied from the right end. */
	return bytes >= PAGE_LEAST && bytes % STRIDE == 0 && apart >= bytes && -apart >= bytes &&
	       __builtin_cpu_supports("avx2");
}
#endif

void plat_copy_long(void *to, const void *from, size_t bytes)
{
#if PLAT_VECTORS
	if (goes_by_strides(to, from, bytes)) {
		copy_strides(to, from, bytes);
		return;
	}
#endif
	memmove(to, from, bytes);
}

void plat_fill(void *to, int byte, size_t bytes)
{
	memset(to, byte, bytes);
}
#endif

/* ---- each byte once -------------------------------------------------------------------- */

/*
 * Atomic, and so what stands here is what is stored: of plain loops the compiler makes calls
 * of the C library.  Whole words where they can be.
 */
enum { WORD = sizeof(uint64_t) };

static size_t part_at(uintptr_t address, size_t left)
{
	return address % WORD || left < WORD ? 1 : WORD;
}

static uint64_t take_part(const unsigned char *from, size_t part)
{
	uint64_t bytes = 0;

	if (part == WORD)
		plat_copy(&bytes, from, WORD);
	else
		plat_copy(&bytes, from, 1);
	return bytes;
}

static void put_part(unsigned char *to, uint64_t bytes, size_t part)
{
	if (part == WORD)
		__atomic_store_n((uint64_t *)(void *)to, bytes, __ATOMIC_RELAXED);
	else
		__atomic_store_n(to, *(unsigned char *)&bytes, __ATOMIC_RELAXED);
}

/* Where the bytes lie over those that they come from, and behind, from the last to the first. */
void plat_copy_once(void *to, const void *from, size_t bytes)
{
	bool backwards = (uintptr_t)to - (uintptr_t)from < bytes;
	const unsigned char *source = from;
	unsigned char *target = to;

	for (size_t left = bytes, part; left; left -= part) {
		size_t at = backwards ? left : bytes - left;

		part = part_at((uintptr_t)target + at, left);
		if (backwards)
			at -= part;
		put_part(target + at, take_part(source + at, part), part);
	}
}

void plat_fill_once(void *to, int byte, size_t bytes)
{
	uint64_t word = (unsigned char)byte * UINT64_C(0x0101010101010101);
	unsigned char *target = to;

	for (size_t left = bytes, part; left; left -= part, target += part) {
		part = part_at((uintptr_t)target, left);
		put_part(target, word, part);
	}
}

/* ---- many entries at a time ---------------------------------------------------------- */

static size_t in_row(const _Atomic uint64_t *entries, size_t n, uint64_t mask, uint64_t want, uint64_t step)
{
	size_t i = 0;

	while (i < n && (atomic_load_explicit(&entries[i], memory_order_acquire) & mask) == want + i * step)
		i++;
	return i;
}

#if PLAT_VECTORS
enum { LANES = sizeof(__m256i) / sizeof(uint64_t), BLOCK = 4 * LANES };

/* Zero where the vector's worth of entries is what is wanted. */
static inline __attribute__((target("avx2"), always_inline))
__m256i other_than(const _Atomic uint64_t *entries, __m256i mask, __m256i want)
{
	__m256i found = _mm256_loadu_si256((const __m256i *)(const void *)entries);

	return _mm256_xor_si256(_mm256_and_si256(found, mask), want);
}

/*
 * The blocks that are in a row as a whole, at 20 instructions for 16 entries.  A vector
 * load is one load of 8 bytes for each lane, and every load of x86 acquires.
 */
static __attribute__((target("avx2")))
size_t blocks_in_row(const _Atomic uint64_t *entries, size_t n, uint64_t mask, uint64_t want, uint64_t step)
{
	const __m256i masks = _mm256_set1_epi64x((long long)mask);
	const __m256i vector = _mm256_set1_epi64x((long long)(step * LANES));
	const __m256i block = _mm256_set1_epi64x((long long)(step * BLOCK));
	__m256i a = _mm256_set_epi64x((long long)(want + 3 * step), (long long)(want + 2 * step),
				      (long long)(want + step), (long long)want);
	__m256i b = _mm256_add_epi64(a, vector), c = _mm256_add_epi64(b, vector), d = _mm256_add_epi64(c, vector);
	const _Atomic uint64_t *at = entries, *const last = entries + n - n % BLOCK;

	for (; at != last; at += BLOCK) {
		__m256i other = _mm256_or_si256(_mm256_or_si256(other_than(at, masks, a),
								other_than(at + LANES, masks, b)),
						_mm256_or_si256(other_than(at + 2 * LANES, masks, c),
								other_than(at + 3 * LANES, masks, d)));

		if (!_mm256_testz_si256(other, other))
			break;
		a = _mm256_add_epi64(a, block);
		b = _mm256_add_epi64(b, block);
		c = _mm256_add_epi64(c, block);
		d = _mm256_add_epi64(d, block);
	}
	atomic_signal_fence(memory_order_acquire);
	return (size_t)(at - entries);
}
#endif

size_t plat_entries_in_row(const _Atomic uint64_t *entries, size_t n, uint64_t mask, uint64_t want, uint64_t step)
{
	size_t i = 0;

#if PLAT_VECTORS
	if (n >= BLOCK && __builtin_cpu_supports("avx2"))
		i = blocks_in_row(entries, n, mask, want, step);
#endif
	return i + in_row(entries + i, n - i, mask, want + i * step, step);
}

/*
 * commits.h - the last steps of sections, in line; what they are stands in commits.c
 */
#ifndef HOLDFAST_COMMITS_H
#define HOLDFAST_COMMITS_H

#if PLAT_CUTS
/* The regions that the kernel sends a thread out of. */
struct plat_pair {
	uint64_t value, done;
};
PLAT_HIDDEN struct plat_pair plat_region_raise_row(_Atomic uint64_t *first, size_t stride, size_t n, uint64_t *armed);
PLAT_HIDDEN struct plat_pair plat_region_swap(void *word, uint64_t expected, uint64_t desired, uint64_t *armed,
					      unsigned width);
PLAT_HIDDEN size_t plat_region_copy(void *to, const void *from, size_t bytes, uint64_t *armed);
PLAT_HIDDEN size_t plat_region_fill(void *to, int byte, size_t bytes, uint64_t *armed);

static inline bool plat_commit_raise(_Atomic uint64_t *word, uint64_t *before)
{
	uint64_t was, done;

	/* A call that leaves all registers but these alone, so that the caller need not save them; below
	   the caller's red zone. */
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "call plat_region_raise\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : "=&a"(was), "=&d"(done)
			 : "D"(word), "S"(plat_thread.armed)
			 : "rcx", "cc", "memory");
	*before = was;
	return done;
}

static inline size_t plat_commit_raise_row(_Atomic uint64_t *first, size_t stride, size_t n, uint64_t *seen)
{
	struct plat_pair raised = plat_region_raise_row(first, stride, n, plat_thread.armed);

	*seen |= raised.value;
	return raised.done;
}

static inline size_t plat_commit_copy(void *to, const void *from, size_t bytes)
{
	PLAT_TOLD_LOAD(from, bytes);
	PLAT_TOLD_STORE(to, bytes);
	return plat_region_copy(to, from, bytes, plat_thread.armed);
}

static inline size_t plat_commit_copy_words(void *to, const void *from, size_t bytes)
{
	size_t stored;

	PLAT_TOLD_LOAD(from, bytes);
	PLAT_TOLD_STORE(to, bytes);
	/* Behind those calls, which may use the register. */
	register uint64_t *armed __asm__("r8") = plat_thread.armed;

	/* As above. */
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "call *plat_words+8(%%rip)\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : "=a"(stored)
			 : "a"(to), "d"(from), "c"(bytes), "r"(armed)
			 : "r9", "r10", "r11", "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
			   "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	return stored;
}

static inline size_t plat_commit_fill(void *to, int byte, size_t bytes)
{
	PLAT_TOLD_STORE(to, bytes);
	return plat_region_fill(to, byte, bytes, plat_thread.armed);
}

/* done: 0 cut, 1 not what was expected, 2 swapped. */
static inline bool plat_commit_swap(void *word, unsigned width, uint64_t *expected, uint64_t desired, bool *swapped)
{
	struct plat_pair found = plat_region_swap(word, *expected, desired, plat_thread.armed, width);

	if (!found.done)
		return false;
	*swapped = found.done > 1;
	*expected = found.value;
	return true;
}
/*
 * In line, and so its descriptor is here; in two places of a program the assembler would find
 * its name twice.  Behind the step the flags say what the word has become.
 */
static inline enum plat_raised plat_hot_raise(struct plat_record *hot, _Atomic uint64_t *word)
{
	__asm__ goto("leaq plat_region_hot(%%rip), %%rax\n"
		     ".Lhot_start:\n\t"
		     "cmpq %%rax, (%[armed])\n\t"
		     "jne %l[cut]\n\t"
		     "lock incq (%[word])\n"
		     ".Lhot_end:\n\t"
		     "js %l[negative]\n\t"
		     ".pushsection .text.unlikely, \"ax\", @progbits\n\t"
		     ".byte 0x0f, 0xb9, 0x3d\n\t"
		     ".long 0x53053053\n"
		     ".Lhot_cut:\n\t"
		     "jmp %l[cut]\n\t"
		     ".popsection\n\t"
		     ".pushsection .data.rel.ro.plat_regions, \"aw\", @progbits\n\t"
		     ".balign 32\n\t"
		     ".globl plat_region_hot\n\t"
		     ".hidden plat_region_hot\n"
		     "plat_region_hot:\n\t"
		     ".long 0, 0\n\t"
		     ".quad .Lhot_start, .Lhot_end - .Lhot_start, .Lhot_cut\n\t"
		     ".popsection"
		     : : [armed] "r"(hot->armed), [word] "r"(word) : "rax", "cc", "memory" : cut, negative);
	return PLAT_RAISED;
cut:
	return PLAT_WAS_CUT;
negative:
	return PLAT_NEGATIVE;
}
#else
static inline enum plat_raised plat_hot_raise(struct plat_record *hot, _Atomic uint64_t *word)
{
	(void)hot;
	return (int64_t)(atomic_fetch_add_explicit(word, 1, memory_order_relaxed) + 1) < 0 ? PLAT_NEGATIVE : PLAT_RAISED;
}

static inline bool plat_commit_raise(_Atomic uint64_t *word, uint64_t *before)
{
	*before = atomic_fetch_add_explicit(word, 1, memory_order_relaxed);
	return true;
}

static inline size_t plat_commit_raise_row(_Atomic uint64_t *first, size_t stride, size_t n, uint64_t *seen)
{
	unsigned char *at = (unsigned char *)first;

	for (size_t i = 0; i < n; i++, at += stride)
		*seen |= atomic_fetch_add_explicit((_Atomic uint64_t *)(void *)at, 1, memory_order_relaxed);
	return n;
}

static inline size_t plat_commit_copy(void *to, const void *from, size_t bytes)
{
	plat_copy_once(to, from, bytes);
	return bytes;
}

static inline size_t plat_commit_copy_words(void *to, const void *from, size_t bytes)
{
	return plat_commit_copy(to, from, bytes);
}

static inline size_t plat_commit_fill(void *to, int byte, size_t bytes)
{
	plat_fill_once(to, byte, bytes);
	return bytes;
}

static inline bool plat_commit_swap(void *word, unsigned width, uint64_t *expected, uint64_t desired, bool *swapped)
{
	uint32_t narrow = (uint32_t)*expected;

	if (width == sizeof(uint64_t)) {
		*swapped = atomic_compare_exchange_strong_explicit((_Atomic uint64_t *)word, expected, desired,
								   memory_order_acquire, memory_order_acquire);
	} else {
		*swapped = atomic_compare_exchange_strong_explicit((_Atomic uint32_t *)word, &narrow, (uint32_t)desired,
								   memory_order_acquire, memory_order_acquire);
		*expected = narrow;
	}
	return true;
}
#endif

#endif

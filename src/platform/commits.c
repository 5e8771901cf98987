/*
 * commits.c - the last steps of sections: done whole, or not at all
 *
 * Each is a region that the kernel sends a thread out of, to the label of its descriptor,
 * when it takes the core away inside.  A region begins with the question whether the
 * descriptor is still armed, and its last instruction is the step itself: a thread
 * stands before that instruction, and has done nothing, or behind the region, and
 * has done all.  No step is done twice, not even one that changes nothing: somebody may
 * have seen the first, and stored over it.
 *
 *	raise		the addition
 *	raise_row	the last of up to eight additions, to a word each: the flags say whether the
 *			one at hand was done, so that the number of words is exact
 *	swap		4 and 8 bytes end at two places, and a region has one end.  So there
 *			are three: the first ends where it has armed one of the others.  In a
 *			later swap of the section that one is armed already; the other width is
 *			another commit by then, and always cut
 *	copy, fill	one chunk of 16 bytes; the loop is outside, as above.  The rest of them,
 *			and what is shorter or much longer, are string instructions: they count
 *			in the step in which they store, also where they are interrupted between
 *			two of many, so that in the whole region nobody need ask how far it came
 *
 * Written in assembly, because the compiler may neither put an instruction into a region
 * nor make two of one.  Where nothing can be cut (other processors, an old C library,
 * ThreadSanitizer) each is what it is without a section.
 */
#include "threads.h"

#if PLAT_CUTS
#include <sys/rseq.h>

_Static_assert(RSEQ_SIG == 0x53053053, "what stands before the labels of descriptors");
_Static_assert(PLAT_RAISE == 1 && PLAT_RAISE_ROW == 2 && PLAT_COPY == 3 && PLAT_FILL == 4 && PLAT_SWAP == 5,
	       "the order of the descriptors");
_Static_assert(sizeof(struct plat_region) == sizeof(struct rseq_cs), "struct plat_region is the kernel's");

__asm__(
"	.macro	descriptor name\n"
"	.long	0, 0\n"
"	.quad	.L\\name\\()_start, .L\\name\\()_end - .L\\name\\()_start, .L\\name\\()_cut\n"
"	.endm\n"

"	.section .data.rel.ro.plat_regions, \"aw\", @progbits\n"
"	.balign	32\n"
"	.globl	plat_regions\n"
"	.hidden	plat_regions\n"
"	.globl	plat_words_16_region, plat_words_32_region\n"
"	.hidden	plat_words_16_region, plat_words_32_region\n"
"plat_regions:\n"
"	.fill	32, 1, 0\n"			/* PLAT_LOOK */
"	descriptor raise\n"
"	descriptor row\n"
"	descriptor copy\n"
"	descriptor fill\n"
"	descriptor swap\n"
"plat_words_16_region:\n"
"	descriptor words_16\n"
"plat_words_32_region:\n"
"	descriptor words_32\n"
".Lswap_4:\n"
"	descriptor swap_4\n"
".Lswap_8:\n"
"	descriptor swap_8\n"

"	.macro	function name\n"
"	.globl	\\name\n"
"	.hidden	\\name\n"
"	.type	\\name, @function\n"
"	.balign	32\n"
"\\name:\n"
"	.cfi_startproc\n"
"	.endm\n"
"	.macro	end_function name\n"
"	.cfi_endproc\n"
"	.size	\\name, . - \\name\n"
"	.endm\n"
/* An instruction that none may execute, the signature in it: the kernel asks for it. */
"	.macro	signature\n"
"	.byte	0x0f, 0xb9, 0x3d\n"
"	.long	0x53053053\n"
"	.endm\n"

"	.text\n"

/* struct plat_pair plat_region_raise(word: rdi, armed: rsi): what it was, done */
"	function plat_region_raise\n"
"	lea	plat_regions + 32(%rip), %rcx\n"
"	mov	$1, %eax\n"
".Lraise_start:\n"
"	cmp	%rcx, (%rsi)\n"
"	jne	.Lraise_cut\n"
"	lock xadd %rax, (%rdi)\n"
".Lraise_end:\n"
"	mov	$1, %edx\n"
"	ret\n"
"	signature\n"
".Lraise_cut:\n"
"	xor	%eax, %eax\n"
"	xor	%edx, %edx\n"
"	ret\n"
"	end_function plat_region_raise\n"

/*
 * struct plat_pair plat_region_raise_row(first: rdi, stride: rsi, n: rdx, armed: rcx): by or, how many
 *
 * Eight words, or one, for each question.  Whoever is sent out must know how many were raised.
 * rdi says it but for the last one, and that one the carry says: additions leave it set and clear
 * by turns, and what is between them leaves it alone.  It is clear where the region begins.
 *
 * rax: by or; r9: the first word of those that the question is asked for; r10: how many are left there;
 * r11: where the additions begin.
 */
"	.macro	raise_two\n"
"	lock subq $-1, (%rdi)\n"	/* borrows */
"	lea	(%rdi,%rsi), %rdi\n"
"	lock addq $1, (%rdi)\n"	/* carries not */
"	.endm\n"
"	function plat_region_raise_row\n"
"	lea	plat_regions + 64(%rip), %r8\n"
"	lea	.Lrow_eight(%rip), %r11\n"
"	xor	%eax, %eax\n"
"	mov	%rdx, %r10\n"
"	mov	%rdi, %r9\n"
"	cmp	$8, %r10\n"
"	jae	.Lrow_start\n"
"0:	lea	.Lrow_one(%rip), %r11\n"
"	test	%r10, %r10\n"
"	je	.Lrow_done\n"
".Lrow_start:\n"
"	cmp	%r8, (%rcx)\n"
"	jne	.Lrow_done\n"
"	jmp	*%r11\n"
".Lrow_one:\n"
"	lock subq $-1, (%rdi)\n"
"	jmp	1f\n"
".Lrow_eight:\n"
"	raise_two\n"
"	lea	(%rdi,%rsi), %rdi\n"
"	raise_two\n"
"	lea	(%rdi,%rsi), %rdi\n"
"	raise_two\n"
"	lea	(%rdi,%rsi), %rdi\n"
"	raise_two\n"
".Lrow_end:\n"
"	or	(%r9), %rax\n"
"	or	(%r9,%rsi), %rax\n"
"	or	(%r9,%rsi,2), %rax\n"
"	or	(%r9,%rsi,4), %rax\n"
"	sub	%rsi, %rdi\n"
"	or	(%rdi,%rsi), %rax\n"
"	or	(%rdi), %rax\n"
"	lea	(%r9,%rsi), %r9\n"
"	or	(%r9,%rsi,2), %rax\n"
"	or	(%r9,%rsi,4), %rax\n"
"	lea	(%rdi,%rsi,2), %rdi\n"
"	mov	%rdi, %r9\n"
"	sub	$8, %r10\n"
"	cmp	$8, %r10\n"
"	jae	.Lrow_start\n"
"	jmp	0b\n"
"1:	or	(%rdi), %rax\n"
"	add	%rsi, %rdi\n"
"	mov	%rdi, %r9\n"
"	dec	%r10\n"
"	jne	.Lrow_start\n"
".Lrow_done:\n"
"	sub	%r10, %rdx\n"
"	ret\n"
"	signature\n"
".Lrow_cut:\n"
"	setc	%cl\n"
"	sub	%r10, %rdx\n"
"0:	cmp	%r9, %rdi\n"
"	je	1f\n"
"	or	(%r9), %rax\n"
"	add	%rsi, %r9\n"
"	inc	%rdx\n"
"	xor	$1, %cl\n"
"	jmp	0b\n"
"1:	test	%cl, %cl\n"
"	je	2f\n"
"	or	(%rdi), %rax\n"
"	inc	%rdx\n"
"2:	ret\n"
"	end_function plat_region_raise_row\n"

/* struct plat_pair plat_region_swap(word: rdi, expected: rsi, desired: rdx, armed: rcx, width: r8) */
"	function plat_region_swap\n"
"	lea	plat_regions + 160(%rip), %r9\n"
"	lea	.Lswap_4(%rip), %r10\n"
"	lea	.Lswap_8(%rip), %r11\n"
"	cmp	$8, %r8d\n"
"	cmove	%r11, %r10\n"
"	mov	%rsi, %rax\n"
".Lswap_4_start:\n"
".Lswap_8_start:\n"
"	cmp	%r10, (%rcx)\n"		/* by a swap before this one */
"	je	2f\n"
".Lswap_start:\n"
"	cmp	%r9, (%rcx)\n"
"	jne	.Lswap_cut\n"
"	mov	%r10, (%rcx)\n"
".Lswap_end:\n"
"2:	cmp	$8, %r8d\n"
"	je	0f\n"
"	lock cmpxchg %edx, (%rdi)\n"
".Lswap_4_end:\n"
"	jmp	1f\n"
"0:	lock cmpxchg %rdx, (%rdi)\n"
".Lswap_8_end:\n"
"1:	mov	$1, %edx\n"
"	mov	$2, %ecx\n"
"	cmove	%ecx, %edx\n"
"	ret\n"
"	signature\n"
".Lswap_cut:\n"
".Lswap_4_cut:\n"
".Lswap_8_cut:\n"
"	xor	%edx, %edx\n"
"	ret\n"
"	end_function plat_region_swap\n"

/*
 * size_t plat_region_copy(to: rdi, from: rsi, bytes: rdx, armed: rcx): how many
 *
 * Chunks of 16, whose last one ends at rdi, where r10 is zero; then the rest.  So in all of
 * the region rdi + r10 - r9 is how many bytes have been stored.  Where they lie over those
 * that they come from, and behind, it is always cut: they would have to be copied from the
 * end.
 */
"	function plat_region_copy\n"
"	lea	plat_regions + 96(%rip), %r8\n"
"	mov	%rdi, %r9\n"
"	mov	%rdx, %r10\n"
"	and	$-16, %r10\n"
"	je	.Lcopy_start\n"
"	mov	%rdi, %rax\n"
"	sub	%rsi, %rax\n"
"	cmp	%rdx, %rax\n"			/* distance < bytes */
"	jb	0f\n"
"	cmp	$1024, %rdx\n"
"	jae	1024f\n"
"	add	%r10, %rsi\n"
"	add	%r10, %rdi\n"
"	neg	%r10\n"
"	jmp	16f\n"
"0:	xor	%eax, %eax\n"
"	ret\n"
"1024:	xor	%r10d, %r10d\n"
"	jmp	64f\n"
".Lcopy_start:\n"
"	cmp	%r8, (%rcx)\n"
"	jne	.Lcopy_cut\n"
"	cmp	$8, %rdx\n"
"	je	9f\n"
"	mov	%rdi, %rax\n"
"	sub	%rsi, %rax\n"
"	cmp	%rdx, %rax\n"
"	jb	.Lcopy_cut\n"
"7:	cmp	%r8, (%rcx)\n"			/* once more, for those who come from the chunks */
"	jne	.Lcopy_cut\n"
"	test	$8, %dl\n"
"	je	4f\n"
"	movsq\n"
"	jmp	4f\n"
"64:	cmp	%r8, (%rcx)\n"
"	jne	.Lcopy_cut\n"
"	mov	%rdx, %rcx\n"
"	shr	$3, %rcx\n"
"	rep movsq\n"
"4:	test	$4, %dl\n"
"	je	2f\n"
"	movsl\n"
"2:	test	$2, %dl\n"
"	je	1f\n"
"	movsw\n"
"1:	test	$1, %dl\n"
"	je	0f\n"
"	movsb\n"
"0:	mov	%rdx, %rax\n"
"	ret\n"
"9:	movsq\n"
"	mov	%rdx, %rax\n"
"	ret\n"
"	.balign	16\n"
"16:	movups	(%rsi,%r10), %xmm0\n"
"	cmp	%r8, (%rcx)\n"
"	jne	.Lcopy_cut\n"
"	movups	%xmm0, (%rdi,%r10)\n"
".Lcopy_end:\n"
"	add	$16, %r10\n"
"	jne	16b\n"
"	test	$15, %dl\n"
"	jne	7b\n"
"	mov	%rdx, %rax\n"
"	ret\n"
"	signature\n"
".Lcopy_cut:\n"
"	lea	(%rdi,%r10), %rax\n"
"	sub	%r9, %rax\n"
"	ret\n"
"	end_function plat_region_copy\n"

/*
 * size_t plat_words_16, plat_words_32(to: rax, from: rdx, bytes: rcx, armed: r8): how many
 *
 * They leave all registers alone but rax, r9 to r11 and those of vectors.  First the words that
 * are no chunk, by string instructions (then r10 is zero, and rdi says how many have been
 * stored), then chunks, whose last one ends at rax, where r10 is zero (then r10 says how many
 * have not).  Where they overlap, as above.
 */
"	.macro	words chunk load store vector after\n"
"	function plat_words_\\chunk\n"
"	lea	plat_words_\\chunk\\()_region(%rip), %r9\n"
"	mov	%rax, %r10\n"
"	sub	%rdx, %r10\n"
"	cmp	%rcx, %r10\n"
"	jb	.Lwords_\\chunk\\()_none\n"
"	mov	%rcx, %r10\n"
"	lea	(%rdx,%rcx), %r11\n"
"	add	%rcx, %rax\n"
"	neg	%r10\n"
"	test	$(\\chunk - 8), %cl\n"
"	je	.Lwords_\\chunk\\()_chunks\n"
"	push	%rsi\n"
"	push	%rdi\n"
"	lea	(%r11,%r10), %rsi\n"
"	lea	(%rax,%r10), %rdi\n"
"	xor	%r10d, %r10d\n"
".Lwords_\\chunk\\()_start:\n"
"	cmp	%r9, (%r8)\n"
"	jne	.Lwords_\\chunk\\()_cut\n"
"	.if	\\chunk > 16\n"
"	test	$16, %cl\n"
"	je	8f\n"
"	movsq\n"
"	movsq\n"
"	.endif\n"
"8:	test	$8, %cl\n"
"	je	0f\n"
"	movsq\n"
"0:	jmp	.Lwords_\\chunk\\()_strings\n"
"	.balign	16\n"
".Lwords_\\chunk\\()_chunks:\n"
"	\\load	(%r11,%r10), \\vector\n"
"	cmp	%r9, (%r8)\n"
"	jne	.Lwords_\\chunk\\()_cut\n"
"	\\store	\\vector, (%rax,%r10)\n"
".Lwords_\\chunk\\()_end:\n"
"	add	$\\chunk, %r10\n"
"	jne	.Lwords_\\chunk\\()_chunks\n"
"	mov	%rcx, %rax\n"
"	\\after\n"
"	ret\n"
".Lwords_\\chunk\\()_strings:\n"
"	pop	%rdi\n"
"	pop	%rsi\n"
"	mov	%rcx, %r10\n"
"	and	$-\\chunk, %r10\n"
"	neg	%r10\n"
"	jne	.Lwords_\\chunk\\()_chunks\n"
"	mov	%rcx, %rax\n"
"	ret\n"
".Lwords_\\chunk\\()_none:\n"
"	xor	%eax, %eax\n"
"	ret\n"
"	signature\n"
".Lwords_\\chunk\\()_cut:\n"
"	test	%r10, %r10\n"
"	je	0f\n"
"	lea	(%rcx,%r10), %rax\n"
"	\\after\n"
"	ret\n"
"0:	sub	%rcx, %rax\n"
"	sub	%rax, %rdi\n"
"	mov	%rdi, %rax\n"
"	pop	%rdi\n"
"	pop	%rsi\n"
"	ret\n"
"	end_function plat_words_\\chunk\n"
"	.endm\n"
"	words	16 movups movups %xmm0\n"
"	words	32 vmovdqu vmovdqu %ymm0 vzeroupper\n"

/* size_t plat_region_fill(to: rdi, byte: esi, bytes: rdx, armed: rcx): how many, as above */
"	function plat_region_fill\n"
"	lea	plat_regions + 128(%rip), %r8\n"
"	movzbl	%sil, %eax\n"
"	movabs	$0x0101010101010101, %r11\n"
"	imul	%r11, %rax\n"
"	mov	%rdi, %r9\n"
"	mov	%rdx, %r10\n"
"	and	$-16, %r10\n"
"	je	.Lfill_start\n"
"	cmp	$1024, %rdx\n"
"	jae	1024f\n"
"	movq	%rax, %xmm0\n"
"	punpcklqdq %xmm0, %xmm0\n"
"	add	%r10, %rdi\n"
"	neg	%r10\n"
"	jmp	16f\n"
"1024:	xor	%r10d, %r10d\n"
"	jmp	64f\n"
".Lfill_start:\n"
"	cmp	%r8, (%rcx)\n"
"	jne	.Lfill_cut\n"
"	test	$8, %dl\n"
"	je	4f\n"
"	stosq\n"
"	jmp	4f\n"
"64:	cmp	%r8, (%rcx)\n"
"	jne	.Lfill_cut\n"
"	mov	%rdx, %rcx\n"
"	shr	$3, %rcx\n"
"	rep stosq\n"
"4:	test	$4, %dl\n"
"	je	2f\n"
"	stosl\n"
"2:	test	$2, %dl\n"
"	je	1f\n"
"	stosw\n"
"1:	test	$1, %dl\n"
"	je	0f\n"
"	stosb\n"
"0:	mov	%rdx, %rax\n"
"	ret\n"
"	.balign	16\n"
"16:	cmp	%r8, (%rcx)\n"
"	jne	.Lfill_cut\n"
"	movups	%xmm0, (%rdi,%r10)\n"
".Lfill_end:\n"
"	add	$16, %r10\n"
"	jne	16b\n"
"	test	$15, %dl\n"
"	jne	.Lfill_start\n"
"	mov	%rdx, %rax\n"
"	ret\n"
"	signature\n"
".Lfill_cut:\n"
"	lea	(%rdi,%r10), %rax\n"
"	sub	%r9, %rax\n"
"	ret\n"
"	end_function plat_region_fill\n"
);

extern PLAT_HIDDEN const struct plat_region plat_words_16_region, plat_words_32_region;
PLAT_HIDDEN void plat_words_16(void);
PLAT_HIDDEN void plat_words_32(void);

struct plat_words plat_words = { &plat_words_16_region, plat_words_16 };

void commits_begin(void)
{
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx2"))
		plat_words = (struct plat_words){ &plat_words_32_region, plat_words_32 };
}
#else
void commits_begin(void)
{
}
#endif

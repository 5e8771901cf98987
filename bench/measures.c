/*
 * measures.c - what can be measured, in the order of the report, and what is to be
 * reached
 *
 * The words of `what` are the conditions under which the figures hold; both sides
 * keep them.  What each side does is in its own file.  Measures of one trial stand
 * together: they are figures of the same rounds.
 */
#include "bench.h"

#include "holdfast.h"

#include <string.h>

/* ---- trials -------------------------------------------------------------------------- */

#define PINS .holdfast = &pin_holdfast, .mib = 32, .percent = 200

static const struct trial pin_1 = { PINS, .peer = &pin_kernel, .count = 1, .how = HF_PIN_WRITE };
static const struct trial pin_1_longterm = { PINS, .peer = &pin_kernel, .count = 1,
					     .how = HF_PIN_WRITE | HF_PIN_LONGTERM };
static const struct trial pin_512 = { PINS, .peer = &pin_kernel, .count = 512, .how = HF_PIN_WRITE };
static const struct trial pin_512_scattered = { PINS, .peer = &pin_kernel, .count = 512, .scattered = true,
						.how = HF_PIN_WRITE };
static const struct trial pin_huge = { PINS, .peer = &pin_kernel, .count = 512, .huge = true, .how = HF_PIN_WRITE };
static const struct trial cas_1 = { PINS, .peer = &cas_exclusive, .count = 1, .how = HF_PIN_WRITE };
static const struct trial cas_512 = { PINS, .peer = &cas_exclusive, .count = 512, .how = HF_PIN_WRITE };
static const struct trial cas_1_shared = { PINS, .peer = &cas_shared, .count = 1, .how = HF_PIN_READ };
static const struct trial cas_512_shared = { PINS, .peer = &cas_shared, .count = 512, .how = HF_PIN_READ };
static const struct trial pin_io = { .holdfast = &io_holdfast, .mib = 64, .percent = 200 };
static const struct trial section = { .holdfast = &section_holdfast };
static const struct trial wait_alone = { .holdfast = &wait_holdfast, .mib = 16, .percent = 200 };
static const struct trial wait_busy = { .holdfast = &wait_holdfast, .mib = 16, .percent = 200, .count = 1 };
static const struct trial wait_16 = { .holdfast = &wait_holdfast, .mib = 16, .percent = 200, .count = 16 };
static const struct trial cut_alone = { .holdfast = &cut_holdfast };
static const struct trial cut_busy = { .holdfast = &cut_holdfast, .count = 1 };
static const struct trial cut_16 = { .holdfast = &cut_holdfast, .count = 16 };
static const struct trial pair = { .holdfast = &pair_holdfast, .mib = 16, .percent = 200 };

#define FORKS .holdfast = &fork_holdfast, .peer = &fork_kernel, .percent = 212

static const struct trial fork_1g = { FORKS, .mib = 1024 };
static const struct trial fork_8g = { FORKS, .mib = 8192, .slow = true };
static const struct trial fork_16g = { .holdfast = &fork_holdfast, .peer = &fork_kernel, .mib = 16384, .percent = 106,
				       .apart = true, .slow = true, .on_demand = true };

#define PINNED(n) { .holdfast = &pinned_holdfast, .peer = &pinned_kernel, .mib = 1024, .quick_mib = 256, \
		    .percent = 500, .count = (n), .how = HF_PIN_WRITE | HF_PIN_LONGTERM }

static const struct trial pinned_1 = PINNED(1), pinned_100 = PINNED(100), pinned_10000 = PINNED(10000),
	pinned_all = PINNED(UINT64_MAX);

#define FAULTS .mib = 1024, .quick_mib = 256, .percent = 500

static const struct trial cow = { FAULTS, .holdfast = &cow_holdfast, .peer = &cow_kernel };
static const struct trial cow_random = { FAULTS, .holdfast = &cow_holdfast, .peer = &cow_kernel, .scattered = true };
static const struct trial zero = { FAULTS, .holdfast = &zero_holdfast, .peer = &zero_kernel };
static const struct trial zero_scattered = { FAULTS, .holdfast = &zero_holdfast, .peer = &zero_kernel,
					     .scattered = true };
static const struct trial in_order = { .holdfast = &access_holdfast, .peer = &access_kernel, .mib = 1024,
				       .quick_mib = 256, .percent = 300 };
#define AT_RANDOM .holdfast = &access_holdfast, .peer = &access_kernel, .mib = 1024, .quick_mib = 256, .percent = 300, \
		  .scattered = true
static const struct trial at_random = { AT_RANDOM };
static const struct trial at_random_file = { AT_RANDOM, .memory = HF_MEMORY_FILE };
static const struct trial at_random_huge = { AT_RANDOM, .huge = true };
static const struct trial zero_huge = { .holdfast = &zero_huge_holdfast, .peer = &zero_huge_kernel, .mib = 1024,
					.quick_mib = 256, .percent = 300, .huge = true };
static const struct trial metadata = { .holdfast = &metadata_holdfast, .peer = &metadata_kernel, .mib = 512,
				       .percent = 200, .apart = true };

#define COUNT(of) { .holdfast = &instructions_holdfast, .counted = (of), .apart = true }
#define COUNT_ON_DEMAND(of) { .holdfast = &instructions_holdfast, .counted = (of), .apart = true, .on_demand = true }

static const struct trial count_512 = COUNT("pin-512"), count_1 = COUNT("pin-1"),
	count_huge = COUNT("pin-huge"),
	count_longterm = COUNT_ON_DEMAND("pin-1-longterm"), count_scattered = COUNT_ON_DEMAND("pin-512-scattered"),
	count_cow = COUNT_ON_DEMAND("cow"), count_zero = COUNT_ON_DEMAND("zero"),
	count_fork = COUNT_ON_DEMAND("fork-1g-cold"), count_load = COUNT_ON_DEMAND("load");

/* ---- the table ----------------------------------------------------------------------------- */

#define MOST(value) .target = { AT_MOST, (value), NULL }
#define FASTER(value) .target = { TIMES_FASTER, (value), NULL }
#define TIMES(value, of) .target = { TIMES_PEER, (value), (of) }

#define PER_PAGE .unit = "ns/page"
#define PER_FORK .unit = "ns/fork"
#define INSIDE " (callgrind, inside hf_pin and hf_unpin alone)"
#define IO_URING .beside = "io_uring registers + unregisters the same"
#define FIX .beside = "one compare-and-swap of a state word to fix the page, a plain store to unfix it"
#define FIX_SHARED .beside = "a compare-and-swap of a state word to fix the page shared, and one to unfix it"
#define WAIT "hf_mm_fork() of a space with one private page, just written, and 16 of a shared mapping; "
#define CUT "the wait by itself, as the platform has it; "
#define COLD "{size} in 4 KiB pages, a line of each written since the fork before, nothing pinned"
#define WARM "{size} in 4 KiB pages, nothing written since the fork before, nothing pinned"
#define EXIT "end of the child, which wrote nothing; {size}"
#define KERNEL_FORK .beside = "fork()"
#define FIRST_WRITE "parent's first write after a fork, 64 bytes a page, child alive, {size} in "
#define FAULT .beside = "a store, and the kernel's page fault"
#define ANONYMOUS "first write to anonymous memory, 64 bytes a page, nothing zeroed ahead, {size} "
#define LINES "64 bytes, aligned, over {size}, all touched, "
#define PLAIN .beside = "plain memory on 4 KiB pages"
#define PLAIN_HUGE .beside = "plain memory on 2 MiB pages"

#define FORK_OF(size, bytes)                                                                                       \
	{ .name = "fork-" size "-cold", PER_FORK, .what = COLD, KERNEL_FORK, .trial = &fork_##bytes, MOST(20000) },  \
	{ .name = "fork-" size "-warm", PER_FORK, .what = WARM, KERNEL_FORK, .trial = &fork_##bytes, .figure = 1,    \
	  MOST(1000) },                                                                                             \
	{ .name = "exit-" size, .unit = "ns/exit", .what = EXIT, .trial = &fork_##bytes, .figure = 2,               \
	  .beside = "until waitpid() returns" }

#define PINNED_OF(name_of, pages)                                                                                  \
	{ .name = "fork-pinned-" name_of, PER_FORK, .trial = &pinned_##pages,                                        \
	  .beside = "fork() with as many in io_uring",                                                              \
	  .what = "{size} in 4 KiB pages, all written, pinned pages evenly spread: " name_of },                        \
	{ .name = "fork-pinned-" name_of "-bound", PER_FORK, .trial = &pinned_##pages, .own_peer = 1,                \
	  .what = "the same", .beside = "30 us + 8 us a table that holds pins + 1 bare cold copy a pinned page",     \
	  TIMES(1, "times that") },                                                                                 \
	{ .name = "fork-pinned-" name_of "-unpinned", PER_FORK, .trial = &pinned_##pages, .own_peer = 2,             \
	  .what = "the same", .beside = "a fork of a space alike that holds no pins" }

const struct measure measures[] = {
	{ .name = "pin-512-instructions", .unit = "instructions/page", .trial = &count_512, MOST(12),
	  .what = "write pin + unpin, 512 pages a call, frames in a row" INSIDE "; Linux 6.12's gup_test: 287" },
	{ .name = "pin-1-instructions", .unit = "instructions/page", .trial = &count_1, MOST(60),
	  .what = "write pin + unpin, one page a call, hot" INSIDE "; Linux 6.1's gup_test: 590" },
	{ .name = "pin-1-longterm-instructions", .unit = "instructions/page", .trial = &count_longterm,
	  .what = "the same, long-term" },
	{ .name = "pin-512-scattered-instructions", .unit = "instructions/page", .trial = &count_scattered,
	  .what = "512 pages a call, frames in random order" },
	{ .name = "pin-huge-instructions", .unit = "instructions/page", .trial = &count_huge, MOST(0.3),
	  .what = "write pin + unpin of a huge page as a whole, by 4 KiB" INSIDE "; Linux 6.12's gup_test: 55" },
	{ .name = "cow-instructions", .unit = "instructions/page", .trial = &count_cow,
	  .what = "hf_write() of 64 bytes, first after a fork, in order, the copy included" },
	{ .name = "zero-instructions", .unit = "instructions/page", .trial = &count_zero,
	  .what = "hf_write() of 64 bytes, first to anonymous memory, in order, the clear included" },
	{ .name = "fork-instructions", .unit = "instructions/fork", .trial = &count_fork,
	  .what = "hf_mm_fork() of 32 MiB, cold" },
	{ .name = "load-instructions", .unit = "instructions/load", .trial = &count_load,
	  .what = "hf_read() of 64 bytes, in order" },

	{ .name = "pin-1", PER_PAGE, .trial = &pin_1, IO_URING, FASTER(10),
	  .what = "write pin + unpin, one page a call, hot" },
	{ .name = "pin-1-longterm", PER_PAGE, .trial = &pin_1_longterm, IO_URING, FASTER(10),
	  .what = "the same, long-term, as io_uring's is" },
	{ .name = "pin-512", PER_PAGE, .trial = &pin_512, IO_URING, FASTER(10),
	  .what = "write pin + unpin, 512 pages a call, hot, frames in a row" },
	{ .name = "pin-512-scattered", PER_PAGE, .trial = &pin_512_scattered, IO_URING, FASTER(10),
	  .what = "the same, frames in random order: 512 runs" },
	{ .name = "pin-huge", PER_PAGE, .trial = &pin_huge, IO_URING, FASTER(10),
	  .what = "write pin + unpin of a huge page as a whole, hot, by 4 KiB; huge pages on both sides" },
	{ .name = "pin-1-cas", PER_PAGE, .trial = &cas_1, FIX, FASTER(1),
	  .what = "write pin + unpin, one page a call, hot" },
	{ .name = "pin-512-cas", PER_PAGE, .trial = &cas_512, FIX, FASTER(1),
	  .what = "write pin + unpin, 512 pages a call, hot, frames in a row" },
	{ .name = "pin-1-cas-shared", PER_PAGE, .trial = &cas_1_shared, FIX_SHARED, FASTER(1),
	  .what = "read pin + unpin, one page a call, hot" },
	{ .name = "pin-512-cas-shared", PER_PAGE, .trial = &cas_512_shared, FIX_SHARED, FASTER(1),
	  .what = "read pin + unpin, 512 pages a call, hot, frames in a row" },
	{ .name = "pin-io", .unit = "ns/read", .trial = &pin_io, .own_peer = 1, FASTER(1),
	  .what = "write pin + READ_FIXED + unpin of a page, the pool being one registered buffer; 4 KiB at random "
		  "of a {size} file in $TMPDIR or /var/tmp", .beside = "O_DIRECT pread() of the same file" },
	{ .name = "section", .unit = "ns/section", .trial = &section, MOST(1),
	  .what = "a read section that only looks, entered and left, loop included; the platform's own, linked in" },

	{ .name = "fork-wait-alone", PER_FORK, .trial = &wait_alone, MOST(1000),
	  .what = WAIT "no other thread; median of the whole call" },
	{ .name = "fork-wait-alone-worst", PER_FORK, .trial = &wait_alone, .figure = 1,
	  .what = "the same, 99.9 %" },
	{ .name = "fork-wait-busy", PER_FORK, .trial = &wait_busy, MOST(20000),
	  .what = WAIT "another core pins and unpins one of the 16; median of the whole call" },
	{ .name = "fork-wait-busy-worst", PER_FORK, .trial = &wait_busy, .figure = 1, .what = "the same, 99.9 %" },
	{ .name = "fork-wait-16", PER_FORK, .trial = &wait_16, MOST(20000),
	  .what = WAIT "16 threads pin and unpin them; median of the whole call" },
	{ .name = "fork-wait-16-worst", PER_FORK, .trial = &wait_16, .figure = 1, .what = "the same, 99.9 %" },

	{ .name = "cut-alone", .unit = "ns/cut", .trial = &cut_alone, MOST(1000),
	  .what = CUT "no other thread; median" },
	{ .name = "cut-alone-worst", .unit = "ns/cut", .trial = &cut_alone, .figure = 1, .what = "the same, 99.9 %" },
	{ .name = "cut-busy", .unit = "ns/cut", .trial = &cut_busy, MOST(20000),
	  .what = CUT "another core does nothing but raise a count in a section, and lower it; median" },
	{ .name = "cut-busy-worst", .unit = "ns/cut", .trial = &cut_busy, .figure = 1, .what = "the same, 99.9 %" },
	{ .name = "cut-16", .unit = "ns/cut", .trial = &cut_16, MOST(20000),
	  .what = CUT "16 threads do; median" },
	{ .name = "cut-16-worst", .unit = "ns/cut", .trial = &cut_16, .figure = 1, .what = "the same, 99.9 %" },

	{ .name = "pin-same", PER_PAGE, .trial = &pair, .own_peer = 2,
	  .what = "two threads on two cores, each pins + unpins the same page, one a call; time of each thread",
	  .beside = "each a page of its own, 512 pages apart" },
	{ .name = "pin-neighbours", PER_PAGE, .trial = &pair, .figure = 1, .own_peer = 2,
	  .what = "the same, pages side by side", .beside = "512 pages apart" },
	{ .name = "line-transfer", .unit = "ns/transfer", .trial = &pair, .figure = 3,
	  .what = "one line from one of these two cores to the other, one way: how far apart they are" },

	FORK_OF("1g", 1g),
	FORK_OF("8g", 8g),
	FORK_OF("16g", 16g),
	PINNED_OF("1", 1),
	PINNED_OF("100", 100),
	PINNED_OF("10000", 10000),
	PINNED_OF("all", all),

	{ .name = "cow", PER_PAGE, .trial = &cow, FAULT, FASTER(5), .what = FIRST_WRITE "order: mean" },
	{ .name = "cow-copies", PER_PAGE, .trial = &cow, .own_peer = 2, TIMES(1.3, "copies"), .what = "the same",
	  .beside = "a bare cold copy of 4 KiB within the same pool, in order" },
	{ .name = "cow-worst", PER_PAGE, .trial = &cow, .figure = 1, FAULT, MOST(10000), .what = "the same: 99.9 %" },
	{ .name = "cow-random", PER_PAGE, .trial = &cow_random, FAULT, FASTER(3),
	  .what = FIRST_WRITE "random order: mean" },
	{ .name = "cow-random-copies", PER_PAGE, .trial = &cow_random, .own_peer = 2, TIMES(2, "copies"),
	  .what = "the same", .beside = "a bare cold copy of 4 KiB within the same pool, in random order" },
	{ .name = "cow-random-worst", PER_PAGE, .trial = &cow_random, .figure = 1, FAULT, MOST(10000),
	  .what = "the same: 99.9 %" },
	{ .name = "zero", PER_PAGE, .trial = &zero, FAULT, FASTER(5), .what = ANONYMOUS "in order: mean" },
	{ .name = "zero-clears", PER_PAGE, .trial = &zero, .own_peer = 2, TIMES(1.5, "clears"), .what = "the same",
	  .beside = "a bare cold clear of 4 KiB in the same pool, in order" },
	{ .name = "zero-worst", PER_PAGE, .trial = &zero, .figure = 1, FAULT, .what = "the same: 99.9 %" },
	{ .name = "zero-scattered", PER_PAGE, .trial = &zero_scattered, FAULT, FASTER(5),
	  .what = ANONYMOUS "in random order: mean" },
	{ .name = "zero-scattered-clears", PER_PAGE, .trial = &zero_scattered, .own_peer = 2, TIMES(1.5, "clears"),
	  .what = "the same", .beside = "a bare cold clear of 4 KiB in the same pool, in random order" },
	{ .name = "zero-scattered-worst", PER_PAGE, .trial = &zero_scattered, .figure = 1, FAULT,
	  .what = "the same: 99.9 %" },

	{ .name = "zero-huge", .unit = "ns/huge page", .trial = &zero_huge,
	  .what = "first write to anonymous memory, 64 bytes every 2 MiB, huge pages on both sides, {size}: mean",
	  .beside = "a store, and the kernel's page fault" },
	{ .name = "zero-huge-clears", .unit = "ns/huge page", .trial = &zero_huge, .own_peer = 1, .what = "the same",
	  .beside = "512 bare cold clears of 4 KiB in the same pool, in order" },

	{ .name = "load", .unit = "ns/load", .trial = &in_order, PLAIN, TIMES(1.3, "times plain memory"),
	  .what = LINES "hf_read() in order" },
	{ .name = "store", .unit = "ns/store", .trial = &in_order, .figure = 1, PLAIN,
	  TIMES(1.3, "times plain memory"), .what = LINES "hf_write() in order" },
	{ .name = "load-random", .unit = "ns/load", .trial = &at_random, PLAIN, TIMES(2, "times plain memory"),
	  .what = LINES "hf_read() at random" },
	{ .name = "store-random", .unit = "ns/store", .trial = &at_random, .figure = 1, PLAIN,
	  TIMES(2, "times plain memory"), .what = LINES "hf_write() at random" },
	{ .name = "load-random-file", .unit = "ns/load", .trial = &at_random_file, PLAIN,
	  TIMES(2, "times plain memory"), .what = LINES "hf_read() at random, and the pool is a memfd" },
	{ .name = "store-random-file", .unit = "ns/store", .trial = &at_random_file, .figure = 1, PLAIN,
	  TIMES(2, "times plain memory"), .what = LINES "hf_write() at random, and the pool is a memfd" },
	{ .name = "load-random-huge", .unit = "ns/load", .trial = &at_random_huge, PLAIN_HUGE,
	  TIMES(1.6, "times plain memory"), .what = LINES "hf_read() at random, on entries of 2 MiB" },
	{ .name = "store-random-huge", .unit = "ns/store", .trial = &at_random_huge, .figure = 1, PLAIN_HUGE,
	  TIMES(1.6, "times plain memory"), .what = LINES "hf_write() at random, on entries of 2 MiB" },
	{ .name = "metadata", .unit = "bytes/page", .trial = &metadata, MOST(16),
	  .what = "what a process grows by for each page more of a pool in use, the pool aside, and so page tables",
	  .beside = "the kernel's memory map (/proc/vmstat)" },
	{ .name = NULL },
};

const struct measure *measure_find(const char *name)
{
	for (const struct measure *measure = measures; measure->name; measure++)
		if (!strcmp(measure->name, name))
			return measure;
	return NULL;
}

void measure_words(const struct measure *measure, uint64_t mib, char *text, size_t room)
{
	static const char place[] = "{size}";
	const char *at = strstr(measure->what, place);

	if (!at) {
		snprintf(text, room, "%s", measure->what);
		return;
	}
	snprintf(text, room, "%.*s%llu %s%s", (int)(at - measure->what), measure->what,
		 (unsigned long long)(mib < 1024 ? mib : mib / 1024), mib < 1024 ? "MiB" : "GiB",
		 at + sizeof(place) - 1);
}

/*
 * measures.c - what can be measured, in the order of the report
 *
 * The words of `what` are the conditions under which the figures hold; both sides
 * keep them.  What each side does is in pins.c, faults.c and forks.c.
 */
#include "bench.h"

#include "holdfast.h"

#include <string.h>

#define FORK_WHAT(state) "256 MiB in 4 KiB pages, " state
#define FORK_PINS .how = HF_PIN_WRITE | HF_PIN_LONGTERM

const struct measure measures[] = {
	{ .name = "pin-1", .unit = "page", .mib = 64, .count = 1, .how = HF_PIN_WRITE, .holdfast = &pin_holdfast,
	  .peer = &pin_kernel, .what = "write pin + unpin, one page a call, hot | io_uring register + unregister" },
	{ .name = "pin-1-longterm", .unit = "page", .mib = 64, .count = 1, .how = HF_PIN_WRITE | HF_PIN_LONGTERM,
	  .holdfast = &pin_holdfast, .peer = &pin_kernel, .what = "the same, long-term, as io_uring's is | the same" },
	{ .name = "pin-512", .unit = "page", .mib = 64, .count = 512, .how = HF_PIN_WRITE, .holdfast = &pin_holdfast,
	  .peer = &pin_kernel, .what = "write pin + unpin, 512 pages a call, hot, frames in a row | io_uring" },
	{ .name = "pin-512-scattered", .unit = "page", .mib = 64, .count = 512, .scattered = true, .how = HF_PIN_WRITE,
	  .holdfast = &pin_holdfast, .peer = &pin_kernel,
	  .what = "the same, frames in random order: 512 runs | io_uring" },
	{ .name = "cow", .unit = "page", .mib = 1536, .holdfast = &cow_holdfast, .peer = &cow_kernel,
	  .what = "parent's first write after a fork, 64 bytes a page, 256 MiB in order, child alive | page fault" },
	{ .name = "cow-random", .unit = "page", .mib = 1536, .scattered = true, .holdfast = &cow_holdfast,
	  .peer = &cow_kernel, .what = "the same at random" },
	{ .name = "zero", .unit = "page", .mib = 1536, .holdfast = &zero_holdfast, .peer = &zero_kernel,
	  .what = "first write to anonymous memory, 64 bytes a page, 256 MiB in order | page fault" },
	{ .name = "fork", .unit = "fork", .mib = 1536, .holdfast = &fork_holdfast, .peer = &fork_kernel,
	  .what = FORK_WHAT("all written since the fork before, nothing pinned | fork()") },
	{ .name = "fork-again", .unit = "fork", .mib = 1536, .holdfast = &refork_holdfast, .peer = &refork_kernel,
	  .what = FORK_WHAT("nothing written since the fork before, nothing pinned | fork()") },
	{ .name = "fork-pinned-1", .unit = "fork", .mib = 1536, .count = 1, FORK_PINS, .holdfast = &fork_holdfast,
	  .peer = &fork_kernel, .what = FORK_WHAT("all written, 1 page pinned | fork(), 1 page in io_uring") },
	{ .name = "fork-pinned-100", .unit = "fork", .mib = 1536, .count = 100, FORK_PINS, .holdfast = &fork_holdfast,
	  .peer = &fork_kernel, .what = FORK_WHAT("all written, 100 pages pinned, evenly spread") },
	{ .name = "fork-pinned-10000", .unit = "fork", .mib = 1536, .count = 10000, FORK_PINS, .holdfast = &fork_holdfast,
	  .peer = &fork_kernel, .what = FORK_WHAT("all written, 10,000 pages pinned, evenly spread") },
	{ .name = "exit", .unit = "exit", .mib = 1536, .holdfast = &exit_holdfast, .peer = &exit_kernel,
	  .what = "end of the child of `fork`, which wrote nothing | until waitpid() returns" },
	{ .name = NULL },
};

const struct measure *measure_find(const char *name)
{
	for (const struct measure *measure = measures; measure->name; measure++)
		if (!strcmp(measure->name, name))
			return measure;
	return NULL;
}

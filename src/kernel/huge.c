/*
 * huge.c - huge pages of the kernel: transparent ones, by madvise
 *
 * The hint is MADV_HUGEPAGE, a collapse MADV_COLLAPSE.  Where a kernel has none, or
 * its administrator has switched them off, a scenario that is about them is refused
 * as a whole: it would be run on base pages, and say something about those.
 *
 * Does not look whether a touch got a huge page: a kernel that finds no free one
 * gives base pages, and nothing that a scenario may expect of the bytes is different.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "live.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* An advice for no bytes is looked at, and then nothing is done. */
static bool is_known(int advice)
{
	return !madvise(NULL, 0, advice);
}

static bool is_switched_off(void)
{
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
	char line[128] = "";
	bool off = f && fgets(line, sizeof(line), f) && strstr(line, "[never]");

	if (f)
		fclose(f);
	return off;
}

static void find(struct kernel_ability *ability, const char *why_not)
{
	ability->possible = !why_not;
	snprintf(ability->reason, sizeof(ability->reason), "%s", why_not ? why_not : "");
}

void live_find_huge(struct kernel_probe *probe)
{
	const char *none = !is_known(MADV_HUGEPAGE) ? "this kernel has no transparent huge pages" :
			   is_switched_off()	    ? "transparent huge pages are switched off here" :
						      NULL;

	find(&probe->huge, none);
	find(&probe->collapse, none		       ? none :
			       !is_known(MADV_COLLAPSE) ? "this kernel has no MADV_COLLAPSE, which came with Linux 6.1" :
							  NULL);
}

const char *live_why_not_huge(const struct kernel_probe *probe, const struct step *step)
{
	const struct kernel_ability *ability = step->op == OP_COLLAPSE ? &probe->collapse : &probe->huge;

	return step_is_about_huge(step) && !ability->possible ? ability->reason : NULL;
}

/* The error of that advice for the range of a step; -1: the reply is filled in. */
static int advise(struct live *live, const struct step *step, const struct live_place *place, int advice,
		  struct reply *reply)
{
	struct live_result result;

	if (!live_syscall(live, step->space, &result, reply, SYS_madvise, place->address + step->offset,
			  live_range_length(place, step), (unsigned long)advice, 0, 0, 0))
		return -1;
	return result.error;
}

/*
 * Memory for which huge pages were switched off, as they are for all that does not ask
 * (places.c), is not collapsed: so they are on for as long as it takes.
 *
 * EAGAIN is the kernel's word for a page that somebody holds, beside EBUSY for one whose
 * block it did not get to: the library has one for both.
 */
void live_collapse(struct live *live, const struct step *step, struct reply *reply)
{
	struct live_place *place = live_place_of(live, step, reply);
	int error = !place ? -1 : place->huge ? 0 : advise(live, step, place, MADV_HUGEPAGE, reply);

	if (!error)
		error = advise(live, step, place, MADV_COLLAPSE, reply);
	if (error < 0 || (!place->huge && advise(live, step, place, MADV_NOHUGEPAGE, reply) < 0))
		return;
	if (error)
		live_failed(reply, error == EAGAIN ? EBUSY : error);
	else
		live_done(reply);
}

/*
 * pin_pipe.c - GETs: pages in a pipe
 *
 * vmsplice takes a plain reference on each page, and the pipe keeps it until the
 * bytes are read.  The device looks at them through a second pipe (tee), which
 * consumes nothing, so it can look as often as it likes.  It can't write.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"

#define USUAL_PAGES 16u	/* what a pipe holds unasked */

/* Read and forget, as many bytes as are there. */
static void drain(int fd)
{
	char bytes[4096];

	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
}

static bool make_room(struct live *live, int index, uint64_t pages)
{
	int size = (int)(pages * SCENARIO_PAGE);

	if (pages <= USUAL_PAGES)
		return true;
	return pages <= LIVE_MOST_UNITS && fcntl(live->pipes[index][1], F_SETPIPE_SZ, size) >= size &&
	       fcntl(live->look[1], F_SETPIPE_SZ, size) >= size;
}

static void refused(struct live *live, const struct step *step, const struct live_pin *pin, int error,
		    struct reply *reply)
{
	int told_apart = live_range_error(live, step->space, &live->spaces[step->space].places[step->mapping],
					  pin->address, pin->length, false);

	drain(live->pipes[step->pin][0]);
	live_failed(reply, told_apart ? told_apart : error ? error : EFAULT);
}

static void take(struct live *live, const struct step *step, struct live_pin *pin, struct reply *reply)
{
	struct iovec *range = (struct iovec *)(void *)live->box->data; /* the owner sees it at the same address */
	uint64_t pages = (pin->address % SCENARIO_PAGE + pin->length + SCENARIO_PAGE - 1) / SCENARIO_PAGE;
	struct live_result result;

	if (pin->units > 1 || !make_room(live, step->pin, pages)) {
		live_cannot(reply, pin->units > 1 ? "a page in the middle of a pipe can't be given back alone"
						  : "no pipe holds that many pages");
		return;
	}
	*range = (struct iovec){ (void *)(uintptr_t)pin->address, pin->length };
	if (!live_syscall(live, step->space, &result, reply, SYS_vmsplice, (unsigned long)live->pipes[step->pin][1],
			  (unsigned long)range, 1, SPLICE_F_NONBLOCK, 0, 0))
		return;
	if (result.error || result.value != pin->length)
		refused(live, step, pin, result.error, reply);
	else
		live_done(reply);
}

static int look(struct live *live, uint64_t offset, uint64_t length)
{
	unsigned char *data = live->box->data;
	uint64_t skip = offset, done = 0;

	while (done < length) {
		char none[4096];
		uint64_t part = skip < sizeof(none) ? skip : sizeof(none);
		ssize_t n = skip ? read(live->look[0], none, part) : read(live->look[0], data + done, length - done);

		if (n <= 0)
			return -1;
		if (skip)
			skip -= (uint64_t)n;
		else
			done += (uint64_t)n;
	}
	return 0;
}

static int access_pipe(struct live *live, int index, uint64_t offset, uint64_t length, bool write)
{
	ssize_t n;
	int error;

	if (write)
		return EACCES;
	n = tee(live->pipes[index][0], live->look[1], offset + length, SPLICE_F_NONBLOCK);
	error = n == (ssize_t)(offset + length) ? look(live, offset, length) : -1;
	drain(live->look[0]);
	return error;
}

static int give_unit(struct live *live, int index, size_t unit)
{
	(void)live, (void)index, (void)unit;
	return 0; /* the last one: give_all follows */
}

static int give_all(struct live *live, int index)
{
	drain(live->pipes[index][0]);
	return 0;
}

const struct live_pin_kind live_pin_pipe = {
	.take = take, .access = access_pipe, .give_unit = give_unit, .give_all = give_all,
};

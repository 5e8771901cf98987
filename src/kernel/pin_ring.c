/*
 * pin_ring.c - long-term write pins: the fixed buffers of an io_uring
 *
 * The owner of the memory registers them, on a ring that it inherited; the
 * director, whose ring it is, plays the device and unpins, also when the owner
 * is long gone.
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"

/* Bytes from the pin's beginning to the end of that unit. */
static uint64_t unit_end(const struct live_pin *pin, size_t unit)
{
	uint64_t end = pin->length;

	if (unit + 1 < pin->units)
		end = (pin->address / SCENARIO_PAGE + unit + 1) * SCENARIO_PAGE - pin->address;
	return end;
}

static void list_units(const struct live_pin *pin, struct iovec *list)
{
	uint64_t at = 0;

	for (size_t i = 0; i < pin->units; i++) {
		uint64_t end = unit_end(pin, i);

		list[i] = (struct iovec){ (void *)(uintptr_t)(pin->address + at), end - at };
		at = end;
	}
}

static void refused(struct live *live, const struct step *step, const struct live_pin *pin, int error,
		    struct reply *reply)
{
	int told_apart = 0;

	if (error == ENOMEM) {
		live_cannot(reply, "no long-term pin of %llu bytes: RLIMIT_MEMLOCK is %llu KiB",
			    (unsigned long long)pin->length, live_memlock_kib());
		return;
	}
	if (error == EFAULT)
		told_apart = live_range_error(live, step->space, &live->spaces[step->space].places[step->mapping],
					      pin->address, pin->length, true);
	live_failed(reply, told_apart ? told_apart : error);
}

static void take(struct live *live, const struct step *step, struct live_pin *pin, struct reply *reply)
{
	struct iovec *list = (struct iovec *)(void *)live->box->data; /* the owner sees it at the same address */
	struct live_result result;

	list_units(pin, list);
	if (!live_syscall(live, step->space, &result, reply, SYS_io_uring_register,
			  (unsigned long)live->rings[step->pin].fd, IORING_REGISTER_BUFFERS, (unsigned long)list,
			  pin->units, 0, 0))
		return;
	if (result.error)
		refused(live, step, pin, result.error, reply);
	else
		live_done(reply);
}

static int transfer(struct live *live, int index, uint64_t offset, uint64_t length, bool write)
{
	const struct live_pin *pin = &live->pins[index];
	uint64_t done = 0;

	for (size_t i = 0; i < pin->units && done < length; i++) {
		uint64_t end = unit_end(pin, i), part = length - done;

		if (end <= offset + done)
			continue;
		if (part > end - offset - done)
			part = end - offset - done;
		if (live_ring_transfer(&live->rings[index], live->device, write, (unsigned)i,
				       pin->address + offset + done, part, done, live_time_left(live)))
			return -1;
		done += part;
	}
	return 0;
}

static int access_ring(struct live *live, int index, uint64_t offset, uint64_t length, bool write)
{
	unsigned char *data = live->box->data;

	if (write && pwrite(live->device, data, length, 0) != (ssize_t)length)
		return -1;
	if (transfer(live, index, offset, length, write))
		return -1;
	return write || pread(live->device, data, length, 0) == (ssize_t)length ? 0 : -1;
}

static int give_unit(struct live *live, int index, size_t unit)
{
	return live_ring_forget_one(&live->rings[index], (unsigned)unit) ? -1 : 0;
}

static int give_all(struct live *live, int index)
{
	return live_ring_forget(&live->rings[index]) ? -1 : 0;
}

const struct live_pin_kind live_pin_ring = {
	.take = take, .access = access_ring, .give_unit = give_unit, .give_all = give_all,
};

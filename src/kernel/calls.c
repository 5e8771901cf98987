/*
 * calls.c - short pins: process_vm_readv and process_vm_writev, stopped half way
 *
 * The kernel pins the owner's pages first and copies then.  The local side of
 * the copy lies on a page that is missing and under userfaultfd, so the calling
 * thread stops there, with the pages pinned, for as long as we like.
 *
 *	hold    one byte, never let go on: a pin from the start to its end.  When
 *	        the missing page is made unreadable and the thread woken, the copy
 *	        fails at its first byte, and the call ends with nothing copied
 *	write   stopped before its first byte; when the missing pages are filled
 *	        in, the copy takes their bytes into the pinned page
 *	read    must not have looked at a byte before it goes on.  But a copy that
 *	        has loaded up to 64 bytes into registers and then faults at the store
 *	        would store what it loaded long ago (it depends on the CPU's "fsrm").
 *	        So it stops at the one byte *before*, into a local piece of its own,
 *	        and the wanted bytes are a second piece, with nothing missing:
 *
 *	          owner    [ page before | g ][ wanted ...      ]   g: the guard byte
 *	          local    [ g ] missing      [ wanted ... ] here
 *
 *	        Where the byte before is not ours to pin, the first wanted byte is
 *	        stopped on instead, if the self-check found that this works here
 *
 * Several calls that start together with nothing in between get the same page,
 * so one pin of a scenario is a hold and one call for each access that the
 * scenario will make.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"

#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif

#define STACK (128u << 10)	/* of a thread that makes one system call */

/* ---- userfaultfd -------------------------------------------------------- */

static int from_device(int *error)
{
	int device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC), fd = -1;

	if (device >= 0)
		fd = ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
	*error = errno;
	if (device >= 0)
		close(device);
	return fd;
}

/* Both ways allow to handle faults of the kernel, which is all that counts here. */
static int uffd_open(char *why, size_t why_room)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK), error = errno, device_error = 0;

	if (fd < 0)
		fd = from_device(&device_error);
	if (fd < 0) {
		snprintf(why, why_room, "userfaultfd is refused (%s; /dev/userfaultfd: %s)", strerror(error),
			 strerror(device_error));
		return -1;
	}
	if (ioctl(fd, UFFDIO_API, &api) == 0)
		return fd;
	snprintf(why, why_room, "userfaultfd speaks another version (%s)", strerror(errno));
	close(fd);
	return -1;
}

bool live_callers_open(struct live_callers *callers, char *why, size_t why_room)
{
	callers->uffd = uffd_open(why, why_room);
	callers->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return callers->uffd >= 0 && callers->bell >= 0;
}

/* ---- memory of a call --------------------------------------------------- */

static size_t whole_pages(size_t bytes)
{
	return (bytes + SCENARIO_PAGE - 1) / SCENARIO_PAGE * SCENARIO_PAGE;
}

static int prepare_area(const struct live_callers *callers, struct live_call *call)
{
	struct uffdio_register missing = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int error;

	call->area = mmap(NULL, call->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (call->area == MAP_FAILED)
		return errno;
	madvise(call->area, call->size, MADV_NOHUGEPAGE);
	madvise(call->area, call->size, MADV_DONTFORK);
	memset(call->area + call->missing, 0, call->size - call->missing);
	missing.range.start = (uintptr_t)call->area;
	missing.range.len = call->missing;
	if (ioctl(callers->uffd, UFFDIO_REGISTER, &missing) == 0)
		return 0;
	error = errno;
	munmap(call->area, call->size);
	return error;
}

/* ---- the thread --------------------------------------------------------- */

static void *make_call(void *arg)
{
	struct live_call *call = arg;
	unsigned long n = (unsigned long)call->nlocal;
	const uint64_t one = 1;

	call->result = call->write ? process_vm_writev(call->pid, call->local, n, &call->remote, 1, 0)
				   : process_vm_readv(call->pid, call->local, n, &call->remote, 1, 0);
	call->error = call->result < 0 ? errno : 0;
	atomic_store_explicit(&call->ended, 1, memory_order_release); /* pairs with ended(): the result first */
	if (write(call->bell, &one, sizeof(one)) < 0)
		(void)0; /* full: then it is readable */
	return NULL;
}

static bool ended(struct live_call *call)
{
	return atomic_load_explicit(&call->ended, memory_order_acquire);
}

static int start_thread(struct live_call *call)
{
	size_t stack = STACK > PTHREAD_STACK_MIN ? STACK : PTHREAD_STACK_MIN;
	pthread_attr_t attr;
	int error;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, stack);
	error = pthread_create(&call->thread, &attr, make_call, call);
	pthread_attr_destroy(&attr);
	call->running = !error;
	return error;
}

static void clean_up(struct live_call *call)
{
	if (call->running)
		pthread_join(call->thread, NULL);
	call->running = false;
	munmap(call->area, call->size);
	call->area = NULL;
}

/* ---- waiting ------------------------------------------------------------ */

/* The fault that says: pinned, and stopped. */
static bool stopped(const struct live_callers *callers, const struct live_call *call)
{
	struct uffd_msg message;
	uintptr_t at;

	if (read(callers->uffd, &message, sizeof(message)) != sizeof(message) ||
	    message.event != UFFD_EVENT_PAGEFAULT)
		return false;
	at = (uintptr_t)message.arg.pagefault.address;
	return at >= (uintptr_t)call->area && at < (uintptr_t)call->area + call->missing;
}

/* Wait for its stop (if one is wanted) or its end: 1 stopped, 0 ended, -1 neither. */
static int wait_call(const struct live_callers *callers, struct live_call *call, bool for_stop, int ms)
{
	int64_t end = live_now_ms() + ms;

	for (;;) {
		struct pollfd p[2] = { { .fd = callers->bell, .events = POLLIN },
				       { .fd = callers->uffd, .events = POLLIN } };
		int64_t left = end - live_now_ms();
		uint64_t rung;

		if (poll(p, for_stop ? 2 : 1, left > 0 ? (int)left : 0) < 0 && errno != EINTR)
			return -1;
		if (for_stop && stopped(callers, call))
			return 1;
		if (read(callers->bell, &rung, sizeof(rung)) < 0)
			rung = 0;
		if (ended(call))
			return 0;
		if (left <= 0)
			return -1;
	}
}

/* ---- start -------------------------------------------------------------- */

static int start(const struct live_callers *callers, struct live_call *call, int ms)
{
	int error = prepare_area(callers, call), state;

	if (error)
		return error;
	call->local[0].iov_base = call->area;
	call->local[1].iov_base = call->area + call->missing;
	call->bell = callers->bell;
	error = start_thread(call);
	if (error) {
		clean_up(call);
		return error;
	}
	state = wait_call(callers, call, true, ms);
	if (state)
		return state < 0 ? -1 : 0;
	error = call->error ? call->error : EIO;
	clean_up(call);
	return error;
}

int live_call_hold(const struct live_callers *callers, struct live_call *call, pid_t pid, bool write, uint64_t at,
		   uint64_t length, int ms)
{
	*call = (struct live_call){
		.write = write, .pid = pid, .nlocal = 1,
		.missing = SCENARIO_PAGE, .size = SCENARIO_PAGE,
		.local = { { .iov_len = 1 } },
		.remote = { (void *)(uintptr_t)at, length },
	};
	return start(callers, call, ms);
}

int live_call_write(const struct live_callers *callers, struct live_call *call, pid_t pid, uint64_t at,
		    uint64_t length, int ms)
{
	*call = (struct live_call){
		.write = true, .pid = pid, .nlocal = 1,
		.missing = whole_pages(length), .size = whole_pages(length),
		.local = { { .iov_len = length } },
		.remote = { (void *)(uintptr_t)at, length },
	};
	return start(callers, call, ms);
}

int live_call_read(const struct live_callers *callers, struct live_call *call, pid_t pid, uint64_t at,
		   uint64_t length, bool guarded, int ms)
{
	size_t before = guarded ? 1 : 0;

	*call = (struct live_call){
		.pid = pid, .nlocal = length + before > 1 ? 2 : 1, .guarded = guarded,
		.missing = SCENARIO_PAGE, .size = SCENARIO_PAGE + whole_pages(length),
		.local = { { .iov_len = 1 }, { .iov_len = length + before - 1 } },
		.remote = { (void *)(uintptr_t)(at - before), length + before },
	};
	return start(callers, call, ms);
}

/* ---- go on, or end ------------------------------------------------------ */

static bool fill_in(const struct live_callers *callers, const struct live_call *call, const unsigned char *bytes)
{
	struct uffdio_copy copy = { .dst = (uintptr_t)call->area, .src = (uintptr_t)bytes, .len = call->missing };
	struct uffdio_zeropage zero = { .range = { (uintptr_t)call->area, call->missing } };

	if (!bytes)
		return ioctl(callers->uffd, UFFDIO_ZEROPAGE, &zero) == 0;
	return ioctl(callers->uffd, UFFDIO_COPY, &copy) == 0;
}

/* bytes: whole pages of them are read, NULL is zeroes. */
static int go_on(const struct live_callers *callers, struct live_call *call, const unsigned char *bytes, int ms)
{
	if (!fill_in(callers, call, bytes) || wait_call(callers, call, false, ms))
		return -1;
	return call->result == (ssize_t)call->remote.iov_len ? 0 : -1;
}

int live_call_write_now(const struct live_callers *callers, struct live_call *call, const unsigned char *bytes, int ms)
{
	int error = go_on(callers, call, bytes, ms);

	if (!error)
		clean_up(call);
	return error;
}

int live_call_read_now(const struct live_callers *callers, struct live_call *call, unsigned char *bytes, int ms)
{
	size_t length = call->remote.iov_len, stop = call->guarded ? 0 : 1;

	if (go_on(callers, call, NULL, ms))
		return -1;
	memcpy(bytes, call->area, stop);
	memcpy(bytes + stop, call->area + call->missing, length - 1);
	clean_up(call);
	return 0;
}

int live_call_end(const struct live_callers *callers, struct live_call *call, int ms)
{
	struct uffdio_range range = { (uintptr_t)call->area, call->missing };

	if (!call->running)
		return 0;
	if (!ended(call)) {
		if (mprotect(call->area, call->missing, PROT_NONE) || ioctl(callers->uffd, UFFDIO_WAKE, &range))
			return -1;
		if (wait_call(callers, call, false, ms))
			return -1;
	}
	clean_up(call);
	return 0;
}

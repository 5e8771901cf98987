/*
 * ring.c - the system calls of ring.h, and why they can be refused
 */
#include "ring.h"
#include "bench.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int ring_open(void)
{
	struct io_uring_params parameters = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 1, &parameters);

	if (ring < 0 && errno == EPERM)
		impossible("refused here (sysctl kernel.io_uring_disabled, or a seccomp filter)");
	if (ring < 0)
		impossible("io_uring_setup: %s", strerror(errno));
	return ring;
}

void ring_pin(int ring, const struct iovec *buffers, unsigned count)
{
	if (!syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, buffers, count))
		return;
	if (errno == ENOMEM)
		impossible("it may not pin that much: raise `ulimit -l`, or run as root");
	impossible("io_uring_register: %s", strerror(errno));
}

void ring_unpin(int ring)
{
	if (syscall(SYS_io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0))
		wrong("io_uring_register (unregister): %s", strerror(errno));
}

/*
 * ring.c - an io_uring, as much of it as a device needs
 *
 * The fixed buffers of a ring are long-term write pins, and whoever has the ring
 * can move bytes between them and a file: that is the device.  One request at a
 * time, with an end to its waiting.
 *
 * The ring has to be made before the owner of the memory is forked: since 6.7 or
 * so a ring can't be passed over a socket.
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"

#define ENTRIES 2u

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static void find_fields(struct live_ring *ring, const struct io_uring_params *p)
{
	char *map = ring->map;

	ring->sq_tail = (unsigned *)(void *)(map + p->sq_off.tail);
	ring->sq_mask = (unsigned *)(void *)(map + p->sq_off.ring_mask);
	ring->sq_array = (unsigned *)(void *)(map + p->sq_off.array);
	ring->cq_head = (unsigned *)(void *)(map + p->cq_off.head);
	ring->cq_tail = (unsigned *)(void *)(map + p->cq_off.tail);
	ring->cq_mask = (unsigned *)(void *)(map + p->cq_off.ring_mask);
	ring->cqes = (struct io_uring_cqe *)(void *)(map + p->cq_off.cqes);
}

static int map_ring(struct live_ring *ring, const struct io_uring_params *p)
{
	const int prot = PROT_READ | PROT_WRITE;

	ring->map_size = larger(p->sq_off.array + p->sq_entries * sizeof(unsigned),
				p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe));
	ring->sqes_size = p->sq_entries * sizeof(struct io_uring_sqe);
	ring->map = mmap(NULL, ring->map_size, prot, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, ring->sqes_size, prot, MAP_SHARED, ring->fd, IORING_OFF_SQES);
	if (ring->map == MAP_FAILED || ring->sqes == MAP_FAILED)
		return ENOMEM;
	madvise(ring->map, ring->map_size, MADV_DONTFORK);
	madvise(ring->sqes, ring->sqes_size, MADV_DONTFORK);
	find_fields(ring, p);
	return 0;
}

int live_ring_open(struct live_ring *ring)
{
	struct io_uring_params p = { 0 };
	int error;

	*ring = (struct live_ring){ .map = MAP_FAILED, .sqes = MAP_FAILED };
	ring->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &p);
	if (ring->fd < 0)
		return errno;
	error = p.features & IORING_FEAT_SINGLE_MMAP ? map_ring(ring, &p) : ENOSYS;
	if (error)
		live_ring_close(ring);
	return error;
}

void live_ring_close(struct live_ring *ring)
{
	if (ring->fd < 0)
		return;
	if (ring->map != MAP_FAILED)
		munmap(ring->map, ring->map_size);
	if (ring->sqes != MAP_FAILED)
		munmap(ring->sqes, ring->sqes_size);
	close(ring->fd);
	ring->fd = -1;
}

static int submit(struct live_ring *ring, const struct io_uring_sqe *sqe)
{
	unsigned tail = *ring->sq_tail, slot = tail & *ring->sq_mask;

	ring->sqes[slot] = *sqe;
	ring->sq_array[slot] = slot;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);	/* pairs with the kernel's acquire */
	return syscall(SYS_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0) == 1 ? 0 : errno ? errno : EIO;
}

/* The one answer that is due; it can't be waited for without an end except by poll. */
static int await(struct live_ring *ring, int ms, int *result)
{
	int64_t end = live_now_ms() + ms;
	unsigned head = *ring->cq_head;

	while (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE)) {
		struct pollfd p = { .fd = ring->fd, .events = POLLIN };
		int64_t left = end - live_now_ms();

		if (left <= 0)
			return ETIMEDOUT;
		poll(&p, 1, (int)left);
	}
	*result = ring->cqes[head & *ring->cq_mask].res;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return 0;
}

int live_ring_transfer(struct live_ring *ring, int file, bool write, unsigned buffer, uint64_t at, uint64_t length,
		       uint64_t file_offset, int ms)
{
	while (length) {
		struct io_uring_sqe sqe = {
			.opcode = write ? IORING_OP_READ_FIXED : IORING_OP_WRITE_FIXED,
			.fd = file, .addr = at, .len = (unsigned)length, .off = file_offset,
			.buf_index = (unsigned short)buffer,
		};
		int moved = 0, error = submit(ring, &sqe);

		if (!error)
			error = await(ring, ms, &moved);
		if (error || moved <= 0)
			return error ? error : moved ? -moved : EIO;
		at += (uint64_t)moved;
		file_offset += (uint64_t)moved;
		length -= (uint64_t)moved;
	}
	return 0;
}

/* Explicitly: after a mere close the unpin comes at some later time. */
int live_ring_forget(struct live_ring *ring)
{
	return syscall(SYS_io_uring_register, ring->fd, IORING_UNREGISTER_BUFFERS, NULL, 0) < 0 ? errno : 0;
}

int live_ring_forget_one(struct live_ring *ring, unsigned buffer)
{
	struct iovec none = { 0 };
	struct io_uring_rsrc_update2 update = { .offset = buffer, .data = (uintptr_t)&none, .nr = 1 };
	long n = syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS_UPDATE, &update, sizeof(update));

	return n < 0 ? errno : 0;
}

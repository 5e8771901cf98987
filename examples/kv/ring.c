/*
 * ring.c - io_uring by its own system calls: one queue of reads and writes
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kv.h"

struct ring {
	int fd;
	struct io_uring_params params;
	size_t bytes, entries_bytes;
	unsigned char *rings;
	struct io_uring_sqe *entries;
};

static _Atomic unsigned *word(struct ring *ring, unsigned offset)
{
	return (_Atomic unsigned *)(void *)(ring->rings + offset);
}

struct ring *ring_open(unsigned depth)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	struct io_uring_params *params = ring ? &ring->params : NULL;
	size_t completions;

	if (!ring)
		return NULL;
	ring->fd = (int)syscall(SYS_io_uring_setup, depth, params);
	/* One mapping for both rings: since Linux 5.4. */
	if (ring->fd < 0 || !(params->features & IORING_FEAT_SINGLE_MMAP)) {
		ring_close(ring);
		return NULL;
	}
	ring->bytes = params->sq_off.array + params->sq_entries * sizeof(unsigned);
	completions = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
	if (ring->bytes < completions)
		ring->bytes = completions;
	ring->entries_bytes = params->sq_entries * sizeof(struct io_uring_sqe);
	ring->rings = mmap(NULL, ring->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->entries = mmap(NULL, ring->entries_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQES);
	if (ring->rings == MAP_FAILED || ring->entries == MAP_FAILED) {
		ring_close(ring);
		return NULL;
	}
	return ring;
}

void ring_close(struct ring *ring)
{
	if (!ring)
		return;
	if (ring->rings && ring->rings != MAP_FAILED)
		munmap(ring->rings, ring->bytes);
	if (ring->entries && ring->entries != MAP_FAILED)
		munmap(ring->entries, ring->entries_bytes);
	if (ring->fd >= 0)
		close(ring->fd);
	free(ring);
}

static int enter(struct ring *ring, unsigned submit, unsigned wait)
{
	long done;

	do {
		done = syscall(SYS_io_uring_enter, ring->fd, submit, wait, wait ? IORING_ENTER_GETEVENTS : 0u, NULL, 0);
	} while (done < 0 && errno == EINTR);
	if (done < 0)
		return -errno;
	return (unsigned)done == submit ? 0 : -EIO;
}

int ring_start(struct ring *ring, bool write, int fd, const struct iovec *iov, int count, uint64_t offset, unsigned id)
{
	_Atomic unsigned *tail = word(ring, ring->params.sq_off.tail);
	unsigned at = atomic_load_explicit(tail, memory_order_relaxed), index = at & (ring->params.sq_entries - 1);

	ring->entries[index] = (struct io_uring_sqe){
		.opcode = write ? IORING_OP_WRITEV : IORING_OP_READV, .fd = fd, .addr = (uintptr_t)iov,
		.len = (unsigned)count, .off = offset, .user_data = id,
	};
	atomic_store_explicit(word(ring, ring->params.sq_off.array) + index, index, memory_order_relaxed);
	/* Release: the entry, before the tail that tells of it. */
	atomic_store_explicit(tail, at + 1, memory_order_release);
	return enter(ring, 1, 0);
}

int ring_wait(struct ring *ring, unsigned *id, ssize_t *moved)
{
	_Atomic unsigned *head = word(ring, ring->params.cq_off.head), *tail = word(ring, ring->params.cq_off.tail);
	unsigned at = atomic_load_explicit(head, memory_order_relaxed);
	const struct io_uring_cqe *cqe = (const void *)(ring->rings + ring->params.cq_off.cqes);

	/* Acquire: what the device did, after the tail that tells of it. */
	while (atomic_load_explicit(tail, memory_order_acquire) == at) {
		int error = enter(ring, 0, 1);

		if (error)
			return error;
	}
	cqe += at & (ring->params.cq_entries - 1);
	*id = (unsigned)cqe->user_data;
	*moved = cqe->res;
	atomic_store_explicit(head, at + 1, memory_order_release);
	return 0;
}

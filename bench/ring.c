/*
 * ring.c - the system calls of ring.h, and why they can be refused
 */
#include "ring.h"
#include "bench.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int setup(struct io_uring_params *parameters)
{
	int ring = (int)syscall(SYS_io_uring_setup, 1, parameters);

	if (ring < 0 && errno == EPERM)
		impossible("refused here (sysctl kernel.io_uring_disabled, or a seccomp filter)");
	if (ring < 0)
		impossible("io_uring_setup: %s", strerror(errno));
	return ring;
}

int ring_open(void)
{
	struct io_uring_params parameters = { 0 };

	return setup(&parameters);
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

static unsigned char *map(int ring, size_t bytes, off_t what)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, what);

	if (memory == MAP_FAILED)
		impossible("mmap of a ring: %s", strerror(errno));
	return memory;
}

/* A word of a ring, which the system's offsets place. */
static uint32_t *word(unsigned char *ring, uint32_t offset)
{
	return (uint32_t *)(void *)(ring + offset);
}

void queue_open(struct queue *queue)
{
	struct io_uring_params parameters = { 0 };
	const struct io_sqring_offsets *submit = &parameters.sq_off;
	const struct io_cqring_offsets *done = &parameters.cq_off;
	unsigned char *ring;

	queue->ring = setup(&parameters);
	ring = map(queue->ring, submit->array + parameters.sq_entries * sizeof(uint32_t), IORING_OFF_SQ_RING);
	queue->tail = word(ring, submit->tail);
	queue->mask = word(ring, submit->ring_mask);
	queue->order = word(ring, submit->array);
	queue->requests = map(queue->ring, parameters.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	ring = map(queue->ring, done->cqes + parameters.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	queue->head = word(ring, done->head);
	queue->done_mask = word(ring, done->ring_mask);
	queue->results = ring + done->cqes;
}

int queue_read(struct queue *queue, int file, void *to, uint32_t bytes, uint64_t offset)
{
	uint32_t tail = *queue->tail, at = tail & *queue->mask, head = *queue->head;
	struct io_uring_sqe *request = (struct io_uring_sqe *)queue->requests + at;
	int result;

	*request = (struct io_uring_sqe){ .opcode = IORING_OP_READ_FIXED, .fd = file, .off = offset,
					  .addr = (uint64_t)(uintptr_t)to, .len = bytes };
	queue->order[at] = at;
	__atomic_store_n(queue->tail, tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, queue->ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -errno;
	result = ((struct io_uring_cqe *)queue->results + (head & *queue->done_mask))->res;
	__atomic_store_n(queue->head, head + 1, __ATOMIC_RELEASE);
	return result;
}

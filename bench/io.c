/*
 * io.c - a page read from a file: into a pinned page as a fixed buffer, and plainly
 *
 * The pool is one mapping, so it is registered once, as one fixed buffer, and every pin
 * lies inside.  A read is a pin, READ_FIXED, submitted and waited for in one system call,
 * and the unpin that marks the page dirty.  Beside it stands pread() of the same file,
 * opened once with O_DIRECT, into plain memory.  The two take turns read by read.
 *
 *	figures   0 pin + READ_FIXED + unpin   1 pread()
 */
#include "ring.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGES 512u
#define ROOM (PAGES + 64)
#define READS_A_ROUND 512u

struct reading {
	struct world world;
	struct queue queue;
	int file;
	unsigned char *plain;
	uint64_t blocks, random;
};

/* A file without a name, whose blocks have been written: else there is nothing to read. */
static int new_file(uint64_t mib)
{
	const char *directory = getenv("TMPDIR");
	unsigned char *bytes = must_have(aligned_alloc(PAGE, MIB));
	int file;

	if (!directory || !*directory)
		directory = "/var/tmp";
	file = open(directory, O_TMPFILE | O_RDWR | O_DIRECT | O_CLOEXEC, 0600);
	if (file < 0)
		impossible("a file for O_DIRECT in %.60s: %s", directory, strerror(errno));
	memset(bytes, 1, MIB);
	for (uint64_t i = 0; i < mib; i++)
		if (pwrite(file, bytes, MIB, (off_t)(i * MIB)) != (ssize_t)MIB)
			impossible("a file of %llu MiB in %.60s: %s", (unsigned long long)mib, directory,
				   strerror(errno));
	if (fsync(file))
		impossible("fsync: %s", strerror(errno));
	free(bytes);
	return file;
}

static void *io_begin(const struct trial *trial)
{
	struct reading *reading = must_have(calloc(1, sizeof(*reading)));
	struct iovec whole;

	world_begin(&reading->world, PAGES, ROOM, false);
	world_write(&reading->world);
	hf_pool_memory(reading->world.pool, &whole.iov_base, NULL, NULL);
	whole.iov_len = ROOM * PAGE;
	queue_open(&reading->queue);
	ring_pin(reading->queue.ring, &whole, 1);
	reading->file = new_file(trial->mib);
	reading->plain = must_have(aligned_alloc(PAGE, PAGES * PAGE));
	memset(reading->plain, 0, PAGES * PAGE);
	reading->blocks = trial->mib * MIB / PAGE;
	return reading;
}

static uint64_t block(struct reading *reading)
{
	reading->random = reading->random * 6364136223846793005u + 1442695040888963407u;
	return (reading->random >> 33) % reading->blocks * PAGE;
}

static void read_pinned(struct reading *reading, unsigned page, uint64_t offset)
{
	struct hf_pin pin = world_pin(reading->world.mm, reading->world.base + page * PAGE, PAGE, HF_PIN_WRITE);
	int got = queue_read(&reading->queue, reading->file, pin.iov[0].iov_base, (uint32_t)PAGE, offset);

	if (got != (int)PAGE)
		wrong("READ_FIXED: %s", got < 0 ? strerror(-got) : "too little");
	hf_unpin(&pin, HF_UNPIN_DIRTY);
}

static void read_plainly(struct reading *reading, unsigned page, uint64_t offset)
{
	if (pread(reading->file, reading->plain + page * PAGE, PAGE, (off_t)offset) != (ssize_t)PAGE)
		wrong("pread: %s", strerror(errno));
}

static void io_round(void *state, struct lap *lap)
{
	struct reading *reading = state;
	void (*const reads[])(struct reading *, unsigned page, uint64_t offset) = { read_pinned, read_plainly };

	world_expect(&reading->world);
	for (unsigned i = 0; i < READS_A_ROUND * 2; i++) {
		/* Pinned, plain, plain, pinned. */
		unsigned which = (i ^ i >> 1) & 1;
		uint64_t offset = block(reading), begin = clock_ns();

		reads[which](reading, i / 2 % PAGES, offset);
		lap->figures[which] += (double)(clock_ns() - begin) / READS_A_ROUND;
	}
	lap->units = READS_A_ROUND;
	EXPECTED(&reading->world, pin_fast, READS_A_ROUND);
}

const struct side io_holdfast = { "Holdfast", io_begin, io_round, NULL };

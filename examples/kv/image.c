/*
 * image.c - a store to a file and back, from and into pinned pages
 *
 *	snapshot   | saved and unmapped | pinned | pinned | pinned | to come
 *	                                     |        |        |
 *	file       | written            |    under way, in any order
 *
 * The bytes go to the device from where the pin says they are, with no buffer
 * between.  The file is written beside the old one and takes its name when all of
 * it is on the disk: under that name there is a whole image at any time.
 *
 * What saving costs is options->how.  A read pin follows the snapshot's own later
 * stores, whoever makes them, so a page that the fork left shared is copied for
 * it.  A plain reference (HF_PIN_GET) keeps the page, and the other side's stores
 * away from it; as nobody stores to this snapshot that is enough, and copies nothing.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kv.h"

#define BATCH (UINT64_C(1) << 20)
#define DEPTH 4u

struct batch {
	struct hf_pin pin;
	uint64_t offset;
	bool busy;
};

struct transfer {
	struct ring *ring;	/* NULL: preadv() and pwritev() */
	struct hf_mm *mm;
	uint64_t base, bytes, next;
	unsigned how, under_way;
	int fd;
	bool save;
	struct batch batches[DEPTH];
};

/* The device stopped short of the end: move the rest, or find the reason. */
static int batch_rest(struct transfer *t, const struct batch *batch, size_t done)
{
	size_t before = 0;

	for (int i = 0; i < batch->pin.iovcnt; before += batch->pin.iov[i++].iov_len) {
		const struct iovec *run = &batch->pin.iov[i];

		while (done - before < run->iov_len) {
			char *at = (char *)run->iov_base + (done - before);
			size_t length = run->iov_len - (done - before);
			off_t offset = (off_t)(batch->offset + done);
			ssize_t moved = t->save ? pwrite(t->fd, at, length, offset) : pread(t->fd, at, length, offset);

			if (moved < 0 && errno == EINTR)
				continue;
			if (moved <= 0)
				return moved ? -errno : -EIO;
			done += (size_t)moved;
		}
	}
	return 0;
}

static int batch_finish(struct transfer *t, struct batch *batch, ssize_t moved)
{
	int error = moved < 0 ? (int)moved : batch_rest(t, batch, (size_t)moved);

	batch->busy = false;
	hf_unpin(&batch->pin, t->save ? 0 : HF_UNPIN_DIRTY);
	/* What is saved is needed no more: give the pages back. */
	return error || !t->save ? error : hf_unmap(t->mm, t->base + batch->offset, batch->pin.length);
}

static int batch_start(struct transfer *t, unsigned id)
{
	struct batch *batch = &t->batches[id];
	uint64_t wanted = t->bytes - t->next < BATCH ? t->bytes - t->next : BATCH;
	ssize_t moved, pinned = hf_pin(t->mm, t->base + t->next, wanted, t->how, "kv image", &batch->pin);
	const struct iovec *iov;
	int error, count;

	if (pinned < 0)
		return (int)pinned;
	iov = batch->pin.iov;
	count = batch->pin.iovcnt;
	batch->offset = t->next;
	t->next += (uint64_t)pinned;	/* less than wanted, perhaps: the next batch goes on from there */
	if (t->ring) {
		error = ring_start(t->ring, t->save, t->fd, iov, count, batch->offset, id);
		batch->busy = !error;
		t->under_way += !error;
		if (error)
			hf_unpin(&batch->pin, 0);
		return error;
	}
	moved = t->save ? pwritev(t->fd, iov, count, (off_t)batch->offset) :
			  preadv(t->fd, iov, count, (off_t)batch->offset);
	return batch_finish(t, batch, moved < 0 ? -errno : moved);
}

/* All of it.  After the first error nothing more is started, and all that is under way is waited for. */
static int transfer_run(struct transfer *t)
{
	int error = 0, failed;
	ssize_t moved;
	unsigned id;

	while (t->under_way || (!error && t->next < t->bytes)) {
		for (id = 0; !error && t->next < t->bytes && id < DEPTH; id++)
			if (!t->batches[id].busy)
				error = batch_start(t, id);
		if (!t->under_way)
			continue;
		/* Without an answer the device may still be at it: then the pins stay. */
		failed = ring_wait(t->ring, &id, &moved);
		if (failed)
			return failed;
		t->under_way--;
		failed = batch_finish(t, &t->batches[id], moved);
		error = error ? error : failed;
	}
	return error;
}

static int transfer(const struct options *options, struct store *store, int fd, bool save)
{
	struct transfer t = {
		.ring = options->plain ? NULL : ring_open(DEPTH), .mm = store->mm, .base = store->base,
		.bytes = store_bytes(store->slots), .how = save ? options->how : HF_PIN_WRITE, .fd = fd, .save = save,
	};
	int error = transfer_run(&t);

	ring_close(t.ring);
	return error;
}

static int sync_directory_of(const char *path)
{
	char copy[PATH_MAX];
	int fd, error;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = fsync(fd) ? -errno : 0;
	close(fd);
	return error;
}

int image_save(const struct options *options, struct store *snapshot, const char *path)
{
	char beside[PATH_MAX];
	struct stat old;
	int fd, error;

	/* A rename would put a file in the place of a device. */
	if (!stat(path, &old) && !S_ISREG(old.st_mode))
		return -ENOTSUP;
	if (snprintf(beside, sizeof(beside), "%s.XXXXXX", path) >= (int)sizeof(beside))
		return -ENAMETOOLONG;
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = transfer(options, snapshot, fd, true);
	if (!error && fsync(fd))
		error = -errno;
	if (close(fd) && !error)
		error = -errno;
	if (!error && rename(beside, path))
		error = -errno;
	if (!error)
		return sync_directory_of(path);
	unlink(beside);
	return error;
}

static int load_from(const struct options *options, struct hf_pool *pool, int fd, struct store *store)
{
	struct header header;
	struct stat status;
	ssize_t got = pread(fd, &header, sizeof(header), 0);
	int error;

	if (got < 0 || fstat(fd, &status))
		return -errno;
	if (got < (ssize_t)sizeof(header) || !header_is_good(&header) ||
	    (uint64_t)status.st_size != store_bytes(header.slots))
		return -EBADMSG;
	error = store_create(pool, header.slots, store);
	if (error)
		return error;
	error = transfer(options, store, fd, false);
	if (error)
		store_destroy(store);
	return error;
}

int image_load(const struct options *options, struct hf_pool *pool, const char *path, struct store *store)
{
	int error, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	error = load_from(options, pool, fd, store);
	close(fd);
	return error;
}

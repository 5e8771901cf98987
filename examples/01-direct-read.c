/*
 * 01-direct-read.c - a disk reads into half a page while its owner forks
 *
 *	cc -Iinclude -o build/direct-read examples/01-direct-read.c build/libholdfast.a -lpthread
 *
 * The page holds other data too, which the owner stores to between the fork and
 * the arrival of the bytes.  Without the promise that is where they get lost: the
 * store breaks COW, the owner goes on with a copy, and the disk fills the old page.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "holdfast.h"

static long must(const char *what, long result)
{
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", what, strerror((int)-result));
		exit(1);
	}
	return result;
}

int main(void)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = 1 << 20 };
	char sector[512] = "from the disk", name[] = "direct-read.XXXXXX", text[32];
	struct hf_pool *pool;
	struct hf_mm *owner, *child;
	struct hf_pin pin;
	uint64_t page = 0;
	int fd = mkstemp(name);

	if (fd < 0 || unlink(name) || write(fd, sector, sizeof(sector)) != sizeof(sector))
		must(name, -errno);
	if (fcntl(fd, F_SETFL, O_DIRECT))
		puts("no O_DIRECT on this file system: through the page cache, then");
	must("pool", hf_pool_create(&config, &pool));
	must("mm", hf_mm_create(pool, &owner));
	must("map", hf_map(owner, &page, 4096, HF_PROT_WRITE, HF_MAP_PRIVATE, NULL, 0));

	must("pin", hf_pin(owner, page + 512, sizeof(sector), HF_PIN_WRITE, "disk", &pin));
	must("fork", hf_mm_fork(owner, HF_FORK_COPY, NULL, &child));
	must("write", hf_write(owner, page, "a neighbour", 12));
	if (preadv(fd, pin.iov, pin.iovcnt, 0) != sizeof(sector))
		must("preadv", -errno);
	must("unpin", hf_unpin(&pin, HF_UNPIN_DIRTY));

	must("read", hf_read(owner, page + 512, text, sizeof(text)));
	printf("the owner finds \"%s\" beside ", text);
	must("read", hf_read(owner, page, text, sizeof(text)));
	printf("\"%s\"; ", text);
	must("read", hf_read(child, page + 512, text, sizeof(text)));
	printf("the child finds \"%s\"\n", text);
	hf_mm_destroy(child);
	hf_mm_destroy(owner);
	return hf_pool_destroy(pool) ? 1 : 0;
}

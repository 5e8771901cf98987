/*
 * memory.c - the memory of a pool: a file of its own, or anonymous memory
 *
 * A file (memfd) has a descriptor, and a child of the process shares it.  The system's
 * huge pages make the direct map a good deal faster to go through, and most systems give
 * none to a memfd, but some to anonymous memory that asks for them (transparent_hugepage/
 * shmem_enabled and enabled, below /sys/kernel/mm).  So who does not say what he wants gets
 * a file where that may have huge pages or nothing may, and else anonymous memory.
 *
 * A child of the process does not inherit anonymous memory (MADV_DONTFORK): the parent's
 * pages would be copied on its next store, and what a device does to them would be lost.
 *
 * Each begins at a multiple of 2 MiB, so that a block of the pool is one of the system's.
 */
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "holdfast.h"

#define HUGE_BYTES (UINT64_C(2) << 20)

/* Is the word chosen in a file of the kernel's, as in "always [madvise] never", one of these? */
static bool one_of(const char *path, const char *const *words)
{
	FILE *file = fopen(path, "re");
	char text[128] = "", chosen[32];
	bool found = false;

	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	for (; *words && !found; words++) {
		snprintf(chosen, sizeof(chosen), "[%s]", *words);
		found = strstr(text, chosen) != NULL;
	}
	return found;
}

static bool gets_huge_pages(unsigned kind)
{
	static const char *const of_files[] = { "always", "within_size", "advise", "force", NULL };
	static const char *const of_others[] = { "always", "madvise", NULL };

	return kind == HF_MEMORY_FILE ? one_of("/sys/kernel/mm/transparent_hugepage/shmem_enabled", of_files) :
					one_of("/sys/kernel/mm/transparent_hugepage/enabled", of_others);
}

/* Addresses from a multiple of 2 MiB on, with nothing behind them yet; NULL: there are none. */
static unsigned char *find_room(uint64_t bytes)
{
	unsigned char *start = mmap(NULL, bytes + HUGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t before;

	if (start == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)start % HUGE_BYTES;
	if (before)
		munmap(start, before);
	if (HUGE_BYTES - before)
		munmap(start + before + bytes, HUGE_BYTES - before);
	return start + before;
}

static int map_memory(uint64_t bytes, void **base, int fd)
{
	int how = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	unsigned char *room = find_room(bytes);
	int error;

	if (!room)
		return -errno;
	*base = mmap(room, bytes, PROT_READ | PROT_WRITE, how | MAP_NORESERVE | MAP_FIXED, fd, 0);
	if (*base != MAP_FAILED && (fd >= 0 || !madvise(*base, bytes, MADV_DONTFORK)))
		return 0;
	error = errno;
	munmap(room, bytes);
	return -error;
}

static int open_file(uint64_t bytes, int *fd)
{
	struct rlimit limit;
	int error;

	/* Asked first: going over the limit would end the program with SIGXFSZ. */
	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY && bytes > limit.rlim_cur)
		return -EFBIG;
	*fd = memfd_create("holdfast", MFD_CLOEXEC);
	if (*fd < 0)
		return -errno;
	if (!ftruncate(*fd, (off_t)bytes))
		return 0;
	error = errno;
	close(*fd);
	return -error;
}

static int open_kind(uint64_t bytes, void **base, int *fd, unsigned *kind)
{
	int error = *kind == HF_MEMORY_FILE ? open_file(bytes, fd) : 0;

	if (error)
		return error;
	error = map_memory(bytes, base, *fd);
	if (error && *fd >= 0)
		close(*fd);
	if (!error && bytes >= HUGE_BYTES && gets_huge_pages(*kind) && !madvise(*base, bytes, MADV_HUGEPAGE))
		*kind |= HF_MEMORY_HUGE;
	return error;
}

int plat_pool_open(uint64_t bytes, void **base, int *fd, unsigned *kind)
{
	unsigned wanted = *kind, other;
	int error;

	*fd = -1;
	if (wanted != HF_MEMORY_ANY)
		return open_kind(bytes, base, fd, kind);
	*kind = bytes < HUGE_BYTES || gets_huge_pages(HF_MEMORY_FILE) || !gets_huge_pages(HF_MEMORY_ANONYMOUS) ?
		HF_MEMORY_FILE : HF_MEMORY_ANONYMOUS;
	other = HF_MEMORY_FILE + HF_MEMORY_ANONYMOUS - *kind;
	error = open_kind(bytes, base, fd, kind);
	if (!error)
		return 0;
	/* No descriptor left, say: the other may be had, and the error is that of the first. */
	*fd = -1;
	*kind = other;
	return open_kind(bytes, base, fd, kind) ? error : 0;
}

void plat_pool_close(void *base, uint64_t bytes, int fd)
{
	munmap(base, bytes);
	if (fd >= 0)
		close(fd);
}

/*
 * test_memory.c - what a pool's memory is: a file, or anonymous memory
 */
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

enum { PAGES = 2048 };

/* A pool of a kind, in place of the test's own; or the error. */
static int pool_of(uint64_t kind, struct hf_pool **other)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = PAGES * P, .memory = kind };

	return hf_pool_create(&config, other);
}

static unsigned char *memory_of(struct hf_pool *other, int *fd)
{
	uint64_t bytes;
	void *base;

	hf_pool_memory(other, &base, &bytes, fd);
	CHECK_INT(PAGES * P, bytes);
	CHECK_INT(0, (uintptr_t)base % HF_HUGE_BYTES);
	return base;
}

/* A mapping of a pool's, with a byte in it, and where that stands in this process. */
static volatile unsigned char *byte_in(struct hf_pool *other, struct hf_mm **mm, struct hf_pin *pin)
{
	uint64_t at = 0;

	must(!hf_mm_create(other, mm), "hf_mm_create");
	must(!hf_map(*mm, &at, P, RW, HF_MAP_PRIVATE, NULL, 0), "hf_map");
	put(*mm, at + 5, 0x5a);
	*pin = pin_it(*mm, at, P, HF_PIN_WRITE);
	return pinned(pin, 5);
}

static void end(struct hf_pool *other, struct hf_mm *mm, struct hf_pin *pin)
{
	CHECK_INT(0, hf_unpin(pin, 0));
	hf_mm_destroy(mm);
	CHECK_INT(0, hf_pool_destroy(other));
}

/* What a child of the process finds at that address: the byte, or -errno. */
static int seen_by_child(volatile unsigned char *byte)
{
	int ends[2], status = 0, error;
	unsigned char found = 0;
	pid_t child;

	must(!pipe(ends), "pipe");
	child = fork();
	must(child >= 0, "fork");
	if (!child) {
		/* The kernel reads it, so that what is not there is no signal. */
		error = write(ends[1], (const void *)(uintptr_t)byte, 1) == 1 ? 0 : errno;
		_exit(error);
	}
	must(waitpid(child, &status, 0) == child && WIFEXITED(status), "waitpid");
	if (!WEXITSTATUS(status))
		must(read(ends[0], &found, 1) == 1, "read");
	close(ends[0]);
	close(ends[1]);
	return WEXITSTATUS(status) ? -WEXITSTATUS(status) : found;
}

static void a_file_is_the_same_memory(void)
{
	struct hf_pool *other;
	volatile unsigned char *byte;
	unsigned char read = 0, *base;
	struct hf_mm *mm;
	struct hf_pin pin;
	int fd = -1;

	NEED_INT(0, pool_of(HF_MEMORY_FILE, &other));
	CHECK_INT(HF_MEMORY_FILE, hf_pool_memory_kind(other) & ~(unsigned)HF_MEMORY_HUGE);
	base = memory_of(other, &fd);
	byte = byte_in(other, &mm, &pin);
	CHECK_INT(1, pread(fd, &read, 1, byte - base));
	CHECK_INT(0x5a, read);
	CHECK_INT(0x5a, seen_by_child(byte));
	end(other, mm, &pin);
}

/* Coherent: or a fork of the process would part the pinned page from what a device has of it. */
static void coherent_anonymous_memory_is_not_for_children(void)
{
	struct hf_pool *other;
	volatile unsigned char *byte;
	struct hf_mm *mm;
	struct hf_pin pin;
	int fd = 0;

	NEED_INT(0, pool_of(HF_MEMORY_ANONYMOUS, &other));
	CHECK_INT(HF_MEMORY_ANONYMOUS, hf_pool_memory_kind(other) & ~(unsigned)HF_MEMORY_HUGE);
	memory_of(other, &fd);
	CHECK_INT(-1, fd);
	byte = byte_in(other, &mm, &pin);
	CHECK_INT(-EFAULT, seen_by_child(byte));
	CHECK_INT(0x5a, *byte);
	end(other, mm, &pin);
}

static void any_is_one_of_the_two(void)
{
	struct hf_pool *other;
	unsigned kind;
	int fd = 0;

	NEED_INT(0, pool_of(HF_MEMORY_ANY, &other));
	kind = hf_pool_memory_kind(other);
	memory_of(other, &fd);
	CHECK((kind & ~(unsigned)HF_MEMORY_HUGE) == (fd < 0 ? HF_MEMORY_ANONYMOUS : HF_MEMORY_FILE));
	/* Without huge pages there is no reason for memory that has no file. */
	CHECK(fd >= 0 || (kind & HF_MEMORY_HUGE));
	CHECK_INT(0, hf_pool_destroy(other));
	CHECK_INT(0, hf_pool_memory_kind(NULL));
	CHECK_INT(-EINVAL, pool_of(HF_MEMORY_ANONYMOUS + 1, &other));
	CHECK_INT(-EINVAL, pool_of(HF_MEMORY_FILE | HF_MEMORY_HUGE, &other));
}

/* With a limit of the process's lowered: what the three kinds answer. */
static void answers(int resource, rlim_t most, int answer[3])
{
	struct rlimit before, less;

	must(!getrlimit(resource, &before), "getrlimit");
	less = before;
	less.rlim_cur = most;
	must(!setrlimit(resource, &less), "setrlimit");
	for (uint64_t kind = 0; kind < 3; kind++) {
		struct hf_pool *other;

		answer[kind] = pool_of(kind, &other);
		if (!answer[kind])
			must(!hf_pool_destroy(other), "hf_pool_destroy");
	}
	must(!setrlimit(resource, &before), "setrlimit");
}

static void where_no_file_can_be_had_anonymous_memory_can(void)
{
	int answer[3];

	answers(RLIMIT_FSIZE, 4096, answer);
	CHECK_INT(0, answer[HF_MEMORY_ANY]);
	CHECK_INT(-EFBIG, answer[HF_MEMORY_FILE]);
	CHECK_INT(0, answer[HF_MEMORY_ANONYMOUS]);
	answers(RLIMIT_NOFILE, 0, answer);
	CHECK_INT(0, answer[HF_MEMORY_ANY]);
	CHECK_INT(-EMFILE, answer[HF_MEMORY_FILE]);
	CHECK_INT(0, answer[HF_MEMORY_ANONYMOUS]);
}

int main(void)
{
	TEST(a_file_is_the_same_memory);
	TEST(coherent_anonymous_memory_is_not_for_children);
	TEST(any_is_one_of_the_two);
	TEST(where_no_file_can_be_had_anonymous_memory_can);
	return closing_line();
}

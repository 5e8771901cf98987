/*
 * world.c - memory for the sides (world.h)
 */
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

const unsigned char line[LINE] = "sixty-four bytes";

/* Numbers 0 to count - 1; at random: always the same way, so that runs can be compared. */
uint32_t *order_of(uint64_t count, bool scattered)
{
	uint32_t *order = must_have(malloc(count * sizeof(*order)));
	uint64_t random = 0x9e3779b97f4a7c15u;

	for (uint64_t i = 0; i < count; i++)
		order[i] = (uint32_t)i;
	for (uint64_t i = count; scattered && i > 1; i--) {
		uint64_t other;
		uint32_t swapped = order[i - 1];

		random = random * 6364136223846793005u + 1442695040888963407u;
		other = (random >> 33) % i;
		order[i - 1] = order[other];
		order[other] = swapped;
	}
	return order;
}

static void touch(unsigned char *base, uint64_t pages)
{
	for (uint64_t page = 0; page < pages; page++)
		*(volatile unsigned char *)(base + page * PAGE) = 0;
}

/* ---- Holdfast ------------------------------------------------------------------------ */

void must_be_0(int error, const char *call)
{
	if (error == -ENOMEM)
		impossible("%s: %s", call, strerror(-error));
	if (error)
		wrong("%s: %s", call, strerror(-error));
}

void world_begin(struct world *world, uint64_t pages, uint64_t room, bool scattered)
{
	world_begin_of(world, pages, room, scattered, HF_MEMORY_ANY, 0);
}

void world_begin_of(struct world *world, uint64_t pages, uint64_t room, bool scattered, unsigned kind, unsigned flags)
{
	struct hf_pool_config config = {
		.size = sizeof(config), .bytes = room * PAGE, .longterm_bytes = room * PAGE, .memory = kind,
	};
	void *memory;

	*world = (struct world){ .pages = pages, .room = room, .order = order_of(pages, scattered), .flags = flags };
	must_be_0(hf_pool_create(&config, &world->pool), "hf_pool_create");
	/* Nothing lives in it yet, so its pages may be written from here. */
	hf_pool_memory(world->pool, &memory, NULL, NULL);
	touch(memory, room);
	must_be_0(hf_mm_create(world->pool, &world->mm), "hf_mm_create");
	world_map(world);
}

void world_map(struct world *world)
{
	must_be_0(hf_map(world->mm, &world->base, world->pages * PAGE, HF_PROT_READ | HF_PROT_WRITE,
			 HF_MAP_PRIVATE | world->flags, NULL, 0), "hf_map");
}

void world_unmap(struct world *world)
{
	must_be_0(hf_unmap(world->mm, world->base, world->pages * PAGE), "hf_unmap");
}

void world_write(struct world *world)
{
	for (uint64_t i = 0; i < world->pages; i++)
		if (hf_write(world->mm, world->base + world->order[i] * PAGE, line, LINE) != LINE)
			wrong("hf_write did not write");
}

void world_write_stamped(struct world *world, uint32_t *ticks)
{
	uint64_t then = clock_ticks(), now;

	for (uint64_t i = 0; i < world->pages; i++, then = now) {
		if (hf_write(world->mm, world->base + world->order[i] * PAGE, line, LINE) != LINE)
			wrong("hf_write did not write");
		now = clock_ticks();
		ticks[i] = (uint32_t)(now - then);
	}
}

struct hf_pin world_pin(struct hf_mm *mm, uint64_t address, uint64_t length, unsigned how)
{
	struct hf_pin pin;
	ssize_t pinned = hf_pin(mm, address, length, how, "bench", &pin);

	if (pinned != (ssize_t)length)
		wrong("hf_pin of %llu bytes: %zd", (unsigned long long)length, pinned);
	return pin;
}

struct hf_mm *world_fork(struct world *world)
{
	struct hf_mm *child;

	must_be_0(hf_mm_fork(world->mm, HF_FORK_COPY, NULL, &child), "hf_mm_fork");
	return child;
}

void world_expect(struct world *world)
{
	hf_pool_stats(world->pool, &world->before);
}

void world_expected(struct world *world, const char *what, size_t offset, uint64_t by)
{
	struct hf_stats now;
	uint64_t grown;

	hf_pool_stats(world->pool, &now);
	grown = *(uint64_t *)(void *)((char *)&now + offset) - *(uint64_t *)(void *)((char *)&world->before + offset);
	if (grown != by)
		wrong("expected %s to grow by %llu, and it grew by %llu", what, (unsigned long long)by,
		      (unsigned long long)grown);
}

/* ---- the kernel ------------------------------------------------------------------------- */

static unsigned char *map_plain(uint64_t pages, bool huge)
{
	void *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			    -1, 0);

	if (memory == MAP_FAILED)
		impossible("mmap: %s", strerror(errno));
	/* Fails where there are no huge pages, and then it is not needed. */
	if (madvise(memory, pages * PAGE, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) && huge)
		impossible("MADV_HUGEPAGE: %s", strerror(errno));
	return memory;
}

void plain_begin(struct plain *plain, uint64_t pages, uint64_t room, bool scattered)
{
	unsigned char *memory = map_plain(room, false);

	if (sysconf(_SC_PAGESIZE) != (long)PAGE)
		impossible("the system's pages are of %ld bytes, not 4096", sysconf(_SC_PAGESIZE));
	touch(memory, room);
	munmap(memory, room * PAGE);
	*plain = (struct plain){ .pages = pages, .order = order_of(pages, scattered) };
	plain_map(plain);
}

static long faults_now(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* As many faults as there are huge pages, or it has not got them. */
void plain_begin_huge(struct plain *plain, uint64_t pages)
{
	*plain = (struct plain){ .pages = pages, .order = order_of(pages, false), .huge = true };
	for (unsigned again = 0; again < 2; again++) {
		if (again)
			plain_unmap(plain);
		plain_map(plain);
		plain_expect(plain);
		touch(plain->base, pages);
	}
	if (faults_now() - plain->faults > (long)(pages * PAGE / HUGE * 2))
		impossible("the system gives no huge pages");
}

void plain_map(struct plain *plain)
{
	uint64_t more = plain->huge ? HUGE / PAGE : 0;
	unsigned char *memory = map_plain(plain->pages + more, plain->huge);

	plain->base = memory;
	if (!plain->huge)
		return;
	/* At a multiple of their size; what is before and behind is given back. */
	plain->base += -(uintptr_t)memory % HUGE;
	if (plain->base != memory)
		munmap(memory, (size_t)(plain->base - memory));
	munmap(plain->base + plain->pages * PAGE, HUGE - (size_t)(plain->base - memory));
}

void plain_unmap(struct plain *plain)
{
	munmap(plain->base, plain->pages * PAGE);
}

void plain_write_stamped(struct plain *plain, uint32_t *ticks)
{
	uint64_t then = clock_ticks(), now;

	for (uint64_t i = 0; i < plain->pages; i++, then = now) {
		memcpy(plain->base + plain->order[i] * PAGE, line, LINE);
		__asm__ volatile("" : : : "memory");
		now = clock_ticks();
		ticks[i] = (uint32_t)(now - then);
	}
}

void plain_write(struct plain *plain)
{
	for (uint64_t i = 0; i < plain->pages; i++) {
		memcpy(plain->base + plain->order[i] * PAGE, line, LINE);
		/* Each line on its own, as through the mm. */
		__asm__ volatile("" : : : "memory");
	}
}

void plain_expect(struct plain *plain)
{
	plain->faults = faults_now();
}

void plain_expected(const struct plain *plain, uint64_t faults)
{
	long found = faults_now() - plain->faults;

	if (found < (long)faults)
		impossible("the kernel served %ld faults for %llu pages: not 4 KiB pages?", found,
			   (unsigned long long)faults);
}

/* ---- a child ------------------------------------------------------------------------------- */

static _Noreturn void hold_still(int ends[2])
{
	char byte;

	/* So that the end of the parent, too, is the end of the waiting. */
	close(ends[1]);
	while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

void held_fork(struct held *held, uint64_t *fork_ns)
{
	uint64_t begin;
	int ends[2];

	if (pipe(ends))
		impossible("pipe: %s", strerror(errno));
	begin = clock_ns();
	held->pid = fork();
	*fork_ns = clock_ns() - begin;
	if (held->pid < 0)
		impossible("fork: %s", strerror(errno));
	if (!held->pid)
		hold_still(ends);
	close(ends[0]);
	held->go = ends[1];
}

void held_end(struct held *held)
{
	close(held->go);
	if (waitpid(held->pid, NULL, 0) < 0)
		wrong("waitpid: %s", strerror(errno));
}

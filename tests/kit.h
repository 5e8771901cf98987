/*
 * kit.h - short words for tests against the library: an mm, a mapping, a byte
 *
 * Everything here must succeed, and ends the test program if it does not: a test
 * says what it is about, not how it got there.
 */
#ifndef HOLDFAST_KIT_H
#define HOLDFAST_KIT_H

#include "harness.h"

#define P ((uint64_t)hf_page_size())
#define RW (HF_PROT_READ | HF_PROT_WRITE)
#define R HF_PROT_READ

static inline void must(bool good, const char *what)
{
	if (good)
		return;
	printf("FAIL %s: %s, on the way to what it is about\n", harness.name, what);
	fflush(stdout);
	exit(1);
}

static inline struct hf_mm *new_mm(void)
{
	struct hf_mm *mm;

	must(!hf_mm_create(pool, &mm), "hf_mm_create");
	return mm;
}

static inline struct hf_object *new_object(uint64_t pages)
{
	struct hf_object *object;

	must(!hf_object_create(pool, pages * P, &object), "hf_object_create");
	return object;
}

static inline uint64_t map_at(struct hf_mm *mm, uint64_t address, uint64_t pages, unsigned prot, unsigned flags,
			      struct hf_object *object)
{
	must(!hf_map(mm, &address, pages * P, prot, flags, object, 0), "hf_map");
	return address;
}

static inline uint64_t map_anon(struct hf_mm *mm, uint64_t pages, unsigned prot)
{
	return map_at(mm, 0, pages, prot, HF_MAP_PRIVATE, NULL);
}

static inline struct hf_mm *fork_mm(struct hf_mm *mm)
{
	struct hf_mm *child;

	must(!hf_mm_fork(mm, HF_FORK_COPY, NULL, &child), "hf_mm_fork");
	return child;
}

static inline void put(struct hf_mm *mm, uint64_t address, int byte)
{
	must(hf_fill(mm, address, byte, 1) == 1, "hf_fill");
}

static inline void fill(struct hf_mm *mm, uint64_t address, int byte, size_t length)
{
	must(hf_fill(mm, address, byte, length) == (ssize_t)length, "hf_fill");
}

/* The byte there, or a negative errno. */
static inline int get(struct hf_mm *mm, uint64_t address)
{
	unsigned char byte;
	ssize_t n = hf_read(mm, address, &byte, 1);

	return n < 0 ? (int)n : byte;
}

static inline int object_byte(struct hf_object *object, uint64_t offset)
{
	unsigned char byte;
	ssize_t n = hf_object_read(object, offset, &byte, 1);

	return n < 0 ? (int)n : n == 0 ? -1 : byte;
}

static inline struct hf_pin pin_it(struct hf_mm *mm, uint64_t address, size_t length, unsigned how)
{
	struct hf_pin pin;

	must(hf_pin(mm, address, length, how, "kit", &pin) == (ssize_t)length, "hf_pin");
	return pin;
}

/* Where a byte of a pin is. */
static inline volatile unsigned char *pinned(const struct hf_pin *pin, size_t offset)
{
	for (int i = 0; i < pin->iovcnt; i++) {
		if (offset < pin->iov[i].iov_len)
			return (volatile unsigned char *)pin->iov[i].iov_base + offset;
		offset -= pin->iov[i].iov_len;
	}
	must(false, "a byte of a pin");
	return NULL;
}

/* A result as pin calls give it: 0 or the error; a pin that came to be is unpinned. */
static inline int try_pin(struct hf_mm *mm, uint64_t address, size_t length, unsigned how)
{
	struct hf_pin pin;
	ssize_t n = hf_pin(mm, address, length, how, "try", &pin);

	if (n > 0)
		must(!hf_unpin(&pin, 0), "hf_unpin");
	return n < 0 ? (int)n : 0;
}

static inline struct hf_stats stats_now(void)
{
	struct hf_stats stats;

	hf_pool_stats(pool, &stats);
	return stats;
}

#endif

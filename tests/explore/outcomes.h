/*
 * outcomes.h - sets of equally long rows of bytes: what programs came to, states gone through
 *
 * What a memory model allows a program is a set of outcomes; two searches, or a
 * search and an oracle, agree when their sets are equal.  A header alone, so that
 * a test program is one file.
 */
#ifndef HOLDFAST_TEST_OUTCOMES_H
#define HOLDFAST_TEST_OUTCOMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All zero but for `bytes` is an empty one. */
struct rows {
	size_t bytes;		/* of a row */
	size_t count, room;	/* room: a power of two, at least twice the count */
	unsigned char *rows;
	bool *taken;
};

static inline uint64_t rows_hash(const void *row, size_t bytes)
{
	const unsigned char *at = row;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 29;
}

/* Where the row is, or would be. */
static inline size_t rows_place(const struct rows *set, const void *row)
{
	size_t at = (size_t)rows_hash(row, set->bytes) & (set->room - 1);

	while (set->taken[at] && memcmp(set->rows + at * set->bytes, row, set->bytes) != 0)
		at = (at + 1) & (set->room - 1);
	return at;
}

static inline bool rows_has(const struct rows *set, const void *row)
{
	return set->room && set->taken[rows_place(set, row)];
}

static inline void rows_free(struct rows *set)
{
	free(set->rows);
	free(set->taken);
	*set = (struct rows){ .bytes = set->bytes };
}

/* The i-th place: NULL when no row is there.  For going through all of them, i from 0 to room. */
static inline const void *rows_at(const struct rows *set, size_t i)
{
	return set->taken[i] ? set->rows + i * set->bytes : NULL;
}

static inline void rows_grow(struct rows *set)
{
	struct rows more = { .bytes = set->bytes, .count = set->count, .room = set->room ? set->room * 2 : 64 };

	more.rows = malloc(more.room * more.bytes);
	more.taken = calloc(more.room, sizeof(*more.taken));
	if (!more.rows || !more.taken) {
		fputs("no memory for the outcomes\n", stderr);
		exit(2);
	}
	for (size_t i = 0; i < set->room; i++) {
		const void *row = rows_at(set, i);

		if (row) {
			size_t at = rows_place(&more, row);

			memcpy(more.rows + at * more.bytes, row, more.bytes);
			more.taken[at] = true;
		}
	}
	free(set->rows);
	free(set->taken);
	*set = more;
}

/* False when it was there before. */
static inline bool rows_add(struct rows *set, const void *row)
{
	size_t at;

	if (set->room < 2 * (set->count + 1))
		rows_grow(set);
	at = rows_place(set, row);
	if (set->taken[at])
		return false;
	memcpy(set->rows + at * set->bytes, row, set->bytes);
	set->taken[at] = true;
	set->count++;
	return true;
}

/* A row of the first that the second has not; NULL: there is none. */
static inline const void *rows_beyond(const struct rows *set, const struct rows *other)
{
	for (size_t i = 0; i < set->room; i++) {
		const void *row = rows_at(set, i);

		if (row && !rows_has(other, row))
			return row;
	}
	return NULL;
}

static inline bool rows_equal(const struct rows *a, const struct rows *b)
{
	return a->count == b->count && !rows_beyond(a, b);
}

#endif

/*
 * kv.h - the parts of the example.  Calls return 0 or a negative errno, as the library's do.
 */
#ifndef KV_H
#define KV_H

#include <pthread.h>
#include <stdbool.h>

#include "holdfast.h"

#define KEY_BYTES 32u	/* with the NUL */
#define VALUE_BYTES 96u

/* A store, in memory and in a file: one page with a header, then the slots of a hash table. */
struct header {
	char magic[8];
	uint64_t slots;
	uint64_t sets;	/* how many there have been: the store's clock */
};

struct slot {
	char key[KEY_BYTES], value[VALUE_BYTES];	/* no key: empty */
};

struct store {
	struct hf_mm *mm;
	uint64_t base, slots;
};

struct options {
	uint64_t keys;
	unsigned snapshots;
	const char *file;
	bool plain;	/* preadv() and pwritev(), no io_uring */
	unsigned how;	/* saving takes HF_PIN_READ or HF_PIN_GET: see image.c */
};

/* store.c: keys and values in an address space.  One thread at a time sets. */
uint64_t store_bytes(uint64_t slots);
uint64_t store_slots_for(uint64_t keys);
int store_create(struct hf_pool *pool, uint64_t slots, struct store *store);
int store_snapshot(struct store *store, struct store *snapshot);	/* between two sets */
void store_destroy(struct store *store);
int store_get(struct store *store, const char *key, char value[VALUE_BYTES]);
int store_set(struct store *store, const char *key, const char *value);
int store_header(struct store *store, struct header *header);
bool header_is_good(const struct header *header);

/* image.c: a store to a file, and back.  A saved snapshot is empty afterwards. */
int image_save(const struct options *options, struct store *snapshot, const char *path);
int image_load(const struct options *options, struct hf_pool *pool, const char *path, struct store *store);

/* ring.c: io_uring.  At most depth transfers at a time; the iovec stays until its id came back. */
struct ring;
struct ring *ring_open(unsigned depth);	/* NULL: refused here */
void ring_close(struct ring *ring);
int ring_start(struct ring *ring, bool write, int fd, const struct iovec *iov, int count, uint64_t offset, unsigned id);
int ring_wait(struct ring *ring, unsigned *id, ssize_t *moved);

/* demo.c: the measured run.  shell.c: commands from standard input.  Exit codes. */
int demo(const struct options *options, struct hf_pool *pool);
int shell(const struct options *options, struct hf_pool *pool);

#endif

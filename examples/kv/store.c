/*
 * store.c - a hash table in a mapping of private anonymous memory
 *
 * Open addressing, a fixed number of slots, a power of two.  The mapping holds no
 * pointers, so its bytes are the file's format too.  A snapshot is a fork.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "kv.h"

static const char magic[8] = "kv image";

/* A header or a slot lies in one page: all of it was moved, or nothing. */
static int result(ssize_t moved)
{
	return moved < 0 ? (int)moved : 0;
}

uint64_t store_bytes(uint64_t slots)
{
	return hf_page_size() + slots * sizeof(struct slot);
}

uint64_t store_slots_for(uint64_t keys)
{
	uint64_t slots = 32;

	while (slots / 4 * 3 < keys)
		slots *= 2;
	return slots;
}

int store_create(struct hf_pool *pool, uint64_t slots, struct store *store)
{
	struct header header = { .slots = slots };
	struct store made = { .slots = slots };
	int error = hf_mm_create(pool, &made.mm);

	if (error)
		return error;
	memcpy(header.magic, magic, sizeof(magic));
	error = hf_map(made.mm, &made.base, store_bytes(slots), HF_PROT_WRITE, HF_MAP_PRIVATE, NULL, 0);
	if (!error)
		error = result(hf_write(made.mm, made.base, &header, sizeof(header)));
	if (error)
		hf_mm_destroy(made.mm);
	else
		*store = made;
	return error;
}

int store_snapshot(struct store *store, struct store *snapshot)
{
	*snapshot = *store;
	return hf_mm_fork(store->mm, HF_FORK_COPY, NULL, &snapshot->mm);
}

void store_destroy(struct store *store)
{
	hf_mm_destroy(store->mm);
}

static uint64_t hash(const char *key)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	while (*key)
		sum = (sum ^ (unsigned char)*key++) * UINT64_C(0x100000001b3);
	return sum ^ sum >> 32;
}

/* The slot that has the key, or the empty one where it belongs; -ENOSPC if there is neither. */
static int find(struct store *store, const char *key, struct slot *slot, uint64_t *address)
{
	uint64_t first = hash(key);

	if (!*key || strlen(key) >= KEY_BYTES)
		return -EINVAL;
	for (uint64_t i = 0; i < store->slots; i++) {
		int error;

		*address = store->base + store_bytes((first + i) & (store->slots - 1));
		error = result(hf_read(store->mm, *address, slot, sizeof(*slot)));
		if (error || !slot->key[0] || !strncmp(slot->key, key, KEY_BYTES))
			return error;
	}
	return -ENOSPC;
}

int store_get(struct store *store, const char *key, char value[VALUE_BYTES])
{
	struct slot slot;
	uint64_t address;
	int error = find(store, key, &slot, &address);

	if (error == -ENOSPC || (!error && !slot.key[0]))
		return -ENOENT;
	if (!error) {
		memcpy(value, slot.value, VALUE_BYTES);
		value[VALUE_BYTES - 1] = '\0';
	}
	return error;
}

static int count_sets(struct store *store, uint64_t n)
{
	return hf_atomic(store->mm, store->base + offsetof(struct header, sets), 8, HF_ATOMIC_ADD, n, 0, NULL);
}

int store_set(struct store *store, const char *key, const char *value)
{
	struct slot slot;
	uint64_t address;
	int error = strlen(value) < VALUE_BYTES ? find(store, key, &slot, &address) : -EINVAL;

	/* The count first: its page is ours then, so that it can be put back for sure. */
	if (!error)
		error = count_sets(store, 1);
	if (error)
		return error;
	memset(&slot, 0, sizeof(slot));
	strcpy(slot.key, key);
	strcpy(slot.value, value);
	error = result(hf_write(store->mm, address, &slot, sizeof(slot)));
	return error && count_sets(store, UINT64_MAX) ? -EIO : error;
}

int store_header(struct store *store, struct header *header)
{
	return result(hf_read(store->mm, store->base, header, sizeof(*header)));
}

bool header_is_good(const struct header *header)
{
	return !memcmp(header->magic, magic, sizeof(magic)) && header->slots && header->slots < UINT64_C(1) << 32 &&
	       !(header->slots & (header->slots - 1));
}

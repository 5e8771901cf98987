/*
 * 03-sealed.c - a read pin on a page of an object, in a private mapping
 *
 *	cc -Iinclude -o build/sealed examples/03-sealed.c build/libholdfast.a -lpthread
 *
 * A private mapping may be stored to, so a pin that is to follow such a store must
 * cut the page from the object first: a copy.  A sealed mapping has given that
 * right up: nothing is copied, and the pin sees what happens to the object.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "holdfast.h"

static long must(const char *what, long result)
{
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", what, strerror((int)-result));
		exit(1);
	}
	return result;
}

static void try(struct hf_pool *pool, const char *kind, unsigned prot)
{
	struct hf_stats before, after;
	struct hf_object *object;
	struct hf_pin pin;
	struct hf_mm *mm;
	uint64_t at = 0;

	must("object", hf_object_create(pool, 4096, &object));
	must("write", hf_object_write(object, 0, "old", 4));
	must("mm", hf_mm_create(pool, &mm));
	must("map", hf_map(mm, &at, 4096, prot, HF_MAP_PRIVATE, object, 0));

	hf_pool_stats(pool, &before);
	must("pin", hf_pin(mm, at, 4, HF_PIN_READ, kind, &pin));
	hf_pool_stats(pool, &after);
	must("write", hf_object_write(object, 0, "new", 4));
	printf("%s: %" PRIu64 " pages copied; the pin reads \"%s\"\n", kind, after.copies - before.copies,
	       (const char *)pin.iov->iov_base);
	must("unpin", hf_unpin(&pin, 0));
	hf_mm_destroy(mm);
	hf_object_destroy(object);
}

int main(void)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = 1 << 20 };
	struct hf_pool *pool;

	must("pool", hf_pool_create(&config, &pool));
	try(pool, "private, may be stored to", HF_PROT_WRITE);
	try(pool, "private and sealed", HF_PROT_READ | HF_PROT_SEAL);
	return hf_pool_destroy(pool) ? 1 : 0;
}

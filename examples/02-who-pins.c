/*
 * 02-who-pins.c - who pins what, and the three things a fork can do about it
 *
 *	cc -Iinclude -o build/who-pins examples/02-who-pins.c build/libholdfast.a -lpthread
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

int main(void)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = 1 << 20 };
	struct hf_pin_info list[8];
	struct hf_fork_report report = { .pins = list, .room = 8 };
	struct hf_pool *pool;
	struct hf_mm *mm, *child;
	struct hf_pin card, disk;
	uint64_t at = 0;
	char byte;

	must("pool", hf_pool_create(&config, &pool));
	must("mm", hf_mm_create(pool, &mm));
	must("map", hf_map(mm, &at, 16 * 4096, HF_PROT_WRITE, HF_MAP_PRIVATE, NULL, 0));
	must("fill", hf_fill(mm, at, 'x', 16 * 4096));
	must("pin", hf_pin(mm, at + 100, 6000, HF_PIN_WRITE | HF_PIN_LONGTERM, "network card", &card));
	must("pin", hf_pin(mm, at + 8 * 4096, 512, HF_PIN_READ, "disk", &disk));

	must("preview", hf_mm_fork_preview(mm, &report));
	printf("a fork would copy %" PRIu64 " pages because of %zu pins\n", report.copied, report.pins_found);
	printf("told to refuse: %s\n", strerror(-hf_mm_fork(mm, HF_FORK_REFUSE, &report, &child)));
	for (size_t i = 0; i < report.pins_found && i < report.room; i++)
		printf("  %s, %s: %" PRIu64 " bytes at +%" PRIu64 "\n", list[i].tag,
		       list[i].how & HF_PIN_WRITE ? "write" : "read", list[i].held, list[i].address - at);

	must("fork", hf_mm_fork(mm, HF_FORK_HOLE, &report, &child));
	printf("told to leave holes: %" PRIu64 ", and the child that touches one gets: %s\n", report.holes,
	       strerror((int)-hf_read(child, at, &byte, 1)));
	hf_mm_destroy(child);

	must("unpin", hf_unpin(&card, HF_UNPIN_DIRTY));
	must("unpin", hf_unpin(&disk, 0));
	must("fork", hf_mm_fork(mm, HF_FORK_COPY, &report, &child));
	printf("after the unpins: %" PRIu64 " pages copied, %" PRIu64 " shared\n", report.copied, report.shared);
	hf_mm_destroy(child);
	hf_mm_destroy(mm);
	return hf_pool_destroy(pool) ? 1 : 0;
}

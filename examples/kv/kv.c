/*
 * kv - a small key-value store in an address space of Holdfast
 *
 * In this directory, after `make`:
 *	cc -O2 -I../../include -o ../../build/kv *.c ../../build/libholdfast.a -lpthread
 *
 * A snapshot is a fork of the address space, and the process never forks: the
 * writer stands still for the fork and for nothing else.  The snapshot is saved by
 * io_uring from its pinned pages, while the writer goes on.  Without -i, kv
 * measures that, and checks every file that it wrote.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kv.h"

static const char usage[] =
	"usage: kv [--keys N] [--snapshots N] [--file F] [--plain] [--reference]\n"
	"       kv -i [--keys N] [--plain] [--reference]\n"
	"\n"
	"  --keys N       room for N keys, 2 to 10000000; 100000 if not said\n"
	"  --snapshots N  how many to take, save and check; 5 if not said\n"
	"  --file F       where to; kv.image if not said\n"
	"  --plain        preadv() and pwritev(), no io_uring\n"
	"  --reference    save from plain references, not from read pins\n"
	"  -i             commands from standard input; `help` lists them\n";

static uint64_t number(const char *text, uint64_t least, uint64_t most)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || value < least || value > most) {
		fprintf(stderr, "kv: \"%s\" is not a number from %" PRIu64 " to %" PRIu64 "\n", text, least, most);
		exit(2);
	}
	return value;
}

static void parse(int argc, char **argv, struct options *options, bool *interactive)
{
	static const struct option names[] = {
		{ "keys", required_argument, NULL, 'k' }, { "snapshots", required_argument, NULL, 's' },
		{ "file", required_argument, NULL, 'f' }, { "plain", no_argument, NULL, 'p' },
		{ "reference", no_argument, NULL, 'r' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	int name;

	while ((name = getopt_long(argc, argv, "i", names, NULL)) != -1) {
		switch (name) {
		case 'k': options->keys = number(optarg, 2, 10000000); break;
		case 's': options->snapshots = (unsigned)number(optarg, 0, 1000000); break;
		case 'f': options->file = optarg; break;
		case 'p': options->plain = true; break;
		case 'r': options->how = HF_PIN_GET; break;
		case 'i': *interactive = true; break;
		case 'h': fputs(usage, stdout); exit(0);
		default: fputs(usage, stderr); exit(2);
		}
	}
	if (optind != argc) {
		fprintf(stderr, "kv: \"%s\" is not an option\n%s", argv[optind], usage);
		exit(2);
	}
}

/* Nothing may be left: no pin, no address space, no page but the free ones. */
static int close_pool(struct hf_pool *pool, uint64_t free_before)
{
	char why[256] = "";
	struct hf_stats stats;
	int error = hf_verify(pool, why, sizeof(why));

	hf_pool_stats(pool, &stats);
	if (error)
		fprintf(stderr, "kv: the pool is broken: %s\n", why);
	if (hf_pool_destroy(pool) || stats.pages_free != free_before) {
		fprintf(stderr, "kv: left in the pool: %" PRIu64 " pages, %" PRIu64 " pins, %" PRIu64 " spaces\n",
			free_before - stats.pages_free, stats.pins_held, stats.spaces);
		return 1;
	}
	return error != 0;
}

int main(int argc, char **argv)
{
	struct options options = { .keys = 100000, .snapshots = 5, .file = "kv.image", .how = HF_PIN_READ };
	struct hf_pool_config config = { .size = sizeof(config) };
	struct hf_pool *pool;
	struct hf_stats stats;
	uint64_t bytes;
	bool interactive = false;
	int error, failed;

	parse(argc, argv, &options, &interactive);
	/* Over RLIMIT_FSIZE a write shall fail, not kill. */
	signal(SIGXFSZ, SIG_IGN);
	/* The store, a snapshot that shares nothing with it any more, a store being loaded; and page tables. */
	bytes = store_bytes(store_slots_for(options.keys));
	config.bytes = 3 * (bytes + bytes / 128) + 256 * hf_page_size();
	error = hf_pool_create(&config, &pool);
	if (error) {
		fprintf(stderr, "kv: no pool of %" PRIu64 " bytes: %s\n", config.bytes, strerror(-error));
		return 1;
	}
	hf_pool_stats(pool, &stats);
	if (!interactive)
		printf("%" PRIu64 " keys in %.1f MiB\n", options.keys, (double)bytes / 1048576);
	failed = interactive ? shell(&options, pool) : demo(&options, pool);
	return close_pool(pool, stats.pages_free) || failed;
}

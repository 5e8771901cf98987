/*
 * demo.c - the measured run
 *
 * A thread moves money between accounts without end; a transfer is one transaction
 * of two sets.  Meanwhile this thread takes snapshots, saves each to the file,
 * loads the file and checks it: it must hold the accounts as they stood after
 * exactly as many transfers as its clock says.  A replay knows what that is, since
 * transfer number i depends on i alone.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kv.h"

#define START_MONEY 1000u

struct run {
	const struct options *options;
	struct hf_pool *pool;
	struct store store;
	pthread_rwlock_t between;	/* shared: a transaction; alone: a snapshot, which falls between two */
	atomic_bool stop;
	atomic_int error;		/* of the writing thread */
	uint64_t *replay, replayed;	/* the accounts after so many transfers */
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int complain(const char *what, int error)
{
	fprintf(stderr, "kv: %s: %s\n", what, error == -EBADMSG ? "not what was saved" : strerror(-error));
	return 1;
}

/* ---- transfers -------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

struct deal {
	uint64_t from, to, amount;
};

static struct deal deal(uint64_t i, uint64_t keys)
{
	uint64_t from = mix(3 * i) % keys;

	return (struct deal){ from, (from + 1 + mix(3 * i + 1) % (keys - 1)) % keys, mix(3 * i + 2) % 100 };
}

static int account_get(struct store *store, uint64_t account, uint64_t *money)
{
	char key[KEY_BYTES], value[VALUE_BYTES];
	int error;

	snprintf(key, sizeof(key), "account-%" PRIu64, account);
	error = store_get(store, key, value);
	if (!error)
		*money = strtoull(value, NULL, 10);
	return error;
}

static int account_set(struct store *store, uint64_t account, uint64_t money)
{
	char key[KEY_BYTES], value[VALUE_BYTES];

	snprintf(key, sizeof(key), "account-%" PRIu64, account);
	snprintf(value, sizeof(value), "%" PRIu64, money);
	return store_set(store, key, value);
}

static int transact(struct store *store, uint64_t keys, uint64_t i)
{
	struct deal d = deal(i, keys);
	uint64_t from = 0, to = 0;
	int error = account_get(store, d.from, &from);

	if (!error)
		error = account_get(store, d.to, &to);
	if (d.amount > from)
		d.amount = from;
	if (!error)
		error = account_set(store, d.from, from - d.amount);
	return error ? error : account_set(store, d.to, to + d.amount);
}

static void *serve_writes(void *context)
{
	struct run *run = context;
	int error = 0;

	for (uint64_t i = 0; !error && !atomic_load(&run->stop); i++) {
		pthread_rwlock_rdlock(&run->between);
		error = transact(&run->store, run->options->keys, i);
		pthread_rwlock_unlock(&run->between);
	}
	atomic_store(&run->error, error);
	return NULL;
}

/* ---- is the file a point in time? -------------------------------------------------------- */

static void replay_to(struct run *run, uint64_t transfers)
{
	for (; run->replayed < transfers; run->replayed++) {
		struct deal d = deal(run->replayed, run->options->keys);

		if (d.amount > run->replay[d.from])
			d.amount = run->replay[d.from];
		run->replay[d.from] -= d.amount;
		run->replay[d.to] += d.amount;
	}
}

static int check_file(struct run *run, uint64_t sets)
{
	uint64_t keys = run->options->keys, money = 0, sum = 0;
	struct header header;
	struct store loaded;
	int error = image_load(run->options, run->pool, run->options->file, &loaded);

	if (error)
		return error;
	error = store_header(&loaded, &header);
	if (!error && (header.sets != sets || (sets - keys) % 2))
		error = -EBADMSG;
	if (!error)
		replay_to(run, (sets - keys) / 2);
	for (uint64_t i = 0; i < keys && !error; i++, sum += money) {
		error = account_get(&loaded, i, &money);
		if (!error && money != run->replay[i])
			error = -EBADMSG;
	}
	store_destroy(&loaded);
	return !error && sum != keys * START_MONEY ? -EBADMSG : error;
}

/* ---- one snapshot ------------------------------------------------------------------------- */

/* How many sets the store has seen: 0 if that can't be read, which a store with keys never says. */
static uint64_t sets_of(struct store *store)
{
	struct header header;

	return store_header(store, &header) ? 0 : header.sets;
}

static int one_snapshot(struct run *run, unsigned number)
{
	uint64_t pause, sets, took;
	struct hf_stats before, after;
	struct store snapshot;
	int error;

	usleep(10000);	/* let the writer get on */
	hf_pool_stats(run->pool, &before);
	pthread_rwlock_wrlock(&run->between);
	pause = now();
	error = store_snapshot(&run->store, &snapshot);
	pause = now() - pause;
	pthread_rwlock_unlock(&run->between);
	if (error)
		return complain("snapshot", error);

	sets = sets_of(&snapshot);
	took = now();
	error = image_save(run->options, &snapshot, run->options->file);
	took = now() - took;
	store_destroy(&snapshot);
	hf_pool_stats(run->pool, &after);
	if (error)
		return complain(run->options->file, error);
	printf("%8u %10" PRIu64 " %9.0f us %9.1f ms %10" PRIu64 " %9" PRIu64 "\n", number, sets, (double)pause / 1e3,
	       (double)took / 1e6, (sets_of(&run->store) - sets) / 2, after.copies - before.copies);
	fflush(stdout);
	error = check_file(run, sets);
	return error ? complain(run->options->file, error) : 0;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static int run_begin(struct run *run)
{
	pthread_rwlockattr_t attributes;
	int error = store_create(run->pool, store_slots_for(run->options->keys), &run->store);

	for (uint64_t i = 0; i < run->options->keys && !error; i++) {
		run->replay[i] = START_MONEY;
		error = account_set(&run->store, i, START_MONEY);
	}
	/* A snapshot that waits goes before the next transaction. */
	pthread_rwlockattr_init(&attributes);
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&run->between, &attributes);
	pthread_rwlockattr_destroy(&attributes);
	return error;
}

static int run_snapshots(struct run *run)
{
	pthread_t writer;
	int failed = pthread_create(&writer, NULL, serve_writes, run);

	if (failed)
		return complain("thread", -failed);
	printf("%8s %10s %12s %12s %10s %9s\n", "snapshot", "at set", "pause", "save", "transfers", "pages");
	printf("%8s %10s %12s %12s %10s %9s\n", "", "", "(fork)", "", "meanwhile", "copied");
	for (unsigned i = 1; i <= run->options->snapshots && !failed; i++)
		failed = one_snapshot(run, i);
	atomic_store(&run->stop, true);
	pthread_join(writer, NULL);
	return run->error ? complain("the writing thread", run->error) : failed;
}

int demo(const struct options *options, struct hf_pool *pool)
{
	struct run run = { .options = options, .pool = pool };
	int error;

	run.replay = calloc(options->keys, sizeof(*run.replay));
	if (!run.replay)
		return complain("replay", -ENOMEM);
	error = run_begin(&run);
	error = error ? complain("store", error) : run_snapshots(&run);
	if (!error)
		puts("each file was loaded and checked: the accounts as a replay of so many sets has them, no money lost or made");
	store_destroy(&run.store);
	pthread_rwlock_destroy(&run.between);
	free(run.replay);
	return error;
}

/*
 * shell.c - commands from standard input; a save goes on behind the prompt
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kv.h"

static const char help[] = "set KEY VALUE, get KEY, save FILE, wait (for the save), load FILE, pins, stats, quit\n";

struct shell {
	const struct options *options;
	struct hf_pool *pool;
	struct store store;
	bool failed;
	/* a save under way */
	bool saves;
	pthread_t thread;
	struct store snapshot;
	char path[PATH_MAX];
	int error;
};

static void tell(struct shell *shell, const char *about, int error)
{
	const char *why = error == -EBADMSG ? "not a file that kv saved" :
			  error == -EINVAL ? "a key has 1 to 31 bytes, a value at most 95" : strerror(-error);

	if (error)
		printf("%s: %s\n", about, why);
	shell->failed |= error != 0;
}

static void get(struct shell *shell, const char *key)
{
	char value[VALUE_BYTES] = "";
	int error = store_get(&shell->store, key, value);

	tell(shell, key, error);
	if (!error)
		puts(value);
}

static void *save_behind(void *context)
{
	struct shell *shell = context;

	shell->error = image_save(shell->options, &shell->snapshot, shell->path);
	return NULL;
}

static void wait_for_save(struct shell *shell)
{
	if (!shell->saves)
		return;
	pthread_join(shell->thread, NULL);
	store_destroy(&shell->snapshot);
	shell->saves = false;
	tell(shell, shell->path, shell->error);
	if (!shell->error)
		printf("saved %s\n", shell->path);
}

static void save(struct shell *shell, const char *path)
{
	int error;

	wait_for_save(shell);
	snprintf(shell->path, sizeof(shell->path), "%s", path);
	error = store_snapshot(&shell->store, &shell->snapshot);
	if (!error) {
		error = -pthread_create(&shell->thread, NULL, save_behind, shell);
		shell->saves = !error;
		if (error)
			store_destroy(&shell->snapshot);
	}
	tell(shell, path, error);
}

static void load(struct shell *shell, const char *path)
{
	struct store loaded;
	int error = image_load(shell->options, shell->pool, path, &loaded);

	tell(shell, path, error);
	if (error)
		return;
	store_destroy(&shell->store);
	shell->store = loaded;
}

static void pins(struct shell *shell)
{
	struct hf_pin_info list[16];
	size_t count = hf_inventory(shell->pool, NULL, list, 16);

	printf("%zu pins\n", count);
	for (size_t i = 0; i < count && i < 16; i++)
		printf("%s: %" PRIu64 " bytes at 0x%" PRIx64 ", for %.1f ms\n", list[i].tag, list[i].held,
		       list[i].address, (double)list[i].age / 1e6);
}

static void stats(struct shell *shell)
{
	struct hf_stats stats;

	hf_pool_stats(shell->pool, &stats);
#define PRINT(name, text) printf("%-22s %10" PRIu64 "  %s\n", #name, stats.name, text);
	HF_STATS(PRINT)
#undef PRINT
}

/* One line; false at the end. */
static bool obey(struct shell *shell, const char *line)
{
	char command[16] = "", first[PATH_MAX], second[256];
	int words = sscanf(line, "%15s %4095s %255[^\n]", command, first, second);

	if (!strcmp(command, "quit"))
		return false;
	if (!strcmp(command, "set") && words == 3)
		tell(shell, first, store_set(&shell->store, first, second));
	else if (!strcmp(command, "get") && words == 2)
		get(shell, first);
	else if (!strcmp(command, "save") && words == 2)
		save(shell, first);
	else if (!strcmp(command, "load") && words == 2)
		load(shell, first);
	else if (!strcmp(command, "wait"))
		wait_for_save(shell);
	else if (!strcmp(command, "pins"))
		pins(shell);
	else if (!strcmp(command, "stats"))
		stats(shell);
	else if (words > 0)
		fputs(help, stdout);
	return true;
}

int shell(const struct options *options, struct hf_pool *pool)
{
	struct shell shell = { .options = options, .pool = pool };
	char *line = NULL;
	size_t room = 0;
	int error = store_create(pool, store_slots_for(options->keys), &shell.store);

	tell(&shell, "store", error);
	if (error)
		return 1;
	while (getline(&line, &room, stdin) > 0 && obey(&shell, line))
		fflush(stdout);
	free(line);
	wait_for_save(&shell);
	store_destroy(&shell.store);
	return shell.failed;
}

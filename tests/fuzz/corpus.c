/*
 * corpus.c - runs a fuzz target on the inputs that are kept
 *
 *	fuzz_parser DIRECTORY|FILE...
 *
 * What finds new inputs is a fuzzer; this finds what comes back.  The inputs run in a
 * child, so that one that ends it is named and the rest are run in a new one.
 */
#include <errno.h>
#include <fts.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define SECONDS 60	/* an input may take */

static struct {
	char **path;
	size_t count;
} inputs;

/* The usual mutations are the fuzzer's; here nothing is mutated. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
	(void)data;
	(void)max_size;
	return size;
}

static void *must(void *memory)
{
	if (!memory || memory == MAP_FAILED) {
		fprintf(stderr, "corpus: no memory\n");
		exit(2);
	}
	return memory;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void collect(char **paths)
{
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	FTSENT *entry;

	if (!tree) {
		perror("corpus");
		exit(2);
	}
	while ((entry = fts_read(tree))) {
		if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) {
			fprintf(stderr, "corpus: %s: %s\n", entry->fts_path, strerror(entry->fts_errno));
			exit(2);
		}
		if (entry->fts_info != FTS_F)
			continue;
		inputs.path = must(realloc(inputs.path, (inputs.count + 1) * sizeof(*inputs.path)));
		inputs.path[inputs.count++] = must(strdup(entry->fts_path));
	}
	fts_close(tree);
}

static void run_input(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t size = 0, n = 1;

	while (file && n) {
		data = must(realloc(data, size + 65536));
		n = fread(data + size, 1, 65536, file);
		size += n;
	}
	if (!file || ferror(file)) {
		printf("%s: %s\n", path, strerror(errno));
		fflush(stdout);
		_exit(2);
	}
	fclose(file);
	alarm(SECONDS);
	/* Its size exactly, so that a sanitizer sees who reads on. */
	data = must(realloc(data, size ? size : 1));
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

/* The inputs from *at on; *at follows, for the parent to see. */
static void run_child(volatile size_t *at)
{
	for (; *at < inputs.count; ++*at) {
		run_input(inputs.path[*at]);
		printf("ok   %s\n", inputs.path[*at]);
		fflush(stdout);
	}
	_exit(0);
}

static const char *how_it_ended(int status)
{
	static char text[64];

	if (WIFSIGNALED(status))
		return strsignal(WTERMSIG(status));
	snprintf(text, sizeof(text), "exit status %d", WEXITSTATUS(status));
	return text;
}

int main(int argc, char **argv)
{
	volatile size_t *at = must(mmap(NULL, sizeof(*at), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	size_t failed = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: %s DIRECTORY|FILE...\n", argv[0]);
		return 2;
	}
	collect(argv + 1);
	while (*at < inputs.count) {
		pid_t child = fork();
		int status;

		if (!child)
			run_child(at);
		if (child < 0 || waitpid(child, &status, 0) < 0) {
			perror("corpus");
			return 2;
		}
		if (*at < inputs.count) {
			printf("FAIL %s: %s\n", inputs.path[*at], how_it_ended(status));
			fflush(stdout);
			failed++;
			++*at;
		}
	}
	printf("%zu passed, %zu failed\n", inputs.count - failed, failed);
	return failed != 0;
}

/*
 * harness.h - what every test program does: one line a test, and a count
 *
 * Each test gets a pool of its own.  After the test the harness checks what no
 * test should have to ask: hf_verify() is clean, no pin, object or address space
 * is left, every page came back, the pool can be destroyed, and no misuse was
 * reported that the test did not take note of.
 *
 *	static void unpin_twice(void)
 *	{
 *		...
 *		CHECK_INT(-EINVAL, hf_unpin(&pin, 0));
 *		CHECK(strstr(misuse(), "ended before"));
 *	}
 *
 *	int main(void)
 *	{
 *		TEST(unpin_twice);
 *		return closing_line();
 *	}
 *
 * A header alone, so that a test program is one file.
 */
#ifndef HOLDFAST_HARNESS_H
#define HOLDFAST_HARNESS_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "holdfast.h"

static struct hf_pool *pool;	/* of the test */
static uint64_t pool_pages;	/* of the next test's pool; 0: 4096 */

static struct {
	const char *name;
	bool failed;
	int passed, failures, skipped;
	const char *skip;
	int misuses;
	char message[512];
} harness;

static inline void __attribute__((format(printf, 3, 4))) fail_at(const char *file, int line, const char *format, ...)
{
	va_list arguments;

	if (!harness.failed)
		printf("FAIL %s\n", harness.name);
	harness.failed = true;
	printf("     %s:%d: ", file, line);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

static inline bool check_int(const char *file, int line, long long expected, long long found, const char *text)
{
	if (expected != found)
		fail_at(file, line, "%s: expected %lld (%s), found %lld (%s)", text, expected,
			expected < 0 ? strerrorname_np((int)-expected) : "no error", found,
			found < 0 ? strerrorname_np((int)-found) : "no error");
	return expected == found;
}

static inline bool check_true(const char *file, int line, bool is, const char *text)
{
	if (!is)
		fail_at(file, line, "not so: %s", text);
	return is;
}

#define CHECK(condition) check_true(__FILE__, __LINE__, (condition), #condition)
#define CHECK_INT(expected, found) check_int(__FILE__, __LINE__, (long long)(expected), (long long)(found), #found)
/* ... and without it there is no sense in going on. */
#define NEED(condition) do { if (!CHECK(condition)) return; } while (0)
#define NEED_INT(expected, found) do { if (!CHECK_INT(expected, found)) return; } while (0)

/* What was reported as misuse since the last call, "" if nothing was. */
static inline const char *misuse(void)
{
	static char message[sizeof(harness.message)];

	memcpy(message, harness.message, sizeof(message));
	harness.message[0] = '\0';
	harness.misuses = 0;
	return message;
}

static inline void hear_misuse(const char *message, void *context)
{
	(void)context;
	harness.misuses++;
	snprintf(harness.message, sizeof(harness.message), "%s", message);
}

/* The test can't be done here: say why, and return from it. */
static inline void skip_test(const char *why)
{
	harness.skip = why;
}

static inline void open_pool(void)
{
	struct hf_pool_config config = { .size = sizeof(config) };
	int error;

	config.bytes = (pool_pages ? pool_pages : 4096) * hf_page_size();
	pool_pages = 0;
	error = hf_pool_create(&config, &pool);
	if (error) {
		printf("no pool of %llu bytes: %s\n", (unsigned long long)config.bytes, strerror(-error));
		exit(2);
	}
}

static inline void check_pool(uint64_t free_before)
{
	struct hf_stats stats;
	char why[256] = "";

	if (hf_verify(pool, why, sizeof(why)))
		fail_at(__FILE__, __LINE__, "verify: %s", why);
	hf_pool_stats(pool, &stats);
	CHECK_INT(0, stats.pins_held);
	CHECK_INT(0, stats.spaces);
	CHECK_INT(0, stats.objects);
	CHECK_INT(0, stats.pages_data);
	CHECK_INT(0, stats.pages_table);
	CHECK_INT(0, stats.pages_pinned_longterm);
	CHECK_INT(free_before, stats.pages_free);
	CHECK_INT(0, hf_pool_destroy(pool));
}

static inline void run_test(const char *name, void (*test)(void))
{
	struct hf_stats stats;

	harness.name = name;
	harness.failed = false;
	harness.skip = NULL;
	hf_set_misuse_handler(hear_misuse, NULL);
	open_pool();
	hf_pool_stats(pool, &stats);
	test();
	check_pool(stats.pages_free);
	if (harness.misuses)
		fail_at(__FILE__, __LINE__, "misuse that the test did not expect: %s", misuse());
	if (harness.failed)
		harness.failures++;
	else if (harness.skip)
		printf("skip %s: %s\n", name, harness.skip);
	else
		printf("ok   %s\n", name);
	harness.passed += !harness.failed && !harness.skip;
	harness.skipped += !harness.failed && harness.skip;
	fflush(stdout);
}
#define TEST(name) run_test(#name, name)

/* A result of something that is no test of a pool. */
static inline void report(bool good, const char *name)
{
	printf("%s %s\n", good ? "ok  " : "FAIL", name);
	harness.passed += good;
	harness.failures += !good;
	fflush(stdout);
}

static inline int closing_line(void)
{
	printf("%d passed, %d failed", harness.passed, harness.failures);
	if (harness.skipped)
		printf(", %d skipped", harness.skipped);
	putchar('\n');
	return harness.failures != 0;
}

#endif

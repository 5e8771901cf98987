/*
 * checks.h - the checks of a test that is no shape: a line for each test, and for each check that fails
 */
#ifndef HOLDFAST_TEST_CHECKS_H
#define HOLDFAST_TEST_CHECKS_H

#include <stdbool.h>
#include <stdio.h>

static int passed, failed;
static bool good;

#define CHECK(condition) check((condition), #condition, __LINE__)

static void check(bool is, const char *text, int line)
{
	if (!is)
		printf("     line %d: not so: %s\n", line, text);
	good &= is;
}

static void test(const char *name, void (*run)(void))
{
	good = true;
	run();
	printf("%s %s\n", good ? "ok  " : "FAIL", name);
	passed += good;
	failed += !good;
}
#define TEST(name) test(#name, name)

#endif

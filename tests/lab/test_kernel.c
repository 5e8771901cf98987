/*
 * test_kernel.c - the live kernel as a judge: what it answers
 *
 * Where the answer is known on every Linux that can do it, and where the steps
 * are nonsense.
 */
#include <pthread.h>

#include "kernel_known.h"

/* As many spaces as there are names, each with a page of its own. */
static void many_spaces(void)
{
	char *text = NULL;
	size_t length = 0;
	FILE *f = open_memstream(&text, &length);
	struct verdict v;

	fprintf(f, "map S0 buf anon private rw 1\nstore S0 buf \"first\"\n");
	for (int i = 1; i < SCENARIO_NAMES; i++)
		fprintf(f, "fork S%d S%d\nstore S%d buf \"%05d\"\n", i - 1, i, i, i);
	for (int i = 1; i < SCENARIO_NAMES; i++)
		fprintf(f, "expect S%d buf \"%05d\"\n", i, i);
	fprintf(f, "expect S0 buf \"first\"\n");
	fclose(f);
	v = judge(text);
	result(v.verdict == VERDICT_HOLDS, "as many spaces as there are names", v.reason);
	free(text);
}

static void nonsense(void)
{
	static const struct step steps[] = {
		{ .op = OP_MAP, .space = 63 }, { .op = OP_MAP, .mapping = 63, .object = -1 },
		{ .op = OP_MAP, .object = 63 }, { .op = OP_STORE, .space = -1 }, { .op = OP_PIN, .pin = 64 },
		{ .op = OP_FORK, .child = 1000 }, { .op = OP_OBJECT_WRITE, .object = -5 }, { .op = (enum op)1000 },
		{ .op = OP_UNPIN, .pin = -1 }, { .op = OP_EXPECT_DEVICE, .pin = 700, .length = 1 },
		{ .op = OP_ADVISE, .flags = 99 }, { .op = OP_LOAD, .length = UINT64_MAX },
		{ .op = OP_EXPECT_OBJECT, .object = 63, .length = 1 },
	};
	bool good = true;

	for (size_t i = 0; i < COUNT(steps); i++) {
		struct scenario *s = parse("map A buf anon private rw 1\npin A buf write as p\nexpect p zero 1\nunpin p\n");
		unsigned char bytes[64];
		struct reply reply = { .bytes = bytes };
		struct judge *j = judge_kernel.open(&judge_kernel, s, &reply);

		if (j) {
			judge_kernel.step(j, &steps[i], &reply);
			good = good && reply.answer != ANSWER_DONE;
			if (reply.answer == ANSWER_DONE)
				printf("     step %zu was done\n", i);
			judge_kernel.close(j, &reply);
		}
		scenario_free(s);
	}
	result(good && nobody_left(), "steps with nonsense in them are refused", "");
}

static void described(void)
{
	struct middle m;
	bool good = begin(&m);
	char *text = NULL;
	size_t length = 0;
	FILE *f = open_memstream(&text, &length);

	judge_kernel.describe(m.judge, f);
	fclose(f);
	finish(&m);
	result(good && strstr(text, "A buf+0: anonymous, mapped") &&
	       strstr(text, m.everything ? "A far+0: of the object" : "A far+0: no page"),
	       "what is there is described", text);
	free(text);
}

/* Several judges at once, in threads of one caller. */
static void *run_some(void *arg)
{
	bool *good = arg;

	*good = true;
	for (int i = 0; i < 10 && *good; i++)
		*good = judge(i % 2 ? some_of_it : "map A buf anon shared rw 1\nget A buf as p\nexpect p zero 4\nunpin p\n")
				.verdict != VERDICT_ERROR;
	return NULL;
}

static void in_threads(void)
{
	pthread_t threads[4];
	bool good[4];

	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, run_some, &good[i]))
			exit(1);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		good[0] = good[0] && good[i];
	}
	result(good[0] && nobody_left(), "several judges at once", "");
}

/* On a CPU whose copies hold old bytes in registers: pretended, for there may be none at hand. */
static void without_fresh_bytes(void)
{
	static const struct known can = { "stops a byte early", VERDICT_HOLDS, NULL,
		"map A buf anon shared rw 2\npin A buf read as p\nstore A buf \"new\"\nstore A buf+1p \"end\"\n"
		"expect p \"new\"\nexpect p+1p \"end\"\nunpin p\n" };
	static const struct known can_not = { "does not read its own first byte late", VERDICT_SKIPPED, "on this CPU",
		"map A buf anon shared rw 2\npin A buf+1p read as p\nstore A buf+1p \"new\"\nexpect p \"new\"\nunpin p\n" };
	struct kernel_probe *probe = (struct kernel_probe *)kernel_probe();
	bool fresh = probe->fresh_first_byte;

	if (!probe->kinds[KERNEL_READ_SHORT].possible) {
		skip("a CPU with old bytes", probe->kinds[KERNEL_READ_SHORT].reason);
		return;
	}
	probe->fresh_first_byte = false;
	check(&can, "a careful", can.body);
	check(&can_not, "a careful", can_not.body);
	probe->fresh_first_byte = fresh;
}

int main(void)
{
	begin_tests();
	kernel_probe_print(stdout);
	known_answers();
	many_spaces();
	nonsense();
	described();
	without_fresh_bytes();
	in_threads();
	return closing_line();
}

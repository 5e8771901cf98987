/*
 * test_run.c - the runner: from a judge's answers to a verdict
 *
 * The judge here is a fake that answers as the test tells it to, step by step:
 * its script has one letter a step.  A real judge is asked once at the end, the
 * reference model, to see that the two understand each other.
 */
#include <stdlib.h>
#include <string.h>

#include "run.h"

static int passed, failed;

static void result(bool ok, const char *test, const char *detail)
{
	printf("%s %s%s%s\n", ok ? "ok  " : "FAIL", test, ok || !detail[0] ? "" : ": ", ok ? "" : detail);
	ok ? passed++ : failed++;
}

/* ---- the fake ----------------------------------------------------------- */

/*
 * A letter a step:  . done, with what is expected   x done, with something else
 * b EBUSY  e a strange error  c can't  t in trouble;  C as the first: open can't;
 * T open is in trouble.  After the letters of the steps: t close is in trouble.
 */
struct judge {
	const char *script;
	size_t at;
	unsigned seen;		/* steps */
};

static const char *script;
static struct judge fake;

static struct judge *fake_open(const struct judge_ops *ops, const struct scenario *s, struct reply *reply)
{
	(void)ops;
	(void)s;
	fake = (struct judge){ .script = script };
	if (*script != 'C' && *script != 'T')
		return &fake;
	reply->answer = *script == 'C' ? ANSWER_CANNOT : ANSWER_BROKEN;
	strcpy(reply->reason, *script == 'C' ? "no such thing here" : "");
	return NULL;
}

static void fake_done(const struct step *step, struct reply *reply, bool right)
{
	if (reply->bytes && step->bytes) {
		memcpy(reply->bytes, step->bytes, step->length);
		reply->bytes[step->length - 1] ^= !right;
	}
	reply->value = right ? step->value : !step->value;
}

static void fake_step(struct judge *j, const struct step *step, struct reply *reply)
{
	char letter = j->script[j->at] ? j->script[j->at++] : '.';

	j->seen++;
	switch (letter) {
	case 'b':
	case 'e':
		reply->answer = ANSWER_FAILED;
		reply->error = letter == 'b' ? 16 : 4711;
		break;
	case 'c':
		reply->answer = ANSWER_CANNOT;
		strcpy(reply->reason, "can't see \x1b[1m it");
		break;
	case 't':
		reply->answer = ANSWER_BROKEN;
		strcpy(reply->reason, "the helper died");
		break;
	default:
		reply->answer = ANSWER_DONE;
		fake_done(step, reply, letter == '.');
	}
}

static void fake_close(struct judge *j, struct reply *reply)
{
	if (j->script[j->at] != 't')
		return;
	reply->answer = ANSWER_BROKEN;
	strcpy(reply->reason, "3 pages did not come back");
}

static void fake_describe(struct judge *j, FILE *f)
{
	fprintf(f, "steps: %u\nconstant: yes\n", j->seen);
	fprintf(f, j->seen % 2 ? "odd: here\n" : "even: here\n");
	fprintf(f, "long: %064u\n", j->seen);
}

/* A judge that stands for design number 0, linux-5.7. */
static const struct judge_ops fake_judge = {
	.open = fake_open, .step = fake_step, .close = fake_close, .describe = fake_describe, .name = "fake", .design = 0,
};

/* ---- cases -------------------------------------------------------------- */

/* Three operations, a line with fails, four expectations. */
#define STEPS                                                                                                          \
	"map A buf anon private rw 1\n"                                                                                \
	"pin A buf write as dma\n"                                                                                     \
	"load A buf\n"                                                                                                 \
	"fork A B refuse fails EBUSY promise frugal\n"                                                                 \
	"expect A buf \"net\"\n"                                                                                       \
	"expect dma \"a\\n\" promise isolated\n"                                                                       \
	"expect dma fast promise fast\n"                                                                               \
	"expect copies 0 promise frugal\n"
#define HEAD "scenario t\nwhy \"because\"\npromise coherent safe\n"
#define BIT(name) (1u << PROMISE_##name)
#define HEAD_BITS (BIT(COHERENT) | BIT(SAFE))

static const struct {
	const char *test, *script;
	enum verdict_kind verdict;
	unsigned broken, tried, failed, left_out;
	unsigned steps;		/* that the judge has seen */
	const char *reason;
} cases[] = {
	{ "all holds", "...b....", VERDICT_HOLDS, 0, 5, 0, 0, 8, "" },
	{ "bytes of the head's promises", "...bx...", VERDICT_BROKEN, HEAD_BITS, 5, 1, 0, 8,
	  "t.scn:8:1: expect A buf \"net\": expected \"net\", found \"neu\"" },
	{ "bytes of the line's promise", "...b.x..", VERDICT_BROKEN, BIT(ISOLATED), 5, 1, 0, 8,
	  "t.scn:9:1: expect dma \"a\\n\" promise isolated: expected \"a\\x0a\", found \"a\\x0b\"" },
	{ "all are tried", "...bxxxx", VERDICT_BROKEN, HEAD_BITS | BIT(ISOLATED) | BIT(FAST) | BIT(FRUGAL), 5, 4, 0, 8,
	  "t.scn:8:1: expect A buf \"net\": expected \"net\", found \"neu\"" },
	{ "not fast", "...b..x.", VERDICT_BROKEN, BIT(FAST), 5, 1, 0, 8,
	  "t.scn:10:1: expect dma fast promise fast: expected fast, found slow" },
	{ "a statistic", "...b...x", VERDICT_BROKEN, BIT(FRUGAL), 5, 1, 0, 8,
	  "t.scn:11:1: expect copies 0 promise frugal: expected 0, found 1" },
	{ "a load that fails where bytes are expected", "...bb...", VERDICT_BROKEN, HEAD_BITS, 5, 1, 0, 8,
	  "t.scn:8:1: expect A buf \"net\": expected \"net\", found EBUSY" },
	{ "should fail, and does not", "........", VERDICT_BROKEN, BIT(FRUGAL), 5, 1, 0, 8,
	  "t.scn:7:1: fork A B refuse fails EBUSY promise frugal: expected EBUSY, found that it was done" },
	{ "fails otherwise", "...e....", VERDICT_BROKEN, BIT(FRUGAL), 5, 1, 0, 8,
	  "t.scn:7:1: fork A B refuse fails EBUSY promise frugal: expected EBUSY, found error 4711" },
	{ "an operation fails", ".b", VERDICT_ERROR, 0, 0, 0, 0, 2,
	  "t.scn:5:1: pin A buf write as dma: failed with EBUSY, and must not" },
	{ "can't do an operation", "..c", VERDICT_SKIPPED, 0, 0, 0, 0, 3, "t.scn:6:1: can't see ?[1m it" },
	{ "can't do what should fail", "...c", VERDICT_SKIPPED, 0, 0, 0, 0, 4, "t.scn:7:1: can't see ?[1m it" },
	{ "can't see an expectation", "...b..c.", VERDICT_HOLDS, 0, 4, 0, 1, 8, "" },
	{ "sees what breaks, not the rest", "...bcxcc", VERDICT_BROKEN, BIT(ISOLATED), 2, 1, 3, 8,
	  "t.scn:9:1: expect dma \"a\\n\" promise isolated: expected \"a\\x0a\", found \"a\\x0b\"" },
	{ "in trouble", ".t", VERDICT_ERROR, 0, 0, 0, 0, 2, "t.scn:5:1: the helper died" },
	{ "in trouble after a broken promise", "...bxt", VERDICT_ERROR, 0, 2, 1, 0, 6, "t.scn:9:1: the helper died" },
	{ "in trouble at the end", "...b....t", VERDICT_ERROR, 0, 5, 0, 0, 8, "at the end: 3 pages did not come back" },
	{ "in trouble at the end, and broken", "...bx...t", VERDICT_ERROR, 0, 5, 1, 0, 8,
	  "at the end: 3 pages did not come back" },
	{ "in trouble at the end, after an error", ".bt", VERDICT_ERROR, 0, 0, 0, 0, 2,
	  "t.scn:5:1: pin A buf write as dma: failed with EBUSY, and must not" },
	{ "does not start", "T", VERDICT_ERROR, 0, 0, 0, 0, 0, "the judge did not start" },
	{ "refuses early", "C", VERDICT_SKIPPED, 0, 0, 0, 0, 0, "no such thing here" },
};

static struct scenario *parse(const char *head, const char *steps)
{
	char text[2048];

	snprintf(text, sizeof(text), "%s%s", head, steps);
	return scenario_parse_text(text, strlen(text), "t.scn", stderr);
}

static void run_case(size_t i)
{
	struct scenario *s = parse(HEAD, STEPS);
	struct verdict v;
	char found[1200];

	script = cases[i].script;
	run_scenario(s, &fake_judge, &v);
	snprintf(found, sizeof(found), "%s, promises %#x, tried %u, failed %u, left out %u, steps %u: %s",
		 verdict_names[v.verdict], v.broken, v.tried, v.failed, v.left_out, fake.seen, v.reason);
	result(v.verdict == cases[i].verdict && v.broken == cases[i].broken && v.tried == cases[i].tried &&
		       v.failed == cases[i].failed && v.left_out == cases[i].left_out && fake.seen == cases[i].steps &&
		       !strcmp(v.reason, cases[i].reason),
	       cases[i].test, found);
	scenario_free(s);
}

/* After a broken promise an operation that fails ends the run, and is no error. */
static void test_failing_after_broken(void)
{
	struct scenario *s = parse(HEAD, "map A buf anon private rw 1\nexpect A buf \"x\"\nload A buf\nexpect A buf \"x\"\n");
	struct verdict v;

	script = ".xb.";
	run_scenario(s, &fake_judge, &v);
	result(v.verdict == VERDICT_BROKEN && v.tried == 1 && fake.seen == 3, "an operation fails after a broken promise",
	       v.reason);
	scenario_free(s);
}

static void test_nothing_seen(void)
{
	struct scenario *s = parse(HEAD, "map A buf anon private rw 1\nexpect A buf \"x\"\nexpect copies 0\n");
	struct verdict v;

	script = ".cc";
	run_scenario(s, &fake_judge, &v);
	result(v.verdict == VERDICT_SKIPPED && v.left_out == 2 &&
		       !strcmp(v.reason, "of what it is about nothing can be seen here: can't see ?[1m it"),
	       "none of the expectations can be seen", v.reason);
	scenario_free(s);
}

/* What was seen must be about a promise of the head: a promise of a line alone says nothing of that. */
static void test_nothing_of_the_head_seen(void)
{
	struct scenario *s = parse(HEAD, "map A buf anon private rw 1\nexpect A buf \"x\" promise isolated\nexpect copies 0\n");
	struct verdict v;

	script = "..c";
	run_scenario(s, &fake_judge, &v);
	result(v.verdict == VERDICT_SKIPPED && v.tried == 1 && v.left_out == 1 &&
		       !strcmp(v.reason, "of what it is about nothing can be seen here: can't see ?[1m it"),
	       "nothing of the head's promises can be seen", v.reason);
	script = ".xc";
	run_scenario(s, &fake_judge, &v);
	result(v.verdict == VERDICT_BROKEN && v.broken == BIT(ISOLATED), "nothing of the head's, and a line is broken",
	       v.reason);
	script = "...";
	run_scenario(s, &fake_judge, &v);
	result(v.verdict == VERDICT_HOLDS, "all is seen", v.reason);
	scenario_free(s);
}

static void test_threads(void)
{
	struct scenario *s = parse(HEAD, "map A buf anon private rw 1\nthread\npin A buf read as p\nend\nseen p\n");
	struct verdict v;

	script = "";
	fake.seen = 0;
	run_scenario(s, &fake_judge, &v);
	result(v.verdict == VERDICT_SKIPPED && !fake.seen && v.as_expected &&
		       !strcmp(v.reason, "has parts that run at the same time"),
	       "threads", v.reason);
	scenario_free(s);
}

/* Either answer is as good, and what follows from the worse one is passed over. */
static void test_may_fail(void)
{
	static const struct {
		const char *test, *script;
		enum verdict_kind verdict;
		unsigned seen, tried;
	} runs[] = {
		{ "what may fail does not", ".......", VERDICT_HOLDS, 7, 2 },
		{ "a pin fails as it may", ".b...", VERDICT_HOLDS, 5, 1 },
		{ "a fork fails as it may", "....b.", VERDICT_HOLDS, 6, 2 },
		{ "both fail as they may", ".bb.", VERDICT_HOLDS, 4, 1 },
		{ "one fails in another way", ".e", VERDICT_ERROR, 2, 0 },
		{ "the expectation behind both", ".bbx", VERDICT_BROKEN, 4, 1 },
	};
	struct scenario *s = parse(HEAD, "map A buf anon private rw 1\npin A buf write as dma may fail EINVAL EBUSY\n"
					 "device dma \"x\"\nexpect dma \"x\"\nfork A B may fail EBUSY\n"
					 "store B buf \"y\"\nexpect A buf zero 1\n");

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct verdict v;

		script = runs[i].script;
		run_scenario(s, &fake_judge, &v);
		result(v.verdict == runs[i].verdict && fake.seen == runs[i].seen && v.tried == runs[i].tried, runs[i].test,
		       v.reason);
	}
	scenario_free(s);
}

static void expect_as_expected(const char *under, const char *of_script, const struct judge_ops *ops, bool expected)
{
	char head[256], test[300];
	struct scenario *s;
	struct verdict v;

	snprintf(head, sizeof(head), HEAD "%s%s\n", *under ? "broken under " : "", under);
	snprintf(test, sizeof(test), "broken under \"%s\", judge %s, script %s", under, ops->name, of_script);
	s = parse(head, STEPS);
	script = of_script;
	run_scenario(s, ops, &v);
	result(v.as_expected == expected, test, v.reason);
	scenario_free(s);
}

static void test_as_expected(void)
{
	struct judge_ops kernel = fake_judge, model = fake_judge;

	kernel.design = model.design = -1;
	kernel.name = "kernel";
	model.name = "model";
	expect_as_expected("", "...b....", &fake_judge, true);
	expect_as_expected("", "...bx...", &fake_judge, false);
	expect_as_expected("linux-5.7", "...bx...", &fake_judge, true);
	expect_as_expected("linux-5.7", "...b....", &fake_judge, false);
	expect_as_expected("linux-5.8 kernel", "...bx...", &fake_judge, false);
	expect_as_expected("linux-5.7", ".b", &fake_judge, false);
	expect_as_expected("linux-5.7", ".c", &fake_judge, true);
	expect_as_expected("kernel", "...bx...", &kernel, true);
	expect_as_expected("linux-5.7", "...bx...", &kernel, false);
	expect_as_expected("linux-5.7 kernel", "...bx...", &model, false);
	expect_as_expected("linux-5.7 kernel", "...b....", &model, true);
}

/* ---- long values and traces --------------------------------------------- */

static void test_far_difference(void)
{
	struct scenario *s = parse(HEAD, "map A buf anon private rw 1\nexpect A buf zero 4096\n");
	struct verdict v;

	script = ".x";
	run_scenario(s, &fake_judge, &v);
	result(!strcmp(v.reason, "t.scn:5:1: expect A buf zero 4096: expected \"\\0\" from byte 4095 on, found \"\\x01\""),
	       "a difference far behind", v.reason);
	scenario_free(s);
}

static void expect_in_trace(const char *test, const char *trace, const char *text)
{
	result(strstr(trace, text) != NULL, test, trace);
}

#define ZEROES "000000000000000000000000000000000000000000000000000000000000000"

static void test_trace(void)
{
	struct scenario *s = parse(HEAD, STEPS);
	struct verdict v;
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	script = "...bx.c.";
	run_scenario_traced(s, &fake_judge, &v, f);
	fclose(f);
	expect_in_trace("a trace begins", text,
			"t, judged by fake\nbecause\n\n    4  map A buf anon private rw 1\n            steps: 1\n"
			"            constant: yes\n            odd: here\n");
	expect_in_trace("a trace has what changed, and nothing else", text,
			"    5  pin A buf write as dma\n            odd: gone\n            steps: 1 -> 2\n"
			"            even: here\n            long: " ZEROES "1\n               -> " ZEROES "2\n    6  load");
	expect_in_trace("a trace has errors as expected", text, "            fails with EBUSY, as expected\n");
	expect_in_trace("a trace has what was found", text, "            expected \"net\", found \"neu\"\n");
	expect_in_trace("a trace has what is left out", text, "            left out: can't see ?[1m it\n");
	expect_in_trace("a trace ends with the verdict", text, "\nbroken coherent safe: t.scn:8:1: expect A buf");
	free(text);
	scenario_free(s);
}

static void test_model(void)
{
	struct scenario *s = parse(HEAD, "map A buf anon private rw 1\nstore A buf \"old\"\npin A buf write as dma\nfork A B\n"
					 "store A buf+8 \"new\"\ndevice dma \"net\"\nexpect A buf \"net\"\n"
					 "expect B buf \"old\"\nunpin dma\nunpin dma fails EINVAL\nexit B\n"
					 "load B buf fails ESRCH\n");
	struct verdict v;

	run_scenario(s, &judge_model, &v);
	result(v.verdict == VERDICT_HOLDS && v.tried == 4, "the reference model", v.reason);
	scenario_free(s);
}

/* It can't run out of anything, and says so rather than not failing. */
static void test_model_of_plenty(void)
{
	static const char *const errors[] = { "ENOMEM", "ENOLCK", "EAGAIN" };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		char steps[128];
		struct scenario *s;
		struct verdict v;

		snprintf(steps, sizeof(steps), "map A buf anon private rw 1\npin A buf read as p fails %s\n", errors[i]);
		s = parse(HEAD, steps);
		run_scenario(s, &judge_model, &v);
		result(v.verdict == VERDICT_SKIPPED, errors[i], v.reason);
		scenario_free(s);
	}
}

/* ---- the library -------------------------------------------------------- */

/* Under every design: as_expected, and no page is missing at the end. */
static void expect_designs(const char *test, const char *text)
{
	struct scenario *s = scenario_parse_text(text, strlen(text), "t.scn", stderr);
	char detail[1024] = "";

	for (int d = 0; s && d < DESIGNS; d++) {
		struct verdict v;

		run_scenario(s, judge_of_design((enum design_id)d), &v);
		if (!v.as_expected)
			snprintf(detail, sizeof(detail), "%s: %s: %s", design_names[d], verdict_names[v.verdict], v.reason);
	}
	result(s && !detail[0], test, detail);
	scenario_free(s);
}

static void test_designs(void)
{
	expect_designs("the sample of the design",
		       "scenario  fork-under-a-device-write\nwhy       \"A device writes while the owner forks.\"\n"
		       "promise   coherent isolated\nbroken under linux-5.7 linux-5.8 linux-5.9-rc\n\n"
		       "map    A buf anon private rw 1\nstore  A buf \"old\"\npin    A buf write as dma\nfork   A B\n"
		       "store  A buf+8 \"new\"\ndevice dma \"net\"             # the device writes through its pin\n"
		       "expect A buf \"net\"\nexpect A buf+8 \"new\"\nexpect B buf \"old\"\nunpin  dma\n");
	expect_designs("whatever is held is given back", HEAD
		       "object F 4\nmap A a F shared rw 4\nmap A b anon private rw 9\nstore A a \"x\"\n"
		       "fill A b 1 36864\npin A a write long as p\npin A b+1p+7 read bytes 9000 as q\nget A b as g\n"
		       "unpin q bytes 4089\nfork A B\nstore B b \"x\"\nexit A\nmap C c anon private r 1\nexpect C c zero 1\n");
	expect_designs("parts of a pin", HEAD
		       "map A b anon private rw 4\npin A b+8 write bytes 12000 as p\ndevice p+4000 \"over the edge ............"
		       "........................................................................................\"\n"
		       "expect A b+4008 \"over\"\nunpin p+4088 1\nexpect p \"\\0\"\n"
		       "expect p+8184 zero 3816\ndevice p+4087 \"ab\" fails EINVAL\ndevice p+11999 \"ab\" fails EINVAL\n"
		       "unpin p\nunpin p fails EINVAL\ndevice p \"x\" fails EINVAL\n");
	expect_designs("terabytes", HEAD
		       "map A big anon private rw 268435456\nload A big+268435455p\nfill A big 0x55 67108864 fails ENOMEM\n"
		       "unmap A big\nobject F 268435456\nmap A f F shared rw 268435456\nstore A f+200000000p \"x\"\n"
		       "expect F+200000000p \"x\"\nfork A B\nremap A f 536870912\n"
		       "move A f\nexpect A f+200000000p \"x\"\npin A f read as p fails ENOMEM\nresize F 0\n"
		       "map A x anon private rw 1099511627776 fails EINVAL\nobject G 1099511627776 fails EINVAL\n");
}

/* The mark is Holdfast's alone; Linux's nearest thing has a name of its own. */
static void test_marks_in_traces(void)
{
	struct scenario *s = parse(HEAD, "map A a anon private rw 1\nstore A a \"x\"\nexpect A a \"x\"\n");

	for (int d = 0; d < DESIGNS; d++) {
		bool holdfast = d == DESIGN_HOLDFAST, exclusive = d == DESIGN_LINUX_5_19 || d == DESIGN_LINUX_6_2;
		struct verdict v;
		char *text;
		size_t n;
		FILE *f = open_memstream(&text, &n);

		run_scenario_traced(s, judge_of_design((enum design_id)d), &v, f);
		fclose(f);
		result(!strstr(text, "PINNABLE") == !holdfast && !strstr(text, "exclusive") == !exclusive, design_names[d],
		       text);
		free(text);
	}
	scenario_free(s);
}

/* A library judge can answer late, and still says where. */
static void test_design_in_error(void)
{
	struct scenario *s = parse(HEAD, "map A a anon private rw 1\nprotect A a r\nstore A a \"x\"\nexpect A a zero 1\n");
	struct verdict v;

	run_scenario(s, judge_of_design(DESIGN_HOLDFAST), &v);
	result(v.verdict == VERDICT_ERROR && !strcmp(v.reason, "t.scn:6:1: store A a \"x\": failed with EACCES, and must not"),
	       "an operation that must not fail", v.reason);
	scenario_free(s);
	result(!judge_of_design(DESIGNS), "there is no such design", "");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(i);
	test_failing_after_broken();
	test_nothing_seen();
	test_nothing_of_the_head_seen();
	test_threads();
	test_may_fail();
	test_as_expected();
	test_far_difference();
	test_trace();
	test_model();
	test_model_of_plenty();
	test_designs();
	test_marks_in_traces();
	test_design_in_error();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}

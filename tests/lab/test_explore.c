/*
 * test_explore.c - from a scenario to a verdict: proved, violated, unfinished, empty,
 * skipped; the promises that break, the line that says it, and the reason
 *
 * A table of small scenarios.  That the engine finds every execution is for
 * tests/explore; here it is what becomes of them.
 */
#include <stdlib.h>
#include <string.h>

#include "explore.h"

static int passed, failed;

static void result(bool ok, const char *test, const char *detail)
{
	printf("%s %s%s%s\n", ok ? "ok  " : "FAIL", test, ok ? "" : ": ", ok ? "" : detail);
	ok ? passed++ : failed++;
}

#define HEAD "scenario t\nwhy \"because\"\npromise coherent isolated\n"
#define MAP "map A buf anon private rw 1\nstore A buf \"old\"\n"
#define PIN_FORK "thread\npin A buf write as dma\nthread\nfork A B\nend\n"
#define C (1u << PROMISE_COHERENT)
#define I (1u << PROMISE_ISOLATED)
#define S (1u << PROMISE_SYMMETRIC)

#define HOLDFAST DESIGN_HOLDFAST

static const struct expected {
	const char *name, *text;
	enum design_id design;
	enum explore_verdict verdict;
	const char *kind;
	unsigned broken;
	int line;		/* that it is about; 0: none */
	bool as_expected;
	const char *says;	/* the reason has this in it */
} table[] = {
	/* what holds, and what does not */
	{ "a pin against a fork", HEAD MAP PIN_FORK "never dma and page A buf = page B buf\nseen dma and B\n", HOLDFAST,
	  EXPLORE_PROVED, "", 0, 0, true, "" },
	{ "the same where nothing orders the two", HEAD MAP PIN_FORK "never dma and page A buf = page B buf\n",
	  DESIGN_LINUX_5_9, EXPLORE_VIOLATED, "promise", C | I, 11, false, "never dma and page A buf = page B buf" },
	{ "the same, and history says so", HEAD "broken under linux-5.9\n" MAP PIN_FORK "never dma and page A buf = page B buf\n",
	  DESIGN_LINUX_5_9, EXPLORE_VIOLATED, "promise", C | I, 12, true, "" },
	{ "history says so, and it does not break", HEAD "broken under holdfast\n" MAP PIN_FORK "seen dma\n", HOLDFAST,
	  EXPLORE_PROVED, "", 0, 0, false, "" },
	{ "the promise of the condition", HEAD MAP PIN_FORK "never dma and page A buf = page B buf promise isolated\n",
	  DESIGN_LINUX_5_9, EXPLORE_VIOLATED, "promise", I, 11, false, "" },
	{ "two lines break two promises", HEAD MAP PIN_FORK "never B promise safe\nnever B promise isolated\n", HOLDFAST,
	  EXPLORE_VIOLATED, "promise", I | 1u << PROMISE_SAFE, 11, false, "never B" },
	{ "a never that is always seen", HEAD MAP PIN_FORK "never A buf \"old\"\n", HOLDFAST, EXPLORE_VIOLATED, "promise",
	  C | I, 11, false, "t.scn:11:1: never A buf \"old\": it was seen" },
	{ "an expectation after the threads", HEAD MAP PIN_FORK "store A buf \"new\"\nexpect dma \"new\" promise coherent\n",
	  DESIGN_LINUX_5_9, EXPLORE_VIOLATED, "promise", C, 12, false, "found \"old\"" },
	{ "an expectation in a thread", HEAD MAP "thread\nstore A buf \"new\"\nthread\nexpect A buf \"old\" promise isolated\nend\n",
	  HOLDFAST, EXPLORE_VIOLATED, "promise", I, 9, false, "found \"new\"" },
	{ "one whose bytes are no whole word", HEAD "map A buf anon private rw 1\nstore A buf \"older\"\nthread\nload A buf\n"
	  "thread\nexpect A buf \"old\"\nend\n", HOLDFAST, EXPLORE_PROVED, "", 0, 0, true, "" },

	/* operations that fail */
	{ "a failure that is allowed", HEAD MAP "thread\nexit A\nthread\nload A buf as r may fail ESRCH\nend\n"
	  "seen r\nseen not r\n", HOLDFAST, EXPLORE_PROVED, "", 0, 0, true, "" },
	{ "a failure that is not", HEAD MAP "thread\nexit A\nthread\nload A buf as r may fail EFAULT\nend\nseen r\n", HOLDFAST,
	  EXPLORE_VIOLATED, "error", 0, 9, false, "it failed with ESRCH, and must not" },
	{ "one that should fail", HEAD MAP "thread\nload A buf\nthread\npin A buf write as dma fails EACCES\nend\n", HOLDFAST,
	  EXPLORE_VIOLATED, "promise", C | I, 9, false, "it was done" },
	{ "one before the threads", HEAD "map A buf anon private r 1\nstore A buf \"x\"\nthread\nload A buf\nthread\nload A buf\nend\n"
	  "seen A\n", HOLDFAST, EXPLORE_VIOLATED, "error", 0, 5, false, "it failed with EACCES, and must not" },
	{ "passed over without its pin", HEAD MAP "thread\npin A buf read fast-only as dma may fail EAGAIN\nunpin dma\nthread\n"
	  "fork A B\nend\nseen dma\nseen not dma\n", HOLDFAST, EXPLORE_PROVED, "", 0, 0, true, "" },
	{ "a mark", HEAD "object F 1\nmap A buf F shared rw 1\nthread\npin A buf read as dma may fail EFAULT\nthread\n"
	  "resize F 0 may fail EBUSY as cut\nend\nnever dma and cut\nseen dma\nseen cut\n", HOLDFAST, EXPLORE_PROVED, "", 0, 0,
	  true, "" },

	/* what must be seen */
	{ "never seen", HEAD MAP PIN_FORK "seen dma\nseen dma and not B\n", HOLDFAST, EXPLORE_EMPTY, "", 0, 12, false,
	  "t.scn:12:1: seen dma and not B: no execution shows it" },
	{ "two values", HEAD MAP "thread\nstore A buf \"new\"\nthread\nload A buf as r\nload A buf as s\nend\n"
	  "never r \"new\" and s \"old\"\nseen r = s\nseen not r = s\n", HOLDFAST, EXPLORE_PROVED, "", 0, 0, true, "" },

	/* from thread to thread */
	{ "a child that is stored to by another thread", HEAD MAP "thread\nfork A B\nthread\nstore B buf \"new\" as m\nend\n"
	  "never A buf \"new\"\nseen m\nseen not m\n", HOLDFAST, EXPLORE_PROVED, "", 0, 0, true, "" },
	{ "a device that another thread is", HEAD MAP "thread\npin A buf write as dma\nthread\ndevice dma \"net\" as m\nend\n"
	  "never m and not A buf \"net\"\nseen m\nseen not m\n", HOLDFAST, EXPLORE_PROVED, "", 0, 0, true, "" },
	{ "a mapping that moves away", HEAD MAP "thread\npin A buf read as dma may fail EFAULT\nthread\nmove A buf\nend\n"
	  "seen dma\nseen not dma\n", HOLDFAST, EXPLORE_PROVED, "", 0, 0, true, "" },

	/* contracts, which nobody has to ask for */
	{ "a read pin that loses its page", HEAD MAP "fork A B\nthread\npin A buf read as dma\nthread\nload A buf\nend\nseen dma\n",
	  DESIGN_LINUX_5_7, EXPLORE_VIOLATED, "promise", C, 0, false, "what is stored at A buf is not seen through dma" },
	{ "the promise that read pins are as good", "scenario t\nwhy \"because\"\npromise symmetric\n" MAP
	  "fork A B\nthread\npin A buf read as dma\nthread\nload A buf\nend\nseen dma\n",
	  DESIGN_LINUX_5_7, EXPLORE_VIOLATED, "promise", S, 0, false, "what is stored at A buf is not seen through dma" },
	{ "one that was not promised", "scenario t\nwhy \"because\"\npromise safe\n" MAP
	  "fork A B\nthread\npin A buf read as dma\nthread\nload A buf\nend\nseen dma\n",
	  DESIGN_LINUX_5_7, EXPLORE_PROVED, "", 0, 0, true, "" },
	{ "a reference that sees the other side", HEAD MAP "fork A B\nthread\nget A buf as g\nthread\nload B buf\nend\nseen g\n",
	  DESIGN_LINUX_5_7, EXPLORE_VIOLATED, "promise", I, 0, false, "what is written at B buf is seen through g" },

	/* what can't be explored */
	{ "no threads", HEAD MAP "expect A buf \"old\"\n", HOLDFAST, EXPLORE_SKIPPED, "", 0, 0, true, "no parts run at the same time" },
	{ "an offset that no small page has", HEAD MAP "thread\nload A buf+100\nthread\nfork A B\nend\nseen B\n", HOLDFAST,
	  EXPLORE_SKIPPED, "", 0, 7, true, "100 bytes into a page" },
	{ "half a word in a thread", HEAD MAP "thread\nstore A buf+3 \"x\"\nthread\nfork A B\nend\nseen B\n", HOLDFAST,
	  EXPLORE_SKIPPED, "", 0, 7, true, "no multiple of 8" },
	{ "bytes that reach beyond a page", HEAD MAP "store A buf+60 \"12345\"\n" PIN_FORK "seen B\n", HOLDFAST, EXPLORE_SKIPPED,
	  "", 0, 6, true, "reach past the explorer's page" },
	{ "a mapping that is too large", HEAD "map A buf anon private rw 200\n" PIN_FORK "seen B\n", HOLDFAST, EXPLORE_SKIPPED, "",
	  0, 4, true, "address spaces have" },
	{ "half of a word beside the whole", HEAD MAP "thread\n  atomic A buf+4 add 1 bytes 4\nthread\n  load A buf as r\nend\nseen r\n",
	  HOLDFAST, EXPLORE_SKIPPED, "", 0, 9, true, "half of a word" },
	{ "a page that a small huge page does not have", HEAD "map A buf anon private huge rw\nthread\nload A buf+4p\nthread\n"
	  "fork A B\nend\nseen B\n", HOLDFAST, EXPLORE_SKIPPED, "", 0, 6, true, "pages up to the 4th of a huge page" },
	{ "a pool of more huge pages than there are", HEAD "pool 17h\nmap A buf anon private huge rw\nthread\nload A buf\nthread\n"
	  "fork A B\nend\nseen B\n", HOLDFAST, EXPLORE_SKIPPED, "", 0, 0, true, "a pool of more than 64 pages" },
	{ "a pool that is too large", HEAD "pool 100\n" MAP PIN_FORK "seen B\n", HOLDFAST, EXPLORE_SKIPPED, "", 0, 0, true,
	  "a pool of more than 64 pages" },
};

static struct scenario *parse(const char *text)
{
	return scenario_parse_text(text, strlen(text), "t.scn", stdout);
}

static void explore(const char *text, const struct explore_options *options, struct explore_result *r)
{
	struct scenario *s = parse(text);

	memset(r, 0, sizeof(*r));
	r->verdict = EXPLORE_VERDICTS;
	if (!s)
		return;
	explore_scenario(s, options, r);
	scenario_free(s);
}

/* What comes out other than expected, as a sentence; NULL: nothing. */
static const char *difference(const struct expected *e, const struct explore_result *r)
{
	static char text[800];

	if (r->verdict == e->verdict && !strcmp(r->kind, e->kind) && r->broken == e->broken && r->at.line == e->line &&
	    r->as_expected == e->as_expected && strstr(r->reason, e->says))
		return NULL;
	snprintf(text, sizeof(text), "%s, kind \"%s\", broken %#x, line %d, %sas expected: %s",
		 r->verdict < EXPLORE_VERDICTS ? explore_verdict_names[r->verdict] : "no scenario", r->kind, r->broken,
		 r->at.line, r->as_expected ? "" : "not ", r->reason);
	return text;
}

static void test_table(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct explore_options options = { .design = table[i].design };
		struct explore_result r;
		const char *wrong;

		explore(table[i].text, &options, &r);
		wrong = difference(&table[i], &r);
		result(!wrong, table[i].name, wrong);
		explore_result_free(&r);
	}
}

/* ---- options ------------------------------------------------------------------- */

static const char good[] = HEAD MAP PIN_FORK "seen dma and B\n";
static const char bad[] = HEAD MAP PIN_FORK "never dma and page A buf = page B buf\n";

static void test_limits(void)
{
	struct explore_options few = { .design = HOLDFAST, .executions_most = 1 };
	struct explore_options some = { .design = HOLDFAST, .random = 20, .seed = 1 };
	struct explore_result r;

	explore(good, &few, &r);
	result(r.verdict == EXPLORE_UNFINISHED && r.executions == 1 && !r.as_expected && r.reason[0], "a limit proves nothing",
	       r.reason);
	explore(good, &some, &r);
	result(r.verdict == EXPLORE_UNFINISHED && r.executions == 20 && r.as_expected, "executions at random prove nothing",
	       r.reason);
}

static void test_searches(void)
{
	struct explore_options reduced = { .design = HOLDFAST }, parts = { .design = HOLDFAST, .shards = 3, .shard_depth = 4 };
	struct explore_result r, part;
	uint64_t sum = 0, seen = 0;
	bool proved = true;

	explore(good, &reduced, &r);
	result(r.verdict == EXPLORE_PROVED && r.executions > 2 && r.outcomes >= 2 && r.seen == 1 && r.steps_most > 10,
	       "what is counted", r.reason);
	for (parts.shard = 0; parts.shard < parts.shards; parts.shard++) {
		explore(good, &parts, &part);
		proved &= part.verdict == EXPLORE_PROVED;
		sum += part.executions;
		seen |= part.seen;
	}
	result(proved && sum >= r.executions && seen == 1, "three parts are the whole", part.reason);
}

/* What a part finds is told as its own, and not as what the trial before it came to. */
static void test_parts_that_fail(void)
{
	static const char text[] = HEAD MAP "thread\npin A buf write as dma\ndevice dma+8 \"net\"\nthread\nfork A B\nend\n"
		"store A buf \"new\"\nexpect dma \"new\"\ndevice dma+16 \"dev\"\nexpect A buf+16 \"dev\"\n";
	struct explore_options parts = { .design = DESIGN_LINUX_5_7, .shards = 4, .shard_depth = 12 };
	struct explore_result part;
	unsigned violated = 0, broken = 0;

	for (parts.shard = 0; parts.shard < parts.shards; parts.shard++) {
		explore(text, &parts, &part);
		violated += part.verdict == EXPLORE_VIOLATED;
		broken += part.verdict == EXPLORE_VIOLATED && part.broken;
	}
	result(violated > 1 && broken == violated, "a part says what it breaks", part.reason);
}

static char *told(const struct explore_run *run, size_t *length)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, length);

	explore_print(run, f, 100, false);
	fclose(f);
	return text;
}

static void test_story(void)
{
	struct explore_options options = { .design = DESIGN_LINUX_5_9, .story = true };
	struct explore_result r;
	size_t length;
	char *text;

	explore(bad, &options, &r);
	result(r.run && r.number, "a violation has a story", r.reason);
	if (!r.run)
		return;
	text = told(r.run, &length);
	result(strstr(text, "pin A buf write as dma") && strstr(text, "A buf entry") && strstr(text, "--design linux-5.9"),
	       "it has the names of things, and how to see it again", text);
	free(text);
	options.only = r.number;
	explore_result_free(&r);
	explore(bad, &options, &r);
	result(r.verdict == EXPLORE_VIOLATED && r.run && r.number == options.only, "one execution, again", r.reason);
	explore_result_free(&r);
	options.only = 0;
	options.story = false;
	options.go_on = true;
	explore(bad, &options, &r);
	result(r.violating > 1 && r.executions > r.violating, "how many violate", r.reason);
}

/* ---- mutants --------------------------------------------------------------------- */

/* The orders that a pin and a fork depend on (handshake.h: P1, F5). */
static void test_mutants(void)
{
	static const char text[] = HEAD MAP PIN_FORK "never dma and page A buf = page B buf\n";
	struct explore_options options = { .design = HOLDFAST };
	const struct explore_site *sites;
	size_t count = explore_sites(&sites), caught = 0, same = 0;
	struct explore_result r;

	result(count > 20, "there are mutants", "few");
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < i; k++)
			same += !strcmp(sites[i].name, sites[k].name);
		if (!strstr(sites[i].file, "handshake.h"))
			continue;
		options.mutant = sites[i].name;
		explore(text, &options, &r);
		caught += r.verdict == EXPLORE_VIOLATED && r.broken == (C | I);
		explore_result_free(&r);
	}
	result(!same, "each has a name of its own", "two have the same");
	result(caught == 2, "both orders of the handshake are needed", "not caught");
	options.mutant = "src/core/nothing.c:1:relaxed";
	explore(text, &options, &r);
	result(r.verdict == EXPLORE_SKIPPED && strstr(r.reason, "no mutant"), "one that there is not", r.reason);
}

int main(void)
{
	test_table();
	test_limits();
	test_searches();
	test_parts_that_fail();
	test_story();
	test_mutants();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}

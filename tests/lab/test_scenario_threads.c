/*
 * test_scenario_threads.c - parts that run at the same time: what the parser makes
 * of them, when a condition is true, and that no random one loses anything as text
 *
 * What is refused, and in which words, stands in scenario_messages.h.
 */
#include <errno.h>

#include "scenario_text.h"

#define HEAD "scenario t\nwhy \"because\"\npromise coherent safe\n"

static int passed, failed;

static void result(bool ok, const char *test, const char *detail)
{
	printf("%s %s%s%s\n", ok ? "ok  " : "FAIL", test, ok || !detail[0] ? "" : ": ", ok ? "" : detail);
	ok ? passed++ : failed++;
}

/* ---- what it means ------------------------------------------------------ */

static const char meant[] =
	HEAD "check under linux-5.9 holdfast\nmap A buf anon private rw 2\nobject F\nfork A B\n"
	     "pin A buf read as p\nthread\nload A buf+8 as r may fail ESRCH EFAULT\nthread\nresize F 0 may fail EBUSY as cut\nload A buf 16 as s\nend\n"
	     "store A buf \"x\"\n"
	     "never p and not cut or page A buf+1p = page p and B promise safe\nseen r \"ab\" or r = r and s\n";

static void steps_mean(const struct scenario *s)
{
	const struct step *load = &s->steps[4], *resize = &s->steps[5], *second = &s->steps[6], *last = &s->steps[7];

	result(s->nthreads == 2 && s->check_under == (1u << DESIGN_LINUX_5_9 | 1u << DESIGN_HOLDFAST), "threads and designs", "");
	result(!s->steps[3].thread && load->thread == 1 && resize->thread == 2 && second->thread == 2 &&
		       last->thread == STEP_AFTER,
	       "where a step stands", "");
	result(load->op == OP_LOAD && load->length == 8 && load->result == 0 && second->length == 16 && second->result == 1 &&
		       last->result == -1 && !strcmp(s->values[1], "s"),
	       "what a load with a name means", "");
	result(step_may_fail(load, ESRCH) && step_may_fail(load, EFAULT) && !step_may_fail(load, EBUSY) &&
		       !step_may_fail(load, 0) && !step_may_fail(load, 4711) && !load->fails && !step_may_fail(last, ESRCH),
	       "what may fail means", "");
	result(resize->mark == 0 && !strcmp(s->marks[0], "cut") && load->mark == -1, "what a mark means", "");
}

static void conditions_mean(const struct scenario *s)
{
	const struct condition *never = &s->conditions[0], *seen = &s->conditions[1];
	const struct fact *f = never->facts, *g = seen->facts;

	result(!never->seen && never->nfacts == 4 && never->promises == 1u << PROMISE_SAFE && seen->seen && !seen->promises &&
		       !strcmp(never->text, "p and not cut or page A buf+1p = page p and B"),
	       "what a condition means", never->text);
	result(f[0].kind == FACT_DONE && f[0].left.kind == THING_PIN && !f[0].left.pin && !f[0].negated &&
		       f[1].left.kind == THING_MARK && !f[1].left.mark && f[1].negated && f[0].left.space == -1,
	       "a pin and a mark", "");
	result(f[2].kind == FACT_SAME_PAGE && f[2].left.kind == THING_PLACE && f[2].left.offset == SCENARIO_PAGE &&
		       f[2].right.kind == THING_PIN && f[3].left.kind == THING_SPACE && f[3].left.space == 1,
	       "two pages and a space", "");
	result(!f[0].alternative && !f[1].alternative && f[2].alternative == 1 && f[3].alternative == 1, "alternatives", "");
	result(g[0].kind == FACT_BYTES && g[0].left.kind == THING_VALUE && g[0].length == 2 && !memcmp(g[0].bytes, "ab", 2) &&
		       g[1].kind == FACT_SAME_BYTES && !g[1].left.value && !g[1].right.value && g[2].left.value == 1,
	       "loads", "");
}

static void test_meaning(void)
{
	char *message;
	struct scenario *s = parse(meant, strlen(meant), &message);

	result(s, "a scenario with all of it", message);
	if (s) {
		steps_mean(s);
		conditions_mean(s);
	}
	scenario_free(s);
	free(message);
}

/* ---- the truth ---------------------------------------------------------- */

/* Pins a to d: true for a bit each. */
static bool bit_holds(const struct fact *fact, void *context)
{
	return *(unsigned *)context >> fact->left.pin & 1;
}

static void expect_truth(const char *condition, bool (*formula)(bool, bool, bool, bool))
{
	char text[512], *message;
	struct scenario *s;
	unsigned wrong = 0;

	snprintf(text, sizeof(text),
		 HEAD "map A buf anon private rw 1\nthread\npin A buf read as a\npin A buf read as b\npin A buf read as c\n"
		      "pin A buf read as d\nend\nnever %s\n", condition);
	s = parse(text, strlen(text), &message);
	for (unsigned bits = 0; s && bits < 16; bits++)
		wrong += condition_is_true(&s->conditions[0], bit_holds, &bits) !=
			 formula(bits & 1, bits & 2, bits & 4, bits & 8);
	result(s && !wrong, condition, message);
	scenario_free(s);
	free(message);
}

static bool just_a(bool a, bool b, bool c, bool d)
{
	return ((void)b, (void)c, (void)d, a);
}

static bool not_a(bool a, bool b, bool c, bool d)
{
	return ((void)b, (void)c, (void)d, !a);
}

static bool and_first(bool a, bool b, bool c, bool d)
{
	return a || (b && !c) || d;
}

static bool and_at_both_ends(bool a, bool b, bool c, bool d)
{
	return (a && b) || (c && d);
}

static bool all_of_them(bool a, bool b, bool c, bool d)
{
	return a && b && c && d;
}

static bool never_true(bool a, bool b, bool c, bool d)
{
	return ((void)a, (void)b, (void)c, (void)d, false);
}

static void test_truth(void)
{
	const struct condition nothing = { .facts = NULL };
	unsigned bits = 15;

	expect_truth("a", just_a);
	expect_truth("not a", not_a);
	expect_truth("a or b and not c or d", and_first);
	expect_truth("a and b or c and d", and_at_both_ends);
	expect_truth("a and b and c and d", all_of_them);
	expect_truth("a and not a", never_true);
	result(!condition_is_true(&nothing, bit_holds, &bits), "no facts are not true", "");
}

/* ---- random ones -------------------------------------------------------- */

static uint64_t random_state = 3;

static unsigned below(unsigned n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(random_state >> 33) % n;
}

/*
 * Lines with holes: S a space, m a mapping, O an object, p a pin, r a load, k a mark, + an offset, " bytes,
 * n a number of pages, e errors, ! what may stand behind an operation, ? behind an expectation, F a fact.
 */
static const char *const steps[] = {
	"map $S $m anon private rw $n$!", "map $S $m $O shared r $n$!", "object $O $n$!", "space $S$!", "fork $S $S$!",
	"fork $S $S hole$!", "exit $S$!", "pin $S $m$+ read as $p", "pin $S $m write long as $p may fail$e", "get $S $m as $p",
	"unpin $p$!", "unpin $p+8 bytes 8 dirty$!", "device $p$+ $\"$!", "store $S $m$+ $\"$!", "load $S $m$+$!", "load $S $m as $r",
	"load $S $m$+ 16 as $r may fail$e", "fill $S $m 0x5a 64$!", "add $S $m+8 5$!", "unmap $S $m$!", "discard $S $m$!",
	"protect $S $m r$!", "remap $S $m $n$!", "move $S $m$!", "resize $O $n$!", "write $O$+ $\"$!", "count",
	"map $S $m anon private huge rw$!", "nohuge $S $m$!", "collapse $S $m$!", "expect $S $m$+ huge$?",
	"expect $S $m$+ $\"$?", "expect $p $\"$?", "expect $O $\"$?", "expect $p slow$?", "expect copies $n$?",
};
static const char *const facts[] = {
	"$p", "$r", "$k", "$S", "page $S $m$+ = page $p", "page $p$+ = page $p", "page $S $m = page $S $m", "$r = $r", "$r $\"",
	"$S $m$+ $\"", "$S $m$+ huge", "$p$+ $\"", "$O $\"",
};
#define LINES(list) (sizeof(list) / sizeof((list)[0]))

static void pick(FILE *f, const char *const words[4])
{
	fputs(words[below(4)], f);
}

static void fill_holes(FILE *f, const char *line);

static void fill_errors(FILE *f)
{
	for (unsigned n = 1 + below(3); n--;)
		pick(f, (const char *const[]){ " EBUSY", " ESRCH", " EFAULT", " EAGAIN" });
}

/* Mostly nothing. */
static void fill_tail(FILE *f)
{
	switch (below(8)) {
	case 0:
		fill_holes(f, " fails EBUSY promise safe");
		break;
	case 1:
		fill_holes(f, " may fail$e");
		break;
	case 2:
		fill_holes(f, " may fail$e as $k");
		break;
	case 3:
		fill_holes(f, " as $k");
		break;
	default:
		break;
	}
}

static void fill_hole(FILE *f, char hole)
{
	switch (hole) {
	case 'S':
		pick(f, (const char *const[]){ "A", "A", "B", "C" });
		break;
	case 'm':
		pick(f, (const char *const[]){ "a", "a", "b", "c" });
		break;
	case 'O':
		pick(f, (const char *const[]){ "F", "F", "G", "H" });
		break;
	case 'p':
		pick(f, (const char *const[]){ "p", "q", "and", "page" });
		break;
	case 'r':
		pick(f, (const char *const[]){ "r", "s", "t", "or" });
		break;
	case 'k':
		pick(f, (const char *const[]){ "k", "l", "not", "promise" });
		break;
	case '+':
		pick(f, (const char *const[]){ "", "", "+8", "+1p+16" });
		break;
	case '"':
		pick(f, (const char *const[]){ "\"x\"", "zero 8", "\"a\\\"\\0\\xff\"", "\"12345678\"" });
		break;
	case 'n':
		pick(f, (const char *const[]){ "1", "2", "3", "0" });
		break;
	case 'e':
		fill_errors(f);
		break;
	case '!':
		fill_tail(f);
		break;
	default:
		pick(f, (const char *const[]){ "", "", " promise safe", " promise fast coherent" });
		break;
	}
}

static void fill_holes(FILE *f, const char *line)
{
	for (; *line; line++)
		if (*line == '$')
			fill_hole(f, *++line);
		else
			fputc(*line, f);
}

static void make_condition(FILE *f)
{
	fputs(below(2) ? "never " : "seen ", f);
	for (;;) {
		fputs(below(3) ? "" : "not ", f);
		fill_holes(f, facts[below(LINES(facts))]);
		if (!below(2))
			break;
		fputs(below(2) ? " and " : " or ", f);
	}
	fill_hole(f, '?');
}

/* The text with a line more, and what may close it for a parser; *taken if it is one. */
static char *try_line(char *text, const char *line, const char *close, bool *taken)
{
	size_t room = strlen(text) + strlen(line) + strlen(close) + 2;
	char *longer = malloc(room);
	struct scenario *s;
	int n = snprintf(longer, room, "%s%s\n%s", text, line, close);

	s = scenario_parse_text(longer, (size_t)n, "t.scn", NULL);
	*taken = s;
	scenario_free(s);
	longer[(size_t)n - strlen(close)] = '\0';
	free(s ? text : longer);
	return s ? longer : text;
}

/* Lines are tried until so many were taken: nobody has to know here what is allowed. */
static char *add_lines(char *text, unsigned wanted, bool conditions, const char *first, const char *close)
{
	for (unsigned tries = 0; wanted && tries < 60; tries++) {
		char *line;
		size_t length;
		bool taken;
		FILE *f = open_memstream(&line, &length);

		fputs(first, f);
		if (conditions)
			make_condition(f);
		else
			fill_holes(f, steps[below(LINES(steps))]);
		fclose(f);
		text = try_line(text, line, close, &taken);
		free(line);
		if (taken) {
			first = "";
			wanted--;
		}
	}
	return text;
}

static char *make_text(void)
{
	char *text = strdup(HEAD "broken under linux-5.9 kernel\ncheck under symmetric\nmap A a anon private rw 2\nobject F 2\n");
	unsigned threads = below(5);

	text = add_lines(text, 1 + below(6), false, "", "expect spaces 0\n");
	for (unsigned i = 0; i < threads; i++)
		text = add_lines(text, 1 + below(4), false, "thread\n", "end\nexpect spaces 0\n");
	text = add_lines(text, 1, false, threads ? "end\n" : "", "expect spaces 0\n");
	text = add_lines(text, below(4), false, "", "expect spaces 0\n");
	if (threads)
		text = add_lines(text, 1 + below(3), true, "", "");
	return text;
}

static unsigned seen_facts[FACT_BYTES + 1], seen_things[THING_MARK + 1], seen_may_fail, seen_marks, seen_after;

static void count(const struct scenario *s)
{
	for (size_t i = 0; i < s->nconditions; i++)
		for (size_t k = 0; k < s->conditions[i].nfacts; k++) {
			seen_facts[s->conditions[i].facts[k].kind]++;
			seen_things[s->conditions[i].facts[k].left.kind]++;
		}
	for (size_t i = 0; i < s->nsteps; i++) {
		seen_may_fail += s->steps[i].may_fail != 0;
		seen_marks += s->steps[i].mark >= 0;
		seen_after += s->steps[i].thread == STEP_AFTER;
	}
}

static bool seen_all(void)
{
	unsigned least = seen_may_fail;

	for (int i = 0; i <= FACT_BYTES; i++)
		least = seen_facts[i] < least ? seen_facts[i] : least;
	for (int i = THING_PLACE; i <= THING_MARK; i++)
		least = seen_things[i] < least ? seen_things[i] : least;
	printf("     each kind of fact, thing and failure at least %u times, %u marks, %u steps after\n", least, seen_marks,
	       seen_after);
	return least && seen_marks && seen_after;
}

static void test_random(void)
{
	unsigned taken = 0, lost = 0, texts = 400;

	for (unsigned i = 0; i < texts; i++) {
		char *text = make_text(), *message, *wrong;
		struct scenario *s = parse(text, strlen(text), &message);

		if (s) {
			taken++;
			count(s);
			wrong = loss(s);
			if (wrong && !lost++)
				result(false, "a random one is lost", wrong);
			free(wrong);
		}
		scenario_free(s);
		free(message);
		free(text);
	}
	printf("     of %u random scenarios, %u expect something\n", texts, taken);
	result(!lost && taken > texts / 2 && seen_all(), "random scenarios lose nothing", "");
}

int main(void)
{
	test_meaning();
	test_truth();
	test_random();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}

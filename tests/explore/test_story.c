/*
 * test_story.c - executions made by hand: put in another order, told, shrunk
 *
 * How a story looks stands in tests/explore/story/: NAME-WIDTH.txt.  With `write` as
 * its argument the program writes those files; then look at them.
 */
#include "json_check.h"
#include "shrink.h"
#include "story_runs.h"

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

/* ---- straightening ------------------------------------------------------------------------- */

static size_t find(const struct run *run, unsigned thread, enum event_kind kind, int index)
{
	for (size_t i = 0; i < run->count; i++)
		if (run->events[i].thread == thread && run->events[i].kind == kind && run->events[i].address == &cell[index])
			return i;
	CHECK(!"there is such an event");
	return 0;
}

static void takes_the_fewest_switches(void)
{
	struct run *run = new_run(2);

	for (unsigned i = 0; i < 10; i++)
		store(run, i % 2, i % 2 ? DATA : COUNT, ORDER_RELAXED, i, -1);
	CHECK(switches(run) == 9);
	run_straighten(run);
	CHECK(switches(run) == 1);
	for (size_t i = 1; i < run->count; i++)
		CHECK(run->events[i].thread != run->events[i - 1].thread || run->number[i] == run->number[i - 1] + 1);
	run_free(run);
}

static void needs_two_for_there_and_back(void)
{
	struct run *run = new_run(3);

	store(run, 2, DATA, ORDER_RELAXED, 1, -1);
	store(run, 0, COUNT, ORDER_RELAXED, 1, -1);
	store(run, 1, ENTRY, ORDER_RELAXED, 1, -1);
	load(run, 1, COUNT, ORDER_RELAXED, -2, -1);
	store(run, 1, CHILD, ORDER_RELAXED, 1, -1);
	load(run, 0, CHILD, ORDER_RELAXED, -2, -1);
	load(run, 2, COUNT, ORDER_RELAXED, -2, -1);
	run_straighten(run);
	CHECK(switches(run) == 3);
	CHECK(run->events[find(run, 0, EVENT_LOAD, CHILD)].from == (int)find(run, 1, EVENT_STORE, CHILD));
	run_free(run);
}

/* The load ran after the store that it did not see, and needn't have. */
static void makes_a_read_fresh(void)
{
	struct run *run = new_run(2);
	size_t i;

	store(run, 0, DATA, ORDER_RELAXED, 5, -1);
	load(run, 1, DATA, ORDER_RELAXED, -1, -1);
	CHECK(run->events[1].missed == 0 && run->events[1].before == 5);
	run_straighten(run);
	i = find(run, 1, EVENT_LOAD, DATA);
	CHECK(i == 0);
	CHECK(run->events[i].missed == -1 && run->events[i].before == 0 && run->events[i].after == 0);
	CHECK(run->events[1].before == 0 && run->events[1].after == 5);
	run_free(run);
}

/* Of a circle one read stays stale in every order. */
static void keeps_what_must_be_stale(void)
{
	struct run *run = circle();
	unsigned stale = 0;

	run_straighten(run);
	for (size_t i = 0; i < run->count; i++)
		stale += event_is_stale(&run->events[i]);
	CHECK(stale == 1);
	CHECK(switches(run) == 1);
	run_free(run);
}

static void keeps_locks_in_order(void)
{
	struct run *run = new_run(2);

	for (unsigned i = 0; i < 6; i++) {
		other(run, i % 2, EVENT_LOCK, LOCK, -1);
		other(run, i % 2, EVENT_UNLOCK, LOCK, -1);
	}
	run_straighten(run);
	CHECK(switches(run) == 5);
	run_free(run);
}

/* A section that a grace period need not wait for does not come to stand in front of it. */
static void keeps_sections_behind_a_grace_period(void)
{
	struct run *run = new_run(2);

	store(run, 1, DATA, ORDER_RELAXED, 1, -1);
	other(run, 1, EVENT_GRACE_BEGIN, -1, -1);
	other(run, 0, EVENT_ENTER, -1, -1);
	other(run, 1, EVENT_GRACE_END, -1, -1);
	other(run, 0, EVENT_LEAVE, -1, -1);
	run_straighten(run);
	CHECK(switches(run) == 1);
	CHECK(run->events[0].kind == EVENT_STORE && run->events[3].kind == EVENT_ENTER);
	run_free(run);
}

/* Nor do a commit that failed, and a section that its thread began behind the cut. */
static void keeps_behind_a_cut(void)
{
	struct run *run = new_run(2);

	other(run, 0, EVENT_ENTER, -1, -1);
	store(run, 1, DATA, ORDER_RELAXED, 1, -1);
	other(run, 1, EVENT_CUT, -1, -1);
	run->events[2].read = 1;
	other(run, 1, EVENT_CUT_END, -1, -1);
	other(run, 0, EVENT_COMMIT_FAILED, -1, -1);
	run->events[4].from = 2;
	other(run, 0, EVENT_LEAVE, -1, -1);
	other(run, 0, EVENT_ENTER, -1, -1);
	other(run, 1, EVENT_FENCE, -1, -1);
	run_straighten(run);
	CHECK(switches(run) == 1);
	for (size_t i = 0, cut = 0; i < run->count; i++) {
		if (run->events[i].kind == EVENT_CUT)
			cut = i + 1;
		if (run->events[i].kind == EVENT_COMMIT_FAILED)
			CHECK(cut && run->events[i].from == (int)cut - 1);
	}
	run_free(run);
}

/* A store that came to stand behind a newer one: its location is left as it was. */
static void leaves_what_it_does_not_understand(void)
{
	struct run *run = new_run(2);

	store(run, 0, DATA, ORDER_RELAXED, 5, -1);
	store(run, 1, DATA, ORDER_RELAXED, 6, -1);
	run->events[1].after = newest[DATA] = 5;
	store(run, 0, COUNT, ORDER_RELAXED, 1, -1);
	load(run, 1, DATA, ORDER_RELAXED, 1, -1);
	run->events[3].missed = 0;
	run_straighten(run);
	CHECK(run->events[find(run, 1, EVENT_LOAD, DATA)].before == 5);
	CHECK(run->events[find(run, 1, EVENT_STORE, DATA)].after == 5);
	run_free(run);
}

/* ---- straightening, at random -------------------------------------------------------------- */

static uint32_t random_state;

static unsigned below(unsigned n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 16) % n;
}

/* Any store not older than what the thread has seen there. */
static int some_store(const struct run *run, unsigned thread, int index)
{
	int from = -1;

	for (int i = 0; i < (int)run->count; i++) {
		const struct event *event = &run->events[i];
		bool mine = event->thread == thread;

		if (event->address != &cell[index])
			continue;
		if (event_writes(event) && (mine || below(2)))
			from = i;
		else if (mine && event_reads(event) && event->from > from)
			from = event->from;
	}
	return from;
}

static struct run *random_run(unsigned threads, unsigned length)
{
	struct run *run = new_run(threads);

	for (unsigned i = 0; i < length; i++) {
		unsigned thread = below(threads);
		int index = (int)below(3);

		switch (below(6)) {
		case 0: store(run, thread, index, ORDER_RELAXED, i + 10, -1); break;
		case 1: add(run, thread, index, ORDER_RELAXED, 1, -1); break;
		case 2: other(run, thread, EVENT_FENCE, -1, -1); break;
		default: load(run, thread, index, ORDER_RELAXED, some_store(run, thread, index), -1); break;
		}
		if (run->events[run->count - 1].kind == EVENT_LOAD && run->events[run->count - 1].from < 0)
			run->events[run->count - 1].read = 0;
	}
	return run;
}

static unsigned stale_reads(const struct run *run)
{
	unsigned count = 0;

	for (size_t i = 0; i < run->count; i++)
		count += event_is_stale(&run->events[i]);
	return count;
}

/* Nobody stands before what he has to stand behind, and what is said of newest values is so. */
static bool is_sound(const struct run *run)
{
	uint64_t now[CELLS] = { 0 };
	int writer[CELLS];

	memset(writer, -1, sizeof(writer));
	for (size_t b = 0; b < run->count; b++) {
		const struct event *event = &run->events[b];
		long index = event->address ? (const uint64_t *)event->address - cell : 0;

		for (size_t a = b + 1; a < run->count; a++)
			if (run_is_before(run, a, b) || (run->events[a].thread == event->thread && run->number[a] < run->number[b]))
				return false;
		if (!event->address)
			continue;
		if (event->before != now[index] || event->from >= (int)b)
			return false;
		if (event_reads(event) && event->read != (event->from < 0 ? 0 : run->events[event->from].written))
			return false;
		if (event_reads(event) && event->missed != (event->from == writer[index] ? -1 : writer[index]))
			return false;
		if (event_writes(event)) {
			now[index] = event->written;
			writer[index] = (int)b;
		}
		if (event->after != now[index])
			return false;
	}
	return true;
}

static void at_random(void)
{
	for (unsigned round = 0; round < 300; round++) {
		struct run *run;
		unsigned stale, before;

		random_state = round;
		run = random_run(2 + round % 3, 6 + round % 30);
		stale = stale_reads(run);
		before = switches(run);
		CHECK(is_sound(run));
		run_straighten(run);
		CHECK(is_sound(run));
		CHECK(stale_reads(run) <= stale);
		/* With a stale read made fresh it may take more. */
		CHECK(stale || switches(run) <= before);
		run_free(run);
		if (!good) {
			printf("     round %u\n", round);
			return;
		}
	}
}

/* ---- telling ----------------------------------------------------------------------------------- */

static struct explore_run *tell(struct run *run, const struct scenario *scenario)
{
	struct story_words words = {
		.name = "races/pin-fork", .kind = "promise", .design = "holdfast", .model = "c11",
		.verdict = "isolated is broken: what line 17 forbids was seen", .replay = "holdfast check --only 17 races/pin-fork",
		.scenario = scenario, .at = { 17, 1 }, .program = &told, .key = key_of_cell, .site = site_by_place,
	};
	struct explore_run *story = story_make(run, &words);

	story_repair(story, "one seq_cst fence repairs it, before page.h:80 in page_raise()");
	return story;
}

static char *text_of(const struct explore_run *story, unsigned width, bool colour, bool all)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (all)
		story_print_all(story, out, width, colour);
	else
		explore_print(story, out, width, colour);
	fclose(out);
	return text;
}

static char *read_file(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = must_alloc(NULL, 1 << 16);
	size_t length = in ? fread(text, 1, (1 << 16) - 1, in) : 0;

	text[length] = '\0';
	if (in)
		fclose(in);
	return text;
}

static bool writing;

static void looks_like(struct run *run, const char *name)
{
	static const unsigned widths[] = { 60, 100, 0 };
	struct scenario *scenario = told_scenario();
	struct explore_run *story = tell(run, scenario);

	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
		char path[100], *text = text_of(story, widths[i], false, false), *expected;
		FILE *out;

		snprintf(path, sizeof(path), "tests/explore/story/%s-%u.txt", name, widths[i]);
		out = writing ? fopen(path, "w") : NULL;
		if (out) {
			fputs(text, out);
			fclose(out);
		}
		expected = read_file(path);
		if (strcmp(text, expected))
			printf("     %s is not what is told now:\n%s", path, text);
		CHECK(!strcmp(text, expected));
		free(expected);
		free(text);
	}
	story_free(story);
	scenario_free(scenario);
}

static void a_circle(void)
{
	looks_like(circle(), "circle");
}

static void three_threads(void)
{
	looks_like(three(), "three");
}

static void handed_over(void)
{
	struct explore_run *story = tell(handed(), NULL);
	char *text = text_of(story, 100, false, false);

	CHECK(strstr(text, "data: reads 0, not 7 of step 1"));
	CHECK(strstr(text, "Step 2 comes after step 1, and step 3 reads what it stored. But step 2 is relaxed: no"));
	CHECK(strstr(text, "location 1: reads 1"));
	free(text);
	story_free(story);
}

static bool is_tidy(const char *text, unsigned width)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if ((width && length > width) || (length && text[length - 1] == ' '))
			return false;
		text += length + (text[length] == '\n');
	}
	return true;
}

/* At every width: nothing sticks out, and no row ends in blanks. */
static void fits_everywhere(void)
{
	for (unsigned threads = 2; threads <= 4; threads++) {
		struct explore_run *story;
		struct run *run = threads == 2 ? circle() : three();

		run->threads = threads;
		story = tell(run, NULL);
		for (unsigned width = 60; width <= 200; width++) {
			char *text = text_of(story, width, false, width % 2);

			CHECK(is_tidy(text, width));
			free(text);
		}
		story_free(story);
	}
}

static void says_who_and_where(void)
{
	struct explore_run *story = tell(three(), NULL);
	char *text = text_of(story, 0, true, false), *all = text_of(story, 0, false, true);

	CHECK(strstr(text, "\033[1;31m"));
	CHECK(strstr(all, "full fence") == NULL);
	CHECK(strstr(all, "data: reads 0") && !strstr(text, "data: reads 0"));
	CHECK(!strcmp(story->steps[find(story->run, 1, EVENT_STORE, FORKING)].label, "F1"));
	CHECK(!strcmp(story->steps[find(story->run, 1, EVENT_LOAD, COUNT)].label, "F3"));
	CHECK(!strcmp(story->steps[find(story->run, 0, EVENT_RMW, COUNT)].label, "P4"));
	CHECK(story->steps[find(story->run, 2, EVENT_STORE, ENTRY)].label == NULL);
	free(text);
	free(all);
	story_free(story);
}

/* Taken and given back at once it says nothing; with something in between it does. */
static void short_locks_are_hidden(void)
{
	struct explore_run *story;
	struct run *run = new_run(2);

	for (unsigned i = 0; i < 2; i++) {
		other(run, 0, EVENT_LOCK, LOCK, S_LOCK);
		if (i)
			store(run, 0, DATA, ORDER_RELAXED, 1, -1);
		other(run, 0, EVENT_UNLOCK, LOCK, S_LOCK);
	}
	other(run, 1, EVENT_LOCK, LOCK, S_LOCK);
	load(run, 1, DATA, ORDER_RELAXED, -2, -1);
	other(run, 1, EVENT_UNLOCK, LOCK, S_LOCK);
	story = tell(run, NULL);
	CHECK(story->shown == 6 && story->hidden == 2);
	CHECK(!story->steps[0].shown && !story->steps[1].shown && story->steps[2].shown);
	story_free(story);
}

static void empty_stories(void)
{
	struct run *run = new_run(1);
	struct explore_run *story;
	char *text;

	snprintf(run->what, sizeof(run->what), "nothing happened");
	story = story_make(run, &(struct story_words){ .name = NULL });
	text = text_of(story, 60, false, false);
	CHECK(strstr(text, "nothing happened"));
	free(text);
	story_free(story);
	story_free(NULL);
}

/* ---- JSON ---------------------------------------------------------------------------------------- */

static char *json_of(struct run *run)
{
	struct scenario *scenario = told_scenario();
	struct explore_run *story = tell(run, scenario);
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	story_repair(story, "a \"fence\"\n\x01 and \xff bytes");
	explore_print_json(story, out);
	fclose(out);
	story_free(story);
	scenario_free(scenario);
	return text;
}

static void json_is_json(void)
{
	struct run *(*const runs[])(void) = { circle, handed, three };

	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		char *text = json_of(runs[i]());

		CHECK(is_json(text));
		CHECK(strstr(text, "\"scenario\": \"races/pin-fork\"") && !strchr(text, '\n'));
		free(text);
	}
	CHECK(!is_json("{\"a\": [1, 2,]}") && !is_json("{\"a\": 1} x") && !is_json("\"\\x\"") && is_json("[]"));
}

static void json_has_all(void)
{
	char *text = json_of(circle());

	CHECK(strstr(text, "\"kind\": \"circle\", \"look\": "));
	CHECK(strstr(text, "\"read\": {\"value\": \"0x1\", \"text\": \"frame 7 W PINNABLE\"}"));
	CHECK(strstr(text, "\"never\": [{\"text\": \"dma and page A buf = page B buf\", \"marked\": true}]"));
	CHECK(strstr(text, "\"file\": \"src/core/page.h\", \"line\": 80"));
	free(text);
}

/* ---- shrinking -------------------------------------------------------------------------------------- */

static bool has_op(const struct scenario *s, enum op op)
{
	for (size_t i = 0; i < s->nsteps; i++)
		if (s->steps[i].op == op)
			return true;
	return false;
}

static bool pin_and_fork(const struct scenario *s, void *context)
{
	(*(unsigned *)context)++;
	return has_op(s, OP_PIN) && has_op(s, OP_FORK);
}

static char *printed(const struct scenario *s)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	scenario_print(s, out);
	fclose(out);
	return text;
}

static void shrinks_to_what_matters(void)
{
	struct scenario *s = told_scenario(), *small;
	unsigned tries = 0;

	small = shrink_scenario(s, pin_and_fork, &tries);
	CHECK(small->nthreads == 2 && small->nsteps == 3 && small->nconditions == 0);
	CHECK(small->steps[0].op == OP_MAP && small->steps[1].op == OP_PIN && small->steps[2].op == OP_FORK);
	CHECK(small->steps[1].thread == 1 && small->steps[2].thread == 2 && small->steps[2].at.line == 11);
	CHECK(tries > 0 && tries < 100);
	scenario_free(small);
	scenario_free(s);
}

static bool asks_for_the_pin(const struct scenario *s, void *context)
{
	(void)context;
	return s->nconditions && !s->conditions[0].seen;
}

/* What a condition that stays asks for stays as well; and the text can be read again. */
static void keeps_what_is_asked_for(void)
{
	struct scenario *s = told_scenario(), *small = shrink_scenario(s, asks_for_the_pin, NULL), *again;
	char *text = printed(small);

	CHECK(small->nconditions == 1 && small->nsteps == 3);
	again = scenario_parse_text(text, strlen(text), "small.scn", stdout);
	CHECK(again);
	scenario_free(again);
	free(text);
	scenario_free(small);
	scenario_free(s);
}

static bool never(const struct scenario *s, void *context)
{
	(void)s;
	(void)context;
	return false;
}

static void copies_what_can_t_be_shorter(void)
{
	struct scenario *s = told_scenario(), *same = shrink_scenario(s, never, NULL);
	char *a = printed(s), *b = printed(same);

	CHECK(!strcmp(a, b));
	free(a);
	free(b);
	scenario_free(same);
	scenario_free(s);
}

int main(int argc, char **argv)
{
	writing = argc > 1 && !strcmp(argv[1], "write");
	TEST(takes_the_fewest_switches);
	TEST(needs_two_for_there_and_back);
	TEST(makes_a_read_fresh);
	TEST(keeps_what_must_be_stale);
	TEST(keeps_locks_in_order);
	TEST(keeps_sections_behind_a_grace_period);
	TEST(keeps_behind_a_cut);
	TEST(leaves_what_it_does_not_understand);
	TEST(at_random);
	TEST(a_circle);
	TEST(three_threads);
	TEST(handed_over);
	TEST(fits_everywhere);
	TEST(says_who_and_where);
	TEST(short_locks_are_hidden);
	TEST(empty_stories);
	TEST(json_is_json);
	TEST(json_has_all);
	TEST(shrinks_to_what_matters);
	TEST(keeps_what_is_asked_for);
	TEST(copies_what_can_t_be_shorter);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}

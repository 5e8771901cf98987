/*
 * test_story.c - executions made by hand: told, shrunk
 *
 * How a story looks stands in tests/explore/story/: NAME-WIDTH.txt.  With `write` as
 * its argument the program writes those files; then look at them.
 */
#include "checks.h"
#include "json_check.h"
#include "shrink.h"
#include "story_runs.h"

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

/*
 * parse.c - a scenario from its text: the head, the steps, threads, conditions
 *
 * One pass, a line at a time; the first thing that is wrong is the message and
 * the end.  What a single line may say is the business of operation.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "parser.h"

/* ---- the head ----------------------------------------------------------- */

static bool line_ends(struct parser *p)
{
	return at_end(p) || unexpected(p, "trailing", "the end of the line", NULL, 0);
}

static bool only_once(struct parser *p, bool *has, const char *word)
{
	if (*has)
		return scan_error(&p->scan, here(p), "a second \"%s\"; expected one", word);
	*has = true;
	p->next++;
	return true;
}

static bool parse_title(struct parser *p)
{
	const struct token *t;

	if (!only_once(p, &p->has_title, "scenario"))
		return false;
	t = token(p);
	if (t->kind != TOKEN_WORD)
		return unexpected(p, "", "the name of the scenario", NULL, 0);
	free(p->scenario->title);
	p->scenario->title = must_copy(t->text, t->length);
	p->next++;
	return line_ends(p);
}

static bool parse_why(struct parser *p)
{
	const struct token *t;
	char *why;
	size_t length;

	if (!only_once(p, &p->has_why, "why"))
		return false;
	t = token(p);
	if (t->kind != TOKEN_STRING)
		return unexpected(p, "not a string:", "a sentence in \"...\": why the scenario is there", NULL, 0);
	length = string_decode(t, NULL);
	why = must_copy(t->text, t->length);	/* never longer than its escapes */
	string_decode(t, (unsigned char *)why);
	why[length] = '\0';
	free(p->scenario->why);
	p->scenario->why = why;
	if (!length || strlen(why) != length)
		return scan_error(&p->scan, here(p), "a reason that is %s; expected a sentence",
				  length ? "no text" : "empty");
	p->next++;
	return line_ends(p);
}

static bool parse_under(struct parser *p, unsigned *designs, int count, const char *expected)
{
	p->next++;
	if (!take(p, "under"))
		return unexpected(p, "unknown word", "\"under\"", (const char *const[]){ "under" }, 1);
	do {
		const struct token *t = token(p);
		int i = t->kind == TOKEN_WORD ? word_index(broken_under_words, count, t->text, t->length) : -1;

		if (i < 0)
			return unexpected(p, "there is no design", expected, broken_under_words, count);
		*designs |= 1u << i;
		p->next++;
	} while (!at_end(p));
	return true;
}

static bool parse_broken_under(struct parser *p)
{
	return parse_under(p, &p->scenario->broken_under, DESIGNS + 1, "linux-5.7, ..., holdfast or kernel");
}

/* Not the kernel: nobody explores that. */
static bool parse_check_under(struct parser *p)
{
	return parse_under(p, &p->scenario->check_under, DESIGNS, "linux-5.7, ..., or holdfast");
}

static bool parse_pool(struct parser *p)
{
	struct position at;

	if (!only_once(p, &p->has_pool, "pool"))
		return false;
	at = here(p);
	if (!parse_pages(p, "pages of the pool", MOST_POOL, &p->scenario->pool_pages))
		return false;
	if (p->scenario->pool_pages < 16)
		return scan_error(&p->scan, at, "a pool of %d pages; expected at least 16", (int)p->scenario->pool_pages);
	return line_ends(p);
}

static bool parse_grace(struct parser *p)
{
	if (!only_once(p, &p->scenario->polled, "grace"))
		return false;
	if (!is_here(p, "polled"))
		return scan_error(&p->scan, here(p), "expected polled");
	p->next++;
	return line_ends(p);
}

static bool parse_head_promises(struct parser *p)
{
	p->next++;
	p->has_promise = true;
	return parse_promises(p, &p->scenario->promises);
}

static bool head_is_whole(struct parser *p)
{
	if (!p->has_why)
		return scan_error(&p->scan, here(p), "the head has no reason; expected a line why \"...\" before this one");
	if (!p->has_promise)
		return scan_error(&p->scan, here(p), "the head has no promise; expected a line \"promise ...\" before this "
						     "one");
	return true;
}

/* Sets *mine if the line is one of the head. */
static bool parse_head_line(struct parser *p, bool *mine)
{
	static const struct {
		const char *word;
		bool (*parse)(struct parser *);
	} lines[] = {
		{ "scenario", parse_title },	   { "why", parse_why },   { "promise", parse_head_promises },
		{ "broken", parse_broken_under }, { "check", parse_check_under }, { "pool", parse_pool },
		{ "grace", parse_grace },
	};

	*mine = true;
	if (!p->has_title && !is_here(p, "scenario"))
		return scan_error(&p->scan, here(p), "the first line is %s; expected \"scenario NAME\"",
				  quote(token(p)->text, token(p)->length).text);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (is_here(p, lines[i].word)) {
			if (p->head_over)
				return scan_error(&p->scan, here(p), "a line of the head behind an operation; expected "
								     "\"%s\" before the first one",
						  lines[i].word);
			return lines[i].parse(p);
		}
	*mine = false;
	return true;
}

/* ---- threads and conditions --------------------------------------------- */

static bool close_thread(struct parser *p)
{
	if (p->thread > 0 && !p->thread_steps)
		return scan_error(&p->scan, p->thread_at, "a thread of no steps; expected at least one");
	return true;
}

static bool parse_thread(struct parser *p)
{
	if (p->threads_over)
		return scan_error(&p->scan, here(p), "a thread after \"end\"; expected all threads together");
	if (!close_thread(p))
		return false;
	if (p->thread == SCENARIO_THREADS)
		return scan_error(&p->scan, here(p), "too many threads; expected at most %d", SCENARIO_THREADS);
	p->thread_at = here(p);
	p->thread_steps = 0;
	p->thread = ++p->scenario->nthreads;
	p->next++;
	return line_ends(p);
}

static bool parse_end(struct parser *p)
{
	if (p->thread <= 0)
		return scan_error(&p->scan, here(p), "\"end\" without a thread; expected \"thread\" before it");
	if (!close_thread(p))
		return false;
	p->thread = STEP_AFTER;
	p->threads_over = true;
	p->next++;
	return line_ends(p);
}

static bool parse_condition_line(struct parser *p, bool seen)
{
	struct condition c = { .at = here(p), .seen = seen };
	bool ok;

	if (!p->threads_over)
		return scan_error(&p->scan, here(p), "a condition without threads; expected \"thread ... end\" before it");
	p->next++;
	ok = parse_condition(p, &c);
	if (ok)
		scenario_add_condition(p->scenario, &c);
	condition_free(&c);
	return ok;
}

/* ---- lines -------------------------------------------------------------- */

static bool parse_step(struct parser *p)
{
	struct step step = { .space = -1, .child = -1, .mapping = -1, .object = -1, .pin = -1, .stat = -1, .result = -1,
			     .mark = -1 };
	struct scenario *s = p->scenario;
	bool ok;

	if (s->nconditions)
		return scan_error(&p->scan, here(p), "an operation behind a condition; expected conditions at the end");
	ok = parse_operation(p, &step) && check_step(p, &step);
	if (ok) {
		follow_step(p, &step);
		scenario_add(s, &step);
		p->thread_steps++;
	}
	free(step.bytes);
	return ok;
}

static bool parse_line(struct parser *p)
{
	bool mine;

	p->next = 0;
	if (!parse_head_line(p, &mine) || mine)
		return !p->scan.failed;
	if (!p->head_over && !head_is_whole(p))
		return false;
	p->head_over = true;
	if (is_here(p, "thread"))
		return parse_thread(p);
	if (is_here(p, "end"))
		return parse_end(p);
	if (is_here(p, "never") || is_here(p, "seen"))
		return parse_condition_line(p, is_here(p, "seen"));
	return parse_step(p);
}

/* Something must be looked at: else every judge would hold it. */
static bool expects_something(const struct scenario *s)
{
	for (size_t i = 0; i < s->nsteps; i++)
		if (s->steps[i].fails || s->steps[i].op >= OP_EXPECT_BYTES)
			return true;
	return s->nconditions > 0;
}

/* They need a pool that has blocks for them. */
static void size_pool(struct parser *p)
{
	struct scenario *s = p->scenario;

	for (size_t i = 0; i < s->nsteps && !p->has_pool; i++)
		if (step_is_about_huge(&s->steps[i]))
			s->pool_pages = SCENARIO_POOL_HUGE;
}

static bool parse_all(struct parser *p)
{
	struct position last;

	while (scan_line(&p->scan))
		if (!parse_line(p))
			return false;
	if (p->scan.failed)
		return false;
	last = (struct position){ p->scan.line ? p->scan.line : 1, 1 };
	if (!p->has_title)
		return scan_error(&p->scan, last, "nothing in it; expected a scenario: \"scenario NAME\" first");
	p->scan.tokens[0] = (struct token){ .kind = TOKEN_END, .text = "", .column = 1 };
	p->next = 0;
	if (!p->head_over && !head_is_whole(p))
		return false;
	if (!p->scenario->nsteps)
		return scan_error(&p->scan, last, "no operations; expected at least one behind the head");
	if (p->thread > 0)
		return scan_error(&p->scan, p->thread_at, "a thread without its end; expected \"end\" behind the last one");
	size_pool(p);
	if (!expects_something(p->scenario))
		return scan_error(&p->scan, last, "the scenario expects nothing; expected at least one line \"expect ...\", "
						  "or an operation that \"fails\"%s",
				  p->scenario->nthreads ? ", or a condition behind the threads" : "");
	return true;
}

/* ---- files -------------------------------------------------------------- */

/* The path below the last scenarios/ on it, or all of it; without .scn. */
static char *name_of_path(const char *path)
{
	const char *name = path;
	size_t length;

	for (const char *c = path; (c = strstr(c, "scenarios/")); c++)
		if (c == path || c[-1] == '/')
			name = c + strlen("scenarios/");
	length = strlen(name);
	if (length > 4 && !strcmp(name + length - 4, ".scn"))
		length -= 4;
	return must_copy(name, length);
}

struct scenario *scenario_parse_text(const char *text, size_t length, const char *path, FILE *err)
{
	struct parser *p = must_alloc(NULL, sizeof(*p));
	struct scenario *s = scenario_new(path);
	bool ok;

	memset(p, 0, sizeof(*p));
	free(s->name);
	s->name = name_of_path(path);
	s->promises = 0;
	p->scenario = s;
	scan_start(&p->scan, text, length, path, err);
	ok = parse_all(p);
	free(p);
	if (ok)
		return s;
	scenario_free(s);
	return NULL;
}

static char *read_all(FILE *f, size_t *length, const char **wrong)
{
	char *text = must_alloc(NULL, MOST_FILE + 1);

	*length = fread(text, 1, MOST_FILE + 1, f);
	if (ferror(f))
		*wrong = strerror(errno);
	else if (*length > MOST_FILE)
		*wrong = "more than 4 MiB; expected a scenario";
	else
		return text;
	free(text);
	return NULL;
}

struct scenario *scenario_parse_file(const char *path, FILE *err)
{
	FILE *f = fopen(path, "r");
	const char *wrong = f ? NULL : strerror(errno);
	struct scenario *s = NULL;
	size_t length = 0;
	char *text = f ? read_all(f, &length, &wrong) : NULL;

	if (text)
		s = scenario_parse_text(text, length, path, err);
	else if (err)
		fprintf(err, "%s:1:1: can't read it: %s\n", path, wrong);
	free(text);
	if (f)
		fclose(f);
	return s;
}

/*
 * build.c - making and freeing a scenario
 *
 * The parser builds a scenario with these, and so does a program that makes one
 * up (the random run).  Running out of memory for a few kilobytes of text ends
 * the program: nothing that runs scenarios can go on without them.
 */
#include <stdlib.h>
#include <string.h>

#include "memory.h"

void *must_alloc(void *old, size_t bytes)
{
	void *p = realloc(old, bytes ? bytes : 1);

	if (!p) {
		fputs("holdfast: out of memory while reading a scenario\n", stderr);
		exit(2);
	}
	return p;
}

char *must_copy(const char *text, size_t length)
{
	char *copy = must_alloc(NULL, length + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

struct scenario *scenario_new(const char *name)
{
	struct scenario *s = must_alloc(NULL, sizeof(*s));

	memset(s, 0, sizeof(*s));
	s->path = must_copy(name, strlen(name));
	s->name = must_copy(name, strlen(name));
	s->title = must_copy(name, strlen(name));
	s->why = must_copy("Made by a program.", 18);
	s->promises = 1u << PROMISE_COHERENT | 1u << PROMISE_ISOLATED;
	s->pool_pages = SCENARIO_POOL;
	return s;
}

int scenario_name(char *names[SCENARIO_NAMES], int *n, const char *name)
{
	for (int i = 0; i < *n; i++)
		if (!strcmp(names[i], name))
			return i;
	if (*n == SCENARIO_NAMES)
		return -1;
	names[*n] = must_copy(name, strlen(name));
	return (*n)++;
}

static void copy_names(char *to[SCENARIO_NAMES], int *count, char *const names[SCENARIO_NAMES], int n)
{
	for (int i = 0; i < n; i++)
		scenario_name(to, count, names[i]);
}

struct scenario *scenario_like(const struct scenario *s)
{
	struct scenario *like = scenario_new(s->title);

	like->pool_pages = s->pool_pages;
	like->polled = s->polled;
	copy_names(like->spaces, &like->nspaces, s->spaces, s->nspaces);
	copy_names(like->mappings, &like->nmappings, s->mappings, s->nmappings);
	copy_names(like->objects, &like->nobjects, s->objects, s->nobjects);
	copy_names(like->pins, &like->npins, s->pins, s->npins);
	copy_names(like->values, &like->nvalues, s->values, s->nvalues);
	copy_names(like->marks, &like->nmarks, s->marks, s->nmarks);
	return like;
}

void scenario_add(struct scenario *s, const struct step *step)
{
	struct step *mine;

	if (s->nsteps == s->room) {
		s->room = s->room ? 2 * s->room : 16;
		s->steps = must_alloc(s->steps, s->room * sizeof(*s->steps));
	}
	mine = &s->steps[s->nsteps++];
	*mine = *step;
	/* Who makes steps without these two leaves them 0. */
	if (step->result >= s->nvalues)
		mine->result = -1;
	if (step->mark >= s->nmarks)
		mine->mark = -1;
	if (step->bytes) {
		mine->bytes = must_alloc(NULL, step->length);
		memcpy(mine->bytes, step->bytes, step->length);
	}
}

bool step_is_about_huge(const struct step *step)
{
	bool advice = step->op == OP_ADVISE && (step->flags == ADVICE_HUGE || step->flags == ADVICE_NOHUGE);

	return advice || (step->op == OP_MAP && (step->flags & MAP_HUGE_FLAG)) || step->op == OP_COLLAPSE ||
	       step->op == OP_EXPECT_HUGE;
}

static void free_names(char *names[SCENARIO_NAMES], int n)
{
	for (int i = 0; i < n; i++)
		free(names[i]);
}

void scenario_free(struct scenario *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->nsteps; i++)
		free(s->steps[i].bytes);
	for (size_t i = 0; i < s->nconditions; i++)
		condition_free(&s->conditions[i]);
	free_names(s->spaces, s->nspaces);
	free_names(s->mappings, s->nmappings);
	free_names(s->objects, s->nobjects);
	free_names(s->pins, s->npins);
	free_names(s->values, s->nvalues);
	free_names(s->marks, s->nmarks);
	free(s->steps);
	free(s->conditions);
	free(s->path);
	free(s->name);
	free(s->title);
	free(s->why);
	free(s);
}

/*
 * judges.c - judges by name
 */
#include "judges.h"

#include "cli.h"
#include "heads.h"
#include "names.h"

#include <string.h>

static const struct judge_ops *judge_at(int index)
{
	if (index < DESIGNS)
		return judge_of_design((enum design_id)index);
	return index == DESIGNS ? &judge_kernel : &judge_model;
}

/* The names in that order, with `designs` after them. */
static const char *const *judge_words(void)
{
	static const char *words[JUDGES + 2];

	for (int i = 0; i < DESIGNS; i++)
		words[i] = design_names[i];
	words[DESIGNS] = "kernel";
	words[DESIGNS + 1] = "model";
	words[JUDGES] = "designs";
	return words;
}

static void add(struct judges *judges, int index)
{
	const struct judge_ops *judge = judge_at(index);

	for (int i = 0; i < judges->count; i++)
		if (judges->list[i] == judge)
			return;
	judges->list[judges->count++] = judge;
}

static void add_designs(struct judges *judges)
{
	for (int i = 0; i < DESIGNS; i++)
		add(judges, i);
}

static bool add_word(struct judges *judges, const char *word, size_t length)
{
	const char *const *words = judge_words();
	int index = word_index(words, JUDGES + 1, word, length);
	char copy[64];

	if (index >= 0 && index < JUDGES) {
		add(judges, index);
		return true;
	}
	if (index == JUDGES) {
		add_designs(judges);
		return true;
	}
	snprintf(copy, sizeof(copy), "%.*s", (int)length, word);
	complain_unknown("judge", "", copy, words, JUDGES + 1, "designs");
	return false;
}

bool judges_parse(struct judges *judges, const char *names)
{
	judges->count = 0;
	if (!names) {
		add_designs(judges);
		add(judges, DESIGNS);
		return true;
	}
	for (;;) {
		size_t length = strcspn(names, ",");

		if (!add_word(judges, names, length))
			return false;
		names += length;
		if (!*names++)
			return true;
	}
}

void judges_all(struct judges *judges)
{
	judges->count = 0;
	for (int i = 0; i < JUDGES; i++)
		add(judges, i);
}

bool judge_is_kernel(const struct judge_ops *judge)
{
	return judge == &judge_kernel;
}

struct head judge_head(const struct judge_ops *judge)
{
	if (judge->design >= 0)
		return column_heads[judge->design];
	return judge_is_kernel(judge) ? kernel_head : model_head;
}

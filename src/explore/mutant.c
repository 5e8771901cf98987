/*
 * mutant.c - every order and every fence of the core that can be weakened
 *
 * A mutant is a place in the source, not in the object code: an inline function that
 * stands at forty addresses is weakened at all of them.
 *
 *	load		acquire				-> relaxed
 *	store		release				-> relaxed
 *	rmw, cas	acq_rel				-> acquire, release, relaxed
 *			acquire, release		-> relaxed
 *	fence		any				-> gone
 */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "sites.h"
#include "world.h"

struct mutant {
	const struct site *site;	/* one of its addresses */
	enum order to;
};

static struct {
	struct explore_site *sites;
	struct mutant *mutants;
	size_t count, room;
	bool listed;
} all;

static const char *const orders[] = { "relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst" };

/* ---- places ------------------------------------------------------------------ */

/* "atomic64_fetch_add" is "add"; NULL: no access with an order. */
static const char *operation_of(const struct site *site)
{
	const char *operation = strncmp(site->hook, "atomic", 6) ? NULL : strchr(site->hook, '_');

	if (!operation)
		return NULL;
	operation++;
	if (!strncmp(operation, "thread_fence", 12))
		return "fence";
	if (!strncmp(operation, "compare_exchange", 16))
		return "cas";
	return strncmp(operation, "fetch_", 6) ? operation : operation + 6;
}

static bool is_fence(const struct site *site)
{
	return !strcmp(operation_of(site), "fence");
}

static bool is_core(const struct site *site)
{
	return operation_of(site) && site->file && !strncmp(site->file, "src/core/", 9);
}

static bool same_line(const struct site *a, const struct site *b)
{
	return a->line == b->line && !strcmp(a->file, b->file);
}

static bool same_place(const struct site *a, const struct site *b)
{
	return same_line(a, b) && a->column == b->column && a->order == b->order &&
	       !strcmp(operation_of(a), operation_of(b));
}

static bool is_first(const struct site *table, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_core(&table[k]) && same_place(&table[k], &table[i]))
			return false;
	return true;
}

/* Weaker orders of the same kind; ORDER_RELAXED last, and of a fence alone. */
static bool is_weaker(const struct site *site, enum order to)
{
	if (site->order <= ORDER_RELAXED)
		return false;
	if (to == ORDER_RELAXED)
		return true;
	return !is_fence(site) && site->order == ORDER_ACQ_REL && (to == ORDER_ACQUIRE || to == ORDER_RELEASE);
}

/* ---- names ------------------------------------------------------------------------ */

static char *text_of(const char *first, const char *second)
{
	size_t a = strlen(first), b = strlen(second);
	char *text = must_alloc(NULL, a + b + 2);

	memcpy(text, first, a);
	text[a] = ' ';
	memcpy(text + a + 1, second, b + 1);
	return text;
}

/* What tells it from the others on its line: nothing, the column, or what it does. */
static void print_place(const struct site *table, size_t count, const struct site *site, char *text, size_t room)
{
	bool alone = true, column = true;

	for (size_t i = 0; i < count; i++) {
		if (!is_core(&table[i]) || table[i].order <= ORDER_RELAXED || !same_line(&table[i], site) ||
		    same_place(&table[i], site))
			continue;
		alone = false;
		column &= table[i].column != site->column;
	}
	if (alone)
		snprintf(text, room, "%s:%u", site->file, site->line);
	else if (column)
		snprintf(text, room, "%s:%u:%u", site->file, site->line, site->column);
	else
		snprintf(text, room, "%s:%u:%s", site->file, site->line, operation_of(site));
}

static void add(const struct site *table, size_t count, const struct site *site, enum order to)
{
	char place[256], name[300];

	if (all.count == all.room) {
		all.room = all.room ? 2 * all.room : 64;
		all.sites = must_alloc(all.sites, all.room * sizeof(*all.sites));
		all.mutants = must_alloc(all.mutants, all.room * sizeof(*all.mutants));
	}
	print_place(table, count, site, place, sizeof(place));
	snprintf(name, sizeof(name), "%s:%s", place, is_fence(site) ? "gone" : orders[to]);
	all.mutants[all.count] = (struct mutant){ site, to };
	all.sites[all.count++] = (struct explore_site){
		.file = site->file, .line = site->line, .column = site->column, .function = site->function,
		.what = text_of(orders[site->order], operation_of(site)), .name = must_copy(name, strlen(name)),
	};
}

size_t explore_sites(const struct explore_site **sites)
{
	size_t count;
	const struct site *table = site_table(&count);

	for (size_t i = 0; !all.listed && i < count; i++) {
		if (!is_core(&table[i]) || !is_first(table, i))
			continue;
		for (int to = ORDER_ACQ_REL; to >= ORDER_RELAXED; to--)
			if (is_weaker(&table[i], (enum order)to))
				add(table, count, &table[i], (enum order)to);
	}
	all.listed = true;
	*sites = all.sites;
	return all.count;
}

/* ---- one of them ---------------------------------------------------------------------- */

const struct mutant *mutant_find(const char *name)
{
	const struct explore_site *sites;
	size_t count = explore_sites(&sites);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(sites[i].name, name))
			return &all.mutants[i];
	return NULL;
}

static bool applies(const void *address, void *context)
{
	const struct mutant *mutant = context;
	const struct site *site = site_of(address);

	return site && is_core(site) && same_place(site, mutant->site);
}

struct weaken mutant_weaken(const struct mutant *mutant)
{
	if (!mutant)
		return (struct weaken){ 0 };
	return (struct weaken){ .applies = applies, .to = mutant->to, .context = (void *)(uintptr_t)mutant };
}

void mutants_reached(const void *address, uint64_t *set)
{
	const struct site *site = site_of(address);
	const struct explore_site *sites;
	size_t count = explore_sites(&sites);

	for (size_t i = 0; i < count && i < EXPLORE_MUTANTS && site && is_core(site); i++)
		if (same_place(site, all.mutants[i].site))
			set[i / 64] |= 1ull << i % 64;
}

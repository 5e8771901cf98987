/*
 * same_scenario.h - whether two scenarios are equal: in all but their paths and places
 */
#ifndef HOLDFAST_SAME_SCENARIO_H
#define HOLDFAST_SAME_SCENARIO_H

#include <string.h>

#include "scenario.h"

static inline bool same_names(char *const a[], int na, char *const b[], int nb)
{
	for (int i = 0; na == nb && i < na; i++)
		if (strcmp(a[i], b[i]))
			return false;
	return na == nb;
}

static inline bool same_step(const struct step *a, const struct step *b)
{
	if (a->length != b->length || !a->bytes != !b->bytes || (a->bytes && memcmp(a->bytes, b->bytes, a->length)))
		return false;
	return a->op == b->op && a->space == b->space && a->child == b->child && a->mapping == b->mapping &&
	       a->object == b->object && a->pin == b->pin && a->offset == b->offset &&
	       a->object_offset == b->object_offset && a->prot == b->prot && a->flags == b->flags &&
	       a->stat == b->stat && a->value == b->value && a->compare == b->compare && a->fails == b->fails && a->promises == b->promises &&
	       a->thread == b->thread && a->may_fail == b->may_fail && a->result == b->result && a->mark == b->mark;
}

static inline bool same_thing(const struct thing *a, const struct thing *b)
{
	return a->kind == b->kind && a->space == b->space && a->mapping == b->mapping && a->object == b->object &&
	       a->pin == b->pin && a->value == b->value && a->mark == b->mark && a->offset == b->offset;
}

static inline bool same_fact(const struct fact *a, const struct fact *b)
{
	return a->kind == b->kind && a->negated == b->negated && a->alternative == b->alternative &&
	       same_thing(&a->left, &b->left) && same_thing(&a->right, &b->right) && a->length == b->length &&
	       !a->bytes == !b->bytes && (!a->bytes || !memcmp(a->bytes, b->bytes, a->length));
}

static inline bool same_condition(const struct condition *a, const struct condition *b)
{
	for (size_t i = 0; a->nfacts == b->nfacts && i < a->nfacts; i++)
		if (!same_fact(&a->facts[i], &b->facts[i]))
			return false;
	return a->nfacts == b->nfacts && a->seen == b->seen && a->promises == b->promises && !strcmp(a->text, b->text);
}

static inline bool same_conditions(const struct scenario *a, const struct scenario *b)
{
	for (size_t i = 0; a->nconditions == b->nconditions && i < a->nconditions; i++)
		if (!same_condition(&a->conditions[i], &b->conditions[i]))
			return false;
	return a->nconditions == b->nconditions;
}

static inline bool same_scenario(const struct scenario *a, const struct scenario *b)
{
	for (size_t i = 0; a->nsteps == b->nsteps && i < a->nsteps; i++)
		if (!same_step(&a->steps[i], &b->steps[i]))
			return false;
	return a->nsteps == b->nsteps && !strcmp(a->title, b->title) && !strcmp(a->why, b->why) &&
	       a->promises == b->promises && a->broken_under == b->broken_under && a->check_under == b->check_under &&
	       a->pool_pages == b->pool_pages && a->nthreads == b->nthreads && same_conditions(a, b) &&
	       same_names(a->spaces, a->nspaces, b->spaces, b->nspaces) &&
	       same_names(a->mappings, a->nmappings, b->mappings, b->nmappings) &&
	       same_names(a->objects, a->nobjects, b->objects, b->nobjects) &&
	       same_names(a->pins, a->npins, b->pins, b->npins) &&
	       same_names(a->values, a->nvalues, b->values, b->nvalues) &&
	       same_names(a->marks, a->nmarks, b->marks, b->nmarks);
}

#endif

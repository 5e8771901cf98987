/*
 * sites.c - looking up the table that scripts/sites wrote
 *
 * The table is found by weak names: a test of the engine alone has no explored
 * core, and so no sites.
 */
#include "sites.h"

extern const struct site explored_sites[] __attribute__((weak));
extern const size_t explored_sites_count __attribute__((weak));
extern const char explored_text[] __attribute__((weak));

const struct site *site_table(size_t *count)
{
	*count = &explored_sites_count ? explored_sites_count : 0;
	return explored_sites;
}

const void *site_address(const struct site *site)
{
	return explored_text + site->offset;
}

const struct site *site_of(const void *address)
{
	size_t low = 0, high;
	const struct site *table = site_table(&high);
	uintptr_t offset = (uintptr_t)address - (uintptr_t)explored_text;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table[middle].offset == offset)
			return &table[middle];
		if (table[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

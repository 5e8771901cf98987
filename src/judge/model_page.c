/*
 * model_page.c - the reference model: pages and objects
 *
 * A page is an array of bytes and a count of those who use it.  It goes when the
 * last one does, so that a pin keeps its page whatever becomes of the mapping.
 *
 * Every change of a page's bytes goes through model_page_write(), which keeps
 * the earlier contents while a GET lives: that is how the model knows what a
 * plain reference may show.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

struct model_past {
	struct model_past *earlier;
	unsigned char bytes[SCENARIO_PAGE];
};

void *model_alloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory) {
		fprintf(stderr, "model: no memory for %zu times %zu bytes\n", count, size);
		exit(2);
	}
	return memory;
}

struct model_page *model_page_new(const struct model_page *copy_of)
{
	struct model_page *page = model_alloc(1, sizeof(*page));

	page->users = 1;
	if (copy_of)
		memcpy(page->bytes, copy_of->bytes, SCENARIO_PAGE);
	return page;
}

static void forget_past(struct model_page *page)
{
	while (page->past) {
		struct model_past *past = page->past;

		page->past = past->earlier;
		free(past);
	}
}

void model_page_put(struct model_page *page)
{
	if (!page || --page->users)
		return;
	forget_past(page);
	free(page);
}

void model_page_write(struct model_page *page, uint64_t offset, const void *bytes, uint64_t length)
{
	if (page->gets) {
		struct model_past *past = model_alloc(1, sizeof(*past));

		memcpy(past->bytes, page->bytes, SCENARIO_PAGE);
		past->earlier = page->past;
		page->past = past;
	}
	memcpy(page->bytes + offset, bytes, length);
}

void model_page_pin(struct model_page *page, unsigned flags)
{
	page->users++;
	if (flags & PIN_GET)
		page->gets++;
	else
		page->pins++;
}

void model_page_unpin(struct model_page *page, unsigned flags)
{
	if (!(flags & PIN_GET))
		page->pins--;
	else if (!--page->gets)
		forget_past(page);
	model_page_put(page);
}

static bool held_byte(const struct model_page *page, uint64_t offset, unsigned char byte)
{
	if (page->bytes[offset] == byte)
		return true;
	for (const struct model_past *past = page->past; past; past = past->earlier)
		if (past->bytes[offset] == byte)
			return true;
	return false;
}

/* Each byte on its own: a GET may see one store and miss the next. */
bool model_page_ever_held(const struct model_page *page, uint64_t offset, const unsigned char *bytes,
			  uint64_t length)
{
	for (uint64_t i = 0; i < length; i++)
		if (!held_byte(page, offset + i, bytes[i]))
			return false;
	return true;
}

struct model_object *model_object_new(struct judge *model, uint64_t size)
{
	struct model_object *object = model_alloc(1, sizeof(*object));

	object->next = model->all;
	model->all = object;
	model_object_resize(object, size);
	return object;
}

/* Nothing is behind the end: what a mapping stored there is gone when the end moves. */
static void zero_tail(struct model_object *object, uint64_t size)
{
	static const unsigned char zeroes[SCENARIO_PAGE];
	uint64_t tail = size % SCENARIO_PAGE;

	if (tail && size / SCENARIO_PAGE < object->pages)
		model_page_write(object->page[size / SCENARIO_PAGE], tail, zeroes, SCENARIO_PAGE - tail);
}

/*
 * Shrinking takes the pages away from the object, not from who copied them; a
 * pin on one of them forbids it.
 */
int model_object_resize(struct model_object *object, uint64_t size)
{
	uint64_t pages = model_pages(size);
	struct model_page **page;

	for (uint64_t i = pages; i < object->pages; i++)
		if (object->page[i]->pins)
			return EBUSY;
	if (size != object->size)
		zero_tail(object, size < object->size ? size : object->size);
	page = model_alloc(pages, sizeof(struct model_page *));
	for (uint64_t i = 0; i < pages; i++)
		page[i] = i < object->pages ? object->page[i] : model_page_new(NULL);
	for (uint64_t i = pages; i < object->pages; i++)
		model_page_put(object->page[i]);
	free(object->page);
	object->page = page;
	object->pages = pages;
	object->size = size;
	return 0;
}

void model_objects_free(struct judge *model)
{
	while (model->all) {
		struct model_object *object = model->all;

		model->all = object->next;
		for (uint64_t i = 0; i < object->pages; i++)
			model_page_put(object->page[i]);
		free(object->page);
		free(object);
	}
}

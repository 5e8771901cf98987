/*
 * model.c - the reference model as a judge: names, places, dispatch
 *
 * Turns a step into one call of model_space.c or model_access.c.  A judge has no
 * opinion about expectations: it answers with bytes.  The model has no entries,
 * no fast path and no statistics, so it can't say how a pin was taken or what
 * was copied.
 *
 * A space that nobody mentioned yet is an empty one; a mapping that a space does
 * not know is unmapped memory there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

static struct judge *model_open(const struct judge_ops *ops, const struct scenario *scenario, struct reply *reply)
{
	struct judge *model = model_alloc(1, sizeof(*model));

	(void)scenario;
	model->ops = ops;
	model->next_place = 1;
	reply->answer = ANSWER_DONE;
	return model;
}

static void cannot(struct reply *reply, const char *why)
{
	reply->answer = ANSWER_CANNOT;
	snprintf(reply->reason, sizeof(reply->reason), "%s", why);
}

static void answer(struct reply *reply, int error)
{
	reply->answer = error ? ANSWER_FAILED : ANSWER_DONE;
	reply->error = error;
}

/* A range in pages for the calls that want one: the place's page, and how many. */
struct range {
	uint64_t at, pages;
};

static int find_range(const struct model_space *space, const struct step *step, struct range *range)
{
	uint64_t pages = space->names[step->mapping].pages, first = step->offset / SCENARIO_PAGE;

	if (!space->names[step->mapping].known)
		return EFAULT;
	if (step->offset % SCENARIO_PAGE || first >= MODEL_MAX_PAGES || (!step->length && first >= pages))
		return EINVAL;
	range->at = space->names[step->mapping].at + first;
	range->pages = step->length ? model_pages(step->length) : pages - first;
	return range->pages > MODEL_MAX_PAGES ? EINVAL : 0;
}

static int on_range(struct judge *model, struct model_space *space, const struct step *step)
{
	struct range range;
	int error = find_range(space, step, &range);

	if (error)
		return error;
	switch (step->op) {
	case OP_UNMAP: return model_unmap(space, range.at, range.pages);
	case OP_PROTECT: return model_protect(space, range.at, range.pages, step->prot);
	case OP_ADVISE: return model_advise(space, range.at, range.pages, (enum advice)step->flags);
	case OP_COLLAPSE:
		if (step->offset % SCENARIO_HUGE || range.pages * SCENARIO_PAGE % SCENARIO_HUGE)
			return EINVAL;
		return model_collapse(space, range.at, range.pages);
	default: return model_remap(model, space, step);
	}
}

/* The byte address of a step's place, and how many bytes are meant: 0 is the rest of the mapping. */
static int find_bytes(const struct model_space *space, const struct step *step, uint64_t *address, uint64_t *length)
{
	uint64_t bytes = space->names[step->mapping].pages * SCENARIO_PAGE;

	if (!space->names[step->mapping].known || step->offset >= MODEL_MAX_PAGES * SCENARIO_PAGE)
		return EFAULT;
	*address = space->names[step->mapping].at * SCENARIO_PAGE + step->offset;
	*length = step->length ? step->length : bytes - (step->offset < bytes ? step->offset : bytes);
	return 0;
}

static int store(struct model_space *space, const struct step *step, uint64_t address, uint64_t length)
{
	unsigned char *bytes;
	int error;

	if (step->op == OP_STORE)
		return model_store(space, address, step->bytes, step->length);
	bytes = model_alloc(length, 1);
	memset(bytes, (int)step->value, length);
	error = model_store(space, address, bytes, length);
	free(bytes);
	return error;
}

static int load(struct model_space *space, const struct step *step, uint64_t address, struct reply *reply)
{
	unsigned char *bytes = model_alloc(step->length + 1, 1);
	int error = model_load(space, address, bytes, step->length ? step->length : 1);

	if (!error && reply->bytes)
		memcpy(reply->bytes, bytes, step->length ? step->length : 1);
	free(bytes);
	return error;
}

static int on_bytes(struct judge *model, struct model_space *space, const struct step *step, struct reply *reply)
{
	uint64_t address, length;
	int error = find_bytes(space, step, &address, &length);

	if (error)
		return error;
	if (step->op == OP_PIN)
		return model_pin(space, &model->pins[step->pin], address, length, step->flags);
	if (step->op == OP_ATOMIC)
		return model_atomic(space, address, step, &reply->value);
	if (length > MODEL_MAX_PAGES * SCENARIO_PAGE)
		return EFAULT;
	if (step->op == OP_LOAD || step->op == OP_EXPECT_BYTES)
		return load(space, step, address, reply);
	return store(space, step, address, length);
}

/* Read (write is NULL) or write an object, which ends at its size. */
static int object_bytes(struct model_object *object, uint64_t at, uint64_t length, unsigned char *read,
			const unsigned char *write)
{
	if (at > object->size || length > object->size - at)
		return EINVAL;
	for (uint64_t part, done = 0; done < length; done += part, at += part) {
		struct model_page *page = object->page[at / SCENARIO_PAGE];
		uint64_t rest = SCENARIO_PAGE - at % SCENARIO_PAGE;

		part = length - done < rest ? length - done : rest;
		if (write)
			model_page_write(page, at % SCENARIO_PAGE, write + done, part);
		else
			memcpy(read + done, page->bytes + at % SCENARIO_PAGE, part);
	}
	return 0;
}

static int on_object(struct judge *model, const struct step *step, struct reply *reply)
{
	struct model_object *object = model->objects[step->object];

	if (step->op == OP_OBJECT) {
		model->objects[step->object] = model_object_new(model, step->length);
		return 0;
	}
	if (!object)
		return EINVAL;
	if (step->op == OP_DESTROY) {
		model->objects[step->object] = NULL;	/* it is in the list of all, until the model ends */
		return 0;
	}
	if (step->op == OP_OBJECT_RESIZE)
		return model_object_resize(object, step->length);
	if (step->op == OP_OBJECT_WRITE)
		return object_bytes(object, step->offset, step->length, NULL, step->bytes);
	return object_bytes(object, step->offset, step->length, reply->bytes, NULL);
}

static int on_pin(struct judge *model, const struct step *step, struct reply *reply)
{
	struct model_pin *pin = &model->pins[step->pin];

	if (step->op == OP_UNPIN)
		return model_unpin(pin, step->offset, step->length);
	if (step->op == OP_DEVICE_WRITE)
		return model_device(pin, step->offset, step->length, NULL, step->bytes);
	return model_device(pin, step->offset, step->length, reply->bytes, NULL);
}

static void exit_space(struct model_space *space)
{
	for (size_t i = 0; i < space->count; i++)
		model_page_put(space->slots[i].own);
	free(space->slots);
	*space = (struct model_space){ .exited = true };
}

/* What is wrong whatever the space has: that comes before everything else. */
static bool nonsense(const struct step *step)
{
	bool sealed = (step->op == OP_MAP && (step->flags & MAP_SEALED_FLAG)) || (step->prot & PROT_SEAL_FLAG);

	switch (step->op) {
	case OP_MAP:
		return !step->length || step->object_offset % SCENARIO_PAGE ||
		       ((step->flags & MAP_HUGE_FLAG) && ((step->flags & MAP_SHARED_FLAG) || step->object >= 0)) ||
		       (sealed && ((step->flags & MAP_SHARED_FLAG) || (step->prot & PROT_W)));
	case OP_PROTECT:
		return sealed && (step->prot & PROT_W);
	case OP_REMAP:
		return step->flags == REMAP_RESIZE && !step->length;
	case OP_ATOMIC:
		return step->offset % step->length;
	case OP_PIN:
		return (step->flags & PIN_GET) && (step->flags & ~(unsigned)PIN_GET);
	default:
		return false;
	}
}

static int on_space(struct judge *model, struct model_space *space, const struct step *step, struct reply *reply)
{
	if (nonsense(step))
		return EINVAL;
	if (space->exited)
		return step->op == OP_EXIT || step->op == OP_DESTROY ? 0 : ESRCH;
	switch (step->op) {
	case OP_SPACE:
		return 0;
	case OP_MAP:
		return model_map(model, space, step);
	case OP_UNMAP: case OP_PROTECT: case OP_ADVISE: case OP_COLLAPSE: case OP_REMAP:
		return on_range(model, space, step);
	case OP_FORK:
		if (model->spaces[step->child].exited || model->spaces[step->child].count)
			return EEXIST;
		return model_fork(space, &model->spaces[step->child], (enum fork_pins)step->flags);
	case OP_EXIT: case OP_DESTROY:
		exit_space(space);
		return 0;
	default:
		return on_bytes(model, space, step, reply);
	}
}

static bool too_big(const struct step *step)
{
	bool pages = step->op == OP_MAP || step->op == OP_OBJECT || step->op == OP_OBJECT_RESIZE ||
		     step->op == OP_REMAP;

	return pages && step->length / SCENARIO_PAGE >= MODEL_MAX_PAGES;
}

/* A pool, long-term pins, pages fit for the fast path, blocks for huge pages: here there is always enough. */
static bool of_scarcity(const struct step *step)
{
	return step->fails == ENOLCK || step->fails == ENOMEM || step->fails == EAGAIN ||
	       (step->op == OP_COLLAPSE && step->fails == EBUSY);
}

static void model_step(struct judge *model, const struct step *step, struct reply *reply)
{
	if (too_big(step))
		cannot(reply, "the model keeps every page apart, at most 4,095 of one mapping or object");
	else if (step->op == OP_EXPECT_PATH)
		cannot(reply, "the model has no fast path");
	else if (step->op == OP_EXPECT_STAT)
		cannot(reply, "the model counts nothing");
	else if (step->op == OP_EXPECT_HUGE)
		cannot(reply, "the model has no entries");
	else if (step->op == OP_EXPECT_INVENTORY)
		cannot(reply, "the model keeps no list of pins");
	else if (step->op == OP_COUNT || step->op == OP_LISTEN)
		answer(reply, 0);
	else if (step->op == OP_OBJECT || step->op == OP_OBJECT_WRITE || step->op == OP_OBJECT_RESIZE ||
		 step->op == OP_EXPECT_OBJECT || (step->op == OP_DESTROY && step->object >= 0))
		answer(reply, on_object(model, step, reply));
	else if (step->op == OP_UNPIN || step->op == OP_DEVICE_WRITE || step->op == OP_DEVICE_READ ||
		 step->op == OP_EXPECT_DEVICE)
		answer(reply, on_pin(model, step, reply));
	else
		answer(reply, on_space(model, &model->spaces[step->space], step, reply));
	if (reply->answer == ANSWER_DONE && of_scarcity(step))
		cannot(reply, "the model has no pool that could be full, and no fast path");
}

static void model_close(struct judge *model, struct reply *reply)
{
	for (int i = 0; i < SCENARIO_NAMES; i++) {
		model_unpin(&model->pins[i], 0, 0);
		free(model->pins[i].page);
		exit_space(&model->spaces[i]);
	}
	model_objects_free(model);
	free(model);
	reply->answer = ANSWER_DONE;
}

const struct judge_ops judge_model = {
	.open = model_open,
	.step = model_step,
	.close = model_close,
	.name = "model",
	.design = -1,
};

/*
 * objects.c - the objects of a scenario are memfds
 *
 * All of them are there, empty, before the first space starts, so that every
 * space has them; `object` gives one its size.  Like the library's, an access
 * ends at the size: a write does not make an object longer.  A size that this user
 * or this kernel has no file of is no answer about objects.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "live.h"

bool live_objects_open(struct live *live)
{
	for (int i = 0; i < live->scenario->nobjects; i++) {
		live->objects[i].fd = memfd_create("holdfast-object", MFD_CLOEXEC);
		if (live->objects[i].fd < 0)
			return false;
	}
	return true;
}

static int resize(struct live_object *object, uint64_t bytes)
{
	if (bytes > INT64_MAX)
		return EFBIG;
	if (ftruncate(object->fd, (off_t)bytes))
		return errno;
	object->size = bytes;
	object->made = true;
	return 0;
}

static int transfer(struct live *live, const struct live_object *object, const struct step *step)
{
	unsigned char *data = live->box->data;
	ssize_t n;

	if (step->offset > object->size || step->length > object->size - step->offset)
		return EINVAL;
	if (step->op == OP_OBJECT_WRITE)
		n = pwrite(object->fd, data, step->length, (off_t)step->offset);
	else
		n = pread(object->fd, data, step->length, (off_t)step->offset);
	if (n < 0)
		return errno;
	return (uint64_t)n == step->length ? 0 : EIO;
}

static int carry_out(struct live *live, const struct step *step)
{
	struct live_object *object;

	if (step->object < 0 || step->object >= live->scenario->nobjects)
		return EINVAL;
	object = &live->objects[step->object];
	if (step->op == OP_OBJECT || (step->op == OP_OBJECT_RESIZE && object->made))
		return resize(object, step->length);
	return object->made ? transfer(live, object, step) : EINVAL;
}

void live_object(struct live *live, const struct step *step, struct reply *reply)
{
	int error = carry_out(live, step);

	if (error == EFBIG)
		live_cannot(reply, "no file can be so large here");
	else if (error)
		live_failed(reply, error);
	else
		live_done(reply);
}

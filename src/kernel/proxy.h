/*
 * proxy.h - the director, seen from its caller's process
 */
#ifndef HOLDFAST_LIVE_PROXY_H
#define HOLDFAST_LIVE_PROXY_H

#include "live.h"

struct live_director {
	pid_t pid;
	int bell;
	struct live_mailbox *box;
};

/* Without a scenario the director tries out that kind of pin, and ends. */
bool live_director_start(struct live_director *, const struct scenario *, const struct kernel_probe *, enum kernel_kind);
bool live_director_answers(struct live_director *);
/* Kill it if it still lives, and wait until it and its spaces are gone.  status may be NULL. */
void live_director_end(struct live_director *, int *status);

#endif

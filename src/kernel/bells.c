/*
 * bells.c - how the processes of a scenario wake each other
 *
 * One byte on a socket is a bell, and the end of file says that the other side is
 * gone.  Only two wait without a time: the director for its caller, and a space
 * for the director; both are woken by the end of file.
 */
#include <errno.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "live.h"

int64_t live_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool live_ring_bell(int fd)
{
	ssize_t n;

	do
		n = send(fd, "", 1, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

/* The byte, or the end of file. */
static enum live_bell take_bell(int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? BELL_RUNG : BELL_GONE;
}

enum live_bell live_await_bell(int fd, int ms)
{
	int64_t end = live_now_ms() + ms;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (;;) {
		int64_t left = end - live_now_ms();
		int n = poll(&p, 1, ms < 0 ? -1 : left > 0 ? (int)left : 0);

		if (n > 0)
			return take_bell(fd);
		if (n == 0 && left <= 0)
			return BELL_TIMEOUT;
		if (n < 0 && errno != EINTR)
			return BELL_GONE;
	}
}

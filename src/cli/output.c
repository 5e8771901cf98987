/*
 * output.c - half a table that looks like a whole one is worse than none
 *
 * stdio remembers that a write failed, but not why; so the reason is only as
 * good as the last error that the flush and the close find.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void output_start(void)
{
	/* Opened the wrong way round, so that whoever uses it hears of it. */
	static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			_exit(EXIT_UNEXPECTED);
}

enum exit_code output_finish(enum exit_code status)
{
	bool failed = ferror(stdout) != 0;

	errno = 0;
	if (fflush(stdout) || fclose(stdout))
		failed = true;
	if (!failed)
		return status;
	complain("can't write the output: %s", errno ? strerror(errno) : "a write failed before the end");
	return EXIT_UNEXPECTED;
}

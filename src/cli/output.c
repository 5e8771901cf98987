/*
 * output.c - half a table that looks like a whole one is worse than none
 *
 * stdio remembers that a write failed, but not why; so the reason is only as
 * good as the last error that the flush and the close find.
 */
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

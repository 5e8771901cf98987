/*
 * tap.h - text in the Test Anything Protocol
 */
#ifndef HOLDFAST_TAP_H
#define HOLDFAST_TAP_H

#include <stdio.h>

/* On standard output.  A "#" would begin a directive. */
static inline void tap_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '#' || *text == '\\')
			putchar('\\');
		putchar(*text == '\n' ? ' ' : *text);
	}
}

#endif

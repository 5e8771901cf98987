/*
 * where.h - where the program itself lies, and the things that belong to it
 */
#ifndef HOLDFAST_WHERE_H
#define HOLDFAST_WHERE_H

/* A path from the program's own directory; the caller's to free. */
char *beside_program(const char *below);

/*
 * The directory of the scenarios: what --scenarios says, or the variable
 * HOLDFAST_SCENARIOS, or the one that lies by the program, or ./scenarios.
 * NULL after a message on stderr when there is none.
 */
const char *scenario_directory(void);

/* The same without the message. */
const char *scenario_directory_if_any(void);

#endif

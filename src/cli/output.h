/*
 * output.h - the first and the last word on standard output
 */
#ifndef HOLDFAST_OUTPUT_H
#define HOLDFAST_OUTPUT_H

#include "cli.h"

/*
 * Call it first.  A program that is started with standard output closed would
 * open its own files in its place, and print into the memory it works on.
 */
void output_start(void);

/*
 * Bring everything to where standard output leads.  A write that failed (a full
 * disk) is an error with a message, never silent: the status then is
 * EXIT_UNEXPECTED, else the one given.
 */
enum exit_code output_finish(enum exit_code status);

#endif

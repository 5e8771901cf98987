/*
 * output.h - the last word on standard output
 */
#ifndef HOLDFAST_OUTPUT_H
#define HOLDFAST_OUTPUT_H

#include "cli.h"

/*
 * Bring everything to where standard output leads.  A write that failed (a full
 * disk) is an error with a message, never silent: the status then is
 * EXIT_UNEXPECTED, else the one given.
 */
enum exit_code output_finish(enum exit_code status);

#endif

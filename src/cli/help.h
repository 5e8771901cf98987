/*
 * help.h - what the program says about itself
 */
#ifndef HOLDFAST_HELP_H
#define HOLDFAST_HELP_H

#include "cli.h"

#include <stdio.h>

void help_program(FILE *);
void help_command(FILE *, const struct command *);

#endif

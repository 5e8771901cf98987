/*
 * print.h - the pieces that canonical text is made of
 */
#ifndef HOLDFAST_PRINT_H
#define HOLDFAST_PRINT_H

#include "scenario.h"

void print_offset(uint64_t bytes, FILE *);	/* +1h+1p+8, or nothing */
void print_size(uint64_t bytes, FILE *);	/* 2 (pages), 1h (huge pages), or bytes 100 */
void print_bytes(const unsigned char *bytes, uint64_t length, FILE *);	/* "text", or zero 8 */
void print_promises(unsigned promises, FILE *);	/* a space before each */
const char *print_name(char *const names[], int n, int i);	/* "?" where there is none */

#endif

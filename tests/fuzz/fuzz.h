/*
 * fuzz.h - what a fuzz target is
 *
 *	fuzz_parser.c      a scenario's text
 *	fuzz_operations.c  operations on the library and on the model
 *	corpus.c           runs a target on the inputs that are kept, without a fuzzer
 *
 * A target ends the program with abort() when it has found something, and before that
 * prints what.  The names are libFuzzer's.  `make fuzz` looks for new inputs, `make
 * check` runs those below tests/fuzz/corpus/.
 */
#ifndef HOLDFAST_FUZZ_H
#define HOLDFAST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A target's own mutations; what it calls for the usual ones is the fuzzer's. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#endif

/*
 * names.h - the words of the scenario language, and which of them is nearest
 *
 * Lists of words end in NULL.  An index into a list is the value it stands for.
 */
#ifndef HOLDFAST_NAMES_H
#define HOLDFAST_NAMES_H

#include "scenario.h"

/* Errors by name, both ways.  0 and NULL where there is none. */
int error_number(const char *name, size_t length);
const char *error_name(int number);
extern const char *const error_words[];

/* The place of a word in a list, or -1.  The word need not end in NUL. */
int word_index(const char *const *words, int count, const char *word, size_t length);

/* The word of a list that is nearest, or NULL when none is near. */
const char *word_nearest(const char *const *words, int count, const char *word, size_t length);

int word_count(const char *const *words);

/* The designs, `kernel` after them: the bits of scenario->broken_under. */
extern const char *const broken_under_words[];

#endif

/*
 * json.h - JSON lines: one object a line, members in the order they are written
 *
 * Strings come out as valid UTF-8 whatever goes in; a byte that is no UTF-8
 * becomes U+FFFD.
 */
#ifndef HOLDFAST_JSON_H
#define HOLDFAST_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	bool comma;		/* something stands before in this object or list */
};

void json_begin(struct json *, FILE *);
void json_end(struct json *);			/* and the end of the line */
void json_text(struct json *, const char *key, const char *value);
void json_bool(struct json *, const char *key, bool value);
void json_number(struct json *, const char *key, uint64_t value);
void json_decimal(struct json *, const char *key, double value);	/* to a millionth */

/* The names of the bits that are set, as a list. */
void json_bits(struct json *, const char *key, unsigned bits, const char *const *names, int count);

/* One string, with its quotes. */
void json_string(FILE *, const char *);

#endif

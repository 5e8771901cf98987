/*
 * scan.h - the text of a scenario, a line at a time, as tokens
 */
#ifndef HOLDFAST_SCAN_H
#define HOLDFAST_SCAN_H

#include "scenario.h"

#define LINE_TOKENS 128	/* most on one line: several times what any line needs */

enum token_kind {
	TOKEN_END,	/* of the line */
	TOKEN_WORD,	/* a name, a number or a word of the language */
	TOKEN_STRING,	/* its text is between the quotes, escapes and all */
	TOKEN_PLUS,
	TOKEN_EQUAL,
};

struct token {
	enum token_kind kind;
	int column;
	const char *text;	/* into the text of the file; not NUL-terminated */
	size_t length;
};

struct scanner {
	const char *path, *at, *end;
	FILE *err;
	int line;
	bool failed;		/* a message was printed: there is only ever one */
	struct token tokens[LINE_TOKENS + 1]; /* of the line; the last is TOKEN_END */
	int ntokens;		/* without the last */
};

void scan_start(struct scanner *, const char *text, size_t length, const char *path, FILE *err);

/* Read the next line that has a token: false at the end of the text, or when failed. */
bool scan_line(struct scanner *);

/* Bytes that a string stands for; out may be NULL to learn how many. */
size_t string_decode(const struct token *, unsigned char *out);

/* Print path:line:column and the message, once; returns false. */
bool scan_error(struct scanner *, struct position, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A piece of the text fit for a message: short, and printable. */
struct quoted { char text[64]; };
struct quoted quote(const char *text, size_t length);

#endif

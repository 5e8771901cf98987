/*
 * scan.c - from bytes to tokens
 *
 * Keeps the rule that anything may be in the file: a byte that has no place in
 * a scenario is one message, not a surprise.  A column counts bytes from 1.
 * Knows nothing about what the words mean.
 */
#include "scan.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

void scan_start(struct scanner *s, const char *text, size_t length, const char *path, FILE *err)
{
	memset(s, 0, sizeof(*s));
	s->path = path;
	s->err = err;
	s->at = text;
	s->end = text + length;
}

bool scan_error(struct scanner *s, struct position at, const char *format, ...)
{
	va_list args;

	if (s->failed)
		return false;
	s->failed = true;
	if (!s->err)
		return false;
	fprintf(s->err, "%s:%d:%d: ", s->path, at.line, at.column);
	va_start(args, format);
	vfprintf(s->err, format, args);
	va_end(args);
	fputc('\n', s->err);
	return false;
}

struct quoted quote(const char *text, size_t length)
{
	struct quoted q;
	size_t n = 0;
	const size_t most = 40;

	q.text[n++] = '"';
	for (size_t i = 0; i < length && i < most; i++)
		q.text[n++] = isprint((unsigned char)text[i]) ? text[i] : '?';
	if (length > most) {
		memcpy(q.text + n, "...", 3);
		n += 3;
	}
	q.text[n++] = '"';
	q.text[n] = '\0';
	return q;
}

/* ---- characters --------------------------------------------------------- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_-./", c));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool bad_character(struct scanner *s, const char *c, const char *start)
{
	struct position at = { s->line, (int)(c - start) + 1 };
	unsigned char byte = (unsigned char)*c;

	if (!byte)
		return scan_error(s, at, "a NUL byte; expected text: is this a scenario?");
	if (isprint(byte))
		return scan_error(s, at, "a stray '%c'; expected a word, a number or a \"string\"", byte);
	return scan_error(s, at, "a byte 0x%02x; expected a word, a number or a \"string\"", byte);
}

/* ---- strings ------------------------------------------------------------ */

/* Length of an escape that starts at the backslash, 0 if it is none. */
static size_t escape_length(const char *c, size_t left)
{
	if (left >= 2 && strchr("nt\\\"0", c[1]) && c[1])
		return 2;
	if (left >= 4 && c[1] == 'x' && hex_digit(c[2]) >= 0 && hex_digit(c[3]) >= 0)
		return 4;
	return 0;
}

/* c is after the opening quote; returns the closing one, or NULL. */
static const char *scan_string(struct scanner *s, const char *c, const char *start, const char *end)
{
	struct position open = { s->line, (int)(c - start) };

	while (c < end && *c != '"') {
		size_t n = 1;

		if (!*c || (iscntrl((unsigned char)*c) && *c != '\t')) {
			bad_character(s, c, start);
			return NULL;
		}
		if (*c == '\\' && !(n = escape_length(c, (size_t)(end - c)))) {
			struct position at = { s->line, (int)(c - start) + 1 };

			scan_error(s, at, "an unknown escape in a string; expected \\n, \\t, \\\\, \\\", \\0 or \\xNN");
			return NULL;
		}
		c += n;
	}
	if (c == end) {
		scan_error(s, open, "a string without its end; expected a \" on the same line");
		return NULL;
	}
	return c;
}

static unsigned char escaped(const char *c)
{
	switch (c[1]) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '0':
		return '\0';
	case 'x':
		return (unsigned char)(hex_digit(c[2]) * 16 + hex_digit(c[3]));
	default:
		return (unsigned char)c[1];
	}
}

size_t string_decode(const struct token *t, unsigned char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < t->length; n++) {
		bool escape = t->text[i] == '\\';

		if (out)
			out[n] = escape ? escaped(t->text + i) : (unsigned char)t->text[i];
		i += escape ? escape_length(t->text + i, t->length - i) : 1;
	}
	return n;
}

/* ---- lines -------------------------------------------------------------- */

static struct token *token_add(struct scanner *s, enum token_kind kind, const char *start, const char *text,
			       size_t length)
{
	struct token *t = &s->tokens[s->ntokens];
	struct position at = { s->line, (int)(text - start) + 1 };

	if (s->ntokens == LINE_TOKENS) {
		scan_error(s, at, "too many words; expected at most %d on a line", LINE_TOKENS);
		return NULL;
	}
	s->ntokens++;
	*t = (struct token){ .kind = kind, .column = at.column, .text = text, .length = length };
	return t;
}

/* One token that starts at c; returns what follows it, or NULL. */
static const char *scan_token(struct scanner *s, const char *c, const char *start, const char *end)
{
	const char *from = c;

	if (*c == '"') {
		const char *close = scan_string(s, c + 1, start, end);
		struct token *t = close ? token_add(s, TOKEN_STRING, start, c, 0) : NULL;

		if (!t)
			return NULL;
		t->text = c + 1;	/* its column is the quote's */
		t->length = (size_t)(close - t->text);
		return close + 1;
	}
	if (*c == '+' || *c == '=')
		return token_add(s, *c == '+' ? TOKEN_PLUS : TOKEN_EQUAL, start, c, 1) ? c + 1 : NULL;
	while (c < end && is_word(*c))
		c++;
	if (c == from) {
		bad_character(s, c, start);
		return NULL;
	}
	return token_add(s, TOKEN_WORD, start, from, (size_t)(c - from)) ? c : NULL;
}

static bool scan_tokens(struct scanner *s, const char *start, const char *end)
{
	const char *c = start;

	s->ntokens = 0;
	while (c && c < end && *c != '#') {
		if (*c == ' ' || *c == '\t' || (*c == '\r' && c + 1 == end))
			c++;
		else
			c = scan_token(s, c, start, end);
	}
	if (c && c < end) {
		const char *nul = memchr(c, '\0', (size_t)(end - c));

		if (nul)
			return bad_character(s, nul, start);
	}
	/* Where a message "expected ..." points to when the line ends too early. */
	s->tokens[s->ntokens] = (struct token){ .kind = TOKEN_END, .text = "", .column = 1 };
	if (s->ntokens) {
		const struct token *last = &s->tokens[s->ntokens - 1];

		s->tokens[s->ntokens].column = last->column + (int)last->length + (last->kind == TOKEN_STRING) * 2;
	}
	return c != NULL;
}

bool scan_line(struct scanner *s)
{
	while (s->at < s->end && !s->failed) {
		const char *start = s->at;
		const char *newline = memchr(start, '\n', (size_t)(s->end - start));
		const char *end = newline ? newline : s->end;

		s->line++;
		s->at = newline ? newline + 1 : s->end;
		if (!scan_tokens(s, start, end))
			return false;
		if (s->ntokens)
			return true;
	}
	return false;
}

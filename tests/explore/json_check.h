/*
 * json_check.h - is a text one JSON value, and nothing else?
 *
 * By the grammar of RFC 8259; strings must be UTF-8 as far as bytes tell, and depth
 * is limited.  It builds nothing.
 */
#ifndef HOLDFAST_JSON_CHECK_H
#define HOLDFAST_JSON_CHECK_H

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static bool json_value(const char **at, unsigned depth);

static inline void json_blanks(const char **at)
{
	*at += strspn(*at, " \t\r\n");
}

static inline bool json_take(const char **at, const char *word)
{
	size_t length = strlen(word);

	json_blanks(at);
	if (strncmp(*at, word, length))
		return false;
	*at += length;
	return true;
}

static inline bool json_text(const char **at)
{
	if (!json_take(at, "\""))
		return false;
	for (; **at != '"'; ++*at) {
		unsigned char c = (unsigned char)**at;

		if (c < 0x20 || c == 0xfe || c == 0xff || c == 0xc0)
			return false;
		if (c != '\\')
			continue;
		c = (unsigned char)*++*at;
		if (!c || !strchr("\"\\/bfnrtu", c))
			return false;
		for (unsigned i = 0; c == 'u' && i < 4; i++)
			if (!isxdigit((unsigned char)*++*at))
				return false;
	}
	++*at;
	return true;
}

static inline bool json_digits(const char **at)
{
	size_t count = strspn(*at, "0123456789");

	*at += count;
	return count;
}

static inline bool json_number(const char **at)
{
	*at += **at == '-';
	if (!(**at == '0' ? (++*at, true) : json_digits(at)))
		return false;
	if (**at == '.' && (++*at, !json_digits(at)))
		return false;
	if (**at != 'e' && **at != 'E')
		return true;
	++*at;
	*at += **at == '+' || **at == '-';
	return json_digits(at);
}

static inline bool json_members(const char **at, const char *end, bool named, unsigned depth)
{
	if (json_take(at, end))
		return true;
	do {
		if (named && !(json_text(at) && json_take(at, ":")))
			return false;
		if (!json_value(at, depth + 1))
			return false;
	} while (json_take(at, ","));
	return json_take(at, end);
}

static bool json_value(const char **at, unsigned depth)
{
	if (depth > 20)
		return false;
	if (json_take(at, "{"))
		return json_members(at, "}", true, depth);
	if (json_take(at, "["))
		return json_members(at, "]", false, depth);
	if (**at == '"')
		return json_text(at);
	return json_take(at, "true") || json_take(at, "false") || json_take(at, "null") || json_number(at);
}

static inline bool is_json(const char *text)
{
	if (!json_value(&text, 0))
		return false;
	json_blanks(&text);
	return !*text;
}

#endif

/*
 * json.c - writing JSON lines
 *
 * Only what the commands need: flat objects of strings, numbers, truth values
 * and lists of words.
 */
#include "json.h"

/*
 * The bytes of the UTF-8 sequence at s, 0 if it is none: too long for its
 * value, a surrogate or beyond U+10FFFF are none.  The string's own end stops
 * it, for a NUL continues nothing.
 */
static int utf8_length(const unsigned char *s)
{
	int more = s[0] < 0x80 ? 0 : s[0] >= 0xc2 && s[0] < 0xe0 ? 1 : (s[0] & 0xf0) == 0xe0 ? 2
		 : s[0] >= 0xf0 && s[0] < 0xf5 ? 3 : -1;

	for (int i = 1; i <= more; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return more + 1;
}

static void plain_byte(FILE *out, unsigned char byte)
{
	switch (byte) {
	case '"':
		fputs("\\\"", out);
		break;
	case '\\':
		fputs("\\\\", out);
		break;
	case '\n':
		fputs("\\n", out);
		break;
	case '\t':
		fputs("\\t", out);
		break;
	default:
		if (byte < 0x20 || byte == 0x7f)
			fprintf(out, "\\u%04x", byte);
		else
			fputc(byte, out);
	}
}

void json_string(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	fputc('"', out);
	while (*s) {
		int length = utf8_length(s);

		if (length == 0)
			fputs("\\ufffd", out);
		else if (length == 1)
			plain_byte(out, *s);
		else
			fwrite(s, 1, (size_t)length, out);
		s += length ? length : 1;
	}
	fputc('"', out);
}

static void json_key(struct json *json, const char *key)
{
	if (json->comma)
		fputs(", ", json->out);
	json_string(json->out, key);
	fputs(": ", json->out);
	json->comma = true;
}

void json_begin(struct json *json, FILE *out)
{
	*json = (struct json){.out = out};
	fputc('{', out);
}

void json_end(struct json *json)
{
	fputs("}\n", json->out);
}

void json_text(struct json *json, const char *key, const char *value)
{
	json_key(json, key);
	json_string(json->out, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	json_key(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_number(struct json *json, const char *key, uint64_t value)
{
	json_key(json, key);
	fprintf(json->out, "%llu", (unsigned long long)value);
}

void json_decimal(struct json *json, const char *key, double value)
{
	json_key(json, key);
	fprintf(json->out, "%.6f", value);
}

void json_bits(struct json *json, const char *key, unsigned bits, const char *const *names, int count)
{
	const char *comma = "";

	json_key(json, key);
	fputc('[', json->out);
	for (int i = 0; i < count; i++)
		if (bits & 1u << i) {
			fputs(comma, json->out);
			json_string(json->out, names[i]);
			comma = ", ";
		}
	fputc(']', json->out);
}

/*
 * misuse.c - telling a program loudly that it broke a rule
 *
 * The core has no libc, hence the small formatter, which verify uses too.
 */
#include "misuse.h"

#include <stdarg.h>

static _Atomic(hf_misuse_handler *) handler;
static _Atomic(void *) handler_context;

void hf_set_misuse_handler(hf_misuse_handler *new_handler, void *context)
{
	atomic_store_explicit(&handler_context, context, memory_order_relaxed);
	/* Pairs with the acquire in misuse(): the handler with its context. */
	atomic_store_explicit(&handler, new_handler, memory_order_release);
}

struct text {
	char *to;
	size_t room;
};

static void put(struct text *text, char c)
{
	if (text->room > 1) {
		*text->to++ = c;
		text->room--;
	}
}

static void put_string(struct text *text, const char *string)
{
	while (*string)
		put(text, *string++);
}

static void put_number(struct text *text, uint64_t number, unsigned base)
{
	char digits[20];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	while (n)
		put(text, digits[--n]);
}

void text_format(char *to, size_t room, const char *format, ...)
{
	struct text text = { to, room };
	va_list arguments;

	if (!room)
		return;
	va_start(arguments, format);
	for (; *format; format++) {
		if (*format != '%') {
			put(&text, *format);
			continue;
		}
		format++;
		if (*format == 's') {
			put_string(&text, va_arg(arguments, const char *));
		} else if (*format == 'u') {
			put_number(&text, va_arg(arguments, uint64_t), 10);
		} else {
			put_string(&text, "0x");
			put_number(&text, va_arg(arguments, uint64_t), 16);
		}
	}
	va_end(arguments);
	*text.to = '\0';
}

int misuse(const char *what, const char *expected, const char *found, uint64_t number)
{
	hf_misuse_handler *hears = atomic_load_explicit(&handler, memory_order_acquire);
	char details[128], message[320];

	text_format(details, sizeof(details), found, number);
	text_format(message, sizeof(message), "%s: expected %s, found %s", what, expected, details);
	if (hears)
		hears(message, atomic_load_explicit(&handler_context, memory_order_relaxed));
	else
		plat_report(message);
	return -HF_EINVAL;
}

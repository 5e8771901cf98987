/*
 * misuse.c - telling a program loudly that it broke a rule
 *
 * The core has no libc, hence the small formatter, which verify uses too.
 */
#include "misuse.h"

#include <stdarg.h>

static _Atomic(hf_misuse_handler *) handler;
static _Atomic(void *) handler_context;
/* Odd while the two change, so that nobody hears with another's context. */
static _Atomic unsigned handler_sequence;

/* Make the number odd, for the caller alone; returns what it was. */
static unsigned handler_claim(void)
{
	unsigned sequence = atomic_load_explicit(&handler_sequence, memory_order_relaxed);

	for (unsigned attempt = 0;; attempt++) {
		/* Acquire pairs with the last store of whoever changed them before: ours come after
		   it, both (races/listen-against-listen). */
		while (!(sequence & 1))
			if (atomic_compare_exchange_strong_explicit(&handler_sequence, &sequence, sequence + 1,
								    memory_order_acquire, memory_order_relaxed))
				return sequence;
		plat_pause(attempt);
		sequence = atomic_load_explicit(&handler_sequence, memory_order_relaxed);
	}
}

void hf_set_misuse_handler(hf_misuse_handler *new_handler, void *context)
{
	unsigned sequence = handler_claim();

	/*
	 * Release, with the acquire loads in handler_read(): who sees one of the first two
	 * sees the odd number, and who sees the last sees both (races/misuse-against-listen).
	 */
	atomic_store_explicit(&handler_context, context, memory_order_release);
	atomic_store_explicit(&handler, new_handler, memory_order_release);
	atomic_store_explicit(&handler_sequence, sequence + 2, memory_order_release);
}

static hf_misuse_handler *handler_read(void **context)
{
	for (unsigned attempt = 0;;) {
		unsigned sequence = atomic_load_explicit(&handler_sequence, memory_order_acquire);
		hf_misuse_handler *hears;

		if (sequence & 1) {
			plat_pause(attempt++);
			continue;
		}
		hears = atomic_load_explicit(&handler, memory_order_acquire);
		*context = atomic_load_explicit(&handler_context, memory_order_acquire);
		if (atomic_load_explicit(&handler_sequence, memory_order_relaxed) == sequence)
			return hears;
	}
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
	char details[128], message[320];
	void *context;
	hf_misuse_handler *hears = handler_read(&context);

	text_format(details, sizeof(details), found, number);
	text_format(message, sizeof(message), "%s: expected %s, found %s", what, expected, details);
	if (hears)
		hears(message, context);
	else
		plat_report(message);
	return -HF_EINVAL;
}

/*
 * names.c - every name that the scenario language knows, in one place
 *
 * The order of each list is the order of its enum.  "Nearest" is the edit
 * distance, so that a message can ask "did you mean ...?": a word is near when
 * at most about a third of it is different.  Longer words than anybody would
 * write are near nothing, which bounds the work.
 */
#include "names.h"

#include <errno.h>
#include <string.h>

#include "holdfast.h"

const char *const promise_names[PROMISES] = {
	"coherent", "isolated", "symmetric", "fast", "backed", "frugal", "safe",
};

#define DESIGN_NAMES                                                                                                   \
	"linux-5.7", "linux-5.8", "linux-5.9-rc", "linux-5.9", "linux-5.10", "symmetric", "a-or-b", "linux-5.19",      \
	"linux-6.2", "holdfast"

const char *const design_names[DESIGNS] = { DESIGN_NAMES };
const char *const broken_under_words[] = { DESIGN_NAMES, "kernel", NULL };

const char *const atomic_words[ATOMICS] = { "add", "and", "or", "xor", "swap", "cas", "load", "store" };

#define STAT_NAME(name, text) #name,
const char *const stat_names[] = { HF_STATS(STAT_NAME) };
const int stat_count = sizeof(stat_names) / sizeof(stat_names[0]);

/* Those that an operation of Holdfast or of a kernel can answer. */
#define ERRORS(X)                                                                                                      \
	X(EACCES) X(EAGAIN) X(EBADF) X(EBUSY) X(EEXIST) X(EFAULT) X(EINTR) X(EINVAL) X(EIO) X(ENODATA) X(ENOENT)       \
	X(ENOLCK) X(ENOMEM) X(ENOSPC) X(ENOSYS) X(EOPNOTSUPP) X(EOVERFLOW) X(EPERM) X(ERANGE) X(ESRCH) X(EUCLEAN)      \
	X(E2BIG) X(EFBIG) X(ENXIO)

#define ERROR_WORD(name) #name,
#define ERROR_VALUE(name) name,
const char *const error_words[] = { ERRORS(ERROR_WORD) NULL };
static const int error_values[] = { ERRORS(ERROR_VALUE) };

int error_number(const char *name, size_t length)
{
	int i = word_index(error_words, word_count(error_words), name, length);

	return i < 0 ? 0 : error_values[i];
}

const char *error_name(int number)
{
	for (int i = 0; error_words[i]; i++)
		if (error_values[i] == number)
			return error_words[i];
	return NULL;
}

_Static_assert(sizeof(error_values) / sizeof(error_values[0]) <= 32, "an error is a bit of step.may_fail");

unsigned may_fail_bit(int error)
{
	for (unsigned i = 0; error_words[i]; i++)
		if (error_values[i] == error)
			return 1u << i;
	return 0;
}

bool step_may_fail(const struct step *step, int error)
{
	return step->may_fail & may_fail_bit(error);
}

int word_count(const char *const *words)
{
	int n = 0;

	while (words[n])
		n++;
	return n;
}

int word_index(const char *const *words, int count, const char *word, size_t length)
{
	for (int i = 0; i < count; i++)
		if (words[i] && strlen(words[i]) == length && !memcmp(words[i], word, length))
			return i;
	return -1;
}

#define LONGEST_WORD 40

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static unsigned edit_distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned row[LONGEST_WORD + 1];

	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[nb];
}

const char *word_nearest(const char *const *words, int count, const char *word, size_t length)
{
	const char *nearest = NULL;
	unsigned best = 1 + (unsigned)length / 3;

	if (length > LONGEST_WORD)
		return NULL;
	for (int i = 0; i < count; i++) {
		size_t n = words[i] ? strlen(words[i]) : 0;
		unsigned distance;

		if (!n || n > LONGEST_WORD)
			continue;
		distance = edit_distance(word, length, words[i], n);
		/* A word of which every letter must change is not near. */
		if (distance <= best && distance < n && (!nearest || distance < best)) {
			nearest = words[i];
			best = distance;
		}
	}
	return nearest;
}

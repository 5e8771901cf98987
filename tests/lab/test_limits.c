/*
 * test_limits.c - the most pins that one page can have
 *
 * In the laboratory it is low enough to be reached (page.h).
 */
#include "kit.h"

enum { MOST = 4096 };

static struct hf_pin pins[MOST + 1];

/* One too many is refused, by the fast path's count and the slow path's error, and changes nothing. */
static void safe_too_many_pins_on_a_page(void)
{
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, 2, RW);
	int held = 0;

	put(mm, at, 1);
	while (held < MOST && hf_pin(mm, at, P, HF_PIN_READ, "many", &pins[held]) == (ssize_t)P)
		held++;
	CHECK_INT(MOST, held);
	CHECK_INT(-EOVERFLOW, hf_pin(mm, at, P, HF_PIN_READ, "one more", &pins[held]));
	CHECK_INT(-EOVERFLOW, hf_pin(mm, at, P, HF_PIN_WRITE, "one more", &pins[held]));
	/* in a range it ends the prefix */
	put(mm, at + P, 2);
	CHECK_INT(-EOVERFLOW, hf_pin(mm, at, 2 * P, HF_PIN_READ, "one more", &pins[held]));
	CHECK_INT(0, hf_unpin(&pins[--held], 0));
	CHECK_INT(2 * (long long)P, hf_pin(mm, at, 2 * P, HF_PIN_READ, "again", &pins[held]));
	held++;
	while (held)
		hf_unpin(&pins[--held], 0);
	hf_mm_destroy(mm);
}

int main(void)
{
	TEST(safe_too_many_pins_on_a_page);
	return closing_line();
}

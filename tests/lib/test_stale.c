/*
 * test_stale.c - promise 7 for the user's own mistakes: an address kept after the unpin
 *
 * Built with AddressSanitizer the library tells it of free pages, so that a program
 * built with it hears of a use of one, as of freed memory.  There are no other tests
 * here, because there is nothing to see without it.
 */
#include "kit.h"

/* The sanitizer's: is there a byte that may not be used?  The first one, or NULL. */
void *__asan_region_is_poisoned(void *begin, size_t bytes) __attribute__((weak));

static bool may_be_used(const struct hf_pin *pin)
{
	for (int i = 0; i < pin->iovcnt; i++)
		if (__asan_region_is_poisoned(pin->iov[i].iov_base, pin->iov[i].iov_len))
			return false;
	return true;
}

static void safe_an_address_after_the_unpin(void)
{
	enum { PAGES = 400 };	/* more than wait for a grace period at once */
	struct hf_mm *mm = new_mm();
	uint64_t at = map_anon(mm, PAGES, RW);
	struct hf_pin pin;
	void *stale;

	if (!__asan_region_is_poisoned) {
		skip_test("not built with AddressSanitizer");
	} else {
		pin = pin_it(mm, at, PAGES * P, HF_PIN_WRITE);
		stale = pin.iov[0].iov_base;
		CHECK(may_be_used(&pin));
		must(!hf_unpin(&pin, 0), "hf_unpin");
		CHECK(!__asan_region_is_poisoned(stale, P));	/* it is still mapped */
		must(!hf_unmap(mm, at, PAGES * P), "hf_unmap");
		CHECK(__asan_region_is_poisoned(stale, P) == stale);

		/* And what is given out again may be used again. */
		at = map_anon(mm, PAGES, RW);
		pin = pin_it(mm, at, PAGES * P, HF_PIN_WRITE);
		CHECK(may_be_used(&pin));
		must(!hf_unpin(&pin, 0), "hf_unpin");
	}
	hf_mm_destroy(mm);
}

int main(void)
{
	TEST(safe_an_address_after_the_unpin);
	TEST(safe_an_address_after_the_unpin);	/* in a pool that may stand where the first one did */
	return closing_line();
}

/*
 * consumer.c - a stranger's program: it sees holdfast.h and what pkg-config says
 */
#include <holdfast.h>
#include <stdio.h>
#include <string.h>

static int failed(const char *what)
{
	fprintf(stderr, "consumer: %s\n", what);
	return 1;
}

static int pin_through_a_fork(struct hf_mm *mm)
{
	struct hf_mm *child;
	struct hf_pin pin;
	uint64_t address = 0;
	char byte = 0;

	if (hf_map(mm, &address, hf_page_size(), HF_PROT_READ | HF_PROT_WRITE, HF_MAP_PRIVATE, NULL, 0))
		return failed("hf_map");
	if (hf_write(mm, address, "old", 3) != 3)
		return failed("hf_write");
	if (hf_pin(mm, address, 3, HF_PIN_WRITE, "consumer", &pin) != 3)
		return failed("hf_pin");
	if (hf_mm_fork(mm, HF_FORK_COPY, NULL, &child))
		return failed("hf_mm_fork");
	memcpy(pin.iov[0].iov_base, "net", 3);
	if (hf_read(mm, address, &byte, 1) != 1 || byte != 'n')
		return failed("the parent does not see the device's write");
	if (hf_read(child, address, &byte, 1) != 1 || byte != 'o')
		return failed("the child sees the device's write");
	hf_mm_destroy(child);
	return hf_unpin(&pin, HF_UNPIN_DIRTY) ? failed("hf_unpin") : 0;
}

int main(void)
{
	struct hf_pool_config config = { sizeof(config), 1 << 20, 0, HF_MEMORY_ANY };
	struct hf_pool *pool;
	struct hf_mm *mm;
	char why[256];
	int result;

	if (hf_pool_create(&config, &pool) || hf_mm_create(pool, &mm))
		return failed("no pool");
	result = pin_through_a_fork(mm);
	if (!result && hf_verify(pool, why, sizeof(why)))
		result = failed(why);
	hf_mm_destroy(mm);
	return hf_pool_destroy(pool) ? failed("hf_pool_destroy") : result;
}

// consumer.cc - the public header in C++: every kind of call, a handler, an owner that destroys
#include <holdfast.h>

#include <cstdio>
#include <memory>
#include <string>

namespace {

struct Destroy {
	void operator()(hf_pool *pool) const { (void)!hf_pool_destroy(pool); }
	void operator()(hf_mm *mm) const { hf_mm_destroy(mm); }
};

std::string heard;

void hear(const char *message, void *)
{
	heard = message;
}

bool misuse_is_heard(hf_mm *mm, uint64_t address)
{
	struct hf_pin pin; // the call has the name, too

	hf_set_misuse_handler(hear, nullptr);
	if (hf_pin(mm, address, 1, HF_PIN_READ | HF_PIN_LONGTERM, "consumer", &pin) != 1)
		return false;
	return hf_unpin(&pin, 0) == 0 && hf_unpin(&pin, 0) < 0 && !heard.empty();
}

} // namespace

int main()
{
	hf_pool_config config = {};
	hf_pool *pool = nullptr;
	hf_mm *mm = nullptr;
	uint64_t address = 0;

	config.size = sizeof(config);
	config.bytes = 1 << 20;
	if (hf_pool_create(&config, &pool))
		return 1;
	std::unique_ptr<hf_pool, Destroy> own_pool(pool);
	if (hf_mm_create(pool, &mm))
		return 1;
	std::unique_ptr<hf_mm, Destroy> own_mm(mm);
	if (hf_map(mm, &address, hf_page_size(), HF_PROT_READ | HF_PROT_WRITE, HF_MAP_SHARED, nullptr, 0))
		return 1;
	if (!misuse_is_heard(mm, address)) {
		std::fprintf(stderr, "consumer: misuse was not heard of\n");
		return 1;
	}
	return 0;
}

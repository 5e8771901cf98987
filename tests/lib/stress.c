/*
 * stress.c - real threads: nothing lost, nothing leaked
 *
 *	stress [SECONDS [SEED]]
 *
 * Two pinners, a forker and a mapper work on one mm for that long:
 *
 *	pinner   keeps a word of its own in every page of the field: stores it
 *	         through the mm, or through a write pin as a device does; whatever it
 *	         wrote last must be found, through the mm and through its pins
 *	         (coherent).  It also pins what the mapper is busy with.
 *	forker   forks, and reads the words in the child: not older than what was
 *	         there before the fork, not newer than what was there after it, and
 *	         never changing after that, while the parent goes on (isolated).
 *	         What it stores in a child must never be seen in the parent.
 *	mapper   maps, protects, moves, grows, discards, resizes and unmaps next to the
 *	         field, and changes the protection of the field too
 *
 * At the end: hf_verify() is clean and every page has come back (safe).
 *
 * The device's accesses are relaxed atomics, so that a sanitizer can tell the
 * library's mistakes from the test's.  A word is eight times one byte: a page that
 * is copied while a device writes may mix old and new bytes.
 */
#include "stress.h"

/* ---- pinner ------------------------------------------------------------------------------- */

static void expect_word(const char *how, struct worker *worker, uint64_t page, uint64_t found)
{
	uint64_t expected = word_of(atomic_load_explicit(&worker->before[page], memory_order_relaxed));

	if (found != expected)
		mistake("pinner %u, page %llu: expected %#llx, found %#llx %s", worker->number, (unsigned long long)page,
			(unsigned long long)expected, (unsigned long long)found, how);
}

static void check_through_mm(struct worker *worker, uint64_t page, const char *when)
{
	uint64_t found;
	int error = load_word(mm, place(page, worker->number), &found);

	if (!error)
		expect_word(when, worker, page, found);
	else if (going_on())
		mistake("pinner %u, page %llu: a load failed: %s", worker->number, (unsigned long long)page,
			strerror(-error));
}

/* The next value, through the mm, or through the pin if it is a write pin. */
static void next_value(struct worker *worker, uint64_t page, const struct hf_pin *pin, size_t offset)
{
	uint64_t next = atomic_load_explicit(&worker->before[page], memory_order_relaxed) + 1;
	uint64_t at = place(page, worker->number);

	atomic_store_explicit(&worker->after[page], next, memory_order_seq_cst);
	if (pin) {
		device_store(pin, offset, word_of(next));
		add_one(&done.device);
	} else if (store_word(mm, at, word_of(next))) {
		if (going_on())
			mistake("pinner %u, page %llu: a store failed", worker->number, (unsigned long long)page);
		return;
	}
	atomic_store_explicit(&worker->before[page], next, memory_order_seq_cst);
}

static void use_pin(struct worker *worker, uint64_t page, unsigned pages, const struct hf_pin *pin, unsigned how)
{
	for (unsigned times = 1 + (unsigned)any(worker, 4); times && going_on(); times--) {
		uint64_t i = any(worker, pages);
		size_t offset = i * P + worker->number * sizeof(uint64_t);
		bool device = (how & HF_PIN_WRITE) && any(worker, 2);

		expect_word("through the pin", worker, page + i, device_load(pin, offset));
		next_value(worker, page + i, device ? pin : NULL, offset);
		wait_now_and_then(worker);
		expect_word("through the pin, after the next", worker, page + i, device_load(pin, offset));
		check_through_mm(worker, page + i, "through the mm, under a pin");
	}
}

static void pin_field(struct worker *worker)
{
	unsigned pages = 1 + (unsigned)any(worker, 3);
	uint64_t page = any(worker, FIELD_PAGES - pages + 1);
	unsigned how = any(worker, 2) ? HF_PIN_WRITE : HF_PIN_READ;
	struct hf_pin pin;
	ssize_t n;

	if (!any(worker, 8))
		how |= HF_PIN_LONGTERM;
	do {
		n = hf_pin(mm, FIELD + page * P, pages * P, how, "pinner", &pin);
	} while (n == -EACCES && going_on());
	if (n <= 0) {
		if (going_on())
			mistake("pinner %u: a pin failed: %s", worker->number, strerror((int)-n));
		return;
	}
	add_one(&done.pins);
	if (pin.fast)
		add_one(&done.fast);
	use_pin(worker, page, (unsigned)(pin.length / P), &pin, how);
	if (pin.length > P && !any(worker, 3))
		hf_unpin_part(&pin, P, pin.length - P, HF_UNPIN_DIRTY);
	if (hf_unpin(&pin, how & HF_PIN_WRITE ? HF_UNPIN_DIRTY : 0))
		mistake("pinner %u: an unpin failed", worker->number);
}

static void end_kept(struct worker *worker)
{
	if (worker->keeps && hf_unpin(&worker->kept, 0))
		mistake("pinner %u: an unpin failed", worker->number);
	worker->keeps = false;
}

/*
 * A word that nobody else stores: what the device wrote there, or an earlier value
 * of its own or zero where the mapper discards meanwhile.
 */
static void check_own_page(struct worker *worker, const struct hf_pin *pin, size_t offset)
{
	uint64_t mark = UINT64_C(0xa5) << 56 | (uint64_t)worker->number << 48, found;

	device_store(pin, offset, mark | (worker->rounds & UINT64_C(0xffffffffffff)));
	wait_now_and_then(worker);
	found = device_load(pin, offset);
	if (found && found >> 48 != mark >> 48)
		mistake("pinner %u: a pinned page is somebody else's: it has %#llx", worker->number,
			(unsigned long long)found);
}

/*
 * What the mapper is busy with: any error is fine, a pin is a page that stays,
 * also while this one is kept and all else goes.
 */
static void pin_playground(struct worker *worker)
{
	uint64_t at = PLAYGROUND + any(worker, PLAYGROUND_PAGES) * P;
	unsigned how = any(worker, 2) ? HF_PIN_WRITE : any(worker, 2) ? HF_PIN_READ : HF_PIN_GET;
	struct hf_pin pin;

	if (hf_pin(mm, at, P, how, "pinner, playground", &pin) <= 0)
		return;
	add_one(&done.pins);
	if (how == HF_PIN_WRITE)
		check_own_page(worker, &pin, (MAPPER_TAG + worker->number) * sizeof(uint64_t));
	else
		device_load(&pin, 0);
	end_kept(worker);
	worker->kept = pin;
	worker->keeps = true;
}

static void *pinner_main(void *argument)
{
	struct worker *worker = argument;

	for (; going_on(); worker->rounds++) {
		uint64_t page = any(worker, FIELD_PAGES);

		switch (any(worker, 4)) {
		case 0:
			check_through_mm(worker, page, "through the mm");
			next_value(worker, page, NULL, 0);
			break;
		case 1:
			pin_playground(worker);
			break;
		default:
			pin_field(worker);
		}
	}
	end_kept(worker);
	return NULL;
}

/* ---- forker ------------------------------------------------------------------------------------ */

struct snapshot {
	uint64_t low[PINNERS][FORKED_PAGES], high[PINNERS][FORKED_PAGES];
	uint64_t word[PINNERS][FORKED_PAGES];
	bool hole[FORKED_PAGES];
};

static void note_low(struct snapshot *snapshot)
{
	for (unsigned p = 0; p < PINNERS; p++)
		for (unsigned i = 0; i < FORKED_PAGES; i++)
			snapshot->low[p][i] = atomic_load_explicit(&pinners[p].before[i], memory_order_seq_cst);
}

static void note_high(struct snapshot *snapshot)
{
	for (unsigned p = 0; p < PINNERS; p++)
		for (unsigned i = 0; i < FORKED_PAGES; i++)
			snapshot->high[p][i] = atomic_load_explicit(&pinners[p].after[i], memory_order_seq_cst);
}

/*
 * Each byte of the word lies between what was there before and after the fork.
 * Bytes wrap: when more than half a turn was made meanwhile, there is nothing to say.
 */
static void check_age(const struct snapshot *snapshot, unsigned p, unsigned page)
{
	uint64_t low = snapshot->low[p][page], span = snapshot->high[p][page] - low;

	if (span >= 128)
		return;
	add_one(&done.ages);
	for (int i = 0; i < 8; i++) {
		uint8_t byte = (uint8_t)(snapshot->word[p][page] >> 8 * i);

		if ((uint8_t)(byte - low) > span)
			mistake("a child has %#llx in page %u: before the fork it was %#x, after it %#x",
				(unsigned long long)snapshot->word[p][page], page, (uint8_t)low, (uint8_t)(low + span));
	}
}

static void read_child(struct hf_mm *child, struct snapshot *snapshot)
{
	for (unsigned p = 0; p < PINNERS; p++)
		for (unsigned i = 0; i < FORKED_PAGES && going_on(); i++) {
			int error = hf_atomic(child, place(i, p), 8, HF_ATOMIC_LOAD, 0, 0, &snapshot->word[p][i]);

			snapshot->hole[i] = error == -ENODATA;
			if (!error)
				check_age(snapshot, p, i);
			else if (error != -ENODATA && error != -EACCES)
				mistake("a load in a child failed: %s", strerror(-error));
			else
				snapshot->hole[i] = true;
		}
}

/* The parent has gone on: the child must not have. */
static void read_child_again(struct hf_mm *child, const struct snapshot *snapshot)
{
	for (unsigned p = 0; p < PINNERS; p++)
		for (unsigned i = 0; i < FORKED_PAGES && going_on(); i++) {
			uint64_t word;

			if (snapshot->hole[i] || hf_atomic(child, place(i, p), 8, HF_ATOMIC_LOAD, 0, 0, &word))
				continue;
			if (word != snapshot->word[p][i])
				mistake("page %u of a child changed from %#llx to %#llx by itself", i,
					(unsigned long long)snapshot->word[p][i], (unsigned long long)word);
		}
}

static void touch_child(struct hf_mm *child)
{
	for (int times = 0; times < 20; times++) {
		uint64_t page = any(&forker, FORKED_PAGES), at = place(page, FORKER_WORD), value = forker.rounds + 1, found;
		struct hf_pin pin;

		if (hf_atomic(child, at, 8, HF_ATOMIC_STORE, value, 0, NULL))
			continue;
		if (any(&forker, 2) && hf_pin(child, at, 8, HF_PIN_WRITE, "forker", &pin) == 8) {
			device_store(&pin, 0, ++value);
			hf_unpin(&pin, HF_UNPIN_DIRTY);
		}
		if (!hf_atomic(child, at, 8, HF_ATOMIC_LOAD, 0, 0, &found) && found != value)
			mistake("a child lost its store to page %llu", (unsigned long long)page);
		if (!load_word(mm, at, &found) && found)
			mistake("what a child stored in page %llu is seen in the parent", (unsigned long long)page);
	}
}

static struct hf_mm *fork_once(struct snapshot *snapshot)
{
	enum hf_fork_pins how = (enum hf_fork_pins)any(&forker, 3);
	struct hf_fork_report report = { .room = 0 };
	struct hf_mm *child;
	int error;

	note_low(snapshot);
	error = hf_mm_fork(mm, how, &report, &child);
	note_high(snapshot);
	add_one(error ? &done.refused : &done.forks);
	if (error && (error != -EBUSY || how != HF_FORK_REFUSE))
		mistake("a fork failed: %s", strerror(-error));
	if (!error && report.holes)
		add_one(&done.holes);
	return error ? NULL : child;
}

static void *forker_main(void *argument)
{
	static struct snapshot snapshot;
	struct timespec moment = { .tv_nsec = 200000 };

	(void)argument;
	for (; going_on(); forker.rounds++) {
		struct hf_mm *child = fork_once(&snapshot), *grandchild;

		if (!child)
			continue;
		read_child(child, &snapshot);
		if (any(&forker, 2))
			nanosleep(&moment, NULL);
		if (!any(&forker, 4) && !hf_mm_fork(child, HF_FORK_COPY, NULL, &grandchild)) {
			touch_child(grandchild);
			read_child_again(grandchild, &snapshot);
			hf_mm_destroy(grandchild);
		}
		read_child_again(child, &snapshot);
		touch_child(child);
		hf_mm_destroy(child);
	}
	return NULL;
}

/* ---- mapper ----------------------------------------------------------------------------------------- */

/* One mapping from its beginning to its end; the mapper alone stores in its word. */
struct mapping {
	uint64_t at, pages;
	bool shared, cut;	/* cut: of the object that is resized */
	uint64_t value[8];
};

static void map_one(struct mapping *mapping)
{
	unsigned kind = (unsigned)any(&mapper, 4);

	*mapping = (struct mapping){ .at = PLAYGROUND + any(&mapper, PLAYGROUND_PAGES - 8) * P,
				     .pages = 1 + any(&mapper, 8) };
	mapping->shared = kind & 1;
	mapping->cut = kind & 2;
	if (hf_map(mm, &mapping->at, mapping->pages * P, RW,
		   HF_MAP_FIXED | (mapping->shared ? HF_MAP_SHARED : HF_MAP_PRIVATE), mapping->cut ? cut_object : NULL, 0))
		mistake("a map failed");
	add_one(&done.maps);
}

static void store_all(struct mapping *mapping)
{
	for (uint64_t i = 0; i < mapping->pages; i++) {
		uint64_t value = any(&mapper, UINT64_MAX);

		if (!hf_atomic(mm, mapping->at + i * P + MAPPER_WORD * 8, 8, HF_ATOMIC_STORE, value, 0, NULL))
			mapping->value[i] = value;
		else if (!mapping->cut)
			mistake("a store of the mapper failed");
	}
}

static void check_all(const struct mapping *mapping, const char *when)
{
	for (uint64_t i = 0; i < mapping->pages && !mapping->cut; i++) {
		uint64_t found;
		int error = hf_atomic(mm, mapping->at + i * P + MAPPER_WORD * 8, 8, HF_ATOMIC_LOAD, 0, 0, &found);

		if (error || found != mapping->value[i])
			mistake("page %llu of the mapper's: stored %#llx, %s found %#llx (%s)", (unsigned long long)i,
				(unsigned long long)mapping->value[i], when, (unsigned long long)found,
				error ? strerror(-error) : "no error");
	}
}

static void discard_all(struct mapping *mapping)
{
	if (hf_advise(mm, mapping->at, mapping->pages * P, HF_ADVISE_DISCARD))
		mistake("a discard failed");
	add_one(&done.discards);
	if (!mapping->shared)
		memset(mapping->value, 0, sizeof(mapping->value));
	check_all(mapping, "after a discard");
}

static void protect_and_back(uint64_t at, uint64_t pages)
{
	if (hf_protect(mm, at, pages * P, any(&mapper, 2) ? R : HF_PROT_NONE) || hf_protect(mm, at, pages * P, RW))
		mistake("a protect failed");
}

static void move_one(struct mapping *mapping)
{
	uint64_t to = PLAYGROUND + (PLAYGROUND_PAGES + 10) * P;

	if (hf_remap(mm, mapping->at, mapping->pages * P, mapping->pages * P, HF_REMAP_MAYMOVE | HF_REMAP_FIXED, &to))
		mistake("a move failed");
	mapping->at = to;
	check_all(mapping, "after a move");
}

static void resize_object(void)
{
	int error = hf_object_resize(cut_object, any(&mapper, 9) * P, HF_RESIZE_BUSY);

	add_one(error ? &done.busy : &done.resizes);
	if (error && error != -EBUSY)
		mistake("a resize failed: %s", strerror(-error));
}

static void *mapper_main(void *argument)
{
	(void)argument;
	for (; going_on(); mapper.rounds++) {
		struct mapping mapping;

		map_one(&mapping);
		store_all(&mapping);
		check_all(&mapping, "at once");
		for (uint64_t steps = any(&mapper, 6); steps && going_on(); steps--)
			switch (any(&mapper, 5)) {
			case 0: discard_all(&mapping); break;
			case 1: protect_and_back(mapping.at, mapping.pages); break;
			case 2: protect_and_back(FIELD + any(&mapper, FIELD_PAGES - 4) * P, 1 + any(&mapper, 4)); break;
			case 3: resize_object(); break;
			default: store_all(&mapping); break;
			}
		check_all(&mapping, "later");
		if (!any(&mapper, 3))
			move_one(&mapping);
		if (hf_unmap(mm, mapping.at, mapping.pages * P))
			mistake("an unmap failed");
	}
	return NULL;
}

/* ---- all together -------------------------------------------------------------------------------------- */

static uint64_t seconds = 60, seed = 1;

static void start(struct worker *worker, unsigned number, void *(*function)(void *))
{
	worker->number = number;
	worker->random = seed * 0x9e3779b97f4a7c15u + number + 1;
	must(!pthread_create(&worker->thread, NULL, function, worker), "pthread_create");
}

static void make_field(struct hf_object *object)
{
	uint64_t shared = FIELD + FORKED_PAGES * P;

	mm = new_mm();
	map_at(mm, FIELD, PRIVATE_PAGES, RW, HF_MAP_FIXED, NULL);
	map_at(mm, FIELD + PRIVATE_PAGES * P, OBJECT_PAGES, RW, HF_MAP_FIXED, object);
	/* Other pages of it, or the private ones would follow what is stored here. */
	must(!hf_map(mm, &shared, SHARED_PAGES * P, RW, HF_MAP_FIXED | HF_MAP_SHARED, object, OBJECT_PAGES * P), "hf_map");
}

static void check_at_the_end(void)
{
	for (unsigned p = 0; p < PINNERS; p++)
		for (uint64_t i = 0; i < FIELD_PAGES; i++) {
			uint64_t found = 0;

			CHECK_INT(0, hf_atomic(mm, place(i, p), 8, HF_ATOMIC_LOAD, 0, 0, &found));
			CHECK_INT(word_of(pinners[p].before[i]), found);
		}
}

static void threads_lose_nothing(void)
{
	struct hf_object *object = new_object(OBJECT_PAGES + SHARED_PAGES);
	struct timespec moment = { .tv_nsec = 10000000 };
	time_t end = time(NULL) + (time_t)seconds;

	cut_object = new_object(8);
	make_field(object);
	for (unsigned i = 0; i < PINNERS; i++)
		start(&pinners[i], i, pinner_main);
	start(&forker, PINNERS, forker_main);
	start(&mapper, PINNERS + 1, mapper_main);
	while (time(NULL) < end && going_on())
		nanosleep(&moment, NULL);
	atomic_store_explicit(&over, true, memory_order_relaxed);
	for (unsigned i = 0; i < PINNERS; i++)
		pthread_join(pinners[i].thread, NULL);
	pthread_join(forker.thread, NULL);
	pthread_join(mapper.thread, NULL);
	CHECK_INT(0, mistakes);
	check_at_the_end();
	hf_mm_destroy(mm);
	hf_object_destroy(object);
	hf_object_destroy(cut_object);
}

/* A run in which something never happened proves less than it says. */
static void everything_happened(void)
{
	CHECK(done.pins && done.fast && done.device && done.forks && done.ages && done.maps && done.discards);
	CHECK(seconds < 5 || (done.refused && done.holes && done.resizes && done.busy));
	CHECK(done.fast < done.pins);
}

static void print_counts(void)
{
	printf("     %llu pins (%llu all fast), %llu device writes, %llu forks (%llu with holes, %llu refused)\n"
	       "     %llu words of children judged by their age\n"
	       "     %llu maps, %llu discards, %llu resizes (%llu busy)\n",
	       (unsigned long long)done.pins, (unsigned long long)done.fast, (unsigned long long)done.device,
	       (unsigned long long)done.forks, (unsigned long long)done.holes, (unsigned long long)done.refused,
	       (unsigned long long)done.ages, (unsigned long long)done.maps, (unsigned long long)done.discards, (unsigned long long)done.resizes,
	       (unsigned long long)done.busy);
}

static bool number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return !errno && *text >= '0' && *text <= '9' && !*end && *value <= 1000000;
}

int main(int argc, char **argv)
{
	if (argc > 3 || (argc > 1 && !number(argv[1], &seconds)) || (argc > 2 && !number(argv[2], &seed))) {
		fprintf(stderr, "usage: stress [SECONDS [SEED]]\n");
		return 2;
	}
	printf("     %d pinners, a forker and a mapper for %llu seconds, seed %llu\n", PINNERS,
	       (unsigned long long)seconds, (unsigned long long)seed);
	fflush(stdout);
	pool_pages = POOL_PAGES;
	TEST(threads_lose_nothing);
	print_counts();
	TEST(everything_happened);
	return closing_line();
}

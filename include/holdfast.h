/*
 * holdfast.h - a virtual memory manager in a library, built around pinned pages
 *
 *	pool     the physical memory: mapped once, so that each page has a plain
 *	         address for I/O
 *	object   what a shared mapping maps: pages by index, a page cache in memory
 *	mm       an address space: mappings (VMAs) and page tables
 *	pin      the promise that the page at an address stays the page there
 *
 *	   mm A            mm B = fork of A            pool
 *	+---------+      +---------+      +---------------------------+
 *	| mapping |--+   | mapping |--+   | page | page | page | ...  |
 *	+---------+  |   +---------+  |   +---------------------------+
 *	        page table       page table   ^      ^
 *	             |                |       |      |
 *	             +-- entry -------|-------+      +--- pin: a plain pointer,
 *	                              +-- entry -----+    ready for struct iovec
 *
 * A pin is a plain pointer.  What is stored through the mm is seen through the
 * pin, what a device writes through the pin is seen through the mm, and no
 * fork, copy-on-write, protect or discard changes that until the unpin.  Read
 * pins keep the promise exactly as write pins do.  holdfast(7) has the seven
 * promises in full.
 *
 * Addresses of an mm are numbers, not pointers: uint64_t, 0 to 2^47 - 1.
 * Addresses of pinned bytes are pointers into the pool.  All lengths are bytes.
 *
 * Errors   0 or a count on success, a negative errno otherwise.  A failed call
 *          leaves the state as it was; where a call can get part of the way
 *          (read, write, fill, pin, collapse), what it did is a prefix and the
 *          result says how long.  A null handle or pointer is -EINVAL everywhere, and
 *          not repeated below.  Misuse by the program (a second unpin, an unpin of
 *          what was never pinned) returns -EINVAL and is reported through
 *          hf_set_misuse_handler().
 * Threads  Any thread may call anything on any mm, object, pin or pool at any
 *          time, and need not be registered.  The exceptions: a destroy is the
 *          last call on its handle, and hf_verify() wants the pool quiet.  A signal
 *          handler must not call: it may have interrupted a call of the same thread.
 */
#ifndef HOLDFAST_H
#define HOLDFAST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HF_VERSION_MAJOR 0
#define HF_VERSION_MINOR 1
#define HF_VERSION_PATCH 0

#if defined(__GNUC__)
#define HF_API __attribute__((visibility("default")))
#define HF_MUST_USE __attribute__((warn_unused_result))
#else
#define HF_API
#define HF_MUST_USE
#endif

struct hf_pool;
struct hf_object;
struct hf_mm;

/* "0.1.0": of the library that is linked, which need not be the header's. */
HF_API const char *hf_version(void);

/* Bytes a page: 4096 in the library as it is installed. */
HF_API size_t hf_page_size(void);

/* Bytes a huge page, which one entry maps: 2 MiB in the library as it is installed. */
HF_API size_t hf_huge_size(void);
#define HF_HUGE_BYTES ((uint64_t)hf_huge_size())

/* ---- pool --------------------------------------------------------------- */

/* What a pool's memory is: chosen at its creation. */
enum hf_memory {
	HF_MEMORY_ANY = 0,	/* a memfd if the system gives huge pages to it, or to nothing;
				   else anonymous memory */
	HF_MEMORY_FILE = 1,	/* a memfd: it has a descriptor, and a child of the process
				   shares it */
	HF_MEMORY_ANONYMOUS = 2, /* it has none, and a child of the process has nothing there */
	HF_MEMORY_HUGE = 256	/* beside one of them, in hf_pool_memory_kind() alone: the
				   system says that it gives huge pages to it */
};

struct hf_pool_config {
	size_t size;		/* sizeof(struct hf_pool_config): a later one is taken if
				   what we don't know of it is zero */
	uint64_t bytes;		/* the hard limit: pages of data and of page tables, which
				   take 4 pages an mm and 1 for each 2 MiB of addresses
				   in use; rounded down to pages, at least 16 pages,
				   less than 16 TiB */
	uint64_t longterm_bytes; /* the most that long-term pins may hold at once;
				   0: one half of the pool */
	uint64_t memory;	/* enum hf_memory; who needs the memfd says HF_MEMORY_FILE */
};

/*
 * Create a pool.  Memory is reserved, not touched: a page costs the system
 * nothing before its first use; where huge pages are given, 2 MiB then.
 *
 * Returns 0; -EINVAL (a size out of range), -ENOMEM (the system would not give that
 * much), -EMFILE, -ENFILE (no descriptor for the memfd), -EFBIG (more than
 * RLIMIT_FSIZE: a memfd counts as a file).  With HF_MEMORY_ANY the other kind is
 * tried before.
 */
HF_API HF_MUST_USE int hf_pool_create(const struct hf_pool_config *config, struct hf_pool **pool);

/*
 * Destroy a pool that nobody uses.
 *
 * Returns 0; -EBUSY while an mm, an object or a pin of it lives.
 */
HF_API HF_MUST_USE int hf_pool_destroy(struct hf_pool *pool);

/*
 * The direct map: where the pool's memory stands in this process, its length
 * and its memfd, -1 if it is none.  Register it once (io_uring, RDMA) and every pin lies inside.
 * Any pointer may be NULL.
 */
HF_API void hf_pool_memory(const struct hf_pool *pool, void **base, uint64_t *bytes, int *fd);

/* HF_MEMORY_FILE or HF_MEMORY_ANONYMOUS, perhaps with HF_MEMORY_HUGE. */
HF_API unsigned hf_pool_memory_kind(const struct hf_pool *pool);

/*
 * Zero up to so many bytes of the pool's free pages now, in the calling thread: a fault
 * that wants a page of zeroes then has it at once.  For a thread of the program's that has
 * time, again and again.  Pages that other threads have at hand are left to them, and blocks
 * that are free as a whole to huge pages.
 *
 * Returns how many bytes were zeroed: less than was asked, whole pages, when there is
 * nothing left to zero; -EINVAL.
 */
HF_API int64_t hf_pool_zero_ahead(struct hf_pool *pool, uint64_t bytes);

/* ---- objects: a page cache in memory ------------------------------------ */

/*
 * Create an object of that many bytes, all zero; it takes pages as they are
 * first used.  It lives until it is destroyed and the last mapping of it is gone.
 *
 * Returns 0; -EINVAL (over 2^44 bytes), -ENOMEM.
 */
HF_API HF_MUST_USE int hf_object_create(struct hf_pool *pool, uint64_t bytes, struct hf_object **object);

/* Give up the handle.  Mappings and pins of the object stay as they are. */
HF_API void hf_object_destroy(struct hf_object *object);

HF_API uint64_t hf_object_size(const struct hf_object *object);

enum hf_resize {
	HF_RESIZE_BUSY = 0,	/* a pin beyond the new end: fail with -EBUSY */
	HF_RESIZE_WAIT = 1	/* ... wait for its unpin */
};

/*
 * Change an object's size.  Growing adds zeroes.  Shrinking drops the pages
 * beyond the new end and zeroes the rest of the last one; mappings there answer
 * -EFAULT until the object grows again.  Private copies that a mapping made
 * belong to the mapping, and stay.  A truncate never detaches a pinned page; one
 * that is refused because of a pin that began meanwhile may cost entries a fault.
 *
 * Returns 0; -EBUSY, -EINVAL (over 2^44 bytes), -ENOMEM (to shrink, too).
 */
HF_API HF_MUST_USE int hf_object_resize(struct hf_object *object, uint64_t bytes, enum hf_resize when_pinned);

/*
 * Read or write an object without mapping it.  Every shared mapping sees a
 * write at once, and so does a private one where it has no copy yet.  Ends at
 * the object's size.
 *
 * Returns the bytes moved, 0 at or past the end; -ENOMEM (write, before the
 * first byte).
 */
HF_API HF_MUST_USE ssize_t hf_object_read(struct hf_object *object, uint64_t offset, void *buffer, size_t length);
HF_API HF_MUST_USE ssize_t hf_object_write(struct hf_object *object, uint64_t offset, const void *bytes, size_t length);

/* Pages in the cache, and how many of those are dirty.  Either may be NULL. */
HF_API void hf_object_pages(struct hf_object *object, uint64_t *cached, uint64_t *dirty);

/* ---- address spaces ----------------------------------------------------- */

/* Returns 0; -ENOMEM. */
HF_API HF_MUST_USE int hf_mm_create(struct hf_pool *pool, struct hf_mm **mm);

/*
 * What becomes of the pinned private pages in the child.  In shared mappings
 * and in mappings that do not fork the question does not arise.
 */
enum hf_fork_pins {
	HF_FORK_COPY = 0,	/* the child gets a copy at once.  A copy made while the
				   device writes may hold a mix of old and new bytes */
	HF_FORK_REFUSE = 1,	/* the fork fails with -EBUSY and lists the pins */
	HF_FORK_HOLE = 2	/* the child has no page there: touching it is
				   -ENODATA, never zeroes, until it is unmapped,
				   mapped over or discarded */
};

struct hf_pin_info;

struct hf_fork_report {
	/* set by the caller; may be NULL and 0 */
	struct hf_pin_info *pins; /* where to list the pins that matter to this fork */
	size_t room;		/* how many fit */
	/* filled in */
	size_t pins_found;	/* how many there are: more than room if they did not fit.
				   A pin is among them once its hf_pin() has returned */
	uint64_t copied;	/* pages copied, or that would be copied, because of pins */
	uint64_t holes;		/* pages left out of the child */
	uint64_t shared;	/* private pages that the two sides share now */
};

/*
 * Fork: the child has the parent's mappings and sees its memory as it is now.
 * The parent's pinned pages never become shared and their entries do not
 * change.  It takes as long as there are mappings, and tables that hold pins, in the
 * parent; with a report, as there are entries.  report may be NULL.
 *
 * Returns 0; -EBUSY (HF_FORK_REFUSE, and there are pins), -ENOMEM (the parent
 * is as before), -EINVAL, -ESRCH (the mm has exited).
 */
HF_API HF_MUST_USE int hf_mm_fork(struct hf_mm *parent, enum hf_fork_pins pins, struct hf_fork_report *report,
				  struct hf_mm **child);

/* What a fork would do now: fills in the report, and changes nothing.
   Returns 0; -EINVAL, -ESRCH. */
HF_API HF_MUST_USE int hf_mm_fork_preview(struct hf_mm *mm, struct hf_fork_report *report);

/*
 * Unmap everything, now; the handle stays, and answers -ESRCH.  Pins stay
 * until their unpin.  Calls by other threads may be under way.
 */
HF_API void hf_mm_exit(struct hf_mm *mm);

/* hf_mm_exit() and the end of the handle: the last call on it. */
HF_API void hf_mm_destroy(struct hf_mm *mm);

/* ---- mappings ----------------------------------------------------------- */

#define HF_PROT_NONE 0u
#define HF_PROT_READ 1u
#define HF_PROT_WRITE 2u	/* implies HF_PROT_READ, as the page tables do */
/*
 * Private mappings only: give up the right to write, for ever.  A fork inherits
 * it.  Unmap, remap and discard stay allowed.  A page of an object can then be
 * pinned without being cut from the object.
 */
#define HF_PROT_SEAL 4u

#define HF_MAP_PRIVATE 0u
#define HF_MAP_SHARED 1u
#define HF_MAP_FIXED 2u		/* at this address, and whatever is there is unmapped */
#define HF_MAP_FIXED_NOREPLACE 4u /* at this address, or -EEXIST */
#define HF_MAP_HUGE 8u		/* private anonymous memory only: huge pages where they fit, as HF_ADVISE_HUGE */

/*
 * Map length bytes (rounded up to pages) of an object from offset on, or of
 * anonymous memory (object NULL, offset 0).  *address is a wish, and becomes
 * the place; 0 is no wish.  Shared anonymous memory is an object without a name.
 * A mapping may reach past its object's end, up to 2^44 bytes: touching it there is -EFAULT.  With
 * HF_MAP_HUGE the place, where it is not given, is a multiple of HF_HUGE_BYTES if
 * length is that or more.
 *
 * Returns 0; -EINVAL (unaligned, empty, overflowing, unknown or contradictory
 * flags, HF_MAP_HUGE for other than private anonymous memory, an object of another
 * pool, shared memory of over 2^44 bytes), -ENOMEM (no address, no memory), -EEXIST,
 * -ESRCH.
 */
HF_API HF_MUST_USE int hf_map(struct hf_mm *mm, uint64_t *address, uint64_t length, unsigned prot, unsigned flags,
			      struct hf_object *object, uint64_t offset);

/* Unmap a range; it may cut mappings, and may be partly or wholly unmapped
   already.  Pinned pages live until their unpin.  Returns 0; -EINVAL, -ENOMEM
   (a cut needs a new VMA; a table that a fork shares, and that sticks out of the
   range, a copy), -ESRCH. */
HF_API HF_MUST_USE int hf_unmap(struct hf_mm *mm, uint64_t address, uint64_t length);

/* Change the protection of a wholly mapped range.  Returns 0; -EACCES (write to
   what is sealed), -EINVAL (also: sealing a shared mapping), -ENOMEM (not all
   mapped, or no memory), -ESRCH. */
HF_API HF_MUST_USE int hf_protect(struct hf_mm *mm, uint64_t address, uint64_t length, unsigned prot);

#define HF_REMAP_MAYMOVE 1u	/* move when the mapping can't grow where it is */
#define HF_REMAP_FIXED 2u	/* move to *new_address; what is there is unmapped */

/*
 * Resize or move one mapping, or a part of one, with its pages and its pins.
 * new_address may be NULL when nothing moves; it receives the place.
 *
 * Returns 0; -EFAULT (not one mapping), -ENOMEM (no room, no memory), -EINVAL,
 * -ESRCH.
 */
HF_API HF_MUST_USE int hf_remap(struct hf_mm *mm, uint64_t address, uint64_t old_length, uint64_t new_length,
				unsigned flags, uint64_t *new_address);

enum hf_advice {
	HF_ADVISE_DISCARD = 1,	/* private: read zeroes, or the object, from now on;
				   shared: drop the entries, the object keeps the
				   bytes.  A pinned page stays the page: its
				   contents change in place */
	HF_ADVISE_DONTFORK = 2,	/* absent from children */
	HF_ADVISE_DOFORK = 3,	/* undo DONTFORK */
	HF_ADVISE_WIPEONFORK = 4, /* zero in children; private anonymous only */
	HF_ADVISE_KEEPONFORK = 5, /* undo WIPEONFORK */
	HF_ADVISE_HUGE = 6,	/* the first touch of a block of HF_HUGE_BYTES (aligned, all of it in the
				   mapping, nothing in it yet) brings a huge page, if the pool has one; else a
				   page as ever.  Private anonymous only.  A hint: no byte is different */
	HF_ADVISE_NOHUGE = 7	/* undo HUGE; the huge pages that are there stay */
};

/* Returns 0; -EINVAL, -ENOMEM (not all mapped, or no memory), -ESRCH. */
HF_API HF_MUST_USE int hf_advise(struct hf_mm *mm, uint64_t address, uint64_t length, enum hf_advice advice);

/*
 * Make each block of the range one huge page, now, with the hint or without: in
 * place where its pages are a block already, in order, and nobody else has them;
 * else by a copy, which pages that a fork shares need in any case.  What is not
 * there yet is filled with zeroes.  address and length are multiples of
 * HF_HUGE_BYTES; each block must be private anonymous memory of one mapping.
 *
 * Returns how many blocks from address on are huge pages now, those that were
 * before among them: a prefix when a later one could not be made; when the first
 * could not: -EINVAL (no such range, or not private anonymous memory of one
 * mapping), -EBUSY (a page of it is pinned or has a plain reference, and would have to
 * move), -ENOMEM (not mapped, or no free block), -ENODATA (a hole that a fork
 * left), -ESRCH.  A block that could not be made is as it was.
 */
HF_API HF_MUST_USE ssize_t hf_collapse(struct hf_mm *mm, uint64_t address, uint64_t length);

/* ---- access through the mm ---------------------------------------------- */

/*
 * Move bytes between the mm and a buffer, or fill with one value.  Against
 * other threads each byte is atomic, nothing more; a store stores each once, in
 * whatever order.
 *
 * Returns the bytes moved, a prefix when the rest failed; -EFAULT (unmapped,
 * or past an object's end), -EACCES (protection), -ENODATA (a hole that
 * a fork left), -ENOMEM, -ESRCH when the first byte failed.
 */
HF_API HF_MUST_USE ssize_t hf_read(struct hf_mm *mm, uint64_t address, void *buffer, size_t length);
HF_API HF_MUST_USE ssize_t hf_write(struct hf_mm *mm, uint64_t address, const void *bytes, size_t length);
HF_API HF_MUST_USE ssize_t hf_fill(struct hf_mm *mm, uint64_t address, int byte, size_t length);

enum hf_atomic {
	HF_ATOMIC_LOAD = 0,	/* acquire; asks for read permission alone */
	HF_ATOMIC_STORE = 1,	/* release */
	HF_ATOMIC_ADD = 2,	/* this and the rest: acquire and release */
	HF_ATOMIC_AND = 3,
	HF_ATOMIC_OR = 4,
	HF_ATOMIC_XOR = 5,
	HF_ATOMIC_SWAP = 6,
	HF_ATOMIC_CAS = 7	/* store operand where the old value equals compare */
};

/*
 * One atomic operation on 4 or 8 aligned bytes, in the machine's byte order.
 * *old (may be NULL) receives the value before.  compare is for HF_ATOMIC_CAS.
 *
 * Returns 0, also where a CAS found another value; -EINVAL (width, alignment,
 * operation), and what hf_write() returns.
 */
HF_API HF_MUST_USE int hf_atomic(struct hf_mm *mm, uint64_t address, unsigned width, enum hf_atomic operation,
				 uint64_t operand, uint64_t compare, uint64_t *old);

/* ---- pins --------------------------------------------------------------- */

#define HF_PIN_READ 1u
#define HF_PIN_WRITE 2u		/* implies HF_PIN_READ */
#define HF_PIN_LONGTERM 4u	/* may stay for hours: counts against the pool's limit */
#define HF_PIN_FAST_ONLY 8u	/* no lock, no fault: as far as the fast path goes */
#define HF_PIN_GET 16u		/* alone or with READ; not a pin: a plain reference.  The page is not freed,
				   and never shows what the other side of a fork
				   stores later (promises 7 and 2); nothing else */

/*
 * A plain value: copy it as you like.  The pin ends once, by whichever copy.
 * iov lies in memory of the library that stays until the whole of the pin is
 * unpinned; copy it before changing it.
 */
struct hf_pin {
	const struct iovec *iov; /* the pinned bytes in order, as runs of pages */
	int iovcnt;
	int fast;		/* 1 if no page needed the slow path */
	size_t length;		/* bytes pinned */
	void *record;		/* the library's */
	uint64_t serial;	/* the library's: tells a second unpin from a new pin */
};

/*
 * Pin the bytes from address on: any byte range.  The fast path takes no lock;
 * what it can't take goes through the slow path, which faults.  tag says whose
 * pin this is, for the inventory; the pointer is kept, not the text: use a
 * string that lives as long.  NULL is none.
 *
 * Returns the bytes pinned, a prefix when a later page failed; when the first
 * failed: -EFAULT (unmapped, or past an object's end), -EACCES (protection),
 * -EAGAIN (HF_PIN_FAST_ONLY), -ENODATA (a hole that a fork left), -ENOMEM (no
 * page to copy to), -ENOLCK (the long-term limit), -EOVERFLOW (too many pins on
 * one page), -EINVAL, -ESRCH.
 */
HF_API HF_MUST_USE ssize_t hf_pin(struct hf_mm *mm, uint64_t address, size_t length, unsigned how, const char *tag,
				  struct hf_pin *pin);

#define HF_UNPIN_DIRTY 1u	/* the device wrote: mark the pages dirty */

/* End a pin.  Returns 0; -EINVAL (reported as misuse: not a pin, ended before). */
HF_API int hf_unpin(const struct hf_pin *pin, unsigned how);

/*
 * End a part of a pin: bytes offset to offset + length of it.  The part's ends
 * must be ends of the pin or page boundaries.  hf_unpin() ends the rest.
 *
 * Returns 0; -EINVAL (reported as misuse where a page of the part was unpinned
 * before).
 */
HF_API int hf_unpin_part(const struct hf_pin *pin, size_t offset, size_t length, unsigned how);

/* ---- inventory, statistics, inside -------------------------------------- */

struct hf_pin_info {
	const struct hf_mm *mm;	/* who pinned; NULL: it was destroyed since */
	uint64_t address;	/* as pinned: a remap since then has moved it on */
	uint64_t length;	/* as pinned */
	uint64_t held;		/* bytes of it not yet unpinned */
	unsigned how;		/* HF_PIN_ flags */
	uint64_t age;		/* nanoseconds since the pin, to a few milliseconds */
	const char *tag;
};

/*
 * Who pins what.  Lists up to room pins of the pool, or of one mm of it (mm not
 * NULL); a pin that begins or ends meanwhile may be in the list or not.
 *
 * Returns how many there are: more than room if they did not fit.
 */
HF_API size_t hf_inventory(struct hf_pool *pool, const struct hf_mm *mm, struct hf_pin_info *pins, size_t room);

/* name, what it counts.  "now" values are at the end. */
#define HF_STATS(X)                                                                                                    \
	X(pin_fast, "pages pinned by the fast path")                                                                   \
	X(pin_slow, "pages pinned by the slow path")                                                                   \
	X(unpin, "pages unpinned")                                                                                     \
	X(get, "pages taken by a plain reference")                                                                     \
	X(left_absent, "fast path left: no page at the entry, or the zero page")                                       \
	X(left_pinnable, "fast path left: the entry was not PINNABLE")                                                 \
	X(left_writable, "fast path left: a write pin and the entry was not writable")                                 \
	X(left_forking, "fast path left: a fork was under way")                                                        \
	X(left_dying, "fast path left: the page was being freed")                                                      \
	X(fault_read, "read faults")                                                                                   \
	X(fault_write, "write faults")                                                                                 \
	X(zero_page, "faults answered by the zero page")                                                               \
	X(zeroed_ahead, "pages of zeroes that hf_pool_zero_ahead() had made before they were wanted")                   \
	X(copies, "pages copied: COW breaks and unshares of a page with contents")                                     \
	X(unshares, "read pins that made a page this mm's own, by copy or by reuse")                                   \
	X(reuses, "faults that kept the page because nobody shares it")                                                \
	X(dirtied, "pages made dirty")                                                                                 \
	X(forks, "forks")                                                                                              \
	X(fork_copies, "pages copied at a fork because they were pinned")                                              \
	X(fork_holes, "pages left out of a child because they were pinned")                                            \
	X(fork_tables, "page tables in which a fork looked for pins")                                                  \
	X(table_copies, "page tables copied: the first change under one that a fork shared")                           \
	X(discard_kept, "pinned pages that a discard changed in place")                                                \
	X(huge_faults, "faults answered by a huge page")                                                               \
	X(huge_splits, "entries of huge pages that a table of pages took the place of")                                \
	X(huge_collapses, "blocks made huge pages by hf_collapse(), in place or by a copy")                            \
	X(graces, "waits for the read sections under way, or cuts of them")                                            \
	X(pages_free, "now: free pages")                                                                               \
	X(pages_data, "now: pages of data")                                                                            \
	X(pages_table, "now: pages of page tables")                                                                    \
	X(pages_pinned_longterm, "now: pages under the long-term limit")                                               \
	X(pins_held, "now: pins held")                                                                                 \
	X(spaces, "now: address spaces")                                                                               \
	X(objects, "now: objects, those without a name among them")

struct hf_stats {
#define HF_STATS_FIELD(name, text) uint64_t name;
	HF_STATS(HF_STATS_FIELD)
#undef HF_STATS_FIELD
};

/* Sums over all threads; exact when the pool is quiet. */
HF_API void hf_pool_stats(struct hf_pool *pool, struct hf_stats *stats);

/* Bits of hf_page_info.entry: the x86-64 hardware layout, and two software bits. */
#define HF_ENTRY_PRESENT (UINT64_C(1) << 0)
#define HF_ENTRY_WRITABLE (UINT64_C(1) << 1)
#define HF_ENTRY_USER (UINT64_C(1) << 2)
#define HF_ENTRY_ACCESSED (UINT64_C(1) << 5)
#define HF_ENTRY_DIRTY (UINT64_C(1) << 6)
#define HF_ENTRY_HUGE (UINT64_C(1) << 7)	/* a huge page: the frame is that of the page asked about */
#define HF_ENTRY_PINNABLE (UINT64_C(1) << 9)
#define HF_ENTRY_HAS_PINNED (UINT64_C(1) << 10) /* upper levels: a pin may be under this */
#define HF_ENTRY_NX (UINT64_C(1) << 63)

struct hf_page_info {
	uint64_t entry;		/* with permissions composed along the walk; 0: no page */
	uint64_t frame;		/* frame number; 0: the zero page, or none */
	uint64_t pins;		/* on the page, by anybody */
	uint64_t references;	/* entries, the page cache, GETs */
	int anonymous;		/* 1: anonymous memory or a private copy */
	int hole;		/* 1: a fork left it out */
};

/* What is at an address, without touching it.  Returns 0; -EFAULT (unmapped), -ESRCH. */
HF_API HF_MUST_USE int hf_query(struct hf_mm *mm, uint64_t address, struct hf_page_info *info);

/*
 * Check every invariant over the whole pool.  No other call on the pool may be
 * under way.
 *
 * Returns 0; -EUCLEAN, with one sentence about the first break in why; -ENOMEM.
 */
HF_API HF_MUST_USE int hf_verify(struct hf_pool *pool, char *why, size_t room);

/*
 * Who hears of misuse.  The message says what was expected and what was found.
 * NULL brings back the default, which writes it to standard error.  A program
 * that wants to die of it calls abort() in its handler.
 */
typedef void hf_misuse_handler(const char *message, void *context);
HF_API void hf_set_misuse_handler(hf_misuse_handler *handler, void *context);

#ifdef __cplusplus
}
#endif
#endif

/*
 * hooks.c - what the compiler calls in code built with -fsanitize=thread
 *
 * The names and their arguments are the sanitizer's; what they do is ours: each
 * atomic access and each fence becomes a step of the engine's, each plain access
 * something that it checks.  Known are all that gcc 12 and clang 14 emit, and what
 * their neighbours do; an unknown one fails to link, which is right.  So do atomic
 * accesses of more than 8 bytes, which the engine does not have.
 *
 * Refused, loudly: sequentially consistent accesses.  The project uses fences, and a
 * model that takes the one for the other raises false alarms.
 */
#include "engine.h"
#include "sites.h"
#include "statics.h"

#include <string.h>

#define HERE __builtin_return_address(0)

/* The compiler's name for a hook is declared nowhere: this is both. */
#define HOOK(type, name, ...) \
	type __tsan_##name(__VA_ARGS__); \
	type __tsan_##name(__VA_ARGS__)

HOOK(void, init, void)
{
}

HOOK(void, func_entry, void *caller)
{
	(void)caller;
}

HOOK(void, func_exit, void)
{
}

/* ---- plain accesses ------------------------------------------------------------- */

static void refuse(const char *what, const char *instead, const void *site)
{
	const struct site *known = site_of(site);

	if (known)
		engine_wrong(WRONG_LIMIT, "%s:%u: %s can't be explored: %s", known->file, known->line, what, instead);
	else
		engine_wrong(WRONG_LIMIT, "at %p: %s can't be explored: %s", site, what, instead);
}

static void plain(const void *address, size_t bytes, bool write, const void *site)
{
	if (statics_have(address))
		refuse("a plain access to a static variable", "make it atomic", site);
	engine_plain(address, bytes, write, site);
}

#define PLAIN(name, bytes, write) \
	HOOK(void, name##bytes, void *address) { plain(address, bytes, write, HERE); }

#define PLAIN_ALL(bytes) \
	PLAIN(read, bytes, false) \
	PLAIN(write, bytes, true) \
	PLAIN(read_write, bytes, true) \
	PLAIN(volatile_read, bytes, false) \
	PLAIN(volatile_write, bytes, true) \
	PLAIN(unaligned_read, bytes, false) \
	PLAIN(unaligned_write, bytes, true) \
	PLAIN(unaligned_read_write, bytes, true) \
	PLAIN(unaligned_volatile_read, bytes, false) \
	PLAIN(unaligned_volatile_write, bytes, true)

PLAIN_ALL(1)
PLAIN_ALL(2)
PLAIN_ALL(4)
PLAIN_ALL(8)
PLAIN_ALL(16)

HOOK(void, read_range, void *address, unsigned long bytes)
{
	plain(address, bytes, false, HERE);
}

HOOK(void, write_range, void *address, unsigned long bytes)
{
	plain(address, bytes, true, HERE);
}

HOOK(void, vptr_read, void *address)
{
	plain(address, sizeof(void *), false, HERE);
}

HOOK(void, vptr_update, void *address, void *value)
{
	(void)value;
	plain(address, sizeof(void *), true, HERE);
}

/* clang calls the libc for what it does not expand; the Makefile sends those calls here. */
HOOK(void *, memcpy, void *to, const void *from, size_t bytes)
{
	plain(from, bytes, false, HERE);
	plain(to, bytes, true, HERE);
	return memcpy(to, from, bytes);
}

HOOK(void *, memmove, void *to, const void *from, size_t bytes)
{
	plain(from, bytes, false, HERE);
	plain(to, bytes, true, HERE);
	return memmove(to, from, bytes);
}

HOOK(void *, memset, void *to, int byte, size_t bytes)
{
	plain(to, bytes, true, HERE);
	return memset(to, byte, bytes);
}

/* ---- atomic accesses --------------------------------------------------------------- */

/* The order of an access.  gcc may set bits above it: hints for the processor. */
static enum order order_of(int order, const void *site)
{
	order &= 7;
	if (order != ORDER_SEQ_CST)
		return (enum order)order;
	refuse("a seq_cst access", "give it a weaker order and use a fence", site);
	return ORDER_ACQ_REL;	/* outside of threads the refusal comes back, and every order is the same */
}

#define RMW(bits, name, rmw) \
	HOOK(uint##bits##_t, atomic##bits##_##name, volatile uint##bits##_t *address, uint##bits##_t operand, \
	     int order) \
	{ \
		return (uint##bits##_t)engine_rmw(statics_at(address), bits / 8, rmw, operand, \
						  order_of(order, HERE), HERE); \
	}

/* A weak one is a strong one here: failing for nothing adds executions and finds nothing. */
#define CAS(bits, name) \
	HOOK(int, atomic##bits##_compare_exchange_##name, volatile uint##bits##_t *address, \
	     uint##bits##_t *expected, uint##bits##_t desired, int success, int failure) \
	{ \
		uint64_t found = *expected; \
		bool done = engine_cas(statics_at(address), bits / 8, &found, desired, \
				       order_of(success, HERE), order_of(failure, HERE), HERE); \
		if (!done) \
			*expected = (uint##bits##_t)found; \
		return done; \
	}

#define ATOMIC(bits) \
	HOOK(uint##bits##_t, atomic##bits##_load, const volatile uint##bits##_t *address, int order) \
	{ \
		return (uint##bits##_t)engine_load(statics_at(address), bits / 8, \
						   order_of(order, HERE), HERE); \
	} \
	HOOK(void, atomic##bits##_store, volatile uint##bits##_t *address, uint##bits##_t value, int order) \
	{ \
		engine_store(statics_at(address), bits / 8, value, order_of(order, HERE), HERE); \
	} \
	RMW(bits, exchange, RMW_SWAP) \
	RMW(bits, fetch_add, RMW_ADD) \
	RMW(bits, fetch_sub, RMW_SUB) \
	RMW(bits, fetch_and, RMW_AND) \
	RMW(bits, fetch_or, RMW_OR) \
	RMW(bits, fetch_xor, RMW_XOR) \
	RMW(bits, fetch_nand, RMW_NAND) \
	CAS(bits, strong) \
	CAS(bits, weak) \
	HOOK(uint##bits##_t, atomic##bits##_compare_exchange_val, volatile uint##bits##_t *address, \
	     uint##bits##_t expected, uint##bits##_t desired, int success, int failure) \
	{ \
		uint64_t found = expected; \
		engine_cas(statics_at(address), bits / 8, &found, desired, order_of(success, HERE), \
			   order_of(failure, HERE), HERE); \
		return (uint##bits##_t)found; \
	}

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)

HOOK(void, atomic_thread_fence, int order)
{
	engine_fence((enum order)(order & 7), HERE);
}

/* Orders the compiler alone, and it has done what it wanted by now. */
HOOK(void, atomic_signal_fence, int order)
{
	(void)order;
}

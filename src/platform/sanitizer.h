/*
 * sanitizer.h - which sanitizer this is built with (PLAT_TSAN, PLAT_ASAN: 0 or 1), and
 * what it has to be told
 */
#ifndef HOLDFAST_SANITIZER_H
#define HOLDFAST_SANITIZER_H

#if defined(__SANITIZE_THREAD__)
#define PLAT_TSAN 1
#elif defined(__SANITIZE_ADDRESS__)
#define PLAT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PLAT_TSAN 1
#elif __has_feature(address_sanitizer)
#define PLAT_ASAN 1
#endif
#endif
#ifndef PLAT_TSAN
#define PLAT_TSAN 0
#endif
#ifndef PLAT_ASAN
#define PLAT_ASAN 0
#endif

/* It knows neither our fences nor our grace periods. */
#if PLAT_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
extern char plat_grace_ended;	/* a grace period to the sections that begin after it */
extern char plat_section_left;	/* a section to the grace period that waited for it */
#endif

/* It does not see what assembly loads and stores. */
#if PLAT_ASAN
void __asan_loadN(uintptr_t address, uintptr_t bytes);
void __asan_storeN(uintptr_t address, uintptr_t bytes);
#define PLAT_TOLD_LOAD(address, bytes) ((bytes) ? __asan_loadN((uintptr_t)(address), (bytes)) : (void)0)
#define PLAT_TOLD_STORE(address, bytes) ((bytes) ? __asan_storeN((uintptr_t)(address), (bytes)) : (void)0)
#else
#define PLAT_TOLD_LOAD(address, bytes) ((void)(address))
#define PLAT_TOLD_STORE(address, bytes) ((void)(address))
#endif

#endif

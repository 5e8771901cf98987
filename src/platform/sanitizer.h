/*
 * sanitizer.h - which sanitizer this is built with: PLAT_TSAN, PLAT_ASAN, 0 or 1
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

#endif

/*
 * errors.h - errno values, by number: the core includes no libc
 *
 * platform/linux.c asserts that they are the system's.
 */
#ifndef HOLDFAST_ERRORS_H
#define HOLDFAST_ERRORS_H

enum {
	HF_ESRCH = 3,
	HF_EAGAIN = 11,
	HF_ENOMEM = 12,
	HF_EACCES = 13,
	HF_EFAULT = 14,
	HF_EBUSY = 16,
	HF_EEXIST = 17,
	HF_EINVAL = 22,
	HF_ENOLCK = 37,
	HF_ENODATA = 61,
	HF_EOVERFLOW = 75,
	HF_EUCLEAN = 117,
};

#endif

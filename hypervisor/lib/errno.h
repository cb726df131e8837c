/* SPDX-License-Identifier: MIT */
/*
 * The ABI's error numbers by their usual names. Functions return them negated. Host builds of ring 0's files
 * have the same numbers from the C library.
 */
#ifndef LIB_ERRNO_H
#define LIB_ERRNO_H

#include <public/errno.h>

#ifndef EPERM
#define XEN_ERRNO(name, value) name = value,
enum { XEN_ERRNOS(XEN_ERRNO) };
#undef XEN_ERRNO
#endif

#endif

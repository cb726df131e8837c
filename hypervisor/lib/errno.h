/* SPDX-License-Identifier: MIT */
/*
 * The ABI's error numbers by their usual names. Functions return them negated. Host builds of ring 0's files
 * have the same numbers from the C library.
 */
#ifndef LIB_ERRNO_H
#define LIB_ERRNO_H

#include <public/errno.h>

#ifndef EPERM
#define EPERM XEN_EPERM
#define ENOENT XEN_ENOENT
#define ESRCH XEN_ESRCH
#define ENXIO XEN_ENXIO
#define E2BIG XEN_E2BIG
#define ENOMEM XEN_ENOMEM
#define EACCES XEN_EACCES
#define EFAULT XEN_EFAULT
#define EBUSY XEN_EBUSY
#define EEXIST XEN_EEXIST
#define ENODEV XEN_ENODEV
#define ENODATA XEN_ENODATA
#define EINVAL XEN_EINVAL
#define ENOSPC XEN_ENOSPC
#define ERANGE XEN_ERANGE
#define ENOSYS XEN_ENOSYS
#define ETIME XEN_ETIME
#define EOPNOTSUPP XEN_EOPNOTSUPP
#define EOVERFLOW XEN_EOVERFLOW
#define ENOBUFS XEN_ENOBUFS
#endif

#endif

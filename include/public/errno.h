/* SPDX-License-Identifier: MIT */
/*
 * The ABI's error numbers: a hypercall that fails returns one of them, negated. They are Linux's,
 * but do not depend on any libc's <errno.h>, so a guest or the hypervisor can use them.
 */
#ifndef PUBLIC_ERRNO_H
#define PUBLIC_ERRNO_H

/* All of them, for whoever wants them by other names too: number(name, value). */
#define XEN_ERRNOS(number)    \
    number(EPERM, 1)          \
    number(ENOENT, 2)         \
    number(ESRCH, 3)          \
    number(EIO, 5)            \
    number(ENXIO, 6)          \
    number(E2BIG, 7)          \
    number(ENOEXEC, 8)        \
    number(EBADF, 9)          \
    number(ECHILD, 10)        \
    number(EAGAIN, 11)        \
    number(ENOMEM, 12)        \
    number(EACCES, 13)        \
    number(EFAULT, 14)        \
    number(EBUSY, 16)         \
    number(EEXIST, 17)        \
    number(EXDEV, 18)         \
    number(ENODEV, 19)        \
    number(ENOTDIR, 20)       \
    number(EISDIR, 21)        \
    number(EINVAL, 22)        \
    number(ENFILE, 23)        \
    number(EMFILE, 24)        \
    number(ENOSPC, 28)        \
    number(EROFS, 30)         \
    number(EMLINK, 31)        \
    number(EDOM, 33)          \
    number(ERANGE, 34)        \
    number(EDEADLK, 35)       \
    number(ENAMETOOLONG, 36)  \
    number(ENOLCK, 37)        \
    number(ENOSYS, 38)        \
    number(ENOTEMPTY, 39)     \
    number(ENODATA, 61)       \
    number(ETIME, 62)         \
    number(EBADMSG, 74)       \
    number(EOVERFLOW, 75)     \
    number(EILSEQ, 84)        \
    number(ENOTSOCK, 88)      \
    number(EMSGSIZE, 90)      \
    number(EOPNOTSUPP, 95)    \
    number(EADDRINUSE, 98)    \
    number(EADDRNOTAVAIL, 99) \
    number(ENOBUFS, 105)      \
    number(EISCONN, 106)      \
    number(ENOTCONN, 107)     \
    number(ETIMEDOUT, 110)    \
    number(ECONNREFUSED, 111)

#define XEN_ERRNO(name, value) XEN_##name = value,
enum { XEN_ERRNOS(XEN_ERRNO) };
#undef XEN_ERRNO

#define XEN_EWOULDBLOCK XEN_EAGAIN
#define XEN_EDEADLOCK XEN_EDEADLK

#endif

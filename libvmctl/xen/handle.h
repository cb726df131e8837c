/* SPDX-License-Identifier: MIT */
/*
 * What the handles of the Xen-compatible libraries have in common: a device and a logger. Compiled
 * into each library; it must never be seen from outside (the libraries' maps see to that).
 */
#ifndef LIBVMCTL_XEN_HANDLE_H
#define LIBVMCTL_XEN_HANDLE_H

#include <stddef.h>
#include <xentoollog.h>

struct xen_handle {
    int fd;
    const char *context; /* the library's short name, in messages */
    xentoollog_logger *logger, *own_logger;
};

#define XEN_HANDLE_NO_CLOEXEC 1u /* a flag for xen_handle_open() */

/*
 * Opens /dev/xen/NAME into a zeroed handle. logger NULL: errors go to stderr. -1 and errno on
 * failure, which has been logged; nothing is left to close then.
 */
int xen_handle_open(struct xen_handle *h, xentoollog_logger *logger, const char *context,
                    const char *name, unsigned int flags);

/* The same around a descriptor that is there; it becomes the handle's. */
int xen_handle_adopt(struct xen_handle *h, xentoollog_logger *logger, const char *context, int fd);

/* Closes the descriptor and what adopting or opening made. Keeps errno. Returns close()'s result. */
int xen_handle_close(struct xen_handle *h);

/* Logs an error with errno's text; keeps errno. */
void xen_handle_error(const struct xen_handle *h, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif

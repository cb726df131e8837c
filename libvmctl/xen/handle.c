/* SPDX-License-Identifier: MIT */
/* A device and a logger, see handle.h. Nothing here knows what the device is for. */
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int xen_handle_adopt(struct xen_handle *h, xentoollog_logger *logger, const char *context, int fd)
{
    h->fd = fd;
    h->context = context;
    if (!logger)
        logger = h->own_logger =
            (xentoollog_logger *)xtl_createlogger_stdiostream(stderr, XTL_PROGRESS, 0);
    h->logger = logger;
    if (logger)
        return 0;
    errno = ENOMEM;
    return -1;
}

int xen_handle_open(struct xen_handle *h, xentoollog_logger *logger, const char *context,
                    const char *name, unsigned int flags)
{
    char path[64];

    if (xen_handle_adopt(h, logger, context, -1))
        return -1;
    snprintf(path, sizeof(path), "/dev/xen/%s", name);
    h->fd = open(path, O_RDWR | (flags & XEN_HANDLE_NO_CLOEXEC ? 0 : O_CLOEXEC));
    if (h->fd >= 0)
        return 0;
    xen_handle_error(h, "cannot open %s", path);
    xen_handle_close(h);
    return -1;
}

int xen_handle_close(struct xen_handle *h)
{
    int error = errno, ret = h->fd >= 0 ? close(h->fd) : 0;

    if (!ret)
        errno = error;
    xtl_logger_destroy(h->own_logger);
    return ret;
}

void xen_handle_error(const struct xen_handle *h, const char *format, ...)
{
    int error = errno;
    va_list args;

    va_start(args, format);
    xtl_logv(h->logger, XTL_ERROR, error, h->context, format, args);
    va_end(args);
    errno = error;
}

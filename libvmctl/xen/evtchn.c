/* SPDX-License-Identifier: MIT */
/*
 * libxenevtchn: event channels through /dev/xen/evtchn, see xenevtchn.h. The device keeps all state:
 * reading gives a port that fired, writing unmasks one. It must never sleep but in
 * xenevtchn_pending().
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <xen/sys/evtchn.h>
#include <xenevtchn.h>

#include "handle.h"

struct xenevtchn_handle {
    struct xen_handle base;
};

/* A handle around `fd`, or where that is -1 around the device, opened. */
static xenevtchn_handle *handle_new(struct xentoollog_logger *logger, int fd, unsigned int flags)
{
    xenevtchn_handle *xce = calloc(1, sizeof(*xce));
    int err;

    if (!xce)
        return NULL;
    if (fd >= 0)
        err = xen_handle_adopt(&xce->base, logger, "xenevtchn", fd);
    else
        err = xen_handle_open(&xce->base, logger, "xenevtchn", "evtchn",
                              flags & XENEVTCHN_NO_CLOEXEC ? XEN_HANDLE_NO_CLOEXEC : 0);
    if (!err)
        return xce;
    free(xce);
    return NULL;
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
    if (!(flags & ~(unsigned int)XENEVTCHN_NO_CLOEXEC))
        return handle_new(logger, -1, flags);
    errno = EINVAL;
    return NULL;
}

xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd, unsigned open_flags)
{
    if (open_flags == 0 && fd >= 0)
        return handle_new(logger, fd, 0);
    errno = EINVAL;
    return NULL;
}

int xenevtchn_close(xenevtchn_handle *xce)
{
    int ret = xce ? xen_handle_close(&xce->base) : 0;

    free(xce);
    return ret;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
    return xce->base.fd;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
    return ioctl(xce->base.fd, IOCTL_EVTCHN_NOTIFY, &(struct ioctl_evtchn_notify){port});
}

xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *xce, uint32_t domid)
{
    return ioctl(xce->base.fd, IOCTL_EVTCHN_BIND_UNBOUND_PORT,
                 &(struct ioctl_evtchn_bind_unbound_port){domid});
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid,
                                                     evtchn_port_t remote_port)
{
    return ioctl(xce->base.fd, IOCTL_EVTCHN_BIND_INTERDOMAIN,
                 &(struct ioctl_evtchn_bind_interdomain){domid, remote_port});
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce, unsigned int virq)
{
    return ioctl(xce->base.fd, IOCTL_EVTCHN_BIND_VIRQ, &(struct ioctl_evtchn_bind_virq){virq});
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
    return ioctl(xce->base.fd, IOCTL_EVTCHN_UNBIND, &(struct ioctl_evtchn_unbind){port});
}

/* Whole ports go in and out: what a transfer cannot move whole is an error, not half a number. */
static int moved_whole(ssize_t n)
{
    if (n == (ssize_t)sizeof(evtchn_port_t))
        return 0;
    if (n >= 0)
        errno = EIO;
    return -1;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
    evtchn_port_t port;

    if (moved_whole(read(xce->base.fd, &port, sizeof(port))))
        return -1;
    return (xenevtchn_port_or_error_t)port;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
    return moved_whole(write(xce->base.fd, &port, sizeof(port)));
}

int xenevtchn_restrict(xenevtchn_handle *xce, domid_t domid)
{
    return ioctl(xce->base.fd, IOCTL_EVTCHN_RESTRICT_DOMID,
                 &(struct ioctl_evtchn_restrict_domid){domid});
}

/* SPDX-License-Identifier: MIT */
/*
 * Event channels and grants through Linux's character devices.
 */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <public/grant_table.h>
#include <public/sys/evtchn.h>
#include <public/sys/gntdev.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES 4096u

int host_open(struct host *h)
{
    int err;

    h->evtchn = open("/dev/xen/evtchn", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (h->evtchn < 0)
        return -errno;
    h->gntdev = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);
    if (h->gntdev >= 0)
        return 0;
    err = -errno;
    close(h->evtchn);
    return err;
}

void host_close(struct host *h)
{
    close(h->gntdev);
    close(h->evtchn);
}

int host_fd(const struct host *h)
{
    return h->evtchn;
}

int host_next_port(struct host *h, uint32_t *port)
{
    ssize_t n = read(h->evtchn, port, sizeof(*port));

    if (n == (ssize_t)sizeof(*port))
        return 1;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    /* The kernel's queue of fired ports ran over (-EFBIG): it starts afresh when told so. */
    if (n < 0 && errno == EFBIG && ioctl(h->evtchn, IOCTL_EVTCHN_RESET) == 0)
        return -EFBIG;
    return n < 0 ? -errno : -EIO;
}

int host_unmask(struct host *h, uint32_t port)
{
    return write(h->evtchn, &port, sizeof(port)) == (ssize_t)sizeof(port) ? 0 : -errno;
}

int host_bind(struct host *h, uint32_t domid, uint32_t remote_port, uint32_t *port)
{
    struct ioctl_evtchn_bind_interdomain request = {domid, remote_port};
    int local = ioctl(h->evtchn, IOCTL_EVTCHN_BIND_INTERDOMAIN, &request);

    if (local < 0)
        return -errno;
    *port = (uint32_t)local;
    return 0;
}

void host_unbind(struct host *h, uint32_t port)
{
    struct ioctl_evtchn_unbind request = {port};

    ioctl(h->evtchn, IOCTL_EVTCHN_UNBIND, &request);
}

int host_notify(struct host *h, uint32_t port)
{
    struct ioctl_evtchn_notify request = {port};

    return ioctl(h->evtchn, IOCTL_EVTCHN_NOTIFY, &request) < 0 ? -errno : 0;
}

int host_map_console(struct host *h, uint32_t domid, struct xencons_interface **page)
{
    struct ioctl_gntdev_map_grant_ref request = {.count = 1,
                                                 .refs = {{domid, GNTTAB_RESERVED_CONSOLE}}};
    struct ioctl_gntdev_unmap_grant_ref undo = {.count = 1};
    void *at;
    int err;

    if (ioctl(h->gntdev, IOCTL_GNTDEV_MAP_GRANT_REF, &request) < 0)
        return -errno;
    at =
        mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, h->gntdev, (off_t)request.index);
    if (at != MAP_FAILED) {
        *page = at;
        return 0;
    }
    err = -errno;
    undo.index = request.index;
    ioctl(h->gntdev, IOCTL_GNTDEV_UNMAP_GRANT_REF, &undo);
    return err;
}

void host_unmap(struct host *h, struct xencons_interface *page)
{
    struct ioctl_gntdev_get_offset_for_vaddr where = {.vaddr = (uintptr_t)page};
    struct ioctl_gntdev_unmap_grant_ref undo = {.count = 1};
    int found = ioctl(h->gntdev, IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR, &where);

    munmap(page, PAGE_BYTES);
    undo.index = where.offset;
    if (found == 0)
        ioctl(h->gntdev, IOCTL_GNTDEV_UNMAP_GRANT_REF, &undo);
}

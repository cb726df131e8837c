/* SPDX-License-Identifier: MIT */
/*
 * Event channels and grants through Linux's character devices. The requests' layouts are the
 * kernel's user ABI (uapi xen/evtchn.h and xen/gntdev.h), stated here because Debian ships those
 * headers with libxen-dev only.
 */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <public/grant_table.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES 4096u

struct evtchn_interdomain {
    uint32_t remote_domain, remote_port;
};
struct evtchn_port {
    uint32_t port;
};
struct gntdev_map {
    uint32_t count, pad;
    uint64_t index; /* out: what mmap takes as its offset */
    struct {
        uint32_t domid, ref;
    } grant;
};
struct gntdev_unmap {
    uint64_t index;
    uint32_t count, pad;
};
struct gntdev_offset {
    uint64_t vaddr;
    uint64_t offset;
    uint32_t count, pad;
};

#define EVTCHN_BIND_INTERDOMAIN _IOC(_IOC_NONE, 'E', 1, sizeof(struct evtchn_interdomain))
#define EVTCHN_UNBIND           _IOC(_IOC_NONE, 'E', 3, sizeof(struct evtchn_port))
#define EVTCHN_NOTIFY           _IOC(_IOC_NONE, 'E', 4, sizeof(struct evtchn_port))
#define EVTCHN_RESET            _IOC(_IOC_NONE, 'E', 5, 0)
#define GNTDEV_MAP              _IOC(_IOC_NONE, 'G', 0, sizeof(struct gntdev_map))
#define GNTDEV_UNMAP            _IOC(_IOC_NONE, 'G', 1, sizeof(struct gntdev_unmap))
#define GNTDEV_OFFSET           _IOC(_IOC_NONE, 'G', 2, sizeof(struct gntdev_offset))

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
    if (n < 0 && errno == EFBIG && ioctl(h->evtchn, EVTCHN_RESET) == 0)
        return -EFBIG;
    return n < 0 ? -errno : -EIO;
}

int host_unmask(struct host *h, uint32_t port)
{
    return write(h->evtchn, &port, sizeof(port)) == (ssize_t)sizeof(port) ? 0 : -errno;
}

int host_bind(struct host *h, uint32_t domid, uint32_t remote_port, uint32_t *port)
{
    struct evtchn_interdomain request = {domid, remote_port};
    int local = ioctl(h->evtchn, EVTCHN_BIND_INTERDOMAIN, &request);

    if (local < 0)
        return -errno;
    *port = (uint32_t)local;
    return 0;
}

void host_unbind(struct host *h, uint32_t port)
{
    struct evtchn_port request = {port};

    ioctl(h->evtchn, EVTCHN_UNBIND, &request);
}

int host_notify(struct host *h, uint32_t port)
{
    struct evtchn_port request = {port};

    return ioctl(h->evtchn, EVTCHN_NOTIFY, &request) < 0 ? -errno : 0;
}

int host_map_console(struct host *h, uint32_t domid, struct xencons_interface **page)
{
    struct gntdev_map request = {.count = 1, .grant = {domid, GNTTAB_RESERVED_CONSOLE}};
    struct gntdev_unmap undo = {.count = 1};
    void *at;
    int err;

    if (ioctl(h->gntdev, GNTDEV_MAP, &request) < 0)
        return -errno;
    at =
        mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, h->gntdev, (off_t)request.index);
    if (at != MAP_FAILED) {
        *page = at;
        return 0;
    }
    err = -errno;
    undo.index = request.index;
    ioctl(h->gntdev, GNTDEV_UNMAP, &undo);
    return err;
}

void host_unmap(struct host *h, struct xencons_interface *page)
{
    struct gntdev_offset where = {.vaddr = (uintptr_t)page};
    struct gntdev_unmap undo = {.count = 1};
    int found = ioctl(h->gntdev, GNTDEV_OFFSET, &where);

    munmap(page, PAGE_BYTES);
    undo.index = where.offset;
    if (found == 0)
        ioctl(h->gntdev, GNTDEV_UNMAP, &undo);
}

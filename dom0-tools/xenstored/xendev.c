/* SPDX-License-Identifier: MIT */
/*
 * /dev/xen/{evtchn,gntdev,privcmd,hypercall,xenbus_backend} (see xendev.h). Must never hand the hypervisor
 * memory that the kernel could move: calls go through one page of /dev/xen/hypercall.
 */
#include "xendev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <public/domctl.h>
#include <public/sys/evtchn.h>
#include <public/sys/gntdev.h>
#include <public/sys/privcmd.h>
#include <public/xen.h>

#define PAGE_BYTES 4096

/* include/xen/xenbus_dev.h has it */
#define XENBUS_BACKEND_EVTCHN _IOC(_IOC_NONE, 'B', 0, 0)

static int device_open(const char *path, const char **failed)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        *failed = path;
        return -errno;
    }
    return fd;
}

int xendev_open(struct xendev *dev, const char **failed)
{
    dev->evtchn_fd = device_open("/dev/xen/evtchn", failed);
    dev->gntdev_fd = dev->evtchn_fd < 0 ? dev->evtchn_fd : device_open("/dev/xen/gntdev", failed);
    dev->privcmd_fd = dev->gntdev_fd < 0 ? dev->gntdev_fd : device_open("/dev/xen/privcmd", failed);
    dev->buffer_fd =
        dev->privcmd_fd < 0 ? dev->privcmd_fd : device_open("/dev/xen/hypercall", failed);
    if (dev->buffer_fd < 0) {
        return dev->buffer_fd;
    }
    dev->buffer = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, dev->buffer_fd, 0);
    if (dev->buffer == MAP_FAILED) {
        *failed = "/dev/xen/hypercall (a page of it)";
        return -errno;
    }
    return 0;
}

int xendev_bind_virq(struct xendev *dev, uint32_t virq)
{
    struct ioctl_evtchn_bind_virq request = {virq};
    int port = ioctl(dev->evtchn_fd, IOCTL_EVTCHN_BIND_VIRQ, &request);

    return port < 0 ? -errno : port;
}

int xendev_bind_interdomain(struct xendev *dev, uint16_t domid, uint32_t port)
{
    struct ioctl_evtchn_bind_interdomain request = {domid, port};
    int local = ioctl(dev->evtchn_fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, &request);

    return local < 0 ? -errno : local;
}

int xendev_unbind(struct xendev *dev, uint32_t port)
{
    struct ioctl_evtchn_unbind request = {port};

    return ioctl(dev->evtchn_fd, IOCTL_EVTCHN_UNBIND, &request) < 0 ? -errno : 0;
}

int xendev_notify(struct xendev *dev, uint32_t port)
{
    struct ioctl_evtchn_notify request = {port};

    return ioctl(dev->evtchn_fd, IOCTL_EVTCHN_NOTIFY, &request) < 0 ? -errno : 0;
}

int xendev_pending(struct xendev *dev, uint32_t *ports, unsigned int max)
{
    ssize_t got = read(dev->evtchn_fd, ports, max * sizeof(ports[0]));

    if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    }
    return (int)((size_t)got / sizeof(ports[0]));
}

int xendev_unmask(struct xendev *dev, const uint32_t *ports, unsigned int count)
{
    ssize_t size = (ssize_t)(count * sizeof(ports[0]));

    return write(dev->evtchn_fd, ports, (size_t)size) == size ? 0 : -errno;
}

int xendev_map(struct xendev *dev, uint16_t domid, uint32_t ref, struct xendev_page *page)
{
    struct ioctl_gntdev_map_grant_ref map = {.count = 1, .refs = {{domid, ref}}};

    if (ioctl(dev->gntdev_fd, IOCTL_GNTDEV_MAP_GRANT_REF, &map) < 0) {
        return -errno;
    }
    page->index = map.index;
    page->address = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, dev->gntdev_fd,
                         (off_t)map.index);
    if (page->address == MAP_FAILED) {
        struct ioctl_gntdev_unmap_grant_ref unmap = {.index = map.index, .count = 1};
        int error = -errno;

        ioctl(dev->gntdev_fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, &unmap);
        page->address = NULL;
        return error;
    }
    return 0;
}

void xendev_unmap(struct xendev *dev, struct xendev_page *page)
{
    struct ioctl_gntdev_unmap_grant_ref unmap = {.index = page->index, .count = 1};

    munmap(page->address, PAGE_BYTES);
    ioctl(dev->gntdev_fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, &unmap);
    page->address = NULL;
}

/* Asked for a domain that is not there, the hypervisor answers with the next one that is. */
int xendev_domain_state(struct xendev *dev, uint16_t domid)
{
    struct xen_domctl *domctl = dev->buffer;
    struct privcmd_hypercall call = {.op = __HYPERVISOR_domctl,
                                     .arg = {(uint64_t)(uintptr_t)domctl}};
    int state = XENDEV_EXISTS;

    memset(domctl, 0, sizeof(*domctl));
    domctl->cmd = XEN_DOMCTL_getdomaininfo;
    domctl->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    domctl->domain = domid;
    if (ioctl(dev->privcmd_fd, IOCTL_PRIVCMD_HYPERCALL, &call) < 0) {
        return errno == ESRCH ? XENDEV_GONE : -errno;
    }
    if (domctl->u.getdomaininfo.domain != domid) {
        return XENDEV_GONE;
    }
    if (domctl->u.getdomaininfo.flags & XEN_DOMINF_shutdown) {
        state |= XENDEV_SHUTDOWN;
    }
    if (domctl->u.getdomaininfo.flags & XEN_DOMINF_dying) {
        state |= XENDEV_DYING;
    }
    return state;
}

/* Older ways of the same kernel, where it has no xenbus_backend device: two files of xenfs. */
static int own_ring_xenfs(void **page, uint32_t *port)
{
    char text[16] = "";
    int fd = open("/proc/xen/xsd_port", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0) {
        return -errno;
    }
    close(fd);
    *port = (uint32_t)strtoul(text, NULL, 10);
    fd = open("/proc/xen/xsd_kva", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return *page == MAP_FAILED ? -errno : 0;
}

int xendev_own_ring(void **page, uint32_t *port)
{
    int fd = open("/dev/xen/xenbus_backend", O_RDWR | O_CLOEXEC), local;

    if (fd < 0) {
        return own_ring_xenfs(page, port);
    }
    local = ioctl(fd, XENBUS_BACKEND_EVTCHN);
    *page =
        local < 0 ? MAP_FAILED : mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (*page == MAP_FAILED) {
        int error = -errno;

        close(fd);
        return error;
    }
    close(fd);
    *port = (uint32_t)local;
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * libxengnttab: others' grants through /dev/xen/gntdev, one's own pages through /dev/xen/gntalloc;
 * see xengnttab.h. The devices number what they hold by offsets for mmap(). Whatever fails halfway
 * must never leave a grant behind that only closing would end.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xen/sys/gntalloc.h>
#include <xen/sys/gntdev.h>
#include <xengnttab.h>

#include "handle.h"

#define PAGE_SHIFT 12
#define NONE       UINT32_MAX /* no notification of this kind */

struct xengntdev_handle {
    struct xen_handle base;
};

_Static_assert(sizeof(struct xengnttab_grant_copy_segment) ==
                   sizeof(struct ioctl_gntdev_grant_copy_segment),
               "the device's copy segment");

static struct xengntdev_handle *handle_open(struct xentoollog_logger *logger, unsigned int flags,
                                            const char *context, const char *device)
{
    struct xengntdev_handle *h;

    if (flags) {
        errno = EINVAL;
        return NULL;
    }
    h = calloc(1, sizeof(*h));
    if (h && xen_handle_open(&h->base, logger, context, device, 0)) {
        free(h);
        return NULL;
    }
    return h;
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned open_flags)
{
    return handle_open(logger, open_flags, "xengnttab", "gntdev");
}

int xengnttab_close(xengnttab_handle *xgt)
{
    int ret = xgt ? xen_handle_close(&xgt->base) : 0;

    free(xgt);
    return ret;
}

int xengnttab_fd(xengnttab_handle *xgt)
{
    return xgt->base.fd;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr_grants)
{
    struct ioctl_gntdev_set_max_grants request = {nr_grants};
    int ret = ioctl(xgt->base.fd, IOCTL_GNTDEV_SET_MAX_GRANTS, &request);

    return ret && errno == ENOTTY ? 0 : ret; /* a kernel without this request has no bound */
}

/* ---- mapping ---- */

/* Lets go of pages at a device's offset that are not mapped (any more). Keeps errno if it succeeds. */
static int gntdev_release(const struct xen_handle *h, uint64_t index, uint32_t count)
{
    struct ioctl_gntdev_unmap_grant_ref unmap = {.index = index, .count = count};

    return ioctl(h->fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, &unmap);
}

/*
 * Asks for the notification on the page at the device's offset `index`; both devices have the same
 * request for it. Nothing wanted is a success.
 */
static int notify_set(const struct xen_handle *h, uint64_t index, uint32_t offset,
                      evtchn_port_t port)
{
    struct ioctl_gntdev_unmap_notify notify = {.index = index, .event_channel_port = port};

    if (offset != NONE) {
        if (offset >> PAGE_SHIFT) {
            errno = EINVAL;
            return -1;
        }
        notify.index += offset;
        notify.action |= UNMAP_NOTIFY_CLEAR_BYTE;
    }
    if (port != NONE)
        notify.action |= UNMAP_NOTIFY_SEND_EVENT;
    return notify.action ? ioctl(h->fd, IOCTL_GNTDEV_SET_UNMAP_NOTIFY, &notify) : 0;
}

/* Maps a request that is filled in. NULL and errno; then nothing is left of it. */
static void *map_request(const struct xen_handle *h, struct ioctl_gntdev_map_grant_ref *map,
                         int prot, uint32_t notify_offset, evtchn_port_t notify_port)
{
    size_t size = (size_t)map->count << PAGE_SHIFT;
    void *address;
    int error;

    if (ioctl(h->fd, IOCTL_GNTDEV_MAP_GRANT_REF, map)) {
        xen_handle_error(h, "the kernel takes no %u grants", map->count);
        return NULL;
    }
    address = mmap(NULL, size, prot, MAP_SHARED, h->fd, (off_t)map->index);
    if (address != MAP_FAILED && !notify_set(h, map->index, notify_offset, notify_port))
        return address;
    xen_handle_error(h, address == MAP_FAILED ? "cannot map %u grants" : "cannot watch %u grants",
                     map->count);
    error = errno;
    if (address != MAP_FAILED)
        munmap(address, size);
    gntdev_release(h, map->index, map->count);
    errno = error;
    return NULL;
}

/* Grants `refs` of domains domids[i], or all of domids[0]. */
static void *map_grants(const struct xen_handle *h, uint32_t count, const uint32_t *domids,
                        bool one_domain, const uint32_t *refs, int prot, uint32_t notify_offset,
                        evtchn_port_t notify_port)
{
    struct ioctl_gntdev_map_grant_ref *map = NULL;
    void *address = NULL;
    int error;

    if (count == 0)
        errno = EINVAL;
    else
        map = calloc(1, sizeof(*map) + (count - 1) * sizeof(map->refs[0]));
    if (!map) {
        xen_handle_error(h, "cannot map %u grants", count);
        return NULL;
    }
    map->count = count;
    for (uint32_t i = 0; i < count; i++)
        map->refs[i] = (struct ioctl_gntdev_grant_ref){domids[one_domain ? 0 : i], refs[i]};
    address = map_request(h, map, prot, notify_offset, notify_port);
    error = errno;
    free(map);
    errno = error;
    return address;
}

void *xengnttab_map_grant_ref_notify(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot,
                                     uint32_t notify_offset, evtchn_port_t notify_port)
{
    return map_grants(&xgt->base, 1, &domid, true, &ref, prot, notify_offset, notify_port);
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot)
{
    return map_grants(&xgt->base, 1, &domid, true, &ref, prot, NONE, NONE);
}

void *xengnttab_map_grant_refs(xengnttab_handle *xgt, uint32_t count, uint32_t *domids,
                               uint32_t *refs, int prot)
{
    return map_grants(&xgt->base, count, domids, false, refs, prot, NONE, NONE);
}

void *xengnttab_map_domain_grant_refs(xengnttab_handle *xgt, uint32_t count, uint32_t domid,
                                      uint32_t *refs, int prot)
{
    return map_grants(&xgt->base, count, &domid, true, refs, prot, NONE, NONE);
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start_address, uint32_t count)
{
    struct ioctl_gntdev_get_offset_for_vaddr where = {.vaddr = (uintptr_t)start_address};

    if (ioctl(xgt->base.fd, IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR, &where))
        return -1;
    if (where.count != count) { /* the device ends whole mappings only */
        errno = EINVAL;
        return -1;
    }
    if (munmap(start_address, (size_t)count << PAGE_SHIFT))
        return -1;
    return gntdev_release(&xgt->base, where.offset, count);
}

int xengnttab_grant_copy(xengnttab_handle *xgt, uint32_t count,
                         xengnttab_grant_copy_segment_t *segs)
{
    struct ioctl_gntdev_grant_copy copy = {
        .count = count, .segments = (struct ioctl_gntdev_grant_copy_segment *)segs};

    return ioctl(xgt->base.fd, IOCTL_GNTDEV_GRANT_COPY, &copy);
}

/* ---- dma-bufs ---- */

int xengnttab_dmabuf_exp_from_refs(xengnttab_handle *xgt, uint32_t domid, uint32_t flags,
                                   uint32_t count, const uint32_t *refs, uint32_t *fd)
{
    struct ioctl_gntdev_dmabuf_exp_from_refs *request;
    int ret;

    request = count ? calloc(1, sizeof(*request) + (count - 1) * sizeof(*refs)) : NULL;
    if (!request) {
        errno = count ? ENOMEM : EINVAL;
        return -1;
    }
    request->flags = flags;
    request->count = count;
    request->domid = domid;
    memcpy(request->refs, refs, count * sizeof(*refs));
    ret = ioctl(xgt->base.fd, IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS, request);
    if (!ret)
        *fd = request->fd;
    free(request);
    return ret;
}

int xengnttab_dmabuf_exp_wait_released(xengnttab_handle *xgt, uint32_t fd, uint32_t wait_to_ms)
{
    struct ioctl_gntdev_dmabuf_exp_wait_released request = {.fd = fd, .wait_to_ms = wait_to_ms};

    return ioctl(xgt->base.fd, IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED, &request);
}

int xengnttab_dmabuf_imp_to_refs(xengnttab_handle *xgt, uint32_t domid, uint32_t fd, uint32_t count,
                                 uint32_t *refs)
{
    struct ioctl_gntdev_dmabuf_imp_to_refs *request;
    int ret;

    request = count ? calloc(1, sizeof(*request) + (count - 1) * sizeof(*refs)) : NULL;
    if (!request) {
        errno = count ? ENOMEM : EINVAL;
        return -1;
    }
    request->fd = fd;
    request->count = count;
    request->domid = domid;
    ret = ioctl(xgt->base.fd, IOCTL_GNTDEV_DMABUF_IMP_TO_REFS, request);
    if (!ret)
        memcpy(refs, request->refs, count * sizeof(*refs));
    free(request);
    return ret;
}

int xengnttab_dmabuf_imp_release(xengnttab_handle *xgt, uint32_t fd)
{
    struct ioctl_gntdev_dmabuf_imp_release request = {.fd = fd};

    return ioctl(xgt->base.fd, IOCTL_GNTDEV_DMABUF_IMP_RELEASE, &request);
}

/* ---- sharing ---- */

xengntshr_handle *xengntshr_open(struct xentoollog_logger *logger, unsigned open_flags)
{
    return handle_open(logger, open_flags, "xengntshr", "gntalloc");
}

int xengntshr_close(xengntshr_handle *xgs)
{
    return xengnttab_close(xgs);
}

int xengntshr_fd(xengntshr_handle *xgs)
{
    return xgs->base.fd;
}

/*
 * The device's own hold on the pages is given back as soon as they are mapped: the mapping keeps
 * them, and unmapping, or the program's end, is then all it takes to end the grants.
 */
static void *share(const struct xen_handle *h, uint32_t domid, uint32_t count, uint32_t *refs,
                   int writable, uint32_t notify_offset, evtchn_port_t notify_port)
{
    struct ioctl_gntalloc_alloc_gref *request = NULL;
    struct ioctl_gntalloc_dealloc_gref release;
    void *address = MAP_FAILED;
    int error;

    if (count > 0 && count <= INT_MAX)
        request = calloc(1, sizeof(*request) + (count - 1) * sizeof(*refs));
    else
        errno = EINVAL;
    if (!request)
        goto failed;
    request->domid = (uint16_t)domid;
    request->flags = writable ? GNTALLOC_FLAG_WRITABLE : 0;
    request->count = count;
    if (ioctl(h->fd, IOCTL_GNTALLOC_ALLOC_GREF, request))
        goto failed;
    address = mmap(NULL, (size_t)count << PAGE_SHIFT, PROT_READ | PROT_WRITE, MAP_SHARED, h->fd,
                   (off_t)request->index);
    if (address != MAP_FAILED && notify_set(h, request->index, notify_offset, notify_port)) {
        error = errno;
        munmap(address, (size_t)count << PAGE_SHIFT);
        errno = error;
        address = MAP_FAILED;
    }
    error = errno;
    release = (struct ioctl_gntalloc_dealloc_gref){.index = request->index, .count = count};
    ioctl(h->fd, IOCTL_GNTALLOC_DEALLOC_GREF, &release);
    errno = error;
    if (address != MAP_FAILED) {
        memcpy(refs, request->gref_ids, count * sizeof(*refs));
        free(request);
        return address;
    }
failed:
    xen_handle_error(h, "cannot share %u pages with domain %u", count, domid);
    error = errno;
    free(request);
    errno = error;
    return NULL;
}

void *xengntshr_share_pages(xengntshr_handle *xgs, uint32_t domid, int count, uint32_t *refs,
                            int writable)
{
    return share(&xgs->base, domid, (uint32_t)count, refs, writable, NONE, NONE);
}

void *xengntshr_share_page_notify(xengntshr_handle *xgs, uint32_t domid, uint32_t *ref,
                                  int writable, uint32_t notify_offset, evtchn_port_t notify_port)
{
    return share(&xgs->base, domid, 1, ref, writable, notify_offset, notify_port);
}

int xengntshr_unshare(xengntshr_handle *xgs, void *start_address, uint32_t count)
{
    (void)xgs;
    return munmap(start_address, (size_t)count << PAGE_SHIFT);
}

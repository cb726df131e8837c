/* SPDX-License-Identifier: MIT */
/*
 * libxenforeignmemory: other domains' frames and what the hypervisor keeps for them, mapped through
 * /dev/xen/privcmd; see xenforeignmemory.h. A mapping that is not wanted in part must never stay in
 * part.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xen/sys/privcmd.h>
#include <xenforeignmemory.h>

#include "handle.h"

#define PAGE_SHIFT 12

struct xenforeignmemory_handle {
    struct xen_handle base;
};

struct xenforeignmemory_resource_handle {
    void *address;
    size_t frames;
};

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger,
                                               unsigned open_flags)
{
    xenforeignmemory_handle *fmem;

    if (open_flags) {
        errno = EINVAL;
        return NULL;
    }
    fmem = calloc(1, sizeof(*fmem));
    if (fmem && xen_handle_open(&fmem->base, logger, "xenforeignmemory", "privcmd", 0)) {
        free(fmem);
        return NULL;
    }
    return fmem;
}

int xenforeignmemory_close(xenforeignmemory_handle *fmem)
{
    int ret = fmem ? xen_handle_close(&fmem->base) : 0;

    free(fmem);
    return ret;
}

/* Room for `pages` pages of the device. NULL and errno where there is none. */
static void *range_new(const xenforeignmemory_handle *fmem, void *hint, size_t pages, int prot,
                       int flags)
{
    void *address;

    if (pages == 0 || pages > UINT32_MAX) {
        errno = EINVAL;
        return NULL;
    }
    address = mmap(hint, pages << PAGE_SHIFT, prot, flags | MAP_SHARED, fmem->base.fd, 0);
    return address == MAP_FAILED ? NULL : address;
}

/* Takes the range away again and returns NULL, with this errno. */
static void *range_undo(void *address, size_t pages, int error)
{
    munmap(address, pages << PAGE_SHIFT);
    errno = error;
    return NULL;
}

/* The first error among a mapping's frames, 0 where there is none. */
static int first_error(const int *errors, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        if (errors[i])
            return -errors[i];
    return 0;
}

void *xenforeignmemory_map2(xenforeignmemory_handle *fmem, uint32_t dom, void *addr, int prot,
                            int flags, size_t pages, const xen_pfn_t arr[], int err[])
{
    struct privcmd_mmapbatch_v2 batch = {.num = (unsigned int)pages, .dom = (domid_t)dom};
    int *errors = err ? err : calloc(pages, sizeof(*errors));
    void *address = NULL;
    int error = 0;

    if (errors)
        address = range_new(fmem, addr, pages, prot, flags);
    if (address) {
        batch.addr = (uintptr_t)address;
        batch.arr = arr;
        batch.err = errors;
        /* ENOENT says that a frame failed by it: the array has the rest */
        if (ioctl(fmem->base.fd, IOCTL_PRIVCMD_MMAPBATCH_V2, &batch) && errno != ENOENT)
            error = errno;
        else if (!err)
            error = first_error(errors, pages);
    }
    if (error)
        address = range_undo(address, pages, error);
    if (!err) {
        error = errno;
        free(errors);
        errno = error;
    }
    return address;
}

void *xenforeignmemory_map(xenforeignmemory_handle *fmem, uint32_t dom, int prot, size_t pages,
                           const xen_pfn_t arr[], int err[])
{
    return xenforeignmemory_map2(fmem, dom, NULL, prot, 0, pages, arr, err);
}

int xenforeignmemory_unmap(xenforeignmemory_handle *fmem, void *addr, size_t pages)
{
    (void)fmem;
    return munmap(addr, pages << PAGE_SHIFT);
}

int xenforeignmemory_restrict(xenforeignmemory_handle *fmem, domid_t domid)
{
    return ioctl(fmem->base.fd, IOCTL_PRIVCMD_RESTRICT, &domid);
}

xenforeignmemory_resource_handle *
xenforeignmemory_map_resource(xenforeignmemory_handle *fmem, domid_t domid, unsigned int type,
                              unsigned int id, unsigned long frame, unsigned long nr_frames,
                              void **paddr, int prot, int flags)
{
    struct privcmd_mmap_resource map = {
        .dom = domid,
        .type = type,
        .id = id,
        .idx = (uint32_t)frame,
        .num = nr_frames,
    };
    xenforeignmemory_resource_handle *resource;
    void *address;

    if (frame > UINT32_MAX) { /* the device has no more bits for it */
        errno = EINVAL;
        return NULL;
    }
    resource = calloc(1, sizeof(*resource));
    if (!resource)
        return NULL;
    address = range_new(fmem, *paddr, nr_frames, prot, flags);
    if (address) {
        map.addr = (uintptr_t)address;
        if (ioctl(fmem->base.fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &map))
            address = range_undo(address, nr_frames, errno);
    }
    if (!address) {
        free(resource);
        return NULL;
    }
    resource->address = *paddr = address;
    resource->frames = nr_frames;
    return resource;
}

int xenforeignmemory_unmap_resource(xenforeignmemory_handle *fmem,
                                    xenforeignmemory_resource_handle *fres)
{
    int ret = fres ? xenforeignmemory_unmap(fmem, fres->address, fres->frames) : 0;

    free(fres);
    return ret;
}

int xenforeignmemory_resource_size(xenforeignmemory_handle *fmem, domid_t domid, unsigned int type,
                                   unsigned int id, size_t *size)
{
    struct privcmd_mmap_resource map = {.dom = domid, .type = type, .id = id};

    if (ioctl(fmem->base.fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &map))
        return -1;
    *size = map.num << PAGE_SHIFT;
    return 0;
}

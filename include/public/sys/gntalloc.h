/* SPDX-License-Identifier: MIT */
/*
 * Linux's /dev/xen/gntalloc: pages that a program grants to other domains. Linux's interface, not
 * the hypervisor's. A page lives while it is mapped, or until its grant is given back.
 */
#ifndef PUBLIC_SYS_GNTALLOC_H
#define PUBLIC_SYS_GNTALLOC_H

#include <sys/ioctl.h>

#include "../types.h"

#define GNTALLOC_FLAG_WRITABLE 1

struct ioctl_gntalloc_alloc_gref {
    uint16_t domid;
    uint16_t flags;
    uint32_t count;
    uint64_t index;       /* out: an offset for mmap() */
    uint32_t gref_ids[1]; /* out, count of them */
};

struct ioctl_gntalloc_dealloc_gref {
    uint64_t index;
    uint32_t count;
};

#define UNMAP_NOTIFY_CLEAR_BYTE 0x1
#define UNMAP_NOTIFY_SEND_EVENT 0x2

struct ioctl_gntalloc_unmap_notify {
    uint64_t index;  /* of the byte */
    uint32_t action; /* UNMAP_NOTIFY_*, 0: nothing any more */
    uint32_t event_channel_port;
};

#define GNTALLOC_IOC_(number, type)     _IOC(_IOC_NONE, 'G', number, sizeof(struct type))
#define IOCTL_GNTALLOC_ALLOC_GREF       GNTALLOC_IOC_(5, ioctl_gntalloc_alloc_gref)
#define IOCTL_GNTALLOC_DEALLOC_GREF     GNTALLOC_IOC_(6, ioctl_gntalloc_dealloc_gref)
#define IOCTL_GNTALLOC_SET_UNMAP_NOTIFY GNTALLOC_IOC_(7, ioctl_gntalloc_unmap_notify)

#endif

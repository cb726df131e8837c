/* SPDX-License-Identifier: MIT */
/*
 * Linux's /dev/xen/gntdev: what other domains granted, for programs to map and copy. Linux's
 * interface, not the hypervisor's. An index is an offset for mmap().
 */
#ifndef PUBLIC_SYS_GNTDEV_H
#define PUBLIC_SYS_GNTDEV_H

#include <sys/ioctl.h>

#include "../types.h"

struct ioctl_gntdev_grant_ref {
    uint32_t domid;
    uint32_t ref;
};

struct ioctl_gntdev_map_grant_ref {
    uint32_t count, pad;
    uint64_t index;                        /* out */
    struct ioctl_gntdev_grant_ref refs[1]; /* count of them */
};

/* For what is not mapped (any more). */
struct ioctl_gntdev_unmap_grant_ref {
    uint64_t index;
    uint32_t count, pad;
};

/* Of the mapping that begins at vaddr. */
struct ioctl_gntdev_get_offset_for_vaddr {
    uint64_t vaddr;
    uint64_t offset;     /* out */
    uint32_t count, pad; /* out */
};

struct ioctl_gntdev_set_max_grants {
    uint32_t count;
};

#define UNMAP_NOTIFY_CLEAR_BYTE 0x1
#define UNMAP_NOTIFY_SEND_EVENT 0x2

/* What the kernel does when the page is unmapped, for whatever reason. */
struct ioctl_gntdev_unmap_notify {
    uint64_t index;  /* of the byte */
    uint32_t action; /* UNMAP_NOTIFY_*, 0: nothing any more */
    uint32_t event_channel_port;
};

struct ioctl_gntdev_grant_copy_segment {
    union {
        void *virt;
        struct {
            uint32_t ref;
            uint16_t offset;
            uint16_t domid;
        } foreign;
    } source, dest;
    uint16_t len;
    uint16_t flags; /* GNTCOPY_* */
    int16_t status; /* out: GNTST_* */
};

struct ioctl_gntdev_grant_copy {
    unsigned int count;
    struct ioctl_gntdev_grant_copy_segment *segments;
};

#define GNTDEV_DMA_FLAG_WC       (1 << 0)
#define GNTDEV_DMA_FLAG_COHERENT (1 << 1)

struct ioctl_gntdev_dmabuf_exp_from_refs {
    uint32_t flags;
    uint32_t count;
    uint32_t fd; /* out */
    uint32_t domid;
    uint32_t refs[1]; /* count of them */
};

struct ioctl_gntdev_dmabuf_exp_wait_released {
    uint32_t fd;
    uint32_t wait_to_ms;
};

struct ioctl_gntdev_dmabuf_imp_to_refs {
    uint32_t fd;
    uint32_t count;
    uint32_t domid;
    uint32_t reserved;
    uint32_t refs[1]; /* out, count of them */
};

struct ioctl_gntdev_dmabuf_imp_release {
    uint32_t fd;
    uint32_t reserved;
};

#define GNTDEV_IOC_(number, type)             _IOC(_IOC_NONE, 'G', number, sizeof(struct type))
#define IOCTL_GNTDEV_MAP_GRANT_REF            GNTDEV_IOC_(0, ioctl_gntdev_map_grant_ref)
#define IOCTL_GNTDEV_UNMAP_GRANT_REF          GNTDEV_IOC_(1, ioctl_gntdev_unmap_grant_ref)
#define IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR     GNTDEV_IOC_(2, ioctl_gntdev_get_offset_for_vaddr)
#define IOCTL_GNTDEV_SET_MAX_GRANTS           GNTDEV_IOC_(3, ioctl_gntdev_set_max_grants)
#define IOCTL_GNTDEV_SET_UNMAP_NOTIFY         GNTDEV_IOC_(7, ioctl_gntdev_unmap_notify)
#define IOCTL_GNTDEV_GRANT_COPY               GNTDEV_IOC_(8, ioctl_gntdev_grant_copy)
#define IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS     GNTDEV_IOC_(9, ioctl_gntdev_dmabuf_exp_from_refs)
#define IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED GNTDEV_IOC_(10, ioctl_gntdev_dmabuf_exp_wait_released)
#define IOCTL_GNTDEV_DMABUF_IMP_TO_REFS       GNTDEV_IOC_(11, ioctl_gntdev_dmabuf_imp_to_refs)
#define IOCTL_GNTDEV_DMABUF_IMP_RELEASE       GNTDEV_IOC_(12, ioctl_gntdev_dmabuf_imp_release)

#endif

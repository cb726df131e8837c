/* SPDX-License-Identifier: MIT */
/*
 * What Linux's devices in /dev/xen answer to: requests and their structures, as its uapi documents
 * them. Facts alone; it must never grow a function.
 */
#ifndef LIBVMCTL_XEN_UAPI_H
#define LIBVMCTL_XEN_UAPI_H

#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

/* /dev/xen/privcmd */
struct privcmd_hypercall {
    uint64_t op;
    uint64_t arg[5];
};

/* Maps frames of a domain at addr; err[i]: 0 or a negative errno of the frame. */
struct privcmd_mmapbatch_v2 {
    unsigned int num;
    uint16_t dom;
    uint64_t addr;
    const uint64_t *arr;
    int *err;
};

/* addr 0: asks for the resource's size in frames, into num. */
struct privcmd_mmap_resource {
    uint16_t dom;
    uint32_t type, id, idx;
    uint64_t num, addr;
};

#define IOCTL_PRIVCMD_HYPERCALL     _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))
#define IOCTL_PRIVCMD_MMAPBATCH_V2  _IOC(_IOC_NONE, 'P', 4, sizeof(struct privcmd_mmapbatch_v2))
#define IOCTL_PRIVCMD_RESTRICT      _IOC(_IOC_NONE, 'P', 6, sizeof(uint16_t))
#define IOCTL_PRIVCMD_MMAP_RESOURCE _IOC(_IOC_NONE, 'P', 7, sizeof(struct privcmd_mmap_resource))

/* /dev/xen/evtchn: each takes an array of 32-bit numbers, but for the last, a 16-bit one. */
#define IOCTL_EVTCHN_BIND_VIRQ         _IOC(_IOC_NONE, 'E', 0, 4) /* virq */
#define IOCTL_EVTCHN_BIND_INTERDOMAIN  _IOC(_IOC_NONE, 'E', 1, 8) /* domain, its port */
#define IOCTL_EVTCHN_BIND_UNBOUND_PORT _IOC(_IOC_NONE, 'E', 2, 4) /* domain */
#define IOCTL_EVTCHN_UNBIND            _IOC(_IOC_NONE, 'E', 3, 4) /* port */
#define IOCTL_EVTCHN_NOTIFY            _IOC(_IOC_NONE, 'E', 4, 4) /* port */
#define IOCTL_EVTCHN_RESTRICT_DOMID    _IOC(_IOC_NONE, 'E', 6, 2) /* domain */

/* /dev/xen/gntdev: others' grants. An index is the offset for mmap(). */
struct gntdev_grant_ref {
    uint32_t domid, ref;
};

struct gntdev_map_grant_ref {
    uint32_t count, pad;
    uint64_t index;
    struct gntdev_grant_ref refs[1]; /* count of them */
};

struct gntdev_unmap_grant_ref {
    uint64_t index;
    uint32_t count, pad;
};

struct gntdev_get_offset_for_vaddr {
    uint64_t vaddr, offset;
    uint32_t count, pad;
};

/* gntalloc has the same one. */
struct gntdev_unmap_notify {
    uint64_t index;  /* of the byte */
    uint32_t action; /* UNMAP_NOTIFY_* */
    uint32_t event_channel_port;
};

struct gntdev_grant_copy {
    unsigned int count;
    void *segments; /* struct xengnttab_grant_copy_segment has their layout */
};

struct gntdev_dmabuf_exp_from_refs {
    uint32_t flags, count, fd, domid;
    uint32_t refs[1];
};

struct gntdev_dmabuf_exp_wait_released {
    uint32_t fd, wait_to_ms;
};

struct gntdev_dmabuf_imp_to_refs {
    uint32_t fd, count, domid, reserved;
    uint32_t refs[1];
};

struct gntdev_dmabuf_imp_release {
    uint32_t fd, reserved;
};

#define UNMAP_NOTIFY_CLEAR_BYTE 1u
#define UNMAP_NOTIFY_SEND_EVENT 2u

#define IOCTL_GNTDEV_(number, type)           _IOC(_IOC_NONE, 'G', number, sizeof(struct type))
#define IOCTL_GNTDEV_MAP_GRANT_REF            IOCTL_GNTDEV_(0, gntdev_map_grant_ref)
#define IOCTL_GNTDEV_UNMAP_GRANT_REF          IOCTL_GNTDEV_(1, gntdev_unmap_grant_ref)
#define IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR     IOCTL_GNTDEV_(2, gntdev_get_offset_for_vaddr)
#define IOCTL_GNTDEV_SET_MAX_GRANTS           _IOC(_IOC_NONE, 'G', 3, sizeof(uint32_t))
#define IOCTL_GNTDEV_SET_UNMAP_NOTIFY         IOCTL_GNTDEV_(7, gntdev_unmap_notify)
#define IOCTL_GNTDEV_GRANT_COPY               IOCTL_GNTDEV_(8, gntdev_grant_copy)
#define IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS     IOCTL_GNTDEV_(9, gntdev_dmabuf_exp_from_refs)
#define IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED IOCTL_GNTDEV_(10, gntdev_dmabuf_exp_wait_released)
#define IOCTL_GNTDEV_DMABUF_IMP_TO_REFS       IOCTL_GNTDEV_(11, gntdev_dmabuf_imp_to_refs)
#define IOCTL_GNTDEV_DMABUF_IMP_RELEASE       IOCTL_GNTDEV_(12, gntdev_dmabuf_imp_release)

/* /dev/xen/gntalloc: pages of one's own, granted to others. */
struct gntalloc_alloc_gref {
    uint16_t domid, flags;
    uint32_t count;
    uint64_t index;
    uint32_t gref_ids[1]; /* count of them */
};

struct gntalloc_dealloc_gref {
    uint64_t index;
    uint32_t count;
};

#define GNTALLOC_FLAG_WRITABLE 1

#define IOCTL_GNTALLOC_ALLOC_GREF       IOCTL_GNTDEV_(5, gntalloc_alloc_gref)
#define IOCTL_GNTALLOC_DEALLOC_GREF     IOCTL_GNTDEV_(6, gntalloc_dealloc_gref)
#define IOCTL_GNTALLOC_SET_UNMAP_NOTIFY IOCTL_GNTDEV_(7, gntdev_unmap_notify)

#endif

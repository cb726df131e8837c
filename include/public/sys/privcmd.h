/* SPDX-License-Identifier: MIT */
/*
 * Linux's /dev/xen/privcmd: hypercalls and other domains' frames for programs. Linux's interface,
 * not the hypervisor's; ioctl requests and what they take.
 */
#ifndef PUBLIC_SYS_PRIVCMD_H
#define PUBLIC_SYS_PRIVCMD_H

#include <sys/ioctl.h>

#include "../types.h"

/* The call's result is the ioctl's: a long, which libc's ioctl() cuts to an int. */
typedef struct privcmd_hypercall {
    uint64_t op;
    uint64_t arg[5];
} privcmd_hypercall_t;

typedef struct privcmd_mmap_entry {
    uint64_t va;
    uint64_t mfn;
    uint64_t npages;
} privcmd_mmap_entry_t;

typedef struct privcmd_mmap {
    int num;
    domid_t dom;
    privcmd_mmap_entry_t *entry;
} privcmd_mmap_t;

typedef struct privcmd_mmapbatch {
    int num;
    domid_t dom;
    uint64_t addr;
    xen_pfn_t *arr; /* a frame that failed gets PRIVCMD_MMAPBATCH_*_ERROR */
} privcmd_mmapbatch_t;

#define PRIVCMD_MMAPBATCH_MFN_ERROR   0xf0000000U
#define PRIVCMD_MMAPBATCH_PAGED_ERROR 0x80000000U

/* Maps frames at addr, a mapping of the device. err[i]: 0 or a negative errno of frame i. */
typedef struct privcmd_mmapbatch_v2 {
    unsigned int num;
    domid_t dom;
    uint64_t addr;
    const xen_pfn_t *arr;
    int *err;
} privcmd_mmapbatch_v2_t;

typedef struct privcmd_dm_op_buf {
    void *uptr;
    size_t size;
} privcmd_dm_op_buf_t;

typedef struct privcmd_dm_op {
    domid_t dom;
    uint16_t num;
    const privcmd_dm_op_buf_t *ubufs;
} privcmd_dm_op_t;

/* Maps what the hypervisor keeps for a domain. addr and num 0: num is set to how many frames. */
typedef struct privcmd_mmap_resource {
    domid_t dom;
    uint32_t type;
    uint32_t id;
    uint32_t idx;
    uint64_t num;
    uint64_t addr;
} privcmd_mmap_resource_t;

#define PRIVCMD_IOC_(number, type)  _IOC(_IOC_NONE, 'P', number, sizeof(type))
#define IOCTL_PRIVCMD_HYPERCALL     PRIVCMD_IOC_(0, privcmd_hypercall_t)
#define IOCTL_PRIVCMD_MMAP          PRIVCMD_IOC_(2, privcmd_mmap_t)
#define IOCTL_PRIVCMD_MMAPBATCH     PRIVCMD_IOC_(3, privcmd_mmapbatch_t)
#define IOCTL_PRIVCMD_MMAPBATCH_V2  PRIVCMD_IOC_(4, privcmd_mmapbatch_v2_t)
#define IOCTL_PRIVCMD_DM_OP         PRIVCMD_IOC_(5, privcmd_dm_op_t)
#define IOCTL_PRIVCMD_RESTRICT      PRIVCMD_IOC_(6, domid_t)
#define IOCTL_PRIVCMD_MMAP_RESOURCE PRIVCMD_IOC_(7, privcmd_mmap_resource_t)
#define IOCTL_PRIVCMD_UNIMPLEMENTED _IOC(_IOC_NONE, 'P', 0xFF, 0) /* no kernel has it */

#endif

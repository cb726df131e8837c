/* SPDX-License-Identifier: MIT */
/*
 * kexec_op: another image in place of the hypervisor, at once or after a crash. The hypervisor answers
 * it as docs/abi.md says; tools that ask need the structures all the same.
 */
#ifndef PUBLIC_KEXEC_H
#define PUBLIC_KEXEC_H

#include "xen.h"

#define KEXEC_XEN_NO_PAGES 17

#define KEXEC_TYPE_DEFAULT 0
#define KEXEC_TYPE_CRASH   1

#define KEXEC_CMD_kexec           0
#define KEXEC_CMD_kexec_load_v1   1
#define KEXEC_CMD_kexec_unload_v1 2
#define KEXEC_CMD_kexec_get_range 3
#define KEXEC_CMD_kexec_load      4
#define KEXEC_CMD_kexec_unload    5
#define KEXEC_CMD_kexec_status    6

typedef struct xen_kexec_exec {
    int type; /* KEXEC_TYPE_* */
} xen_kexec_exec_t;

#define KEXEC_RANGE_MA_CRASH      0
#define KEXEC_RANGE_MA_XEN        1
#define KEXEC_RANGE_MA_CPU        2 /* the note of CPU nr */
#define KEXEC_RANGE_MA_XENHEAP    3
#define KEXEC_RANGE_MA_BOOT_PARAM 4
#define KEXEC_RANGE_MA_EFI_MEMMAP 5
#define KEXEC_RANGE_MA_VMCOREINFO 6
typedef struct xen_kexec_range {
    int range; /* KEXEC_RANGE_MA_* */
    int nr;
    unsigned long size; /* out, both, machine addresses */
    unsigned long start;
} xen_kexec_range_t;

typedef struct xen_kexec_segment {
    union {
        XEN_GUEST_HANDLE(const_void) h;
        uint64_t _pad;
    } buf;
    uint64_t buf_size;
    uint64_t dest_maddr;
    uint64_t dest_size; /* what buf does not fill is zero */
} xen_kexec_segment_t;
DEFINE_XEN_GUEST_HANDLE(xen_kexec_segment_t);

typedef struct xen_kexec_load {
    uint8_t type;
    uint8_t _pad;
    uint16_t arch; /* ELF's EM_* */
    uint32_t nr_segments;
    union {
        XEN_GUEST_HANDLE(xen_kexec_segment_t) h;
        uint64_t _pad;
    } segments;
    uint64_t entry_maddr;
} xen_kexec_load_t;
DEFINE_XEN_GUEST_HANDLE(xen_kexec_load_t);

typedef struct xen_kexec_unload {
    uint8_t type;
} xen_kexec_unload_t;
DEFINE_XEN_GUEST_HANDLE(xen_kexec_unload_t);

typedef struct xen_kexec_status {
    uint8_t type;
} xen_kexec_status_t;
DEFINE_XEN_GUEST_HANDLE(xen_kexec_status_t);

#endif

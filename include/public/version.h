/* SPDX-License-Identifier: MIT */
/* xen_version: what a guest may know of the hypervisor. Every string is NUL-terminated in its room.
 */
#ifndef PUBLIC_VERSION_H
#define PUBLIC_VERSION_H

#include "types.h"
#include "features.h"

#define XENVER_version             0 /* returns major << 16 | minor; no argument */
#define XENVER_extraversion        1
#define XENVER_compile_info        2
#define XENVER_capabilities        3
#define XENVER_changeset           4
#define XENVER_platform_parameters 5
#define XENVER_get_features        6
#define XENVER_pagesize            7 /* returns it; no argument */
#define XENVER_guest_handle        8 /* the domain's UUID */
#define XENVER_commandline         9
#define XENVER_build_id            10

typedef char xen_extraversion_t[16];
typedef char xen_capabilities_info_t[1024];
typedef char xen_changeset_info_t[64];
typedef char xen_commandline_t[1024];
#define XEN_EXTRAVERSION_LEN      (sizeof(xen_extraversion_t))
#define XEN_CAPABILITIES_INFO_LEN (sizeof(xen_capabilities_info_t))
#define XEN_CHANGESET_INFO_LEN    (sizeof(xen_changeset_info_t))

struct xen_compile_info {
    char compiler[64];
    char compile_by[16];
    char compile_domain[32];
    char compile_date[32];
};
typedef struct xen_compile_info xen_compile_info_t;

struct xen_platform_parameters {
    xen_ulong_t virt_start; /* where the hypervisor's part of the address space starts */
};
typedef struct xen_platform_parameters xen_platform_parameters_t;

struct xen_feature_info {
    unsigned int submap_idx;
    uint32_t submap; /* out: XENFEAT_* bits */
};
typedef struct xen_feature_info xen_feature_info_t;

struct xen_build_id {
    uint32_t len; /* room in buf */
    unsigned char buf[];
};
typedef struct xen_build_id xen_build_id_t;

#endif

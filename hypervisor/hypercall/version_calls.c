/* SPDX-License-Identifier: MIT */
/*
 * xen_version: what a guest may know of the hypervisor. The version is that of the interface that is spoken
 * here; what names a build is for the control domain only.
 */
#include <public/version.h>

#include "boot/boot.h"
#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "lib/string.h"
#include "memory/guest_copy.h"

#define INTERFACE_VERSION (4u << 16 | 17u)

static const char denied[] = "<denied>";

/* A string in a field of `room` bytes: padded with zeros, the last byte always one. */
static long put_string(u64 to, const char *text, u32 room)
{
    char field[1024];

    if (room > sizeof(field))
        room = sizeof(field);
    memset(field, 0, room);
    string_copy(field, text, room);
    return copy_to_guest(to, field, room) ? -EFAULT : 0;
}

static long compile_info(const struct domain *d, u64 to)
{
    struct xen_compile_info info;

    memset(&info, 0, sizeof(info));
    string_copy(info.compiler, d->privileged ? "gcc " __VERSION__ : denied, sizeof(info.compiler));
    string_copy(info.compile_by, d->privileged ? "mews" : denied, sizeof(info.compile_by));
    string_copy(info.compile_domain, d->privileged ? "" : denied, sizeof(info.compile_domain));
    string_copy(info.compile_date, d->privileged ? "" : denied, sizeof(info.compile_date));
    return copy_struct_to_guest(to, &info) ? -EFAULT : 0;
}

static long features(const struct vcpu *v, u64 at)
{
    struct xen_feature_info info;

    if (copy_struct_from_guest(&info, at))
        return -EFAULT;
    if (info.submap_idx)
        return -EINVAL;
    /* direct_mapped: a PV guest's machine frames are the devices' addresses */
    info.submap = 1u << XENFEAT_pae_pgdir_above_4gb | 1u << XENFEAT_highmem_assist | 1u << XENFEAT_mmu_pt_update_preserve_ad |
                  1u << XENFEAT_gnttab_map_avail_bits | 1u << XENFEAT_memory_op_vnode_supported |
                  1u << XENFEAT_direct_mapped;
    if (v->domain->privileged)
        info.submap |= 1u << XENFEAT_dom0;
    return copy_struct_to_guest(at, &info) ? -EFAULT : 0;
}

static __attribute__((noinline)) long other_version(struct vcpu *v, const u64 args[6])
{
    const struct domain *d = v->domain;
    u64 to = args[1];

    switch ((u32)args[0]) {
    case XENVER_extraversion: return put_string(to, d->privileged ? ".0-mews" : denied, XEN_EXTRAVERSION_LEN);
    case XENVER_compile_info: return compile_info(d, to);
    case XENVER_capabilities: return put_string(to, "xen-3.0-x86_64 ", XEN_CAPABILITIES_INFO_LEN);
    case XENVER_changeset: return put_string(to, d->privileged ? "" : denied, XEN_CHANGESET_INFO_LEN);
    case XENVER_platform_parameters: {
        struct xen_platform_parameters p = {.virt_start = HYPERVISOR_VIRT_START};

        return copy_struct_to_guest(to, &p) ? -EFAULT : 0;
    }
    case XENVER_get_features: return features(v, to);
    case XENVER_pagesize: return to ? -EINVAL : (long)PAGE_SIZE;
    case XENVER_guest_handle: return copy_to_guest(to, d->handle, sizeof(d->handle)) ? -EFAULT : 0;
    case XENVER_commandline:
        return put_string(to, d->privileged ? boot_words(boot_info.command_line) : denied,
                          sizeof(xen_commandline_t));
    case XENVER_build_id: return d->privileged ? -ENODATA : -EPERM; /* no build has one */
    default: return -ENOSYS;
    }
}

/* Guests call for the number alone whenever they want their events looked at: that way is short. */
long do_xen_version(struct vcpu *v, u64 args[6])
{
    return likely((u32)args[0] == XENVER_version) ? INTERFACE_VERSION : other_version(v, args);
}

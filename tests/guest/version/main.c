/* SPDX-License-Identifier: MIT */
/*
 * Theory: xen_version is what a kernel asks first. Its numbers must be 4.17's, its strings end
 * inside their room, its features be those that a 64-bit PV kernel relies on, and what it does not
 * know or cannot write be refused without a word written.
 */
#include <public/version.h>

#include "guest.h"

const char test_title[] = "version: xen_version and the hypercall page";

static void check_features(void)
{
    struct xen_feature_info info = {.submap_idx = 0};

    CHECK_OK(hypercall_xen_version(XENVER_get_features, &info));
    CHECK(info.submap & 1U << XENFEAT_mmu_pt_update_preserve_ad, "features are %#x", info.submap);
    CHECK(!(info.submap & 1U << XENFEAT_auto_translated_physmap), "features are %#x", info.submap);
    CHECK(!(info.submap & 1U << XENFEAT_writable_descriptor_tables), "features are %#x",
          info.submap);
    CHECK_EQ(info.submap >> XENFEAT_dom0 & 1, guest_is_dom0());
    info.submap_idx = XENFEAT_NR_SUBMAPS + 5;
    CHECK_ERROR(hypercall_xen_version(XENVER_get_features, &info), XEN_EINVAL);
}

static void check_strings(void)
{
    static char text[1024];
    struct xen_platform_parameters params = {0};
    xen_domain_handle_t uuid;

    memset(text, 0x55, sizeof(text));
    CHECK_OK(hypercall_xen_version(XENVER_extraversion, text));
    CHECK(strlen(text) < sizeof(xen_extraversion_t), "extraversion does not end");
    memset(text, 0x55, sizeof(text));
    CHECK(hypercall_xen_version(XENVER_capabilities, text) >= 0, "no capabilities");
    CHECK(!strncmp(text, "xen-3.0-x86_64", 14), "capabilities are %s", text);
    CHECK_OK(hypercall_xen_version(XENVER_platform_parameters, &params));
    CHECK_EQ(params.virt_start, HYPERVISOR_VIRT_START);
    CHECK_OK(hypercall_xen_version(XENVER_guest_handle, uuid));
}

void test_main(void)
{
    CHECK_EQ(hypercall_xen_version(XENVER_version, NULL), 4 << 16 | 17);
    CHECK_EQ(hypercall_xen_version(XENVER_pagesize, NULL), 4096);
    check_features();
    check_strings();
    CHECK_ERROR(hypercall_xen_version(99, NULL), XEN_ENOSYS);
    CHECK_ERROR(hypercall_xen_version(XENVER_extraversion, 16), XEN_EFAULT);
    CHECK_ERROR(hypercall_xen_version(XENVER_extraversion, HYPERVISOR_VIRT_START + 0x800000),
                XEN_EFAULT);
}

/* SPDX-License-Identifier: MIT */
/*
 * Theory: dom0's privileged calls demand their interface version, and name domains that exist: what
 * is wrong is an errno, and a question about itself is answered. In a VPS they are all refused.
 */
#include <public/domctl.h>
#include <public/platform.h>
#include <public/sysctl.h>

#include "guest.h"

const char test_title[] = "dom0-calls: domctl, sysctl and platform_op";

static struct xen_domctl domctl;
static struct xen_sysctl sysctl;
static struct xen_platform_op platform;

static long do_domctl(uint32_t command, domid_t domain)
{
    domctl.cmd = command;
    domctl.domain = domain;
    domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    return HYPERCALL1(__HYPERVISOR_domctl, &domctl);
}

static long do_sysctl(uint32_t command)
{
    sysctl.cmd = command;
    sysctl.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return HYPERCALL1(__HYPERVISOR_sysctl, &sysctl);
}

static void check_vps(void)
{
    CHECK_REFUSED(do_domctl(XEN_DOMCTL_getdomaininfo, 0));
    CHECK_REFUSED(do_domctl(XEN_DOMCTL_pausedomain, 0));
    CHECK_REFUSED(do_domctl(XEN_DOMCTL_createdomain, 0));
    CHECK_REFUSED(do_sysctl(XEN_SYSCTL_physinfo));
    platform.cmd = XENPF_get_cpuinfo;
    platform.interface_version = XENPF_INTERFACE_VERSION;
    CHECK_REFUSED(HYPERCALL1(__HYPERVISOR_platform_op, &platform));
}

static void check_domctl(void)
{
    CHECK_OK(do_domctl(XEN_DOMCTL_getdomaininfo, 0));
    CHECK_EQ(domctl.u.getdomaininfo.domain, 0);
    CHECK(domctl.u.getdomaininfo.tot_pages >= start_info->nr_pages / 2, "%lu pages",
          domctl.u.getdomaininfo.tot_pages);
    CHECK(!(domctl.u.getdomaininfo.flags &
            (XEN_DOMINF_dying | XEN_DOMINF_shutdown | XEN_DOMINF_paused)),
          "flags are %#x", domctl.u.getdomaininfo.flags);
    CHECK_REFUSED(do_domctl(XEN_DOMCTL_pausedomain, 1234));
    CHECK_REFUSED(do_domctl(XEN_DOMCTL_destroydomain, 1234));
    CHECK_REFUSED(do_domctl(XEN_DOMCTL_destroydomain, 0)); /* itself */
    CHECK_REFUSED(do_domctl(XEN_DOMCTL_pausedomain, 0));
    CHECK_REFUSED(do_domctl(9999, 0));
    domctl.cmd = XEN_DOMCTL_getdomaininfo;
    domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION + 1;
    CHECK_ERROR(HYPERCALL1(__HYPERVISOR_domctl, &domctl), XEN_EACCES);
    CHECK_ERROR(HYPERCALL1(__HYPERVISOR_domctl, 8), XEN_EFAULT);
}

static void check_sysctl(void)
{
    CHECK_OK(do_sysctl(XEN_SYSCTL_physinfo));
    CHECK_EQ(sysctl.u.physinfo.nr_cpus, 1);
    CHECK(sysctl.u.physinfo.total_pages > 0x10000, "%lu pages in all",
          sysctl.u.physinfo.total_pages);
    CHECK(sysctl.u.physinfo.free_pages < sysctl.u.physinfo.total_pages, "%lu pages are free",
          sysctl.u.physinfo.free_pages);
    CHECK_REFUSED(do_sysctl(9999));
    sysctl.cmd = XEN_SYSCTL_physinfo;
    sysctl.interface_version = XEN_SYSCTL_INTERFACE_VERSION - 1;
    CHECK_ERROR(HYPERCALL1(__HYPERVISOR_sysctl, &sysctl), XEN_EACCES);
    CHECK_ERROR(HYPERCALL1(__HYPERVISOR_sysctl, 8), XEN_EFAULT);
}

static void check_platform(void)
{
    memset(&platform, 0, sizeof(platform));
    platform.cmd = XENPF_get_cpuinfo;
    platform.interface_version = XENPF_INTERFACE_VERSION;
    CHECK_OK(HYPERCALL1(__HYPERVISOR_platform_op, &platform));
    CHECK(platform.u.pcpu_info.flags & XEN_PCPU_FLAGS_ONLINE, "CPU 0 is not online");
    platform.cmd = 9999;
    CHECK_REFUSED(HYPERCALL1(__HYPERVISOR_platform_op, &platform));
    platform.cmd = XENPF_get_cpuinfo;
    platform.interface_version = 1;
    CHECK_ERROR(HYPERCALL1(__HYPERVISOR_platform_op, &platform), XEN_EACCES);
}

void test_main(void)
{
    if (!guest_is_dom0()) {
        check_vps();
        return;
    }
    check_domctl();
    check_sysctl();
    check_platform();
}

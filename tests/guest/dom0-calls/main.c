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
    CHECK_OK(do_domctl(XEN_DOMCTL_get_address_size, 0));
    CHECK_EQ(domctl.u.address_size.size, 64);
    CHECK_REFUSED(do_domctl(XEN_DOMCTL_set_cpu_policy, 0)); /* itself */
    domctl.cmd = XEN_DOMCTL_getdomaininfo;
    domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION + 1;
    CHECK_ERROR(HYPERCALL1(__HYPERVISOR_domctl, &domctl), XEN_EACCES);
    CHECK_ERROR(HYPERCALL1(__HYPERVISOR_domctl, 8), XEN_EFAULT);
}

/* Leaves come in ascending order from leaf 0 on, no more than there is room for. */
static void check_cpu_policy(void)
{
    static xen_cpuid_leaf_t leaves[256];
    static xen_msr_entry_t msrs[16];
    struct xen_sysctl_cpu_policy *p = &sysctl.u.cpu_policy;
    uint32_t most;

    memset(&sysctl, 0, sizeof(sysctl));
    p->index = XEN_SYSCTL_cpu_policy_pv_default;
    CHECK_OK(do_sysctl(XEN_SYSCTL_get_cpu_policy));
    most = p->nr_leaves;
    CHECK(most > 20 && most <= 256 && p->nr_msrs <= 16, "at most %u leaves, %u MSRs", most, p->nr_msrs);
    p->leaves.p = leaves;
    p->msrs.p = msrs;
    CHECK_OK(do_sysctl(XEN_SYSCTL_get_cpu_policy));
    CHECK(p->nr_leaves > 20 && p->nr_leaves <= most, "%u leaves of %u", p->nr_leaves, most);
    for (uint32_t i = 1; i < p->nr_leaves; i++)
        CHECK(leaves[i].leaf > leaves[i - 1].leaf ||
                  (leaves[i].leaf == leaves[i - 1].leaf && leaves[i].subleaf > leaves[i - 1].subleaf),
              "leaf %#x.%#x at %u", leaves[i].leaf, leaves[i].subleaf, i);
    CHECK_EQ(leaves[0].leaf, 0);
    memset(&leaves[2], 0x55, sizeof(leaves[2]));
    p->nr_leaves = 2;
    CHECK_ERROR(do_sysctl(XEN_SYSCTL_get_cpu_policy), XEN_ENOBUFS);
    CHECK_EQ(leaves[2].leaf, 0x55555555);
    p->nr_leaves = most;
    p->leaves.p = (void *)8;
    CHECK_ERROR(do_sysctl(XEN_SYSCTL_get_cpu_policy), XEN_EFAULT);
    p->index = 77;
    CHECK_ERROR(do_sysctl(XEN_SYSCTL_get_cpu_policy), XEN_EINVAL);
}

/* What xl asks before it makes a domain: one pool, one node, a log that begins somewhere. */
static void check_machine(void)
{
    static char text[64];
    static uint8_t cpus[8];
    static uint32_t features[32];
    uint32_t first;

    memset(&sysctl, 0, sizeof(sysctl));
    sysctl.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_INFO;
    sysctl.u.cpupool_op.cpumap.bitmap.p = cpus;
    sysctl.u.cpupool_op.cpumap.nr_bits = 64;
    CHECK_OK(do_sysctl(XEN_SYSCTL_cpupool_op));
    CHECK_EQ(cpus[0], 1);
    CHECK_EQ(sysctl.u.cpupool_op.n_dom, 1);
    sysctl.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_INFO;
    sysctl.u.cpupool_op.cpupool_id = 1;
    CHECK_ERROR(do_sysctl(XEN_SYSCTL_cpupool_op), XEN_ENOENT);

    memset(&sysctl, 0, sizeof(sysctl));
    CHECK_OK(do_sysctl(XEN_SYSCTL_numainfo));
    CHECK_EQ(sysctl.u.numainfo.num_nodes, 1);

    memset(&sysctl, 0, sizeof(sysctl));
    sysctl.u.cpu_featureset.index = XEN_SYSCTL_cpu_featureset_pv;
    sysctl.u.cpu_featureset.nr_features = 32;
    sysctl.u.cpu_featureset.features.p = features;
    CHECK_OK(do_sysctl(XEN_SYSCTL_get_cpu_featureset));
    CHECK(features[0] >> 26 & 1, "no SSE2 in %#x", features[0]);
    sysctl.u.cpu_featureset.features.p = (void *)8;
    CHECK_ERROR(do_sysctl(XEN_SYSCTL_get_cpu_featureset), XEN_EFAULT);

    memset(&sysctl, 0, sizeof(sysctl));
    sysctl.u.readconsole.buffer.p = text;
    sysctl.u.readconsole.count = sizeof(text);
    CHECK_OK(do_sysctl(XEN_SYSCTL_readconsole));
    CHECK_EQ(sysctl.u.readconsole.count, sizeof(text));
    first = sysctl.u.readconsole.index;
    sysctl.u.readconsole.incremental = 1;
    sysctl.u.readconsole.count = 8;
    CHECK_OK(do_sysctl(XEN_SYSCTL_readconsole));
    CHECK_EQ(sysctl.u.readconsole.count, 8);
    CHECK_EQ(sysctl.u.readconsole.index, first + 8);
    sysctl.u.readconsole.buffer.p = (void *)8;
    CHECK_ERROR(do_sysctl(XEN_SYSCTL_readconsole), XEN_EFAULT);
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
    check_cpu_policy();
    check_machine();
    check_platform();
}

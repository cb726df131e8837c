/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl: vcpus, where they run, and the nodes that a domain prefers, see xenctrl.h. It must never
 * change a context that it carries.
 */
#include <errno.h>
#include <string.h>

#include "ctrl.h"

int xc_vcpu_getinfo(xc_interface *xch, uint32_t domid, uint32_t vcpu, xc_vcpuinfo_t *info)
{
    struct xen_domctl op = {0};
    int ret;

    op.u.getvcpuinfo.vcpu = vcpu;
    ret = ctrl_domctl(xch, XEN_DOMCTL_getvcpuinfo, domid, &op);
    *info = op.u.getvcpuinfo;
    return ret;
}

long long xc_domain_get_cpu_usage(xc_interface *xch, uint32_t domid, int vcpu)
{
    xc_vcpuinfo_t info;

    if (xc_vcpu_getinfo(xch, domid, (uint32_t)vcpu, &info) < 0)
        return -1;
    return (long long)info.cpu_time;
}

static int context_call(xc_interface *xch, uint32_t cmd, uint32_t domid, uint32_t vcpu,
                        vcpu_guest_context_any_t *ctxt)
{
    struct xen_domctl op = {0};
    struct ctrl_copy c;
    int ret;

    if (ctrl_copy_in(xch, &c, ctxt, sizeof(*ctxt)))
        return -1;
    op.u.vcpucontext.vcpu = vcpu;
    set_xen_guest_handle_raw(op.u.vcpucontext.ctxt, c.at);
    ret = ctrl_domctl(xch, cmd, domid, &op);
    ctrl_copy_end(xch, &c, cmd == XEN_DOMCTL_getvcpucontext && ret >= 0);
    return ret;
}

int xc_vcpu_getcontext(xc_interface *xch, uint32_t domid, uint32_t vcpu, vcpu_guest_context_any_t *ctxt)
{
    return context_call(xch, XEN_DOMCTL_getvcpucontext, domid, vcpu, ctxt);
}

/* NULL leaves the vcpu without a context: it is reset. */
int xc_vcpu_setcontext(xc_interface *xch, uint32_t domid, uint32_t vcpu, vcpu_guest_context_any_t *ctxt)
{
    return context_call(xch, XEN_DOMCTL_setvcpucontext, domid, vcpu, ctxt);
}

static int hvm_context(xc_interface *xch, uint32_t cmd, uint32_t domid, uint8_t *buffer, uint32_t size)
{
    struct xen_domctl op = {0};
    struct ctrl_copy c;
    int ret;

    if (ctrl_copy_in(xch, &c, buffer, size))
        return -1;
    op.u.hvmcontext.size = size;
    set_xen_guest_handle_raw(op.u.hvmcontext.buffer, c.at);
    ret = ctrl_domctl(xch, cmd, domid, &op);
    ctrl_copy_end(xch, &c, cmd == XEN_DOMCTL_gethvmcontext && ret >= 0);
    return ret ? ret : (int)op.u.hvmcontext.size;
}

int xc_domain_hvm_getcontext(xc_interface *xch, uint32_t domid, uint8_t *ctxt_buf, uint32_t size)
{
    return hvm_context(xch, XEN_DOMCTL_gethvmcontext, domid, ctxt_buf, size);
}

int xc_domain_hvm_setcontext(xc_interface *xch, uint32_t domid, uint8_t *hvm_ctxt, uint32_t size)
{
    int ret = hvm_context(xch, XEN_DOMCTL_sethvmcontext, domid, hvm_ctxt, size);

    return ret < 0 ? ret : 0;
}

int xc_domain_hvm_getcontext_partial(xc_interface *xch, uint32_t domid, uint16_t typecode,
                                     uint16_t instance, void *ctxt_buf, uint32_t size)
{
    struct xen_domctl op = {0};
    struct ctrl_copy c;
    int ret;

    if (!ctxt_buf) {
        errno = EINVAL;
        return -1;
    }
    if (ctrl_copy_in(xch, &c, ctxt_buf, size))
        return -1;
    op.u.hvmcontext_partial.type = typecode;
    op.u.hvmcontext_partial.instance = instance;
    op.u.hvmcontext_partial.bufsz = size;
    set_xen_guest_handle_raw(op.u.hvmcontext_partial.buffer, c.at);
    ret = ctrl_domctl(xch, XEN_DOMCTL_gethvmcontext_partial, domid, &op);
    ctrl_copy_end(xch, &c, ret >= 0);
    return ret;
}

static int affinity_call(xc_interface *xch, uint32_t cmd, uint32_t domid, int vcpu, xc_cpumap_t hard,
                         xc_cpumap_t soft, uint32_t flags)
{
    int size = xc_get_cpumap_size(xch);
    struct ctrl_copy hards, softs;
    struct xen_domctl op = {0};
    int ret;

    if (size <= 0)
        return -1;
    if (ctrl_copy_in(xch, &hards, flags & XEN_VCPUAFFINITY_HARD ? hard : NULL, (size_t)size))
        return -1;
    if (ctrl_copy_in(xch, &softs, flags & XEN_VCPUAFFINITY_SOFT ? soft : NULL, (size_t)size)) {
        ctrl_copy_end(xch, &hards, false);
        return -1;
    }
    op.u.vcpuaffinity.vcpu = (uint32_t)vcpu;
    op.u.vcpuaffinity.flags = flags;
    op.u.vcpuaffinity.cpumap_hard.nr_bits = (uint32_t)size * 8;
    op.u.vcpuaffinity.cpumap_soft.nr_bits = (uint32_t)size * 8;
    set_xen_guest_handle_raw(op.u.vcpuaffinity.cpumap_hard.bitmap, hards.at);
    set_xen_guest_handle_raw(op.u.vcpuaffinity.cpumap_soft.bitmap, softs.at);
    ret = ctrl_domctl(xch, cmd, domid, &op);
    ctrl_copy_end(xch, &softs, ret >= 0);
    ctrl_copy_end(xch, &hards, ret >= 0);
    return ret;
}

int xc_vcpu_setaffinity(xc_interface *xch, uint32_t domid, int vcpu, xc_cpumap_t cpumap_hard_inout,
                        xc_cpumap_t cpumap_soft_inout, uint32_t flags)
{
    return affinity_call(xch, XEN_DOMCTL_setvcpuaffinity, domid, vcpu, cpumap_hard_inout,
                         cpumap_soft_inout, flags);
}

int xc_vcpu_getaffinity(xc_interface *xch, uint32_t domid, int vcpu, xc_cpumap_t cpumap_hard,
                        xc_cpumap_t cpumap_soft, uint32_t flags)
{
    return affinity_call(xch, XEN_DOMCTL_getvcpuaffinity, domid, vcpu, cpumap_hard, cpumap_soft, flags);
}

static int node_affinity(xc_interface *xch, uint32_t cmd, uint32_t domid, xc_nodemap_t map)
{
    int size = xc_get_nodemap_size(xch);
    struct xen_domctl op = {0};
    struct ctrl_copy c;
    int ret;

    if (size <= 0 || ctrl_copy_in(xch, &c, map, (size_t)size))
        return -1;
    op.u.nodeaffinity.nodemap.nr_bits = (uint32_t)size * 8;
    set_xen_guest_handle_raw(op.u.nodeaffinity.nodemap.bitmap, c.at);
    ret = ctrl_domctl(xch, cmd, domid, &op);
    ctrl_copy_end(xch, &c, cmd == XEN_DOMCTL_getnodeaffinity && ret >= 0);
    return ret;
}

int xc_domain_node_setaffinity(xc_interface *xch, uint32_t domind, xc_nodemap_t nodemap)
{
    return node_affinity(xch, XEN_DOMCTL_setnodeaffinity, domind, nodemap);
}

int xc_domain_node_getaffinity(xc_interface *xch, uint32_t domind, xc_nodemap_t nodemap)
{
    return node_affinity(xch, XEN_DOMCTL_getnodeaffinity, domind, nodemap);
}

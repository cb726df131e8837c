/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl: what the machine is and does, and the bitmaps of its CPUs and nodes, see xenctrl.h. It must
 * never name a domain.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl.h"

int xc_physinfo(xc_interface *xch, xc_physinfo_t *info)
{
    struct xen_sysctl op = {0};
    int ret;

    op.u.physinfo = *info;
    ret = ctrl_sysctl(xch, XEN_SYSCTL_physinfo, &op);
    if (ret >= 0)
        *info = op.u.physinfo;
    return ret < 0 ? ret : 0;
}

int xc_get_max_cpus(xc_interface *xch)
{
    xc_physinfo_t info = {0};

    return xc_physinfo(xch, &info) ? -1 : (int)info.max_cpu_id + 1;
}

int xc_get_online_cpus(xc_interface *xch)
{
    xc_physinfo_t info = {0};

    return xc_physinfo(xch, &info) ? -1 : (int)info.nr_cpus;
}

int xc_get_max_nodes(xc_interface *xch)
{
    xc_physinfo_t info = {0};

    return xc_physinfo(xch, &info) ? -1 : (int)info.max_node_id + 1;
}

int ctrl_map_size(int bits)
{
    return bits < 0 ? bits : (bits + 7) / 8;
}

int xc_get_cpumap_size(xc_interface *xch)
{
    return ctrl_map_size(xc_get_max_cpus(xch));
}

int xc_get_nodemap_size(xc_interface *xch)
{
    return ctrl_map_size(xc_get_max_nodes(xch));
}

xc_cpumap_t xc_cpumap_alloc(xc_interface *xch)
{
    int size = xc_get_cpumap_size(xch);

    return size <= 0 ? NULL : calloc(1, (size_t)size);
}

xc_nodemap_t xc_nodemap_alloc(xc_interface *xch)
{
    int size = xc_get_nodemap_size(xch);

    return size <= 0 ? NULL : calloc(1, (size_t)size);
}

void xc_cpumap_clearcpu(int cpu, xc_cpumap_t map)
{
    map[cpu / 8] &= (uint8_t)~(1u << (cpu % 8));
}

void xc_cpumap_setcpu(int cpu, xc_cpumap_t map)
{
    map[cpu / 8] |= (uint8_t)(1u << (cpu % 8));
}

int xc_cpumap_testcpu(int cpu, xc_cpumap_t map)
{
    return map[cpu / 8] >> (cpu % 8) & 1;
}

int xc_cputopoinfo(xc_interface *xch, unsigned *max_cpus, xc_cputopo_t *cputopo)
{
    struct xen_sysctl op = {0};
    struct ctrl_copy c;
    int ret;

    if (ctrl_copy_in(xch, &c, cputopo, *max_cpus * sizeof(*cputopo)))
        return -1;
    op.u.cputopoinfo.num_cpus = *max_cpus;
    set_xen_guest_handle_raw(op.u.cputopoinfo.cputopo, c.at);
    ret = ctrl_sysctl(xch, XEN_SYSCTL_cputopoinfo, &op);
    ctrl_copy_end(xch, &c, ret >= 0);
    if (ret < 0)
        return ret;
    *max_cpus = op.u.cputopoinfo.num_cpus;
    return 0;
}

int xc_numainfo(xc_interface *xch, unsigned *max_nodes, xc_meminfo_t *meminfo, uint32_t *distance)
{
    size_t nodes = *max_nodes;
    struct ctrl_copy memory, distances;
    struct xen_sysctl op = {0};
    int ret;

    if (ctrl_copy_in(xch, &memory, meminfo, nodes * sizeof(*meminfo)))
        return -1;
    if (ctrl_copy_in(xch, &distances, distance, nodes * nodes * sizeof(*distance))) {
        ctrl_copy_end(xch, &memory, false);
        return -1;
    }
    op.u.numainfo.num_nodes = *max_nodes;
    set_xen_guest_handle_raw(op.u.numainfo.meminfo, memory.at);
    set_xen_guest_handle_raw(op.u.numainfo.distance, distances.at);
    ret = ctrl_sysctl(xch, XEN_SYSCTL_numainfo, &op);
    ctrl_copy_end(xch, &distances, ret >= 0);
    ctrl_copy_end(xch, &memory, ret >= 0);
    if (ret < 0)
        return ret;
    *max_nodes = op.u.numainfo.num_nodes;
    return 0;
}

/* The hypervisor may answer for some of the devices: then it is asked for the others. */
int xc_pcitopoinfo(xc_interface *xch, unsigned num_devs, physdev_pci_device_t *devs, uint32_t *nodes)
{
    struct ctrl_copy devices, answers;
    unsigned int done = 0;
    int ret = 0;

    if (ctrl_copy_in(xch, &devices, devs, num_devs * sizeof(*devs)))
        return -1;
    if (ctrl_copy_in(xch, &answers, nodes, num_devs * sizeof(*nodes))) {
        ctrl_copy_end(xch, &devices, false);
        return -1;
    }
    while (ret >= 0 && done < num_devs) {
        struct xen_sysctl op = {0};

        op.u.pcitopoinfo.num_devs = num_devs - done;
        set_xen_guest_handle_raw(op.u.pcitopoinfo.devs, (physdev_pci_device_t *)devices.at + done);
        set_xen_guest_handle_raw(op.u.pcitopoinfo.nodes, (uint32_t *)answers.at + done);
        ret = ctrl_sysctl(xch, XEN_SYSCTL_pcitopoinfo, &op);
        if (ret >= 0 && (!op.u.pcitopoinfo.num_devs || op.u.pcitopoinfo.num_devs > num_devs - done)) {
            errno = EPROTO;
            ret = -1;
        }
        done += op.u.pcitopoinfo.num_devs;
    }
    ctrl_copy_end(xch, &answers, ret >= 0);
    ctrl_copy_end(xch, &devices, false);
    return ret < 0 ? ret : 0;
}

int xc_getcpuinfo(xc_interface *xch, int max_cpus, xc_cpuinfo_t *info, int *nr_cpus)
{
    struct xen_sysctl op = {0};
    struct ctrl_copy c;
    int ret;

    if (ctrl_copy_in(xch, &c, info, (size_t)max_cpus * sizeof(*info)))
        return -1;
    op.u.getcpuinfo.max_cpus = (uint32_t)max_cpus;
    set_xen_guest_handle_raw(op.u.getcpuinfo.info, c.at);
    ret = ctrl_sysctl(xch, XEN_SYSCTL_getcpuinfo, &op);
    ctrl_copy_end(xch, &c, ret >= 0);
    if (ret >= 0 && nr_cpus)
        *nr_cpus = (int)op.u.getcpuinfo.nr_cpus;
    return ret;
}

int xc_availheap(xc_interface *xch, int min_width, int max_width, int node, uint64_t *bytes)
{
    struct xen_sysctl op = {0};
    int ret;

    op.u.availheap.min_bitwidth = (uint32_t)min_width;
    op.u.availheap.max_bitwidth = (uint32_t)max_width;
    op.u.availheap.node = node;
    ret = ctrl_sysctl(xch, XEN_SYSCTL_availheap, &op);
    *bytes = op.u.availheap.avail_bytes;
    return ret;
}

int xc_maximum_ram_page(xc_interface *xch, unsigned long *max_mfn)
{
    long ret = xc_memory_op(xch, XENMEM_maximum_ram_page, NULL, 0);

    if (ret < 0)
        return -1;
    *max_mfn = (unsigned long)ret;
    return 0;
}

int xc_microcode_update(xc_interface *xch, const void *buf, size_t len)
{
    struct xen_platform_op op = {.cmd = XENPF_microcode_update};
    struct ctrl_copy c;
    int ret;

    if (ctrl_copy_in(xch, &c, buf, len))
        return -1;
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.microcode.length = (uint32_t)len;
    set_xen_guest_handle_raw(op.u.microcode.data, c.at);
    {
        struct ctrl_copy call;

        ret = ctrl_copy_in(xch, &call, &op, sizeof(op));
        if (!ret)
            ret = xencall1(xch->call, __HYPERVISOR_platform_op, (uintptr_t)call.at);
        ctrl_copy_end(xch, &call, false);
    }
    ctrl_copy_end(xch, &c, false);
    return ret;
}

static int cpu_hotplug(xc_interface *xch, uint32_t cpu, uint32_t what)
{
    struct xen_sysctl op = {0};

    op.u.cpu_hotplug.cpu = cpu;
    op.u.cpu_hotplug.op = what;
    return ctrl_sysctl(xch, XEN_SYSCTL_cpu_hotplug, &op);
}

int xc_cpu_online(xc_interface *xch, int cpu)
{
    return cpu_hotplug(xch, (uint32_t)cpu, XEN_SYSCTL_CPU_HOTPLUG_ONLINE);
}

int xc_cpu_offline(xc_interface *xch, int cpu)
{
    return cpu_hotplug(xch, (uint32_t)cpu, XEN_SYSCTL_CPU_HOTPLUG_OFFLINE);
}

int xc_smt_enable(xc_interface *xch)
{
    return cpu_hotplug(xch, 0, XEN_SYSCTL_CPU_HOTPLUG_SMT_ENABLE);
}

int xc_smt_disable(xc_interface *xch)
{
    return cpu_hotplug(xch, 0, XEN_SYSCTL_CPU_HOTPLUG_SMT_DISABLE);
}

int xc_readconsolering(xc_interface *xch, char *buffer, unsigned int *pnr_chars, int clear,
                       int incremental, uint32_t *pindex)
{
    struct xen_sysctl op = {0};
    struct ctrl_copy c;
    int ret;

    if (ctrl_copy_in(xch, &c, buffer, *pnr_chars))
        return -1;
    op.u.readconsole.clear = (uint8_t)clear;
    op.u.readconsole.incremental = (uint8_t)incremental;
    op.u.readconsole.index = pindex ? *pindex : 0;
    op.u.readconsole.count = *pnr_chars;
    set_xen_guest_handle_raw(op.u.readconsole.buffer, c.at);
    ret = ctrl_sysctl(xch, XEN_SYSCTL_readconsole, &op);
    ctrl_copy_end(xch, &c, ret >= 0);
    if (ret < 0)
        return ret;
    *pnr_chars = op.u.readconsole.count;
    if (pindex)
        *pindex = op.u.readconsole.index;
    return 0;
}

int xc_send_debug_keys(xc_interface *xch, const char *keys)
{
    struct xen_sysctl op = {0};
    struct ctrl_copy c;
    int ret;

    if (ctrl_copy_in(xch, &c, keys, strlen(keys)))
        return -1;
    op.u.debug_keys.nr_keys = (uint32_t)c.size;
    set_xen_guest_handle_raw(op.u.debug_keys.keys, c.at);
    ret = ctrl_sysctl(xch, XEN_SYSCTL_debug_keys, &op);
    ctrl_copy_end(xch, &c, false);
    return ret;
}

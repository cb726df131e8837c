/* SPDX-License-Identifier: MIT */
/*
 * The calls that a control domain has for devices, the platform, domains and the machine: versions, sizes, commands, domains
 * that are not there. One domain is made and ended. To any other domain all of it is refused.
 */
#include <public/domctl.h>
#include <public/physdev.h>
#include <public/platform.h>
#include <public/sysctl.h>

#include "diff.h"

/* ---- physdev_op ---- */

#define PHYSDEV(name, command, ...) WITH("physdev/" name, physdev_op, (__VA_ARGS__), PHYSDEVOP_##command, IN)
#define PHYSDEV_AT(name, command, pointer) CALL("physdev/" name, physdev_op, PHYSDEVOP_##command, pointer)

static long map_gsi(unsigned int gsi, int pirq)
{
    struct physdev_map_pirq map = {
        .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = (int)gsi, .pirq = pirq};
    struct physdev_unmap_pirq unmap = {.domid = DOMID_SELF};
    long result = hypercall_physdev_op(PHYSDEVOP_map_pirq, &map);

    if (result)
        return result;
    note(" %s", map.pirq == (int)gsi ? "as its number" : "as another");
    unmap.pirq = map.pirq;
    note_value("unmap", hypercall_physdev_op(PHYSDEVOP_unmap_pirq, &unmap));
    return result;
}
static long map_gsi_7(void)
{
    return map_gsi(7, 7);
}
static long map_gsi_any(void)
{
    return map_gsi(7, -1);
}
static long map_gsi_high(void)
{
    return map_gsi(1000, -1);
}

const struct row rows_physdev[] = {
    PHYSDEV("iopl-4", set_iopl, (struct physdev_set_iopl){.iopl = 4}),
    PHYSDEV("iopl-3", set_iopl, (struct physdev_set_iopl){.iopl = 3}),
    PHYSDEV("iopl-1", set_iopl, (struct physdev_set_iopl){.iopl = 1}),
    PHYSDEV_AT("iopl-null", set_iopl, 0),
    WITH("physdev/bitmap", physdev_op, ((uint64_t[2]){GOOD, 65536}), PHYSDEVOP_set_iobitmap, IN),
    WITH("physdev/bitmap-many", physdev_op, ((uint64_t[2]){GOOD, 65537}), PHYSDEVOP_set_iobitmap, IN),
    WITH("physdev/bitmap-hypervisor", physdev_op, ((uint64_t[2]){HV, 65536}), PHYSDEVOP_set_iobitmap, IN),
    WITH("physdev/bitmap-none", physdev_op, ((uint64_t[2]){0, 0}), PHYSDEVOP_set_iobitmap, IN),
    PHYSDEV_AT("bitmap-null", set_iobitmap, 0),
    PHYSDEV("eoi-high", eoi, (struct physdev_eoi){.irq = 0xffffffffu}),
    PHYSDEV("eoi-unbound", eoi, (struct physdev_eoi){.irq = 9}),
    PHYSDEV_AT("eoi-null", eoi, 0),
    PHYSDEV("status-high", irq_status_query, (struct physdev_irq_status_query){.irq = 0xffffffffu}),
    PHYSDEV_AT("status-null", irq_status_query, 0),
    PHYSDEV("apic-read-wrong", apic_read, (struct physdev_apic){.apic_physbase = 0x1000}),
    PHYSDEV_AT("apic-read-null", apic_read, 0),
    PHYSDEV_AT("apic-write-null", apic_write, 0),
    PHYSDEV("vector-high", alloc_irq_vector, (struct physdev_irq){.irq = 0xffffffffu}),
    RUN("physdev/map-gsi", map_gsi_7),
    RUN("physdev/map-gsi-any", map_gsi_any),
    RUN("physdev/map-gsi-high", map_gsi_high),
    PHYSDEV("map-nobody", map_pirq, (struct physdev_map_pirq){.domid = NOBODY, .type = MAP_PIRQ_TYPE_GSI, .pirq = -1}),
    PHYSDEV("map-type-2", map_pirq, (struct physdev_map_pirq){.domid = DOMID_SELF, .type = 2, .pirq = -1}),
    PHYSDEV("map-gsi-negative", map_pirq,
            (struct physdev_map_pirq){.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = -5, .pirq = -1}),
    PHYSDEV("map-msi-no-device", map_pirq,
            (struct physdev_map_pirq){.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_MSI, .index = -1, .pirq = -1,
                                      .bus = 200}),
    PHYSDEV_AT("map-null", map_pirq, 0),
    PHYSDEV("unmap-none", unmap_pirq, (struct physdev_unmap_pirq){.domid = DOMID_SELF, .pirq = 900}),
    PHYSDEV("unmap-negative", unmap_pirq, (struct physdev_unmap_pirq){.domid = DOMID_SELF, .pirq = -1}),
    PHYSDEV("unmap-nobody", unmap_pirq, (struct physdev_unmap_pirq){.domid = NOBODY, .pirq = 7}),
    PHYSDEV_AT("unmap-null", unmap_pirq, 0),
    PHYSDEV("setup-gsi-high", setup_gsi, (struct physdev_setup_gsi){.gsi = 1000}),
    PHYSDEV("setup-gsi-negative", setup_gsi, (struct physdev_setup_gsi){.gsi = -1}),
    PHYSDEV_AT("free-pirq-null", get_free_pirq, 0),
    PHYSDEV_AT("mmcfg-null", pci_mmcfg_reserved, 0),
    PHYSDEV_AT("device-add-null", pci_device_add, 0),
    PHYSDEV("device-remove-none", pci_device_remove, (struct physdev_pci_device){.bus = 200}),
    PHYSDEV_AT("device-remove-null", pci_device_remove, 0),
    PHYSDEV("msix-prepare-none", prepare_msix, (struct physdev_pci_device){.bus = 200}),
    PHYSDEV("restore-none", restore_msi_ext, (struct physdev_pci_device){.bus = 200}),
    PHYSDEV_AT("restore-null", restore_msi_ext, 0),
    PHYSDEV_AT("dbgp-null", dbgp_op, 0),
    PHYSDEV_AT("eoi-frame-null", pirq_eoi_gmfn_v2, 0),
    CALL("physdev/command-0", physdev_op, 0, GOOD),
    CALL("physdev/command-3", physdev_op, 3, GOOD),
    CALL("physdev/command-22", physdev_op, 22, GOOD),
    CALL("physdev/command-32", physdev_op, 32, GOOD),
    CALL("physdev/command-highest", physdev_op, 0xffffffffu, GOOD),
    CALL("physdev/command-upper-half", physdev_op, 0x100000000ul | PHYSDEVOP_set_iopl, 0),
    ROWS_END,
};

/* ---- platform_op ---- */

#define PLATFORM_OF(name, version, command, ...)                                                              \
    WITH("platform/" name, platform_op,                                                                       \
         ((struct xen_platform_op){.cmd = command, .interface_version = version, .u = {__VA_ARGS__}}), IN)
#define PLATFORM(name, command, ...) PLATFORM_OF(name, XENPF_INTERFACE_VERSION, XENPF_##command, __VA_ARGS__)

static long cpu_info(unsigned int cpu)
{
    struct xen_platform_op op = {
        .cmd = XENPF_get_cpuinfo, .interface_version = XENPF_INTERFACE_VERSION, .u.pcpu_info.xen_cpuid = cpu};
    long result = HYPERCALL1(__HYPERVISOR_platform_op, &op);

    note(" up to %u flags %x apic %x", op.u.pcpu_info.max_present, op.u.pcpu_info.flags, op.u.pcpu_info.apic_id);
    return result;
}
static long cpu_info_0(void)
{
    return cpu_info(0);
}
static long cpu_info_none(void)
{
    return cpu_info(70);
}

const struct row rows_platform[] = {
    PLATFORM_OF("version-0", 0, XENPF_settime64, .settime64 = {.secs = 1}),
    PLATFORM_OF("version-next", XENPF_INTERFACE_VERSION + 1, XENPF_settime64, .settime64 = {.secs = 1}),
    PLATFORM_OF("version-wrong-command", 0, 99, .settime64 = {.secs = 1}),
    PLATFORM("settime", settime64, .settime64 = {.secs = 1700000000, .nsecs = 5}),
    PLATFORM("settime-nanoseconds", settime64, .settime64 = {.secs = 1700000000, .nsecs = 1000000000}),
    PLATFORM("settime-mbz", settime64, .settime64 = {.secs = 1700000000, .mbz = 1}),
    PLATFORM("settime32", settime32, .settime32 = {.secs = 1700000000, .nsecs = 5}),
    PLATFORM("settime32-nanoseconds", settime32, .settime32 = {.secs = 1700000000, .nsecs = 1000000000}),
    PLATFORM("sleep-s9", enter_acpi_sleep, .enter_acpi_sleep = {.sleep_state = 9}),
    PLATFORM("sleep-flags", enter_acpi_sleep, .enter_acpi_sleep = {.sleep_state = 9, .flags = 8}),
    PLATFORM("firmware-type-99", firmware_info, .firmware_info = {.type = 99}),
    PLATFORM("firmware-keyboard", firmware_info, .firmware_info = {.type = XEN_FW_KBD_SHIFT_FLAGS}),
    PLATFORM("firmware-disk-100", firmware_info,
             .firmware_info = {.type = XEN_FW_DISK_INFO, .index = 100}),
    PLATFORM("firmware-efi", firmware_info, .firmware_info = {.type = XEN_FW_EFI_INFO}),
    RUN("platform/cpu-info", cpu_info_0),
    RUN("platform/cpu-info-none", cpu_info_none),
    PLATFORM("cpu-online-70", cpu_online, .cpu_ol = {.cpuid = 70}),
    PLATFORM("cpu-offline-0", cpu_offline, .cpu_ol = {.cpuid = 0}),
    PLATFORM("microcode-none", microcode_update, .microcode = {.length = 0}),
    PLATFORM("memtype-none", del_memtype, .del_memtype = {.handle = 99, .reg = 99}),
    PLATFORM("quirk-99", platform_quirk, .platform_quirk = {.quirk_id = 99}),
    PLATFORM("parking", core_parking, .core_parking = {.type = 99}),
    PLATFORM_OF("command-0", XENPF_INTERFACE_VERSION, 0, .settime64 = {.secs = 0}),
    PLATFORM_OF("command-99", XENPF_INTERFACE_VERSION, 99, .settime64 = {.secs = 0}),
    PLATFORM_OF("command-highest", XENPF_INTERFACE_VERSION, 0xffffffffu, .settime64 = {.secs = 0}),
    CALL("platform/null", platform_op, 0),
    CALL("platform/hypervisor", platform_op, HV),
    CALL("platform/edge", platform_op, EDGE),
    ROWS_END,
};

/* ---- domctl ---- */

#define VERSION XEN_DOMCTL_INTERFACE_VERSION
#define DOMCTL_OF(name, version, command, id)                                                                  \
    WITH("domctl/" name, domctl,                                                                               \
         ((struct xen_domctl){.cmd = command, .interface_version = version, .domain = id}), IN)
#define DOMCTL(name, command, id) DOMCTL_OF(name, VERSION, XEN_DOMCTL_##command, id)
/* On a domain that is not there, and on the caller's own. */
#define DOMCTL_NOBODY(name, command) DOMCTL(name "-nobody", command, NOBODY)

static struct xen_domctl control;

static long domctl(unsigned int command, unsigned int id)
{
    control.cmd = command;
    control.interface_version = VERSION;
    control.domain = (domid_t)id;
    return HYPERCALL1(__HYPERVISOR_domctl, &control);
}

static void create_prepare(void)
{
    memset(&control, 0, sizeof(control));
    control.u.createdomain.max_vcpus = 2;
    control.u.createdomain.max_evtchn_port = 1023;
    control.u.createdomain.max_grant_frames = 4;
    control.u.createdomain.max_maptrack_frames = 4;
    control.u.createdomain.grant_opts = 1;
}
#define CREATE(name, change)                                          \
    static long create_##name(void)                                   \
    {                                                                 \
        long result;                                                  \
                                                                      \
        create_prepare();                                             \
        change;                                                       \
        result = domctl(XEN_DOMCTL_createdomain, 0);                  \
        if (!result)                                                  \
            note_value("destroy", destroy(control.domain));           \
        return result;                                                \
    }
static long destroy(unsigned int id)
{
    long error;

    while ((error = domctl(XEN_DOMCTL_destroydomain, id)) == -XEN_EAGAIN)
        yield();
    return error;
}
CREATE(no_vcpus, control.u.createdomain.max_vcpus = 0)
CREATE(many_vcpus, control.u.createdomain.max_vcpus = 8193)
CREATE(flags_unknown, control.u.createdomain.flags = 1u << 31)
CREATE(hvm, control.u.createdomain.flags = XEN_DOMCTL_CDF_hvm)
CREATE(hap, control.u.createdomain.flags = XEN_DOMCTL_CDF_hap)
CREATE(iommu, control.u.createdomain.flags = XEN_DOMCTL_CDF_iommu)
CREATE(iommu_opts, control.u.createdomain.iommu_opts = 1)
CREATE(no_grants, control.u.createdomain.grant_opts = 0)
CREATE(grants_3, control.u.createdomain.grant_opts = 3)
CREATE(few_ports, control.u.createdomain.max_evtchn_port = 0)
CREATE(default_frames, control.u.createdomain.max_grant_frames = control.u.createdomain.max_maptrack_frames = -1)
CREATE(pool, control.u.createdomain.cpupool_id = 99)
CREATE(vmtrace, control.u.createdomain.vmtrace_size = 4096)
CREATE(flags_arch, control.u.createdomain.arch.emulation_flags = 1)

static long create_taken(void)
{
    create_prepare();
    return domctl(XEN_DOMCTL_createdomain, DOMID_SELF - 1) == 0 ? destroy(control.domain) : -1;
}

/* A domain's life, empty as it stays. */
static long life(void)
{
    unsigned int id;

    create_prepare();
    note_value("create", domctl(XEN_DOMCTL_createdomain, 77));
    id = control.domain;
    create_prepare();
    note_value("again", domctl(XEN_DOMCTL_createdomain, 77));
    memset(&control.u, 0, sizeof(control.u));
    note_value("info", domctl(XEN_DOMCTL_getdomaininfo, id));
    note(" flags %x pages %lu vcpus %u highest %d", control.u.getdomaininfo.flags, control.u.getdomaininfo.tot_pages,
         control.u.getdomaininfo.nr_online_vcpus, (int)control.u.getdomaininfo.max_vcpu_id);
    control.u.max_vcpus.max = 3;
    note_value("3 vcpus", domctl(XEN_DOMCTL_max_vcpus, id));
    control.u.max_vcpus.max = 0;
    note_value("0 vcpus", domctl(XEN_DOMCTL_max_vcpus, id));
    control.u.max_vcpus.max = 2;
    note_value("2 vcpus", domctl(XEN_DOMCTL_max_vcpus, id));
    note_value("again", domctl(XEN_DOMCTL_max_vcpus, id));
    control.u.max_mem.max_memkb = 4096;
    note_value("mem", domctl(XEN_DOMCTL_max_mem, id));
    control.u.getvcpuinfo.vcpu = 1;
    note_value("vcpu 1", domctl(XEN_DOMCTL_getvcpuinfo, id));
    note(" online %u blocked %u running %u", control.u.getvcpuinfo.online, control.u.getvcpuinfo.blocked,
         control.u.getvcpuinfo.running);
    control.u.getvcpuinfo.vcpu = 2;
    note_value("vcpu 2", domctl(XEN_DOMCTL_getvcpuinfo, id));
    control.u.vcpucontext.vcpu = 0;
    set_xen_guest_handle(control.u.vcpucontext.ctxt, (vcpu_guest_context_t *)resolve(NONE_));
    note_value("context", domctl(XEN_DOMCTL_setvcpucontext, id));
    control.u.vcpucontext.vcpu = 5;
    note_value("of 5", domctl(XEN_DOMCTL_setvcpucontext, id));
    control.u.hypercall_init.gmfn = F_NONE;
    note_value("page", domctl(XEN_DOMCTL_hypercall_init, id));
    note_value("unpause", domctl(XEN_DOMCTL_unpausedomain, id));
    note_value("again", domctl(XEN_DOMCTL_unpausedomain, id));
    note_value("pause", domctl(XEN_DOMCTL_pausedomain, id));
    note_value("destroy", destroy(id));
    return domctl(XEN_DOMCTL_destroydomain, id);
}

static long parameters(unsigned int scheduler, unsigned int command, unsigned int weight)
{
    long result;

    create_prepare();
    domctl(XEN_DOMCTL_createdomain, 78);
    memset(&control.u, 0, sizeof(control.u));
    control.u.scheduler_op.sched_id = scheduler;
    control.u.scheduler_op.cmd = command;
    control.u.scheduler_op.u.credit2.weight = (uint16_t)weight;
    result = domctl(XEN_DOMCTL_scheduler_op, 78);
    note(" weight %u", control.u.scheduler_op.u.credit2.weight);
    destroy(78);
    return result;
}
static long parameters_get(void)
{
    return parameters(XEN_SCHEDULER_CREDIT2, XEN_DOMCTL_SCHEDOP_getinfo, 0);
}
static long parameters_put(void)
{
    return parameters(XEN_SCHEDULER_CREDIT2, XEN_DOMCTL_SCHEDOP_putinfo, 512);
}
static long parameters_put_none(void)
{
    return parameters(XEN_SCHEDULER_CREDIT2, XEN_DOMCTL_SCHEDOP_putinfo, 0);
}
static long parameters_other(void)
{
    return parameters(XEN_SCHEDULER_CREDIT, XEN_DOMCTL_SCHEDOP_getinfo, 0);
}
static long parameters_command(void)
{
    return parameters(XEN_SCHEDULER_CREDIT2, 99, 0);
}

static long info_self(void)
{
    long result;

    memset(&control, 0, sizeof(control));
    result = domctl(XEN_DOMCTL_getdomaininfo, (unsigned int)resolve(SELF));
    note(" flags %x vcpus %u highest %u", control.u.getdomaininfo.flags & ~XEN_DOMINF_running, control.u.getdomaininfo.nr_online_vcpus,
         control.u.getdomaininfo.max_vcpu_id);
    return result;
}

const struct row rows_domctl[] = {
    DOMCTL_OF("version-0", 0, XEN_DOMCTL_getdomaininfo, 0),
    DOMCTL_OF("version-before", VERSION - 1, XEN_DOMCTL_getdomaininfo, 0),
    DOMCTL_OF("version-next", VERSION + 1, XEN_DOMCTL_getdomaininfo, 0),
    DOMCTL_OF("version-wrong-command", 0, 999, NOBODY),
    DOMCTL_OF("command-0", VERSION, 0, 0),
    DOMCTL_OF("command-999", VERSION, 999, 0),
    DOMCTL_OF("command-999-nobody", VERSION, 999, NOBODY),
    DOMCTL_OF("command-highest", VERSION, 0xffffffffu, 0),
    DOMCTL("self-by-name", getdomaininfo, DOMID_SELF),
    DOMCTL("info-dom-xen", getdomaininfo, DOMID_XEN),
    RUN("domctl/info-self", info_self),
    DOMCTL("destroy-self", destroydomain, 0),
    DOMCTL("pause-self", pausedomain, 0),
    DOMCTL("unpause-self", unpausedomain, 0),
    DOMCTL("max-vcpus-self", max_vcpus, 0),
    DOMCTL("resume-self", resumedomain, 0),
    DOMCTL("context-self", setvcpucontext, 0),
    DOMCTL_NOBODY("info", getdomaininfo),
    DOMCTL_NOBODY("destroy", destroydomain),
    DOMCTL_NOBODY("pause", pausedomain),
    DOMCTL_NOBODY("unpause", unpausedomain),
    DOMCTL_NOBODY("max-mem", max_mem),
    DOMCTL_NOBODY("max-vcpus", max_vcpus),
    DOMCTL_NOBODY("context", setvcpucontext),
    DOMCTL_NOBODY("get-context", getvcpucontext),
    DOMCTL_NOBODY("vcpu-info", getvcpuinfo),
    DOMCTL_NOBODY("affinity", setvcpuaffinity),
    DOMCTL_NOBODY("get-affinity", getvcpuaffinity),
    DOMCTL_NOBODY("scheduler", scheduler_op),
    DOMCTL_NOBODY("hypercall-init", hypercall_init),
    DOMCTL_NOBODY("handle", setdomainhandle),
    DOMCTL_NOBODY("resume", resumedomain),
    DOMCTL_NOBODY("shadow", shadow_op),
    DOMCTL_NOBODY("ports", ioport_permission),
    DOMCTL_NOBODY("memory", iomem_permission),
    DOMCTL_NOBODY("irq", irq_permission),
    DOMCTL_NOBODY("trigger", sendtrigger),
    RUN("domctl/create-no-vcpus", create_no_vcpus),
    RUN("domctl/create-many-vcpus", create_many_vcpus),
    RUN("domctl/create-flags-unknown", create_flags_unknown),
    RUN("domctl/create-hvm", create_hvm),
    RUN("domctl/create-hap", create_hap),
    RUN("domctl/create-iommu", create_iommu),
    RUN("domctl/create-iommu-options", create_iommu_opts),
    RUN("domctl/create-grants-0", create_no_grants),
    RUN("domctl/create-grants-3", create_grants_3),
    RUN("domctl/create-few-ports", create_few_ports),
    RUN("domctl/create-default-frames", create_default_frames),
    RUN("domctl/create-pool-99", create_pool),
    RUN("domctl/create-vmtrace", create_vmtrace),
    RUN("domctl/create-emulation", create_flags_arch),
    RUN("domctl/create-highest-id", create_taken),
    RUN("domctl/life", life),
    RUN("domctl/parameters-get", parameters_get),
    RUN("domctl/parameters-put", parameters_put),
    RUN("domctl/parameters-put-none", parameters_put_none),
    RUN("domctl/parameters-other", parameters_other),
    RUN("domctl/parameters-command-99", parameters_command),
    CALL("domctl/null", domctl, 0),
    CALL("domctl/hypervisor", domctl, HV),
    CALL("domctl/read-only", domctl, RO),
    CALL("domctl/edge", domctl, EDGE),
    ROWS_END,
};

/* ---- sysctl ---- */

#define SYSCTL_OF(name, version, command)                                                                      \
    WITH("sysctl/" name, sysctl, ((struct xen_sysctl){.cmd = command, .interface_version = version}), IN)
#define SYSCTL(name, command) SYSCTL_OF(name, XEN_SYSCTL_INTERFACE_VERSION, XEN_SYSCTL_##command)

static struct xen_sysctl machine;

static long sysctl(unsigned int command)
{
    machine.cmd = command;
    machine.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return HYPERCALL1(__HYPERVISOR_sysctl, &machine);
}
static long physinfo(void)
{
    long result;

    memset(&machine, 0, sizeof(machine));
    result = sysctl(XEN_SYSCTL_physinfo);
    note(" cpus %u highest %u nodes %u threads %u cores %u pv %u", machine.u.physinfo.nr_cpus,
         machine.u.physinfo.max_cpu_id, machine.u.physinfo.nr_nodes, machine.u.physinfo.threads_per_core,
         machine.u.physinfo.cores_per_socket, (machine.u.physinfo.capabilities & XEN_SYSCTL_PHYSCAP_pv) != 0);
    return result;
}
static long list(unsigned int first, unsigned int room, unsigned long buffer)
{
    long result;

    memset(&machine, 0, sizeof(machine));
    machine.u.getdomaininfolist.first_domain = (domid_t)first;
    machine.u.getdomaininfolist.max_domains = room;
    set_xen_guest_handle(machine.u.getdomaininfolist.buffer, (xen_domctl_getdomaininfo_t *)buffer);
    result = sysctl(XEN_SYSCTL_getdomaininfolist);
    note(" %u", machine.u.getdomaininfolist.num_domains);
    return result;
}
static long list_all(void)
{
    return list(0, 10, resolve(GOOD));
}
static long list_from_1(void)
{
    return list(1, 10, resolve(GOOD));
}
static long list_none(void)
{
    return list(0, 0, resolve(GOOD));
}
static long list_unmapped(void)
{
    return list(0, 10, resolve(NONE_));
}
static long cpus(unsigned int room, unsigned long buffer)
{
    long result;

    memset(&machine, 0, sizeof(machine));
    machine.u.getcpuinfo.max_cpus = room;
    set_xen_guest_handle(machine.u.getcpuinfo.info, (xen_sysctl_cpuinfo_t *)buffer);
    result = sysctl(XEN_SYSCTL_getcpuinfo);
    note(" %u", machine.u.getcpuinfo.nr_cpus);
    return result;
}
static long cpus_all(void)
{
    return cpus(100, resolve(GOOD));
}
static long cpus_none(void)
{
    return cpus(0, resolve(GOOD));
}
static long cpus_unmapped(void)
{
    return cpus(100, resolve(NONE_));
}
static long topology(unsigned int room, unsigned long buffer)
{
    long result;

    memset(&machine, 0, sizeof(machine));
    machine.u.cputopoinfo.num_cpus = room;
    set_xen_guest_handle(machine.u.cputopoinfo.cputopo, (xen_sysctl_cputopo_t *)buffer);
    result = sysctl(XEN_SYSCTL_cputopoinfo);
    note(" %u", machine.u.cputopoinfo.num_cpus);
    return result;
}
static long topology_number(void)
{
    return topology(0, 0);
}
static long topology_all(void)
{
    return topology(100, resolve(GOOD));
}
static long topology_unmapped(void)
{
    return topology(100, resolve(NONE_));
}
static long scheduler(void)
{
    long result;

    memset(&machine, 0, sizeof(machine));
    result = sysctl(XEN_SYSCTL_sched_id);
    note(" %u", machine.u.sched_id.sched_id);
    return result;
}

const struct row rows_sysctl[] = {
    SYSCTL_OF("version-0", 0, XEN_SYSCTL_physinfo),
    SYSCTL_OF("version-next", XEN_SYSCTL_INTERFACE_VERSION + 1, XEN_SYSCTL_physinfo),
    SYSCTL_OF("version-wrong-command", 0, 999),
    SYSCTL_OF("command-0", XEN_SYSCTL_INTERFACE_VERSION, 0),
    SYSCTL_OF("command-999", XEN_SYSCTL_INTERFACE_VERSION, 999),
    SYSCTL_OF("command-highest", XEN_SYSCTL_INTERFACE_VERSION, 0xffffffffu),
    RUN("sysctl/physinfo", physinfo),
    RUN("sysctl/list-all", list_all),
    RUN("sysctl/list-from-1", list_from_1),
    RUN("sysctl/list-none", list_none),
    RUN("sysctl/list-unmapped", list_unmapped),
    RUN("sysctl/cpus-all", cpus_all),
    RUN("sysctl/cpus-none", cpus_none),
    RUN("sysctl/cpus-unmapped", cpus_unmapped),
    RUN("sysctl/topology-number", topology_number),
    RUN("sysctl/topology-all", topology_all),
    RUN("sysctl/topology-unmapped", topology_unmapped),
    RUN("sysctl/scheduler", scheduler),
    SYSCTL("hotplug-none", cpu_hotplug),
    SYSCTL("debug-keys-none", debug_keys),
    CALL("sysctl/null", sysctl, 0),
    CALL("sysctl/hypervisor", sysctl, HV),
    CALL("sysctl/read-only", sysctl, RO),
    CALL("sysctl/edge", sysctl, EDGE),
    ROWS_END,
};

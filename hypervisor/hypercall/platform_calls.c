/* SPDX-License-Identifier: MIT */
/*
 * platform_op: what dom0's kernel asks and says about the machine. The dispatcher has seen to it that the caller is
 * privileged. What ring 0 does not do (frequencies, microcode, CPU hotplug) answers ENOSYS.
 */
#include <public/platform.h>

#include "boot/boot.h"
#include "cpu/clock.h"
#include "device/acpi.h"
#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "memory/device_map.h"
#include "memory/guest_copy.h"

#define BDA_SHIFT_FLAGS 0x417
#define SHIFT_FLAGS_MASK 0x70
#define STATE_OFF 5
#define NSEC_PER_SEC 1000000000u

static long call_settime(u64 secs, u32 nsecs, u64 system_time)
{
    if (nsecs >= NSEC_PER_SEC)
        return -EINVAL;
    clock_set_wallclock(secs, nsecs, system_time);
    time_update_wallclock_all();
    return 0;
}

static long call_firmware_info(struct xen_platform_op *op, u64 arg)
{
    struct xenpf_firmware_info *info = &op->u.firmware_info;
    const u8 *bios_data = device_map(0, PAGE_SIZE, false);

    /* the keyboard's lights alone: no BIOS call was made, so there are no disks to tell of */
    if (info->type != XEN_FW_KBD_SHIFT_FLAGS || !bios_data)
        return -ESRCH;
    info->u.kbd_shift_flags = bios_data[BDA_SHIFT_FLAGS] & SHIFT_FLAGS_MASK;
    return copy_struct_to_guest(arg, op);
}

static long call_sleep(const struct xenpf_enter_acpi_sleep *op)
{
    if (op->flags || op->sleep_state != STATE_OFF)
        return -EOPNOTSUPP;
    machine_set_sleep_values(op->val_a, op->val_b);
    machine_poweroff();
}

static u32 acpi_id_of(u32 apic_id)
{
    for (u32 i = 0; i < acpi_info.cpu_count; i++)
        if (acpi_info.cpu_apic_id[i] == apic_id)
            return acpi_info.cpu_acpi_id[i];
    return ~0u;
}

static long call_cpuinfo(struct xen_platform_op *op, u64 arg)
{
    struct xenpf_pcpuinfo *info = &op->u.pcpu_info;

    info->max_present = cpu_count - 1;
    info->flags = XEN_PCPU_FLAGS_INVALID;
    info->apic_id = info->acpi_id = ~0u;
    if (info->xen_cpuid < cpu_count) {
        info->flags = XEN_PCPU_FLAGS_ONLINE;
        info->apic_id = cpus[info->xen_cpuid]->apic_id;
        info->acpi_id = acpi_id_of(info->apic_id);
    }
    return copy_struct_to_guest(arg, op);
}

long do_platform_op(struct vcpu *v, u64 args[6])
{
    struct xen_platform_op op;
    u64 arg = args[0];

    (void)v;
    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    if (op.interface_version != XENPF_INTERFACE_VERSION)
        return -EACCES;
    switch (op.cmd) {
    case XENPF_settime32:
        return call_settime(op.u.settime32.secs, op.u.settime32.nsecs, op.u.settime32.system_time);
    case XENPF_settime64:
        if (op.u.settime64.mbz)
            return -EINVAL;
        return call_settime(op.u.settime64.secs, op.u.settime64.nsecs, op.u.settime64.system_time);
    case XENPF_firmware_info:
        return call_firmware_info(&op, arg);
    case XENPF_enter_acpi_sleep:
        return call_sleep(&op.u.enter_acpi_sleep);
    case XENPF_get_cpuinfo:
        return call_cpuinfo(&op, arg);
    default:
        return -ENOSYS;
    }
}

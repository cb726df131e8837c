/* SPDX-License-Identifier: MIT */
/*
 * physdev_op: interrupts and ports for the domain that owns the devices. Every PV guest may ask for its own
 * I/O privilege; the rest is for a privileged domain alone.
 */
#include <public/physdev.h>
#include <public/xen.h>

#include "device/ioapic.h"
#include "domain/domain.h"
#include "domain/pirq.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"
#include "memory/guest_copy.h"

#define MAX_PORTS 65536u

static bool is_self(const struct vcpu *v, u16 domid)
{
    return domid == DOMID_SELF || domid == v->domain->id;
}

static long call_eoi(struct vcpu *v, u64 arg)
{
    struct physdev_eoi op;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    return pirq_eoi(v->domain, op.irq);
}

static long call_eoi_map(struct vcpu *v, u64 arg, bool eoi_unmasks)
{
    struct physdev_pirq_eoi_gmfn op;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    return pirq_set_eoi_map(v->domain, mfn(op.gmfn), eoi_unmasks);
}

static long call_status(struct vcpu *v, u64 arg)
{
    struct physdev_irq_status_query op;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    if (op.irq >= v->domain->pirqs.count)
        return -EINVAL;
    op.flags = pirq_needs_eoi(v->domain, op.irq) ? XENIRQSTAT_needs_eoi : 0;
    return copy_struct_to_guest(arg, &op);
}

static long call_iopl(struct vcpu *v, u64 arg)
{
    struct physdev_set_iopl op;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    if (op.iopl > 3)
        return -EINVAL;
    v->pv.iopl = op.iopl << 12;
    return 0;
}

static long call_iobitmap(struct vcpu *v, u64 arg)
{
    struct physdev_set_iobitmap op;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    if (op.nr_ports > MAX_PORTS || !guest_range_ok((u64)op.bitmap.p, op.nr_ports / 8 + 1))
        return -EINVAL;
    v->pv.io_bitmap = (u64)op.bitmap.p;
    v->pv.io_bitmap_ports = op.nr_ports;
    return 0;
}

static long call_apic_read(u64 arg)
{
    struct physdev_apic op;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    if (!ioapic_read_register(op.apic_physbase, op.reg, &op.value))
        return -EINVAL;
    return copy_struct_to_guest(arg, &op);
}

/* The vector of a line is ring 0's affair: any that dom0 names is as good. */
static long call_alloc_vector(struct vcpu *v, u64 arg)
{
    struct physdev_irq op;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    if (op.irq >= v->domain->pirqs.count)
        return -EINVAL;
    op.vector = op.irq;
    return copy_struct_to_guest(arg, &op);
}

static int map_pirq(struct domain *d, struct physdev_map_pirq *op)
{
    struct pirq_msi what = {.count = 1};

    if (op->type == MAP_PIRQ_TYPE_GSI)
        return op->index < 0 ? -EINVAL : pirq_map_gsi(d, (u32)op->index, op->pirq);
    if (op->type != MAP_PIRQ_TYPE_MSI && op->type != MAP_PIRQ_TYPE_MSI_SEG &&
        op->type != MAP_PIRQ_TYPE_MULTI_MSI)
        return -EINVAL;
    if ((op->type != MAP_PIRQ_TYPE_MSI && op->bus >> 16) || op->devfn < 0 || op->devfn > 255)
        return -ENODEV;
    what.bdf = (u16)((op->bus & 0xff) << 8 | op->devfn);
    if (op->type == MAP_PIRQ_TYPE_MULTI_MSI) {
        if (op->entry_nr <= 0 || op->table_base)
            return -EINVAL;
        what.count = (u32)op->entry_nr;
        while (what.count & (what.count - 1))
            what.count += what.count & -what.count;
    } else if (op->table_base) {
        if (op->entry_nr < 0)
            return -EINVAL;
        what.msix = true;
        what.entry = (u32)op->entry_nr;
    }
    return pirq_map_msi(d, &what, op->pirq);
}

static long call_map(struct vcpu *v, u64 arg)
{
    struct physdev_map_pirq op;
    int number;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    if (!is_self(v, op.domid))
        return -EOPNOTSUPP;
    number = map_pirq(v->domain, &op);
    if (number < 0)
        return number;
    op.pirq = number;
    return copy_struct_to_guest(arg, &op);
}

static long call_unmap(struct vcpu *v, u64 arg)
{
    struct physdev_unmap_pirq op;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    if (!is_self(v, op.domid))
        return -EOPNOTSUPP;
    return op.pirq < 0 ? -EINVAL : pirq_unmap(v->domain, (u32)op.pirq);
}

static long call_setup_gsi(struct vcpu *v, u64 arg)
{
    struct physdev_setup_gsi op;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    if (op.gsi < 0)
        return -EINVAL;
    return pirq_setup_gsi(v->domain, (u32)op.gsi, op.triggering != 0, op.polarity != 0);
}

static long call_free_pirq(struct vcpu *v, u64 arg)
{
    struct physdev_get_free_pirq op;
    int number;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    number = pirq_get_free(v->domain);
    if (number < 0)
        return number;
    op.pirq = (u32)number;
    return copy_struct_to_guest(arg, &op);
}

/* Ring 0 keeps no list of devices: it looks one up when its interrupts are mapped. Only what cannot be reached by ports
 * is refused. */
static long call_pci_device(u64 arg)
{
    struct physdev_pci_device op;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    return op.seg ? -ENODEV : 0;
}

static long call_restore_msi(struct vcpu *v, u64 arg, bool with_segment)
{
    struct physdev_pci_device op = {0, 0, 0};
    struct physdev_restore_msi old;

    if (with_segment ? copy_struct_from_guest(&op, arg) : copy_struct_from_guest(&old, arg))
        return -EFAULT;
    if (!with_segment) {
        op.bus = old.bus;
        op.devfn = old.devfn;
    }
    if (op.seg)
        return -ENODEV;
    pirq_restore_msi(v->domain, (u16)(op.bus << 8 | op.devfn));
    return 0;
}

static long privileged_call(struct vcpu *v, u32 command, u64 arg)
{
    switch (command) {
    case PHYSDEVOP_eoi:
        return call_eoi(v, arg);
    case PHYSDEVOP_pirq_eoi_gmfn_v1:
        return call_eoi_map(v, arg, true);
    case PHYSDEVOP_pirq_eoi_gmfn_v2:
        return call_eoi_map(v, arg, false);
    case PHYSDEVOP_irq_status_query:
        return call_status(v, arg);
    case PHYSDEVOP_IRQ_UNMASK_NOTIFY:
        return -ENOSYS;
    case PHYSDEVOP_apic_read:
        return call_apic_read(arg);
    case PHYSDEVOP_alloc_irq_vector:
        return call_alloc_vector(v, arg);
    case PHYSDEVOP_map_pirq:
        return call_map(v, arg);
    case PHYSDEVOP_unmap_pirq:
        return call_unmap(v, arg);
    case PHYSDEVOP_setup_gsi:
        return call_setup_gsi(v, arg);
    case PHYSDEVOP_get_free_pirq:
        return call_free_pirq(v, arg);
    case PHYSDEVOP_manage_pci_add:
    case PHYSDEVOP_manage_pci_add_ext:
    case PHYSDEVOP_manage_pci_remove:
    case PHYSDEVOP_pci_mmcfg_reserved: /* configuration space is reached by ports */
        return 0;
    case PHYSDEVOP_pci_device_add:
    case PHYSDEVOP_pci_device_remove:
    case PHYSDEVOP_prepare_msix: /* nothing is kept by device, so nothing can be left over */
    case PHYSDEVOP_release_msix:
        return call_pci_device(arg);
    case PHYSDEVOP_restore_msi:
        return call_restore_msi(v, arg, false);
    case PHYSDEVOP_restore_msi_ext:
        return call_restore_msi(v, arg, true);
    default:
        return -ENOSYS;
    }
}

long do_physdev_op(struct vcpu *v, u64 args[6])
{
    u32 command = (u32)args[0];

    if (command == PHYSDEVOP_set_iopl)
        return call_iopl(v, args[1]);
    if (command == PHYSDEVOP_set_iobitmap)
        return call_iobitmap(v, args[1]);
    return v->domain->privileged ? privileged_call(v, command, args[1]) : -EPERM;
}

/* The call's first form, with the command inside the structure: its argument follows 8 bytes behind. */
long do_physdev_op_compat(struct vcpu *v, u64 args[6])
{
    u32 command;

    if (copy_struct_from_guest(&command, args[0]))
        return -EFAULT;
    args[1] = args[0] + 8;
    args[0] = command;
    return do_physdev_op(v, args);
}

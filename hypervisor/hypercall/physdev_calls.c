/* SPDX-License-Identifier: MIT */
/*
 * physdev_op: interrupts and ports for the domain that owns the devices. Every PV guest may ask for its own
 * I/O privilege; the rest is for a privileged domain alone. One table: command, its structure's size, handler. A
 * handler gets a private copy of the structure, and leaves its answer there.
 */
#include <public/physdev.h>
#include <public/xen.h>

#include "device/ioapic.h"
#include "domain/domain.h"
#include "domain/pirq.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"
#include "lib/print.h"
#include "memory/guest_copy.h"

#define MAX_PORTS 65536u

static bool is_self(const struct vcpu *v, u16 domid)
{
    return domid == DOMID_SELF || domid == v->domain->id;
}

static long call_eoi(struct vcpu *v, void *arg)
{
    const struct physdev_eoi *op = arg;

    return pirq_eoi(v->domain, op->irq);
}

static long call_status(struct vcpu *v, void *arg)
{
    struct physdev_irq_status_query *op = arg;

    if (op->irq >= v->domain->pirqs.count)
        return -EINVAL;
    op->flags = pirq_needs_eoi(v->domain, op->irq) ? XENIRQSTAT_needs_eoi : 0;
    return 0;
}

static long call_iopl(struct vcpu *v, void *arg)
{
    const struct physdev_set_iopl *op = arg;

    if (op->iopl > 3)
        return -EINVAL;
    v->pv.iopl = op->iopl << 12;
    return 0;
}

static long call_iobitmap(struct vcpu *v, void *arg)
{
    const struct physdev_set_iobitmap *op = arg;

    if (op->nr_ports > MAX_PORTS || !guest_range_ok((u64)op->bitmap.p, op->nr_ports / 8 + 1))
        return -EINVAL;
    v->pv.io_bitmap = (u64)op->bitmap.p;
    v->pv.io_bitmap_ports = op->nr_ports;
    return 0;
}

static long call_apic_read(struct vcpu *v, void *arg)
{
    struct physdev_apic *op = arg;

    (void)v;
    return ioapic_read_register(op->apic_physbase, op->reg, &op->value) ? 0 : -EINVAL;
}

/* The vector of a line is ring 0's affair: any that dom0 names is as good. Linux gives a line up where this fails. */
static long call_alloc_vector(struct vcpu *v, void *arg)
{
    struct physdev_irq *op = arg;

    if (op->irq >= v->domain->pirqs.count)
        return -EINVAL;
    op->vector = op->irq;
    return 0;
}

static long call_map(struct vcpu *v, void *arg)
{
    struct physdev_map_pirq *op = arg;
    int number;

    if (!is_self(v, op->domid))
        return -EOPNOTSUPP;
    if (op->type == MAP_PIRQ_TYPE_GSI) {
        number = op->index < 0 ? -EINVAL : pirq_map_gsi(v->domain, (u32)op->index, op->pirq);
    } else if (op->type == MAP_PIRQ_TYPE_MSI || op->type == MAP_PIRQ_TYPE_MSI_SEG) {
        if ((op->type == MAP_PIRQ_TYPE_MSI_SEG && op->bus >> 16) || op->devfn < 0 || op->devfn > 255)
            return -ENODEV;
        if (op->entry_nr < 0 && op->table_base)
            return -EINVAL;
        /* a table's address marks MSI-X; the table itself is looked up in the device */
        number = pirq_map_msi(v->domain, (u16)((op->bus & 0xff) << 8 | op->devfn), op->table_base != 0,
                              (u32)op->entry_nr, op->pirq);
    } else {
        return -EINVAL; /* several MSI messages of one device too: drivers then take one */
    }
    if (number < 0)
        return number;
    op->pirq = number;
    return 0;
}

static long call_unmap(struct vcpu *v, void *arg)
{
    const struct physdev_unmap_pirq *op = arg;

    if (!is_self(v, op->domid))
        return -EOPNOTSUPP;
    return op->pirq < 0 ? -EINVAL : pirq_unmap(v->domain, (u32)op->pirq);
}

static long call_setup_gsi(struct vcpu *v, void *arg)
{
    const struct physdev_setup_gsi *op = arg;

    if (op->gsi < 0)
        return -EINVAL;
    return pirq_setup_gsi(v->domain, (u32)op->gsi, op->triggering != 0, op->polarity != 0);
}

static long call_free_pirq(struct vcpu *v, void *arg)
{
    struct physdev_get_free_pirq *op = arg;
    int number = pirq_get_free(v->domain);

    if (number < 0)
        return number;
    op->pirq = (u32)number;
    return 0;
}

/* Ring 0 keeps no list of devices: it looks one up when its interrupts are mapped. Only what cannot be reached by ports
 * is refused. */
static long call_pci_device(struct vcpu *v, void *arg)
{
    const struct physdev_pci_device *op = arg;

    (void)v;
    return op->seg ? -ENODEV : 0;
}

static long call_restore_msi(struct vcpu *v, void *arg)
{
    const struct physdev_pci_device *op = arg;

    if (op->seg)
        return -ENODEV;
    pirq_restore_msi(v->domain, (u16)(op->bus << 8 | op->devfn));
    return 0;
}

/* Configuration space is reached by ports, whatever else there is. */
static long call_mmcfg(struct vcpu *v, void *arg)
{
    (void)v;
    (void)arg;
    return 0;
}

enum { ANSWERS = 1, ANY_DOMAIN = 2 };

static const struct physdev_call {
    u32 command, size, rules;
    long (*run)(struct vcpu *v, void *arg);
} physdev_calls[] = {
    {PHYSDEVOP_eoi, sizeof(struct physdev_eoi), 0, call_eoi},
    {PHYSDEVOP_irq_status_query, sizeof(struct physdev_irq_status_query), ANSWERS, call_status},
    {PHYSDEVOP_set_iopl, sizeof(struct physdev_set_iopl), ANY_DOMAIN, call_iopl},
    {PHYSDEVOP_set_iobitmap, sizeof(struct physdev_set_iobitmap), ANY_DOMAIN, call_iobitmap},
    {PHYSDEVOP_apic_read, sizeof(struct physdev_apic), ANSWERS, call_apic_read},
    {PHYSDEVOP_alloc_irq_vector, sizeof(struct physdev_irq), ANSWERS, call_alloc_vector},
    {PHYSDEVOP_map_pirq, sizeof(struct physdev_map_pirq), ANSWERS, call_map},
    {PHYSDEVOP_unmap_pirq, sizeof(struct physdev_unmap_pirq), 0, call_unmap},
    {PHYSDEVOP_setup_gsi, sizeof(struct physdev_setup_gsi), 0, call_setup_gsi},
    {PHYSDEVOP_get_free_pirq, sizeof(struct physdev_get_free_pirq), ANSWERS, call_free_pirq},
    {PHYSDEVOP_pci_mmcfg_reserved, 0, 0, call_mmcfg},
    {PHYSDEVOP_pci_device_add, sizeof(struct physdev_pci_device), 0, call_pci_device},
    {PHYSDEVOP_pci_device_remove, sizeof(struct physdev_pci_device), 0, call_pci_device},
    /* nothing is kept by device, so nothing can be left over */
    {PHYSDEVOP_prepare_msix, sizeof(struct physdev_pci_device), 0, call_pci_device},
    {PHYSDEVOP_release_msix, sizeof(struct physdev_pci_device), 0, call_pci_device},
    {PHYSDEVOP_restore_msi_ext, sizeof(struct physdev_pci_device), 0, call_restore_msi},
};

long do_physdev_op(struct vcpu *v, u64 args[6])
{
    u64 copy[8] = {0}; /* of any of the structures */
    const struct physdev_call *call = NULL;
    long error;

    for (u32 i = 0; i < ARRAY_SIZE(physdev_calls); i++)
        if (physdev_calls[i].command == (u32)args[0])
            call = &physdev_calls[i];
    if (!v->domain->privileged && !(call && call->rules & ANY_DOMAIN))
        return -EPERM;
    if (!call)
        return -ENOSYS;
    ASSERT(call->size <= sizeof(copy));
    if (copy_from_guest(copy, args[1], call->size))
        return -EFAULT;
    error = call->run(v, copy);
    if (!error && call->rules & ANSWERS && copy_to_guest(args[1], copy, call->size))
        error = -EFAULT;
    return error;
}

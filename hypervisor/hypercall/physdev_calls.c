/* SPDX-License-Identifier: MIT */
/*
 * physdev_op: interrupts and ports for the domain that owns the devices. Every PV guest may ask for its own
 * I/O privilege; the rest is for a privileged domain alone.
 */
#include <public/physdev.h>

#include "device/ioapic.h"
#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "memory/guest_copy.h"

#define MAX_PORTS 65536u

static bool is_self(const struct command_call *c, u16 domid)
{
    return domid == DOMID_SELF || domid == c->domain->id;
}

static long call_eoi(const struct command_call *c)
{
    const struct physdev_eoi *op = c->op;

    return pirq_eoi(c->domain, op->irq);
}

static long call_status(const struct command_call *c)
{
    struct physdev_irq_status_query *op = c->op;

    if (op->irq >= c->domain->pirqs.count)
        return -EINVAL;
    op->flags = pirq_needs_eoi(c->domain, op->irq) ? XENIRQSTAT_needs_eoi : 0;
    return 0;
}

static long call_iopl(const struct command_call *c)
{
    const struct physdev_set_iopl *op = c->op;

    if (op->iopl > 3)
        return -EINVAL;
    c->v->pv.iopl = op->iopl << 12;
    return 0;
}

static long call_iobitmap(const struct command_call *c)
{
    const struct physdev_set_iobitmap *op = c->op;

    if (op->nr_ports > MAX_PORTS || !guest_range_ok((u64)op->bitmap.p, op->nr_ports / 8 + 1))
        return -EINVAL;
    c->v->pv.io_bitmap = (u64)op->bitmap.p;
    c->v->pv.io_bitmap_ports = op->nr_ports;
    return 0;
}

static long call_apic_read(const struct command_call *c)
{
    struct physdev_apic *op = c->op;

    return ioapic_read_register(op->apic_physbase, op->reg, &op->value) ? 0 : -EINVAL;
}

/* The vector of a line is ring 0's affair: any that dom0 names is as good. Linux gives a line up where this fails. */
static long call_alloc_vector(const struct command_call *c)
{
    struct physdev_irq *op = c->op;

    if (op->irq >= c->domain->pirqs.count)
        return -EINVAL;
    op->vector = op->irq;
    return 0;
}

static long call_map(const struct command_call *c)
{
    struct physdev_map_pirq *op = c->op;
    int number;

    if (!is_self(c, op->domid))
        return -EOPNOTSUPP;
    if (op->type == MAP_PIRQ_TYPE_GSI) {
        number = op->index < 0 ? -EINVAL : pirq_map_gsi(c->domain, (u32)op->index, op->pirq);
    } else if (op->type == MAP_PIRQ_TYPE_MSI || op->type == MAP_PIRQ_TYPE_MSI_SEG) {
        if ((op->type == MAP_PIRQ_TYPE_MSI_SEG && op->bus >> 16) || op->devfn < 0 || op->devfn > 255)
            return -ENODEV;
        if (op->entry_nr < 0 && op->table_base)
            return -EINVAL;
        /* a table's address marks MSI-X; the table itself is looked up in the device */
        number = pirq_map_msi(c->domain, (u16)((op->bus & 0xff) << 8 | op->devfn), op->table_base != 0,
                              (u32)op->entry_nr, op->pirq);
    } else {
        return -EINVAL; /* several MSI messages of one device too: drivers then take one */
    }
    if (number < 0)
        return number;
    op->pirq = number;
    return 0;
}

static long call_unmap(const struct command_call *c)
{
    const struct physdev_unmap_pirq *op = c->op;

    if (!is_self(c, op->domid))
        return -EOPNOTSUPP;
    return op->pirq < 0 ? -EINVAL : pirq_unmap(c->domain, (u32)op->pirq);
}

static long call_setup_gsi(const struct command_call *c)
{
    const struct physdev_setup_gsi *op = c->op;

    if (op->gsi < 0)
        return -EINVAL;
    return pirq_setup_gsi(c->domain, (u32)op->gsi, op->triggering != 0, op->polarity != 0);
}

static long call_free_pirq(const struct command_call *c)
{
    struct physdev_get_free_pirq *op = c->op;
    int number = pirq_get_free(c->domain);

    if (number < 0)
        return number;
    op->pirq = (u32)number;
    return 0;
}

/* Ring 0 keeps no list of devices: it looks one up when its interrupts are mapped. Only what cannot be reached by ports
 * is refused. */
static long call_pci_device(const struct command_call *c)
{
    const struct physdev_pci_device *op = c->op;

    if (op->seg)
        return -ENODEV;
    if (c->number == PHYSDEVOP_restore_msi_ext)
        pirq_restore_msi(c->domain, (u16)(op->bus << 8 | op->devfn));
    return 0;
}

/* Configuration space is reached by ports, whatever else there is. */
static long call_mmcfg(const struct command_call *c)
{
    (void)c;
    return 0;
}

static const struct command commands[] = {
    {PHYSDEVOP_eoi, sizeof(struct physdev_eoi), CONTROL, call_eoi},
    {PHYSDEVOP_irq_status_query, sizeof(struct physdev_irq_status_query), CONTROL | ANSWERS, call_status},
    {PHYSDEVOP_set_iopl, sizeof(struct physdev_set_iopl), 0, call_iopl},
    {PHYSDEVOP_set_iobitmap, sizeof(struct physdev_set_iobitmap), 0, call_iobitmap},
    {PHYSDEVOP_apic_read, sizeof(struct physdev_apic), CONTROL | ANSWERS, call_apic_read},
    {PHYSDEVOP_alloc_irq_vector, sizeof(struct physdev_irq), CONTROL | ANSWERS, call_alloc_vector},
    {PHYSDEVOP_map_pirq, sizeof(struct physdev_map_pirq), CONTROL | ANSWERS, call_map},
    {PHYSDEVOP_unmap_pirq, sizeof(struct physdev_unmap_pirq), CONTROL, call_unmap},
    {PHYSDEVOP_setup_gsi, sizeof(struct physdev_setup_gsi), CONTROL, call_setup_gsi},
    {PHYSDEVOP_get_free_pirq, sizeof(struct physdev_get_free_pirq), CONTROL | ANSWERS, call_free_pirq},
    {PHYSDEVOP_pci_mmcfg_reserved, 0, CONTROL, call_mmcfg},
    {PHYSDEVOP_pci_device_add, sizeof(struct physdev_pci_device), CONTROL, call_pci_device},
    {PHYSDEVOP_pci_device_remove, sizeof(struct physdev_pci_device), CONTROL, call_pci_device},
    /* nothing is kept by device, so nothing can be left over */
    {PHYSDEVOP_prepare_msix, sizeof(struct physdev_pci_device), CONTROL, call_pci_device},
    {PHYSDEVOP_release_msix, sizeof(struct physdev_pci_device), CONTROL, call_pci_device},
    {PHYSDEVOP_restore_msi_ext, sizeof(struct physdev_pci_device), CONTROL, call_pci_device},
};

long do_physdev_op(struct vcpu *v, u64 args[6])
{
    const struct command *command = command_find(commands, ARRAY_SIZE(commands), (u32)args[0]);

    return command || v->domain->privileged ? command_run(command, v, args[1]) : -EPERM;
}

/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts of dom0, see pirq.h. The lock guards the table; events are sent without it, since
 * event channels rank below.
 */
#include "domain/pirq.h"

#include "cpu/apic.h"
#include "cpu/irq.h"
#include "device/acpi.h"
#include "device/ioapic.h"
#include "device/msi.h"
#include "device/serial.h"
#include "boot/boot.h"
#include "domain/domain.h"
#include "lib/print.h"
#include "memory/alloc.h"

#define MSI_PIRQS 256

enum pirq_kind { PIRQ_FREE, PIRQ_RESERVED, PIRQ_GSI, PIRQ_MSI };

struct pirq {
    u8 kind, vector;
    bool bound;
    bool awaits_eoi;   /* a line that is masked until dom0 says so */
    bool set_up;       /* trigger and polarity of the line of this number are known */
    bool level, low;   /* ... of the line of this number, mapped or not */
    u32 port, gsi;
    struct msi msi;
};

int pirq_domain_init(struct domain *d)
{
    struct domain_pirqs *p = &d->pirqs;

    spin_lock_init(&p->lock, RANK_PIRQ);
    if (!d->privileged)
        return 0;
    p->gsi_count = ioapic_gsi_count();
    p->count = p->gsi_count + MSI_PIRQS;
    p->table = hv_alloc(p->count * sizeof(*p->table));
    if (!p->table)
        return -ENOMEM;
    /* until somebody says otherwise, a line is as the bus that owns its number has it */
    for (u32 i = 0; i < ARRAY_SIZE(acpi_info.isa); i++) {
        u32 gsi = acpi_info.isa[i].gsi;

        if (gsi < p->gsi_count) {
            p->table[gsi].level = acpi_info.isa[i].level;
            p->table[gsi].low = acpi_info.isa[i].low;
        }
    }
    for (u32 i = ARRAY_SIZE(acpi_info.isa); i < p->gsi_count; i++)
        p->table[i].level = p->table[i].low = true;
    return 0;
}

void pirq_domain_destroy(struct domain *d)
{
    hv_free(d->pirqs.table);
    d->pirqs.table = NULL;
    d->pirqs.count = 0;
}

static struct pirq *find(struct domain *d, u32 number)
{
    struct pirq *p = number < d->pirqs.count ? &d->pirqs.table[number] : NULL;

    return p && p->kind >= PIRQ_GSI ? p : NULL;
}

static bool is_level(struct domain *d, const struct pirq *p)
{
    return p->kind == PIRQ_GSI && d->pirqs.table[p->gsi].level;
}

static void pirq_interrupt(u8 vector, void *data)
{
    struct pirq *p = data;
    struct domain *d = dom0;
    bool bound;
    u32 port;

    (void)vector;
    spin_lock(&d->pirqs.lock);
    bound = p->bound;
    port = p->port;
    p->awaits_eoi = bound && is_level(d, p);
    if (p->awaits_eoi || (!bound && p->kind == PIRQ_GSI))
        ioapic_mask(p->gsi, true);
    apic_eoi();
    spin_unlock(&d->pirqs.lock);
    if (bound)
        evtchn_raise(d, port);
}

static void line_route(struct domain *d, struct pirq *p)
{
    const struct pirq *line = &d->pirqs.table[p->gsi];

    ioapic_route(p->gsi, p->vector, cpus[0]->apic_id, line->level, line->low);
    p->awaits_eoi = false;
    ioapic_mask(p->gsi, !p->bound);
}

static void pirq_enable(struct domain *d, struct pirq *p, bool on)
{
    p->bound = on;
    if (p->kind == PIRQ_GSI)
        line_route(d, p);
    else
        msi_mask(&p->msi, !on);
}

int pirq_bind(struct domain *d, u32 number, u32 port)
{
    struct pirq *p;

    SPIN_LOCK_BLOCK(&d->pirqs.lock);
    p = find(d, number);
    if (!p)
        return -EINVAL;
    if (p->bound)
        return -EBUSY;
    p->port = port;
    pirq_enable(d, p, true);
    return 0;
}

void pirq_unbind(struct domain *d, u32 number, u32 port)
{
    struct pirq *p;

    SPIN_LOCK_BLOCK(&d->pirqs.lock);
    p = find(d, number);
    if (p && p->bound && p->port == port)
        pirq_enable(d, p, false);
}

int pirq_eoi(struct domain *d, u32 number)
{
    struct pirq *p;

    SPIN_LOCK_BLOCK(&d->pirqs.lock);
    p = find(d, number);
    if (p && p->awaits_eoi) {
        p->awaits_eoi = false;
        ioapic_mask(p->gsi, !p->bound);
    }
    return p ? 0 : -EINVAL;
}

bool pirq_needs_eoi(struct domain *d, u32 number)
{
    const struct pirq *p;

    SPIN_LOCK_BLOCK(&d->pirqs.lock);
    p = find(d, number);
    return p && is_level(d, p);
}

/* A free number; from the top, so that the numbers of lines stay free. */
static int find_free(const struct domain *d)
{
    for (u32 i = d->pirqs.count; i-- > 16;)
        if (d->pirqs.table[i].kind == PIRQ_FREE)
            return (int)i;
    return -ENOSPC;
}

static bool gsi_is_ours(u32 gsi)
{
    return boot_options.console_com1 && gsi == acpi_info.isa[SERIAL_IRQ].gsi;
}

/* The pirq of number `want`, with a vector of its own; the lock is held. */
static int take(struct domain *d, int want)
{
    struct pirq *p;

    if (want < 0)
        return want;
    if ((u32)want >= d->pirqs.count)
        return -EINVAL;
    p = &d->pirqs.table[want];
    if (p->kind > PIRQ_RESERVED)
        return -EEXIST;
    p->vector = irq_vector_alloc(pirq_interrupt, p);
    return p->vector ? want : -ENOSPC;
}

static struct pirq *pirq_of_gsi(const struct domain *d, u32 gsi)
{
    for (u32 i = 0; i < d->pirqs.count; i++)
        if (d->pirqs.table[i].kind == PIRQ_GSI && d->pirqs.table[i].gsi == gsi)
            return &d->pirqs.table[i];
    return NULL;
}

int pirq_map_gsi(struct domain *d, u32 gsi, int want)
{
    const struct pirq *there;

    if (gsi >= d->pirqs.gsi_count)
        return -EINVAL;
    if (gsi_is_ours(gsi))
        return -EBUSY;
    SPIN_LOCK_BLOCK(&d->pirqs.lock);
    there = pirq_of_gsi(d, gsi);
    if (there)
        return want < 0 || there == &d->pirqs.table[want] ? (int)(there - d->pirqs.table) : -EEXIST;
    if (want < 0)
        want = d->pirqs.table[gsi].kind == PIRQ_FREE ? (int)gsi : find_free(d);
    want = take(d, want);
    if (want >= 0) {
        d->pirqs.table[want].kind = PIRQ_GSI;
        d->pirqs.table[want].gsi = gsi;
    }
    return want;
}

int pirq_map_msi(struct domain *d, u16 bdf, bool msix, u32 entry, int want)
{
    struct pirq *p;
    int number, error;

    SPIN_LOCK_BLOCK(&d->pirqs.lock);
    number = take(d, want < 0 ? find_free(d) : want);
    if (number < 0)
        return number;
    p = &d->pirqs.table[number];
    error = msi_setup(&p->msi, bdf, msix, entry, p->vector, cpus[0]->apic_id);
    if (error)
        irq_vector_free(p->vector);
    else
        p->kind = PIRQ_MSI;
    return error ? error : number;
}

int pirq_unmap(struct domain *d, u32 number)
{
    struct pirq *p = number < d->pirqs.count ? &d->pirqs.table[number] : NULL;

    SPIN_LOCK_BLOCK(&d->pirqs.lock);
    if (!p || p->kind == PIRQ_FREE)
        return -EINVAL;
    if (p->kind != PIRQ_RESERVED) {
        pirq_enable(d, p, false);
        irq_vector_free(p->vector);
    }
    if (p->kind == PIRQ_MSI)
        msi_teardown(&p->msi);
    p->kind = PIRQ_FREE;
    return 0;
}

int pirq_setup_gsi(struct domain *d, u32 gsi, bool level, bool low)
{
    struct pirq *line, *p;

    if (gsi >= d->pirqs.gsi_count)
        return -EINVAL;
    if (gsi_is_ours(gsi))
        return -EBUSY;
    SPIN_LOCK_BLOCK(&d->pirqs.lock);
    line = &d->pirqs.table[gsi];
    if (line->set_up)
        return -EEXIST;
    line->set_up = true;
    line->level = level;
    line->low = low;
    p = pirq_of_gsi(d, gsi);
    if (p)
        line_route(d, p);
    return 0;
}

int pirq_get_free(struct domain *d)
{
    int number;

    SPIN_LOCK_BLOCK(&d->pirqs.lock);
    number = find_free(d);
    if (number >= 0)
        d->pirqs.table[number].kind = PIRQ_RESERVED;
    return number;
}

void pirq_restore_msi(struct domain *d, u16 bdf)
{
    SPIN_LOCK_BLOCK(&d->pirqs.lock);
    for (u32 i = 0; i < d->pirqs.count; i++) {
        struct pirq *p = &d->pirqs.table[i];

        if (p->kind != PIRQ_MSI || p->msi.bdf != bdf)
            continue;
        msi_restore(&p->msi, cpus[0]->apic_id);
        msi_mask(&p->msi, !p->bound);
    }
}

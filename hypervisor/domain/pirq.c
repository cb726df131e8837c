/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts of dom0, see pirq.h. The lock guards the table; events are sent without it, since
 * event channels rank below.
 */
#include "domain/pirq.h"

#include "cpu/apic.h"
#include "cpu/irq.h"
#include "cpu/percpu.h"
#include "device/acpi.h"
#include "device/ioapic.h"
#include "device/msi.h"
#include "device/serial.h"
#include "boot/boot.h"
#include "domain/domain.h"
#include "domain/evtchn.h"
#include "lib/errno.h"
#include "lib/print.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/layout.h"

#define MSI_PIRQS 256
#define MAX_MSI_BLOCK 32

enum pirq_kind { PIRQ_FREE, PIRQ_RESERVED, PIRQ_GSI, PIRQ_MSI };

struct pirq {
    u8 kind, vector;
    bool bound;
    bool awaits_eoi;   /* a line that is masked until dom0 says so */
    bool set_up;       /* trigger and polarity of the line of this number are known */
    bool level, low;   /* ... of the line of this number, mapped or not */
    u8 block, index;   /* MSI: messages in the block, which one this is */
    u32 number, port;
    u32 gsi;
    struct msi msi;
};

static u32 target_apic(void)
{
    return cpus[0]->apic_id;
}

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
    for (u32 i = 0; i < p->count; i++)
        p->table[i].number = i;
    /* until somebody says otherwise, a line is as the bus that owns its number has it */
    for (u32 i = 0; i < ARRAY_SIZE(acpi_info.isa); i++) {
        struct pirq *q = acpi_info.isa[i].gsi < p->gsi_count ? &p->table[acpi_info.isa[i].gsi] : NULL;

        if (q) {
            q->level = acpi_info.isa[i].level;
            q->low = acpi_info.isa[i].low;
        }
    }
    for (u32 i = ARRAY_SIZE(acpi_info.isa); i < p->gsi_count; i++)
        p->table[i].level = p->table[i].low = true;
    return 0;
}

void pirq_domain_destroy(struct domain *d)
{
    if (mfn_x(d->pirqs.eoi_map))
        frame_put_writable(d->pirqs.eoi_map);
    d->pirqs.eoi_map = mfn(0);
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

/* The lock is held. */
static void eoi_map_update(struct domain *d, const struct pirq *p)
{
    u64 *map;

    if (!mfn_x(d->pirqs.eoi_map))
        return;
    map = (u64 *)mfn_to_virt(d->pirqs.eoi_map) + p->number / 64;
    if (p->bound && is_level(d, p))
        __atomic_or_fetch(map, 1ull << p->number % 64, __ATOMIC_RELAXED);
    else
        __atomic_and_fetch(map, ~(1ull << p->number % 64), __ATOMIC_RELAXED);
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
    if (bound && is_level(d, p)) {
        p->awaits_eoi = true;
        ioapic_mask(p->gsi, true);
    } else if (!bound && p->kind == PIRQ_GSI) {
        ioapic_mask(p->gsi, true);
    }
    apic_eoi();
    spin_unlock(&d->pirqs.lock);
    if (bound)
        evtchn_send_pirq(d, p->number, port);
}

static void line_route(struct domain *d, struct pirq *p)
{
    const struct pirq *line = &d->pirqs.table[p->gsi];

    ioapic_route(p->gsi, p->vector, target_apic(), line->level, line->low);
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
    eoi_map_update(d, p);
}

int pirq_bind(struct domain *d, u32 number, u32 port, bool share)
{
    struct pirq *p;
    int error = 0;

    (void)share; /* one domain has all devices: it shares lines with itself */
    spin_lock(&d->pirqs.lock);
    p = find(d, number);
    if (!p) {
        error = -EINVAL;
    } else if (p->bound) {
        error = -EBUSY;
    } else {
        p->port = port;
        pirq_enable(d, p, true);
    }
    spin_unlock(&d->pirqs.lock);
    return error;
}

void pirq_unbind(struct domain *d, u32 number)
{
    struct pirq *p;

    spin_lock(&d->pirqs.lock);
    p = find(d, number);
    if (p && p->bound)
        pirq_enable(d, p, false);
    spin_unlock(&d->pirqs.lock);
}

int pirq_eoi(struct domain *d, u32 number)
{
    struct pirq *p;
    bool unmask = false;
    u32 port = 0;
    int error = 0;

    spin_lock(&d->pirqs.lock);
    p = find(d, number);
    if (!p) {
        error = -EINVAL;
    } else {
        unmask = p->bound && d->pirqs.eoi_unmasks;
        port = p->port;
        if (p->awaits_eoi) {
            p->awaits_eoi = false;
            ioapic_mask(p->gsi, !p->bound);
        }
    }
    spin_unlock(&d->pirqs.lock);
    if (unmask)
        evtchn_unmask(d, port);
    return error;
}

bool pirq_needs_eoi(struct domain *d, u32 number)
{
    const struct pirq *p;
    bool needs;

    spin_lock(&d->pirqs.lock);
    p = find(d, number);
    needs = p && is_level(d, p);
    spin_unlock(&d->pirqs.lock);
    return needs;
}

/* `count` free numbers in a row; messages from the top, so that the numbers of lines stay free. -1: none. */
static int find_free(struct domain *d, u32 count)
{
    u32 run = 0;

    for (u32 i = d->pirqs.count; i-- > 16;) {
        run = d->pirqs.table[i].kind == PIRQ_FREE ? run + 1 : 0;
        if (run == count)
            return (int)i;
    }
    return -1;
}

static bool gsi_is_ours(u32 gsi)
{
    return boot_options.console_com1 && gsi == acpi_info.isa[SERIAL_IRQ].gsi;
}

/* The lock is held. */
static int map_gsi(struct domain *d, u32 gsi, int want)
{
    struct pirq *p;

    for (u32 i = 0; i < d->pirqs.count; i++)
        if (d->pirqs.table[i].kind == PIRQ_GSI && d->pirqs.table[i].gsi == gsi)
            return want < 0 || want == (int)i ? (int)i : -EEXIST;
    if (want < 0)
        want = d->pirqs.table[gsi].kind == PIRQ_FREE ? (int)gsi : find_free(d, 1);
    if (want < 0)
        return -ENOSPC;
    p = (u32)want < d->pirqs.count ? &d->pirqs.table[want] : NULL;
    if (!p)
        return -EINVAL;
    if (p->kind > PIRQ_RESERVED)
        return -EEXIST;
    p->vector = irq_vector_alloc(pirq_interrupt, p);
    if (!p->vector)
        return -ENOSPC;
    p->kind = PIRQ_GSI;
    p->gsi = gsi;
    return want;
}

int pirq_map_gsi(struct domain *d, u32 gsi, int want)
{
    int result;

    if (gsi >= d->pirqs.gsi_count)
        return -EINVAL;
    if (gsi_is_ours(gsi))
        return -EBUSY;
    spin_lock(&d->pirqs.lock);
    result = map_gsi(d, gsi, want);
    spin_unlock(&d->pirqs.lock);
    return result;
}

/* Fills the pirqs of a block whose vectors are taken. The lock is held. */
static int map_block(struct domain *d, const struct pirq_msi *what, u32 first, u8 vector)
{
    for (u32 i = 0; i < what->count; i++) {
        struct pirq *p = &d->pirqs.table[first + i];
        int error = msi_setup(&p->msi, what->bdf, what->msix, what->msix ? what->entry : i,
                              (u8)(vector + i), what->count, target_apic());

        if (error)
            return error;
        p->vector = (u8)(vector + i);
        p->block = (u8)what->count;
        p->index = (u8)i;
        p->bound = p->awaits_eoi = false;
        irq_vector_set_data(p->vector, p);
    }
    for (u32 i = 0; i < what->count; i++)
        d->pirqs.table[first + i].kind = PIRQ_MSI;
    return (int)first;
}

static int map_msi(struct domain *d, const struct pirq_msi *what, int want)
{
    int first = want >= 0 ? want : find_free(d, what->count), result;
    u8 vector;

    if (first < 0)
        return -ENOSPC;
    if ((u32)first + what->count > d->pirqs.count)
        return -EINVAL;
    for (u32 i = 0; i < what->count; i++)
        if (d->pirqs.table[(u32)first + i].kind > PIRQ_RESERVED)
            return -EEXIST;
    vector = irq_vector_alloc_block(what->count, pirq_interrupt, &d->pirqs.table[first]);
    if (!vector)
        return -ENOSPC;
    result = map_block(d, what, (u32)first, vector);
    for (u32 i = 0; result < 0 && i < what->count; i++)
        irq_vector_free((u8)(vector + i));
    return result;
}

int pirq_map_msi(struct domain *d, const struct pirq_msi *what, int want)
{
    int result;

    if (!what->count || what->count > MAX_MSI_BLOCK || (what->count & (what->count - 1)))
        return -EINVAL;
    spin_lock(&d->pirqs.lock);
    result = map_msi(d, what, want);
    spin_unlock(&d->pirqs.lock);
    return result;
}

/* The lock is held. */
static void unmap_one(struct domain *d, struct pirq *p)
{
    if (p->bound || p->kind == PIRQ_GSI)
        pirq_enable(d, p, false);
    if (p->kind == PIRQ_MSI)
        msi_teardown(&p->msi);
    irq_vector_free(p->vector);
    p->kind = PIRQ_FREE;
}

int pirq_unmap(struct domain *d, u32 number)
{
    struct pirq *p;
    u32 count;

    spin_lock(&d->pirqs.lock);
    p = number < d->pirqs.count ? &d->pirqs.table[number] : NULL;
    if (!p || p->kind == PIRQ_FREE || (p->kind == PIRQ_MSI && p->index)) {
        spin_unlock(&d->pirqs.lock);
        return -EINVAL;
    }
    count = p->kind == PIRQ_MSI ? p->block : 1;
    if (p->kind == PIRQ_RESERVED)
        p->kind = PIRQ_FREE;
    else
        for (u32 i = 0; i < count; i++)
            unmap_one(d, &p[i]);
    spin_unlock(&d->pirqs.lock);
    return 0;
}

int pirq_setup_gsi(struct domain *d, u32 gsi, bool level, bool low)
{
    struct pirq *line;
    int error = 0;

    if (gsi >= d->pirqs.gsi_count)
        return -EINVAL;
    if (gsi_is_ours(gsi))
        return -EBUSY;
    spin_lock(&d->pirqs.lock);
    line = &d->pirqs.table[gsi];
    if (line->set_up) {
        error = -EEXIST;
    } else {
        line->set_up = true;
        line->level = level;
        line->low = low;
        for (u32 i = 0; i < d->pirqs.count; i++)
            if (d->pirqs.table[i].kind == PIRQ_GSI && d->pirqs.table[i].gsi == gsi) {
                line_route(d, &d->pirqs.table[i]);
                eoi_map_update(d, &d->pirqs.table[i]);
            }
    }
    spin_unlock(&d->pirqs.lock);
    return error;
}

int pirq_get_free(struct domain *d)
{
    int number;

    spin_lock(&d->pirqs.lock);
    number = find_free(d, 1);
    if (number >= 0)
        d->pirqs.table[number].kind = PIRQ_RESERVED;
    spin_unlock(&d->pirqs.lock);
    return number >= 0 ? number : -ENOSPC;
}

void pirq_restore_msi(struct domain *d, u16 bdf)
{
    spin_lock(&d->pirqs.lock);
    for (u32 i = 0; i < d->pirqs.count; i++) {
        struct pirq *p = &d->pirqs.table[i];

        if (p->kind != PIRQ_MSI || p->msi.bdf != bdf)
            continue;
        msi_restore(&p->msi, p->block, target_apic());
        msi_mask(&p->msi, !p->bound);
    }
    spin_unlock(&d->pirqs.lock);
}

int pirq_set_eoi_map(struct domain *d, mfn_t m, bool eoi_unmasks)
{
    int error = frame_get_writable(m, d);

    if (error)
        return error;
    spin_lock(&d->pirqs.lock);
    if (mfn_x(d->pirqs.eoi_map) || d->pirqs.count > PAGE_SIZE * 8) {
        error = -EBUSY;
    } else {
        d->pirqs.eoi_map = m;
        d->pirqs.eoi_unmasks = eoi_unmasks;
        for (u32 i = 0; i < d->pirqs.count; i++)
            eoi_map_update(d, &d->pirqs.table[i]);
    }
    spin_unlock(&d->pirqs.lock);
    if (error)
        frame_put_writable(m);
    return error;
}

/* SPDX-License-Identifier: MIT */
/*
 * Decodes memory_op: a domain's reservation (more, less, exchanged for other frames), the memory maps,
 * claims, and frames of another domain that the toolstack maps. Lists are worked through an extent at a
 * time; where a call stops, the extent to go on with stands in the upper bits of its first argument.
 */
#include <public/memory.h>

#include "boot/boot.h"
#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/guest_copy.h"
#include "memory/map.h"

#define COMMAND_BITS 6
#define COMMAND_MASK ((1u << COMMAND_BITS) - 1)
#define MAX_EXTENT_ORDER 9
#define MAX_MAP_ENTRIES 128
#define MAX_PFN (1ull << 40)
#define STATUS_OF_FRAMES (GRANT_STATUSES / GRANT_V2_ENTRIES)

/* A limit below 4 GiB has the allocator search its lists, all of them: that is for devices, and whoever has some. */
static bool address_limit_ok(const struct vcpu *v, u32 address_bits)
{
    return !address_bits || address_bits >= 32 || v->domain->privileged;
}

struct extents {
    struct domain *domain;
    u64 list, count, at;
    u32 order, address_bits;
    bool populate;
};

/* One extent of populate_physmap (pfn in the list) or increase_reservation (nothing in it). The list's range was checked. */
static bool extent_add(struct extents *e)
{
    u64 pfn = 0, address = e->list + e->at * sizeof(u64), first;
    mfn_t m;

    if (e->populate && GUEST_WORDS(address, &pfn, 1))
        return false;
    m = frame_alloc(e->domain, e->order, 0, e->address_bits);
    if (mfn_eq(m, INVALID_MFN))
        return false;
    for (u64 i = 0; e->populate && i < 1ull << e->order; i++)
        m2p_set(mfn_add(m, i), pfn + i);
    first = mfn_x(m);
    /* The frames are the domain's all the same where the list cannot be written. */
    return !e->list || !GUEST_WORDS(&first, address, 1);
}

static bool frame_give_up(struct domain *d, mfn_t m)
{
    bool had;

    if (!frame_get(m, d))
        return false;
    had = !(frame_of(m)->refs & FRAME_HV) && frame_release(m);
    frame_put(m);
    return had;
}

static bool extent_remove(struct extents *e)
{
    u64 m, address = e->list + e->at * sizeof(u64);

    if (GUEST_WORDS(address, &m, 1))
        return false;
    for (u64 i = 0; i < 1ull << e->order; i++)
        if (!frame_give_up(e->domain, mfn(m + i)))
            return false;
    return true;
}

/* What cannot be begun is answered like what is done: with the extents that are. */
static long reservation_change(struct vcpu *v, u64 args[6], u32 command)
{
    struct xen_memory_reservation r;
    struct extents e = {.at = args[0] >> COMMAND_BITS, .populate = command == XENMEM_populate_physmap};
    bool more = true;
    int error;

    if (copy_words_from_guest(&r, args[1]))
        return (long)e.at;
    e.list = (u64)r.extent_start.p;
    e.count = r.nr_extents;
    e.order = r.extent_order;
    e.address_bits = XENMEMF_get_address_bits(r.mem_flags);
    /* a bitmap of what is too much to hold, or a list that wraps */
    if (e.count > ~0ull >> (COMMAND_BITS + 4) || e.at > e.count || e.order > MAX_EXTENT_ORDER ||
        !address_limit_ok(v, e.address_bits) || (e.list && !guest_range_ok(e.list, e.count * sizeof(u64))) ||
        (!e.list && command != XENMEM_increase_reservation))
        return (long)e.at;
    e.domain = domain_find_for(v, r.domid, &error);
    if (!e.domain)
        return (long)e.at;
    while (more && e.at < e.count) {
        if (!(command == XENMEM_decrease_reservation ? extent_remove(&e) : extent_add(&e)))
            break;
        e.at++;
        /* asked after the last one too: a list of calls may hold many short lists */
        more = !((e.order >= 4 || e.at % 16 == 0) && preempt_needed());
    }
    domain_put(e.domain);
    if (more || e.at == e.count)
        return (long)e.at;
    args[0] = command | e.at << COMMAND_BITS;
    return -ERESTART;
}

struct exchange {
    struct domain *domain;
    u64 in_list, out_list;
    u32 in_order, out_order, address_bits;
};

/* The n frames from `at` on that are to go, out of their owner's reach: only frames that nothing refers to, or a domain
 * would keep them by a mapping, beside what it gets for them. Undone by frame_taken_end(). */
static int exchange_take(const struct exchange *x, u64 at, u64 n, mfn_t *in, u64 *taken)
{
    u64 first;

    for (*taken = 0; *taken < n; ++*taken) {
        u64 frame = at + *taken;
        mfn_t m;

        if (copy_from_guest(&first, x->in_list + (frame >> x->in_order) * sizeof(u64), sizeof(first)))
            return -EFAULT;
        m = mfn(first + (frame & ((1ull << x->in_order) - 1)));
        if (!frame_take(m, x->domain))
            return -EINVAL;
        in[*taken] = m;
    }
    return 0;
}

static int exchange_make(const struct exchange *x, u64 extents, mfn_t *out)
{
    for (u64 made = 0; made < extents; made++) {
        out[made] = frame_alloc(x->domain, x->out_order, ALLOC_FORCE, x->address_bits);
        if (!mfn_eq(out[made], INVALID_MFN))
            continue;
        while (made--)
            for (u64 i = 0; i < 1ull << x->out_order; i++)
                frame_release(mfn_add(out[made], i));
        return -ENOMEM;
    }
    return 0;
}

/* One unit: 2^n frames, n the larger of the two orders. All that go are taken, all that come are made, and from then
 * on nothing fails but the guest's own list. */
static int exchange_unit(const struct exchange *x, u64 at, u32 order)
{
    u64 frames = 1ull << order, extents = frames >> x->out_order, taken, pfn, first;
    mfn_t in[1u << MAX_EXTENT_ORDER], out[1u << MAX_EXTENT_ORDER];
    int error = exchange_take(x, at, frames, in, &taken);

    if (!error)
        error = exchange_make(x, extents, out);
    while (taken--)
        frame_taken_end(in[taken], error);
    if (error)
        return error;
    for (u64 e = 0; e < extents; e++) {
        u64 address = x->out_list + ((at >> x->out_order) + e) * sizeof(u64);

        if (copy_from_guest(&pfn, address, sizeof(pfn)))
            return -EFAULT;
        for (u64 i = 0; i < 1ull << x->out_order; i++)
            m2p_set(mfn_add(out[e], i), pfn + i);
        first = mfn_x(out[e]);
        if (copy_to_guest(address, &first, sizeof(first)))
            return -EFAULT;
    }
    return 0;
}

static long memory_exchange(const struct command_call *c)
{
    struct xen_memory_exchange *r = c->op;
    struct exchange x = {.domain = c->domain,
                         .in_list = (u64)r->in.extent_start.p,
                         .out_list = (u64)r->out.extent_start.p,
                         .in_order = r->in.extent_order,
                         .out_order = r->out.extent_order,
                         .address_bits = XENMEMF_get_address_bits(r->out.mem_flags)};
    u32 order = MAX(x.in_order, x.out_order);
    u64 total, at;
    int error = 0;

    if (order > MAX_EXTENT_ORDER || r->in.nr_extents > 1ull << 40 || r->out.nr_extents > 1ull << 40 ||
        r->in.domid != r->out.domid || r->nr_exchanged > r->in.nr_extents)
        return -EINVAL;
    total = r->in.nr_extents << x.in_order;
    at = r->nr_exchanged << x.in_order;
    if (total != r->out.nr_extents << x.out_order)
        return -EINVAL;
    /* its own alone: what is out of a domain's reach must not miss that domain's end */
    if (r->in.domid != DOMID_SELF && r->in.domid != c->domain->id)
        return -EPERM;
    if ((total | at) & ((1ull << order) - 1))
        return -EINVAL;
    if (!guest_range_ok(x.in_list, r->in.nr_extents * 8) || !guest_range_ok(x.out_list, r->out.nr_extents * 8))
        return -EFAULT;
    if (!address_limit_ok(c->v, x.address_bits))
        return -ENOMEM;
    while (!error && at < total) {
        error = exchange_unit(&x, at, order);
        if (!error)
            at += 1ull << order;
        if (!error && preempt_needed() && at < total)
            error = -ERESTART;
    }
    r->nr_exchanged = at >> x.in_order;
    if (copy_to_guest(c->at + offsetof(struct xen_memory_exchange, nr_exchanged), &r->nr_exchanged,
                      sizeof(r->nr_exchanged)))
        return -EFAULT;
    return error;
}

static long current_pages(const struct command_call *c)
{
    return (long)c->domain->tot_pages;
}

static long maximum_pages(const struct command_call *c)
{
    return (long)c->domain->max_pages;
}

/* Its kernel's word: it must not look like an error to who asks. */
static long maximum_pfn(const struct command_call *c)
{
    const struct shared_info *shared = ACCESS_ONCE(c->domain->shared);
    u64 pfn = shared ? ACCESS_ONCE(shared->arch.max_pfn) : 0;

    return (long)MIN(pfn, MAX_PFN);
}

struct e820_entry {
    u64 start, size;
    u32 type;
} __packed;

static long machine_memory_map(const struct command_call *c)
{
    struct xen_memory_map *map = c->op;

    if (map->nr_entries < boot_info.map_count)
        return -EINVAL;
    for (u32 i = 0; i < boot_info.map_count; i++) {
        const struct boot_range *r = &boot_info.map[i];
        struct e820_entry e = {r->start, r->size, r->type};

        if (copy_struct_to_guest((u64)map->buffer.p + i * sizeof(e), &e))
            return -EFAULT;
    }
    map->nr_entries = boot_info.map_count;
    return 0;
}

static long memory_map(const struct command_call *c)
{
    struct xen_memory_map *map = c->op;

    map->nr_entries = MIN(map->nr_entries, c->domain->memory_map_entries);
    return copy_to_guest((u64)map->buffer.p, c->domain->memory_map, map->nr_entries * sizeof(struct e820_entry));
}

static long set_memory_map(const struct command_call *c)
{
    const struct xen_foreign_memory_map *r = c->op;
    u32 n = r->map.nr_entries;
    struct domain *d;
    void *entries = NULL;
    int error;

    if (n > MAX_MAP_ENTRIES)
        return -EINVAL;
    d = domain_find_for(c->v, r->domid, &error);
    if (!d)
        return error;
    entries = hv_alloc(n * sizeof(struct e820_entry) + 1);
    if (!entries)
        error = -ENOMEM;
    else if (copy_from_guest(entries, (u64)r->map.buffer.p, n * sizeof(struct e820_entry)))
        error = -EFAULT;
    spin_lock(&d->control_lock);
    if (!error && !d->control_pauses)
        error = -EBUSY; /* one of its vcpus may be reading the old one */
    if (!error) {
        void *old = d->memory_map;

        d->memory_map = entries;
        d->memory_map_entries = n;
        entries = old;
    }
    spin_unlock(&d->control_lock);
    hv_free(entries);
    domain_put(d);
    return error;
}

static long claim_pages(const struct command_call *c)
{
    const struct xen_memory_reservation *r = c->op;
    struct domain *d;
    int error;

    if (r->extent_start.p || r->extent_order || r->mem_flags)
        return -EINVAL;
    d = domain_find_for(c->v, r->domid, &error);
    if (!d)
        return error;
    error = d->death ? -EINVAL : claim_set(d, r->nr_extents);
    domain_put(d);
    return error;
}

static long machphys_mapping(const struct command_call *c)
{
    *(struct xen_machphys_mapping *)c->op =
        (struct xen_machphys_mapping){M2P_RO_START, M2P_RO_START + frame_max * sizeof(u64), frame_max - 1};
    return 0;
}

/* Where the same table lies, 2 MiB (that is, a GiB of the machine) to an entry. A GiB without RAM has none: its entry is
 * the one before, because toolstacks map what they are told. */
static long machphys_frames(const struct command_call *c)
{
    struct xen_machphys_mfn_list *list = c->op;
    u64 m = 0;

    list->nr_extents = 0;
    while (list->nr_extents < list->max_extents && list->nr_extents < frame_max >> (30 - PAGE_SHIFT)) {
        u64 here = mfn_x(map_m2p_frames(list->nr_extents));

        m = here ? here : m;
        if (copy_struct_to_guest((u64)(list->extent_start.p + list->nr_extents), &m))
            return -EFAULT;
        list->nr_extents++;
    }
    return 0;
}

/* Frames of another domain's grant table, or those with its marks of use. */
static int acquire_grant_frames(struct domain *d, const struct xen_mem_acquire_resource *r)
{
    bool status = r->id == XENMEM_resource_grant_table_id_status;
    u64 end = r->frame + r->nr_frames;

    if ((status ? d->grants.version != 2 : r->id != XENMEM_resource_grant_table_id_shared) || r->frame > 0xffff ||
        r->nr_frames > 32 || grant_grow(d, (u32)(status ? (end - 1) * STATUS_OF_FRAMES + 1 : end)))
        return -EINVAL;
    for (u32 i = 0; i < r->nr_frames; i++) {
        void *page = grant_frame_page(d, (u32)r->frame + i, status);
        u64 m = mfn_x(virt_to_mfn(page));

        if (!page)
            return -EINVAL; /* it has just died */
        if (copy_to_guest((u64)(r->frame_list.p + i), &m, sizeof(m)))
            return -EFAULT;
    }
    return 0;
}

static long acquire_resource(const struct command_call *c)
{
    struct xen_mem_acquire_resource *r = c->op;
    struct domain *d;
    int error;

    if (!c->domain->privileged)
        return -EPERM;
    if (r->pad || r->type != XENMEM_resource_grant_table)
        return r->pad ? -EINVAL : -EOPNOTSUPP;
    d = domain_find_for(c->v, r->domid, &error);
    if (!d)
        return error;
    if (d == c->domain) {
        error = -EINVAL;
    } else if (!r->frame_list.p) {
        r->nr_frames = d->grants.max_frames;
        if (r->id == XENMEM_resource_grant_table_id_status)
            r->nr_frames = (r->nr_frames + STATUS_OF_FRAMES - 1) / STATUS_OF_FRAMES;
        error = copy_struct_to_guest(c->at, r);
    } else {
        error = acquire_grant_frames(d, r);
    }
    domain_put(d);
    return error;
}

/* How a toolstack is told that there is none. */
static long no_vnuma(const struct command_call *c)
{
    (void)c;
    return -EOPNOTSUPP;
}

static const struct command commands[] = {
    {XENMEM_exchange, sizeof(struct xen_memory_exchange), 0, memory_exchange},
    {XENMEM_current_reservation, sizeof(struct xen_memory_domain), OF_DOMAIN, current_pages},
    {XENMEM_maximum_reservation, sizeof(struct xen_memory_domain), OF_DOMAIN, maximum_pages},
    {XENMEM_maximum_gpfn, sizeof(struct xen_memory_domain), OF_DOMAIN, maximum_pfn},
    {XENMEM_machphys_mapping, sizeof(struct xen_machphys_mapping), ANSWERS, machphys_mapping},
    {XENMEM_machphys_mfn_list, sizeof(struct xen_machphys_mfn_list), ANSWERS, machphys_frames},
    {XENMEM_machine_memory_map, sizeof(struct xen_memory_map), CONTROL | ANSWERS, machine_memory_map},
    {XENMEM_memory_map, sizeof(struct xen_memory_map), ANSWERS, memory_map},
    {XENMEM_set_memory_map, sizeof(struct xen_foreign_memory_map), CONTROL, set_memory_map},
    {XENMEM_claim_pages, sizeof(struct xen_memory_reservation), CONTROL, claim_pages},
    {XENMEM_acquire_resource, sizeof(struct xen_mem_acquire_resource), 0, acquire_resource},
    {XENMEM_get_vnumainfo, sizeof(struct xen_vnuma_topology_info), 0, no_vnuma},
};

long do_memory_op(struct vcpu *v, u64 args[6])
{
    u32 command = args[0] & COMMAND_MASK;

    switch (command) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return reservation_change(v, args, command);
    case XENMEM_maximum_ram_page:
        return (long)frame_max - 1;
    case XENMEM_memory_map:
        if (!v->domain->memory_map)
            return -ENOSYS;
        break;
    case XENMEM_machphys_compat_mfn_list:
        return -EOPNOTSUPP;
    }
    return COMMAND_RUN(commands, command, v, args[1]);
}

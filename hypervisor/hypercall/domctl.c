/* SPDX-License-Identifier: MIT */
/*
 * Decodes domctl: what the toolstack does to one domain. One table: command, what it may be done to,
 * handler. A handler gets a referenced domain and a private copy of the call's structure, holds the
 * domain's control lock, and leaves its answer in the copy.
 */
#include <public/domctl.h>
#include <public/mews.h>

#include "cpu/clock.h"
#include "domain/domain.h"
#include "domain/info.h"
#include "entry/entry.h"
#include "hypercall/hypercall.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/guest_copy.h"
#include "pv/context.h"

typedef long (*domctl_handler_t)(struct domain *d, struct xen_domctl *op);

static long domctl_destroy(struct domain *d, struct xen_domctl *op)
{
    (void)op;
    return domain_kill(d);
}

static long domctl_pause(struct domain *d, struct xen_domctl *op)
{
    return domain_control_pause(d, op->cmd == XEN_DOMCTL_pausedomain);
}

static long domctl_resume(struct domain *d, struct xen_domctl *op)
{
    (void)op;
    domain_resume(d);
    return 0;
}

static long domctl_info(struct domain *d, struct xen_domctl *op)
{
    memset(&op->u, 0, sizeof(op->u));
    domain_info(d, &op->u.getdomaininfo);
    return 0;
}

static long domctl_max_mem(struct domain *d, struct xen_domctl *op)
{
    d->max_pages = op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);
    return 0;
}

static long domctl_max_vcpus(struct domain *d, struct xen_domctl *op)
{
    long error = 0;

    if (op->u.max_vcpus.max != d->max_vcpus)
        return -EINVAL;
    for (u32 i = 0; i < d->max_vcpus && !error; i++)
        error = vcpu_create(d, i);
    return error;
}

static struct vcpu *vcpu_find(struct domain *d, u32 id)
{
    return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

static long domctl_set_context(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v = vcpu_find(d, op->u.vcpucontext.vcpu);
    struct vcpu_guest_context *c;
    long error;

    if (!v)
        return -ENOENT;
    c = hv_alloc(sizeof(*c));
    if (!c)
        return -ENOMEM;
    error = copy_from_guest(c, (u64)op->u.vcpucontext.ctxt.p, sizeof(*c));
    if (!error) {
        domain_pause_sync(d);
        error = pv_set_context(v, c);
        if (!error && !(c->flags & VGCF_online))
            v->sched.down = true;
        else if (!error)
            v->sched.down = false;
        domain_unpause(d);
    }
    hv_free(c);
    return error;
}

static long domctl_get_context(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v = vcpu_find(d, op->u.vcpucontext.vcpu);
    struct vcpu_guest_context *c;
    long error;

    if (!v)
        return -ENOENT;
    if (!v->initialised)
        return -ENODATA;
    c = hv_alloc(sizeof(*c));
    if (!c)
        return -ENOMEM;
    domain_pause_sync(d);
    pv_get_context(v, c);
    domain_unpause(d);
    if (!v->sched.down)
        c->flags |= VGCF_online;
    error = copy_to_guest((u64)op->u.vcpucontext.ctxt.p, c, sizeof(*c));
    hv_free(c);
    return error;
}

static long domctl_vcpu_info(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_getvcpuinfo *info = &op->u.getvcpuinfo;
    struct vcpu *v = vcpu_find(d, info->vcpu);

    if (!v)
        return -ESRCH;
    info->online = !v->sched.down;
    info->blocked = v->sched.blocked;
    info->running = v->sched.running;
    info->cpu_time = domain_vcpu_time(v);
    info->cpu = v->cpu;
    return 0;
}

/* Affinity bitmaps: as many bytes as both sides have. */
static long affinity_get(u64 mask, const struct xenctl_bitmap *map)
{
    u32 bytes = (map->nr_bits + 7) / 8;
    u8 zero = 0;

    if (copy_to_guest((u64)map->bitmap.p, &mask, MIN(bytes, sizeof(mask))))
        return -EFAULT;
    for (u32 i = sizeof(mask); i < bytes; i++)
        if (copy_to_guest((u64)(map->bitmap.p + i), &zero, 1))
            return -EFAULT;
    return 0;
}

static long affinity_set(u64 *mask, const struct xenctl_bitmap *map)
{
    u32 bytes = (map->nr_bits + 7) / 8;
    u64 wanted = 0, online = cpu_count >= 64 ? ~0ull : (1ull << cpu_count) - 1;

    if (copy_from_guest(&wanted, (u64)map->bitmap.p, MIN(bytes, sizeof(wanted))))
        return -EFAULT;
    if (map->nr_bits < 64)
        wanted &= (1ull << map->nr_bits) - 1;
    if (!(wanted & online))
        return -EINVAL;
    *mask = wanted;
    return 0;
}

static long domctl_affinity(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
    struct vcpu *v = vcpu_find(d, a->vcpu);
    bool set = op->cmd == XEN_DOMCTL_setvcpuaffinity;
    long error = 0;

    if (!v)
        return -ESRCH;
    if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)) || a->cpumap_hard.nr_bits > 4096 ||
        a->cpumap_soft.nr_bits > 4096)
        return -EINVAL;
    if (a->flags & XEN_VCPUAFFINITY_HARD)
        error = set ? affinity_set(&v->sched.hard_affinity, &a->cpumap_hard)
                    : affinity_get(v->sched.hard_affinity, &a->cpumap_hard);
    if (!error && (a->flags & XEN_VCPUAFFINITY_SOFT))
        error = set ? affinity_set(&v->sched.soft_affinity, &a->cpumap_soft)
                    : affinity_get(v->sched.soft_affinity, &a->cpumap_soft);
    return error;
}

static long domctl_scheduler(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;

    if (s->sched_id != XEN_SCHEDULER_CREDIT2)
        return -EINVAL;
    if (s->cmd == XEN_DOMCTL_SCHEDOP_getinfo) {
        s->u.credit2.weight = (u16)d->sched.weight;
        s->u.credit2.cap = (u16)d->sched.cap;
        return 0;
    }
    if (s->cmd != XEN_DOMCTL_SCHEDOP_putinfo)
        return -EINVAL;
    /* each of the two may be left as it is: weight 0, cap all ones */
    if (s->u.credit2.weight)
        d->sched.weight = s->u.credit2.weight;
    if (s->u.credit2.cap != 0xffff)
        d->sched.cap = s->u.credit2.cap;
    return 0;
}

static long domctl_set_handle(struct domain *d, struct xen_domctl *op)
{
    memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
    return 0;
}

static long domctl_address_size(struct domain *d, struct xen_domctl *op)
{
    (void)d;
    if (op->cmd == XEN_DOMCTL_set_address_size)
        return op->u.address_size.size == 64 ? 0 : -EINVAL; /* 64-bit guests only */
    op->u.address_size.size = 64;
    return 0;
}

static long domctl_hypercall_init(struct domain *d, struct xen_domctl *op)
{
    mfn_t m = mfn(op->u.hypercall_init.gmfn);

    if (frame_get_writable(m, d))
        return -EACCES;
    hypercall_page_fill(mfn_to_virt(m));
    frame_put_writable(m);
    return 0;
}

static long domctl_time_offset(struct domain *d, struct xen_domctl *op)
{
    if (op->u.settimeoffset.time_offset_seconds != (s32)op->u.settimeoffset.time_offset_seconds)
        return -EINVAL;
    d->time.time_offset_seconds = (s32)op->u.settimeoffset.time_offset_seconds;
    time_update_wallclock(d);
    return 0;
}

/* Guests use the TSC as it is; other modes are refused. */
static long domctl_tsc(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_tsc_info *tsc = &op->u.tsc_info;
    enum { TSC_DEFAULT, TSC_EMULATE, TSC_NATIVE };

    (void)d;
    if (op->cmd == XEN_DOMCTL_settscinfo)
        return tsc->tsc_mode == TSC_DEFAULT || tsc->tsc_mode == TSC_NATIVE ? 0 : -EOPNOTSUPP;
    *tsc = (struct xen_domctl_tsc_info){.tsc_mode = TSC_NATIVE, .gtsc_khz = (u32)clock_scale.tsc_khz};
    return 0;
}

static u64 frame_kind(struct domain *d, mfn_t m)
{
    u32 type;
    u64 kind = XEN_DOMCTL_PFINFO_XTAB;

    if (!frame_get(m, d))
        return kind;
    type = frame_of(m)->type;
    kind = XEN_DOMCTL_PFINFO_NOTAB;
    if (type >> FRAME_TYPE_SHIFT >= FRAME_L1 && type >> FRAME_TYPE_SHIFT <= FRAME_L4)
        kind = (u64)(type >> FRAME_TYPE_SHIFT) << XEN_DOMCTL_PFINFO_LTAB_SHIFT;
    if (type & FRAME_PINNED)
        kind |= XEN_DOMCTL_PFINFO_LPINTAB;
    frame_put(m);
    return kind;
}

static long domctl_frame_info(struct domain *d, struct xen_domctl *op)
{
    u64 address = (u64)op->u.getpageframeinfo3.array.p, m;

    if (op->u.getpageframeinfo3.num > 1024)
        return -E2BIG;
    for (u64 i = 0; i < op->u.getpageframeinfo3.num; i++) {
        if (copy_from_guest(&m, address + i * sizeof(m), sizeof(m)))
            return -EFAULT;
        m = frame_kind(d, mfn(m));
        if (copy_to_guest(address + i * sizeof(m), &m, sizeof(m)))
            return -EFAULT;
    }
    return 0;
}

static long domctl_subscribe(struct domain *d, struct xen_domctl *op)
{
    d->suspend_port = op->u.subscribe.port;
    return 0;
}

/* Debugging by the toolstack is not there: turning it off is. */
static long domctl_debugging(struct domain *d, struct xen_domctl *op)
{
    (void)d;
    return op->u.setdebugging.enable ? -EOPNOTSUPP : 0;
}

static long domctl_reason(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_mews_reason *r = (void *)&op->u;

    _Static_assert(sizeof(*r) <= sizeof(op->u), "the reason fits the call's structure");
    _Static_assert(MEWS_REASON_SIZE == DOMAIN_REASON_LENGTH, "one length");
    memcpy(r->reason, d->reason, sizeof(r->reason));
    return 0;
}

enum { NOT_SELF = 1, NOT_DYING = 2, ANSWERS = 4 };

static const struct domctl {
    u32 command;
    u32 rules;
    domctl_handler_t handler;
} domctl_table[] = {
    {XEN_DOMCTL_destroydomain, NOT_SELF, domctl_destroy},
    {XEN_DOMCTL_pausedomain, NOT_SELF | NOT_DYING, domctl_pause},
    {XEN_DOMCTL_unpausedomain, NOT_SELF | NOT_DYING, domctl_pause},
    {XEN_DOMCTL_resumedomain, NOT_SELF | NOT_DYING, domctl_resume},
    {XEN_DOMCTL_getdomaininfo, ANSWERS, domctl_info},
    {XEN_DOMCTL_max_mem, NOT_DYING, domctl_max_mem},
    {XEN_DOMCTL_max_vcpus, NOT_SELF | NOT_DYING, domctl_max_vcpus},
    {XEN_DOMCTL_setvcpucontext, NOT_SELF | NOT_DYING, domctl_set_context},
    {XEN_DOMCTL_getvcpucontext, NOT_SELF, domctl_get_context},
    {XEN_DOMCTL_getvcpuinfo, ANSWERS, domctl_vcpu_info},
    {XEN_DOMCTL_setvcpuaffinity, NOT_DYING, domctl_affinity},
    {XEN_DOMCTL_getvcpuaffinity, 0, domctl_affinity},
    {XEN_DOMCTL_scheduler_op, ANSWERS, domctl_scheduler},
    {XEN_DOMCTL_setdomainhandle, NOT_DYING, domctl_set_handle},
    {XEN_DOMCTL_setdebugging, NOT_SELF, domctl_debugging},
    {XEN_DOMCTL_set_address_size, NOT_SELF | NOT_DYING, domctl_address_size},
    {XEN_DOMCTL_get_address_size, ANSWERS, domctl_address_size},
    {XEN_DOMCTL_hypercall_init, NOT_DYING, domctl_hypercall_init},
    {XEN_DOMCTL_settimeoffset, NOT_DYING, domctl_time_offset},
    {XEN_DOMCTL_settscinfo, NOT_SELF | NOT_DYING, domctl_tsc},
    {XEN_DOMCTL_gettscinfo, ANSWERS, domctl_tsc},
    {XEN_DOMCTL_getpageframeinfo3, 0, domctl_frame_info},
    {XEN_DOMCTL_subscribe, NOT_DYING, domctl_subscribe},
    {XEN_DOMCTL_mews_get_reason, ANSWERS, domctl_reason},
};

static long domctl_create(struct xen_domctl *op)
{
    const struct xen_domctl_createdomain *c = &op->u.createdomain;
    const struct domain_limits limits = {
        .vcpus = c->max_vcpus,
        .event_channels = c->max_evtchn_port >= EVTCHN_PORTS ? 0 : c->max_evtchn_port,
        .grant_frames = c->max_grant_frames,
        .maptrack_frames = c->max_maptrack_frames,
    };
    struct domain *d;
    int error;

    if (c->flags & XEN_DOMCTL_CDF_hvm)
        printk(PRINT_WARNING, "domctl: only PV domains can be made: no HVM here\n");
    if ((c->flags & ~XEN_DOMCTL_CDF_xs_domain) || c->vmtrace_size)
        return -EINVAL;
    error = domain_create(op->domain && op->domain < DOMID_FIRST_RESERVED ? op->domain : DOMID_INVALID,
                          &limits, false, &d);
    if (error)
        return error;
    memcpy(d->handle, c->handle, sizeof(d->handle));
    d->ssidref = c->ssidref;
    op->domain = d->id;
    domain_put(d);
    return 0;
}

static long domctl_run(struct vcpu *v, const struct domctl *entry, struct xen_domctl *op)
{
    struct domain *d = domain_find(op->domain);
    long error = 0;

    if (!d) {
        /* Asking about the first domain from a number on is an old habit of toolstacks. */
        d = op->cmd == XEN_DOMCTL_getdomaininfo ? domain_next(op->domain) : NULL;
        if (!d)
            return -ESRCH;
    }
    if ((entry->rules & NOT_SELF) && d == v->domain)
        error = -EINVAL;
    else if ((entry->rules & NOT_DYING) && d->death)
        error = -EINVAL;
    if (!error && !spin_trylock(&d->control_lock))
        error = -ERESTART; /* another control call on it: ask again rather than wait */
    if (!error) {
        error = entry->handler(d, op);
        spin_unlock(&d->control_lock);
    }
    domain_put(d);
    return error;
}

long do_domctl(struct vcpu *v, u64 args[6])
{
    struct xen_domctl op;
    bool answers = false;
    long error;

    if (copy_struct_from_guest(&op, args[0]))
        return -EFAULT;
    if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
        return -EACCES;
    if (op.cmd == XEN_DOMCTL_createdomain) {
        error = domctl_create(&op);
        answers = true;
    } else {
        error = -ENOSYS;
        for (u32 i = 0; i < ARRAY_SIZE(domctl_table); i++)
            if (domctl_table[i].command == op.cmd) {
                error = domctl_run(v, &domctl_table[i], &op);
                answers = domctl_table[i].rules & ANSWERS;
                break;
            }
    }
    if (error != -ERESTART && answers && copy_struct_to_guest(args[0], &op) && !error)
        error = -EFAULT;
    return error;
}

/* SPDX-License-Identifier: MIT */
/*
 * Decodes domctl: what the toolstack does to one domain. One table: command, what it may be done to,
 * handler. A handler gets a referenced domain and a private copy of the call's structure, holds the
 * domain's control lock, and leaves its answer in the copy.
 */
#include <public/mews.h>

#include "domain/domain.h"
#include "domain/info.h"
#include "entry/entry.h"
#include "hypercall/domctl.h"
#include "hypercall/hypercall.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/frame.h"
#include "memory/guest_copy.h"

struct vcpu *domctl_vcpu(const struct domain *d, u32 id)
{
    return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

static long domctl_destroy(struct domain *d, struct xen_domctl *op)
{
    (void)op;
    return domain_kill(d);
}

static long domctl_pause(struct domain *d, struct xen_domctl *op)
{
    return domain_control_pause(d, op->cmd == XEN_DOMCTL_pausedomain);
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

static long domctl_address_size(struct domain *d, struct xen_domctl *op)
{
    (void)d;
    if (op->cmd == XEN_DOMCTL_set_address_size)
        return op->u.address_size.size == 64 ? 0 : -EOPNOTSUPP;
    op->u.address_size.size = 64;
    return 0;
}

static long domctl_set_handle(struct domain *d, struct xen_domctl *op)
{
    memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
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

static long domctl_reason(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_mews_reason *r = (void *)&op->u;

    _Static_assert(sizeof(*r) <= sizeof(op->u), "the reason fits the call's structure");
    _Static_assert(MEWS_REASON_SIZE == DOMAIN_REASON_LENGTH, "one length");
    memcpy(r->reason, d->reason, sizeof(r->reason));
    return 0;
}

enum { NOT_SELF = 32, NOT_DYING = 64 }; /* beside ANSWERS */

static const struct domctl {
    u32 command;
    u32 rules;
    domctl_handler_t handler;
} domctl_table[] = {
    {XEN_DOMCTL_destroydomain, NOT_SELF, domctl_destroy},
    {XEN_DOMCTL_pausedomain, NOT_SELF | NOT_DYING, domctl_pause},
    {XEN_DOMCTL_unpausedomain, NOT_SELF | NOT_DYING, domctl_pause},
    {XEN_DOMCTL_getdomaininfo, ANSWERS, domctl_info},
    {XEN_DOMCTL_max_mem, NOT_DYING, domctl_max_mem},
    {XEN_DOMCTL_max_vcpus, NOT_SELF | NOT_DYING, domctl_max_vcpus},
    {XEN_DOMCTL_setvcpucontext, NOT_SELF | NOT_DYING, domctl_set_context},
    {XEN_DOMCTL_hypercall_init, NOT_DYING, domctl_hypercall_init},
    {XEN_DOMCTL_settscinfo, NOT_SELF | NOT_DYING, domctl_tsc},
    {XEN_DOMCTL_gettscinfo, ANSWERS | NOT_SELF | NOT_DYING, domctl_tsc},
    {XEN_DOMCTL_getpageframeinfo3, NOT_SELF | NOT_DYING, domctl_frame_kinds},
    {XEN_DOMCTL_getvcpucontext, ANSWERS | NOT_SELF | NOT_DYING, domctl_get_context},
    {XEN_DOMCTL_set_ext_vcpucontext, NOT_SELF | NOT_DYING, domctl_ext_context},
    {XEN_DOMCTL_get_ext_vcpucontext, ANSWERS | NOT_SELF | NOT_DYING, domctl_ext_context},
    {XEN_DOMCTL_setvcpuextstate, NOT_SELF | NOT_DYING, domctl_set_xstate},
    {XEN_DOMCTL_getvcpuextstate, ANSWERS | NOT_SELF | NOT_DYING, domctl_get_xstate},
    {XEN_DOMCTL_set_vcpu_msrs, ANSWERS | NOT_SELF | NOT_DYING, domctl_msrs},
    {XEN_DOMCTL_get_vcpu_msrs, ANSWERS | NOT_SELF | NOT_DYING, domctl_msrs},
    {XEN_DOMCTL_resumedomain, NOT_SELF | NOT_DYING, domctl_resume},
    {XEN_DOMCTL_shadow_op, NOT_SELF | NOT_DYING, domctl_shadow},
    {XEN_DOMCTL_getvcpuinfo, ANSWERS, domctl_vcpu_info},
    {XEN_DOMCTL_setvcpuaffinity, ANSWERS | NOT_DYING, domctl_affinity},
    {XEN_DOMCTL_getvcpuaffinity, ANSWERS | NOT_DYING, domctl_affinity},
    {XEN_DOMCTL_scheduler_op, ANSWERS | NOT_DYING, domctl_scheduler},
    {XEN_DOMCTL_setnodeaffinity, NOT_DYING, domctl_node_affinity},
    {XEN_DOMCTL_getnodeaffinity, NOT_DYING, domctl_node_affinity},
    {XEN_DOMCTL_set_address_size, NOT_SELF | NOT_DYING, domctl_address_size},
    {XEN_DOMCTL_get_address_size, ANSWERS | NOT_DYING, domctl_address_size},
    {XEN_DOMCTL_setdomainhandle, NOT_DYING, domctl_set_handle},
    {XEN_DOMCTL_get_cpu_policy, ANSWERS | NOT_DYING, domctl_cpu_policy},
    {XEN_DOMCTL_set_cpu_policy, ANSWERS | NOT_SELF | NOT_DYING, domctl_cpu_policy},
    {XEN_DOMCTL_sendtrigger, NOT_DYING, domctl_trigger},
    {XEN_DOMCTL_mews_get_reason, ANSWERS, domctl_reason},
    {XEN_DOMCTL_mews_get_runstates, ANSWERS, domctl_runstates},
};

static long domctl_create(struct xen_domctl *op)
{
    const struct xen_domctl_createdomain *c = &op->u.createdomain;
    const struct domain_limits limits = {
        .vcpus = c->max_vcpus,
        .event_channels = c->max_evtchn_port < EVTCHN_PORTS ? c->max_evtchn_port + 1 : 0,
        .grant_frames = c->max_grant_frames,
        .maptrack_frames = c->max_maptrack_frames,
        .grant_version = XEN_DOMCTL_GRANT_version(c->grant_opts),
    };
    struct domain *d;
    int error;

    if (c->flags & XEN_DOMCTL_CDF_hvm)
        printk(PRINT_WARNING, "domctl: only PV domains can be made: no HVM here\n");
    if ((c->flags & ~XEN_DOMCTL_CDF_xs_domain) || c->vmtrace_size || c->cpupool_id || c->arch.emulation_flags ||
        !limits.grant_version || limits.grant_version > 2)
        return -EINVAL;
    error = domain_create(op->domain && op->domain < DOMID_FIRST_RESERVED ? op->domain : DOMID_INVALID,
                          &limits, false, &d);
    if (error)
        return error;
    memcpy(d->handle, c->handle, sizeof(d->handle));
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
    else if (!spin_trylock(&d->control_lock))
        error = -ERESTART; /* another control call on it: ask again rather than wait */
    if (!error) {
        /* under the lock: its end begins under it too */
        error = (entry->rules & NOT_DYING) && d->death ? -EINVAL : entry->handler(d, op);
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

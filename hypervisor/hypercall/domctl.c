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

static long domctl_destroy(const struct command_call *c)
{
    return domain_kill(c->domain);
}

static long domctl_pause(const struct command_call *c)
{
    return domain_control_pause(c->domain, c->number == XEN_DOMCTL_pausedomain);
}

static long domctl_info(const struct command_call *c)
{
    memset(c->op, 0, sizeof(((struct xen_domctl *)0)->u));
    domain_info(c->domain, c->op);
    return 0;
}

static long domctl_max_mem(const struct command_call *c)
{
    const struct xen_domctl_max_mem *op = c->op;

    c->domain->max_pages = op->max_memkb >> (PAGE_SHIFT - 10);
    return 0;
}

static long domctl_max_vcpus(const struct command_call *c)
{
    const struct xen_domctl_max_vcpus *op = c->op;
    long error = op->max == c->domain->max_vcpus ? 0 : -EINVAL;

    for (u32 i = 0; i < c->domain->max_vcpus && !error; i++)
        error = vcpu_create(c->domain, i);
    return error;
}

static long domctl_address_size(const struct command_call *c)
{
    struct xen_domctl_address_size *op = c->op;

    if (c->number == XEN_DOMCTL_set_address_size)
        return op->size == 64 ? 0 : -EOPNOTSUPP;
    op->size = 64;
    return 0;
}

static long domctl_set_handle(const struct command_call *c)
{
    memcpy(c->domain->handle, c->op, sizeof(c->domain->handle));
    return 0;
}

static long domctl_hypercall_init(const struct command_call *c)
{
    const struct xen_domctl_hypercall_init *op = c->op;
    mfn_t m = mfn(op->gmfn);

    if (frame_get_writable(m, c->domain))
        return -EACCES;
    hypercall_page_fill(mfn_to_virt(m));
    frame_put_writable(m);
    return 0;
}

static long domctl_reason(const struct command_call *c)
{
    _Static_assert(sizeof(struct xen_domctl_mews_reason) <= sizeof(((struct xen_domctl *)0)->u), "the reason fits the call's structure");
    _Static_assert(MEWS_REASON_SIZE == DOMAIN_REASON_LENGTH, "one length");
    memcpy(c->op, c->domain->reason, MEWS_REASON_SIZE);
    return 0;
}

/* Beside ANSWERS. STILL: the domain stands still meanwhile. */
enum { NOT_SELF = 32, NOT_DYING = 64, STILL = 128 };

static const struct domctl {
    u32 command;
    u16 no_vcpu; /* what there is to say where there is no such vcpu as the structure begins with; 0: it names none */
    u16 rules;
    long (*run)(const struct command_call *c);
} domctl_table[] = {
    {XEN_DOMCTL_destroydomain, 0, NOT_SELF, domctl_destroy},
    {XEN_DOMCTL_pausedomain, 0, NOT_SELF | NOT_DYING, domctl_pause},
    {XEN_DOMCTL_unpausedomain, 0, NOT_SELF | NOT_DYING, domctl_pause},
    {XEN_DOMCTL_getdomaininfo, 0, ANSWERS, domctl_info},
    {XEN_DOMCTL_max_mem, 0, NOT_DYING, domctl_max_mem},
    {XEN_DOMCTL_max_vcpus, 0, NOT_SELF | NOT_DYING, domctl_max_vcpus},
    {XEN_DOMCTL_setvcpucontext, ENOENT, NOT_SELF | NOT_DYING | STILL, domctl_set_context},
    {XEN_DOMCTL_hypercall_init, 0, NOT_DYING, domctl_hypercall_init},
    {XEN_DOMCTL_settscinfo, 0, NOT_SELF | NOT_DYING, domctl_tsc},
    {XEN_DOMCTL_gettscinfo, 0, ANSWERS | NOT_SELF | NOT_DYING, domctl_tsc},
    {XEN_DOMCTL_getpageframeinfo3, 0, NOT_SELF | NOT_DYING, domctl_frame_kinds},
    {XEN_DOMCTL_getvcpucontext, EINVAL, ANSWERS | NOT_SELF | NOT_DYING | STILL, domctl_get_context},
    {XEN_DOMCTL_set_ext_vcpucontext, ESRCH, NOT_SELF | NOT_DYING | STILL, domctl_ext_context},
    {XEN_DOMCTL_get_ext_vcpucontext, ESRCH, ANSWERS | NOT_SELF | NOT_DYING | STILL, domctl_ext_context},
    {XEN_DOMCTL_setvcpuextstate, ESRCH, NOT_SELF | NOT_DYING | STILL, domctl_set_xstate},
    {XEN_DOMCTL_getvcpuextstate, ESRCH, ANSWERS | NOT_SELF | NOT_DYING | STILL, domctl_get_xstate},
    {XEN_DOMCTL_set_vcpu_msrs, EINVAL, ANSWERS | NOT_SELF | NOT_DYING | STILL, domctl_set_msrs},
    {XEN_DOMCTL_get_vcpu_msrs, EINVAL, ANSWERS | NOT_SELF | NOT_DYING | STILL, domctl_get_msrs},
    {XEN_DOMCTL_resumedomain, 0, NOT_SELF | NOT_DYING, domctl_resume},
    {XEN_DOMCTL_shadow_op, 0, NOT_SELF | NOT_DYING, domctl_shadow},
    {XEN_DOMCTL_getvcpuinfo, ESRCH, ANSWERS, domctl_vcpu_info},
    {XEN_DOMCTL_setvcpuaffinity, ESRCH, ANSWERS | NOT_DYING, domctl_affinity},
    {XEN_DOMCTL_getvcpuaffinity, ESRCH, ANSWERS | NOT_DYING, domctl_affinity},
    {XEN_DOMCTL_scheduler_op, 0, ANSWERS | NOT_DYING, domctl_scheduler},
    {XEN_DOMCTL_setnodeaffinity, 0, NOT_DYING, domctl_node_affinity},
    {XEN_DOMCTL_getnodeaffinity, 0, NOT_DYING, domctl_node_affinity},
    {XEN_DOMCTL_set_address_size, 0, NOT_SELF | NOT_DYING, domctl_address_size},
    {XEN_DOMCTL_get_address_size, 0, ANSWERS | NOT_DYING, domctl_address_size},
    {XEN_DOMCTL_setdomainhandle, 0, NOT_DYING, domctl_set_handle},
    {XEN_DOMCTL_get_cpu_policy, 0, ANSWERS | NOT_DYING, domctl_cpu_policy},
    {XEN_DOMCTL_set_cpu_policy, 0, ANSWERS | NOT_SELF | NOT_DYING, domctl_cpu_policy},
    {XEN_DOMCTL_sendtrigger, 0, NOT_DYING, domctl_trigger},
    {XEN_DOMCTL_mews_get_reason, 0, ANSWERS, domctl_reason},
    {XEN_DOMCTL_mews_get_runstates, 0, ANSWERS, domctl_runstates},
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

static long domctl_act(const struct domctl *entry, struct domain *d, struct xen_domctl *op)
{
    u32 id = *(const u32 *)&op->u;
    struct command_call c = {op->cmd, NULL, d, &op->u, 0};
    long error;

    if ((entry->rules & NOT_DYING) && d->death)
        return -EINVAL;
    if (entry->no_vcpu) {
        c.v = id < d->max_vcpus ? d->vcpu[id] : NULL;
        if (!c.v)
            return -entry->no_vcpu;
    }
    if (entry->rules & STILL)
        domain_pause_sync(d);
    error = entry->run(&c);
    if (entry->rules & STILL)
        domain_unpause(d);
    return error;
}

static long domctl_run(struct vcpu *v, const struct domctl *entry, struct xen_domctl *op)
{
    struct domain *d = domain_find(op->domain);
    long error = 0;

    /* Asking about the first domain from a number on is an old habit of toolstacks. */
    if (!d && op->cmd == XEN_DOMCTL_getdomaininfo)
        d = domain_next(op->domain);
    if (!d)
        return -ESRCH;
    if ((entry->rules & NOT_SELF) && d == v->domain)
        error = -EINVAL;
    else if (!spin_trylock(&d->control_lock))
        error = -ERESTART; /* another control call on it: ask again rather than wait */
    if (!error) {
        error = domctl_act(entry, d, op); /* under the lock: its end begins under it too */
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

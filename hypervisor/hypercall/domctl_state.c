/* SPDX-License-Identifier: MIT */
/*
 * domctl, the part about a domain's state: what a toolstack reads to save a VPS, writes to make it again, and the going on
 * of one that was suspended. All of it comes from a file or a network when it is written: nothing is believed that
 * a guest could not have set for itself. The vcpus stand still meanwhile (STILL in domctl.c's table).
 */
#include "cpu/asm.h"
#include "cpu/clock.h"
#include "cpu/features.h"
#include "cpu/fpu.h"
#include "cpu/msr.h"
#include "domain/domain.h"
#include "hypercall/domctl.h"
#include "hypercall/hypercall.h"
#include "lib/string.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/guest_copy.h"
#include "memory/pagetable.h"
#include "pv/context.h"
#include "pv/descriptor.h"

#define FRAMES_MAX 1024u
#define FRAMES_AT_ONCE 64u

/* As it was before it got its first context. */
static long vcpu_forget_context(struct vcpu *v)
{
    long error = pt_drop_bases(v);

    if (error)
        return error;
    descriptor_drop_gdt(v);
    descriptor_drop_ldt(v);
    v->initialised = false;
    v->sched.down = true;
    v->sched.blocked = false;
    return 0;
}

long domctl_set_context(const struct command_call *call)
{
    const struct xen_domctl_vcpucontext *op = call->op;
    struct vcpu *v = call->v;
    struct vcpu_guest_context *c;
    long error;

    if (!op->ctxt.p)
        return vcpu_forget_context(v);
    c = pv_context_room();
    if (!c)
        return -ERESTART;
    error = copy_struct_from_guest(c, (u64)op->ctxt.p);
    if (!error)
        error = pv_set_context(v, c);
    if (!error)
        v->sched.down = !(c->flags & VGCF_online);
    if (!error && !v->id)
        time_update_wallclock(call->domain); /* builders write the shared page whole */
    pv_context_room_end();
    return error;
}

long domctl_get_context(const struct command_call *call)
{
    const struct xen_domctl_vcpucontext *op = call->op;
    struct vcpu_guest_context *c;
    long error;

    if (!call->v->initialised)
        return -ENODATA;
    c = pv_context_room();
    if (!c)
        return -ERESTART;
    memset(c, 0, sizeof(*c));
    pv_get_context(call->v, c);
    error = copy_struct_to_guest((u64)op->ctxt.p, c);
    pv_context_room_end();
    return error;
}

/* The entry points that a context has no room for. There are no machine checks to hand on: what it says of those is
 * ignored. */
long domctl_ext_context(const struct command_call *c)
{
    struct xen_domctl_ext_vcpucontext *e = c->op;
    struct pv_callback *syscall32 = &c->v->pv.callback[CALLBACKTYPE_syscall32];
    struct pv_callback *sysenter = &c->v->pv.callback[CALLBACKTYPE_sysenter];

    if (c->number == XEN_DOMCTL_get_ext_vcpucontext) {
        *e = (struct xen_domctl_ext_vcpucontext){.vcpu = e->vcpu,
                                                 .size = sizeof(*e),
                                                 .syscall32_callback_eip = syscall32->address,
                                                 .sysenter_callback_eip = sysenter->address,
                                                 .syscall32_disables_events = syscall32->masks_events,
                                                 .sysenter_disables_events = sysenter->masks_events};
        return 0;
    }
    if (e->size < offsetof(struct xen_domctl_ext_vcpucontext, mcg_cap) ||
        !address_canonical(e->syscall32_callback_eip) || !address_canonical(e->sysenter_callback_eip))
        return -EINVAL;
    *syscall32 = (struct pv_callback){e->syscall32_callback_eip, e->syscall32_disables_events};
    *sysenter = (struct pv_callback){e->sysenter_callback_eip, e->sysenter_disables_events};
    return 0;
}

/* What stands before the registers: XCR0, and which components the state may have. */
struct xstate_head {
    u64 xcr0, accumulated;
};

/* Without a buffer: how large it must be. */
long domctl_get_xstate(const struct command_call *c)
{
    struct xen_domctl_vcpuextstate *e = c->op;
    struct xstate_head head = {c->v->pv.xcr0, cpu_features.xcr0};
    u64 to = (u64)e->buffer.p, size = cpu_features.xsave ? sizeof(head) + cpu_features.xstate_size : 0;

    if (to && e->size < size)
        return -EINVAL;
    e->xfeature_mask = cpu_features.xcr0;
    e->size = size;
    if (!to || !size)
        return 0;
    return copy_struct_to_guest(to, &head) ||
                   copy_to_guest(to + sizeof(head), c->v->pv.fpu, cpu_features.xstate_size)
               ? -EFAULT
               : 0;
}

long domctl_set_xstate(const struct command_call *c)
{
    const struct xen_domctl_vcpuextstate *e = c->op;
    u64 from = (u64)e->buffer.p, size = e->size - sizeof(struct xstate_head);
    struct xstate_head head;
    struct fpu_state *s;
    long error;

    if (!size)
        return 0; /* nothing but its head: so Xen says that none of it was used yet */
    if (!cpu_features.xsave || size < sizeof(*s) || size > cpu_features.xstate_size)
        return -EINVAL;
    if (copy_struct_from_guest(&head, from))
        return -EFAULT;
    if (!fpu_xcr0_ok(head.xcr0) || !fpu_xcr0_ok(head.accumulated) || (head.xcr0 & ~head.accumulated))
        return -EINVAL;
    s = fpu_state_alloc();
    if (!s)
        return -ENOMEM;
    error = copy_from_guest(s, from + sizeof(head), size);
    if (!error && (s->xstate_bv & ~head.accumulated))
        error = -EINVAL;
    if (!error)
        error = fpu_state_import_extended(c->v->pv.fpu, s, size);
    if (!error) {
        c->v->pv.xcr0 = head.xcr0;
        c->v->pv.fpu_used = true;
    }
    free_page(s);
    return error;
}

/* The one MSR that a vcpu's kernel can change and its context does not hold is TSC_AUX; told unless it is 0, as all begin. */
long domctl_get_msrs(const struct command_call *c)
{
    struct xen_domctl_vcpu_msrs *m = c->op;
    struct xen_domctl_vcpu_msr aux = {.index = MSR_TSC_AUX, .value = c->v->pv.tsc_aux};
    u64 to = (u64)m->msrs.p;
    bool told = to && aux.value;

    if (told && !m->msr_count)
        return -ENOBUFS;
    m->msr_count = !to || told; /* who asks for none learns how many there may be */
    return told && copy_struct_to_guest(to, &aux) ? -EFAULT : 0;
}

/* msr_count is then the first that is wrong. */
long domctl_set_msrs(const struct command_call *c)
{
    struct xen_domctl_vcpu_msrs *m = c->op;
    struct xen_domctl_vcpu_msr msr;
    u32 count = m->msr_count;

    for (m->msr_count = 0; m->msr_count < count; m->msr_count++) {
        if (copy_struct_from_guest(&msr, (u64)m->msrs.p + m->msr_count * sizeof(msr)))
            return -EFAULT;
        if (m->msr_count || msr.index != MSR_TSC_AUX || msr.reserved || !pv_set_tsc_aux(c->v, msr.value))
            return -EINVAL;
    }
    return 0;
}

/* Guests use the TSC as it is; other modes are refused. A hypervisor that has to emulate it goes on from its time. */
long domctl_tsc(const struct command_call *c)
{
    enum { TSC_DEFAULT, TSC_EMULATE, TSC_NATIVE };
    struct xen_domctl_tsc_info *t = c->op;
    struct domain *d = c->domain;

    if (c->number == XEN_DOMCTL_gettscinfo) {
        *t = (struct xen_domctl_tsc_info){.tsc_mode = d->time.tsc_mode, .incarnation = d->time.tsc_incarnation};
        if (t->tsc_mode != TSC_NATIVE) {
            t->gtsc_khz = (u32)clock_scale.tsc_khz;
            t->elapsed_nsec = (rdtsc() / clock_scale.tsc_khz + 1) * 1000000;
        }
        return 0;
    }
    if (t->tsc_mode != TSC_DEFAULT && t->tsc_mode != TSC_NATIVE)
        return -EOPNOTSUPP;
    d->time.tsc_mode = t->tsc_mode;
    d->time.tsc_incarnation = t->incarnation + 1; /* each domain that it was is one */
    return 0;
}

/* A table that some vcpu is only making is a page like any other: that vcpu asks anew where it goes on. */
static u64 frame_kind(const struct domain *d, u64 number)
{
    u32 type, level;
    mfn_t m = mfn(number);

    if (!frame_get(m, d))
        return XEN_DOMCTL_PFINFO_XTAB;
    type = ACCESS_ONCE(frame_of(m)->type);
    frame_put(m);
    level = type >> FRAME_TYPE_SHIFT;
    if (level < FRAME_L1 || level > FRAME_L4 || !(type & FRAME_VALIDATED))
        return XEN_DOMCTL_PFINFO_NOTAB;
    return level << XEN_DOMCTL_PFINFO_LTAB_SHIFT | ((type & FRAME_PINNED) ? XEN_DOMCTL_PFINFO_LPINTAB : 0);
}

long domctl_frame_kinds(const struct command_call *c)
{
    const struct xen_domctl_getpageframeinfo3 *op = c->op;
    u64 frames[FRAMES_AT_ONCE], at = (u64)op->array.p, left = op->num;

    if (left > FRAMES_MAX)
        return -E2BIG;
    while (left) {
        u64 n = MIN(left, FRAMES_AT_ONCE);

        if (copy_from_guest(frames, at, n * sizeof(u64)))
            return -EFAULT;
        for (u64 i = 0; i < n; i++)
            frames[i] = frame_kind(c->domain, frames[i]);
        if (copy_to_guest(at, frames, n * sizeof(u64)))
            return -EFAULT;
        at += n * sizeof(u64);
        left -= n;
    }
    return 0;
}

long domctl_resume(const struct command_call *c)
{
    return domain_resume(c->domain);
}

/* Guests run on their own page tables, and nobody counts what they write to. Turning off what is not on is a mistake,
 * as it is to Xen. */
long domctl_shadow(const struct command_call *c)
{
    const struct xen_domctl_shadow_op *op = c->op;

    return op->op == XEN_DOMCTL_SHADOW_OP_OFF ? -EINVAL : -EOPNOTSUPP;
}

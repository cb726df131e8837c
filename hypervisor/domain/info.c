/* SPDX-License-Identifier: MIT */
/*
 * A domain's state as the toolstack sees it (xen_domctl_getdomaininfo). Reads only.
 */
#include "domain/info.h"

#include "cpu/clock.h"
#include "domain/domain.h"
#include "lib/string.h"
#include "memory/layout.h"

u64 domain_vcpu_time(const struct vcpu *v)
{
    u64 time = v->time.runstate.time[RUNSTATE_running];

    if (v->time.runstate.state == RUNSTATE_running)
        time += now_ns() - v->time.runstate.state_entry_time;
    return time;
}

static u32 domain_flags(const struct domain *d, u32 running, u32 blocked, u32 online)
{
    u32 flags = (u32)d->shutdown_code << XEN_DOMINF_shutdownshift;

    if (d->death)
        flags |= XEN_DOMINF_dying;
    if (d->shut_down)
        flags |= XEN_DOMINF_shutdown;
    if (d->control_pauses)
        flags |= XEN_DOMINF_paused;
    if (running)
        flags |= XEN_DOMINF_running;
    else if (blocked == online)
        flags |= XEN_DOMINF_blocked;
    return flags;
}

void domain_runstates(struct domain *d, u64 time[4])
{
    memset(time, 0, 4 * sizeof(*time));
    for_each_vcpu(v, d) {
        struct vcpu_runstate_info r;

        runstate_get(v, &r);
        for (u32 state = 0; state < 4; state++)
            time[state] += r.time[state];
    }
}

void domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    u32 running = 0, blocked = 0;

    /* Whoever is told that it has shut down looks at its memory next: no vcpu may write there any more. */
    if (d->shut_down == DOMAIN_STOPPED && !d->death) {
        domain_pause_sync(d);
        domain_unpause(d);
    }
    memset(info, 0, sizeof(*info));
    info->domain = d->id;
    info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
    for_each_vcpu(v, d) {
        info->max_vcpu_id = v->id;
        info->cpu_time += domain_vcpu_time(v);
        if (v->sched.down)
            continue;
        info->nr_online_vcpus++;
        running += v->sched.running;
        blocked += v->sched.blocked;
    }
    info->flags = domain_flags(d, running, blocked, info->nr_online_vcpus);
    info->tot_pages = d->tot_pages;
    info->max_pages = d->max_pages;
    info->outstanding_pages = d->outstanding_claim;
    info->shared_info_frame = d->shared ? mfn_x(virt_to_mfn(d->shared)) : ~0ull;
    memcpy(info->handle, d->handle, sizeof(info->handle));
    info->gpaddr_bits = 52;
}

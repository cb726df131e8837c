/* SPDX-License-Identifier: MIT */
/*
 * Debug keys: a letter each, and what it shows of ring 0's insides, in the log alone (the serial line would hold the
 * CPU up for seconds). They only ever look: no key changes anything.
 */
#include <public/sysctl.h>

#include "cpu/clock.h"
#include "domain/domain.h"
#include "domain/info.h"
#include "domain/runqueue.h"
#include "hypercall/domctl.h"
#include "hypercall/hypercall.h"
#include "lib/print.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/guest_copy.h"

#define MAX_KEYS 32u

static void key_help(void);

static void show_domain(struct domain *d)
{
    print_log("d%u: %lu of %lu pages, claims %lu, %u refs, paused %u, weight %u cap %u%s%s%s\n", d->id, d->tot_pages,
              d->max_pages, d->outstanding_claim, d->refs, d->pause_count, d->share.weight, d->share.cap,
              d->shut_down ? ", shut down" : "", d->death ? ", dying: " : "", d->reason);
    for (u32 i = 0; i < d->max_vcpus; i++) {
        const struct vcpu *v = d->vcpu[i];

        if (v)
            print_log("  v%u: cpu %u%s%s%s%s, ran %lu ms, may run on %lx, events %s%s\n", i, v->cpu,
                      v->sched.running ? ", runs" : "", v->sched.blocked ? ", blocked" : "",
                      v->sched.down ? ", down" : "", v->sched.parked ? ", parked" : "",
                      domain_vcpu_time(v) / 1000000, v->sched.hard_affinity,
                      v->info->evtchn_upcall_pending ? "pending" : "none",
                      v->info->evtchn_upcall_mask ? ", masked" : "");
    }
}

static void key_domains(void)
{
    struct domain *d;

    for (u32 from = 0; (d = domain_next((u16)from));) {
        show_domain(d);
        from = d->id + 1u;
        domain_put(d);
        preempt_needed(); /* lets interrupts in */
    }
}

static void key_queues(void)
{
    for (u32 i = 0; i < cpu_count; i++) {
        struct sched_cpu *s = cpus[i]->sched;

        spin_lock(&s->lock);
        print_log("cpu %u: %s, %u wait, idle for %lu ms\n", i, s->idling ? "idle" : "busy", s->waiting,
                  sched_idle_ns(i) / 1000000);
        for (const struct vcpu *v = s->first; v; v = v->sched.next)
            print_log("  d%uv%u: %ld us behind the first\n", v->domain->id, v->id,
                      virtual_ahead(v->sched.virtual_ns, s->floor) / 1000);
        spin_unlock(&s->lock);
    }
}

static void key_memory(void)
{
    print_log("%lu pages, %lu free, %lu claimed\n", alloc_total_frames(), alloc_free_frames(), claim_total());
}

static void key_time(void)
{
    print_log("%lu ms since boot, TSC at %lu kHz\n", now_ns() / 1000000, clock_scale.tsc_khz);
}

static const struct {
    char key;
    const char *shows;
    void (*show)(void);
} keys[] = {
    {'h', "these keys", key_help},
    {'q', "domains and their vcpus", key_domains},
    {'r', "run queues", key_queues},
    {'m', "memory", key_memory},
    {'t', "time", key_time},
};

static void key_help(void)
{
    for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
        print_log("key '%s' shows %s\n", (const char[]){keys[i].key, 0}, keys[i].shows);
}

/* Keys that are not there are refused before any is shown. */
long sysctl_debug_keys(const struct command_call *c)
{
    const struct xen_sysctl_debug_keys *op = c->op;
    char text[MAX_KEYS];
    u8 which[MAX_KEYS];
    u32 n = op->nr_keys, found;

    if (n > MAX_KEYS)
        return -E2BIG;
    if (copy_from_guest(text, (u64)op->keys.p, n))
        return -EFAULT;
    for (u32 i = 0; i < n; i++) {
        for (found = 0; found < ARRAY_SIZE(keys) && keys[found].key != text[i]; found++)
            ;
        if (found == ARRAY_SIZE(keys))
            return -EOPNOTSUPP;
        which[i] = (u8)found;
    }
    for (u32 i = 0; i < n; i++)
        keys[which[i]].show();
    return 0;
}

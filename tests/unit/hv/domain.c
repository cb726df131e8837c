/* SPDX-License-Identifier: MIT */
/*
 * Stand-ins for what hypervisor/domain/ and its hypercalls call on bare metal: clock, timers, contexts, guest
 * memory, physical interrupts. They record what was asked and decide nothing.
 */
#include "hv/domain.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/clock.h"
#include "cpu/irq.h"
#include "cpu/smp.h"
#include "domain/iomem.h"
#include "entry/entry.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/guest_copy.h"
#include "memory/pagetable.h"
#include "pv/context.h"
#include "pv/descriptor.h"

#define TIMERS 256

u64 host_now = 1000000000;
u32 host_ipis[MAX_CPUS], host_switches, host_pirq_unbound;
int host_shutdown_code = -1;
struct domain *host_shutdown_domain;
/* weak: a test may take domain/domain.c's own */
__attribute__((weak)) struct domain *dom0, *idle_domain;
struct clock_scale clock_scale = {.tsc_base = 5, .ns_base = 7, .mul_frac = 0x80000000u, .shift = -1};
static struct timer *armed[TIMERS];
static struct domain the_idle_domain = {.id = DOMID_IDLE};
static struct domain *all[16];

static void nothing(void)
{
}
void (*host_poll)(void) = nothing;

u64 now_ns(void)
{
    return host_now;
}

void clock_get_wallclock(u64 *sec, u32 *nsec)
{
    *sec = 0x1122334455ull;
    *nsec = 99;
}

void timer_init(struct timer *t, void (*fire)(void *data), void *data, u32 cpu)
{
    *t = (struct timer){.fire = fire, .data = data, .cpu = cpu};
}

void timer_stop(struct timer *t)
{
    for (u32 i = 0; i < TIMERS; i++)
        if (armed[i] == t)
            armed[i] = NULL;
    t->queued = false;
}

void timer_set(struct timer *t, u64 deadline)
{
    timer_stop(t);
    t->deadline = deadline;
    t->queued = true;
    for (u32 i = 0; i < TIMERS; i++)
        if (!armed[i]) {
            armed[i] = t;
            return;
        }
    abort();
}

void timer_set_here(struct timer *t, u64 deadline)
{
    t->cpu = host_cpu;
    timer_set(t, deadline);
}

void timer_kill(struct timer *t)
{
    timer_stop(t);
}

bool timer_armed(const struct timer *t)
{
    return t->queued;
}

static struct timer *next_timer(void)
{
    struct timer *next = NULL;

    for (u32 i = 0; i < TIMERS; i++)
        if (armed[i] && (!next || armed[i]->deadline < next->deadline))
            next = armed[i];
    return next;
}

u64 host_next_deadline(void)
{
    struct timer *t = next_timer();

    return t ? t->deadline : 0;
}

void host_pass_time(u64 until)
{
    u32 here = host_cpu;
    struct timer *t;

    while ((t = next_timer()) && t->deadline <= until) {
        host_now = t->deadline > host_now ? t->deadline : host_now;
        timer_stop(t);
        host_cpu = t->cpu;
        t->fire(t->data);
        host_cpu = here;
    }
    if (until > host_now)
        host_now = until;
}

bool host_read_only;

static bool address_good(u64 address)
{
    return address >= PAGE_SIZE;
}

int copy_from_guest(void *to, u64 address, size_t size)
{
    if (!address_good(address))
        return -EFAULT;
    memcpy(to, (const void *)address, size);
    return 0;
}

int copy_to_guest(u64 address, const void *from, size_t size)
{
    if (host_read_only || !address_good(address))
        return -EFAULT;
    memcpy((void *)address, from, size);
    return 0;
}

int pirq_bind(struct domain *d, u32 pirq, u32 port)
{
    (void)d, (void)port;
    return pirq == 9 ? -EEXIST : 0;
}

void pirq_unbind(struct domain *d, u32 pirq, u32 port)
{
    (void)port;
    (void)d;
    host_pirq_unbound = pirq;
}

void pv_context_save(struct vcpu *prev)
{
    if (prev != this_cpu()->current)
        abort();
}

void pv_context_load(struct vcpu *next)
{
    this_cpu()->current = next;
    host_switches++;
}

struct vcpu_guest_context *pv_context_room(void)
{
    static struct vcpu_guest_context room;

    return &room;
}

void pv_context_room_end(void)
{
}

int pv_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
    if (c->kernel_sp == 1)
        return -EINVAL;
    v->initialised = true;
    return 0;
}

void fpu_save(struct vcpu *v)
{
    (void)v;
    this_cpu()->fpu_owner = NULL;
}

void entry_return_to_guest(void)
{
    abort();
}

void cpu_irq_window(void)
{
}

void smp_send_resched(u32 cpu)
{
    cpus[cpu]->need_resched = true;
    host_ipis[cpu]++;
}

void smp_send_event(u32 cpu)
{
    host_ipis[cpu]++;
}

u64 smp_online_mask(void)
{
    return (1ull << cpu_count) - 1;
}

void smp_poll(void)
{
    host_poll();
}

bool descriptor_page_ok(u64 *page)
{
    (void)page;
    return true;
}

bool iomem_frame_allowed(const struct domain *d, mfn_t m)
{
    (void)d, (void)m;
    return false;
}

void pt_fill_hv_slots(u64 *l4)
{
    (void)l4;
}

__attribute__((weak)) struct domain *domain_find(u16 id)
{
    if (id == DOMID_SELF)
        id = current_vcpu()->domain->id;
    for (u32 i = 0; i < 16; i++)
        if (all[i] && all[i]->id == id) {
            domain_get(all[i]);
            return all[i];
        }
    return NULL;
}

__attribute__((weak)) struct domain *domain_next(u16 from)
{
    struct domain *next = NULL;

    for (u32 i = 0; i < 16; i++)
        if (all[i] && all[i]->id >= from && (!next || all[i]->id < next->id))
            next = all[i];
    if (next)
        domain_get(next);
    return next;
}

__attribute__((weak)) void domain_shutdown(struct domain *d, u8 code)
{
    host_shutdown_domain = d;
    host_shutdown_code = code;
}

__attribute__((weak)) struct vcpu *vcpu_create_idle(u32 cpu)
{
    struct vcpu *v = calloc(1, sizeof(*v));

    v->cpu = cpu;
    v->domain = idle_domain;
    v->info = &v->private_info;
    v->is_idle = true;
    return v;
}

struct domain *host_full_domain(u16 id, u32 vcpus)
{
    struct domain *d = host_domain(id, vcpus);

    d->shared = alloc_page();
    frame_share(d->shared, d);
    if (evtchn_domain_init(d, 0) || grant_domain_init(d, 4, 2, 2))
        abort();
    time_domain_init(d);
    share_domain_init(d, SHARE_WEIGHT);
    for (u32 i = 0; i < vcpus; i++) {
        struct vcpu *v = d->vcpu[i];

        v->info = &d->shared->vcpu_info[i];
        sched_vcpu_init(v);
        time_vcpu_init(v);
        time_set_periodic(v, 0); /* as kernels do first of all */
        v->initialised = true;
        v->sched.down = false;
    }
    for (u32 i = 0; i < 16; i++)
        if (!all[i]) {
            all[i] = d;
            return d;
        }
    abort();
}

void host_run_as(struct vcpu *v)
{
    host_cpu = v->cpu;
    this_cpu()->current = v;
}

void host_start(u32 n)
{
    idle_domain = &the_idle_domain;
    host_machine(64);
    for (u32 i = 0; i < n; i++) {
        if (i) {
            cpus[i] = calloc(1, sizeof(*cpus[i]));
            cpus[i]->id = i;
            cpus[i]->apic_id = 2 * i;
            cpus[i]->online = true;
        }
        cpu_count = i + 1;
        host_cpu = i;
        sched_init_cpu();
    }
    host_cpu = 0;
    dom0 = host_full_domain(0, 1);
    dom0->privileged = true;
}

long host_call(hypercall_handler_t handler, u64 a, u64 b, u64 c)
{
    u64 args[6] = {a, b, c};
    long result;

    do
        result = handler(current_vcpu(), args);
    while (result == -ERESTART);
    return result;
}

/* SPDX-License-Identifier: MIT */
/*
 * Domains: the table of them, how one is made, paused, stopped and unmade. What a part of ring 0 keeps
 * about a domain is that part's business: here are only the calls to each, in order.
 */
#include "domain/domain.h"

#include <public/sched.h>

#include "boot/boot.h"
#include "cpu/smp.h"
#include "hypercall/hypercall.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/pagetable.h"
#include "pv/context.h"

#define DEFAULT_GRANT_FRAMES 64
#define DEFAULT_MAPTRACK_FRAMES 1024
#define MAX_CONTROL_PAUSES 255

struct domain *dom0;
static struct domain pseudo_io = {.id = DOMID_IO}, pseudo_xen = {.id = DOMID_XEN};
static struct domain pseudo_idle = {.id = DOMID_IDLE, .frames_lock = SPINLOCK_INIT(RANK_FRAMES)};
struct domain *domain_io = &pseudo_io, *domain_xen = &pseudo_xen, *idle_domain = &pseudo_idle;

static struct domain *domain_table[DOMID_FIRST_RESERVED];
static struct domain *domain_list; /* ascending ids */
static spinlock_t domain_lock = SPINLOCK_INIT(RANK_DOMLIST);

void domain_get(struct domain *d)
{
    __atomic_add_fetch(&d->refs, 1, __ATOMIC_ACQUIRE);
}

/*
 * The last reference of a dead domain: nothing leads to it any more, but for a CPU that has just read the table and not
 * yet tried to count a reference (domain_find(), which takes no lock). It will find none to be had, but it does look: so
 * the struct is freed only after every CPU has been where it answers calls (smp_wait_all()). A lookup has no such place
 * between its look and its count. References are ended in hypercalls and by the scheduler, with or without locks held;
 * never in what smp_call() runs, nor, as it happens, in an interrupt.
 */
static void domain_free(struct domain *d)
{
    struct domain **at;

    spin_lock(&domain_lock);
    for (at = &domain_list; *at != d; at = &(*at)->next)
        ;
    *at = d->next;
    domain_table[d->id] = NULL;
    spin_unlock(&domain_lock);
    smp_wait_all();
    for_each_vcpu(v, d)
        hv_free(v);
    hv_free(d->memory_map);
    hv_free(d->chunks);
    hv_free(d);
    evtchn_send_global_virq(VIRQ_DOM_EXC);
}

void domain_put(struct domain *d)
{
    if (__atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL) == 0)
        domain_free(d);
}

/* A reference, unless the last one has gone or d is not whole yet. d cannot be freed meanwhile: domain_lock is held, or
 * no call of another CPU's is answered. */
static bool domain_try_get(struct domain *d)
{
    u32 refs = ACCESS_ONCE(d->refs);

    if (!d->made)
        return false;
    do {
        if (!refs)
            return false;
    } while (!__atomic_compare_exchange_n(&d->refs, &refs, refs + 1, false, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    return true;
}

struct domain *domain_find(u16 id)
{
    struct domain *d;

    if (id == DOMID_SELF || id == current_vcpu()->domain->id) {
        d = current_vcpu()->domain;
        domain_get(d);
        return d;
    }
    if (id >= DOMID_FIRST_RESERVED)
        return NULL;
    d = __atomic_load_n(&domain_table[id], __ATOMIC_ACQUIRE);
    return d && domain_try_get(d) ? d : NULL;
}

struct domain *domain_of_owner(u16 id)
{
    return id < DOMID_FIRST_RESERVED ? domain_table[id] : NULL;
}

struct domain *domain_next(u16 from)
{
    struct domain *d;

    SPIN_LOCK_BLOCK(&domain_lock);
    for (d = domain_list; d && (d->id < from || !domain_try_get(d)); d = d->next)
        ;
    return d;
}

/* Puts d into the table under `id`, or under the next free one after the last given. */
static int domain_enter(struct domain *d, u16 id)
{
    static u16 last;
    struct domain **at;

    SPIN_LOCK_BLOCK(&domain_lock);
    if (id == DOMID_INVALID) {
        id = last;
        do
            id = id + 1u < DOMID_FIRST_RESERVED ? (u16)(id + 1u) : 1;
        while (domain_table[id] && id != last);
        last = id;
    }
    if (domain_table[id])
        return -EEXIST;
    d->id = id;
    __atomic_store_n(&domain_table[id], d, __ATOMIC_RELEASE);
    for (at = &domain_list; *at && (*at)->id < id; at = &(*at)->next)
        ;
    d->next = *at;
    *at = d;
    return 0;
}

static int domain_init_parts(struct domain *d)
{
    const struct domain_limits *limits = &d->limits;
    u32 grants = limits->grant_frames < 0 ? DEFAULT_GRANT_FRAMES : (u32)limits->grant_frames;
    u32 maptrack = limits->maptrack_frames < 0 ? DEFAULT_MAPTRACK_FRAMES : (u32)limits->maptrack_frames;

    d->shared = alloc_page();
    if (!d->shared)
        return -ENOMEM;
    for (u32 i = 0; i < ARRAY_SIZE(d->shared->vcpu_info); i++)
        d->shared->vcpu_info[i].evtchn_upcall_mask = 1;
    frame_share(d->shared, d);
    time_domain_init(d);
    if (evtchn_domain_init(d, limits->event_channels) || pirq_domain_init(d) ||
        grant_domain_init(d, grants, maptrack, limits->grant_version ? limits->grant_version : 2))
        return -ENOMEM;
    return 0;
}

int domain_create(u16 id, const struct domain_limits *limits, bool privileged, struct domain **out)
{
    struct domain *d;
    int error;

    if (!limits->vcpus || limits->vcpus > MAX_VCPUS ||
        (id >= DOMID_FIRST_RESERVED && id != DOMID_INVALID))
        return -EINVAL;
    d = hv_alloc(sizeof(*d));
    if (!d)
        return -ENOMEM;
    d->chunks = hv_alloc(ROUND_UP(frame_max / 512 / 8 + 8, 8ul));
    d->max_vcpus = limits->vcpus;
    d->limits = *limits;
    d->privileged = privileged;
    d->refs = 2; /* the table's until it is dead, and the caller's */
    d->pause_count = 1;
    d->control_pauses = 1;
    spin_lock_init(&d->control_lock, RANK_DOMCTL);
    spin_lock_init(&d->frames_lock, RANK_FRAMES);
    share_domain_init(d, privileged ? SHARE_DOM0_WEIGHT : SHARE_WEIGHT);
    error = d->chunks ? domain_enter(d, id) : -ENOMEM;
    if (error) {
        hv_free(d->chunks);
        hv_free(d);
        return error;
    }
    error = domain_init_parts(d);
    if (error) {
        while (domain_kill(d) == -ERESTART)
            ;
        domain_put(d);
        return error;
    }
    __atomic_store_n(&d->made, true, __ATOMIC_RELEASE);
    *out = d;
    return 0;
}

int vcpu_create(struct domain *d, u32 id)
{
    struct vcpu *v;

    if (id >= d->max_vcpus)
        return -EINVAL;
    if (d->vcpu[id])
        return 0;
    v = hv_alloc(sizeof(*v));
    if (!v || pv_vcpu_init(v)) {
        hv_free(v);
        return -ENOMEM;
    }
    v->id = id;
    v->domain = d;
    v->info = id < ARRAY_SIZE(d->shared->vcpu_info) ? &d->shared->vcpu_info[id] : &v->private_info;
    v->private_info.evtchn_upcall_mask = 1;
    v->sched.down = true;
    sched_vcpu_init(v);
    v->sched.pause_count = d->pause_count;
    time_vcpu_init(v);
    __atomic_store_n(&d->vcpu[id], v, __ATOMIC_RELEASE); /* others look without a lock: it is whole */
    return 0;
}

struct vcpu *vcpu_create_idle(u32 cpu)
{
    struct vcpu *v = hv_alloc(sizeof(*v));

    BUG_ON(!v);
    v->id = cpu;
    v->cpu = cpu;
    v->domain = idle_domain;
    v->info = &v->private_info;
    v->is_idle = true;
    return v;
}

static void domain_pause_nosync(struct domain *d)
{
    __atomic_add_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST);
    for_each_vcpu(v, d)
        vcpu_pause_nosync(v);
}

void domain_pause_sync(struct domain *d)
{
    __atomic_add_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST);
    for_each_vcpu(v, d)
        vcpu_pause_sync(v);
}

void domain_unpause(struct domain *d)
{
    __atomic_sub_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST);
    for_each_vcpu(v, d)
        vcpu_unpause(v);
}

int domain_control_pause(struct domain *d, bool pause)
{
    if (pause && d->control_pauses == MAX_CONTROL_PAUSES)
        return -EOVERFLOW;
    if (!pause && !d->control_pauses)
        return -EINVAL;
    if (pause) {
        d->control_pauses++;
        domain_pause_sync(d);
    } else {
        d->control_pauses--;
        domain_unpause(d);
    }
    return 0;
}

/* Dom0's end is the machine's. */
static void __noreturn dom0_shutdown(u8 code)
{
    printk(PRINT_INFO, "dom0 has stopped: %s\n",
           code == SHUTDOWN_poweroff ? "poweroff" : code == SHUTDOWN_reboot ? "reboot" : "crash");
    if (code == SHUTDOWN_poweroff)
        machine_poweroff();
    machine_reboot();
}

void domain_shutdown(struct domain *d, u8 code)
{
    u8 goes = DOMAIN_GOES;

    if (d == dom0)
        dom0_shutdown(code);
    if (!__atomic_compare_exchange_n(&d->shut_down, &goes, DOMAIN_STOPS, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        return;
    if (!d->code_latched)
        d->shutdown_code = code;
    domain_pause_nosync(d);
    __atomic_store_n(&d->shut_down, DOMAIN_STOPPED, __ATOMIC_SEQ_CST);
    evtchn_send_global_virq(VIRQ_DOM_EXC);
}

int domain_resume(struct domain *d)
{
    if (d->crashed)
        return -EINVAL;
    if (d->shut_down == DOMAIN_GOES)
        return 0;
    if (d->shut_down == DOMAIN_STOPS)
        return -ERESTART;
    d->shutdown_code = 0;
    d->code_latched = false;
    __atomic_store_n(&d->shut_down, DOMAIN_GOES, __ATOMIC_SEQ_CST);
    domain_unpause(d);
    return 0;
}

void domain_crash(struct domain *d, const char *format, ...)
{
    va_list args;

    /* two vcpus at once: the other one sees to the rest */
    if (d->shut_down || __atomic_exchange_n(&d->crashed, true, __ATOMIC_SEQ_CST))
        return;
    va_start(args, format);
    vsnprintf(d->reason, sizeof(d->reason), format, args);
    va_end(args);
    printk(PRINT_WARNING, "d%u crashed: %s\n", d->id, d->reason);
    domain_shutdown(d, SHUTDOWN_crash);
}

static int parts_destroy(struct domain *d)
{
    for_each_vcpu(v, d)
        time_vcpu_destroy(v); /* its timers send events without a lock */
    evtchn_domain_destroy(d);
    pirq_domain_destroy(d);
    for_each_vcpu(v, d) {
        pv_vcpu_destroy(v);
        sched_vcpu_destroy(v);
        if (mfn_x(v->info_mfn)) {
            v->info = &v->private_info;
            frame_put_writable(v->info_mfn);
            v->info_mfn = mfn(0);
        }
    }
    time_domain_destroy(d);
    timer_kill(&d->share.refill);
    return 0;
}

static int last_pages_free(struct domain *d)
{
    struct shared_info *shared = d->shared;

    grant_domain_destroy(d);
    /* a CPU may be setting the wall clock there just now */
    ACCESS_ONCE(d->shared) = NULL;
    smp_wait_all();
    if (shared)
        frame_unshare(shared);
    d->death = DOMAIN_DEAD;
    domain_put(d); /* not the last: the caller has one */
    evtchn_send_global_virq(VIRQ_DOM_EXC);
    return 0;
}

/* One stage after the other; each is done before the next begins, and what was done is not done again. */
int domain_kill(struct domain *d)
{
    static int (*const stages[])(struct domain *d) = {
        grant_relinquish, evtchn_relinquish, parts_destroy, memory_relinquish, last_pages_free,
    };
    int error;

    if (d->death == DOMAIN_ALIVE) {
        d->death = DOMAIN_DYING;
        domain_pause_sync(d);
        claim_set(d, 0);
    }
    for (; d->kill_stage < ARRAY_SIZE(stages); d->kill_stage++) {
        error = stages[d->kill_stage](d);
        if (error)
            return error;
    }
    return 0;
}

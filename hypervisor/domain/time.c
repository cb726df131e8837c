/* SPDX-License-Identifier: MIT */
/*
 * What a guest sees of time. The scale from TSC to system time is measured once (cpu/clock.h), so what is written
 * here is the same each time, for each vcpu; it is written again whenever a vcpu is loaded, because the
 * guest can write over it. Areas that a guest registers by address are translated once and their
 * frames held: nothing here may fault, whatever the guest does to its page tables later.
 */
#include "domain/time.h"

#include <public/sched.h>

#include "cpu/clock.h"
#include "domain/domain.h"
#include "lib/string.h"
#include "memory/pagetable.h"

#define SECOND_NS 1000000000ull
#define PERIOD_AT_FIRST_NS (SECOND_NS / 100) /* for kernels that ask for no timer; others stop it first of all */

/* Where byte `offset` of an area lies. */
static void *area_at(const struct guest_area *a, u32 offset)
{
    u32 at = a->offset + offset;

    return (char *)mfn_to_virt(a->frame[at / PAGE_SIZE]) + at % PAGE_SIZE;
}

static void guest_area_write(struct guest_area *a, u32 offset, const void *from, u32 size)
{
    const char *p = from;

    if (!mfn_x(a->frame[0]))
        return;
    while (size) {
        u32 room = (u32)(PAGE_SIZE - (a->offset + offset) % PAGE_SIZE), n = MIN(size, room);
        void *to = area_at(a, offset);

        /* what other vcpus read as one word is written as one */
        if (n == 8 && !((u64)to & 7) && !((u64)p & 7))
            __atomic_store_n((u64 *)to, *(const u64 *)p, __ATOMIC_RELEASE);
        else
            memcpy(to, p, n);
        p += n;
        offset += n;
        size -= n;
    }
}

static void area_release(struct guest_area *a)
{
    for (u32 i = 0; i < 2; i++)
        if (mfn_x(a->frame[i]))
            frame_put_writable(a->frame[i]);
    *a = (struct guest_area){0};
}

/* Translates and holds; the area is not used yet. */
static int area_hold(struct vcpu *v, struct guest_area *a, u64 address, u32 size)
{
    u64 first = address & PAGE_MASK, last = (address + size - 1) & PAGE_MASK;

    *a = (struct guest_area){.offset = (u16)(address & ~PAGE_MASK)};
    for (u32 i = 0; i <= (first != last); i++) {
        u64 flags;
        mfn_t m = pt_translate(current_vcpu(), i ? last : first, false, &flags);

        if (mfn_eq(m, INVALID_MFN) || !(flags & PTE_RW) || frame_get_writable(m, v->domain)) {
            area_release(a);
            return -EFAULT;
        }
        a->frame[i] = m;
    }
    return 0;
}

/* Areas are written under the queue's lock, so they are swapped under it. */
static void area_swap(struct vcpu *v, struct guest_area *a, struct guest_area *with)
{
    spinlock_t *lock = sched_lock_vcpu(v);
    struct guest_area old = *a;

    *a = *with;
    *with = old;
    spin_unlock(lock);
}

/* Address 0: none. */
static int guest_area_set(struct vcpu *v, struct guest_area *a, u64 address, u32 size)
{
    struct guest_area made = {0};
    int error = address ? area_hold(v, &made, address, size) : 0;

    if (error)
        return error;
    area_swap(v, a, &made);
    area_release(&made);
    return 0;
}

/* Fills what never changes; the version is the caller's. */
static void fill_time(struct vcpu_time_info *t)
{
    struct words {
        u64 word[3];
    };

    _Static_assert(offsetof(struct vcpu_time_info, tsc_to_system_mul) - offsetof(struct vcpu_time_info, tsc_timestamp) ==
                           offsetof(struct clock_scale, mul_frac) &&
                       offsetof(struct vcpu_time_info, flags) - offsetof(struct vcpu_time_info, tsc_timestamp) ==
                           offsetof(struct clock_scale, stable) &&
                       XEN_PVCLOCK_TSC_STABLE_BIT == 1,
                   "one layout");
    *(struct words *)&t->tsc_timestamp = *(const struct words *)&clock_scale;
}

/* v is loaded on this CPU, or does not run; its queue's lock is not held. */
void time_update_vcpu(struct vcpu *v)
{
    struct vcpu_time_info *t = &v->info->time;
    struct guest_area *a = &v->time.time_area;
    struct vcpu_time_info copy = {0};
    u32 version = v->time.version + 2;
    spinlock_t *lock;

    v->time.version = version;
    ACCESS_ONCE(t->version) = version - 1;
    barrier();
    fill_time(t);
    barrier();
    ACCESS_ONCE(t->version) = version;
    if (likely(!mfn_x(a->frame[0])))
        return;
    fill_time(&copy);
    copy.version = version - 1;
    lock = sched_lock_vcpu(v); /* another vcpu may be about to move the area */
    guest_area_write(a, 0, &copy.version, sizeof(copy.version));
    barrier();
    guest_area_write(a, 0, &copy, sizeof(copy));
    barrier();
    guest_area_write(a, 0, &version, sizeof(version));
    spin_unlock(lock);
}

int time_register_area(struct vcpu *v, u64 address)
{
    int error = guest_area_set(v, &v->time.time_area, address, sizeof(struct vcpu_time_info));

    if (!error && (v == current_vcpu() || v->sched.down))
        time_update_vcpu(v);
    return error;
}

void time_update_wallclock(struct domain *d)
{
    static spinlock_t lock = SPINLOCK_INIT(RANK_DEVICE); /* two vcpus of dom0 may set the clock at once */
    struct shared_info *s;
    u64 seconds;
    u32 nanoseconds;

    SPIN_LOCK_BLOCK(&lock);
    clock_get_wallclock(&seconds, &nanoseconds);
    /* d may be dying: the page is not freed before this CPU answers a call, which it does not from here on */
    s = ACCESS_ONCE(d->shared);
    if (!s)
        return;
    d->time.wc_version += 2;
    ACCESS_ONCE(s->wc_version) = d->time.wc_version - 1;
    barrier();
    s->wc_sec = (u32)seconds;
    s->wc_sec_hi = (u32)(seconds >> 32);
    s->wc_nsec = nanoseconds;
    barrier();
    ACCESS_ONCE(s->wc_version) = d->time.wc_version;
}

void time_update_wallclock_all(void)
{
    struct domain *d = domain_next(0);

    while (d) {
        u16 after = (u16)(d->id + 1);

        time_update_wallclock(d);
        domain_put(d);
        d = domain_next(after);
    }
}

/* Copies the run states out: with the update flag first, if the guest asked for that, so that another vcpu that
 * reads them can tell. Queue's lock held. */
static void runstate_copy(struct vcpu *v)
{
    struct guest_area *a = &v->time.runstate_area;
    struct vcpu_runstate_info copy = v->time.runstate;
    const u32 at = offsetof(struct vcpu_runstate_info, state_entry_time);

    if (!mfn_x(a->frame[0]))
        return;
    if (!(v->domain->pv.vm_assist >> VMASST_TYPE_runstate_update_flag & 1)) {
        guest_area_write(a, 0, &copy, sizeof(copy));
        return;
    }
    copy.state_entry_time |= XEN_RUNSTATE_UPDATE;
    guest_area_write(a, at, &copy.state_entry_time, sizeof(u64));
    barrier();
    guest_area_write(a, 0, &copy, sizeof(copy));
    barrier();
    copy.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
    guest_area_write(a, at, &copy.state_entry_time, sizeof(u64));
}

void runstate_change(struct vcpu *v, u32 state, u64 now)
{
    struct vcpu_runstate_info *r = &v->time.runstate;

    if (now > r->state_entry_time) {
        r->time[r->state] += now - r->state_entry_time;
        r->state_entry_time = now;
    }
    r->state = (int)state;
    if (unlikely(v->time.period) && state == RUNSTATE_running && !timer_armed(&v->time.periodic))
        timer_set(&v->time.periodic, now);
    runstate_copy(v);
}

void runstate_get(struct vcpu *v, struct vcpu_runstate_info *out)
{
    spinlock_t *lock = sched_lock_vcpu(v);
    u64 now = now_ns();

    *out = v->time.runstate;
    spin_unlock(lock);
    if (now > out->state_entry_time)
        out->time[out->state] += now - out->state_entry_time;
}

int runstate_register(struct vcpu *v, u64 address)
{
    int error = guest_area_set(v, &v->time.runstate_area, address, sizeof(struct vcpu_runstate_info));
    spinlock_t *lock;

    if (error)
        return error;
    lock = sched_lock_vcpu(v);
    runstate_copy(v);
    spin_unlock(lock);
    return 0;
}

static void oneshot_over(void *v)
{
    evtchn_send_virq(v, VIRQ_TIMER);
}

/* A tick is for who runs: a vcpu that is away has it when it is back (runstate_change()), and until then it costs nothing. */
static void periodic_over(void *data)
{
    struct vcpu *v = data;
    u64 period = ACCESS_ONCE(v->time.period), now = now_ns(), next = v->time.periodic.deadline + period;

    if (!period || v->time.runstate.state != RUNSTATE_running)
        return;
    evtchn_send_virq(v, VIRQ_TIMER);
    timer_set(&v->time.periodic, next > now ? next : now + period);
}

void time_set_periodic(struct vcpu *v, u64 period)
{
    ACCESS_ONCE(v->time.period) = period;
    if (period)
        timer_set(&v->time.periodic, now_ns() + period);
    else
        timer_stop(&v->time.periodic);
}

static void poll_over(void *data)
{
    struct vcpu *v = data;

    if (v->evtchn.polling)
        vcpu_unblock(v);
}

void time_vcpu_init(struct vcpu *v)
{
    timer_init(&v->time.oneshot, oneshot_over, v, v->cpu);
    timer_init(&v->time.periodic, periodic_over, v, v->cpu);
    v->time.period = PERIOD_AT_FIRST_NS;
    timer_init(&v->time.poll, poll_over, v, v->cpu);
    v->time.runstate.state = RUNSTATE_offline;
    v->time.runstate.state_entry_time = now_ns();
    time_update_vcpu(v);
}

void time_vcpu_destroy(struct vcpu *v)
{
    timer_kill(&v->time.oneshot);
    timer_kill(&v->time.periodic);
    timer_kill(&v->time.poll);
    guest_area_set(v, &v->time.runstate_area, 0, 0);
    guest_area_set(v, &v->time.time_area, 0, 0);
}

static void watchdog_over(void *d)
{
    domain_shutdown(d, SHUTDOWN_watchdog);
}

int time_set_watchdog(struct domain *d, u32 id, u32 seconds)
{
    u8 used = d->time.watchdogs_in_use;
    u32 made = 0;

    if (id > ARRAY_SIZE(d->time.watchdog) || (id && !(used & id)))
        return -EINVAL;
    while (!id) {
        made = !(used & 1) ? 1 : !(used & 2) ? 2 : 0;
        if (!made)
            return -ENOSPC;
        /* two vcpus at once: one of them may find it taken */
        if (__atomic_compare_exchange_n(&d->time.watchdogs_in_use, &used, (u8)(used | made), false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED))
            id = made;
    }
    if (seconds || made) {
        timer_set(&d->time.watchdog[id - 1], now_ns() + seconds * SECOND_NS);
    } else {
        timer_stop(&d->time.watchdog[id - 1]);
        __atomic_fetch_and(&d->time.watchdogs_in_use, (u8)~id, __ATOMIC_SEQ_CST);
    }
    return (int)made;
}

void time_domain_init(struct domain *d)
{
    for (u32 i = 0; i < ARRAY_SIZE(d->time.watchdog); i++)
        timer_init(&d->time.watchdog[i], watchdog_over, d, 0);
    time_update_wallclock(d);
}

void time_domain_destroy(struct domain *d)
{
    for (u32 i = 0; i < ARRAY_SIZE(d->time.watchdog); i++)
        timer_kill(&d->time.watchdog[i]);
}

/* SPDX-License-Identifier: MIT */
/*
 * Who runs next, and on which CPU. A queue is in the order of virtual time (domain/sched.h); the CPU's
 * lock guards its queue, what it runs (`current` below) and the run states of the vcpus that belong to it. It must never
 * switch away from a vcpu without saying so under that lock first: whoever pauses a vcpu relies on it.
 *
 * A CPU with nothing to run idles inside schedule(), with the last vcpu's registers still loaded: when that
 * one wakes there is nothing to switch. Only if it is paused, or goes elsewhere, does the CPU let it go.
 */
#include "domain/sched.h"

#include <public/vcpu.h>

#include "cpu/asm.h"
#include "cpu/clock.h"
#include "cpu/irq.h"
#include "cpu/smp.h"
#include "domain/domain.h"
#include "domain/runqueue.h"
#include "entry/entry.h"
#include "lib/print.h"
#include "memory/alloc.h"
#include "pv/context.h"

#define MS 1000000ull
#define SLICE_MIN_NS MS
#define RUN_MIN_NS 500000ull /* what one who has come gets done before a wake-up stops him */
#define SLICE_MAX_NS (10 * MS)
#define SLICE_AHEAD_NS (5 * MS) /* virtual: how far one may get ahead of who waits before it is his turn */

static void slice_ended(void *unused)
{
    (void)unused;
    this_cpu()->need_resched = true;
}

static void kick_cpu(u32 cpu)
{
    if (cpu == this_cpu()->id)
        this_cpu()->need_resched = true;
    else
        smp_send_resched(cpu);
}

bool vcpu_runnable(const struct vcpu *v)
{
    const struct domain *d = v->domain;

    return !v->sched.blocked && !v->sched.down && !v->sched.parked && !v->sched.pause_count && v->initialised &&
           !d->pause_count && !d->shut_down && d->death == DOMAIN_ALIVE;
}

static bool allowed_on(const struct vcpu *v, u32 cpu)
{
    return v->sched.hard_affinity >> cpu & 1;
}

/* Is it merely waiting for an event, so that its registers may stay loaded? */
static bool vcpu_waits(const struct vcpu *v)
{
    const struct domain *d = v->domain;

    return !v->sched.down && !v->sched.pause_count && !d->pause_count && !d->shut_down && d->death == DOMAIN_ALIVE;
}

spinlock_t *sched_lock_vcpu(struct vcpu *v)
{
    for (;;) {
        u32 cpu = ACCESS_ONCE(v->cpu);
        struct sched_cpu *s = cpus[cpu]->sched;

        spin_lock(&s->lock);
        if (likely(v->cpu == cpu))
            return &s->lock;
        spin_unlock(&s->lock);
    }
}

/* Keeps count of those who want a CPU. v's queue's lock held. */
static void change_runstate(struct vcpu *v, u32 state, u64 now)
{
    bool wanted = v->time.runstate.state <= RUNSTATE_runnable, wants = state <= RUNSTATE_runnable;

    if (wanted != wants)
        __atomic_add_fetch(&v->domain->share.ready, wants ? 1 : -1u, __ATOMIC_RELAXED);
    runstate_change(v, state, now);
}

/* For one that does not run. v's queue's lock held. */
static void set_runstate(struct vcpu *v, u64 now)
{
    u32 state = vcpu_runnable(v) ? RUNSTATE_runnable : RUNSTATE_offline;

    if (state == RUNSTATE_offline && vcpu_waits(v))
        state = v->sched.blocked ? RUNSTATE_blocked : RUNSTATE_runnable;
    if ((u32)v->time.runstate.state != state)
        change_runstate(v, state, now);
}

/* A slice ends only where someone else waits, or where a cap says so. s->current has just begun. Lock held. */
static void arm_slice(struct sched_cpu *s, u64 now)
{
    struct vcpu *v = s->current;
    u64 slice = ~0ull;
    s64 ahead;

    if (s->first) {
        ahead = virtual_ahead(s->first->sched.virtual_ns, v->sched.virtual_ns);
        slice = share_real(v->domain, SLICE_AHEAD_NS + (u64)MAX(ahead, 0));
        slice = MIN(MAX(slice, SLICE_MIN_NS), SLICE_MAX_NS);
    }
    slice = share_begin(v->domain, slice, now);
    if (slice != ~0ull)
        timer_set(&s->slice, now + slice);
    else if (timer_armed(&s->slice))
        timer_stop(&s->slice);
}

/* Takes who runs next out of the queue, or leaves who runs: NULL if nobody can. *away: one found there who may not run on
 * this CPU (its affinity changed while its registers were saved); referenced. Lock held. */
static struct vcpu *pick(struct sched_cpu *s, u64 now, struct vcpu **away)
{
    struct vcpu *running = s->current, *v;

    if (running && (!vcpu_runnable(running) || !allowed_on(running, s->id) || share_park(running)))
        running = NULL;
    while ((v = s->first) && (!vcpu_runnable(v) || (!*away && !allowed_on(v, s->id)) || share_park(v))) {
        runqueue_remove(s, v); /* vcpu_wake() brings it back */
        set_runstate(v, now);
        if (vcpu_runnable(v)) {
            domain_get(v->domain);
            *away = v;
        }
    }
    if (running && (!v || virtual_ahead(running->sched.virtual_ns, v->sched.virtual_ns) <= 0))
        return running;
    if (v)
        runqueue_remove(s, v);
    return v;
}

static void start_counting(struct sched_cpu *s, struct vcpu *v, u64 now)
{
    if (s->current != v || s->idling)
        s->began = now;
    s->current = v;
    s->idling = false;
    v->cpu = s->id;
    v->sched.running = true;
    v->sched.slice_start = now;
    if (v->time.runstate.state != RUNSTATE_running)
        change_runstate(v, RUNSTATE_running, now);
    arm_slice(s, now);
}

/* Loads `next`, whose turn has been noted under the lock, in place of what is loaded here. */
static void switch_to(struct cpu *c, struct vcpu *next)
{
    struct vcpu *prev = c->current;
    u64 bit = 1ull << c->id;

    if (!next->is_idle)
        __atomic_fetch_or(&next->domain->dirty_cpus, bit, __ATOMIC_SEQ_CST);
    pv_context_save(prev);
    pv_context_load(next);
    /* CR3 was loaded: nothing of the old address space is left in this TLB */
    if (!prev->is_idle && prev->domain != next->domain)
        __atomic_fetch_and(&prev->domain->dirty_cpus, ~bit, __ATOMIC_SEQ_CST);
    __atomic_store_n(&prev->sched.running, false, __ATOMIC_RELEASE);
    if (!next->is_idle)
        time_update_vcpu(next);
}

static void idle(struct cpu *c)
{
    u64 start = now_ns();

    ACCESS_ONCE(c->idle_since) = start;
    while (!c->need_resched) {
        if (alloc_scrub_some())
            cpu_irq_window();
        else
            cpu_halt_once();
    }
    ACCESS_ONCE(c->idle_since) = 0;
    ACCESS_ONCE(c->idle_ns) += now_ns() - start;
}

u64 sched_idle_ns(u32 cpu)
{
    const struct cpu *c = cpus[cpu];
    u64 since = ACCESS_ONCE(c->idle_since), now = now_ns();

    return ACCESS_ONCE(c->idle_ns) + (since && now > since ? now - since : 0);
}

/* Notes under the lock who runs here next: NULL, nobody (then *leaves: the one loaded here must go). *away: that one may
 * not stay on this CPU though it wants to run; referenced. */
static struct vcpu *decide(struct sched_cpu *s, bool *leaves, struct vcpu **away)
{
    struct vcpu *prev, *next;
    u64 now;

    *away = NULL;
    spin_lock(&s->lock);
    now = now_ns(); /* not earlier: who held the lock may have been told how long prev has run by then */
    prev = s->current;
    if (prev && !s->idling)
        runqueue_charge(s, now);
    next = pick(s, now, away);
    if (prev && prev != next) {
        set_runstate(prev, now);
        if (vcpu_runnable(prev) && !*away && !allowed_on(prev, s->id)) {
            domain_get(prev->domain);
            *away = prev;
        } else if (vcpu_runnable(prev) && (next || !allowed_on(prev, s->id))) {
            /* not where it has become runnable since pick() looked: whoever wakes it finds it loaded here and kicks */
            runqueue_insert(s, prev);
        }
    }
    *leaves = prev && !next && (!vcpu_waits(prev) || !allowed_on(prev, s->id));
    if (next) {
        start_counting(s, next, now);
    } else {
        s->idling = true;
        if (*leaves)
            s->current = NULL;
        if (timer_armed(&s->slice))
            timer_stop(&s->slice);
    }
    runqueue_publish(s, now);
    spin_unlock(&s->lock);
    return next;
}

void schedule(void)
{
    struct cpu *c = this_cpu();
    struct sched_cpu *s = c->sched;
    struct vcpu *next, *away;
    bool leaves;

    for (;;) {
        u64 now = now_ns();

        c->need_resched = false;
        runqueue_pull(s, now, false);
        next = decide(s, &leaves, &away);
        if (next ? c->current != next : leaves)
            switch_to(c, next ? next : c->idle);
        if (unlikely(away)) {
            vcpu_wake(away);
            domain_put(away->domain);
        }
        if (next) {
            /* only now may those who wait be fetched: one of them may have run here */
            runqueue_offer(s, false);
            return;
        }
        /* whoever begins to wait elsewhere from here on sees that this CPU idles */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (!s->waiting && !runqueue_pull(s, now, true)) /* here waits, at most, a second one that must leave */
            idle(c);
    }
}

/* Should v, now in the queue of s, stop what runs there? Lock held. */
static void preempt(struct sched_cpu *s, const struct vcpu *v, u64 now)
{
    const struct vcpu *running = s->current;
    u64 end = now + SLICE_MIN_NS;

    if (s->idling || !running)
        end = now;
    else if (virtual_ahead(running->sched.virtual_ns, v->sched.virtual_ns) > (s64)PREEMPT_NS)
        end = s->began + RUN_MIN_NS;
    else if (timer_armed(&s->slice))
        return;
    if (end <= now)
        kick_cpu(s->id);
    else if (!timer_armed(&s->slice) || end < s->slice.deadline)
        timer_set(&s->slice, end);
}

/* One attempt, lock held. False: it has gone to another CPU's queue, to be locked in its turn. */
static bool wake_locked(struct sched_cpu *s, struct vcpu *v, bool settled)
{
    u64 now;
    u32 cpu;

    if (v->sched.queued || !vcpu_runnable(v))
        return true;
    if (s->current == v) {
        if (s->idling)
            kick_cpu(s->id);
        return true;
    }
    if (!v->sched.running) { /* else its registers are on their way out here */
        cpu = s->id;
        if (!s->idling || !(v->sched.hard_affinity & v->sched.soft_affinity & 1ull << cpu))
            cpu = runqueue_best_cpu(v);
        if (cpu != v->cpu && !settled) {
            __atomic_store_n(&v->cpu, cpu, __ATOMIC_RELEASE);
            return false;
        }
    }
    now = now_ns();
    runqueue_place(s, v, true);
    runqueue_insert(s, v);
    set_runstate(v, now);
    preempt(s, v, now);
    runqueue_publish(s, now);
    return true;
}

void vcpu_wake(struct vcpu *v)
{
    bool done, settled = false;
    struct sched_cpu *s;

    do {
        spinlock_t *lock = sched_lock_vcpu(v);

        s = container_of(lock, struct sched_cpu, lock);
        done = wake_locked(s, v, settled);
        settled = !done && allowed_on(v, v->cpu);
        spin_unlock(lock);
    } while (!done);
    if (likely(s->idling || !s->offer_hard))
        return;
    /* a CPU may have begun to idle since we looked: one of the two sees the other */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    runqueue_offer(s, true);
}

void vcpu_unblock(struct vcpu *v)
{
    if (v->evtchn.polling && __atomic_exchange_n(&v->evtchn.polling, false, __ATOMIC_SEQ_CST))
        __atomic_fetch_sub(&v->domain->evtchn.pollers, 1, __ATOMIC_SEQ_CST);
    if (v->sched.blocked) {
        v->sched.blocked = false;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        vcpu_wake(v);
    }
}

void vcpu_kick(struct vcpu *v)
{
    if (v->sched.blocked)
        vcpu_unblock(v);
    else if (v->sched.running && v->cpu != this_cpu()->id)
        smp_send_event(v->cpu);
}

void vcpu_block(struct vcpu *v)
{
    v->sched.blocked = true;
    /* pairs with the one in vcpu_mark_events_pending(): one of the two sees the other */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (vcpu_has_events(v) || v->pv.nmi_pending) {
        v->sched.blocked = false;
        return;
    }
    cpus[v->cpu]->need_resched = true;
}

void vcpu_yield(struct vcpu *v)
{
    struct cpu *c = this_cpu();
    struct sched_cpu *s = c->sched;

    if (likely(!s->first))
        return;
    /* behind the first of those who wait, however much is due to it */
    spin_lock(&s->lock);
    if (s->first && virtual_ahead(v->sched.virtual_ns, s->first->sched.virtual_ns) <= 0)
        v->sched.virtual_ns = s->first->sched.virtual_ns + 1;
    spin_unlock(&s->lock);
    c->need_resched = true;
}

void vcpu_reconsider(struct vcpu *v)
{
    spinlock_t *lock = sched_lock_vcpu(v);
    struct sched_cpu *s = container_of(lock, struct sched_cpu, lock);
    bool moves = v->sched.queued && !allowed_on(v, s->id);

    if (moves)
        runqueue_remove(s, v);
    if (s->current == v && !s->idling)
        runqueue_charge(s, now_ns());
    if (v->sched.running)
        kick_cpu(s->id);
    runqueue_publish(s, now_ns());
    spin_unlock(lock);
    if (moves)
        vcpu_wake(v);
}

int vcpu_set_affinity(struct vcpu *v, u64 hard, u64 soft)
{
    if (!(hard & smp_online_mask()))
        return -EINVAL;
    v->sched.hard_affinity = hard & smp_online_mask();
    v->sched.soft_affinity = soft;
    vcpu_reconsider(v);
    return 0;
}

void vcpu_pause_nosync(struct vcpu *v)
{
    spinlock_t *lock = sched_lock_vcpu(v);
    struct sched_cpu *s = container_of(lock, struct sched_cpu, lock);

    __atomic_fetch_add(&v->sched.pause_count, 1, __ATOMIC_SEQ_CST);
    if (v->sched.queued) {
        runqueue_remove(s, v);
        runqueue_publish(s, now_ns());
    }
    if (s->current == v)
        kick_cpu(s->id);
    else /* also where its registers are still on their way out: nobody looks at it again */
        set_runstate(v, now_ns());
    spin_unlock(lock);
}

void vcpu_pause_sync(struct vcpu *v)
{
    vcpu_pause_nosync(v);
    if (v != current_vcpu())
        while (__atomic_load_n(&v->sched.running, __ATOMIC_ACQUIRE)) {
            smp_poll();
            cpu_pause();
        }
    vcpu_sync_state(v);
}

void vcpu_unpause(struct vcpu *v)
{
    if (!__atomic_sub_fetch(&v->sched.pause_count, 1, __ATOMIC_SEQ_CST))
        vcpu_wake(v);
}

static void save_fpu_here(void *v)
{
    if (this_cpu()->fpu_owner == v)
        fpu_save(v);
}

void vcpu_sync_state(struct vcpu *v)
{
    u32 cpu = v->cpu;

    if (cpus[cpu]->fpu_owner != v)
        return;
    if (cpu == this_cpu()->id)
        save_fpu_here(v);
    else
        smp_call(1ull << cpu, save_fpu_here, v);
}

void sched_vcpu_init(struct vcpu *v)
{
    v->sched.hard_affinity = smp_online_mask();
    v->sched.soft_affinity = ~0ull;
    v->sched.down = true;
    v->cpu = (v->domain->id + v->id) % cpu_count;
    v->sched.virtual_ns = cpus[v->cpu]->sched->floor;
}

void sched_vcpu_destroy(struct vcpu *v)
{
    spinlock_t *lock = sched_lock_vcpu(v);

    ASSERT(!v->sched.running);
    if (v->sched.queued) {
        runqueue_remove(container_of(lock, struct sched_cpu, lock), v);
        runqueue_publish(container_of(lock, struct sched_cpu, lock), now_ns());
    }
    spin_unlock(lock);
    if (cpus[v->cpu]->fpu_owner == v)
        vcpu_sync_state(v);
}

void sched_init_cpu(void)
{
    struct cpu *c = this_cpu();
    struct sched_cpu *s = hv_alloc(sizeof(*s));

    if (!s)
        panic("no memory for the scheduler of CPU %u", c->id);
    spin_lock_init(&s->lock, RANK_SCHED);
    timer_init(&s->slice, slice_ended, NULL, c->id);
    s->idling = true;
    s->id = c->id;
    c->sched = s;
    c->idle = vcpu_create_idle(c->id);
    c->current = c->idle;
}

void sched_start(void)
{
    schedule();
    entry_return_to_guest();
}

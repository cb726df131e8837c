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
#include "entry/entry.h"
#include "lib/print.h"
#include "memory/alloc.h"
#include "pv/context.h"

#define MS 1000000ull
#define SLICE_NS (10 * MS)
#define SLEEPER_BONUS_NS (10 * MS) /* how far before the others one who slept may come back */
#define PREEMPT_NS (MS / 2)        /* a waker must be that far before the running one to stop it */

struct sched_cpu {
    spinlock_t lock;
    struct vcpu *first;   /* the queue, ascending virtual_ns */
    u32 waiting;          /* its length */
    struct vcpu *current; /* whose time is being counted, or who is left loaded while idling; NULL: nobody */
    bool idling;
    u64 floor;            /* virtual time that the slowest here has reached; never falls */
    struct timer slice;
};

bool sched_spread;

static void kick_cpu(u32 cpu)
{
    cpus[cpu]->need_resched = true;
    if (cpu != this_cpu()->id)
        smp_send_resched(cpu);
}

static void slice_ended(void *unused)
{
    (void)unused;
    this_cpu()->need_resched = true;
}

bool vcpu_runnable(const struct vcpu *v)
{
    const struct domain *d = v->domain;

    return !v->sched.blocked && !v->sched.down && !v->sched.pause_count && v->initialised && !d->pause_count &&
           !d->shut_down && d->death == DOMAIN_ALIVE;
}

/* Is it merely waiting for an event, so that its registers may stay loaded? */
static bool vcpu_waits(const struct vcpu *v)
{
    const struct domain *d = v->domain;

    return !v->sched.down && !v->sched.pause_count && !d->pause_count && !d->shut_down && d->death == DOMAIN_ALIVE;
}

/* The queue, lock held. */
static void enqueue(struct sched_cpu *s, struct vcpu *v)
{
    struct vcpu *before = NULL, *after = s->first;

    while (after && after->sched.virtual_ns <= v->sched.virtual_ns) {
        before = after;
        after = after->sched.next;
    }
    v->sched.prev = before;
    v->sched.next = after;
    if (before)
        before->sched.next = v;
    else
        s->first = v;
    if (after)
        after->sched.prev = v;
    v->sched.queued = true;
    s->waiting++;
}

static void dequeue(struct sched_cpu *s, struct vcpu *v)
{
    if (v->sched.prev)
        v->sched.prev->sched.next = v->sched.next;
    else
        s->first = v->sched.next;
    if (v->sched.next)
        v->sched.next->sched.prev = v->sched.prev;
    v->sched.next = v->sched.prev = NULL;
    v->sched.queued = false;
    s->waiting--;
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

static void set_runstate(struct vcpu *v, u64 now)
{
    u32 state = vcpu_runnable(v) ? RUNSTATE_runnable : RUNSTATE_offline;

    if (state == RUNSTATE_offline && vcpu_waits(v))
        state = v->sched.blocked ? RUNSTATE_blocked : RUNSTATE_runnable;
    if ((u32)v->time.runstate.state != state)
        runstate_change(v, state, now);
}

/* Counts the time that s->current ran. Lock held; any CPU, so `now` may be a little behind. */
static void charge(struct sched_cpu *s, u64 now)
{
    struct vcpu *v = s->current;
    u64 ran = now > v->sched.slice_start ? now - v->sched.slice_start : 0;

    v->sched.slice_start += ran;
    v->sched.run_ns += ran;
    v->sched.virtual_ns += ran;
}

/* A slice ends only where someone else waits. Lock held. */
static void arm_slice(struct sched_cpu *s, u64 now)
{
    if (s->first)
        timer_set(&s->slice, now + SLICE_NS);
    else if (timer_armed(&s->slice))
        timer_stop(&s->slice);
}

/* Takes who runs next out of the queue, or leaves who runs: NULL if nobody can. Lock held. */
static struct vcpu *pick(struct sched_cpu *s)
{
    struct vcpu *running = s->current && vcpu_runnable(s->current) ? s->current : NULL, *v;

    while ((v = s->first) && !vcpu_runnable(v))
        dequeue(s, v); /* vcpu_wake() brings it back */
    if (running && (!v || running->sched.virtual_ns <= v->sched.virtual_ns))
        return running;
    if (v)
        dequeue(s, v);
    return v;
}

/* The virtual time of the slowest of those who run or want to. Lock held. */
static void raise_floor(struct sched_cpu *s)
{
    u64 slowest = s->current->sched.virtual_ns;

    if (s->first)
        slowest = MIN(slowest, s->first->sched.virtual_ns);
    s->floor = MAX(s->floor, slowest);
}

static void start_counting(struct sched_cpu *s, struct vcpu *v, u64 now)
{

    s->current = v;
    s->idling = false;
    v->cpu = this_cpu()->id;
    v->sched.running = true;
    v->sched.slice_start = now;
    raise_floor(s);
    if (v->time.runstate.state != RUNSTATE_running)
        runstate_change(v, RUNSTATE_running, now);
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

    while (!c->need_resched) {
        if (alloc_scrub_some())
            cpu_irq_window();
        else
            cpu_halt_once();
    }
    c->idle_ns += now_ns() - start;
}

void schedule(void)
{
    struct cpu *c = this_cpu();
    struct sched_cpu *s = c->sched;

    for (;;) {
        struct vcpu *prev, *next;
        u64 now = now_ns();
        bool let_go;

        c->need_resched = false;
        spin_lock(&s->lock);
        prev = s->current;
        if (prev && !s->idling)
            charge(s, now);
        next = pick(s);
        if (next) {
            if (prev && prev != next) {
                set_runstate(prev, now);
                if (vcpu_runnable(prev))
                    enqueue(s, prev);
            }
            start_counting(s, next, now);
            spin_unlock(&s->lock);
            if (c->current != next)
                switch_to(c, next);
            return;
        }
        s->idling = true;
        let_go = prev && !vcpu_waits(prev);
        if (prev)
            set_runstate(prev, now);
        if (let_go)
            s->current = NULL;
        if (timer_armed(&s->slice))
            timer_stop(&s->slice);
        spin_unlock(&s->lock);
        if (let_go)
            switch_to(c, c->idle);
        idle(c);
    }
}

u32 sched_pick_cpu(const struct vcpu *v)
{
    u32 best = MAX_CPUS;

    for (u32 i = 0; i < MAX_CPUS; i++) {
        if (!cpus[i] || !cpus[i]->online || !cpus[i]->sched || !(v->sched.hard_affinity >> i & 1))
            continue;
        if (!sched_spread)
            return i;
        if (best == MAX_CPUS || cpus[i]->sched->waiting + !cpus[i]->sched->idling <
                                    cpus[best]->sched->waiting + !cpus[best]->sched->idling)
            best = i;
    }
    return best == MAX_CPUS ? 0 : best;
}

/* v is neither queued nor running; its queue's lock is held. */
static void move_vcpu(struct sched_cpu *s, struct vcpu *v, u32 cpu)
{
    u64 behind = v->sched.virtual_ns > s->floor ? v->sched.virtual_ns - s->floor : 0;

    vcpu_sync_state(v);
    time_vcpu_move(v, cpu);
    v->sched.virtual_ns = cpus[cpu]->sched->floor + behind;
    __atomic_store_n(&v->cpu, cpu, __ATOMIC_RELEASE);
}

/* Should v, now in the queue of s, stop what runs there? Lock held. */
static void preempt(struct sched_cpu *s, const struct vcpu *v, u64 now)
{
    const struct vcpu *running = s->current;

    if (s->idling || !running) {
        kick_cpu(v->cpu);
    } else if (v->sched.virtual_ns + PREEMPT_NS < running->sched.virtual_ns + now - running->sched.slice_start) {
        kick_cpu(v->cpu);
    } else if (!timer_armed(&s->slice)) {
        timer_set(&s->slice, now + SLICE_NS);
    }
}

/* One attempt, lock held. False: it has gone to another CPU's queue, to be locked in its turn. */
static bool wake_locked(struct sched_cpu *s, struct vcpu *v)
{
    u64 now, earliest, bonus;
    u32 cpu;

    if (v->sched.queued || !vcpu_runnable(v))
        return true;
    if (s->current == v) {
        if (s->idling)
            kick_cpu(v->cpu);
        return true;
    }
    if (!v->sched.running) {
        cpu = sched_pick_cpu(v);
        if (cpu != v->cpu) {
            move_vcpu(s, v, cpu);
            return false;
        }
    }
    now = now_ns();
    if (s->current && !s->idling) { /* who runs alone is not counted otherwise, and the floor would lie far behind */
        charge(s, now);
        raise_floor(s);
    }
    /* only who has run before can have slept: a new one begins where the others are */
    bonus = v->sched.run_ns ? MIN(SLEEPER_BONUS_NS, s->floor) : 0;
    earliest = s->floor - bonus;
    if (v->sched.virtual_ns < earliest)
        v->sched.virtual_ns = earliest;
    enqueue(s, v);
    set_runstate(v, now);
    preempt(s, v, now);
    return true;
}

void vcpu_wake(struct vcpu *v)
{
    bool done;

    do {
        spinlock_t *lock = sched_lock_vcpu(v);

        done = wake_locked(container_of(lock, struct sched_cpu, lock), v);
        spin_unlock(lock);
    } while (!done);
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
        smp_send_resched(v->cpu);
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
    if (s->first && v->sched.virtual_ns <= s->first->sched.virtual_ns)
        v->sched.virtual_ns = s->first->sched.virtual_ns + 1;
    spin_unlock(&s->lock);
    c->need_resched = true;
}

void vcpu_pause_nosync(struct vcpu *v)
{
    spinlock_t *lock = sched_lock_vcpu(v);

    __atomic_fetch_add(&v->sched.pause_count, 1, __ATOMIC_SEQ_CST);
    if (v->sched.queued)
        dequeue(container_of(lock, struct sched_cpu, lock), v);
    if (v->sched.running)
        kick_cpu(v->cpu);
    else
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
    v->sched.hard_affinity = ~0ull;
    v->sched.down = true;
    v->cpu = sched_pick_cpu(v);
    v->sched.virtual_ns = cpus[v->cpu]->sched->floor;
}

void sched_vcpu_destroy(struct vcpu *v)
{
    spinlock_t *lock = sched_lock_vcpu(v);

    ASSERT(!v->sched.running);
    if (v->sched.queued)
        dequeue(container_of(lock, struct sched_cpu, lock), v);
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
    c->sched = s;
    c->idle = vcpu_create_idle(c->id);
    c->current = c->idle;
}

void sched_start(void)
{
    schedule();
    entry_return_to_guest();
}

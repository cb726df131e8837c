/* SPDX-License-Identifier: MIT */
/*
 * Timers in a pairing heap per CPU: the links are in the timers, so arming takes no memory and cannot
 * fail. It must never call a handler with the queue's lock held: handlers set timers.
 */
#include "cpu/timer.h"

#include "cpu/apic.h"
#include "cpu/asm.h"
#include "cpu/clock.h"
#include "cpu/irq.h"
#include "cpu/lock.h"
#include "cpu/percpu.h"
#include "cpu/smp.h"
#include "lib/print.h"
#include "memory/alloc.h"

struct timer_queue {
    spinlock_t lock;
    struct timer *root;
    struct timer *firing; /* its handler runs */
    u64 programmed;       /* what the hardware is set for; 0: nothing */
};

/* Of two heaps, the one with the later root becomes the other root's first child. */
static struct timer *heap_meld(struct timer *a, struct timer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->deadline < a->deadline) {
        struct timer *t = a;

        a = b;
        b = t;
    }
    b->before = a;
    b->sibling = a->child;
    if (b->sibling)
        b->sibling->before = b;
    a->child = b;
    return a;
}

/* Melds a list of siblings in pairs, then the pairs from the last to the first. */
static struct timer *heap_meld_list(struct timer *list)
{
    struct timer *pairs = NULL, *heap = NULL;

    while (list) {
        struct timer *a = list, *b = a->sibling, *pair;

        list = b ? b->sibling : NULL;
        a->sibling = a->before = NULL;
        if (b)
            b->sibling = b->before = NULL;
        pair = heap_meld(a, b);
        pair->sibling = pairs;
        pairs = pair;
    }
    while (pairs) {
        struct timer *next = pairs->sibling;

        pairs->sibling = NULL;
        heap = heap_meld(heap, pairs);
        pairs = next;
    }
    return heap;
}

static void heap_remove(struct timer_queue *q, struct timer *t)
{
    struct timer *rest;

    if (!t->queued)
        return;
    t->queued = false;
    rest = heap_meld_list(t->child);
    if (t == q->root) {
        q->root = rest;
        return;
    }
    if (t->before->child == t)
        t->before->child = t->sibling;
    else
        t->before->sibling = t->sibling;
    if (t->sibling)
        t->sibling->before = t->before;
    q->root = heap_meld(q->root, rest);
}

/* The lock is held, and the queue is this CPU's. */
static void program(struct timer_queue *q)
{
    u64 deadline = q->root ? MAX(q->root->deadline, 1ull) : 0;

    if (deadline == q->programmed)
        return;
    q->programmed = deadline;
    apic_timer_program(deadline);
}

/* The queue of t's CPU, locked; t may be moved until it is. */
static struct timer_queue *lock_queue(const struct timer *t)
{
    for (;;) {
        u32 cpu = ACCESS_ONCE(t->cpu);
        struct timer_queue *q = cpus[cpu]->timers;

        spin_lock(&q->lock);
        if (ACCESS_ONCE(t->cpu) == cpu)
            return q;
        spin_unlock(&q->lock);
    }
}

/* After a change of a queue: the CPU it belongs to sets its hardware. */
static void unlock_queue(struct timer_queue *q, u32 cpu)
{
    bool kick = false;

    if (cpu == this_cpu()->id)
        program(q);
    else
        kick = q->root && (!q->programmed || q->root->deadline < q->programmed);
    spin_unlock(&q->lock);
    if (kick)
        apic_send(cpus[cpu]->apic_id, VECTOR_TIMER);
}

void timer_init_cpu(void)
{
    struct timer_queue *q = hv_alloc(sizeof(*q));

    if (!q)
        panic("no memory for a CPU's timers");
    spin_lock_init(&q->lock, RANK_TIMER);
    this_cpu()->timers = q;
}

void timer_init(struct timer *t, void (*fire)(void *data), void *data, u32 cpu)
{
    *t = (struct timer){.fire = fire, .data = data, .cpu = cpu};
}

void timer_set(struct timer *t, u64 deadline)
{
    struct timer_queue *q = lock_queue(t);

    heap_remove(q, t);
    t->deadline = deadline;
    t->child = t->sibling = t->before = NULL;
    t->queued = true;
    q->root = heap_meld(q->root, t);
    unlock_queue(q, t->cpu);
}

void timer_stop(struct timer *t)
{
    struct timer_queue *q;

    if (!t->fire)
        return;
    q = lock_queue(t);
    heap_remove(q, t);
    unlock_queue(q, t->cpu);
}

void timer_set_here(struct timer *t, u64 deadline)
{
    struct timer_queue *q;

    if (unlikely(t->cpu != this_cpu()->id)) {
        q = lock_queue(t);
        heap_remove(q, t);
        t->cpu = this_cpu()->id;
        spin_unlock(&q->lock);
    }
    timer_set(t, deadline);
}

void timer_kill(struct timer *t)
{
    if (!t->fire)
        return;
    timer_stop(t);
    /* it may have moved on while its handler still runs where it was */
    for (u32 i = 0; i < cpu_count; i++)
        while (i != this_cpu()->id && ACCESS_ONCE(cpus[i]->timers->firing) == t) {
            smp_poll();
            cpu_pause();
        }
    timer_stop(t); /* its handler, if it ran just now, may have set it again */
}

bool timer_armed(const struct timer *t)
{
    return t->queued;
}

void timer_interrupt(void)
{
    struct timer_queue *q = this_cpu()->timers;

    spin_lock(&q->lock);
    q->programmed = 0; /* one shot: it has gone off (or an IPI asks us to look) */
    while (q->root && q->root->deadline <= now_ns()) {
        struct timer *t = q->root;

        heap_remove(q, t);
        q->firing = t;
        spin_unlock(&q->lock);
        t->fire(t->data);
        spin_lock(&q->lock);
        q->firing = NULL;
    }
    q->programmed = ~0ull;
    program(q);
    spin_unlock(&q->lock);
}

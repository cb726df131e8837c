/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks, ranked. A CPU takes locks in rising rank only; debug builds check it. All the
 * locks there are stand in the list below. Ring 0 runs with interrupts off, so no lock needs to care;
 * a CPU that waits for a lock answers TLB-flush requests meanwhile (cpu/smp.h), so that the holder may
 * wait for those.
 *
 * Whoever finds a lock free has it: no queue, no tickets. Where the machine is itself a virtual one, its CPUs lose their
 * CPUs at any moment, and a lock that goes to the next in line waits for each of those in turn.
 */
#ifndef CPU_LOCK_H
#define CPU_LOCK_H

#include "lib/types.h"

enum lock_rank {
    RANK_NONE,
    RANK_DOMCTL,      /* one control call on a domain at a time: domain->control_lock */
    RANK_GRANT,       /* domain->grants.lock */
    RANK_EVTCHN,      /* domain->evtchn.lock; two at once: the lower domid first */
    RANK_PIRQ,
    RANK_EVTCHN_QUEUE, /* a vcpu's FIFO queues of events; two at once: the lower vcpu first */
    RANK_SCHED,       /* a CPU's run queue; never two at once */
    RANK_TIMER,       /* a CPU's timer queue */
    RANK_DEVICE_MAP,  /* ring 0's mappings of devices; allocates under it */
    RANK_FRAMES,      /* domain->frames_lock: the account of a domain's frames */
    RANK_DOMLIST,     /* the table of domains; nothing is taken inside */
    RANK_CLAIM,       /* memory/claim.c */
    RANK_HEAP,        /* small objects */
    RANK_FRAME_CACHE, /* a CPU's stock of free frames */
    RANK_ALLOC,       /* the free lists */
    RANK_DEVICE,      /* IO-APIC, PCI config, device map */
    RANK_TLB,
    RANK_CONSOLE,
};

typedef struct {
    volatile u16 held;
    u16 rank;
} spinlock_t;

#define SPINLOCK_INIT(r) {0, (u16)(r)}

void spin_lock_init(spinlock_t *lock, enum lock_rank rank);
void spin_lock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);
bool spin_trylock(spinlock_t *lock);
/* A second lock of the same rank, taken in the order the rank's line above gives. */
void spin_lock_second(spinlock_t *lock);

/* Takes a lock, and gives it back wherever the block is left. What is returned is worked out before that. */
#define SPIN_LOCK_BLOCK(lock)                                                                      \
    __attribute__((cleanup(spin_lock_end), unused)) spinlock_t *held_ = spin_lock_begin(lock)
static inline spinlock_t *spin_lock_begin(spinlock_t *lock)
{
    spin_lock(lock);
    return lock;
}
static inline void spin_lock_end(spinlock_t **held)
{
    spin_unlock(*held);
}

#endif

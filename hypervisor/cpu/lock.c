/* SPDX-License-Identifier: MIT */
/*
 * Locks, and the check of their ranks in debug builds. A waiter answers other CPUs' requests, so
 * that the holder may wait for those; it must never sleep.
 */
#include "cpu/lock.h"

#include "cpu/asm.h"
#include "cpu/percpu.h"
#include "cpu/smp.h"
#include "lib/print.h"

#ifdef NDEBUG
#define LOCK_CHECKS 0
#else
#define LOCK_CHECKS 1
#endif

/* Ranks held by this CPU, a bit each. RANK_CONSOLE may be taken with any, also by a panic. */
static inline void rank_enter(const spinlock_t *lock, bool second)
{
    struct cpu *c = this_cpu();
    u32 bit = 1u << lock->rank;

    if (!LOCK_CHECKS)
        return;
    BUG_ON(lock->rank != RANK_CONSOLE && (c->lock_rank & (~0u << lock->rank)) != (second ? bit : 0));
    c->lock_rank |= bit;
    if (second)
        c->lock_second |= bit;
}

static inline void rank_leave(const spinlock_t *lock)
{
    struct cpu *c = this_cpu();
    u32 bit = 1u << lock->rank;

    if (!LOCK_CHECKS)
        return;
    BUG_ON(!(c->lock_rank & bit));
    if (c->lock_second & bit)
        c->lock_second &= ~bit;
    else
        c->lock_rank &= ~bit;
}

void spin_lock_init(spinlock_t *lock, enum lock_rank rank)
{
    *lock = (spinlock_t){0, (u16)rank};
}

static inline void lock_wait(spinlock_t *lock)
{
    while (unlikely(__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE)))
        do {
            smp_poll();
            cpu_pause();
        } while (lock->held);
}

void spin_lock(spinlock_t *lock)
{
    rank_enter(lock, false);
    lock_wait(lock);
}

void spin_lock_second(spinlock_t *lock)
{
    rank_enter(lock, true);
    lock_wait(lock);
}

bool spin_trylock(spinlock_t *lock)
{
    if (lock->held || __atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))
        return false;
    /* cannot wait, so its order does not matter: but let the unlock find it */
    rank_enter(lock, LOCK_CHECKS && (this_cpu()->lock_rank & 1u << lock->rank));
    return true;
}

void spin_unlock(spinlock_t *lock)
{
    rank_leave(lock);
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

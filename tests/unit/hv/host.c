/* SPDX-License-Identifier: MIT */
/*
 * What ring 0's files call, for the host: locks that check their rank, printing, CPUs, domains. Each
 * stands in for a file that only bare metal can run; none decides anything.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cpu/lock.h"
#include "cpu/smp.h"
#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "lib/print.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/map.h"

struct cpu *cpus[MAX_CPUS];
u32 cpu_count = 1;
u64 host_cr3_loads, host_invlpgs;
maddr_t idle_cr3;
u32 host_preempt_every;
u32 host_cpu;
void (*host_halt)(void) = abort, (*host_cr3_loaded)(void);
static struct cpu the_cpu = {.online = true, .cr3 = 0x1000};
static struct domain *domains[16];
static u16 held[16];
static u32 held_count;

struct cpu *this_cpu(void)
{
    return host_cpu ? cpus[host_cpu] : &the_cpu;
}

__attribute__((weak)) struct cpu_user_regs *guest_regs(void)
{
    abort();
}

void printk(enum print_level level, const char *format, ...)
{
    va_list args;

    (void)level;
    va_start(args, format);
    if (getenv("VERBOSE"))
        vprintf(format, args);
    va_end(args);
}

void bug(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: BUG: %s\n", file, line, what);
    abort();
}

void panic(const char *format, ...)
{
    fprintf(stderr, "panic: %s\n", format);
    abort();
}

/* A lock is taken in rising rank, or with its rank's own second order. */
static void lock_enter(spinlock_t *lock, bool second)
{
    if (lock->held)
        bug(__FILE__, __LINE__, "the lock is held");
    if (held_count && held[held_count - 1] >= lock->rank + (second ? 1 : 0))
        bug(__FILE__, __LINE__, "lock rank");
    held[held_count++] = lock->rank;
    lock->held = 1;
}

void spin_lock_init(spinlock_t *lock, enum lock_rank rank)
{
    *lock = (spinlock_t)SPINLOCK_INIT(rank);
}

void spin_lock(spinlock_t *lock)
{
    lock_enter(lock, false);
}

void spin_lock_second(spinlock_t *lock)
{
    lock_enter(lock, true);
}

bool spin_trylock(spinlock_t *lock)
{
    if (lock->held)
        return false;
    lock_enter(lock, true);
    return true;
}

void spin_unlock(spinlock_t *lock)
{
    u32 i = held_count;

    while (i && held[i - 1] != lock->rank)
        i--;
    if (!i || !lock->held)
        bug(__FILE__, __LINE__, "unlock of what is not held");
    memmove(&held[i - 1], &held[i], (held_count - i) * sizeof(held[0]));
    held_count--;
    lock->held = 0;
}

void smp_call(u64 mask, void (*fn)(void *arg), void *arg)
{
    u32 here = host_cpu;

    for (host_cpu = 0; host_cpu < MAX_CPUS; host_cpu++)
        if ((mask >> host_cpu & 1) && (!host_cpu || cpus[host_cpu]))
            fn(arg);
    host_cpu = here;
}

void (*host_wait_all)(void);

void smp_wait_all(void)
{
    if (host_wait_all)
        host_wait_all();
}

__attribute__((weak)) void smp_poll(void)
{
}

bool preempt_needed(void)
{
    static u32 asked;

    if (held_count)
        bug(__FILE__, __LINE__, "asked with a lock held");
    return host_preempt_every && ++asked % host_preempt_every == 0;
}

__attribute__((weak)) void domain_get(struct domain *d)
{
    d->refs++;
}

__attribute__((weak)) void domain_put(struct domain *d)
{
    if (!d->refs--)
        bug(__FILE__, __LINE__, "a domain's references");
}

__attribute__((weak)) struct domain *domain_of_owner(u16 id)
{
    for (u32 i = 0; i < 16; i++)
        if (domains[i] && domains[i]->id == id)
            return domains[i];
    return NULL;
}

struct domain *host_domain(u16 id, u32 vcpus)
{
    struct domain *d = calloc(1, sizeof(*d));

    d->id = id;
    d->refs = 1;
    d->max_vcpus = vcpus;
    d->max_pages = 1u << 20;
    d->dirty_cpus = 1;
    d->chunks = calloc(1, 4096);
    spin_lock_init(&d->control_lock, RANK_DOMCTL);
    spin_lock_init(&d->frames_lock, RANK_FRAMES);
    for (u32 i = 0; i < vcpus; i++) {
        struct vcpu *v = calloc(1, sizeof(*v));

        v->id = i;
        v->domain = d;
        v->info = &v->private_info;
        v->pv.kernel_mode = true;
        d->vcpu[i] = v;
    }
    for (u32 i = 0; i < 16; i++)
        if (!domains[i]) {
            domains[i] = d;
            return d;
        }
    abort();
}

static void map_at(u64 address, size_t size)
{
    if (mmap((void *)address, size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0) == MAP_FAILED) {
        perror("mmap");
        abort();
    }
}

void host_machine(u32 mib)
{
    cpus[0] = &the_cpu;
    map_at(DIRECT_MAP_START, (size_t)mib << 20);
    map_at(FRAMETABLE_START, (1u << 18) * sizeof(struct frame));
    map_at(M2P_START, (1u << 18) * sizeof(u64));
    frame_init_gib(0);
    frame_init_range(mfn(0), mfn((u64)mib << 8));
    alloc_add_range(mfn(512), mfn((u64)mib << 8));
}

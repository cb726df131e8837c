/* SPDX-License-Identifier: MIT */
/*
 * Tests that use several vcpus. Such a test says what machine it wants (SMP_MACHINE), which tests/guest/run reads
 * out of the built file, and runs a function on some vcpus at once (smp_run). Each vcpu has a stack of its own, by
 * which smp_self() knows it. What the rest of the runtime keeps once for all (CATCH, trap_last, user mode) is for
 * one vcpu at a time.
 */
#ifndef GUEST_SMP_H
#define GUEST_SMP_H

#include <public/sched.h>

#include "guest.h"

#define SMP_VCPUS_MAX 64
#define SMP_STACK     8192

/* CPUs of the machine and vcpus of the guest; QEMU then runs a thread for each CPU. */
#define SMP_MACHINE(cpus, vcpus)                      \
    __attribute__((used)) const char test_machine[] = \
        "guest-machine: cpus=" #cpus " vcpus=" #vcpus " end"

/* Vcpus that the domain has, up or not. */
unsigned int smp_vcpus(void);
/* Ends the test in SKIP where the domain has fewer vcpus (on a machine that was not asked for). */
void smp_need(unsigned int vcpus);

/* The APIC id of the CPU that this runs on, as cpuid tells without the hypervisor. */
unsigned int smp_cpu(void);

/*
 * Runs fn(id) on vcpus 0 to count - 1 at once; back when all have returned. The others come up for it and go down
 * after it. Only vcpu 0 may call it.
 */
void smp_run(unsigned int count, void (*fn)(unsigned int id));
/* Gives a vcpu a context in which it runs fn(id), without bringing it up: what smp_run() does at first. 0 or -errno.
 * fn must not return. */
long smp_initialise(unsigned int id, void (*fn)(unsigned int id));
/* All of `count` vcpus come here before any goes on. */
void smp_barrier(unsigned int count);

static inline void smp_yield(void)
{
    hypercall_sched_op(SCHEDOP_yield, NULL);
}
static inline void smp_pause(void)
{
    __asm__ volatile("pause" ::: "memory");
}

/*
 * Waits for a condition. Whoever waits longer than SMP_PATIENCE (ns of system time) for what must come has found a
 * hang: the test ends in ERROR, naming the condition. smp_wait() is one such wait: soon it sleeps, so that those
 * waited for have the machine to themselves.
 */
#define SMP_PATIENCE 45000000000UL
void smp_wait(unsigned int times, uint64_t end, const char *condition);
#define SMP_WAIT_FOR(condition)                               \
    do {                                                      \
        uint64_t end_ = time_now() + SMP_PATIENCE;            \
                                                              \
        for (unsigned int times_ = 0; !(condition); times_++) \
            smp_wait(times_, end_, #condition);               \
    } while (0)

/* A load and a store that may fault, on any vcpu: false where it did. smp_faults_init() comes first. */
void smp_faults_init(void);
bool smp_load(const volatile uint64_t *address, uint64_t *value);
bool smp_store(volatile uint64_t *address, uint64_t value);

/* A vcpu's own random numbers: the same from run to run. */
uint32_t smp_random(void);

/* An IPI port to a vcpu, unmasked, whose handler runs there. */
unsigned int smp_bind_ipi(unsigned int vcpu, event_handler handler);
void smp_send(unsigned int port);
/* Blocks until an event came, unless *done: upcalls must be off, and are on afterwards. */
void smp_block_unless(const volatile bool *done);

#endif

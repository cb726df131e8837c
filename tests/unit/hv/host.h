/* SPDX-License-Identifier: MIT */
/*
 * Ring 0's files on the host: included before anything else (-include), it takes the place of the three
 * headers that only make sense on bare metal. The "machine" is an anonymous mapping: its RAM, frame table
 * and machine-to-phys table lie where a process may have them. One CPU; privileged instructions count.
 */
#ifndef TESTS_UNIT_HV_HOST_H
#define TESTS_UNIT_HV_HOST_H

#include <errno.h> /* first: whoever includes it later would take ring 0's own ERESTART away */

/* memory/layout.h */
#define MEMORY_LAYOUT_H
#define HV_SLOT_FIRST 256
#define HV_SLOT_COUNT 16
#define HV_VIRT_START 0xffff800000000000
#define HV_VIRT_END 0xffff880000000000
#define M2P_START 0x210000000000
#define M2P_RO_START M2P_START
#define FRAMETABLE_START 0x211000000000
#define DIRECT_MAP_START 0x200000000000
#define DIRECT_MAP_END (DIRECT_MAP_START + 0x100000000000)

#include "lib/types.h"

static inline void *maddr_to_virt(maddr_t a)
{
    return (void *)(DIRECT_MAP_START + a);
}
static inline void *mfn_to_virt(mfn_t m)
{
    return (void *)(DIRECT_MAP_START + (m.v << PAGE_SHIFT));
}
static inline maddr_t virt_to_maddr(const void *p)
{
    return (u64)p - DIRECT_MAP_START;
}
static inline mfn_t virt_to_mfn(const void *p)
{
    return maddr_to_mfn(virt_to_maddr(p));
}
maddr_t image_to_maddr(const void *p);

/* cpu/percpu.h */
#define CPU_PERCPU_H
#define MAX_CPUS 64

struct vcpu;
struct cpu_user_regs;
struct sched_cpu;

struct cpu {
    struct vcpu *current, *idle, *fpu_owner;
    u32 id, apic_id;
    volatile bool need_resched;
    bool online;
    u64 cr3, idle_ns, idle_since;
    struct timer_queue *timers;
    struct sched_cpu *sched;
    u64 *window_l1;
};

extern struct cpu *cpus[MAX_CPUS];
extern u32 cpu_count;
extern u32 host_cpu; /* which of them runs the code under test */
struct cpu *this_cpu(void);
struct cpu_user_regs *guest_regs(void);
static inline struct vcpu *current_vcpu(void)
{
    return this_cpu()->current;
}

/* cpu/asm.h */
#define CPU_ASM_H
extern u64 host_cr3_loads, host_invlpgs;
extern void (*host_cr3_loaded)(void); /* on host_cpu: its TLB is empty */
static inline void write_cr3(u64 cr3)
{
    (void)cr3;
    host_cr3_loads++;
    if (host_cr3_loaded)
        host_cr3_loaded();
}
static inline void invlpg(u64 address)
{
    (void)address;
    host_invlpgs++;
}
static inline void cpu_pause(void)
{
}
static inline void irq_disable(void)
{
}
/* What happens while a CPU halts: a test's business. */
extern void (*host_halt)(void);
static inline void cpu_halt_once(void)
{
    host_halt();
}

/* cpu/features.h */
#define CPU_FEATURES_H
static inline void guest_access_begin(void)
{
}
static inline void guest_access_end(void)
{
}

/* memory/guest_copy.h */
#define MEMORY_GUEST_COPY_H
#include "lib/errno.h"
static inline bool guest_range_ok(u64 address, u64 size)
{
    return address + size >= address && (address + size <= 0x800000000000 || address >= HV_VIRT_END);
}
int copy_from_guest(void *to, u64 guest_address, size_t size);
int copy_to_guest(u64 guest_address, const void *from, size_t size);
#define copy_struct_from_guest(p, address) copy_from_guest((p), (address), sizeof(*(p)))
#define copy_struct_to_guest(address, p) copy_to_guest((address), (p), sizeof(*(p)))
#define copy_words_from_guest copy_struct_from_guest
#define copy_words_to_guest copy_struct_to_guest
#define copy_u32_from_guest copy_struct_from_guest

/* Makes the machine: `mib` MiB of RAM from frame 0 (a multiple of 2), all of it given to the allocator except for the
 * first 2 MiB. Once per process. */
void host_machine(u32 mib);
/* hv's files ask whether to stop: every n-th question is answered with yes; 0: never. */
extern u32 host_preempt_every;
/* What other CPUs do while one waits for all of them. */
extern void (*host_wait_all)(void);
/* A domain and its vcpus by calloc, with locks, and in domain_of_owner(). */
struct domain *host_domain(u16 id, u32 vcpus);

#endif

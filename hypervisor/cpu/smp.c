/* SPDX-License-Identifier: MIT */
/*
 * Bring-up of the other CPUs, and calls between CPUs. A call's words lie with the CPU that asks; the
 * mailbox of the one that answers holds a bit for each asker. It must never wait without answering.
 */
#include "cpu/smp.h"

#include "cpu/apic.h"
#include "cpu/asm.h"
#include "cpu/clock.h"
#include "cpu/descriptor.h"
#include "cpu/features.h"
#include "cpu/irq.h"
#include "cpu/percpu.h"
#include "cpu/timer.h"
#include "device/acpi.h"
#include "domain/sched.h"
#include "entry/entry.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/alloc.h"
#include "memory/layout.h"
#include "memory/map.h"

#define TRAMPOLINE 0x8000u
#define COMPARISONS 1000u

struct call {
    void (*fn)(void *arg);
    void *arg;
    volatile u64 pending; /* CPUs that have not done it yet */
};

struct cpu *cpus[MAX_CPUS];
u32 cpu_count = 1;
u32 smp_max_cpus = MAX_CPUS;
static struct call calls[MAX_CPUS];
static volatile u64 mailbox[MAX_CPUS];
static volatile bool stopping, compared;

/* cpu/trampoline.S */
extern const u8 trampoline_start[], trampoline_end[];
extern u64 trampoline_cr3, trampoline_stack;
void smp_ap_main(void) __noreturn;

static void __noreturn stop_here(void *arg)
{
    (void)arg;
    for (;;)
        __asm__ volatile("cli; hlt");
}

void smp_poll(void)
{
    u32 id = this_cpu()->id;
    u64 bits;

    if (likely(!mailbox[id]))
        return;
    bits = __atomic_exchange_n(&mailbox[id], 0, __ATOMIC_ACQUIRE);
    while (bits) {
        u32 from = (u32)__builtin_ctzll(bits);

        bits &= bits - 1;
        calls[from].fn(calls[from].arg);
        __atomic_and_fetch(&calls[from].pending, ~(1ull << id), __ATOMIC_RELEASE);
    }
}

u64 smp_online_mask(void)
{
    return ~0ull >> (64 - cpu_count);
}

static u64 others_online(void)
{
    return smp_online_mask() & ~(1ull << this_cpu()->id);
}

static void call_post(u64 mask, void (*fn)(void *arg), void *arg)
{
    u32 self = this_cpu()->id;
    struct call *c = &calls[self];

    c->fn = fn;
    c->arg = arg;
    c->pending = mask;
    for (u64 left = mask; left; left &= left - 1) {
        u32 to = (u32)__builtin_ctzll(left);

        __atomic_or_fetch(&mailbox[to], 1ull << self, __ATOMIC_RELEASE);
        apic_send(cpus[to]->apic_id, VECTOR_CALL);
    }
}

void smp_call(u64 mask, void (*fn)(void *arg), void *arg)
{
    u32 self = this_cpu()->id;
    u64 others = mask & others_online();

    ASSERT(!calls[self].pending);
    if (others)
        call_post(others, fn, arg);
    if (mask & 1ull << self)
        fn(arg);
    while (others && __atomic_load_n(&calls[self].pending, __ATOMIC_ACQUIRE)) {
        smp_poll();
        cpu_pause();
    }
}

static void do_nothing(void *arg)
{
    (void)arg;
}

void smp_wait_all(void)
{
    smp_call(~0ull, do_nothing, NULL);
}

void smp_send_resched(u32 cpu)
{
    cpus[cpu]->need_resched = true;
    if (cpu != this_cpu()->id)
        apic_send(cpus[cpu]->apic_id, VECTOR_RESCHED);
}

/* The interrupt alone does it: whoever comes back from one to a guest looks. */
void smp_send_event(u32 cpu)
{
    apic_send(cpus[cpu]->apic_id, VECTOR_RESCHED);
}

static void wait_us(u64 us)
{
    u64 end = now_ns() + us * 1000;

    while (now_ns() < end)
        cpu_pause();
}

void smp_stop_others(void)
{
    if (__atomic_exchange_n(&stopping, true, __ATOMIC_ACQ_REL))
        stop_here(NULL);
    call_post(others_online(), stop_here, NULL);
    wait_us(10000);
}

/* Block, GDT page, TSS and window of one more CPU; NULL: no memory. */
static struct cpu *cpu_create(u32 id, u32 target)
{
    u8 *block = alloc_pages(3);
    u64 *gdt = alloc_page();
    struct tss *tss = hv_alloc(sizeof(*tss));
    u64 *window = map_entry(cpu_window(id));
    struct cpu *c;

    if (!block || !gdt || !tss || !window)
        return NULL;
    c = (struct cpu *)(block + CPU_BLOCK_SIZE - ROUND_UP(sizeof(struct cpu), 64ul));
    c->id = id;
    c->apic_id = target;
    c->window_l1 = window;
    c->cr3 = idle_cr3;
    descriptor_prepare(c, gdt, tss);
    window[14] = virt_to_maddr(gdt) | 0x8000000000000063ull;
    return c;
}

/* First C of another CPU: on its own stack, in the idle address space. */
void smp_ap_main(void)
{
    struct cpu *c = this_cpu();

    features_apply();
    descriptor_load(c, cpu_window(c->id));
    apic_enable_cpu();
    entry_init_cpu();
    timer_init_cpu();
    sched_init_cpu();
    __atomic_store_n(&c->online, true, __ATOMIC_RELEASE);
    while (!compared)
        clock_compare();
    sched_start();
}

static bool cpu_start(struct cpu *c)
{
    bool up = false;

    /* below guest_regs(), which loading a guest fills */
    trampoline_stack = ((u64)c - sizeof(struct cpu_user_regs)) & ~15ull;
    trampoline_cr3 = idle_cr3;
    compared = false;
    apic_send(c->apic_id, APIC_INIT);
    wait_us(10000);
    for (u32 attempt = 0; attempt < 2 && !up; attempt++) {
        apic_send(c->apic_id, APIC_STARTUP | TRAMPOLINE >> PAGE_SHIFT);
        for (u32 i = 0; i < (attempt ? 5000u : 100u) && !up; i++) {
            wait_us(100);
            up = __atomic_load_n(&c->online, __ATOMIC_ACQUIRE);
        }
    }
    for (u32 turn = 0; turn < COMPARISONS && up; turn++)
        clock_compare();
    compared = true;
    return up;
}

void __init smp_start_cpus(void)
{
    u32 self = this_cpu()->apic_id;

    memcpy(maddr_to_virt(TRAMPOLINE), trampoline_start, (size_t)(trampoline_end - trampoline_start));
    for (u32 i = 0; i < acpi_info.cpu_count && cpu_count < smp_max_cpus; i++) {
        u32 target = acpi_info.cpu_apic_id[i];
        struct cpu *c;

        if (target == self)
            continue;
        c = cpu_create(cpu_count, target);
        if (!c) {
            printk(PRINT_WARNING, "mews: no memory for CPU %u\n", cpu_count);
            return;
        }
        cpus[cpu_count] = c;
        if (!cpu_start(c)) {
            printk(PRINT_WARNING, "mews: CPU with APIC id %u does not start\n", target);
            cpus[cpu_count] = NULL;
            continue;
        }
        cpu_count++;
    }
    printk(PRINT_INFO, "mews: %u CPU%s\n", cpu_count, cpu_count == 1 ? "" : "s");
}

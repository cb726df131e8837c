/* SPDX-License-Identifier: MIT */
/* Rows of hypercalls and emulated instructions that change little or nothing. */
#include <public/sched.h>
#include <public/version.h>

#include "bench.h"

#define UNUSED_HYPERCALL 47
#define MSR_EFER         0xc0000080

static struct multicall_entry calls[16];

static void xen_version(void)
{
    hypercall_xen_version(XENVER_version, NULL);
}
static void enosys(void)
{
    HYPERCALL0(UNUSED_HYPERCALL);
}
static void stack_switch(void)
{
    hypercall_stack_switch(FLAT_KERNEL_SS, start_info);
}
static void set_segment_base(void)
{
    hypercall_set_segment_base(SEGBASE_FS, 0x1000);
}
static void yield(void)
{
    hypercall_sched_op(SCHEDOP_yield, NULL);
}
static void multicall_1(void)
{
    hypercall_multicall(calls, 1);
}
static void multicall_16(void)
{
    hypercall_multicall(calls, 16);
}

static void fpu_taskswitch(void)
{
    hypercall_fpu_taskswitch(1);
    hypercall_fpu_taskswitch(0);
}

static void cpuid_fep(void)
{
    uint32_t a = 0x40000000, c = 0;

    __asm__ volatile(XEN_CPUID : "+a"(a), "+c"(c)::"rbx", "rdx", "memory");
}

static void rdmsr_efer(void)
{
    uint32_t a, d;

    __asm__ volatile("rdmsr" : "=a"(a), "=d"(d) : "c"(MSR_EFER) : "memory");
}

static const struct bench_row rows[] = {
    {.name = "xen_version", .operation = xen_version},
    {.name = "enosys", .operation = enosys},
    {.name = "stack_switch", .operation = stack_switch},
    {.name = "fpu_taskswitch", .operation = fpu_taskswitch},
    {.name = "set_segment_base", .operation = set_segment_base},
    {.name = "cpuid_fep", .operation = cpuid_fep},
    {.name = "rdmsr_efer", .operation = rdmsr_efer},
    {.name = "sched_yield", .operation = yield},
    {.name = "multicall_1", .operation = multicall_1},
    {.name = "multicall_16", .operation = multicall_16},
    {.name = NULL},
};

void bench_simple(void)
{
    for (unsigned int i = 0; i < 16; i++)
        calls[i].op = __HYPERVISOR_xen_version;
    bench_run(rows);
}

/* SPDX-License-Identifier: MIT */
/*
 * Theory: a second vCPU starts with the context that it was given, runs, can be sent events, and
 * goes down; a context that breaks the rules is refused, and a vCPU that was never initialised
 * cannot come up. Where the domain has one vCPU only, there is nothing to test.
 */
#include <public/sched.h>
#include <public/vcpu.h>

#include "guest.h"

const char test_title[] = "second-vcpu: bringing a vCPU up";

static struct vcpu_guest_context context __attribute__((aligned(16)));
static uint8_t stack[PAGE_SIZE] __attribute__((aligned(16)));
static volatile uint64_t said, argument;

static void second_main(uint64_t given)
{
    argument = given;
    said = 1;
    while (said == 1)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    said = 3;
    hypercall_vcpu_op(VCPUOP_down, 1, NULL);
    said = 99; /* must not come back */
    for (;;)
        hypercall_sched_op(SCHEDOP_yield, NULL);
}

static void fill(void)
{
    memset(&context, 0, sizeof(context));
    context.flags = VGCF_in_kernel;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = FLAT_KERNEL_SS;
    context.user_regs.rip = (unsigned long)second_main;
    context.user_regs.rsp = (unsigned long)&stack[sizeof(stack)] - 8;
    context.user_regs.rdi = 0x4242;
    context.user_regs.rflags = 0x2;
    context.kernel_ss = FLAT_KERNEL_SS;
    context.kernel_sp = (unsigned long)&stack[sizeof(stack)];
    context.ctrlreg[3] = xen_pfn_to_cr3(mfn_of((void *)start_info->pt_base));
}

static void check_refusals(void)
{
    CHECK_REFUSED(hypercall_vcpu_op(VCPUOP_up, 1, NULL));
    CHECK_REFUSED(hypercall_vcpu_op(VCPUOP_initialise, 1, 8));
    fill();
    context.ctrlreg[3] = xen_pfn_to_cr3(1UL << 41);
    CHECK_REFUSED(hypercall_vcpu_op(VCPUOP_initialise, 1, &context));
    fill();
    context.ctrlreg[3] = xen_pfn_to_cr3(mfn_of(page_alloc())); /* mapped writable: no root */
    CHECK_REFUSED(hypercall_vcpu_op(VCPUOP_initialise, 1, &context));
    fill();
    context.gdt_ents = 512;
    context.gdt_frames[0] = mfn_of((void *)start_info->pt_base);
    CHECK_REFUSED(hypercall_vcpu_op(VCPUOP_initialise, 1, &context));
}

void test_main(void)
{
    if (hypercall_vcpu_op(VCPUOP_is_up, 1, NULL) < 0)
        report_skip("the domain has one vCPU");
    CHECK_EQ(hypercall_vcpu_op(VCPUOP_is_up, 1, NULL), 0);
    check_refusals();
    fill();
    CHECK_OK(hypercall_vcpu_op(VCPUOP_initialise, 1, &context));
    CHECK_REFUSED(hypercall_vcpu_op(VCPUOP_initialise, 1, &context)); /* once */
    CHECK_OK(hypercall_vcpu_op(VCPUOP_up, 1, NULL));
    while (said != 1)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    CHECK_EQ(argument, 0x4242);
    CHECK_EQ(hypercall_vcpu_op(VCPUOP_is_up, 1, NULL), 1);
    said = 2;
    while (hypercall_vcpu_op(VCPUOP_is_up, 1, NULL) == 1)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    CHECK_EQ(said, 3);
}

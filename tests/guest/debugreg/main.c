/* SPDX-License-Identifier: MIT */
/*
 * Theory: the debug registers are the vCPU's own: a guest sets breakpoints on its own addresses and
 * gets its #DB; a breakpoint in the hypervisor's part, and reserved bits, are refused.
 */
#include "guest.h"

const char test_title[] = "debugreg: hardware breakpoints";

static uint64_t watched;
static unsigned int steps;

/* Steps once: the trap flag must be in the frame, and goes from it. */
static bool on_step(struct trap_frame *frame)
{
    steps++;
    CHECK(frame->rflags & 0x100, "the frame lost the trap flag");
    frame->rflags &= ~0x100UL;
    return true;
}

void test_main(void)
{
    CHECK_OK(hypercall_set_debugreg(0, &watched));
    CHECK_EQ(hypercall_get_debugreg(0), &watched);
    CHECK_OK(
        hypercall_set_debugreg(7, 0x400 | 1 | 1 << 16 | 3 << 18)); /* DR0: 4 bytes, on stores */
    CATCH("movl $1, (%[p])\n\tnop", NONE, LIST([p] "r"(&watched)));
    CHECK_TRAP(1);
    CHECK_EQ(hypercall_get_debugreg(6) & 0xf, 1);
    CHECK_OK(hypercall_set_debugreg(7, 0x400));
    CATCH("movl $2, (%[p])\n\tnop", NONE, LIST([p] "r"(&watched)));
    CHECK_NO_TRAP();
    CHECK_REFUSED(hypercall_set_debugreg(0, HYPERVISOR_VIRT_START + (1UL << 40)));
    CHECK_REFUSED(hypercall_set_debugreg(1, 0x0000800000000000UL));
    CHECK_REFUSED(hypercall_set_debugreg(9, 0));
    CHECK_REFUSED(hypercall_set_debugreg(7, 1UL << 40));
    /* General detect would trap the hypervisor's own accesses: refused, or left out. */
    CHECK(hypercall_set_debugreg(7, 0x2400) < 0 || !(hypercall_get_debugreg(7) & 0x2000),
          "general detect can be set");
    CHECK_EQ(hypercall_get_debugreg(0), &watched);
    /* A single step is a #DB too. */
    trap_set_handler(1, on_step);
    __asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tnop\n\tnop" ::: "memory", "cc");
    CHECK_EQ(steps, 1);
}

/* SPDX-License-Identifier: MIT */
/*
 * Theory: fpu_taskswitch makes the next FPU instruction a #NM, or not; an untouched FPU works, and
 * its registers stay the guest's through hypercalls and a sleep.
 */
#include <public/sched.h>

#include "guest.h"

const char test_title[] = "fpu: fpu_taskswitch and #NM";

void test_main(void)
{
    static const uint64_t in = 0x1122334455667788UL;
    uint64_t out = 0;
    struct sched_poll nap = {.nr_ports = 0, .timeout = time_now() + 2000000};

    CHECK_OK(hypercall_fpu_taskswitch(0));
    CATCH("fninit", NONE, NONE);
    CHECK_NO_TRAP();
    CHECK_OK(hypercall_fpu_taskswitch(1));
    CATCH("fninit", NONE, NONE);
    CHECK_TRAP(7);
    CHECK_OK(hypercall_fpu_taskswitch(1));
    CATCH("movq %[v], %%xmm3", NONE, LIST([v] "r"(in)));
    CHECK_TRAP(7);
    CHECK_OK(hypercall_fpu_taskswitch(0));
    CATCH("movq %[v], %%xmm3", NONE, LIST([v] "r"(in)));
    CHECK_NO_TRAP();
    hypercall_xen_version(0, NULL);
    hypercall_sched_op(SCHEDOP_yield, NULL);
    hypercall_sched_op(SCHEDOP_poll, &nap);
    CATCH("movq %%xmm3, %[v]", LIST([v] "=&r"(out)), NONE);
    CHECK_NO_TRAP();
    CHECK_EQ(out, in);
}

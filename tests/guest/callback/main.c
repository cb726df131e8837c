/* SPDX-License-Identifier: MIT */
/*
 * Theory: callback_op says where events, failed returns and system calls enter the kernel, and
 * whether events are masked there; what it does not know, and addresses that are none, are refused.
 * The event callback cannot be done without.
 */
#include <public/callback.h>

#include "guest.h"

const char test_title[] = "callback: entry points";

static long set(uint16_t type, unsigned long address)
{
    struct callback_register reg = {.type = type, .flags = 0, .address = address};

    return hypercall_callback_op(CALLBACKOP_register, &reg);
}

static long unset(uint16_t type)
{
    struct callback_unregister reg = {.type = type};

    return hypercall_callback_op(CALLBACKOP_unregister, &reg);
}

void test_main(void)
{
    static const uint8_t code[] = {0x0f, 0x05}; /* syscall */

    CHECK_REFUSED(set(99, 0x1000));
    CHECK_REFUSED(set(CALLBACKTYPE_event, 0x0000800000000000UL));
    CHECK_REFUSED(set(CALLBACKTYPE_failsafe, 0x0000800000000000UL));
    CHECK_REFUSED(unset(CALLBACKTYPE_event));
    CHECK_REFUSED(unset(CALLBACKTYPE_failsafe));
    CHECK_REFUSED(unset(99));
    CHECK_REFUSED(hypercall_callback_op(77, NULL));
    CHECK_ERROR(hypercall_callback_op(CALLBACKOP_register, 8), XEN_EFAULT);
    user_run_code(code, sizeof(code), 0);
    CHECK_TRAP(TRAP_SYSCALL);
    CHECK_EQ(trap_last.frame.upcall_mask & 0xff, 0);
    CHECK(trap_last.frame.rflags & 0x200, "user mode had events masked");
}

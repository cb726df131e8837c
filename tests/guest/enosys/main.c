/* SPDX-License-Identifier: MIT */
/*
 * Theory: a number without a hypercall behind it answers ENOSYS and nothing else, whatever its size
 * and in a multicall too; the registers that the ABI leaves alone stay as they were.
 */
#include "guest.h"

const char test_title[] = "enosys: numbers without a hypercall";

static long by_number(unsigned long number)
{
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(1L), "S"(2L), "d"(3L)
                     : "rcx", "r11", "memory");
    return result;
}

static void check_registers(void)
{
    unsigned long rbx = 0x1111, r12 = 0x2222, r15 = 0x3333;
    register unsigned long fixed_rbx __asm__("rbx") = rbx;
    register unsigned long fixed_r12 __asm__("r12") = r12;
    register unsigned long fixed_r15 __asm__("r15") = r15;
    long result = 47;

    __asm__ volatile("syscall"
                     : "+a"(result), "+r"(fixed_rbx), "+r"(fixed_r12), "+r"(fixed_r15)::"rcx",
                       "r11", "memory");
    CHECK_EQ(result, -XEN_ENOSYS);
    CHECK(fixed_rbx == rbx && fixed_r12 == r12 && fixed_r15 == r15, "a register changed");
}

void test_main(void)
{
    static const unsigned long numbers[] = {11,  43,   47,         63,         64,        65,
                                            100, 1000, 0x7fffffff, 0x80000000, 0xffffffff};
    struct multicall_entry call = {.op = 47, .result = 1};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        CHECK_EQ(by_number(numbers[i]), -XEN_ENOSYS);
    check_registers();
    CHECK_OK(hypercall_multicall(&call, 1));
    CHECK_EQ(call.result, -XEN_ENOSYS);
    call.op = 1UL << 40;
    CHECK_OK(hypercall_multicall(&call, 1));
    CHECK_EQ(call.result, -XEN_ENOSYS);
}

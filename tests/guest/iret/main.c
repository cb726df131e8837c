/* SPDX-License-Identifier: MIT */
/*
 * Theory: the iret hypercall is a PV kernel's way back to anywhere: it restores rax, rcx, r11,
 * flags and the stack from the frame, takes the event mask from the interrupt flag, and lets the
 * frame raise no privilege: what asks for IOPL or virtual-8086 mode comes back without.
 */
#include "guest.h"

const char test_title[] = "iret: returning by hypercall";

#define IOPL 0x3000UL
#define VM   0x20000UL

struct result {
    uint64_t rax, rcx, r11, rsp, flags, flags_after;
};

/* Builds a frame that comes back in the kernel at label 1, with marks in its registers. */
static struct result iret_with(uint64_t rflags, uint64_t iret_flags)
{
    static uint64_t stack[64];
    struct result r;

    __asm__ volatile(
        "movq %%rsp, %%rbx\n\t"
        "pushq %[ss]\n\t"
        "pushq %[to]\n\t"
        "pushq %[fl]\n\t"
        "pushq %[cs]\n\t"
        "leaq 1f(%%rip), %%rax\n\t"
        "pushq %%rax\n\t"
        "pushq %[ifl]\n\t"
        "movl $0x1111, %%eax\n\t"
        "movl $0x2222, %%ecx\n\t"
        "movl $0x3333, %%r11d\n\t"
        "jmp hypercall_page + %c[nr] * 32\n"
        "1:\tpushfq\n\t"
        "popq %[after]\n\t"
        "movq %%rax, %[rax]\n\t"
        "movq %%rsp, %[rsp]\n\t"
        "movq %%rbx, %%rsp\n\t"
        "pushq %[after]\n\t"
        "andq $~0x400, (%%rsp)\n\t"
        "popfq"
        : [rax] "=&r"(r.rax), [rsp] "=&r"(r.rsp), "=&c"(r.rcx), [after] "=&r"(r.flags_after)
        : [ss] "i"(FLAT_KERNEL_SS), [to] "r"(&stack[60]), [fl] "r"(rflags),
          [cs] "i"(FLAT_KERNEL_CS & ~3), [ifl] "r"(iret_flags), [nr] "i"(__HYPERVISOR_iret)
        : "rax", "rbx", "r11", "memory", "cc");
    r.rsp -= (uintptr_t)&stack[60];
    return r;
}

static void check_return(uint64_t rflags, uint64_t iret_flags, uint64_t expected)
{
    struct result r = iret_with(rflags, iret_flags);

    CHECK_EQ(r.rsp, 0);
    CHECK_EQ(r.rax, 0x1111);
    CHECK_EQ(r.flags_after & (0xcd5 | IOPL | VM), expected);
}

void test_main(void)
{
    volatile uint8_t *mask = &shared_info->vcpu_info[0].evtchn_upcall_mask;

    check_return(0x202, 0, 0);
    CHECK_EQ(*mask, 0);
    check_return(0x002, 0, 0);
    CHECK_EQ(*mask, 1);
    check_return(0x0d5, 0, 0x0d5); /* carry, parity, adjust, zero, sign */
    check_return(0x402, 0, 0x400);
    check_return(IOPL | 2, 0, 0);
    check_return(VM | 2, 0, 0);
    check_return(IOPL | VM | 2, 0, 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * Theory: an exception in the guest's kernel reaches its handler with the frame that the CPU would
 * have made: the right vector, the instruction pointer before a fault and behind a trap, the error
 * code of those that have one, kernel selectors with privilege 0, and for a page fault its address.
 */
#include "guest.h"

const char test_title[] = "traps: exceptions in the guest's kernel";

#define NOT_MAPPED 0x123456789000UL

static void check_frame(unsigned int vector)
{
    CHECK_TRAP(vector);
    CHECK_EQ(trap_last.frame.cs, FLAT_KERNEL_CS & ~3);
    CHECK_EQ(trap_last.frame.ss & 0xffff & ~3UL, FLAT_KERNEL_SS & ~3);
}

static void check_faults(void)
{
    uintptr_t at;

    CATCH("leaq 1f(%%rip), %[at]\n1: ud2", LIST([at] "=&r"(at)), NONE);
    check_frame(6);
    CHECK_EQ(trap_last.frame.rip, at);
    CATCH("leaq 1f(%%rip), %[at]\n int3\n1:", LIST([at] "=&r"(at)), NONE);
    check_frame(3);
    CHECK_EQ(trap_last.frame.rip, at);
    CATCH("xorl %%edx, %%edx\n xorl %%ecx, %%ecx\n leaq 1f(%%rip), %[at]\n1: divl %%ecx",
          LIST([at] "=&r"(at)), NONE, "rcx", "rdx");
    check_frame(0);
    CHECK_EQ(trap_last.frame.rip, at);
}

static void check_protection(void)
{
    CATCH("movw %w[sel], %%fs", NONE, LIST([sel] "r"(0x1238)));
    check_frame(13);
    CHECK_EQ(trap_last.frame.error_code, 0x1238);
    CATCH("lgdt (%[p])", NONE, LIST([p] "r"(&trap_last)));
    check_frame(13);
    CHECK_EQ(trap_last.frame.error_code, 0);
    CATCH("movq (%[p]), %%rax", NONE, LIST([p] "r"(0x1234567890abcdefUL)));
    check_frame(13);
    CATCH("int $0x77", NONE, NONE);
    check_frame(13);
}

static void check_page_faults(void)
{
    uint8_t *page = page_alloc();
    uint64_t value;

    try_read((void *)NOT_MAPPED, &value);
    check_frame(14);
    CHECK_EQ(trap_last.frame.error_code, 0);
    CHECK_EQ(trap_last.cr2, NOT_MAPPED);
    try_write((void *)(NOT_MAPPED + 8), 1);
    check_frame(14);
    CHECK_EQ(trap_last.frame.error_code, 2);
    CHECK_EQ(trap_last.cr2, NOT_MAPPED + 8);
    page_protect(page, PTE_RO);
    try_write(page + 16, 1);
    check_frame(14);
    CHECK_EQ(trap_last.frame.error_code, 3);
    CHECK_EQ(trap_last.cr2, page + 16);
}

static void check_masking(void)
{
    struct trap_info masked[] = {
        {.vector = 6, .flags = 4, .cs = FLAT_KERNEL_CS, .address = trap_stub(6)},
        {.address = 0},
    };
    volatile uint8_t *mask = &shared_info->vcpu_info[0].evtchn_upcall_mask;

    *mask = 0;
    CATCH("ud2", NONE, NONE);
    CHECK(trap_last.frame.rflags & 0x200, "the frame's flags say masked");
    CHECK_EQ(trap_last.frame.upcall_mask & 0xff, 0);
    CHECK_EQ(*mask, 0);
    *mask = 1;
    CATCH("ud2", NONE, NONE);
    CHECK(!(trap_last.frame.rflags & 0x200), "the frame's flags say unmasked");
    CHECK_EQ(trap_last.frame.upcall_mask & 0xff, 1);
    CHECK_EQ(*mask, 1);
    CHECK_OK(hypercall_set_trap_table(masked));
    *mask = 0;
    CATCH("ud2", NONE, NONE);
    CHECK_EQ(trap_last.frame.upcall_mask & 0xff, 0);
    CHECK_EQ(*mask, 0); /* restored by iret */
    *mask = 1;
}

void test_main(void)
{
    check_faults();
    check_protection();
    check_masking();
    check_page_faults();
}

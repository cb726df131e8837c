/* SPDX-License-Identifier: MIT */
/*
 * Theory: user mode is ring 3 of its own: its faults and calls reach the kernel with user selectors
 * and error codes, on the kernel's stack; it sees the user page tables alone; and it can make no
 * hypercall, because its SYSCALL always goes to its own kernel.
 */
#include "guest.h"

const char test_title[] = "user-mode: entries from user mode";

#define USER_BIT 4

static void run(const void *code, size_t bytes, unsigned long argument, unsigned int vector)
{
    user_run_code(code, bytes, argument);
    CHECK_TRAP(vector);
    CHECK_EQ(trap_last.frame.cs & 0xffff, FLAT_USER_CS);
    CHECK_EQ(trap_last.frame.ss & 0xffff, FLAT_USER_SS);
}
#define RUN(code, argument, vector) run(code, sizeof(code), (unsigned long)(argument), vector)

static const uint8_t do_syscall[] = {0x31, 0xc0, 0x0f, 0x05}; /* xor %eax,%eax; syscall */
static const uint8_t do_int80[] = {0xcd, 0x80};
static const uint8_t do_int3[] = {0xcc};
static const uint8_t do_ud2[] = {0x0f, 0x0b};
static const uint8_t do_hlt[] = {0xf4};
static const uint8_t do_cli[] = {0xfa};
static const uint8_t do_in[] = {0xe4, 0x70};
static const uint8_t do_rdmsr[] = {0x0f, 0x32};
static const uint8_t do_int20[] = {0xcd, 0x20};
static const uint8_t do_read[] = {0x48, 0x8b, 0x07};  /* mov (%rdi),%rax */
static const uint8_t do_write[] = {0x48, 0x89, 0x07}; /* mov %rax,(%rdi) */
static const uint8_t do_store[] = {0x48, 0xc7, 0x07, 0x2a, 0, 0, 0, 0x0f, 0x05};

static void check_calls(void)
{
    RUN(do_syscall, 0, TRAP_SYSCALL);
    CHECK_EQ(trap_last.frame.rip, USER_CODE + sizeof(do_syscall));
    CHECK(trap_last.frame.rflags & 0x200, "user mode runs with interrupts off");
    RUN(do_int80, 0, TRAP_INT80);
    CHECK_EQ(trap_last.frame.rip, USER_CODE + sizeof(do_int80));
    RUN(do_int3, 0, 3);
    CHECK_EQ(trap_last.frame.rip, USER_CODE + sizeof(do_int3));
}

static void check_faults(void)
{
    RUN(do_ud2, 0, 6);
    CHECK_EQ(trap_last.frame.rip, USER_CODE);
    RUN(do_hlt, 0, 13);
    RUN(do_cli, 0, 13);
    RUN(do_in, 0, 13);
    RUN(do_rdmsr, 0, 13);
    RUN(do_int20, 0, 13);
    RUN(do_read, 0x7000000000UL, 14);
    CHECK_EQ(trap_last.frame.error_code, USER_BIT);
    CHECK_EQ(trap_last.cr2, 0x7000000000UL);
    RUN(do_write, 0x7000000008UL, 14);
    CHECK_EQ(trap_last.frame.error_code, USER_BIT | 2);
}

static void check_isolation(void)
{
    RUN(do_read, start_info, 14);
    CHECK_EQ(trap_last.cr2, start_info);
    CHECK(trap_last.frame.error_code & USER_BIT, "error code %#lx", trap_last.frame.error_code);
    RUN(do_read, HYPERVISOR_VIRT_START + (8UL << 39), 14);
    RUN(do_write, HYPERVISOR_VIRT_START, 14);
    RUN(do_store, USER_DATA, TRAP_SYSCALL);
    CHECK_EQ(*(uint64_t *)user_data_page, 42);
}

void test_main(void)
{
    user_init();
    check_calls();
    check_faults();
    check_isolation();
}

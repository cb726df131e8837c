/* SPDX-License-Identifier: MIT */
/*
 * Theory: set_trap_table takes gates only into code that the guest may run: a gate with the
 * hypervisor's own code selector is refused or taken with the guest's, so that its handler never
 * runs with more privilege; a table that cannot be read is refused. A gate's privilege decides
 * which software interrupts user mode may raise.
 */
#include "guest.h"

const char test_title[] = "trap-table: set_trap_table and its refusals";

#define HYPERVISOR_CS 0xe008

/* QEMU 7.2 reports `int $n` as vector 2n where the gate's privilege stops it: both are set alike.
 */
#define SPARE_VECTOR 0x41

static unsigned int handler_cs;

static long set_gate(uint8_t vector, uint8_t flags, uint16_t cs, unsigned long address)
{
    struct trap_info table[] = {
        {.vector = vector, .flags = flags, .cs = cs, .address = address},
        {.address = 0},
    };

    return hypercall_set_trap_table(table);
}

static bool on_int3(struct trap_frame *frame)
{
    (void)frame;
    __asm__ volatile("movl %%cs, %0" : "=r"(handler_cs));
    return true;
}

/* Taken or not: int3 arrives, and in ring 3. */
static void check_selector(uint16_t cs)
{
    set_gate(3, 3, cs, trap_stub(3));
    handler_cs = 0;
    CATCH("int3", NONE, NONE);
    CHECK_TRAP(3);
    CHECK_EQ(handler_cs, FLAT_KERNEL_CS);
}

static void check_refusals(void)
{
    trap_set_handler(3, on_int3);
    check_selector(HYPERVISOR_CS);
    check_selector(HYPERVISOR_CS | 3);
    trap_set_handler(3, NULL);
    CHECK_ERROR(hypercall_set_trap_table(8), XEN_EFAULT);
    CHECK_ERROR(hypercall_set_trap_table(HYPERVISOR_VIRT_START + (1UL << 40)), XEN_EFAULT);
    CATCH("int3", NONE, NONE);
    CHECK_TRAP(3);
}

static void check_privilege(void)
{
    static const uint8_t code[] = {0xcd, SPARE_VECTOR}; /* int $0x41 */

    CHECK_OK(set_gate(SPARE_VECTOR, 0, FLAT_KERNEL_CS, trap_stub(TRAP_INT80)));
    CHECK_OK(set_gate(SPARE_VECTOR * 2, 0, FLAT_KERNEL_CS, trap_stub(TRAP_INT80)));
    user_run_code(code, sizeof(code), 0);
    CHECK_TRAP(13); /* its gate is the kernel's alone now */
    CHECK_OK(set_gate(SPARE_VECTOR, 3, FLAT_KERNEL_CS, trap_stub(TRAP_INT80)));
    CHECK_OK(set_gate(SPARE_VECTOR * 2, 3, FLAT_KERNEL_CS, trap_stub(TRAP_INT80)));
    user_run_code(code, sizeof(code), 0);
    CHECK_TRAP(TRAP_INT80); /* the stub's number */
    CATCH("int $0x41", NONE, NONE);
    CHECK_TRAP(TRAP_INT80);
}

void test_main(void)
{
    check_refusals();
    check_privilege();
    CHECK_OK(hypercall_set_trap_table(NULL));
    trap_register();
    CATCH("int3", NONE, NONE);
    CHECK_TRAP(3);
}

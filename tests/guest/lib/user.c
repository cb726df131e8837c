/* SPDX-License-Identifier: MIT */
/*
 * User mode: a second set of page tables with three pages, entered by the iret hypercall and left
 * by whatever the code does. The kernel maps the same tables, so it can fill the pages.
 */
#include "guest.h"

uint8_t *user_code_page, *user_data_page;
uint64_t *user_root;
static bool ready;

void user_run(struct trap_frame *to);
void user_leave(long result) __attribute__((noreturn));

static void table_pin(void *table, unsigned int command)
{
    long rc;

    page_protect(table, PTE_RO);
    rc = mmuext(command, mfn_of(table));
    if (rc)
        report_error("pinning a user page table: %ld", rc);
}

/* An entry into the kernel from user mode ends the run; from the kernel it is none of ours. */
static bool leave(struct trap_frame *frame)
{
    if (!(frame->cs & 3))
        return false;
    user_leave(0);
}

static const unsigned int exits[] = {0, 1, 3, 4, 5, 6, 7, 13, 14, TRAP_INT80, TRAP_SYSCALL};

void user_init(void)
{
    uint64_t *l1 = page_alloc(), *l2 = page_alloc(), *l3 = page_alloc();
    uint8_t *stack = page_alloc();
    long rc;

    user_root = page_alloc();
    user_code_page = page_alloc();
    user_data_page = page_alloc();
    l1[(USER_CODE >> 12) & 511] = pte_make(mfn_of(user_code_page), PTE_RW);
    l1[(USER_STACK >> 12) & 511] = pte_make(mfn_of(stack), PTE_RW | PTE_NX);
    l1[(USER_DATA >> 12) & 511] = pte_make(mfn_of(user_data_page), PTE_RW | PTE_NX);
    l2[(USER_CODE >> 21) & 511] = pte_make(mfn_of(l1), PTE_TABLE);
    l3[(USER_CODE >> 30) & 511] = pte_make(mfn_of(l2), PTE_TABLE);
    user_root[0] = pte_make(mfn_of(l3), PTE_TABLE);
    page_protect(l1, PTE_RO);
    page_protect(l2, PTE_RO);
    table_pin(l3, MMUEXT_PIN_L3_TABLE);
    table_pin(user_root, MMUEXT_PIN_L4_TABLE);
    rc = mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(user_root));
    if (rc)
        report_error("NEW_USER_BASEPTR: %ld", rc);
    rc = pt_write(pt_entry((void *)USER_CODE, 4), user_root[0]);
    if (rc)
        report_error("user tables in the kernel's: %ld", rc);
    ready = true;
}

static unsigned long stack_pointer(void)
{
    unsigned long rsp;

    __asm__ volatile("movq %%rsp, %0" : "=r"(rsp));
    return rsp;
}

void user_run_code(const void *code, size_t bytes, unsigned long argument)
{
    struct trap_frame frame = {.rip = USER_CODE,
                               .cs = FLAT_USER_CS,
                               .rflags = 0x202,
                               .rsp = USER_STACK + PAGE_SIZE - 64,
                               .ss = FLAT_USER_SS,
                               .rdi = argument};

    uint8_t masked = shared_info->vcpu_info[0].evtchn_upcall_mask;

    if (!ready)
        user_init();
    for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
        trap_set_handler(exits[i], leave);
    memcpy(user_code_page, code, bytes);
    trap_last.count = 0;
    /* Entries from user mode start below this frame, which user_run's caller still needs. */
    if (hypercall_stack_switch(FLAT_KERNEL_SS, stack_pointer() - 1024))
        report_error("stack_switch failed");
    user_run(&frame);
    shared_info->vcpu_info[0].evtchn_upcall_mask = masked; /* user mode runs with upcalls on */
    for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
        trap_set_handler(exits[i], NULL);
}

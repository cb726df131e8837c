/* SPDX-License-Identifier: MIT */
/* Start-up in the only order that works: the shared page before any trap, traps before the test. */
#include "guest.h"

static uint8_t shared_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
struct shared_info *shared_info = (struct shared_info *)shared_page;

void guest_start(struct start_info *info);

void guest_start(struct start_info *info)
{
    long rc;

    start_info = info;
    rc = page_remap(shared_page, info->shared_info / PAGE_SIZE, PTE_RW);
    if (rc)
        report_error("mapping shared_info: %ld", rc);
    memset(shared_info->evtchn_mask, 0xff, sizeof(shared_info->evtchn_mask));
    trap_init();
    rc = hypercall_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
    if (rc)
        report_error("vm_assist for stores to page tables: %ld", rc);
    print("--- %s\n", test_title);
    test_main();
    report_end();
}

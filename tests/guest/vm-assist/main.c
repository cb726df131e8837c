/* SPDX-License-Identifier: MIT */
/* Theory: vm_assist turns on what a 64-bit guest may ask for, and refuses numbers and commands it
 * lacks. */
#include "guest.h"

const char test_title[] = "vm-assist: what can be turned on";

void test_main(void)
{
    CHECK_OK(hypercall_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables));
    CHECK_OK(hypercall_vm_assist(VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag));
    CHECK_OK(hypercall_vm_assist(VMASST_CMD_disable, VMASST_TYPE_runstate_update_flag));
    CHECK_REFUSED(hypercall_vm_assist(VMASST_CMD_enable, 63));
    CHECK_REFUSED(hypercall_vm_assist(VMASST_CMD_enable, 64));
    CHECK_REFUSED(hypercall_vm_assist(VMASST_CMD_enable, 0xffffffff));
    CHECK_REFUSED(hypercall_vm_assist(9, VMASST_TYPE_writable_pagetables));
}

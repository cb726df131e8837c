/* SPDX-License-Identifier: MIT */
/*
 * The table of hypercalls. A number that is not here answers ENOSYS.
 */
#include <public/xen.h>

#include "hypercall/hypercall.h"

#define CALL(call, arguments_)                                                                     \
    [__HYPERVISOR_##call] = {.name = #call, .handler = do_##call, .arguments = (arguments_)}
#define CONTROL_CALL(call, arguments_)                                                             \
    [__HYPERVISOR_##call] = {                                                                      \
        .name = #call, .handler = do_##call, .arguments = (arguments_), .control = true}

const struct hypercall hypercall_table[HYPERCALL_COUNT] = {
    CALL(set_trap_table, 1),
    CALL(mmu_update, 4),
    CALL(set_gdt, 2),
    CALL(stack_switch, 2),
    CALL(set_callbacks, 3),
    CALL(fpu_taskswitch, 1),
    CONTROL_CALL(platform_op, 1),
    CALL(set_debugreg, 2),
    CALL(get_debugreg, 1),
    CALL(update_descriptor, 2),
    CALL(memory_op, 2),
    CALL(multicall, 2),
    CALL(update_va_mapping, 3),
    CALL(set_timer_op, 1),
    CALL(xen_version, 2),
    CALL(console_io, 3),
    CALL(grant_table_op, 3),
    CALL(vm_assist, 2),
    CALL(update_va_mapping_otherdomain, 4),
    CALL(iret, 0),
    CALL(vcpu_op, 3),
    CALL(set_segment_base, 2),
    CALL(mmuext_op, 4),
    CALL(nmi_op, 2),
    CALL(sched_op, 2),
    CALL(callback_op, 2),
    CALL(event_channel_op, 2),
    CALL(physdev_op, 2),
    CONTROL_CALL(sysctl, 1),
    CONTROL_CALL(domctl, 1),
};

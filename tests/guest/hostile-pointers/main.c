/* SPDX-License-Identifier: MIT */
/*
 * Theory: each argument that is a pointer may point anywhere: into the hypervisor, to nothing,
 * across the end of what is mapped, to an address that is none. Every hypercall answers with an
 * error, nothing of the hypervisor's is read or written, and the guest lives on.
 */
#include <public/callback.h>
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/physdev.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include <public/version.h>

#include "guest.h"

const char test_title[] = "hostile-pointers: arguments that point nowhere good";

static unsigned long bad;

#define TRY(call)                                             \
    do {                                                      \
        long rc_ = (call);                                    \
        CHECK(rc_ < 0, "%s with %#lx: %ld", #call, bad, rc_); \
    } while (0)

static void try_all(void)
{
    TRY(hypercall_set_trap_table(bad));
    TRY(hypercall_mmu_update(bad, 1, NULL, DOMID_SELF));
    TRY(hypercall_mmuext_op(bad, 1, NULL, DOMID_SELF));
    TRY(hypercall_set_gdt(bad, 512));
    TRY(hypercall_multicall(bad, 1));
    TRY(hypercall_xen_version(XENVER_extraversion, bad));
    TRY(hypercall_xen_version(XENVER_get_features, bad));
    TRY(hypercall_xen_version(XENVER_platform_parameters, bad));
    TRY(hypercall_grant_table_op(GNTTABOP_map_grant_ref, bad, 1));
    TRY(hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, bad, 1));
    TRY(hypercall_grant_table_op(GNTTABOP_copy, bad, 1));
    TRY(hypercall_grant_table_op(GNTTABOP_setup_table, bad, 1));
    TRY(hypercall_grant_table_op(GNTTABOP_query_size, bad, 1));
    TRY(hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, bad));
    TRY(hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, bad));
    TRY(hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, bad));
    TRY(hypercall_sched_op(SCHEDOP_poll, bad));
    TRY(hypercall_sched_op(SCHEDOP_shutdown, bad));
    TRY(hypercall_callback_op(CALLBACKOP_register, bad));
    TRY(hypercall_event_channel_op(EVTCHNOP_alloc_unbound, bad));
    TRY(hypercall_event_channel_op(EVTCHNOP_send, bad));
    TRY(hypercall_event_channel_op(EVTCHNOP_status, bad));
    TRY(hypercall_physdev_op(PHYSDEVOP_set_iopl, bad));
    TRY(hypercall_memory_op(XENMEM_memory_map, bad));
    TRY(hypercall_memory_op(XENMEM_machphys_mapping, bad));
    TRY(hypercall_memory_op(XENMEM_exchange, bad));
    TRY(hypercall_console_io(CONSOLEIO_write, 16, bad));
}

void test_main(void)
{
    static const unsigned long addresses[] = {
        8,
        0x7ffffffff000,
        0x7fffffffffff,
        0x800000000000,
        0xdeadbeef00000000,
        0xffff7fffffffffff,
        0xffff804000000000,
        0xffff82d000000000,
        0xffff82d040000000,
        0xffff830000000000,
        0xffff830000100000,
        0xffff87fffffffff0,
    };

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        bad = addresses[i];
        try_all();
    }
    window_init();
    CHECK_OK(pt_write(&window_l1[0], pte_make(mfn_of(page_alloc()), PTE_RW)));
    bad = (unsigned long)window_page(1) - 2; /* two bytes mapped, the rest not */
    try_all();
    CHECK_EQ(hypercall_xen_version(0, NULL), 4 << 16 | 17);
}

/* SPDX-License-Identifier: MIT */
/*
 * Theory: a vCPU can ask about itself and move its vcpu_info once to a page of its own, where
 * events then arrive. The run-state record is filled in and its times add up; a vCPU that is not
 * there is an error.
 */
#include <public/event_channel.h>
#include <public/vcpu.h>

#include "guest.h"

const char test_title[] = "vcpu: vcpu_op on the own vCPU";

static struct vcpu_runstate_info runstate __attribute__((aligned(64)));

static void check_runstate(void)
{
    struct vcpu_register_runstate_memory_area area = {.addr.v = &runstate};
    struct vcpu_runstate_info now = {.state = 99};

    CHECK_OK(hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, &now));
    CHECK_EQ(now.state, RUNSTATE_running);
    CHECK(now.time[RUNSTATE_running] > 0, "it never ran");
    memset(&runstate, 0x55, sizeof(runstate));
    CHECK_OK(hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &area));
    CHECK_EQ(runstate.state, RUNSTATE_running);
    area.addr.p = HYPERVISOR_VIRT_START + (1UL << 40);
    CHECK_REFUSED(hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &area));
}

static void check_numbers(void)
{
    CHECK_EQ(hypercall_vcpu_op(VCPUOP_is_up, 0, NULL), 1);
    CHECK_REFUSED(hypercall_vcpu_op(VCPUOP_is_up, 77, NULL));
    CHECK_REFUSED(hypercall_vcpu_op(VCPUOP_is_up, 0xffffffffUL, NULL));
    CHECK_REFUSED(hypercall_vcpu_op(VCPUOP_up, 77, NULL));
    CHECK_REFUSED(hypercall_vcpu_op(99, 0, NULL));
}

static void check_info(void)
{
    struct vcpu_info *page = page_alloc();
    struct vcpu_register_vcpu_info info = {.mfn = mfn_of(page), .offset = PAGE_SIZE - 32};
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_send send;

    CHECK_REFUSED(hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info)); /* leaves the page */
    info.offset = 4;
    CHECK_REFUSED(hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info));
    info.offset = 0;
    info.mfn = 1UL << 41;
    CHECK_REFUSED(hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info));
    info.mfn = mfn_of((void *)start_info->pt_base);
    CHECK_REFUSED(hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info));
    CHECK_OK(hypercall_event_channel_op(EVTCHNOP_bind_ipi, &ipi));
    info.mfn = mfn_of(page);
    info.offset = 128;
    CHECK_OK(hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info));
    page = (struct vcpu_info *)((uintptr_t)page + 128);
    CHECK_REFUSED(hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info)); /* once only */
    CHECK(page->time.tsc_to_system_mul != 0, "the new record has no time");
    page->evtchn_upcall_mask = 1;
    page->evtchn_upcall_pending = 0;
    page->evtchn_pending_sel = 0; /* all set by the move, so that nothing is lost */
    send.port = ipi.port;
    event_clear(ipi.port);
    __atomic_fetch_and(&shared_info->evtchn_mask[0], ~(1UL << ipi.port), __ATOMIC_SEQ_CST);
    CHECK_OK(hypercall_event_channel_op(EVTCHNOP_send, &send));
    CHECK_EQ(page->evtchn_upcall_pending, 1);
    CHECK_EQ(page->evtchn_pending_sel & 1, 1);
}

void test_main(void)
{
    check_numbers();
    check_runstate();
    check_info();
}

/* SPDX-License-Identifier: MIT */
/*
 * Theory: yield returns; block unmasks upcalls and returns once one came; poll returns when one of
 * its ports is pending, without an upcall, or when its time is up. Wrong ports and reasons are
 * refused.
 */
#include <public/event_channel.h>
#include <public/sched.h>

#include "guest.h"

const char test_title[] = "sched: yield, block, poll";

#define MS 1000000UL

static volatile unsigned int taken;

static void on_event(unsigned int port)
{
    (void)port;
    taken++;
}

static long poll(evtchn_port_t *ports, unsigned int count, uint64_t timeout)
{
    struct sched_poll op = {.nr_ports = count, .timeout = timeout};

    set_xen_guest_handle(op.ports, ports);
    return hypercall_sched_op(SCHEDOP_poll, &op);
}

void test_main(void)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_send send;
    volatile uint8_t *mask = &shared_info->vcpu_info[0].evtchn_upcall_mask;
    evtchn_port_t bad = EVTCHN_2L_NR_CHANNELS + 7;
    uint64_t due;

    CHECK_OK(hypercall_sched_op(SCHEDOP_yield, NULL));
    CHECK_OK(hypercall_event_channel_op(EVTCHNOP_bind_ipi, &ipi));
    event_set_handler(ipi.port, on_event);
    event_unmask_port(ipi.port);
    send.port = ipi.port;

    *mask = 1;
    CHECK_OK(hypercall_event_channel_op(EVTCHNOP_send, &send));
    CHECK_EQ(taken, 0);
    CHECK_OK(hypercall_sched_op(SCHEDOP_block, NULL)); /* pending already: unmasks and takes it */
    CHECK_EQ(taken, 1);
    CHECK_EQ(*mask, 0);

    *mask = 1;
    CHECK_OK(hypercall_event_channel_op(EVTCHNOP_send, &send));
    CHECK_OK(poll(&ipi.port, 1, 0)); /* pending already */
    CHECK_EQ(taken, 1);
    CHECK(event_pending(ipi.port), "poll took the event");
    event_clear(ipi.port);
    shared_info->vcpu_info[0].evtchn_upcall_pending = 0;
    shared_info->vcpu_info[0].evtchn_pending_sel = 0;
    due = time_now() + 5 * MS;
    CHECK_OK(poll(&ipi.port, 1, due));
    CHECK(time_now() >= due, "poll came back early");
    CHECK_EQ(*mask, 1);
    CHECK_REFUSED(poll(&bad, 1, due));
    CHECK_REFUSED(poll(&ipi.port, 1000000, due));
    CHECK_ERROR(poll((evtchn_port_t *)(HYPERVISOR_VIRT_START + (1UL << 40)), 1, due), XEN_EFAULT);
    CHECK_ERROR(hypercall_sched_op(SCHEDOP_poll, 8), XEN_EFAULT);
    CHECK_ERROR(hypercall_sched_op(SCHEDOP_shutdown, HYPERVISOR_VIRT_START + (1UL << 40)),
                XEN_EFAULT);
    CHECK_ERROR(hypercall_sched_op(77, NULL), XEN_ENOSYS);
}

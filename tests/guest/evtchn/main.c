/* SPDX-License-Identifier: MIT */
/*
 * Theory: event channels connect, send, mask and close as their states say. A send sets the other
 * end's bit and raises an upcall only where neither the port nor the vCPU masks it; a masked one is
 * delivered when the port is unmasked.
 */
#include <public/event_channel.h>

#include "guest.h"

const char test_title[] = "evtchn: connecting, sending, masking";

static unsigned int taken, taken_port;

static void on_event(unsigned int port)
{
    taken++;
    taken_port = port;
}

static long op(unsigned int command, void *arg)
{
    return hypercall_event_channel_op(command, arg);
}

static unsigned int status_of(unsigned int port)
{
    struct evtchn_status status = {.dom = DOMID_SELF, .port = port};

    CHECK_OK(op(EVTCHNOP_status, &status));
    return status.status;
}

static void close_port(unsigned int port)
{
    struct evtchn_close close = {.port = port};

    CHECK_OK(op(EVTCHNOP_close, &close));
}

static void check_pair(void)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};
    struct evtchn_send send;

    CHECK_OK(op(EVTCHNOP_alloc_unbound, &alloc));
    CHECK_EQ(status_of(alloc.port), EVTCHNSTAT_unbound);
    bind.remote_port = alloc.port;
    CHECK_OK(op(EVTCHNOP_bind_interdomain, &bind));
    CHECK(bind.local_port != alloc.port, "both ends are port %u", alloc.port);
    CHECK_EQ(status_of(alloc.port), EVTCHNSTAT_interdomain);
    CHECK_EQ(status_of(bind.local_port), EVTCHNSTAT_interdomain);
    event_clear(alloc.port);
    event_clear(bind.local_port);

    event_set_handler(alloc.port, on_event);
    event_set_handler(bind.local_port, on_event);
    event_unmask_port(alloc.port);
    events_on();
    taken = 0;
    send.port = bind.local_port;
    CHECK_OK(op(EVTCHNOP_send, &send));
    CHECK_EQ(taken, 1);
    CHECK_EQ(taken_port, alloc.port);

    event_mask_port(alloc.port);
    CHECK_OK(op(EVTCHNOP_send, &send));
    CHECK_EQ(taken, 1);
    CHECK(event_pending(alloc.port), "a masked port is not pending after a send");
    event_unmask_port(alloc.port);
    CHECK_EQ(taken, 2);

    events_off();
    CHECK_OK(op(EVTCHNOP_send, &send));
    CHECK_EQ(taken, 2);
    events_on();
    CHECK_EQ(taken, 3);
    events_off();

    close_port(bind.local_port);
    CHECK_EQ(status_of(bind.local_port), EVTCHNSTAT_closed);
    CHECK_EQ(status_of(alloc.port), EVTCHNSTAT_unbound);
    close_port(alloc.port);
    CHECK_EQ(status_of(alloc.port), EVTCHNSTAT_closed);
}

static void check_ipi_and_virq(void)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_bind_virq virq = {.virq = VIRQ_DEBUG, .vcpu = 0};
    struct evtchn_send send;

    CHECK_OK(op(EVTCHNOP_bind_ipi, &ipi));
    CHECK_EQ(status_of(ipi.port), EVTCHNSTAT_ipi);
    event_set_handler(ipi.port, on_event);
    event_unmask_port(ipi.port);
    events_on();
    taken = 0;
    send.port = ipi.port;
    CHECK_OK(op(EVTCHNOP_send, &send));
    CHECK_EQ(taken, 1);
    CHECK_EQ(taken_port, ipi.port);
    events_off();
    CHECK_OK(op(EVTCHNOP_bind_virq, &virq));
    CHECK_EQ(status_of(virq.port), EVTCHNSTAT_virq);
    CHECK_ERROR(op(EVTCHNOP_bind_virq, &virq), XEN_EEXIST);
    close_port(ipi.port);
    close_port(virq.port);
    CHECK_OK(op(EVTCHNOP_bind_virq, &virq));
    close_port(virq.port);
}

void test_main(void)
{
    check_pair();
    check_ipi_and_virq();
}

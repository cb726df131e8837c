/* SPDX-License-Identifier: MIT */
/* Rows of event channels: every port is the guest's own on both ends, and below 64. */
#include <public/callback.h>
#include <public/event_channel.h>

#include "bench.h"

void bench_event(void);

static struct evtchn_send send;
static struct evtchn_unmask unmask;
static struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
static struct evtchn_close close;
static unsigned int loop_near, loop_far, masked_near, masked_far, ipi;

static void port_send(void)
{
    hypercall_event_channel_op(EVTCHNOP_send, &send);
}
static void port_unmask(void)
{
    hypercall_event_channel_op(EVTCHNOP_unmask, &unmask);
}
static void port_alloc(void)
{
    hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &alloc);
}

static void port_close(void)
{
    close.port = alloc.port;
    hypercall_event_channel_op(EVTCHNOP_close, &close);
}

static void prepare_masked(void)
{
    send.port = masked_near;
    event_clear(masked_far);
}

static void prepare_loop(void)
{
    send.port = loop_near;
}
static void prepare_ipi(void)
{
    send.port = ipi;
}

static void prepare_unmask(void)
{
    send.port = loop_near;
    unmask.port = loop_far;
    event_mask_port(loop_far);
    port_send();
}

static const struct bench_row rows[] = {
    {.name = "evtchn_send_masked", .before = prepare_masked, .operation = port_send},
    {.name = "evtchn_send_upcall", .before = prepare_loop, .operation = port_send},
    {.name = "evtchn_send_ipi_self", .before = prepare_ipi, .operation = port_send},
    {.name = "evtchn_unmask_pending", .before = prepare_unmask, .operation = port_unmask},
    {.name = "evtchn_alloc", .operation = port_alloc, .after = port_close},
    {.name = "evtchn_close", .before = port_alloc, .operation = port_close},
    {.name = NULL},
};

static void open_loop(unsigned int *near, unsigned int *far)
{
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};

    NEED(hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &alloc));
    bind.remote_port = alloc.port;
    NEED(hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &bind));
    *far = alloc.port;
    *near = bind.local_port;
    if (*near >= 64 || *far >= 64)
        report_error("ports %u and %u are too high for the upcall", *near, *far);
}

void bench_events(void)
{
    struct callback_register entry = {.type = CALLBACKTYPE_event,
                                      .flags = CALLBACKF_mask_events,
                                      .address = (unsigned long)bench_event};
    struct evtchn_bind_ipi bind = {.vcpu = 0};

    open_loop(&loop_near, &loop_far);
    open_loop(&masked_near, &masked_far);
    NEED(hypercall_event_channel_op(EVTCHNOP_bind_ipi, &bind));
    ipi = bind.port;
    NEED(hypercall_callback_op(CALLBACKOP_register, &entry));
    event_mask_port(masked_far);
    event_unmask_port(loop_far);
    event_unmask_port(ipi);
    /* a fresh connection is pending once: that upcall is taken before anything is counted */
    shared_info->vcpu_info[0].evtchn_upcall_mask = 0;
    hypercall_xen_version(0, NULL);
    bench_run(rows);
    events_off();
}

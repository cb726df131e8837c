/* SPDX-License-Identifier: MIT */
/* Rows of event channels: every port is the guest's own on both ends, and below 64. */
#include <public/callback.h>
#include <public/event_channel.h>

#include "bench.h"

void bench_event(void), bench_event_fifo(void);

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

static struct evtchn_fifo_control_block *control;
static event_word_t *words;

static void fifo_quiet(event_word_t far)
{
    words[loop_far] = words[masked_far] = far;
    control->ready = 0;
}
static void prepare_fifo_masked(void)
{
    fifo_quiet(1u << EVTCHN_FIFO_MASKED);
    send.port = masked_near;
}
static void prepare_fifo_loop(void)
{
    fifo_quiet(0);
    send.port = loop_near;
}
/* The other one is in the queue: it is entered behind that. */
static void prepare_fifo_behind(void)
{
    events_off();
    prepare_fifo_loop();
    port_send();
    send.port = masked_near;
}
static void prepare_fifo_unmask(void)
{
    prepare_fifo_masked();
    port_send();
    unmask.port = masked_far;
}
static void upcalls_on(void)
{
    shared_info->vcpu_info[0].evtchn_upcall_pending = 0;
    shared_info->vcpu_info[0].evtchn_upcall_mask = 0;
}

static const struct bench_row fifo_rows[] = {
    {.name = "evtchn_fifo_send_masked", .before = prepare_fifo_masked, .operation = port_send},
    {.name = "evtchn_fifo_send_upcall", .before = prepare_fifo_loop, .operation = port_send},
    {.name = "evtchn_fifo_send_behind", .before = prepare_fifo_behind, .operation = port_send, .after = upcalls_on},
    {.name = "evtchn_fifo_unmask_pending", .before = prepare_fifo_unmask, .operation = port_unmask},
    {.name = NULL},
};

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

/* The ports are those of the rows before. */
void bench_events_fifo(void)
{
    struct callback_register entry = {.type = CALLBACKTYPE_event,
                                      .flags = CALLBACKF_mask_events,
                                      .address = (unsigned long)bench_event_fifo};
    struct evtchn_init_control init = {0};
    struct evtchn_expand_array expand;

    control = page_alloc();
    words = page_alloc();
    init.control_gfn = mfn_of(control);
    expand.array_gfn = mfn_of(words);
    NEED(hypercall_event_channel_op(EVTCHNOP_init_control, &init));
    NEED(hypercall_event_channel_op(EVTCHNOP_expand_array, &expand));
    NEED(hypercall_callback_op(CALLBACKOP_register, &entry));
    upcalls_on();
    bench_run(fifo_rows);
    events_off();
}

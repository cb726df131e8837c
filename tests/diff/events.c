/* SPDX-License-Identifier: MIT */
/* Event channels: each command right, with wrong ports, domains, vcpus and pointers; and what a port then says. */
#include "diff.h"

#define ALLOC(name, ...) \
    WITH(name, event_channel_op, ((struct evtchn_alloc_unbound){__VA_ARGS__}), EVTCHNOP_alloc_unbound, IN)
#define PORT_CALL(name, command, number) \
    WITH(name, event_channel_op, ((struct evtchn_send){.port = number}), EVTCHNOP_##command, IN)
#define STATUS(name, ...) \
    WITH(name, event_channel_op, ((struct evtchn_status){__VA_ARGS__}), EVTCHNOP_status, IN)
#define VIRQ(name, ...) \
    WITH(name, event_channel_op, ((struct evtchn_bind_virq){__VA_ARGS__}), EVTCHNOP_bind_virq, IN)
#define POINTER(name, command, pointer) CALL(name, event_channel_op, EVTCHNOP_##command, pointer)

#define OP(command, structure) hypercall_event_channel_op(EVTCHNOP_##command, &(structure))

static long port_close(unsigned int port)
{
    struct evtchn_close op = {.port = port};

    return OP(close, op);
}

static unsigned int unbound(unsigned int remote)
{
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = (domid_t)remote};
    long error = OP(alloc_unbound, op);

    if (error)
        note_value("alloc", error);
    return op.port;
}

static unsigned int bound_virq(unsigned int virq, unsigned int vcpu, long *error)
{
    struct evtchn_bind_virq op = {.virq = virq, .vcpu = vcpu};

    *error = OP(bind_virq, op);
    return op.port;
}

static unsigned int bound_ipi(unsigned int vcpu)
{
    struct evtchn_bind_ipi op = {.vcpu = vcpu};
    long error = OP(bind_ipi, op);

    if (error)
        note_value("bind_ipi", error);
    return op.port;
}

static void note_status(unsigned int port)
{
    struct evtchn_status op = {.dom = DOMID_SELF, .port = port};
    long error = OP(status, op);

    note(" status %u vcpu %u", op.status, op.vcpu);
    if (op.status == EVTCHNSTAT_unbound)
        note(" for %s", op.u.unbound.dom == resolve(SELF) ? "self" : "other");
    if (op.status == EVTCHNSTAT_interdomain)
        note(" with %s", op.u.interdomain.dom == resolve(SELF) ? "self" : "other");
    if (op.status == EVTCHNSTAT_virq)
        note(" virq %u", op.u.virq);
    if (error)
        note_value("error", error);
}

/* ---- runs ---- */

static long alloc_lowest(void)
{
    unsigned int first = unbound(DOMID_SELF), second = unbound(DOMID_SELF), again;

    port_close(first);
    again = unbound(DOMID_SELF);
    note(" the next is %s, a closed one is %s", second == first + 1 ? "the next" : "another",
         again == first ? "used again" : "not used again");
    port_close(again);
    return port_close(second);
}

static long alloc_status(void)
{
    unsigned int port = unbound(DOMID_SELF);

    note_status(port);
    return port_close(port);
}

static long alloc_other_status(void)
{
    unsigned int port = unbound(NOBODY);

    note_status(port);
    return port_close(port);
}

static long close_twice(void)
{
    unsigned int port = unbound(DOMID_SELF);

    note_value("first", port_close(port));
    return port_close(port);
}

static long send_unbound(void)
{
    struct evtchn_send op = {.port = unbound(DOMID_SELF)};
    long result = OP(send, op);

    port_close(op.port);
    return result;
}

static long pair(unsigned int *one, unsigned int *other)
{
    struct evtchn_bind_interdomain op = {.remote_dom = DOMID_SELF, .remote_port = unbound(DOMID_SELF)};
    long error = OP(bind_interdomain, op);

    *one = op.remote_port;
    *other = op.local_port;
    return error;
}

static long bind_pair(void)
{
    unsigned int one, other;
    long error = pair(&one, &other);

    note_status(one);
    note_status(other);
    note(" pending %u %u", event_pending(one), event_pending(other));
    event_clear(one);
    event_clear(other);
    port_close(other);
    note(" after closing one:");
    note_status(one);
    port_close(one);
    return error;
}

static long bind_used(void)
{
    struct evtchn_bind_interdomain op = {.remote_dom = DOMID_SELF};
    unsigned int one, other;
    long error;

    pair(&one, &other);
    op.remote_port = one;
    error = OP(bind_interdomain, op);
    event_clear(one);
    event_clear(other);
    port_close(one);
    port_close(other);
    return error;
}

static long bind_not_mine(void)
{
    struct evtchn_bind_interdomain op = {.remote_dom = DOMID_SELF, .remote_port = unbound(NOBODY)};
    long error = OP(bind_interdomain, op);

    port_close(op.remote_port);
    return error;
}

static long send_pair(void)
{
    struct evtchn_send op;
    unsigned int one, other;
    long error;

    pair(&one, &other);
    event_clear(one);
    event_clear(other);
    op.port = other;
    error = OP(send, op);
    note(" pending %u %u upcall %u", event_pending(one), event_pending(other),
         vcpu_info_self()->evtchn_upcall_pending);
    event_clear(one);
    port_close(one);
    port_close(other);
    return error;
}

static long send_unmasked_pair(void)
{
    struct evtchn_send op;
    unsigned int one, other;
    long error;

    pair(&one, &other);
    event_clear(one);
    event_clear(other);
    vcpu_info_self()->evtchn_upcall_pending = 0;
    vcpu_info_self()->evtchn_pending_sel = 0;
    shared_info->evtchn_mask[one / 64] &= ~(1ul << one % 64);
    op.port = other;
    error = OP(send, op);
    note(" pending %u upcall %u selected %u", event_pending(one), vcpu_info_self()->evtchn_upcall_pending,
         vcpu_info_self()->evtchn_pending_sel != 0);
    event_mask_port(one);
    event_clear(one);
    port_close(one);
    port_close(other);
    return error;
}

static long ipi(void)
{
    struct evtchn_send op = {.port = bound_ipi(0)};
    long error;

    note_status(op.port);
    error = OP(send, op);
    note(" pending %u", event_pending(op.port));
    event_clear(op.port);
    port_close(op.port);
    return error;
}

static long ipi_twice(void)
{
    unsigned int one = bound_ipi(0), other = bound_ipi(0);

    note(" %s", one == other ? "one port" : "two ports");
    port_close(one);
    return port_close(other);
}

static long ipi_rebound(void)
{
    struct evtchn_bind_vcpu op = {.port = bound_ipi(0), .vcpu = 1};
    long error = OP(bind_vcpu, op);

    port_close(op.port);
    return error;
}

static long virq_timer(void)
{
    long error;
    unsigned int port = bound_virq(VIRQ_TIMER, 0, &error);

    note_status(port);
    note_value("again", (bound_virq(VIRQ_TIMER, 0, &error), error));
    note_value("elsewhere", (port_close(bound_virq(VIRQ_TIMER, 1, &error)), error));
    return port_close(port);
}

static long virq_rebound(void)
{
    long error;
    struct evtchn_bind_vcpu op = {.port = bound_virq(VIRQ_TIMER, 0, &error), .vcpu = 1};

    error = OP(bind_vcpu, op);
    port_close(op.port);
    return error;
}

static long virq_send(void)
{
    long error;
    struct evtchn_send op = {.port = bound_virq(VIRQ_DEBUG, 0, &error)};

    error = OP(send, op);
    note(" pending %u", event_pending(op.port));
    event_clear(op.port);
    port_close(op.port);
    return error;
}

static long virq_global(void)
{
    long error;
    unsigned int port = bound_virq(VIRQ_DOM_EXC, 0, &error);
    struct evtchn_bind_vcpu op = {.port = port, .vcpu = 1};

    if (error)
        return error;
    note_status(port);
    note_value("moved", OP(bind_vcpu, op));
    note_status(port);
    return port_close(port);
}

static long bind_vcpu_unbound(void)
{
    struct evtchn_bind_vcpu op = {.port = unbound(DOMID_SELF), .vcpu = 1};
    long error = OP(bind_vcpu, op);

    note_status(op.port);
    port_close(op.port);
    return error;
}

static long bind_vcpu_pair(void)
{
    struct evtchn_bind_vcpu op = {.vcpu = 1};
    unsigned int one, other;
    long error;

    pair(&one, &other);
    op.port = one;
    error = OP(bind_vcpu, op);
    note_status(one);
    op.vcpu = 2;
    note_value("to 2", OP(bind_vcpu, op));
    event_clear(one);
    event_clear(other);
    port_close(one);
    port_close(other);
    return error;
}

static long unmask_pending(void)
{
    struct evtchn_unmask op;
    unsigned int one, other;
    long error;

    pair(&one, &other);
    event_clear(other);
    vcpu_info_self()->evtchn_upcall_pending = 0;
    shared_info->evtchn_pending[one / 64] |= 1ul << one % 64;
    op.port = one;
    error = OP(unmask, op);
    note(" mask %lu upcall %u", shared_info->evtchn_mask[one / 64] >> one % 64 & 1,
         vcpu_info_self()->evtchn_upcall_pending);
    event_mask_port(one);
    event_clear(one);
    port_close(one);
    port_close(other);
    return error;
}

static long status_closed(void)
{
    unsigned int port = unbound(DOMID_SELF);

    note_status(port);
    note_value("close", port_close(port));
    note_status(port);
    return 0;
}

static long close_pending(void)
{
    struct evtchn_send op = {.port = bound_ipi(0)};
    long error;

    OP(send, op);
    error = port_close(op.port);
    note(" pending %u", event_pending(op.port));
    event_clear(op.port);
    return error;
}

const struct row rows_events[] = {
    RUN("event/alloc-status", alloc_status),
    RUN("event/alloc-other-status", alloc_other_status),
    RUN("event/alloc-lowest", alloc_lowest),
    ALLOC("event/alloc-for-nobody", .dom = NOBODY, .remote_dom = DOMID_SELF),
    ALLOC("event/alloc-dom-invalid", .dom = DOMID_INVALID),
    ALLOC("event/alloc-dom-io", .dom = DOMID_IO),
    ALLOC("event/alloc-dom-xen", .dom = DOMID_XEN),
    ALLOC("event/alloc-dom-idle", .dom = DOMID_IDLE),
    ALLOC("event/alloc-dom-8000", .dom = 0x8000),
    POINTER("event/alloc-null", alloc_unbound, 0),
    POINTER("event/alloc-crooked", alloc_unbound, CROOKED),
    POINTER("event/alloc-hypervisor", alloc_unbound, HV),
    POINTER("event/alloc-unmapped", alloc_unbound, NONE_),
    POINTER("event/alloc-edge", alloc_unbound, EDGE),
    POINTER("event/alloc-ends-at-edge", alloc_unbound, EDGE - 4),
    RUN("event/close-twice", close_twice),
    RUN("event/close-pending", close_pending),
    PORT_CALL("event/close-0", close, 0),
    PORT_CALL("event/close-free", close, 900),
    PORT_CALL("event/close-free-far", close, 4095),
    PORT_CALL("event/close-4096", close, 4096),
    PORT_CALL("event/close-highest", close, 0xffffffffu),
    POINTER("event/close-null", close, 0),
    POINTER("event/close-crooked", close, CROOKED),
    POINTER("event/close-hypervisor", close, HV),
    RUN("event/send-unbound", send_unbound),
    RUN("event/send-pair", send_pair),
    RUN("event/send-unmasked-pair", send_unmasked_pair),
    PORT_CALL("event/send-0", send, 0),
    PORT_CALL("event/send-free", send, 900),
    PORT_CALL("event/send-4096", send, 4096),
    PORT_CALL("event/send-highest", send, 0xffffffffu),
    POINTER("event/send-null", send, 0),
    POINTER("event/send-edge", send, EDGE),
    POINTER("event/send-hypervisor", send, HV),
    RUN("event/bind-pair", bind_pair),
    RUN("event/bind-used", bind_used),
    RUN("event/bind-not-mine", bind_not_mine),
    WITH("event/bind-nobody", event_channel_op, ((struct evtchn_bind_interdomain){.remote_dom = NOBODY}),
         EVTCHNOP_bind_interdomain, IN),
    WITH("event/bind-port-0", event_channel_op, ((struct evtchn_bind_interdomain){.remote_dom = DOMID_SELF}),
         EVTCHNOP_bind_interdomain, IN),
    WITH("event/bind-free", event_channel_op,
         ((struct evtchn_bind_interdomain){.remote_dom = DOMID_SELF, .remote_port = 900}), EVTCHNOP_bind_interdomain,
         IN),
    WITH("event/bind-4096", event_channel_op,
         ((struct evtchn_bind_interdomain){.remote_dom = DOMID_SELF, .remote_port = 4096}), EVTCHNOP_bind_interdomain,
         IN),
    WITH("event/bind-dom-xen", event_channel_op, ((struct evtchn_bind_interdomain){.remote_dom = DOMID_XEN}),
         EVTCHNOP_bind_interdomain, IN),
    POINTER("event/bind-unmapped", bind_interdomain, NONE_),
    RUN("event/ipi", ipi),
    RUN("event/ipi-twice", ipi_twice),
    RUN("event/ipi-rebound", ipi_rebound),
    WITH("event/ipi-vcpu-2", event_channel_op, ((struct evtchn_bind_ipi){.vcpu = 2}), EVTCHNOP_bind_ipi, IN),
    WITH("event/ipi-vcpu-highest", event_channel_op, ((struct evtchn_bind_ipi){.vcpu = 0xffffffffu}),
         EVTCHNOP_bind_ipi, IN),
    POINTER("event/ipi-unmapped", bind_ipi, NONE_),
    RUN("event/virq-timer", virq_timer),
    RUN("event/virq-rebound", virq_rebound),
    RUN("event/virq-send", virq_send),
    RUN("event/virq-global", virq_global),
    VIRQ("event/virq-24", .virq = 24),
    VIRQ("event/virq-highest", .virq = 0xffffffffu),
    VIRQ("event/virq-console-on-vcpu-1", .virq = VIRQ_CONSOLE, .vcpu = 1),
    VIRQ("event/virq-timer-vcpu-2", .virq = VIRQ_TIMER, .vcpu = 2),
    VIRQ("event/virq-timer-vcpu-highest", .virq = VIRQ_TIMER, .vcpu = 0xffffffffu),
    POINTER("event/virq-unmapped", bind_virq, NONE_),
    RUN("event/bind-vcpu-unbound", bind_vcpu_unbound),
    RUN("event/bind-vcpu-pair", bind_vcpu_pair),
    WITH("event/bind-vcpu-free-port", event_channel_op, ((struct evtchn_bind_vcpu){.port = 900}), EVTCHNOP_bind_vcpu,
         IN),
    WITH("event/bind-vcpu-port-4096", event_channel_op, ((struct evtchn_bind_vcpu){.port = 4096}), EVTCHNOP_bind_vcpu,
         IN),
    WITH("event/bind-vcpu-2", event_channel_op, ((struct evtchn_bind_vcpu){.port = 900, .vcpu = 2}),
         EVTCHNOP_bind_vcpu, IN),
    POINTER("event/bind-vcpu-unmapped", bind_vcpu, NONE_),
    WITH("event/pirq-wrong", event_channel_op, ((struct evtchn_bind_pirq){.pirq = 0xffffffffu}), EVTCHNOP_bind_pirq,
         IN),
    WITH("event/pirq-1000", event_channel_op, ((struct evtchn_bind_pirq){.pirq = 1000}), EVTCHNOP_bind_pirq, IN),
    POINTER("event/pirq-unmapped", bind_pirq, NONE_),
    RUN("event/unmask-pending", unmask_pending),
    PORT_CALL("event/unmask-0", unmask, 0),
    PORT_CALL("event/unmask-free", unmask, 900),
    PORT_CALL("event/unmask-4095", unmask, 4095),
    PORT_CALL("event/unmask-4096", unmask, 4096),
    PORT_CALL("event/unmask-highest", unmask, 0xffffffffu),
    POINTER("event/unmask-unmapped", unmask, NONE_),
    STATUS("event/status-0", .dom = DOMID_SELF),
    STATUS("event/status-4096", .dom = DOMID_SELF, .port = 4096),
    RUN("event/status-closed", status_closed),
    STATUS("event/status-nobody", .dom = NOBODY, .port = 1),
    STATUS("event/status-dom-xen", .dom = DOMID_XEN, .port = 1),
    POINTER("event/status-unmapped", status, NONE_),
    POINTER("event/status-read-only", status, RO),
    WITH("event/reset-nobody", event_channel_op, ((struct evtchn_reset){.dom = NOBODY}), EVTCHNOP_reset, IN),
    WITH("event/reset-dom-xen", event_channel_op, ((struct evtchn_reset){.dom = DOMID_XEN}), EVTCHNOP_reset, IN),
    POINTER("event/reset-unmapped", reset, NONE_),
    CALL("event/command-15", event_channel_op, 15, IN),
    CALL("event/command-highest", event_channel_op, 0xffffffffu, IN),
    CALL("event/command-upper-half", event_channel_op, 0x100000000ul | EVTCHNOP_close, IN),
    ROWS_END,
};

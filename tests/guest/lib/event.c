/* SPDX-License-Identifier: MIT */
/* Event channels on the guest's side, for vCPU 0: the upcall walks pending ports and calls their
 * handlers. */
#include <public/event_channel.h>

#include "guest.h"

#define PORTS 1024

volatile unsigned int event_upcalls;
static event_handler handlers[PORTS];

static void events_take(void)
{
    struct vcpu_info *vcpu = &shared_info->vcpu_info[0];
    unsigned long words, bits;

    __atomic_store_n(&vcpu->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    words = __atomic_exchange_n(&vcpu->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    for (; words; words &= words - 1) {
        unsigned int word = (unsigned int)__builtin_ctzl(words);

        bits = shared_info->evtchn_pending[word] & ~shared_info->evtchn_mask[word];
        for (; bits; bits &= bits - 1) {
            unsigned int port = word * 64 + (unsigned int)__builtin_ctzl(bits);

            event_clear(port);
            if (port >= PORTS || !handlers[port])
                report_error("event on port %u, which nobody waits for", port);
            handlers[port](port);
        }
    }
}

static bool upcall(struct trap_frame *frame)
{
    (void)frame;
    event_upcalls++;
    events_take();
    return true;
}

void event_set_handler(unsigned int port, event_handler handler)
{
    trap_set_handler(TRAP_EVENT, upcall);
    handlers[port] = handler;
}

bool event_pending(unsigned int port)
{
    return __atomic_load_n(&shared_info->evtchn_pending[port / 64], __ATOMIC_SEQ_CST) >> port % 64 &
           1;
}

void event_clear(unsigned int port)
{
    __atomic_fetch_and(&shared_info->evtchn_pending[port / 64], ~(1UL << port % 64),
                       __ATOMIC_SEQ_CST);
}

void event_mask_port(unsigned int port)
{
    __atomic_fetch_or(&shared_info->evtchn_mask[port / 64], 1UL << port % 64, __ATOMIC_SEQ_CST);
}

void event_unmask_port(unsigned int port)
{
    struct evtchn_unmask unmask = {.port = port};

    hypercall_event_channel_op(EVTCHNOP_unmask, &unmask);
}

void events_on(void)
{
    struct vcpu_info *vcpu = &shared_info->vcpu_info[0];

    __atomic_store_n(&vcpu->evtchn_upcall_mask, 0, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&vcpu->evtchn_upcall_pending, __ATOMIC_SEQ_CST))
        events_take();
}

/* An unbound port tells whom it waits for: here the guest itself. */
domid_t guest_domid(void)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_status status = {.dom = DOMID_SELF};
    struct evtchn_close close;
    long rc = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &alloc);

    if (rc)
        report_error("alloc_unbound: %ld", rc);
    status.port = close.port = alloc.port;
    rc = hypercall_event_channel_op(EVTCHNOP_status, &status);
    if (rc)
        report_error("evtchn_status: %ld", rc);
    hypercall_event_channel_op(EVTCHNOP_close, &close);
    return status.u.unbound.dom;
}

/* SPDX-License-Identifier: MIT */
/* Event channels on the guest's side: the upcall walks the vcpu's pending ports and calls their
 * handlers. */
#include <public/event_channel.h>

#include "guest.h"

#define PORTS 1024

volatile unsigned int event_upcalls;
static event_handler handlers[PORTS];
static uint8_t vcpu_of[PORTS]; /* the words of pending bits are all vcpus': each takes its own */

/* Clears it; was it pending? (An upcall inside a handler may have taken it meanwhile.) */
static bool event_take(unsigned int port)
{
    uint64_t bit = 1UL << port % 64;

    return __atomic_fetch_and(&shared_info->evtchn_pending[port / 64], ~bit, __ATOMIC_SEQ_CST) &
           bit;
}

static void events_take(void)
{
    struct vcpu_info *vcpu = vcpu_info_self();
    unsigned long words, bits;

    __atomic_store_n(&vcpu->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    words = __atomic_exchange_n(&vcpu->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    for (; words; words &= words - 1) {
        unsigned int word = (unsigned int)__builtin_ctzl(words);

        bits = shared_info->evtchn_pending[word] & ~shared_info->evtchn_mask[word];
        for (; bits; bits &= bits - 1) {
            unsigned int port = word * 64 + (unsigned int)__builtin_ctzl(bits);

            if (port < PORTS && vcpu_of[port] != smp_self())
                continue;
            if (!event_take(port))
                continue;
            if (port >= PORTS || !handlers[port])
                report_error("event on port %u, which nobody waits for", port);
            handlers[port](port);
        }
    }
}

static bool upcall(struct trap_frame *frame)
{
    (void)frame;
    __atomic_fetch_add(&event_upcalls, 1, __ATOMIC_RELAXED);
    events_take();
    return true;
}

void event_set_handler(unsigned int port, event_handler handler)
{
    trap_set_handler(TRAP_EVENT, upcall);
    handlers[port] = handler;
}

void event_set_vcpu(unsigned int port, unsigned int vcpu)
{
    vcpu_of[port] = (uint8_t)vcpu;
}

bool event_pending(unsigned int port)
{
    return __atomic_load_n(&shared_info->evtchn_pending[port / 64], __ATOMIC_SEQ_CST) >> port % 64 &
           1;
}

void event_clear(unsigned int port)
{
    event_take(port);
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
    struct vcpu_info *vcpu = vcpu_info_self();

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

/* SPDX-License-Identifier: MIT */
/*
 * Theory: a port that is closed, of the wrong kind, or beyond all ports is refused in each
 * operation, and so is a domain, vCPU or virtual interrupt that is not there. Running out of ports
 * is an error, not an end: after closing them all can be had again.
 */
#include <public/event_channel.h>

#include "guest.h"

const char test_title[] = "evtchn-refuse: wrong ports and running out of them";

static long op(unsigned int command, void *arg)
{
    return hypercall_event_channel_op(command, arg);
}

static void check_ports(void)
{
    static const uint32_t ports[] = {0,
                                     700,
                                     EVTCHN_2L_NR_CHANNELS - 1,
                                     EVTCHN_2L_NR_CHANNELS,
                                     EVTCHN_2L_NR_CHANNELS + 1,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff};

    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        struct evtchn_send send = {.port = ports[i]};
        struct evtchn_close close = {.port = ports[i]};
        struct evtchn_unmask unmask = {.port = ports[i]};
        struct evtchn_bind_vcpu bind = {.port = ports[i], .vcpu = 0};
        struct evtchn_bind_interdomain peer = {.remote_dom = DOMID_SELF, .remote_port = ports[i]};

        CHECK_REFUSED(op(EVTCHNOP_send, &send));
        CHECK_REFUSED(op(EVTCHNOP_close, &close));
        CHECK_REFUSED(op(EVTCHNOP_bind_vcpu, &bind));
        CHECK_REFUSED(op(EVTCHNOP_bind_interdomain, &peer));
        if (ports[i] >= EVTCHN_2L_NR_CHANNELS)
            CHECK_REFUSED(op(EVTCHNOP_unmask, &unmask));
    }
}

static void check_others(void)
{
    struct evtchn_alloc_unbound alloc = {.dom = 1234, .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain peer = {.remote_dom = 1234, .remote_port = 1};
    struct evtchn_bind_virq virq = {.virq = NR_VIRQS, .vcpu = 0};
    struct evtchn_bind_ipi ipi = {.vcpu = 77};
    struct evtchn_status status = {.dom = 1234, .port = 1};
    struct evtchn_send send;

    CHECK_REFUSED(op(EVTCHNOP_alloc_unbound, &alloc));
    CHECK_REFUSED(op(EVTCHNOP_bind_interdomain, &peer));
    CHECK_REFUSED(op(EVTCHNOP_bind_virq, &virq));
    virq.virq = 0xffffffff;
    CHECK_REFUSED(op(EVTCHNOP_bind_virq, &virq));
    virq.virq = VIRQ_DEBUG;
    virq.vcpu = 77;
    CHECK_REFUSED(op(EVTCHNOP_bind_virq, &virq));
    CHECK_REFUSED(op(EVTCHNOP_bind_ipi, &ipi));
    ipi.vcpu = 0xffffffff;
    CHECK_REFUSED(op(EVTCHNOP_bind_ipi, &ipi));
    CHECK_REFUSED(op(EVTCHNOP_status, &status));
    CHECK_REFUSED(op(99, &status));
    CHECK_ERROR(op(EVTCHNOP_send, (void *)8), XEN_EFAULT);
    /* A virtual interrupt's port cannot be sent to, nor bound to. */
    virq.vcpu = 0;
    CHECK_OK(op(EVTCHNOP_bind_virq, &virq));
    send.port = virq.port;
    CHECK_REFUSED(op(EVTCHNOP_send, &send));
    peer.remote_dom = DOMID_SELF;
    peer.remote_port = virq.port;
    CHECK_REFUSED(op(EVTCHNOP_bind_interdomain, &peer));
}

static void check_exhaustion(void)
{
    static uint32_t ports[EVTCHN_2L_NR_CHANNELS];
    unsigned int count = 0, again;

    for (unsigned int pass = 0; pass < 2; pass++) {
        for (again = 0; again < EVTCHN_2L_NR_CHANNELS; again++) {
            struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};

            if (op(EVTCHNOP_alloc_unbound, &alloc) < 0)
                break;
            ports[again] = alloc.port;
        }
        CHECK(again >= 900 && again < EVTCHN_2L_NR_CHANNELS, "%u ports could be had", again);
        if (pass)
            CHECK_EQ(again, count);
        count = again;
        for (unsigned int i = 0; i < again; i++) {
            struct evtchn_close close = {.port = ports[i]};

            CHECK_OK(op(EVTCHNOP_close, &close));
        }
    }
}

void test_main(void)
{
    check_ports();
    check_others();
    check_exhaustion();
}

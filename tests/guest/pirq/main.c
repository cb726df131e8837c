/* SPDX-License-Identifier: MIT */
/*
 * Theory: dom0 turns interrupt lines into pirqs and binds them to event channels, once each; a
 * line, a pirq or a port that is not there is refused. Line 9 (ACPI's) is used: the PIT's and the
 * serial port's are not dom0's.
 */
#include <public/event_channel.h>
#include <public/physdev.h>

#include "guest.h"

const char test_title[] = "pirq: physical interrupts as events";

#define GSI 9

/* A port that outlived its pirq's mapping must not take the line away from another, bound to the pirq's next one. A
 * hypervisor that does not let a bound pirq be unmapped has no such port. */
static void check_outlived(struct physdev_map_pirq *map, struct physdev_unmap_pirq *unmap)
{
    struct evtchn_bind_pirq first = {.pirq = GSI}, second = {.pirq = GSI}, third = {.pirq = GSI};
    struct evtchn_close close;

    CHECK_OK(hypercall_event_channel_op(EVTCHNOP_bind_pirq, &first));
    close.port = first.port;
    if (hypercall_physdev_op(PHYSDEVOP_unmap_pirq, unmap) || hypercall_physdev_op(PHYSDEVOP_map_pirq, map) ||
        hypercall_event_channel_op(EVTCHNOP_bind_pirq, &second)) {
        CHECK_OK(hypercall_event_channel_op(EVTCHNOP_close, &close));
        return;
    }
    CHECK_OK(hypercall_event_channel_op(EVTCHNOP_close, &close));
    CHECK_REFUSED(hypercall_event_channel_op(EVTCHNOP_bind_pirq, &third));
    close.port = second.port;
    CHECK_OK(hypercall_event_channel_op(EVTCHNOP_close, &close));
}

void test_main(void)
{
    struct physdev_setup_gsi setup = {.gsi = GSI, .triggering = 1, .polarity = 0};
    struct physdev_map_pirq map = {
        .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = GSI, .pirq = GSI};
    struct physdev_irq_status_query query = {.irq = GSI};
    struct physdev_unmap_pirq unmap = {.domid = DOMID_SELF, .pirq = GSI};
    struct physdev_eoi eoi = {.irq = 0xffffffff};
    struct evtchn_bind_pirq bind = {.pirq = GSI};
    struct evtchn_close close;

    if (!guest_is_dom0())
        report_skip("a VPS has no physical interrupt");
    hypercall_physdev_op(PHYSDEVOP_setup_gsi, &setup); /* may have been done by the hypervisor */
    CHECK_OK(hypercall_physdev_op(PHYSDEVOP_map_pirq, &map));
    CHECK_EQ(map.pirq, GSI);
    CHECK_OK(hypercall_physdev_op(PHYSDEVOP_irq_status_query, &query));
    CHECK_OK(hypercall_event_channel_op(EVTCHNOP_bind_pirq, &bind));
    close.port = bind.port;
    CHECK_REFUSED(hypercall_event_channel_op(EVTCHNOP_bind_pirq, &bind)); /* once */
    CHECK_OK(hypercall_event_channel_op(EVTCHNOP_close, &close));
    check_outlived(&map, &unmap);
    bind.pirq = 0xfffff;
    CHECK_REFUSED(hypercall_event_channel_op(EVTCHNOP_bind_pirq, &bind));
    CHECK_REFUSED(hypercall_physdev_op(PHYSDEVOP_eoi, &eoi));
    query.irq = 0xffffffff;
    CHECK_REFUSED(hypercall_physdev_op(PHYSDEVOP_irq_status_query, &query));
    map.index = 5000;
    map.pirq = -1;
    CHECK_REFUSED(hypercall_physdev_op(PHYSDEVOP_map_pirq, &map));
    map.index = GSI;
    map.type = 77;
    CHECK_REFUSED(hypercall_physdev_op(PHYSDEVOP_map_pirq, &map));
    unmap.pirq = 0x7fffffff;
    CHECK_REFUSED(hypercall_physdev_op(PHYSDEVOP_unmap_pirq, &unmap));
    CHECK_REFUSED(hypercall_physdev_op(999, &unmap));
}

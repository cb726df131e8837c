/* SPDX-License-Identifier: MIT */
/*
 * The test guest's side of guest-pv-drivers/os.h. Its ports stay masked and upcalls stay off: waiting
 * is SCHEDOP_poll, which looks at pending bits alone, so nothing here needs the runtime's event code.
 */
#include "os.h"

#include <public/event_channel.h>
#include <public/sched.h>

#include "guest.h"

void *os_console_page(uint32_t *port)
{
    if (guest_is_dom0())
        return NULL;
    *port = start_info->console.domU.evtchn;
    event_mask_port(*port);
    return page_of(start_info->console.domU.mfn);
}

void *os_store_page(uint32_t *port)
{
    if (guest_is_dom0() || start_info->store_mfn == 0)
        return NULL;
    *port = start_info->store_evtchn;
    event_mask_port(*port);
    return page_of(start_info->store_mfn);
}

void os_event_send(uint32_t port)
{
    struct evtchn_send send = {.port = port};

    hypercall_event_channel_op(EVTCHNOP_send, &send);
}

void os_event_clear(uint32_t port)
{
    event_clear(port);
}

void os_event_wait(const uint32_t *ports, unsigned int count, uint64_t deadline_ns)
{
    struct sched_poll poll = {.nr_ports = count,
                              .timeout = deadline_ns == OS_NEVER ? 0 : deadline_ns};
    evtchn_port_t list[4];

    if (count > 4)
        report_error("os_event_wait for %u ports", count);
    for (unsigned int i = 0; i < count; i++)
        list[i] = ports[i];
    poll.ports.p = list;
    hypercall_sched_op(SCHEDOP_poll, &poll);
}

uint64_t os_time(void)
{
    return time_now();
}

void os_log(const char *text)
{
    /* Not print: that is the console ring again, which may be what this is about. */
    hypercall_console_io(CONSOLEIO_write, strlen(text), text);
}

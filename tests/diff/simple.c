/* SPDX-License-Identifier: MIT */
/* Calls with a command and at most one structure: version, scheduling, timers, console, assists. */
#include <public/nmi.h>
#include <public/version.h>

#include "diff.h"

#define VERSION(name, command, pointer) CALL("version/" name, xen_version, XENVER_##command, pointer)
#define FEATURES(name, shown, index) \
    SHOW(name, xen_version, shown, ((struct xen_feature_info){.submap_idx = index}), XENVER_get_features, IN)

/* The first word of a string that does not name a build. */
static long capabilities(void)
{
    long error = hypercall_xen_version(XENVER_capabilities, row_in);

    note(" [%s] last byte %u", (char *)row_in, row_in[1023]);
    return error;
}

static long version_strings_end(void)
{
    static const struct {
        unsigned int command, size;
    } strings[] = {{XENVER_extraversion, 16}, {XENVER_changeset, 64}, {XENVER_commandline, 1024}};
    long error = 0;

    for (unsigned int i = 0; i < 3; i++) {
        memset(row_in, 0xee, PAGE_SIZE);
        error = hypercall_xen_version(strings[i].command, row_in);
        note(" %ld: last %x beyond %x", error, row_in[strings[i].size - 1], row_in[strings[i].size]);
    }
    return error;
}

static long guest_handle(void)
{
    long error;

    memset(row_in, 0xee, 32);
    error = hypercall_xen_version(XENVER_guest_handle, row_in);
    note(" beyond %x", row_in[16]);
    return error;
}

const struct row rows_version[] = {
    VERSION("version", version, 0),
    VERSION("version-pointer", version, CROOKED),
    VERSION("extraversion", extraversion, GOOD),
    VERSION("extraversion-null", extraversion, 0),
    VERSION("extraversion-hypervisor", extraversion, HV),
    VERSION("extraversion-read-only", extraversion, RO),
    VERSION("extraversion-edge", extraversion, EDGE),
    VERSION("compile-info", compile_info, GOOD),
    VERSION("compile-info-null", compile_info, 0),
    VERSION("compile-info-read-only", compile_info, RO),
    RUN("version/capabilities", capabilities),
    VERSION("capabilities-null", capabilities, 0),
    VERSION("changeset", changeset, GOOD),
    VERSION("changeset-unmapped", changeset, NONE_),
    SHOW("version/platform-parameters", xen_version, 3, ((uint64_t){0}), XENVER_platform_parameters, IN),
    VERSION("platform-parameters-null", platform_parameters, 0),
    FEATURES("version/features-0", 3, 0),
    FEATURES("version/features-1", 3, 1),
    FEATURES("version/features-highest", 3, 0xffffffffu),
    VERSION("features-null", get_features, 0),
    VERSION("features-read-only", get_features, RO),
    VERSION("pagesize", pagesize, 0),
    VERSION("pagesize-pointer", pagesize, GOOD),
    RUN("version/guest-handle", guest_handle),
    VERSION("guest-handle-null", guest_handle, 0),
    VERSION("commandline", commandline, GOOD),
    VERSION("commandline-read-only", commandline, RO),
    RUN("version/strings-end", version_strings_end),
    LOOSE("version/build-id-length", xen_version, XENVER_build_id, 0),
    WITH("version/build-id-no-room", xen_version, ((struct xen_build_id){.len = 0}), XENVER_build_id, IN),
    WITH("version/build-id-little-room", xen_version, ((struct xen_build_id){.len = 1}), XENVER_build_id, IN),
    CALL("version/command-11", xen_version, 11, GOOD),
    CALL("version/command-highest", xen_version, 0xffffffffu, GOOD),
    CALL("version/command-upper-half", xen_version, 0x100000000ul | XENVER_pagesize, GOOD),
    ROWS_END,
};

/* ---- sched_op, set_timer_op ---- */

static long poll_one(unsigned int port, uint64_t timeout)
{
    struct sched_poll op = {.nr_ports = 1, .timeout = timeout};

    memcpy(row_in, &port, sizeof(port));
    set_xen_guest_handle(op.ports, (evtchn_port_t *)(void *)row_in);
    return hypercall_sched_op(SCHEDOP_poll, &op);
}

static unsigned int ipi_port(void)
{
    struct evtchn_bind_ipi op = {.vcpu = 0};

    hypercall_event_channel_op(EVTCHNOP_bind_ipi, &op);
    return op.port;
}

static void port_end(unsigned int port)
{
    struct evtchn_close op = {.port = port};

    hypercall_event_channel_op(EVTCHNOP_close, &op);
    event_clear(port);
}

static long poll_pending(void)
{
    struct evtchn_send op = {.port = ipi_port()};
    long result;

    hypercall_event_channel_op(EVTCHNOP_send, &op);
    result = poll_one(op.port, 0);
    note(" still pending %u", event_pending(op.port));
    port_end(op.port);
    return result;
}

static long poll_timeout(void)
{
    unsigned int port = ipi_port();
    uint64_t start = time_now(), until = start + 2000000;
    long result = poll_one(port, until);

    note(" %s", time_now() >= until ? "in time" : "too early");
    port_end(port);
    return result;
}

static long poll_past(void)
{
    unsigned int port = ipi_port();
    long result = poll_one(port, time_now() - 1000);

    port_end(port);
    return result;
}

static long poll_no_ports(void)
{
    struct sched_poll op = {.timeout = time_now() + 100000};

    return hypercall_sched_op(SCHEDOP_poll, &op);
}

static long poll_port_wrong(void)
{
    return poll_one(4096, time_now() + 1000000);
}
static long poll_port_highest(void)
{
    return poll_one(0xffffffffu, time_now() + 1000000);
}
static long poll_port_0(void)
{
    return poll_one(0, time_now() + 1000000);
}

static long poll_many(unsigned int count)
{
    struct sched_poll op = {.nr_ports = count, .timeout = time_now() + 1000000};

    set_xen_guest_handle(op.ports, (evtchn_port_t *)(void *)resolve(GOOD));
    for (unsigned int i = 0; i < count && i < 1024; i++)
        ((evtchn_port_t *)resolve(GOOD))[i] = 1;
    return hypercall_sched_op(SCHEDOP_poll, &op);
}
static long poll_128(void)
{
    unsigned int port = ipi_port();
    struct sched_poll op = {.nr_ports = 128, .timeout = time_now() + 1000000};
    long result;

    set_xen_guest_handle(op.ports, (evtchn_port_t *)(void *)resolve(GOOD));
    for (unsigned int i = 0; i < 128; i++)
        ((evtchn_port_t *)resolve(GOOD))[i] = port;
    result = hypercall_sched_op(SCHEDOP_poll, &op);
    port_end(port);
    return result;
}
static long poll_129(void)
{
    return poll_many(129);
}

/* A vcpu with an event waiting does not sleep; one with a timer does until then. */
static long block_timer(void)
{
    struct evtchn_bind_virq op = {.virq = VIRQ_TIMER};
    uint64_t until;
    long result;

    hypercall_event_channel_op(EVTCHNOP_bind_virq, &op);
    event_set_handler(op.port, port_end);
    event_unmask_port(op.port);
    until = time_now() + 1000000;
    note_value("set", hypercall_set_timer_op(until));
    result = hypercall_sched_op(SCHEDOP_block, NULL);
    note(" mask %u %s", vcpu_info_self()->evtchn_upcall_mask, time_now() >= until ? "in time" : "too early");
    events_off();
    port_end(op.port);
    return result;
}

static long timer_past(void)
{
    struct evtchn_bind_virq op = {.virq = VIRQ_TIMER};
    struct sched_poll poll = {.nr_ports = 1};
    long result;

    hypercall_event_channel_op(EVTCHNOP_bind_virq, &op);
    result = hypercall_set_timer_op(1);
    set_xen_guest_handle(poll.ports, &op.port);
    poll.timeout = time_now() + 5000000;
    hypercall_sched_op(SCHEDOP_poll, &poll);
    note(" pending %u", event_pending(op.port));
    event_clear(op.port);
    port_end(op.port);
    return result;
}

/* What lies beyond a sensible future is 100 ms ahead, for a kernel that took a negative number for a time. */
static long timer_after(uint64_t when, uint64_t wait)
{
    struct evtchn_bind_virq op = {.virq = VIRQ_TIMER};
    struct sched_poll poll = {.nr_ports = 1};
    uint64_t start = time_now();
    long result;

    hypercall_event_channel_op(EVTCHNOP_bind_virq, &op);
    result = hypercall_set_timer_op(when);
    set_xen_guest_handle(poll.ports, &op.port);
    poll.timeout = start + wait;
    hypercall_sched_op(SCHEDOP_poll, &poll);
    start = time_now() - start;
    note(" pending %u after %s ms", event_pending(op.port), start < 100000000 ? "few" : start < 250000000 ? "100" : "300");
    hypercall_set_timer_op(0);
    event_clear(op.port);
    port_end(op.port);
    return result;
}
static long timer_negative(void)
{
    return timer_after(-1ul, 300000000);
}
static long timer_far(void)
{
    return timer_after(1ul << 62, 300000000);
}
static long timer_farther(void)
{
    return timer_after(1ul << 51, 300000000);
}

static long watchdog(unsigned int id, unsigned int timeout)
{
    struct sched_watchdog op = {.id = id, .timeout = timeout};

    return hypercall_sched_op(SCHEDOP_watchdog, &op);
}

static long watchdogs(void)
{
    long first = watchdog(0, 1000), second = watchdog(0, 1000);

    note(" first %ld second %ld third %ld", first, second, watchdog(0, 1000));
    note_value("kick", watchdog(1, 1000));
    note_value("kick 3", watchdog(3, 1000));
    note_value("end", watchdog(1, 0));
    note_value("end again", watchdog(1, 0));
    note_value("kick ended", watchdog(1, 1000));
    note_value("again", watchdog(0, 1000));
    note_value("end 1", watchdog(1, 0));
    return watchdog(2, 0);
}

#define SCHED(name, command, pointer) CALL("sched/" name, sched_op, SCHEDOP_##command, pointer)

const struct row rows_sched[] = {
    SCHED("yield", yield, 0),
    SCHED("yield-crooked", yield, CROOKED),
    RUN("sched/block-timer", block_timer),
    RUN("sched/poll-pending", poll_pending),
    RUN("sched/poll-timeout", poll_timeout),
    RUN("sched/poll-past", poll_past),
    RUN("sched/poll-no-ports", poll_no_ports),
    RUN("sched/poll-port-0", poll_port_0),
    RUN("sched/poll-port-4096", poll_port_wrong),
    RUN("sched/poll-port-highest", poll_port_highest),
    RUN("sched/poll-128", poll_128),
    RUN("sched/poll-129", poll_129),
    WITH("sched/poll-list-unmapped", sched_op,
         ((uint64_t[3]){NONE_, 1, 1}), SCHEDOP_poll, IN),
    WITH("sched/poll-list-hypervisor", sched_op, ((uint64_t[3]){HV, 1, 1}), SCHEDOP_poll, IN),
    WITH("sched/poll-list-crooked", sched_op, ((uint64_t[3]){CROOKED, 2, 1}), SCHEDOP_poll, IN),
    WITH("sched/poll-many", sched_op, ((uint64_t[3]){GOOD, 0xffffffff, 1}), SCHEDOP_poll, IN),
    SCHED("poll-null", poll, 0),
    SCHED("poll-unmapped", poll, NONE_),
    SCHED("poll-hypervisor", poll, HV),
    SCHED("shutdown-null", shutdown, 0),
    SCHED("shutdown-crooked", shutdown, CROOKED),
    SCHED("shutdown-code-null", shutdown_code, 0),
    SCHED("remote-null", remote_shutdown, 0),
    WITH("sched/remote-nobody", sched_op, ((struct sched_remote_shutdown){.domain_id = NOBODY}),
         SCHEDOP_remote_shutdown, IN),
    WITH("sched/remote-self", sched_op, ((struct sched_remote_shutdown){.domain_id = DOMID_SELF}),
         SCHEDOP_remote_shutdown, IN),
    WITH("sched/remote-dom-xen", sched_op, ((struct sched_remote_shutdown){.domain_id = DOMID_XEN}),
         SCHEDOP_remote_shutdown, IN),
    RUN("sched/watchdogs", watchdogs),
    WITH("sched/watchdog-id-3", sched_op, ((struct sched_watchdog){.id = 3, .timeout = 10}), SCHEDOP_watchdog, IN),
    WITH("sched/watchdog-id-highest", sched_op, ((struct sched_watchdog){.id = 0xffffffffu, .timeout = 10}),
         SCHEDOP_watchdog, IN),
    WITH("sched/watchdog-not-made", sched_op, ((struct sched_watchdog){.id = 2, .timeout = 10}), SCHEDOP_watchdog, IN),
    SCHED("watchdog-null", watchdog, 0),
    WITH("sched/pin-wrong-cpu", sched_op, ((struct sched_pin_override){.pcpu = 100}), SCHEDOP_pin_override, IN),
    WITH("sched/pin-none", sched_op, ((struct sched_pin_override){.pcpu = -1}), SCHEDOP_pin_override, IN),
    SCHED("pin-null", pin_override, 0),
    CALL("sched/command-8", sched_op, 8, IN),
    CALL("sched/command-highest", sched_op, 0xffffffffu, IN),
    CALL("sched/command-upper-half", sched_op, 0x100000000ul | SCHEDOP_yield, 0),
    CALL("timer/stop", set_timer_op, 0),
    RUN("timer/past", timer_past),
    RUN("timer/negative", timer_negative),
    RUN("timer/far", timer_far),
    RUN("timer/farther", timer_farther),
    ROWS_END,
};

/* ---- console_io, vm_assist ---- */

#define CONSOLE(name, command, count, pointer) CALL("console/" name, console_io, CONSOLEIO_##command, count, pointer)
#define ASSIST(name, command, type) CALL("assist/" name, vm_assist, VMASST_CMD_##command, type)

const struct row rows_console[] = {
    CONSOLE("write-nothing", write, 0, GOOD),
    CONSOLE("write-nothing-crooked", write, 0, CROOKED),
    CONSOLE("write-null", write, 1, 0),
    CONSOLE("write-unmapped", write, 1, NONE_),
    CONSOLE("write-hypervisor", write, 1, HV),
    CONSOLE("write-crooked", write, 1, CROOKED),
    CONSOLE("write-huge-unmapped", write, 0xffffffffu, NONE_),
    CONSOLE("write-negative", write, 0x80000000u, NONE_),
    CONSOLE("read-nothing", read, 0, GOOD),
    CONSOLE("read", read, 16, GOOD),
    CONSOLE("read-hypervisor", read, 16, HV),
    CONSOLE("read-huge", read, 0x7fffffff, GOOD),
    CALL("console/command-2", console_io, 2, 0, 0),
    CALL("console/command-highest", console_io, 0xffffffffu, 0, 0),
    CALL("console/command-upper-half", console_io, 0x100000000ul, 0, 0),
    ASSIST("enable-4gb-segments", enable, VMASST_TYPE_4gb_segments),
    ASSIST("enable-4gb-segments-notify", enable, VMASST_TYPE_4gb_segments_notify),
    ASSIST("enable-writable-pagetables", enable, VMASST_TYPE_writable_pagetables),
    ASSIST("enable-extended-cr3", enable, VMASST_TYPE_pae_extended_cr3),
    ASSIST("enable-architectural-iopl", enable, VMASST_TYPE_architectural_iopl),
    ASSIST("disable-architectural-iopl", disable, VMASST_TYPE_architectural_iopl),
    ASSIST("enable-runstate-update", enable, VMASST_TYPE_runstate_update_flag),
    ASSIST("disable-runstate-update", disable, VMASST_TYPE_runstate_update_flag),
    ASSIST("disable-twice", disable, VMASST_TYPE_runstate_update_flag),
    ASSIST("enable-6", enable, 6),
    ASSIST("enable-31", enable, 31),
    ASSIST("enable-m2p-strict", enable, VMASST_TYPE_m2p_strict),
    ASSIST("disable-m2p-strict", disable, VMASST_TYPE_m2p_strict),
    ASSIST("enable-33", enable, 33),
    ASSIST("enable-63", enable, 63),
    ASSIST("enable-64", enable, 64),
    ASSIST("enable-highest", enable, 0xffffffffu),
    CALL("assist/command-2", vm_assist, 2, VMASST_TYPE_writable_pagetables),
    CALL("assist/command-2-type-31", vm_assist, 2, 31),
    CALL("assist/command-upper-half", vm_assist, 0x100000000ul, VMASST_TYPE_writable_pagetables),
    CALL("assist/type-upper-half", vm_assist, 0, 0x100000000ul | VMASST_TYPE_writable_pagetables),
    ROWS_END,
};

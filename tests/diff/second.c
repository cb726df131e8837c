/* SPDX-License-Identifier: MIT */
/*
 * Two vcpus: what the first does to the second while that is down, runs, or waits; events and timers that belong to it. The
 * second does one piece of work each time it comes up (vcpu.c), with its upcalls masked and no handlers at all.
 */
#include "diff.h"

#define MS 1000000ul

static volatile unsigned int stage, stop; /* how far the second has come; it shall end */

static bool is_up(void)
{
    return hypercall_vcpu_op(VCPUOP_is_up, 1, NULL) == 1;
}

static void second_up(void (*work)(void))
{
    stage = stop = 0;
    second_work = work;
    hypercall_vcpu_op(VCPUOP_up, 1, NULL);
}

/* The second comes to a stage, or what is wrong is noted. */
static void wait_stage(unsigned int wanted)
{
    uint64_t end = time_now() + 200 * MS;

    while (stage < wanted && time_now() < end)
        yield();
    if (stage < wanted)
        note(" never came to %u", wanted);
}

static void wait_down(void)
{
    uint64_t end = time_now() + 200 * MS;

    while (is_up() && time_now() < end)
        yield();
    if (is_up())
        note(" never went down");
}

static void sleep_ms(unsigned int ms)
{
    struct sched_poll poll = {.timeout = time_now() + ms * MS};

    while (time_now() < poll.timeout) /* a VPS's console's event ends a wait too */
        hypercall_sched_op(SCHEDOP_poll, &poll);
}

/* Waits without a port: until it runs or waits for good, for whoever looks from outside. */
static unsigned int second_state(void)
{
    struct vcpu_runstate_info info = {.state = -1};

    hypercall_vcpu_op(VCPUOP_get_runstate_info, 1, &info);
    return (unsigned int)info.state;
}

static unsigned int bind_ipi(unsigned int vcpu)
{
    struct evtchn_bind_ipi op = {.vcpu = vcpu};
    long error = hypercall_event_channel_op(EVTCHNOP_bind_ipi, &op);

    if (error)
        note_value("bind", error);
    return op.port;
}

static unsigned int bind_timer(unsigned int vcpu)
{
    struct evtchn_bind_virq op = {.virq = VIRQ_TIMER, .vcpu = vcpu};
    long error = hypercall_event_channel_op(EVTCHNOP_bind_virq, &op);

    if (error)
        note_value("bind", error);
    return op.port;
}

static long send(unsigned int port)
{
    struct evtchn_send op = {.port = port};

    return hypercall_event_channel_op(EVTCHNOP_send, &op);
}

static long port_end(unsigned int port)
{
    struct evtchn_close op = {.port = port};

    event_mask_port(port);
    event_clear(port);
    second_info->evtchn_upcall_pending = 0;
    second_info->evtchn_pending_sel = 0;
    return hypercall_event_channel_op(EVTCHNOP_close, &op);
}

static void unmask(unsigned int port)
{
    __atomic_fetch_and(&shared_info->evtchn_mask[port / 64], ~(1ul << port % 64), __ATOMIC_SEQ_CST);
}

/* ---- what the second does ---- */

static volatile unsigned long spins;
static volatile uint32_t poll_ports[4];
static volatile unsigned int poll_count;
static volatile uint64_t poll_until;
static volatile long poll_result;

static void spin(void)
{
    for (stage = 1; !stop; spins++)
        yield();
    stage = 2;
}

static void poll(void)
{
    struct sched_poll op = {.nr_ports = poll_count, .timeout = poll_until};

    set_xen_guest_handle(op.ports, (uint32_t *)(uintptr_t)poll_ports);
    stage = 1;
    poll_result = hypercall_sched_op(SCHEDOP_poll, &op);
    stage = 2;
}

static void timer_and_poll(void)
{
    hypercall_set_timer_op(time_now() + MS);
    poll();
}

static void timer_and_down(void)
{
    stage = 1;
    hypercall_set_timer_op(time_now() + 2 * MS);
}

/* ---- rows ---- */

static long while_it_spins(void)
{
    struct vcpu_register_vcpu_info info = {.mfn = resolve(F_GOOD)};
    struct vcpu_set_singleshot_timer single = {.timeout_abs_ns = 1};
    struct vcpu_set_periodic_timer periodic = {.period_ns = 2 * MS};
    static struct vcpu_guest_context context;

    second_up(spin);
    wait_stage(1);
    note_value("is up", hypercall_vcpu_op(VCPUOP_is_up, 1, NULL));
    note(" state %s", second_state() < 2 ? "runs" : "other");
    note_value("up", hypercall_vcpu_op(VCPUOP_up, 1, NULL));
    note_value("initialise", hypercall_vcpu_op(VCPUOP_initialise, 1, &context));
    note_value("info", hypercall_vcpu_op(VCPUOP_register_vcpu_info, 1, &info));
    note_value("oneshot", hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 1, &single));
    note_value("stop oneshot", hypercall_vcpu_op(VCPUOP_stop_singleshot_timer, 1, NULL));
    note_value("periodic", hypercall_vcpu_op(VCPUOP_set_periodic_timer, 1, &periodic));
    note_value("stop periodic", hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 1, NULL));
    stop = 1;
    wait_stage(2);
    wait_down();
    note(" state %u", second_state());
    return hypercall_vcpu_op(VCPUOP_is_up, 1, NULL);
}

static long put_down(void)
{
    unsigned long before;
    long error;

    second_up(spin);
    wait_stage(1);
    error = hypercall_vcpu_op(VCPUOP_down, 1, NULL);
    note_value("again", hypercall_vcpu_op(VCPUOP_down, 1, NULL));
    wait_down();
    sleep_ms(1);
    before = spins;
    sleep_ms(3);
    note(" %s, state %u", spins == before ? "stands still" : "goes on", second_state());
    note_value("up", hypercall_vcpu_op(VCPUOP_up, 1, NULL));
    sleep_ms(3);
    note(" %s", spins == before ? "stands still" : "goes on");
    stop = 1;
    wait_stage(2);
    wait_down();
    return error;
}

static long info_down(void)
{
    struct vcpu_register_vcpu_info info = {.mfn = resolve(F_GOOD)};

    return hypercall_vcpu_op(VCPUOP_register_vcpu_info, 1, &info);
}

static long info_self_wrong(void)
{
    struct vcpu_register_vcpu_info info = {.mfn = resolve(F_GOOD), .offset = 4};

    note_value("crooked", hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info));
    info = (struct vcpu_register_vcpu_info){.mfn = F_NONE};
    note_value("no frame", hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info));
    info.mfn = resolve(F_L1);
    return hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info);
}

static long register_area(unsigned int command, unsigned int vcpu, unsigned long at)
{
    struct vcpu_register_runstate_memory_area op = {.addr.p = at};

    return hypercall_vcpu_op(command, vcpu, &op);
}

/* Twice in a row, then the vcpu runs: which of the places is written to. */
static long areas(unsigned int command, unsigned int vcpu, unsigned int word)
{
    volatile uint64_t *first = (void *)resolve(GOOD), *second = first + 64;
    long error = register_area(command, vcpu, (unsigned long)first);
    bool early;

    note(" first %s", first[word] ? "filled" : "empty");
    note_value("again", register_area(command, vcpu, (unsigned long)second));
    note(" second %s", second[word] ? "filled" : "empty");
    memset((void *)(uintptr_t)first, 0, 512);
    early = second[word];
    second_up(spin);
    wait_stage(1);
    sleep_ms(1);
    stop = 1;
    wait_stage(2);
    wait_down();
    sleep_ms(1);
    note(" then first %s second %s%s", first[word] ? "filled" : "empty", second[word] ? "filled" : "empty",
         early && !second[word] ? " gone" : "");
    note_value("taken back", register_area(command, vcpu, 0));
    return error;
}
static long runstate_areas(void)
{
    return areas(VCPUOP_register_runstate_memory_area, 0, 1);
}
static long runstate_areas_of_second(void)
{
    return areas(VCPUOP_register_runstate_memory_area, 1, 1);
}
static long time_areas(void)
{
    return areas(VCPUOP_register_vcpu_time_memory_area, 0, 3);
}
static long time_areas_of_second(void)
{
    return areas(VCPUOP_register_vcpu_time_memory_area, 1, 3);
}

/* One place for both. */
static long runstate_area_shared(void)
{
    long error = register_area(VCPUOP_register_runstate_memory_area, 0, resolve(GOOD));

    note_value("the other's", register_area(VCPUOP_register_runstate_memory_area, 1, resolve(GOOD)));
    yield();
    note(" %s", *(volatile uint64_t *)(resolve(GOOD) + 8) ? "filled" : "empty");
    register_area(VCPUOP_register_runstate_memory_area, 1, 0);
    register_area(VCPUOP_register_runstate_memory_area, 0, 0);
    return error;
}

static void note_pending(unsigned int port)
{
    note(" pending %u, upcalls %u %u", event_pending(port), vcpu_info_self()->evtchn_upcall_pending,
         second_info->evtchn_upcall_pending);
}

static long ipi_to_down(void)
{
    unsigned int port = bind_ipi(1);
    long error = send(port);

    note_pending(port);
    event_clear(port);
    unmask(port);
    note_value("unmasked", send(port));
    note_pending(port);
    note(" up %u", is_up());
    note_value("end", port_end(port));
    return error;
}

static long moved_to_down(void)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};
    struct evtchn_bind_vcpu move = {.vcpu = 1};
    struct evtchn_status status = {.dom = DOMID_SELF};
    long error;

    hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &alloc);
    bind.remote_port = move.port = status.port = alloc.port;
    hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &bind);
    event_clear(alloc.port);
    event_clear(bind.local_port);
    vcpu_info_self()->evtchn_upcall_pending = 0;
    error = hypercall_event_channel_op(EVTCHNOP_bind_vcpu, &move);
    hypercall_event_channel_op(EVTCHNOP_status, &status);
    note(" vcpu %u", status.vcpu);
    unmask(alloc.port);
    note_value("send", send(bind.local_port));
    note_pending(alloc.port);
    event_clear(alloc.port);
    second_info->evtchn_upcall_pending = 0;
    move.vcpu = 0;
    note_value("back", hypercall_event_channel_op(EVTCHNOP_bind_vcpu, &move));
    note_value("send", send(bind.local_port));
    note_pending(alloc.port);
    port_end(bind.local_port);
    note_value("end", port_end(alloc.port));
    return error;
}

/* A pending port is moved: nothing tells the new vcpu. Unmasking it does. */
static long moved_pending(void)
{
    unsigned int port = bind_ipi(1);
    struct evtchn_unmask op = {.port = port};
    long error;

    send(port);
    second_info->evtchn_upcall_pending = 0;
    error = hypercall_event_channel_op(EVTCHNOP_unmask, &op);
    note_pending(port);
    port_end(port);
    return error;
}

static long ipi_moved_back(void)
{
    struct evtchn_bind_vcpu op = {.port = bind_ipi(1), .vcpu = 0};
    long error = hypercall_event_channel_op(EVTCHNOP_bind_vcpu, &op);

    port_end(op.port);
    return error;
}

/* Waits for three ports; the first vcpu sends to one of them. */
static long poll_many(unsigned int count, unsigned int which, unsigned int of)
{
    long error;

    for (unsigned int i = 0; i < 3; i++)
        poll_ports[i] = bind_ipi(of);
    poll_count = count;
    poll_until = 0;
    second_up(poll);
    wait_stage(1);
    sleep_ms(2);
    note(" state %u stage %u", second_state(), stage);
    error = send(poll_ports[which]);
    wait_stage(2);
    note_value("poll", poll_result);
    wait_down();
    for (unsigned int i = 0; i < 3; i++)
        port_end(poll_ports[i]);
    return error;
}
static long poll_one(void)
{
    return poll_many(1, 0, 1);
}
static long poll_three(void)
{
    return poll_many(3, 1, 1);
}
static long poll_of_first(void)
{
    return poll_many(3, 2, 0);
}

/* Sent to another port than those: it sleeps until its time. */
static long poll_other(void)
{
    unsigned int other = bind_ipi(1);

    poll_ports[0] = bind_ipi(1);
    poll_count = 1;
    poll_until = time_now() + 20 * MS;
    second_up(poll);
    wait_stage(1);
    sleep_ms(2);
    note_value("send", send(other));
    sleep_ms(2);
    note(" state %u stage %u", second_state(), stage);
    wait_stage(2);
    note(" %s", time_now() >= poll_until ? "in time" : "early");
    wait_down();
    port_end(other);
    port_end(poll_ports[0]);
    return poll_result;
}

/* Put down while it waits: an event is then no reason to come up. */
static long poll_and_down(void)
{
    long error;

    poll_ports[0] = bind_ipi(1);
    poll_count = 1;
    poll_until = 0;
    second_up(poll);
    wait_stage(1);
    sleep_ms(2);
    error = hypercall_vcpu_op(VCPUOP_down, 1, NULL);
    note(" up %u state %u", is_up(), second_state());
    note_value("send", send(poll_ports[0]));
    sleep_ms(2);
    note(" up %u stage %u", is_up(), stage);
    note_value("up", hypercall_vcpu_op(VCPUOP_up, 1, NULL));
    wait_stage(2);
    wait_down();
    port_end(poll_ports[0]);
    return error;
}

static long timer_of_second(void)
{
    poll_ports[0] = bind_timer(1);
    poll_count = 1;
    poll_until = time_now() + 100 * MS;
    second_up(timer_and_poll);
    wait_stage(2);
    note(" %s", time_now() < poll_until ? "woken" : "too late");
    note_pending(poll_ports[0]);
    wait_down();
    port_end(poll_ports[0]);
    return poll_result;
}

/* It goes off though its vcpu is down, for which it is no reason to come up. */
static long timer_of_down(void)
{
    unsigned int port = bind_timer(1);

    second_up(timer_and_down);
    wait_stage(1);
    wait_down();
    sleep_ms(6);
    note_pending(port);
    note(" up %u", is_up());
    return port_end(port);
}

/* Set by the first, for the second, which is down. */
static long periodic_of_down(void)
{
    struct vcpu_set_periodic_timer op = {.period_ns = 2 * MS};
    unsigned int port = bind_timer(1);
    long error = hypercall_vcpu_op(VCPUOP_set_periodic_timer, 1, &op);

    sleep_ms(30);
    note(" up %u", is_up());
    note_value("stop", hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 1, NULL));
    port_end(port);
    return error;
}

const struct row rows_second[] = {
    RUN("second/spins", while_it_spins),
    RUN("second/put-down", put_down),
    RUN("second/info-down", info_down),
    RUN("second/info-self-wrong", info_self_wrong),
    RUN("second/runstate-areas-of-first", runstate_areas),
    RUN("second/runstate-areas", runstate_areas_of_second),
    RUN("second/runstate-area-shared", runstate_area_shared),
    RUN("second/time-areas-of-first", time_areas),
    RUN("second/time-areas", time_areas_of_second),
    RUN("second/ipi-to-down", ipi_to_down),
    RUN("second/moved-to-down", moved_to_down),
    RUN("second/unmask-pending", moved_pending),
    RUN("second/ipi-moved-back", ipi_moved_back),
    RUN("second/poll-one", poll_one),
    RUN("second/poll-three", poll_three),
    RUN("second/poll-of-first", poll_of_first),
    RUN("second/poll-other", poll_other),
    RUN("second/poll-and-down", poll_and_down),
    RUN("second/timer", timer_of_second),
    RUN("second/timer-of-down", timer_of_down),
    RUN("second/periodic-of-down", periodic_of_down),
    ROWS_END,
};

/* SPDX-License-Identifier: MIT */
/*
 * Theory: an event that one vcpu sends another arrives, once, on the vcpu it is bound to, whatever that one does at
 * that moment: runs, opens its upcalls, unmasks the port, polls, blocks. Four vcpus send each other, and themselves,
 * numbered messages and wait for each answer, so an event that is lost ends the test, and one that comes twice is
 * counted. Each way of waiting is a phase; in all of them the handlers count exactly what was sent.
 */
#include <public/event_channel.h>
#include <public/sched.h>

#include "smp.h"

const char test_title[] = "smp-ipi: events between vcpus";
SMP_MACHINE(2, 4);

#define VCPUS  4
#define ROUNDS 60
#define PORTS  64

enum way { RUNNING, FLAPPING, MASKING, POLLING, BLOCKING, WAYS };

/* From, to: the port, its messages sent and taken, and the answers back in *from*. */
struct line {
    unsigned int port, answer_port;
    volatile unsigned int sent, taken, answered, got_answer, answer_events;
};
static struct line lines[VCPUS][VCPUS];
static struct line *by_port[PORTS], *by_answer[PORTS];
static unsigned int to_of[PORTS];
static enum way way;

/* One message: its event must come after it was numbered, and never twice for one number. */
static void on_message(unsigned int port)
{
    struct line *line = by_port[port];
    unsigned int sent = line->sent;

    CHECK(smp_self() == to_of[port], "vcpu %u took an event for vcpu %u", smp_self(), to_of[port]);
    line->taken++;
    CHECK(line->taken == sent, "%u events for %u messages", line->taken, sent);
    line->answered = sent;
    smp_send(line->answer_port);
}

static void on_answer(unsigned int port)
{
    struct line *line = by_answer[port];

    CHECK(smp_self() == to_of[port], "vcpu %u took an answer for vcpu %u", smp_self(), to_of[port]);
    line->answer_events++;
    line->got_answer = line->answered;
}

static unsigned int bind(unsigned int to, event_handler handler)
{
    unsigned int port = smp_bind_ipi(to, handler);

    if (port >= PORTS)
        report_error("port %u", port);
    to_of[port] = to;
    return port;
}

static bool all_answered(unsigned int id, unsigned int round)
{
    for (unsigned int to = 0; to < VCPUS; to++)
        if (lines[id][to].got_answer != round)
            return false;
    return true;
}

/* Any of the ports that lead here may end the poll; what is pending is then taken by opening upcalls. */
static void poll_here(unsigned int id)
{
    evtchn_port_t ports[2 * VCPUS];
    struct sched_poll poll = {.nr_ports = 2 * VCPUS};

    for (unsigned int other = 0; other < VCPUS; other++) {
        ports[2 * other] = lines[other][id].port;
        ports[2 * other + 1] = lines[id][other].answer_port;
    }
    set_xen_guest_handle(poll.ports, ports);
    CHECK_OK(hypercall_sched_op(SCHEDOP_poll, &poll));
    events_on();
}

/* Masks a port that leads here, or an answer's, and unmasks it again: by the call, which must deliver what came. */
static void flap_mask(unsigned int id)
{
    struct line *line = &lines[smp_random() % VCPUS][id];
    struct line *own = &lines[id][smp_random() % VCPUS];

    event_mask_port(line->port);
    event_mask_port(own->answer_port);
    smp_pause();
    event_unmask_port(line->port);
    event_unmask_port(own->answer_port);
}

static void wait_once(unsigned int id, unsigned int round)
{
    static volatile bool answered[VCPUS];

    switch (way) {
    case RUNNING:
        smp_yield();
        break;
    case FLAPPING:
        events_off();
        if (smp_random() & 1)
            smp_yield();
        events_on();
        break;
    case MASKING:
        flap_mask(id);
        break;
    case POLLING:
        events_off();
        if (!all_answered(id, round))
            poll_here(id);
        events_on();
        break;
    default:
        events_off();
        answered[id] = all_answered(id, round);
        smp_block_unless(&answered[id]);
    }
}

static void exchange(unsigned int id)
{
    uint64_t end = time_now() + SMP_PATIENCE;
    static volatile unsigned int finished;

    events_on();
    smp_barrier(VCPUS);
    finished = 0;
    smp_barrier(VCPUS);
    for (unsigned int round = 1; round <= ROUNDS; round++) {
        for (unsigned int to = 0; to < VCPUS; to++) {
            lines[id][to].sent = round;
            smp_send(lines[id][to].port);
        }
        while (!all_answered(id, round)) {
            wait_once(id, round);
            if (time_now() > end)
                report_error("vcpu %u waits for answers of round %u, way %u", id, round, way);
        }
    }
    events_on();
    __atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
    SMP_WAIT_FOR(finished == VCPUS); /* the others' messages are still to be answered */
}

static void check_counts(void)
{
    for (unsigned int from = 0; from < VCPUS; from++)
        for (unsigned int to = 0; to < VCPUS; to++) {
            struct line *line = &lines[from][to];

            CHECK(line->taken == ROUNDS && line->answer_events == ROUNDS,
                  "way %u, %u to %u: %u sent, %u taken, %u answers", way, from, to, ROUNDS,
                  line->taken, line->answer_events);
            line->sent = line->taken = line->answered = line->got_answer = line->answer_events = 0;
        }
}

void test_main(void)
{
    smp_need(VCPUS);
    for (unsigned int from = 0; from < VCPUS; from++)
        for (unsigned int to = 0; to < VCPUS; to++) {
            struct line *line = &lines[from][to];

            line->port = bind(to, on_message);
            by_port[line->port] = line;
            line->answer_port = bind(from, on_answer);
            by_answer[line->answer_port] = line;
        }
    for (way = RUNNING; way < WAYS; way++) {
        smp_run(VCPUS, exchange);
        check_counts();
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * Theory: eight vcpus on two CPUs share locks of the kind that PV kernels use: whoever does not get the lock soon
 * polls an event port, and who gives it up sends the next in line its event. The lock goes strictly in turn, so each
 * wake-up that is lost, or comes to one that is not polling yet and is forgotten, stops everybody. With and without a
 * time limit to the poll, no increment is lost, and all get there.
 */
#include <public/event_channel.h>
#include <public/sched.h>

#include "smp.h"

const char test_title[] = "smp-lock: eight vcpus poll for a lock";
SMP_MACHINE(2, 8);

#define VCPUS  8
#define TURNS  250
#define SPINS  40
#define NOBODY ~0U
#define MS     1000000UL

static volatile unsigned int next_ticket, serving, arrived;
static volatile unsigned int waiting[VCPUS]; /* the ticket that it polls for */
static unsigned int ports[VCPUS];
static volatile unsigned long counter, inside, polls, kicks;
static uint64_t limit;

static void never(unsigned int port)
{
    report_error("an upcall for port %u, which is masked", port);
}

static void poll_here(unsigned int id)
{
    evtchn_port_t port = ports[id];
    struct sched_poll poll = {.nr_ports = 1, .timeout = limit ? time_now() + limit : 0};

    set_xen_guest_handle(poll.ports, &port);
    CHECK_OK(hypercall_sched_op(SCHEDOP_poll, &poll));
    __atomic_fetch_add(&polls, 1, __ATOMIC_RELAXED);
}

static void take(unsigned int id)
{
    unsigned int mine = __atomic_fetch_add(&next_ticket, 1, __ATOMIC_SEQ_CST);

    for (unsigned int i = 0; i < SPINS; i++) {
        if (serving == mine)
            return;
        smp_pause();
    }
    __atomic_store_n(&waiting[id], mine, __ATOMIC_SEQ_CST);
    for (;;) {
        event_clear(ports[id]);
        if (__atomic_load_n(&serving, __ATOMIC_SEQ_CST) == mine)
            break;
        poll_here(id);
    }
    waiting[id] = NOBODY;
}

static void give(void)
{
    unsigned int now = __atomic_add_fetch(&serving, 1, __ATOMIC_SEQ_CST);

    for (unsigned int id = 0; id < VCPUS; id++)
        if (__atomic_load_n(&waiting[id], __ATOMIC_SEQ_CST) == now) {
            __atomic_fetch_add(&kicks, 1, __ATOMIC_RELAXED);
            smp_send(ports[id]);
        }
}

static void work_hard(unsigned int id)
{
    events_off();
    /* all at once, or each might be done before the next has begun */
    __atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);
    while (arrived < VCPUS)
        smp_yield();
    for (unsigned int turn = 0; turn < TURNS; turn++) {
        unsigned long seen;

        take(id);
        CHECK(!inside, "two hold the lock");
        inside = 1;
        seen = counter;
        for (unsigned int i = 0; i < 20; i++)
            smp_pause();
        if (!(turn & 7)) /* the holder loses its CPU now and then */
            smp_yield();
        counter = seen + 1;
        inside = 0;
        give();
    }
}

static void phase(uint64_t poll_limit)
{
    limit = poll_limit;
    counter = polls = kicks = arrived = 0;
    smp_run(VCPUS, work_hard);
    CHECK_EQ(counter, VCPUS * TURNS);
    CHECK(polls, "nobody ever polled");
    print("limit %lu ns: %lu turns, %lu polls, %lu kicks\n", limit, counter, polls, kicks);
}

void test_main(void)
{
    smp_need(VCPUS);
    for (unsigned int id = 0; id < VCPUS; id++) {
        ports[id] = smp_bind_ipi(id, never);
        event_mask_port(ports[id]);
        waiting[id] = NOBODY;
    }
    phase(0);
    phase(2 * MS);
}

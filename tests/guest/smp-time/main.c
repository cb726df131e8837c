/* SPDX-License-Identifier: MIT */
/*
 * Theory: each vcpu has its own timer, which fires once, on it, and not early, wherever it runs meanwhile. System time
 * is one for all. The times a vcpu spent running, runnable, blocked and offline add up to the time that passed, never
 * go back, and all vcpus together ran no longer than the CPUs there are. Vcpus that only yield keep nobody from running.
 */
#include <public/event_channel.h>
#include <public/sched.h>
#include <public/vcpu.h>

#include "smp.h"

const char test_title[] = "smp-time: timers, run states, yields";
SMP_MACHINE(2, 4);

#define CPUS   2
#define VCPUS  4
#define TIMERS 25
#define YIELDS 3000
#define MS     1000000UL

/* ---- timers ---- */

static volatile unsigned int fired[VCPUS];
static volatile bool fired_now[VCPUS];
static volatile uint64_t deadline[VCPUS];
static unsigned int timer_ports[VCPUS];

static void on_timer(unsigned int port)
{
    unsigned int id = smp_self();
    uint64_t now = time_now();

    CHECK_EQ(port, timer_ports[id]);
    CHECK(now >= deadline[id], "vcpu %u: the timer for %lu fires at %lu", id, deadline[id], now);
    fired[id]++;
    fired_now[id] = true;
}

static void bind_timers(void)
{
    for (unsigned int id = 0; id < VCPUS; id++) {
        struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER, .vcpu = id};

        CHECK_OK(hypercall_vcpu_op(VCPUOP_stop_periodic_timer, id, NULL));
        CHECK_OK(hypercall_event_channel_op(EVTCHNOP_bind_virq, &bind));
        timer_ports[id] = bind.port;
        event_set_handler(bind.port, on_timer);
        event_set_vcpu(bind.port, id);
        event_unmask_port(bind.port);
    }
}

/* Half of the waits are blocked ones, the others run while the timer does. */
static void use_timers(unsigned int id)
{
    for (unsigned int i = 1; i <= TIMERS; i++) {
        struct vcpu_set_singleshot_timer set = {.timeout_abs_ns = 0};

        events_off();
        fired_now[id] = false;
        deadline[id] = set.timeout_abs_ns = time_now() + smp_random() % (2 * MS);
        if (smp_random() & 1)
            CHECK_OK(hypercall_vcpu_op(VCPUOP_set_singleshot_timer, id, &set));
        else
            CHECK_OK(hypercall_set_timer_op(deadline[id]));
        if (smp_random() & 1) {
            events_on();
            SMP_WAIT_FOR(fired_now[id]);
        }
        while (!fired_now[id]) {
            events_off();
            smp_block_unless(&fired_now[id]);
        }
        CHECK(fired[id] == i, "vcpu %u: %u timers fired of %u", id, fired[id], i);
    }
    for (unsigned int i = 0; i < 100; i++)
        smp_yield();
    CHECK(fired[id] == TIMERS, "vcpu %u: a timer fired twice", id);
}

/* ---- run states ---- */

struct sample {
    uint64_t before, after; /* system time around it */
    struct vcpu_runstate_info info;
};
static volatile bool stop;

static struct sample sample_of(unsigned int id)
{
    struct sample s = {.before = time_now()};

    CHECK_OK(hypercall_vcpu_op(VCPUOP_get_runstate_info, id, &s.info));
    s.after = time_now();
    return s;
}

/* What passed between two samples lies between these two. */
static void check_sum(unsigned int id, const struct sample *a, const struct sample *b)
{
    uint64_t sum = 0;

    for (unsigned int i = 0; i < 4; i++) {
        CHECK(b->info.time[i] >= a->info.time[i], "vcpu %u: time in state %u went back", id, i);
        sum += b->info.time[i] - a->info.time[i];
    }
    CHECK(sum >= b->before - a->after && sum <= b->after - a->before,
          "vcpu %u: %lu ns in all states together, of %lu to %lu", id, sum, b->before - a->after,
          b->after - a->before);
}

static void be_sampled(unsigned int id)
{
    events_off();
    while (!stop)
        switch (smp_random() % 3) {
        case 0:
            smp_yield();
            break;
        case 1:
            for (unsigned int i = 0; i < 20000; i++)
                smp_pause();
            break;
        default: {
            struct sched_poll nap = {.timeout = time_now() + smp_random() % MS};

            hypercall_sched_op(SCHEDOP_poll, &nap);
        }
        }
    CHECK_EQ(sample_of(id).info.state, RUNSTATE_running);
}

static void check_states(unsigned int id)
{
    static struct sample first[VCPUS], last[VCPUS];
    uint64_t ran = 0, passed;

    if (id) {
        be_sampled(id);
        return;
    }
    for (id = 0; id < VCPUS; id++)
        first[id] = last[id] = sample_of(id);
    while (time_now() < first[0].before + 150 * MS) {
        for (id = 0; id < VCPUS; id++) {
            struct sample now = sample_of(id);

            check_sum(id, &last[id], &now);
            last[id] = now;
        }
        smp_yield();
    }
    passed = last[VCPUS - 1].after - first[0].before;
    for (id = 0; id < VCPUS; id++) {
        check_sum(id, &first[id], &last[id]);
        ran += last[id].info.time[RUNSTATE_running] - first[id].info.time[RUNSTATE_running];
    }
    CHECK(ran <= CPUS * passed, "all ran %lu ns in %lu ns on %u CPUs", ran, passed, CPUS);
    stop = true;
}

/* ---- yields, and one time for all ---- */

static void check_yields(unsigned int id)
{
    static volatile uint64_t latest;
    static volatile unsigned int yielded;
    uint64_t turns = 0;

    if (!id) { /* never gives up its CPU, and needs it */
        for (; yielded < VCPUS - 1 || turns < 1000; turns++)
            smp_pause();
        return;
    }
    for (unsigned int i = 0; i < YIELDS; i++) {
        uint64_t seen = latest, now = time_now();

        CHECK(now + MS > seen, "vcpu %u: system time is %lu ns behind another's", id, seen - now);
        latest = now;
        smp_yield();
    }
    __atomic_fetch_add(&yielded, 1, __ATOMIC_SEQ_CST);
}

void test_main(void)
{
    smp_need(VCPUS);
    bind_timers();
    smp_run(VCPUS, use_timers);
    smp_run(VCPUS, check_states);
    smp_run(VCPUS, check_yields);
}

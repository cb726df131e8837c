/* SPDX-License-Identifier: MIT */
/*
 * Theory: a vcpu's periodic timer raises VIRQ_TIMER once a period while the vcpu runs, never before its time, until it is
 * stopped or set anew. A tick wakes nobody: who waited finds it when they come back. Each vcpu begins with one of 10 ms, for
 * old kernels that ask for nothing; a period below a millisecond is refused. The test waits by the guest's clock and bounds
 * nothing from above.
 */
#include <public/event_channel.h>
#include <public/sched.h>
#include <public/vcpu.h>

#include "guest.h"

const char test_title[] = "periodic: the timer that goes off again and again";

#define MS 1000000UL

static unsigned int port;

static long set(unsigned int vcpu, uint64_t period)
{
    struct vcpu_set_periodic_timer op = {.period_ns = period};

    return hypercall_vcpu_op(VCPUOP_set_periodic_timer, vcpu, &op);
}

static void wait_until(uint64_t time)
{
    struct sched_poll poll = {.timeout = time};

    while (time_now() < time) { /* any event would end it, one that was there before as well */
        vcpu_info_self()->evtchn_upcall_pending = 0;
        CHECK_OK(hypercall_sched_op(SCHEDOP_poll, &poll));
    }
}

/* The nth tick is not before n periods have gone. The event comes without a call of the guest's. */
static void check_ticks(uint64_t period, uint64_t start)
{
    event_clear(port); /* an old one's last */
    for (uint64_t n = 1; n <= 8; n++) {
        while (!event_pending(port))
            ;
        event_clear(port);
        CHECK(time_now() >= start + n * period, "tick %lu of %lu ns came %lu ns after the start", n, period,
              time_now() - start);
    }
}

static void check_set(uint64_t period)
{
    uint64_t start = time_now();

    CHECK_OK(set(0, period));
    check_ticks(period, start);
}

/* Away for some periods: there is a tick to be found, long before the next would be due. */
static void check_waited(void)
{
    uint64_t back;

    CHECK_OK(set(0, 40 * MS));
    event_clear(port);
    wait_until(time_now() + 100 * MS);
    for (back = time_now(); !event_pending(port) && time_now() < back + 20 * MS;)
        ;
    CHECK(event_pending(port), "no tick was there after two periods");
}

static void check_stopped(void)
{
    uint64_t end;

    CHECK_OK(hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL));
    event_clear(port); /* one that came just before */
    for (end = time_now() + 15 * MS; time_now() < end && !event_pending(port);)
        ;
    wait_until(time_now() + 15 * MS);
    CHECK(!event_pending(port), "a tick of a timer that was stopped");
    CHECK_OK(hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL));
}

void test_main(void)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER};

    CHECK_OK(hypercall_event_channel_op(EVTCHNOP_bind_virq, &bind));
    port = bind.port;
    check_ticks(10 * MS, time_now() - 10 * MS);
    check_stopped();
    CHECK_ERROR(set(0, 0), XEN_EINVAL);
    CHECK_ERROR(set(0, MS - 1), XEN_EINVAL);
    CHECK_ERROR(set(0, 1UL << 62), XEN_EINVAL);
    CHECK_ERROR(set(0, ~0UL), XEN_EINVAL);
    CHECK_ERROR(set(99, 2 * MS), XEN_ENOENT);
    CHECK_ERROR(hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0, NULL), XEN_EFAULT);
    check_set(2 * MS);
    check_set(5 * MS); /* anew: the old period is gone */
    check_waited();
    check_stopped();
    /* both kinds of timer at once: the other one's event is the same */
    CHECK_OK(set(0, 1UL << 61));
    CHECK_OK(hypercall_set_timer_op(time_now() + MS));
    wait_until(time_now() + 3 * MS);
    CHECK(event_pending(port), "no tick of the one-shot timer");
    check_stopped();
}

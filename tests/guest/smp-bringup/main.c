/* SPDX-License-Identifier: MIT */
/*
 * Theory: eight vcpus on two CPUs come up, run at once, go down and come up again, by their own hand and by each
 * other's. One that is down does nothing at all, whatever it did when it went down (it ran, waited for a CPU, was
 * blocked with an event on its way), and goes on where it was, with all its registers, once it is up. Two that pull
 * at a third from both sides leave it as the last of them said.
 */
#include <public/event_channel.h>
#include <public/vcpu.h>

#include "smp.h"

const char test_title[] = "smp-bringup: vcpus up and down";
SMP_MACHINE(2, 8);

#define VCPUS  8
#define ROUNDS 30
#define PULLS  2000

static volatile uint64_t turns[VCPUS]; /* each counts its own */
static volatile uint64_t cpus_seen;
static volatile bool stop;

static long op(unsigned int command, unsigned int id)
{
    return hypercall_vcpu_op(command, id, NULL);
}

static int state_of(unsigned int id)
{
    struct vcpu_runstate_info info;

    CHECK_OK(hypercall_vcpu_op(VCPUOP_get_runstate_info, id, &info));
    return info.state;
}

/* Six registers that no call changes carry values that belong together: lost ones show at once. */
static uint64_t registers_turn(uint64_t value)
{
    register uint64_t rbx __asm__("rbx") = value, r12 __asm__("r12") = value * 3;
    register uint64_t r13 __asm__("r13") = value * 5, r14 __asm__("r14") = value * 7;

    __asm__ volatile("movl $200, %%ecx\n"
                     "1: pause\n\t"
                     "loop 1b"
                     : "+r"(rbx), "+r"(r12), "+r"(r13), "+r"(r14)
                     :
                     : "rcx", "memory");
    CHECK(rbx == value && r12 == value * 3 && r13 == value * 5 && r14 == value * 7,
          "vcpu %u lost its registers", smp_self());
    return rbx + 1;
}

static void spinner(unsigned int id)
{
    uint64_t value = (uint64_t)id << 32;

    while (!stop) {
        value = registers_turn(value);
        __atomic_fetch_or(&cpus_seen, 1UL << smp_cpu(), __ATOMIC_RELAXED);
        turns[id]++;
        CHECK((uint32_t)turns[id] == (uint32_t)value, "vcpu %u counts %lu, its registers %u", id,
              turns[id], (uint32_t)value);
        if (!(value & 15))
            smp_yield(); /* or each look at all of them would take as many slices */
    }
}

static void wait_turn(unsigned int id, uint64_t more)
{
    uint64_t from = turns[id];

    SMP_WAIT_FOR(turns[id] >= from + more);
}

/* Of those that are up, one other than `id` goes on: time passes. */
static void others_run(unsigned int id)
{
    for (unsigned int other = 1; other < VCPUS; other++)
        if (other != id)
            wait_turn(other, 1);
}

static void down_and_up(unsigned int id)
{
    uint64_t at;

    CHECK_OK(op(VCPUOP_down, id));
    CHECK_EQ(op(VCPUOP_is_up, id), 0);
    CHECK_OK(op(VCPUOP_down, id)); /* it is already */
    SMP_WAIT_FOR(state_of(id) == RUNSTATE_offline);
    at = turns[id];
    others_run(id);
    CHECK(turns[id] == at, "vcpu %u runs while it is down", id);
    CHECK_EQ(state_of(id), RUNSTATE_offline);
    CHECK_OK(op(VCPUOP_up, id));
    CHECK_EQ(op(VCPUOP_is_up, id), 1);
    wait_turn(id, 1);
}

static void check_spinners(unsigned int id)
{
    if (id) {
        spinner(id);
        return;
    }
    for (id = 1; id < VCPUS; id++)
        wait_turn(id, 1);
    SMP_WAIT_FOR(cpus_seen & (cpus_seen - 1)); /* more than one CPU runs this guest */
    for (unsigned int round = 0; round < ROUNDS; round++)
        down_and_up(1 + smp_random() % (VCPUS - 1));
    stop = true;
}

/* ---- down while it is blocked ---- */

static unsigned int port;
static volatile unsigned int taken, asked, ready;
static volatile bool never;

static void on_event(unsigned int from)
{
    (void)from;
    CHECK_EQ(smp_self(), 1);
    taken++;
}

static void check_blocked(unsigned int id)
{
    if (id == 1) {
        for (unsigned int round = 1; round <= ROUNDS; round++) {
            events_off();
            ready = round; /* a wait may count as blocked too: this is the block that is meant */
            smp_block_unless(&never);
            SMP_WAIT_FOR(taken == round);
            SMP_WAIT_FOR(asked == round);
        }
        return;
    }
    for (unsigned int round = 1; round <= ROUNDS; round++) {
        SMP_WAIT_FOR(ready == round && state_of(1) == RUNSTATE_blocked);
        CHECK_OK(op(VCPUOP_down, 1)); /* it may still count as blocked */
        CHECK_EQ(op(VCPUOP_is_up, 1), 0);
        smp_send(port);
        for (unsigned int i = 0; i < 50; i++)
            smp_yield();
        CHECK(taken == round - 1, "an event was taken by a vcpu that is down");
        CHECK(state_of(1) >= RUNSTATE_blocked, "a vcpu that is down wants to run");
        CHECK_OK(op(VCPUOP_up, 1));
        SMP_WAIT_FOR(taken == round);
        asked = round;
    }
}

/* ---- two pull at a third, which spins; then vcpu 0 itself goes down and is brought back ---- */

static void check_pulled(unsigned int id)
{
    if (id == 1) {
        spinner(id);
        return;
    }
    for (unsigned int i = 0; i < PULLS; i++)
        CHECK_OK(op(smp_random() & 1 ? VCPUOP_up : VCPUOP_down, 1));
    smp_barrier(2);
    if (id)
        return;
    CHECK_OK(op(VCPUOP_up, 1));
    CHECK_EQ(op(VCPUOP_is_up, 1), 1);
    wait_turn(1, 10);
    stop = true;
}

/* The barrier is for the two that pull: they are vcpus 0 and 2. */
static void check_first_down(unsigned int id)
{
    static volatile unsigned int going, back;

    for (unsigned int round = 1; round <= ROUNDS; round++) {
        if (id == 0) {
            going = round;
            CHECK_OK(op(VCPUOP_down, 0));
            CHECK_EQ(back, round);
        } else {
            SMP_WAIT_FOR(going == round && op(VCPUOP_is_up, 0) == 0);
            SMP_WAIT_FOR(state_of(0) == RUNSTATE_offline);
            back = round;
            CHECK_OK(op(VCPUOP_up, 0));
        }
    }
}

static void restart_counting(void)
{
    stop = false;
    for (unsigned int id = 0; id < VCPUS; id++)
        turns[id] = 0;
}

void test_main(void)
{
    smp_need(VCPUS);
    for (unsigned int id = 1; id < VCPUS; id++) {
        CHECK_EQ(op(VCPUOP_is_up, id), 0);
        CHECK_REFUSED(op(VCPUOP_up, id));
    }
    CHECK_ERROR(op(VCPUOP_is_up, VCPUS), XEN_ENOENT);
    CHECK_ERROR(op(VCPUOP_up, ~0U), XEN_ENOENT);
    smp_run(VCPUS, check_spinners);
    port = smp_bind_ipi(1, on_event);
    smp_run(2, check_blocked);
    restart_counting();
    smp_run(3, check_pulled);
    smp_run(2, check_first_down);
    restart_counting();
    smp_run(VCPUS, check_spinners);
    for (unsigned int id = 1; id < VCPUS; id++)
        CHECK_REFUSED(smp_initialise(id, spinner));
}

/* SPDX-License-Identifier: MIT */
/*
 * Theory: as many vcpus as the ABI's shared page has room for, and as many again with a vcpu_info of their own, come
 * up on two CPUs; a token goes round all of them by events, each blocked until it is its turn; then all go down and
 * the first goes on alone. One lost event, or one vcpu forgotten in a queue, stops the token.
 */
#include <public/sched.h>
#include <public/vcpu.h>

#include "smp.h"

const char test_title[] = "smp-many: 64 vcpus pass a token";
SMP_MACHINE(2, 64);

#define VCPUS 64
#define LAPS  3

static unsigned int ports[VCPUS];
static volatile unsigned int arrivals[VCPUS];
static volatile bool token_here[VCPUS];

static void on_token(unsigned int port)
{
    unsigned int id = smp_self();

    CHECK_EQ(port, ports[id]);
    arrivals[id]++;
    token_here[id] = true;
}

static void wait_for_token(unsigned int id)
{
    for (;;) {
        events_off();
        if (token_here[id])
            break;
        smp_block_unless(&token_here[id]);
    }
    token_here[id] = false;
    events_on();
}

static void pass(unsigned int id)
{
    for (unsigned int lap = 0; lap < LAPS; lap++) {
        if (id || lap)
            wait_for_token(id);
        smp_send(ports[(id + 1) % VCPUS]);
    }
    if (!id)
        wait_for_token(id);
}

void test_main(void)
{
    smp_need(VCPUS);
    for (unsigned int id = 0; id < VCPUS; id++)
        ports[id] = smp_bind_ipi(id, on_token);
    smp_run(VCPUS, pass);
    for (unsigned int id = 0; id < VCPUS; id++)
        CHECK(arrivals[id] == LAPS, "the token came to vcpu %u %u times", id, arrivals[id]);
    for (unsigned int id = 1; id < VCPUS; id++)
        SMP_WAIT_FOR(hypercall_vcpu_op(VCPUOP_is_up, id, NULL) == 0);
}

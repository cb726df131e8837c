/* SPDX-License-Identifier: MIT */
/*
 * Sleeping on a timer, as a VPS does that waits for a disk or a network: how late is each wake-up? The
 * record is vCPU 0's alone: lateness in buckets, sixteen for each doubling.
 */
#include <public/sched.h>
#include <public/vcpu.h>

#include "load.h"

#define FINE    16 /* buckets for each power of two */
#define BUCKETS (40 * FINE)

static uint64_t bucket[BUCKETS], count, sum, worst, missed, deadline;

static unsigned int bucket_of(uint64_t ns)
{
    unsigned int power, at;

    if (ns < FINE)
        return (unsigned int)ns;
    power = 63 - (unsigned int)__builtin_clzll(ns);
    at = (power - 3) * FINE + (unsigned int)((ns >> (power - 4)) & (FINE - 1));
    return at < BUCKETS ? at : BUCKETS - 1;
}

/* The least value that falls into the bucket after this one. */
static uint64_t bucket_end(unsigned int at)
{
    if (at < FINE)
        return at + 1;
    return (uint64_t)(FINE + at % FINE + 1) << (at / FINE - 1);
}

static uint64_t percentile(unsigned int percent)
{
    uint64_t seen = 0, wanted = (count * percent + 99) / 100;

    for (unsigned int i = 0; i < BUCKETS; i++) {
        seen += bucket[i];
        if (seen && seen >= wanted)
            return bucket_end(i) < worst ? bucket_end(i) : worst;
    }
    return worst;
}

void load_wakes_get(struct load_wakes *out)
{
    out->count = count;
    out->mean_ns = count ? sum / count : 0;
    out->half_ns = percentile(50);
    out->most_ns = percentile(99);
    out->worst_ns = worst;
    out->missed = missed;
}

void load_wakes_reset(void)
{
    memset(bucket, 0, sizeof(bucket));
    count = sum = worst = missed = 0;
}

static void record(uint64_t late)
{
    bucket[bucket_of(late)]++;
    count++;
    sum += late;
    if (late > worst)
        worst = late;
}

/* Sleeps until the time has come. Upcalls are off until the block opens them: the timer's must not come before it. */
static void sleep_until(struct load_cpu *cpu, uint64_t when)
{
    do {
        __atomic_store_n(&cpu->info->evtchn_upcall_mask, 1, __ATOMIC_SEQ_CST);
        hypercall_set_timer_op(when);
        hypercall_sched_op(SCHEDOP_block, NULL);
    } while (time_now() < when);
}

static uint64_t own_time(const struct load_cpu *cpu)
{
    struct vcpu_runstate_info state;

    if (hypercall_vcpu_op(VCPUOP_get_runstate_info, cpu->id, &state))
        report_error("vCPU %u has no run states", cpu->id);
    return state.time[RUNSTATE_running];
}

void load_wake_round(struct load_cpu *cpu, uint64_t period_ns, uint64_t work_ns)
{
    uint64_t now = time_now(), done;

    if (cpu->id) {
        sleep_until(cpu, now + period_ns);
    } else {
        deadline += period_ns;
        if (deadline < now) {
            missed += (now - deadline) / period_ns + 1;
            deadline = now + period_ns;
        }
        sleep_until(cpu, deadline);
        record(time_now() - deadline);
    }
    done = own_time(cpu) + work_ns;
    while (own_time(cpu) < done)
        for (volatile unsigned int i = 0; i < 200; i++)
            ;
}

void load_nap_round(struct load_cpu *cpu, uint64_t sleep_ns, uint64_t work_ns)
{
    uint64_t end;

    sleep_until(cpu, time_now() + sleep_ns);
    end = time_now() + work_ns;
    while (time_now() < end)
        cpu->operations++;
}

/* SPDX-License-Identifier: MIT */
/*
 * The benchmark guest: what a PV guest's operations cost, in ticks of the time-stamp counter. Under
 * QEMU's -icount shift=0 one tick is one instruction, so the figures are path lengths and come out
 * the same each time. A row is the median of 65 samples after 8 warm-ups, less what the RDTSC pair
 * costs.
 */
#include "bench.h"

const char test_title[] = "bench: path lengths";

static uint64_t pair_overhead;

uint64_t bench_median(uint64_t *samples)
{
    for (unsigned int i = 1; i < BENCH_SAMPLES; i++) {
        uint64_t value = samples[i];
        unsigned int at = i;

        for (; at && samples[at - 1] > value; at--)
            samples[at] = samples[at - 1];
        samples[at] = value;
    }
    return samples[BENCH_SAMPLES / 2];
}

void bench_report(const char *name, uint64_t *samples, uint64_t overhead)
{
    print("BENCH %s %lu\n", name, bench_median(samples) - overhead);
}

static void nothing(void)
{
}

static void sample(const struct bench_row *row, uint64_t *samples)
{
    for (int i = -BENCH_WARMUPS; i < BENCH_SAMPLES; i++) {
        uint64_t start, end;

        if (row->before)
            row->before();
        start = tsc_read();
        row->operation();
        end = tsc_read();
        if (row->after)
            row->after();
        if (i >= 0)
            samples[i] = end - start;
    }
}

void bench_run(const struct bench_row *rows)
{
    uint64_t samples[BENCH_SAMPLES];

    for (; rows->name; rows++) {
        sample(rows, samples);
        bench_report(rows->name, samples, pair_overhead);
    }
}

void test_main(void)
{
    const struct bench_row empty = {.operation = nothing};
    uint64_t samples[BENCH_SAMPLES];

    sample(&empty, samples);
    pair_overhead = bench_median(samples);
    bench_simple();
    bench_traps();
    bench_events();
    bench_memory();
    bench_grants();
    bench_events_fifo();
}

/* SPDX-License-Identifier: MIT */
/* What the benchmark guest's files share: a row is an operation with what goes before and after it.
 */
#ifndef BENCH_H
#define BENCH_H

#include "guest.h"

struct bench_row {
    const char *name;
    void (*before)(void);    /* not counted; may be NULL, like after */
    void (*operation)(void); /* counted */
    void (*after)(void);
};

/* Measures rows up to one with a NULL name, and prints each. */
void bench_run(const struct bench_row *rows);
/* Prints one row from samples that were taken elsewhere, less `overhead`. */
void bench_report(const char *name, uint64_t *samples, uint64_t overhead);
/* The median of BENCH_SAMPLES values; sorts them in place. */
uint64_t bench_median(uint64_t *samples);

#define BENCH_WARMUPS 8
#define BENCH_SAMPLES 65

/* Ends the benchmark where a set-up step fails: its rows would mean nothing. */
#define NEED(call)                                                     \
    do {                                                               \
        long need_ = (call);                                           \
        if (need_)                                                     \
            report_error("%s: %ld (line %d)", #call, need_, __LINE__); \
    } while (0)

void bench_simple(void);
void bench_traps(void);
void bench_events(void);
void bench_events_fifo(void);
void bench_memory(void);
void bench_grants(void);

#endif

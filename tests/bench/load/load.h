/* SPDX-License-Identifier: MIT */
/*
 * What the load guest's files share: a vCPU with what it counts, the operations that it may repeat for
 * ever, and sleeping on a timer with a record of how late each wake-up was.
 */
#ifndef LOAD_H
#define LOAD_H

#include "guest.h"

#define LOAD_CPUS XEN_LEGACY_MAX_VCPUS
#define US        1000ull

/* entry.S reaches the first three members by GS. */
struct load_cpu {
    struct vcpu_info *info;
    uint64_t port; /* the one unmasked port of this vCPU; below 64 */
    volatile uint64_t upcalls;
    volatile uint64_t operations;
    unsigned int id;
    uint64_t *l1;             /* maps window(cpu); this vCPU's alone */
    uint64_t entry;           /* maps a data page of its own, writable */
    uint64_t other_port;      /* the next vCPU's port, for storms that go to others */
    unsigned long frame, pfn; /* given away and taken back */
    unsigned long roots[2];   /* two address spaces */
    unsigned long table;      /* an L1 with 512 entries, to pin and unpin */
    uint32_t grant;
} __attribute__((aligned(256)));

extern struct load_cpu load_cpu[LOAD_CPUS];
extern unsigned int load_cpus; /* how many take part */

/* ---- cpus.c ---- */

/* Finds the vCPUs that there are, takes `wanted` of them (0: all), and opens upcalls for vCPU 0. */
void load_cpus_init(unsigned int wanted);
/* Starts a vCPU other than 0; it must not return from `run`. */
void load_cpu_start(struct load_cpu *cpu, void (*run)(struct load_cpu *));
/* Binds the vCPU's one port, unmasked, to its timer or to IPIs. */
void load_bind_timer(struct load_cpu *cpu);
void load_bind_ipi(struct load_cpu *cpu);
/* Opens upcalls on the calling vCPU. */
void load_upcalls_on(struct load_cpu *cpu);

/* ---- operations.c ---- */

struct load_operation {
    const char *name;
    void (*prepare)(struct load_cpu *); /* by vCPU 0, for each vCPU, before any runs; may be NULL */
    void (*once)(struct load_cpu *);
};
/* NULL where there is none of that name. */
const struct load_operation *load_operation_find(const char *name);

/* ---- wake.c ---- */

struct load_wakes {
    uint64_t count, mean_ns, half_ns, most_ns, worst_ns; /* most: 99 of 100 were not later */
    uint64_t missed;                                     /* periods that passed while it was late */
};

/* Every period_ns it wakes and computes for work_ns of its own CPU time. */
void load_wake_round(struct load_cpu *cpu, uint64_t period_ns, uint64_t work_ns);
/* Computes for work_ns by the clock, then sleeps sleep_ns: a spinner that poses as a sleeper. */
void load_nap_round(struct load_cpu *cpu, uint64_t sleep_ns, uint64_t work_ns);
void load_wakes_get(struct load_wakes *out);
void load_wakes_reset(void);

#endif

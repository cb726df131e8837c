/* SPDX-License-Identifier: MIT */
/*
 * Domains, CPUs, clock and timers for the tests of hypervisor/domain/: the parts under test are real, what is
 * below them and needs bare metal stands in. A "guest address" is an address of the test's.
 */
#ifndef TESTS_UNIT_HV_DOMAIN_H
#define TESTS_UNIT_HV_DOMAIN_H

#include <public/xen.h>

#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"

/* The machine, `n` CPUs with their queues, dom0 with one vcpu. Once per process. */
void host_start(u32 n);
/* A domain with all its parts, running vcpus (initialised, not down), none of them woken yet. */
struct domain *host_full_domain(u16 id, u32 vcpus);
/* The test's code now runs on this CPU, as this vcpu. */
void host_run_as(struct vcpu *v);

/* System time, ns. */
extern u64 host_now;
/* Passes time, up to `until`, firing each timer at its deadline (all CPUs' timers, on their CPU). */
void host_pass_time(u64 until);
/* The next deadline of any timer, 0: none. */
u64 host_next_deadline(void);

extern u32 host_ipis[MAX_CPUS];    /* resched IPIs sent to each CPU */
extern u32 host_switches;          /* contexts loaded */
extern u32 host_pirq_unbound;      /* the last pirq that was unbound */
extern int host_shutdown_code;     /* the last domain_shutdown()'s, -1: none */
extern struct domain *host_shutdown_domain;
extern bool host_read_only;        /* guest memory takes no answers */
extern void (*host_poll)(void);    /* what other CPUs do while this one waits for them */

/* A hypercall of the current vcpu. */
long host_call(hypercall_handler_t handler, u64 a, u64 b, u64 c);
#define ADDRESS(p) ((u64)(p))
#define BAD_ADDRESS 0x10ull

#endif

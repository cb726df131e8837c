/* SPDX-License-Identifier: MIT */
/*
 * Use over time, private to the library: what a reading holds, and how the parts of making one and
 * comparing two are cut, so that all but the hypercalls is tested without a hypervisor.
 */
#ifndef LIBVMCTL_STATS_H
#define LIBVMCTL_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmctl.h"

/*
 * One disk's or card's counters, as its backend in dom0 keeps them. They begin at zero whenever the
 * frontend connects anew. in: what the domain reads or receives; out: what it writes or sends.
 */
struct device_counters {
    uint32_t domid;
    bool nic;
    uint32_t number; /* the device's, in its domain and class */
    uint64_t in_bytes, out_bytes, in_requests, out_requests;
};

struct domain_counters {
    struct vmctl_info info;
    bool steal_known;
    uint64_t steal_ns;
};

struct vmctl_reading {
    uint64_t time_ns; /* CLOCK_MONOTONIC */
    uint32_t cpus;
    bool idle_known;
    uint64_t idle_ns; /* of all CPUs */
    uint64_t total_kib, free_kib, claimed_kib;
    struct domain_counters *domains; /* by id */
    size_t nr_domains;
    struct device_counters *devices; /* by domain, class and number */
    size_t nr_devices;
};

/* Order of a reading's devices. */
int stats_compare_devices(const void *a, const void *b);

/*
 * Fills a reading's devices from the directory `root`, which is sysfs's
 * bus/xen-backend/devices or looks like it. No such directory: no devices. Devices that come and
 * go meanwhile may be there or not. Returns 0 or -1: out of memory.
 */
int stats_read_devices(const char *root, struct vmctl_reading *reading);

#endif

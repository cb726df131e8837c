/* SPDX-License-Identifier: MIT */
/*
 * Two readings of counters become rates. Pure: no clock, no hypercall, no file.
 *
 * Between two readings anything may happen: VPSes come and go, one is restarted under the same id, a
 * guest connects its disk anew and the backend counts from zero again. A counter is therefore only
 * compared with itself: of the same domain (id and UUID), the same device, and not after it fell. Where
 * there is no earlier value, the counter began after the earlier reading, so all of it counts.
 */
#include "stats.h"

#include <stdlib.h>
#include <string.h>

int stats_compare_devices(const void *a, const void *b)
{
    const struct device_counters *x = a, *y = b;

    if (x->domid != y->domid)
        return x->domid < y->domid ? -1 : 1;
    if (x->nic != y->nic)
        return x->nic ? 1 : -1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static int compare_domains(const void *a, const void *b)
{
    const struct domain_counters *x = a, *y = b;

    return x->info.domid < y->info.domid ? -1 : x->info.domid > y->info.domid;
}

/* What a counter gained; one that fell began anew. */
static uint64_t gain(uint64_t before, uint64_t now)
{
    return now >= before ? now - before : now;
}

static double per_second(uint64_t gained, double seconds)
{
    return seconds > 0 ? (double)gained / seconds : 0;
}

/* ns of time a second, as percent. */
static double percent(uint64_t ns, double seconds)
{
    return per_second(ns, seconds) / 1e9 * 100;
}

/* The same domain in the earlier reading; NULL: it is new, or another one under an old id. */
static const struct domain_counters *find_before(const struct vmctl_reading *before,
                                                 const struct domain_counters *now)
{
    const struct domain_counters *old = NULL;

    if (before->nr_domains)
        old = bsearch(now, before->domains, before->nr_domains, sizeof(*old), compare_domains);
    if (!old || strcmp(old->info.uuid, now->info.uuid) || old->info.cpu_ns > now->info.cpu_ns)
        return NULL;
    return old;
}

static void add_device(struct vmctl_use *use, const struct device_counters *now,
                       const struct device_counters *old, double seconds)
{
    static const struct device_counters zero;
    double in, out;

    if (!old)
        old = &zero;
    in = per_second(gain(old->in_bytes, now->in_bytes), seconds);
    out = per_second(gain(old->out_bytes, now->out_bytes), seconds);
    if (now->nic) {
        use->net_rx_bytes += in;
        use->net_tx_bytes += out;
        return;
    }
    use->disk_read_bytes += in;
    use->disk_write_bytes += out;
    use->disk_reads += per_second(gain(old->in_requests, now->in_requests), seconds);
    use->disk_writes += per_second(gain(old->out_requests, now->out_requests), seconds);
}

/* Adds all devices of one domain. known: it is the domain that `before` tells of. */
static void add_devices(struct vmctl_use *use, const struct vmctl_reading *before, bool known,
                        const struct vmctl_reading *now, double seconds)
{
    for (size_t i = 0; i < now->nr_devices; i++) {
        const struct device_counters *device = &now->devices[i], *old = NULL;

        if (device->domid != use->info.domid)
            continue;
        if (known && before->nr_devices)
            old = bsearch(device, before->devices, before->nr_devices, sizeof(*old),
                          stats_compare_devices);
        add_device(use, device, old, seconds);
    }
}

static void fill_use(struct vmctl_use *use, const struct vmctl_reading *before,
                     const struct vmctl_reading *now, const struct domain_counters *domain,
                     double seconds)
{
    const struct domain_counters *old = find_before(before, domain);

    memset(use, 0, sizeof(*use));
    use->info = domain->info;
    use->cpu_percent = percent(domain->info.cpu_ns - (old ? old->info.cpu_ns : 0), seconds);
    /* asked for in vain the last time: there is nothing to compare with */
    use->steal_known = domain->steal_known && (!old || old->steal_known);
    if (use->steal_known)
        use->steal_percent = percent(gain(old ? old->steal_ns : 0, domain->steal_ns), seconds);
    add_devices(use, before, old != NULL, now, seconds);
}

/* The CPUs' clocks and ours are read one after the other: a little over or under is none. */
static double load(const struct vmctl_reading *before, const struct vmctl_reading *now,
                   double seconds)
{
    double idle;

    if (seconds <= 0 || now->cpus == 0)
        return 0;
    idle = percent(gain(before->idle_ns, now->idle_ns), seconds) / now->cpus;
    return idle > 100 ? 0 : 100 - idle;
}

struct vmctl_usage *vmctl_usage(const struct vmctl_reading *before, const struct vmctl_reading *now)
{
    struct vmctl_usage *usage =
        calloc(1, sizeof(*usage) + now->nr_domains * sizeof(usage->domains[0]));

    if (!usage)
        return NULL;
    if (now->time_ns > before->time_ns)
        usage->seconds = (double)(now->time_ns - before->time_ns) / 1e9;
    usage->cpus = now->cpus;
    usage->load_known = before->idle_known && now->idle_known && before->cpus == now->cpus;
    if (usage->load_known)
        usage->load_percent = load(before, now, usage->seconds);
    usage->total_kib = now->total_kib;
    usage->free_kib = now->free_kib;
    usage->claimed_kib = now->claimed_kib;
    usage->count = now->nr_domains;
    for (size_t i = 0; i < now->nr_domains; i++)
        fill_use(&usage->domains[i], before, now, &now->domains[i], usage->seconds);
    return usage;
}

/* SPDX-License-Identifier: MIT */
/*
 * What `vmctl info` shows: the node, and one domain in full. Asks and never changes anything; what an
 * older hypervisor, or a Xen, does not tell is left empty, since the rest is still worth showing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cpus.h"
#include "internal.h"

_Static_assert(CPUS_MAX == XEN_CPUS_MAX, "sets of CPUs");

/* More vcpus than any hypervisor of this ABI gives a domain. */
#define VCPUS_MAX 8192

static const char *scheduler_name(int id)
{
    static const char *const names[] = {
        [XEN_SCHEDULER_CREDIT] = "credit",     [XEN_SCHEDULER_CREDIT2] = "credit2",
        [XEN_SCHEDULER_ARINC653] = "arinc653", [XEN_SCHEDULER_RTDS] = "rtds",
        [XEN_SCHEDULER_NULL] = "null",
    };

    return id >= 0 && (size_t)id < sizeof(names) / sizeof(names[0]) && names[id] ? names[id] : "";
}

/* The processor's own name, by way of dom0's kernel. */
static void read_cpu_model(char *out, size_t size)
{
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[256], *colon;

    while (f && fgets(line, sizeof(line), f)) {
        if (strncmp(line, "model name", 10) || !(colon = strchr(line, ':')))
            continue;
        colon += strspn(colon, ": \t");
        colon[strcspn(colon, "\n")] = 0;
        snprintf(out, size, "%s", colon);
        break;
    }
    if (f)
        fclose(f);
}

static int fill_physical(struct vmctl *v, struct vmctl_node *node)
{
    struct xen_sysctl_physinfo info;
    int ret = xen_physinfo(v->xen, &info);
    uint32_t per_socket;

    if (ret < 0)
        return vmctl_fail(v, "the hypervisor refused to tell of its machine: %s", strerror(-ret));
    node->cpus = info.nr_cpus;
    node->cores_per_socket = info.cores_per_socket;
    node->threads_per_core = info.threads_per_core;
    per_socket = info.cores_per_socket * info.threads_per_core;
    node->sockets = per_socket ? (info.nr_cpus + per_socket - 1) / per_socket : 0;
    node->cpu_khz = info.cpu_khz;
    node->total_kib = info.total_pages * 4;
    node->free_kib = info.free_pages * 4;
    node->claimed_kib = info.outstanding_pages * 4;
    return 0;
}

static int fill_domains(struct vmctl *v, struct vmctl_node *node)
{
    struct vmctl_info *infos;
    size_t count;

    if (vmctl_list(v, &infos, &count))
        return -1;
    node->domains = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        if (infos[i].domid == 0) {
            node->dom0_kib = infos[i].memory_kib;
            continue;
        }
        node->vps_kib += infos[i].memory_kib;
        node->vps_max_kib += infos[i].max_kib;
    }
    free(infos);
    return 0;
}

int vmctl_node(struct vmctl *v, struct vmctl_node *node)
{
    struct timespec up;

    memset(node, 0, sizeof(*node));
    if (vmctl_hypervisor_version(v, node->version, sizeof(node->version)) ||
        fill_physical(v, node) || fill_domains(v, node))
        return -1;
    snprintf(node->scheduler, sizeof(node->scheduler), "%s", scheduler_name(xen_scheduler(v->xen)));
    if (xen_command_line(v->xen, node->command_line, sizeof(node->command_line)) < 0)
        node->command_line[0] = 0;
    read_cpu_model(node->cpu_model, sizeof(node->cpu_model));
    if (!clock_gettime(CLOCK_BOOTTIME, &up))
        node->uptime_s = (uint64_t)up.tv_sec;
    return 0;
}

void node_cpus_text(const struct cpus *set, unsigned int cpus, char text[VMCTL_CPUS_SIZE])
{
    char list[CPUS_TEXT_SIZE];
    unsigned int next = 0;

    while (next < cpus && cpus_next(set, next) == next)
        next++;
    if (cpus && next == cpus) {
        strcpy(text, "all");
        return;
    }
    cpus_text(set, list);
    if (strlen(list) >= VMCTL_CPUS_SIZE) /* cut at a comma, with room for "..." behind it */
        strcpy(memrchr(list, ',', VMCTL_CPUS_SIZE - 4) + 1, "...");
    strcpy(text, list);
}

/* False: the hypervisor does not tell. */
static bool fill_vcpu(struct vmctl *v, domid_t domid, unsigned int number, unsigned int cpus,
                      struct vmctl_vcpu *vcpu)
{
    struct cpus hard, soft;
    struct xen_domctl_getvcpuinfo info;

    vcpu->number = number;
    if (xen_vcpu_info(v->xen, domid, number, &info) < 0)
        return false;
    vcpu->online = info.online;
    vcpu->running = info.running;
    vcpu->blocked = info.blocked;
    vcpu->cpu = info.cpu;
    vcpu->cpu_ns = info.cpu_time;
    if (xen_get_affinity(v->xen, domid, number, hard.bits, soft.bits) >= 0) {
        node_cpus_text(&hard, cpus, vcpu->hard);
        node_cpus_text(&soft, cpus, vcpu->soft);
    }
    return true;
}

/* The balloon's target; a domain whose store nodes somebody else wrote may have none. */
static uint64_t read_target(struct vmctl *v, uint32_t domid)
{
    char path[64];
    uint64_t kib;

    snprintf(path, sizeof(path), "/local/domain/%u/memory/target", domid);
    if (need_store(v) || store_read_u64(v->store, STORE_NO_TXN, path, UINT64_MAX / 1024, &kib))
        return 0;
    return kib;
}

int vmctl_details(struct vmctl *v, const char *who, struct vmctl_details **details)
{
    struct xen_domctl_getdomaininfo domain;
    struct xen_sysctl_physinfo machine;
    struct vmctl_details *d;
    struct vmctl_info info;
    unsigned int cpus = 0, count;
    uint16_t weight, cap;
    int ret;

    if (vmctl_find(v, who, &info))
        return -1;
    ret = xen_domain_info(v->xen, (domid_t)info.domid, &domain);
    if (ret < 0)
        return vmctl_fail(v, "%s has gone", who);
    count = domain.max_vcpu_id < VCPUS_MAX ? domain.max_vcpu_id + 1 : 0;
    d = calloc(1, sizeof(*d) + count * sizeof(d->vcpus[0]));
    if (!d)
        return vmctl_fail(v, "out of memory");
    if (xen_physinfo(v->xen, &machine) >= 0)
        cpus = machine.max_cpu_id < XEN_CPUS_MAX ? machine.max_cpu_id + 1 : XEN_CPUS_MAX;
    d->info = info;
    d->max_vcpus = count;
    while (d->count < count &&
           fill_vcpu(v, (domid_t)info.domid, (unsigned int)d->count, cpus, &d->vcpus[d->count]))
        d->count++;
    if (!xen_sched_get(v->xen, (domid_t)info.domid, &weight, &cap)) {
        d->weight = weight;
        d->cap = cap;
    }
    d->target_kib = read_target(v, info.domid);
    *details = d;
    return 0;
}

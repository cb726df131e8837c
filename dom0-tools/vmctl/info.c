/* SPDX-License-Identifier: MIT */
/* vmctl info: one VPS in full, or the node. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "verb.h"

static bool node;

static const struct verb_option options[] = {
    {.name = "node", .flag = &node},
    {.name = NULL},
};

static bool check(const struct options *o)
{
    if (node && o->argument)
        fprintf(stderr, "vmctl info: give a VPS or --node, not both\n");
    else if (!node && !o->argument)
        fprintf(stderr, "vmctl info: which VPS? --node is the machine\n");
    else
        return true;
    return false;
}

static const char *or_dash(const char *text)
{
    return text[0] ? text : "-";
}

static int print_node(struct vmctl *v, const struct options *o)
{
    struct vmctl_node n;

    if (vmctl_node(v, &n))
        return -1;
    if (o->json)
        return print_text(v, vmctl_node_json(&n));
    printf("hypervisor:     %s\n", n.version);
    printf("scheduler:      %s\n", or_dash(n.scheduler));
    printf("command line:   %s\n", or_dash(n.command_line));
    printf("up:             %" PRIu64 " d %02" PRIu64 ":%02" PRIu64 "\n", n.uptime_s / 86400,
           n.uptime_s / 3600 % 24, n.uptime_s / 60 % 60);
    printf("cpus:           %u (%u sockets, %u cores each, %u threads each), %u MHz\n", n.cpus,
           n.sockets, n.cores_per_socket, n.threads_per_core, n.cpu_khz / 1000);
    printf("cpu model:      %s\n", or_dash(n.cpu_model));
    printf("memory:         %" PRIu64 " MiB\n", n.total_kib / 1024);
    printf("free memory:    %" PRIu64 " MiB\n", n.free_kib / 1024);
    printf("claimed memory: %" PRIu64 " MiB\n", n.claimed_kib / 1024);
    printf("dom0's memory:  %" PRIu64 " MiB\n", n.dom0_kib / 1024);
    printf("VPSes' memory:  %" PRIu64 " MiB, at most %" PRIu64 " MiB\n", n.vps_kib / 1024,
           n.vps_max_kib / 1024);
    printf("domains:        %u\n", n.domains);
    return 0;
}

static const char *vcpu_state(const struct vmctl_vcpu *vcpu)
{
    if (!vcpu->online)
        return "offline";
    if (vcpu->running)
        return "running";
    return vcpu->blocked ? "blocked" : "ready";
}

static void print_details(const struct vmctl_details *d)
{
    const struct vmctl_info *info = &d->info;

    printf("name:       %s\n", or_dash(info->name));
    printf("id:         %u\n", info->domid);
    printf("uuid:       %s\n", info->uuid);
    printf("state:      %s%s%s\n", vmctl_state_name(info->state), info->reason[0] ? ": " : "",
           info->reason);
    printf("vcpus:      %u of %u\n", info->vcpus, d->max_vcpus);
    if (d->weight)
        printf("weight:     %u\n", d->weight);
    if (d->weight && d->cap)
        printf("cap:        %u%% of a CPU\n", d->cap);
    else if (d->weight)
        printf("cap:        none\n");
    printf("memory:     %" PRIu64 " KiB\n", info->memory_kib);
    if (d->target_kib)
        printf("target:     %" PRIu64 " KiB\n", d->target_kib);
    printf("max memory: %" PRIu64 " KiB\n", info->max_kib);
    printf("cpu time:   %.3f s\n", (double)info->cpu_ns / 1e9);
    printf("managed:    %s\n", info->managed ? "yes" : "no");
    if (d->count)
        printf("\n%4s %-8s %4s %10s  %-16s %s\n", "VCPU", "STATE", "CPU", "CPU-S", "HARD AFFINITY",
               "SOFT AFFINITY");
    for (size_t i = 0; i < d->count; i++) {
        const struct vmctl_vcpu *vcpu = &d->vcpus[i];

        printf("%4u %-8s %4u %10.1f  %-16s %s\n", vcpu->number, vcpu_state(vcpu), vcpu->cpu,
               (double)vcpu->cpu_ns / 1e9, or_dash(vcpu->hard), or_dash(vcpu->soft));
    }
}

static int run(struct vmctl *v, const struct options *o)
{
    struct vmctl_details *details;
    int ret = 0;

    if (node)
        return print_node(v, o);
    if (vmctl_details(v, o->argument, &details))
        return -1;
    if (o->json)
        ret = print_text(v, vmctl_details_json(details));
    else
        print_details(details);
    free(details);
    return ret;
}

const struct verb verb_info = {
    .name = "info",
    .argument = "[VPS]",
    .summary = "show one VPS in full, or the node",
    .help = "\n  --node     the machine and its hypervisor\n  --json     print an object\n",
    .options = options,
    .check = check,
    .run = run,
};

/* SPDX-License-Identifier: MIT */
/* vmctl info: one VPS in full. */
#include <stdio.h>

#include "verb.h"

static int run(struct vmctl *v, const struct options *o)
{
    struct vmctl_info info;

    if (vmctl_find(v, o->argument, &info))
        return -1;
    if (o->json)
        return print_text(v, vmctl_info_json(&info));
    printf("name:       %s\n", info.name[0] ? info.name : "-");
    printf("id:         %u\n", info.domid);
    printf("uuid:       %s\n", info.uuid);
    printf("state:      %s%s%s\n", vmctl_state_name(info.state), info.reason[0] ? ": " : "",
           info.reason);
    printf("vcpus:      %u\n", info.vcpus);
    printf("memory:     %llu KiB\n", (unsigned long long)info.memory_kib);
    printf("max memory: %llu KiB\n", (unsigned long long)info.max_kib);
    printf("cpu time:   %.3f s\n", (double)info.cpu_ns / 1e9);
    printf("managed:    %s\n", info.managed ? "yes" : "no");
    return 0;
}

const struct verb verb_info = {
    .name = "info",
    .argument = "VPS",
    .summary = "show one VPS in full",
    .help = "\n  --json     print an object\n",
    .run = run,
};

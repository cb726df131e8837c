/* SPDX-License-Identifier: MIT */
/* vmctl list: what runs here, and why what does not run any more stopped. */
#include <stdio.h>
#include <stdlib.h>

#include "verb.h"

static int run(struct vmctl *v, const struct options *o)
{
    struct vmctl_info *infos;
    size_t count;
    int ret = 0;

    if (vmctl_list(v, &infos, &count))
        return -1;
    if (o->json) {
        ret = print_text(v, vmctl_list_json(infos, count));
    } else {
        printf("%-24s %5s %8s %6s %10s  %s\n", "NAME", "ID", "MIB", "VCPUS", "CPU-S", "STATE");
        for (size_t i = 0; i < count; i++)
            printf("%-24s %5u %8llu %6u %10.1f  %s%s%s\n", infos[i].name[0] ? infos[i].name : "-",
                   infos[i].domid, (unsigned long long)infos[i].memory_kib / 1024, infos[i].vcpus,
                   (double)infos[i].cpu_ns / 1e9, vmctl_state_name(infos[i].state),
                   infos[i].reason[0] ? ": " : "", infos[i].reason);
    }
    free(infos);
    return ret;
}

const struct verb verb_list = {
    .name = "list",
    .summary = "show all VPSes, and why crashed ones crashed",
    .help = "\n  --json     print an array of objects\n",
    .run = run,
};

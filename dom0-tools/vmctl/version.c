/* SPDX-License-Identifier: MIT */
/* vmctl version: this program's, and the hypervisor's where there is one. */
#include <stdio.h>

#include "verb.h"

static int run(struct vmctl *v, const struct options *o)
{
    char hypervisor[64];

    if (vmctl_hypervisor_version(v, hypervisor, sizeof(hypervisor)))
        snprintf(hypervisor, sizeof(hypervisor), "none");
    if (o->json) {
        printf("{\n  \"vmctl\": \"%s\",\n  \"hypervisor\": \"%s\"\n}\n", VMCTL_VERSION, hypervisor);
        return 0;
    }
    printf("vmctl %s\nhypervisor %s\n", VMCTL_VERSION, hypervisor);
    return 0;
}

const struct verb verb_version = {
    .name = "version",
    .summary = "print the versions of vmctl and of the hypervisor",
    .help = "\n  --json     print an object\n",
    .run = run,
};

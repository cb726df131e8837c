/* SPDX-License-Identifier: MIT */
/* vmctl reset: pulls a VPS's plug, and starts it again. */
#include <stdio.h>

#include "verb.h"

static int run(struct vmctl *v, const struct options *o)
{
    char who[16];
    uint32_t domid;

    if (vmctl_reset(v, o->argument, &domid))
        return -1;
    snprintf(who, sizeof(who), "%u", domid);
    return print_vps(v, o, who);
}

const struct verb verb_reset = {
    .name = "reset",
    .argument = "VPS",
    .summary = "end a VPS at once, and start it again",
    .help =
        "\nLike a reset button: what the VPS has not written to its disks is lost. It gets a new\n"
        "id. vmctl reboot asks it to reboot instead.\n"
        "\n  --json     print what the VPS is then\n",
    .run = run,
};

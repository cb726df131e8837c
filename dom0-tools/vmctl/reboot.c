/* SPDX-License-Identifier: MIT */
/* vmctl reboot: ask a VPS to reboot. */
#include "verb.h"

static int run(struct vmctl *v, const struct options *o)
{
    return vmctl_reboot(v, o->argument) ? -1 : print_vps(v, o, o->argument);
}

const struct verb verb_reboot = {
    .name = "reboot",
    .argument = "VPS",
    .summary = "ask a VPS to reboot",
    .help = "\nReturns when it has been asked. What happens then, its <on_reboot> says.\n"
            "\n  --json     print what the VPS is then\n",
    .run = run,
};

/* SPDX-License-Identifier: MIT */
/* vmctl shutdown: ask a VPS to power off. */
#include "verb.h"

static int run(struct vmctl *v, const struct options *o)
{
    return vmctl_shutdown(v, o->argument) ? -1 : print_vps(v, o, o->argument);
}

const struct verb verb_shutdown = {
    .name = "shutdown",
    .argument = "VPS",
    .summary = "ask a VPS to power off",
    .help =
        "\nReturns when it has been asked. What happens when it is off, its <on_poweroff> says.\n"
        "\n  --json     print what the VPS is then\n",
    .run = run,
};

/* SPDX-License-Identifier: MIT */
/* vmctl pause: stop a VPS from running, but keep it. */
#include "verb.h"

static int run(struct vmctl *v, const struct options *o)
{
    return vmctl_pause(v, o->argument) ? -1 : print_vps(v, o, o->argument);
}

const struct verb verb_pause = {
    .name = "pause",
    .argument = "VPS",
    .summary = "stop a VPS from running, but keep it",
    .help = "\nIts devices stay connected; vmctl unpause lets it go on.\n"
            "\n  --json     print what the VPS is then\n",
    .run = run,
};
